//! Sealed boxes and keys: what is locked, to whom, and how it becomes unreadable for good (DESIGN §4; R6.1–R6.8).
//!
//! A set of files gets one fresh [`SetKey`]. It is wrapped, with HPKE (RFC 9180), to the receiver's public key and to the
//! sender's: that is the [`Envelope`]. Each file is compressed and sealed by itself under a key derived from the set key and
//! a salt of its own: that is the sealed object of [`seal_object`]. Destroying every copy of the envelope makes the objects
//! unreadable for good (R11.3).
//!
//! The keys of offices, and other small secrets, are wrapped under a [`MasterKey`], which lives in a [`KeyStoreFile`] apart
//! from the data (R6.4), or in a token that wraps for us. A [`Purpose`] says what a secret is for, and one wrapped for another purpose does not open (R6.3).
//!
//! # Keys and nonces
//!
//! No AES-GCM key here ever meets two messages. Each message has a random 32-byte salt, and HKDF-SHA256 derives from it and
//! the long-lived key both the key and the nonce. Two messages share a key only if 256 random bits repeat. There is therefore
//! no counter that a crash could roll back, and no limit per key worth counting (R6.3).
//!
//! # Purity
//!
//! The crate knows no clock, chance, file or network. Randomness is an argument: any [`rand_core::CryptoRng`], which in
//! production must be the operating system's. Without the feature `zstd` it compiles to `wasm32-unknown-unknown`.
//!
//! # Stored data stays readable
//!
//! Each format carries its version, and each envelope its suite. `tests/golden.rs` holds boxes of every version; a change
//! that cannot open them is not a change but a loss.

mod binding;
mod bytes;
mod envelope;
mod inventory;
mod lookup;
mod master;
mod object;
mod office;
mod shares;
mod store_file;
mod token;

pub use binding::{ObjectBinding, ObjectPurpose, Party, Purpose, SetBinding};
pub use envelope::{Agreement, ENVELOPE_KEYS_MAX, Envelope, SetKey, WrappedKey};
pub use inventory::{Algorithm, KeyUse, Standing};
pub use lookup::{blind_index, commitment};
pub use master::{MasterKey, SECRET_BYTES_MAX, WRAPPED_KEY_ID_AT, WorkingKey, wrapped_under};
pub use object::{
    COMPRESSION_LEVEL, OBJECT_BYTES_MAX, OpenedObject, Sealer, open_object, seal_object, sealed_bytes_max,
};
pub use office::{KeyId, OfficePublicKey, OfficeSecretKey, Suite};
pub use rand_core;
pub use shares::{SHARES_MAX, SHARES_NEEDED_MIN, Share, ShareError};
#[cfg(feature = "shares")]
pub use shares::{combine_shares, split_master_key};
pub use store_file::{Argon2Cost, KeyStoreError, KeyStoreFile, Lock};
pub use token::{TOKEN_NONCE_BYTES, TokenWrapped, token_aad};
pub use zeroize::Zeroizing;

/// Why a box, a key or an envelope was not made or not opened. It names no key and quotes no content (R6.8, R10.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not what they should be: cut short, too long, or never such a thing. The text says which part.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// A format version that this program does not know; a newer one may.
    #[error("unknown format version {0}")]
    UnknownVersion(u8),
    /// An algorithm that is not in the inventory of this program (R6.5).
    #[error("unknown algorithm or suite")]
    UnknownSuite,
    /// Something is larger than its bound.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The bound that was met.
        limit: u64,
    },
    /// Wrong key, altered bytes, or a box moved from its place. Which of these cannot be told, and the caller records it as
    /// damage (R6.3).
    #[error("the box does not open: wrong key, altered, or moved")]
    Rejected,
    /// The envelope holds no key wrapped to this office key.
    #[error("the envelope is not addressed to this key")]
    NotAddressed,
    /// A public key that no secret key can belong to.
    #[error("unusable public key")]
    UnusableKey,
    /// The box is compressed, and this build has no zstd.
    #[error("this build cannot decompress")]
    CompressionUnavailable,
    /// An algorithm of the libraries failed where it never should, or memory ran out.
    #[error("internal cryptographic failure")]
    Internal,
}
