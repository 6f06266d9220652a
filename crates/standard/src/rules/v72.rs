//! V72: 小計・合計の単位数 — 0, and what comes after it empty.

use super::example::{cost, costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 小計・合計の単位数
pub const RULE: Rule = Rule {
    code: "V72",
    clause: "第7表.13, .14, .15",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "第7表の小計または合計の行で、単位数が0でないか、割引後率・割引後単位数が空ではありません。",
    fix: "別表を計算し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        schedule!(),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",250,,,0,250,250,,,,250,,2850,,2565,,285,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// 0.
pub(crate) fn is_zero(value: &[u8]) -> bool {
    value.iter().all(|digit| matches!(digit, b'0' | b'-'))
}

/// What is wrong.
pub(crate) const ZERO: &str = "小計・合計の行では0です";
/// Likewise.
pub(crate) const EMPTY: &str = "小計・合計の行では空です";
