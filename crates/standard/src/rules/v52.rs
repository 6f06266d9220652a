//! V52: 日割対象日 — 31 characters of 0 and 1.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 日割対象日
pub const RULE: Rule = Rule {
    code: "V52",
    clause: "第6表.11 「31桁」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "日割対象日が、31文字の0と1ではありません。",
    fix: "日割りの対象日を選び直し、書き出し直してください。日割りをしないサービスでは空にします。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(
        back!("UPJSK_202604"),
        done!(
            "179,,20260401,1111111111111111111111111111110,0900,1000,1,761112,,,\"\",,",
            "1370000002,\"ひだまり\",,0,1370000002,"
        )
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!(
            "179,,20260401,111111111111111111111111111111,0900,1000,1,761112,,,\"\",,",
            "1370000002,\"ひだまり\",,0,1370000002,"
        )
    )],
};

/// 31 of 0 and 1.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    value.len() == 31 && value.iter().all(|day| matches!(day, b'0' | b'1'))
}
