//! What was anchored outside is held against what lies here. An older state is never taken up in silence (R4.6, R10.5).

use super::key::SECRET_NAME;
use super::{WHERE, index};
use crate::hex::hex;
use crate::record::{self, Act};
use crate::{Error, OperatorName, Store, clock};
use ledger::{Action, SignedCheckpoint, tiles_for_root};

const SIZE: &str = "SELECT coalesce(max(entry_index) + 1, 0) FROM ledger";
const END_KEY: &str = "INSERT INTO log_former_key (origin, public_key, ended_at) VALUES ($1, $2, $3)";
const NEW_KEY: &str = "UPDATE secret SET wrapped = $2, certificate = $3, created_at = $4 WHERE name = $1";
const GAP: &str = "
    INSERT INTO log_gap (gap_id, origin_before, origin_after, anchored_size, anchored_root, size_here, reason,
                         declared_by, approved_by, declared_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// How an anchored checkpoint and this database go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The log here goes on from what was anchored.
    Agrees,
    /// Entries are missing that had been anchored: an older backup, or something was taken away.
    Behind {
        /// Entries that were anchored.
        anchored: u64,
        /// Entries that are here.
        here: u64,
    },
    /// As many entries are here, and they are others.
    Differs,
    /// No key of this log has signed it.
    Stranger,
}

/// What two people say about a gap.
#[derive(Clone, Debug)]
pub struct Gap {
    /// Why an older state is taken up.
    pub reason: String,
    /// Who says so.
    pub declared_by: OperatorName,
    /// Who agrees.
    pub approved_by: OperatorName,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GapDeclared {
    /// The log goes on under this name and key.
    Done(String),
    /// Nothing is missing.
    NoGap,
    /// The two people are one.
    SamePerson,
    /// It says nothing about why.
    NoReason,
    /// The anchor is another log's.
    Stranger,
}

impl Store {
    /// Holds a checkpoint from outside against this database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_against(&self, anchored: &SignedCheckpoint) -> Result<Held, Error> {
        let own = self.log_policy().await?;
        if own.check(anchored).is_err() {
            // A former key counts for what it signed before the gap, which was declared: nothing to hold against.
            let former = self.former_log_keys().await?;
            let known = former
                .into_iter()
                .filter_map(|key| ledger::Policy::new(key).ok())
                .any(|policy| policy.check(anchored).is_ok());
            return Ok(if known { Held::Agrees } else { Held::Stranger });
        }
        let (size, here) = (anchored.checkpoint().size(), self.log_size().await?);
        if size > here {
            return Ok(Held::Behind { anchored: size, here });
        }
        // Tiles are stored with checkpoints, so the newest one here must reach as far first.
        match self.sign_checkpoint().await {
            Ok(_) => {}
            Err(Error::LogContradicts) => return Ok(Held::Differs),
            Err(error) => return Err(error),
        }
        let tiles = self.tiles(tiles_for_root(size).map_err(|_| WHERE)?).await?;
        let root = ledger::root_of(&tiles, size);
        Ok(if root.is_ok_and(|root| root == *anchored.checkpoint().root()) { Held::Agrees } else { Held::Differs })
    }

    /// Goes on from an older state, under a new name and key, so that nobody takes the one log for the other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn declare_gap(&self, anchored: &SignedCheckpoint, gap: Gap) -> Result<GapDeclared, Error> {
        if gap.reason.trim().is_empty() {
            return Ok(GapDeclared::NoReason);
        }
        if gap.declared_by.is(&gap.approved_by) {
            return Ok(GapDeclared::SamePerson);
        }
        match self.hold_against(anchored).await? {
            Held::Behind { .. } | Held::Differs => {}
            Held::Agrees => return Ok(GapDeclared::NoGap),
            Held::Stranger => return Ok(GapDeclared::Stranger),
        }
        // A log that contradicts itself cannot be gone on with, whoever says so.
        self.sign_checkpoint().await?;
        let (before, here) = (self.log_key().await?, self.log_size().await?);
        let (wrapped, origin) = self.new_key()?;
        let (now, id) = (self.clock.now(), uuid::Uuid::now_v7().to_string());
        let (size, root) = (anchored.checkpoint().size(), hex(anchored.checkpoint().root()));
        // Recorded as done by the one who agreed; who declared it stands in `log_gap`.
        let entry = Act::officer(Action::LogGap, &gap.approved_by, now)
            .object(&id)
            .number("anchored", size)
            .number("here", here)
            .hex("root", anchored.checkpoint().root())
            .done()?;
        let name = origin.clone();
        let (size, here) = (index(size)?, index(here)?);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let ended = sqlx::query(END_KEY).bind(before.name().to_string()).bind(before.to_string());
                    ended.bind(&at).execute(&mut *c).await?;
                    let new = sqlx::query(NEW_KEY).bind(SECRET_NAME).bind(wrapped).bind(&origin).bind(&at);
                    new.execute(&mut *c).await?;
                    sqlx::query(GAP)
                        .bind(id)
                        .bind(before.name().to_string())
                        .bind(&origin)
                        .bind(size)
                        .bind(root)
                        .bind(here)
                        .bind(gap.reason.trim())
                        .bind(gap.declared_by.to_string())
                        .bind(gap.approved_by.to_string())
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(())
                })
            })
            .await?;
        self.sign_checkpoint().await?;
        Ok(GapDeclared::Done(name))
    }

    /// How many entries the log has.
    pub(crate) async fn log_size(&self) -> Result<u64, Error> {
        let size: i64 = sqlx::query_scalar(SIZE).fetch_one(&self.reads).await?;
        u64::try_from(size).map_err(|_| WHERE)
    }
}
