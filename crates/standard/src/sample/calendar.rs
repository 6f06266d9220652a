use std::fmt;

/// A day of the proleptic Gregorian calendar; `Display` is YYYYMMDD.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Day {
    pub(super) year: i32,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl Day {
    /// Days since 1970-01-01, after Howard Hinnant's `days_from_civil`.
    fn number(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = (i64::from(self.month) + 9) % 12;
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn from_number(number: i64) -> Self {
        let shifted = number + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Day { year: (era * 400 + year + i64::from(month <= 2)) as i32, month: month as u32, day: day as u32 }
    }

    pub(super) fn plus(self, days: i64) -> Self {
        Day::from_number(self.number() + days)
    }

    /// 1 is Monday, 7 is Sunday, as in 第3表.
    pub(super) fn weekday(self) -> u32 {
        ((self.number() + 3).rem_euclid(7) + 1) as u32
    }

    /// 令和 as printed on the forms: R8.4.1
    pub(super) fn reiwa(self) -> String {
        format!("R{}.{}.{}", self.year - 2018, self.month, self.day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

/// A month; `Display` is YYYYMM.
#[derive(Clone, Copy)]
pub(super) struct Month {
    pub(super) year: i32,
    pub(super) month: u32,
}

impl Month {
    pub(super) fn first(self) -> Day {
        self.on(1)
    }

    pub(super) fn on(self, day: u32) -> Day {
        Day { year: self.year, month: self.month, day }
    }

    pub(super) fn length(self) -> u32 {
        (self.after(1).first().number() - self.first().number()) as u32
    }

    pub(super) fn after(self, months: i32) -> Month {
        let count = self.year * 12 + self.month as i32 - 1 + months;
        Month { year: count.div_euclid(12), month: (count.rem_euclid(12) + 1) as u32 }
    }

    pub(super) fn days(self) -> impl Iterator<Item = Day> {
        (1..=self.length()).map(move |day| self.on(day))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_day_is_followed_by_march() {
        let leap = Day { year: 2028, month: 2, day: 29 };
        assert_eq!(leap.plus(1).to_string(), "20280301");
        assert_eq!(Month { year: 2028, month: 2 }.length(), 29);
        assert_eq!(Month { year: 2100, month: 2 }.length(), 28);
    }

    #[test]
    fn a_known_sunday_is_a_sunday() {
        assert_eq!(Day { year: 2026, month: 11, day: 22 }.weekday(), 7);
        assert_eq!(Day { year: 2026, month: 11, day: 23 }.weekday(), 1);
    }
}
