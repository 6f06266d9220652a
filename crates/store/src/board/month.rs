//! 今月: partners and people of a service month, as one office sees them. Opens nothing.

use super::Label;
use super::compare::{Standing, Standings};
use super::current::{Current, Pair};
use super::find::{matches, normal, sort};
use crate::batch::{ASKED, Text, asking, filled};
use crate::people::Person;
use crate::record::Act;
use crate::{Error, OfficeId, PersonId, Store, TransmissionId};
use exchange::State;
use ledger::Action;
use standard::{OfficeNumber, ServiceMonth, UnitKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// People of one month that are looked through; there is no office in the country that has as many.
pub const BOARD_PEOPLE_MAX: usize = 20_000;
/// People on one page: with four partners each it stays below 100 KB.
const PAGE_PEOPLE: usize = 40;

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

static PARTNERS: Text = LazyLock::new(|| {
    asking(
        "SELECT office_id, substr(office_number, 1, 10) AS office_number, name, outside_of FROM office
          WHERE office_id IN {}",
        1,
    )
});
const REMINDED: &str = "
    SELECT to_office_id, max(on_day) AS on_day FROM month_reminder WHERE from_office_id = $1 AND month = $2
     GROUP BY to_office_id";

/// 連携先 by id.
pub(super) type Partners = BTreeMap<String, PartnerRow>;

pub(super) struct PartnerRow {
    pub(super) number: OfficeNumber,
    pub(super) name: String,
    /// 一方向の受渡し: not on the exchange.
    pub(super) is_outside: bool,
}

/// People with one partner.
#[derive(Clone, Copy, Default)]
struct Counts {
    planned: u64,
    reported: u64,
    missing: u64,
    awaited: u64,
}

impl Counts {
    fn add(&mut self, pair: &Pair) {
        self.planned += u64::from(!pair.plans.is_empty());
        self.reported += u64::from(!pair.actuals.is_empty());
        self.missing += u64::from(pair.is_missing());
        self.awaited += u64::from(pair.is_missing() && pair.by_us);
    }
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
        let (everybody, cut) = self.current_of(office, asked.month).await?;
        let ids = everybody.iter().flat_map(|person| person.pairs.keys().map(String::as_str)).collect();
        let known = self.partner_rows(&ids).await?;
        let partners = self.partner_lines(office, asked.month, &everybody, &known).await?;
        let standings = match asked.only {
            Only::Differing => Some(self.standings_of_month(office, asked.month).await?),
            Only::All | Only::Missing => None,
        };
        let mut found = self.asked_for(office, asked, everybody, &known, standings.as_ref()).await?;
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
        let people = self.lines(office, asked, shown, known, standings).await?;
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

    /// What is known of these offices.
    pub(super) async fn partner_rows(&self, ids: &BTreeSet<&str>) -> Result<Partners, Error> {
        let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let mut partners = Partners::new();
        for part in ids.chunks(ASKED) {
            let query = filled(part).fold(sqlx::query_as(PARTNERS.as_str()), |query, id| query.bind(id.to_owned()));
            let rows: Vec<(String, String, String, Option<String>)> = query.fetch_all(&self.reads).await?;
            for (id, number, name, outside_of) in rows {
                let number = number.parse().map_err(|_| WHERE)?;
                partners.insert(id, PartnerRow { number, name, is_outside: outside_of.is_some() });
            }
        }
        Ok(partners)
    }

    /// The partners of everybody, in the order of their numbers.
    async fn partner_lines(
        &self,
        office: OfficeId,
        month: ServiceMonth,
        everybody: &[Current],
        known: &Partners,
    ) -> Result<Vec<PartnerLine>, Error> {
        let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
        for (partner, pair) in everybody.iter().flat_map(|person| &person.pairs) {
            counts.entry(partner).or_default().add(pair);
        }
        let query = sqlx::query_as(REMINDED).bind(office.to_string()).bind(month.to_string());
        let reminded: Vec<(String, String)> = query.fetch_all(&self.reads).await?;
        let mut reminded: BTreeMap<String, String> = reminded.into_iter().collect();
        let today = self.today();
        let line = |(id, row): (&String, &PartnerRow)| {
            let counts = counts.get(id.as_str()).copied().unwrap_or_default();
            let on = reminded.remove(id);
            PartnerLine {
                number: row.number,
                name: row.name.clone(),
                planned: counts.planned,
                reported: counts.reported,
                missing: counts.missing,
                // Nobody there would read a reminder.
                awaited: if row.is_outside { 0 } else { counts.awaited },
                is_outside: row.is_outside,
                reminded_today: on.as_ref() == Some(&today),
                reminded_on: on,
            }
        };
        let mut lines: Vec<PartnerLine> = known.iter().map(line).collect();
        lines.sort_by_key(|line| (line.number, line.is_outside));
        Ok(lines)
    }

    /// Those of the month who are asked for, with their labels; with the results of the month only those who differ.
    async fn asked_for(
        &self,
        office: OfficeId,
        asked: &BoardAsked,
        mut people: Vec<Current>,
        known: &Partners,
        standings: Option<&Standings>,
    ) -> Result<Vec<Found>, Error> {
        if let Some(number) = asked.partner {
            for person in &mut people {
                person.pairs.retain(|id, _| known.get(id).is_some_and(|partner| partner.number == number));
            }
            people.retain(|person| !person.pairs.is_empty());
        }
        if asked.only == Only::Missing {
            people.retain(|person| person.pairs.values().any(Pair::is_missing));
        }
        if let Some(standings) = standings {
            let mut differing = Vec::with_capacity(people.len());
            for person in people {
                if self.differs(&person, standings)? {
                    differing.push(person);
                }
            }
            people = differing;
        }
        let labels = self.labels_of(office).await?;
        let open = |person: Current| {
            let label = labels.open_label(&person.id, person.label_sealed.as_deref())?;
            Ok((person.id, label))
        };
        people.into_iter().map(open).collect()
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
        Ok(self.lines(office, &asked, vec![(id.to_string(), label)], Partners::new(), None).await?.pop())
    }

    /// Today in Japan.
    pub(super) fn today(&self) -> String {
        let japan = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
        self.clock.now().to_zoned(japan).strftime("%Y-%m-%d").to_string()
    }
}
