//! 今月: partners and people of a service month, as one office sees them. Opens nothing.

use super::Label;
use super::compare::Standing;
use super::find::{matches, normal, sort};
use crate::people::Person;
use crate::record::Act;
use crate::{Error, OfficeId, PersonId, Store, TransmissionId};
use exchange::State;
use ledger::Action;
use sqlx::FromRow;
use standard::{OfficeNumber, ServiceMonth, UnitKind};
use std::collections::{BTreeMap, BTreeSet};

/// People of one month that are looked through; an office with more looks at one partner at a time.
pub const BOARD_PEOPLE_MAX: usize = 5_000;
/// People on one page: with four partners each it stays below 100 KB.
const PAGE_PEOPLE: usize = 40;
/// Partners that are listed.
const PARTNERS_MAX: i64 = 1_000;

/// 絞り込み.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    /// Everybody.
    #[default]
    All,
    /// A plan and no actuals.
    Missing,
    /// Plan and actuals that differ, and nobody has accepted it.
    Differing,
}

/// 並べ方.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By フリガナ.
    #[default]
    Kana,
    /// By 被保険者番号.
    Number,
}

/// What is asked of the board.
#[derive(Clone, Debug)]
pub struct BoardAsked {
    /// 対象年月.
    pub month: ServiceMonth,
    /// Of one partner only.
    pub partner: Option<OfficeNumber>,
    /// Of some people only.
    pub only: Only,
    /// In which order.
    pub order: Order,
    /// A part of a name, a kana or a number; never kept.
    pub search: String,
    /// From 1; nothing for all of it, which is how it is exported.
    pub page: Option<usize>,
}

/// 今月.
#[derive(Clone, Debug)]
pub struct Board {
    /// Partners of the month.
    pub partners: Vec<PartnerLine>,
    /// People of this page.
    pub people: Vec<BoardPerson>,
    /// People in all that were asked for.
    pub people_total: usize,
    /// How many come before the first of this page.
    pub skipped: usize,
    /// The page that is shown, from 1.
    pub page: usize,
    /// Pages there are.
    pub pages: usize,
    /// There are more people in the month than are looked through.
    pub cut: bool,
    /// People whose label this server cannot read.
    pub unlabelled: usize,
}

/// 連携先一つの今月.
#[derive(Clone, Debug)]
pub struct PartnerLine {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
    /// People with a plan.
    pub planned: u64,
    /// People with actuals.
    pub reported: u64,
    /// People with a plan and no actuals.
    pub missing: u64,
    /// Of them, those whose plan this office sent, so that it is the one that waits.
    pub awaited: u64,
    /// 一方向の受渡し: not on the exchange.
    pub is_outside: bool,
    /// Reminded today.
    pub reminded_today: bool,
    /// The last reminder for this month, in Japan.
    pub reminded_on: Option<String>,
}

/// 利用者一人の今月.
#[derive(Clone, Debug)]
pub struct BoardPerson {
    /// As this office's addresses name them.
    pub id: PersonId,
    /// Who it is; nothing where that is not for the server to read.
    pub label: Option<Label>,
    /// One for each partner.
    pub lines: Vec<BoardLine>,
}

impl BoardPerson {
    /// Whether there is a difference that nobody has accepted.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.lines.iter().any(|line| line.comparison.is_some_and(|standing| standing.open() > 0))
    }
}

/// 利用者と連携先の一組.
#[derive(Clone, Debug)]
pub struct BoardLine {
    /// 事業所番号.
    pub partner: OfficeNumber,
    /// 事業所名.
    pub partner_name: String,
    /// 一方向の受渡し: not on the exchange.
    pub is_outside: bool,
    /// The current plans; more than one where the partner has several kinds of service.
    pub plans: Vec<SetState>,
    /// The current actuals.
    pub actuals: Vec<SetState>,
    /// What a comparison came to, if these very sets have been compared.
    pub comparison: Option<Standing>,
    /// Comments on this person and month.
    pub comments: u64,
}

/// 一組の状態.
#[derive(Clone, Debug)]
pub struct SetState {
    /// The set.
    pub id: TransmissionId,
    /// Its kind.
    pub kind: UnitKind,
    /// Whether this office sent it.
    pub sent: bool,
    /// Where it stands.
    pub state: State,
    /// RFC 3339.
    pub accepted_at: String,
}

impl SetState {
    /// Whether this office may open it without thereby collecting it.
    #[must_use]
    pub fn is_open_to_us(&self) -> bool {
        self.sent || self.state != State::Waiting
    }
}

/// Person by person: that asks an index once for each, while the other way round would walk the office's whole history.
const PEOPLE: &str = "
    SELECT p.person_index, p.label_sealed FROM person p
     WHERE p.office_id = $1
       AND EXISTS (SELECT 1 FROM person_set s
                    WHERE s.office_id = p.office_id AND s.person_index = p.person_index AND s.month = $2
                      AND s.latest = 1 AND s.deletes = 0 AND s.family IN ('plan', 'actual'))
     LIMIT $3";
