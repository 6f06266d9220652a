//! V21: 項目数 — every row has the columns of its file and version.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 項目数
pub const RULE: Rule = Rule {
    code: "V21",
    clause: "4.1",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "行の項目の数が、標準仕様の数と違います。",
    fix: "介護ソフトから書き出し直してください。表計算ソフトなどで直したファイルは使わないでください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604,\r\n")],
};
