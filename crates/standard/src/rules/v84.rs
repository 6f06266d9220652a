//! V84: 送信先の第2表 — the receiver stands in 第2表 of each person.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_2, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 送信先の第2表
pub const RULE: Rule = Rule {
    code: "V84",
    clause: "2.6",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第2表に送信先の事業所が出てこない利用者がいます。",
    fix: "送信先の事業所に関係のある利用者だけを選んでいるか、第2表の事業所番号を確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(sheet_2!("1", "歩く", "1", "1", "Y", "1370000009"), plan_3!()),
};
