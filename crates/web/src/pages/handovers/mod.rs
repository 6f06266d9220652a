//! 一方向の受渡し: what an office hands over to one that is not on the exchange. Its sets, there and back, are in the lists like any.

mod page;
pub(crate) mod parcel;
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
use exchange::Refusal;
use page::{Choose, Code, Letter, List};
use parcel::{Parcel, first_fault};
use standard::{OfficeNumber, Profile, Severity, SourceFile};
use std::time::Instant;
use store::{DirectoryRow, Hand, Handover, HandoverId, NewHandover, Offered};

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let handovers = app.store.handovers(&signed_in.person).await?;
    let enabled = app.handover_url.is_some();
    show(&List::new(&signed_in, &handovers, enabled, app.store.now(), asked.done(wording::DONE)))
}

pub(crate) async fn new(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let partner = partner(&app, &signed_in, &number).await?;
    show(&Choose::new(&signed_in, &partner, app.handover_url.is_some(), Faults::default()))
}

pub(crate) async fn offer(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
    parcel: Parcel,
) -> Result<Response, Problem> {
    let partner = partner(&app, &signed_in, &number).await?;
    let enabled = app.handover_url.is_some();
    let again = |text: String| show_again(&Choose::new(&signed_in, &partner, enabled, Faults::of("file", text)));
    if !enabled {
        return Err(Problem::no_handovers());
    }
    if parcel.files.is_empty() {
        return again(wording::NO_FILE.to_owned());
    }
    if parcel.too_many {
        return again(wording::too_many_files());
    }
    let sender = signed_in.person.office.register.clone();
    let to = partner.number;
    let checked = tokio::task::spawn_blocking(move || {
        let found = check(&parcel.sources(), &sender, to);
        (parcel, found)
    });
    let (parcel, found) = checked.await?;
    let letters = match found {
        Ok(letters) => letters,
        Err(NotHanded::Fault(text)) => return again(text),
        Err(NotHanded::Refused(refusal)) => {
            app.store.record_refusal_by(&Hand::from(&signed_in.person), refusal).await?;
            return again(refused(refusal));
        }
    };
    let new = NewHandover { partner: to, partner_name: partner.name.clone(), letters };
    match app.store.offer_handover(&signed_in.person, new, &parcel.sources()).await? {
        Offered::Done { id, code } => {
            let session = signed_in.person.session_id.to_string();
            let secret = Secret { page: CODE_PAGE, subject: id.to_string(), lines: vec![code], until: None };
            app.once.keep(&session, secret, Instant::now());
            Ok(on_to("/handovers/code"))
        }
        Offered::NotAllowed => Err(Problem::no_right()),
        Offered::Registered => again(wording::REGISTERED.to_owned()),
        Offered::TooMany => again(wording::TOO_MANY.to_owned()),
        Offered::SerialTaken => again(refused(Refusal::SerialTaken)),
        Offered::StillOpen => again(wording::STILL_OPEN.to_owned()),
        Offered::Busy => again(wording::BUSY.to_owned()),
    }
}

const CODE_PAGE: &str = "handover-code";

/// Why files are not handed over.
enum NotHanded {
    /// Something is wrong with them, in words.
    Fault(String),
    /// They may not go.
    Refused(Refusal),
}

/// The sets in the files with their warnings, if all of it is sound and from this office to the partner.
fn check(
    files: &[SourceFile<'_>],
    sender: &exchange::Office,
    to: OfficeNumber,
) -> Result<Vec<(exchange::Letter, u64)>, NotHanded> {
    let report = standard::check(files, Profile::Export);
    if let Some(fault) = first_fault(&report) {
        return Err(NotHanded::Fault(fault));
    }
    if report.units.is_empty() {
        return Err(NotHanded::Fault(wording::NO_FILE.to_owned()));
    }
    let mut letters = Vec::with_capacity(report.units.len());
    for (at, unit) in report.units.iter().enumerate() {
        if unit.receiver != to {
            return Err(NotHanded::Fault(wording::OTHER_RECEIVER.to_owned()));
        }
        // The register knows nothing of the partner: what the file names say of it has to do.
        let partner =
            exchange::Office { number: to, service_types: unit.receiver_type.into_iter().collect(), closed: false };
        // A letter is not held for a second person: what may be going to the wrong office does not go by one.
        let letter = exchange::address_guarded(sender, Some(&partner), (&report, at), files, false);
        let letter = letter.map_err(NotHanded::Refused)?;
        let of_set = report.findings.iter().filter(|finding| finding.unit == Some(at));
        letters.push((letter, of_set.filter(|finding| finding.severity == Severity::Warning).count() as u64));
    }
    Ok(letters)
}

fn refused(refusal: Refusal) -> String {
    let fix = match refusal {
        // An office that is not on the exchange cannot be sent to on the page 送る.
        Refusal::Unserved => wording::UNSERVED_FIX,
        _ => refusal.fix(),
    };
    format!("{}{fix}", refusal.what())
}

/// The code, once, and what to do with it.
pub(crate) async fn code(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let secret = app.once.take(&signed_in.person.session_id.to_string(), CODE_PAGE, Instant::now());
    let handover = match &secret {
        Some(secret) => match secret.subject.parse() {
            Ok(id) => app.store.handover(&signed_in.person, id).await?,
            Err(_) => None,
        },
        None => None,
    };
    show(&Code::new(&signed_in, secret.as_ref(), handover.as_ref()))
}

/// The letter, without the code.
pub(crate) async fn letter(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let handover = found(&app, &signed_in, &id).await?;
    let url = app.handover_url.as_deref().ok_or_else(Problem::no_handovers)?;
    let address = app.store.handover_address(&handover).await?.ok_or_else(Problem::handover_over)?;
    show(&Letter::new(&signed_in, &handover, url, &address)?)
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let handover = found(&app, &signed_in, &id).await?;
    // Ended already is as good.
    app.store.withdraw_handover(&signed_in.person, handover.id).await?;
    Ok(on_to("/handovers?done=withdrawn"))
}

async fn found(app: &App, signed_in: &SignedIn, id: &str) -> Result<Handover, Problem> {
    let id: HandoverId = id.parse().map_err(|_| Problem::not_found())?;
    match app.store.handover(&signed_in.person, id).await? {
        Some(handover) => Ok(handover),
        None => {
            app.store.record_not_found(&signed_in.person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

/// The partner, if it is one that this office keeps and that is not on the exchange.
async fn partner(app: &App, signed_in: &SignedIn, number: &str) -> Result<DirectoryRow, Problem> {
    let number = number.parse().map_err(|_| Problem::not_found())?;
    let found = app.store.partner(&signed_in.person, number).await?;
    found.filter(|partner| partner.since.is_none() || partner.closed).ok_or_else(Problem::not_found)
}
