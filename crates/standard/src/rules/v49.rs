//! V49: 第3表の行 — weekly, daily, or outside the week.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第3表の行
pub const RULE: Rule = Rule {
    code: "V49",
    clause: "第3表の構成",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "第3表の行に、週間サービス・日常生活上の活動・週単位以外のサービスのうち一つだけが入っていません。",
    fix: "第3表を開いて保存し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(plan_2!(), sheet_3!("\"訪問介護\",1,0900,1000,\"起床\",0600,0600,\"\"")),
};

/// How many kinds a row is of.
pub(crate) fn kinds(filled: [bool; 3]) -> usize {
    filled.into_iter().filter(|filled| *filled).count()
}

/// Of none.
pub(crate) const NONE: &str = "どの種類の項目も空です";
/// Of two or three.
pub(crate) const SEVERAL: &str = "二つ以上の種類の項目が入っています";
