//! V66: サテライト枝番 — the same in 第6表 and 第7表.

use super::example::{costs, month_set, name, planned, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// サテライト枝番
pub const RULE: Rule = Rule {
    code: "V66",
    clause: "第6表.22, 第7表.8",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第6表と第7表で、事業所のサテライト枝番が合っていません。",
    fix: "利用票と別表のサテライトの設定を確かめ、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        planned!("250,,20260401,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",1,0,1370000001,"),
        costs!()
    ),
};
