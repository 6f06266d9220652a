//! V43: 短期入所療養介護の枠 — entered as 22.

use super::example::{costs, frames, month_set, name, schedule, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 短期入所療養介護の枠
pub const RULE: Rule = Rule {
    code: "V43",
    clause: "UPHOSOKU.20 「短期入所療養介護の場合は22」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "種類支給限度基準額の枠に、短期入所療養介護が「22」以外で入っています。",
    fix: "受け取れますが、短期入所療養介護は施設の種類によらず「22」で書きます。介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!(), frames!("22,5000,250,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,")),
    bad: month_set!(schedule!(), costs!(), frames!("23,5000,250,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,")),
};

/// The 予防 types stand as they are (README A50).
#[inline(always)]
pub(crate) fn holds(value: &[u8]) -> bool {
    !matches!(value, b"23" | b"2A")
}
