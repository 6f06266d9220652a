//! 取込みの結果 of many sets at once: asked again before it is said, since it is said once.

use super::list::Row;
use super::{SETS_MAX, named};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::pages::receipts::wording as receipts;
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use exchange::{Outcome, Refusal};
use store::{Answer, Answered, Folder, Hand, ImportReport, Transmission, TransmissionId};

/// これでよいですか.
#[derive(Template)]
#[template(path = "received/confirm.html")]
struct Confirm {
    frame: Frame,
    outcome: &'static str,
    outcome_id: &'static str,
    /// Nothing but the outcome is said: where it failed is said set by set.
    places: bool,
    all: String,
    rows: Vec<Row>,
}

/// What was not taken, and why.
#[derive(Template)]
#[template(path = "received/not_answered.html")]
struct NotAnswered {
    frame: Frame,
    done: usize,
    rows: Vec<(Row, &'static str, &'static str)>,
}

pub(crate) async fn answer(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let ids = named(&form);
    if ids.is_empty() {
        return Ok(on_to("/?done=none"));
    }
    let Some(outcome) = Outcome::from_id(form.text("outcome")) else { return Ok(on_to("/?done=no-outcome")) };
    let mut sets = Vec::with_capacity(ids.len().min(SETS_MAX));
    for id in ids {
        match app.store.describe(&signed_in.person.asker, id).await? {
            Answer::Done(set) if set.receiver == signed_in.person.office.register.number => sets.push(set),
            _ => app.store.record_not_found(&signed_in.person.asker).await?,
        }
    }
    if form.text("confirmed").is_empty() {
        return show(&Confirm {
            frame: signed_in.frame("取込みの結果を伝える"),
            outcome: receipts::outcome(outcome),
            outcome_id: outcome.id(),
            places: outcome != Outcome::Imported,
            all: sets.iter().map(|set| set.id.to_string()).collect::<Vec<_>>().join(","),
            rows: sets.iter().map(|set| Row::new(set, Folder::Received)).collect(),
        });
    }
    let hand = Hand::from(&signed_in.person);
    let mut refused = Vec::new();
    let mut done = 0;
    for set in sets {
        match say(&app, &hand, set.id, outcome).await? {
            Ok(()) => done += 1,
            Err(refusal) => refused.push((set, refusal)),
        }
    }
    if refused.is_empty() {
        return Ok(on_to("/?done=answered"));
    }
    let row =
        |(set, refusal): &(Transmission, Refusal)| (Row::new(set, Folder::Received), refusal.what(), refusal.fix());
    let frame = signed_in.frame("取込みの結果").faulty(true);
    show_again(&NotAnswered { frame, done, rows: refused.iter().map(row).collect() })
}

/// Whoever says how the import went has the set safe: the acknowledgement goes first.
async fn say(app: &App, hand: &Hand, id: TransmissionId, outcome: Outcome) -> Result<Result<(), Refusal>, Problem> {
    match app.store.acknowledge_by(hand, id).await? {
        Answer::Done(_) => {}
        Answer::Refused(refusal) => return Ok(Err(refusal)),
        Answer::NotFound => return Err(Problem::not_found()),
    }
    let report = ImportReport { outcome, places: Vec::new(), note: None };
    match app.store.answer_import(hand, id, report).await? {
        Answered::Done(_) => Ok(Ok(())),
        Answered::Refused(refusal) => Ok(Err(refusal)),
        Answered::NotFound => Err(Problem::not_found()),
        // Without places and words there is nothing that could be unfit.
        Answered::Unfit(_) | Answered::UnfitNote => Err(Problem::incident()),
    }
}
