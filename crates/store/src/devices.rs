//! 端末: who is behind a certificate, which devices an office has, and how one is shut out.

use crate::hex::unhex;
use crate::people::record_end;
use crate::record::{self, Act};
use crate::{DeviceId, Error, Office, OperatorName, Store, clock};
use jiff::Timestamp;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::net::IpAddr;
use std::str::FromStr;

const LISTED_MAX: i64 = 100_000;

/// Who asks: a device whose certificate the handshake proved, and its office.
#[derive(Clone, Debug)]
pub struct Asker {
    /// 端末.
    pub device_id: DeviceId,
    /// Its office.
    pub office: Office,
    /// From where, if known.
    pub address: Option<IpAddr>,
    /// End of the certificate of this very connection, RFC 3339 in UTC.
    pub valid_until: String,
    pub(crate) certificate_serial: Vec<u8>,
    /// Of the certificate of this very connection: sessions are bound to it (R8.14).
    pub(crate) certificate_digest: String,
}

/// A device in the register.
#[derive(Clone, Debug)]
pub struct Device {
    /// Ours.
    pub id: DeviceId,
    /// Its office.
    pub office_number: OfficeNumber,
    /// What the office calls it.
    pub label: String,
    /// Whether its certificate is another authority's (R7.8).
    pub outside: bool,
    /// RFC 3339, UTC; so are the others.
    pub enrolled_at: String,
    /// End of its newest certificate.
    pub valid_until: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// Why a device may no longer come in. Written to the ledger and, by its number, to the revocation list (RFC 5280).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationReason {
    /// Not said.
    #[default]
    Unspecified,
    /// 紛失・盗難: the key may be in other hands.
    Lost,
    /// 使用終了.
    Retired,
    /// A newer certificate of the same device took its place.
    Superseded,
}

impl RevocationReason {
    /// As tables spell it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Lost => "lost",
            Self::Retired => "retired",
            Self::Superseded => "superseded",
        }
    }
}

impl FromStr for RevocationReason {
    type Err = crate::NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Unspecified, Self::Lost, Self::Retired, Self::Superseded];
        all.into_iter().find(|reason| reason.code() == text).ok_or(crate::NotAnId)
    }
}

/// An outside certificate counts only as long as its authority does.
const BY_CERTIFICATE: &str = "
    SELECT d.device_id, c.serial, c.certificate_digest, c.replaces, c.first_used_at, c.valid_until,
           o.office_id, o.office_number, o.name, o.service_types, o.key_id, o.public_key, o.closed_at, o.is_operator, o.outside_of
      FROM certificate c
      JOIN device d ON d.device_id = c.device_id
      JOIN office o ON o.office_id = d.office_id
     WHERE c.certificate_digest = $1 AND c.revoked_at IS NULL AND d.revoked_at IS NULL AND c.valid_until > $2
       AND (c.overlap_until IS NULL OR c.overlap_until > $2)
       AND (d.origin <> 'outside' OR EXISTS (
             SELECT 1 FROM outside_authority a
              WHERE a.authority_digest = c.authority_digest AND a.removed_at IS NULL))";

const REVOKE_DEVICE: &str = "
    UPDATE device SET revoked_at = $2 WHERE device_id = $1 AND revoked_at IS NULL";

const REVOKE_CERTIFICATES: &str = "
    UPDATE certificate
       SET revoked_at = $2, revoked_by = $3, revocation_reason = $4, revocation_requested_at = $5
     WHERE device_id = $1 AND revoked_at IS NULL";

const END_SESSIONS: &str = "
    UPDATE session SET ended_at = $2, ended_for = 'device' WHERE device_id = $1 AND ended_at IS NULL
    RETURNING session_id, level, account_id";

const DEVICES: &str = "
    SELECT d.device_id, o.office_number, d.label, d.origin, d.enrolled_at, max(c.valid_until) AS valid_until,
           d.revoked_at
      FROM device d
      JOIN office o ON o.office_id = d.office_id
      JOIN certificate c ON c.device_id = d.device_id
     WHERE o.office_number = $1
     GROUP BY d.device_id, o.office_number, d.label, d.origin, d.enrolled_at, d.revoked_at
     ORDER BY d.enrolled_at LIMIT $2";

