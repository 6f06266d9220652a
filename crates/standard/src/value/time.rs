use crate::ServiceMonth;
use crate::calendar;
use std::fmt;

/// 日付 — a day that exists, from YYYYMMDD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// From the eight digits of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Option<Date> {
        let number = calendar::is_date(bytes).then(|| calendar::number(bytes)).flatten()?;
        Some(Date { year: (number / 10_000) as u16, month: (number / 100 % 100) as u8, day: (number % 100) as u8 })
    }

    /// 西暦.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 月, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 日, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The month it lies in.
    pub fn service_month(self) -> Option<ServiceMonth> {
        ServiceMonth::new(self.year, self.month)
    }
}

/// `2026-04-01`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// 時刻 — HHMM from 0000 to 2400, or 9999 for a service without a time (別紙 第6表.12, 第3表.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Time {
    /// A time of day; 24:00 is the end of the day (README A26).
    At {
        /// 0 to 24.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// 9999
    Without,
}

impl Time {
    /// From the four digits of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Option<Time> {
        let number = (bytes.len() == 4).then(|| calendar::number(bytes)).flatten()?;
        let (hour, minute) = ((number / 100) as u8, (number % 100) as u8);
        match number {
            9999 => Some(Time::Without),
            2400 => Some(Time::At { hour, minute }),
            _ => (hour < 24 && minute < 60).then_some(Time::At { hour, minute }),
        }
    }

    /// Minutes since midnight; none for a service without a time.
    pub const fn minutes(self) -> Option<u16> {
        match self {
            Time::At { hour, minute } => Some(hour as u16 * 60 + minute as u16),
            Time::Without => None,
        }
    }
}

/// `09:30`; `--:--` for a service without a time.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::At { hour, minute } => write!(f, "{hour:02}:{minute:02}"),
            Time::Without => f.write_str("--:--"),
        }
    }
}

/// 日割対象日 — the days of a month a service is claimed for (別紙 第6表.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DayMask(u32);

impl DayMask {
    /// From the 31 characters of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Option<DayMask> {
        let days: &[u8; 31] = bytes.try_into().ok()?;
        let mut mask = DayMask::default();
        for (day, byte) in (1..=31u8).zip(days) {
            match byte {
                b'1' => mask = mask.with(day),
                b'0' => {}
                _ => return None,
            }
        }
        Some(mask)
    }

    /// The same days and this one; a day no month has changes nothing.
    #[must_use]
    pub const fn with(self, day: u8) -> DayMask {
        if matches!(day, 1..=31) { DayMask(self.0 | 1 << (day - 1)) } else { self }
    }

    /// Whether the day is one of them.
    pub const fn has(self, day: u8) -> bool {
        matches!(day, 1..=31) && self.0 >> (day - 1) & 1 != 0
    }

    /// The days of either (README A27: a reader takes the union of the rows).
    #[must_use]
    pub const fn union(self, other: DayMask) -> DayMask {
        DayMask(self.0 | other.0)
    }

    /// The days of this one that the other lacks.
    #[must_use]
    pub const fn without(self, other: DayMask) -> DayMask {
        DayMask(self.0 & !other.0)
    }

    /// How many days.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// No day at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The days, ascending.
    pub fn days(self) -> impl Iterator<Item = u8> {
        (1..=31).filter(move |day| self.has(*day))
    }
}
