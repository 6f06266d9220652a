//! 予実突合 — UPPLAN beside UPJSK: what was planned and not reported, reported and not planned, at another time, in another
//! number or with other units, per person, office, service code, satellite and day; with totals.
//!
//! Changing sides changes missing into extra and nothing else. What 別紙 第6表 leaves open is a [`Note`], not a difference:
//!
//! - No.8: an actual of a rate-based code may say 0 or nothing. Units of 0 on either side are not compared.
//! - No.12, 13: a service without a time says 9999. Such a time is not compared with a real one.
//! - No.11: where both sides give 日割対象日, the days of the union of all rows (README A27) are compared and not the rows.
//! - No.19: equal lines of 福祉用具貸与 are counted together, so that it does not matter how they are numbered.
//! - No.10 of 福祉用具貸与 (17, 67) is filled for form's sake: a rent is found on any day of the month.
//! - No.16, 17: another TAISコード or 届出コード under the same service code is a difference, however it is hyphenated.
//! - 住所地特例 (A44): the insurers of plan and actual may differ; see [`Insurers`].
//!
//! Totals are what the rows say: units times count, or times the days claimed. A code that is claimed once a month and
//! stands on every day of use is counted on every day, since only the official code master knows it.

use crate::value::{Date, DayMask, InsuredNumber, PersonKey, ServiceCode, Sheet, Time, Value};
use crate::{FileKind, OfficeNumber, ServiceMonth, SourceFile, name};
use std::collections::{BTreeMap, BTreeSet};

/// 保険者番号の扱い — plan and actual are matched on insurer and insured number. For 住所地特例 the service office corrects the
/// insurer by hand, and the two may differ (README A44).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Insurers {
    /// Both numbers must agree.
    #[default]
    Exact,
    /// For these people the insurer does not matter.
    AnyFor(BTreeSet<InsuredNumber>),
    /// The insurer does not matter, wherever an insured number stands under one insurer on each side.
    Any,
}

/// 第6表の行 — all rows of one side, to be matched.
#[derive(Debug, Clone, Default)]
pub struct Side {
    lines: Vec<Line>,
    /// Rows that could not be read so far as to be matched, and records that are no rows.
    pub unread: u64,
}

#[derive(Debug, Clone)]
struct Line {
    person: PersonKey,
    month: ServiceMonth,
    group: Group,
    day: Date,
    mask: Option<DayMask>,
    visit: Visit,
    thing: String,
}

/// 訪問・利用の一件 — what 第6表 says of one service on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// サービス開始時刻.
    pub start: Time,
    /// サービス終了時刻.
    pub end: Time,
    /// サービス回数.
    pub count: i64,
    /// 単位数; none where the file says 0 or nothing.
    pub units: Option<i64>,
}

/// 第6表の一行 — one row of a side, to be shown beside the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// サービス事業者コード.
    pub office: OfficeNumber,
    /// サービスコード.
    pub code: ServiceCode,
    /// サテライト枝番, without padding; empty for the main office.
    pub satellite: &'a str,
    /// サービス利用日.
    pub day: Date,
    /// 日割対象日, where the row states them.
    pub mask: Option<DayMask>,
    /// When, how often, for how many units.
    pub visit: Visit,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    office: OfficeNumber,
    code: ServiceCode,
    satellite: String,
}

/// 突合の結果.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciliation {
    /// Everybody either side speaks of.
    pub people: Vec<Person>,
    /// Rows that could not be matched because they cannot be read: plan, actual.
    pub unread: (u64, u64),
}

/// 一人の予実.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// 利用者1, 利用者2, …: to speak of them without naming them.
    pub number: usize,
    /// Insurer (of the two, the smaller) and insured number; `Debug` prints nothing of them.
    pub person: PersonKey,
    /// 対象年月.
    pub month: ServiceMonth,
    /// The offices.
    pub offices: Vec<Office>,
}

/// 一事業所の予実.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// サービス事業者コード.
    pub office: OfficeNumber,
    /// Which sides speak of it. An office that is only planned may just not have reported yet.
    pub sides: Sides,
    /// Its services.
    pub services: Vec<Service>,
}

/// どちらにあるか.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sides {
    /// Planned and reported.
    Both,
    /// Planned only.
    Plan,
    /// Reported only.
    Actual,
}

/// 一サービスの予実.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// サービスコード.
    pub code: ServiceCode,
    /// サテライト枝番, without padding; empty for the main office.
    pub satellite: String,
    /// What does not agree, by day.
    pub findings: Vec<Finding>,
    /// What could not be compared.
    pub notes: Vec<Note>,
    /// The plan's total.
    pub plan: Total,
    /// The actuals' total.
    pub actual: Total,
}

