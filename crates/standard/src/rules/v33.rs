//! V33: 日付・年月 — real ones; zeros only where the standard writes them.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 日付・年月
pub const RULE: Rule = Rule {
    code: "V33",
    clause: "書式",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "日付または年月が、実在する西暦の日付（8桁）・年月（6桁）ではありません。",
    fix: "介護ソフトでこの日付を入力し直し、書き出し直してください。和暦では書きません。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLT1KYO"), "202407,131016,0000000001,20260320\r\n")],
    bad: &[text!(name!("DLT1KYO"), "202407,131016,0000000001,20260230\r\n")],
};

/// YYYYMMDD. Zeros where `zero`.
#[inline(always)]
pub(crate) fn is_date(value: &[u8], zero: bool) -> bool {
    calendar::is_date(value) || (zero && value == b"00000000")
}

/// YYYYMM. Zeros where `zero`.
#[inline(always)]
pub(crate) fn is_month(value: &[u8], zero: bool) -> bool {
    calendar::is_month(value) || (zero && value == b"000000")
}
