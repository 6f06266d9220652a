//! Replacing the key of the database file. Every page is written anew, so nobody else may use it meanwhile: the one rotation
//! for which the exchange has to stand still.

use crate::database::{DATABASE_FILE, file_options};
use crate::database_key::{self, DatabaseKey};
use crate::key_copies::{self, CopyPlace, KeyKind, NewKeyCopy};
use crate::key_store::MasterKeys;
use crate::record::{self, Act};
use crate::{Clock, Error, OperatorName, Store};
use ledger::Action;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::path::Path;
use std::sync::Arc;

/// The database is under another key now.
#[derive(Clone, Debug)]
pub struct DatabaseKeyReplaced {
    /// The key that is gone.
    pub old: String,
    /// The new one.
    pub new: String,
}

impl Store {
    /// Puts the database file under a fresh key. The exchange must not be running: [`Error::Busy`] if it is.
    ///
    /// A crash leaves a database that opens with one of the two keys, both of which are in the file of keys until the end.
    ///
    /// # Errors
    /// When somebody else uses the database, or it could not be written.
    pub async fn rotate_database_key(
        folder: &Path,
        masters: impl Into<MasterKeys>,
        clock: Arc<dyn Clock>,
        by: &OperatorName,
    ) -> Result<DatabaseKeyReplaced, Error> {
        const WHERE: Error = Error::Impossible("database.key");
        let masters = masters.into();
        // Brings an exchange of before up to date, and finds out which key it is under.
        let store = Self::open(folder, masters.clone(), Arc::clone(&clock)).await?;
        let old = store.database_key_id.clone();
        store.close().await;
        let keys = database_key::read(folder, &masters)?.ok_or(WHERE)?;
        let current = keys.into_iter().find(|key| key.key.id().to_string() == old).ok_or(WHERE)?;
        let fresh = DatabaseKey::fresh(current.version + 1);
        let new = fresh.key.id().to_string();
        // Leaving WAL takes the database for ourselves, and it stays so until this connection closes.
        let mut connection = file_options(&folder.join(DATABASE_FILE), &database_key::pragma(&current.key))
            .journal_mode(SqliteJournalMode::Delete)
            .connect()
            .await?;
        for sql in ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"] {
            sqlx::query(sql).execute(&mut connection).await?;
        }
        let rekey = format!("PRAGMA rekey = {}", *database_key::pragma(&fresh.key));
        let both = [fresh, current];
        database_key::write(folder, &masters, &both)?;
        let rekeyed = sqlx::query(AssertSqlSafe(rekey)).execute(&mut connection).await;
        connection.close().await?;
        rekeyed?;
        let store = Self::open(folder, masters.clone(), Arc::clone(&clock)).await?;
        if store.database_key_id != new {
            store.close().await;
            return Err(Error::NotCommitted);
        }
        // Said before the old key is gone: a crash in between leaves a copy in the register that lives no more, never one that
        // the register does not know of.
        store.database_key_made(&new, by).await?;
        let [fresh, _] = both;
        database_key::write(folder, &masters, &[fresh])?;
        store.other_database_keys_gone(&new, by).await?;
        store.close().await;
        Ok(DatabaseKeyReplaced { old, new })
    }

    async fn database_key_made(&self, new: &str, by: &OperatorName) -> Result<(), Error> {
        let now = self.clock.now();
        let copy = NewKeyCopy {
            kind: KeyKind::Database,
            key_id: new.to_owned(),
            place: CopyPlace::DataFolder,
            place_id: String::new(),
            holder: String::new(),
        };
        let entry = Act::officer(Action::KeyRotate, by, now).object(new).code("kind", "database").done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    key_copies::made(c, &copy, &by, now).await?;
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The file of keys holds one key: any other that the register has there is gone, also from a rotation that was cut off.
    async fn other_database_keys_gone(&self, kept: &str, by: &OperatorName) -> Result<(), Error> {
        let now = self.clock.now();
        let (kept, by) = (kept.to_owned(), by.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for old in key_copies::others_at(c, KeyKind::Database, CopyPlace::DataFolder, &kept).await? {
                        let what = (KeyKind::Database, old.as_str(), CopyPlace::DataFolder, "");
                        key_copies::destroyed(c, what, "rotation", &by.to_string(), now).await?;
                        let act = Act::officer(Action::KeyDestroy, &by, now).object(&old);
                        record::append(c, &act.code("kind", "database").done()?).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
