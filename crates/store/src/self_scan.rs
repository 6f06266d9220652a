//! 自己点検 — reports about the doors, kept with their place in the log (R5.11). Who makes them is elsewhere.

use crate::record::{self, Act};
use crate::{Error, SelfScanId, Store, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use ledger::self_scan::{Negotiated, SCAN_DETAIL, ScanReport, SignedScan};
use sqlx::FromRow;

/// A report that is older says nothing about today.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// Nodes whose reports are looked at.
const NODES_MAX: usize = 64;
/// Reports of a day; a server that starts again and again makes one each time.
const LISTED_MAX: i64 = 200;

/// A report, as it is kept.
#[derive(Clone, Debug)]
pub struct SelfScan {
    /// Which.
    pub id: SelfScanId,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// What came out otherwise than it must.
    pub deviations: u64,
    /// What was found.
    pub report: ScanReport,
}

/// How the doors stand, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanState {
    /// Nobody has looked yet.
    Never,
    /// As they should.
    Sound,
    /// A door speaks what it must not, or not what it must.
    Failed,
    /// The last look is more than a day ago.
    Stale,
}

const ADD: &str = "
    INSERT INTO tls_tally (door, version, suite, key_group, signature, client_signature, connections)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (door, version, suite, key_group, signature, client_signature)
    DO UPDATE SET connections = tls_tally.connections + excluded.connections";
const TALLY: &str = "
    SELECT door, version, suite, key_group, signature, client_signature, connections FROM tls_tally
     ORDER BY door, version, suite, key_group, signature, client_signature";
const FORGET: &str = "DELETE FROM tls_tally";
const INSERT: &str = "
    INSERT INTO self_scan (scan_id, doors, made_at, deviations, report, digest, entry_index)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const SINCE: &str = "
    SELECT scan_id, doors, made_at, deviations FROM self_scan WHERE made_at > $1 ORDER BY made_at DESC, scan_id DESC LIMIT $2";
const LAST: &str = "
    SELECT scan_id, doors, made_at, deviations FROM self_scan ORDER BY made_at DESC, scan_id DESC LIMIT 1";
const REPORT: &str = "SELECT report, entry_index FROM self_scan WHERE scan_id = $1";

#[derive(FromRow)]
struct Row {
    scan_id: String,
    doors: String,
    made_at: String,
    deviations: i64,
}

#[derive(FromRow)]
struct TallyRow {
    door: String,
    version: String,
    suite: String,
    key_group: String,
    signature: String,
    client_signature: String,
    connections: i64,
}

impl TallyRow {
    fn agreed(self) -> Negotiated {
        Negotiated {
            door: self.door,
            version: self.version,
            suite: self.suite,
            group: self.key_group,
            signature: self.signature,
            client_signature: self.client_signature,
            connections: self.connections.unsigned_abs(),
            approved: false,
        }
    }
}

impl Store {
    /// Adds what clients agreed on; the next report takes it up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_negotiated(&self, rows: Vec<Negotiated>) -> Result<(), Error> {
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for row in &rows {
                        sqlx::query(ADD)
                            .bind(&row.door)
                            .bind(&row.version)
                            .bind(&row.suite)
                            .bind(&row.group)
                            .bind(&row.signature)
                            .bind(&row.client_signature)
                            .bind(i64::try_from(row.connections).unwrap_or(i64::MAX))
                            .execute(&mut *c)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Keeps what a server found at its doors, with what clients agreed on since the last time; its digest stands in the log
    /// from the same moment on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_self_scan(&self, report: ScanReport) -> Result<SelfScan, Error> {
        self.record_scan(report, Act::system(Action::SelfScan, self.clock.now())).await
    }

