//! Continuing what is going on: a few rows at a time, from wherever it stands.

use super::places::{self, Place, Sealed};
use super::{OLD_KEY_LIFE_MIN, OPEN, Row, WHERE, finish};
use crate::database::{Connection, Pool, Together};
use crate::key_copies::{self, CopyPlace, KeyKind};
use crate::record::{self, Act};
use crate::{Error, SYSTEM, Store, clock, people};
use jiff::Timestamp;
use ledger::Action;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Rows wrapped anew in one go: they share a commit with whatever else waits for the writer, so they must be few.
const ROWS_AT_ONCE: i64 = 256;
/// Of these, rows written together. The text of so many statements stays prepared.
const ROWS_TOGETHER: usize = 32;
/// Rotations looked at in one go; there is one per kind and office at most.
const OPEN_AT_ONCE: i64 = 100;

const PROGRESS: &str = "
    UPDATE key_rotation SET stage = $4, after_id = $5, done = done + $6, found = found + $7
     WHERE rotation_id = $1 AND stage = $2 AND after_id = $3 AND walked_at IS NULL";
const WALKED: &str = "
    UPDATE key_rotation SET walked_at = $2, done = CASE WHEN pass_started_at = started_at THEN total ELSE done END
     WHERE rotation_id = $1";
const AGAIN: &str = "
    UPDATE key_rotation SET stage = 0, after_id = '', found = 0, walked_at = NULL, pass_started_at = $2
     WHERE rotation_id = $1";
const DESTROY: &str = "
    UPDATE working_key SET wrapped = $3, destroyed_at = $4
     WHERE kind = $1 AND destroyed_at IS NULL
       AND key_version < (SELECT key_version FROM working_key WHERE kind = $1 AND key_id = $2)
    RETURNING key_id";
const HASHES_NOT_UNDER: &str = "
    SELECT (SELECT count(*) FROM account WHERE password_hash IS NOT NULL AND password_hash NOT LIKE $1)
         + (SELECT count(*) FROM password_history WHERE hash NOT LIKE $1)";
const SEEN: &str = "UPDATE key_rotation SET done = total - $2, walked_at = $3 WHERE rotation_id = $1";

/// Between two looks when there is nothing to do.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Time left to others for each part of one's own.
const STAND_BACK: u32 = 60;

/// What a call to [`Store::rotation_step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// No key is being replaced.
    Idle,
    /// Nothing to do at the moment: a key is announced, or an old one waits for its end.
    Waiting,
    /// So many rows were looked at.
    Worked(u64),
}

/// What a pass should do now.
pub(super) enum Due {
    Walk,
    Again,
    Wait,
}

impl Row {
    pub(super) fn kind(&self) -> Result<KeyKind, Error> {
        KeyKind::from_id(&self.kind).ok_or(WHERE)
    }

    fn instant(text: &str) -> Result<Timestamp, Error> {
        text.parse().map_err(|_| WHERE)
    }

    pub(super) fn due(&self, now: Timestamp) -> Result<Due, Error> {
        let Some(walked_at) = &self.walked_at else { return Ok(Due::Walk) };
        // The first pass is followed by one that begins late enough; a late one that still found something, by another.
        let since = if self.is_first_pass() { &self.started_at } else { walked_at };
        Ok(if now >= Self::instant(since)? + OLD_KEY_LIFE_MIN { Due::Again } else { Due::Wait })
    }

    pub(super) fn is_first_pass(&self) -> bool {
        self.pass_started_at == self.started_at
    }

    /// Whether this pass began so late that whatever was under way under the old key is in the database.
    pub(super) fn is_late_pass(&self) -> Result<bool, Error> {
        Ok(Self::instant(&self.pass_started_at)? >= Self::instant(&self.started_at)? + OLD_KEY_LIFE_MIN)
    }
}

/// What came of some rows.
#[derive(Default)]
pub(super) struct Batch {
    /// Id, new, old.
    pub(super) changed: Vec<(String, Vec<u8>, Vec<u8>)>,
    pub(super) damaged: Vec<String>,
    pub(super) last: Option<String>,
    pub(super) seen: u64,
    /// Rows that were under an old key and are written by another hand.
    pub(super) elsewhere: i64,
}

impl Batch {
    /// What came of rows that are written by whoever knows them.
    pub(super) fn counting(seen: u64, found: i64, last: Option<String>) -> Self {
        Self { seen, last, elsewhere: found, ..Self::default() }
    }

