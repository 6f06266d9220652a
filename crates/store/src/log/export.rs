//! 証跡の書き出し — a period of the log as a file, for questions that a page does not answer (R14.4). What for is asked (R10.7).

use super::read::{Bound, FoundRow, LogFilter, fitting, found};
use super::{PURPOSE, Scope};
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, LogExportId, Store, clock};
use ledger::{Action, Entry};

/// Entries of one export; a longer period is exported in parts.
pub const EXPORT_ENTRIES_MAX: u64 = 1_000_000;
/// Characters of the purpose.
const PURPOSE_CHARACTERS_MAX: usize = 500;
/// Entries read at a time.
const PART: i64 = 1_000;

/// What came of asking for an export.
#[derive(Debug)]
pub enum ExportAnswer {
    /// Recorded; read it with [`Store::export_part`].
    Ready(Export),
    /// Nobody exports without saying what for.
    NoPurpose,
    /// More than fits into one.
    TooMany {
        /// How many there are.
        entries: u64,
    },
    /// Not this person's to do.
    NotAllowed,
}

/// An export that has been recorded. There is no other way to one.
#[derive(Debug)]
pub struct Export {
    id: LogExportId,
    bound: Bound,
    after: (String, i64),
    entries: u64,
}

const INSERT: &str = "
    INSERT INTO log_export (export_id, account_id, office_id, from_at, until_at, entries, purpose_sealed, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

impl Export {
    /// As the log names it.
    #[must_use]
    pub fn id(&self) -> LogExportId {
        self.id
    }

    /// How many entries it holds.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }
}

impl Store {
    /// Records an export, and what for. Nothing is handed out yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export_log(&self, by: &Person, filter: &LogFilter, purpose: &str) -> Result<ExportAnswer, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(ExportAnswer::NotAllowed) };
        let purpose = purpose.trim();
        if purpose.is_empty() || purpose.chars().count() > PURPOSE_CHARACTERS_MAX {
            return Ok(ExportAnswer::NoPurpose);
        }
        self.index_log().await?;
        let bound = Bound::new(scope, filter);
        let query = fitting!(&bound, "count(*)", "");
        let entries: i64 = sqlx::query_scalar(query)
            .bind(&bound.from)
            .bind(&bound.until)
            .bind(&bound.actor)
            .bind(&bound.office)
            .bind(bound.action)
            .bind(&bound.object)
            .bind(bound.only_failed)
            .fetch_one(&self.reads)
            .await?;
        let count = u64::try_from(entries).unwrap_or_default();
        if count > EXPORT_ENTRIES_MAX {
            return Ok(ExportAnswer::TooMany { entries: count });
        }
        let (id, now) = (LogExportId::fresh(), self.clock.now());
        let sealed = self.seal_field(PURPOSE, id, purpose.as_bytes())?;
        let act = Act::person(Action::LedgerExport, by, now).object(id).number("entries", count);
        let entry = bound.described(act).done()?;
        let (account, office) = (by.account_id.to_string(), scope.office_id());
        let (from, until) = (bound.from.clone(), bound.until.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(account)
                        .bind(office)
                        .bind(from)
                        .bind(until)
                        .bind(entries)
                        .bind(sealed)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(ExportAnswer::Ready(Export { id, bound, after: (String::new(), -1), entries: count }))
    }

    /// The next part, the oldest first, each with its place in the log and the bytes that stand there; empty at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export_part(&self, export: &mut Export) -> Result<Vec<(u64, String, Option<Entry>)>, Error> {
        let bound = &export.bound;
        let query = fitting!(
            bound,
            "e.entry_index, e.at, l.entry",
            " AND (e.at, e.entry_index) > ($8, $9) ORDER BY e.at, e.entry_index LIMIT $10"
        );
        let rows: Vec<FoundRow> = sqlx::query_as(query)
            .bind(&bound.from)
            .bind(&bound.until)
            .bind(&bound.actor)
            .bind(&bound.office)
            .bind(bound.action)
            .bind(&bound.object)
            .bind(bound.only_failed)
            .bind(&export.after.0)
            .bind(export.after.1)
            .bind(PART)
            .fetch_all(&self.reads)
            .await?;
        if let Some(last) = rows.last() {
            export.after = (last.at.clone(), last.entry_index);
        }
        rows.into_iter()
            .map(|row| {
                let index = u64::try_from(row.entry_index).map_err(|_| Error::Impossible("log_entry.entry_index"))?;
                let entry = Entry::parse(row.entry.as_bytes()).ok();
                Ok((index, row.entry, entry))
            })
            .collect()
    }
}
