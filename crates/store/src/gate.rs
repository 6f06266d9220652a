//! What a serving node must know to decide at the handshake: who may issue, what is revoked, who may use TLS 1.2.

use crate::{Error, Store, clock};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// Revoked certificates that are not over yet. More than this is a fault, and the gate stays shut rather than leaky.
const REVOKED_MAX: usize = 1_000_000;
const TLS12_MAX: i64 = 100_000;

/// Who may issue certificates of devices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    /// DER.
    pub certificate: Vec<u8>,
    /// Another's, not the built-in one (R7.8).
    pub outside: bool,
}

/// A look at the register.
#[derive(Clone, Debug)]
pub struct GateList {
    /// Our issuing authority, those before it, and the outside ones that are enabled.
    pub authorities: Vec<Authority>,
    /// SHA-256 of certificates that were revoked and are not over.
    pub revoked: HashSet<String>,
    /// SHA-256 of certificates whose office may use TLS 1.2, and until when.
    pub tls12: HashMap<String, Timestamp>,
    /// When this was true.
    pub loaded_at: Timestamp,
    /// Whether some revocation is not confirmed by any node yet.
    pub unconfirmed: bool,
}

const REVOKED: &str = "
    SELECT certificate_digest FROM certificate WHERE revoked_at IS NOT NULL AND valid_until > $1 LIMIT $2";

const UNCONFIRMED: &str = "
    SELECT count(*) FROM certificate WHERE revoked_at IS NOT NULL AND effective_at IS NULL";

const TLS12: &str = "
    SELECT c.certificate_digest, max(e.ends_at)
      FROM tls12_exception e
      JOIN device d ON d.office_id = e.office_id
      JOIN certificate c ON c.device_id = d.device_id
     WHERE e.ended_at IS NULL AND e.ends_at > $1 AND c.revoked_at IS NULL AND c.valid_until > $1
     GROUP BY c.certificate_digest LIMIT $2";

impl Store {
    /// Reads what the gate must know.
    ///
    /// # Errors
    /// When the database fails, or there is more than can be true.
    pub async fn gate_list(&self) -> Result<GateList, Error> {
        // Before reading: what changes meanwhile belongs to the next look.
        let loaded_at = self.clock.now();
        let now = clock::text(loaded_at);
        let revoked: Vec<String> = sqlx::query_scalar(REVOKED)
            .bind(&now)
            .bind(i64::try_from(REVOKED_MAX).unwrap_or(i64::MAX))
            .fetch_all(&self.reads)
            .await?;
        if revoked.len() >= REVOKED_MAX {
            return Err(Error::Impossible("revoked certificates"));
        }
        let unconfirmed: i64 = sqlx::query_scalar(UNCONFIRMED).fetch_one(&self.reads).await?;
        let tls12: Vec<(String, String)> =
            sqlx::query_as(TLS12).bind(&now).bind(TLS12_MAX).fetch_all(&self.reads).await?;
        let tls12 = tls12
            .into_iter()
            .map(|(digest, ends)| ends.parse().map(|ends| (digest, ends)))
            .collect::<Result<_, _>>()
            .map_err(|_| Error::Impossible("tls12_exception.ends_at"))?;
        let mut authorities = self.own_authorities().await?;
        authorities.extend(self.enabled_outside_authorities().await?);
        Ok(GateList {
            authorities,
            revoked: revoked.into_iter().collect(),
            tls12,
            loaded_at,
            unconfirmed: unconfirmed > 0,
        })
    }

    /// The instant it is, by the clock everything here is dated with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
