//! 受け取りの窓口: where an office that is not on the exchange sees what was handed over to it. There is no client certificate here,
//! so nothing else can be reached from this door: it has a router of its own, few places, and only what one handover holds.

mod page;
mod turns;

use crate::api::download;
use crate::app::App;
use crate::assets;
use crate::cookie;
use crate::form_token::{FormToken, from_our_page};
use crate::listener::Peer;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::forms;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::pages::handovers::parcel::{PARCEL_BYTES_MAX, Parcel, first_fault};
use crate::pages::sign_in::{at_door, give_cookie};
use crate::problem::Problem;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, FromRequestParts, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use exchange::Outcome;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use page::{Fault, Forms, Front, Inside, Knock};
use standard::{Profile, UnitKind};
use std::net::IpAddr;
use std::sync::Arc;
use store::{AnsweredByLetter, Entered, OpenedFile, Returned, Store, Visit};
use turns::Turns;

/// Beside the files: boundaries and names.
const FORM_OVERHEAD: usize = 64 << 10;
/// The visit. Not the exchange's cookie: who came in here has come in nowhere else.
const VISIT: &str = "__Host-fumibako-visit";

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/style.css", get(assets::style))
        .route("/forms.css", get(assets::forms))
        .route("/icon.svg", get(assets::icon))
        .route("/to/{address}", get(knock).post(enter))
        .route("/inside", get(inside))
        .route("/forms", get(show_forms))
        .route("/pictures/{number}", get(picture))
        .route("/files/{name}", get(file))
        .route("/answer", post(answer))
        .route("/return", post(give_back))
        .route("/leave", post(leave))
        .layer(middleware::from_fn(with_token))
        .layer(DefaultBodyLimit::max(PARCEL_BYTES_MAX + FORM_OVERHEAD))
        .layer(middleware::from_fn_with_state(Arc::new(Turns::default()), turns::in_turn))
        .layer(middleware::from_fn(crate::without_head))
        .fallback(async || Problem::no_such_path())
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(app)
}

/// Forms are bound to the visit, and before it to the cookie of whoever has not come in. They come from pages of ours.
async fn with_token(mut request: Request, next: Next) -> Response {
    if request.method() != Method::GET && !from_our_page(request.headers(), request.uri()) {
        return Problem::form_of_others().into_response();
    }
    // The letter's own page is for whoever has not come in, even where somebody has before.
    let knocking = request.uri().path().starts_with("/to/");
    let visit = cookie::read(request.headers(), VISIT).filter(|_| !knocking);
    let shown = visit.or_else(|| cookie::read(request.headers(), cookie::DOOR));
    if let Some(token) = shown.and_then(FormToken::of) {
        request.extensions_mut().insert(token);
    }
    next.run(request).await
}

/// Somebody who has come in, looked up anew for every request.
struct Guest {
    visit: Visit,
    cookie: String,
    token: FormToken,
    from: Option<IpAddr>,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let shown = cookie::read(&parts.headers, VISIT).ok_or_else(Problem::handover_over)?.to_owned();
        let visit = app.store.handover_visit(&shown).await?.ok_or_else(Problem::handover_over)?;
        let token = FormToken::of(&shown).ok_or_else(Problem::incident)?;
        let from = parts.extensions.get::<Peer>().map(|peer| peer.address);
        Ok(Self { visit, cookie: shown, token, from })
    }
}

impl Guest {
    async fn files(&self, app: &App, how: &'static str) -> Result<Vec<OpenedFile>, Problem> {
        app.store.open_handover(&self.visit, (how, None), self.from).await?.ok_or_else(Problem::handover_over)
    }
}

async fn front() -> Result<Response, Problem> {
    show(&Front { frame: Frame::bare("受け取りの窓口") })
}

/// The same page for every address: whether it is one of ours is said to nobody.
async fn knock(headers: HeaderMap, Path(address): Path<String>) -> Result<Response, Problem> {
    at_door(&headers, |token| show(&Knock::new(&address, token, &Form::default(), Faults::default())))
}

async fn enter(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(address): Path<String>,
    token: FormToken,
    form: Form,
) -> Result<Response, Problem> {
    let code: String = plain(form.secret("code")).filter(char::is_ascii_digit).collect();
    let number: String = plain(form.text("number")).collect();
    let typed: String = address.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let fault = match app.store.enter_handover(&typed, &number, &code, Some(peer.address)).await? {
        Entered::Done(visit) => {
            let mut response = on_to("/inside");
            give_cookie(&mut response, VISIT, visit.reveal())?;
            return Ok(response);
        }
        Entered::Refused => page::REFUSED,
        Entered::Busy => page::BUSY,
    };
    let mut response = show_again(&Knock::new(&address, &token, &form, Faults::of("code", fault)))?;
    response.extensions_mut().insert(turns::HeldBack);
    Ok(response)
}

/// Letters and digits, in full width too; hyphens and spaces between them are left out. A number may have letters in it.
fn plain(typed: &str) -> impl Iterator<Item = char> {
    let narrow = |typed: char| match typed {
        '！'..='～' => char::from_u32(u32::from(typed) - u32::from('！') + u32::from('!')),
        _ => Some(typed),
    };
    typed.chars().filter_map(narrow).filter(char::is_ascii_alphanumeric).map(|typed| typed.to_ascii_uppercase())
}

