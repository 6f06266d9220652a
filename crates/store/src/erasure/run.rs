//! Running an erasure, from whichever step it was left at.

use super::list::{Line, NewLine};
use super::objects::{self, Blocked, Record};
use super::search::Fingerprints;
use super::{
    COOLING, Certified, ERASURE_OBJECTS_MAX, NewErasure, Places, Reason, Row, code, digest_of, find, insert, items,
    measure,
};
use crate::record::{self, Act};
use crate::retention::{Ends, Kind};
use crate::{ErasureId, Error, OperatorName, Store, clock};
use identity::role::Deed;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use std::collections::BTreeSet;

/// Things blanked in one transaction: sends wait no longer than for one of their own groups.
const OBJECTS_AT_ONCE: usize = 50;
/// What the program does by itself is done again so often at most.
const EXPIRY_EVERY: SignedDuration = SignedDuration::from_hours(20);

/// What came of running an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Keys and boxes are gone here; so many keys in backups are not, and no certificate is issued before they are.
    Done {
        /// Things.
        objects: usize,
        /// Backups whose keys still hold them.
        living: Vec<String>,
    },
    /// None that may be run has this id.
    NotReady,
    /// The procedure does not name this person.
    NotStaff,
    /// Not before this instant.
    Cooling {
        /// RFC 3339, UTC.
        from: String,
    },
    /// What would be erased is not what was previewed.
    Changed,
    /// One of the things must not be erased any more. Nothing was.
    Blocked(Blocked),
}

/// What came of erasing what is past its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Erasures that were run or gone on with.
    pub erasures: Vec<ErasureId>,
    /// Things erased.
    pub objects: u64,
    /// Certificates issued.
    pub certified: u64,
    /// Erasures that wait for a key in a backup, or for the disk to be tidied.
    pub waiting: u64,
}

const START: &str = "
    UPDATE erasure SET state = 'erasing', run_by = coalesce(run_by, $2), run_at = coalesce(run_at, $3)
     WHERE erasure_id = $1 AND state IN ('approved', 'erasing')";
const LISTED: &str = "UPDATE erasure SET list_number = $2 WHERE erasure_id = $1 AND list_number IS NULL";
const FINISH: &str = "
    UPDATE erasure SET state = 'erased', erased_at = $2 WHERE erasure_id = $1 AND state = 'erasing'";
const ITEM_DONE: &str = "
    UPDATE erasure_item SET erased_at = $3 WHERE erasure_id = $1 AND object = $2 AND erased_at IS NULL";
const TRACE: &str = "INSERT INTO erasure_trace (erasure_id, print) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const BODY: &str = "INSERT INTO erasure_body (erasure_id, body_key) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const BODIES: &str = "SELECT body_key FROM erasure_body WHERE erasure_id = $1 ORDER BY body_key";
const LEDGER_SIZE: &str = "SELECT count(*) FROM ledger";
/// First what still has keys: what only waits for its certificate may wait for ever, and must not stand in the way.
const UNFINISHED: &str = "
    SELECT erasure_id FROM erasure WHERE reason = 'expiry' AND state IN ('approved', 'erasing', 'erased')
     ORDER BY CASE state WHEN 'erased' THEN 1 ELSE 0 END, requested_at LIMIT 100";
const LAST_EXPIRY: &str = "SELECT max(requested_at) FROM erasure WHERE kind = $1 AND reason = 'expiry'";
const REPLAYED: &str = "
    INSERT INTO erasure (erasure_id, kind, reason, basis, rule_version, state, item_count, items_digest, requested_by,
                         requested_at, list_number, erased_at)
    VALUES ($1, $2, 'expiry', '', 0, 'replayed', $3, $4, 'system', $5, $6, $7)
        ON CONFLICT (erasure_id) DO UPDATE SET
           list_number = excluded.list_number,
           state = CASE WHEN erasure.state IN ('requested', 'approved') THEN 'replayed' ELSE erasure.state END";

