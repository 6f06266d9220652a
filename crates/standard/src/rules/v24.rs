//! V24: 見出し行 — the first row is a record, not a header.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::read::Record;

/// 見出し行
pub const RULE: Rule = Rule {
    code: "V24",
    clause: "レコード定義",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "最初の行が見出し（項目名）です。この行は読み飛ばしました。",
    fix: "介護ソフトの書き出しの設定で、見出し行を付けないようにしてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "CSV,保険者番号,被保険者番号,年月\r\n202407,131016,0000000001,202604\r\n")],
};

/// A first row whose No.1 is not six digits. A row that is plainly a record with a slip in No.1 is none, so that no
/// person is skipped with the header.
pub(crate) fn is_header(record: &Record<'_, '_>) -> bool {
    let digits = |index: usize| record.cell(index).map(|cell| cell.bytes()).unwrap_or_default();
    let (version, insurer) = (digits(0), digits(1));
    version.iter().any(|byte| !byte.is_ascii_digit()) && !super::v31::holds(&insurer)
}
