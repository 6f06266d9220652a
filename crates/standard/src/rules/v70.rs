//! V70: 第7表の合計 — one row for each person.

use super::example::{cost, costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第7表の合計
pub const RULE: Rule = Rule {
    code: "V70",
    clause: "第7表.7, .9 「必須出力」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第7表の合計行（サービスコード999999、事業所9999999999）が、利用者ごとにちょうど一つではありません。",
    fix: "別表を計算し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        schedule!(),
        cost!(
            "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
        )
    ),
};

/// The office of a total.
pub(crate) const NOBODY: &[u8] = b"9999999999";

/// What is wrong.
pub(crate) const NONE: &str = "この利用者の合計行がありません";
/// Likewise.
pub(crate) const AGAIN: &str = "この利用者の合計行が二つ以上あります";
/// Likewise.
pub(crate) const OFFICE: &str = "合計行の事業所コードが9999999999ではありません";
/// Likewise.
pub(crate) const ELSEWHERE: &str = "合計行ではないのに事業所コードが9999999999です";
