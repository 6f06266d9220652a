//! 機器・媒体の廃棄台帳 and 外部委託の破棄台帳 (R11.7, R11.8). The deed is people's; the register asks for what proves it.

use crate::record::{self, Act};
use crate::{DisposalId, Error, OperatorName, Store, clock};
use ledger::Action;
use sqlx::FromRow;

/// Characters of an entry.
const TEXT_CHARACTERS_MAX: usize = 300;
/// Rows of a listing.
const LISTED_MAX: i64 = 10_000;
/// Days after which an open item is a finding.
pub const DISPOSAL_DAYS_MAX: i64 = 90;

/// A batch of devices given to a contractor.
#[derive(Clone, Debug, FromRow)]
pub struct DisposalBatch {
    /// Ours.
    pub batch_id: String,
    /// 委託先.
    pub contractor: String,
    /// 契約, and the approval of the office that entrusted.
    pub contract: String,
    /// When it was opened, RFC 3339 in UTC.
    pub opened_at: String,
    /// When it was closed: with evidence for each of its devices.
    pub closed_at: Option<String>,
}

/// A device or medium.
#[derive(Clone, Debug, FromRow)]
pub struct DisposalDevice {
    /// Ours.
    pub device_id: String,
    /// 製造番号.
    pub serial: String,
    /// Where the number was read: the plate, the inventory.
    pub serial_source: String,
    /// The batch it went with.
    pub batch_id: Option<String>,
    /// Who entered it.
    pub opened_by: String,
    /// When.
    pub opened_at: String,
    /// How it was disposed of.
    pub method: Option<String>,
    /// By whom.
    pub performed_by: Option<String>,
    /// SHA-256 of the evidence.
    pub evidence_digest: Option<String>,
    /// When it was closed.
    pub closed_at: Option<String>,
}

/// What proves the end of a device.
#[derive(Clone, Debug)]
pub struct DisposalProof {
    /// How: crushed, degaussed, overwritten.
    pub method: String,
    /// With which tool.
    pub tool: String,
    /// How it was seen that nothing readable is left.
    pub residual_check: String,
    /// Who did it: a pseudonym, or the contractor's number.
    pub performed_by: String,
    /// What qualifies them.
    pub qualification: String,
    /// SHA-256 of the report, the picture or the contractor's certificate, in hexadecimal.
    pub evidence_digest: String,
}

/// What came of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisposalEntered {
    /// Entered.
    Done(DisposalId),
    /// Something that must be said is not.
    Incomplete,
    /// The serial, or the evidence, stands in the register already.
    Twice,
    /// No open batch or device has this id.
    NotOpen,
    /// Whoever entered it does not close it.
    OwnEntry,
    /// So many devices of the batch lack evidence.
    Lacks(u64),
}

const INSERT_BATCH: &str = "
    INSERT INTO disposal_batch (batch_id, contractor, contract, opened_by, opened_at) VALUES ($1, $2, $3, $4, $5)";
