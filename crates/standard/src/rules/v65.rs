//! V65: 実績の事業所 — the one that sends.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::UnitKey;

/// 実績の事業所
pub const RULE: Rule = Rule {
    code: "V65",
    clause: "第6表.20",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "実績の「サービス事業者コード」が、送信元の事業所番号と違います。",
    fix: "自事業所の実績だけを選んでいるか、事業所の設定とファイル名の送信元が合っているか確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,1,111111,,,\"\",,", "1370000009,\"ひだまり\",,0,1370000009,")
    )],
};

/// An entrusted office passes on the actuals of others.
pub(crate) fn applies(key: &UnitKey) -> bool {
    key.sender_type.is_none_or(|kind| !kind.is_care_manager())
}
