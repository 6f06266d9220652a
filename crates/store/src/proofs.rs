//! That entries stand in the log: proofs against a checkpoint that the log's key has signed.
//!
//! The tree is made of the table `ledger` and kept in memory as far as it was read; it may be made anew at any time, by any
//! node. A checkpoint is signed when a proof is asked for and the newest one does not cover it.

use crate::hex::unhex;
use crate::{Error, KEY_VERSION, Store, clock};
use ledger::{
    Checkpoint, ClockState, EntryProof, LogKey, Policy, SignedCheckpoint, Stamp, Tiles, Tree, TreeError, VerifyingKey,
};
use rand::Rng as _;
use seal::{Purpose, Zeroizing};
use tokio::sync::Mutex;

const WHERE: Error = Error::Impossible("ledger");
const SECRET_NAME: &str = "ledger";
/// Leaves read at a time.
const LEAVES_AT_ONCE: i64 = 4_096;
/// Leaves held in memory: 32 bytes each.
const LEAVES_MAX: u64 = 1 << 24;

const KEY: &str = "SELECT wrapped, certificate FROM secret WHERE name = $1";
/// Another process may have been quicker; then its key counts.
const KEEP_KEY: &str = "
    INSERT INTO secret (name, wrapped, certificate, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";
const LEAVES: &str = "
    SELECT leaf_hash FROM ledger WHERE entry_index >= $1 AND entry_index < $1 + $2 ORDER BY entry_index";
const ENTRY: &str = "SELECT entry FROM ledger WHERE entry_index = $1";

/// The tree over the log, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct LogTree(Mutex<Grown>);

#[derive(Debug, Default)]
struct Grown {
    tree: Tree,
    tiles: Tiles,
    newest: Option<SignedCheckpoint>,
}

impl Grown {
    fn append(&mut self, leaf: [u8; 32]) {
        let tiles = &mut self.tiles;
        self.tree.append_with(leaf, |tile, hashes| tiles.insert(tile, hashes.to_vec()));
    }

    /// The tiles that are not full yet take the place of what they were before.
    fn keep_edge(&mut self) {
        for (tile, hashes) in self.tree.partial_tiles() {
            self.tiles.insert(tile, hashes.to_vec());
        }
    }
}

impl Store {
    /// The public key by which anybody verifies the log, as text what C2SP calls a vkey.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_key(&self) -> Result<VerifyingKey, Error> {
        Ok(self.signing_key().await?.verifying_key())
    }

    /// Trusts this exchange's own log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_policy(&self) -> Result<Policy, Error> {
        Policy::new(self.log_key().await?).map_err(|_| WHERE)
    }

    /// The proofs of these entries, all against one checkpoint.
    pub(crate) async fn proofs_of(&self, indexes: &[u64]) -> Result<Vec<EntryProof>, Error> {
        let Some(last) = indexes.iter().max() else { return Ok(Vec::new()) };
        let key = self.signing_key().await?;
        let mut grown = self.log_tree.0.lock().await;
        let covered = grown.newest.as_ref().is_some_and(|newest| newest.checkpoint().size() > *last);
        if !covered {
            self.grow(&mut grown).await?;
            if grown.tree.size() <= *last {
                return Err(WHERE);
            }
            let at = ledger::Timestamp::from_millisecond(self.clock.now().as_millisecond()).map_err(|_| WHERE)?;
            let source = "host".parse().map_err(|_| WHERE)?;
            // Whether the host is synchronised is not asked here: said so rather than claimed (R10.3).
            let stamp = Stamp { at, clock: ClockState::Unknown, source };
            let (size, root) = (grown.tree.size(), grown.tree.root());
            let checkpoint = Checkpoint::new(key.name().clone(), size, root, &stamp).map_err(|_| WHERE)?;
            grown.newest = Some(key.sign(checkpoint).map_err(|_| WHERE)?);
        }
        let newest = grown.newest.clone().ok_or(WHERE)?;
        let mut proofs = Vec::with_capacity(indexes.len());
        for index in indexes {
            let entry: String = sqlx::query_scalar(ENTRY)
                .bind(i64::try_from(*index).map_err(|_| WHERE)?)
                .fetch_one(&self.reads)
                .await?;
            let proof = EntryProof::of(&grown.tiles, *index, entry.into_bytes(), newest.clone());
            let proof = proof.map_err(|_: TreeError| WHERE)?;
            // An entry that was changed in the database no longer leads to the root: no receipt is made of it.
            proof.verify_path().map_err(|_| Error::Damaged)?;
            proofs.push(proof);
        }
        Ok(proofs)
    }

    /// Takes in what the log has grown by.
    async fn grow(&self, grown: &mut Grown) -> Result<(), Error> {
        loop {
            let from = i64::try_from(grown.tree.size()).map_err(|_| WHERE)?;
            let leaves: Vec<String> =
                sqlx::query_scalar(LEAVES).bind(from).bind(LEAVES_AT_ONCE).fetch_all(&self.reads).await?;
            for leaf in &leaves {
                let leaf = unhex(leaf).and_then(|bytes| bytes.try_into().ok()).ok_or(WHERE)?;
                grown.append(leaf);
            }
            if grown.tree.size() > LEAVES_MAX {
                return Err(Error::Impossible("ledger size"));
            }
            if i64::try_from(leaves.len()).is_ok_and(|read| read < LEAVES_AT_ONCE) {
                grown.keep_edge();
                return Ok(());
            }
        }
    }

    /// The key that signs checkpoints, made at its first use.
    async fn signing_key(&self) -> Result<LogKey, Error> {
        let purpose = Purpose::LedgerKey { version: KEY_VERSION };
        let stored = || async {
            sqlx::query_as::<_, (Vec<u8>, String)>(KEY).bind(SECRET_NAME).fetch_optional(&self.reads).await
        };
        let (wrapped, name) = match stored().await? {
            Some(stored) => stored,
            None => {
                let (mut seed, mut mark) = (Zeroizing::new([0; 32]), [0; 4]);
                rand::rng().fill_bytes(seed.as_mut());
                rand::rng().fill_bytes(&mut mark);
                let name = format!("fumibako/log-{}", crate::hex::hex(&mark));
                let wrapped = self.master.wrap(&purpose, seed.as_ref(), &mut rand::rng()).map_err(|_| WHERE)?;
                let at = clock::text(self.clock.now());
                self.writer
                    .run(move |c| {
                        Box::pin(async move {
                            let kept = sqlx::query(KEEP_KEY).bind(SECRET_NAME).bind(wrapped).bind(name).bind(at);
                            kept.execute(&mut *c).await?;
                            Ok(())
                        })
                    })
                    .await?;
                stored().await?.ok_or(WHERE)?
            }
        };
        let seed = self.master.unwrap(&purpose, &wrapped).map_err(|_| Error::Damaged)?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).map_err(|_| Error::Damaged)?);
        Ok(LogKey::new(name.parse().map_err(|_| WHERE)?, &seed))
    }
}
