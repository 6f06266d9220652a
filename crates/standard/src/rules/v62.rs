//! V62: ３０日超区分 — 0 or 1.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// ３０日超区分
pub const RULE: Rule = Rule {
    code: "V62",
    clause: "第6表.23, 第7表.33 「1：該当、0：非該当」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "「３０日超区分」が0でも1でもありません。",
    fix: "短期入所の30日超の設定を確かめ、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,2,1370000002,")
    )],
};

/// 0 or 1.
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    matches!(value, b"0" | b"1")
}
