//! V76: その他の内容・状況補足 — where the code asks for it.

use super::example::{basic, centre, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// その他の内容・状況補足
pub const RULE: Rule = Rule {
    code: "V76",
    clause: "UPKIHON.8, .12",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "利用者基本情報で「その他」などを選んだのに、その内容が空です。",
    fix: "相談方法の「その他の内容」、利用者の現況の「状況補足」を入力し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(centre!("UPKIHON"), basic!())],
    bad: &[text!(centre!("UPKIHON"), basic!("1", "", "03"))],
};

/// A code, its value, and the text that goes with it.
pub(crate) const PAIRS: [(&str, &[u8], &str); 2] =
    [("consultation_method", b"03", "consultation_method_other"), ("present_state", b"02", "present_state_note")];
