//! Who may send what to whom, and what follows. Decisions are values: a [`Letter`] or a [`Refusal`].
//!
//! Pure: the caller brings what the certificate proved and what the register says; nothing here reads a clock,
//! a file or a database.

mod address;
mod digest;
pub mod enclosure;
mod import;
mod life;
pub mod misdirection;
mod refusal;

pub use address::{Letter, Office, address, address_guarded};
pub use digest::{Digest, FileDigest, SetDigest};
pub use enclosure::{Enclosure, EnclosureKind, NotAnEnclosure};
pub use import::{
    COLUMN_MAX, ImportAnswer, ImportPlace, NotAnAnswer, Outcome, PLACES_MAX, RECORD_MAX, Reason, places_text,
    read_places,
};
pub use life::{Deadlines, State, Step, may_open, next};
pub use refusal::Refusal;
