//! PostgreSQL for several nodes. Two roles: the owner changes the schema, the application adds to the ledger and reads it
//! and can do nothing else there (R10.5).

use super::{BUSY_WAIT, Connection, Pool, READERS_MAX};
use crate::{DatabaseServer, Error};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::time::Duration;
use url::Url;

/// A group of writes that takes longer has lost its server; its fate is found out by asking again.
pub(super) const GROUP_TIME_MAX: Duration = Duration::from_secs(60);
/// To reach a server that answers takes milliseconds.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Rows of a group are written by one node alone; one that stops in the middle is cut off after this.
const SESSION: &str = "
    SET lock_timeout = '5s';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '30s'";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Settings of the server under which nothing may be written, each with the values that are safe. The first three decide
/// whether what is acknowledged is there after a crash and as it was sent; the others whether a value of a row may come
/// to lie in the server's log (R6.8).
const SETTINGS: [(&str, &[&str]); 6] = [
    ("fsync", &["on"]),
    ("synchronous_commit", &["on", "remote_apply", "remote_write"]),
    ("server_encoding", &["UTF8"]),
    ("log_error_verbosity", &["terse"]),
    ("log_parameter_max_length", &["0"]),
    ("log_parameter_max_length_on_error", &["0"]),
];

/// What a role can do to the ledger beyond reading it and adding to it. Owners and superusers can do everything.
const MAY_CHANGE_LEDGER: &str = "
    SELECT CASE WHEN has_table_privilege('ledger', 'UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                  OR has_any_column_privilege('ledger', 'UPDATE') THEN 1 ELSE 0 END";

/// What keeps the log from being changed by its owner, too.
const GUARDS: &str = "
    SELECT count(*) FROM pg_trigger
     WHERE tgrelid = 'ledger'::regclass AND tgenabled IN ('O', 'A')
       AND tgname IN ('ledger_is_append_only_update', 'ledger_is_append_only_delete', 'ledger_is_append_only_insert',
                      'ledger_is_append_only_truncate')";
const GUARDS_COUNT: i64 = 4;

const APPLIED: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";

/// What the application's role may do. The names of a table's triggers say more than that they refuse: what is append-only
/// can be added to and no more, and from what is never removed nothing can be.
const GRANTS: &str = "
    DO $grants$
    DECLARE
        application TEXT := current_setting('fumibako.application');
        one RECORD;
    BEGIN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), application);
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', application);
        FOR one IN
            SELECT c.relname AS name,
                   c.relname = '_sqlx_migrations' AS fixed,
                   EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND t.tgname LIKE '%append\\_only%') AS append_only,
                   EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND t.tgname LIKE '%never\\_removed%') AS kept
              FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, %I', one.name, application);
            EXECUTE format('GRANT %s ON public.%I TO %I',
                           CASE WHEN one.fixed THEN 'SELECT'
                                WHEN one.append_only THEN 'SELECT, INSERT'
                                WHEN one.kept THEN 'SELECT, INSERT, UPDATE'
                                ELSE 'SELECT, INSERT, UPDATE, DELETE' END,
                           one.name, application);
        END LOOP;
    END
    $grants$";

/// The server, by its two roles.
#[derive(Clone, Debug)]
pub(crate) struct Server(DatabaseServer);

impl Server {
    pub(super) fn new(server: &DatabaseServer) -> Self {
        Self(server.clone())
    }

    /// A database that holds an exchange already is left alone.
    pub(super) async fn reserve(&self) -> Result<(), Error> {
        let mut owner = self.owner().await?;
        let there: bool =
            sqlx::query_scalar("SELECT to_regclass('public.ledger') IS NOT NULL").fetch_one(&mut owner).await?;
        owner.close().await?;
        if there { Err(Error::AlreadyThere) } else { Ok(()) }
    }

    /// Whether anything was ever entered in the log there. An empty schema is what a broken take-over leaves.
    pub(super) async fn holds_entries(&self) -> Result<bool, Error> {
        let mut owner = self.owner().await?;
        let there: bool =
            sqlx::query_scalar("SELECT to_regclass('public.ledger') IS NOT NULL").fetch_one(&mut owner).await?;
        let holds =
            there && sqlx::query_scalar::<_, i64>("SELECT count(*) FROM ledger").fetch_one(&mut owner).await? > 0;
        owner.close().await?;
        Ok(holds)
    }

