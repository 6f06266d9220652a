//! Proofs that an entry is in a tree, and that a tree continues another (RFC 9162, 2.1.3 and 2.1.4).

use crate::tile::{TreeError, TreeSource, range_hash, split};
use crate::tree::{Hash, SIZE_MAX, empty_root, node_hash};

/// The most hashes of a proof: one per level, and one more.
pub const PROOF_HASHES_MAX: usize = 64;

/// A proof does not lead to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to this root")]
pub struct ProofMismatch;

/// That an entry is at an index of the tree of a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The index of the entry.
    pub index: u64,
    /// The size of the tree.
    pub size: u64,
    /// The hashes beside the way up, the lowest first.
    pub hashes: Vec<Hash>,
}

impl InclusionProof {
    /// Makes the proof from stored tiles.
    pub fn of<S: TreeSource>(source: &S, index: u64, size: u64) -> Result<Self, S::Error> {
        if index >= size || size > SIZE_MAX {
            return Err(TreeError::OutOfRange.into());
        }
        let (mut from, mut to, mut hashes) = (0, size, Vec::new());
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                hashes.push(range_hash(source, size, middle, to)?);
                to = middle;
            } else {
                hashes.push(range_hash(source, size, from, middle)?);
                from = middle;
            }
        }
        hashes.reverse();
        Ok(Self { index, size, hashes })
    }

    /// The root to which the proof leads from this leaf; none when it has too many or too few hashes.
    #[must_use]
    pub fn root(&self, leaf: &Hash) -> Option<Hash> {
        if self.index >= self.size || self.hashes.len() > PROOF_HASHES_MAX {
            return None;
        }
        let (mut node, mut last, mut hash) = (self.index, self.size - 1, *leaf);
        for beside in &self.hashes {
            if last == 0 {
                return None;
            }
            if node & 1 == 1 || node == last {
                hash = node_hash(beside, &hash);
                while node & 1 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                hash = node_hash(&hash, beside);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        (last == 0).then_some(hash)
    }

    /// Whether the leaf is in the tree of this root.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), ProofMismatch> {
        if self.root(leaf).as_ref() == Some(root) { Ok(()) } else { Err(ProofMismatch) }
    }
}

/// That the tree of a size begins with the whole tree of a smaller size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The size of the older tree.
    pub old_size: u64,
    /// The size of the newer tree.
    pub new_size: u64,
    /// The hashes, as RFC 9162 orders them.
    pub hashes: Vec<Hash>,
}

impl ConsistencyProof {
    /// Makes the proof from stored tiles. It is empty when the older tree is empty or the same.
    pub fn between<S: TreeSource>(source: &S, old_size: u64, new_size: u64) -> Result<Self, S::Error> {
        if old_size > new_size || new_size > SIZE_MAX {
            return Err(TreeError::OutOfRange.into());
        }
        let mut hashes = Vec::new();
        if old_size > 0 {
            let (mut from, mut to, mut whole) = (0, new_size, true);
            while old_size != to {
                let middle = from + split(to - from);
                if old_size <= middle {
                    hashes.push(range_hash(source, new_size, middle, to)?);
                    to = middle;
                } else {
                    hashes.push(range_hash(source, new_size, from, middle)?);
                    (from, whole) = (middle, false);
                }
            }
            if !whole {
                hashes.push(range_hash(source, new_size, from, to)?);
            }
        }
        hashes.reverse();
        Ok(Self { old_size, new_size, hashes })
    }

    /// Whether the tree of the newer root begins with that of the older.
    pub fn verify(&self, old_root: &Hash, new_root: &Hash) -> Result<(), ProofMismatch> {
        let proven = match (self.old_size, self.new_size) {
            (old, new) if old > new || self.hashes.len() > PROOF_HASHES_MAX => false,
            (0, _) => self.hashes.is_empty() && *old_root == empty_root(),
            (old, new) if old == new => self.hashes.is_empty() && old_root == new_root,
            _ => self.roots(old_root).is_some_and(|roots| roots == (*old_root, *new_root)),
        };
        if proven { Ok(()) } else { Err(ProofMismatch) }
    }

    /// Both roots as the proof has them (RFC 9162, 2.1.4.2).
    fn roots(&self, old_root: &Hash) -> Option<(Hash, Hash)> {
        let mut hashes = self.hashes.iter();
        // A whole subtree is its own first hash, and is left out of the proof.
        let first = if self.old_size.is_power_of_two() { old_root } else { hashes.next()? };
        let (mut node, mut last) = (self.old_size - 1, self.new_size - 1);
        while node & 1 == 1 {
            (node, last) = (node >> 1, last >> 1);
        }
        let (mut old, mut new) = (*first, *first);
        for beside in hashes {
            if last == 0 {
                return None;
            }
            if node & 1 == 1 || node == last {
                (old, new) = (node_hash(beside, &old), node_hash(beside, &new));
                while node & 1 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                new = node_hash(&new, beside);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        (last == 0).then_some((old, new))
    }
}
