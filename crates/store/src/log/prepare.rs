//! Makes the reviews of a month that is over: what should be looked at is found before anybody has to look (R10.8).

use super::{Scope, text};
use crate::database::Connection;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, FindingId, ReviewId, Store, clock};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use ledger::review::{Examiner, Finding, Findings, Known, REMEMBERED_MAX};
use ledger::{Action, Entry, Token};
use standard::OfficeNumber;
use std::collections::HashMap;

/// A review is to be closed within so many days of the month's end.
const DUE_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Months made up for at once, after the server was down for long.
const MONTHS_MAX: usize = 24;
/// Entries read at a time.
const PART: i64 = 1_000;
const OFFICES_MAX: i64 = 100_000;

/// Of the monthly ones; those in between are named after a day.
const NEWEST: &str = "SELECT max(month) FROM review WHERE office_id IS NULL AND length(month) = 7";
const FIRST: &str = "SELECT min(at) FROM log_entry WHERE at <> ''";

const PART_OF_MONTH: &str = "
    SELECT e.entry_index, e.at, l.entry FROM log_entry e JOIN ledger l ON l.entry_index = e.entry_index
     WHERE e.at >= $1 AND e.at < $2 AND (e.at, e.entry_index) > ($3, $4)
     ORDER BY e.at, e.entry_index LIMIT $5";

const PARTNERS: &str = "
    SELECT DISTINCT office, counterpart FROM log_entry
     WHERE action = 'set.accept' AND outcome = 'ok' AND at < $1 LIMIT $2";

const ENDED: &str = "
    SELECT l.entry FROM log_entry e JOIN ledger l ON l.entry_index = e.entry_index
     WHERE e.action IN ('account.close', 'account.suspend', 'account.resume', 'office.close', 'device.revoke')
       AND e.outcome = 'ok' AND e.at < $1
     ORDER BY e.at, e.entry_index LIMIT $2";

const SERVING: &str = "
    SELECT action FROM log_entry WHERE action IN ('server.start', 'server.stop') AND at < $1
     ORDER BY at DESC, entry_index DESC LIMIT 1";

const OFFICES: &str = "
    SELECT office_id, office_number FROM office
     WHERE is_operator = 0 AND outside_of IS NULL AND (closed_at IS NULL OR closed_at >= $1) ORDER BY office_number LIMIT $2";

const OPEN: &str = "
    INSERT INTO review (review_id, office_id, month, from_at, until_at, entries, unlisted, opened_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING";

const ADD: &str = "
    INSERT INTO review_finding (finding_id, review_id, ordinal, pattern, subject, account_id, office_number, entries,
                                first_index, first_at, last_index, last_at, examples)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// A month as people in Japan count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Month(Date);

impl Month {
    fn of(at: Timestamp) -> Self {
        Self(at.to_zoned(japan()).date().first_of_month())
    }

    fn parse(text: &str) -> Option<Self> {
        format!("{text}-01").parse().ok().map(Self)
    }

    fn next(self) -> Result<Self, Error> {
        self.0.checked_add(1.month()).map(Self).map_err(|_| Error::Impossible("month"))
    }

    fn start(self) -> Result<Timestamp, Error> {
        let start = self.0.to_zoned(japan()).map_err(|_| Error::Impossible("month"))?;
        Ok(start.timestamp())
    }

    fn text(self) -> String {
        self.0.strftime("%Y-%m").to_string()
    }
}

fn japan() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}

/// One review about to be written.
struct NewReview {
    office: Option<(String, OfficeNumber)>,
    /// `2027-03`, or the day of a review in between.
    month: String,
    from: Timestamp,
    until: Timestamp,
    entries: u64,
    unlisted: u64,
    findings: Vec<Finding>,
}

impl Store {
    /// Opens the reviews of every month that is over and has none. Returns how many.
    ///
    /// # Errors
    /// When the database fails; what was opened stays, and the rest follows the next time.
    pub async fn open_reviews(&self) -> Result<u64, Error> {
        let present = Month::of(self.clock.now());
        let newest: Option<String> = sqlx::query_scalar(NEWEST).fetch_one(&self.reads).await?;
        let mut month =
            match newest.as_deref().map(|month| Month::parse(month).ok_or(Error::Impossible("review.month"))) {
                Some(newest) => newest?.next()?,
                None => {
                    self.index_log().await?;
                    let first: Option<String> = sqlx::query_scalar(FIRST).fetch_one(&self.reads).await?;
                    let Some(first) = first else { return Ok(0) };
                    Month::of(first.parse().map_err(|_| Error::Impossible("log_entry.at"))?)
                }
            };
        let mut opened = 0;
        for _ in 0..MONTHS_MAX {
            if month >= present {
                break;
            }
            self.index_log().await?;
            opened += self.open_month(month).await?;
            month = month.next()?;
        }
        Ok(opened)
    }

