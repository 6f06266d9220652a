//! 書き出した記録 — the log as files: signed checkpoints, entries in bundles, hashes in tiles, as C2SP tlog-tiles lays them out.

use crate::checkpoint::SignedCheckpoint;
use crate::entry_proof::EntryProof;
use crate::note::NOTE_BYTES_MAX;
use crate::tile::{TILE_WIDTH, TileId, TreeError, TreeSource};
use crate::tree::{Hash, Tree};
use crate::{ENTRY_BYTES_MAX, leaf_hash};

/// The longest file of entries: 256 of the longest, each with its length.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);

/// The newest checkpoint.
pub const CHECKPOINT_PATH: &str = "checkpoint";
/// The folder of older ones.
pub const CHECKPOINTS_FOLDER: &str = "checkpoints";
/// The folder of entries and hashes.
pub const TILES_FOLDER: &str = "tile";

/// The longest file that a reader is asked for.
pub const FILE_BYTES_MAX: usize = if BUNDLE_BYTES_MAX > NOTE_BYTES_MAX { BUNDLE_BYTES_MAX } else { NOTE_BYTES_MAX };

/// Where an older checkpoint of this size goes.
#[must_use]
pub fn older_checkpoint_path(size: u64) -> String {
    format!("{CHECKPOINTS_FOLDER}/{size:013}")
}

/// The files that only an export of this size has. When it grows they are to be removed, since a reader takes them for strays.
pub fn edge_paths(size: u64) -> Result<Vec<String>, TreeError> {
    let paths = |tile: TileId| [(tile.level == 0).then(|| tile.entries_path()), Some(tile.path())];
    Ok(Tree::edge_tiles(size)?.into_iter().flat_map(paths).flatten().collect())
}

/// The files of an exported log, wherever they lie. Paths are relative, with `/` between folders.
pub trait Export {
    /// Why a file cannot be read.
    type Error;

    /// The bytes of a file, at most [`FILE_BYTES_MAX`] and one more, so that a longer one shows; none if there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Shows every file below a folder, in any order. A path that is no text is shown as well as it can be.
    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), Self::Error>;
}

/// An entry cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError<E> {
    /// It is longer than any.
    #[error("an entry is longer than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    /// A file was not written.
    #[error(transparent)]
    File(#[from] E),
}

/// Makes the files of an export from entries in order, with one bundle in memory. The caller writes them, and at the end signs
/// and writes the checkpoint; one that is written first would promise what is not there.
#[derive(Debug, Default)]
pub struct ExportWriter {
    tree: Tree,
    bundle: Vec<u8>,
}

impl ExportWriter {
    /// An export without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on after so many entries; `bundle` are the bytes of the last file of entries if that is not complete.
    pub fn resume<S: TreeSource>(size: u64, source: &S, bundle: Vec<u8>) -> Result<Self, S::Error> {
        Ok(Self { tree: Tree::resume(size, source)?, bundle })
    }

    /// The tree over what was added, for checkpoints.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Adds an entry, and hands out the files that are complete by it.
    pub fn push<E>(
        &mut self,
        entry: &[u8],
        mut file: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), ExportError<E>> {
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(ExportError::TooLong);
        }
        let len = u16::try_from(entry.len()).map_err(|_| ExportError::TooLong)?;
        self.bundle.extend(len.to_be_bytes());
        self.bundle.extend(entry);
        let mut complete = Vec::new();
        self.tree.append_with(leaf_hash(entry), |tile, hashes| complete.push((tile, TileId::to_bytes(hashes))));
        for (tile, bytes) in complete {
            if tile.level == 0 {
                file(&tile.entries_path(), &std::mem::take(&mut self.bundle))?;
            }
            file(&tile.path(), &bytes)?;
        }
        Ok(())
    }

    /// Hands out the files of the right edge. More entries may follow; then these files are to be removed: [`edge_paths`].
    pub fn edge<E>(&self, mut file: impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<(), E> {
        for (tile, hashes) in self.tree.partial_tiles() {
            if tile.level == 0 {
                file(&tile.entries_path(), &self.bundle)?;
            }
            file(&tile.path(), &TileId::to_bytes(hashes))?;
        }
        Ok(())
    }
}

/// The entries of a bundle, in order. The last is an error if the bytes cannot be cut into entries.
pub(crate) fn entries_of(bundle: &[u8]) -> impl Iterator<Item = Result<&[u8], BrokenBundle>> {
    let mut rest = bundle;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest.split_first_chunk::<2>().and_then(|(len, after)| {
            let len = usize::from(u16::from_be_bytes(*len));
            after.split_at_checked(len).filter(|_| len <= ENTRY_BYTES_MAX)
        });
        rest = cut.map_or(&[], |(_, after)| after);
        Some(cut.map(|(entry, _)| entry).ok_or(BrokenBundle))
    })
}

/// The bytes of a bundle cannot be cut into entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenBundle;

/// Why no proof is made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// There is no readable checkpoint.
    #[error("no readable checkpoint")]
    Checkpoint,
    /// The log has no such entry: it has so many.
    #[error("the log has {0} entries")]
    OutOfRange(u64),
    /// A file is missing or damaged: verify the export.
    #[error("a file is missing or damaged: {0}")]
    Damaged(String),
    /// The proof that was made does not lead to the root: verify the export.
    #[error("entry and hashes do not lead to the root")]
    Mismatch,
    /// A file cannot be read.
    #[error(transparent)]
    Read(E),
}

/// Proves an entry of an exported log. Whom to trust is for those who verify the proof.
pub fn prove<E: Export>(export: &E, index: u64) -> Result<EntryProof, ProveError<E::Error>> {
    let checkpoint = export.read(CHECKPOINT_PATH).map_err(ProveError::Read)?;
    let text = checkpoint.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(ProveError::Checkpoint)?;
    let checkpoint: SignedCheckpoint = text.parse().map_err(|_| ProveError::Checkpoint)?;
    let size = checkpoint.checkpoint().size();
    if index >= size {
        return Err(ProveError::OutOfRange(size));
    }
    let bundle = TileId::within(0, index / u64::from(TILE_WIDTH), size).ok_or(ProveError::OutOfRange(size))?;
    let damaged = || ProveError::Damaged(bundle.entries_path());
    let bytes = export.read(&bundle.entries_path()).map_err(ProveError::Read)?.ok_or_else(damaged)?;
    let at = usize::try_from(index % u64::from(TILE_WIDTH)).map_err(|_| damaged())?;
    let entry = entries_of(&bytes).nth(at).and_then(Result::ok).ok_or_else(damaged)?;
    let proof = EntryProof::of(&ExportedTiles(export), index, entry.to_vec(), checkpoint)?;
    proof.verify_path().map_err(|_| ProveError::Mismatch)?;
    Ok(proof)
}

/// The hashes of an exported log, as they are stored.
struct ExportedTiles<'a, E>(&'a E);

impl<E: Export> TreeSource for ExportedTiles<'_, E> {
    type Error = ProveError<E::Error>;

    fn tile(&self, tile: TileId) -> Result<Vec<Hash>, Self::Error> {
        let bytes = self.0.read(&tile.path()).map_err(ProveError::Read)?;
        bytes.and_then(|bytes| tile.from_bytes(&bytes)).ok_or_else(|| ProveError::Damaged(tile.path()))
    }
}

impl<E> From<TreeError> for ProveError<E> {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Missing(tile) => Self::Damaged(tile.path()),
            TreeError::OutOfRange => Self::Mismatch,
        }
    }
}
