//! V64: 更新業者コード — the planning office in a plan, the serving office in actuals.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 更新業者コード
pub const RULE: Rule = Rule {
    code: "V64",
    clause: "第6表.24",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "「更新業者コード」が、予定ではプラン担当業者、実績ではサービス事業者の番号と違います。",
    fix: "受け取れますが、事業所の設定を確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000001,")
    )],
};

/// In a plan.
pub(crate) const PLAN: &str = "プラン担当業者コードと違います";
/// In actuals.
pub(crate) const ACTUAL: &str = "サービス事業者コードと違います";
