//! 確認待ち: what somebody wants to go although nobody in it is served by the receiver, until a second person says so too.

use super::page::{HeldList, HeldSet};
use super::{hand, wording};
use crate::api::DraftId;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show};
use crate::problem::Problem;
use crate::sending::{self, Parcel, Terms};
use axum::extract::State;
use axum::response::Response;
use exchange::Refusal;
use exchange::misdirection::{Caution, cautions};
use standard::OfficeNumber;
use std::collections::BTreeSet;
use store::{HeldRow, OutgoingId};

/// Where whoever comes too late is led: a colleague, or a first click, has decided about it.
const GONE: &str = "/send/held?done=gone";

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let rows = app.store.held_sets(&signed_in.person).await?;
    show(&HeldList::new(&signed_in, &rows, asked.done(wording::DONE)))
}

pub(crate) async fn page(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
) -> Result<Response, Problem> {
    let Some((row, parcel)) = opened(&app, &signed_in, id).await? else { return Ok(on_to(GONE)) };
    let (_, survey, _) = sending::look_over(&app, &signed_in.person.asker, parcel).await?;
    let said = said_of(&app, &signed_in, row.receiver).await?;
    show(&HeldSet::new(&signed_in, &row, survey.sets.into_iter().next(), said))
}

/// The second person says so too, and it goes.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    form: Form,
) -> Result<Response, Problem> {
    let Some((row, parcel)) = opened(&app, &signed_in, id).await? else { return Ok(on_to(GONE)) };
    if row.by == signed_in.person.account_id {
        app.store.record_refusal_by(&hand(&signed_in), Refusal::SamePerson).await?;
        return Err(Refusal::SamePerson.into());
    }
    // What the page says of the receiver is acknowledged by its own mark, or refused (X20).
    let read = form.text("acknowledged") == row.receiver.as_str();
    let acknowledged = read.then_some(row.receiver).into_iter().collect();
    let terms = Terms { acknowledged: Some(acknowledged), releases: Some(id) };
    let answer = sending::send(&app, &hand(&signed_in), parcel, terms).await?;
    let set = answer.sets.into_iter().next().ok_or_else(Problem::not_found)?;
    match (set.transmission, set.problem) {
        (Some(sent), _) => Ok(on_to(&format!("/sets/{}/receipt", sent.id))),
        (None, Some(problem)) if problem.code == Refusal::NoLongerHeld.code() => Ok(on_to(GONE)),
        (None, Some(problem)) => Err(problem),
        (None, None) => Err(Problem::not_found()),
    }
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    _form: Form,
) -> Result<Response, Problem> {
    if named(&app, &signed_in, id).await?.is_none() {
        return Ok(on_to(GONE));
    }
    app.store.withdraw_held(&signed_in.person, id).await?;
    Ok(on_to("/send/held?done=withdrawn"))
}

/// What is to be known of the receiver before anything goes there.
async fn said_of(app: &App, signed_in: &SignedIn, receiver: OfficeNumber) -> Result<Vec<String>, Problem> {
    let receivers = app.store.offices(&BTreeSet::from([receiver])).await?;
    let facts = app.store.partner_facts(&signed_in.person.asker, &receivers).await?;
    let said = facts.get(&receiver).map(|facts| cautions(facts, 1)).unwrap_or_default();
    Ok(said.into_iter().map(Caution::says).collect())
}

/// What waits; nothing where it did and does no longer. What never waited at this office is not found.
async fn named(app: &App, signed_in: &SignedIn, id: OutgoingId) -> Result<Option<HeldRow>, Problem> {
    let rows = app.store.held_sets(&signed_in.person).await?;
    let row = rows.into_iter().find(|row| row.id == id);
    if row.is_none() && !app.store.was_held(&signed_in.person, id).await? {
        app.store.record_not_found(&signed_in.person.asker).await?;
        return Err(Problem::not_found());
    }
    Ok(row)
}

async fn opened(app: &App, signed_in: &SignedIn, id: OutgoingId) -> Result<Option<(HeldRow, Parcel)>, Problem> {
    let Some(row) = named(app, signed_in, id).await? else { return Ok(None) };
    let Some(body) = app.store.open_held(&signed_in.person, id).await? else { return Ok(None) };
    Ok(Some((row, Parcel::unpacked(body.reveal()).ok_or(store::Error::Damaged)?)))
}
