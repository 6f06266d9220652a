//! 証跡を読む — the log as people read it: found, exported, reviewed. Reading it is itself recorded, before anything is
//! shown (R10.7); what an office reads is its own (R12.2).

mod export;
mod index;
mod names;
mod prepare;
mod read;
mod review;

pub use export::{EXPORT_ENTRIES_MAX, Export, ExportAnswer};
pub use read::{LogCursor, LogFilter, LogPage, LogRow};
pub use review::{Judged, ReviewClosed, ReviewFinding, ReviewPage, ReviewRow, Verdict};

use crate::people::{Column, Person};
use crate::record::Act;
use crate::{Clock as _, ClockLook, Error, ScanState, Store, WatchedClock, clock};
use identity::role::Deed;
use ledger::{Action, ClockState};
use std::sync::Arc;

const PURPOSE: Column = Column("log_export", "purpose_sealed");
const NOTE: Column = Column("review_finding", "note_sealed");

/// Whose log somebody may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// 監査担当: every entry.
    All,
    /// 事業所の管理者: what their own office did.
    Office(crate::OfficeId, standard::OfficeNumber),
}

impl Scope {
    fn of(person: &Person) -> Option<Self> {
        if person.may(Deed::ReadLedger) {
            Some(Self::All)
        } else if person.may(Deed::ReadOfficeLedger) && !person.office.is_operator {
            Some(Self::Office(person.office.id, person.office.register.number))
        } else {
            None
        }
    }

    fn office_id(self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Office(id, _) => Some(id.to_string()),
        }
    }

    /// Empty: every office, and none.
    fn office_number(self) -> String {
        match self {
            Self::All => String::new(),
            Self::Office(_, number) => number.to_string(),
        }
    }
}

/// What those who look after the log must be told on every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// The clock, where it needs care.
    pub clock: Option<ClockState>,
    /// Reviews that are past their day, of those this person looks after.
    pub overdue: u64,
    /// 重要な知らせ this person has yet to see (R6.6).
    pub unseen: u64,
    /// The doors of the exchange, where they need care (R5.11).
    pub doors: Option<ScanState>,
}

const OVERDUE: &str = "
    SELECT count(*) FROM review WHERE closed_at IS NULL AND due_at <= $1 AND coalesce(office_id, '') = $2";

impl Store {
    /// How far the clock by which everything is dated can be trusted (R10.3).
    #[must_use]
    pub fn clock_state(&self) -> ClockState {
        self.clock.state()
    }

    /// What this person must be told wherever they are; `None` for whom it is not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alarms(&self, person: &Person) -> Result<Option<Alarms>, Error> {
        let operator = person.may(Deed::ReadLedger) || person.may(Deed::ManageOperators);
        let unseen = self.unseen_alarms(person).await?;
        let health = person.may(Deed::SeeHealth);
        let reviews = match Scope::of(person) {
            Some(scope) => Some(scope.office_id().unwrap_or_default()),
            None => operator.then(String::new),
        };
        if reviews.is_none() && !health && unseen == 0 {
            return Ok(None);
        }
        let doors = if health { Some(self.scan_state().await?) } else { None };
        let doors = doors.filter(|state| *state != ScanState::Sound);
        let overdue: i64 = match reviews {
            Some(place) => sqlx::query_scalar(OVERDUE).bind(self.now_text()).bind(place).fetch_one(&self.reads).await?,
            None => 0,
        };
        let state = self.clock.state();
        let clock = Some(state).filter(|state| operator && state.needs_care());
        Ok(Some(Alarms { clock, overdue: u64::try_from(overdue).unwrap_or_default(), unseen, doors }))
    }

    /// Looks at the clock and records when what is known of it changes, or when it was set (R10.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_at_clock(&self, watched: &Arc<WatchedClock>) -> Result<ClockLook, Error> {
        let before = watched.state();
        let look = watched.look().await;
        let changed = before.is_sound() != look.state.is_sound() || before.needs_care() != look.state.needs_care();
        if changed || look.jump_ms.is_some() {
            let offset = look.state.offset_ms().unwrap_or_default();
            let mut act = Act::system(Action::ClockChange, self.clock.now())
                .code("state", if look.state.is_sound() { "sound" } else { "unsound" })
                .number("offset_ms", u64::from(offset.unsigned_abs()))
                .number("answers", look.answers as u64)
                .number("excluded", look.excluded as u64);
            if let Some(jump) = look.jump_ms {
                act = act.number("jump_ms", jump.unsigned_abs());
            }
            self.record(act.done()?).await?;
            tracing::warn!(state = ?look.state, jump_ms = look.jump_ms, "the clock is otherwise than it was");
        }
        Ok(look)
    }

    /// Records that a person asked for a page, before it is made: without this there is no page (R10.1, R10.2). `page` and
    /// `object` are ours; what is no id of ours is left out.
    ///
    /// # Errors
    /// When the entry is not on disk: then nothing may be shown.
    pub async fn record_page(&self, person: &Person, page: &str, object: Option<&str>) -> Result<(), Error> {
        let mut act = Act::person(Action::PageView, person, self.clock.now()).code("page", page);
        if let Some(object) = object.filter(|object| object.parse::<ledger::Token>().is_ok()) {
            act = act.object(object);
        }
        self.record(act.done()?).await
    }
}

/// An instant as it stands in entries.
fn text(at: jiff::Timestamp) -> String {
    clock::text(at)
}
