//! Making the two archives of a backup out of one moment of the database, while others go on writing.

use super::manifest::{Manifest, Part, digest_of};
use super::plan::{self, Carried};
use crate::Error;
use seal::Zeroizing;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Tables of a schema; ours has some fifty.
const TABLES_MAX: usize = 500;

/// An encrypted database file with a key of its own.
pub(crate) async fn open(path: &Path, key: &[u8; 32], create: bool) -> Result<SqliteConnection, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .pragma("key", pragma_key(key).as_str().to_owned())
        // One file, without companions that would have to be carried along.
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    sqlx::query("SELECT count(*) FROM sqlite_master").execute(&mut connection).await?;
    Ok(connection)
}

pub(crate) fn pragma_key(key: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("\"x'{}'\"", *Zeroizing::new(crate::hex::hex(key))))
}

/// Attaches another encrypted file under a name of ours.
pub(crate) async fn attach(c: &mut SqliteConnection, path: &Path, name: &str, key: &[u8; 32]) -> Result<(), Error> {
    let path = path.to_str().ok_or(Error::Impossible("a path that is no text"))?;
    let statement = Zeroizing::new(format!("ATTACH DATABASE ?1 AS {name} KEY {}", *pragma_key(key)));
    sqlx::query(AssertSqlSafe(statement.as_str().to_owned())).bind(path).execute(c).await?;
    Ok(())
}

async fn run(c: &mut SqliteConnection, sql: String) -> Result<u64, Error> {
    Ok(sqlx::query(AssertSqlSafe(sql)).execute(c).await?.rows_affected())
}

/// A table of the schema: its name and how it is made.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Made {
    name: String,
    sql: String,
}

/// `CREATE TABLE x …` for the schema of this name.
fn made_in(schema: &str, made: &str) -> Result<String, Error> {
    const WHAT: &str = "CREATE TABLE ";
    let rest = made.strip_prefix(WHAT).ok_or(Error::Impossible("a table of the schema"))?;
    Ok(format!("{WHAT}{schema}.{rest}"))
}

async fn tables(c: &mut SqliteConnection, schema: &str) -> Result<Vec<Made>, Error> {
    let sql = format!(
        "SELECT name, sql FROM {schema}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    );
    let tables: Vec<Made> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(c).await?;
    if tables.len() > TABLES_MAX {
        return Err(Error::Impossible("the number of tables"));
    }
    Ok(tables)
}

/// Names of the tables of the open file.
pub(crate) async fn table_names(c: &mut SqliteConnection) -> Result<Vec<String>, Error> {
    Ok(tables(c, "main").await?.into_iter().map(|table| table.name).collect())
}

/// Columns of a table of the open file, with the types that the schema gives them.
pub(crate) async fn typed_columns(c: &mut SqliteConnection, table: &str) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as("SELECT name, type FROM pragma_table_info($1) ORDER BY cid").bind(table).fetch_all(c).await?)
}

async fn columns(c: &mut SqliteConnection, schema: &str, table: &str) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT name FROM pragma_table_info('{table}', '{schema}') ORDER BY cid");
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(c).await?)
}

const SCHEMA: &str = "
    CREATE TABLE boxes.archive_schema (position INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL,
                                       sql TEXT NOT NULL)";
const SCHEMA_ROWS: &str = "
    INSERT INTO boxes.archive_schema (type, name, sql)
    SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
const BODY: &str = "
    CREATE TABLE boxes.archive_body (body_key TEXT PRIMARY KEY, digest TEXT NOT NULL, size_bytes BIGINT NOT NULL)";
const PART: &str = "
    CREATE TABLE keys.part (tab TEXT NOT NULL, col TEXT NOT NULL, row TEXT NOT NULL, value NOT NULL,
                            PRIMARY KEY (tab, col, row)) WITHOUT ROWID";

/// Whose archive it is: only the master key opens it, so what stands in it can be believed.
const OWNER: &str = "CREATE TABLE keys.archive_owner (public_key TEXT NOT NULL)";
const OWNER_ROW: &str = "INSERT INTO keys.archive_owner VALUES ($1)";

/// What a snapshot held.
pub(crate) struct Snapshot {
    pub(crate) ledger_size: u64,
    pub(crate) erasures: u64,
    pub(crate) rows: BTreeMap<String, u64>,
}

/// Copies one moment of the open database (`main`) into the attached `boxes` and `keys`.
pub(crate) async fn copy(c: &mut SqliteConnection, owner: &str) -> Result<Snapshot, Error> {
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *c).await?;
    let mut transaction = c.begin().await?;
    run(&mut transaction, OWNER.to_owned()).await?;
    sqlx::query(OWNER_ROW).bind(owner).execute(&mut *transaction).await?;
    let copied = copy_in(&mut transaction).await?;
    transaction.commit().await?;
    Ok(copied)
}

