//! 職員: who works here, invitations, leavers (R8.1, R8.12, R12.4). The same pages serve an office and the operator; the
//! door says which right each needs.

mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::pages::once::Secret;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::role::Role;
pub(crate) use page::role_choices;
use page::{Close, Code, Invite, List, Rename};
use std::time::Instant;
use store::AccountId;
use store::people::{Invitation, Invited, NewAccount, StaffRow};

/// Where the code of an invitation is shown.
const CODE_PAGE: &str = "staff-code";

/// Where these pages stand for this person.
fn base(signed_in: &SignedIn) -> &'static str {
    if signed_in.person.office.is_operator { "/operator/staff" } else { "/staff" }
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let staff = app.store.list_staff(&signed_in.person).await?;
    show(&List::new(&signed_in, base(&signed_in), staff, asked.done(wording::DONE)))
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Invite::new(&signed_in, base(&signed_in), &Form::default(), Faults::default()))
}

pub(crate) async fn invite(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let account = match read(&signed_in, &form) {
        Ok(account) => account,
        Err(faults) => return show_again(&Invite::new(&signed_in, base(&signed_in), &form, faults)),
    };
    match app.store.invite(&*signed_in.person, account).await? {
        Invited::Done(invitation) => Ok(shown_once(&app, &signed_in, form.text("name"), invitation)),
        refused => {
            let faults = wording::refused(&refused);
            show_again(&Invite::new(&signed_in, base(&signed_in), &form, faults))
        }
    }
}

fn read(signed_in: &SignedIn, form: &Form) -> Result<NewAccount, Faults> {
    let mut faults = Faults::default();
    for (field, what) in wording::NEEDED {
        if form.text(field).is_empty() {
            faults.add(field, *what);
        }
    }
    let role = Role::from_id(form.text("role")).filter(|role| page::roles(signed_in).contains(role));
    let office = match form.text("office") {
        "" => None,
        number => match number.parse() {
            Ok(number) => Some(number),
            Err(_) => {
                faults.add("office", wording::NO_OFFICE);
                None
            }
        },
    };
    match role {
        Some(role) if faults.is_empty() => Ok(NewAccount {
            login: form.text("login").to_owned(),
            name: form.text("name").to_owned(),
            kana: form.text("kana").to_owned(),
            person_key: person_key(form.text("kana"), form.text("born_on")),
            role,
            office,
        }),
        Some(_) => Err(faults),
        None => {
            faults.add("role", wording::NO_ROLE);
            Err(faults)
        }
    }
}

/// What tells a person from every other: kana and day of birth. Only a keyed index of it is kept (R8.1).
pub(crate) fn person_key(kana: &str, born_on: &str) -> String {
    let kana: String = kana.chars().filter(|character| !character.is_whitespace()).collect();
    format!("{kana} {born_on}")
}

/// The code is shown once, on a page of its own.
fn shown_once(app: &App, signed_in: &SignedIn, name: &str, invitation: Invitation) -> Response {
    let Invitation { code, expires_at, .. } = invitation;
    let secret = Secret { page: CODE_PAGE, subject: name.to_owned(), lines: vec![code], until: Some(expires_at) };
    app.once.keep(signed_in.token.text(), secret, Instant::now());
    on_to(&format!("{}/code", base(signed_in)))
}

pub(crate) async fn code(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let shown = app.once.take(signed_in.token.text(), CODE_PAGE, Instant::now());
    show(&Code::new(&signed_in, base(&signed_in), shown))
}

pub(crate) async fn invite_again(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let row = member(&app, &signed_in, &id).await?;
    let invitation = app.store.invite_again(&*signed_in.person, row.account_id).await?;
    let invitation = invitation.ok_or_else(Problem::not_found)?;
    Ok(shown_once(&app, &signed_in, row.name.reveal(), invitation))
}

pub(crate) async fn suspend(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    // Suspended already is as good.
    app.store.suspend_account(&*signed_in.person, account_id(&id)?).await?;
    Ok(on_to(&format!("{}?done=suspended", base(&signed_in))))
}

pub(crate) async fn resume(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    app.store.resume_account(&*signed_in.person, account_id(&id)?).await?;
    Ok(on_to(&format!("{}?done=resumed", base(&signed_in))))
}

pub(crate) async fn naming(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = member(&app, &signed_in, &id).await?;
    let (name, kana) = (row.name.reveal().clone(), row.kana.reveal().clone());
    show(&Rename::new(&signed_in, base(&signed_in), &id, [name, kana], Faults::default()))
}

pub(crate) async fn rename(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let row = member(&app, &signed_in, &id).await?;
    let (name, kana) = (form.text("name"), form.text("kana"));
    if app.store.rename_account(&*signed_in.person, row.account_id, name, kana).await? {
        return Ok(on_to(&format!("{}?done=renamed", base(&signed_in))));
    }
    let faults = Faults::of("name", wording::NAME_UNFIT);
    show_again(&Rename::new(&signed_in, base(&signed_in), &id, [name.to_owned(), kana.to_owned()], faults))
}

/// Asks first: it cannot be taken back.
pub(crate) async fn closing(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = member(&app, &signed_in, &id).await?;
    show(&Close::new(&signed_in, base(&signed_in), row))
}

pub(crate) async fn close(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    app.store.close_account(&*signed_in.person, account_id(&id)?).await?;
    Ok(on_to(&format!("{}?done=closed", base(&signed_in))))
}

fn account_id(id: &str) -> Result<AccountId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Somebody on this person's list; nobody else exists (R12.2).
pub(crate) async fn member(app: &App, signed_in: &SignedIn, id: &str) -> Result<StaffRow, Problem> {
    let id = account_id(id)?;
    let staff = app.store.list_staff(&signed_in.person).await?;
    staff.into_iter().find(|row| row.account_id == id).ok_or_else(Problem::not_found)
}
