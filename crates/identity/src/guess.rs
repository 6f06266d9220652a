//! 推測への備え: how wrong tries are slowed, without locking others out.

use jiff::{SignedDuration, Timestamp};

use crate::session::later;

/// Wrong tries that cost nothing: people mistype.
pub const FREE_TRIES: u32 = 5;
/// The first wait; each further wrong try doubles it.
pub const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Wrong tries in a row after which waiting no longer helps: the account is locked at this device until somebody's
/// identity has been checked: the counter goes when a case of recovery for the account is done (R8.9).
pub const LOCKED_AFTER: u32 = 50;
/// Without a wrong try for so long, a ladder of waits is forgotten; a lock is not.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// The window of the limits per device and per address.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Wrong tries per device in a window, over all accounts.
pub const DEVICE_TRIES: u32 = 30;
/// Wrong tries per source address in a window; a whole town's offices may share one.
pub const ADDRESS_TRIES: u32 = 100;

/// 数える単位 — what wrong tries are counted against. There is none for the account alone and none for the exchange as a
/// whole: with either, a stranger could lock people out (R8.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Passwords for one login at one device.
    Password,
    /// Second factors for one account at one device. A right password does not clear it.
    SecondFactor,
    /// One-time codes for one login at one device.
    OneTimeCode,
    /// Anything wrong at one device, whatever the login.
    Device,
    /// Anything wrong from one source address.
    Address,
}

impl Bucket {
    /// Every bucket, for documents and tests.
    pub const ALL: [Self; 5] = [Self::Password, Self::SecondFactor, Self::OneTimeCode, Self::Device, Self::Address];

    /// Stable id: the first part of a counter's key.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second-factor",
            Self::OneTimeCode => "one-time-code",
            Self::Device => "device",
            Self::Address => "address",
        }
    }

    /// How it limits.
    #[must_use]
    pub const fn limit(self) -> Limit {
        match self {
            Self::Password | Self::SecondFactor | Self::OneTimeCode => Limit::Ladder,
            Self::Device => Limit::PerWindow(DEVICE_TRIES),
            Self::Address => Limit::PerWindow(ADDRESS_TRIES),
        }
    }
}

/// How tries are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Some tries free, then waits that double, then a lock.
    Ladder,
    /// So many in [`WINDOW`].
    PerWindow(u32),
}

/// 失敗の数 — as kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Wrong tries, and tries under way.
    pub failures: u32,
    /// Since when they are counted; for a ladder, the latest.
    pub since: Timestamp,
    /// Until when nothing is tried.
    pub blocked_until: Option<Timestamp>,
}

/// What a counter allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be tried.
    Allowed,
    /// Not before this.
    WaitUntil(Timestamp),
    /// Not until somebody's identity has been checked (R8.9).
    Locked,
}

/// Whether another try is allowed. `None` is a counter that does not exist yet.
#[must_use]
pub fn decide(counter: Option<&Counter>, limit: Limit, now: Timestamp) -> Decision {
    let Some(counter) = counter else { return Decision::Allowed };
    match limit {
        Limit::Ladder if counter.failures >= LOCKED_AFTER => Decision::Locked,
        Limit::Ladder => match counter.blocked_until {
            Some(until) if now < until => Decision::WaitUntil(until),
            _ => Decision::Allowed,
        },
        Limit::PerWindow(tries) => {
            let ends = later(counter.since, WINDOW);
            if now < ends && counter.failures >= tries { Decision::WaitUntil(ends) } else { Decision::Allowed }
        }
    }
}

/// Counts a try *before* it is made, as if it failed: what to keep, in the same transaction as it was read, or why not to
/// try. Counting afterwards would let a hundred tries at once all find the counter low.
pub fn reserve(counter: Option<&Counter>, limit: Limit, now: Timestamp) -> Result<Counter, Decision> {
    match decide(counter, limit, now) {
        Decision::Allowed => {}
        refused => return Err(refused),
    }
    let fresh = Counter { failures: 0, since: now, blocked_until: None };
    let before = counter.copied().filter(|counter| !forgotten(counter, limit, now)).unwrap_or(fresh);
    let failures = before.failures.saturating_add(1);
    Ok(match limit {
        Limit::Ladder => Counter { failures, since: now, blocked_until: wait(failures).map(|wait| later(now, wait)) },
        Limit::PerWindow(_) => Counter { failures, since: before.since, blocked_until: None },
    })
}

/// What remains of a counter after the try that was reserved turned out right: `None` means that the row can go.
///
/// A right password ends its own ladder. It only gives back its own try where strangers share the counter, or somebody
/// with one account of his own could clear it between guesses at others.
#[must_use]
pub fn after_success(counter: &Counter, limit: Limit) -> Option<Counter> {
    match limit {
        Limit::Ladder => None,
        Limit::PerWindow(_) => {
            let failures = counter.failures.saturating_sub(1);
            (failures > 0).then_some(Counter { failures, ..*counter })
        }
    }
}

/// Whether a counter no longer matters and its row can go.
#[must_use]
pub fn forgotten(counter: &Counter, limit: Limit, now: Timestamp) -> bool {
    match limit {
        Limit::Ladder => {
            counter.failures < LOCKED_AFTER
                && now >= later(counter.blocked_until.unwrap_or(counter.since), FORGOTTEN_AFTER)
        }
        Limit::PerWindow(_) => now >= later(counter.since, WINDOW),
    }
}

fn wait(failures: u32) -> Option<SignedDuration> {
    let doublings = failures.checked_sub(FREE_TRIES)?;
    let mut wait = FIRST_WAIT;
    for _ in 0..doublings {
        if wait >= LONGEST_WAIT {
            break;
        }
        wait = wait.saturating_add(wait);
    }
    Some(wait.min(LONGEST_WAIT))
}
