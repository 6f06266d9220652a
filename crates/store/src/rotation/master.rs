//! Replacing the master key: a new one beside the old, everything that the old one wraps under the new one, the old one gone.
//! That is a dozen working keys and the key of the database file, however much is stored.

use super::{NewRotation, Row, WHERE, finish, open_of, step::RotationStep};
use crate::database::Connection;
use crate::key_copies::{self, CopyPlace, KeyKind, NewKeyCopy};
use crate::key_store::{KeyStoreKind, MasterKeys};
use crate::keys::purpose_of;
use crate::record::{self, Act};
use crate::{Error, OperatorName, SYSTEM, Store, database_key};
use ledger::Action;
use sqlx::FromRow;

const ROWS: &str = "
    SELECT kind, key_version, key_id, wrapped FROM working_key WHERE destroyed_at IS NULL ORDER BY kind, key_version";
const UPDATE: &str = "UPDATE working_key SET wrapped = $2 WHERE key_id = $1 AND destroyed_at IS NULL";
const LIVE: &str = "SELECT count(*) FROM working_key WHERE destroyed_at IS NULL";
const DONE: &str = "UPDATE key_rotation SET done = total, walked_at = $2 WHERE rotation_id = $1";
const UNFINISHED: &str = "
    SELECT count(*) FROM key_rotation WHERE kind = 'wrapping' AND from_key_id = '' AND finished_at IS NULL";
/// How often a working key that another process made in between makes it begin again.
const TRIES: usize = 5;

#[derive(FromRow)]
struct WorkingRow {
    kind: String,
    key_version: i64,
    key_id: String,
    wrapped: Vec<u8>,
}

/// What came of replacing the master key.
#[derive(Clone, Debug)]
pub enum MasterReplaced {
    /// The new key is in use and the old ones are gone from the key store.
    Done {
        /// Ids of the keys that are gone.
        old: Vec<String>,
        /// The id of the new one.
        new: String,
        /// Keys wrapped anew.
        rewrapped: u64,
    },
    /// Secrets from before there were working keys are still under the master key itself; they are being moved, see the
    /// rotation of the wrapping key.
    MovingFirst,
}

