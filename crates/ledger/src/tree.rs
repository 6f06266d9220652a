//! The RFC 9162 tree: hashes of inner nodes, and a tree that grows at its right edge.

use sha2::{Digest, Sha256};

use crate::tile::{TILE_WIDTH, TileId, TreeError, TreeSource};

/// A SHA-256 hash: of a leaf, of an inner node, or of a whole tree.
pub type Hash = [u8; 32];

/// The most entries that a log holds: at a thousand a second, 34 years.
pub const SIZE_MAX: u64 = 1 << 40;

/// The hash of an inner node (RFC 9162, 2.1.1): the byte 1 keeps it from passing for a leaf.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a log without entries: the hash of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over some trees of falling size that stand side by side.
pub(crate) fn join_peaks(peaks: &[Hash]) -> Hash {
    let mut from_right = peaks.iter().rev();
    let Some(last) = from_right.next() else { return empty_root() };
    from_right.fold(*last, |right, left| node_hash(left, &right))
}

/// The root of 2^n hashes, in place. The caller hands in as many.
pub(crate) fn fold(mut hashes: Vec<Hash>) -> Hash {
    debug_assert!(hashes.len().is_power_of_two(), "only whole subtrees have one hash");
    let mut len = hashes.len();
    while len > 1 {
        for pair in 0..len / 2 {
            hashes[pair] = node_hash(&hashes[2 * pair], &hashes[2 * pair + 1]);
        }
        len /= 2;
    }
    hashes[0]
}

/// A tree of which only the right edge is in memory: at most 255 hashes per level of tiles. It grows leaf by leaf, gives its
/// root at any size, and says which tiles have become complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the whole subtrees of which the tree consists, the largest first.
    peaks: Vec<Hash>,
    /// For each level of tiles the hashes of the tile that is not complete yet.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of this size, of which the tiles of [`Tree::edge_tiles`] are stored. Compare its root with the last checkpoint
    /// before going on: a store that lost tiles, or has others, shows in it.
    pub fn resume<S: TreeSource>(size: u64, source: &S) -> Result<Self, S::Error> {
        let mut tree = Self { size, ..Self::default() };
        for tile in Self::edge_tiles(size)? {
            let level = usize::from(tile.level);
            tree.edge.resize(level + 1, Vec::new());
            let mut hashes = source.tile(tile)?;
            if hashes.len() < usize::from(tile.width) {
                return Err(TreeError::Missing(tile).into());
            }
            hashes.truncate(usize::from(tile.width));
            tree.edge[level] = hashes;
        }
        tree.peaks = peaks_of(&tree.edge);
        Ok(tree)
    }

    /// The tiles at the right edge of a tree of this size that are not complete: at most one per level, lowest first.
    pub fn edge_tiles(size: u64) -> Result<Vec<TileId>, TreeError> {
        if size > SIZE_MAX {
            return Err(TreeError::OutOfRange);
        }
        let edge = |level: u8| {
            let hashes = size >> (8 * level);
            let width = u16::try_from(hashes % u64::from(TILE_WIDTH)).unwrap_or_default();
            (width > 0).then(|| TileId { level, index: hashes / u64::from(TILE_WIDTH), width })
        };
        Ok((0..8).filter_map(edge).collect())
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        join_peaks(&self.peaks)
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _| ());
    }

    /// Adds a leaf, and shows each tile that has become complete by it, the lowest first. Those are never written again.
    pub fn append_with(&mut self, leaf: Hash, mut complete: impl FnMut(TileId, &[Hash])) {
        let (mut hash, mut level) = (leaf, 0_u8);
        loop {
            if level.is_multiple_of(8) {
                let tile_level = usize::from(level / 8);
                if self.edge.len() <= tile_level {
                    self.edge.push(Vec::with_capacity(usize::from(TILE_WIDTH)));
                }
                let edge = &mut self.edge[tile_level];
                edge.push(hash);
                if edge.len() == usize::from(TILE_WIDTH) {
                    complete(TileId { level: level / 8, index: self.size >> (level + 8), width: TILE_WIDTH }, edge);
                    edge.clear();
                }
            }
            if self.size >> level & 1 == 0 {
                break;
            }
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The tiles that are not complete, to be stored with each checkpoint, the lowest first.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        self.edge.iter().zip(0_u8..).filter(|(hashes, _)| !hashes.is_empty()).map(|(hashes, level)| {
            let index = self.size >> (8 * level) >> 8;
            (TileId { level, index, width: u16::try_from(hashes.len()).unwrap_or(TILE_WIDTH) }, hashes.as_slice())
        })
    }
}

/// The roots of the whole subtrees within incomplete tiles, the largest first.
pub(crate) fn peaks_of(edge: &[Vec<Hash>]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    for hashes in edge.iter().rev() {
        let mut rest = hashes.as_slice();
        while !rest.is_empty() {
            let (whole, after) = rest.split_at(1 << rest.len().ilog2());
            peaks.push(fold(whole.to_vec()));
            rest = after;
        }
    }
    peaks
}
