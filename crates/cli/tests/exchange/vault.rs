//! What only somebody with the master key sees: the key-store file and the rows of the database.

use ledger::{Action, Entry};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use seal::{Argon2Cost, KeyStoreFile, Lock, MasterKey, Zeroizing};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::path::Path;

const MASTER: [u8; 32] = *b"the master key of tests, no more";

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes(&Zeroizing::new(MASTER))
}

/// As `fumibako init` writes it, but with the lowest cost that is allowed.
pub(crate) fn key_store(passphrase: &str) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let lock = Lock::Passphrase(passphrase);
    KeyStoreFile::seal_with_cost(&master(), lock, Argon2Cost::OWASP, &mut rng).unwrap().to_bytes()
}

/// Beside the data folder of an exchange whose database is on a server: the address of somebody who may do anything there.
pub(crate) const SUPERUSER_FILE: &str = "superuser-url";

/// A connection of our own to the database, beside the server's: to the encrypted file, or to PostgreSQL.
pub(crate) async fn database(data: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    if let Ok(url) = std::fs::read_to_string(data.with_file_name(SUPERUSER_FILE)) {
        return url.parse::<AnyConnectOptions>().unwrap().disable_statement_logging().connect().await.unwrap();
    }
    let key = store::database_key(data, &master().into()).unwrap();
    let url = format!("sqlite://{}?mode=rw", data.join("fumibako.db").display());
    let options = url.parse::<AnyConnectOptions>().unwrap().disable_statement_logging();
    let mut connection = options.connect().await.unwrap();
    let pragmas = format!("PRAGMA key = {}; PRAGMA busy_timeout = 10000", *key);
    sqlx::raw_sql(AssertSqlSafe(pragmas)).execute(&mut connection).await.unwrap();
    connection
}

/// Runs one statement; returns how many rows it changed.
pub(crate) async fn execute(data: &Path, sql: &'static str, id: &str) -> u64 {
    let mut database = database(data).await;
    let rows = sqlx::query(sql).bind(id).execute(&mut database).await.unwrap().rows_affected();
    database.close().await.unwrap();
    rows
}

/// What a question about the tables is answered.
pub(crate) async fn number(data: &Path, sql: &'static str) -> i64 {
    let mut database = database(data).await;
    let number = sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    number
}

/// The whole ledger, each entry parsed; panics on a gap, on a leaf hash that is not the entry's, on an entry that does
/// not read back as itself.
pub(crate) async fn ledger(data: &Path) -> Vec<Entry> {
    let mut database = database(data).await;
    let rows: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT entry_index, entry, leaf_hash FROM ledger ORDER BY entry_index")
            .fetch_all(&mut database)
            .await
            .unwrap();
    database.close().await.unwrap();
    assert!(!rows.is_empty());
    (0..)
        .zip(rows)
        .map(|(expected, (index, text, leaf))| {
            assert_eq!(index, expected, "a gap in the ledger");
            let entry = Entry::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
            let hash = ledger::leaf_hash(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(hash, leaf, "{text}");
            entry
        })
        .collect()
}

/// Every acceptance in the ledger has its row at the same place, and every row its acceptance.
pub(crate) async fn ledger_agrees(data: &Path) {
    let accepted: Vec<(String, i64)> = (0..)
        .zip(ledger(data).await)
        .filter(|(_, entry)| entry.fields().action == Action::SetAccept)
        // The same set again is recorded too, and is no acceptance.
        .filter(|(_, entry)| !entry.fields().details.keys().any(|name| name.as_str() == "outcome"))
        .map(|(index, entry)| (entry.fields().object.as_ref().unwrap().as_str().to_owned(), index))
        .collect();
    let mut database = database(data).await;
    let sql = "SELECT transmission_id, accepted_index FROM transmission ORDER BY accepted_index";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    assert!(!rows.is_empty());
    assert_eq!(accepted, rows);
}

/// How many entries of this action are about this object.
pub(crate) fn about(entries: &[Entry], action: Action, object: &str) -> usize {
    entries
        .iter()
        .map(Entry::fields)
        .filter(|entry| entry.action == action && entry.object.as_ref().is_some_and(|id| id.as_str() == object))
        .count()
}

/// A sound key store with the same passphrase and another exchange's key.
pub(crate) fn another_key_store(passphrase: &str) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let other = MasterKey::generate(&mut rng);
    KeyStoreFile::seal_with_cost(&other, Lock::Passphrase(passphrase), Argon2Cost::OWASP, &mut rng).unwrap().to_bytes()
}
