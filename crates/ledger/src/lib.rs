//! アクセス記録 — the entries of the append-only log of access (DESIGN §5; R10.1, R10.5, R10.9).
//!
//! An [`Entry`] is one line of JSON in one spelling: fixed order of fields, no optional space, nothing to escape. An auditor
//! reads it with ordinary tools. [`Entry::parse`] accepts exactly the bytes that [`Entry::to_bytes`] writes.
//!
//! An entry holds no content and no name. Its types leave no room for free text: everything that is not a number, an address
//! or an instant is a [`Token`] of a narrow alphabet and a bounded length, so neither line breaks nor terminal escapes,
//! neither direction marks nor quotes can enter (R10.9).
//!
//! # The tree
//!
//! The index of an entry is its position in the log and no part of its bytes; a random [`EntryId`] makes each entry unique by
//! itself. [`leaf_hash`] of the bytes (without a line break) is the RFC 9162 leaf. [`Tree`] grows by leaf hashes and says which
//! tiles to store; a [`TreeSource`] reads them back for [`InclusionProof`], [`ConsistencyProof`] and [`EntryProof`]; a
//! [`LogKey`] signs a [`Checkpoint`]; a [`Policy`] says whom to trust. None of these needs [`Entry`], so they also serve
//! entries of a later version, with actions that this program does not know.

mod action;
pub mod certificate;
mod checkpoint;
pub mod clock;
mod entry;
mod entry_proof;
mod export;
mod key;
mod note;
mod proof;
pub mod review;
pub mod self_scan;
mod tile;
mod time;
mod token;
mod tree;
mod verify;
mod witness;

pub use action::Action;
pub use checkpoint::{Checkpoint, Cosigned, Policy, SignedCheckpoint, Stamp, Trust};
pub use entry::{
    Actor, ClockState, Detail, Device, ENTRY_BYTES_MAX, Entry, EntryDraft, EntryError, EntryId, Login, Outcome, Source,
};
pub use entry_proof::{ENTRY_PROOF_BYTES_MAX, EntryProof, EntryProofError};
pub use export::{
    BUNDLE_BYTES_MAX, CHECKPOINT_PATH, CHECKPOINTS_FOLDER, Export, ExportError, ExportWriter, FILE_BYTES_MAX,
    ProveError, TILES_FOLDER, edge_paths, older_checkpoint_path, prove,
};
pub use key::{KeyKind, KeyName, LogKey, VerifyingKey, WitnessKey};
pub use note::{NOTE_BYTES_MAX, Note, NoteError, SIGNATURES_MAX, SignatureLine};
pub use proof::{ConsistencyProof, InclusionProof, PROOF_HASHES_MAX, ProofMismatch};
pub use tile::{
    TILE_WIDTH, TileId, TilePath, Tiles, TreeError, TreeSource, root_of, tiles_for_consistency, tiles_for_inclusion,
    tiles_for_root,
};
pub use time::Timestamp;
pub use token::{DetailName, InvalidToken, Token};
pub use tree::{Hash, SIZE_MAX, Tree, empty_root, node_hash};
pub use verify::{FAULTS_MAX, Fault, OLDER_CHECKPOINTS_MAX, Report, Wrong, verify_export};
pub use witness::{WITNESS_REQUEST_BYTES_MAX, WitnessRefusal, WitnessRequest, WitnessState};

use sha2::{Digest, Sha256};

/// The hash of a leaf as in RFC 9162, 2.1.1: SHA-256 of a zero byte and the entry. The zero byte keeps a leaf from passing for
/// an inner node of the tree.
#[must_use]
pub fn leaf_hash(entry_bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(entry_bytes).finalize().into()
}
