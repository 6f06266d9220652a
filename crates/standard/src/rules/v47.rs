//! V47: 課題 — on the first line of each 課題ＮＯ.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_2, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 課題
pub const RULE: Rule = Rule {
    code: "V47",
    clause: "第2表の構成 「1行目は項目値を出力」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第2表の課題ＮＯの最初の行に、課題の文がありません。",
    fix: "第2表で課題を入力し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(sheet_2!("1", "", "1", "1", "Y", "1370000002"), plan_3!()),
};
