//! 鍵の更新 — replacing keys while the exchange goes on (R6.5).
//!
//! A working key is replaced in three steps. The new one is announced: every node reads it, none uses it. Half a minute later
//! it is in use, and everything under the old one is wrapped anew, a few rows at a time, behind the requests. When a pass that
//! began long after finds nothing under the old key any more, that is destroyed. A row of `key_rotation` holds how far it
//! is; whoever continues after a crash begins where it stands, and doing a row twice does no harm.

mod database;
mod master;
mod office;
mod places;
mod step;

pub use database::DatabaseKeyReplaced;
pub use master::MasterReplaced;
pub use step::RotationStep;

use crate::database::Connection;
use crate::key_copies::KeyKind;
use crate::keys::NewWorkingKey;
use crate::record::{self, Act};
use crate::{Error, KeyRotationId, OperatorName, SYSTEM, Store, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;

/// From announcing a key to using it: far longer than any node takes to read it again.
pub(crate) const ANNOUNCED_BEFORE_USE: SignedDuration = SignedDuration::from_secs(30);
/// The old key lives at least so long, for whatever was wrapped under it and is not in the database yet.
const OLD_KEY_LIFE_MIN: SignedDuration = SignedDuration::from_hours(1);
/// Rotations on the operator's terminal.
const LISTED_MAX: i64 = 200;
const WHERE: Error = Error::Impossible("key_rotation");

/// 鍵の更新一件.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Ours.
    pub id: KeyRotationId,
    /// Which kind of key.
    pub kind: KeyKind,
    /// Whose; empty where there is one for the exchange.
    pub subject: String,
    /// The key that is replaced.
    pub from: String,
    /// The new one.
    pub to: String,
    /// Who began it.
    pub requested_by: String,
    /// When, RFC 3339 in UTC.
    pub started_at: String,
    /// Rows seen so far.
    pub done: u64,
    /// Rows there were when it began.
    pub total: u64,
    /// When everything had been seen.
    pub walked_at: Option<String>,
    /// When the old key was destroyed.
    pub finished_at: Option<String>,
}

/// What came of asking for a key to be replaced.
#[derive(Clone, Debug)]
pub enum RotationStarted {
    /// It goes on by itself from here.
    Done(Rotation),
    /// One is going on already.
    Already(Rotation),
    /// What was indexed cannot be indexed anew, so there is no replacing this key; or it has a command of its own.
    NotThisWay,
    /// No office has this number.
    NoSuchOffice,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Row {
    rotation_id: String,
    kind: String,
    subject: String,
    from_key_id: String,
    to_key_id: String,
    requested_by: String,
    started_at: String,
    stage: i64,
    after_id: String,
    total: i64,
    done: i64,
    pass_started_at: String,
    found: i64,
    walked_at: Option<String>,
    finished_at: Option<String>,
}

macro_rules! select_rotation {
    ($rest:literal) => {
        concat!(
            "SELECT rotation_id, kind, subject, from_key_id, to_key_id, requested_by, started_at, stage, after_id,
                    total, done, pass_started_at, found, walked_at, finished_at
               FROM key_rotation ",
            $rest
        )
    };
}

const INSERT: &str = "
    INSERT INTO key_rotation (rotation_id, kind, subject, from_key_id, to_key_id, requested_by, started_at, stage,
                              after_id, total, done, pass_started_at, found)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', $8, 0, $7, 0)";
const OPEN_OF: &str = select_rotation!("WHERE kind = $1 AND subject = $2 AND finished_at IS NULL");
const OPEN: &str = select_rotation!("WHERE finished_at IS NULL ORDER BY started_at, rotation_id LIMIT $1");
const ALL: &str = select_rotation!("ORDER BY started_at DESC, rotation_id DESC LIMIT $1");
const FINISH: &str = "UPDATE key_rotation SET finished_at = $2 WHERE rotation_id = $1 AND finished_at IS NULL";

impl TryFrom<Row> for Rotation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.rotation_id.parse().map_err(|_| WHERE)?,
            kind: KeyKind::from_id(&row.kind).ok_or(WHERE)?,
            subject: row.subject,
            from: row.from_key_id,
            to: row.to_key_id,
            requested_by: row.requested_by,
            started_at: row.started_at,
            done: u64::try_from(row.done).map_err(|_| WHERE)?,
            total: u64::try_from(row.total).map_err(|_| WHERE)?,
            walked_at: row.walked_at,
            finished_at: row.finished_at,
        })
    }
}

