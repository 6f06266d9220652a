//! What is asked of the month board, and how it stands in an address: months, office numbers and words of ours.

use jiff::{Timestamp, tz};
use standard::{OfficeNumber, ServiceMonth};
use store::{BoardAsked, Only, Order};

/// Months that are offered, the next one included.
const MONTHS_OFFERED: usize = 25;

pub(super) struct Query {
    pub(super) month: ServiceMonth,
    pub(super) partner: Option<OfficeNumber>,
    pub(super) only: Only,
    pub(super) order: Order,
    pub(super) page: usize,
    /// Never in an address.
    pub(super) search: String,
}

impl Query {
    pub(super) fn of(month: ServiceMonth, field: impl Fn(&str) -> String) -> Self {
        Self {
            month,
            partner: field("partner").parse().ok(),
            only: match field("only").as_str() {
                "missing" => Only::Missing,
                "differing" => Only::Differing,
                _ => Only::All,
            },
            order: if field("sort") == "number" { Order::Number } else { Order::Kana },
            page: field("page").parse().unwrap_or(1),
            search: field("search"),
        }
    }

    pub(super) fn only_id(&self) -> &'static str {
        match self.only {
            Only::All => "",
            Only::Missing => "missing",
            Only::Differing => "differing",
        }
    }

    pub(super) fn order_id(&self) -> &'static str {
        match self.order {
            Order::Kana => "",
            Order::Number => "number",
        }
    }

    pub(super) fn partner_id(&self) -> String {
        self.partner.map(|partner| partner.to_string()).unwrap_or_default()
    }

    pub(super) fn asked(&self, page: Option<usize>) -> BoardAsked {
        BoardAsked {
            month: self.month,
            partner: self.partner,
            only: self.only,
            order: self.order,
            search: self.search.clone(),
            page,
        }
    }

    pub(super) fn href(&self) -> String {
        let mut href = format!("/month?month={}", self.month);
        let partner = self.partner_id();
        for (name, value) in [("partner", partner.as_str()), ("only", self.only_id()), ("sort", self.order_id())] {
            if !value.is_empty() {
                href.push_str(&format!("&{name}={value}"));
            }
        }
        href
    }

    pub(super) fn at_page(&self, page: usize) -> String {
        format!("{}&page={page}", self.href())
    }

    pub(super) fn with_done(&self, done: &str) -> String {
        format!("{}&done={done}", self.href())
    }
}

/// The month it is, in Japan.
pub(super) fn month_of(now: Timestamp) -> ServiceMonth {
    let day = now.to_zoned(tz::TimeZone::fixed(tz::offset(9)));
    let (year, month) = (u16::try_from(day.year()).ok(), u8::try_from(day.month()).ok());
    let month = year.zip(month).and_then(|(year, month)| ServiceMonth::new(year, month));
    month.expect("the years of a clock are years")
}

/// The month that is worked on: until the tenth, when claims are due, it is the one before.
pub(super) fn month_at_work(now: Timestamp) -> ServiceMonth {
    const DUE_DAY: i8 = 10;
    let (today, day) = (month_of(now), now.to_zoned(tz::TimeZone::fixed(tz::offset(9))).day());
    if day > DUE_DAY { today } else { step(today, -1).unwrap_or(today) }
}

/// The next month, this one, and those before; the one that is looked at besides, wherever it lies.
pub(super) fn months(now: Timestamp, looked_at: ServiceMonth) -> Vec<ServiceMonth> {
    let mut months: Vec<ServiceMonth> = Vec::with_capacity(MONTHS_OFFERED + 1);
    let mut month = step(month_of(now), 1);
    while months.len() < MONTHS_OFFERED {
        let Some(one) = month else { break };
        months.push(one);
        month = step(one, -1);
    }
    if !months.contains(&looked_at) {
        months.push(looked_at);
        months.sort_unstable_by(|one, other| other.cmp(one));
    }
    months
}

/// The month so many months later.
pub(super) fn step(month: ServiceMonth, by: i32) -> Option<ServiceMonth> {
    let index = i32::from(month.year()) * 12 + i32::from(month.month()) - 1 + by;
    ServiceMonth::new(u16::try_from(index.div_euclid(12)).ok()?, u8::try_from(index.rem_euclid(12) + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_never_stands_in_an_address() {
        let field = |name: &str| match name {
            "partner" => "1370000029",
            "only" => "missing",
            "sort" => "number",
            "search" => "見本",
            "page" => "3",
            _ => "",
        };
        let query = Query::of("202604".parse().expect("a month"), |name| field(name).to_owned());
        assert_eq!(query.at_page(2), "/month?month=202604&partner=1370000029&only=missing&sort=number&page=2");
        assert_eq!((query.search.as_str(), query.page), ("見本", 3));
        let forged = Query::of("202604".parse().expect("a month"), |_| "\"><x".to_owned());
        assert_eq!(forged.href(), "/month?month=202604");
    }

    #[test]
    fn months_are_those_of_japan_from_the_next_one_back() {
        let now: Timestamp = "2026-12-31T15:05:00Z".parse().expect("an instant");
        assert_eq!(month_of(now).to_string(), "202701");
        let at_work = |text: &str| month_at_work(text.parse().expect("an instant")).to_string();
        assert_eq!([at_work("2027-01-10T14:59:00Z"), at_work("2027-01-10T15:00:00Z")], ["202612", "202701"]);
        let offered = months(now, "202001".parse().expect("a month"));
        let texts: Vec<String> = offered.iter().map(ToString::to_string).collect();
        assert_eq!((texts[0].as_str(), texts[1].as_str(), texts[2].as_str()), ("202702", "202701", "202612"));
        assert_eq!(texts.last().map(String::as_str), Some("202001"));
    }
}
