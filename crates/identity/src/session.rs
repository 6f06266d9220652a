//! サインイン: how far it has come, and when it ends.

use jiff::{SignedDuration, Timestamp};

use crate::factor::{Kind, Proof, TwoFactors};
use crate::recovery::{Purpose, Redeemed};

/// Without a request for so long, a session ends (R8.14).
pub const IDLE: SignedDuration = SignedDuration::from_mins(15);
/// However busy, a session ends after this (R8.14).
pub const ABSOLUTE: SignedDuration = SignedDuration::from_hours(12);
/// Between the password and the second factor.
pub const HALF_WAY: SignedDuration = SignedDuration::from_mins(5);
/// Between the one-time code and the last step of the set-up.
pub const ENROLMENT: SignedDuration = SignedDuration::from_mins(30);
/// How far a clock may go back, by a correction over the network, before sessions are no longer believed.
pub const CLOCK_BACK_MAX: SignedDuration = SignedDuration::from_mins(1);

/// サインインの段階 — how far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The password was right; only the second factor can be shown.
    Password,
    /// A one-time code was right; only the set-up can be reached (R8.12).
    Enrol,
    /// Two factors.
    Full,
    /// 一時パス — reduced rights, with an end (R8.13).
    Temporary,
}

impl Level {
    /// Every level, for documents and tests.
    pub const ALL: [Self; 4] = [Self::Password, Self::Enrol, Self::Full, Self::Temporary];

    /// Stable id, for tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Enrol => "enrol",
            Self::Full => "full",
            Self::Temporary => "temporary",
        }
    }

    /// The level with this id. For reading back a session that [`Opening`] began.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.id() == id)
    }

    /// How long without a request.
    #[must_use]
    pub const fn idle(self) -> SignedDuration {
        match self {
            Self::Password => HALF_WAY,
            Self::Enrol | Self::Full | Self::Temporary => IDLE,
        }
    }

    /// How long in all.
    #[must_use]
    pub const fn absolute(self) -> SignedDuration {
        match self {
            Self::Password => HALF_WAY,
            Self::Enrol => ENROLMENT,
            Self::Full | Self::Temporary => ABSOLUTE,
        }
    }
}

/// サインインの開始 — the right to write a new session. Each level has one way in, and [`Level::Full`] only by two factors.
///
/// ```compile_fail,E0308
/// # fn check(proof: fumibako_identity::Proof, now: jiff::Timestamp) {
/// let _ = fumibako_identity::Opening::full(proof, now);
/// # }
/// ```
///
/// ```compile_fail,E0451
/// use fumibako_identity::{Level, Opening};
/// # fn check(now: jiff::Timestamp) {
/// let _ = Opening { level: Level::Full, account: "a".into(), started_at: now, ends_at: now };
/// # }
/// ```
#[derive(Debug)]
pub struct Opening {
    level: Level,
    account: Box<str>,
    started_at: Timestamp,
    ends_at: Timestamp,
}

impl Opening {
    /// Half-way: the password was right. `None` for a proof that is not a password's.
    #[must_use]
    pub fn half_way(password: &Proof, now: Timestamp) -> Option<Self> {
        (password.kind() == Kind::Knowledge).then(|| Self::at(Level::Password, password.account(), now, None))
    }

    /// Signed in, by two factors (R8.2).
    #[must_use]
    pub fn full(factors: TwoFactors, now: Timestamp) -> Self {
        Self::at(Level::Full, factors.account(), now, None)
    }

    /// The set-up, by a one-time code (R8.12). `None` for the code of a temporary pass, which sets nothing up.
    #[must_use]
    pub fn enrol(code: Redeemed, now: Timestamp) -> Option<Self> {
        let sets_up = code.purpose().sets_password() || code.purpose().sets_factor();
        sets_up.then(|| Self::at(Level::Enrol, code.account(), now, None))
    }

    /// With a temporary pass: a right password and a redeemed code for a pass, of one account (R8.13). `None` otherwise.
    #[must_use]
    pub fn temporary(password: Proof, pass: Redeemed, ends_at: Timestamp, now: Timestamp) -> Option<Self> {
        let fits = password.kind() == Kind::Knowledge
            && password.account() == pass.account()
            && pass.purpose() == Purpose::Temporary;
        fits.then(|| Self::at(Level::Temporary, password.account(), now, Some(ends_at)))
    }

    fn at(level: Level, account: &str, now: Timestamp, ends_at: Option<Timestamp>) -> Self {
        let absolute = later(now, level.absolute());
        let ends_at = ends_at.map_or(absolute, |given| given.min(absolute));
        Self { level, account: account.into(), started_at: now, ends_at }
    }

    /// How far this session has come.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// When it begins.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it ends at the latest.
    #[must_use]
    pub const fn ends_at(&self) -> Timestamp {
        self.ends_at
    }
}

/// The instants of a session.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it began.
    pub started_at: Timestamp,
    /// Its latest request.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// Why a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// 操作がなかった.
    #[error("idle")]
    Idle,
    /// 時間いっぱい.
    #[error("absolute limit")]
    Absolute,
    /// The clock stands before the session's own times; whoever set it back must not make sessions live longer.
    #[error("the clock went back")]
    Clock,
}

impl Ended {
    /// What to tell the person.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Idle => "しばらく操作がなかったため、サインアウトしました。",
            Self::Absolute => "サインインから長い時間がたったため、サインアウトしました。",
            Self::Clock => "サインインの時刻を確かめられないため、サインアウトしました。",
        }
    }
}

/// Until when the session stands, or why it does not (R8.14). A session ends at its limit, not after it.
pub fn standing(level: Level, times: &Times, now: Timestamp) -> Result<Timestamp, Ended> {
    let Times { started_at, seen_at, ends_at } = *times;
    if later(now, CLOCK_BACK_MAX) < seen_at.max(started_at) {
        return Err(Ended::Clock);
    }
    let absolute = ends_at.min(later(started_at, level.absolute()));
    if now >= absolute {
        return Err(Ended::Absolute);
    }
    let idle = later(seen_at, level.idle());
    if now >= idle {
        return Err(Ended::Idle);
    }
    Ok(idle.min(absolute))
}

/// `at + by`, or the end of time.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
