//! V04: ファイル連番 — fourteen digits, a real date and time.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// ファイル連番
pub const RULE: Rule = Rule {
    code: "V04",
    clause: "別紙 「YYYYMMDDHHMMSS（14 桁）」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ファイル名の連番が、実在する日時の14桁の数字ではありません。",
    fix: "ファイル名を変えずに、介護ソフトから書き出し直してください。パソコンの時計も確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(
        "DLTPLAN_202604_1370000001_43_1370000002_11_20260230093000.CSV",
        "202407,131016,0000000001,202604\r\n"
    )],
};
