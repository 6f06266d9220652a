//! V44: 第2表の番号 — 課題, 援助目標, 援助内容: 1 to 99.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_2, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 第2表の番号
pub const RULE: Rule = Rule {
    code: "V44",
    clause: "UP2KYO.6, .8, .13 「１～99」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第2表の課題ＮＯ・援助目標ＮＯ・援助内容ＮＯが空か、1から99ではありません。",
    fix: "第2表を開いて保存し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(sheet_2!("100", "歩く", "1", "1", "Y", "1370000002"), plan_3!()),
};

/// 1 to 99.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    calendar::number(value).is_some_and(|number| (1..=99).contains(&number))
}