const OPEN_BATCH: &str = "SELECT count(*) FROM disposal_batch WHERE batch_id = $1 AND closed_at IS NULL";
const INSERT_DEVICE: &str = "
    INSERT INTO disposal_device (device_id, serial, serial_source, batch_id, opened_by, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const OPENER: &str = "SELECT opened_by FROM disposal_device WHERE device_id = $1 AND closed_at IS NULL";
const EVIDENCE: &str = "SELECT count(*) FROM disposal_device WHERE evidence_digest = $1";
const CLOSE_DEVICE: &str = "
    UPDATE disposal_device SET method = $2, tool = $3, residual_check = $4, performed_by = $5, qualification = $6,
                               evidence_digest = $7, closed_by = $8, closed_at = $9
     WHERE device_id = $1 AND closed_at IS NULL";
const LACKING: &str = "SELECT count(*) FROM disposal_device WHERE batch_id = $1 AND closed_at IS NULL";
const IN_BATCH: &str = "SELECT count(*) FROM disposal_device WHERE batch_id = $1";
const CLOSE_BATCH: &str =
    "UPDATE disposal_batch SET closed_by = $2, closed_at = $3 WHERE batch_id = $1 AND closed_at IS NULL";
const BATCHES: &str = "
    SELECT batch_id, contractor, contract, opened_at, closed_at FROM disposal_batch ORDER BY opened_at DESC LIMIT $1";
const DEVICES: &str = "
    SELECT device_id, serial, serial_source, batch_id, opened_by, opened_at, method, performed_by, evidence_digest,
           closed_at
      FROM disposal_device ORDER BY opened_at DESC, device_id DESC LIMIT $1";

fn sound(text: &str) -> bool {
    (1..=TEXT_CHARACTERS_MAX).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
}

impl Store {
    /// Opens a batch for a contractor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_disposal_batch(
        &self,
        contractor: &str,
        contract: &str,
        by: &OperatorName,
    ) -> Result<DisposalEntered, Error> {
        if !sound(contractor) || !sound(contract) {
            return Ok(DisposalEntered::Incomplete);
        }
        let (id, now) = (DisposalId::fresh(), self.clock.now());
        let entry = Act::officer(Action::DisposalChange, by, now).object(id).code("step", "batch-open").done()?;
        let (contractor, contract, by) = (contractor.trim().to_owned(), contract.trim().to_owned(), by.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT_BATCH)
                        .bind(id.to_string())
                        .bind(contractor)
                        .bind(contract)
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(DisposalEntered::Done(id))
                })
            })
            .await
    }

    /// Enters a device or medium that is to be disposed of, with a batch or by our own people.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_disposal(
        &self,
        serial: &str,
        serial_source: &str,
        batch: Option<DisposalId>,
        by: &OperatorName,
    ) -> Result<DisposalEntered, Error> {
        if !sound(serial) || !sound(serial_source) {
            return Ok(DisposalEntered::Incomplete);
        }
        let (id, now) = (DisposalId::fresh(), self.clock.now());
        let entry = Act::officer(Action::DisposalChange, by, now).object(id).code("step", "open").done()?;
        let (serial, source, by) = (serial.trim().to_owned(), serial_source.trim().to_owned(), by.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    if let Some(batch) = batch {
                        let open: i64 =
                            sqlx::query_scalar(OPEN_BATCH).bind(batch.to_string()).fetch_one(&mut *c).await?;
                        if open == 0 {
                            return Ok(DisposalEntered::NotOpen);
                        }
                    }
                    let inserted = sqlx::query(INSERT_DEVICE)
                        .bind(id.to_string())
                        .bind(serial)
                        .bind(source)
                        .bind(batch.map(|batch| batch.to_string()))
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if inserted == 0 {
                        return Ok(DisposalEntered::Twice);
                    }
                    record::append(c, &entry).await?;
                    Ok(DisposalEntered::Done(id))
                })
            })
            .await
    }

    /// Closes the life of a device with what proves its end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_disposal(
        &self,
        id: DisposalId,
        proof: DisposalProof,
        by: &OperatorName,
    ) -> Result<DisposalEntered, Error> {
        let said = [&proof.method, &proof.tool, &proof.residual_check, &proof.performed_by, &proof.qualification];
        let digest = proof.evidence_digest.to_ascii_lowercase();
        if !said.iter().all(|text| sound(text)) || digest.len() != 64 || crate::hex::unhex(&digest).is_none() {
            return Ok(DisposalEntered::Incomplete);
        }
        let now = self.clock.now();
        let entry = Act::officer(Action::DisposalChange, by, now)
            .object(id)
            .code("step", "close")
            .code("evidence", &digest)
            .done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let opener: Option<String> =
                        sqlx::query_scalar(OPENER).bind(id.to_string()).fetch_optional(&mut *c).await?;
                    let Some(opener) = opener else { return Ok(DisposalEntered::NotOpen) };
                    if opener == by {
                        return Ok(DisposalEntered::OwnEntry);
                    }
                    let used: i64 = sqlx::query_scalar(EVIDENCE).bind(&digest).fetch_one(&mut *c).await?;
                    if used > 0 {
                        return Ok(DisposalEntered::Twice);
                    }
                    sqlx::query(CLOSE_DEVICE)
                        .bind(id.to_string())
                        .bind(proof.method.trim())
                        .bind(proof.tool.trim())
                        .bind(proof.residual_check.trim())
                        .bind(proof.performed_by.trim())
                        .bind(proof.qualification.trim())
                        .bind(digest)
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(DisposalEntered::Done(id))
                })
            })
            .await
    }

    /// Closes a batch; it stays open as long as one of its devices lacks its evidence.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_disposal_batch(&self, id: DisposalId, by: &OperatorName) -> Result<DisposalEntered, Error> {
        let now = self.clock.now();
        let entry = Act::officer(Action::DisposalChange, by, now).object(id).code("step", "batch-close").done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let name = id.to_string();
                    let lacking: i64 = sqlx::query_scalar(LACKING).bind(&name).fetch_one(&mut *c).await?;
                    let all: i64 = sqlx::query_scalar(IN_BATCH).bind(&name).fetch_one(&mut *c).await?;
                    if lacking > 0 || all == 0 {
                        return Ok(DisposalEntered::Lacks(lacking.unsigned_abs()));
                    }
                    let closed = sqlx::query(CLOSE_BATCH)
                        .bind(&name)
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if closed == 0 {
                        return Ok(DisposalEntered::NotOpen);
                    }
                    record::append(c, &entry).await?;
                    Ok(DisposalEntered::Done(id))
                })
            })
            .await
    }

    /// Both registers, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disposals(&self) -> Result<(Vec<DisposalBatch>, Vec<DisposalDevice>), Error> {
        let batches = sqlx::query_as(BATCHES).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let devices = sqlx::query_as(DEVICES).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        Ok((batches, devices))
    }

    /// Whether something that was entered at that instant has been open for longer than it may be.
    #[must_use]
    pub fn disposal_is_overdue(&self, opened_at: &str) -> bool {
        let since = opened_at.parse().map(|opened| crate::retention::after(opened, DISPOSAL_DAYS_MAX));
        since.is_ok_and(|since| since < self.clock.now())
    }
}
