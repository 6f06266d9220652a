//! Values that stand for secrets without telling them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{Error, WorkingKey};

/// A keyed blind index (HMAC-SHA256): equal values of a field have equal indexes, and without the key nothing can be guessed.
/// The caller brings the value into one spelling first (case, width).
pub fn blind_index(key: &WorkingKey, field: &str, value: &[u8]) -> Result<[u8; 32], Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal()).map_err(|_| Error::Internal)?;
    mac.update(b"fumibako blind index v1");
    mac.update(&(field.len() as u64).to_be_bytes());
    mac.update(field.as_bytes());
    mac.update(value);
    Ok(mac.finalize().into_bytes().into())
}

/// What the ledger holds in place of a set's digest. The digest alone could be confirmed by guessing the content; with a
/// random salt, kept sealed beside the set, only those who may open the set can show what was committed to. Erasing the salt
/// with the set leaves a number that says nothing (R10.9, R11.9).
#[must_use]
pub fn commitment(salt: &[u8; 32], digest: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(b"fumibako set commitment v1").chain_update(salt).chain_update(digest).finalize().into()
}
