//! 予実の暦: one block per service with a row for the plan, one for the actuals and one that says where they differ, in signs
//! as well as in colour.

use crate::pages::forms::grouped;
use standard::reconcile::{Finding, Mismatch, Note, Occasion, Office, Service, Side, Total, Visit, Why};
use standard::value::{Date, PersonKey, ServiceCode, Time};
use standard::{OfficeNumber, ServiceMonth};
use std::collections::BTreeMap;

/// A day of the month.
pub(super) struct Day {
    pub(super) number: u8,
    pub(super) weekday: &'static str,
    pub(super) class: &'static str,
}

/// One service.
pub(super) struct ServiceBlock {
    pub(super) name: String,
    pub(super) code: String,
    /// Whose service, where it is not the partner's or ours alone.
    pub(super) office: String,
    pub(super) times: String,
    pub(super) plan: Vec<Field>,
    pub(super) actual: Vec<Field>,
    pub(super) marks: Vec<Field>,
    pub(super) plan_total: Sum,
    pub(super) actual_total: Sum,
    pub(super) differences: Vec<Difference>,
    pub(super) notes: Vec<String>,
}

/// A day of a row.
pub(super) struct Field {
    pub(super) text: String,
    pub(super) class: &'static str,
}

/// 合計.
pub(super) struct Sum {
    pub(super) count: String,
    pub(super) units: String,
}

/// 差異の一件.
pub(super) struct Difference {
    /// As forms name it.
    pub(super) index: String,
    pub(super) day: String,
    pub(super) sign: &'static str,
    pub(super) look: &'static str,
    pub(super) kind: &'static str,
    pub(super) plan: String,
    pub(super) actual: String,
    /// Who accepted it and when.
    pub(super) accepted: Option<String>,
}

pub(super) const MISSING: (&str, &str) = ("×", "missing");
pub(super) const EXTRA: (&str, &str) = ("＋", "extra");
pub(super) const DIFFERS: (&str, &str) = ("≠", "differs");

/// The days of a month.
pub(super) fn days(month: ServiceMonth) -> Vec<Day> {
    (1..=month.days())
        .map(|number| {
            let weekday = weekday(month, number);
            let class = match weekday {
                Some(5) => "saturday",
                Some(6) => "sunday",
                _ => "",
            };
            let names = ["月", "火", "水", "木", "金", "土", "日"];
            Day { number, weekday: weekday.and_then(|day| names.get(day)).copied().unwrap_or_default(), class }
        })
        .collect()
}

/// 0 is Monday.
fn weekday(month: ServiceMonth, day: u8) -> Option<usize> {
    let (year, number) = (i16::try_from(month.year()).ok()?, i8::try_from(month.month()).ok()?);
    let date = jiff::civil::Date::new(year, number, i8::try_from(day).ok()?).ok()?;
    usize::try_from(date.weekday().to_monday_zero_offset()).ok()
}

/// What forms call a difference, and who accepted it and when.
pub(super) type Named<'n> = dyn Fn(OfficeNumber, &Service, &Finding) -> (String, Option<String>) + 'n;

/// The services of a person with both sides beside each other.
pub(super) fn blocks(
    (plan, actual): (&Side, &Side),
    offices: &[Office],
    (person, month): (PersonKey, ServiceMonth),
    index: &Named<'_>,
) -> Vec<ServiceBlock> {
    let mut blocks = Vec::new();
    for office in offices {
        for service in &office.services {
            let of = |side: &Side| -> Vec<(Date, Visit, Option<standard::value::DayMask>)> {
                let same = |one: &Occasion<'_>| {
                    one.office == office.office && one.code == service.code && one.satellite == service.satellite
                };
                side.occasions(person, month).filter(same).map(|one| (one.day, one.visit, one.mask)).collect()
            };
            let (planned, reported) = (of(plan), of(actual));
            let mut marks: BTreeMap<u8, (&str, &'static str)> = BTreeMap::new();
            let mut differences = Vec::new();
            for finding in &service.findings {
                note_marks(&mut marks, finding);
                let (index, accepted) = index(office.office, service, finding);
                differences.push(difference(finding, index, accepted));
            }
            let mark = |day: u8| match marks.get(&day) {
                Some((sign, class)) => Field { text: (*sign).to_owned(), class },
                None => Field { text: String::new(), class: "" },
            };
            blocks.push(ServiceBlock {
                name: service_name(service.code),
                code: service.code.to_string(),
                office: match service.satellite.as_str() {
                    "" => office.office.to_string(),
                    satellite => format!("{}-{satellite}", office.office),
                },
                times: times(planned.iter().chain(&reported).map(|(_, visit, _)| *visit)),
                plan: counts(month, &planned, &marks),
                actual: counts(month, &reported, &marks),
                marks: (1..=month.days()).map(mark).collect(),
                plan_total: Sum::of(service.plan),
                actual_total: Sum::of(service.actual),
                differences,
                notes: notes(&service.notes),
            });
        }
    }
    blocks
}

