//! 責任者・規程・教育訓練 — what an office and the operator keep about who is responsible, by which rules, and who has been
//! trained; what is missing or old in it, and what follows for somebody whose training is over (R12.6).

use crate::role::Side;
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use std::collections::BTreeMap;

/// 責務 — what somebody is responsible for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// システム責任者.
    SystemManager,
    /// 安全管理責任者.
    SecurityManager,
    /// 個人情報保護の責任者.
    PrivacyManager,
    /// 監査責任者.
    AuditManager,
    /// 緊急時の連絡責任者.
    IncidentContact,
    /// 設置事業者: who supplied the system.
    Installer,
    /// 保守事業者.
    Maintainer,
    /// その他の関係者.
    Other,
}

impl Duty {
    /// Every duty, in the order of lists.
    pub const ALL: [Self; 8] = [
        Self::SystemManager,
        Self::SecurityManager,
        Self::PrivacyManager,
        Self::AuditManager,
        Self::IncidentContact,
        Self::Installer,
        Self::Maintainer,
        Self::Other,
    ];

    /// Stable id, for tables and the log.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::SystemManager => "system-manager",
            Self::SecurityManager => "security-manager",
            Self::PrivacyManager => "privacy-manager",
            Self::AuditManager => "audit-manager",
            Self::IncidentContact => "incident-contact",
            Self::Installer => "installer",
            Self::Maintainer => "maintainer",
            Self::Other => "other",
        }
    }

    /// The duty with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.id() == id)
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SystemManager => "システム責任者",
            Self::SecurityManager => "安全管理責任者",
            Self::PrivacyManager => "個人情報保護の責任者",
            Self::AuditManager => "監査責任者",
            Self::IncidentContact => "緊急時の連絡責任者",
            Self::Installer => "設置事業者",
            Self::Maintainer => "保守事業者",
            Self::Other => "その他の関係者",
        }
    }

    /// Whether somebody has to have it. Who runs an exchange answers for more than an office that uses one.
    #[must_use]
    pub const fn is_required(self, side: Side) -> bool {
        match self {
            Self::SystemManager | Self::SecurityManager => true,
            Self::AuditManager | Self::IncidentContact => matches!(side, Side::Operator),
            Self::PrivacyManager | Self::Installer | Self::Maintainer | Self::Other => false,
        }
    }

    /// Whether somebody has to stand in. A firm has its own people for that.
    #[must_use]
    pub const fn needs_deputy(self) -> bool {
        !matches!(self, Self::Installer | Self::Maintainer | Self::Other)
    }
}

/// One entry of the list of responsible persons, as far as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// What for.
    pub duty: Duty,
    /// Whether somebody stands in.
    pub has_deputy: bool,
    /// First day.
    pub from: Date,
    /// Last day; open where there is none.
    pub until: Option<Date>,
}

impl Appointment {
    /// Whether it counts on this day.
    #[must_use]
    pub fn is_in_force(&self, today: Date) -> bool {
        self.from <= today && self.until.is_none_or(|until| today <= until)
    }
}

/// 不備 — what is missing in the registers, or old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nobody has this duty.
    NobodyFor(Duty),
    /// Nobody stands in.
    NoDeputy(Duty),
    /// It ends within a month, and nobody comes after.
    EndsSoon(Duty),
    /// No rules are in force.
    NoRules,
    /// The rules were approved more than a year ago.
    OldRules,
}

/// When an end is near.
const SOON_DAYS: i32 = 30;
/// Rules are looked at once a year.
const RULES_DAYS: i32 = 366;

/// What is missing or old on this day. `approved_on`: the day on which the newest rules in force were approved.
#[must_use]
pub fn gaps(side: Side, appointments: &[Appointment], approved_on: Option<Date>, today: Date) -> Vec<Gap> {
    let mut held: BTreeMap<Duty, Vec<&Appointment>> = BTreeMap::new();
    for appointment in appointments.iter().filter(|appointment| appointment.is_in_force(today)) {
        held.entry(appointment.duty).or_default().push(appointment);
    }
    let later = after(today, SOON_DAYS);
    let mut gaps = Vec::new();
    for duty in Duty::ALL {
        match held.get(&duty) {
            None if duty.is_required(side) => gaps.push(Gap::NobodyFor(duty)),
            None => {}
            Some(held) => {
                if duty.needs_deputy() && held.iter().any(|appointment| !appointment.has_deputy) {
                    gaps.push(Gap::NoDeputy(duty));
                }
                let goes_on = appointments.iter().any(|next| next.duty == duty && next.is_in_force(later));
                if duty.is_required(side) && !goes_on {
                    gaps.push(Gap::EndsSoon(duty));
                }
            }
        }
    }
    match approved_on {
        None => gaps.push(Gap::NoRules),
        Some(day) if after(day, RULES_DAYS) < today => gaps.push(Gap::OldRules),
        Some(_) => {}
    }
    gaps
}

/// 教育訓練の決まり — how long training counts, and how long one goes on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingRule {
    /// Days from the day it was held.
    pub valid_days: u16,
    /// Days after its end, or after the invitation, until access is limited.
    pub grace_days: u16,
}

impl Default for TrainingRule {
    fn default() -> Self {
        Self { valid_days: 365, grace_days: 30 }
    }
}

