//! 証明書 — the register of issued certificates, their renewal and their end (R7.2, R7.3, R7.5).

use crate::database::Connection;
use crate::hex::{hex, unhex};
use crate::notices::{self, NewNotice};
use crate::record::{self, Act};
use crate::{Asker, DeviceId, Error, RevocationReason, Store, clock};
use exchange::Digest;
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, Detail, Entry, Outcome};
use sqlx::FromRow;
use standard::OfficeNumber;
use std::collections::HashSet;

/// How long the old certificate is good beside the new one, unless the new one is used before.
const OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Renewals of one certificate: answers get lost, but not that often.
const RENEWALS_MAX: i64 = 10;
/// Days before the end at which an office is told; 0 is the end itself.
const STAGES: [i64; 4] = [0, 7, 30, 60];
/// How long one that is over is still listed as such.
const LISTED_AFTER_END: SignedDuration = SignedDuration::from_hours(30 * 24);
const LISTED_MAX: i64 = 100_000;
/// Certificates that one look may find due or over; the next look takes the rest.
const SWEPT_MAX: i64 = 1_000;

/// A certificate that is about to enter the register.
pub(crate) struct NewCertificate {
    pub(crate) digest: String,
    pub(crate) serial: String,
    pub(crate) authority_digest: String,
    pub(crate) key_digest: String,
    pub(crate) device: DeviceId,
    pub(crate) issued_at: String,
    pub(crate) valid_from: String,
    pub(crate) valid_until: String,
    pub(crate) evidence_digest: Option<String>,
    pub(crate) requested_by: Option<String>,
    pub(crate) approved_by: Option<String>,
    pub(crate) replaces: Option<String>,
}

/// What came of asking for a new certificate under the present one.
#[derive(Clone, Debug)]
pub enum Renewal {
    /// Issued; the old one ends with the first use of the new, or after the overlap.
    Done(RenewedCertificate),
    /// Malformed, weakly keyed, naming another office, or with a key that was certified before.
    RequestRefused,
    /// Another authority's certificate is renewed there (R7.8).
    Outside,
    /// Renewed too many times without one of the new certificates being used.
    TooMany,
    /// Somebody acts for another office at it; the certificate says whose the device is.
    OfAnother,
}

/// A device's next certificate.
#[derive(Clone, Debug)]
pub struct RenewedCertificate {
    /// PEM.
    pub certificate_pem: String,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// RFC 3339, UTC.
    pub valid_until: String,
    /// When the old one ends at the latest.
    pub overlap_until: String,
}

/// A row of the 証明書発行台帳.
#[derive(Clone, Debug)]
pub struct CertificateRecord {
    /// In hexadecimal.
    pub serial: String,
    /// 端末.
    pub device: DeviceId,
    /// What the office calls it.
    pub device_label: String,
    /// 事業所番号.
    pub office_number: OfficeNumber,
    /// Whether another authority issued it.
    pub outside: bool,
    /// RFC 3339, UTC; so are the others.
    pub issued_at: String,
    /// Not before.
    pub valid_from: String,
    /// Not after.
    pub valid_until: String,
    /// SHA-256 of the papers.
    pub evidence_digest: Option<String>,
    /// `None` before four eyes were asked for.
    pub requested_by: Option<String>,
    /// `None` before four eyes were asked for.
    pub approved_by: Option<String>,
    /// When its revocation was asked for.
    pub revocation_requested_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// Why.
    pub revocation_reason: Option<String>,
    /// When a serving node had confirmed it.
    pub effective_at: Option<String>,
}

/// 期限の近い証明書.
#[derive(Clone, Debug)]
pub struct Due {
    /// 端末.
    pub device: DeviceId,
    /// What the office calls it.
    pub device_label: String,
    /// 事業所番号.
    pub office_number: OfficeNumber,
    /// RFC 3339, UTC.
    pub valid_until: String,
    /// 60, 30, 7, or 0 when it is over.
    pub stage_days: i64,
}

const INSERT: &str = "
    INSERT INTO certificate (certificate_digest, serial, authority_digest, key_digest, device_id, issued_at, valid_from,
                             valid_until, evidence_digest, requested_by, approved_by, replaces)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const KEY_KNOWN: &str = "SELECT count(*) FROM certificate WHERE key_digest = $1";