    /// 臨時の点検: of the present month up to now, for whoever does not want to wait for its end. One a day; false when
    /// there is one already, or this person looks after none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_review_now(&self, by: &Person) -> Result<bool, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(false) };
        self.index_log().await?;
        let until = self.clock.now();
        let from = Month::of(until).start()?;
        let (mut findings, by_office) = self.examine(from, until).await?;
        let (office, entries) = match scope {
            Scope::All => (None, findings.entries),
            Scope::Office(id, number) => {
                let own = number.to_string();
                findings.list.retain(|finding| finding.office.as_ref().map(Token::as_str) == Some(&own));
                (Some((id.to_string(), number)), by_office.get(&own).copied().unwrap_or_default())
            }
        };
        let Findings { list, unlisted, .. } = findings;
        let month = until.to_zoned(japan()).date().to_string();
        let review = NewReview { office, month, from, until, entries, unlisted, findings: list };
        self.open_review(Act::person(Action::ReviewOpen, by, until), review).await
    }

    async fn open_month(&self, month: Month) -> Result<u64, Error> {
        let (from, until) = (month.start()?, month.next()?.start()?);
        let (findings, by_office) = self.examine(from, until).await?;
        let offices: Vec<(String, String)> =
            sqlx::query_as(OFFICES).bind(text(from)).bind(OFFICES_MAX).fetch_all(&self.reads).await?;
        let mut opened = 0;
        for (id, number) in offices {
            // Where nothing was done nothing is reviewed.
            let Some((office, entries)) = by_office.get_key_value(number.as_str()) else { continue };
            let own = findings.list.iter().filter(|finding| finding.office.as_ref().map(Token::as_str) == Some(office));
            let number = number.parse().map_err(|_| Error::Impossible("office.office_number"))?;
            let own = own.cloned().collect();
            let office = Some((id, number));
            // Whose they are is not known of those that did not fit: every office is told that there were some.
            let review = NewReview {
                office,
                month: month.text(),
                from,
                until,
                entries: *entries,
                unlisted: findings.unlisted,
                findings: own,
            };
            opened += u64::from(self.open_review(Act::system(Action::ReviewOpen, self.clock.now()), review).await?);
        }
        // The whole log last: its row says that the month is done.
        let Findings { list, unlisted, entries } = findings;
        let whole = NewReview { office: None, month: month.text(), from, until, entries, unlisted, findings: list };
        opened += u64::from(self.open_review(Act::system(Action::ReviewOpen, self.clock.now()), whole).await?);
        Ok(opened)
    }

    /// Looks at every entry of a stretch of time; also returns how many each office had.
    async fn examine(&self, from: Timestamp, until: Timestamp) -> Result<(Findings, HashMap<String, u64>), Error> {
        let mut examiner = Examiner::new(self.known_before(from).await?);
        let mut by_office: HashMap<String, u64> = HashMap::new();
        let (from, until) = (text(from), text(until));
        let (mut at, mut index) = (String::new(), -1_i64);
        loop {
            let part: Vec<(i64, String, String)> = sqlx::query_as(PART_OF_MONTH)
                .bind(&from)
                .bind(&until)
                .bind(&at)
                .bind(index)
                .bind(PART)
                .fetch_all(&self.reads)
                .await?;
            let Some((last, last_at, _)) = part.last() else { break };
            (at, index) = (last_at.clone(), *last);
            for (index, _, line) in part {
                // A newer program's entries are for a newer program to review.
                let Ok(entry) = Entry::parse(line.as_bytes()) else { continue };
                if let Some(office) = &entry.fields().office {
                    match by_office.get_mut(office.as_str()) {
                        Some(count) => *count += 1,
                        None => drop(by_office.insert(office.to_string(), 1)),
                    }
                }
                examiner.look(u64::try_from(index).map_err(|_| Error::Impossible("ledger.entry_index"))?, &entry);
            }
            tokio::task::yield_now().await;
        }
        Ok((examiner.finish(), by_office))
    }

    /// What was so before a month began.
    async fn known_before(&self, from: Timestamp) -> Result<Known, Error> {
        const WHERE: Error = Error::Impossible("log_entry");
        let (from, limit) = (text(from), i64::try_from(REMEMBERED_MAX).unwrap_or(i64::MAX));
        let pairs: Vec<(String, String)> =
            sqlx::query_as(PARTNERS).bind(&from).bind(limit).fetch_all(&self.reads).await?;
        let mut known = Known::default();
        for (one, other) in pairs {
            known.partners.insert(Known::pair(one.parse().map_err(|_| WHERE)?, other.parse().map_err(|_| WHERE)?));
        }
        // The examiner itself knows best who had left: it is shown what says so, and its findings are thrown away.
        let ends: Vec<String> = sqlx::query_scalar(ENDED).bind(&from).bind(limit).fetch_all(&self.reads).await?;
        let mut before = Examiner::new(Known::default());
        for line in ends {
            if let Ok(entry) = Entry::parse(line.as_bytes()) {
                before.look(0, &entry);
            }
        }
        known.ended = before.into_known().ended;
        let serving: Option<String> = sqlx::query_scalar(SERVING).bind(&from).fetch_optional(&self.reads).await?;
        known.serving = serving.as_deref() == Some(Action::ServerStart.id());
        Ok(known)
    }

    async fn open_review(&self, act: Act, new: NewReview) -> Result<bool, Error> {
        let (id, now) = (ReviewId::fresh(), self.clock.now());
        let mut act = act
            .object(id)
            .code("month", &new.month)
            .number("findings", new.findings.len() as u64)
            .number("entries", new.entries);
        if let Some((_, number)) = &new.office {
            act = act.office(*number);
        }
        let entry = act.done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let due = new.until + DUE_AFTER;
                    let opened = sqlx::query(OPEN)
                        .bind(id.to_string())
                        .bind(new.office.map(|(office, _)| office))
                        .bind(&new.month)
                        .bind(text(new.from))
                        .bind(text(new.until))
                        .bind(i64::try_from(new.entries).unwrap_or(i64::MAX))
                        .bind(i64::try_from(new.unlisted).unwrap_or(i64::MAX))
                        .bind(clock::text(now))
                        // Whoever is told late has the same time for it.
                        .bind(clock::text(due.max(now + DUE_AFTER)))
                        .execute(&mut *c)
                        .await?;
                    if opened.rows_affected() == 0 {
                        return Ok(false);
                    }
                    for (ordinal, finding) in new.findings.iter().enumerate() {
                        add(c, id, ordinal, finding).await?;
                    }
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await
    }
}

