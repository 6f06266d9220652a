//! V26: CSVバージョン — 202407; 202504 and 202208 with a warning.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::{Edition, FileKind, layout};

/// CSVバージョン
pub const RULE: Rule = Rule {
    code: "V26",
    clause: "CSVバージョン履歴",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "CSVバージョンが現在の版（202407）ではありません。",
    fix: "介護ソフトを標準仕様4.1に対応した版へ更新してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202410,131016,0000000001,202604\r\n")],
};

/// The weight, and a word about the value.
pub(crate) fn judge(value: &[u8], kind: FileKind) -> Option<(Severity, &'static str)> {
    match (value, Edition::from_csv_version(value)) {
        (_, Some(edition)) if layout(kind, edition).is_none() => {
            Some((Severity::Error, "この種類のファイルがない版のCSVバージョンです"))
        }
        (_, Some(edition)) => edition.entry().remark.map(|remark| (Severity::Warning, remark)),
        (b"202410", _) => Some((Severity::Error, "「202410」は版4.1の発行月で、CSVバージョンは「202407」です")),
        (b"201910" | b"202003", _) => Some((Severity::Error, "版1・版2（201910、202003）は読めません")),
        _ => Some((Severity::Error, "標準仕様にないCSVバージョンです。版4.1は「202407」です")),
    }
}
