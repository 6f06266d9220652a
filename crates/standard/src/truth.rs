//! 版の真実 — which set is current for a key, from any number of sets in any order of arrival (標準仕様 2.5, 3.5, 5.1).
//!
//! Sets count in the order of their serials, whatever the order in which they came; the outcome is a function of the
//! sets alone. A later set with the same key replaces the earlier one as a whole, a delete withdraws the one that is
//! current at its serial, with all files that hang on it, and a delete that finds nothing is marked and does nothing.
//! A set that came twice is applied once.
//!
//! Every receiver (office and service type) has truths of its own: one schedule goes to many offices, and its
//! withdrawal at one of them says nothing about the others. Names of edition 3.x do not say the type: such a set belongs to
//! the one type of the office that others name for the same key, and stands by itself where there is none, or several.

use crate::value::{Date, PersonKey, Sheet, Value};
use crate::{FileKind, OfficeNumber, ServiceMonth, ServiceType, SourceFile, UnitKind, group, unit::UnitKey};
use std::collections::{BTreeMap, BTreeSet};

/// 届いた組 — what must be known of a set to place it among the others. It holds nothing else of the content, so an
/// exchange can keep it without the files; with [`Arrival::map_person`] not even the insured numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival<P = PersonKey> {
    /// Serial, sender and receiver: a set is known by them.
    pub unit: UnitKey,
    /// Which of the fifteen.
    pub kind: UnitKind,
    /// What it brings or withdraws.
    pub keys: BTreeSet<Key<P>>,
    /// Rows whose key could not be read. They bring nothing and, above all, withdraw nothing.
    pub rows_without_key: u64,
}

/// 鍵 — the key of 図表2.3.1: whose, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<P = PersonKey> {
    /// 保険者番号・被保険者番号, or whatever the holder put in their place.
    pub person: P,
    /// The rest of the key.
    pub subject: Subject,
}

/// 鍵の残り — what is replaced and withdrawn as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// 第1〜3表, by 居宅サービス計画作成（変更）日.
    CarePlan(Date),
    /// 第6・7表, by 対象年月.
    Schedule(ServiceMonth),
    /// 実績, by 対象年月, サービス事業者コード and service type (5.1.2; the figure lists only the month).
    Actuals {
        /// 対象年月.
        month: ServiceMonth,
        /// サービス事業者コード.
        office: OfficeNumber,
        /// サービス種類コード.
        service_type: ServiceType,
    },
    /// 利用者基本情報, by 相談日.
    BasicInfo(Date),
    /// 介護予防サービス・支援計画書, by 計画作成(変更)日.
    PreventionPlan(Date),
}

impl Subject {
    /// The files that come and go with it (図表2.3.1, 3.3.1; 利用者補足情報 by README A16).
    pub const fn files(&self) -> &'static [FileKind] {
        use FileKind::*;
        match self {
            Subject::CarePlan(_) => &[Up1kyo, Up2kyo, Up3kyo, Uphosoku],
            Subject::Schedule(_) => &[Upplan, Upsikyu, Uphosoku],
            Subject::Actuals { .. } => &[Upjsk],
            Subject::BasicInfo(_) => &[Upkihon, UpkihonSub1, UpkihonSub2, UpkihonImage],
            Subject::PreventionPlan(_) => &[Upyobo, UpyoboSub],
        }
    }
}

/// The sets among these files, each with its keys. Files that form none of the fifteen units are no set and are left out.
pub fn arrivals(files: &[SourceFile<'_>]) -> Vec<Arrival> {
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    let (groups, _) = group(&names);
    let mut arrivals = Vec::new();
    for group in groups {
        let Some(kind) = group.kind_on_arrival() else { continue };
        let (mut keys, mut rows_without_key) = (BTreeSet::new(), 0);
        for (index, name) in &group.files {
            let Some(file) = files.get(*index).filter(|_| is_main(name.kind)) else { continue };
            let Some(sheet) = Sheet::new(name.kind, file.bytes) else { continue };
            rows_without_key += sheet.rows(|row| {
                let value = |ident: &str| row.value(ident);
                match row.person().zip(subject(name.kind, value)) {
                    Some((person, subject)) => drop(keys.insert(Key { person, subject })),
                    None => rows_without_key += 1,
                }
            });
        }
        arrivals.push(Arrival { unit: group.key, kind, keys, rows_without_key });
    }
    arrivals
}

/// The files whose rows say what a set brings or withdraws; the others hang on them.
const fn is_main(kind: FileKind) -> bool {
    use FileKind::*;
    matches!(kind, Up1kyo | Upplan | Upjsk | Upkihon | Upyobo | Dlt1kyo | Dltplan | Dltjsk | Dltkihon | Dltyobo)
}

fn subject<'a>(kind: FileKind, value: impl Fn(&str) -> Option<Value<'a>>) -> Option<Subject> {
    use FileKind::*;
    let date = |ident: &str| value(ident)?.date();
    let month = || value("target_month")?.month();
    let office = || value("service_office_no")?.office();
    Some(match kind {
        Up1kyo | Dlt1kyo => Subject::CarePlan(date("care_plan_date")?),
        Upplan | Dltplan => Subject::Schedule(month()?),
        Upjsk => {
            let service_type = value("service_code")?.service_code()?.service_type()?;
            Subject::Actuals { month: month()?, office: office()?, service_type }
        }
        Dltjsk => {
            let service_type = value("service_type")?.service_type()?;
            Subject::Actuals { month: month()?, office: office()?, service_type }
        }
        Upkihon | Dltkihon => Subject::BasicInfo(date("consultation_date")?),
        Upyobo | Dltyobo => Subject::PreventionPlan(date("plan_date")?),
        _ => return None,
    })
}