impl Store {
    /// Replaces the master key, or finishes what a crash left half done. The passphrase or credential stays the same.
    ///
    /// # Errors
    /// When the key store or the database fails. Whatever has been done by then holds, and calling again goes on.
    pub async fn rotate_master_key(&self, by: &OperatorName) -> Result<MasterReplaced, Error> {
        let moving: i64 = sqlx::query_scalar(UNFINISHED).fetch_one(&self.reads).await?;
        if moving > 0 && !self.move_from_master().await? {
            return Ok(MasterReplaced::MovingFirst);
        }
        // Half done: that one is finished, whose new key is in use already.
        let begun = self.writer.run(|c| Box::pin(async move { open_of(c, KeyKind::Master, "").await })).await?;
        if let Some(row) = begun {
            return self.finish_master(&row).await;
        }
        let masters = self.keys.masters.clone();
        let before = blocking({
            let masters = masters.clone();
            move || masters.master_ids()
        })
        .await?;
        let to = blocking(move || masters.prepare()).await?.to_string();
        let from = before.last().ok_or(WHERE)?.to_string();
        let now = self.clock.now();
        let entry = Act::officer(Action::KeyRotateStart, by, now).object(&to).code("kind", "master").done()?;
        let new = NewRotation { kind: KeyKind::Master, subject: String::new(), from, to, by: by.to_string() };
        let copy = self.master_copy(&new.to);
        let of_the_database = i64::from(!self.is_on_server());
        let row = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    if open_of(c, KeyKind::Master, "").await?.is_none() {
                        let live: i64 = sqlx::query_scalar(LIVE).fetch_one(&mut *c).await?;
                        new.write(c, u64::try_from(live + of_the_database).map_err(|_| WHERE)?, now).await?;
                        key_copies::made(c, &copy, &new.by, now).await?;
                        record::append(c, &entry).await?;
                    }
                    open_of(c, KeyKind::Master, "").await?.ok_or(WHERE)
                })
            })
            .await?;
        self.finish_master(&row).await
    }

    /// The server, too, finishes what an operator's command left half done.
    pub(super) async fn continue_master(&self, row: &Row) -> Result<RotationStep, Error> {
        self.finish_master(row).await.map(|_| RotationStep::Worked(0))
    }

    async fn finish_master(&self, row: &Row) -> Result<MasterReplaced, Error> {
        let masters = self.keys.masters.clone();
        let folder = self.folder.clone();
        let none = self.is_on_server();
        blocking(move || match database_key::read(&folder, &masters)? {
            Some(keys) => database_key::write(&folder, &masters, &keys),
            // The database is on a server.
            None if none => Ok(()),
            None => Err(Error::Impossible("database.key")),
        })
        .await?;
        let rewrapped = self.rewrap_working_keys(row).await?;
        // Backups follow before the old key is gone; one that is out of reach dies with it.
        if let Some(places) = &self.backups {
            self.rewrap_archives(places).await?;
        }
        let masters = self.keys.masters.clone();
        let wrapped: Vec<WorkingRow> = sqlx::query_as(ROWS).fetch_all(&self.reads).await?;
        let old = blocking(move || {
            // What is destroyed next must not be needed by anything: everything opens under the newest alone. A key that another
            // process wrote meanwhile is wrapped anew when this is called again.
            let newest = *masters.master_ids()?.first().ok_or(WHERE)?;
            if wrapped.iter().any(|row| seal::wrapped_under(&row.wrapped).ok() != Some(newest)) {
                return Err(Error::Busy);
            }
            Ok((newest, masters.finish()?))
        })
        .await?;
        let (newest, gone) = old;
        let (now, row) = (self.clock.now(), row.clone());
        let mut old: Vec<String> = gone.iter().map(ToString::to_string).collect();
        if old.is_empty() && row.from_key_id != newest.to_string() {
            // It was destroyed just before a crash.
            old.push(row.from_key_id.clone());
        }
        let places: Vec<(String, CopyPlace)> = old.iter().map(|id| (id.clone(), self.master_place())).collect();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for (id, place) in &places {
                        let what = (KeyKind::Master, id.as_str(), *place, "");
                        if key_copies::destroyed(c, what, "rotation", SYSTEM, now).await? {
                            let act = Act::system(Action::KeyDestroy, now).object(id).code("kind", "master");
                            record::append(c, &act.done()?).await?;
                        }
                    }
                    if finish(c, &row.rotation_id, now).await? {
                        let act = Act::system(Action::KeyRotate, now).object(&row.to_key_id).code("kind", "master");
                        record::append(c, &act.number("rewrapped", rewrapped).done()?).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(MasterReplaced::Done { old, new: newest.to_string(), rewrapped })
    }

    /// Wraps the working keys under the newest master key, all in one transaction.
    async fn rewrap_working_keys(&self, row: &Row) -> Result<u64, Error> {
        for _ in 0..TRIES {
            let rows: Vec<WorkingRow> = sqlx::query_as(ROWS).fetch_all(&self.reads).await?;
            let masters = self.keys.masters.clone();
            let count = rows.len() as i64;
            let fresh = blocking(move || rows.iter().map(|row| rewrapped(row, &masters)).collect()).await?;
            let fresh: Vec<(String, Vec<u8>)> = fresh;
            let (id, at) = (row.rotation_id.clone(), self.now_text());
            let whole = self
                .writer
                .run(move |c| {
                    Box::pin(async move {
                        let live: i64 = sqlx::query_scalar(LIVE).fetch_one(&mut *c).await?;
                        if live != count {
                            return Ok(false);
                        }
                        write_all(c, &fresh).await?;
                        sqlx::query(DONE).bind(id).bind(at).execute(c).await?;
                        Ok(true)
                    })
                })
                .await?;
            if whole {
                return u64::try_from(count + i64::from(!self.is_on_server())).map_err(|_| WHERE);
            }
        }
        Err(Error::Busy)
    }

    fn master_place(&self) -> CopyPlace {
        match self.keys.masters.kind() {
            KeyStoreKind::Token => CopyPlace::Token,
            KeyStoreKind::SealedFile | KeyStoreKind::Held => CopyPlace::KeyStore,
        }
    }

    pub(crate) fn master_copy(&self, id: &str) -> NewKeyCopy {
        NewKeyCopy {
            kind: KeyKind::Master,
            key_id: id.to_owned(),
            place: self.master_place(),
            place_id: String::new(),
            holder: String::new(),
        }
    }

    /// Walks what is still under the master key itself; true when nothing is.
    async fn move_from_master(&self) -> Result<bool, Error> {
        const ROUNDS_MAX: usize = 1_000_000;
        for _ in 0..ROUNDS_MAX {
            let walked: Option<(i64, i64)> = sqlx::query_as(
                "SELECT CASE WHEN walked_at IS NULL THEN 0 ELSE 1 END, found FROM key_rotation
                  WHERE kind = 'wrapping' AND from_key_id = '' AND finished_at IS NULL",
            )
            .fetch_optional(&self.reads)
            .await?;
            match walked {
                None => return Ok(true),
                // Everything has been seen; nothing new goes under the master key since this program runs.
                Some((1, _)) => return self.nothing_is_under_a_master().await,
                Some(_) => {
                    if self.rotation_step().await? == RotationStep::Waiting {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(false)
    }

    async fn nothing_is_under_a_master(&self) -> Result<bool, Error> {
        let (at, length) = seal::WRAPPED_KEY_ID_AT;
        let masters = self.keys.masters.clone();
        let ids = blocking(move || masters.master_ids()).await?;
        for id in ids {
            for sql in [
                "SELECT count(*) FROM office_key WHERE substr(wrapped_secret, $1, $2) = $3",
                "SELECT count(*) FROM secret WHERE substr(wrapped, $1, $2) = $3",
                "SELECT count(*) FROM factor WHERE substr(secret_sealed, $1, $2) = $3",
            ] {
                let rows: i64 = sqlx::query_scalar(sql)
                    .bind(at as i64 + 1)
                    .bind(length as i64)
                    .bind(id.as_bytes().as_slice())
                    .fetch_one(&self.reads)
                    .await?;
                if rows > 0 {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn rewrapped(row: &WorkingRow, masters: &MasterKeys) -> Result<(String, Vec<u8>), Error> {
    let kind = KeyKind::from_id(&row.kind).ok_or(WHERE)?;
    let purpose = purpose_of(kind, u32::try_from(row.key_version).map_err(|_| WHERE)?)?;
    let secret = masters.unwrap(&purpose, &row.wrapped)?;
    Ok((row.key_id.clone(), masters.wrap(&purpose, &secret)?))
}

async fn write_all(c: &mut Connection, fresh: &[(String, Vec<u8>)]) -> Result<(), Error> {
    for (id, wrapped) in fresh {
        sqlx::query(UPDATE).bind(id).bind(wrapped).execute(&mut *c).await?;
    }
    Ok(())
}

/// A key store may keep its caller waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| WHERE)?
}
