//! V12: 第3表のない計画書 — a plan of edition 3.x had no UP3KYO.

use super::example::{name, plan_1, plan_2, plan_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Profile;
use crate::Severity;

/// 第3表のない計画書
pub const RULE: Rule = Rule {
    code: "V12",
    clause: "2.2 ⑤",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "計画書の一式に第3表（週間サービス計画表）がありません。",
    fix: "送信元の介護ソフトが古い版です。第3表は別の方法で受け取り、ソフトの更新を相手に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
    bad: &[
        text!(name!("UP1KYO"), plan_1!("202407", "123-4567")),
        text!(name!("UP2KYO"), plan_2!("202407")),
        text!(name!("UPHOSOKU_000000"), supplement!("202407", "20260320", "123-4567", "000000")),
    ],
};

/// What a plan unit without UP3KYO breaks: this rule if it is of edition 3.x or on import, else V09.
pub(crate) fn instead_of_v09(profile: Profile, old: bool) -> bool {
    old || profile == Profile::Import
}