impl Store {
    /// Runs an erasure that was agreed to, or goes on with one that was interrupted.
    ///
    /// # Errors
    /// When the database, the list of erasures or a place of backups fails; then it is run again.
    pub async fn run_erasure(&self, id: ErasureId, by: &OperatorName, places: &Places) -> Result<Ran, Error> {
        let now = self.clock.now();
        let (row, objects) = {
            let mut c = self.reads.acquire().await?;
            let Some(row) = find(&mut c, id).await?.filter(|row| matches!(&*row.state, "approved" | "erasing")) else {
                return Ok(Ran::NotReady);
            };
            let Some(measure) = measure(&mut c, row.kind()?, now).await? else { return Ok(Ran::NotReady) };
            if !measure.rule.allows(by, Deed::Erase) {
                return Ok(Ran::NotStaff);
            }
            let objects = items(&mut c, &row.erasure_id).await?;
            (row, objects)
        };
        if row.state == "approved" {
            let approved = row.approved_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
            let from = approved.ok_or(Error::Impossible("erasure.approved_at"))? + COOLING;
            if from > now {
                return Ok(Ran::Cooling { from: clock::text(from) });
            }
        }
        self.erase(id, row, objects, Some(by), places).await
    }

    /// The steps, whoever asked for them.
    async fn erase(
        &self,
        id: ErasureId,
        row: Row,
        objects: BTreeSet<String>,
        by: Option<&OperatorName>,
        places: &Places,
    ) -> Result<Ran, Error> {
        let (kind, now) = (row.kind()?, self.clock.now());
        let count = i64::try_from(objects.len()).map_err(|_| Error::Impossible("erasure.item_count"))?;
        if digest_of(&objects) != row.items_digest || count != row.item_count {
            return Ok(Ran::Changed);
        }
        // Decided again, in the transaction that begins it: a hold that comes later comes too late.
        if let Some(stopped) = self.begin_erasing(id, &row, &objects, by, now).await? {
            return Ok(stopped);
        }
        // In the list before the first key goes: what a crash leaves half done, the next start completes.
        if row.list_number.is_none() {
            let ledger_size: i64 = sqlx::query_scalar(LEDGER_SIZE).fetch_one(&self.reads).await?;
            let line = NewLine {
                erasure: &row.erasure_id,
                kind,
                at: &clock::text(now),
                ledger_size: ledger_size.unsigned_abs(),
                objects: objects.iter().cloned().collect(),
            };
            let number = places.list.append(&self.certificate_key().await?, &line)?;
            let number = i64::try_from(number).map_err(|_| Error::Impossible("erasure.list_number"))?;
            let erasure = row.erasure_id.clone();
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        sqlx::query(LISTED).bind(erasure).bind(number).execute(c).await?;
                        Ok(())
                    })
                })
                .await?;
        }
        self.blank_all(&row.erasure_id, kind, &objects, by).await?;
        let living = self.reach_copies(&row.erasure_id, kind, &objects, places).await?;
        self.finish_erasing(id, objects.len(), living.len(), by).await?;
        Ok(Ran::Done { objects: objects.len(), living })
    }

    async fn begin_erasing(
        &self,
        id: ErasureId,
        row: &Row,
        objects: &BTreeSet<String>,
        by: Option<&OperatorName>,
        now: Timestamp,
    ) -> Result<Option<Ran>, Error> {
        let (row, objects, by) = (row.clone(), objects.clone(), by.cloned());
        let kind = row.kind()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    if row.state == "approved" {
                        let Some(measure) = measure(c, kind, now).await? else { return Ok(Some(Ran::NotReady)) };
                        if let Some(blocked) = super::first_blocked(c, kind, &objects, &measure).await? {
                            let act = match &by {
                                Some(officer) => Act::officer(Action::ErasureRun, officer, now),
                                None => Act::system(Action::ErasureRun, now),
                            };
                            record::append(c, &act.object(id).refused_for(code(&blocked))?).await?;
                            return Ok(Some(Ran::Blocked(blocked)));
                        }
                    }
                    let by = by.map_or_else(|| "system".to_owned(), |by| by.to_string());
                    let started = sqlx::query(START)
                        .bind(id.to_string())
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    Ok((started == 0).then_some(Ran::NotReady))
                })
            })
            .await
    }

    /// Keys and boxes in the database, some at a time, and then what lies in files.
    async fn blank_all(
        &self,
        erasure: &str,
        kind: Kind,
        objects: &BTreeSet<String>,
        by: Option<&OperatorName>,
    ) -> Result<(), Error> {
        let objects: Vec<String> = objects.iter().cloned().collect();
        for some in objects.chunks(OBJECTS_AT_ONCE) {
            self.blank_some(erasure, kind, some.to_vec(), by).await?;
        }
        let bodies: Vec<String> = sqlx::query_scalar(BODIES).bind(erasure).fetch_all(&self.reads).await?;
        for key in &bodies {
            self.bodies.discard(key).await;
        }
        Ok(())
    }

    async fn blank_some(
        &self,
        erasure: &str,
        kind: Kind,
        objects: Vec<String>,
        by: Option<&OperatorName>,
    ) -> Result<(), Error> {
        let (erasure, by, now) = (erasure.to_owned(), by.cloned(), self.clock.now());
        let fingerprints = self.fingerprints()?;
        // The job outlives this call, the store does not have to: it gets what it needs.
        let blanker = self.blanker();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let record = Record { erasure: &erasure, by: by.as_ref(), now };
                    for object in &objects {
                        let taken = blanker.blank(c, kind, object, &record).await?;
                        for piece in &taken.pieces {
                            let print = i64::from_ne_bytes(fingerprints.of(piece).to_ne_bytes());
                            sqlx::query(TRACE).bind(&erasure).bind(print).execute(&mut *c).await?;
                        }
                        for key in &taken.bodies {
                            sqlx::query(BODY).bind(&erasure).bind(key).execute(&mut *c).await?;
                        }
                        sqlx::query(ITEM_DONE)
                            .bind(&erasure)
                            .bind(object)
                            .bind(clock::text(now))
                            .execute(&mut *c)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    pub(super) fn fingerprints(&self) -> Result<Fingerprints, Error> {
        Ok(Fingerprints::new(&self.keys.blind_index("erasure_trace", b"")?))
    }

    async fn finish_erasing(
        &self,
        id: ErasureId,
        objects: usize,
        living: usize,
        by: Option<&OperatorName>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let act = match by {
            Some(officer) => Act::officer(Action::ErasureRun, officer, now),
            None => Act::system(Action::ErasureRun, now),
        };
        let act = act.object(id).number("objects", objects as u64).number("living_copies", living as u64);
        let entry = act.done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let finished = sqlx::query(FINISH)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if finished == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Erases what is past its time and certifies it. Meant to be called daily; the server does so by itself.
    ///
    /// Nothing of a kind goes whose procedure two people have not set (R11.1).
    ///
    /// # Errors
    /// When the database, the list of erasures or a place of backups fails; the next call goes on.
    pub async fn expire(&self, places: &Places, even_if_recent: bool) -> Result<Expired, Error> {
        let mut expired = Expired::default();
        let unfinished: Vec<String> = sqlx::query_scalar(UNFINISHED).fetch_all(&self.reads).await?;
        for id in unfinished {
            let id: ErasureId = id.parse().map_err(|_| Error::Impossible("erasure.erasure_id"))?;
            self.expire_one(id, places, &mut expired).await?;
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.facts().ends == Ends::ByErasure) {
            while let Some(id) = self.request_expiry(kind, even_if_recent).await? {
                self.expire_one(id, places, &mut expired).await?;
            }
        }
        Ok(expired)
    }

    async fn expire_one(&self, id: ErasureId, places: &Places, expired: &mut Expired) -> Result<(), Error> {
        let (row, objects) = {
            let mut c = self.reads.acquire().await?;
            let Some(row) = find(&mut c, id).await? else { return Ok(()) };
            let objects = items(&mut c, &row.erasure_id).await?;
            (row, objects)
        };
        expired.erasures.push(id);
        if row.state != "erased" {
            match self.erase(id, row, objects, None, places).await? {
                Ran::Done { objects, .. } => expired.objects += objects as u64,
                // Something of it was held meanwhile: given up, and the rest is asked for anew.
                Ran::Blocked(_) => {
                    self.give_up(id).await?;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
        match self.certify(id, None, places).await? {
            Certified::Done { .. } => expired.certified += 1,
            _ => expired.waiting += 1,
        }
        Ok(())
    }

    async fn give_up(&self, id: ErasureId) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::system(Action::ErasureWithdraw, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(super::WITHDRAW).bind(id.to_string()).bind(clock::text(now)).execute(&mut *c).await?;
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Names what is due of a kind; nothing where nothing is, or it was done a few hours ago.
    async fn request_expiry(&self, kind: Kind, even_if_recent: bool) -> Result<Option<ErasureId>, Error> {
        let now = self.clock.now();
        let id = ErasureId::fresh();
        // Looked for beside the writer, which sends wait for; what is found is decided again when it is run.
        let (found, version) = {
            let mut c = self.reads.acquire().await?;
            let Some(measure) = measure(&mut c, kind, now).await? else { return Ok(None) };
            let last: Option<String> = sqlx::query_scalar(LAST_EXPIRY).bind(kind.id()).fetch_one(&mut *c).await?;
            let since = now.checked_sub(EXPIRY_EVERY).unwrap_or(Timestamp::MIN);
            let found = objects::due(&mut c, kind, &measure, ERASURE_OBJECTS_MAX).await?;
            // A full erasure means that more is waiting; a smaller one waits for tomorrow.
            let recent = last.is_some_and(|last| last > clock::text(since));
            if recent && !even_if_recent && found.len() < ERASURE_OBJECTS_MAX {
                return Ok(None);
            }
            (found, measure.rule.version)
        };
        if found.is_empty() {
            return Ok(None);
        }
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    // What stands in another erasure is left to that one, which may be over by now. Asked here, where nobody
                    // else writes: two nodes, or the server and a command, may look at the same moment.
                    let mut due = BTreeSet::new();
                    for object in found {
                        let open: Option<String> =
                            sqlx::query_scalar(super::OPEN_ITEM).bind(&object).fetch_optional(&mut *c).await?;
                        let kept = objects::standing(c, kind, &object).await?.is_some_and(|one| !one.is_erased());
                        if open.is_none() && kept {
                            due.insert(object);
                        }
                    }
                    if due.is_empty() {
                        return Ok(None);
                    }
                    let new = NewErasure { kind, objects: due, reason: Reason::Expiry, basis: String::new() };
                    insert(c, id, &new, version, "approved", "system", &clock::text(now)).await?;
                    let act = Act::system(Action::ErasureRequest, now).object(id).code("kind", kind.id());
                    let act = act.code("reason", Reason::Expiry.id()).number("objects", new.objects.len() as u64);
                    record::append(c, &act.done()?).await?;
                    Ok(Some(id))
                })
            })
            .await
    }

    /// Runs an erasure of the list on data that do not know of it. False where they did and only lacked its number.
    pub(super) async fn erase_again(&self, line: &Line) -> Result<bool, Error> {
        let kind = line.kind()?;
        let objects: BTreeSet<String> = line.objects.iter().cloned().collect();
        let (now, row) = (self.clock.now(), line.clone());
        let number = i64::try_from(line.n).map_err(|_| Error::Impossible("erasure.list_number"))?;
        let known = {
            let id = line.erasure.parse().map_err(|_| Error::Impossible("erasure.erasure_id"))?;
            let mut c = self.reads.acquire().await?;
            find(&mut c, id).await?.is_some()
        };
        if known {
            self.blank_all(&line.erasure, kind, &objects, None).await?;
        } else {
            for some in line.objects.chunks(OBJECTS_AT_ONCE) {
                self.blank_unlisted(&line.erasure, kind, some.to_vec()).await?;
            }
        }
        let digest = digest_of(&objects);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(REPLAYED)
                        .bind(&row.erasure)
                        .bind(&row.kind)
                        .bind(row.objects.len() as i64)
                        .bind(digest)
                        .bind(&row.at)
                        .bind(number)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    let act = Act::system(Action::ErasureRun, now).object(&row.erasure).code("step", "again");
                    record::append(c, &act.number("objects", row.objects.len() as u64).done()?).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(!known)
    }

    /// As [`Store::blank_some`], where the data do not have the erasure's own rows.
    async fn blank_unlisted(&self, erasure: &str, kind: Kind, objects: Vec<String>) -> Result<(), Error> {
        let (erasure, now, blanker) = (erasure.to_owned(), self.clock.now(), self.blanker());
        let bodies = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let record = Record { erasure: &erasure, by: None, now };
                    let mut bodies = Vec::new();
                    for object in &objects {
                        bodies.extend(blanker.blank(c, kind, object, &record).await?.bodies);
                    }
                    Ok(bodies)
                })
            })
            .await?;
        for key in bodies {
            self.bodies.discard(&key).await;
        }
        Ok(())
    }
}
