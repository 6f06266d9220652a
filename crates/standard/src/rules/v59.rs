//! V59: 福祉用具の項目 — only for 福祉用具貸与.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 福祉用具の項目
pub const RULE: Rule = Rule {
    code: "V59",
    clause: "第6表.16, .17",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "福祉用具貸与ではないサービスに、用具のコードまたは名称が入っています。",
    fix: "受け取れますが、サービスコードの選び間違いがないか確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,1,111111,00999-000021,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};
