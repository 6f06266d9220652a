//! V56: 加算の時刻 — those of a basic service of the day.

use super::example::{CODES, actual, back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::fingerprint::Seen;
use crate::rows::Spot;
use crate::service_codes::CodeKind;
use crate::{ServiceCodes, rules::v54};

/// 加算の時刻
pub const RULE: Rule = Rule {
    code: "V56",
    clause: "第6表.12 「加算には同じ時間を設定」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "加算の行の時刻が、同じ日・同じ事業所のどの基本サービスの時刻とも合いません。",
    fix: "加算の時刻を、もとのサービスの時刻に合わせて書き出し直してください。",
    shown_as: None,
    needs: Needs::ServiceCodes(CODES),
    good: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("62,,20260401,,0900,1000,1,114000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        concat!(
            actual!(),
            done!("62,,20260401,,0900,1030,1,114000,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
};

/// 加算 of one person that are looked at.
const EXTRAS_MAX: usize = 4_096;

/// 加算 and the times of basic services of one person.
pub(crate) struct Extras {
    basic: Seen,
    extras: Vec<(u64, Spot)>,
}

impl Extras {
    pub(crate) fn new() -> Extras {
        Extras { basic: Seen::new(), extras: Vec::new() }
    }

    /// `time` is the fingerprint of office, day, start and end.
    pub(crate) fn add(&mut self, codes: &ServiceCodes, code: &[u8], start: &[u8], time: u64, spot: Spot) {
        match codes.kind(code) {
            Some(CodeKind::Basic) => {
                self.basic.insert(time);
            }
            Some(CodeKind::Addition) if start != v54::NO_TIME && self.extras.len() < EXTRAS_MAX => {
                self.extras.push((time, spot));
            }
            _ => {}
        }
    }

    pub(crate) fn broken(&self) -> impl Iterator<Item = Spot> {
        self.extras.iter().filter(|(time, _)| !self.basic.contains(*time)).map(|(_, spot)| *spot)
    }

    pub(crate) fn clear(&mut self) {
        self.basic.clear();
        self.extras.clear();
    }
}