/// 合計.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Occurrences, or days claimed.
    pub count: i64,
    /// Units, of the occurrences that state them.
    pub units: i64,
    /// Occurrences without units.
    pub without_units: i64,
}

/// 食い違いの一件.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// サービス利用日; none where 日割対象日 was compared.
    pub day: Option<Date>,
    /// What does not agree.
    pub what: Mismatch,
}

/// 食い違い.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// 実績なし: planned, not reported.
    Missing(Visit),
    /// 予定なし: reported, not planned.
    Extra(Visit),
    /// Both, but not alike.
    Differs {
        /// As planned.
        plan: Visit,
        /// As reported.
        actual: Visit,
        /// The time moved.
        time: bool,
        /// Another count.
        count: bool,
        /// Other units.
        units: bool,
        /// 福祉用具: another TAISコード or 届出コード.
        equipment: bool,
    },
    /// 日割対象日: days claimed on one side only.
    Days {
        /// Planned, not reported.
        missing: DayMask,
        /// Reported, not planned.
        extra: DayMask,
    },
}

/// 比べられなかったこと.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// サービス利用日 of the plan and of the actual.
    pub days: (Date, Date),
    /// Why.
    pub why: Why,
}

/// 比べられなかった理由.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// One side has 9999.
    TimeUnstated,
    /// One side has 0 or no units.
    UnitsUnstated,
    /// A rent of equipment stands on another day.
    OtherDay,
    /// Only one side has 日割対象日; the rows were compared.
    MaskOnOneSide,
}

impl Side {
    /// The rows of the files of this kind (UPPLAN or UPJSK) among these. Sets of several offices can be read together.
    pub fn read(files: &[SourceFile<'_>], kind: FileKind) -> Side {
        let mut side = Side::default();
        for file in files.iter().filter(|file| name::parse(file.name).is_ok_and(|name| name.kind == kind)) {
            match Sheet::new(kind, file.bytes) {
                Some(sheet) => {
                    let mut unmatched = 0;
                    side.unread += sheet.rows(|row| match Line::of(|ident| row.value(ident), row.person()) {
                        Some(line) => side.lines.push(line),
                        None => unmatched += 1,
                    });
                    side.unread += unmatched;
                }
                None => side.unread += u64::from(!file.bytes.is_empty()),
            }
        }
        side
    }

    /// Every office with a row.
    pub fn offices(&self) -> BTreeSet<OfficeNumber> {
        self.lines.iter().map(|line| line.group.office).collect()
    }

    /// Everything this side says of a person in a month, in the order of the rows.
    pub fn occasions(&self, person: PersonKey, month: ServiceMonth) -> impl Iterator<Item = Occasion<'_>> {
        let lines = self.lines.iter().filter(move |line| line.person == person && line.month == month);
        lines.map(|line| Occasion {
            office: line.group.office,
            code: line.group.code,
            satellite: &line.group.satellite,
            day: line.day,
            mask: line.mask,
            visit: line.visit,
        })
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Only the rows of these offices: for a plan of many offices and the report of one.
    #[must_use]
    pub fn of_offices(mut self, offices: &BTreeSet<OfficeNumber>) -> Side {
        self.lines.retain(|line| offices.contains(&line.group.office));
        self
    }
}

impl Line {
    fn of<'a>(value: impl Fn(&str) -> Option<Value<'a>>, person: Option<PersonKey>) -> Option<Line> {
        let number = |ident: &str| match value(ident) {
            Some(Value::Integer(number)) => Some(number),
            None | Some(Value::Empty) => Some(0),
            _ => None,
        };
        let text = |ident: &str| match value(ident) {
            Some(Value::Tais(code)) => code.as_str().to_owned(),
            Some(Value::Symbol(text)) => text.into_owned(),
            _ => String::new(),
        };
        let units = number("units")?;
        Some(Line {
            person: person?,
            month: value("target_month")?.month()?,
            group: Group {
                office: value("service_office_no")?.office()?,
                code: value("service_code")?.service_code()?,
                satellite: text("satellite_no").trim_start_matches('0').to_owned(),
            },
            day: value("service_date")?.date()?,
            mask: match value("prorated_days")? {
                Value::Empty => None,
                Value::Days(days) => Some(days),
                _ => return None,
            },
            visit: Visit {
                start: value("start_time")?.time()?,
                end: value("end_time")?.time()?,
                count: number("service_count")?,
                units: (units != 0).then_some(units),
            },
            thing: format!("{} {}", text("tais_code"), text("equipment_notification_code")),
        })
    }
}

