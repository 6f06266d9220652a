//! 自分のアカウント: one's own password, factors, codes and sessions, and nobody else's (R8.10, R8.14).

pub(crate) mod mail;
mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again, with_script};
use crate::pages::once::{CODES_PAGE, Secret};
use crate::pages::sign_in::on_with;
use crate::pages::{passkeys, secrets};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use page::{Account, Codes, Own, Passkey, Password, Totp};
use std::time::Instant;
use store::people::OwnChange;

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&account(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

async fn account(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<Account, Problem> {
    let person = &signed_in.person;
    let factors = app.store.factors(person).await?;
    let sessions = app.store.sessions(person).await?;
    let several = app.store.office_choices(person).await?.len() > 1;
    let grants = app.store.own_grants(person).await?;
    Ok(Account::new(signed_in, Own { factors, sessions, grants, several }, notice, faults))
}

pub(crate) async fn password(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Password::new(&signed_in, app.store.password_policy(), Faults::default()))
}

pub(crate) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    form: Form,
) -> Result<Response, Problem> {
    let (new, again) = (form.secret("new_password"), form.secret("new_password_again"));
    let taken = if new == again {
        secrets::password_taken(app.store.change_password(&signed_in.person, form.secret(secrets::OLD), new).await?)
    } else {
        Err(secrets::not_the_same())
    };
    match taken {
        Ok(token) => on_with(token.as_ref(), "/account?done=password"),
        Err(faults) => show_again(&Password::new(&signed_in, app.store.password_policy(), faults)),
    }
}

pub(crate) async fn totp(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    totp_page(&app, &signed_in, "", Faults::default()).await
}

async fn totp_page(app: &App, signed_in: &SignedIn, label: &str, faults: Faults) -> Result<Response, Problem> {
    let Some(offer) = app.store.begin_totp((&*signed_in.person).into()).await? else {
        return changed(app, signed_in, OwnChange::ByPasskey, "").await;
    };
    let faulty = !faults.is_empty();
    let page = Totp::new(signed_in, offer, label, faults);
    if faulty { show_again(&page) } else { show(&page) }
}

pub(crate) async fn confirm_totp(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let label = secrets::label_or(form.text(secrets::LABEL), secrets::TOTP_LABEL);
    let set = app.store.confirm_totp((&*signed_in.person).into(), label, form.text("code")).await?;
    match secrets::factor_taken(set, "code") {
        Ok(token) => on_with(token.as_ref(), "/account?done=factor"),
        Err(faults) => totp_page(&app, &signed_in, label, faults).await,
    }
}

pub(crate) async fn passkey(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    passkey_page(&app, &signed_in, "", Faults::default()).await
}

async fn passkey_page(app: &App, signed_in: &SignedIn, label: &str, faults: Faults) -> Result<Response, Problem> {
    let offer = passkeys::offer(app, (&*signed_in.person).into()).await?;
    let Some(offer) = offer else { return changed(app, signed_in, OwnChange::ByPasskey, "").await };
    let faulty = !faults.is_empty();
    let page = Passkey::new(signed_in, offer, label, faults);
    Ok(with_script(if faulty { show_again(&page)? } else { show(&page)? }))
}

pub(crate) async fn confirm_passkey(
    State(app): State<App>,
    signed_in: SignedIn,
    form: Form,
) -> Result<Response, Problem> {
    let label = secrets::label_or(form.text(secrets::LABEL), secrets::PASSKEY_LABEL);
    let (challenge, credential) = (form.text("challenge"), form.secret("credential"));
    let holder = (&*signed_in.person).into();
    let set = passkeys::confirm(&app, holder, label, challenge, credential).await?;
    match secrets::factor_taken(set, "") {
        Ok(token) => on_with(token.as_ref(), "/account?done=factor"),
        Err(faults) => passkey_page(&app, &signed_in, label, faults).await,
    }
}

pub(crate) async fn rename_factor(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let change = app.store.rename_factor(&signed_in.person, id, form.text(secrets::LABEL)).await?;
    changed(&app, &signed_in, change, "/account?done=renamed").await
}

pub(crate) async fn remove_factor(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let change = app.store.remove_factor(&signed_in.person, id).await?;
    changed(&app, &signed_in, change, "/account?done=removed").await
}

async fn changed(app: &App, signed_in: &SignedIn, change: OwnChange, done: &str) -> Result<Response, Problem> {
    let fault = match change {
        OwnChange::Done(token) => return on_with(token.as_ref(), done),
        OwnChange::LastOne => wording::LAST_ONE,
        OwnChange::ByPasskey => wording::BY_PASSKEY,
        OwnChange::NotFound => wording::NOT_FOUND,
    };
    show_again(&account(app, signed_in, None, Faults::of("factors", fault)).await?)
}

pub(crate) async fn codes(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let shown = app.once.take(signed_in.token.text(), CODES_PAGE, Instant::now());
    show(&Codes::new(&signed_in, shown))
}

pub(crate) async fn make_codes(State(app): State<App>, signed_in: SignedIn, _form: Form) -> Result<Response, Problem> {
    let Some(codes) = app.store.make_recovery_codes((&*signed_in.person).into()).await? else {
        return changed(&app, &signed_in, OwnChange::ByPasskey, "").await;
    };
    app.once.keep(signed_in.token.text(), Secret::codes(codes), Instant::now());
    Ok(on_to("/account/codes"))
}

pub(crate) async fn end_session(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    // One that has ended meanwhile is as good.
    app.store.end_session(&signed_in.person, id).await?;
    Ok(on_to("/account?done=session"))
}
