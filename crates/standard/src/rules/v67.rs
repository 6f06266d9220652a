//! V67: 同じ行 — one row is one service on one day.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 同じ行
pub const RULE: Rule = Rule {
    code: "V67",
    clause: "第6表の構成",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第6表に、サービス・事業所・日・時刻がすべて同じ行が二つ以上あります。",
    fix: "同じサービスを二度入力していないか確かめてください。一日に何度も行うときは、回数で書きます。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(back!("UPJSK_202604"), concat!(actual!(), actual!()))],
};
