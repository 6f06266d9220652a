//! 第３表 週間サービス計画表

use super::cell::{Cell, Tag};
use super::entry::{Block, Entry};
use askama::Template;
use standard::value::{Time, Value};

/// The day of the form begins at four in the morning.
const FIRST_HOUR: u16 = 4;
/// Rows of an hour each.
const HOURS: usize = 24;
/// Monday to Sunday, and 主な日常生活上の活動.
const COLUMNS: usize = 8;
/// What the hours are called, and the row with which each begins.
const TIMES_OF_DAY: [(usize, &str, usize); 6] =
    [(0, "深夜", 2), (2, "早朝", 2), (4, "午前", 4), (8, "午後", 6), (14, "夜間", 4), (18, "深夜", 6)];

#[derive(Template)]
#[template(path = "forms/sheet3.html")]
pub(crate) struct Sheet3<'a> {
    all: Block<'a>,
    about: Block<'a>,
    hours: Vec<Hour>,
    /// What has no hour or no day.
    loose: Vec<Item>,
    /// 週単位以外のサービス
    others: Vec<Item>,
}

/// One row of the grid.
struct Hour {
    /// 早朝, 午前 … and how many rows it goes down, where it begins.
    time_of_day: Option<(&'static str, usize)>,
    label: String,
    /// The cells that begin in this row.
    fields: Vec<Field>,
}

/// A cell of the grid: what lies in it, and how many hours it goes down.
struct Field {
    rows: usize,
    items: Vec<Item>,
}

/// A service or an activity.
pub(crate) struct Item {
    /// `9:00〜10:00`
    from: Cell,
    to: Cell,
    what: Cell,
    day: Cell,
    tag: Tag,
    class: &'static str,
}

impl<'a> Sheet3<'a> {
    pub(crate) fn of(entries: Vec<Entry<'a>>, about: Block<'a>) -> Self {
        let mut columns: [Vec<(usize, usize, Item)>; COLUMNS] = [const { Vec::new() }; COLUMNS];
        let (mut loose, mut others) = (Vec::new(), Vec::new());
        for entry in &entries {
            let service = ["care_service_content", "service_start_time", "service_end_time"];
            let activity = ["daily_activity", "activity_start_time", "activity_end_time"];
            for (idents, day) in [(service, weekday(entry)), (activity, Some(COLUMNS - 1))] {
                let is_service = idents == service;
                let said = idents.iter().any(|ident| !entry.cell(ident).is_blank());
                let has_day = is_service && !entry.cell("weekday").is_blank();
                if !said && !has_day {
                    continue;
                }
                let item = item(entry, idents, is_service);
                match day.zip(span(entry, idents)) {
                    Some((column, (from, to))) => columns[column].push((from, to, item)),
                    None => loose.push(item),
                }
            }
            if !entry.cell("non_weekly_service").is_blank() {
                others.push(item(entry, ["non_weekly_service", "", ""], false));
            }
        }
        let mut hours: Vec<Hour> = (0..HOURS).map(hour).collect();
        for column in columns {
            for (row, field) in fields(column) {
                if let Some(hour) = hours.get_mut(row) {
                    hour.fields.push(field);
                }
            }
        }
        Self { all: Block(entries), about, hours, loose, others }
    }
}

fn hour(row: usize) -> Hour {
    let time_of_day = TIMES_OF_DAY.iter().find(|(first, ..)| *first == row).map(|(_, name, rows)| (*name, *rows));
    let hour = usize::from(FIRST_HOUR) + row;
    Hour { time_of_day, label: format!("{}:00", if hour > 24 { hour - 24 } else { hour }), fields: Vec::new() }
}

fn weekday(entry: &Entry<'_>) -> Option<usize> {
    match entry.value("weekday") {
        Value::Code(code) => {
            code.code.parse::<usize>().ok().filter(|day| (1..COLUMNS).contains(day)).map(|day| day - 1)
        }
        _ => None,
    }
}

/// The rows a service lies in: from its first hour to its last, the night after midnight included.
fn span(entry: &Entry<'_>, [_, from, to]: [&str; 3]) -> Option<(usize, usize)> {
    let minutes = |ident| match entry.value(ident) {
        Value::Time(time @ Time::At { .. }) => time.minutes(),
        _ => None,
    };
    let day = 24 * 60;
    let first = FIRST_HOUR * 60;
    let from = minutes(from)?;
    let from = if from < first { from + day } else { from } - first;
    let to = minutes(to).unwrap_or(from + first);
    let to = if to < first { to + day } else { to } - first;
    let row = usize::from(from / 60).min(HOURS - 1);
    // What ends before it begins goes on into the next day: to the end of this form's.
    let last = if to < from { HOURS - 1 } else { usize::from(to.saturating_sub(1).max(from) / 60).min(HOURS - 1) };
    Some((row, last))
}

fn item(entry: &Entry<'_>, [what, from, to]: [&str; 3], is_service: bool) -> Item {
    let cell = |ident: &str| if ident.is_empty() { Cell::default() } else { entry.cell(ident) };
    let day = if is_service { entry.cell("weekday") } else { Cell::default() };
    Item { from: cell(from), to: cell(to), what: cell(what), day, tag: entry.tag(), class: entry.class() }
}

/// Cells of one column: services that share an hour share a cell, and empty hours are cells of their own.
fn fields(mut items: Vec<(usize, usize, Item)>) -> Vec<(usize, Field)> {
    items.sort_by_key(|(from, to, _)| (*from, *to));
    let mut fields: Vec<(usize, Field)> = Vec::new();
    for (from, to, item) in items {
        match fields.last_mut() {
            Some((first, field)) if *first + field.rows > from => {
                field.rows = field.rows.max(to + 1 - *first);
                field.items.push(item);
            }
            _ => fields.push((from, Field { rows: to + 1 - from, items: vec![item] })),
        }
    }
    let taken: Vec<_> = fields.iter().map(|(first, field)| *first..*first + field.rows).collect();
    let free = (0..HOURS).filter(|row| !taken.iter().any(|taken| taken.contains(row)));
    fields.extend(free.map(|row| (row, Field { rows: 1, items: Vec::new() })));
    fields
}
