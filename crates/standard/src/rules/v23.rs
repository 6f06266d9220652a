//! V23: フリーテキスト — enclosed in quotes.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// フリーテキスト
pub const RULE: Rule = Rule {
    code: "V23",
    clause: "別紙 「フリーテキストは\"\"（半角）で囲い」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "フリーテキストの項目が引用符（\"）で囲まれていません。",
    fix: "読み取れますが、介護ソフトの提供元に標準仕様のとおり引用符で囲むよう伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(back!("UPJSK_202604"), actual!("見本の事業所", "250", "0", "", ""))],
};

/// Quoted, or empty.
#[inline(always)]
pub(crate) fn holds(value: &[u8], quoted: bool) -> bool {
    quoted || value.is_empty()
}
