//! V60: 明細判別コード — only for 福祉用具貸与.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 明細判別コード
pub const RULE: Rule = Rule {
    code: "V60",
    clause: "第6表.19 「以外の場合は「Null（空）」」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "福祉用具貸与ではないサービスに、明細判別コードが入っています。",
    fix: "受け取れますが、サービスコードの選び間違いがないか確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,1000,1,111111,,,\"\",1,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// 17; 67 is accepted (README 15.12).
#[inline(always)]
pub(crate) fn may_have(kind: [u8; 2]) -> bool {
    matches!(&kind, b"17" | b"67")
}