async fn copy_in(c: &mut SqliteConnection) -> Result<Snapshot, Error> {
    // The first look at the data decides which moment it is; everything below sees the same.
    let ledger_size: i64 = sqlx::query_scalar("SELECT count(*) FROM main.ledger").fetch_one(&mut *c).await?;
    let erasures = crate::erasure::known_lines(c).await?;
    for sql in [SCHEMA, SCHEMA_ROWS, BODY, PART] {
        run(c, sql.to_owned()).await?;
    }
    let mut rows = BTreeMap::new();
    for table in tables(c, "main").await? {
        let name = &table.name;
        let carried = plan::of(name).ok_or(Error::Impossible("a table without a plan"))?;
        let count = match carried {
            Carried::Not(_) => 0,
            Carried::Keys => {
                run(c, made_in("keys", &table.sql)?).await?;
                run(c, format!("INSERT INTO keys.\"{name}\" SELECT * FROM main.\"{name}\"")).await?
            }
            Carried::Boxes { apart, row } => {
                run(c, made_in("boxes", &table.sql)?).await?;
                let columns: Vec<String> = columns(c, "main", name)
                    .await?
                    .into_iter()
                    .map(|column| {
                        if apart.contains(&&*column) {
                            format!("CASE typeof(\"{column}\") WHEN 'blob' THEN x'' WHEN 'text' THEN '' ELSE NULL END")
                        } else {
                            format!("\"{column}\"")
                        }
                    })
                    .collect();
                let select = columns.join(", ");
                let count =
                    run(c, format!("INSERT INTO boxes.\"{name}\" SELECT {select} FROM main.\"{name}\"")).await?;
                for column in apart {
                    let sql = format!(
                        "INSERT INTO keys.part (tab, col, row, value)
                         SELECT '{name}', '{column}', {row}, \"{column}\" FROM main.\"{name}\"
                          WHERE \"{column}\" IS NOT NULL AND length(\"{column}\") > 0"
                    );
                    run(c, sql).await?;
                }
                count
            }
        };
        rows.insert(table.name, count);
    }
    Ok(Snapshot { ledger_size: ledger_size.unsigned_abs(), erasures, rows })
}

/// Makes the data again, in the open and empty `main`, out of the attached `boxes` and `keys`. Of keys that are newer than the
/// boxes, what is about things that came after the boxes is left out: they are lost, and the gap is declared.
pub(crate) async fn restore(c: &mut SqliteConnection, newer_keys: bool) -> Result<BTreeMap<String, u64>, Error> {
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *c).await?;
    let mut transaction = c.begin().await?;
    let mut rows = restore_in(&mut transaction).await?;
    if newer_keys {
        for (table, _) in plan::PLAN.iter().filter(|(_, carried)| matches!(carried, Carried::Keys)) {
            for (column, of, its) in references(&mut transaction, table).await? {
                let late = format!(
                    "DELETE FROM main.\"{table}\" WHERE \"{column}\" IS NOT NULL
                        AND \"{column}\" NOT IN (SELECT \"{its}\" FROM main.\"{of}\")"
                );
                let late = run(&mut transaction, late).await?;
                take_off(&mut rows, table, late);
            }
        }
        // A backup of before there was an index has none of it.
        let indexed = rows.contains_key("person_set");
        for (table, sql) in NOBODYS.into_iter().filter(|_| indexed) {
            let late = run(&mut transaction, sql.to_owned()).await?;
            take_off(&mut rows, table, late);
        }
        for sql in CHAINS.into_iter().filter(|_| indexed) {
            run(&mut transaction, sql.to_owned()).await?;
        }
    }
    transaction.commit().await?;
    let broken: Vec<(String, Option<i64>, String, i64)> =
        sqlx::query_as("PRAGMA main.foreign_key_check").fetch_all(&mut *c).await?;
    if broken.is_empty() { Ok(rows) } else { Err(Error::BackupDamaged("references")) }
}

fn take_off(rows: &mut BTreeMap<String, u64>, table: &str, gone: u64) {
    if let Some(count) = rows.get_mut(table) {
        *count = count.saturating_sub(gone);
    }
}

/// People about whom nothing is left, and what hung on their sets.
const NOBODYS: [(&str, &str); 3] = [
    (
        "person",
        "DELETE FROM main.person WHERE (office_id, person_index) NOT IN (SELECT office_id, person_index FROM main.person_set)",
    ),
    (
        "month_comment",
        "DELETE FROM main.month_comment WHERE (office_id, month, person_index, partner_id) NOT IN
                (SELECT office_id, month, person_index, partner_id FROM main.person_set)",
    ),
    (
        "accepted_difference",
        "DELETE FROM main.accepted_difference WHERE (office_id, month, person_index, partner_id) NOT IN
                (SELECT office_id, month, person_index, partner_id FROM main.person_set)",
    ),
];

