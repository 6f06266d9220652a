//! A page of the log, found by period, person, office, action or object.

use super::names::Names;
use super::{Scope, text};
use crate::people::Person;
use crate::record::Act;
use crate::{Error, Store};
use jiff::Timestamp;
use ledger::{Action, Entry};
use sqlx::FromRow;
use standard::OfficeNumber;
use standard::value::Private;

/// Entries of one page.
const ROWS: usize = 50;

/// What is looked for. What is left empty does not narrow.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub until: Timestamp,
    /// Who, as entries spell it: `person:…`, `device:…`, `operator-cli:…`, `system`.
    pub actor: String,
    /// 事業所番号. An office finds its own whatever it asks for.
    pub office: Option<OfficeNumber>,
    /// What was done.
    pub action: Option<Action>,
    /// To what, by its id.
    pub object: String,
    /// Only what was refused or failed.
    pub only_failed: bool,
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCursor {
    /// Of the last entry shown.
    pub at: Timestamp,
    /// Its place in the log.
    pub index: u64,
}

/// One entry, as it is shown.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Its place in the log.
    pub index: u64,
    /// What it says; `None` when a newer program wrote it.
    pub entry: Option<Entry>,
    /// The bytes in the log.
    pub line: String,
    /// 氏名 of who did it, for those who may know.
    pub name: Option<Private<String>>,
    /// 氏名 of whom it was done to, where that is an account.
    pub object_name: Option<Private<String>>,
    /// 事業所名.
    pub office_name: Option<String>,
}

/// Some entries, the newest first.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// No more than fifty.
    pub rows: Vec<LogRow>,
    /// Where to go on, if there is more.
    pub next: Option<LogCursor>,
    /// False while the newest entries are not findable yet: right after an upgrade.
    pub complete: bool,
}

/// Found by what narrows most; the rest is compared row by row. Which index serves is thus decided here and not guessed.
macro_rules! found {
    ($select:literal, $by:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM log_entry e JOIN ledger l ON l.entry_index = e.entry_index
             WHERE ",
            $by,
            " AND e.at >= $1 AND e.at < $2
               AND ($3 = '' OR e.actor = $3) AND ($4 = '' OR e.office = $4) AND ($5 = '' OR e.action = $5)
               AND ($6 = '' OR e.object = $6) AND ($7 = 0 OR e.outcome <> 'ok')",
            $order
        )
    };
}
pub(super) use found;

/// The statement whose index fits the filter.
macro_rules! fitting {
    ($bound:expr, $select:literal, $order:literal) => {
        match $bound {
            bound if !bound.object.is_empty() => found!($select, "e.object = $6", $order),
            bound if !bound.actor.is_empty() => found!($select, "e.actor = $3", $order),
            bound if !bound.office.is_empty() => found!($select, "e.office = $4", $order),
            bound if !bound.action.is_empty() => found!($select, "e.action = $5", $order),
            _ => found!($select, "1 = 1", $order),
        }
    };
}
pub(super) use fitting;

/// A filter as it is bound, after the scope of whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) from: String,
    pub(super) until: String,
    pub(super) actor: String,
    pub(super) office: String,
    pub(super) action: &'static str,
    pub(super) object: String,
    pub(super) only_failed: i64,
}

impl Bound {
    pub(super) fn new(scope: Scope, filter: &LogFilter) -> Self {
        let office = match scope {
            Scope::All => filter.office.map_or_else(String::new, |number| number.to_string()),
            Scope::Office(..) => scope.office_number(),
        };
        Self {
            from: text(filter.from),
            until: text(filter.until),
            actor: filter.actor.clone(),
            office,
            action: filter.action.map_or("", Action::id),
            object: filter.object.clone(),
            only_failed: i64::from(filter.only_failed),
        }
    }

    /// What the entry about a reading says of what was looked for.
    pub(super) fn described(&self, act: Act) -> Act {
        let mut act = act.code("from", &plain(&self.from)).code("until", &plain(&self.until));
        for (name, value) in
            [("of_office", self.office.as_str()), ("of_action", self.action), ("of_object", &self.object)]
        {
            if value.parse::<ledger::Token>().is_ok() {
                act = act.code(name, value);
            }
        }
        let who = self.actor.replace(':', ".");
        if who.parse::<ledger::Token>().is_ok() { act.code("of_actor", &who) } else { act }
    }
}

