//! 記録の木: signed checkpoints over the log, and what can be proven by them (R10.5, R10.6, R1.10).
//!
//! Leaves lie in the table `ledger`; of the tree above them the store keeps hash tiles, so that a proof reads a few rows
//! however long the log is. Any node may sign: the same entries come to the same tree.
//!
//! Nothing is signed that contradicts what was signed before. Each run begins at the last checkpoint, and each new entry is
//! hashed anew from its bytes.

mod export;
mod gap;
mod key;
mod proofs;
mod tiles;

pub use export::Continued;
pub use gap::{Gap, GapDeclared, Held};

use crate::{Error, Store, clock};
use ledger::{Checkpoint, SignatureLine, SignedCheckpoint, Stamp, Tree, VerifyingKey, leaf_hash};
use std::collections::BTreeMap;
use tokio::sync::Mutex;

const WHERE: Error = Error::Impossible("ledger");
/// Entries read at a time.
const ENTRIES_AT_ONCE: i64 = 4_096;
/// Checkpoints older than this are thinned to one an hour.
const ALL_KEPT_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

const ENTRIES: &str = "
    SELECT entry, leaf_hash FROM ledger WHERE entry_index >= $1 AND entry_index < $2 ORDER BY entry_index";
const NEWEST: &str = "SELECT note FROM log_checkpoint ORDER BY tree_size DESC LIMIT 1";
const ONE: &str = "SELECT note FROM log_checkpoint WHERE tree_size = $1";
/// Another node may have signed the same size a moment ago; then its note counts.
const KEEP: &str = "
    INSERT INTO log_checkpoint (tree_size, origin, note, made_at, kept) VALUES ($1, $2, $3, $4, 0)
    ON CONFLICT (tree_size) DO NOTHING";
const LEFT_THE_HOUSE: &str = "UPDATE log_checkpoint SET note = $2, kept = 1 WHERE tree_size = $1";
const THIN: &str = "
    DELETE FROM log_checkpoint
     WHERE kept = 0 AND made_at < $1
       AND tree_size NOT IN (SELECT max(tree_size) FROM log_checkpoint GROUP BY substr(made_at, 1, 13))";

/// The tree over the log, as far as it was read. Made anew from tables whenever it is not there.
#[derive(Debug, Default)]
pub(crate) struct LogTree(Mutex<Option<Tree>>);

/// Hashes of tiles that have grown, by level and index. Never of level 0, which the log itself is.
type Grown = BTreeMap<(u8, u64), Vec<u8>>;