const RENEWABLE: &str = "
    SELECT d.origin, d.office_id, c.evidence_digest, c.requested_by, c.approved_by,
           (SELECT count(*) FROM certificate n WHERE n.replaces = c.certificate_digest) AS renewals
      FROM certificate c JOIN device d ON d.device_id = c.device_id
     WHERE c.certificate_digest = $1 AND c.revoked_at IS NULL";

/// The overlap begins with the first renewal; asking again does not prolong it.
const BEGIN_OVERLAP: &str = "
    UPDATE certificate SET overlap_until = coalesce(overlap_until, $2)
     WHERE certificate_digest = $1 AND revoked_at IS NULL
       AND EXISTS (SELECT 1 FROM device d WHERE d.device_id = certificate.device_id AND d.revoked_at IS NULL)
    RETURNING overlap_until";

/// Successors that never were used make way for the newest.
const DROP_UNUSED: &str = "
    UPDATE certificate SET revoked_at = $2, revoked_by = 'system', revocation_reason = 'superseded',
                           revocation_requested_at = $2
     WHERE replaces = $1 AND first_used_at IS NULL AND revoked_at IS NULL";

const FIRST_USE: &str = "
    UPDATE certificate SET first_used_at = $2 WHERE certificate_digest = $1 AND first_used_at IS NULL";

const SUPERSEDE: &str = "
    UPDATE certificate SET revoked_at = $2, revoked_by = 'system', revocation_reason = 'superseded',
                           revocation_requested_at = $2
     WHERE certificate_digest = $1 AND revoked_at IS NULL
    RETURNING serial";

const OVERLAP_OVER: &str = "
    SELECT certificate_digest, device_id FROM certificate
     WHERE overlap_until <= $1 AND revoked_at IS NULL LIMIT $2";

/// Those without a successor, ending before the instant.
const ENDING: &str = "
    SELECT c.certificate_digest, c.device_id, c.valid_until, d.label, d.office_id, o.office_number
      FROM certificate c
      JOIN device d ON d.device_id = c.device_id
      JOIN office o ON o.office_id = d.office_id
     WHERE c.revoked_at IS NULL AND d.revoked_at IS NULL AND c.overlap_until IS NULL AND c.valid_until <= $1
       AND c.valid_until > $2
     ORDER BY c.valid_until LIMIT $3";

/// Of those ending between two instants, the ones whose office was not told of this stage yet.
const UNTOLD: &str = "
    SELECT c.certificate_digest, c.device_id, c.valid_until, d.label, d.office_id, o.office_number
      FROM certificate c
      JOIN device d ON d.device_id = c.device_id
      JOIN office o ON o.office_id = d.office_id
     WHERE c.revoked_at IS NULL AND d.revoked_at IS NULL AND c.overlap_until IS NULL AND c.valid_until <= $1
       AND c.valid_until > $2
       AND NOT EXISTS (SELECT 1 FROM certificate_notice n
                        WHERE n.kind = 'expiry' AND n.subject = c.certificate_digest AND n.stage = $3)
     ORDER BY c.valid_until LIMIT $4";

const UNCONFIRMED: &str = "
    UPDATE certificate SET effective_at = $1
     WHERE revoked_at <= $2 AND effective_at IS NULL
    RETURNING serial, device_id, revoked_at";

const REGISTER: &str = "
    SELECT c.serial, c.device_id, d.label, d.origin, o.office_number, c.issued_at, c.valid_from, c.valid_until,
           c.evidence_digest, c.requested_by, c.approved_by, c.revocation_requested_at, c.revoked_at,
           c.revocation_reason, c.effective_at
      FROM certificate c
      JOIN device d ON d.device_id = c.device_id
      JOIN office o ON o.office_id = d.office_id
     ORDER BY c.issued_at, c.serial LIMIT $1";

const ISSUE_ENTRIES: &str = "
    SELECT entry FROM ledger
     WHERE entry LIKE '%\"action\":\"device.enrol\"%' OR entry LIKE '%\"action\":\"device.renew\"%'
     ORDER BY entry_index";

#[derive(FromRow)]
struct RenewableRow {
    origin: String,
    office_id: String,
    evidence_digest: Option<String>,
    requested_by: Option<String>,
    approved_by: Option<String>,
    renewals: i64,
}

#[derive(FromRow)]
struct EndingRow {
    certificate_digest: String,
    device_id: String,
    valid_until: String,
    label: String,
    office_id: String,
    office_number: String,
}

