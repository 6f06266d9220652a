//! What is looked for in the log, as an address and a form carry it: pseudonyms and days, nothing about a person.

use super::wording;
use crate::pages::field::Faults;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use ledger::{Action, Actor, Token};
use store::log::{LogCursor, LogFilter};

/// Days that are shown unless others are asked for.
const DAYS_SHOWN: i64 = 7;
/// The longest period, in days.
const DAYS_MAX: i64 = 5 * 366;
/// Bytes of what is typed into "who".
pub(super) const WHO_BYTES_MAX: usize = 96;

#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) filter: LogFilter,
    pub(super) after: Option<LogCursor>,
    /// As they stand in the form: the last day belongs to the period.
    pub(super) from: Date,
    pub(super) until: Date,
}

pub(crate) fn japan() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}

impl Query {
    /// Reads it, or says what is wrong with it.
    pub(super) fn of<'a>(field: impl Fn(&'a str) -> &'a str, now: Timestamp) -> Result<Self, Faults> {
        let today = now.to_zoned(japan()).date();
        let day = |name: &'static str, otherwise: Date| match field(name) {
            "" => Ok(otherwise),
            text => text.parse::<Date>().map_err(|_| Faults::of("from", wording::NO_PERIOD)),
        };
        let until = day("until", today)?;
        let from = day("from", until.checked_sub((DAYS_SHOWN - 1).days()).unwrap_or(until))?;
        let start = |day: Date| day.to_zoned(japan()).map(|start| start.timestamp());
        let period = start(from).ok().zip(until.checked_add(1.day()).and_then(start).ok());
        let Some((starts, ends)) = period.filter(|(starts, ends)| starts < ends && starts.as_second() >= 0) else {
            return Err(Faults::of("from", wording::NO_PERIOD));
        };
        if ends.duration_since(starts) > SignedDuration::from_hours(24 * DAYS_MAX) {
            return Err(Faults::of("from", wording::PERIOD_TOO_LONG));
        }
        let actor = field("who");
        if !actor.is_empty() && actor.parse::<Actor>().is_err() {
            return Err(Faults::of("who", wording::NO_WHO));
        }
        let object = field("object");
        if !object.is_empty() && object.parse::<Token>().is_err() {
            return Err(Faults::of("object", wording::NO_OBJECT));
        }
        let office = match field("office") {
            "" => None,
            number => Some(number.parse().map_err(|_| Faults::of("office", wording::NO_OFFICE))?),
        };
        let action = match field("action") {
            "" => None,
            id => Some(Action::from_id(id).ok_or_else(|| Faults::of("action", wording::NO_ACTION))?),
        };
        let filter = LogFilter {
            from: starts,
            until: ends,
            actor: actor.to_owned(),
            office,
            action,
            object: object.to_owned(),
            only_failed: field("failed") == "1",
        };
        Ok(Self { filter, after: cursor(field("after")), from, until })
    }

    /// As it stands in an address.
    pub(super) fn encoded(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields() {
            query.append_pair(name, &value);
        }
        query.finish()
    }

    /// What is not empty, for addresses and hidden fields.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let filter = &self.filter;
        let mut fields = vec![("from", self.from.to_string()), ("until", self.until.to_string())];
        let office = filter.office.map(|number| number.to_string()).unwrap_or_default();
        let action = filter.action.map_or("", Action::id).to_owned();
        let failed = if filter.only_failed { "1" } else { "" }.to_owned();
        fields.extend([
            ("who", filter.actor.clone()),
            ("office", office),
            ("action", action),
            ("object", filter.object.clone()),
            ("failed", failed),
        ]);
        fields.retain(|(_, value)| !value.is_empty());
        fields
    }

    /// The address of what comes after.
    pub(super) fn next(&self, cursor: &LogCursor) -> String {
        format!("{}&after={}.{}", self.encoded(), cursor.at.as_millisecond(), cursor.index)
    }
}

/// `1806537600000.42`; whatever else stands there begins at the beginning.
fn cursor(text: &str) -> Option<LogCursor> {
    let (at, index) = text.split_once('.')?;
    Some(LogCursor { at: Timestamp::from_millisecond(at.parse().ok()?).ok()?, index: index.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2027-04-10T15:30:00Z".parse().expect("an instant")
    }

    fn of(fields: &'static [(&'static str, &'static str)]) -> Result<Query, Faults> {
        Query::of(|name| fields.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| *value), now())
    }

    #[test]
    fn a_week_of_japan_is_shown_unless_another_period_is_asked_for() {
        let Ok(query) = of(&[]) else { panic!("not sound") };
        assert_eq!(query.encoded(), "from=2027-04-05&until=2027-04-11");
        assert_eq!(query.filter.from, "2027-04-04T15:00:00Z".parse().expect("an instant"));
        assert_eq!(query.filter.until, "2027-04-11T15:00:00Z".parse().expect("an instant"));
    }

    #[test]
    fn what_is_looked_for_survives_the_way_through_an_address() {
        let asked: &[_] = &[
            ("from", "2027-01-01"),
            ("until", "2027-03-31"),
            ("who", "person:0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"),
            ("office", "1370000011"),
            ("action", "set.open"),
            ("object", "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"),
            ("failed", "1"),
        ];
        let Ok(query) = of(asked) else { panic!("not sound") };
        let read: Vec<_> = form_urlencoded::parse(query.encoded().as_bytes()).into_owned().collect();
        let asked: Vec<_> = asked.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(read, asked);
        let cursor = LogCursor { at: now(), index: 42 };
        let next = query.next(&cursor);
        let (_, after) = next.rsplit_once("after=").expect("there");
        assert_eq!(super::cursor(after), Some(cursor));
    }

    #[test]
    fn what_cannot_be_looked_for_is_said_beside_its_field() {
        for fields in [
            &[("from", "2027-13-01")] as &'static [_],
            &[("from", "きのう")],
            &[("from", "2027-04-02"), ("until", "2027-04-01")],
            &[("from", "1950-01-01"), ("until", "1950-01-02")],
            &[("from", "2000-01-01"), ("until", "2027-04-01")],
            &[("who", "見本花子")],
            &[("object", "a b")],
            &[("office", "12")],
            &[("action", "set.eat")],
        ] {
            assert!(of(fields).is_err(), "{fields:?}");
        }
    }
}