const PEOPLE_OF: &str = "
    SELECT p.person_index, p.label_sealed FROM person p
     WHERE p.office_id = $1
       AND EXISTS (SELECT 1 FROM person_set s
                    WHERE s.office_id = p.office_id AND s.person_index = p.person_index AND s.month = $2
                      AND s.latest = 1 AND s.deletes = 0 AND s.family IN ('plan', 'actual') AND s.partner_id = $4)
     LIMIT $3";

/// Who has a plan with a partner, and who has actuals: person by person, in this order of the tables.
macro_rules! pairs {
    ($($rest:literal),*) => {
        concat!(
            "SELECT s.partner_id, s.person_index, max(CASE WHEN s.family = 'plan' THEN 1 ELSE 0 END) AS planned,
                    max(CASE WHEN s.family = 'actual' THEN 1 ELSE 0 END) AS reported,
                    max(CASE WHEN s.family = 'plan' AND s.sent = 1 THEN 1 ELSE 0 END) AS by_us
               FROM person p CROSS JOIN person_set s
              WHERE p.office_id = $1 AND s.person_index = p.person_index AND s.month = $2
                AND s.latest = 1 AND s.deletes = 0 AND s.family IN ('plan', 'actual') ",
            $($rest,)*
            " GROUP BY s.partner_id, s.person_index"
        )
    };
}
const PARTNERS: &str = concat!(
    "SELECT o.office_id, substr(o.office_number, 1, 10) AS office_number, o.name, o.outside_of, y.planned, y.reported, y.missing, y.awaited FROM (
     SELECT x.partner_id, sum(x.planned) AS planned, sum(x.reported) AS reported,
            sum(CASE WHEN x.planned = 1 AND x.reported = 0 THEN 1 ELSE 0 END) AS missing,
            sum(CASE WHEN x.by_us = 1 AND x.reported = 0 THEN 1 ELSE 0 END) AS awaited
       FROM (",
    pairs!(),
    ") x GROUP BY x.partner_id) y JOIN office o ON o.office_id = y.partner_id ORDER BY o.office_number LIMIT $3"
);
const MISSING: &str =
    concat!("SELECT DISTINCT x.person_index FROM (", pairs!(), ") x WHERE x.planned = 1 AND x.reported = 0 LIMIT $3");
const MISSING_OF: &str = concat!(
    "SELECT DISTINCT x.person_index FROM (",
    pairs!("AND s.partner_id = $4"),
    ") x WHERE x.planned = 1 AND x.reported = 0 LIMIT $3"
);

const REMINDED: &str = "
    SELECT to_office_id, max(on_day) AS on_day FROM month_reminder WHERE from_office_id = $1 AND month = $2
     GROUP BY to_office_id";

#[derive(FromRow)]
struct PartnerRow {
    office_id: String,
    office_number: String,
    name: String,
    planned: i64,
    reported: i64,
    missing: i64,
    awaited: i64,
    outside_of: Option<String>,
}

/// A person of the month and, if it can be read, who that is.
pub(super) type Found = (String, Option<Label>);

const WHERE: Error = Error::Impossible("person_set");

impl Store {
    /// 今月 of an office. Whoever shows it has recorded it (R10.2).
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn board(&self, person: &Person, asked: &BoardAsked) -> Result<Board, Error> {
        let office = person.office.id;
        let partners = self.partners(office, asked.month).await?;
        let (mut found, cut) = self.people_of_month(office, asked, &partners).await?;
        let unlabelled = found.iter().filter(|(_, label)| label.is_none()).count();
        let wanted = normal(&asked.search);
        if !wanted.is_empty() {
            found.retain(|(_, label)| label.as_ref().is_some_and(|label| matches(label, &wanted)));
        }
        sort(&mut found, asked.order);
        let people_total = found.len();
        let pages = people_total.div_ceil(PAGE_PEOPLE).max(1);
        let page = asked.page.unwrap_or(1).clamp(1, pages);
        let skipped = if asked.page.is_some() { (page - 1) * PAGE_PEOPLE } else { 0 };
        let shown: Vec<Found> = match asked.page {
            Some(_) => found.into_iter().skip(skipped).take(PAGE_PEOPLE).collect(),
            None => found,
        };
        let people = self.lines(office, asked, shown).await?;
        let partners = partners.into_iter().map(|(_, line)| line).collect();
        Ok(Board { partners, people, people_total, skipped, page, pages, cut, unlabelled })
    }

    /// Records that a month was looked through by a form, whose search must not stand in an address.
    ///
    /// # Errors
    /// When the entry is not on disk: then nothing may be shown.
    pub async fn record_board(&self, person: &Person, exported: Option<u64>) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = match exported {
            Some(people) => Act::person(Action::MonthExport, person, now).number("people", people),
            None => Act::person(Action::PageView, person, now).code("page", "month.search"),
        };
        self.record(entry.done()?).await
    }

    async fn partners(&self, office: OfficeId, month: ServiceMonth) -> Result<Vec<(String, PartnerLine)>, Error> {
        let (office, month) = (office.to_string(), month.to_string());
        let rows: Vec<PartnerRow> =
            sqlx::query_as(PARTNERS).bind(&office).bind(&month).bind(PARTNERS_MAX).fetch_all(&self.reads).await?;
        let reminded: Vec<(String, String)> =
            sqlx::query_as(REMINDED).bind(&office).bind(&month).fetch_all(&self.reads).await?;
        let reminded: BTreeMap<String, String> = reminded.into_iter().collect();
        let today = self.today();
        let count = |number: i64| u64::try_from(number).map_err(|_| WHERE);
        let line = |row: PartnerRow| {
            let on = reminded.get(&row.office_id).cloned();
            let line = PartnerLine {
                number: row.office_number.parse().map_err(|_| WHERE)?,
                name: row.name,
                planned: count(row.planned)?,
                reported: count(row.reported)?,
                missing: count(row.missing)?,
                // Nobody there would read a reminder.
                awaited: if row.outside_of.is_some() { 0 } else { count(row.awaited)? },
                is_outside: row.outside_of.is_some(),
                reminded_today: on.as_ref() == Some(&today),
                reminded_on: on,
            };
            Ok((row.office_id, line))
        };
        rows.into_iter().map(line).collect()
    }

    /// Everybody of the month who is asked for, and whether there were more.
    async fn people_of_month(
        &self,
        office: OfficeId,
        asked: &BoardAsked,
        partners: &[(String, PartnerLine)],
    ) -> Result<(Vec<Found>, bool), Error> {
        let (id, month) = (office.to_string(), asked.month.to_string());
        let most = BOARD_PEOPLE_MAX as i64 + 1;
        let partner = match asked.partner {
            None => None,
            // Nothing of the month is with them.
            Some(number) => match partners.iter().find(|(_, line)| line.number == number) {
                Some((partner, _)) => Some(partner.clone()),
                None => return Ok((Vec::new(), false)),
            },
        };
        let mut rows: Vec<(String, Option<Vec<u8>>)> = match &partner {
            None => sqlx::query_as(PEOPLE).bind(&id).bind(&month).bind(most).fetch_all(&self.reads).await?,
            Some(partner) => {
                let query = sqlx::query_as(PEOPLE_OF).bind(&id).bind(&month).bind(most).bind(partner);
                query.fetch_all(&self.reads).await?
            }
        };
        let only: Option<BTreeSet<String>> = match asked.only {
            Only::All => None,
            Only::Missing => {
                let query = match &partner {
                    None => sqlx::query_scalar(MISSING).bind(&id).bind(&month).bind(most),
                    Some(partner) => sqlx::query_scalar(MISSING_OF).bind(&id).bind(&month).bind(most).bind(partner),
                };
                Some(query.fetch_all(&self.reads).await?.into_iter().collect())
            }
            Only::Differing => {
                let candidates = self.compared_with_differences(office, asked.month, partner.as_deref()).await?;
                // Some may have been compared before another set took the place of one of theirs.
                let found = candidates.into_iter().map(|person| (person, None)).collect();
                let people = self.lines(office, asked, found).await?;
                let differing = people.into_iter().filter(BoardPerson::differs);
                Some(differing.map(|person| person.id.to_string()).collect())
            }
        };
        if let Some(only) = only {
            rows.retain(|(person, _)| only.contains(person));
        }
        let cut = rows.len() > BOARD_PEOPLE_MAX;
        rows.truncate(BOARD_PEOPLE_MAX);
        let labels = self.labels_of(office).await?;
        let open = |(person, sealed): (String, Option<Vec<u8>>)| {
            let label = labels.open_label(&person, sealed.as_deref())?;
            Ok((person, label))
        };
        Ok((rows.into_iter().map(open).collect::<Result<_, Error>>()?, cut))
    }

    /// One person of a month with everything the board says of them, or nothing where the office has no such person.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn board_person(
        &self,
        person: &Person,
        month: ServiceMonth,
        id: PersonId,
    ) -> Result<Option<BoardPerson>, Error> {
        const LABEL: &str = "SELECT label_sealed FROM person WHERE office_id = $1 AND person_index = $2";
        let office = person.office.id;
        let sealed: Option<Option<Vec<u8>>> =
            sqlx::query_scalar(LABEL).bind(office.to_string()).bind(id.to_string()).fetch_optional(&self.reads).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let label = self.labels_of(office).await?.open_label(&id.to_string(), sealed.as_deref())?;
        let asked =
            BoardAsked { month, partner: None, only: Only::All, order: Order::Kana, search: String::new(), page: None };
        Ok(self.lines(office, &asked, vec![(id.to_string(), label)]).await?.pop())
    }

    /// Today in Japan.
    pub(super) fn today(&self) -> String {
        let japan = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
        self.clock.now().to_zoned(japan).strftime("%Y-%m-%d").to_string()
    }
}
