//! Rows with a value of its own in every column, made from the layouts alone.

use super::named;
use standard::layout::{Form, Length};
use standard::sample::SampleFile;
use standard::{Column, Edition, FileKind, Layout, UnitKind};

/// What stands in a column: the cell of the file, and what a form must show of it.
pub(super) struct Planted {
    pub(super) cell: String,
    pub(super) shown: String,
    /// One of several choices, all of which are printed: only the ring tells them apart.
    pub(super) ringed: bool,
}

/// The value of a column. `turn` makes others of the same form; the keys of a row have one value in all sheets.
pub(super) fn value(kind: FileKind, column: &Column, turn: usize) -> Planted {
    let same = |text: String| Planted { cell: text.clone(), shown: text, ringed: false };
    let number = usize::from(column.number);
    let unique = number + 70 * turn;
    if column.ident == "csv_version" {
        return same("202407".to_owned());
    }
    if let Some(table) = column.codes {
        let chosen = if column.form == Form::Flag { 0 } else { (number + turn) % table.values.len() };
        let chosen = if column.form == Form::Flag && turn > 0 { 1 } else { chosen };
        let (code, label) = table.values[chosen];
        let (shown, ringed) = match (column.ident, code) {
            ("insurance_coverage", "Y") => ("○", false),
            // A blank, and a place in the week.
            ("insurance_coverage", _) | ("over_30_days", "0") | ("weekday", _) => ("", true),
            ("over_30_days", _) => ("30日超", false),
            // Some codes ring two choices.
            _ => (label.split('＆').next().unwrap_or_default(), true),
        };
        return Planted { cell: code.to_owned(), shown: shown.to_owned(), ringed };
    }
    match column.form {
        // Short, so that a narrow column need not break it; letters that no form has of itself.
        Form::Text => same(format!("q{}x{unique}z", kind.rank())),
        Form::Integer => {
            let digits = match column.length {
                Length::Exact(most) | Length::Max(most) | Length::Printed(most, _) => usize::from(most),
                Length::Free => 3,
            };
            same(match digits {
                1 => (1 + unique % 9).to_string(),
                2 => (10 + unique % 89).to_string(),
                3 => (100 + unique).to_string(),
                _ => (10_000 + 11 * unique).to_string(),
            })
        }
        Form::Date => {
            // What links the sheets is one day in all of them; a visit lies in its month.
            let links = ["care_plan_date", "plan_date", "consultation_date"].contains(&column.ident);
            let (month, day) = match column.ident {
                "service_date" => (4, 5 + turn),
                _ if links => (3, 20 + turn),
                _ => (1 + number / 28, 1 + (number + turn) % 28),
            };
            if column.ident == "service_date" {
                // A column of the calendar.
                return Planted { cell: format!("2026{month:02}{day:02}"), shown: String::new(), ringed: true };
            }
            let year = if column.ident == "birth_date" { 1940 } else { 2026 };
            let era = if year == 1940 { "昭和15年" } else { "令和8年" };
            Planted {
                cell: format!("{year}{month:02}{day:02}"),
                shown: format!("{era}{month}月{day}日"),
                ringed: false,
            }
        }
        Form::Month => {
            let month = 4 + turn;
            Planted { cell: format!("2026{month:02}"), shown: format!("令和8年{month}月"), ringed: false }
        }
        Form::Time => {
            let (hour, minute) = (8 + (number + turn) % 12, number);
            Planted { cell: format!("{hour:02}{minute:02}"), shown: format!("{hour:02}:{minute:02}"), ringed: false }
        }
        Form::DayMask => {
            let (first, last) = (10 + 3 * turn, 12 + 3 * turn);
            let days = (1..=31).map(|day| if (first..=last).contains(&day) { '1' } else { '0' }).collect();
            Planted { cell: days, shown: format!("{first}〜{last}日"), ringed: false }
        }
        Form::Decimal => same(format!("10.{:02}", 20 + unique % 67)),
        Form::Insurer => same(format!("1310{:02}", 16 + turn)),
        Form::Insured => same(format!("00000000{:02}", 11 + turn)),
        Form::Office => same(format!("13{:08}", 40_000 + unique)),
        Form::ServiceCode => {
            let code = format!("11{:04}", 2_000 + unique);
            same(code)
        }
        Form::Phone => same(format!("03-0000-{:04}", 1_000 + unique)),
        Form::PostalCode => same(format!("101-{:04}", 2_000 + unique)),
        Form::Code if column.ident.ends_with("service_type") => {
            let known = standard::service_type::SERVICE_TYPES;
            let entry = &known[(number / 4 + turn) % 12];
            Planted {
                cell: entry.code.to_string(), shown: format!("{}（{}）", entry.name, entry.code), ringed: false
            }
        }
        Form::Code | Form::Digits => {
            let digits = match column.length {
                Length::Exact(most) | Length::Max(most) | Length::Printed(most, _) => usize::from(most).min(6),
                Length::Free => 6,
            };
            same(match digits {
                1 => (unique % 10).to_string(),
                2 => (30 + unique % 67).to_string(),
                _ => (700_000 + unique).to_string(),
            })
        }
        Form::Flag => same(usize::from(turn == 0).to_string()),
    }
}

/// A file of one row, with another value in the column `other`.
pub(super) fn file(layout: &Layout, other: Option<&str>) -> Vec<u8> {
    let cells = layout.columns.iter().map(|column| {
        let turn = usize::from(other == Some(column.ident));
        let cell = match column.ident {
            "csv_version" => layout.edition.csv_version().to_owned(),
            _ => value(layout.kind, column, turn).cell,
        };
        if column.form == Form::Text { format!("\"{cell}\"") } else { cell }
    });
    let row = cells.collect::<Vec<_>>().join(",");
    standard::write::ms932(&format!("{row}\r\n")).expect("MS932")
}

/// What makes a row one of another plan, month or person.
pub(super) const KEYS: [&str; 6] =
    ["insurer_no", "insured_no", "care_plan_date", "target_month", "plan_date", "consultation_date"];

/// The sheets of a unit, all that it may have.
pub(super) fn sheets(kind: UnitKind) -> &'static [FileKind] {
    use FileKind::{Up1kyo, Up2kyo, Up3kyo, Uphosoku, Upjsk, Upkihon, UpkihonSub1, UpkihonSub2, Upplan, Upsikyu};
    match kind {
        UnitKind::CarePlan => &[Up1kyo, Up2kyo, Up3kyo, Uphosoku],
        UnitKind::Schedule => &[Upplan, Upsikyu, Uphosoku],
        UnitKind::Actual => &[Upjsk],
        _ => &[FileKind::Upyobo, FileKind::UpyoboSub, Upkihon, UpkihonSub1, UpkihonSub2],
    }
}

/// A whole unit of planted rows, with another value in one column of one sheet.
pub(super) fn unit(kind: UnitKind, serial: &str, other: Option<(FileKind, &str)>) -> Vec<SampleFile> {
    let sheet = |sheet: &FileKind| {
        let layout = standard::layout(*sheet, Edition::V202407).expect("a layout");
        let mut file = named(*sheet, file(layout, other.filter(|(of, _)| of == sheet).map(|(_, ident)| ident)));
        file.name = file.name.replace("20260325090000", serial);
        if kind == UnitKind::CarePlan {
            file.name = file.name.replace("202604_", "000000_");
        }
        if !matches!(kind, UnitKind::CarePlan | UnitKind::Schedule | UnitKind::Actual) {
            file.name = file.name.replace("_43_", "_46_").replace("_11_", "_66_");
        }
        file
    };
    sheets(kind).iter().map(sheet).collect()
}
