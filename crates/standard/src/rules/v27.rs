//! V27: 版と対象年月 — the version in force in the service month.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::{Edition, ServiceMonth};

/// 版と対象年月
pub const RULE: Rule = Rule {
    code: "V27",
    clause: "No.1 「適用年月となるサービス提供年月から適用する」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "CSVバージョンが、対象年月に使う版ではありません。",
    fix: "令和7年4月より前の月は版3（202208）、令和7年4月からの月は版4.1（202407）で書き出してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[text!(name!("DLTPLAN_202503"), "202407,131016,0000000001,202503\r\n")],
};

/// Whether the edition is that of the month.
pub(crate) fn holds(edition: Edition, month: ServiceMonth) -> bool {
    let entry = edition.entry();
    month >= entry.applies_from && entry.applies_until.is_none_or(|until| month < until)
}
