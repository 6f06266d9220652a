//! What keys there are now, for custodians and for the inventory (R6.5).

use crate::key_store::KeyStoreKind;
use crate::{Error, Store};
use sqlx::FromRow;

const WORKING: &str = "
    SELECT w.kind, w.key_version, w.key_id, w.origin, w.created_at, w.usable_from, w.destroyed_at,
           (SELECT count(*) FROM key_copy k WHERE k.key_id = w.key_id AND k.destroyed_at IS NULL) AS copies
      FROM working_key w ORDER BY w.kind, w.key_version";
const OFFICE_KEYS: &str = "
    SELECT (SELECT count(*) FROM office_key WHERE retired_at IS NULL),
           (SELECT count(*) FROM office_key WHERE retired_at IS NOT NULL AND destroyed_at IS NULL),
           (SELECT count(*) FROM office_key WHERE destroyed_at IS NOT NULL)";
const LIVING: &str = "SELECT count(*) FROM key_copy WHERE key_kind = 'master' AND key_id = $1 AND destroyed_at IS NULL";

/// One working key as custodians see it.
#[derive(Clone, Debug, FromRow)]
pub struct WorkingKeyRow {
    /// Which kind.
    pub kind: String,
    /// Which of its kind.
    pub key_version: i64,
    /// Its id.
    pub key_id: String,
    /// `random`, or `derived` from the first master key.
    pub origin: String,
    /// RFC 3339 in UTC; so are the others.
    pub created_at: String,
    /// From when it is used.
    pub usable_from: String,
    /// When it was destroyed.
    pub destroyed_at: Option<String>,
    /// Living copies in the register.
    pub copies: i64,
}

/// The keys of an exchange.
#[derive(Clone, Debug)]
pub struct KeyStatus {
    /// Where the master keys are.
    pub store: KeyStoreKind,
    /// Ids of the master keys, newest first, with the number of living copies of each.
    pub masters: Vec<(String, i64)>,
    /// The id of the database file's key.
    pub database: String,
    /// The working keys, those that are gone as well.
    pub working: Vec<WorkingKeyRow>,
    /// Office keys in use, replaced but still there, and destroyed.
    pub office_keys: (i64, i64, i64),
}

impl Store {
    /// What keys there are now.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn key_status(&self) -> Result<KeyStatus, Error> {
        let masters = self.keys.masters.clone();
        let ids = tokio::task::spawn_blocking(move || masters.master_ids()).await;
        let mut masters = Vec::new();
        for id in ids.map_err(|_| Error::Impossible("master keys"))?? {
            let id = id.to_string();
            let copies = sqlx::query_scalar(LIVING).bind(&id).fetch_one(&self.reads).await?;
            masters.push((id, copies));
        }
        Ok(KeyStatus {
            store: self.keys.masters.kind(),
            masters,
            database: self.database_key_id.clone(),
            working: sqlx::query_as(WORKING).fetch_all(&self.reads).await?,
            office_keys: sqlx::query_as(OFFICE_KEYS).fetch_one(&self.reads).await?,
        })
    }
}
