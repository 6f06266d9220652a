//! V08: 送信単位の鍵 — one serial, sender and receiver in a unit. Files are grouped by these, so V09 reports it.

use super::example::{name, plan_1, plan_2, plan_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 送信単位の鍵
pub const RULE: Rule = Rule {
    code: "V08",
    clause: "2.4, 3.4",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ひとつの送信単位のファイルで、連番・送信元・送信先がそろっていません。",
    fix: "一度の操作で書き出したファイルだけを選び直してください。",
    shown_as: Some("V09"),
    needs: Needs::Nothing,
    good: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
    bad: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!("UP3KYO_1370000001_43_1370000002_11_20260320093001.CSV", plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
};
