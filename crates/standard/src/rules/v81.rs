//! V81: 利用票の一式 — 第6表, 第7表 and 補足情報 about the same people.

use super::example::{costs, month_set, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 利用票の一式
pub const RULE: Rule = Rule {
    code: "V81",
    clause: "図表2.3.1, 3.3.1",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "第6表・第7表・利用者補足情報で、利用者がそろっていません。",
    fix: "利用票・別表・補足情報を、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        concat!(
            schedule!(),
            "202407,131016,0000000002,20260320,202604,1370000001,\"計画 花子\",250,,20260401,,0900,1000,1,111111,,,\"\",,1370000002,\"ひだまり\",,0,1370000001,\r\n"
        ),
        costs!()
    ),
};
