//! V68: 共生型の減算 — on the first day of the month only.

use super::example::{CODES, actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::ServiceCodes;
use crate::Severity;

/// 共生型の減算
pub const RULE: Rule = Rule {
    code: "V68",
    clause: "第6表.8 「月初日のみに減算の単位数」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "共生型サービスの減算の単位数が、月初日ではない日にも入っています。",
    fix: "月初日の行だけに減算の単位数を入れ、ほかの日は0にします。介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::ServiceCodes(CODES),
    good: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("-7,,20260401,,9999,9999,1,119000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,"),
            done!("0,,20260402,,9999,9999,1,119000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("-7,,20260401,,9999,9999,1,119000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,"),
            done!("-7,,20260402,,9999,9999,1,119000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
};

/// The units of such a code are 0 after the first day.
pub(crate) fn holds(codes: &ServiceCodes, code: &[u8], date: &[u8], units: &[u8]) -> bool {
    date.ends_with(b"01") || units.iter().all(|digit| matches!(digit, b'0' | b'-')) || !codes.is_once_a_month(code)
}
