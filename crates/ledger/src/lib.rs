//! アクセス記録 — the entries of the append-only log of access (DESIGN §5; R10.1, R10.5, R10.9).
//!
//! An [`Entry`] is one line of JSON in one spelling: fixed order of fields, no optional space, nothing to escape. An auditor
//! reads it with ordinary tools. [`Entry::parse`] accepts exactly the bytes that [`Entry::to_bytes`] writes.
//!
//! An entry holds no content and no name. Its types leave no room for free text: everything that is not a number, an address
//! or an instant is a [`Token`] of a narrow alphabet and a bounded length, so neither line breaks nor terminal escapes,
//! neither direction marks nor quotes can enter (R10.9).
//!
//! # Where the tree attaches
//!
//! The index of an entry is its position in the log and no part of its bytes; a random [`EntryId`] makes each entry unique by
//! itself. [`leaf_hash`] of the bytes (without a line break) is the RFC 9162 leaf. The tree over these leaves, its signed
//! checkpoints and its proofs are a later part of this crate. They need the leaf hashes in order, and nothing from [`Entry`];
//! so they also verify entries of a later version, with actions that this program does not know.

mod action;
pub mod clock;
mod entry;
pub mod review;
mod time;
mod token;

pub use action::Action;
pub use entry::{
    Actor, ClockState, Detail, Device, ENTRY_BYTES_MAX, Entry, EntryDraft, EntryError, EntryId, Login, Outcome, Source,
};
pub use time::Timestamp;
pub use token::{DetailName, InvalidToken, Token};

use sha2::{Digest, Sha256};

/// The hash of a leaf as in RFC 9162, 2.1.1: SHA-256 of a zero byte and the entry. The zero byte keeps a leaf from passing for
/// an inner node of the tree.
#[must_use]
pub fn leaf_hash(entry_bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(entry_bytes).finalize().into()
}
