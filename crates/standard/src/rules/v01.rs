//! V01: ファイル名 — the name has a form of the standard.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::name::Token;
use crate::{FileKind, NameFault};

/// ファイル名
pub const RULE: Rule = Rule {
    code: "V01",
    clause: "別紙 ファイル名規約",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "ファイル名が標準仕様の形ではありません。",
    fix: "ファイル名を変えずに、介護ソフトから書き出したままのファイルを選び直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!("第6表_削除.CSV", "202407,131016,0000000001,202604\r\n")],
};

/// The rule that a fault in a name breaks.
pub(crate) fn broken_by(fault: &NameFault) -> &'static Rule {
    match (fault.token, fault.kind) {
        (Token::Sender | Token::SenderType | Token::Receiver | Token::ReceiverType, _) => &super::v03::RULE,
        (Token::Serial, _) => &super::v04::RULE,
        (Token::Month, Some(FileKind::Uphosoku)) => &super::v06::RULE,
        (Token::Month, _) => &super::v05::RULE,
        (Token::Branch, _) => &super::v14::RULE,
        (Token::Whole | Token::Prefix | Token::Extension, _) => &RULE,
    }
}
