//! The one place that names the database underneath; every verb speaks of a [`Connection`] and one SQL text serves both.
//!
//! A group of writes begins with [`Source::begin`]: on SQLite that takes the file, on PostgreSQL the one row of
//! `sequencer`. From then to its end the group is alone among all nodes, so what a verb has read is still true when it
//! writes, and the ledger's next index is its maximum plus one.

mod postgres;
mod sqlite;
mod together;

use crate::database_key::DatabaseKey;
use crate::{DatabaseServer, Error, Place};
use sqlx::Connection as _;
use std::path::Path;
use std::time::Duration;

pub(crate) use sqlite::{MIGRATIONS, NAME as DATABASE_FILE, options as file_options, reserve};
pub(crate) use together::Together;

/// A connection, in or outside a transaction.
pub(crate) type Connection = sqlx::AnyConnection;
/// Connections that read.
pub(crate) type Pool = sqlx::AnyPool;

/// Connections that read at the same time.
const READERS_MAX: u32 = 4;
/// How long a write waits for another process or node before it is refused.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Where connections come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

impl Source {
    /// The encrypted file in this folder.
    pub(crate) fn file(folder: &Path, key: &DatabaseKey) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        Ok(Self::Sqlite(sqlite::File::new(folder, key)?))
    }

    pub(crate) fn server(server: &DatabaseServer) -> Self {
        sqlx::any::install_default_drivers();
        Self::Postgres(postgres::Server::new(server))
    }

    /// Brings the schema up to date. On a server only its owner can, which the application is not.
    pub(crate) async fn upgrade(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => file.upgrade().await,
            Self::Postgres(server) => server.upgrade().await,
        }
    }

    /// Its owner, where it is on a server: for what the application must not be able to do.
    pub(crate) async fn owner(&self) -> Result<sqlx::PgConnection, Error> {
        match self {
            Self::Sqlite(_) => Err(Error::NoOwner),
            Self::Postgres(server) => server.owner().await,
        }
    }

    /// Whether a log is there already.
    pub(crate) async fn holds_entries(&self) -> Result<bool, Error> {
        match self {
            Self::Sqlite(_) => Err(Error::NoOwner),
            Self::Postgres(server) => server.holds_entries().await,
        }
    }

    /// Refuses what must not be written to: the wrong key, a schema of another version, a server that is not safe.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => self.upgrade().await,
            Self::Postgres(server) => server.check().await,
        }
    }

    pub(crate) async fn writer(&self) -> Result<Connection, Error> {
        match self {
            Self::Sqlite(file) => file.writer().await,
            Self::Postgres(server) => server.writer().await,
        }
    }

    pub(crate) async fn readers(&self) -> Result<Pool, Error> {
        match self {
            Self::Sqlite(file) => file.readers().await,
            Self::Postgres(server) => server.readers().await,
        }
    }

    /// Begins a group of writes, alone among all processes and nodes.
    pub(crate) async fn begin(&self, connection: &mut Connection) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => {
                sqlx::query("BEGIN IMMEDIATE").execute(connection).await?;
                Ok(())
            }
            Self::Postgres(_) => postgres::begin(connection).await,
        }
    }

    /// On disk when this answers.
    pub(crate) async fn commit(&self, connection: &mut Connection) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => {
                sqlx::query("COMMIT").execute(connection).await?;
                Ok(())
            }
            Self::Postgres(_) => postgres::commit(connection).await,
        }
    }

    /// Whether a connection can be lost while the process goes on.
    pub(crate) fn can_be_lost(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The longest that a group may take, where it can be lost.
    pub(crate) fn group_time_max(&self) -> Option<Duration> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) => Some(postgres::GROUP_TIME_MAX),
        }
    }

    /// Whether every node sees this node's folder of bodies. Where none does, all bodies lie in rows.
    pub(crate) fn has_folder(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// Refuses a place that holds an exchange already.
pub(crate) async fn is_free(place: &Place) -> Result<(), Error> {
    match place.server() {
        None if place.folder().join(DATABASE_FILE).exists() => Err(Error::AlreadyThere),
        None => Ok(()),
        Some(server) => postgres::Server::new(server).reserve().await,
    }
}

/// Ends a transaction of which nothing is kept; false when the connection is good for nothing any more.
pub(crate) async fn rollback(connection: &mut Connection) -> bool {
    sqlx::query("ROLLBACK").execute(&mut *connection).await.is_ok() && connection.ping().await.is_ok()
}

/// How SQLite would answer, line by line.
#[cfg(test)]
pub(crate) async fn planned(reads: &Pool, sql: &str) -> String {
    use sqlx::Row as _;
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
    let rows = rows.fetch_all(reads).await.expect("planned");
    rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
}
