//! V07: サービス種類 — the types in the name take part in the exchange.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::ServiceType;
use crate::Severity;

/// サービス種類
pub const RULE: Rule = Rule {
    code: "V07",
    clause: "1.3, 1.4",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "ファイル名のサービス種類コードが、データ連携の対象ではありません。",
    fix: "相手先のサービス種類の設定を確かめてください。対象外のサービスは、データ連携では送りません。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(
        "DLTPLAN_202604_1370000001_43_1370000002_51_20260320093000.CSV",
        "202407,131016,0000000001,202604\r\n"
    )],
};

/// Whether a type may stand in a name.
pub(crate) fn holds(code: ServiceType) -> bool {
    code.is_linked() || code.is_care_manager()
}
