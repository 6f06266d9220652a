//! V58: 福祉用具のコード — TAISコード or 届出コード.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 福祉用具のコード
pub const RULE: Rule = Rule {
    code: "V58",
    clause: "第6表.16, .17 「どちらかを入力」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "福祉用具貸与の行に、TAISコードも福祉用具届出コードもありません。",
    fix: "利用票で用具を選び直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,9999,9999,1,171003,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// 福祉用具貸与, 介護予防福祉用具貸与.
#[inline(always)]
pub(crate) fn is_equipment(kind: [u8; 2]) -> bool {
    matches!(&kind, b"17" | b"67")
}
