//! One row as it is compared: which row of the other set it belongs to, and what its blanks stand for.

use super::{Bytes, CellChange, Change, ColumnRef, Rows, Subject, What};
use crate::layout::Form;
use crate::value::{self, Date, Private, Tais, Value};
use crate::{FileKind, Layout, ms932, name};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) struct Line<'a> {
    layout: &'static Layout,
    /// Of the record, in its sheet.
    number: u64,
    cells: Vec<Bytes<'a>>,
}

impl<'a> Line<'a> {
    pub(super) fn of(row: &value::Row<'_, 'a>) -> Line<'a> {
        let layout = row.layout();
        Line { layout, number: row.number(), cells: (0..layout.columns.len()).map(|index| row.bytes(index)).collect() }
    }

    /// The bytes of a column; nothing where the edition does not have it.
    pub(super) fn bytes(&self, ident: &str) -> &[u8] {
        self.layout.index(ident).and_then(|index| self.cells.get(index)).map(|cell| &**cell).unwrap_or_default()
    }

    fn is_written_as(&self, other: &Line<'_>) -> bool {
        std::ptr::eq(self.layout, other.layout) && self.cells == other.cells
    }

    fn value(&self, ident: &str) -> Value<'_> {
        let column = self.layout.column(ident);
        column.map_or(Value::Empty, |column| Value::read(column, Cow::Borrowed(self.bytes(ident))))
    }

    fn set(&mut self, ident: &str, bytes: Bytes<'a>) {
        if let Some(cell) = self.layout.index(ident).and_then(|index| self.cells.get_mut(index)) {
            *cell = bytes;
        }
    }

    /// A column as it is compared: what two writings of one value have in common.
    fn meaning(&self, ident: &str) -> Bytes<'_> {
        let bytes = self.bytes(ident);
        let Some(column) = self.layout.column(ident) else { return Cow::Borrowed(bytes) };
        match column.form {
            Form::Integer => match value::integer(bytes) {
                Some(number) => Cow::Owned(number.to_string().into_bytes()),
                None => Cow::Borrowed(bytes),
            },
            // 保険対象区分 left blank is N (README A24).
            _ if ident == "insurance_coverage" && bytes.is_empty() => Cow::Borrowed(b"N"),
            _ if ident == "tais_code" => match ms932::decode(bytes) {
                Some(text) => Cow::Owned(Tais::of(&text).as_str().as_bytes().to_vec()),
                None => Cow::Borrowed(bytes),
            },
            _ => Cow::Borrowed(bytes),
        }
    }

    fn identity(&self, idents: &[&str]) -> Vec<Vec<u8>> {
        idents.iter().map(|ident| self.meaning(ident).into_owned()).collect()
    }

    fn numbers(&self, idents: [&str; 3]) -> [i64; 3] {
        idents.map(|ident| self.value(ident).integer().unwrap_or(0))
    }

    pub(super) fn name_picture_by_branch(&mut self) {
        let name = ms932::decode(self.bytes("family_image_file")).and_then(|text| name::parse(&text).ok());
        if let Some(branch) = name.and_then(|name| name.branch) {
            self.set("family_image_file", Cow::Owned(branch.to_vec()));
        }
    }

    fn subject(&self, kind: FileKind) -> Subject {
        use FileKind::*;
        let date = |ident: &str| -> Option<Date> { self.value(ident).date() };
        let text = |ident: &str| Some(shown(self.bytes(ident))).filter(|text| !text.is_empty());
        let service = |day| Subject {
            day,
            office: text("service_office_no"),
            satellite: text("satellite_no"),
            service_code: text("service_code").or(text("service_type")),
            ..Subject::default()
        };
        match kind {
            Upplan | Upjsk => service(date("service_date")),
            Upsikyu | Dltjsk => service(None),
            Up2kyo => {
                Subject { dated: date("care_plan_date"), goal: Some(self.numbers(SHEET_2)), ..Subject::default() }
            }
            UpyoboSub => Subject { dated: date("plan_date"), goal: Some(self.numbers(SUB)), ..Subject::default() },
            Up3kyo => Subject {
                dated: date("care_plan_date"),
                weekday: match self.bytes("weekday") {
                    [digit @ b'1'..=b'7'] => Some(digit - b'0'),
                    _ => None,
                },
                ..Subject::default()
            },
            _ => {
                let dated = date("care_plan_date").or(date("plan_date")).or(date("consultation_date"));
                Subject { dated, ..Subject::default() }
            }
        }
    }
}

const SHEET_2: [&str; 3] = ["issue_no", "goal_no", "support_no"];
const SUB: [&str; 3] = ["issue_no", "support_plan_no", "service_no"];

