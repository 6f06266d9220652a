//! V17: 送る向き — a service office sends only actuals.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::{FileKind, ServiceType, UnitKey};

/// 送る向き
pub const RULE: Rule = Rule {
    code: "V17",
    clause: "2.2, 3.2",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ファイルの種類と、送信元・送信先のサービス種類の組み合わせが正しくありません。",
    fix: "送信元と送信先が逆になっていないか、介護ソフトの相手先の設定を確かめて書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(
        "DLTPLAN_202604_1370000002_11_1370000001_43_20260320093000.CSV",
        "202407,131016,0000000001,202604\r\n"
    )],
};

/// The half of the name that does not fit the file. A code nobody knows is left to V07.
pub(crate) fn broken(kind: FileKind, key: &UnitKey) -> Option<&'static str> {
    let known = |code: Option<ServiceType>| code.filter(ServiceType::is_known);
    let (sender, receiver) = (known(key.sender_type), known(key.receiver_type));
    if matches!(kind, FileKind::Upjsk | FileKind::Dltjsk) {
        if sender.is_some_and(|code| !code.is_linked() && !code.is_care_manager()) {
            return Some("実績の送信元のサービス種類が、データ連携の対象ではありません");
        }
        return receiver.filter(|code| !code.may_plan()).map(|_| "実績の送信先が、計画を作る事業所ではありません");
    }
    sender.filter(|code| !code.may_plan()).map(|_| "計画や利用票の送信元が、計画を作る事業所ではありません")
}
