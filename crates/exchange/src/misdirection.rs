//! 誤送信の防止: what must be confirmed by a second person, and what is said before anything goes out.
//!
//! The standard itself says who has no business in a set (V83: nobody in 第6表 without a service of the receiver), and 第2表 names
//! offices too. Alone, that is no fault of the data but a question to people, so it can be answered: with a reason, by two.

use standard::served::unserved_in_plan;
use standard::{Report, SourceFile};

/// The check that says that somebody in 第6表 is not served by the receiver.
pub const UNSERVED: &str = "V83";

/// A month's sets to one partner are unusual above so many times the busiest month before.
pub const UNUSUAL_TIMES: u64 = 3;
/// However quiet the months before, so many sets are nothing unusual.
pub const USUAL_SETS: u64 = 10;
/// Months that are looked back on.
pub const MONTHS_BACK: u32 = 6;
/// A receiver who has opened nothing for so long, while something waits, may not be looking at all.
pub const SILENT_DAYS: i64 = 14;

/// 送信先について分かっていること — what the exchange knows of the way from one office to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartnerFacts {
    /// Whether anything has ever been sent to it.
    pub known: bool,
    /// Sets of this month so far.
    pub this_month: u64,
    /// Sets of the busiest of the months before.
    pub busiest_month: u64,
    /// Whether something has waited for it, and nothing was opened, for [`SILENT_DAYS`].
    pub silent: bool,
}

/// 送る前の注意 — said before sending, and to be acknowledged. It stops nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caution {
    /// Nothing was ever sent to this office.
    FirstPartner,
    /// Far more than in any month of half a year.
    UnusualVolume {
        /// Sets of this month, these included.
        sets: u64,
        /// Sets of the busiest month before.
        busiest: u64,
    },
    /// It has opened nothing for two weeks.
    Silent,
}

impl Caution {
    /// Stable id, for programs and the log.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::FirstPartner => "first-partner",
            Self::UnusualVolume { .. } => "unusual-volume",
            Self::Silent => "silent",
        }
    }

    /// What to know before sending, for people in a care office.
    #[must_use]
    pub fn says(self) -> String {
        match self {
            Self::FirstPartner => {
                "この事業所に送るのは初めてです。事業所番号と名前が送りたい相手のものか、確かめてください。".to_owned()
            }
            Self::UnusualVolume { sets, busiest } => format!(
                "今月この事業所に送る分が{sets}件になります。これまでの半年でいちばん多い月は{busiest}件でした。相手の選び違いがないか、確かめてください。"
            ),
            Self::Silent => format!(
                "この事業所は、届いたデータを{SILENT_DAYS}日以上開いていません。急ぐものは、電話でも知らせてください。"
            ),
        }
    }
}

/// What is to be said before so many sets go to a partner.
#[must_use]
pub fn cautions(facts: &PartnerFacts, sets: u64) -> Vec<Caution> {
    let month = facts.this_month.saturating_add(sets);
    let unusual = facts.known && month > USUAL_SETS && month > facts.busiest_month.saturating_mul(UNUSUAL_TIMES);
    let mut said = Vec::new();
    said.extend((!facts.known).then_some(Caution::FirstPartner));
    said.extend(unusual.then_some(Caution::UnusualVolume { sets: month, busiest: facts.busiest_month }));
    said.extend(facts.silent.then_some(Caution::Silent));
    said
}

/// Whether the only thing against a unit is that somebody in it has no service at the receiver: in 第6表 by V83, in 第2表 where
/// it leaves no doubt.
#[must_use]
pub fn is_only_unserved(report: &Report, unit: usize, files: &[SourceFile<'_>]) -> bool {
    let Some(of_report) = report.units.get(unit) else { return false };
    let in_plan = || of_report.accepted && !unserved_in_plan(of_report, files).is_empty();
    report.is_refused_only_for(unit, UNSERVED) || in_plan()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGULAR: PartnerFacts = PartnerFacts { known: true, this_month: 0, busiest_month: 8, silent: false };

    #[test]
    fn an_ordinary_month_says_nothing() {
        assert_eq!(cautions(&REGULAR, 8), []);
        assert_eq!(cautions(&REGULAR, 24), [], "three times is still usual");
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_said_before_sending() {
        assert_eq!(cautions(&PartnerFacts::default(), 1), [Caution::FirstPartner]);
        assert_eq!(cautions(&REGULAR, 25), [Caution::UnusualVolume { sets: 25, busiest: 8 }]);
        assert_eq!(cautions(&PartnerFacts { silent: true, ..REGULAR }, 1), [Caution::Silent]);
    }

    #[test]
    fn few_sets_are_never_unusual_and_many_small_sends_are_counted_together() {
        let quiet = PartnerFacts { busiest_month: 1, ..REGULAR };
        assert_eq!(cautions(&quiet, 10), []);
        assert_eq!(cautions(&quiet, 11), [Caution::UnusualVolume { sets: 11, busiest: 1 }]);
        let sent_already = PartnerFacts { this_month: 20, ..REGULAR };
        assert_eq!(cautions(&sent_already, 5), [Caution::UnusualVolume { sets: 25, busiest: 8 }]);
        assert_eq!(cautions(&PartnerFacts { this_month: u64::MAX, ..REGULAR }, 9).len(), 1);
    }

    #[test]
    fn every_caution_says_what_to_do() {
        for caution in [Caution::FirstPartner, Caution::UnusualVolume { sets: 25, busiest: 8 }, Caution::Silent] {
            assert!(caution.says().ends_with("ください。"), "{caution:?}");
        }
    }
}
