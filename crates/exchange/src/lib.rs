//! Who may send what to whom, and what follows. Decisions are values: a [`Letter`] or a [`Refusal`].
//!
//! Pure: the caller brings what the certificate proved and what the register says; nothing here reads a clock,
//! a file or a database.

mod address;
mod digest;
mod life;
mod refusal;

pub use address::{Letter, Office, address};
pub use digest::{Digest, FileDigest, SetDigest};
pub use life::{Life, may_acknowledge, may_collect, may_withdraw};
pub use refusal::Refusal;
