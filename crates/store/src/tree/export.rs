//! 書き出し: the log as files that an outsider verifies without us.

use super::{ENTRIES_AT_ONCE, Held, WHERE, index};
use crate::{Error, Store};
use ledger::{
    CHECKPOINT_PATH, ConsistencyProof, ExportError, ExportWriter, OLDER_CHECKPOINTS_MAX, SignedCheckpoint, TILE_WIDTH,
    Tree, TreeError, older_checkpoint_path, tiles_for_consistency,
};
use std::io;

const ENTRIES: &str = "SELECT entry FROM ledger WHERE entry_index >= $1 AND entry_index < $2 ORDER BY entry_index";
/// Those that left the house first: somebody else may hold the same.
const OLDER: &str = "
    SELECT tree_size, note FROM log_checkpoint
     WHERE tree_size < $1 AND tree_size >= $4 AND origin = $2 ORDER BY kept DESC, tree_size DESC LIMIT $3";

/// What an earlier export of the log is to this one.
#[derive(Clone, Debug)]
pub enum Continued {
    /// It was gone on with, up to this checkpoint.
    Done(SignedCheckpoint),
    /// It is of another log, of more entries than are here, or of others: nothing was written.
    Refused(Held),
}

impl Store {
    /// Hands out the files of the whole log, the newest checkpoint last: it promises what came before it.
    ///
    /// # Errors
    /// [`Error::LogContradicts`] when the entries no longer lead to the checkpoint, [`Error::Export`] when a file is not
    /// written, and when the database fails.
    pub async fn write_log_files(
        &self,
        file: impl FnMut(&str, &[u8]) -> io::Result<()> + Send,
    ) -> Result<SignedCheckpoint, Error> {
        let newest = self.sign_checkpoint().await?;
        self.write_from(0, &newest, file).await?;
        Ok(newest)
    }

    /// Hands out the files by which an earlier export grows into the present log: those of the edge of the earlier one again,
    /// as they are now, and what came after. Its own newest checkpoint becomes an older one. Nothing is handed out before it
    /// is proven that the log goes on from there.
    ///
    /// # Errors
    /// As [`Store::write_log_files`].
    pub async fn continue_log_files(
        &self,
        earlier: &SignedCheckpoint,
        mut file: impl FnMut(&str, &[u8]) -> io::Result<()> + Send,
    ) -> Result<Continued, Error> {
        // A former key counts for what it signed, but under another name: that log has ended.
        if self.log_policy().await?.check(earlier).is_err() {
            return Ok(Continued::Refused(Held::Stranger));
        }
        match self.hold_against(earlier).await? {
            Held::Agrees => {}
            other => return Ok(Continued::Refused(other)),
        }
        let newest = self.sign_checkpoint().await?;
        let (old, new) = (earlier.checkpoint(), newest.checkpoint());
        let tiles = self.tiles(tiles_for_consistency(old.size(), new.size()).map_err(|_| WHERE)?).await?;
        let proof = ConsistencyProof::between(&tiles, old.size(), new.size());
        let proof = proof.map_err(|_: TreeError| Error::LogContradicts)?;
        if proof.verify(old.root(), new.root()).is_err() {
            return Ok(Continued::Refused(Held::Differs));
        }
        if old.size() < new.size() {
            let path = older_checkpoint_path(old.size());
            file(&path, earlier.to_string().as_bytes()).map_err(Error::Export)?;
            self.write_from(old.size(), &newest, file).await?;
        }
        Ok(Continued::Done(newest))
    }

    /// The files that an export of so many entries lacks.
    async fn write_from(
        &self,
        have: u64,
        newest: &SignedCheckpoint,
        mut file: impl FnMut(&str, &[u8]) -> io::Result<()> + Send,
    ) -> Result<(), Error> {
        let size = newest.checkpoint().size();
        // A bundle that was not complete is made again from its beginning.
        let begun = have - have % u64::from(TILE_WIDTH);
        let edge = self.tiles(Tree::edge_tiles(begun).map_err(|_| WHERE)?).await?;
        let resumed = ExportWriter::resume(begun, &edge, Vec::new());
        let mut writer = resumed.map_err(|_: TreeError| Error::LogContradicts)?;
        while writer.tree().size() < size {
            let from = index(writer.tree().size())?;
            let until = (from + ENTRIES_AT_ONCE).min(index(size)?);
            let entries: Vec<String> =
                sqlx::query_scalar(ENTRIES).bind(from).bind(until).fetch_all(&self.reads).await?;
            if entries.is_empty() {
                return Err(Error::LogContradicts);
            }
            for entry in &entries {
                writer.push(entry.as_bytes(), &mut file).map_err(|error| match error {
                    ExportError::File(error) => Error::Export(error),
                    _ => Error::LogContradicts,
                })?;
            }
        }
        if writer.tree().root() != *newest.checkpoint().root() {
            return Err(Error::LogContradicts);
        }
        writer.edge(&mut file).map_err(Error::Export)?;
        let older: Vec<(i64, String)> = sqlx::query_as(OLDER)
            .bind(index(size)?)
            .bind(newest.checkpoint().origin().to_string())
            .bind(i64::try_from(OLDER_CHECKPOINTS_MAX).unwrap_or(i64::MAX))
            .bind(index(have)?)
            .fetch_all(&self.reads)
            .await?;
        for (at, note) in older {
            let at = u64::try_from(at).map_err(|_| Error::LogContradicts)?;
            file(&older_checkpoint_path(at), note.as_bytes()).map_err(Error::Export)?;
        }
        file(CHECKPOINT_PATH, newest.to_string().as_bytes()).map_err(Error::Export)
    }
}
