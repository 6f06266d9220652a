//! Making a backup while the exchange serves, reading it back, and letting old ones go.

use super::archive;
use super::manifest::{Manifest, Part, digest_of, put, sync_folder};
use super::stage::Stage;
use super::{BackupPlaces, BackupRow, body_file, plan};
use crate::record::{self, Act};
use crate::{BackupId, CopyPlace, Error, KeyKind, NewKeyCopy, OperatorName, Store, clock, key_copies};
use ledger::Action;
use rand::Rng as _;
use seal::{Purpose, Zeroizing};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// What came of making a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// Made, read back, whole.
    Done(BackupId),
    /// Tables that the plan does not know: nothing was made (R4.1).
    Unplanned(Vec<String>),
    /// The two places are one, or lie in each other or in the data (R4.4).
    NotApart,
}

/// What was let go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Archives of boxes that were destroyed.
    pub boxes: Vec<BackupId>,
    /// Archives of keys that were destroyed.
    pub keys: Vec<BackupId>,
}

const INSERT: &str = "INSERT INTO backup (backup_id, started_at, made_by) VALUES ($1, $2, $3)";
const FINISH: &str = "
    UPDATE backup SET ledger_size = $2, erasures = $3, data_digest = $4, keys_digest = $5, size_bytes = $6,
                      verified_at = $7
     WHERE backup_id = $1";
const DATA_GONE: &str = "
    UPDATE backup SET data_gone_at = $2, data_gone_how = $3 WHERE backup_id = $1 AND data_gone_at IS NULL";
const KEYS_GONE: &str = "
    UPDATE backup SET keys_gone_at = $2, keys_gone_how = $3 WHERE backup_id = $1 AND keys_gone_at IS NULL";
const BODIES: &str = "SELECT body_key FROM boxes.transmission_file WHERE body_key IS NOT NULL";
const INSERT_BODY: &str = "INSERT INTO boxes.archive_body (body_key, digest, size_bytes) VALUES ($1, $2, $3)";
const STILL_NAMED: &str = "SELECT count(*) FROM transmission_file WHERE body_key = $1";
/// Whether a body of the pool is named by a set that is not erased.
const NAMED: &str = "SELECT body_key FROM transmission_file WHERE body_key IS NOT NULL";
const SETTLE: &str = "UPDATE backup SET verified_at = $2 WHERE backup_id = $1";
const UNSETTLE: &str = "UPDATE backup SET verified_at = NULL WHERE backup_id = $1";

impl Store {
    /// Makes a backup and reads it back. Others go on working meanwhile.
    ///
    /// # Errors
    /// When the database or a place fails; what was begun stays registered until it is destroyed.
    pub async fn make_backup(&self, places: &BackupPlaces, by: &OperatorName) -> Result<Made, Error> {
        for folder in [&places.boxes, &places.keys] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
        }
        if !apart(&[&places.boxes, &places.keys, &self.folder])? {
            return Ok(Made::NotApart);
        }
        let mut unplanned = self.tables().await?;
        unplanned.retain(|table| plan::of(table).is_none());
        if !unplanned.is_empty() {
            return Ok(Made::Unplanned(unplanned));
        }
        let (id, now) = (BackupId::fresh(), self.clock.now());
        let (stage, mut connection) = match self.is_on_server() {
            true => {
                let (stage, connection) = Stage::make(&places.boxes, id).await?;
                (Some(stage), connection)
            }
            false => (None, self.own_connection().await?),
        };
        // Made before the moment that is copied: what is restored must know who signed this.
        let signer = self.certificate_key().await?;
        let started_at = clock::text(now);
        self.register_backup(id, by, &started_at).await?;