/// Fills the blanks that stand for the line above (README 9.3, 9.11), within one plan of one person.
pub(super) fn fill(kind: FileKind, lines: &mut [Line<'_>]) {
    let (plan, numbers) = match kind {
        FileKind::Up2kyo => ("care_plan_date", SHEET_2),
        FileKind::UpyoboSub => ("plan_date", SUB),
        _ => return,
    };
    lines.sort_by(|a, b| (a.bytes(plan), a.numbers(numbers)).cmp(&(b.bytes(plan), b.numbers(numbers))));
    for at in 1..lines.len() {
        let (above, below) = lines.split_at_mut(at);
        let (Some(above), Some(line)) = (above.last(), below.first_mut()) else { continue };
        let ([issue, goal, _], [issue_above, goal_above, _]) = (line.numbers(numbers), above.numbers(numbers));
        if line.bytes(plan) != above.bytes(plan) || issue != issue_above || issue == 0 {
            continue;
        }
        // Without a number of its own a row of 第2表 goes with no goal.
        let same_goal = goal == goal_above && (goal != 0 || kind == FileKind::UpyoboSub);
        if kind == FileKind::Up2kyo {
            inherit(above, line, &["issue"]);
            if same_goal {
                // A period goes with its goal: one that stands alone is kept.
                inherit(above, line, &["long_term_goal", "long_term_period"]);
                inherit(above, line, &["short_term_goal", "short_term_period"]);
            }
        } else {
            inherit(above, line, &["overall_issue", "proposed_goal_and_measures", "intention", "goal"]);
            if same_goal {
                let texts = ["support_points", "self_care_and_informal_support", "insured_service_or_program"];
                inherit(above, line, &texts);
            }
        }
    }
}

/// Takes over columns that belong together, where the first of them is blank.
fn inherit<'a>(above: &Line<'a>, line: &mut Line<'a>, idents: &[&str]) {
    if idents.first().is_none_or(|first| !line.bytes(first).is_empty()) {
        return;
    }
    for ident in idents {
        let from = above.layout.index(ident).and_then(|index| above.cells.get(index));
        if let Some(from) = from.filter(|_| line.bytes(ident).is_empty()) {
            line.set(ident, from.clone());
        }
    }
}

/// By what a row finds its counterpart, the strictest first. The standard does not define it (JSON `row_identity`).
const fn identities(kind: FileKind) -> &'static [&'static [&'static str]] {
    use FileKind::*;
    match kind {
        Upplan | Upjsk => &[
            &[
                "target_month",
                "service_office_no",
                "satellite_no",
                "service_date",
                "start_time",
                "end_time",
                "service_code",
                "detail_no",
                "tais_code",
                "equipment_notification_code",
            ],
            &[
                "target_month",
                "service_office_no",
                "satellite_no",
                "service_date",
                "service_code",
                "detail_no",
                "tais_code",
                "equipment_notification_code",
            ],
            &["target_month", "service_office_no", "satellite_no", "service_date", "service_code"],
        ],
        Upsikyu => &[
            &[
                "target_month",
                "service_office_no",
                "satellite_no",
                "service_code",
                "units",
                "tais_code",
                "equipment_notification_code",
                "equipment_name",
                "over_30_days",
            ],
            &["target_month", "service_office_no", "satellite_no", "service_code", "over_30_days"],
        ],
        Up2kyo => &[&["care_plan_date", "issue_no", "goal_no", "support_no"]],
        UpyoboSub => &[&["plan_date", "issue_no", "support_plan_no", "service_no"]],
        Up3kyo => &[
            &[
                "care_plan_date",
                "weekday",
                "service_start_time",
                "service_end_time",
                "daily_activity",
                "non_weekly_service",
            ],
            &["care_plan_date", "weekday", "care_service_content", "daily_activity", "non_weekly_service"],
        ],
        Uphosoku => &[&["care_plan_date", "target_month"]],
        Up1kyo => &[&["care_plan_date"]],
        Upkihon => &[&["consultation_date"]],
        Upyobo => &[&["plan_date"]],
        UpkihonSub1 => {
            &[&["consultation_date", "time_text"], &["consultation_date", "person_routine", "family_routine"]]
        }
        UpkihonSub2 => {
            &[&["consultation_date", "disease_name"], &["consultation_date", "date_text", "medical_institution"]]
        }
        // A row that is nothing but its key is there or not.
        Dlt1kyo | Dltplan | Dltjsk | Dltkihon | Dltyobo | UpkihonImage => &[],
    }
}

/// Not compared: the edition is how a row is written, not what it says.
const WRITING: &str = "csv_version";

