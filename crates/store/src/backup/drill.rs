//! 復元の訓練 — restoring aside, comparing, opening some boxes, and throwing it all away (R4.5).

use super::restore::{RestoreOrder, restore_backup};
use super::{BackupPlaces, BackupRow};
use crate::erasure::ErasureList;
use crate::record::{self, Act};
use crate::{BackupId, Error, OperatorName, Store, database_key};
use ledger::Action;
use seal::{Envelope, OBJECT_BYTES_MAX, ObjectBinding, ObjectPurpose, OfficeSecretKey, Purpose, SetBinding};
use sqlx::FromRow;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Sets that are opened and compared.
const SAMPLE: i64 = 20;

/// What came of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// Which generation.
    pub backup: BackupId,
    /// How long restoring and comparing took.
    pub seconds: u64,
    /// `ok`, or what failed.
    pub result: String,
    /// Sets restored.
    pub sets: u64,
    /// Boxes opened and found to be what they were.
    pub opened: u64,
    /// A generation that is still thought to be whole, where this one is not.
    pub next: Option<BackupId>,
}

/// One drill of the register.
#[derive(Clone, Debug, FromRow)]
pub struct DrillRow {
    /// Which generation.
    pub backup_id: String,
    /// When, RFC 3339 in UTC.
    pub started_at: String,
    /// How long.
    pub seconds: i64,
    /// `ok`, or what failed.
    pub result: String,
    /// Sets restored.
    pub sets: i64,
    /// Boxes opened.
    pub opened: i64,
    /// By whom.
    pub drilled_by: String,
}

const INSERT: &str = "
    INSERT INTO backup_drill (drill_id, backup_id, started_at, seconds, result, sets, opened, drilled_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const UNSETTLE: &str = "UPDATE backup SET verified_at = NULL WHERE backup_id = $1";
const NEWEST: &str = "
    SELECT backup_id, started_at, seconds, result, sets, opened, drilled_by FROM backup_drill
     ORDER BY started_at DESC, drill_id DESC LIMIT 1000";
const SETS: &str = "SELECT count(*) FROM transmission WHERE erased_at IS NULL";
const SOME: &str = "
    SELECT transmission_id, sender_office_id, receiver_office_id, envelope FROM transmission
     WHERE erased_at IS NULL ORDER BY random() LIMIT $1";
const KEYS: &str = "
    SELECT key_version, wrapped_secret, CASE WHEN destroyed_at IS NULL THEN 0 ELSE 1 END FROM office_key
     WHERE key_id = $1 AND office_id = $2";
const BOXES: &str = "
    SELECT ordinal, name, digest, body, body_key FROM transmission_file WHERE transmission_id = $1 ORDER BY ordinal";
const LEAVES: &str = "SELECT entry_index, entry, leaf_hash FROM ledger ORDER BY entry_index";

#[derive(FromRow)]
struct SetRow {
    transmission_id: String,
    sender_office_id: String,
    receiver_office_id: String,
    envelope: Vec<u8>,
}

type BoxRow = (i64, String, String, Option<Vec<u8>>, Option<String>);

/// The folder aside: whatever ends a drill, nothing of it is left.
struct Aside<'a>(&'a Path);

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        if let Err(error) = remove(self.0) {
            tracing::error!(%error, "a drill left a restored copy behind: it is to be removed by hand");
        }
    }
}

/// The keys of the copy first, over and over its own bytes, so that nothing opens what a disk still has of the rest.
fn remove(aside: &Path) -> Result<(), Error> {
    if !aside.exists() {
        return Ok(());
    }
    database_key::overwrite(aside)?;
    fs::remove_dir_all(aside).map_err(Error::file(aside))
}

