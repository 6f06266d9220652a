//! V22: 引用符 — balanced, and doubled inside a value.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::read::QuoteFault;

/// 引用符
pub const RULE: Rule = Rule {
    code: "V22",
    clause: "別紙 「エスケープすること」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "引用符（\"）が閉じていないか、文の中の引用符が二つ重ねになっていません。",
    fix: "文の中の引用符（\"）を全角の「”」などに直して、介護ソフトから書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!("\"見本\"\"の\"\"事業所\"", "250", "0", "", ""))],
    bad: &[text!(back!("UPJSK_202604"), actual!("\"見本\"の\"事業所\"", "250", "0", "", ""))],
};

/// The fault in words.
pub(crate) fn describe(fault: QuoteFault) -> &'static str {
    match fault {
        QuoteFault::Unclosed => "引用符が閉じていません",
        QuoteFault::AfterQuote => "文の中の引用符が二つ重ねになっていません",
        QuoteFault::Inside => "引用符で始まらない項目の中に引用符があります",
    }
}
