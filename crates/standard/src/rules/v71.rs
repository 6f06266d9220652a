//! V71: 第7表の小計 — where an office has several rows inside the limit.

use super::example::{cost, month_set, name, planned, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::rows::Spot;
use crate::rules::v75::Sheet;

/// 第7表の小計
pub const RULE: Rule = Rule {
    code: "V71",
    clause: "第7表.9 「複数行の場合は必須」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "限度額内の行が二つ以上あるのに、その事業所・サービス種類の小計行（種類＋AAAA）がありません。",
    fix: "別表を計算し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(
        concat!(
            schedule!(),
            planned!("250,,20260402,,0900,1000,1,111211,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000001,")
        ),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"ひだまり\",1370000002,,111211,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"ひだまり\",1370000002,,11AAAA,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
    bad: month_set!(
        concat!(
            schedule!(),
            planned!("250,,20260402,,0900,1000,1,111211,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000001,")
        ),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"ひだまり\",1370000002,,111211,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// The second of several rows inside the limit whose office and type have no subtotal. Rows of one place count together
/// and a subtotal of any place will do: the standard does not name the grain (README A29).
pub(crate) fn broken(sheet: &Sheet) -> Option<Spot> {
    let lacking = sheet.groups().iter().find(|group| group.inside() > 1 && !sheet.has_subtotal(group))?;
    Some(lacking.second())
}