impl Store {
    /// Restores a generation into a folder aside, compares it, opens some of its boxes, and records the result. The folder is
    /// removed; nothing in it listens or sends.
    ///
    /// # Errors
    /// When a place or the database fails in another way than by damage.
    pub async fn drill_backup(
        &self,
        places: &BackupPlaces,
        list: &ErasureList,
        backup: BackupId,
        aside: &Path,
        by: &OperatorName,
    ) -> Result<Drill, Error> {
        // What is there is somebody's, and everything aside is removed in the end.
        if aside.exists() {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::File { path: aside.to_owned(), source });
        }
        let _aside = Aside(aside);
        let started_at = self.now_text();
        let begun = Instant::now();
        let order = RestoreOrder {
            backup,
            into: aside.to_owned(),
            by: by.clone(),
            approved_by: OperatorName::at_terminal("drill").map_err(|_| Error::Impossible("a name"))?,
            known_ledger_size: 0,
            // It is thrown away: nobody loses an entry.
            gap_declared: true,
        };
        let clock = Arc::clone(&self.clock);
        let restored = restore_backup(places, list, self.keys.masters.clone(), Arc::clone(&clock), &order).await;
        let (result, sets, opened) = match restored {
            // Under a master key that is gone: nobody could restore it.
            Err(Error::WrongKey) => ("key".to_owned(), 0, 0),
            Err(Error::BackupDamaged(what)) => (what.to_owned(), 0, 0),
            Err(error) => return Err(error),
            Ok(Err(refused)) => (format!("{refused:?}").to_lowercase().replace([' ', '"', '(', ')'], "-"), 0, 0),
            Ok(Ok(_)) => {
                let aside_store = Self::open(aside, self.keys.masters.clone(), clock).await?;
                let compared = aside_store.compare_restored().await;
                aside_store.close().await;
                match compared {
                    Ok((sets, opened)) => ("ok".to_owned(), sets, opened),
                    Err(Error::Damaged) => ("boxes".to_owned(), 0, 0),
                    Err(Error::Impossible(what) | Error::BackupDamaged(what)) => (what.to_owned(), 0, 0),
                    Err(error) => return Err(error),
                }
            }
        };
        remove(aside)?;
        let seconds = begun.elapsed().as_secs();
        let whole = |row: &BackupRow| row.id != backup && row.verified_at.is_some() && row.data_gone_at.is_none();
        let next = match &*result {
            "ok" => None,
            _ => self.backups().await?.into_iter().find(whole).map(|row| row.id),
        };
        let drill = Drill { backup, seconds, result, sets, opened, next };
        self.record_drill(&drill, &started_at, by).await?;
        Ok(drill)
    }

    /// Drills, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drills(&self) -> Result<Vec<DrillRow>, Error> {
        Ok(sqlx::query_as(NEWEST).fetch_all(&self.reads).await?)
    }

    async fn record_drill(&self, drill: &Drill, started_at: &str, by: &OperatorName) -> Result<(), Error> {
        let now = self.clock.now();
        let act = Act::officer(Action::BackupDrill, by, now)
            .object(drill.backup)
            .number("seconds", drill.seconds)
            .number("sets", drill.sets)
            .number("opened", drill.opened);
        let entry = if drill.result == "ok" { act.done()? } else { act.failed("unusable")? };
        let (drill, started_at, by) = (drill.clone(), started_at.to_owned(), by.to_string());
        let id = uuid::Uuid::now_v7().to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT)
                        .bind(id)
                        .bind(drill.backup.to_string())
                        .bind(started_at)
                        .bind(drill.seconds.cast_signed())
                        .bind(&drill.result)
                        .bind(drill.sets.cast_signed())
                        .bind(drill.opened.cast_signed())
                        .bind(by)
                        .execute(&mut *c)
                        .await?;
                    if drill.result != "ok" {
                        sqlx::query(UNSETTLE).bind(drill.backup.to_string()).execute(&mut *c).await?;
                    }
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Every leaf of the log is the hash of its entry and none is missing; some boxes open to what was sent.
    async fn compare_restored(&self) -> Result<(u64, u64), Error> {
        let leaves: Vec<(i64, String, String)> = sqlx::query_as(LEAVES).fetch_all(&self.reads).await?;
        for (expected, (index, entry, leaf)) in (0..).zip(leaves) {
            if index != expected || crate::hex::hex(&ledger::leaf_hash(entry.as_bytes())) != leaf {
                return Err(Error::Impossible("ledger"));
            }
        }
        let sets: i64 = sqlx::query_scalar(SETS).fetch_one(&self.reads).await?;
        let some: Vec<SetRow> = sqlx::query_as(SOME).bind(SAMPLE).fetch_all(&self.reads).await?;
        let mut opened = 0;
        for set in some {
            opened += self.open_sample(&set).await?;
        }
        Ok((sets.unsigned_abs(), opened))
    }

    async fn open_sample(&self, set: &SetRow) -> Result<u64, Error> {
        let envelope = Envelope::parse(&set.envelope).map_err(|_| Error::Damaged)?;
        let binding = SetBinding {
            transmission: &set.transmission_id,
            sender: &set.sender_office_id,
            receiver: &set.receiver_office_id,
        };
        let mut destroyed = 0;
        for office in [&set.receiver_office_id, &set.sender_office_id] {
            for wrapped in envelope.keys() {
                let row: Option<(i64, Vec<u8>, i64)> = sqlx::query_as(KEYS)
                    .bind(wrapped.key_id().to_string())
                    .bind(office)
                    .fetch_optional(&self.reads)
                    .await?;
                let Some((version, secret, is_destroyed)) = row else { continue };
                if secret.is_empty() {
                    destroyed += is_destroyed;
                    continue;
                }
                let version = u32::try_from(version).map_err(|_| Error::Damaged)?;
                let purpose = Purpose::OfficeKey { office, version };
                let secret = self.keys.unwrap(&purpose, &secret)?;
                let secret = OfficeSecretKey::from_bytes(&secret).map_err(|_| Error::Damaged)?;
                let key = wrapped.unwrap_with(&secret, &binding).map_err(|_| Error::Damaged)?;
                let boxes: Vec<BoxRow> =
                    sqlx::query_as(BOXES).bind(&set.transmission_id).fetch_all(&self.reads).await?;
                let mut opened = 0;
                for (ordinal, name, digest, body, body_key) in boxes {
                    let sealed = match (body, body_key) {
                        (Some(body), _) => body,
                        (None, Some(key)) => self.bodies.get(&key).await?,
                        (None, None) => return Err(Error::Damaged),
                    };
                    let ordinal = u32::try_from(ordinal).map_err(|_| Error::Damaged)?;
                    let place = ObjectBinding::new(binding, ObjectPurpose::File, ordinal, &name);
                    let content = key.open_object(&place, &sealed, OBJECT_BYTES_MAX).map_err(|_| Error::Damaged)?;
                    if crate::hex::hex(&content.digest) != digest {
                        return Err(Error::Damaged);
                    }
                    opened += 1;
                }
                return Ok(opened);
            }
        }
        // Erased with their offices, both of them, or a backup without what opens it.
        if destroyed == 2 { Ok(0) } else { Err(Error::BackupDamaged("office_key")) }
    }
}
