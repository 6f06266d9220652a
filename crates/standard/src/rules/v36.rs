//! V36: 整数 — integers, and 99.99 for 単位数単価.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 整数
pub const RULE: Rule = Rule {
    code: "V36",
    clause: "書式 「整数」「99.99 形式」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "数字の項目に、数字ではないものが入っています。",
    fix: "介護ソフトでこの項目に半角の数字を入力し直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(back!("UPJSK_202604"), actual!("250単位"))],
};

/// Digits, perhaps after a minus.
#[inline(always)]
pub(crate) fn is_integer(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    !digits.is_empty() && calendar::all_digits(digits)
}

/// 99.99.
#[inline(always)]
pub(crate) fn is_decimal(value: &[u8]) -> bool {
    let Some((whole, [b'.', tenth, hundredth])) = value.split_at_checked(value.len().saturating_sub(3)) else {
        return false;
    };
    (1..=3).contains(&whole.len())
        && whole.iter().all(u8::is_ascii_digit)
        && tenth.is_ascii_digit()
        && hundredth.is_ascii_digit()
}
