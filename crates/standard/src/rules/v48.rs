//! V48: 第2表の事業所番号 — an office number, and one for each insured service.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_2, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::OfficeNumber;
use crate::Severity;

/// 第2表の事業所番号
pub const RULE: Rule = Rule {
    code: "V48",
    clause: "UP2KYO.15, .17",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第2表のサービス事業者コードが事業所番号の形でないか、保険対象のサービスなのに空です。",
    fix: "第2表でサービスを行う事業所を選び直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(concat!(plan_2!(), sheet_2!("1", "歩く", "1", "2", "Y", "")), plan_3!()),
};

/// Ten of 0-9 and A-Z.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    OfficeNumber::from_bytes(value).is_ok()
}
