//! 役割: asked for by one, confirmed by another, for a third (R12.3, R12.5).

mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::role::Role;
use page::{Apply, List};
pub(crate) use page::{Row, row};
use store::people::{GrantAsked, GrantDecided};

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&listed(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

async fn listed(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<List, Problem> {
    let awaiting = app.store.grants_awaiting(&signed_in.person).await?;
    let in_force = app.store.grants_of_office(&signed_in.person).await?;
    Ok(List::new(signed_in, awaiting, in_force, notice, faults))
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Apply::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn request(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let login = form.text("login");
    let office = Some(form.text("office")).filter(|number| !number.is_empty()).map(str::parse);
    let Ok(office) = office.transpose() else {
        return show_again(&Apply::new(&signed_in, &form, Faults::of("office", wording::NO_OFFICE)));
    };
    let faults = match Role::from_id(form.text("role")) {
        _ if login.is_empty() => Faults::of("login", wording::NO_LOGIN),
        None => Faults::of("role", wording::NO_ROLE),
        Some(role) => match app.store.request_grant(&signed_in.person, login, role, office).await? {
            GrantAsked::Done(_) => return Ok(on_to("/grants?done=requested")),
            GrantAsked::NotAllowed => Faults::of("login", wording::NOBODY),
            GrantAsked::Already => Faults::of("role", wording::ALREADY),
            GrantAsked::Refused(refusal) => Faults::of("login", format!("{}{}", refusal.what(), refusal.fix())),
            GrantAsked::Incompatible(why) => Faults::of("role", format!("{}{}", why.what(), why.fix())),
        },
    };
    show_again(&Apply::new(&signed_in, &form, faults))
}

pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let decided = app.store.confirm_grant(&signed_in.person, id).await?;
    answer(&app, &signed_in, decided, "/grants?done=confirmed").await
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let decided = app.store.withdraw_grant(&signed_in.person, id).await?;
    answer(&app, &signed_in, decided, "/grants?done=withdrawn").await
}

async fn answer(app: &App, signed_in: &SignedIn, decided: GrantDecided, done: &str) -> Result<Response, Problem> {
    match fault(decided) {
        Ok(()) => Ok(on_to(done)),
        Err(fault) => show_again(&listed(app, signed_in, None, Faults::of("awaiting", fault)).await?),
    }
}

/// Why a role was not decided on.
pub(crate) fn fault(decided: GrantDecided) -> Result<(), String> {
    match decided {
        GrantDecided::Done => Ok(()),
        GrantDecided::NotAllowed => Err(wording::NOT_HERE.to_owned()),
        GrantDecided::Refused(refusal) => Err(format!("{}{}", refusal.what(), refusal.fix())),
        GrantDecided::Incompatible(why) => Err(format!("{}{}", why.what(), why.fix())),
    }
}
