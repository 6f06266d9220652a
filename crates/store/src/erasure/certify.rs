//! 検証と証明書: looking for what was erased, everywhere, and certifying that it was not found (R11.4).

use super::objects;
use super::search::{Search, Seen};
use super::{KEY_VERSION, Places, Row, find, items};
use crate::record::{self, Act};
use crate::retention::Kind;
use crate::{ErasureId, Error, KeyKind, OperatorName, Store, clock, key_copies};
use jiff::Timestamp;
use ledger::Action;
use ledger::certificate::{
    CERTIFICATE_DETAIL, CERTIFICATE_FORM, Certificate, Method, People, Place, SignedCertificate, Verification,
};
use sqlx::Connection as _;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// The name of the program, as certificates state it.
const TOOL: &str = "fumibako";
/// Tries to empty the write-ahead log while others read.
const CHECKPOINT_TRIES: u32 = 50;
const CHECKPOINT_PAUSE: Duration = Duration::from_millis(100);

/// What came of certifying an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certified {
    /// Searched for, not found; this is the certificate.
    Done {
        /// JSON, signed.
        certificate: String,
    },
    /// None that was run has this id.
    NotErased,
    /// Whoever ran it does not verify it.
    OwnWork,
    /// Copies of keys that still live: backups, or what somebody entered in the register. No certificate before they are gone.
    Living(Vec<String>),
    /// So many things have not been erased, or lie in the folder of bodies still. Run it again.
    Unfinished(u64),
    /// So many pieces are still on the disk, and tidying it was not allowed now.
    NotGone(u64),
    /// Others read so busily that the write-ahead log could not be emptied. Later.
    Busy,
    /// The database is on a server, whose disk cannot be searched from here: what cannot be verified is not certified.
    OnServer,
}

const TRACES: &str = "SELECT print FROM erasure_trace WHERE erasure_id = $1";
const BODIES: &str = "SELECT body_key FROM erasure_body WHERE erasure_id = $1";
const DROP_TRACES: &str = "DELETE FROM erasure_trace WHERE erasure_id = $1";
const DROP_BODIES: &str = "DELETE FROM erasure_body WHERE erasure_id = $1";
const CERTIFY: &str = "
    UPDATE erasure SET state = 'certified', verified_by = $2, certified_at = $3, certified_index = $4, certificate = $5,
                       ended_at = $3
     WHERE erasure_id = $1 AND state = 'erased'";

impl Store {
    /// Searches for what an erasure took away and, if nothing is left, signs a certificate.
    ///
    /// Somebody other than who ran it does this; they may have the database file tidied where pieces are left, which keeps
    /// sends waiting.
    ///
    /// # Errors
    /// When the database or a place of backups fails.
    pub async fn certify_erasure(&self, id: ErasureId, by: &OperatorName, places: &Places) -> Result<Certified, Error> {
        self.certify(id, Some(by), places).await
    }

    pub(super) async fn certify(
        &self,
        id: ErasureId,
        by: Option<&OperatorName>,
        places: &Places,
    ) -> Result<Certified, Error> {
        let (row, objects) = {
            let mut c = self.reads.acquire().await?;
            let Some(row) = find(&mut c, id).await?.filter(|row| row.state == "erased") else {
                return Ok(Certified::NotErased);
            };
            let objects = items(&mut c, &row.erasure_id).await?;
            (row, objects)
        };
        if by.is_some_and(|by| row.run_by.as_deref() == Some(&*by.to_string())) {
            return Ok(Certified::OwnWork);
        }
        let kind = row.kind()?;
        let unfinished = self.unfinished(&row, kind, &objects).await?;
        if unfinished > 0 {
            return Ok(Certified::Unfinished(unfinished));
        }
        self.reach_copies(&row.erasure_id, kind, &objects, places).await?;
        let living = self.living_copies(&row, kind, &objects).await?;
        if !living.is_empty() {
            return Ok(Certified::Living(living));
        }
        if self.is_on_server() {
            return Ok(Certified::OnServer);
        }
        let traces: Vec<i64> = sqlx::query_scalar(TRACES).bind(&row.erasure_id).fetch_all(&self.reads).await?;
        let wanted: HashSet<u64> = traces.iter().map(|print| u64::from_ne_bytes(print.to_ne_bytes())).collect();
        let Some(mut seen) = self.search(&row.erasure_id, wanted.clone(), false).await? else {
            return Ok(Certified::Busy);
        };
        if seen.found > 0 && by.is_some() {
            let Some(again) = self.search(&row.erasure_id, wanted.clone(), true).await? else {
                return Ok(Certified::Busy);
            };
            seen = again;
        }
        if seen.found > 0 {
            return Ok(Certified::NotGone(seen.found));
        }
        if !seen.control {
            return Err(Error::Impossible("a search that finds nothing at all"));
        }
        let certificate = self.sign_certificate(id, &row, kind, objects, by, wanted.len() as u64, seen).await?;
        Ok(Certified::Done { certificate })
    }

