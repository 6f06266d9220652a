//! V03: 事業所番号・サービス種類コード — ten characters and two.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 事業所番号・サービス種類コード
pub const RULE: Rule = Rule {
    code: "V03",
    clause: "別紙 ファイル名規約",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ファイル名の事業所番号またはサービス種類コードの桁数や文字が正しくありません。",
    fix: "介護ソフトの事業所の設定で、自事業所と相手先の事業所番号（10桁）とサービス種類を確かめ、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(
        "DLTPLAN_202604_137000001_43_1370000002_11_20260320093000.CSV",
        "202407,131016,0000000001,202604\r\n"
    )],
};
