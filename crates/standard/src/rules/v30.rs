//! V30: 委託の有無 — always written.

use super::example::{basic, centre, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 委託の有無
pub const RULE: Rule = Rule {
    code: "V30",
    clause: "「どちらの場合も記入」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "「委託の有無」が空です。",
    fix: "介護ソフトで委託の有無（自前・委託）を選び、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(centre!("UPKIHON"), basic!())],
    bad: &[text!(centre!("UPKIHON"), basic!("", ""))],
};
