//! V69: 第7表のサービスコード — a real one, a subtotal, or the total.

use super::example::{cost, costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::rules::v34;

/// 第7表のサービスコード
pub const RULE: Rule = Rule {
    code: "V69",
    clause: "第7表.9",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第7表のサービスコードが、実際のコード・小計（種類＋AAAA・EEEE・ZZZZ）・合計（999999）のどれでもありません。",
    fix: "別表のサービスを選び直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        schedule!(),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,ZZ1111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,250,250,,,,250,,2850,,2565,,285,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// 行の種類.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// 明細.
    Detail,
    /// 小計, inside the limit.
    Inside,
    /// 小計, outside the limit.
    Outside,
    /// 小計, beyond 30 days.
    Beyond,
    /// 合計.
    Total,
}

/// What a row with a sound code is.
#[inline]
pub(crate) fn line(code: &[u8]) -> Line {
    match code.get(2..).unwrap_or_default() {
        b"AAAA" => Line::Inside,
        b"EEEE" => Line::Outside,
        b"ZZZZ" => Line::Beyond,
        b"9999" if code.starts_with(b"99") => Line::Total,
        _ => Line::Detail,
    }
}

/// Whether the code is sound. Subtotals have the form of a code as well.
#[inline(always)]
pub(crate) fn holds(code: &[u8]) -> bool {
    v34::is_service_code(code) || code == b"999999"
}