    /// The same of one that somebody at the terminal asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_self_scan_at_terminal(&self, report: ScanReport) -> Result<SelfScan, Error> {
        self.record_scan(report, Act::operator(Action::SelfScan, self.clock.now())).await
    }

    async fn record_scan(&self, mut report: ScanReport, act: Act) -> Result<SelfScan, Error> {
        let id = SelfScanId::fresh();
        report.scan = id.to_string();
        let made_at = clock::text(self.clock.now());
        let (report, deviations) = {
            let made_at = made_at.clone();
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        let tallies: Vec<TallyRow> = sqlx::query_as(TALLY).fetch_all(&mut *c).await?;
                        sqlx::query(FORGET).execute(&mut *c).await?;
                        report.negotiated = tallies.into_iter().map(TallyRow::agreed).collect();
                        report.judge();
                        let (deviations, digest) = (report.deviations(), report.digest());
                        let act = act
                            .object(id)
                            .hex(SCAN_DETAIL, &digest)
                            .code("edition", edition(&report.edition))
                            .number("deviations", deviations);
                        let entry = if deviations == 0 { act.done()? } else { act.failed("deviation")? };
                        let index = record::append(c, &entry).await?;
                        let doors: Vec<_> = report.doors.iter().map(|door| door.address.as_str()).collect();
                        let text = String::from_utf8(report.to_bytes()).map_err(|_| Error::Impossible("report"))?;
                        sqlx::query(INSERT)
                            .bind(id.to_string())
                            .bind(doors.join("\n"))
                            .bind(made_at)
                            .bind(i64::try_from(deviations).unwrap_or(i64::MAX))
                            .bind(text)
                            .bind(crate::hex::hex(&digest))
                            .bind(index)
                            .execute(&mut *c)
                            .await?;
                        Ok((report, deviations))
                    })
                })
                .await?
        };
        Ok(SelfScan { id, made_at, deviations, report })
    }

    /// The newest report of each node, of the last day; if there is none, the last there ever was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn self_scans(&self) -> Result<Vec<SelfScan>, Error> {
        let mut rows = self.newest_scans(self.clock.now()).await?;
        if rows.is_empty() {
            rows = sqlx::query_as(LAST).fetch_all(&self.reads).await?;
        }
        let mut scans = Vec::with_capacity(rows.len());
        for row in rows {
            let (report, _) = self.report(&row.scan_id).await?.ok_or(Error::Impossible("self_scan"))?;
            scans.push(SelfScan {
                id: row.scan_id.parse().map_err(|_| Error::Impossible("self_scan.scan_id"))?,
                made_at: row.made_at,
                deviations: row.deviations.unsigned_abs(),
                report,
            });
        }
        Ok(scans)
    }

    /// How the doors stand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scan_state(&self) -> Result<ScanState, Error> {
        let rows = self.newest_scans(self.clock.now()).await?;
        if rows.iter().any(|row| row.deviations > 0) {
            return Ok(ScanState::Failed);
        }
        if !rows.is_empty() {
            return Ok(ScanState::Sound);
        }
        let last: Option<Row> = sqlx::query_as(LAST).fetch_optional(&self.reads).await?;
        Ok(if last.is_some() { ScanState::Stale } else { ScanState::Never })
    }

    /// Of each node the newest, if it is fresh: a node that is gone, or whose report is too old, counts for nothing.
    async fn newest_scans(&self, now: Timestamp) -> Result<Vec<Row>, Error> {
        let since = clock::text(now - FRESH);
        let rows: Vec<Row> = sqlx::query_as(SINCE).bind(since).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let mut newest: Vec<Row> = Vec::new();
        for row in rows {
            if newest.len() < NODES_MAX && !newest.iter().any(|other| other.doors == row.doors) {
                newest.push(row);
            }
        }
        Ok(newest)
    }

    /// The signed report, for whoever files it. `None` when there is none of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn self_scan_document(&self, id: SelfScanId) -> Result<Option<Vec<u8>>, Error> {
        let Some((report, index)) = self.report(&id.to_string()).await? else { return Ok(None) };
        let proof = self.proofs_of(&[index]).await?.pop().ok_or(Error::Impossible("proof"))?;
        let (log_key, key) = (self.log_key().await?, self.certificate_key().await?);
        Ok(Some(SignedScan::sign(report, proof, &log_key, &key).to_bytes()))
    }

    async fn report(&self, id: &str) -> Result<Option<(ScanReport, u64)>, Error> {
        let row: Option<(String, i64)> = sqlx::query_as(REPORT).bind(id).fetch_optional(&self.reads).await?;
        row.map(|(report, index)| {
            let report = ScanReport::parse(report.as_bytes()).map_err(|_| Error::Damaged)?;
            Ok((report, index.unsigned_abs()))
        })
        .transpose()
    }
}

/// The number in the name of an edition: the log takes no other words.
fn edition(name: &str) -> &str {
    name.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_edition_is_recorded_by_its_number() {
        assert_eq!(super::edition("TLS 暗号設定ガイドライン 3.1.1 (高セキュリティ型)"), "3.1.1");
        assert_eq!(super::edition("別の基準"), "unknown");
    }
}
