//! V05: 対象年月 — the month in the name is a real one.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 対象年月
pub const RULE: Rule = Rule {
    code: "V05",
    clause: "別紙 「対象年月（YYYYMM）」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ファイル名の対象年月が、実在する年月の6桁ではありません。",
    fix: "ファイル名を変えずに、対象の月を選んで介護ソフトから書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202613"), "202407,131016,0000000001,202604\r\n")],
};
