//! V57: 連携対象外のサービス — not in the files.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::service_type;

/// 連携対象外のサービス
pub const RULE: Rule = Rule {
    code: "V57",
    clause: "2.6 「連携対象外のサービスは除外」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "データ連携の対象ではないサービスの行があります。",
    fix: "対象外のサービス（施設・居住系など）は、データ連携では送りません。介護ソフトの書き出しの設定を確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("800,,20260401,,9999,9999,1,511111,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
};

/// The type of a sound service code takes part in the exchange.
#[inline(always)]
pub(crate) fn holds(code: &[u8]) -> bool {
    code.first_chunk::<2>().is_some_and(|kind| service_type::is_linked(*kind))
}