    pub(super) async fn upgrade(&self) -> Result<(), Error> {
        let mut owner = self.owner().await?;
        MIGRATIONS.run(&mut owner).await?;
        sqlx::query("SELECT set_config('fumibako.application', $1, false)")
            .bind(self.0.application_role())
            .execute(&mut owner)
            .await?;
        sqlx::raw_sql(GRANTS).execute(&mut owner).await?;
        owner.close().await?;
        Ok(())
    }

    pub(super) async fn check(&self) -> Result<(), Error> {
        let mut connection = connect(self.0.url()).await?;
        for (name, safe) in SETTINGS {
            let value: Option<String> =
                sqlx::query_scalar("SELECT current_setting($1, true)").bind(name).fetch_one(&mut connection).await?;
            if !value.is_some_and(|value| safe.contains(&value.as_str())) {
                return Err(Error::UnsafeServer(name));
            }
        }
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        let applied: i64 = sqlx::query_scalar(APPLIED).fetch_one(&mut connection).await.map_err(|error| {
            let missing = error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42P01");
            if missing { Error::Schema(MigrateError::VersionMissing(0)) } else { error.into() }
        })?;
        if applied != newest {
            // Older: its owner brings it up to date. Newer: this program does not know what it would be writing to.
            return Err(Error::Schema(MigrateError::VersionMismatch(applied)));
        }
        let may_change: i32 = sqlx::query_scalar(MAY_CHANGE_LEDGER).fetch_one(&mut connection).await?;
        if may_change != 0 {
            return Err(Error::UnsafeServer("ledger"));
        }
        let guards: i64 = sqlx::query_scalar(GUARDS).fetch_one(&mut connection).await?;
        if guards != GUARDS_COUNT {
            return Err(Error::Unguarded);
        }
        connection.close().await?;
        Ok(())
    }

    pub(super) async fn writer(&self) -> Result<Connection, Error> {
        let mut connection = connect(self.0.url()).await?;
        sqlx::raw_sql(SESSION).execute(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn readers(&self) -> Result<Pool, Error> {
        let pool = AnyPoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(BUSY_WAIT)
            // A server that was restarted leaves dead connections behind.
            .test_before_acquire(true)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
                    sqlx::raw_sql("SET default_transaction_read_only = on").execute(connection).await?;
                    Ok(())
                })
            })
            .connect_with(options(self.0.url())?)
            .await?;
        Ok(pool)
    }

    pub(super) async fn owner(&self) -> Result<PgConnection, Error> {
        let url = self.0.owner_url().ok_or(Error::NoOwner)?;
        let connecting = PgConnectOptions::from_url(url)?.disable_statement_logging();
        Ok(tokio::time::timeout(CONNECT_TIME_MAX, connecting.connect()).await.map_err(|_| Error::Unavailable)??)
    }
}

/// Takes the one row that all nodes take before they write. It is given back by the end of the transaction, and by the
/// server itself when the node is gone.
pub(super) async fn begin(connection: &mut Connection) -> Result<(), Error> {
    const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT turn FROM sequencer FOR UPDATE";
    match sqlx::raw_sql(BEGIN).fetch_all(connection).await?.len() {
        1 => Ok(()),
        _ => Err(Error::Impossible("sequencer")),
    }
}

/// A COMMIT after a failed statement is a ROLLBACK that reports success. So a statement goes first that fails then.
pub(super) async fn commit(connection: &mut Connection) -> Result<(), Error> {
    sqlx::raw_sql("SELECT 1; COMMIT").execute(connection).await?;
    Ok(())
}

async fn connect(url: &Url) -> Result<Connection, Error> {
    let options = options(url)?;
    Ok(tokio::time::timeout(CONNECT_TIME_MAX, options.connect()).await.map_err(|_| Error::Unavailable)??)
}

fn options(url: &Url) -> Result<AnyConnectOptions, Error> {
    Ok(AnyConnectOptions::from_url(url)?.disable_statement_logging())
}
