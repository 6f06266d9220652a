//! V45: 第2表の番号の重なり — the three numbers name one line.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第2表の番号の重なり
pub const RULE: Rule = Rule {
    code: "V45",
    clause: "第2表の構成",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "第2表に、課題ＮＯ・援助目標ＮＯ・援助内容ＮＯがすべて同じ行があります。",
    fix: "第2表を開いて行を確かめ、保存し直してから書き出してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(concat!(plan_2!(), plan_2!()), plan_3!()),
};
