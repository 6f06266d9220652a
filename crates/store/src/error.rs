use std::path::PathBuf;

/// Our own failure. What a person or program did wrong is a value ([`exchange::Refusal`]), not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process or node holds the database; nothing was written.
    #[error("the database is held by another process")]
    Busy,
    /// The database server does not answer, or not as one that can be written to.
    #[error("the database server does not answer")]
    Unavailable,
    /// A setting or right on the database server under which nothing may be written.
    #[error("the database server is not safe to write to: {0}")]
    UnsafeServer(&'static str),
    /// The schema on a server is changed by its owner only, who was not named.
    #[error("the owner of the database is not known")]
    NoOwner,
    /// Only for a database in the data folder: a server's own means do this.
    #[error("the database is on a server, whose own means do this")]
    OnServer,
    /// An exchange is never made over another.
    #[error("the database holds an exchange already")]
    AlreadyThere,
    /// The group this write belonged to did not reach the disk; nothing of it was written.
    #[error("not written: the commit it was part of failed")]
    NotCommitted,
    /// No room left on the disk; nothing was written.
    #[error("no room left on the disk")]
    DiskFull,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// The database cannot be read with this key, or is damaged.
    #[error("the database does not open with this key, or is damaged")]
    WrongKey,
    /// Somebody took away what keeps the log from being changed (R10.5).
    #[error("the log is not guarded against changes")]
    Unguarded,
    /// The log's entries no longer lead to what was signed of them: somebody changed the database (R10.5).
    #[error("the log contradicts its own checkpoint")]
    LogContradicts,
    /// A file of an exported log was not written.
    #[error("export: {0}")]
    Export(std::io::Error),
    /// The database failed in another way.
    #[error("database: {0}")]
    Database(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("schema: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The object store of large bodies failed.
    #[error("object store: {0}")]
    Bodies(object_store::Error),
    /// The key-store file does not open.
    #[error("key store: {0}")]
    KeyStore(#[from] seal::KeyStoreError),
    /// The key store cannot be reached: what needs a key is refused, and nothing is stored (R6.8). Why, in the words of the
    /// library.
    #[error("the key store is out of reach: {0}")]
    KeyStoreAway(String),
    /// The token holds a master key already.
    #[error("the key store holds a master key already")]
    KeyStoreTaken,
    /// A stored box does not open: altered, moved, truncated, or under another key (R6.3).
    #[error("a stored box does not open")]
    Damaged,
    /// The list of erasures does not let the data be used (R4.6).
    #[error(transparent)]
    ErasureList(#[from] crate::ListError),
    /// A backup is not what was made. The text says which part.
    #[error("a backup is damaged: {0}")]
    BackupDamaged(&'static str),
    /// Something in the database is not what this program wrote there.
    #[error("the database holds an impossible value in {0}")]
    Impossible(&'static str),
    /// A certificate or key could not be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let known = match &error {
            sqlx::Error::Database(inner) => inner.code().and_then(|code| match code.len() {
                // No code of SQLite has five characters.
                5 => from_sqlstate(&code),
                _ => from_sqlite(&code),
            }),
            sqlx::Error::PoolTimedOut => Some(Self::Busy),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Some(Self::Unavailable),
            _ => None,
        };
        known.unwrap_or(Self::Database(error))
    }
}

/// Primary result codes of SQLite; the extended code is in the upper bits.
fn from_sqlite(code: &str) -> Option<Error> {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_FULL: i32 = 13;
    const SQLITE_NOTADB: i32 = 26;
    match code.parse::<i32>().ok()? & 0xff {
        SQLITE_BUSY | SQLITE_LOCKED => Some(Error::Busy),
        SQLITE_FULL => Some(Error::DiskFull),
        SQLITE_NOTADB => Some(Error::WrongKey),
        _ => None,
    }
}

fn from_sqlstate(code: &str) -> Option<Error> {
    match code {
        // Another transaction was in the way: serialisation, deadlock, a lock or a statement that took too long.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" => Some(Error::Busy),
        // A failed statement came before, so that nothing of the transaction stands.
        "25P02" => Some(Error::NotCommitted),
        "53100" => Some(Error::DiskFull),
        // Read-only, as a standby is; no more connections or memory; shutting down or starting.
        "25006" | "53200" | "53300" | "57P01" | "57P02" | "57P03" => Some(Error::Unavailable),
        _ => code.starts_with("08").then_some(Error::Unavailable),
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            let full = inner
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull);
            if full {
                return Self::DiskFull;
            }
            cause = inner.source();
        }
        Self::Bodies(error)
    }
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::File { path, source },
        }
    }
}