async fn add(c: &mut Connection, review: ReviewId, ordinal: usize, finding: &Finding) -> Result<(), Error> {
    const WHERE: Error = Error::Impossible("review_finding");
    let number = |number: u64| i64::try_from(number).map_err(|_| WHERE);
    let examples: Vec<String> = finding.examples.iter().map(u64::to_string).collect();
    sqlx::query(ADD)
        .bind(FindingId::fresh().to_string())
        .bind(review.to_string())
        .bind(i64::try_from(ordinal).map_err(|_| WHERE)?)
        .bind(finding.pattern.id())
        .bind(&finding.subject)
        .bind(finding.account.as_ref().map(Token::as_str))
        .bind(finding.office.as_ref().map(Token::as_str))
        .bind(number(finding.entries)?)
        .bind(number(finding.first_index)?)
        .bind(finding.first_at.to_string())
        .bind(number(finding.last_index)?)
        .bind(finding.last_at.to_string())
        .bind(examples.join(" "))
        .execute(c)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_japan() {
        let month = Month::of("2027-03-31T15:00:00Z".parse().expect("instant"));
        assert_eq!(month.text(), "2027-04");
        assert_eq!(clock::text(month.start().expect("start")), "2027-03-31T15:00:00.000Z");
        assert_eq!(Month::of("2027-12-31T14:59:59Z".parse().expect("instant")).next().expect("next").text(), "2028-01");
        assert_eq!(Month::parse("2027-04"), Some(month));
    }
}