/// An instant in the alphabet of entries.
fn plain(instant: &str) -> String {
    instant.replace(':', "")
}

#[derive(FromRow)]
pub(super) struct FoundRow {
    pub(super) entry_index: i64,
    pub(super) at: String,
    pub(super) entry: String,
}

impl Store {
    /// Who is meant by what somebody typed into "who": a login, or whatever entries spell. A login that is nobody's is
    /// nobody's doing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_actor(&self, typed: &str) -> Result<String, Error> {
        const OF_LOGIN: &str = "SELECT account_id FROM account WHERE login_index = $1";
        let typed = typed.trim();
        if typed.is_empty() || typed.parse::<ledger::Actor>().is_ok() {
            return Ok(typed.to_owned());
        }
        let account: Option<String> =
            sqlx::query_scalar(OF_LOGIN).bind(self.login_index(typed)?).fetch_optional(&self.reads).await?;
        Ok(account.map_or_else(|| "person:nobody".to_owned(), |id| format!("person:{id}")))
    }

    /// Entries, the newest first. That they were read stands in the log before they are handed out (R10.7). `None` for
    /// who may not.
    ///
    /// # Errors
    /// When the database fails, or the reading cannot be recorded.
    pub async fn read_log(
        &self,
        by: &Person,
        filter: &LogFilter,
        after: Option<&LogCursor>,
    ) -> Result<Option<LogPage>, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(None) };
        let complete = self.index_for_reader().await?;
        let bound = Bound::new(scope, filter);
        let query = fitting!(
            &bound,
            "e.entry_index, e.at, l.entry",
            " AND (e.at, e.entry_index) < ($8, $9) ORDER BY e.at DESC, e.entry_index DESC LIMIT $10"
        );
        let (at, index) = match after {
            Some(cursor) => (text(cursor.at), i64::try_from(cursor.index).unwrap_or(i64::MAX)),
            None => (bound.until.clone(), i64::MAX),
        };
        let mut found: Vec<FoundRow> = sqlx::query_as(query)
            .bind(&bound.from)
            .bind(&bound.until)
            .bind(&bound.actor)
            .bind(&bound.office)
            .bind(bound.action)
            .bind(&bound.object)
            .bind(bound.only_failed)
            .bind(at)
            .bind(index)
            .bind(ROWS as i64 + 1)
            .fetch_all(&self.reads)
            .await?;
        let more = found.len() > ROWS;
        found.truncate(ROWS);
        let act = Act::person(ledger::Action::LedgerRead, by, self.clock.now()).number("entries", found.len() as u64);
        self.record(bound.described(act).done()?).await?;
        let next = match found.last().filter(|_| more) {
            Some(last) => Some(LogCursor {
                at: last.at.parse().map_err(|_| Error::Impossible("log_entry.at"))?,
                index: u64::try_from(last.entry_index).map_err(|_| Error::Impossible("log_entry.entry_index"))?,
            }),
            None => None,
        };
        let mut names = Names::default();
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            rows.push(self.log_row(scope, &mut names, row).await?);
        }
        Ok(Some(LogPage { rows, next, complete }))
    }

    async fn log_row(&self, scope: Scope, names: &mut Names, row: FoundRow) -> Result<LogRow, Error> {
        let entry = Entry::parse(row.entry.as_bytes()).ok();
        let fields = entry.as_ref().map(Entry::fields);
        let (mut name, mut object_name, mut office_name) = (None, None, None);
        if let Some(fields) = fields {
            name = names.person(self, scope, &fields.actor.to_string()).await?;
            if let Some(object) = &fields.object {
                object_name = names.person(self, scope, object.as_str()).await?;
            }
            if let Some(office) = &fields.office {
                office_name = names.office(self, office.as_str()).await?;
            }
        }
        let index = u64::try_from(row.entry_index).map_err(|_| Error::Impossible("log_entry.entry_index"))?;
        Ok(LogRow { index, entry, line: row.entry, name, object_name, office_name })
    }
}
