//! 消去: one person asks, another agrees, a day passes, it is run, a third verifies and has the certificate (R11.1–R11.6).

mod page;
pub(crate) mod retention;
mod wording;

use crate::api::download;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::evidence::printing;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::role::Deed;
use page::{Asking, List, One};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::{
    Certified, ErasureApproved, ErasureDetail, ErasureId, ErasureRequested, Kind, NewErasure, OperatorName, Ran, Reason,
};

/// Things that one form names; more are asked for at a terminal.
pub(super) const OBJECTS_MAX: usize = 500;
/// Erasures on the list; older ones stand at a terminal.
pub(super) const LISTED_MAX: usize = 200;
/// Running and verifying go on behind the page when they take longer than this.
const SHOWN_AT_ONCE: Duration = Duration::from_secs(10);

/// Whoever is signed in and has this right, as the registers name them.
fn officer(signed_in: &SignedIn, deed: Deed) -> Result<OperatorName, Problem> {
    OperatorName::with_right(&signed_in.person, deed).ok_or_else(Problem::no_right)
}

async fn found(app: &App, id: &str) -> Result<ErasureDetail, Problem> {
    let id: ErasureId = id.parse().map_err(|_| Problem::not_found())?;
    app.store.erasure(id).await?.ok_or_else(Problem::not_found)
}

fn path(id: ErasureId, done: &str) -> String {
    format!("/operator/erasures/{id}?done={done}")
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let mut rows = app.store.erasures().await?;
    let more = rows.len() > LISTED_MAX;
    rows.truncate(LISTED_MAX);
    show(&List::new(&signed_in, rows, more, asked.done(wording::DONE)))
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Asking::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn request(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::Erase)?;
    let faults = match read(&form) {
        Err(faults) => faults,
        Ok(new) => match app.store.request_erasure(new, &by).await? {
            ErasureRequested::Done { id, .. } => return Ok(on_to(&path(id, "requested"))),
            ErasureRequested::Count => Faults::of("objects", wording::count()),
            ErasureRequested::Incomplete => Faults::of("basis", wording::BASIS),
            ErasureRequested::NoProcedure => Faults::of("kind", wording::NO_PROCEDURE),
            ErasureRequested::NotErasable => Faults::of("kind", wording::NOT_ERASABLE),
            ErasureRequested::NotStaff => return Err(Problem::no_right()),
            ErasureRequested::Blocked(why) => Faults::of("objects", wording::blocked(&why)),
        },
    };
    show_again(&Asking::new(&signed_in, &form, faults))
}

fn read(form: &Form) -> Result<NewErasure, Faults> {
    let mut faults = Faults::default();
    let kind = Kind::from_id(form.text("kind"));
    if kind.is_none() {
        faults.add("kind", wording::NO_KIND);
    }
    let reason = Reason::given(form.text("reason"));
    if reason.is_none() {
        faults.add("reason", wording::NO_REASON);
    }
    let objects: BTreeSet<String> = form.text("objects").split_whitespace().map(str::to_owned).collect();
    if !(1..=OBJECTS_MAX).contains(&objects.len()) {
        faults.add("objects", wording::count());
    }
    if form.text("basis").is_empty() {
        faults.add("basis", wording::BASIS);
    }
    match (kind, reason) {
        (Some(kind), Some(reason)) if faults.is_empty() => {
            Ok(NewErasure { kind, objects, reason, basis: form.text("basis").to_owned() })
        }
        _ => Err(faults),
    }
}

pub(crate) async fn one(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    show(&shown(&app, &signed_in, &id, asked.done(wording::DONE), Faults::default()).await?)
}

async fn shown(
    app: &App,
    signed_in: &SignedIn,
    id: &str,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<One, Problem> {
    let detail = found(app, id).await?;
    let names = app.store.operator_names(page::actors(&detail)).await?;
    Ok(One::new(signed_in, detail, &names, notice, faults))
}

async fn again(app: &App, signed_in: &SignedIn, id: &str, fault: impl Into<String>) -> Result<Response, Problem> {
    show_again(&shown(app, signed_in, id, None, Faults::of("", fault)).await?)
}

pub(crate) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::ApproveErasure)?;
    let erasure = found(&app, &id).await?.row.id;
    let fault = match app.store.approve_erasure(erasure, &by).await? {
        ErasureApproved::Done { .. } => return Ok(on_to(&path(erasure, "approved"))),
        ErasureApproved::OwnRequest => wording::OWN_REQUEST.to_owned(),
        ErasureApproved::NotStaff => return Err(Problem::no_right()),
        ErasureApproved::NotWaiting => wording::NOT_WAITING.to_owned(),
        ErasureApproved::Changed => wording::CHANGED.to_owned(),
        ErasureApproved::Blocked(why) => wording::blocked(&why),
    };
    again(&app, &signed_in, &id, fault).await
}

