//! 再登録と本人確認の台帳: nobody gets new secrets for somebody without saying who checked their identity, and how
//! (R8.9, R8.11, R8.13).

mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::{Form, Upload};
use crate::pages::frame::{on_to, show, show_again};
use crate::pages::once::Secret;
use crate::pages::staff::member;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use identity::recovery::{Method, Purpose};
use jiff::SignedDuration;
use page::{Code, List, Open};
use std::time::Instant;
use store::people::{NewRecovery, RecoveryIssued, RecoveryOpened};

/// Where the code of a case is shown.
const CODE_PAGE: &str = "recovery-code";
/// How documents that may be copied begin: PDF, JPEG, PNG.
const KINDS: [(&[u8], &str); 3] = [(b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png")];

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&listed(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

async fn listed(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<List, Problem> {
    let cases = app.store.recoveries(&signed_in.person).await?;
    let staff = app.store.list_staff(&signed_in.person).await?;
    Ok(List::new(signed_in, cases, &staff, notice, faults))
}

pub(crate) async fn new(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let staff = app.store.list_staff(&signed_in.person).await?;
    let form = Form::of("account", asked.get("account"));
    show(&Open::new(&signed_in, &staff, &form, Faults::default()))
}

pub(crate) async fn open(State(app): State<App>, signed_in: SignedIn, upload: Upload) -> Result<Response, Problem> {
    let form = &upload.fields;
    let subject = member(&app, &signed_in, form.text("account")).await;
    let purpose = Purpose::from_id(form.text("purpose")).filter(|purpose| *purpose != Purpose::Invite);
    let faults = match (subject, purpose, &upload.file) {
        (Err(_), ..) => Faults::of("account", wording::NOBODY),
        (_, None, _) => Faults::of("purpose", wording::NO_PURPOSE),
        (.., Some(file)) if kind(file).is_none() => Faults::of("evidence", wording::WRONG_KIND),
        (Ok(subject), Some(purpose), file) => {
            let new = NewRecovery {
                account_id: subject.account_id,
                purpose,
                verified_by: form.text("verified_by").parse().ok(),
                method: Method::from_id(form.text("method")),
                evidence: file.clone().unwrap_or_default(),
                pass_life: hours(form.text("hours")),
            };
            match app.store.open_recovery(&signed_in.person, new).await? {
                RecoveryOpened::Done(issued) => return Ok(shown_once(&app, &signed_in, subject.name.reveal(), issued)),
                RecoveryOpened::AwaitsApproval(_) => return Ok(on_to("/recovery?done=requested")),
                RecoveryOpened::Refused(refusal) => {
                    Faults::of(wording::field(refusal), format!("{}{}", refusal.what(), refusal.fix()))
                }
                RecoveryOpened::NotAllowed => Faults::of("account", wording::NOBODY),
                RecoveryOpened::TooLarge => Faults::of("evidence", wording::TOO_LARGE),
            }
        }
    };
    let staff = app.store.list_staff(&signed_in.person).await?;
    show_again(&Open::new(&signed_in, &staff, form, faults))
}

fn hours(text: &str) -> Option<SignedDuration> {
    text.parse().ok().filter(|hours| (1..=72).contains(hours)).map(SignedDuration::from_hours)
}

fn kind(file: &[u8]) -> Option<&'static str> {
    KINDS.iter().find(|(start, _)| file.starts_with(start)).map(|(_, kind)| *kind)
}

fn shown_once(app: &App, signed_in: &SignedIn, name: &str, issued: RecoveryIssued) -> Response {
    let RecoveryIssued { codes, expires_at, .. } = issued;
    let secret = Secret { page: CODE_PAGE, subject: name.to_owned(), lines: codes, until: Some(expires_at) };
    app.once.keep(signed_in.token.text(), secret, Instant::now());
    on_to("/recovery/code")
}

pub(crate) async fn code(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let shown = app.once.take(signed_in.token.text(), CODE_PAGE, Instant::now());
    show(&Code::new(&signed_in, shown))
}

pub(crate) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let fault = match app.store.approve_recovery(&signed_in.person, id).await? {
        RecoveryOpened::Done(issued) => return Ok(shown_once(&app, &signed_in, "", issued)),
        RecoveryOpened::Refused(refusal) => format!("{}{}", refusal.what(), refusal.fix()),
        _ => wording::NOT_HERE.to_owned(),
    };
    show_again(&listed(&app, &signed_in, None, Faults::of("cases", fault)).await?)
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    // Ended already is as good.
    app.store.withdraw_recovery(&signed_in.person, id).await?;
    Ok(on_to("/recovery?done=withdrawn"))
}

/// What the one who checked has seen, for the one who approves. Never shown in the page: only to be saved.
pub(crate) async fn evidence(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let evidence = app.store.evidence(&signed_in.person, id).await?.ok_or_else(Problem::not_found)?;
    let name = format!("attachment; filename=\"evidence.{}\"", kind(&evidence).unwrap_or("bin"));
    let headers = [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, evidence.to_vec()).into_response())
}