    /// Things whose rows are not blank, and bodies that are still there.
    async fn unfinished(&self, row: &Row, kind: Kind, objects: &BTreeSet<String>) -> Result<u64, Error> {
        let mut unfinished = 0;
        {
            let mut c = self.reads.acquire().await?;
            for object in objects {
                let gone = objects::standing(&mut c, kind, object).await?.is_some_and(|standing| standing.is_erased());
                unfinished += u64::from(!gone);
            }
        }
        let bodies: Vec<String> = sqlx::query_scalar(BODIES).bind(&row.erasure_id).fetch_all(&self.reads).await?;
        for key in &bodies {
            // Once more, in case a start of the program had just put it in its place.
            self.bodies.discard(key).await;
            unfinished += u64::from(self.bodies.get(key).await.is_ok());
        }
        Ok(unfinished)
    }

    /// Every copy of a key to the erased things that still lives, as far as the registers know (R11.3).
    async fn living_copies(&self, row: &Row, kind: Kind, objects: &BTreeSet<String>) -> Result<Vec<String>, Error> {
        let mut c = self.reads.acquire().await?;
        let mut living = self.backups_holding(&mut c, &row.times()?).await?;
        for backup in self.backups_before(&mut c, &row.times()?).await? {
            for copy in key_copies::living(&mut c, KeyKind::Archive, &backup.to_string()).await? {
                // The archive's own copy has been spoken of; another was carried elsewhere by somebody.
                if copy.place_id != backup.to_string() {
                    living.push(format!("{}:{backup}:{}", copy.place.id(), copy.place_id));
                }
            }
        }
        let key_kind = match kind {
            Kind::Sets => KeyKind::Set,
            Kind::OfficeKeys => KeyKind::Office,
            _ => return Ok(living),
        };
        for object in objects {
            for copy in key_copies::living(&mut c, key_kind, object).await? {
                living.push(format!("{}:{}:{}", copy.place.id(), object, copy.place_id));
            }
        }
        Ok(living)
    }

