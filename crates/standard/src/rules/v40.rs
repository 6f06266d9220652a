//! V40: 計画作成（変更）日 — zeros with a month, a date with a plan.

use super::example::{costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 計画作成（変更）日
pub const RULE: Rule = Rule {
    code: "V40",
    clause: "UPHOSOKU.4",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者補足情報の「居宅サービス計画作成（変更）日」が、一緒に送るファイルに合っていません。",
    fix: "計画書と送る補足情報には作成（変更）日を、利用票と送る補足情報には「00000000」を入れます。一式を書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(schedule!(), costs!(), supplement!("20260320", "202604")),
};

/// Whether a date, or zeros, stands where the supplement goes with a month or with a plan.
#[inline(always)]
pub(crate) fn holds(value: &[u8], monthly: bool) -> bool {
    (value == b"00000000") == monthly
}
