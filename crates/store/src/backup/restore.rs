//! 復元 — making data of a backup, in an empty folder, with every erasure run again before anybody can open it (R4.6, R4.7).

use super::archive;
use super::manifest::{Manifest, Part, digest_of, sync_folder};
use super::{BackupPlaces, body_file};
use crate::database_key::{self, DatabaseKey};
use crate::erasure::ErasureList;
use crate::record::{self, Act};
use crate::{
    BackupId, Clock, CopyPlace, Error, KeyKind, ListError, MasterKeys, NewKeyCopy, OperatorName, Store, clock,
    key_copies,
};
use ledger::Action;
use ledger::certificate::CertificatePublicKey;
use seal::Zeroizing;
use sqlx::Connection as _;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be restored, and what the people say who do it.
#[derive(Clone, Debug)]
pub struct RestoreOrder {
    /// Which generation of boxes.
    pub backup: BackupId,
    /// An empty folder, or none yet.
    pub into: PathBuf,
    /// Who restores.
    pub by: OperatorName,
    /// Who agrees.
    pub approved_by: OperatorName,
    /// Entries of the log that are known to have been there, from a checkpoint that was published.
    pub known_ledger_size: u64,
    /// Whether the loss of entries is declared. Without it nothing is restored that lacks some.
    pub gap_declared: bool,
}

/// Why nothing was restored. The folder is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreRefused {
    /// It takes two people.
    OwnRequest,
    /// The folder has something in it.
    NotEmpty,
    /// No archive of boxes of this generation is in its place.
    NoBoxes,
    /// No archive of keys that is at least as new is in its place: what is sealed can be opened by nobody.
    NoKeys,
    /// The archive is not whole.
    Damaged(&'static str),
    /// The log would lose entries that are known to have been there (R4.7).
    Gap {
        /// Entries of the backup.
        has: u64,
        /// Entries that are known of.
        known: u64,
    },
    /// The list of erasures cannot be relied on: what was erased might come back.
    List(ListError),
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Entries of the log.
    pub ledger_size: u64,
    /// Entries that are known to be lost.
    pub gap: u64,
    /// Erasures that were run again.
    pub erasures_again: u64,
    /// Rows of each table, as restored, before erasures.
    pub rows: BTreeMap<String, u64>,
    /// Large bodies that were put back.
    pub bodies: u64,
}

/// The work happens in here; its content takes its place at the very end.
const WORKSHOP: &str = ".restoring";
const REPLAYED: &str = "
    UPDATE erasure SET state = 'replayed', ended_at = $1 WHERE state IN ('erasing', 'erased')";
/// Generations made after this one are not in its register, and their keys live.
const KNOWN_BACKUP: &str = "
    INSERT INTO backup (backup_id, started_at, made_by, ledger_size, erasures, data_digest, verified_at)
    VALUES ($1, $2, 'unknown', $3, $4, $5, $2) ON CONFLICT (backup_id) DO NOTHING";
const FIND_BACKUP: &str = "
    UPDATE backup SET ledger_size = coalesce(ledger_size, $2), erasures = coalesce(erasures, $3),
                      verified_at = coalesce(verified_at, started_at)
     WHERE backup_id = $1";

const BODIES_NAMED: &str = "SELECT body_key FROM transmission_file WHERE body_key IS NOT NULL";

fn settled_bodies(data: &Path) -> PathBuf {
    data.join("bodies").join("settled")
}

/// Restores a backup. The exchange must not be running on this folder; nothing is overwritten.
///
/// # Errors
/// When a place or the database fails; the folder is then left without data that could be opened.
pub async fn restore_backup(
    places: &BackupPlaces,
    list: &ErasureList,
    masters: impl Into<MasterKeys>,
    clock: Arc<dyn Clock>,
    order: &RestoreOrder,
) -> Result<Result<Restored, RestoreRefused>, Error> {
    let masters = masters.into();
    if order.by.is(&order.approved_by) {
        return Ok(Err(RestoreRefused::OwnRequest));
    }
    let made_here = !order.into.exists();
    if !made_here && fs::read_dir(&order.into).map_err(Error::file(&order.into))?.next().is_some() {
        return Ok(Err(RestoreRefused::NotEmpty));
    }
    let found = match find(places, &masters, order.backup).await {
        Ok(Ok(found)) => found,
        Ok(Err(refused)) => return Ok(Err(refused)),
        Err(Error::BackupDamaged(what)) => return Ok(Err(RestoreRefused::Damaged(what))),
        Err(error) => return Err(error),
    };
    let read = match list.read(&found.public, found.boxes.erasures) {
        Ok(read) => read,
        Err(Error::ErasureList(error)) => return Ok(Err(RestoreRefused::List(error))),
        Err(error) => return Err(error),
    };
    let Some(read) = read else { return Ok(Err(RestoreRefused::List(ListError::Missing))) };
    if read.lines < found.boxes.erasures {
        let error = ListError::Behind { list: read.lines, data: found.boxes.erasures };
        return Ok(Err(RestoreRefused::List(error)));
    }
    // Every backup and every erasure knows how long the log was; so does a published checkpoint.
    let known = manifests(places, &found.public)?.iter().map(|manifest| manifest.ledger_size).max().unwrap_or(0);
    let known = known.max(read.ledger_size).max(order.known_ledger_size);
    let has = found.boxes.ledger_size;
    if known > has && !order.gap_declared {
        return Ok(Err(RestoreRefused::Gap { has, known }));
    }
    let workshop = order.into.join(WORKSHOP);
    let outcome = build(places, list, masters, clock, order, &found, &workshop, known).await;
    match outcome {
        Ok(restored) => {
            for name in fs::read_dir(&workshop).map_err(Error::file(&workshop))?.flatten() {
                let place = order.into.join(name.file_name());
                fs::rename(name.path(), &place).map_err(Error::file(&place))?;
            }
            fs::remove_dir(&workshop).map_err(Error::file(&workshop))?;
            sync_folder(Some(&order.into)).map_err(Error::file(&order.into))?;
            Ok(Ok(restored))
        }
        Err(error) => {
            // What lies in there was never whole.
            let _ = fs::remove_dir_all(&workshop);
            if made_here {
                let _ = fs::remove_dir(&order.into);
            }
            match error {
                Error::BackupDamaged(what) => Ok(Err(RestoreRefused::Damaged(what))),
                Error::ErasureList(error) => Ok(Err(RestoreRefused::List(error))),
                error => Err(error),
            }
        }
    }
}

