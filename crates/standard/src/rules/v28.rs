//! V28: 対象年月 — every row is of the month in the file name.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 対象年月
pub const RULE: Rule = Rule {
    code: "V28",
    clause: "第6表, 第7表 ファイル作成単位",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "行の対象年月が、ファイル名の対象年月と違います。",
    fix: "ファイルには一つの月だけを入れます。対象の月を選んで書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202605\r\n")],
};
