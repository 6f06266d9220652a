//! That entries stand in the log: proofs against a checkpoint that the log's key has signed.

use super::{WHERE, index};
use crate::{Error, Store};
use ledger::{ConsistencyProof, EntryProof, TreeError, WitnessRequest, tiles_for_consistency, tiles_for_inclusion};

const ENTRY: &str = "SELECT entry FROM ledger WHERE entry_index = $1";

impl Store {
    /// The proofs of these entries, all against one checkpoint.
    pub(crate) async fn proofs_of(&self, indexes: &[u64]) -> Result<Vec<EntryProof>, Error> {
        let Some(last) = indexes.iter().max() else { return Ok(Vec::new()) };
        let newest = match self.newest_checkpoint().await? {
            Some(newest) if newest.checkpoint().size() > *last => newest,
            _ => self.sign_checkpoint().await?,
        };
        let size = newest.checkpoint().size();
        if size <= *last {
            return Err(WHERE);
        }
        let mut proofs = Vec::with_capacity(indexes.len());
        for at in indexes {
            let entry: String = sqlx::query_scalar(ENTRY).bind(index(*at)?).fetch_one(&self.reads).await?;
            let tiles = self.tiles(tiles_for_inclusion(*at, size).map_err(|_| WHERE)?).await?;
            let proof = EntryProof::of(&tiles, *at, entry.into_bytes(), newest.clone());
            let proof = proof.map_err(|_: TreeError| Error::LogContradicts)?;
            // An entry that was changed in the database no longer leads to the root: no receipt is made of it.
            proof.verify_path().map_err(|_| Error::Damaged)?;
            proofs.push(proof);
        }
        Ok(proofs)
    }

    /// What a witness that last saw the log at this size is asked to cosign: the newest checkpoint, and that it goes on from
    /// there.
    ///
    /// # Errors
    /// [`Error::LogContradicts`] when it does not, and when the database fails.
    pub async fn witness_request(&self, seen: u64) -> Result<WitnessRequest, Error> {
        let newest = self.sign_checkpoint().await?;
        let size = newest.checkpoint().size();
        if seen > size {
            return Err(Error::LogContradicts);
        }
        let tiles = self.tiles(tiles_for_consistency(seen, size).map_err(|_| WHERE)?).await?;
        let proof = ConsistencyProof::between(&tiles, seen, size).map_err(|_: TreeError| Error::LogContradicts)?;
        WitnessRequest::new(proof, newest).map_err(|_| WHERE)
    }
}