impl Reconciliation {
    /// Whether plan and actual agree. Notes are no disagreement; rows that cannot be read are.
    pub fn agrees(&self) -> bool {
        self.unread == (0, 0) && self.services().all(|service| service.findings.is_empty())
    }

    /// Every service of everybody.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.people.iter().flat_map(|person| &person.offices).flat_map(|office| &office.services)
    }

    /// The same, with the sides changed.
    #[must_use]
    pub fn swapped(mut self) -> Reconciliation {
        self.unread = (self.unread.1, self.unread.0);
        for office in self.people.iter_mut().flat_map(|person| &mut person.offices) {
            office.sides = match office.sides {
                Sides::Both => Sides::Both,
                Sides::Plan => Sides::Actual,
                Sides::Actual => Sides::Plan,
            };
            for service in &mut office.services {
                std::mem::swap(&mut service.plan, &mut service.actual);
                for note in &mut service.notes {
                    note.days = (note.days.1, note.days.0);
                }
                for finding in &mut service.findings {
                    finding.what = finding.what.swapped();
                }
                service.arrange();
            }
        }
        self
    }
}

impl Mismatch {
    const fn swapped(self) -> Mismatch {
        match self {
            Mismatch::Missing(visit) => Mismatch::Extra(visit),
            Mismatch::Extra(visit) => Mismatch::Missing(visit),
            Mismatch::Differs { plan, actual, time, count, units, equipment } => {
                Mismatch::Differs { plan: actual, actual: plan, time, count, units, equipment }
            }
            Mismatch::Days { missing, extra } => Mismatch::Days { missing: extra, extra: missing },
        }
    }
}

impl Service {
    /// By day; on one day what is missing before what is extra.
    fn arrange(&mut self) {
        self.findings.sort_by_key(|finding| {
            let order = match finding.what {
                Mismatch::Days { .. } => (0, None),
                Mismatch::Missing(visit) => (1, Some(visit)),
                Mismatch::Extra(visit) => (2, Some(visit)),
                Mismatch::Differs { plan, actual, .. } => (3, Some(plan.min(actual))),
            };
            (finding.day, order)
        });
        self.notes.sort_unstable_by_key(|note| (note.days.0.min(note.days.1), note.days.0.max(note.days.1), note.why));
    }
}

