//! サインイン・二つ目の確認・事業所を選ぶ・サインアウト (R8.2, R8.9, R8.14).

mod page;
mod wording;

use crate::app::App;
use crate::cookie;
use crate::form_token::FormToken;
use crate::guard::{AtSecond, Caller, SignedIn};
use crate::pages::asked::{self, Asked};
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again, with_script};
use crate::pages::{passkeys, secrets};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, header};
use page::{Awaiting, Offices, Second, SignIn};
use rand::Rng as _;
use std::fmt::Write as _;
use std::time::Duration;
use store::people::{PasswordAnswer, SecondAnswer, Token};

/// Random bytes of the cookie that binds the forms of whoever has not signed in.
const DOOR_BYTES: usize = 32;
/// How long somebody waits for being told to wait.
const HELD_BACK: Duration = Duration::from_secs(1);

/// The page, with a cookie for its form where there is none yet.
pub(crate) async fn page(caller: Caller, headers: HeaderMap, asked: Asked) -> Result<Response, Problem> {
    let notice = match asked.get("over") {
        "1" => Some(wording::OVER),
        _ => asked.done(wording::DONE),
    };
    at_door(&headers, |token| show(&SignIn::new(&caller.asker.office, token, asked.back(), notice)))
}

/// Makes a page with a form for whoever has no session, and the cookie that the form is bound to.
pub(crate) fn at_door(
    headers: &HeaderMap,
    page: impl FnOnce(&FormToken) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    if let Some(token) = cookie::read(headers, cookie::DOOR).and_then(FormToken::of) {
        return page(&token);
    }
    let mut random = [0; DOOR_BYTES];
    rand::rng().fill_bytes(&mut random);
    let mut value = String::with_capacity(DOOR_BYTES * 2);
    for byte in random {
        let _ = write!(value, "{byte:02x}");
    }
    let token = FormToken::of(&value).ok_or_else(Problem::incident)?;
    let mut response = page(&token)?;
    give_cookie(&mut response, cookie::DOOR, &value)?;
    Ok(response)
}

pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    token: FormToken,
    form: Form,
) -> Result<Response, Problem> {
    let back = asked::back(form.text("back"));
    let login = form.text("login");
    let answer = app.store.begin(login, form.secret("password"), &caller.asker).await?;
    let fault = match answer {
        PasswordAnswer::Half(session) => return into(&session, &format!("/sign-in/second?back={back}")),
        PasswordAnswer::Refused => wording::REFUSED.to_owned(),
        PasswordAnswer::Wait(until) => held_back(secrets::wait(until)).await,
        PasswordAnswer::Locked => held_back(secrets::LOCKED.to_owned()).await,
        PasswordAnswer::Busy => held_back(secrets::BUSY.to_owned()).await,
    };
    let page = SignIn::new(&caller.asker.office, &token, back, None);
    show_again(&page.again(login, &fault))
}

/// A program that tries on regardless would otherwise get its answers as fast as the machine can write them, and the machine
/// has sends to see to (R8.9). Waiting costs it nothing.
async fn held_back(fault: String) -> String {
    tokio::time::sleep(HELD_BACK).await;
    fault
}

pub(crate) async fn second(State(app): State<App>, at: AtSecond, asked: Asked) -> Result<Response, Problem> {
    second_page(&app, &at, asked.back(), Faults::default()).await
}

async fn second_page(app: &App, at: &AtSecond, back: &str, faults: Faults) -> Result<Response, Problem> {
    let challenge = passkeys::ask(app, &at.half).await?;
    let faulty = !faults.is_empty();
    let page = Second::new(at, back, challenge, &faults);
    let response = if faulty { show_again(&page)? } else { show(&page)? };
    Ok(if page.frame.passkeys { with_script(response) } else { response })
}

pub(crate) async fn totp(State(app): State<App>, at: AtSecond, form: Form) -> Result<Response, Problem> {
    let answer = app.store.finish_totp(&at.half, form.text("code")).await?;
    answered(&app, &at, &form, "code", answer).await
}

