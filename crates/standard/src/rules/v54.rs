//! V54: 開始時刻・終了時刻 — HHMM or 9999.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 開始時刻・終了時刻
pub const RULE: Rule = Rule {
    code: "V54",
    clause: "第6表.12, .13",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "サービスの開始時刻または終了時刻が、4桁の時刻でも「9999」でもありません。",
    fix: "時刻を半角4桁（例 0930）で入力し直し、書き出し直してください。時刻のないサービスは「9999」です。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,2300,2400,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0960,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// No time.
pub(crate) const NO_TIME: &[u8] = b"9999";

/// 0000 to 2359, or 9999.
#[inline(always)]
pub(crate) fn is_start(value: &[u8]) -> bool {
    let &[a, b, c, d] = value else { return false };
    let digits = [a, b, c, d].iter().all(u8::is_ascii_digit);
    digits && ((c < b'6' && (a < b'2' || (a == b'2' && b < b'4'))) || value == NO_TIME)
}

/// The same, or 2400.
#[inline(always)]
pub(crate) fn is_end(value: &[u8]) -> bool {
    is_start(value) || value == b"2400"
}
