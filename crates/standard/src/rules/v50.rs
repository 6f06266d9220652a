//! V50: 第3表の曜日と時間 — weekday, start and end; HHMM.

use super::example::{name, plan_1, plan_2, plan_3, plan_set, sheet_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;

/// 第3表の曜日と時間
pub const RULE: Rule = Rule {
    code: "V50",
    clause: "UP3KYO.7, .8, .9",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第3表の週間サービスに曜日・開始・終了のどれかがないか、時間が4桁の時刻（0000から2400）ではありません。",
    fix: "第3表で曜日と時間を入力し直し、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: plan_set!(plan_2!(), plan_3!()),
    bad: plan_set!(plan_2!(), sheet_3!("\"訪問介護\",1,0900,9:30,\"\",,,\"\"")),
};

/// 0000 to 2359, and 2400.
#[inline(always)]
pub(crate) fn is_time(value: &[u8]) -> bool {
    value.len() == 4 && calendar::number(value).is_some_and(|time| (time / 100 < 24 && time % 100 < 60) || time == 2400)
}

/// A part that is not there.
pub(crate) const MISSING: &str = "週間サービスの行には、曜日・開始・終了が要ります";
