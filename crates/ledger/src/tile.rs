//! Tiles: the stored form of the tree, as C2SP tlog-tiles lays it out. A tile holds up to 256 hashes of one level, eight levels
//! of the tree apart; what lies between is computed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::Hash;
use crate::proof::{ConsistencyProof, InclusionProof};
use crate::tree::{SIZE_MAX, Tree, fold};

/// How many hashes a complete tile has.
pub const TILE_WIDTH: u16 = 256;

/// Which tile, and how many hashes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaves; a hash of level n covers 256^n leaves. At most 7.
    pub level: u8,
    /// The how-manieth tile of its level.
    pub index: u64,
    /// How many hashes: 1 to 256, and below 256 only at the right edge.
    pub width: u16,
}

/// What a file below `tile/` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TilePath {
    /// Hashes.
    Hashes(TileId),
    /// Entries: those whose hashes are in this tile of level 0.
    Entries(TileId),
}

impl TileId {
    /// `tile/0/x001/234`, and `tile/0/x001/234.p/5` when it is not complete.
    #[must_use]
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.number())
    }

    /// `tile/entries/x001/234`: where the entries are whose hashes this tile of level 0 holds.
    #[must_use]
    pub fn entries_path(self) -> String {
        format!("tile/entries/{}", self.number())
    }

    fn number(self) -> String {
        let mut parts = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        parts.reverse();
        let mut text = parts.join("/");
        if self.width < TILE_WIDTH {
            let _ = write!(text, ".p/{}", self.width);
        }
        text
    }

    /// The tile of this place in a tree of this size, with the width it has there.
    #[must_use]
    pub fn within(level: u8, index: u64, size: u64) -> Option<Self> {
        if level > 7 || size > SIZE_MAX {
            return None;
        }
        let hashes = (size >> (8 * level)).checked_sub(index.checked_mul(u64::from(TILE_WIDTH))?)?;
        let width = u16::try_from(hashes.min(u64::from(TILE_WIDTH))).ok()?;
        (width > 0).then_some(Self { level, index, width })
    }

    /// The hashes as they are stored: one after the other.
    #[must_use]
    pub fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
        hashes.concat()
    }

    /// Stored hashes. Bytes that are not exactly as many hashes as the tile has are no tile.
    #[must_use]
    pub fn from_bytes(self, bytes: &[u8]) -> Option<Vec<Hash>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && hashes.len() == usize::from(self.width)).then(|| hashes.to_vec())
    }
}

impl TilePath {
    /// What the file of this path is. A path in any other spelling than ours is none.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, number) = rest.split_once('/')?;
        let (number, width) = match number.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
            None => (number, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for part in number.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            if digits.len() != 3 {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let (read, again) = if kind == "entries" {
            let id = TileId { level: 0, index, width };
            (Self::Entries(id), id.entries_path())
        } else {
            let id = TileId { level: kind.parse().ok().filter(|level| *level < 8)?, index, width };
            (Self::Hashes(id), id.path())
        };
        (again == path).then_some(read)
    }

    /// The path.
    #[must_use]
    pub fn path(self) -> String {
        match self {
            Self::Hashes(id) => id.path(),
            Self::Entries(id) => id.entries_path(),
        }
    }
}

/// The tree cannot be read there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// There is no such entry, or the tree is larger than any.
    #[error("outside the tree")]
    OutOfRange,
    /// The store has no such tile, or too little of it.
    #[error("tile {} is missing", .0.path())]
    Missing(TileId),
}

/// Where the hashes of a tree are stored: a folder, a table, memory. A store that can only be asked asynchronously fetches the
/// tiles of [`tiles_for_inclusion`] or [`tiles_for_consistency`] first, and hands them over as [`Tiles`].
pub trait TreeSource {
    /// Why hashes cannot be had.
    type Error: From<TreeError>;

    /// The hashes of this tile. More than its width are allowed: a tile that has grown since serves smaller trees too.
    fn tile(&self, tile: TileId) -> Result<Vec<Hash>, Self::Error>;
}

/// Tiles in memory, by level and index.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<(u8, u64), Vec<Hash>>);

impl Tiles {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a tile in, in place of a narrower one of the same place.
    pub fn insert(&mut self, tile: TileId, hashes: Vec<Hash>) {
        let place = self.0.entry((tile.level, tile.index)).or_default();
        if place.len() < hashes.len() {
            *place = hashes;
        }
    }
}

impl TreeSource for Tiles {
    type Error = TreeError;

    fn tile(&self, tile: TileId) -> Result<Vec<Hash>, TreeError> {
        self.0.get(&(tile.level, tile.index)).cloned().ok_or(TreeError::Missing(tile))
    }
}

/// The tiles from which [`InclusionProof::of`] takes its hashes.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<TileId>, TreeError> {
    let asked = Asked::default();
    InclusionProof::of(&asked, index, size)?;
    Ok(asked.0.into_inner().into_iter().collect())
}

/// The tiles from which [`ConsistencyProof::between`] takes its hashes.
pub fn tiles_for_consistency(old_size: u64, new_size: u64) -> Result<Vec<TileId>, TreeError> {
    let asked = Asked::default();
    ConsistencyProof::between(&asked, old_size, new_size)?;
    Ok(asked.0.into_inner().into_iter().collect())
}

/// The tiles from which [`root_of`] takes its hashes: those of [`Tree::edge_tiles`].
pub fn tiles_for_root(size: u64) -> Result<Vec<TileId>, TreeError> {
    Tree::edge_tiles(size)
}

/// The root of the first so many leaves, from stored tiles.
pub fn root_of<S: TreeSource>(source: &S, size: u64) -> Result<Hash, S::Error> {
    Ok(Tree::resume(size, source)?.root())
}

/// Notes what it is asked for.
#[derive(Default)]
struct Asked(RefCell<BTreeSet<TileId>>);

impl TreeSource for Asked {
    type Error = TreeError;

    fn tile(&self, tile: TileId) -> Result<Vec<Hash>, TreeError> {
        self.0.borrow_mut().insert(tile);
        Ok(vec![[0; 32]; usize::from(tile.width)])
    }
}

/// The hash over the leaves `from..to` of a tree of this size.
pub(crate) fn range_hash<S: TreeSource>(source: &S, size: u64, from: u64, to: u64) -> Result<Hash, S::Error> {
    let count = to - from;
    if count.is_power_of_two() && from.is_multiple_of(count) {
        return subtree(source, size, count.trailing_zeros(), from);
    }
    let middle = from + split(count);
    let (left, right) = (range_hash(source, size, from, middle)?, range_hash(source, size, middle, to)?);
    Ok(crate::node_hash(&left, &right))
}

/// The largest power of two below `count`, which is at least 2.
pub(crate) fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The hash of the whole subtree of height `height` whose first leaf is `from`.
fn subtree<S: TreeSource>(source: &S, size: u64, height: u32, from: u64) -> Result<Hash, S::Error> {
    let level = u8::try_from(height / 8).map_err(|_| TreeError::OutOfRange)?;
    let first = from >> (8 * level);
    let tile = TileId::within(level, first / u64::from(TILE_WIDTH), size).ok_or(TreeError::OutOfRange)?;
    let start = usize::try_from(first % u64::from(TILE_WIDTH)).map_err(|_| TreeError::OutOfRange)?;
    let hashes = source.tile(tile)?;
    let part = hashes.get(start..start + (1 << (height % 8))).ok_or(TreeError::Missing(tile))?;
    Ok(fold(part.to_vec()))
}
