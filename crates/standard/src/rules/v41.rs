//! V41: 補足情報の対象年月 — of the file name.

use super::example::{costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 補足情報の対象年月
pub const RULE: Rule = Rule {
    code: "V41",
    clause: "UPHOSOKU.63",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者補足情報の「対象年月」が、ファイル名の年月と合っていません。",
    fix: "計画書と送る補足情報は「000000」、利用票と送る補足情報はその月です。一式を書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(schedule!(), costs!(), supplement!("00000000", "202605")),
};

/// The month in the name of a supplement, as its rows must have it.
pub(crate) const OF_A_PLAN: [u8; 6] = *b"000000";