    /// Searches database file and write-ahead log. `None` where the log cannot be emptied now.
    async fn search(&self, control: &str, wanted: HashSet<u64>, tidy: bool) -> Result<Option<Seen>, Error> {
        let path = crate::database_path(&self.folder);
        let mut connection = self.own_connection().await?;
        if tidy {
            sqlx::query("VACUUM").execute(&mut connection).await?;
        }
        let mut emptied = false;
        for _ in 0..CHECKPOINT_TRIES {
            let (busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
            emptied = busy == 0;
            if emptied {
                break;
            }
            tokio::time::sleep(CHECKPOINT_PAUSE).await;
        }
        connection.close().await?;
        if !emptied {
            return Ok(None);
        }
        let (fingerprints, key, control) = (self.fingerprints()?, self.live_database_key()?, control.to_owned());
        let work = move || {
            let mut search = Search::new(&fingerprints, wanted, control.as_bytes());
            search.database(&path, key.key.reveal())?;
            Ok(search.seen())
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Impossible("searching"))?.map(Some)
    }

    #[allow(clippy::too_many_arguments, reason = "each is one fact of the certificate")]
    async fn sign_certificate(
        &self,
        id: ErasureId,
        row: &Row,
        kind: Kind,
        objects: BTreeSet<String>,
        by: Option<&OperatorName>,
        traces: u64,
        seen: Seen,
    ) -> Result<String, Error> {
        const WHERE: Error = Error::Impossible("erasure");
        let now = self.clock.now();
        let verifier = by.map_or_else(|| "system".to_owned(), ToString::to_string);
        let (places, archives_searched) = self.places_of(&row.times()?).await?;
        let certificate = Certificate {
            form: CERTIFICATE_FORM.to_owned(),
            erasure: row.erasure_id.clone(),
            kind: kind.id().to_owned(),
            reason: row.reason.clone(),
            procedure_version: row.rule_version.unsigned_abs(),
            objects: objects.into_iter().collect(),
            method: method(kind),
            places,
            verification: Verification {
                method: "search-of-all-pages-and-key-archives".to_owned(),
                traces,
                bytes_searched: seen.bytes,
                archives_searched,
                found: seen.found,
                at: clock::text(now),
            },
            people: People {
                requested_by: row.requested_by.clone(),
                requested_at: row.requested_at.clone(),
                approved_by: row.approved_by.clone(),
                approved_at: row.approved_at.clone(),
                operator: row.run_by.clone().ok_or(WHERE)?,
                erased_at: row.erased_at.clone().ok_or(WHERE)?,
                verifier: verifier.clone(),
            },
        };
        let index = self.record_certificate(id, by, &certificate, now).await?;
        let proof = self.proofs_of(&[index]).await?.pop().ok_or(WHERE)?;
        let log_key = self.log_key().await?;
        let signed = SignedCertificate::sign(certificate, proof, &log_key, &self.certificate_key().await?);
        let text = String::from_utf8(signed.to_bytes()).map_err(|_| WHERE)?;
        let stored = text.clone();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let changed = sqlx::query(CERTIFY)
                        .bind(id.to_string())
                        .bind(verifier)
                        .bind(clock::text(now))
                        .bind(index.cast_signed())
                        .bind(stored)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if changed == 1 {
                        sqlx::query(DROP_TRACES).bind(id.to_string()).execute(&mut *c).await?;
                        sqlx::query(DROP_BODIES).bind(id.to_string()).execute(&mut *c).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(text)
    }

    /// The entry that names the certificate, and its index. It is in the log before the certificate is signed.
    async fn record_certificate(
        &self,
        id: ErasureId,
        by: Option<&OperatorName>,
        certificate: &Certificate,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let act = match by {
            Some(officer) => Act::officer(Action::ErasureCertify, officer, now),
            None => Act::system(Action::ErasureCertify, now),
        };
        let entry = act.object(id).hex(CERTIFICATE_DETAIL, &certificate.digest()).done()?;
        let index = self.writer.run(move |c| Box::pin(async move { record::append(c, &entry).await })).await?;
        Ok(index.unsigned_abs())
    }
}

fn method(kind: Kind) -> Method {
    let by_keys = matches!(kind, Kind::Sets | Kind::OfficeKeys);
    let mut steps = vec!["entered-in-the-list-of-erasures"];
    if by_keys {
        steps.push("destroyed-every-wrapped-copy-of-the-keys");
    }
    steps.extend([
        "overwrote-and-deleted-the-sealed-bytes",
        "took-them-out-of-every-archive-of-keys",
        "emptied-the-write-ahead-log",
    ]);
    Method {
        // Of what is sealed under a key that others need too, the sealed bytes go and not the key.
        category: if by_keys { "purge-cryptographic-erase" } else { "clear-overwrite-of-sealed-bytes" }.to_owned(),
        steps: steps.into_iter().map(str::to_owned).collect(),
        cipher: "AES-256-GCM".to_owned(),
        key_bits: 256,
        tool: TOOL.to_owned(),
        tool_version: format!("{} (key format {KEY_VERSION})", env!("CARGO_PKG_VERSION")),
    }
}

/// The places of the data folder.
pub(crate) fn own_places() -> Vec<Place> {
    let place = |what: &str, id: &str| Place {
        what: what.to_owned(),
        id: id.to_owned(),
        outcome: "destroyed-and-searched".to_owned(),
    };
    vec![place("database", crate::database::DATABASE_FILE), place("bodies", "bodies")]
}
