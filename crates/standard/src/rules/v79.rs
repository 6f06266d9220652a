//! V79: 第1表のない行 — 第2表 and 第3表 hang on 第1表.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第1表のない行
pub const RULE: Rule = Rule {
    code: "V79",
    clause: "図表2.3.1",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第2表または第3表の行に、同じ利用者・同じ作成（変更）日の第1表がありません。",
    fix: "第1表から第3表までを、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(plan_2!(), "202407,131016,0000000001,20260320,20260321,\"訪問介護\",1,0900,1000,\"\",,,\"\"\r\n"),
};
