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
use std::collections::BTreeSet;
use store::{HeldRow, OutgoingId};

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let rows = app.store.held_sets(&signed_in.person).await?;
    show(&HeldList::new(&signed_in, &rows, asked.done(wording::DONE)))
}

pub(crate) async fn page(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
) -> Result<Response, Problem> {
    let (row, parcel) = opened(&app, &signed_in, id).await?;
    let (_, survey, _) = sending::look_over(&app, &signed_in.person.asker, parcel).await?;
    show(&HeldSet::new(&signed_in, &row, survey.sets.into_iter().next()))
}

/// The second person says so too, and it goes.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    _form: Form,
) -> Result<Response, Problem> {
    let (row, parcel) = opened(&app, &signed_in, id).await?;
    if row.by == signed_in.person.account_id {
        app.store.record_refusal_by(&hand(&signed_in), Refusal::SamePerson).await?;
        return Err(Refusal::SamePerson.into());
    }
    // Whoever confirms has read the page, what it says of the receiver included.
    let terms = Terms { acknowledged: Some(BTreeSet::from([row.receiver])), releases: Some(id) };
    let answer = sending::send(&app, &hand(&signed_in), parcel, terms).await?;
    let set = answer.sets.into_iter().next().ok_or_else(Problem::not_found)?;
    match (set.transmission, set.problem) {
        (Some(sent), _) => Ok(on_to(&format!("/sets/{}/receipt", sent.id))),
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
    named(&app, &signed_in, id).await?;
    app.store.withdraw_held(&signed_in.person, id).await?;
    Ok(on_to("/send/held?done=withdrawn"))
}

async fn named(app: &App, signed_in: &SignedIn, id: OutgoingId) -> Result<HeldRow, Problem> {
    let rows = app.store.held_sets(&signed_in.person).await?;
    match rows.into_iter().find(|row| row.id == id) {
        Some(row) => Ok(row),
        None => {
            app.store.record_not_found(&signed_in.person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

async fn opened(app: &App, signed_in: &SignedIn, id: OutgoingId) -> Result<(HeldRow, Parcel), Problem> {
    let row = named(app, signed_in, id).await?;
    let body = app.store.open_held(&signed_in.person, id).await?.ok_or_else(Problem::not_found)?;
    Ok((row, Parcel::unpacked(body.reveal()).ok_or(store::Error::Damaged)?))
}
