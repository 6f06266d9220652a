//! V90: 自分あて — sender and receiver are two offices.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::UnitKey;

/// 自分あて
pub const RULE: Rule = Rule {
    code: "V90",
    clause: "（運用上の確認）",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "送信元と送信先の事業所が同じです。",
    fix: "相手先の事業所を確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(
        "DLTPLAN_202604_1370000001_43_1370000001_11_20260320093000.CSV",
        "202407,131016,0000000001,202604\r\n"
    )],
};

/// Two offices.
pub(crate) fn holds(key: &UnitKey) -> bool {
    key.sender != key.receiver
}
