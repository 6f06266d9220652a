//! 控え — backups: boxes and keys in two places, generations, read back, restored, rehearsed (R4).
//!
//! An archive of boxes lives long and opens nothing. An archive of keys lives short, and an erasure is taken out of it; the
//! newest one serves every older archive of boxes. Both are encrypted under keys of their own, which only the master key opens,
//! and it lies in neither place.

mod archive;
mod copies;
mod drill;
mod make;
mod manifest;
mod plan;
mod restore;
mod rewrap;
mod stage;
mod take_over;

pub use drill::{Drill, DrillRow};
pub use make::{Made, Rotated};
pub use restore::{RestoreOrder, RestoreRefused, Restored, restore_backup};
pub use take_over::TakenOver;

use crate::{BackupId, Error, Store};
use jiff::SignedDuration;
use sqlx::FromRow;
use std::path::{Path, PathBuf};

/// After so long without a whole backup somebody must be told (R4.2).
const BACKUP_HOURS_MAX: i64 = 48;
/// Rows of a listing.
const LISTED_MAX: i64 = 10_000;

/// Where backups go.
#[derive(Clone, Debug)]
pub struct BackupPlaces {
    /// Archives of boxes: long, and on another disk than the data.
    pub boxes: PathBuf,
    /// Archives of keys: short, and on another disk than the boxes.
    pub keys: PathBuf,
}

impl BackupPlaces {
    fn folder(&self, part: manifest::Part, id: &str) -> PathBuf {
        match part {
            manifest::Part::Boxes => self.boxes.join(id),
            manifest::Part::Keys => self.keys.join(id),
        }
    }

    fn bodies(&self) -> PathBuf {
        self.boxes.join("bodies")
    }
}

/// The file of a large body among the backups, which all generations share.
fn body_file(bodies: &Path, key: &str) -> PathBuf {
    let shelf = key.get(key.len().saturating_sub(2)..).unwrap_or(key);
    bodies.join(shelf).join(key)
}

/// 控えの世代, as registered.
#[derive(Clone, Debug)]
pub struct BackupRow {
    /// Ours.
    pub id: BackupId,
    /// When it was begun, RFC 3339 in UTC.
    pub started_at: String,
    /// By whom.
    pub made_by: String,
    /// Entries of the log it holds; none while it is being made, or where it never was finished.
    pub ledger_size: Option<u64>,
    /// Bytes of both archives.
    pub size_bytes: Option<u64>,
    /// When it was read back and found whole.
    pub verified_at: Option<String>,
    /// When the archive of boxes was destroyed.
    pub data_gone_at: Option<String>,
    /// When the archive of keys was.
    pub keys_gone_at: Option<String>,
}

#[derive(Clone, FromRow)]
struct Row {
    backup_id: String,
    started_at: String,
    made_by: String,
    ledger_size: Option<i64>,
    size_bytes: Option<i64>,
    verified_at: Option<String>,
    data_gone_at: Option<String>,
    keys_gone_at: Option<String>,
}

const NEWEST: &str = "
    SELECT backup_id, started_at, made_by, ledger_size, size_bytes, verified_at, data_gone_at, keys_gone_at
      FROM backup ORDER BY started_at DESC, backup_id DESC LIMIT $1";

const NEWEST_WHOLE: &str = "SELECT max(started_at) FROM backup WHERE verified_at IS NOT NULL AND data_gone_at IS NULL";

impl TryFrom<Row> for BackupRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.backup_id.parse().map_err(|_| Error::Impossible("backup.backup_id"))?,
            started_at: row.started_at,
            made_by: row.made_by,
            ledger_size: row.ledger_size.map(i64::unsigned_abs),
            size_bytes: row.size_bytes.map(i64::unsigned_abs),
            verified_at: row.verified_at,
            data_gone_at: row.data_gone_at,
            keys_gone_at: row.keys_gone_at,
        })
    }
}

/// What of a table goes where; for the service agreement, which states it (R4.1).
#[derive(Clone, Copy, Debug)]
pub struct BackupPlan {
    /// The table.
    pub table: &'static str,
    /// Its columns that go into the archive of keys; all of them where `whole`.
    pub apart: &'static [&'static str],
    /// Whether all of it goes into the archive of keys.
    pub whole: bool,
    /// Why it is in no backup.
    pub excluded: Option<&'static str>,
}

/// The plan of all tables.
#[must_use]
pub fn backup_plan() -> Vec<BackupPlan> {
    let none = BackupPlan { table: "", apart: &[], whole: false, excluded: None };
    let row = |(table, carried): &(&'static str, plan::Carried)| match *carried {
        plan::Carried::Boxes { apart, .. } => BackupPlan { table, apart, ..none },
        plan::Carried::Keys => BackupPlan { table, whole: true, ..none },
        plan::Carried::Not(reason) => BackupPlan { table, excluded: Some(reason), ..none },
    };
    plan::PLAN.iter().map(row).collect()
}

impl Store {
    /// Tables of the schema, for comparing with what is said about them (R4.1, R11.1).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tables(&self) -> Result<Vec<String>, Error> {
        const IN_THE_FILE: &str = "
            SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'
             ORDER BY name";
        // The row that nodes take in turn is no data.
        const ON_SERVER: &str = "
            SELECT CAST(tablename AS TEXT) FROM pg_tables
             WHERE schemaname = 'public' AND tablename NOT IN ('_sqlx_migrations', 'sequencer') ORDER BY 1";
        let tables = if self.is_on_server() { ON_SERVER } else { IN_THE_FILE };
        Ok(sqlx::query_scalar(tables).fetch_all(&self.reads).await?)
    }

    /// Whether the newest whole backup is older than it may be, or there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backup_is_overdue(&self) -> Result<bool, Error> {
        let newest: Option<String> = sqlx::query_scalar(NEWEST_WHOLE).fetch_one(&self.reads).await?;
        let since = self.clock.now() - SignedDuration::from_hours(BACKUP_HOURS_MAX);
        Ok(newest.is_none_or(|newest| newest < crate::clock::text(since)))
    }

    /// The newest generations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backups(&self) -> Result<Vec<BackupRow>, Error> {
        let rows: Vec<Row> = sqlx::query_as(NEWEST).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(BackupRow::try_from).collect()
    }
}