fn note_marks(marks: &mut BTreeMap<u8, (&'static str, &'static str)>, finding: &Finding) {
    let (sign, days): (_, Vec<u8>) = match finding.what {
        Mismatch::Missing(_) => (MISSING, finding.day.map(Date::day).into_iter().collect()),
        Mismatch::Extra(_) => (EXTRA, finding.day.map(Date::day).into_iter().collect()),
        Mismatch::Differs { .. } => (DIFFERS, finding.day.map(Date::day).into_iter().collect()),
        Mismatch::Days { missing, extra } => {
            marks.extend(extra.days().map(|day| (day, EXTRA)));
            (MISSING, missing.days().collect())
        }
    };
    for day in days {
        // Two findings on one day are more than any one of them says.
        marks.entry(day).and_modify(|mark| *mark = DIFFERS).or_insert(sign);
    }
}

/// How often on each day.
fn counts(
    month: ServiceMonth,
    rows: &[(Date, Visit, Option<standard::value::DayMask>)],
    marks: &BTreeMap<u8, (&'static str, &'static str)>,
) -> Vec<Field> {
    let on = |day: u8| {
        let here = rows.iter().filter(|(date, ..)| date.day() == day && date.service_month() == Some(month));
        let count: i64 = here.map(|(_, visit, _)| visit.count).sum();
        let claimed = rows.iter().any(|(_, _, mask)| mask.is_some_and(|mask| mask.has(day)));
        let text = match (count, claimed) {
            (0, true) => "日".to_owned(),
            (0, false) => String::new(),
            (count, _) => count.to_string(),
        };
        Field { text, class: marks.get(&day).map_or("", |(_, class)| class) }
    };
    (1..=month.days()).map(on).collect()
}

fn times(visits: impl Iterator<Item = Visit>) -> String {
    const SHOWN: usize = 3;
    let mut times: Vec<(Time, Time)> = visits.map(|visit| (visit.start, visit.end)).collect();
    times.sort_unstable();
    times.dedup();
    times.retain(|(start, _)| *start != Time::Without);
    let more = if times.len() > SHOWN { "ほか" } else { "" };
    let words: Vec<String> = times.iter().take(SHOWN).map(|(start, end)| format!("{start}〜{end}")).collect();
    format!("{}{more}", words.join("、"))
}

/// The kind of service, from the first two characters of its code.
fn service_name(code: ServiceCode) -> String {
    let kind = code.service_type();
    kind.as_ref().and_then(|kind| kind.name()?.split('（').next()).unwrap_or_default().to_owned()
}

impl Sum {
    fn of(total: Total) -> Self {
        let units = match (total.units, total.without_units) {
            (0, 0) if total.count == 0 => "—".to_owned(),
            (units, 0) => grouped(units),
            (units, without) => format!("{}（ほか単位数のない{without}回）", grouped(units)),
        };
        Self { count: grouped(total.count), units }
    }
}