/// A rotation about to be written.
#[derive(Clone, Debug)]
struct NewRotation {
    kind: KeyKind,
    subject: String,
    from: String,
    to: String,
    by: String,
}

impl NewRotation {
    async fn write(&self, c: &mut Connection, total: u64, now: Timestamp) -> Result<Rotation, Error> {
        let at = clock::text(now);
        sqlx::query(INSERT)
            .bind(KeyRotationId::fresh().to_string())
            .bind(self.kind.id())
            .bind(&self.subject)
            .bind(&self.from)
            .bind(&self.to)
            .bind(&self.by)
            .bind(&at)
            .bind(i64::try_from(total).map_err(|_| WHERE)?)
            .execute(&mut *c)
            .await?;
        open_of(c, self.kind, &self.subject).await?.ok_or(WHERE)?.try_into()
    }
}

async fn open_of(c: &mut Connection, kind: KeyKind, subject: &str) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(OPEN_OF).bind(kind.id()).bind(subject).fetch_optional(c).await?)
}

async fn finish(c: &mut Connection, id: &str, now: Timestamp) -> Result<bool, Error> {
    let finished = sqlx::query(FINISH).bind(id).bind(clock::text(now)).execute(c).await?;
    Ok(finished.rows_affected() == 1)
}

/// What the master key itself wrapped before there were working keys is put under the first wrapping key.
pub(crate) async fn take_over_from_master(c: &mut Connection, now: Timestamp) -> Result<(), Error> {
    const FIRST: &str = "SELECT key_id FROM working_key WHERE kind = 'wrapping' AND key_version = 1";
    let to: String = sqlx::query_scalar(FIRST).fetch_one(&mut *c).await?;
    let total = places::count(c, KeyKind::Wrapping).await?;
    let new =
        NewRotation { kind: KeyKind::Wrapping, subject: String::new(), from: String::new(), to, by: SYSTEM.to_owned() };
    new.write(c, total, now).await.map(|_| ())
}

impl Store {
    /// The newest rotations, open or finished.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotations(&self) -> Result<Vec<Rotation>, Error> {
        let rows: Vec<Row> = sqlx::query_as(ALL).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(Rotation::try_from).collect()
    }

    /// Begins to replace a working key: of wrapping, of fields, of passwords. It goes on in the server, or by
    /// [`Store::rotation_step`].
    ///
    /// # Errors
    /// When the database or the key store fails; then nothing has changed.
    pub async fn rotate_working_key(&self, kind: KeyKind, by: &OperatorName) -> Result<RotationStarted, Error> {
        if !matches!(kind, KeyKind::Wrapping | KeyKind::Field | KeyKind::Pepper) {
            return Ok(RotationStarted::NotThisWay);
        }
        self.refresh_keys().await?;
        let (version, from) = {
            let ring = self.keys.ring()?;
            let newest = ring.newest(kind)?;
            (newest.version + 1, newest.id.to_string())
        };
        let masters = self.keys.masters.clone();
        let made = tokio::task::spawn_blocking(move || NewWorkingKey::fresh(kind, version, &masters));
        let key = made.await.map_err(|_| WHERE)??;
        let now = self.clock.now();
        let entry = Act::officer(Action::KeyRotateStart, by, now).object(&key.id).code("kind", kind.id()).done()?;
        let by = by.to_string();
        let new = NewRotation { kind, subject: String::new(), from, to: key.id.clone(), by };
        let started = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    if let Some(open) = open_of(c, kind, "").await? {
                        return Ok(RotationStarted::Already(open.try_into()?));
                    }
                    key.write(c, &new.by, now, now + ANNOUNCED_BEFORE_USE).await?;
                    let total = places::count(c, kind).await?;
                    let rotation = new.write(c, total, now).await?;
                    record::append(c, &entry).await?;
                    Ok(RotationStarted::Done(rotation))
                })
            })
            .await?;
        self.refresh_keys().await?;
        Ok(started)
    }
}
