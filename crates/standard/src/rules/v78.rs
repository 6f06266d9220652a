//! V78: 支援計画の文 — on later rows empty, or the same.

use super::example::{centre, support, support_plan, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 支援計画の文
pub const RULE: Rule = Rule {
    code: "V78",
    clause: "別表の構成 「2回目以降は空欄」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "同じ課題・同じ支援計画の二行目以降に、一行目と違う文が入っています。",
    fix: "受け取れますが、二行目以降の文は読まれないことがあります。支援計画書を開いて保存し直してから書き出してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(centre!("UPYOBO"), support_plan!()),
        text!(
            centre!("UPYOBO_SUB"),
            concat!(support!("1", "外出", "1", "見守る", "1"), support!("1", "外出", "1", "", "2"))
        ),
    ],
    bad: &[
        text!(centre!("UPYOBO"), support_plan!()),
        text!(
            centre!("UPYOBO_SUB"),
            concat!(support!("1", "外出", "1", "見守る", "1"), support!("1", "家事", "1", "", "2"))
        ),
    ],
};