fn difference(finding: &Finding, index: String, accepted: Option<String>) -> Difference {
    let day = finding.day.map_or_else(|| "月全体".to_owned(), |day| format!("{}日", day.day()));
    let make = |(sign, look): (&'static str, &'static str), kind, plan, actual| Difference {
        index,
        day,
        sign,
        look,
        kind,
        plan,
        actual,
        accepted,
    };
    let none = || "なし".to_owned();
    match finding.what {
        Mismatch::Missing(visit) => make(MISSING, "予定あり・実績なし", words(visit), none()),
        Mismatch::Extra(visit) => make(EXTRA, "予定なし・実績あり", none(), words(visit)),
        Mismatch::Differs { plan, actual, time, count, units, equipment } => {
            let kind = match (time, count, units, equipment) {
                (true, false, false, false) => "時間が違う",
                (false, true, false, false) => "回数が違う",
                (false, false, true, false) => "単位数が違う",
                (false, false, false, true) => "用具のコードが違う",
                _ => "内容が違う",
            };
            make(DIFFERS, kind, words(plan), words(actual))
        }
        Mismatch::Days { missing, extra } => {
            let list = |mask: standard::value::DayMask| match mask.is_empty() {
                true => none(),
                false => mask.days().map(|day| format!("{day}日")).collect::<Vec<_>>().join("、"),
            };
            make(DIFFERS, "日割の日が違う", list(missing), list(extra))
        }
    }
}

fn words(visit: Visit) -> String {
    let time = match visit.start {
        Time::Without => String::new(),
        start => format!("{start}〜{} ", visit.end),
    };
    let units = visit.units.map_or_else(String::new, |units| format!(" {}単位", grouped(units)));
    format!("{time}{}回{units}", visit.count)
}

fn notes(notes: &[Note]) -> Vec<String> {
    let mut days: BTreeMap<Why, Vec<u8>> = BTreeMap::new();
    for note in notes {
        days.entry(note.why).or_default().push(note.days.0.day());
    }
    let words = |(why, mut days): (Why, Vec<u8>)| {
        days.dedup();
        let list = days.iter().map(|day| format!("{day}日")).collect::<Vec<_>>().join("、");
        let said = match why {
            Why::TimeUnstated => "片方に時刻がないため、時間は比べていません。",
            Why::UnitsUnstated => "片方に単位数がないため、単位数は比べていません。",
            Why::OtherDay => "福祉用具の貸与は、別の日の行と組にしました。",
            Why::MaskOnOneSide => "日割の日が片方にしかないため、行どうしを比べました。",
        };
        format!("{list}: {said}")
    };
    days.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(hour: u8, units: i64) -> Visit {
        let at = |hour| Time::At { hour, minute: 0 };
        Visit { start: at(hour), end: at(hour + 1), count: 1, units: Some(units) }
    }

    fn day(text: &str) -> Option<Date> {
        Date::from_bytes(text.as_bytes())
    }

    #[test]
    fn a_difference_is_told_by_sign_and_words_and_not_by_colour_alone() {
        let missing = Finding { day: day("20260403"), what: Mismatch::Missing(visit(9, 250)) };
        let told = difference(&missing, String::new(), None);
        assert_eq!((told.sign, told.kind, told.day.as_str()), ("×", "予定あり・実績なし", "3日"));
        assert_eq!((told.plan.as_str(), told.actual.as_str()), ("09:00〜10:00 1回 250単位", "なし"));
        let (plan, actual) = (visit(9, 250), visit(10, 250));
        let what = Mismatch::Differs { plan, actual, time: true, count: false, units: false, equipment: false };
        assert_eq!(difference(&Finding { day: day("20260404"), what }, String::new(), None).kind, "時間が違う");
        let mut marks = BTreeMap::new();
        note_marks(&mut marks, &missing);
        assert_eq!(marks[&3], MISSING);
        note_marks(&mut marks, &Finding { day: day("20260403"), what: Mismatch::Extra(visit(12, 250)) });
        assert_eq!(marks[&3], DIFFERS);
    }

    #[test]
    fn a_total_says_what_it_leaves_out() {
        let total = Total { count: 12, units: 3_000, without_units: 2 };
        assert_eq!(Sum::of(total).units, "3,000（ほか単位数のない2回）");
        assert_eq!(Sum::of(Total::default()).units, "—");
    }
}
