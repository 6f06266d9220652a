//! V73: 事業所コード — always 9999999999.

use super::example::{cost, costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 事業所コード
pub const RULE: Rule = Rule {
    code: "V73",
    clause: "第7表.34 「固定でセット」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第7表の「事業所コード」（固定値の項目）が9999999999ではありません。",
    fix: "受け取れますが、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        schedule!(),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,1370000002,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,250,250,,,,250,,2850,,2565,,285,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// The fixed value.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    value == b"9999999999"
}
