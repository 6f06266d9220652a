//! 保存と消去の手順 — what is kept how long, who may erase it, and what must not be erased (R11.1, R11.6).

mod holds;
mod kinds;
mod rules;

pub use holds::{Hold, HoldPlaced, HoldReleased, HoldScope};
pub use kinds::{Ends, Kind, KindFacts};
pub use rules::{Archive, ArchiveSet, NewRule, RuleInForce, RuleSet};

pub(crate) use holds::{Holds, held};
pub(crate) use rules::{Archives, Rule, archives, name_only, rule_in_force};

use jiff::{SignedDuration, Timestamp};

pub(crate) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// The instant so many days later, or the end of time where that lies beyond.
pub(crate) fn after(instant: Timestamp, days_later: i64) -> Timestamp {
    instant.checked_add(days(days_later)).unwrap_or(Timestamp::MAX)
}
