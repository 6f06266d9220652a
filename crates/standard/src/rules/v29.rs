//! V29: 必須項目 — required columns are filled.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 必須項目
pub const RULE: Rule = Rule {
    code: "V29",
    clause: "必須 ○",
    severity: Severity::Error,
    on_import: OnImport::WarningWhereInferred,
    what: "必須の項目が空です。",
    fix: "介護ソフトでこの項目を入力し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLT1KYO"), "202407,131016,0000000001,20260320\r\n")],
    bad: &[text!(name!("DLT1KYO"), "202407,131016,,20260320\r\n")],
};