impl Total {
    fn add(&mut self, times: i64, units: Option<i64>) {
        self.count = self.count.saturating_add(times);
        match units {
            Some(units) => self.units = self.units.saturating_add(units.saturating_mul(times)),
            None => self.without_units = self.without_units.saturating_add(times),
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Total) -> Total {
        Total {
            count: self.count.saturating_add(other.count),
            units: self.units.saturating_add(other.units),
            without_units: self.without_units.saturating_add(other.without_units),
        }
    }
}

/// The rows of one person, month, office, code and satellite: plan, actual.
type Pair<'a> = (Vec<&'a Line>, Vec<&'a Line>);

/// Matches plan and actual.
pub fn reconcile(plan: &Side, actual: &Side, insurers: &Insurers) -> Reconciliation {
    let same = same_people(plan, actual, insurers);
    let key = |line: &Line| same.get(&line.person).copied().unwrap_or(line.person);
    let mut people: BTreeMap<(PersonKey, ServiceMonth), BTreeMap<OfficeNumber, BTreeMap<Group, Pair<'_>>>> =
        BTreeMap::new();
    let planned = plan.lines.iter().map(|line| (line, true));
    for (line, is_plan) in planned.chain(actual.lines.iter().map(|line| (line, false))) {
        let offices = people.entry((key(line), line.month)).or_default();
        let pair = offices.entry(line.group.office).or_default().entry(line.group.clone()).or_default();
        if is_plan { &mut pair.0 } else { &mut pair.1 }.push(line);
    }

    let office = |(office, groups): (OfficeNumber, BTreeMap<Group, Pair<'_>>)| {
        let planned = groups.values().any(|(plan, _)| !plan.is_empty());
        let reported = groups.values().any(|(_, actual)| !actual.is_empty());
        let sides = match (planned, reported) {
            (true, false) => Sides::Plan,
            (false, true) => Sides::Actual,
            _ => Sides::Both,
        };
        let services = groups.into_iter().map(|(group, (plan, actual))| service(group, &plan, &actual)).collect();
        Office { office, sides, services }
    };
    let mut numbers: Vec<PersonKey> = people.keys().map(|(person, _)| *person).collect();
    numbers.dedup();
    let people = people.into_iter().map(|((person, month), offices)| Person {
        number: numbers.partition_point(|other| *other < person) + 1,
        person,
        month,
        offices: offices.into_iter().map(office).collect(),
    });
    Reconciliation { people: people.collect(), unread: (plan.unread, actual.unread) }
}

/// Who is meant by another insurer's row: the one under the smaller insurer number, so that both sides are treated alike.
fn same_people(plan: &Side, actual: &Side, insurers: &Insurers) -> BTreeMap<PersonKey, PersonKey> {
    let free = |person: &PersonKey| match insurers {
        Insurers::Exact => false,
        Insurers::AnyFor(people) => people.contains(&person.insured),
        Insurers::Any => true,
    };
    let of = |side: &Side| {
        let mut found: BTreeMap<InsuredNumber, BTreeSet<PersonKey>> = BTreeMap::new();
        for person in side.lines.iter().map(|line| line.person).filter(|person| free(person)) {
            found.entry(person.insured).or_default().insert(person);
        }
        found
    };
    let (planned, reported) = (of(plan), of(actual));
    let mut same = BTreeMap::new();
    for (insured, here) in planned {
        let Some(there) = reported.get(&insured) else { continue };
        // Two insurers on one side are two people.
        if let (Some(here), Some(there), 1, 1) = (here.first(), there.first(), here.len(), there.len()) {
            let one = *here.min(there);
            same.insert(*here, one);
            same.insert(*there, one);
        }
    }
    same
}

fn service(group: Group, plan: &[&Line], actual: &[&Line]) -> Service {
    let mut service = Service {
        code: group.code,
        satellite: group.satellite,
        findings: Vec::new(),
        notes: Vec::new(),
        plan: total(plan),
        actual: total(actual),
    };
    let (planned, reported) = (days(plan), days(actual));
    if let (Some(planned), Some(reported)) = (planned, reported) {
        claimed_days(&mut service, (plan, planned), (actual, reported));
    } else {
        let (mut here, mut there) = (merge(plan), merge(actual));
        if let (Some(here), Some(there)) = (here.first(), there.first())
            && planned.is_some() != reported.is_some()
        {
            service.notes.push(Note { days: (here.day, there.day), why: Why::MaskOnOneSide });
        }
        let any_day = matches!(service.code.service_type().as_ref().map(|code| code.as_str()), Some("17" | "67"));
        match_up(&mut service, &mut here, &mut there, any_day);
        let left = |occurrences: Vec<Occurrence>, what: fn(Visit) -> Mismatch| {
            occurrences.into_iter().map(move |one| Finding { day: Some(one.day), what: what(one.visit) })
        };
        service.findings.extend(left(here, Mismatch::Missing));
        service.findings.extend(left(there, Mismatch::Extra));
    }
    service.arrange();
    service
}

/// The union of the masks; none if no row has one.
fn days(lines: &[&Line]) -> Option<DayMask> {
    lines.iter().filter_map(|line| line.mask).reduce(DayMask::union)
}

fn total(lines: &[&Line]) -> Total {
    let mut total = Total::default();
    if let Some(days) = days(lines) {
        // One mask for all rows of the code: its days are claimed once.
        total.add(i64::from(days.count()), lines.iter().filter_map(|line| line.visit.units).max());
        return total;
    }
    for Visit { count, units, .. } in lines.iter().map(|line| line.visit) {
        total.add(count, units);
    }
    total
}

fn claimed_days(service: &mut Service, plan: (&[&Line], DayMask), actual: (&[&Line], DayMask)) {
    let (missing, extra) = (plan.1.without(actual.1), actual.1.without(plan.1));
    if !missing.is_empty() || !extra.is_empty() {
        service.findings.push(Finding { day: None, what: Mismatch::Days { missing, extra } });
    }
    // One price for all rows of the code: the highest either side states.
    let dearest = |lines: &[&Line]| lines.iter().max_by_key(|line| (line.visit.units, line.visit)).copied().cloned();
    let (Some(here), Some(there)) = (dearest(plan.0), dearest(actual.0)) else { return };
    let units = matches!((here.visit.units, there.visit.units), (Some(one), Some(other)) if one != other);
    let things = |lines: &[&Line]| lines.iter().map(|line| line.thing.clone()).collect::<BTreeSet<_>>();
    let equipment = things(plan.0) != things(actual.0);
    if units || equipment {
        let (plan, actual) = (here.visit, there.visit);
        let what = Mismatch::Differs { plan, actual, time: false, count: false, units, equipment };
        service.findings.push(Finding { day: None, what });
    }
    if here.visit.units.is_some() != there.visit.units.is_some() {
        service.notes.push(Note { days: (here.day, there.day), why: Why::UnitsUnstated });
    }
}

/// Equal rows of a day, their counts added: how they are numbered (No.19) or split does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    day: Date,
    visit: Visit,
    thing: String,
}