struct Found {
    boxes: Manifest,
    boxes_path: PathBuf,
    boxes_key: Zeroizing<[u8; 32]>,
    keys: Manifest,
    keys_path: PathBuf,
    keys_key: Zeroizing<[u8; 32]>,
    public: CertificatePublicKey,
}

/// The archive of boxes, and the oldest whole archive of keys that is at least as new.
async fn find(
    places: &BackupPlaces,
    masters: &MasterKeys,
    id: BackupId,
) -> Result<Result<Found, RestoreRefused>, Error> {
    let folder = places.folder(Part::Boxes, &id.to_string());
    let Some(boxes) = Manifest::read(&folder)? else { return Ok(Err(RestoreRefused::NoBoxes)) };
    if boxes.backup != id.to_string() || boxes.part != Part::Boxes.id() {
        return Err(Error::BackupDamaged("manifest"));
    }
    let boxes_key = boxes.unwrap_key(masters)?;
    let boxes_path = folder.join(Part::Boxes.database());
    let mut candidates = Vec::new();
    for entry in fs::read_dir(&places.keys).map_err(Error::file(&places.keys))?.flatten() {
        let Ok(Some(manifest)) = Manifest::read(&entry.path()) else { continue };
        if manifest.part == Part::Keys.id() && manifest.ledger_size >= boxes.ledger_size {
            candidates.push((manifest, entry.path()));
        }
    }
    candidates
        .sort_by(|one, other| (one.0.ledger_size, &one.0.started_at).cmp(&(other.0.ledger_size, &other.0.started_at)));
    for (keys, folder) in candidates {
        // One that another master key is needed for is none; another may do.
        let keys_key = match keys.unwrap_key(masters) {
            Ok(key) => key,
            Err(Error::WrongKey | Error::BackupDamaged(_)) => continue,
            Err(error) => return Err(error),
        };
        if archive::read_back(&folder, Part::Keys, &keys, &keys_key).await.is_err() {
            continue;
        }
        let keys_path = folder.join(Part::Keys.database());
        let Some(public) = public_key(&keys_path, &keys_key).await? else { continue };
        if keys.verify(&public).is_err() {
            continue;
        }
        boxes.verify(&public)?;
        archive::read_back(&places.folder(Part::Boxes, &id.to_string()), Part::Boxes, &boxes, &boxes_key).await?;
        return Ok(Ok(Found { boxes, boxes_path, boxes_key, keys, keys_path, keys_key, public }));
    }
    Ok(Err(RestoreRefused::NoKeys))
}

/// The public key of the exchange, out of its own archive of keys: only the master key opens what says so.
async fn public_key(path: &Path, key: &[u8; 32]) -> Result<Option<CertificatePublicKey>, Error> {
    let mut c = archive::open(path, key, false).await?;
    let owner: Option<String> =
        sqlx::query_scalar("SELECT public_key FROM archive_owner").fetch_optional(&mut c).await?;
    c.close().await?;
    Ok(owner.and_then(|owner| CertificatePublicKey::parse(&owner).ok()))
}

/// Every manifest in both places that this exchange signed.
fn manifests(places: &BackupPlaces, public: &CertificatePublicKey) -> Result<Vec<Manifest>, Error> {
    let mut found = Vec::new();
    for place in [&places.boxes, &places.keys] {
        for entry in fs::read_dir(place).map_err(Error::file(place))?.flatten() {
            if let Ok(Some(manifest)) = Manifest::read(&entry.path())
                && manifest.verify(public).is_ok()
            {
                found.push(manifest);
            }
        }
    }
    Ok(found)
}

