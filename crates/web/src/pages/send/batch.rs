//! What the page's script asks: what is to be known of the partners, and to send so many sets at a time.

use super::{hand, parcel, wording};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::form::Form;
use crate::problem::Problem;
use crate::sending::{self, ParcelLimits, SendAnswer, Terms};
use axum::Json;
use axum::extract::{Request, State};
use exchange::misdirection::cautions;
use serde::Serialize;
use standard::OfficeNumber;
use standard::survey::SetState;
use standard::value::Private;
use std::collections::{BTreeMap, BTreeSet};
use store::{NewHold, OutgoingKept};

/// Partners asked about at once; the longest field of a form holds about as many.
const PARTNERS_MAX: usize = 2_000;

/// 送信先, and what to know before sending.
#[derive(Serialize)]
pub(crate) struct PartnerView {
    number: String,
    /// None where the office is not registered, or has closed.
    name: Option<String>,
    cautions: Vec<String>,
}

/// What is to be known of the partners of a send: `number:sets,number:sets,…`.
pub(crate) async fn partners(
    State(app): State<App>,
    signed_in: SignedIn,
    form: Form,
) -> Result<Json<Vec<PartnerView>>, Problem> {
    let one = |text: &str| {
        let (number, sets) = text.split_once(':')?;
        Some((number.parse::<OfficeNumber>().ok()?, sets.parse::<u64>().ok()?))
    };
    let asked: Option<BTreeMap<OfficeNumber, u64>> = form.text("partners").split(',').map(one).collect();
    let asked = asked.filter(|asked| asked.len() <= PARTNERS_MAX).ok_or_else(Problem::broken_form)?;
    let asker = &signed_in.person.asker;
    let offices = app.store.offices(&asked.keys().copied().collect()).await?;
    let facts = app.store.partner_facts(asker, &offices).await?;
    let view = |(number, sets): (OfficeNumber, u64)| {
        let office = offices.iter().find(|office| office.register.number == number && !office.register.closed);
        let said = facts.get(&number).map(|facts| cautions(facts, sets)).unwrap_or_default();
        PartnerView {
            number: number.to_string(),
            name: office.map(|office| office.name.clone()),
            cautions: said.into_iter().map(exchange::misdirection::Caution::says).collect(),
        }
    };
    Ok(Json(asked.into_iter().map(view).collect()))
}

/// Sends the sets of one batch. The same again is told so and not sent twice.
pub(crate) async fn send(
    State(app): State<App>,
    signed_in: SignedIn,
    request: Request,
) -> Result<Json<SendAnswer>, Problem> {
    let limits = ParcelLimits { bytes: app.limits.call_bytes, files: app.limits.call_files };
    let parcel = parcel(&app, &signed_in, request, limits).await?;
    if parcel.files.is_empty() {
        return Err(Problem::unreadable_request(wording::NO_FILES));
    }
    let read: BTreeSet<_> =
        parcel.field("acknowledged").split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let terms = Terms { acknowledged: Some(read), releases: None };
    Ok(Json(sending::send(&app, &hand(&signed_in), parcel, terms).await?))
}

/// 確認待ちになったもの.
#[derive(Serialize)]
pub(crate) struct HeldView {
    id: String,
}

/// Asks a second person about one set.
pub(crate) async fn hold(
    State(app): State<App>,
    signed_in: SignedIn,
    request: Request,
) -> Result<Json<HeldView>, Problem> {
    let limits = ParcelLimits { bytes: app.limits.call_bytes, files: app.limits.call_files };
    let parcel = parcel(&app, &signed_in, request, limits).await?;
    let reason = Private::new(parcel.field("reason").to_owned());
    let (parcel, survey, report) = sending::look_over(&app, &signed_in.person.asker, parcel).await?;
    let ([set], [unit]) = (survey.sets.as_slice(), report.units.as_slice()) else {
        return Err(Problem::unreadable_request(wording::NO_FILES));
    };
    let (SetState::Unserved, Some(kind)) = (set.state, unit.kind) else {
        return Err(exchange::Refusal::Findings.into());
    };
    let new = NewHold { receiver: unit.receiver, kind, serial: unit.serial, reason };
    match app.store.hold(&signed_in.person, &new, &parcel.packed()).await? {
        OutgoingKept::Done(id) => Ok(Json(HeldView { id: id.to_string() })),
        OutgoingKept::TooMuch => Err(Problem::unreadable_request(wording::TOO_MANY_DRAFTS)),
        OutgoingKept::UnfitReason => Err(Problem::unreadable_request(wording::NO_REASON)),
    }
}
