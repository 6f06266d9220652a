//! 第6表 and 第7表 of one person and month.

use super::calendar::{Day, Month};
use super::care::{Care, Planned, Provider, clock};
use super::dice::Dice;
use super::services::{EQUIPMENT, Service, Style};

/// What a 第6表 row is about; decides how it is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The service itself, counted by `Line::count`.
    Basic,
    /// 加算 beside a basic row.
    Extra,
    /// Priced for the month whatever the days.
    Flat,
    /// A percentage; outside the limit.
    Rate,
}

/// Code of an item on loan.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) tais: String,
    pub(super) notification: String,
    pub(super) name: String,
}

/// A row of 第6表.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) service: &'static Service,
    pub(super) provider: Provider,
    pub(super) satellite: &'static str,
    pub(super) part: Part,
    pub(super) code: String,
    pub(super) units: u32,
    pub(super) day: Day,
    pub(super) mask: String,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) count: u32,
    pub(super) thing: Option<Thing>,
    pub(super) detail_no: String,
}

/// A detail, subtotal or total row of 第7表.
#[derive(Clone)]
pub(super) struct Cost {
    pub(super) name: String,
    pub(super) office: String,
    pub(super) satellite: &'static str,
    pub(super) code: String,
    pub(super) thing: Option<Thing>,
    pub(super) units: u32,
    pub(super) count: u32,
    pub(super) amount: u32,
    /// Within the limit, or beyond it? `None`: the limit does not concern this row.
    pub(super) limited: Option<Limited>,
    /// Share of a limit by service type.
    pub(super) by_type: Option<u32>,
    pub(super) price: Option<u32>,
    pub(super) rate: Option<u32>,
    pub(super) total: u32,
    pub(super) claimed: u32,
    pub(super) paid: u32,
    pub(super) paid_in_full: u32,
    pub(super) stay: Option<Stay>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Limited {
    pub(super) over: u32,
    pub(super) within: u32,
}

/// 短期入所利用日数
#[derive(Clone, Copy)]
pub(super) struct Stay {
    pub(super) before: u32,
    pub(super) planned: u32,
}

/// 種類別支給限度額 of one service type.
pub(super) struct Frame {
    pub(super) service_type: &'static str,
    pub(super) limit: u32,
    pub(super) total: u32,
}

/// A month of one person: what is planned and what it costs.
pub(super) struct Plan {
    pub(super) lines: Vec<Line>,
    pub(super) costs: Vec<Cost>,
    pub(super) over: u32,
    pub(super) frame: Option<Frame>,
    pub(super) stay: Option<Stay>,
}

impl Plan {
    pub(super) fn new(dice: &mut Dice, care: &Care, month: Month) -> Self {
        let stay_from = dice.between(3, 20);
        let nights = dice.between(2, 6);
        let away = care.planned.iter().any(|planned| planned.service.style == Style::Stay);
        let away = if away { stay_from..stay_from + nights } else { 0..0 };
        let mut lines = Vec::new();
        for planned in &care.planned {
            let from = lines.len();
            match planned.service.style {
                Style::Visit | Style::DayCare => visits(&mut lines, planned, month, &away),
                Style::Stay => stays(&mut lines, planned, month, &away),
                Style::Monthly => monthly(&mut lines, planned, month, broken_month(dice, month)),
                Style::Equipment => equipment(&mut lines, planned, month),
                Style::Guidance => guidance(&mut lines, dice, planned, month),
            }
            rates(&mut lines, from, planned);
        }
        let stay = (!away.is_empty()).then(|| Stay { before: dice.below(20), planned: nights });
        let (costs, frame) = costs(dice, care, &lines, stay);
        let over = costs.last().and_then(|total| total.limited).map_or(0, |limited| limited.over);
        Plan { lines, costs, over, frame, stay }
    }
}

fn line(planned: &Planned, code: &str, units: u32, day: Day) -> Line {
    Line {
        service: planned.service,
        provider: planned.provider.clone(),
        satellite: "",
        part: Part::Basic,
        code: code.to_owned(),
        units,
        day,
        mask: String::new(),
        start: "9999".to_owned(),
        end: "9999".to_owned(),
        count: 1,
        thing: None,
        detail_no: String::new(),
    }
}

fn visits(lines: &mut Vec<Line>, planned: &Planned, month: Month, away: &std::ops::Range<u32>) {
    for day in month.days().filter(|day| !away.contains(&day.day)) {
        for slot in planned.slots.iter().filter(|slot| slot.weekday == day.weekday()) {
            let (code, units) = planned.service.items[slot.item];
            let mut basic = line(planned, code, units, day);
            basic.start = clock(slot.start);
            basic.end = clock(slot.end);
            basic.satellite = if slot.satellite { "1" } else { "" };
            let extras = planned.service.extras.iter().map(|(code, units)| Line {
                part: Part::Extra,
                code: (*code).to_owned(),
                units: *units,
                ..basic.clone()
            });
            let extras: Vec<Line> = extras.collect();
            lines.push(basic);
            lines.extend(extras);
        }
    }
}

fn stays(lines: &mut Vec<Line>, planned: &Planned, month: Month, away: &std::ops::Range<u32>) {
    for day in away.clone() {
        let (code, units) = planned.service.items[0];
        lines.push(line(planned, code, units, month.on(day)));
        for (code, units) in planned.service.extras {
            lines.push(Line { part: Part::Extra, ..line(planned, code, *units, month.on(day)) });
        }
    }
}

/// The days a monthly service may claim, when it began or ended within the month.
fn broken_month(dice: &mut Dice, month: Month) -> Option<(u32, u32)> {
    let last = month.length();
    match dice.below(5) {
        0 => Some((dice.between(2, 15), last)),
        1 => Some((1, dice.between(14, last - 1))),
        _ => None,
    }
}

fn monthly(lines: &mut Vec<Line>, planned: &Planned, month: Month, broken: Option<(u32, u32)>) {
    let (first, last) = broken.unwrap_or((1, month.length()));
    let (code, units) = planned.service.items[usize::from(broken.is_some())];
    let mask: String = match broken {
        Some(_) => (1..=31).map(|day| if (first..=last).contains(&day) { '1' } else { '0' }).collect(),
        None => String::new(),
    };
    for day in month.days().filter(|day| (first..=last).contains(&day.day)) {
        for slot in planned.slots.iter().filter(|slot| slot.weekday == day.weekday()) {
            let mut visit = line(planned, code, units, day);
            visit.part = if broken.is_some() { Part::Basic } else { Part::Flat };
            visit.start = clock(slot.start);
            visit.end = clock(slot.end);
            visit.mask.clone_from(&mask);
            lines.push(visit);
        }
    }
}

fn equipment(lines: &mut Vec<Line>, planned: &Planned, month: Month) {
    for (at, place) in planned.things.iter().enumerate() {
        let (item, name, units, tais) = EQUIPMENT[*place];
        let mut loan = line(planned, &format!("{}{item}", planned.service.code), units, month.first());
        let same = |other: &&usize| **other == *place;
        let nth = planned.things[..=at].iter().filter(same).count();
        // Equal in code and units, yet different things: numbered for 17; told apart by their codes for 67.
        if planned.service.code == "17" && planned.things.iter().filter(same).count() > 1 {
            loan.detail_no = nth.to_string();
        }
        let (tais, notification) = match tais {
            Some(code) => (format!("{}{:02}", &code[..10], 10 + nth), String::new()),
            None => (String::new(), format!("K{:07}{:02}", 1_000 + place, nth)),
        };
        loan.thing = Some(Thing { tais, notification, name: name.to_owned() });
        lines.push(loan);
    }
}

fn guidance(lines: &mut Vec<Line>, dice: &mut Dice, planned: &Planned, month: Month) {
    let (code, units) = *dice.pick(planned.service.items);
    let first = dice.between(1, 12);
    for day in [first, first + 14].into_iter().take(dice.between(1, 2) as usize) {
        lines.push(line(planned, code, units, month.on(day)));
    }
}

/// 処遇改善加算, one row for each place of work, on its last day of the month.
fn rates(lines: &mut Vec<Line>, from: usize, planned: &Planned) {
    let Some((code, per_mille)) = planned.service.rate else { return };
    for satellite in ["", "1"] {
        let own = || lines[from..].iter().filter(|line| line.satellite == satellite);
        let units = (units_of_month(own()) * per_mille + 500) / 1_000;
        let Some(last) = own().map(|line| line.day).max() else { continue };
        if units > 0 {
            lines.push(Line { part: Part::Rate, satellite, ..line(planned, code, units, last) });
        }
    }
}

/// Units of the month without percentages.
pub(super) fn units_of_month<'a>(lines: impl Iterator<Item = &'a Line>) -> u32 {
    group(lines.filter(|line| line.part != Part::Rate)).iter().map(|(line, count)| line.units * count).sum()
}

