//! 引き継ぎ — an exchange in a folder becomes one on a server: after its server was lost and a backup restored, or when one
//! machine is no longer enough.
//!
//! All of it or nothing: rows are written in one transaction of the server, and the log is held against its own checkpoint
//! before the folder's database is put out of use. There are never two exchanges that go on with one log.

use super::archive;
use crate::bodies::Bodies;
use crate::database::{DATABASE_FILE, Source};
use crate::record::{self, Act};
use crate::{Clock, Error, Held, MasterKeys, OperatorName, Place, Store};
use futures_util::TryStreamExt as _;
use ledger::Action;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// Everything is on the server.
    Done {
        /// Rows of each table.
        rows: BTreeMap<String, u64>,
        /// Large bodies, which lie in rows from now on.
        bodies: u64,
    },
    /// It takes two people.
    OwnRequest,
}

const ENTRIES: &str = "SELECT count(*) FROM ledger";
/// Tables refer to each other in circles, so that no order of them would do.
const REFERENCES: &str = "
    SELECT CAST(CAST(conrelid AS regclass) AS TEXT), CAST(conname AS TEXT) FROM pg_constraint
     WHERE contype = 'f' AND connamespace = CAST('public' AS regnamespace) ORDER BY 1, 2";
/// What the folder's database is called when it is not used any more.
const PUT_AWAY: &str = "fumibako.db.taken-over";

impl Store {
    /// Takes over an exchange in a folder, which nobody serves meanwhile, into an empty database of a server.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`] where the database has an exchange, [`Error::NoOwner`] where its owner is not named, and when
    /// either database fails; then the folder is as it was.
    pub async fn take_over(
        place: &Place,
        from: &Path,
        masters: MasterKeys,
        clock: Arc<dyn Clock>,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<TakenOver, Error> {
        if by.is(approved_by) {
            return Ok(TakenOver::OwnRequest);
        }
        let source = Source::server(place.server().ok_or(Error::NoOwner)?);
        if source.holds_entries().await? {
            return Err(Error::AlreadyThere);
        }
        source.upgrade().await?;
        let folder = Self::open(from, masters.clone(), Arc::clone(&clock)).await?;
        let newest = folder.sign_checkpoint().await?;
        let moved = fill(&folder, &source).await;
        folder.close().await;
        let (rows, bodies) = moved?;

        let store = Self::open(place.clone(), masters, Arc::clone(&clock)).await?;
        if store.hold_against(&newest).await? != Held::Agrees {
            return Err(Error::LogContradicts);
        }
        let entry = Act::officer(Action::BackupRestore, by, clock.now())
            .code("step", "taken-over")
            .number("ledger_size", newest.checkpoint().size())
            .code("approved_by", &crate::retention::name_only(approved_by))
            .done()?;
        store.writer.run(move |c| Box::pin(async move { record::append(c, &entry).await })).await?;
        store.close().await;
        let (database, away) = (from.join(DATABASE_FILE), from.join(PUT_AWAY));
        fs::rename(&database, &away).map_err(Error::file(&database))?;
        Ok(TakenOver::Done { rows, bodies })
    }
}

async fn fill(folder: &Store, source: &Source) -> Result<(BTreeMap<String, u64>, u64), Error> {
    let mut file = folder.own_connection().await?;
    // Whoever still serves it is kept from writing what would be lost.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut file).await?;
    let mut owner = source.owner().await?;
    let mut transaction = owner.begin().await?;
    let there: i64 = sqlx::query_scalar(ENTRIES).fetch_one(&mut *transaction).await?;
    if there > 0 {
        return Err(Error::AlreadyThere);
    }
    let mut tables = archive::table_names(&mut file).await?;
    tables.retain(|table| !table.starts_with('_'));
    let references: Vec<(String, String)> = sqlx::query_as(REFERENCES).fetch_all(&mut *transaction).await?;
    for (table, name) in &references {
        let later = format!("ALTER TABLE {table} ALTER CONSTRAINT \"{name}\" DEFERRABLE INITIALLY DEFERRED");
        run(&mut transaction, later).await?;
    }
    // What is never changed or removed was written by this program in its time.
    for table in &tables {
        run(&mut transaction, format!("ALTER TABLE \"{table}\" DISABLE TRIGGER USER")).await?;
    }
    let mut rows = BTreeMap::new();
    for table in &tables {
        let count = copy(table, &mut file, &mut transaction).await?;
        rows.insert(table.clone(), count);
    }
    let bodies = bodies_into_rows(&folder.bodies, &mut transaction).await?;
    run(&mut transaction, "SET CONSTRAINTS ALL IMMEDIATE".to_owned()).await?;
    for table in &tables {
        run(&mut transaction, format!("ALTER TABLE \"{table}\" ENABLE TRIGGER USER")).await?;
    }
    for (table, name) in &references {
        run(&mut transaction, format!("ALTER TABLE {table} ALTER CONSTRAINT \"{name}\" NOT DEFERRABLE")).await?;
    }
    transaction.commit().await?;
    owner.close().await?;
    file.close().await?;
    Ok((rows, bodies))
}

async fn run(c: &mut PgConnection, sql: String) -> Result<(), Error> {
    sqlx::query(AssertSqlSafe(sql)).execute(c).await?;
    Ok(())
}

async fn copy(table: &str, file: &mut SqliteConnection, server: &mut PgConnection) -> Result<u64, Error> {
    let columns = archive::typed_columns(file, table).await?;
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
    let (names, values) = (names.join(", "), values.join(", "));
    let insert = format!("INSERT INTO \"{table}\" ({names}) VALUES ({values})");
    let select = sqlx::query(AssertSqlSafe(format!("SELECT {names} FROM \"{table}\"")));
    // What the schema itself begins with.
    run(server, format!("DELETE FROM \"{table}\"")).await?;
    let mut count = 0;
    let mut rows = select.fetch(file);
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
        query.execute(&mut *server).await?;
        count += 1;
    }
    Ok(count)
}

/// Other nodes do not see the folder.
async fn bodies_into_rows(bodies: &Bodies, server: &mut PgConnection) -> Result<u64, Error> {
    const NAMED: &str = "
        SELECT transmission_id, ordinal, body_key FROM transmission_file WHERE body_key IS NOT NULL
         ORDER BY transmission_id, ordinal";
    const PUT: &str = "
        UPDATE transmission_file SET body = $3, body_key = NULL WHERE transmission_id = $1 AND ordinal = $2";
    let named: Vec<(String, i64, String)> = sqlx::query_as(NAMED).fetch_all(&mut *server).await?;
    let count = named.len() as u64;
    for (id, ordinal, key) in named {
        let body = bodies.get(&key).await?;
        sqlx::query(PUT).bind(id).bind(ordinal).bind(body).execute(&mut *server).await?;
    }
    Ok(count)
}
