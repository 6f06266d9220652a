//! The page of a month.

use super::query::{Query, month_of, months, step};
use super::wording;
use crate::guard::SignedIn;
use crate::pages::frame::Frame;
use crate::wording::month;
use askama::Template;
use identity::role::Deed;
use jiff::Timestamp;
use standard::ServiceMonth;
use store::{Board, BoardLine, BoardPerson, PAIRS_AT_ONCE_MAX, PartnerLine, SetState};

#[derive(Template)]
#[template(path = "month/board.html")]
pub(super) struct BoardPage {
    frame: Frame,
    title: String,
    months: Vec<Choice>,
    partner_choices: Vec<Choice>,
    only: Vec<Choice>,
    orders: Vec<Choice>,
    search: String,
    fields: Vec<(&'static str, String)>,
    before: Option<Step>,
    after: Option<Step>,
    partners: Vec<Partner>,
    people: Vec<PersonRow>,
    people_total: usize,
    from: usize,
    to: usize,
    pages: Vec<PageLink>,
    may_act: bool,
    to_compare: usize,
    closed: usize,
    compare_max: usize,
    cut: bool,
    unlabelled: usize,
    filtered: bool,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Step {
    href: String,
    label: String,
}

struct Partner {
    number: String,
    name: String,
    planned: u64,
    reported: u64,
    missing: u64,
    /// Whether this office is the one that waits.
    is_outside: bool,
    awaited: bool,
    reminded_today: bool,
    reminded_on: Option<String>,
}

struct PersonRow {
    href: String,
    name: String,
    number: String,
    lines: Vec<Line>,
}

struct Line {
    partner: String,
    partner_number: String,
    plans: Vec<Chip>,
    actuals: Vec<Chip>,
    /// A plan and no actuals.
    missing: bool,
    difference: Chip,
    comments: u64,
}

struct Chip {
    text: String,
    look: &'static str,
    href: Option<String>,
}

struct PageLink {
    href: String,
    number: usize,
    here: bool,
}

impl BoardPage {
    pub(super) fn new(
        signed_in: &SignedIn,
        query: &Query,
        board: Board,
        now: Timestamp,
        notice: Option<&'static str>,
    ) -> Self {
        let chosen = |value: &str, label: &str, now: &str| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == now,
        };
        let partner = query.partner_id();
        let mut partner_choices = vec![chosen("", "すべての連携先", &partner)];
        for line in &board.partners {
            let number = line.number.to_string();
            partner_choices.push(chosen(&number, &format!("{}（{number}）", line.name), &partner));
        }
        if query.partner.is_some() && partner_choices.iter().all(|choice| !choice.chosen) {
            partner_choices.push(chosen(&partner, &partner, &partner));
        }
        let lines = || board.people.iter().flat_map(|person| &person.lines);
        let to_compare = |line: &&BoardLine| line.is_pair() && line.comparison.is_none();
        let this_month = month_of(now);
        let beside = |by: i32| {
            let other = step(query.month, by).filter(|other| *other <= step(this_month, 1).unwrap_or(this_month));
            other.map(|other| Step {
                href: Query { month: other, search: String::new(), ..copy(query) }.href(),
                label: month(&other.to_string()),
            })
        };
        Self {
            frame: signed_in.frame("今月").notice(notice),
            title: month(&query.month.to_string()),
            months: months(now, query.month)
                .into_iter()
                .map(|of| chosen(&of.to_string(), &month(&of.to_string()), &query.month.to_string()))
                .collect(),
            partner_choices,
            only: [("", "全員"), ("missing", "実績がまだの利用者"), ("differing", "差異がある利用者")]
                .map(|(value, label)| chosen(value, label, query.only_id()))
                .into(),
            orders: [("", "フリガナ順"), ("number", "被保険者番号順")]
                .map(|(value, label)| chosen(value, label, query.order_id()))
                .into(),
            search: query.search.clone(),
            fields: fields(query),
            before: beside(-1),
            after: beside(1),
            to_compare: lines().filter(|line| to_compare(line) && line.is_open_to_us()).count(),
            closed: lines().filter(|line| to_compare(line) && !line.is_open_to_us()).count(),
            compare_max: PAIRS_AT_ONCE_MAX,
            may_act: signed_in.person.may(Deed::ReconcileSets),
            people_total: board.people_total,
            from: board.skipped + 1,
            to: board.skipped + board.people.len(),
            pages: (1..=board.pages)
                .map(|number| PageLink { href: query.at_page(number), number, here: number == board.page })
                .collect(),
            cut: board.cut,
            unlabelled: board.unlabelled,
            filtered: !query.search.is_empty() || query.partner.is_some() || !query.only_id().is_empty(),
            partners: board.partners.into_iter().map(Partner::new).collect(),
            people: board.people.into_iter().map(|person| PersonRow::new(person, query.month)).collect(),
        }
    }
}

fn copy(query: &Query) -> Query {
    Query { search: query.search.clone(), ..*query }
}

/// What is asked for, for forms that go on from it.
fn fields(query: &Query) -> Vec<(&'static str, String)> {
    vec![
        ("month", query.month.to_string()),
        ("partner", query.partner_id()),
        ("only", query.only_id().to_owned()),
        ("sort", query.order_id().to_owned()),
    ]
}

impl Partner {
    fn new(line: PartnerLine) -> Self {
        Self {
            number: line.number.to_string(),
            name: line.name,
            planned: line.planned,
            reported: line.reported,
            missing: line.missing,
            is_outside: line.is_outside,
            awaited: line.awaited > 0,
            reminded_today: line.reminded_today,
            reminded_on: line.reminded_on.map(|day| short_day(&day)),
        }
    }
}

/// `2026-11-26` as `11月26日`.
pub(super) fn short_day(day: &str) -> String {
    let mut parts = day.split('-').skip(1).map(|part| part.trim_start_matches('0'));
    match (parts.next(), parts.next()) {
        (Some(month), Some(day)) => format!("{month}月{day}日"),
        _ => day.to_owned(),
    }
}

impl PersonRow {
    fn new(person: BoardPerson, month: ServiceMonth) -> Self {
        let (name, number) = match &person.label {
            Some(label) => (label.name.reveal().clone(), label.person.insured.as_str().to_owned()),
            None => (wording::NO_LABEL.to_owned(), String::new()),
        };
        let href = super::href(person.id, month);
        Self {
            lines: person.lines.iter().map(|line| Line::new(line, &href)).collect(),
            name: if name.is_empty() { "（氏名の届いていない利用者）".to_owned() } else { name },
            number,
            href,
        }
    }
}

impl Line {
    fn new(line: &BoardLine, person: &str) -> Self {
        let chips = |sets: &[SetState]| sets.iter().map(Chip::of_set).collect();
        Self {
            partner: line.partner_name.clone(),
            partner_number: line.partner.to_string(),
            plans: chips(&line.plans),
            actuals: chips(&line.actuals),
            missing: !line.plans.is_empty() && line.actuals.is_empty(),
            difference: difference(line, person),
            comments: line.comments,
        }
    }
}

impl Chip {
    fn of_set(set: &SetState) -> Self {
        let (text, look) = wording::standing(set);
        Self { text: text.to_owned(), look, href: Some(format!("/sets/{}", set.id)) }
    }
}

/// What a comparison came to, in words.
pub(super) fn difference_words(line: &BoardLine) -> (String, &'static str) {
    match line.comparison {
        _ if !line.is_pair() => ("—".to_owned(), ""),
        Some(standing) if standing.open() > 0 => (format!("差異 {}件", standing.open()), "late"),
        Some(standing) if standing.differences > 0 => (format!("了承済み {}件", standing.differences), "good"),
        Some(_) => ("一致".to_owned(), "good"),
        None if line.is_open_to_us() => ("未突合".to_owned(), ""),
        None => ("受け取ると突合できます".to_owned(), ""),
    }
}

fn difference(line: &BoardLine, person: &str) -> Chip {
    let (text, look) = difference_words(line);
    let href = line.is_pair().then(|| format!("{person}#p{}", line.partner));
    Chip { text, look, href }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_short() {
        assert_eq!((short_day("2026-11-26").as_str(), short_day("2026-01-05").as_str()), ("11月26日", "1月5日"));
    }
}