        let mut manifests = [Part::Boxes, Part::Keys].map(|part| (part, Manifest::new(id, part, &started_at)));
        for (part, manifest) in &mut manifests {
            let folder = partial(places, *part, id);
            fs::DirBuilder::new().mode(0o700).create(&folder).map_err(Error::file(&folder))?;
            let key = self.archive_key(id, *part, manifest)?;
            let path = folder.join(part.database());
            // Made by a connection of its own first, so that it is encrypted from its first byte on.
            archive::open(&path, &key, true).await?.close().await?;
            archive::attach(&mut connection, &path, part.id(), &key).await?;
        }
        if stage.is_some() {
            Stage::fill(&mut connection, self.reads.acquire().await?.detach()).await?;
        }
        let snapshot = archive::copy(&mut connection, &signer.public().to_string()).await?;
        let bodies_bytes = self.copy_bodies(&mut connection, places).await?;
        for part in [Part::Boxes, Part::Keys] {
            sqlx::query(AssertSqlSafe(format!("DETACH DATABASE {}", part.id()))).execute(&mut connection).await?;
        }
        connection.close().await?;
        drop(stage);

        let (mut digests, mut size_bytes) = (Vec::new(), bodies_bytes);
        for (part, manifest) in &mut manifests {
            let folder = partial(places, *part, id);
            (manifest.digest, manifest.size_bytes) = digest_of(&folder.join(part.database()))?;
            manifest.ledger_size = snapshot.ledger_size;
            manifest.erasures = snapshot.erasures;
            if *part == Part::Boxes {
                manifest.rows.clone_from(&snapshot.rows);
            }
            manifest.clone().write(&folder, &signer)?;
            let place = places.folder(*part, &id.to_string());
            fs::rename(&folder, &place).map_err(Error::file(&folder))?;
            sync_folder(place.parent()).map_err(Error::file(&place))?;
            // As somebody would find it who needs it (R4.2).
            let found = Manifest::read(&place)?.ok_or(Error::BackupDamaged("manifest"))?;
            found.verify(&signer.public())?;
            // With the key as the manifest has it: the master key may have been replaced meanwhile.
            let key = found.unwrap_key(&self.keys.masters)?;
            archive::read_back(&place, *part, &found, &key).await?;
            digests.push(found.digest);
            size_bytes += found.size_bytes;
        }
        let entry = Act::officer(Action::BackupMake, by, now)
            .object(id)
            .number("ledger_size", snapshot.ledger_size)
            .number("size_bytes", size_bytes)
            .done()?;
        let verified_at = self.now_text();
        let (ledger_size, erasures) = (snapshot.ledger_size.cast_signed(), snapshot.erasures.cast_signed());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(FINISH)
                        .bind(id.to_string())
                        .bind(ledger_size)
                        .bind(erasures)
                        .bind(&digests[0])
                        .bind(&digests[1])
                        .bind(size_bytes.cast_signed())
                        .bind(verified_at)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(Made::Done(id))
    }

    /// In the register before the first byte: no copy of a key that nobody knows of (R11.3).
    async fn register_backup(&self, id: BackupId, by: &OperatorName, started_at: &str) -> Result<(), Error> {
        let (by, at, now) = (by.to_string(), started_at.to_owned(), self.clock.now());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT).bind(id.to_string()).bind(at).bind(&by).execute(&mut *c).await?;
                    let copy = NewKeyCopy {
                        kind: KeyKind::Archive,
                        key_id: id.to_string(),
                        place: CopyPlace::Backup,
                        place_id: id.to_string(),
                        holder: String::new(),
                    };
                    key_copies::made(c, &copy, &by, now).await?;
                    Ok(())
                })
            })
            .await
    }

    fn archive_key(&self, id: BackupId, part: Part, manifest: &mut Manifest) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut key = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(key.as_mut());
        let backup = id.to_string();
        let purpose = Purpose::BackupKey { backup: &backup, part: part.id() };
        manifest.wrapped_key = crate::hex::hex(&self.keys.masters.wrap(&purpose, key.as_ref())?);
        Ok(key)
    }

    /// The large bodies that this generation names and the pool has not.
    async fn copy_bodies(&self, c: &mut SqliteConnection, places: &BackupPlaces) -> Result<u64, Error> {
        let keys: Vec<String> = sqlx::query_scalar(BODIES).fetch_all(&mut *c).await?;
        let (pool, mut bytes) = (places.bodies(), 0);
        for key in keys {
            let body = match self.bodies.get(&key).await {
                Ok(body) => body,
                // Erased since the moment that is being copied.
                Err(Error::Damaged) => {
                    let named: i64 = sqlx::query_scalar(STILL_NAMED).bind(&key).fetch_one(&self.reads).await?;
                    if named > 0 {
                        return Err(Error::Damaged);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let path = body_file(&pool, &key);
            let digest = crate::hex::hex(&Sha256::digest(&body));
            if !path.exists() || digest_of(&path)?.0 != digest {
                if let Some(shelf) = path.parent() {
                    fs::DirBuilder::new().recursive(true).mode(0o700).create(shelf).map_err(Error::file(shelf))?;
                }
                put(&path, &body)?;
                bytes += body.len() as u64;
            }
            sqlx::query(INSERT_BODY).bind(&key).bind(digest).bind(body.len() as i64).execute(&mut *c).await?;
        }
        Ok(bytes)
    }

    /// Reads a generation back: digests, every page, every large body (R4.2). Says what is wrong.
    ///
    /// # Errors
    /// When the database or a place fails in another way than by damage.
    pub async fn verify_backup(
        &self,
        places: &BackupPlaces,
        id: BackupId,
        by: Option<&OperatorName>,
    ) -> Result<Result<(), &'static str>, Error> {
        let outcome = match self.read_back_backup(places, id).await {
            Ok(()) => Ok(()),
            Err(Error::BackupDamaged(what)) => Err(what),
            Err(Error::File { .. }) => Err("missing"),
            // Under a master key that is gone.
            Err(Error::WrongKey) => Err("key"),
            Err(error) => return Err(error),
        };
        let now = self.clock.now();
        let act = match by {
            Some(officer) => Act::officer(Action::BackupVerify, officer, now),
            None => Act::system(Action::BackupVerify, now),
        };
        let entry = if outcome.is_ok() { act.object(id).done()? } else { act.object(id).failed("damaged")? };
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let sql = if outcome.is_ok() { SETTLE } else { UNSETTLE };
                    let query = sqlx::query(sql).bind(id.to_string());
                    let query = if outcome.is_ok() { query.bind(clock::text(now)) } else { query };
                    query.execute(&mut *c).await?;
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(outcome)
    }

    async fn read_back_backup(&self, places: &BackupPlaces, id: BackupId) -> Result<(), Error> {
        let public = self.certificate_public_key().await?;
        for part in [Part::Boxes, Part::Keys] {
            let folder = places.folder(part, &id.to_string());
            let Some(manifest) = Manifest::read(&folder)? else {
                let gone = self.backups().await?.into_iter().find(|row| row.id == id);
                // Keys live shorter; a newer archive of them serves.
                if part == Part::Keys && gone.is_some_and(|row| row.keys_gone_at.is_some()) {
                    continue;
                }
                return Err(Error::BackupDamaged("missing"));
            };
            manifest.verify(&public)?;
            // One generation laid over another is sound in itself.
            if manifest.backup != id.to_string() || manifest.part != part.id() {
                return Err(Error::BackupDamaged("manifest"));
            }
            let key = manifest.unwrap_key(&self.keys.masters)?;
            archive::read_back(&folder, part, &manifest, &key).await?;
            if part == Part::Boxes {
                let mut c = archive::open(&folder.join(part.database()), &key, false).await?;
                let bodies: Vec<(String, String)> =
                    sqlx::query_as("SELECT body_key, digest FROM archive_body").fetch_all(&mut c).await?;
                c.close().await?;
                for (body, digest) in bodies {
                    let named: i64 = sqlx::query_scalar(STILL_NAMED).bind(&body).fetch_one(&self.reads).await?;
                    let path = body_file(&places.bodies(), &body);
                    // What was erased since is gone from the pool as well.
                    if named > 0 && digest_of(&path).map_err(|_| Error::BackupDamaged("body"))?.0 != digest {
                        return Err(Error::BackupDamaged("body"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Destroys old archives: of boxes all but the newest so many, of keys all but the newest so many, and what never was
    /// finished. The newest whole generation always stays.
    ///
    /// # Errors
    /// When the database or a place fails.
    pub async fn rotate_backups(
        &self,
        places: &BackupPlaces,
        keep_boxes: usize,
        keep_keys: usize,
        by: Option<&OperatorName>,
    ) -> Result<Rotated, Error> {
        let rows = self.backups().await?;
        let (mut old, mut boxes, mut keys) = (Vec::new(), 0, 0);
        let newest_unfinished_stays = |index: usize, row: &BackupRow| index == 0 && row.ledger_size.is_none();
        for (index, row) in rows.iter().enumerate() {
            // It may be being made at this moment.
            if newest_unfinished_stays(index, row) {
                continue;
            }
            let whole = row.verified_at.is_some();
            if row.data_gone_at.is_none() {
                boxes += usize::from(whole);
                if !whole && boxes > 0 || boxes > keep_boxes.max(1) {
                    old.push((row, Part::Boxes));
                }
            }
            if row.keys_gone_at.is_none() {
                keys += usize::from(whole);
                if !whole && keys > 0 || keys > keep_keys.max(1) {
                    old.push((row, Part::Keys));
                }
            }
        }
        // One that was carried elsewhere keeps none of the others alive; it is told at the end.
        let (mut rotated, mut elsewhere) = (Rotated::default(), None);
        for (row, part) in old {
            match self.destroy_archive(places, row, part, by).await {
                Ok(()) if part == Part::Boxes => rotated.boxes.push(row.id),
                Ok(()) => rotated.keys.push(row.id),
                Err(error @ Error::File { .. }) => elsewhere = Some(elsewhere.unwrap_or(error)),
                Err(error) => return Err(error),
            }
        }
        self.tidy_pool(places).await?;
        elsewhere.map_or(Ok(rotated), Err)
    }

    /// Destroys both archives of a generation, or only that of its keys.
    ///
    /// # Errors
    /// When the database or a place fails. [`Error::File`] where an archive is not in its place: it may have been carried
    /// elsewhere, and lives as long as nobody has entered its end.
    pub async fn destroy_backup(
        &self,
        places: &BackupPlaces,
        id: BackupId,
        only_keys: bool,
        by: &OperatorName,
    ) -> Result<bool, Error> {
        let Some(row) = self.backups().await?.into_iter().find(|row| row.id == id) else { return Ok(false) };
        if row.keys_gone_at.is_none() {
            self.destroy_archive(places, &row, Part::Keys, Some(by)).await?;
        }
        if !only_keys && row.data_gone_at.is_none() {
            self.destroy_archive(places, &row, Part::Boxes, Some(by)).await?;
            self.tidy_pool(places).await?;
        }
        Ok(true)
    }

    /// The folder itself goes last, after the register knows: a crash in between leaves one that is found again.
    async fn destroy_archive(
        &self,
        places: &BackupPlaces,
        row: &BackupRow,
        part: Part,
        by: Option<&OperatorName>,
    ) -> Result<(), Error> {
        let (id, name) = (row.id, row.id.to_string());
        let there = [places.folder(part, &name), partial(places, part, id)];
        let there: Vec<PathBuf> = there.into_iter().filter(|folder| folder.exists()).collect();
        // One that was whole may have been carried elsewhere; of one that ended before its folder was made there is nothing.
        if there.is_empty() && row.ledger_size.is_some() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::file(places.folder(part, &name))(missing));
        }
        let how = if there.is_empty() { "never-written" } else { "overwritten-and-removed" };
        for folder in &there {
            empty_archive(folder)?;
        }
        let now = self.clock.now();
        let act = match by {
            Some(officer) => Act::officer(Action::BackupDestroy, officer, now),
            None => Act::system(Action::BackupDestroy, now),
        };
        let entry = act.object(id).code("part", part.id()).done()?;
        let by = by.map_or_else(|| "system".to_owned(), ToString::to_string);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let sql = if part == Part::Boxes { DATA_GONE } else { KEYS_GONE };
                    sqlx::query(sql).bind(&name).bind(clock::text(now)).bind(how).execute(&mut *c).await?;
                    if part == Part::Keys {
                        let copy = (KeyKind::Archive, &*name, CopyPlace::Backup, &*name);
                        key_copies::destroyed(c, copy, how, &by, now).await?;
                    }
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await?;
        for folder in &there {
            fs::remove_dir(folder).map_err(Error::file(folder))?;
            sync_folder(folder.parent()).map_err(Error::file(folder))?;
        }
        Ok(())
    }

    /// Removes bodies from the pool that no archive of boxes names any more. Those of erased sets went with the erasure.
    async fn tidy_pool(&self, places: &BackupPlaces) -> Result<(), Error> {
        let pool = places.bodies();
        if !pool.exists() {
            return Ok(());
        }
        let mut named: std::collections::HashSet<String> =
            sqlx::query_scalar(NAMED).fetch_all(&self.reads).await?.into_iter().collect();
        for row in self.backups().await? {
            if row.data_gone_at.is_some() {
                continue;
            }
            let folder = places.folder(Part::Boxes, &row.id.to_string());
            // One that cannot be read might name anything: nothing goes.
            let Some(manifest) = Manifest::read(&folder)? else { return Ok(()) };
            let key = manifest.unwrap_key(&self.keys.masters)?;
            let mut c = archive::open(&folder.join(Part::Boxes.database()), &key, false).await?;
            let bodies: Vec<String> = sqlx::query_scalar("SELECT body_key FROM archive_body").fetch_all(&mut c).await?;
            c.close().await?;
            named.extend(bodies);
        }
        for shelf in fs::read_dir(&pool).map_err(Error::file(&pool))?.flatten() {
            for body in fs::read_dir(shelf.path()).map_err(Error::file(shelf.path()))?.flatten() {
                if body.file_name().to_str().is_some_and(|key| !named.contains(key)) {
                    fs::remove_file(body.path()).map_err(Error::file(body.path()))?;
                }
            }
        }
        Ok(())
    }
}

fn partial(places: &BackupPlaces, part: Part, id: BackupId) -> PathBuf {
    let folder = places.folder(part, &id.to_string());
    folder.with_extension("partial")
}

/// The manifest first, which holds the archive's key: without it the rest is noise. Then the rest.
fn empty_archive(folder: &Path) -> Result<(), Error> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).map_err(Error::file(folder))?.flatten().map(|entry| entry.path()).collect();
    files.sort_by_key(|path| path.extension().is_none_or(|extension| extension != "json"));
    for path in files {
        overwrite(&path).map_err(Error::file(&path))?;
        fs::remove_file(&path).map_err(Error::file(&path))?;
    }
    sync_folder(Some(folder)).map_err(Error::file(folder))
}

/// Zeros over the whole file. On media that write elsewhere what is written anew this is no erasure; the destroyed key is.
pub(super) fn overwrite(path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    let zeros = vec![0; 1 << 16];
    while left > 0 {
        let some = zeros.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&zeros[..some])?;
        left -= some as u64;
    }
    file.sync_all()
}

/// Whether none of these folders is another, or lies in it.
fn apart(folders: &[&Path]) -> Result<bool, Error> {
    let real: Vec<PathBuf> = folders
        .iter()
        .map(|folder| fs::canonicalize(folder).map_err(Error::file(*folder)))
        .collect::<Result<_, _>>()?;
    let within = |one: usize, other: usize| one != other && real[one].starts_with(&real[other]);
    Ok(!(0..real.len()).any(|one| (0..real.len()).any(|other| within(one, other))))
}