/// Destroys nothing: everybody who sees erasures may stop one.
pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::SeeErasures)?;
    let erasure = found(&app, &id).await?.row.id;
    match app.store.withdraw_erasure(erasure, &by).await? {
        true => Ok(on_to(&path(erasure, "withdrawn"))),
        false => again(&app, &signed_in, &id, wording::NOT_WAITING).await,
    }
}

pub(crate) async fn run(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::Erase)?;
    let erasure = found(&app, &id).await?.row.id;
    let (store, places) = (Arc::clone(&app.store), Arc::clone(&app.erasure));
    // Goes on when the page is left, and is gone on with when the program ends.
    let running = tokio::spawn(async move {
        let ran = store.run_erasure(erasure, &by, &places).await;
        if let Err(error) = &ran {
            tracing::error!(%error, erasure.id = %erasure, "an erasure was interrupted");
        }
        ran
    });
    let Ok(ran) = tokio::time::timeout(SHOWN_AT_ONCE, running).await else {
        return Ok(on_to(&path(erasure, "running")));
    };
    let fault = match ran?? {
        Ran::Done { living, .. } if living.is_empty() => return Ok(on_to(&path(erasure, "erased"))),
        Ran::Done { living, .. } => wording::living(&living),
        Ran::NotReady => wording::NOT_WAITING.to_owned(),
        Ran::NotStaff => return Err(Problem::no_right()),
        Ran::Cooling { from } => wording::cooling(&from),
        Ran::Changed => wording::CHANGED.to_owned(),
        Ran::Blocked(why) => wording::blocked(&why),
    };
    again(&app, &signed_in, &id, fault).await
}

pub(crate) async fn certify(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::VerifyErasure)?;
    let erasure = found(&app, &id).await?.row.id;
    let (store, places) = (Arc::clone(&app.store), Arc::clone(&app.erasure));
    let running = tokio::spawn(async move {
        let certified = store.certify_erasure(erasure, &by, &places).await;
        if let Err(error) = &certified {
            tracing::error!(%error, erasure.id = %erasure, "an erasure was not verified");
        }
        certified
    });
    let Ok(certified) = tokio::time::timeout(SHOWN_AT_ONCE, running).await else {
        return Ok(on_to(&path(erasure, "verifying")));
    };
    let fault = match certified?? {
        Certified::Done { .. } => return Ok(on_to(&path(erasure, "certified"))),
        Certified::NotErased => wording::NOT_WAITING.to_owned(),
        Certified::OwnWork => wording::OWN_WORK.to_owned(),
        Certified::Living(copies) => wording::living(&copies),
        Certified::Unfinished(count) => wording::unfinished(count),
        Certified::NotGone(count) => wording::not_gone(count),
        Certified::Busy => wording::BUSY.to_owned(),
        Certified::OnServer => wording::ON_SERVER.to_owned(),
    };
    again(&app, &signed_in, &id, fault).await
}

/// The signed certificate itself.
pub(crate) async fn certificate(
    State(app): State<App>,
    _signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (erasure, text) = certified(&app, &id).await?;
    Ok(download("application/json", &format!("shoukyo-{erasure}.json"), text.into_bytes()))
}

/// The same for reading, with the signed one attached.
pub(crate) async fn paper(
    State(app): State<App>,
    _signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (erasure, text) = certified(&app, &id).await?;
    let document = crate::erasure::certificate_document(&text).ok_or_else(Problem::incident)?;
    let pdf = printing::print(&app, document).await?;
    Ok(download("application/pdf", &format!("shoukyo-{erasure}.pdf"), pdf))
}

async fn certified(app: &App, id: &str) -> Result<(ErasureId, String), Problem> {
    let id: ErasureId = id.parse().map_err(|_| Problem::not_found())?;
    let certificate = app.store.erasure_certificate(id).await?;
    certificate.map(|text| (id, text)).ok_or_else(Problem::not_found)
}
