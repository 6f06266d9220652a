//! V55: 時刻のないサービス — 9999 at both ends.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 時刻のないサービス
pub const RULE: Rule = Rule {
    code: "V55",
    clause: "第6表.13 「サービス開始時刻と同様」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "開始時刻と終了時刻の片方だけが「9999」（時刻なし）です。",
    fix: "利用票で開始と終了の時刻を確かめ、書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,9999,9999,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        done!("250,,20260401,,0900,9999,1,111111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
    )],
};

/// Both or neither.
#[inline(always)]
pub(crate) fn holds(start: &[u8], end: &[u8]) -> bool {
    (start == super::v54::NO_TIME) == (end == super::v54::NO_TIME)
}
