//! V37: 郵便番号 — XXX-XXXX.

use super::example::{name, plan_1, plan_2, plan_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 郵便番号
pub const RULE: Rule = Rule {
    code: "V37",
    clause: "書式",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "郵便番号が「123-4567」の形ではありません。",
    fix: "郵便番号をハイフン付きの半角8文字で入力し直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
    bad: &[
        text!(name!("UP1KYO"), plan_1!("202407", "1234567")),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
};

/// Three digits, a hyphen, four digits.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    value.len() == 8
        && value.iter().enumerate().all(|(at, byte)| if at == 3 { *byte == b'-' } else { byte.is_ascii_digit() })
}