#[allow(clippy::too_many_arguments, reason = "one call, made of what was looked up for it")]
async fn build(
    places: &BackupPlaces,
    list: &ErasureList,
    masters: MasterKeys,
    clock: Arc<dyn Clock>,
    order: &RestoreOrder,
    found: &Found,
    workshop: &Path,
    known: u64,
) -> Result<Restored, Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(workshop).map_err(Error::file(workshop))?;
    let database = crate::database_path(workshop);
    let key = DatabaseKey::fresh(1);
    database_key::write(workshop, &masters, std::slice::from_ref(&key))?;
    let mut c = archive::open(&database, key.key.reveal(), true).await?;
    archive::attach(&mut c, &found.boxes_path, Part::Boxes.id(), &found.boxes_key).await?;
    archive::attach(&mut c, &found.keys_path, Part::Keys.id(), &found.keys_key).await?;
    let rows = archive::restore(&mut c, found.keys.backup != found.boxes.backup).await?;
    for (table, count) in &found.boxes.rows {
        let carried = rows.get(table).copied().unwrap_or_default();
        // What comes with a newer archive of keys may be more.
        if found.keys.backup == found.boxes.backup
            && found.keys.erasures == found.boxes.erasures
            && carried != *count
            && !matches!(super::plan::of(table), Some(super::plan::Carried::Keys))
        {
            return Err(Error::BackupDamaged("rows"));
        }
    }
    let bodies: Vec<(String, String)> =
        sqlx::query_as("SELECT body_key, digest FROM boxes.archive_body").fetch_all(&mut c).await?;
    c.close().await?;

    let mut put_back = 0;
    for (body, digest) in &bodies {
        let from = body_file(&places.bodies(), body);
        if !from.exists() {
            // Erased since; running the erasures again takes its row.
            continue;
        }
        if digest_of(&from)?.0 != *digest {
            return Err(Error::BackupDamaged("body"));
        }
        let to = body_file(&settled_bodies(workshop), body);
        if let Some(shelf) = to.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(shelf).map_err(Error::file(shelf))?;
        }
        fs::copy(&from, &to).map_err(Error::file(&to))?;
        fs::File::open(&to).and_then(|file| file.sync_all()).map_err(Error::file(&to))?;
        put_back += 1;
    }

    let store = Store::open(workshop, masters, clock).await?;
    let done = settle(&store, list, order, found, places, known, workshop).await;
    store.close().await;
    let (erasures_again, ledger_size) = done?;
    Ok(Restored {
        ledger_size,
        gap: known.saturating_sub(found.boxes.ledger_size),
        erasures_again,
        rows,
        bodies: put_back,
    })
}

/// Everything that must be true before the data may be opened.
async fn settle(
    store: &Store,
    list: &ErasureList,
    order: &RestoreOrder,
    found: &Found,
    places: &BackupPlaces,
    known: u64,
    workshop: &Path,
) -> Result<(u64, u64), Error> {
    let again = store.settle_erasures(list).await?;
    // What the erasures left over names its body. One that is gone from the pool for another reason was lost, and a set
    // that nobody can open must not come back as if it could.
    let named: Vec<String> = sqlx::query_scalar(BODIES_NAMED).fetch_all(&store.reads).await?;
    for body in &named {
        if !body_file(&settled_bodies(workshop), body).exists() {
            return Err(Error::BackupDamaged("body"));
        }
    }
    let now = store.clock.now();
    let manifests = manifests(places, &found.public)?;
    let gap = known.saturating_sub(found.boxes.ledger_size);
    let entry = Act::officer(Action::BackupRestore, &order.by, now)
        .object(order.backup)
        .number("ledger_size", found.boxes.ledger_size)
        .number("gap", gap)
        .number("erasures_again", again)
        .code("approved_by", &crate::retention::name_only(&order.approved_by))
        .done()?;
    let at = clock::text(now);
    let by = order.by.to_string();
    // The restored database has a key of its own.
    let database = NewKeyCopy {
        kind: KeyKind::Database,
        key_id: store.database_key_id.clone(),
        place: CopyPlace::DataFolder,
        place_id: String::new(),
        holder: String::new(),
    };
    store
        .writer
        .run(move |c| {
            Box::pin(async move {
                sqlx::query(REPLAYED).bind(&at).execute(&mut *c).await?;
                key_copies::made(c, &database, &by, now).await?;
                for manifest in manifests.iter().filter(|manifest| manifest.part == Part::Keys.id()) {
                    sqlx::query(KNOWN_BACKUP)
                        .bind(&manifest.backup)
                        .bind(&manifest.started_at)
                        .bind(manifest.ledger_size.cast_signed())
                        .bind(manifest.erasures.cast_signed())
                        .bind(&manifest.digest)
                        .execute(&mut *c)
                        .await?;
                }
                for manifest in &manifests {
                    sqlx::query(FIND_BACKUP)
                        .bind(&manifest.backup)
                        .bind(manifest.ledger_size.cast_signed())
                        .bind(manifest.erasures.cast_signed())
                        .execute(&mut *c)
                        .await?;
                }
                record::append(c, &entry).await
            })
        })
        .await
        .map(|index| (again, index.unsigned_abs() + 1))
}
