//! V31: 保険者番号 — six digits.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 保険者番号
pub const RULE: Rule = Rule {
    code: "V31",
    clause: "項目長 6",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "保険者番号が6桁の数字ではありません。",
    fix: "利用者の保険証の情報を確かめ、保険者番号（6桁）を入力し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLT1KYO"), "202407,131016,0000000001,20260320\r\n")],
    bad: &[text!(name!("DLT1KYO"), "202407,13101,0000000001,20260320\r\n")],
};

/// Six digits.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    value.len() == 6 && calendar::all_digits(value)
}
