//! The key that signs checkpoints, and those that did before.

use super::WHERE;
use crate::{Error, KEY_VERSION, Store, clock};
use ledger::{LogKey, Policy, VerifyingKey};
use rand::Rng as _;
use seal::{Purpose, Zeroizing};

pub(super) const SECRET_NAME: &str = "ledger";

const KEY: &str = "SELECT wrapped, certificate FROM secret WHERE name = $1";
/// Another process may have been quicker; then its key counts.
const KEEP_KEY: &str = "
    INSERT INTO secret (name, wrapped, certificate, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";
const FORMER: &str = "SELECT public_key FROM log_former_key ORDER BY ended_at";

impl Store {
    /// The public key by which anybody verifies the log, as text what C2SP calls a vkey.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_key(&self) -> Result<VerifyingKey, Error> {
        Ok(self.signing_key().await?.verifying_key())
    }

    /// Keys under which the log signed before a gap was declared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn former_log_keys(&self) -> Result<Vec<VerifyingKey>, Error> {
        let keys: Vec<String> = sqlx::query_scalar(FORMER).fetch_all(&self.reads).await?;
        keys.iter().map(|key| key.parse().map_err(|_| WHERE)).collect()
    }

    /// Trusts this exchange's own log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_policy(&self) -> Result<Policy, Error> {
        Policy::new(self.log_key().await?).map_err(|_| WHERE)
    }

    /// Made at its first use.
    pub(super) async fn signing_key(&self) -> Result<LogKey, Error> {
        let (wrapped, name) = match self.stored_key().await? {
            Some(stored) => stored,
            None => {
                let (wrapped, name) = self.new_key()?;
                let at = clock::text(self.clock.now());
                self.writer
                    .run(move |c| {
                        Box::pin(async move {
                            let kept = sqlx::query(KEEP_KEY).bind(SECRET_NAME).bind(wrapped).bind(name).bind(at);
                            kept.execute(&mut *c).await?;
                            Ok(())
                        })
                    })
                    .await?;
                self.stored_key().await?.ok_or(WHERE)?
            }
        };
        let seed = self.keys.unwrap(&purpose(), &wrapped)?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).map_err(|_| Error::Damaged)?);
        Ok(LogKey::new(name.parse().map_err(|_| WHERE)?, &seed))
    }

    async fn stored_key(&self) -> Result<Option<(Vec<u8>, String)>, Error> {
        Ok(sqlx::query_as(KEY).bind(SECRET_NAME).fetch_optional(&self.reads).await?)
    }

    /// A fresh key, wrapped, and the name of the log that it begins.
    pub(super) fn new_key(&self) -> Result<(Vec<u8>, String), Error> {
        let (mut seed, mut mark) = (Zeroizing::new([0; 32]), [0; 4]);
        rand::rng().fill_bytes(seed.as_mut());
        rand::rng().fill_bytes(&mut mark);
        let wrapped = self.keys.wrap(&purpose(), seed.as_ref())?;
        Ok((wrapped, format!("fumibako/log-{}", crate::hex::hex(&mark))))
    }
}

fn purpose() -> Purpose<'static> {
    Purpose::LedgerKey { version: KEY_VERSION }
}
