//! V20: 外字 — no user-defined characters.

use super::example::{actual, back, bytes, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::ms932;

/// 外字
pub const RULE: Rule = Rule {
    code: "V20",
    clause: "4.3 「外字の利用は不可」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "外字（パソコンごとに登録した文字）が使われています。",
    fix: "外字を、一般の漢字やかなに直して書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[bytes!(back!("UPJSK_202604"), b"202407,131016,0000000001,20260501,202604,1370000001,\"\xF0\x40\",250,,20260401,,0900,1000,1,111111,,,\"\",,1370000002,\"A\",,0,1370000002,\r\n")],
};

/// The first such character of a value.
pub(crate) fn character(value: &[u8]) -> Option<u32> {
    ms932::position(value, |_, letter| matches!(letter, [lead, _] if ms932::is_gaiji_lead(*lead)))
}
