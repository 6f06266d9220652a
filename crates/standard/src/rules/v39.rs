//! V39: 空のファイル — a file has rows.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 空のファイル
pub const RULE: Rule = Rule {
    code: "V39",
    clause: "README A37",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "ファイルに行がありません。",
    fix: "送る内容がないファイルは書き出さないでください。対象の利用者を選んで書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "")],
};
