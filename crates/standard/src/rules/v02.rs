//! V02: 旧版のファイル名 — a name of edition 3.x or 4.0: old software.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::FileName;
use crate::Severity;
use crate::name::NameEdition;

/// 旧版のファイル名
pub const RULE: Rule = Rule {
    code: "V02",
    clause: "更新履歴 4.0",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "古い版（3.x または 4.0）の形のファイル名です。",
    fix: "受け取れますが、介護ソフトを標準仕様4.1に対応した版へ更新してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!("DLTPLAN_202604_1370000001_1370000002_20260320093000.CSV", "202407,131016,0000000001,202604\r\n")],
};

/// The old edition of a name, in words.
pub(crate) fn old_edition(name: &FileName) -> Option<&'static str> {
    match name.edition {
        NameEdition::V3 => Some("版3.xの形のファイル名です（サービス種類コードがありません）"),
        NameEdition::V40 => Some("版4.0の形のファイル名です（サービスのコードが3文字です）"),
        NameEdition::V41 => None,
    }
}