fn merge(lines: &[&Line]) -> Vec<Occurrence> {
    let mut counts: BTreeMap<(Date, Time, Time, Option<i64>, &str), i64> = BTreeMap::new();
    for Line { day, visit, thing, .. } in lines.iter().copied() {
        let count = counts.entry((*day, visit.start, visit.end, visit.units, thing)).or_default();
        *count = count.saturating_add(visit.count);
    }
    let occurrence = |((day, start, end, units, thing), count): ((_, _, _, _, &str), i64)| Occurrence {
        day,
        visit: Visit { start, end, count, units },
        thing: thing.to_owned(),
    };
    counts.into_iter().map(occurrence).collect()
}

/// In what two rows are alike; what a stage does not look at is left out.
type Likeness<'a> = (Option<Date>, Option<&'a str>, Option<(Time, Time)>, Option<Option<i64>>, Option<i64>);

/// What of a row one stage looks at.
type Look<'l> = &'l dyn for<'a> Fn(&'a Occurrence) -> Likeness<'a>;

/// Takes pairs out of both lists, the most alike first, and says what of them does not agree.
fn match_up(service: &mut Service, here: &mut Vec<Occurrence>, there: &mut Vec<Occurrence>, any_day: bool) {
    let times = |one: &Occurrence| Some((one.visit.start, one.visit.end));
    let alike: [Look<'_>; 3] = [
        &|one| (Some(one.day), Some(&one.thing), times(one), Some(one.visit.units), Some(one.visit.count)),
        &|one| (Some(one.day), Some(&one.thing), times(one), Some(one.visit.units), None),
        &|one| (Some(one.day), Some(&one.thing), times(one), None, None),
    ];
    // A rent is the same on any day of the month: sought before another one of the same day is taken for it.
    let rents: [Look<'_>; 2] = [&|one| (None, Some(&one.thing), None, Some(one.visit.units), None), &|one| {
        (None, Some(&one.thing), None, None, None)
    }];
    let of_a_day: [Look<'_>; 2] =
        [&|one| (Some(one.day), None, times(one), None, None), &|one| (Some(one.day), None, None, None, None)];
    let rents = if any_day { &rents[..] } else { &[] };
    for likeness in alike.iter().chain(rents).chain(&of_a_day) {
        // Both lists are in order, so that rows alike are paired in the same way from either side.
        let mut alike: BTreeMap<Likeness<'_>, Vec<usize>> = BTreeMap::new();
        for (index, actual) in there.iter().enumerate().rev() {
            alike.entry(likeness(actual)).or_default().push(index);
        }
        let found: Vec<Option<usize>> =
            here.iter().map(|plan| alike.get_mut(&likeness(plan)).and_then(Vec::pop)).collect();
        let mut taken = BTreeSet::new();
        let mut rest = Vec::new();
        for (plan, found) in std::mem::take(here).into_iter().zip(found) {
            match found.and_then(|index| Some((index, there.get(index)?))) {
                Some((index, actual)) => {
                    compare(service, &plan, actual);
                    taken.insert(index);
                }
                None => rest.push(plan),
            }
        }
        *here = rest;
        let mut index = 0..;
        there.retain(|_| index.next().is_none_or(|index| !taken.contains(&index)));
    }
}

fn compare(service: &mut Service, plan: &Occurrence, actual: &Occurrence) {
    let timed = (plan.visit.start, plan.visit.end) == (actual.visit.start, actual.visit.end);
    let days = (plan.day, actual.day);
    let without = |visit: Visit| visit.start == Time::Without || visit.end == Time::Without;
    let unstated = !timed && (without(plan.visit) || without(actual.visit));
    let units_unstated = plan.visit.units.is_some() != actual.visit.units.is_some();
    let mut note = |holds: bool, why: Why| {
        if holds {
            service.notes.push(Note { days, why });
        }
    };
    note(unstated, Why::TimeUnstated);
    note(units_unstated, Why::UnitsUnstated);
    note(days.0 != days.1, Why::OtherDay);
    let time = !timed && !unstated;
    let count = plan.visit.count != actual.visit.count;
    let units = !units_unstated && plan.visit.units != actual.visit.units;
    let equipment = plan.thing != actual.thing;
    if time || count || units || equipment {
        let what = Mismatch::Differs { plan: plan.visit, actual: actual.visit, time, count, units, equipment };
        service.findings.push(Finding { day: Some(days.0.min(days.1)), what });
    }
}