pub(crate) async fn recovery_code(State(app): State<App>, at: AtSecond, form: Form) -> Result<Response, Problem> {
    let answer = app.store.finish_recovery_code(&at.half, form.text("recovery_code")).await?;
    answered(&app, &at, &form, "recovery_code", answer).await
}

pub(crate) async fn pass(State(app): State<App>, at: AtSecond, form: Form) -> Result<Response, Problem> {
    let answer = app.store.finish_pass(&at.half, form.text("pass")).await?;
    answered(&app, &at, &form, "pass", answer).await
}

pub(crate) async fn passkey(State(app): State<App>, at: AtSecond, form: Form) -> Result<Response, Problem> {
    let (challenge, credential) = (form.text("challenge"), form.secret("credential"));
    let answer = passkeys::answer(&app, &at.half, challenge, credential).await?;
    answered(&app, &at, &form, "", answer).await
}

async fn answered(
    app: &App,
    at: &AtSecond,
    form: &Form,
    field: &'static str,
    answer: SecondAnswer,
) -> Result<Response, Problem> {
    let back = asked::back(form.text("back"));
    let fault = match answer {
        SecondAnswer::In { token, choose: true } => return into(&token, &format!("/sign-in/office?back={back}")),
        SecondAnswer::In { token, choose: false } => return into(&token, back),
        SecondAnswer::AwaitsConfirmation => return awaiting(app, at).await,
        SecondAnswer::Refused => wording::second_refused(field),
        SecondAnswer::Wait(until) => secrets::wait(until),
        SecondAnswer::Locked => secrets::LOCKED.to_owned(),
    };
    second_page(app, at, back, Faults::of(field, fault)).await
}

/// Both factors are right, but nobody has confirmed a role yet (R12.3): nothing to sign in to.
async fn awaiting(app: &App, at: &AtSecond) -> Result<Response, Problem> {
    app.store.leave(&at.half).await?;
    out(show(&Awaiting::new(at))?)
}

pub(crate) async fn leave(State(app): State<App>, at: AtSecond, _form: Form) -> Result<Response, Problem> {
    app.store.leave(&at.half).await?;
    out(on_to("/sign-in"))
}

pub(crate) async fn offices(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let choices = app.store.office_choices(&signed_in.person).await?;
    show(&Offices::new(&signed_in, choices, asked.back(), &Faults::default()))
}

pub(crate) async fn choose_office(
    State(app): State<App>,
    signed_in: SignedIn,
    form: Form,
) -> Result<Response, Problem> {
    let back = asked::back(form.text("back"));
    let chosen = match form.text("office").parse() {
        Ok(number) => app.store.choose_office(&signed_in.person, number).await?,
        Err(_) => None,
    };
    if let Some(token) = chosen {
        return into(&token, back);
    }
    let choices = app.store.office_choices(&signed_in.person).await?;
    show_again(&Offices::new(&signed_in, choices, back, &Faults::of("office", wording::NO_OFFICE)))
}

pub(crate) async fn sign_out(State(app): State<App>, signed_in: SignedIn, _form: Form) -> Result<Response, Problem> {
    app.store.sign_out(&signed_in.person).await?;
    out(on_to("/sign-in?done=out"))
}

/// With a new session, on to a page of ours.
pub(crate) fn into(session: &Token, page: &str) -> Result<Response, Problem> {
    let mut response = on_to(page);
    give_cookie(&mut response, cookie::SESSION, session.reveal())?;
    Ok(response)
}

/// After a change of one's own secrets: on under the token that takes the session's place (R8.14).
pub(crate) fn on_with(token: Option<&Token>, page: &str) -> Result<Response, Problem> {
    token.map_or_else(|| Ok(on_to(page)), |token| into(token, page))
}

/// Without a session.
pub(crate) fn out(mut response: Response) -> Result<Response, Problem> {
    let cleared = cookie::clear(cookie::SESSION).ok_or_else(Problem::incident)?;
    response.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(response)
}

pub(crate) fn give_cookie(response: &mut Response, name: &str, value: &str) -> Result<(), Problem> {
    let cookie = cookie::set(name, value).ok_or_else(Problem::incident)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(())
}
