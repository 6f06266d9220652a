//! V38: 識別子 — not used.

use super::example::{actual, back, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 識別子
pub const RULE: Rule = Rule {
    code: "V38",
    clause: "「※使用しない」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "使わないことになっている「識別子」に値が入っています。",
    fix: "受け取れますが、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(back!("UPJSK_202604"), actual!("\"見本の事業所\"", "250", "0", "", "1"))],
};