/// Compares the rows of one person in one sheet.
pub(super) fn compare(kind: FileKind, before: Vec<Line<'_>>, after: Vec<Line<'_>>, changes: &mut Vec<(Change, Rows)>) {
    let (mut before, mut after) = (Rest::of(before), Rest::of(after));
    // Mostly nothing changed.
    if before.0.len() == after.0.len() && before.0.iter().zip(&after.0).all(|(old, new)| old.is_written_as(new)) {
        return;
    }
    // Rows that mean the same, column by column. Idents are compared in one order whatever the edition.
    let all: Vec<&str> = columns(&before.0, &after.0).into_iter().map(|column| column.ident).collect();
    before.pair(&mut after, &all);
    let mut found = Vec::new();
    for identity in identities(kind) {
        for (old, new) in before.pair(&mut after, identity) {
            found.push((Some(old), Some(new)));
        }
    }
    found.extend(before.0.into_iter().map(|old| (Some(old), None)));
    found.extend(after.0.into_iter().map(|new| (None, Some(new))));
    let told = found.iter().filter_map(|(old, new)| {
        let (old, new) = (old.as_ref(), new.as_ref());
        let what = match (old, new) {
            (Some(_), Some(_)) => What::Changed,
            (Some(_), None) => What::Removed,
            _ => What::Added,
        };
        // One order from either side: by what the rows are about, then by all they say, whichever side says it.
        let meanings = [old, new].map(|line| line.map(|line| line.identity(&all)));
        let subject = old.into_iter().chain(new).map(|line| line.subject(kind)).min();
        let key = (subject.clone(), meanings.iter().min().cloned(), meanings.iter().max().cloned());
        let rows = Rows { before: old.map(|line| line.number), after: new.map(|line| line.number) };
        Some((key, (Change { kind, subject: subject?, what, cells: cells(old, new) }, rows)))
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by(|(a, _), (b, _)| a.cmp(b));
    changes.extend(told.into_iter().map(|(_, change)| change));
}

/// The rows of one side that still look for a counterpart.
struct Rest<'a>(Vec<Line<'a>>);

impl<'a> Rest<'a> {
    /// In an order that does not depend on the order of the file.
    fn of(mut lines: Vec<Line<'a>>) -> Rest<'a> {
        lines.sort_by(|a, b| a.cells.cmp(&b.cells));
        Rest(lines)
    }

    /// Takes out the rows of both sides with one identity, in pairs.
    fn pair<'b>(&mut self, other: &mut Rest<'b>, identity: &[&str]) -> Vec<(Line<'a>, Line<'b>)> {
        let mut theirs: BTreeMap<Vec<Vec<u8>>, Vec<usize>> = BTreeMap::new();
        for (index, line) in other.0.iter().enumerate().rev() {
            theirs.entry(line.identity(identity)).or_default().push(index);
        }
        let found: Vec<Option<usize>> =
            self.0.iter().map(|line| theirs.get_mut(&line.identity(identity)).and_then(Vec::pop)).collect();
        let mut others: Vec<Option<Line<'b>>> = std::mem::take(&mut other.0).into_iter().map(Some).collect();
        let mut pairs = Vec::new();
        for (line, found) in std::mem::take(&mut self.0).into_iter().zip(found) {
            match found.and_then(|index| others.get_mut(index)).and_then(Option::take) {
                Some(other) => pairs.push((line, other)),
                None => self.0.push(line),
            }
        }
        other.0 = others.into_iter().flatten().collect();
        pairs
    }
}

/// The columns of either side but for the edition, in the order of the larger layout.
fn columns<'a>(before: &[Line<'a>], after: &[Line<'a>]) -> Vec<&'static crate::Column> {
    let widest = before.iter().chain(after).map(|line| line.layout).max_by_key(|layout| layout.columns.len());
    let columns = widest.map(|layout| layout.columns).unwrap_or_default();
    columns.iter().filter(|column| column.ident != WRITING).collect()
}

fn cells(before: Option<&Line<'_>>, after: Option<&Line<'_>>) -> Vec<CellChange> {
    let widest = before.iter().chain(&after).map(|line| line.layout).max_by_key(|layout| layout.columns.len());
    let columns = widest.map(|layout| layout.columns).unwrap_or_default();
    let of = |line: Option<&Line<'_>>, ident: &str| line.map(|line| shown(line.bytes(ident))).unwrap_or_default();
    let differs = |ident: &str| match (before, after) {
        (Some(before), Some(after)) => before.meaning(ident) != after.meaning(ident),
        (Some(line), None) | (None, Some(line)) => !line.bytes(ident).is_empty(),
        (None, None) => false,
    };
    columns
        .iter()
        .filter(|column| column.ident != WRITING && differs(column.ident))
        .map(|column| CellChange {
            column: ColumnRef(column),
            before: Private::new(of(before, column.ident)),
            after: Private::new(of(after, column.ident)),
        })
        .collect()
}

/// Bytes as text, to be shown: what is not MS932 is escaped.
pub(super) fn shown(bytes: &[u8]) -> String {
    match ms932::decode(bytes) {
        Some(text) => text.into_owned(),
        None => bytes.escape_ascii().to_string(),
    }
}