impl Store {
    /// The newest checkpoint; signed now if the log has grown since (or was never signed).
    ///
    /// # Errors
    /// [`Error::LogContradicts`] when the tables no longer lead to what was signed before: then nothing is signed.
    pub async fn sign_checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        let mut held = self.log_tree.0.lock().await;
        // Whatever goes wrong, the next time begins with the tables.
        let mut tree = match held.take() {
            Some(tree) => tree,
            None => self.resume_tree().await?,
        };
        let newest = self.newest_checkpoint().await?;
        self.grow(&mut tree).await?;
        let key = self.signing_key().await?;
        if let Some(newest) = newest
            && newest.checkpoint().size() == tree.size()
            && newest.checkpoint().origin() == key.name()
        {
            *held = Some(tree);
            return Ok(newest);
        }
        let now = self.clock.now();
        let at = ledger::Timestamp::from_millisecond(now.as_millisecond()).map_err(|_| WHERE)?;
        let source = "host".parse().map_err(|_| WHERE)?;
        let stamp = Stamp { at, clock: self.clock.state(), source };
        let checkpoint = Checkpoint::new(key.name().clone(), tree.size(), tree.root(), &stamp).map_err(|_| WHERE)?;
        let signed = key.sign(checkpoint).map_err(|_| WHERE)?;
        let edge = tree
            .partial_tiles()
            .filter(|(tile, _)| tile.level > 0)
            .map(|(tile, hashes)| ((tile.level, tile.index), ledger::TileId::to_bytes(hashes)))
            .collect();
        let (size, origin, note) = (index(tree.size())?, key.name().to_string(), signed.to_string());
        let at = clock::text(now);
        let kept: String = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    tiles::keep(c, edge).await?;
                    sqlx::query(KEEP).bind(size).bind(origin).bind(note).bind(at).execute(&mut *c).await?;
                    Ok(sqlx::query_scalar(ONE).bind(size).fetch_one(&mut *c).await?)
                })
            })
            .await?;
        *held = Some(tree);
        let kept: SignedCheckpoint = kept.parse().map_err(|_| Error::LogContradicts)?;
        if kept.checkpoint().root() != signed.checkpoint().root() {
            return Err(Error::LogContradicts);
        }
        Ok(kept)
    }

    /// The newest checkpoint that was signed; none in a log without any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_checkpoint(&self) -> Result<Option<SignedCheckpoint>, Error> {
        let note: Option<String> = sqlx::query_scalar(NEWEST).fetch_optional(&self.reads).await?;
        note.map(|note| note.parse().map_err(|_| Error::LogContradicts)).transpose()
    }

    /// Notes that a checkpoint has left the house, with the cosignature of a witness if there is one. From then on it stays.
    ///
    /// # Errors
    /// When the cosignature is not this witness's, or the database fails.
    pub async fn checkpoint_left(
        &self,
        size: u64,
        cosignature: Option<(SignatureLine, &VerifyingKey)>,
    ) -> Result<(), Error> {
        let size = index(size)?;
        let cosignature = cosignature.map(|(line, witness)| (line, witness.clone()));
        // Read where it is written: a mail and two witnesses may take the same one out at the same moment, and none may
        // undo what another has added.
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let note: String = sqlx::query_scalar(ONE).bind(size).fetch_one(&mut *c).await?;
                    let mut signed: SignedCheckpoint = note.parse().map_err(|_| Error::LogContradicts)?;
                    if let Some((line, witness)) = cosignature {
                        signed.add_cosignature(line, &witness).map_err(|_| Error::Damaged)?;
                    }
                    sqlx::query(LEFT_THE_HOUSE).bind(size).bind(signed.to_string()).execute(&mut *c).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Of checkpoints that nobody outside has, one an hour is enough after a day.
    pub(crate) async fn thin_checkpoints(&self) -> Result<(), Error> {
        let before = clock::text(self.clock.now() - ALL_KEPT_FOR);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(THIN).bind(before).execute(&mut *c).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The tree at the last checkpoint, if the tables still lead to it.
    async fn resume_tree(&self) -> Result<Tree, Error> {
        let Some(newest) = self.newest_checkpoint().await? else { return Ok(Tree::new()) };
        let size = newest.checkpoint().size();
        let edge = Tree::edge_tiles(size).map_err(|_| Error::LogContradicts)?;
        let tiles = self.tiles(edge).await?;
        let tree = Tree::resume(size, &tiles).map_err(|_| Error::LogContradicts)?;
        if tree.root() != *newest.checkpoint().root() {
            return Err(Error::LogContradicts);
        }
        Ok(tree)
    }

    /// Takes in what the log has grown by, each entry hashed from its own bytes.
    async fn grow(&self, tree: &mut Tree) -> Result<(), Error> {
        loop {
            let from = index(tree.size())?;
            let rows: Vec<(String, String)> =
                sqlx::query_as(ENTRIES).bind(from).bind(from + ENTRIES_AT_ONCE).fetch_all(&self.reads).await?;
            let mut grown = Grown::new();
            for (entry, stored) in &rows {
                let leaf = leaf_hash(entry.as_bytes());
                if crate::hex::hex(&leaf) != *stored {
                    return Err(Error::LogContradicts);
                }
                tree.append_with(leaf, |tile, hashes| {
                    if tile.level > 0 {
                        grown.insert((tile.level, tile.index), ledger::TileId::to_bytes(hashes));
                    }
                });
            }
            if !grown.is_empty() {
                self.writer.run(move |c| Box::pin(async move { tiles::keep(c, grown).await })).await?;
            }
            if i64::try_from(rows.len()).is_ok_and(|read| read < ENTRIES_AT_ONCE) {
                return Ok(());
            }
        }
    }
}

fn index(size: u64) -> Result<i64, Error> {
    i64::try_from(size).map_err(|_| WHERE)
}