#[derive(FromRow)]
struct RegisterRow {
    serial: String,
    device_id: String,
    label: String,
    origin: String,
    office_number: String,
    issued_at: String,
    valid_from: String,
    valid_until: String,
    evidence_digest: Option<String>,
    requested_by: Option<String>,
    approved_by: Option<String>,
    revocation_requested_at: Option<String>,
    revoked_at: Option<String>,
    revocation_reason: Option<String>,
    effective_at: Option<String>,
}

pub(crate) async fn insert(c: &mut Connection, new: NewCertificate) -> Result<(), Error> {
    sqlx::query(INSERT)
        .bind(new.digest)
        .bind(new.serial)
        .bind(new.authority_digest)
        .bind(new.key_digest)
        .bind(new.device.to_string())
        .bind(new.issued_at)
        .bind(new.valid_from)
        .bind(new.valid_until)
        .bind(new.evidence_digest)
        .bind(new.requested_by)
        .bind(new.approved_by)
        .bind(new.replaces)
        .execute(c)
        .await?;
    Ok(())
}

/// A key that was certified once is never certified again, for whomever (R7.5).
pub(crate) async fn key_is_known(c: &mut Connection, key_digest: &str) -> Result<bool, Error> {
    let known: i64 = sqlx::query_scalar(KEY_KNOWN).bind(key_digest).fetch_one(c).await?;
    Ok(known > 0)
}

/// The stage a certificate is in. `None` while it has more than the longest left.
fn stage(valid_until: Timestamp, now: Timestamp) -> Option<i64> {
    let left = valid_until.duration_since(now);
    STAGES.into_iter().find(|days| left <= SignedDuration::from_hours(days * 24))
}