/// Equal lines of a month and how often they are charged, in the order of their first day.
fn group<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<(&'a Line, u32)> {
    let mut groups: Vec<(&Line, u32)> = Vec::new();
    for line in lines {
        let same = |(other, _): &&mut (&Line, u32)| {
            other.provider.number == line.provider.number
                && other.satellite == line.satellite
                && other.code == line.code
                && other.units == line.units
                && other.thing == line.thing
        };
        let once = line.part == Part::Flat || line.part == Part::Rate || !line.mask.is_empty();
        let days = line.mask.bytes().filter(|day| *day == b'1').count() as u32;
        match groups.iter_mut().find(same) {
            Some(_) if once => {}
            Some((_, count)) => *count += line.count,
            None if line.mask.is_empty() => groups.push((line, line.count)),
            None => groups.push((line, days)),
        }
    }
    groups
}

const OWN_SHARE: &[u32] = &[90, 90, 90, 90, 80, 70];

fn costs(dice: &mut Dice, care: &Care, lines: &[Line], stay: Option<Stay>) -> (Vec<Cost>, Option<Frame>) {
    let rate = *dice.pick(OWN_SHARE);
    let mut left = care.limit();
    let groups = group(lines.iter());
    let inside = |line: &Line| line.part != Part::Rate && line.service.style != Style::Guidance;
    let framed = dice.one_in(12).then(|| {
        let first = care.planned.first().map_or("", |planned| planned.service.code);
        let of_type = groups.iter().filter(|(line, _)| line.service.code == first && inside(line));
        let total: u32 = of_type.map(|(line, count)| line.units * count).sum();
        // 短期入所療養介護 of any kind is entered as 22.
        let service_type = if matches!(first, "23" | "2A") { "22" } else { first };
        Frame { service_type, limit: total + 1_000 - total % 100, total }
    });
    let framed = framed.filter(|frame| frame.total > 0);
    let mut details: Vec<(&Line, Cost)> = Vec::new();
    for (line, count) in groups {
        let amount = line.units * count;
        let limited = inside(line).then(|| {
            let within = amount.min(left);
            left -= within;
            Limited { over: amount - within, within }
        });
        let covered = limited.map_or(amount, |limited| limited.within);
        let yen =
            |units: u32| u32::try_from(u64::from(units) * u64::from(line.service.price) / 100).unwrap_or(u32::MAX);
        let total = yen(covered);
        let claimed = total * rate / 100;
        let first = care.planned.first().map_or("", |planned| planned.service.code);
        details.push((
            line,
            Cost {
                name: line.provider.name.clone(),
                office: line.provider.number.clone(),
                satellite: line.satellite,
                code: line.code.clone(),
                thing: line.thing.clone(),
                units: line.units,
                count,
                amount,
                limited,
                by_type: (framed.is_some() && line.service.code == first && limited.is_some()).then_some(amount),
                price: Some(line.service.price),
                rate: Some(rate),
                total,
                claimed,
                paid: total - claimed,
                paid_in_full: yen(amount - covered),
                stay: stay.filter(|_| line.service.style == Style::Stay),
            },
        ));
    }
    (with_sums(details), framed)
}