    /// Writes what was changed with a statement of id, new and old.
    pub(super) async fn write(&self, c: &mut Connection, update: &'static str) -> Result<(), Error> {
        for part in self.changed.chunks(ROWS_TOGETHER) {
            let mut together = Together::default();
            for (id, new, old) in part {
                together.statement(update).bind(id).bind(Some(new.as_slice())).bind(Some(old.as_slice()));
            }
            together.run(c).await?;
        }
        Ok(())
    }

    pub(super) fn found(&self) -> i64 {
        (self.changed.len() + self.damaged.len()) as i64 + self.elsewhere
    }
}

/// Notes how far it is. Where another process did the same rows, only one of the two counts.
pub(super) async fn progress(
    c: &mut Connection,
    row: &Row,
    (stage, after): (i64, &str),
    batch: &Batch,
) -> Result<(), Error> {
    let done = if row.is_first_pass() { batch.seen as i64 } else { 0 };
    sqlx::query(PROGRESS)
        .bind(&row.rotation_id)
        .bind(row.stage)
        .bind(&row.after_id)
        .bind(stage)
        .bind(after)
        .bind(done)
        .bind(batch.found())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn damaged(c: &mut Connection, batch: &Batch, now: Timestamp) -> Result<(), Error> {
    for id in &batch.damaged {
        record::append(c, &Act::system(Action::BoxDamaged, now).object(id).failed("damaged")?).await?;
    }
    Ok(())
}

impl Store {
    /// Continues what is being replaced by a few rows; meant to be called again and again in the background.
    ///
    /// # Errors
    /// When the database or the key store fails; nothing is lost by calling again.
    pub async fn rotation_step(&self) -> Result<RotationStep, Error> {
        let open: Vec<Row> = sqlx::query_as(OPEN).bind(OPEN_AT_ONCE).fetch_all(&self.reads).await?;
        if open.is_empty() {
            return Ok(RotationStep::Idle);
        }
        self.refresh_keys().await?;
        for row in open {
            let done = match row.kind()? {
                KeyKind::Master => self.continue_master(&row).await?,
                KeyKind::Pepper => self.pepper_step(&row).await?,
                KeyKind::Office => self.office_step(&row).await?,
                kind @ (KeyKind::Wrapping | KeyKind::Field) => self.walk_step(&row, kind).await?,
                _ => RotationStep::Waiting,
            };
            if let RotationStep::Worked(_) = done {
                return Ok(done);
            }
        }
        Ok(RotationStep::Waiting)
    }

    /// One step, and how long to wait before the next: while others write, a rotation works
    /// one part in `STAND_BACK` of the time: what it changes is written, synced and carried over besides.
    ///
    /// # Errors
    /// As [`Store::rotation_step`].
    pub async fn rotation_turn(&self) -> Result<Duration, Error> {
        let work = || Duration::from_micros(self.keys.rotation_work.load(Ordering::Relaxed));
        let (before, worked) = (self.writer.counts().jobs(), work());
        Ok(match self.rotation_step().await? {
            RotationStep::Idle | RotationStep::Waiting => LOOK_AGAIN,
            RotationStep::Worked(_) => {
                let others = self.writer.counts().jobs().saturating_sub(before) > 1;
                if others { work().saturating_sub(worked) * STAND_BACK } else { Duration::ZERO }
            }
        })
    }

    /// True when the pass may walk now.
    pub(super) async fn pass_is_due(&self, row: &Row) -> Result<bool, Error> {
        let now = self.clock.now();
        match row.due(now)? {
            Due::Walk => Ok(true),
            Due::Wait => Ok(false),
            Due::Again => {
                self.one(AGAIN, &row.rotation_id, now).await?;
                Ok(false)
            }
        }
    }

    async fn one(&self, sql: &'static str, id: &str, now: Timestamp) -> Result<(), Error> {
        let (id, at) = (id.to_owned(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(sql).bind(id).bind(at).execute(c).await?;
                    Ok(())
                })
            })
            .await
    }

    pub(super) async fn pass_is_over(&self, row: &Row) -> Result<(), Error> {
        self.one(WALKED, &row.rotation_id, self.clock.now()).await
    }

    async fn walk_step(&self, row: &Row, kind: KeyKind) -> Result<RotationStep, Error> {
        let now = self.clock.now();
        {
            let ring = self.keys.ring()?;
            let newest = ring.newest(kind)?;
            if newest.id.to_string() != row.to_key_id || newest.usable_from() > now {
                return Ok(RotationStep::Waiting);
            }
        }
        if !self.pass_is_due(row).await? {
            // A pass that begins anew is work of its own.
            return Ok(if matches!(row.due(now)?, Due::Again) {
                RotationStep::Worked(0)
            } else {
                RotationStep::Waiting
            });
        }
        let stage = usize::try_from(row.stage).map_err(|_| WHERE)?;
        let Some(place) = places::of(kind).get(stage) else {
            if row.is_late_pass()? && row.found == 0 {
                self.destroy_working_keys(row, kind).await?;
            } else {
                self.pass_is_over(row).await?;
            }
            return Ok(RotationStep::Worked(0));
        };
        let rows: Vec<Sealed> =
            sqlx::query_as(place.select).bind(&row.after_id).bind(ROWS_AT_ONCE).fetch_all(&self.reads).await?;
        let batch = self.rewrap(kind, place, rows).await?;
        let seen = batch.seen;
        let (row, keys) = (row.clone(), Arc::clone(&self.keys));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let start = Instant::now();
                    batch.write(c, place.update).await?;
                    keys.worked_since(start);
                    damaged(c, &batch, now).await?;
                    match &batch.last {
                        Some(last) => progress(c, &row, (row.stage, last), &batch).await,
                        None => progress(c, &row, (row.stage + 1, ""), &batch).await,
                    }
                })
            })
            .await?;
        Ok(RotationStep::Worked(seen))
    }

    async fn rewrap(&self, kind: KeyKind, place: &'static Place, rows: Vec<Sealed>) -> Result<Batch, Error> {
        let keys = Arc::clone(&self.keys);
        let work = move || {
            let start = Instant::now();
            let newest = keys.ring()?.newest(kind)?.id;
            let mut batch =
                Batch { seen: rows.len() as u64, last: rows.last().map(|row| row.id.clone()), ..Batch::default() };
            for row in rows {
                match places::rewrapped(&keys, kind, place, &row, newest) {
                    Ok(None) => {}
                    Ok(Some(new)) => batch.changed.push((row.id, new, row.sealed)),
                    // It did not open before either. It keeps the old key alive, and the log says which it is.
                    Err(Error::Damaged) => batch.damaged.push(row.id),
                    Err(error) => return Err(error),
                }
            }
            keys.worked_since(start);
            Ok(batch)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| WHERE)?
    }

    /// Nothing is under the old keys of this kind any more: they end, and the register says so.
    async fn destroy_working_keys(&self, row: &Row, kind: KeyKind) -> Result<(), Error> {
        let (now, row) = (self.clock.now(), row.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let old: Vec<String> = sqlx::query_scalar(DESTROY)
                        .bind(kind.id())
                        .bind(&row.to_key_id)
                        .bind(Vec::<u8>::new())
                        .bind(clock::text(now))
                        .fetch_all(&mut *c)
                        .await?;
                    for id in &old {
                        let what = (kind, id.as_str(), CopyPlace::Database, "");
                        key_copies::destroyed(c, what, "rotation", SYSTEM, now).await?;
                        let act = Act::system(Action::KeyDestroy, now).object(id).code("kind", kind.id());
                        record::append(c, &act.done()?).await?;
                    }
                    if finish(c, &row.rotation_id, now).await? {
                        let act = Act::system(Action::KeyRotate, now).object(&row.to_key_id).code("kind", kind.id());
                        record::append(c, &act.done()?).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.refresh_keys().await.map(|_| ())
    }

    /// Passwords are hashed anew as their owners sign in. The old pepper ends with the last hash under it.
    async fn pepper_step(&self, row: &Row) -> Result<RotationStep, Error> {
        let now = self.clock.now();
        let looked_at = match &row.walked_at {
            Some(at) => Row::instant(at)?,
            None => Row::instant(&row.started_at)?,
        };
        if now < looked_at + OLD_KEY_LIFE_MIN {
            return Ok(RotationStep::Waiting);
        }
        let version = self.keys.ring()?.newest(KeyKind::Pepper)?.version;
        let left = hashes_not_under(&self.reads, version).await?;
        if left == 0 {
            self.destroy_working_keys(row, KeyKind::Pepper).await?;
            return Ok(RotationStep::Worked(0));
        }
        let (id, at) = (row.rotation_id.clone(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(SEEN).bind(id).bind(left).bind(at).execute(c).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(RotationStep::Worked(0))
    }
}

/// Hashes under another pepper than the one of this version.
pub(super) async fn hashes_not_under(reads: &Pool, version: u32) -> Result<i64, Error> {
    let mark = people::pepper_mark(version)?.map_or_else(String::new, |mark| format!("%{mark}%"));
    Ok(sqlx::query_scalar(HASHES_NOT_UNDER).bind(mark).fetch_one(reads).await?)
}