impl<P> Arrival<P> {
    /// The same arrival with something else in the place of each person, such as a keyed hash. Different people must
    /// stay different.
    pub fn map_person<Q: Ord>(self, mut other: impl FnMut(P) -> Q) -> Arrival<Q> {
        let keys = self.keys.into_iter().map(|key| Key { person: other(key.person), subject: key.subject }).collect();
        Arrival { unit: self.unit, kind: self.kind, keys, rows_without_key: self.rows_without_key }
    }
}

/// 送信先 — who holds the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receiver {
    /// 事業所番号.
    pub office: OfficeNumber,
    /// サービス種類コード; none where only names of edition 3.x speak of the key, or others of several types.
    pub service_type: Option<ServiceType>,
}

/// 版の真実 — every key that was ever named, with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth<P = PersonKey> {
    /// By receiver and key.
    pub histories: BTreeMap<(Receiver, Key<P>), Vec<Step>>,
    /// Sets that came more than once; applied once.
    pub repeated: BTreeSet<UnitKey>,
    /// Sets that came more than once with different content under one name (README A47). The one that sorts first is
    /// applied; a person must look at them.
    pub contradictory: BTreeSet<UnitKey>,
}

/// 一歩 — one set in the history of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The set.
    pub set: UnitKey,
    /// Its kind.
    pub kind: UnitKind,
    /// What became of it, or what it did.
    pub state: State,
}

/// 状態.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// 有効: this is the one to go by.
    Current,
    /// 差し替え済み: a later set took its place.
    ReplacedBy(UnitKey),
    /// 取り下げ済み: a delete took it away.
    WithdrawnBy(UnitKey),
    /// 削除: it took this set away.
    Withdraws(UnitKey),
    /// 削除の相手なし: nothing was there to take away (5.1.1.4, V87).
    WithoutTarget,
}

impl Step {
    /// Whether it was replaced or withdrawn by, or withdraws a set of, another sender than its own. The standard's keys do
    /// not name the sender, so this is valid; a person may want to know.
    pub fn across_senders(&self) -> bool {
        match self.state {
            State::ReplacedBy(other) | State::WithdrawnBy(other) | State::Withdraws(other) => {
                other.sender != self.set.sender
            }
            State::Current | State::WithoutTarget => false,
        }
    }
}

impl<P: Ord> Truth<P> {
    /// The set a receiver goes by for a key.
    pub fn current(&self, receiver: Receiver, key: Key<P>) -> Option<UnitKey> {
        let steps = self.histories.get(&(receiver, key))?;
        steps.iter().find(|step| step.state == State::Current).map(|step| step.set)
    }
}

/// The truth of these sets. They may come in any order and more than once.
pub fn truth<'a, P: Ord + Clone + 'a>(arrivals: impl IntoIterator<Item = &'a Arrival<P>>) -> Truth<P> {
    // Import in ascending serials (2.5). What shares a serial is put in an order of its own, always the same.
    let mut sets: BTreeMap<UnitKey, BTreeSet<&Arrival<P>>> = BTreeMap::new();
    let mut truth = Truth { histories: BTreeMap::new(), repeated: BTreeSet::new(), contradictory: BTreeSet::new() };
    for arrival in arrivals {
        let same = sets.entry(arrival.unit).or_default();
        if !same.is_empty() {
            truth.repeated.insert(arrival.unit);
        }
        same.insert(arrival);
    }
    let mut types: BTreeMap<(OfficeNumber, &Key<P>), BTreeSet<ServiceType>> = BTreeMap::new();
    for (unit, same) in &sets {
        for key in same.first().into_iter().flat_map(|set| &set.keys) {
            types.entry((unit.receiver, key)).or_default().extend(unit.receiver_type);
        }
    }
    for (unit, same) in sets {
        if same.len() > 1 {
            truth.contradictory.insert(unit);
        }
        let Some(set) = same.first() else { continue };
        for key in &set.keys {
            let known = types.get(&(unit.receiver, key)).filter(|known| known.len() == 1);
            let service_type = unit.receiver_type.or_else(|| known?.first().copied());
            let receiver = Receiver { office: unit.receiver, service_type };
            let steps = truth.histories.entry((receiver, key.clone())).or_default();
            // At most one is current, and it is the last upload.
            let current = steps.iter_mut().rfind(|step| step.state == State::Current);
            let deletes = set.kind.is_delete();
            let state = match (current, deletes) {
                (Some(current), true) => {
                    current.state = State::WithdrawnBy(unit);
                    State::Withdraws(current.set)
                }
                (None, true) => State::WithoutTarget,
                (current, false) => {
                    if let Some(current) = current {
                        current.state = State::ReplacedBy(unit);
                    }
                    State::Current
                }
            };
            steps.push(Step { set: unit, kind: set.kind, state });
        }
    }
    truth
}

impl UnitKind {
    /// 削除: whether the set withdraws what other sets brought.
    pub const fn is_delete(self) -> bool {
        use UnitKind::*;
        matches!(
            self,
            CarePlanDelete
                | ScheduleDelete
                | ActualDelete
                | PreventionBasicInfoDelete
                | PreventionPlanDelete
                | PreventionScheduleDelete
                | PreventionActualDelete
        )
    }
}
