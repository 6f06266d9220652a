//! Words that several families of pages share.

use jiff::Timestamp;

/// `16時20分`, in Japan.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%-H時%-M分").to_string()
}

/// `2026年11月22日`, in Japan, of an instant of ours.
pub(crate) fn day(instant: &str) -> String {
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%Y年%-m月%-d日").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// `2026年11月22日 16:20:05`, in Japan.
pub(crate) fn moment(instant: &str) -> String {
    let japan = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(japan).strftime("%Y年%-m月%-d日 %H:%M:%S").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// `2026年12月分` of a service month in six digits.
pub(crate) fn month(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..)) {
        (Some(year), Some(month)) => format!("{year}年{}月分", month.trim_start_matches('0')),
        _ => digits.to_owned(),
    }
}

/// The same, or a dash where there was none.
pub(crate) fn time_or_dash(instant: Option<&str>) -> String {
    instant.map_or_else(|| "—".to_owned(), store::japanese_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_japan() {
        let at: Timestamp = "2026-12-31T15:05:00Z".parse().expect("an instant");
        assert_eq!(clock_time(at), "0時5分");
        assert_eq!(day("2026-12-31T15:05:00.000Z"), "2027年1月1日");
        assert_eq!(moment("2026-12-31T15:05:09.123Z"), "2027年1月1日 00:05:09");
        assert_eq!(month("202603"), "2026年3月分");
        assert_eq!(time_or_dash(None), "—");
    }
}
