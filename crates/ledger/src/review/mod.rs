//! ログ点検 — what a reviewer should look at, found in a stretch of the log (R10.8).
//!
//! Pure: entries in, findings out. An [`Examiner`] is shown every entry of a period once, in order, together with what was
//! [`Known`] before; it keeps no entry, only counts, so a month of any length fits into a bounded memory.

mod examiner;
mod windows;

pub use examiner::Examiner;

use crate::{Timestamp, Token};
use std::collections::{HashMap, HashSet};

/// Night begins at this hour in Japan.
pub const NIGHT_FROM_HOUR: i64 = 22;
/// And ends at this one.
pub const NIGHT_UNTIL_HOUR: i64 = 6;
/// Sets that a person opens within an hour and that are still a day's work.
pub const PERSON_READS_PER_HOUR: usize = 100;
/// Sets that a program opens again within an hour. What it collects for the first time is not counted.
pub const PROGRAM_READS_PER_HOUR: usize = 300;
/// Pages that a person asks for within an hour.
pub const PAGES_PER_HOUR: usize = 600;
/// Sign-ins that fail within an hour, for one account or at one device.
pub const FAILED_SIGN_INS_PER_HOUR: usize = 5;
/// Refusals within an hour, for one person or device.
pub const REFUSALS_PER_HOUR: usize = 20;
/// Findings of one review. What is beyond is counted and said to be there.
pub const FINDINGS_MAX: usize = 5_000;
/// Entries that a finding names; how many there are is counted besides.
pub const EXAMPLES_MAX: usize = 20;
/// People, devices and pairs of offices that are kept in mind at once.
pub const REMEMBERED_MAX: usize = 1_000_000;

macro_rules! patterns {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// 点検の観点 — why entries are shown to a reviewer. The id stands in stored findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Pattern {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Pattern {
            /// Every pattern, the gravest first.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The id in stored findings.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

patterns! {
    /// Somebody whose account, office or device had ended did something, or tried to.
    AfterLeaving = "after-leaving",
    /// A sealed box did not open: altered, moved, or under another key.
    Damaged = "damaged",
    /// A set was opened by an office that never exchanged with the other.
    NoRelation = "no-relation",
    /// Sets, or pages, were opened in great number.
    MassReading = "mass-reading",
    /// Somebody looked at sets, pages or the log at night.
    Night = "night",
    /// Sign-ins failed again and again.
    FailedSignIns = "failed-sign-ins",
    /// Something came from a terminal that is not known here, or not for this person.
    UnknownTerminal = "unknown-terminal",
    /// One account was in use at two terminals at once.
    TwoPlaces = "two-places",
    /// Somebody was refused again and again.
    Refusals = "refusals",
    /// The way round the ordinary: temporary passes, recovery codes, recoveries.
    Emergency = "emergency",
    /// Somebody got a role at the operator.
    OperatorRole = "operator-role",
    /// Keys or authorities were used or changed by people.
    Keys = "keys",
    /// The operator worked at the command line.
    CommandLine = "command-line",
    /// The log was read or exported.
    LogRead = "log-read",
    /// Two offices exchanged for the first time.
    FirstPartner = "first-partner",
    /// The server started without having stopped in order.
    UncleanStop = "unclean-stop",
    /// The clock was not known to be right.
    Clock = "clock",
}

impl Pattern {
    /// The pattern of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|pattern| pattern.id() == id)
    }
}

/// 点検の所見 — entries that belong together and that somebody should judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub pattern: Pattern,
    /// Who it is about, as entries spell it: an actor, a source, or nobody.
    pub subject: String,
    /// The account it is about: nobody judges what concerns their own.
    pub account: Option<Token>,
    /// The office whose doing it was.
    pub office: Option<Token>,
    /// How many entries.
    pub entries: u64,
    /// The first of them.
    pub first_index: u64,
    /// When that was.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_index: u64,
    /// When that was.
    pub last_at: Timestamp,
    /// The first few, by their index.
    pub examples: Vec<u64>,
}

/// What a period amounts to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The gravest first.
    pub list: Vec<Finding>,
    /// How many more there would have been than fit.
    pub unlisted: u64,
    /// Entries looked at.
    pub entries: u64,
}

/// What was so before the period began.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Pairs of offices that have exchanged, the lesser number first: see [`Known::pair`].
    pub partners: HashSet<(Token, Token)>,
    /// Accounts, offices and devices that had ended, by their id.
    pub ended: HashSet<Token>,
    /// Whether the server was open.
    pub serving: bool,
}

impl Known {
    /// Two offices in the one order in which they are kept.
    #[must_use]
    pub fn pair(one: Token, other: Token) -> (Token, Token) {
        if one <= other { (one, other) } else { (other, one) }
    }
}

/// What the examiner counts by: the pattern, about whom, and whose office.
type Key = (Pattern, String, Option<Token>);
type Found = HashMap<Key, Finding>;
