//! 取込みの結果, by letter: whoever came in says once how it went with everything that was handed over.

use super::{Visit, is_open};
use crate::database::Connection;
use crate::{Error, Store, TransmissionId, clock, receipts};
use exchange::{Outcome, Step};
use jiff::Timestamp;
use ledger::Action;
use sqlx::FromRow;
use std::net::IpAddr;

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredByLetter {
    /// On disk and recorded, or it had been before.
    Done,
    /// Nothing of it has been opened yet.
    Unopened,
    /// The handover ended meanwhile.
    Over,
}

#[derive(FromRow)]
struct Set {
    transmission_id: String,
    acknowledged_at: Option<String>,
    outcome: Option<String>,
}

const OPENED: &str = "
    SELECT t.transmission_id, t.acknowledged_at, t.outcome
      FROM transmission t JOIN office r ON r.office_id = t.receiver_office_id
     WHERE t.handover_id = $1 AND r.outside_of IS NOT NULL AND t.collected_at IS NOT NULL AND t.withdrawn_at IS NULL
       AND t.erased_at IS NULL";
const ACKNOWLEDGE: &str = "UPDATE transmission SET acknowledged_at = $2 WHERE transmission_id = $1";
const ANSWER: &str = "UPDATE transmission SET outcome = $2, answered_at = $3 WHERE transmission_id = $1";
const KEEP: &str = "
    INSERT INTO import_answer (transmission_id, places, note_sealed, note_index) VALUES ($1, '', NULL, '')";

impl Store {
    /// Takes the answer of whoever came in: 受領確認 and 取込みの結果 of every set that is opened and not answered.
    ///
    /// # Errors
    /// When the database fails; then nothing was written.
    pub async fn answer_by_letter(
        &self,
        visit: &Visit,
        outcome: Outcome,
        from: Option<IpAddr>,
    ) -> Result<AnsweredByLetter, Error> {
        let (visit, now) = (visit.clone(), self.clock.now());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    if !is_open(c, visit.id, &at).await? {
                        return Ok(AnsweredByLetter::Over);
                    }
                    let sets: Vec<Set> = sqlx::query_as(OPENED).bind(visit.id.to_string()).fetch_all(&mut *c).await?;
                    if sets.is_empty() {
                        return Ok(AnsweredByLetter::Unopened);
                    }
                    for set in sets.iter().filter(|set| set.outcome.is_none()) {
                        answer(c, &visit, set, outcome, (from, now, &at)).await?;
                    }
                    Ok(AnsweredByLetter::Done)
                })
            })
            .await
    }
}

async fn answer(
    c: &mut Connection,
    visit: &Visit,
    set: &Set,
    outcome: Outcome,
    (from, now, at): (Option<IpAddr>, Timestamp, &str),
) -> Result<(), Error> {
    let id: TransmissionId = set.transmission_id.parse().map_err(|_| Error::Impossible("transmission"))?;
    if set.acknowledged_at.is_none() {
        sqlx::query(ACKNOWLEDGE).bind(id.to_string()).bind(at).execute(&mut *c).await?;
        let entry = visit.act(Action::SetAcknowledge, from, now).object(id).done()?;
        receipts::append_step(c, id, Step::Acknowledge, &entry).await?;
    }
    sqlx::query(ANSWER).bind(id.to_string()).bind(outcome.id()).bind(at).execute(&mut *c).await?;
    sqlx::query(KEEP).bind(id.to_string()).execute(&mut *c).await?;
    let entry = visit.act(Action::SetAnswer, from, now).object(id).code("outcome", outcome.id());
    let entry = entry.hex("places", &receipt::places_digest(&[])).done()?;
    receipts::append_step(c, id, Step::Import(outcome), &entry).await
}
