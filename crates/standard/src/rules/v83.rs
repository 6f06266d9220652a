//! V83: 送信先のサービス — each person of 第6表 is served by the receiver.

use super::example::{cost, costs, month_set, name, planned, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::links::Links;
use crate::rules::v07;

/// 送信先のサービス
pub const RULE: Rule = Rule {
    code: "V83",
    clause: "2.6 「関係ない利用者は送信しない制御」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "送信先の事業所のサービスを使わない利用者が、第6表に入っています。",
    fix: "送信先の事業所に関係のある利用者だけを選んで書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        planned!("250,,20260401,,0900,1000,1,111111,,,\"\",,", "1370000009,\"ほか\",,0,1370000001,"),
        concat!(
            cost!(
                "\"ひだまり\",1370000009,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,250,250,,,,250,,2850,,2565,,285,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// Not with a care manager as the receiver (README 15.9), nor when the type in the name is another rule's.
pub(crate) fn applies(links: &Links) -> bool {
    links.key.receiver_type.is_none_or(|kind| !kind.is_care_manager() && v07::holds(kind))
}
