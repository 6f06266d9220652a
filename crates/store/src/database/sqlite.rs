//! SQLite in the data folder, encrypted as a whole (SQLCipher). The default: nothing to install, nothing to run beside.

use super::{BUSY_WAIT, Connection, Pool, READERS_MAX};
use crate::database_key::{self, DatabaseKey};
use crate::{Error, worker_threads};
use seal::Zeroizing;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

pub(crate) const NAME: &str = "fumibako.db";

/// What keeps the log from being changed, even by this program.
const GUARDS: &str = "
    SELECT count(*) FROM sqlite_master
     WHERE type = 'trigger' AND tbl_name = 'ledger' AND sql LIKE '%RAISE(ABORT%'
       AND name IN ('ledger_is_append_only_update', 'ledger_is_append_only_delete', 'ledger_is_append_only_insert')";
const GUARDS_COUNT: i64 = 3;

/// Pages that stay decrypted in the memory of the connection that writes: what a page costs is mostly its decryption.
const WRITER_CACHE_KIB: u32 = 32 << 10;
/// The same of each that reads. Whatever is written makes it forget, so much of it would serve nobody.
const READER_CACHE_KIB: u32 = 8 << 10;
/// The log of writes is carried over into the file when it has so many pages (16 MiB): a page that many groups of writes
/// touched is then carried once.
const WAL_PAGES_MAX: u32 = 4_000;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The file, and what opens it.
#[derive(Clone)]
pub(crate) struct File {
    path: PathBuf,
    /// As SQLCipher's pragma takes it.
    key: Arc<Zeroizing<String>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Reserves the name: an exchange is never made over another.
pub(crate) fn reserve(folder: &Path) -> Result<(), Error> {
    let path = folder.join(NAME);
    fs::File::create_new(&path).map(|_| ()).map_err(Error::file(&path))
}

/// For what only SQLite can: its schema, and another key.
pub(crate) fn options(path: &Path, pragma: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .pragma("key", pragma.to_owned())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_WAIT)
        // Intermediate results never go to a temporary file (R6.8).
        .pragma("temp_store", "MEMORY")
        // What is deleted is overwritten (R11.2).
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

impl File {
    pub(super) fn new(folder: &Path, key: &DatabaseKey) -> Result<Self, Error> {
        worker_threads::are_waited_for();
        let path = std::path::absolute(folder.join(NAME)).map_err(Error::file(folder))?;
        Ok(Self { path, key: Arc::new(database_key::pragma(&key.key)) })
    }

    pub(super) async fn upgrade(&self) -> Result<(), Error> {
        let mut connection = options(&self.path, &self.key).connect().await?;
        // Without the right key opening succeeds and the first query fails.
        sqlx::query("SELECT count(*) FROM sqlite_master").execute(&mut connection).await?;
        let cipher: Option<String> =
            sqlx::query_scalar("PRAGMA cipher_version").fetch_optional(&mut connection).await?;
        if cipher.is_none_or(|version| version.is_empty()) {
            // Built without encryption: refuse rather than store readably (R6.8).
            return Err(Error::Impossible("cipher_version"));
        }
        MIGRATIONS.run(&mut connection).await?;
        // Whoever has the key of the database can take the guards away; then nothing is opened any more (R10.5).
        let guards: i64 = sqlx::query_scalar(GUARDS).fetch_one(&mut connection).await?;
        if guards != GUARDS_COUNT {
            return Err(Error::Unguarded);
        }
        connection.close().await?;
        Ok(())
    }

    pub(super) async fn writer(&self) -> Result<Connection, Error> {
        let mut connection = self.options("rw")?.connect().await?;
        unlock(&mut connection, &self.key, WRITER_CACHE_KIB).await?;
        let pragmas = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {WAL_PAGES_MAX}"
        );
        sqlx::raw_sql(AssertSqlSafe(pragmas)).execute(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn readers(&self) -> Result<Pool, Error> {
        let key = Arc::clone(&self.key);
        let pool = AnyPoolOptions::new()
            .max_connections(READERS_MAX)
            // A file does not go away like a server: asking before each use would double the cost of a small read.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let key = Arc::clone(&key);
                Box::pin(async move { unlock(connection, &key, READER_CACHE_KIB).await })
            })
            .connect_with(self.options("ro")?)
            .await?;
        Ok(pool)
    }

    /// No statement is ever logged: one of them is the key.
    fn options(&self, mode: &str) -> Result<AnyConnectOptions, Error> {
        const WHERE: Error = Error::Impossible("path of the data folder");
        let file = Url::from_file_path(&self.path).map_err(|()| WHERE)?;
        let url = Url::parse(&format!("sqlite://{}?mode={mode}", file.path())).map_err(|_| WHERE)?;
        Ok(AnyConnectOptions::from_url(&url)?.disable_statement_logging())
    }
}

/// Must come before anything else that reads the file.
async fn unlock(connection: &mut Connection, key: &str, cache_kib: u32) -> Result<(), sqlx::Error> {
    // Intermediate results never go to a temporary file (R6.8).
    let pragmas = Zeroizing::new(format!(
        "PRAGMA key = {key}; PRAGMA busy_timeout = {}; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; \
         PRAGMA cache_size = -{cache_kib}",
        BUSY_WAIT.as_millis()
    ));
    sqlx::raw_sql(AssertSqlSafe(pragmas.as_str())).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    #[tokio::test]
    async fn a_statement_keeps_its_plan_whatever_is_bound_to_it() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("opened");
        let options: Vec<String> =
            sqlx::query_scalar("PRAGMA compile_options").fetch_all(&mut connection).await.expect("read");
        assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "built without .cargo/config.toml: {options:?}");
    }
}
