//! 今月: the index of people that sets are about, the month board, 予実突合 and what stands on them: versions, comments,
//! accepted differences, reminders.
//!
//! The index has a row for each of a set's two offices and every person and matter in it, written in the transaction that
//! takes the set ([`index`]). It holds keyed indexes and, sealed under a key of the office itself, how the person is called
//! ([`labels`]): nothing in it can be read, or compared with another office's, without the key store.

mod chain;
mod compare;
mod current;
mod find;
mod index;
mod labels;
mod lines;
mod month;
mod reminders;
mod words;

#[cfg(test)]
mod tests;

pub use chain::{Chain, ChainState, ChainStep, SetStanding};
pub use compare::{Compared, Kept, PAIRS_AT_ONCE_MAX, Standing, difference_key, differences_of, offices_compared};
pub use labels::Label;
pub use month::{BOARD_PEOPLE_MAX, Board, BoardAsked, BoardLine, BoardPerson, Only, Order, PartnerLine, SetState};
pub use reminders::{Reminded, Reminder};
pub use words::{ACCEPTED_MAX, AcceptedDifference, COMMENT_CHARACTERS_MAX, COMMENTS_MAX, Comment, CommentMade};

pub(crate) use index::{Roster, Rows, forget, take_back, write};
pub(crate) use labels::{LabelKeys, reseal};

use crate::hex::hex;
use crate::{Error, Keys, OfficeId, PersonId};
use standard::truth::Subject;
use standard::value::PersonKey;
use standard::{ServiceMonth, UnitKind};

/// 対象の種類 — what a set replaces or takes away as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// 第6・7表.
    Plan,
    /// 実績.
    Actual,
    /// 第1〜3表.
    CarePlan,
    /// 利用者基本情報.
    BasicInfo,
    /// 介護予防サービス・支援計画書.
    PreventionPlan,
}

impl Family {
    const ALL: [Self; 5] = [Self::Plan, Self::Actual, Self::CarePlan, Self::BasicInfo, Self::PreventionPlan];

    /// As tables spell it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Actual => "actual",
            Self::CarePlan => "care",
            Self::BasicInfo => "basic",
            Self::PreventionPlan => "prevention",
        }
    }

    fn from_id(id: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|family| family.id() == id).ok_or(Error::Impossible("person_set.family"))
    }

    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Plan => "予定（第6・7表）",
            Self::Actual => "実績",
            Self::CarePlan => "居宅サービス計画書（第1〜3表）",
            Self::BasicInfo => "利用者基本情報",
            Self::PreventionPlan => "介護予防サービス・支援計画書",
        }
    }

    const fn of(subject: &Subject) -> (Self, Option<ServiceMonth>) {
        match subject {
            Subject::Schedule(month) => (Self::Plan, Some(*month)),
            Subject::Actuals { month, .. } => (Self::Actual, Some(*month)),
            Subject::CarePlan(_) => (Self::CarePlan, None),
            Subject::BasicInfo(_) => (Self::BasicInfo, None),
            Subject::PreventionPlan(_) => (Self::PreventionPlan, None),
        }
    }
}

/// Bytes of an index that are kept.
const INDEX_BYTES: usize = 16;

/// The person as this office's rows name them.
pub(crate) fn person_id(keys: &Keys, office: OfficeId, person: &PersonKey) -> Result<PersonId, Error> {
    let value = format!("{office}/{}/{}", person.insurer.as_str(), person.insured.as_str());
    let index = keys.blind_index("person", value.as_bytes())?;
    let mut bytes = [0; INDEX_BYTES];
    bytes.copy_from_slice(&index[..INDEX_BYTES]);
    Ok(PersonId::from_bytes(bytes))
}

fn short_index(keys: &Keys, field: &str, value: &str) -> Result<String, Error> {
    Ok(hex(&keys.blind_index(field, value.as_bytes())?[..INDEX_BYTES]))
}

fn kind_of(text: &str) -> Result<UnitKind, Error> {
    UnitKind::from_id(text).ok_or(Error::Impossible("transmission.kind"))
}
