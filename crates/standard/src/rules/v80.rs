//! V80: 計画書の補足情報 — one for each 第1表.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 計画書の補足情報
pub const RULE: Rule = Rule {
    code: "V80",
    clause: "図表2.3.1",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第1表と利用者補足情報が、利用者・作成（変更）日ごとに一対一ではありません。",
    fix: "計画書の一式を、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(plan_2!(), plan_3!(), supplement!("20260321", "000000")),
};
