//! V53: 日割対象日の日 — some day, and none after the last of the month.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 日割対象日の日
pub const RULE: Rule = Rule {
    code: "V53",
    clause: "第6表.11",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "日割対象日に「1」が一つもないか、その月にない日が「1」になっています。",
    fix: "日割りの対象日を選び直し、書き出し直してください。",
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
            "179,,20260401,1111111111111111111111111111111,0900,1000,1,761112,,,\"\",,",
            "1370000002,\"ひだまり\",,0,1370000002,"
        )
    )],
};

/// A sound mask has a day, and none beyond the month.
#[inline(always)]
pub(crate) fn holds(value: &[u8], days: u8) -> bool {
    value.contains(&b'1') && !value.iter().skip(usize::from(days)).any(|day| *day == b'1')
}
