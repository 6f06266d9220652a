//! V87: 削除の対象 — is there.

use super::example::{costs, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 削除の対象
pub const RULE: Rule = Rule {
    code: "V87",
    clause: "5.1.1.4",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "削除する計画・利用票・実績が、これまでに届いたデータの中にありません。",
    fix: "削除する利用者・日付・対象年月を確かめてください。もう削除されているなら、することはありません。",
    shown_as: None,
    needs: Needs::History(&[
        text!("UPPLAN_202604_1370000001_43_1370000002_11_20260320090000.CSV", schedule!()),
        text!("UPSIKYU_202604_1370000001_43_1370000002_11_20260320090000.CSV", costs!()),
        text!("UPHOSOKU_202604_1370000001_43_1370000002_11_20260320090000.CSV", supplement!("00000000", "202604")),
    ]),
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000002,202604\r\n")],
};
