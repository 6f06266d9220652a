//! V46: 第2表の並び — in the order of the numbers.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_2, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第2表の並び
pub const RULE: Rule = Rule {
    code: "V46",
    clause: "第2表の構成 「ソートした際に…順番になる」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第2表の行が、番号の順に並んでいません。",
    fix: "受け取れますが、印刷の順と変わることがあります。介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(concat!(sheet_2!("2", "食べる", "1", "1", "Y", "1370000002"), plan_2!()), plan_3!()),
};
