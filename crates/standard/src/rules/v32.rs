//! V32: 被保険者番号 — ten digits, or H and nine digits.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 被保険者番号
pub const RULE: Rule = Rule {
    code: "V32",
    clause: "No.3 「先頭H＋数字9桁」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "被保険者番号が10桁の数字（または「H」と数字9桁）ではありません。",
    fix: "利用者の保険証の情報を確かめ、被保険者番号（10桁）を入力し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLT1KYO"), "202407,131016,H000000001,20260320\r\n")],
    bad: &[text!(name!("DLT1KYO"), "202407,131016,000000001,20260320\r\n")],
};

/// Ten digits, the first of which may be H.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    matches!(value, [b'H' | b'0'..=b'9', rest @ ..] if rest.len() == 9 && calendar::all_digits(rest))
}
