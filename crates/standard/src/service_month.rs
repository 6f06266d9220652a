use crate::calendar;
use std::fmt;
use std::str::FromStr;

/// 対象年月 — the month a service is for, YYYYMM.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceMonth {
    year: u16,
    month: u8,
}

impl ServiceMonth {
    /// 令和7年4月, from which edition 4 applies.
    pub const EDITION_4: ServiceMonth = ServiceMonth { year: 2025, month: 4 };
    /// 令和5年1月, from which edition 3 applies.
    pub const EDITION_3: ServiceMonth = ServiceMonth { year: 2023, month: 1 };

    /// Of an edition that does not exist.
    #[cfg(test)]
    pub(crate) const EDITION_2099: ServiceMonth = ServiceMonth { year: 2099, month: 4 };

    /// A month that exists.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        format!("{year:04}{month:02}").parse().ok()
    }

    /// From the bytes of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAServiceMonth> {
        if !calendar::is_month(bytes) {
            return Err(NotAServiceMonth);
        }
        let number = calendar::number(bytes).ok_or(NotAServiceMonth)?;
        Ok(ServiceMonth { year: (number / 100) as u16, month: (number % 100) as u8 })
    }

    /// 西暦.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 月, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The last day of the month.
    pub const fn days(self) -> u8 {
        calendar::days_in(self.year as u32, self.month as u32) as u8
    }

    /// The six digits as bytes.
    pub(crate) fn digits(self) -> [u8; 6] {
        let (year, month) = (self.year, u16::from(self.month));
        [year / 1000, year / 100 % 10, year / 10 % 10, year % 10, month / 10, month % 10]
            .map(|digit| b'0' + digit as u8)
    }
}

/// 対象年月ではない — not six digits, or no month of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("対象年月は実在する年月の数字6桁です")]
pub struct NotAServiceMonth;

impl FromStr for ServiceMonth {
    type Err = NotAServiceMonth;
    fn from_str(text: &str) -> Result<Self, NotAServiceMonth> {
        ServiceMonth::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for ServiceMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Debug for ServiceMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceMonth({self})")
    }
}