/// 版の連なり where something is lost: a withdrawal is as if it had never been said, and what was replaced by a set that nobody
/// has any more is the current one again.
const CHAINS: [&str; 2] = [
    "UPDATE main.person_set SET taken_back = 0
      WHERE taken_back = 1
        AND transmission_id IN (SELECT transmission_id FROM main.transmission WHERE withdrawn_at IS NULL)",
    "UPDATE main.person_set
        SET latest = (taken_back = 0 AND chain_order = (
            SELECT max(m.chain_order) FROM main.person_set m
             WHERE m.office_id = person_set.office_id AND m.month = person_set.month
               AND m.person_index = person_set.person_index AND m.subject_index = person_set.subject_index
               AND m.taken_back = 0))
      WHERE (office_id, month, person_index, subject_index) IN (
            SELECT k.office_id, k.month, k.person_index, k.subject_index
              FROM keys.person_set k LEFT JOIN main.transmission t ON t.transmission_id = k.transmission_id
             WHERE t.transmission_id IS NULL OR (k.taken_back = 1 AND t.withdrawn_at IS NULL))",
];

/// What a table refers to: its column, the other table and that one's column.
async fn references(c: &mut SqliteConnection, table: &str) -> Result<Vec<(String, String, String)>, Error> {
    const SQL: &str = "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list($1, 'main')";
    Ok(sqlx::query_as(SQL).bind(table).fetch_all(c).await?)
}

async fn restore_in(c: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, Error> {
    const MADE: &str = "SELECT type, name, sql FROM boxes.archive_schema ORDER BY position LIMIT 5000";
    let made: Vec<(String, String, String)> = sqlx::query_as(MADE).fetch_all(&mut *c).await?;
    let mut rows = BTreeMap::new();
    for (_, name, sql) in made.iter().filter(|(what, _, _)| what == "table") {
        run(c, made_in("main", sql)?).await?;
        let carried = plan::of(name).ok_or(Error::BackupDamaged("a table that this program does not know"))?;
        let count = match carried {
            Carried::Not(_) => 0,
            Carried::Keys => {
                // By name: keys that are newer may have them in another order.
                let columns: Vec<String> =
                    columns(c, "main", name).await?.iter().map(|column| format!("\"{column}\"")).collect();
                let columns = columns.join(", ");
                run(c, format!("INSERT INTO main.\"{name}\" ({columns}) SELECT {columns} FROM keys.\"{name}\"")).await?
            }
            Carried::Boxes { apart, row } => {
                let columns: Vec<String> = columns(c, "main", name)
                    .await?
                    .into_iter()
                    .map(|column| {
                        if apart.contains(&&*column) {
                            format!(
                                "coalesce((SELECT p.value FROM keys.part p WHERE p.tab = '{name}' AND p.col = '{column}'
                                             AND p.row = {row}), \"{column}\")"
                            )
                        } else {
                            format!("\"{column}\"")
                        }
                    })
                    .collect();
                let select = columns.join(", ");
                run(c, format!("INSERT INTO main.\"{name}\" SELECT {select} FROM boxes.\"{name}\"")).await?
            }
        };
        rows.insert(name.clone(), count);
    }
    // Indexes before triggers: nothing is triggered while it is being put back.
    for what in ["index", "trigger"] {
        for (_, _, sql) in made.iter().filter(|(kind, _, _)| kind == what) {
            run(c, sql.clone()).await?;
        }
    }
    Ok(rows)
}

/// Whether an archive is whole: every page under its keyed hash, and the structure of the tables.
pub(crate) async fn is_whole(c: &mut SqliteConnection) -> Result<bool, Error> {
    let damaged: Vec<String> = sqlx::query_scalar("PRAGMA cipher_integrity_check").fetch_all(&mut *c).await?;
    let checked: Vec<String> = sqlx::query_scalar("PRAGMA quick_check").fetch_all(&mut *c).await?;
    Ok(damaged.is_empty() && checked == ["ok"])
}

/// Nobody else changes an archive while this is held: not another of this process, not a command, not another node that sees
/// the place. What is written into it and the digest in its manifest would otherwise be of different turns.
pub(crate) struct Alone {
    _folder: File,
}

/// Waits for whoever has it. `None` where there is no such archive.
pub(crate) async fn alone(folder: &Path) -> Result<Option<Alone>, Error> {
    let path = folder.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let folder = match File::open(&path) {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(&path)(error)),
        };
        folder.lock().map_err(Error::file(&path))?;
        Ok(Some(Alone { _folder: folder }))
    });
    locked.await.map_err(|_| Error::Impossible("lock of an archive"))?
}

/// Opens an archive in its folder and reads all of it back.
pub(crate) async fn read_back(folder: &Path, part: Part, manifest: &Manifest, key: &[u8; 32]) -> Result<(), Error> {
    let path = folder.join(part.database());
    let (digest, size) = digest_of(&path)?;
    if digest != manifest.digest || size != manifest.size_bytes {
        return Err(Error::BackupDamaged("digest"));
    }
    let mut c = open(&path, key, false).await.map_err(|_| Error::BackupDamaged("key or pages"))?;
    let whole = is_whole(&mut c).await;
    c.close().await?;
    match whole {
        Ok(true) => Ok(()),
        Ok(false) | Err(Error::Database(_) | Error::WrongKey) => Err(Error::BackupDamaged("pages")),
        Err(error) => Err(error),
    }
}
