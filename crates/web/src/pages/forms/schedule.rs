//! 第６表 サービス利用票: one line per service, two rows per line (予定・実績), one column per day.

use super::cell::Cell;
use super::costs::service_name;
use super::entry::{Block, Entry, Mark, by_key};
use super::shown;
use askama::Template;
use standard::value::{Date, Value};
use standard::{FileKind, ServiceMonth};

/// The largest month.
const DAYS_MAX: u8 = 31;

#[derive(Template)]
#[template(path = "forms/schedule.html")]
pub(crate) struct Schedule<'a> {
    planned: bool,
    all: Block<'a>,
    about: Block<'a>,
    days: Vec<Day>,
    lines: Vec<Line<'a>>,
    count: Cell,
    units: Cell,
}

/// A day of the month.
struct Day {
    number: u8,
    /// Blank when the month cannot be read.
    weekday: &'static str,
    class: &'static str,
}

/// サービス — what happens at one office at one time of day under one code.
pub(crate) struct Line<'a> {
    block: Block<'a>,
    /// The kind of service, in words.
    service: String,
    days: Vec<Field>,
    /// Days that are none of the month.
    elsewhere: Vec<Cell>,
    count: Cell,
}

/// A day of a line.
struct Field {
    count: Cell,
    class: &'static str,
}

/// What tells lines apart. The rest of a row is about its day.
const LINE: [&str; 12] = [
    "service_office_no",
    "service_office_name",
    "satellite_no",
    "start_time",
    "end_time",
    "service_code",
    "units",
    "over_30_days",
    "detail_no",
    "tais_code",
    "equipment_notification_code",
    "equipment_name",
];

impl<'a> Schedule<'a> {
    pub(crate) fn title(&self) -> &'static str {
        if self.planned { "サービス利用票（予定）" } else { "サービス利用票（実績）" }
    }

    pub(crate) fn of(kind: FileKind, rows: Vec<Entry<'a>>, about: Block<'a>) -> Self {
        let month = rows.iter().find_map(|row| row.value("target_month").month());
        let all = Block(rows.clone());
        let groups = by_key(rows, |row| LINE.map(|ident| row.key(ident)));
        let lines: Vec<_> = groups.into_iter().map(|(_, rows)| line(month, rows)).collect();
        Self {
            planned: kind == FileKind::Upplan,
            count: total(&all.0, &["service_count"]),
            units: total(&all.0, &["service_count", "units"]),
            about,
            days: (1..=month.map_or(DAYS_MAX, ServiceMonth::days)).map(|number| day(month, number)).collect(),
            lines,
            all,
        }
    }
}

fn day(month: Option<ServiceMonth>, number: u8) -> Day {
    let weekday = month.and_then(|month| weekday(month, number));
    let weekdays = ["月", "火", "水", "木", "金", "土", "日"];
    let class = match weekday {
        Some(5) => "saturday",
        Some(6) => "sunday",
        _ => "",
    };
    Day { number, weekday: weekday.and_then(|day| weekdays.get(day)).copied().unwrap_or_default(), class }
}

/// 0 is Monday.
fn weekday(month: ServiceMonth, day: u8) -> Option<usize> {
    let (year, number) = (i16::try_from(month.year()).ok()?, i8::try_from(month.month()).ok()?);
    let date = jiff::civil::Date::new(year, number, i8::try_from(day).ok()?).ok()?;
    usize::try_from(date.weekday().to_monday_zero_offset()).ok()
}

fn line<'a>(month: Option<ServiceMonth>, rows: Vec<Entry<'a>>) -> Line<'a> {
    let in_month = |date: Date| month.is_none() || date.service_month() == month;
    let on = |row: &Entry<'_>| row.value("service_date").date().filter(|date| in_month(*date)).map(Date::day);
    let days = (1..=month.map_or(DAYS_MAX, ServiceMonth::days)).map(|day| {
        let here = rows.iter().filter(|row| on(row) == Some(day)).cloned().collect();
        let claimed = |row: &Entry<'_>| matches!(row.value("prorated_days"), Value::Days(days) if days.has(day));
        let class = if rows.iter().any(|row| row.mark != Mark::Removed && claimed(row)) { "claimed" } else { "" };
        Field { count: count(here), class }
    });
    Line {
        days: days.collect(),
        elsewhere: rows.iter().filter(|row| on(row).is_none()).map(|row| row.cell("service_date")).collect(),
        count: total(&rows, &["service_count"]),
        service: rows.first().map(service_name).unwrap_or_default(),
        block: Block(rows),
    }
}

/// 回数 of a day.
fn count(rows: Vec<Entry<'_>>) -> Cell {
    match rows.as_slice() {
        [row] if row.value("service_count").is_unreadable() => row.cell("service_count"),
        rows => total(rows, &["service_count"]),
    }
}

/// The sum over rows of these numbers multiplied: now, and before where that was another.
fn total(rows: &[Entry<'_>], idents: &[&str]) -> Cell {
    let sum = |without: Mark, number: fn(&Entry<'_>, &str) -> i64| {
        let rows = rows.iter().filter(|row| row.mark != without);
        let products = rows.map(|row| idents.iter().map(|ident| number(row, ident)).fold(1, i64::saturating_mul));
        products.reduce(i64::saturating_add).map(shown::grouped).unwrap_or_default()
    };
    let now = sum(Mark::Removed, |row, ident| row.integer(ident).unwrap_or(0));
    let before = sum(Mark::Added, |row, ident| match row.before(ident) {
        Some(before) => before.replace(',', "").parse().unwrap_or(0),
        None => row.integer(ident).unwrap_or(0),
    });
    let changed = rows.iter().any(|row| row.mark != Mark::Same) && before != now;
    Cell::new(now, changed.then_some(before), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_a_month_have_their_weekdays() {
        let on = |month: &str, day| month.parse().ok().and_then(|month| weekday(month, day));
        // Wednesday, Thursday, Thursday.
        assert_eq!([on("202604", 1), on("202402", 29), on("202611", 26)], [Some(2), Some(3), Some(3)]);
        assert_eq!(on("202604", 31), None);
    }
}
