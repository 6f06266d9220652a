//! 取込みの結果: the receiver says how the import went, once.

use super::{Hand, append_step};
use crate::deliver::{counterpart, files, find};
use crate::people::Column;
use crate::{Answer, Error, Store, Transmission, TransmissionId};
use exchange::{ImportAnswer, ImportPlace, NotAnAnswer, Outcome, Refusal, Step, next, read_places};
use ledger::Action;
use standard::value::Private;

/// Characters of a note.
pub const NOTE_CHARACTERS_MAX: usize = 500;
const NOTE: Column = Column("import_answer", "note_sealed");
const NOTE_FIELD: &str = "import_answer.note";

const ANSWER: &str = "
    UPDATE transmission SET outcome = $3, answered_at = $4
     WHERE transmission_id = $1 AND receiver_office_id = $2 AND acknowledged_at IS NOT NULL AND outcome IS NULL
       AND withdrawn_at IS NULL AND erased_at IS NULL";
const KEEP: &str = "
    INSERT INTO import_answer (transmission_id, places, note_sealed, note_index) VALUES ($1, $2, $3, $4)";
const KEPT: &str = "SELECT places, note_index FROM import_answer WHERE transmission_id = $1";
const READ: &str = "SELECT places, note_sealed FROM import_answer WHERE transmission_id = $1";

/// What the receiver says. The note is in its own words and lies sealed.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// How it went.
    pub outcome: Outcome,
    /// Where it did not.
    pub places: Vec<ImportPlace>,
    /// In words.
    pub note: Option<Private<String>>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Taken, now or before.
    Done(Box<Transmission>),
    /// Decided against, and why.
    Refused(Refusal),
    /// There is no such set, or it was not sent to them.
    NotFound,
    /// The report contradicts itself or the set.
    Unfit(NotAnAnswer),
    /// The note is too long, or holds what cannot be shown.
    UnfitNote,
}

/// An answer as both offices read it.
#[derive(Clone, Debug)]
pub struct ImportGiven {
    /// How it went.
    pub outcome: Outcome,
    /// When it was said, RFC 3339.
    pub at: String,
    /// Where it did not.
    pub places: Vec<ImportPlace>,
    /// In the receiver's words.
    pub note: Option<Private<String>>,
}

impl Store {
    /// Takes the receiver's answer how the import went. The same answer again changes nothing; another one is refused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer_import(
        &self,
        hand: &Hand,
        id: TransmissionId,
        report: ImportReport,
    ) -> Result<Answered, Error> {
        let Ok(note) = presentable(report.note.as_ref()) else { return Ok(Answered::UnfitNote) };
        let (sealed, note_index) = match &note {
            Some(note) => (
                Some(self.seal_field(NOTE, id, note.as_bytes())?),
                self.keyed_index(NOTE_FIELD, format!("{id}\n{note}").as_bytes())?,
            ),
            None => (None, String::new()),
        };
        let (asker, hand, outcome, places) = (hand.asker().clone(), hand.clone(), report.outcome, report.places);
        let answered = self
            .change(&asker, id, move |c, asker, set, now, at| {
                Box::pin(async move {
                    if set.receiver != asker.office.register.number {
                        return Ok(Answer::NotFound);
                    }
                    let count = files(c, id).await?.len();
                    let answer = match ImportAnswer::new(outcome, places, count) {
                        Ok(answer) => answer,
                        Err(unfit) => return Ok(Answer::Done(Answered::Unfit(unfit))),
                    };
                    let digest = receipt::places_digest(answer.places());
                    let act = hand.act(Action::SetAnswer, now).object(id).code("outcome", outcome.id());
                    let act = counterpart(act.hex("places", &digest), asker, &set);
                    let mut decided = next(set.state(), Step::Import(outcome)).map(|_| ());
                    if decided.is_ok() && set.outcome.is_some() {
                        let kept: (String, String) =
                            sqlx::query_as(KEPT).bind(id.to_string()).fetch_one(&mut *c).await?;
                        if kept == (answer.places_text(), note_index.clone()) {
                            return Ok(Answer::Done(Answered::Done(Box::new(set))));
                        }
                        decided = Err(Refusal::AlreadyAnswered);
                    }
                    if let Err(refusal) = decided {
                        crate::record::append(c, &act.refused(refusal)?).await?;
                        return Ok(Answer::Refused(refusal));
                    }
                    let changed = sqlx::query(ANSWER)
                        .bind(id.to_string())
                        .bind(asker.office.id.to_string())
                        .bind(outcome.id())
                        .bind(at)
                        .execute(&mut *c)
                        .await?;
                    if changed.rows_affected() != 1 {
                        return Err(Error::Impossible("transmission.outcome"));
                    }
                    let kept = sqlx::query(KEEP).bind(id.to_string()).bind(answer.places_text());
                    kept.bind(sealed).bind(note_index).execute(&mut *c).await?;
                    append_step(c, id, Step::Import(outcome), &act.done()?).await?;
                    let set = find(c, asker, id).await?;
                    Ok(set.map_or(Answer::NotFound, |set| Answer::Done(Answered::Done(Box::new(set)))))
                })
            })
            .await?;
        Ok(match answered {
            Answer::Done(answered) => answered,
            Answer::Refused(refusal) => Answered::Refused(refusal),
            Answer::NotFound => Answered::NotFound,
        })
    }

    /// What the receiver said about a set, for its two offices: the caller has found the set for one of them.
    ///
    /// # Errors
    /// When the database fails, or the note does not open.
    pub async fn import_given(&self, set: &Transmission) -> Result<Option<ImportGiven>, Error> {
        let (Some(outcome), Some(at)) = (set.outcome, set.answered_at.clone()) else { return Ok(None) };
        let (places, sealed): (String, Option<Vec<u8>>) =
            sqlx::query_as(READ).bind(set.id.to_string()).fetch_one(&self.reads).await?;
        let places = read_places(&places).ok_or(Error::Impossible("import_answer.places"))?;
        let note = sealed.map(|sealed| self.open_text(NOTE, set.id, &sealed)).transpose()?;
        Ok(Some(ImportGiven { outcome, at, places, note }))
    }
}

/// The note without what cannot be shown; nothing where there is none.
fn presentable(note: Option<&Private<String>>) -> Result<Option<&str>, ()> {
    let Some(note) = note.map(|note| note.reveal().trim()).filter(|note| !note.is_empty()) else { return Ok(None) };
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let sound = note.chars().count() <= NOTE_CHARACTERS_MAX && note.chars().all(shown);
    if sound { Ok(Some(note)) } else { Err(()) }
}
