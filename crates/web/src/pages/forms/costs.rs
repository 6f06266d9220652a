//! 第７表 サービス利用票別表

use super::cell::Cell;
use super::entry::{Block, Entry, Mark};
use askama::Template;
use standard::value::{LineKind, Value};

/// 種類別支給限度管理: frames of 利用者補足情報.
const FRAMES: [[&str; 4]; 9] = [
    ["frame1_service_type", "frame1_limit_units", "frame1_total_units", "frame1_over_limit_units"],
    ["frame2_service_type", "frame2_limit_units", "frame2_total_units", "frame2_over_limit_units"],
    ["frame3_service_type", "frame3_limit_units", "frame3_total_units", "frame3_over_limit_units"],
    ["frame4_service_type", "frame4_limit_units", "frame4_total_units", "frame4_over_limit_units"],
    ["frame5_service_type", "frame5_limit_units", "frame5_total_units", "frame5_over_limit_units"],
    ["frame6_service_type", "frame6_limit_units", "frame6_total_units", "frame6_over_limit_units"],
    ["frame7_service_type", "frame7_limit_units", "frame7_total_units", "frame7_over_limit_units"],
    ["frame8_service_type", "frame8_limit_units", "frame8_total_units", "frame8_over_limit_units"],
    ["frame9_service_type", "frame9_limit_units", "frame9_total_units", "frame9_over_limit_units"],
];

/// 種類 and its three numbers; the empty frames are left out.
pub(crate) fn frames(cell: impl Fn(&str) -> Cell) -> Vec<[Cell; 4]> {
    let filled = |frame: &[Cell; 4]| frame.iter().any(|cell| !cell.is_blank());
    FRAMES.iter().map(|frame| frame.map(&cell)).filter(filled).collect()
}

#[derive(Template)]
#[template(path = "forms/costs.html")]
pub(crate) struct Costs<'a> {
    all: Block<'a>,
    about: Block<'a>,
    rows: Vec<Line<'a>>,
    frames: Vec<[Cell; 4]>,
}

/// 一行
pub(crate) struct Line<'a> {
    entry: Entry<'a>,
    /// サービス内容: what kind of line it is, or the kind of service.
    what: String,
    class: &'static str,
}

impl<'a> Costs<'a> {
    pub(crate) fn of(mut rows: Vec<Entry<'a>>, about: Block<'a>) -> Self {
        // In the order of the file, what is no more before the totals.
        rows.sort_by_key(|row| (kind(row) == LineKind::Total, row.mark == Mark::Removed));
        let frames = frames(|ident| about.cell(ident));
        let all = Block(rows.clone());
        Self { all, about, rows: rows.into_iter().map(line).collect(), frames }
    }
}

fn kind(row: &Entry<'_>) -> LineKind {
    match row.value("service_code") {
        Value::ServiceCode(code) => code.line_kind(),
        _ => LineKind::Detail,
    }
}

fn line(entry: Entry<'_>) -> Line<'_> {
    let service = service_name(&entry);
    let (what, class) = match kind(&entry) {
        LineKind::Detail => (service, ""),
        LineKind::Inside => (format!("{service} 合計（限度額管理対象）"), "subtotal"),
        LineKind::Outside => (format!("{service} 合計（限度額管理対象外）"), "subtotal"),
        LineKind::Beyond30Days => (format!("{service} 合計（30日超）"), "subtotal"),
        LineKind::Total => ("合計".to_owned(), "total"),
    };
    Line { entry, what, class }
}

/// The kind of service, from the first two characters of its code.
pub(crate) fn service_name(entry: &Entry<'_>) -> String {
    let kind = match entry.value("service_code") {
        Value::ServiceCode(code) => code.service_type(),
        _ => None,
    };
    // Without what stands in brackets: the form is narrow, and the code says the rest.
    kind.and_then(|kind| kind.name()?.split('（').next()).unwrap_or_default().to_owned()
}
