//! V86: 削除の行 — every column, and the month of the name. V28 and V29 say so.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 削除の行
pub const RULE: Rule = Rule {
    code: "V86",
    clause: "別紙 使用目的 「全て必須項目」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "削除のファイルの行に空の項目があるか、対象年月がファイル名と違います。",
    fix: "削除する計画や月を選び直し、書き出し直してください。",
    shown_as: Some("V29"),
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,\r\n")],
};