/// Details, each office's followed by its subtotal where one is due, and the grand total.
fn with_sums(details: Vec<(&Line, Cost)>) -> Vec<Cost> {
    let mut rows = Vec::new();
    let mut rest = details.as_slice();
    while let Some((first, _)) = rest.first() {
        let of_office =
            |line: &Line| line.provider.number == first.provider.number && line.service.code == first.service.code;
        let length = rest.iter().take_while(|(line, _)| of_office(line)).count();
        let (office, after) = rest.split_at(length);
        rest = after;
        let several = office.iter().filter(|(_, cost)| cost.limited.is_some()).count() > 1;
        let outside_too = several && office.iter().any(|(_, cost)| cost.limited.is_none());
        for satellite in ["", "1"] {
            let own: Vec<&Cost> =
                office.iter().map(|(_, cost)| cost).filter(|cost| cost.satellite == satellite).collect();
            rows.extend(own.iter().map(|cost| (*cost).clone()));
            let sums = [("AAAA", true, several), ("EEEE", false, outside_too)];
            for (tail, inside, due) in sums {
                let mut parts = own.iter().copied().filter(|cost| cost.limited.is_some() == inside).peekable();
                if due && parts.peek().is_some() {
                    let head = Cost {
                        name: first.provider.name.clone(),
                        office: first.provider.number.clone(),
                        satellite,
                        code: format!("{}{tail}", first.service.code),
                        ..blank()
                    };
                    rows.push(sum(head, parts));
                }
            }
        }
    }
    let head = Cost { office: "9999999999".to_owned(), code: "999999".to_owned(), ..blank() };
    rows.push(sum(head, details.iter().map(|(_, cost)| cost)));
    rows
}

