//! The one place that names the database underneath; every verb speaks of a [`Connection`].

/// A connection, in or outside a transaction.
pub(crate) type Connection = sqlx::SqliteConnection;
/// Connections that read.
pub(crate) type Pool = sqlx::SqlitePool;
