//! V88: 古い連番 — nothing newer has been imported for the same key.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 古い連番
pub const RULE: Rule = Rule {
    code: "V88",
    clause: "2.5 「ファイル連番毎に処理」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "同じ利用者・同じ日付または月について、これより新しい連番のデータがもう届いています。",
    fix: "古いデータで新しいデータを上書きしないよう、取り込む前に相手の事業所に確かめてください。",
    shown_as: None,
    needs: Needs::History(&[text!("UPJSK_202604_1370000002_11_1370000001_43_20260430180000.CSV", actual!())]),
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!("UPJSK_202604_1370000002_11_1370000001_43_20260430093000.CSV", actual!())],
};
