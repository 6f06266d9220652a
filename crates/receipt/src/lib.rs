//! 送達の証明 — what became of a set, as both of its offices can keep it and verify it without asking anybody (R1.10).
//!
//! A [`Receipt`] is one JSON document: the set with its digests, its two offices, the steps it took, and for each step the
//! entry of the log with the proof that it stands there. [`Receipt::verify`] believes nothing that the entries do not say:
//! who, when, which set, how it ended. It needs the public key of the log and nothing else.
//!
//! Pure: no clock, file, network or database.

mod document;
mod verify;

pub use document::{
    Carried, FORM, File, Import, ImportedPlace, NotAReceipt, Party, RECEIPT_BYTES_MAX, Receipt, Step, StepName,
    places_digest,
};
pub use verify::{Fault, ProvenStep, Verified};
