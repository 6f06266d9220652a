//! Instants as an auditor reads them: UTC, RFC 3339, always with milliseconds.

use std::fmt;
use std::str::FromStr;

use crate::EntryError;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, at latest in the year 9999. Storage is UTC; the screen shows Japan
/// Standard Time (R10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// 9999-12-31T23:59:59.999Z: the last instant with a year of four digits.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// From milliseconds since the epoch. An instant before 1970 or after 9999 is a broken clock, not a time.
    pub fn from_millisecond(ms: i64) -> Result<Self, EntryError> {
        if (0..=Self::MAX.0).contains(&ms) { Ok(Self(ms)) } else { Err(EntryError::TimeOutOfRange) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn as_millisecond(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0 / DAY_MS, self.0 % DAY_MS);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
        let (second, milli) = (ms / 1000 % 60, ms % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let malformed = EntryError::Malformed("instant");
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| {
            bytes
                .get(from..to)?
                .iter()
                .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
        };
        let parse = || {
            let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
            let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
            Some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + number(20, 23)?)
        };
        // Whatever is out of range or punctuated otherwise is written differently, and so is refused.
        let read = Self::from_millisecond(parse().ok_or(malformed)?)?;
        if read.to_string() == text { Ok(read) } else { Err(malformed) }
    }
}

// Howard Hinnant's algorithms for the proleptic Gregorian calendar, for days from 1970-01-01 on.

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_index = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}