async fn inside(State(app): State<App>, guest: Guest, asked: Asked) -> Result<Response, Problem> {
    let names: Vec<String> = guest.files(&app, Store::LISTED).await?.into_iter().map(|file| file.name).collect();
    show(&Inside::new(&guest.visit, &guest.token, names, asked.done(page::DONE), None))
}

/// As the paper forms, to be read and printed.
async fn show_forms(State(app): State<App>, guest: Guest) -> Result<Response, Problem> {
    let files = guest.files(&app, "print").await?;
    let work = move || forms::sheets_of(&files, "/pictures");
    let sheets = tokio::task::spawn_blocking(work).await??;
    show(&Forms::new(&guest.visit, &guest.token, sheets))
}

async fn picture(State(app): State<App>, guest: Guest, Path(branch): Path<String>) -> Result<Response, Problem> {
    forms::picture_of(guest.files(&app, "view").await?, &branch)
}

async fn file(State(app): State<App>, guest: Guest, Path(name): Path<String>) -> Result<Response, Problem> {
    let files = app.store.open_handover(&guest.visit, ("download", Some(&name)), guest.from).await?;
    let file = files.ok_or_else(Problem::handover_over)?.into_iter().next().ok_or_else(Problem::not_found)?;
    Ok(download("application/octet-stream", &file.name, file.bytes))
}

/// 実績 comes back: all of it checked before any is taken, and each set taken whole or not at all. What was taken before one
/// that is refused stays, and is found again when it is given back once more.
async fn give_back(State(app): State<App>, guest: Guest, parcel: Parcel) -> Result<Response, Problem> {
    let again = async |fault: String| {
        let names = guest.files(&app, Store::LISTED).await?.into_iter().map(|file| file.name).collect();
        show_again(&Inside::new(&guest.visit, &guest.token, names, None, Some(Fault::Return(fault))))
    };
    if parcel.files.is_empty() || parcel.too_many {
        return again(page::NO_FILE.to_owned()).await;
    }
    let visit = guest.visit.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let letters = check(&parcel, &visit);
        (parcel, letters)
    });
    let (parcel, letters) = checked.await?;
    let letters = match letters {
        Ok(letters) => letters,
        Err(fault) => return again(fault).await,
    };
    for (taken, letter) in letters.iter().enumerate() {
        let fault = match app.store.return_to(&guest.visit, letter, &parcel.sources(), guest.from).await? {
            Returned::Done | Returned::Already => continue,
            Returned::Over => return Err(Problem::handover_over()),
            Returned::Refused(refusal) => refused(refusal),
            Returned::TooMany => page::TOO_MANY.to_owned(),
        };
        return again(page::partly(taken, letters.len(), &fault)).await;
    }
    Ok(on_to("/inside?done=returned"))
}

fn check(parcel: &Parcel, visit: &Visit) -> Result<Vec<exchange::Letter>, String> {
    let files = parcel.sources();
    let report = standard::check(&files, Profile::Export);
    if let Some(fault) = first_fault(&report) {
        return Err(fault);
    }
    if report.units.is_empty() {
        return Err(page::NO_FILE.to_owned());
    }
    let mut letters = Vec::with_capacity(report.units.len());
    for unit in &report.units {
        if !matches!(unit.kind, Some(UnitKind::Actual | UnitKind::ActualDelete)) {
            return Err(page::NOT_ACTUALS.to_owned());
        }
        let sender = exchange::Office {
            number: visit.partner,
            service_types: unit.sender_type.into_iter().collect(),
            closed: false,
        };
        // Only the office that handed something over gets something back.
        let receiver = Some(&visit.office.register).filter(|office| office.number == unit.receiver);
        let receiver = receiver.ok_or_else(|| page::OTHER_RECEIVER.to_owned())?;
        let letter = exchange::address(&sender, Some(receiver), unit, &files).map_err(refused)?;
        letters.push(letter);
    }
    Ok(letters)
}

fn refused(refusal: exchange::Refusal) -> String {
    format!("{}{}", refusal.what(), refusal.fix())
}

/// 取込みの結果 of everything that was handed over, once.
async fn answer(State(app): State<App>, guest: Guest, form: Form) -> Result<Response, Problem> {
    let again = async |fault: &str| {
        let names = guest.files(&app, Store::LISTED).await?.into_iter().map(|file| file.name).collect();
        show_again(&Inside::new(&guest.visit, &guest.token, names, None, Some(Fault::Answer(fault.to_owned()))))
    };
    let Some(outcome) = Outcome::from_id(form.text("outcome")) else { return again(page::NO_OUTCOME).await };
    match app.store.answer_by_letter(&guest.visit, outcome, guest.from).await? {
        AnsweredByLetter::Done => Ok(on_to("/inside?done=answered")),
        AnsweredByLetter::Unopened => again(page::UNOPENED).await,
        AnsweredByLetter::Over => Err(Problem::handover_over()),
    }
}

async fn leave(State(app): State<App>, guest: Guest, _form: Form) -> Result<Response, Problem> {
    app.store.leave_handover(&guest.cookie).await?;
    let mut response = on_to("/");
    if let Some(cleared) = cookie::clear(VISIT) {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_letters_and_is_taken_however_it_is_typed() {
        for typed in ["13A1234567", "13a-123 4567", "１３Ａ１２３４５６７", "13ａ1234567。"] {
            assert_eq!(plain(typed).collect::<String>(), "13A1234567", "{typed}");
        }
    }
}
