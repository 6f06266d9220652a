//! はじめての設定: a one-time code opens nothing but this. The person alone sets password and factor (R8.11, R8.12).

mod page;

use crate::app::App;
use crate::form_token::FormToken;
use crate::guard::{Caller, SettingUp};
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again, with_script};
use crate::pages::once::{CODES_PAGE, Secret};
use crate::pages::sign_in::{at_door, into, on_with, out};
use crate::pages::{passkeys, secrets};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use page::{Code, Codes, Factor, Password};
use std::time::Instant;
use store::people::{Redeemed, SetUpEnded, Steps};

pub(crate) async fn code(caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    at_door(&headers, |token| show(&Code::new(&caller.asker.office, token, "", &Faults::default())))
}

pub(crate) async fn redeem(
    State(app): State<App>,
    caller: Caller,
    token: FormToken,
    form: Form,
) -> Result<Response, Problem> {
    let login = form.text("login");
    let fault = match app.store.redeem(login, form.text("code"), &caller.asker).await? {
        Redeemed::SetUp(session) => return into(&session, "/first"),
        Redeemed::Refused => {
            "ログインIDかコードが違うか、コードの期限（24時間）が過ぎています。受け取ったものを確かめてください。"
                .to_owned()
        }
        Redeemed::Wait(until) => secrets::wait(until),
        Redeemed::Locked => secrets::LOCKED.to_owned(),
    };
    show_again(&Code::new(&caller.asker.office, &token, login, &Faults::of("login", fault)))
}

/// On to what is still to be done.
pub(crate) async fn next(at: SettingUp) -> Response {
    on_to(next_step(at.enrolling.steps))
}

fn next_step(steps: Steps) -> &'static str {
    match steps {
        Steps { needs_password: true, password_set: false, .. } => "/first/password",
        Steps { needs_factor: true, factor_set: false, .. } => "/first/factor",
        _ => "/first/codes",
    }
}

pub(crate) async fn password(State(app): State<App>, at: SettingUp) -> Result<Response, Problem> {
    show(&Password::new(&at, app.store.password_policy(), Faults::default()))
}

pub(crate) async fn set_password(State(app): State<App>, at: SettingUp, form: Form) -> Result<Response, Problem> {
    let (new, again) = (form.secret("new_password"), form.secret("new_password_again"));
    let taken = if new == again {
        secrets::password_taken(app.store.set_password(&at.enrolling, new).await?)
    } else {
        Err(secrets::not_the_same())
    };
    match taken {
        Ok(token) => on_with(token.as_ref(), "/first"),
        Err(faults) => show_again(&Password::new(&at, app.store.password_policy(), faults)),
    }
}

pub(crate) async fn factor(State(app): State<App>, at: SettingUp) -> Result<Response, Problem> {
    factor_page(&app, &at, Faults::default()).await
}

async fn factor_page(app: &App, at: &SettingUp, faults: Faults) -> Result<Response, Problem> {
    let totp = app.store.begin_totp((&at.enrolling).into()).await?;
    let passkey = passkeys::offer(app, (&at.enrolling).into()).await?;
    let Some(totp) = totp else { return Ok(on_to("/first")) };
    let faulty = !faults.is_empty();
    let page = Factor::new(at, totp, passkey, &faults);
    Ok(with_script(if faulty { show_again(&page)? } else { show(&page)? }))
}

pub(crate) async fn confirm_totp(State(app): State<App>, at: SettingUp, form: Form) -> Result<Response, Problem> {
    let label = secrets::label_or(form.text("label"), secrets::TOTP_LABEL);
    let set = app.store.confirm_totp((&at.enrolling).into(), label, form.text("code")).await?;
    match secrets::factor_taken(set, "code") {
        Ok(token) => on_with(token.as_ref(), "/first"),
        Err(faults) => factor_page(&app, &at, faults).await,
    }
}

pub(crate) async fn confirm_passkey(State(app): State<App>, at: SettingUp, form: Form) -> Result<Response, Problem> {
    let label = secrets::label_or(form.text("passkey_label"), secrets::PASSKEY_LABEL);
    let (challenge, credential) = (form.text("challenge"), form.secret("credential"));
    let holder = (&at.enrolling).into();
    let set = passkeys::confirm(&app, holder, label, challenge, credential).await?;
    match secrets::factor_taken(set, "") {
        Ok(token) => on_with(token.as_ref(), "/first"),
        Err(faults) => factor_page(&app, &at, faults).await,
    }
}

pub(crate) async fn codes(State(app): State<App>, at: SettingUp, asked: Asked) -> Result<Response, Problem> {
    let shown = app.once.take(at.token.text(), CODES_PAGE, Instant::now());
    let incomplete = (asked.get("done") == "incomplete").then_some("まだ終わっていない設定があります。");
    show(&Codes::new(&at, shown, incomplete))
}

pub(crate) async fn make_codes(State(app): State<App>, at: SettingUp, _form: Form) -> Result<Response, Problem> {
    if let Some(codes) = app.store.make_recovery_codes((&at.enrolling).into()).await? {
        app.once.keep(at.token.text(), Secret::codes(codes), Instant::now());
    }
    Ok(on_to("/first/codes"))
}

pub(crate) async fn complete(State(app): State<App>, at: SettingUp, _form: Form) -> Result<Response, Problem> {
    match app.store.complete(&at.enrolling).await? {
        SetUpEnded::Done => out(on_to("/sign-in?done=set-up")),
        SetUpEnded::Incomplete(_) => Ok(on_to("/first")),
        SetUpEnded::Over => out(on_to("/sign-in?over=1")),
    }
}
