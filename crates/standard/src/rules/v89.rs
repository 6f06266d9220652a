//! V89: 実績の不足 — a correction sends every place and service again.

use super::example::{actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 実績の不足
pub const RULE: Rule = Rule {
    code: "V89",
    clause: "5.1.2.1 「全拠点サービス分の情報を送信」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "前に届いた実績にあったサテライトまたはサービス種類が、今度の実績にありません。",
    fix: "実績を直すときは、その月の全拠点・全サービスの実績を送り直します。減ったことが正しいか、相手の事業所に確かめてください。",
    shown_as: None,
    needs: Needs::History(&[text!(
        "UPJSK_202604_1370000002_11_1370000001_43_20260430180000.CSV",
        concat!(
            actual!(),
            done!("250,,20260402,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",1,0,1370000002,")
        )
    )]),
    good: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("250,,20260402,,0900,1000,1,111111,,,\"\",,", "1370000002,\"ひだまり\",1,0,1370000002,")
        )
    )],
    bad: &[text!(back!("UPJSK_202604"), actual!())],
};
