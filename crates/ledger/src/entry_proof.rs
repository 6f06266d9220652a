//! 証明書 — that an entry stands in the log, in one text that needs nothing else: a C2SP tlog-proof whose extra data are the entry.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::checkpoint::{Policy, SignedCheckpoint, Trust};
use crate::note::{NOTE_BYTES_MAX, NoteError, from_base64, hash_from_base64, number, to_base64};
use crate::proof::{InclusionProof, PROOF_HASHES_MAX, ProofMismatch};
use crate::tile::TreeSource;
use crate::{ENTRY_BYTES_MAX, leaf_hash};

/// The longest text of a proof.
pub const ENTRY_PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX + 64 * PROOF_HASHES_MAX;

const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryProofError {
    /// Not a proof in its one spelling. The text says which part.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The checkpoint is not one, or not to be trusted.
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    /// The entry is not at this index of this log.
    #[error(transparent)]
    NotInLog(#[from] ProofMismatch),
}

/// An entry, its place, the way to the root, and the signed root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProof {
    entry: Vec<u8>,
    index: u64,
    hashes: Vec<[u8; 32]>,
    checkpoint: SignedCheckpoint,
}

impl EntryProof {
    /// Makes the proof of an entry's bytes from stored tiles, for a checkpoint.
    pub fn of<S: TreeSource>(
        source: &S,
        index: u64,
        entry: Vec<u8>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, S::Error> {
        let proof = InclusionProof::of(source, index, checkpoint.checkpoint().size())?;
        Ok(Self { entry, index, hashes: proof.hashes, checkpoint })
    }

    /// The bytes of the entry.
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// Its index.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint that the proof leads to.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The way to the root.
    #[must_use]
    pub fn inclusion(&self) -> InclusionProof {
        InclusionProof { index: self.index, size: self.checkpoint.checkpoint().size(), hashes: self.hashes.clone() }
    }

    /// Whether the entry leads to the root; the signatures are not looked at.
    pub fn verify_path(&self) -> Result<(), ProofMismatch> {
        self.inclusion().verify(&leaf_hash(&self.entry), self.checkpoint.checkpoint().root())
    }

    /// Whether the entry stands in the log of the policy. A former key of the log counts: proofs are kept for years.
    pub fn verify(&self, policy: &Policy) -> Result<Trust, EntryProofError> {
        self.verify_path()?;
        Ok(policy.check_older(&self.checkpoint)?)
    }
}

impl fmt::Display for EntryProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\nextra {}\nindex {}", to_base64(&self.entry), self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", to_base64(hash))?;
        }
        f.write_char('\n')?;
        self.checkpoint.fmt(f)
    }
}

impl FromStr for EntryProof {
    type Err = EntryProofError;

    fn from_str(text: &str) -> Result<Self, EntryProofError> {
        if text.len() > ENTRY_PROOF_BYTES_MAX {
            return Err(EntryProofError::Malformed("length"));
        }
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(EntryProofError::Malformed("proof"))?;
        let mut lines = proof.split('\n');
        let mut next = |prefix, what| {
            let rest = lines.next().and_then(|line| line.strip_prefix(prefix));
            rest.ok_or(EntryProofError::Malformed(what))
        };
        if !next(HEAD, "first line")?.is_empty() {
            return Err(EntryProofError::Malformed("first line"));
        }
        let entry = from_base64(next("extra ", "entry")?).filter(|entry| entry.len() <= ENTRY_BYTES_MAX);
        let entry = entry.ok_or(EntryProofError::Malformed("entry"))?;
        let index = number(next("index ", "index")?).ok_or(EntryProofError::Malformed("index"))?;
        let hashes: Option<Vec<_>> = lines.take(PROOF_HASHES_MAX + 1).map(hash_from_base64).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= PROOF_HASHES_MAX);
        let hashes = hashes.ok_or(EntryProofError::Malformed("hashes"))?;
        Ok(Self { entry, index, hashes, checkpoint: checkpoint.parse()? })
    }
}

/// In JSON a proof is one string.
impl Serialize for EntryProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntryProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