fn blank() -> Cost {
    Cost {
        name: String::new(),
        office: String::new(),
        satellite: "",
        code: String::new(),
        thing: None,
        units: 0,
        count: 0,
        amount: 0,
        limited: None,
        by_type: None,
        price: None,
        rate: None,
        total: 0,
        claimed: 0,
        paid: 0,
        paid_in_full: 0,
        stay: None,
    }
}

fn sum<'a>(mut head: Cost, parts: impl Iterator<Item = &'a Cost>) -> Cost {
    for part in parts {
        head.amount += part.amount;
        if let Some(limited) = part.limited {
            let so_far = head.limited.unwrap_or_default();
            head.limited = Some(Limited { over: so_far.over + limited.over, within: so_far.within + limited.within });
        }
        if let Some(units) = part.by_type {
            head.by_type = Some(head.by_type.unwrap_or_default() + units);
        }
        head.total += part.total;
        head.claimed += part.claimed;
        head.paid += part.paid;
        head.paid_in_full += part.paid_in_full;
    }
    head
}

/// 実績 of one person: the plan as it went, a visit cancelled here, ten minutes late there.
pub(super) fn actuals(dice: &mut Dice, plan: &[Line], wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
    let mut lines: Vec<Line> = plan.iter().filter(|line| wanted(line)).cloned().collect();
    let Some(first_day) = lines.iter().map(|line| line.day).min() else { return lines };
    let cancelled: Vec<Day> =
        lines.iter().map(|line| line.day).filter(|day| *day > first_day).filter(|_| dice.one_in(20)).collect();
    let moved: Vec<Day> = lines.iter().map(|line| line.day).filter(|_| dice.one_in(10)).collect();
    let moves = |line: &Line| matches!(line.service.style, Style::Visit | Style::DayCare);
    lines.retain(|line| line.part == Part::Rate || !moves(line) || !cancelled.contains(&line.day));
    for line in lines.iter_mut().filter(|line| moves(line) && line.part != Part::Rate) {
        if moved.contains(&line.day) {
            line.start = later(&line.start);
            line.end = later(&line.end);
        }
    }
    recount_rates(&mut lines);
    lines
}

fn later(time: &str) -> String {
    let minutes = |time: &str| Some(time.get(..2)?.parse::<u32>().ok()? * 60 + time.get(2..)?.parse::<u32>().ok()?);
    minutes(time).filter(|minutes| *minutes < 23 * 60).map_or_else(|| time.to_owned(), |minutes| clock(minutes + 5))
}

fn recount_rates(lines: &mut Vec<Line>) {
    let whole = lines.clone();
    lines.retain_mut(|line| {
        let Some((_, per_mille)) = line.service.rate.filter(|_| line.part == Part::Rate) else { return true };
        let own = || {
            whole.iter().filter(|other| {
                other.part != Part::Rate
                    && other.provider.number == line.provider.number
                    && other.service.code == line.service.code
                    && other.satellite == line.satellite
            })
        };
        line.units = (units_of_month(own()) * per_mille + 500) / 1_000;
        match own().map(|other| other.day).max() {
            Some(last) => line.day = last,
            None => return false,
        }
        true
    });
}
