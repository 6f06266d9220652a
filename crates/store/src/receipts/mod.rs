//! 送達の証明: what became of a set, what is overdue, and the documents that prove it (R1.10, R10.1).

mod answer;
mod document;
mod evidence;
mod overdue;

pub use answer::{Answered, ImportGiven, ImportReport, NOTE_CHARACTERS_MAX};
pub use document::GivenReceipt;
pub use evidence::{Doer, EVIDENCE_SETS_MAX, Evidence, EvidenceAsked, EvidenceRow};
pub use overdue::{OVERDUE_MAX, Overdue};

use crate::database::Connection;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Asker, Error, TransmissionId};
use exchange::Step;
use jiff::Timestamp;
use ledger::{Action, Entry};
use receipt::StepName;
use std::sync::Arc;

/// By whose hand something is done: a program on its device, or a person signed in on it.
#[derive(Clone)]
pub enum Hand {
    /// A program.
    Program(Asker),
    /// A person.
    Person(Arc<Person>),
}

impl From<&Asker> for Hand {
    fn from(asker: &Asker) -> Self {
        Self::Program(asker.clone())
    }
}

impl From<&Arc<Person>> for Hand {
    fn from(person: &Arc<Person>) -> Self {
        Self::Person(Arc::clone(person))
    }
}

impl Hand {
    pub(crate) fn asker(&self) -> &Asker {
        match self {
            Self::Program(asker) => asker,
            Self::Person(person) => &person.asker,
        }
    }

    pub(crate) fn act(&self, action: Action, now: Timestamp) -> Act {
        match self {
            Self::Program(asker) => Act::asker(action, asker, now),
            Self::Person(person) => Act::person(action, person, now),
        }
    }
}

const KEEP_STEP: &str = "INSERT INTO transmission_step (transmission_id, step, entry_index) VALUES ($1, $2, $3)";

/// Records a step of a set's life, and where the record stands.
pub(crate) async fn append_step(
    c: &mut Connection,
    id: TransmissionId,
    step: Step,
    entry: &Entry,
) -> Result<(), Error> {
    let index = record::append(c, entry).await?;
    let step = match step {
        Step::Collect => StepName::Collected,
        Step::Acknowledge => StepName::Acknowledged,
        Step::Import(_) => StepName::Answered,
        Step::Withdraw => StepName::Withdrawn,
        Step::Erase => StepName::Erased,
    };
    sqlx::query(KEEP_STEP).bind(id.to_string()).bind(step.id()).bind(index).execute(c).await?;
    Ok(())
}
