//! What the log is searched by, made of the ledger a little later: nothing that is stored waits for it.

use crate::database::Connection;
use crate::{Error, Store};
use ledger::{Entry, Outcome};

/// Entries taken over in one go; the writer serves others between two.
const BATCH: i64 = 500;
/// Batches for which somebody who reads waits; what is older than the index is taken over in the background.
const READER_BATCHES: usize = 20;

const LAST: &str = "SELECT coalesce(max(entry_index), -1) FROM log_entry";

const NEXT: &str = "
    SELECT entry_index, entry FROM ledger WHERE entry_index > $1 ORDER BY entry_index LIMIT $2";

/// Another node may have been there first.
const INSERT: &str = "
    INSERT INTO log_entry (entry_index, at, actor, office, counterpart, action, object, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (entry_index) DO NOTHING";

/// One row of what is searched.
struct Row {
    index: i64,
    at: String,
    actor: String,
    office: String,
    counterpart: String,
    action: &'static str,
    object: String,
    outcome: &'static str,
}

impl Row {
    fn of(index: i64, text: &str) -> Self {
        let Ok(entry) = Entry::parse(text.as_bytes()) else {
            // A newer program's: found by its place, and shown as it stands.
            let empty = String::new;
            let (action, outcome) = ("", "");
            let (at, actor) = (empty(), empty());
            return Self { index, at, actor, office: empty(), counterpart: empty(), action, object: empty(), outcome };
        };
        let fields = entry.fields();
        let or_empty = |token: &Option<ledger::Token>| token.as_ref().map_or_else(String::new, ToString::to_string);
        Self {
            index,
            at: fields.at.to_string(),
            actor: fields.actor.to_string(),
            office: or_empty(&fields.office),
            counterpart: or_empty(&fields.counterpart),
            action: fields.action.id(),
            object: or_empty(&fields.object),
            outcome: match fields.outcome {
                Outcome::Ok => "ok",
                Outcome::Refused(_) => "refused",
                Outcome::Failed(_) => "failed",
            },
        }
    }

    async fn insert(self, c: &mut Connection) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(self.index)
            .bind(self.at)
            .bind(self.actor)
            .bind(self.office)
            .bind(self.counterpart)
            .bind(self.action)
            .bind(self.object)
            .bind(self.outcome)
            .execute(c)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Takes over what the log has got since the last time. Returns how many entries that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn index_log(&self) -> Result<u64, Error> {
        let mut taken = 0;
        loop {
            let batch = self.index_batch().await?;
            taken += batch;
            if batch < BATCH as u64 {
                return Ok(taken);
            }
        }
    }

    /// The same for somebody who waits: only so far. False when there is more.
    pub(super) async fn index_for_reader(&self) -> Result<bool, Error> {
        for _ in 0..READER_BATCHES {
            if self.index_batch().await? < BATCH as u64 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn index_batch(&self) -> Result<u64, Error> {
        // One at a time: two that do the same work are no faster.
        let _turn = self.indexing.lock().await;
        let last: i64 = sqlx::query_scalar(LAST).fetch_one(&self.reads).await?;
        let entries: Vec<(i64, String)> = sqlx::query_as(NEXT).bind(last).bind(BATCH).fetch_all(&self.reads).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let taken = entries.len() as u64;
        let rows: Vec<Row> = entries.iter().map(|(index, text)| Row::of(*index, text)).collect();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for row in rows {
                        row.insert(c).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(taken)
    }
}
