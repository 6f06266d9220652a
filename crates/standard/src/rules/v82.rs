//! V82: 第6表と第7表のサービス — the same in both.

use super::example::{costs, month_set, name, planned, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 第6表と第7表のサービス
pub const RULE: Rule = Rule {
    code: "V82",
    clause: "2.6 「全てのサービス事業所のサービスを出力」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第6表と第7表で、サービス（事業所とサービスコード）が合っていません。",
    fix: "利用票を直したあとで別表を計算し直し、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!()),
    bad: month_set!(
        concat!(
            schedule!(),
            planned!("250,,20260402,,0900,1000,1,111211,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000001,")
        ),
        costs!()
    ),
};
