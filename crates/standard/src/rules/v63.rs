//! V63: サービス回数 — at least 1.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// サービス回数
pub const RULE: Rule = Rule {
    code: "V63",
    clause: "第6表.14",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "サービス回数が1以上ではありません。",
    fix: "利用票の回数を確かめ、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,0,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// A sound integer is positive.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    value.first() != Some(&b'-') && value.iter().any(|digit| *digit != b'0')
}
