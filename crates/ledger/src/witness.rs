//! 立会人 — a witness: remembers the largest checkpoint of a log that it has seen, and cosigns only what continues it.
//! What is exchanged is that of C2SP tlog-witness.

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::{Policy, SignedCheckpoint};
use crate::key::WitnessKey;
use crate::note::{NOTE_BYTES_MAX, NoteError, SignatureLine, hash_from_base64, number, to_base64};
use crate::proof::{ConsistencyProof, PROOF_HASHES_MAX};
use crate::tree::{Hash, empty_root};

/// The longest request.
pub const WITNESS_REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * (PROOF_HASHES_MAX + 1);

/// What a log asks a witness: the body of `POST add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRequest {
    old_size: u64,
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl WitnessRequest {
    /// Asks for a cosignature on a checkpoint that continues what the witness cosigned last.
    pub fn new(proof: ConsistencyProof, checkpoint: SignedCheckpoint) -> Result<Self, NoteError> {
        if proof.new_size != checkpoint.checkpoint().size() {
            return Err(NoteError::Malformed("proof"));
        }
        Ok(Self { old_size: proof.old_size, hashes: proof.hashes, checkpoint })
    }

    /// The checkpoint that it asks for.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

impl fmt::Display for WitnessRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.hashes {
            writeln!(f, "{}", to_base64(hash))?;
        }
        writeln!(f)?;
        self.checkpoint.fmt(f)
    }
}

impl FromStr for WitnessRequest {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        if text.len() > WITNESS_REQUEST_BYTES_MAX {
            return Err(NoteError::Malformed("request"));
        }
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(NoteError::Malformed("request"))?;
        let mut lines = proof.split('\n');
        let old_size = lines.next().and_then(|line| number(line.strip_prefix("old ")?));
        let hashes: Option<Vec<_>> = lines.take(PROOF_HASHES_MAX + 1).map(hash_from_base64).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= PROOF_HASHES_MAX);
        Ok(Self {
            old_size: old_size.ok_or(NoteError::Malformed("old size"))?,
            hashes: hashes.ok_or(NoteError::Malformed("proof"))?,
            checkpoint: checkpoint.parse()?,
        })
    }
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessRefusal {
    /// Not a checkpoint of the log that it watches.
    #[error(transparent)]
    Untrusted(#[from] NoteError),
    /// It is asked to continue another size than it remembers: 409, with this size.
    #[error("the last size was {last_size}")]
    OtherSize {
        /// What it remembers.
        last_size: u64,
    },
    /// The log has forked: another root at the same size, or no continuation.
    #[error("the checkpoint does not continue the last one")]
    Fork,
}

/// What a witness remembers of a log. To be on disk before the cosignature is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessState {
    size: u64,
    root: Hash,
}

impl Default for WitnessState {
    fn default() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

impl WitnessState {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From what was stored.
    #[must_use]
    pub fn seen(size: u64, root: Hash) -> Self {
        Self { size, root }
    }

    /// The size of the largest checkpoint seen, and its root.
    #[must_use]
    pub fn last(&self) -> (u64, &Hash) {
        (self.size, &self.root)
    }

    /// Checks a request against what was seen, and cosigns.
    pub fn cosign(
        &mut self,
        request: &WitnessRequest,
        policy: &Policy,
        key: &WitnessKey,
        at_seconds: u64,
    ) -> Result<SignatureLine, WitnessRefusal> {
        policy.check(&request.checkpoint)?;
        let checkpoint = request.checkpoint.checkpoint();
        if request.old_size != self.size {
            return Err(WitnessRefusal::OtherSize { last_size: self.size });
        }
        let proof = ConsistencyProof {
            old_size: request.old_size,
            new_size: checkpoint.size(),
            hashes: request.hashes.clone(),
        };
        proof.verify(&self.root, checkpoint.root()).map_err(|_| WitnessRefusal::Fork)?;
        (self.size, self.root) = (checkpoint.size(), *checkpoint.root());
        Ok(request.checkpoint.cosign(key, at_seconds))
    }
}
