//! V35: 項目長 — exact columns exactly, others not longer.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::layout::Length;
use crate::{calendar, ms932};

/// 項目長
pub const RULE: Rule = Rule {
    code: "V35",
    clause: "項目長",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "項目の文字数が標準仕様と違います。",
    fix: "介護ソフトでこの項目の桁数を確かめて入力し直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(back!("UPJSK_202604"), actual!("\"見本の事業所\"", "250", "0", "123", ""))],
};

/// An office number: ten digits and capital letters, none of them full-width (README A32).
#[inline(always)]
pub(crate) fn is_office(value: &[u8]) -> bool {
    let holds = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    value.len() == 10 && (calendar::all_digits(value) || value.iter().all(holds))
}

/// At most so many characters.
#[inline(always)]
pub(crate) fn fits(value: &[u8], max: u16) -> bool {
    value.len() <= usize::from(max) || ms932::characters(value) <= usize::from(max)
}

/// The same of a text in which quotes are doubled: each counts once.
#[cold]
pub(crate) fn fits_doubled(value: &[u8], max: u16) -> bool {
    let quotes = value.iter().filter(|byte| **byte == b'"').count();
    ms932::characters(value) - quotes / 2 <= usize::from(max)
}

/// At most so many digits; a sign is not counted.
#[inline(always)]
pub(crate) fn fits_digits(value: &[u8], max: u16) -> bool {
    value.strip_prefix(b"-").unwrap_or(value).len() <= usize::from(max)
}

/// The lengths, in words.
pub(crate) fn describe(value: &[u8], length: Length) -> Option<String> {
    let given = ms932::characters(value);
    match length {
        Length::Exact(exact) if given == usize::from(exact) => {
            Some("半角の数字と大文字の英字ではない文字があります".into())
        }
        Length::Exact(exact) => Some(format!("{exact}文字の項目に{given}文字あります")),
        Length::Max(max) | Length::Printed(_, max) => Some(format!("{max}文字までの項目に{given}文字あります")),
        Length::Free => None,
    }
}

/// The first character beyond the length; of an office number of the right length, the first that is no letter or digit.
pub(crate) fn character(value: &[u8], length: Length) -> Option<u32> {
    let (Length::Exact(max) | Length::Max(max) | Length::Printed(_, max)) = length else { return None };
    // A sign is not counted.
    let sign = u32::from(matches!(length, Length::Max(_) | Length::Printed(..)) && is_negative(value));
    let max = u32::from(max) + sign;
    let given = u32::try_from(ms932::characters(value)).unwrap_or(u32::MAX);
    match length {
        _ if given > max => Some(max + 1),
        Length::Exact(_) => ms932::position(value, |_, letter| !matches!(letter, [b'0'..=b'9' | b'A'..=b'Z'])),
        _ => None,
    }
}

fn is_negative(value: &[u8]) -> bool {
    value.strip_prefix(b"-").is_some_and(calendar::all_digits)
}
