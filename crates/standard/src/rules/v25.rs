//! V25: CSVバージョンの混在 — one value per file.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// CSVバージョンの混在
pub const RULE: Rule = Rule {
    code: "V25",
    clause: "No.1",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ひとつのファイルに、違うCSVバージョンの行が混ざっています。",
    fix: "介護ソフトから書き出し直してください。別々に書き出したファイルをつなげないでください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n202504,131016,0000000002,202604\r\n")],
};