impl TrainingRule {
    /// The last day of training that was held on this one.
    #[must_use]
    pub fn valid_until(self, held_on: Date) -> Date {
        after(held_on, i32::from(self.valid_days))
    }

    /// Where somebody stands. `until`: the last day of their latest training; `since`: from when it was asked of them.
    #[must_use]
    pub fn standing(self, until: Option<Date>, since: Date, today: Date) -> Trained {
        if until.is_some_and(|until| today <= until) {
            return Trained::Valid;
        }
        let from = until.map_or(since, |until| until.max(since));
        let last_day = after(from, i32::from(self.grace_days));
        if today <= last_day { Trained::Grace { last_day } } else { Trained::Lapsed }
    }
}

/// 受講の状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// Training is not asked for here.
    Unasked,
    /// In force.
    Valid,
    /// Over, or not held yet; nothing is limited until this day is over.
    Grace {
        /// The last day without limits.
        last_day: Date,
    },
    /// Over: one's own account and nothing else, until another person records new training.
    Lapsed,
}

fn after(day: Date, days: i32) -> Date {
    let span: Span = days.days();
    day.saturating_add(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn held(duty: Duty, has_deputy: bool, from: &str, until: Option<&str>) -> Appointment {
        Appointment { duty, has_deputy, from: day(from), until: until.map(day) }
    }

    #[test]
    fn r12_6_a_duty_without_holder_or_deputy_is_a_gap() {
        let today = day("2027-04-01");
        let approved = Some(day("2027-01-01"));
        let nobody = gaps(Side::Office, &[], approved, today);
        assert_eq!(nobody, [Gap::NobodyFor(Duty::SystemManager), Gap::NobodyFor(Duty::SecurityManager)]);
        let both = [
            held(Duty::SystemManager, true, "2027-04-01", None),
            held(Duty::SecurityManager, false, "2020-01-01", None),
        ];
        assert_eq!(gaps(Side::Office, &both, approved, today), [Gap::NoDeputy(Duty::SecurityManager)]);
        // The operator answers for more.
        assert_eq!(
            gaps(Side::Operator, &both, approved, today),
            [
                Gap::NoDeputy(Duty::SecurityManager),
                Gap::NobodyFor(Duty::AuditManager),
                Gap::NobodyFor(Duty::IncidentContact)
            ]
        );
        // A firm has its own people.
        let firm = [
            both[0],
            held(Duty::SecurityManager, true, "2020-01-01", None),
            held(Duty::Maintainer, false, "2020-01-01", None),
        ];
        assert!(gaps(Side::Office, &firm, approved, today).is_empty());
    }

    #[test]
    fn r12_6_what_is_over_or_has_not_begun_counts_for_nothing() {
        let today = day("2027-04-01");
        let approved = Some(today);
        for (from, until, expected) in [
            ("2027-04-02", None, vec![Gap::NobodyFor(Duty::SystemManager)]),
            ("2026-01-01", Some("2027-03-31"), vec![Gap::NobodyFor(Duty::SystemManager)]),
            ("2026-01-01", Some("2027-04-01"), vec![Gap::EndsSoon(Duty::SystemManager)]),
            ("2026-01-01", Some("2027-04-30"), vec![Gap::EndsSoon(Duty::SystemManager)]),
            ("2026-01-01", Some("2027-05-01"), vec![]),
        ] {
            let all =
                [held(Duty::SystemManager, true, from, until), held(Duty::SecurityManager, true, "2026-01-01", None)];
            assert_eq!(gaps(Side::Office, &all, approved, today), expected, "{from} {until:?}");
        }
        let all = [
            held(Duty::SystemManager, true, "2026-01-01", Some("2027-04-05")),
            held(Duty::SystemManager, true, "2027-04-06", None),
            held(Duty::SecurityManager, true, "2026-01-01", None),
        ];
        assert!(gaps(Side::Office, &all, approved, today).is_empty(), "somebody comes after");
        assert_eq!(gaps(Side::Office, &all, None, today), [Gap::NoRules]);
        assert_eq!(gaps(Side::Office, &all, Some(day("2026-03-30")), today), [Gap::OldRules]);
    }

    #[test]
    fn r12_6_training_counts_a_year_and_is_missed_for_a_month() {
        let rule = TrainingRule::default();
        let (since, until) = (day("2027-04-01"), rule.valid_until(day("2027-04-10")));
        assert_eq!(until, day("2028-04-09"));
        let at = |until, today| rule.standing(until, since, day(today));
        assert_eq!(at(None, "2027-04-01"), Trained::Grace { last_day: day("2027-05-01") });
        assert_eq!(at(None, "2027-05-01"), Trained::Grace { last_day: day("2027-05-01") });
        assert_eq!(at(None, "2027-05-02"), Trained::Lapsed);
        assert_eq!(at(Some(until), "2028-04-09"), Trained::Valid);
        assert_eq!(at(Some(until), "2028-04-10"), Trained::Grace { last_day: day("2028-05-09") });
        assert_eq!(at(Some(until), "2028-05-10"), Trained::Lapsed);
        // What was over long before anybody asked for it is no reason to shut anybody out at once.
        assert_eq!(at(Some(day("2020-01-01")), "2027-04-02"), Trained::Grace { last_day: day("2027-05-01") });
    }
}
