//! V06: 補足情報の対象年月 — a month, or 000000.

use super::example::{name, plan_1, plan_2, plan_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 補足情報の対象年月
pub const RULE: Rule = Rule {
    code: "V06",
    clause: "別紙 UPHOSOKU",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者補足情報のファイル名の年月が、実在する年月でも「000000」でもありません。",
    fix: "ファイル名を変えずに、介護ソフトから計画書または利用票の一式を書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
    bad: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000001"), supplement!("20260320", "000000")),
    ],
};
