//! 書き出し: the log as files that an outsider verifies without us.

use super::{ENTRIES_AT_ONCE, index};
use crate::{Error, Store};
use ledger::{
    CHECKPOINT_PATH, ExportError, ExportWriter, OLDER_CHECKPOINTS_MAX, SignedCheckpoint, older_checkpoint_path,
};
use std::io;

const ENTRIES: &str = "SELECT entry FROM ledger WHERE entry_index >= $1 AND entry_index < $2 ORDER BY entry_index";
/// Those that left the house first: somebody else may hold the same.
const OLDER: &str = "
    SELECT tree_size, note FROM log_checkpoint
     WHERE tree_size < $1 AND origin = $2 ORDER BY kept DESC, tree_size DESC LIMIT $3";

impl Store {
    /// Hands out the files of the whole log, the newest checkpoint last: it promises what came before it.
    ///
    /// # Errors
    /// [`Error::LogContradicts`] when the entries no longer lead to the checkpoint, [`Error::Export`] when a file is not
    /// written, and when the database fails.
    pub async fn write_log_files(
        &self,
        mut file: impl FnMut(&str, &[u8]) -> io::Result<()> + Send,
    ) -> Result<SignedCheckpoint, Error> {
        let newest = self.sign_checkpoint().await?;
        let size = newest.checkpoint().size();
        let mut writer = ExportWriter::new();
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
            .fetch_all(&self.reads)
            .await?;
        for (at, note) in older {
            let at = u64::try_from(at).map_err(|_| Error::LogContradicts)?;
            file(&older_checkpoint_path(at), note.as_bytes()).map_err(Error::Export)?;
        }
        file(CHECKPOINT_PATH, newest.to_string().as_bytes()).map_err(Error::Export)?;
        Ok(newest)
    }
}
