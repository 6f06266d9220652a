//! One moment of a database on a server, as the encrypted file that a backup is made of.
//!
//! So an archive is the same whichever engine the data came from, one text makes and reads it, and what is restored can be
//! opened without a server. The file lives as long as the backup is being made; its key is kept nowhere.

use super::archive;
use crate::database::{self, Connection, MIGRATIONS};
use crate::{BackupId, Error};
use futures_util::TryStreamExt as _;
use rand::Rng as _;
use seal::Zeroizing;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Names of such files, in the folder of archives of boxes.
const PREFIX: &str = "staging-";
/// Older ones were left by a crash.
const LEFT_AFTER: Duration = Duration::from_hours(24);
/// Not what the application's data are, but what the file's own schema says of itself.
const OF_THE_FILE: &str = "_sqlx_migrations";

/// The file while it is needed.
pub(super) struct Stage {
    path: PathBuf,
}

impl Stage {
    /// An empty file with the present schema.
    pub(super) async fn make(folder: &Path, id: BackupId) -> Result<(Self, SqliteConnection), Error> {
        sweep(folder)?;
        let stage = Self { path: folder.join(format!("{PREFIX}{id}.db")) };
        let mut key = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(key.as_mut());
        let mut connection = archive::open(&stage.path, &key, true).await?;
        // It need not outlive a crash.
        sqlx::raw_sql("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY").execute(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        Ok((stage, connection))
    }

    /// Copies every row of every table, all of one moment.
    pub(super) async fn fill(file: &mut SqliteConnection, mut server: Connection) -> Result<(), Error> {
        // A long look holds nobody up; the session's limits are for those that others wait for.
        const MOMENT: &str = "
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SET LOCAL statement_timeout = 0;
            SET LOCAL idle_in_transaction_session_timeout = 0";
        sqlx::raw_sql(MOMENT).execute(&mut server).await?;
        let mut transaction = file.begin().await?;
        for table in archive::table_names(&mut transaction).await? {
            if table != OF_THE_FILE {
                copy(&table, &mut transaction, &mut server).await?;
            }
        }
        transaction.commit().await?;
        database::rollback(&mut server).await;
        server.close().await?;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What stays is noise, since its key is gone, and is swept up by a later backup.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "a file of a backup was left");
        }
    }
}

async fn copy(table: &str, file: &mut SqliteConnection, server: &mut Connection) -> Result<(), Error> {
    let columns = archive::typed_columns(file, table).await?;
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
    let (names, values) = (names.join(", "), values.join(", "));
    // A trigger there, too, lets entries in at the end only.
    let order = if table == "ledger" { " ORDER BY entry_index" } else { "" };
    let insert = format!("INSERT INTO \"{table}\" ({names}) VALUES ({values})");
    let select = sqlx::query(AssertSqlSafe(format!("SELECT {names} FROM \"{table}\"{order}")));
    // What the schema itself begins with.
    sqlx::query(AssertSqlSafe(format!("DELETE FROM \"{table}\""))).execute(&mut *file).await?;
    let mut rows = select.fetch(server);
    while let Some(row) = rows.try_next().await? {
        let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
        for (at, (_, kind)) in columns.iter().enumerate() {
            query = match &**kind {
                "TEXT" => query.bind(row.try_get::<Option<String>, _>(at)?),
                "BIGINT" => query.bind(row.try_get::<Option<i64>, _>(at)?),
                "BLOB" => query.bind(row.try_get::<Option<Vec<u8>>, _>(at)?),
                _ => return Err(Error::Impossible("a column of the schema")),
            };
        }
        query.execute(&mut *file).await?;
    }
    Ok(())
}

/// What a crash left of earlier ones.
fn sweep(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::file(folder))?.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let old = entry.metadata().and_then(|found| found.modified()).ok();
        let old = old.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > LEFT_AFTER);
        if ours && old {
            fs::remove_file(entry.path()).map_err(Error::file(entry.path()))?;
        }
    }
    Ok(())
}
