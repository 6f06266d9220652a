//! The working keys of an exchange, unwrapped.

use super::{WORKING_KINDS, purpose_of};
use crate::database::{Connection, Pool};
use crate::key_copies::{self, CopyPlace, KeyKind, NewKeyCopy};
use crate::key_store::MasterKeys;
use crate::{Error, clock};
use jiff::Timestamp;
use seal::{KeyId, WorkingKey, Zeroizing};
use sqlx::FromRow;

const WHERE: Error = Error::Impossible("working_key");

const LIVE: &str = "
    SELECT kind, key_version, key_id, wrapped, usable_from FROM working_key
     WHERE destroyed_at IS NULL ORDER BY kind, key_version DESC";

const INSERT: &str = "
    INSERT INTO working_key (kind, key_version, key_id, wrapped, origin, created_at, usable_from)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

#[derive(FromRow)]
struct Row {
    kind: String,
    key_version: i64,
    key_id: String,
    wrapped: Vec<u8>,
    usable_from: String,
}

/// One working key.
#[derive(Debug)]
pub(crate) struct RingKey {
    kind: KeyKind,
    pub(crate) version: u32,
    pub(crate) id: KeyId,
    pub(crate) key: WorkingKey,
    usable_from: Timestamp,
}

/// All of them, the newest of each kind first.
#[derive(Debug)]
pub(crate) struct Ring(Vec<RingKey>);

impl Ring {
    pub(crate) async fn load(reads: &Pool, masters: &MasterKeys) -> Result<Self, Error> {
        let rows: Vec<Row> = sqlx::query_as(LIVE).fetch_all(reads).await?;
        // A token may be at the other end of a cable.
        let masters = masters.clone();
        let open = move || rows.into_iter().map(|row| open(row, &masters)).collect::<Result<_, _>>().map(Self);
        tokio::task::spawn_blocking(open).await.map_err(|_| WHERE)?
    }

    /// Whether any working key says that it is under a master key of this key store. None is where the database is another
    /// exchange's; one that is and does not open was altered.
    pub(crate) async fn is_known_to(reads: &Pool, masters: &MasterKeys) -> Result<bool, Error> {
        let rows: Vec<Row> = sqlx::query_as(LIVE).fetch_all(reads).await?;
        let masters = masters.clone();
        let ids = tokio::task::spawn_blocking(move || masters.master_ids()).await.map_err(|_| WHERE)??;
        Ok(rows.iter().any(|row| seal::wrapped_under(&row.wrapped).is_ok_and(|id| ids.contains(&id))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, kind: KeyKind) -> impl Iterator<Item = &RingKey> {
        self.0.iter().filter(move |key| key.kind == kind)
    }

    /// The newest that every node knows by now.
    pub(crate) fn in_use(&self, kind: KeyKind, now: Timestamp) -> Result<&RingKey, Error> {
        self.of(kind).find(|key| key.usable_from <= now).or_else(|| self.of(kind).last()).ok_or(WHERE)
    }

    pub(crate) fn newest(&self, kind: KeyKind) -> Result<&RingKey, Error> {
        self.of(kind).next().ok_or(WHERE)
    }

    pub(crate) fn by_id(&self, kind: KeyKind, id: KeyId) -> Option<&WorkingKey> {
        self.of(kind).find(|key| key.id == id).map(|key| &key.key)
    }

    pub(crate) fn of_version(&self, kind: KeyKind, version: u32) -> Option<&WorkingKey> {
        self.of(kind).find(|key| key.version == version).map(|key| &key.key)
    }

    /// Kind and id of each, to tell whether another process has changed anything.
    pub(crate) fn ids(&self) -> Vec<(&'static str, String)> {
        self.0.iter().map(|key| (key.kind.id(), key.id.to_string())).collect()
    }
}

impl RingKey {
    pub(crate) fn usable_from(&self) -> Timestamp {
        self.usable_from
    }
}

fn open(row: Row, masters: &MasterKeys) -> Result<RingKey, Error> {
    let kind = KeyKind::from_id(&row.kind).ok_or(WHERE)?;
    let version = u32::try_from(row.key_version).map_err(|_| WHERE)?;
    let secret = masters.unwrap(&purpose_of(kind, version)?, &row.wrapped)?;
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(secret.as_slice()).map_err(|_| WHERE)?);
    let key = WorkingKey::from_bytes(&bytes);
    let id = key.id();
    if id.to_string() != row.key_id {
        return Err(WHERE);
    }
    Ok(RingKey { kind, version, id, key, usable_from: row.usable_from.parse().map_err(|_| WHERE)? })
}

/// A working key that is about to be kept.
#[derive(Debug)]
pub(crate) struct NewWorkingKey {
    pub(crate) kind: KeyKind,
    version: u32,
    pub(crate) id: String,
    wrapped: Vec<u8>,
    origin: &'static str,
}

impl NewWorkingKey {
    /// A fresh one.
    pub(crate) fn fresh(kind: KeyKind, version: u32, masters: &MasterKeys) -> Result<Self, Error> {
        Self::wrapped(kind, version, &WorkingKey::generate(&mut rand::rng()), "random", masters)
    }

    fn wrapped(
        kind: KeyKind,
        version: u32,
        key: &WorkingKey,
        origin: &'static str,
        masters: &MasterKeys,
    ) -> Result<Self, Error> {
        let wrapped = masters.wrap(&purpose_of(kind, version)?, key.reveal())?;
        Ok(Self { kind, version, id: key.id().to_string(), wrapped, origin })
    }

    /// The first ones of an exchange. One of before goes on with the keys that it derived from its master key, because
    /// indexes and passwords cannot be made anew; only the wrapping key is fresh.
    pub(crate) fn first(of_before: bool, masters: &MasterKeys) -> Result<Vec<Self>, Error> {
        WORKING_KINDS
            .into_iter()
            .map(|kind| match of_before && kind != KeyKind::Wrapping {
                true => {
                    let derived = masters.derive(&purpose_of(kind, 1)?)?.ok_or(Error::WrongKey)?;
                    Self::wrapped(kind, 1, &derived, "derived", masters)
                }
                false => Self::fresh(kind, 1, masters),
            })
            .collect()
    }

    /// Writes it, with its row in the register of copies.
    pub(crate) async fn write(
        &self,
        c: &mut Connection,
        by: &str,
        now: Timestamp,
        usable_from: Timestamp,
    ) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(self.kind.id())
            .bind(i64::from(self.version))
            .bind(&self.id)
            .bind(&self.wrapped)
            .bind(self.origin)
            .bind(clock::text(now))
            .bind(clock::text(usable_from))
            .execute(&mut *c)
            .await?;
        key_copies::made(c, &in_database(self.kind, &self.id), by, now).await?;
        Ok(())
    }
}

/// The copy that lies in the database, wrapped.
pub(crate) fn in_database(kind: KeyKind, id: &str) -> NewKeyCopy {
    NewKeyCopy {
        kind,
        key_id: id.to_owned(),
        place: CopyPlace::Database,
        place_id: String::new(),
        holder: String::new(),
    }
}