impl Store {
    /// Issues the next certificate of a device that shows its present one (R7.5). A new key is asked for.
    ///
    /// # Errors
    /// When the database fails or the authority's key does not open.
    pub async fn renew(&self, asker: &Asker, request_pem: &str) -> Result<Renewal, Error> {
        let now = self.clock.now();
        let number = asker.office.register.number;
        let row: Option<RenewableRow> =
            sqlx::query_as(RENEWABLE).bind(&asker.certificate_digest).fetch_optional(&self.reads).await?;
        let refuse = async |code: &str| {
            self.record(Act::asker(Action::DeviceRenew, asker, now).object(asker.device_id).refused_for(code)?).await
        };
        let Some(row) = row else {
            refuse("revoked").await?;
            return Ok(Renewal::RequestRefused);
        };
        if row.origin == "outside" {
            refuse("outside").await?;
            return Ok(Renewal::Outside);
        }
        if row.office_id != asker.office.id.to_string() {
            refuse("another-office").await?;
            return Ok(Renewal::OfAnother);
        }
        if row.renewals >= RENEWALS_MAX {
            refuse("too-many").await?;
            return Ok(Renewal::TooMany);
        }
        let Some(issued) = self.issue_certificate(request_pem, asker.device_id, number, now).await? else {
            refuse("request").await?;
            return Ok(Renewal::RequestRefused);
        };
        let entry = Act::asker(Action::DeviceRenew, asker, now)
            .object(asker.device_id)
            .code("authority", &issued.authority_digest)
            .hex("serial", &issued.serial)
            .done()?;
        let (old, device) = (asker.certificate_digest.clone(), asker.device_id);
        let at = clock::text(now);
        let overlap = clock::text(now + OVERLAP);
        let (certificate_pem, authority_pem) = (issued.pem.clone(), issued.authority_pem.clone());
        let valid_until = clock::text(issued.valid_until);
        let until = valid_until.clone();
        let overlap_until = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    if key_is_known(c, &issued.key_digest).await? {
                        return Ok(None);
                    }
                    // Decided again here: it may have been revoked since it was looked up.
                    let overlap_until: Option<String> =
                        sqlx::query_scalar(BEGIN_OVERLAP).bind(&old).bind(overlap).fetch_optional(&mut *c).await?;
                    let Some(overlap_until) = overlap_until else { return Ok(None) };
                    sqlx::query(DROP_UNUSED).bind(&old).bind(&at).execute(&mut *c).await?;
                    let new = NewCertificate {
                        digest: Digest::of_file(&issued.der).to_string(),
                        serial: hex(&issued.serial),
                        authority_digest: issued.authority_digest,
                        key_digest: issued.key_digest,
                        device,
                        issued_at: at,
                        valid_from: clock::text(issued.valid_from),
                        valid_until: until,
                        evidence_digest: row.evidence_digest,
                        requested_by: row.requested_by,
                        approved_by: row.approved_by,
                        replaces: Some(old),
                    };
                    insert(c, new).await?;
                    record::append(c, &entry).await?;
                    Ok(Some(overlap_until))
                })
            })
            .await?;
        let Some(overlap_until) = overlap_until else {
            refuse("key").await?;
            return Ok(Renewal::RequestRefused);
        };
        Ok(Renewal::Done(RenewedCertificate { certificate_pem, authority_pem, valid_until, overlap_until }))
    }

    /// A renewed certificate was shown for the first time: what it replaces is over.
    pub(crate) async fn first_use(&self, asker: &Asker, replaced: String) -> Result<(), Error> {
        let now = self.clock.now();
        let act = Act::asker(Action::DeviceRevoke, asker, now)
            .object(asker.device_id)
            .code("reason", RevocationReason::Superseded.code());
        let (digest, at) = (asker.certificate_digest.clone(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let first = sqlx::query(FIRST_USE).bind(digest).bind(&at).execute(&mut *c).await?.rows_affected();
                    if first == 0 {
                        return Ok(());
                    }
                    let serial: Option<String> =
                        sqlx::query_scalar(SUPERSEDE).bind(replaced).bind(at).fetch_optional(&mut *c).await?;
                    if let Some(serial) = serial {
                        record::append(c, &act.code("serial", &serial).done()?).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Ends certificates whose overlap is over, and tells offices once for each stage which of theirs end soon. Cheap when
    /// there is nothing to do: any node may call it, as often as it likes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_certificates(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let at = clock::text(now);
        let over: Vec<(String, String)> =
            sqlx::query_as(OVERLAP_OVER).bind(&at).bind(SWEPT_MAX).fetch_all(&self.reads).await?;
        for (digest, device) in over {
            let act = Act::system(Action::DeviceRevoke, now)
                .object(device)
                .code("reason", RevocationReason::Superseded.code());
            let at = at.clone();
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        let serial: Option<String> =
                            sqlx::query_scalar(SUPERSEDE).bind(digest).bind(at).fetch_optional(&mut *c).await?;
                        if let Some(serial) = serial {
                            record::append(c, &act.code("serial", &serial).done()?).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        let mut from = now - LISTED_AFTER_END;
        for days in STAGES {
            let until = now + SignedDuration::from_hours(days * 24);
            let untold: Vec<EndingRow> = sqlx::query_as(UNTOLD)
                .bind(clock::text(until))
                .bind(clock::text(from))
                .bind(days.to_string())
                .bind(SWEPT_MAX)
                .fetch_all(&self.reads)
                .await?;
            for row in untold {
                let notice = NewNotice {
                    office_id: row.office_id,
                    office_number: row.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?,
                    kind: "expiry",
                    subject: row.certificate_digest,
                    stage: days.to_string(),
                };
                self.writer.run(move |c| Box::pin(async move { notices::raise(c, notice, now).await })).await?;
            }
            from = until;
        }
        self.end_tls12_exceptions().await
    }

    /// Certificates in one of the stages before their end, soonest first; those over stay listed for thirty days.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due(&self) -> Result<Vec<Due>, Error> {
        const WHERE: Error = Error::Impossible("certificate");
        let ending = self.ending(self.clock.now()).await?;
        ending
            .into_iter()
            .map(|(row, stage_days)| {
                Ok(Due {
                    device: row.device_id.parse().map_err(|_| WHERE)?,
                    device_label: row.label,
                    office_number: row.office_number.parse().map_err(|_| WHERE)?,
                    valid_until: row.valid_until,
                    stage_days,
                })
            })
            .collect()
    }

    async fn ending(&self, now: Timestamp) -> Result<Vec<(EndingRow, i64)>, Error> {
        let longest = SignedDuration::from_hours(STAGES[STAGES.len() - 1] * 24);
        let rows: Vec<EndingRow> = sqlx::query_as(ENDING)
            .bind(clock::text(now + longest))
            .bind(clock::text(now - LISTED_AFTER_END))
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let until: Timestamp =
                    row.valid_until.parse().map_err(|_| Error::Impossible("certificate.valid_until"))?;
                Ok(stage(until, now).map(|stage| (row, stage)))
            })
            .filter_map(Result::transpose)
            .collect()
    }

    /// Records for every revocation up to `seen` that a serving node now refuses it and has ended its connections, with the
    /// time that took (R7.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_revocations(&self, seen: Timestamp) -> Result<(), Error> {
        let now = self.clock.now();
        let (at, seen) = (clock::text(now), clock::text(seen));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let done: Vec<(String, String, String)> =
                        sqlx::query_as(UNCONFIRMED).bind(at).bind(seen).fetch_all(&mut *c).await?;
                    for (serial, device, revoked_at) in done {
                        let revoked: Timestamp =
                            revoked_at.parse().map_err(|_| Error::Impossible("certificate.revoked_at"))?;
                        let took = u64::try_from(now.duration_since(revoked).as_millis()).unwrap_or(0);
                        tracing::info!(certificate.serial = serial, took_ms = took, "a revocation took effect");
                        let entry = Act::system(Action::DeviceRevokeEffect, now)
                            .object(device)
                            .code("serial", &serial)
                            .number("took_ms", took)
                            .done()?;
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// 証明書発行台帳: every certificate that was ever issued or accepted, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn certificate_register(&self) -> Result<Vec<CertificateRecord>, Error> {
        const WHERE: Error = Error::Impossible("certificate");
        let rows: Vec<RegisterRow> = sqlx::query_as(REGISTER).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(CertificateRecord {
                    serial: row.serial,
                    device: row.device_id.parse().map_err(|_| WHERE)?,
                    device_label: row.label,
                    office_number: row.office_number.parse().map_err(|_| WHERE)?,
                    outside: row.origin == "outside",
                    issued_at: row.issued_at,
                    valid_from: row.valid_from,
                    valid_until: row.valid_until,
                    evidence_digest: row.evidence_digest,
                    requested_by: row.requested_by,
                    approved_by: row.approved_by,
                    revocation_requested_at: row.revocation_requested_at,
                    revoked_at: row.revoked_at,
                    revocation_reason: row.revocation_reason,
                    effective_at: row.effective_at,
                })
            })
            .collect()
    }

    /// Serials in the register that no entry of the ledger speaks of: somebody issued them behind its back (R7.7).
    ///
    /// # Errors
    /// When the database fails, or the ledger holds what is no entry.
    pub async fn unlogged_certificates(&self) -> Result<Vec<String>, Error> {
        const WHERE: Error = Error::Impossible("ledger entry");
        let entries: Vec<String> = sqlx::query_scalar(ISSUE_ENTRIES).fetch_all(&self.reads).await?;
        let mut logged = HashSet::new();
        for entry in entries {
            let entry = Entry::parse(entry.as_bytes()).map_err(|_| WHERE)?;
            let entry = entry.fields();
            if entry.outcome != Outcome::Ok {
                continue;
            }
            let detail = entry.details.iter().find(|(name, _)| name.as_str() == "serial").map(|(_, value)| value);
            match (detail, entry.device.as_ref().and_then(|device| device.certificate())) {
                (Some(Detail::Token(serial)), _) => logged.insert(serial.as_str().to_owned()),
                // Entries of before named the new certificate as the device's own.
                (_, Some(serial)) if entry.action == Action::DeviceEnrol => logged.insert(serial.to_owned()),
                _ => false,
            };
        }
        let records = self.certificate_register().await?;
        Ok(records.into_iter().map(|record| record.serial).filter(|serial| !logged.contains(serial)).collect())
    }
}

/// A serial as bytes, for lists that other programs read.
pub(crate) fn serial_bytes(serial: &str) -> Result<Vec<u8>, Error> {
    unhex(serial).ok_or(Error::Impossible("certificate.serial"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_5_stages_begin_at_60_30_7_and_0_days() {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let at = |hours: i64| stage(now + SignedDuration::from_hours(hours), now);
        let day = 24;
        for (hours, expected) in [
            (61 * day, None),
            (60 * day + 1, None),
            (60 * day, Some(60)),
            (31 * day, Some(60)),
            (30 * day, Some(30)),
            (8 * day, Some(30)),
            (7 * day, Some(7)),
            (1, Some(7)),
            (0, Some(0)),
            (-day, Some(0)),
        ] {
            assert_eq!(at(hours), expected, "{hours} hours left");
        }
    }
}