#[derive(FromRow)]
struct AskerRow {
    device_id: String,
    serial: String,
    certificate_digest: String,
    replaces: Option<String>,
    first_used_at: Option<String>,
    valid_until: String,
    #[sqlx(flatten)]
    office: crate::offices::OfficeRow,
}

#[derive(FromRow)]
struct DeviceRow {
    device_id: String,
    office_number: String,
    label: String,
    origin: String,
    enrolled_at: String,
    valid_until: String,
    revoked_at: Option<String>,
}

impl Store {
    /// Who is behind a certificate that a handshake proved. `None` when it is unknown to the register, revoked or over.
    /// The first use of a renewed certificate ends the one it replaces (R7.5).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn asker(&self, certificate_digest: &str, address: IpAddr) -> Result<Option<Asker>, Error> {
        let row: Option<AskerRow> = sqlx::query_as(BY_CERTIFICATE)
            .bind(certificate_digest)
            .bind(self.now_text())
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let asker = Asker {
            device_id: row.device_id.parse().map_err(|_| Error::Impossible("device.device_id"))?,
            certificate_serial: unhex(&row.serial).ok_or(Error::Impossible("certificate.serial"))?,
            certificate_digest: row.certificate_digest,
            office: row.office.read(&self.public_keys)?,
            address: Some(address),
            valid_until: row.valid_until,
        };
        if let (Some(replaced), None) = (row.replaces, row.first_used_at) {
            self.first_use(&asker, replaced).await?;
        }
        Ok(Some(asker))
    }

    /// Records that a certificate which the handshake accepted belongs to no device that may come in (R7.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_stranger(&self, address: IpAddr) -> Result<(), Error> {
        let entry = Act::unknown(Action::AccessRefuse, self.clock.now()).source(Some(address));
        self.record(entry.refused_for("device")?).await
    }

    /// Records that an office asked for a set that is none of its own, or does not exist (R1.6).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_not_found(&self, asker: &Asker) -> Result<(), Error> {
        let entry = Act::asker(Action::AccessRefuse, asker, self.clock.now());
        self.record(entry.refused_for("not-found")?).await
    }

    /// The devices of an office.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices(&self, number: OfficeNumber) -> Result<Vec<Device>, Error> {
        const WHERE: Error = Error::Impossible("device");
        let rows: Vec<DeviceRow> =
            sqlx::query_as(DEVICES).bind(number.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Device {
                    id: row.device_id.parse().map_err(|_| WHERE)?,
                    office_number: row.office_number.parse().map_err(|_| WHERE)?,
                    label: row.label,
                    outside: row.origin == "outside",
                    enrolled_at: row.enrolled_at,
                    valid_until: row.valid_until,
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }

    /// Shuts a device out with all its certificates and sessions: its next request is refused, its connections end with the
    /// next look at the register (R7.3). `received_at` is when somebody asked for it. False when there is no such device.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_device(
        &self,
        id: DeviceId,
        reason: RevocationReason,
        by: Option<&OperatorName>,
        received_at: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let act = match by {
            Some(by) => Act::officer(Action::DeviceRevoke, by, now),
            None => Act::operator(Action::DeviceRevoke, now),
        };
        let act = act.object(id).code("reason", reason.code());
        let by = by.map_or_else(|| "operator-cli".to_owned(), ToString::to_string);
        let received = clock::text(received_at.unwrap_or(now).min(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let revoked = sqlx::query(REVOKE_DEVICE)
                        .bind(id.to_string())
                        .bind(&at)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if revoked == 1 {
                        sqlx::query(REVOKE_CERTIFICATES)
                            .bind(id.to_string())
                            .bind(&at)
                            .bind(by)
                            .bind(reason.code())
                            .bind(received)
                            .execute(&mut *c)
                            .await?;
                        let ended: Vec<(String, String, String)> =
                            sqlx::query_as(END_SESSIONS).bind(id.to_string()).bind(at).fetch_all(&mut *c).await?;
                        for (session, level, account) in &ended {
                            record_end(c, session, level, account, "device", now).await?;
                        }
                        record::append(c, &act.number("sessions_ended", ended.len() as u64).done()?).await?;
                    }
                    Ok(revoked == 1)
                })
            })
            .await
    }
}
