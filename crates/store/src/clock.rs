use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::ClockState;

/// Where the store takes its time from. Tests bring their own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;

    /// How far that can be trusted, as last seen: never waits (R10.3).
    fn state(&self) -> ClockState {
        ClockState::Unknown
    }
}

/// The host's clock, of which nothing more is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// RFC 3339 in UTC with exactly three decimals, so that text order is time order.
pub(crate) fn text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// As people in Japan read it: `11月22日 16:20`. An instant that is not ours is shown as it is.
#[must_use]
pub fn japanese_time(instant: &str) -> String {
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).strftime("%-m月%-d日 %H:%M").to_string(),
        Err(_) => instant.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_as_text() {
        let whole = Timestamp::from_second(1_800_000_000).expect("in range");
        assert_eq!(text(whole), "2027-01-15T08:00:00.000Z");
        assert!(text(whole) < text(Timestamp::from_millisecond(1_800_000_000_001).expect("in range")));
    }

    #[test]
    fn people_read_japanese_time() {
        assert_eq!(japanese_time("2026-12-31T15:05:00.000Z"), "1月1日 00:05");
    }
}
