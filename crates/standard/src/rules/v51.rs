//! V51: サービス利用日 — lies in the month of the row.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// サービス利用日
pub const RULE: Rule = Rule {
    code: "V51",
    clause: "第6表.10 「単月のサービス提供年月」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "サービス利用日が、対象年月の日ではありません。",
    fix: "利用票の日付を確かめ、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260501,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// Whether a date begins with a month. What is empty is another rule's.
#[inline(always)]
pub(crate) fn holds(date: &[u8], month: &[u8]) -> bool {
    match (date.first_chunk::<6>(), month.first_chunk::<6>()) {
        (Some(of_date), Some(month)) => of_date == month,
        _ => true,
    }
}
