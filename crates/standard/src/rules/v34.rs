//! V34: コード — a listed one.

use super::example::{back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::{CodeTable, service_type};

/// コード
pub const RULE: Rule = Rule {
    code: "V34",
    clause: "コード表, 選択肢",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "コード表にないコードが入っています。",
    fix: "介護ソフトでこの項目を選び直し、書き出し直してください。直らないときは、ソフトの更新を確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("DLTJSK_202604"), "202407,131016,0000000001,202604,1370000002,11\r\n")],
    bad: &[text!(back!("DLTJSK_202604"), "202407,131016,0000000001,202604,1370000002,ZZ\r\n")],
};

/// A code of the list.
#[inline(always)]
pub(crate) fn is_listed(value: &[u8], codes: &CodeTable) -> bool {
    match value {
        // Most are of one or two characters, and a call for each comparison would cost more than the rest.
        [only] => codes.values.iter().any(|(code, _)| matches!(code.as_bytes(), [one] if one == only)),
        [high, low] => codes.values.iter().any(|(code, _)| matches!(code.as_bytes(), [a, b] if a == high && b == low)),
        _ => false,
    }
}

/// A service type of section 10, linked or not.
#[inline(always)]
pub(crate) fn is_service_type(value: &[u8]) -> bool {
    matches!(value, &[high, low] if service_type::is_known([high, low]))
}

/// Six of 0-9 and A-Z, beginning with a known service type.
#[inline(always)]
pub(crate) fn is_service_code(value: &[u8]) -> bool {
    matches!(value, &[high, low, ref item @ ..] if item.len() == 4
        && service_type::is_known([high, low])
        && item.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
}
