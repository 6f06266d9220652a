//! 鍵装置 — secrets that a PKCS#11 token wraps under a key it never gives away (R6.4).
//!
//! ```text
//! magic "FMBT" · version 1 · key id 16 · nonce 12 · ciphertext with tag, to the end
//! ```
//!
//! The token does AES-256-GCM and no key derivation, so here, and nowhere else, a key meets several messages, each under a
//! random nonce. There are a few dozen of them in the life of a key: with 96 random bits they repeat with probability 2⁻⁸⁵.

use crate::binding::{Aad, Field, Purpose};
use crate::bytes::Reader;
use crate::master::SECRET_BYTES_MAX;
use crate::{Error, KeyId};

const MAGIC: [u8; 4] = *b"FMBT";
const VERSION: u8 = 1;
/// Bytes of the nonce that the token is given.
pub const TOKEN_NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// What a token must bind a secret to: its purpose and the key it is under.
#[must_use]
pub fn token_aad(purpose: &Purpose<'_>, key: KeyId) -> Vec<u8> {
    purpose.bind(Aad::new("fumibako token wrapped secret v1").with(Field::KeyId, key.as_bytes())).finish()
}

/// A secret as a token wrapped it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenWrapped<'a> {
    /// Under which of its keys.
    pub key: KeyId,
    /// Under which nonce.
    pub nonce: [u8; TOKEN_NONCE_BYTES],
    /// Ciphertext and tag.
    pub ciphertext: &'a [u8],
}

impl std::fmt::Debug for TokenWrapped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenWrapped({}, ..)", self.key)
    }
}

impl<'a> TokenWrapped<'a> {
    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + 1 + 16 + TOKEN_NONCE_BYTES + self.ciphertext.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.ciphertext);
        bytes
    }

    /// Reads what [`TokenWrapped::to_bytes`] wrote.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        reader.header(MAGIC, VERSION)?;
        let key = KeyId::from_bytes(reader.array("key id")?);
        let nonce = reader.array("nonce")?;
        let ciphertext = reader.rest();
        if ciphertext.len() < TAG_BYTES {
            return Err(Error::Malformed("ciphertext"));
        }
        if ciphertext.len() > SECRET_BYTES_MAX + TAG_BYTES {
            return Err(Error::TooLarge { limit: SECRET_BYTES_MAX as u64 });
        }
        Ok(Self { key, nonce, ciphertext })
    }
}

pub(crate) fn wrapped_under(bytes: &[u8]) -> Result<KeyId, Error> {
    TokenWrapped::parse(bytes).map(|wrapped| wrapped.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_wrapped_reads_back_and_nothing_shorter_does() {
        let key = KeyId::from_bytes([7; 16]);
        let bytes = TokenWrapped { key, nonce: [1; 12], ciphertext: &[2; 48] }.to_bytes();
        assert_eq!(TokenWrapped::parse(&bytes).map(|read| read.to_bytes()), Ok(bytes.clone()));
        assert_eq!(crate::wrapped_under(&bytes), Ok(key));
        let (at, length) = crate::WRAPPED_KEY_ID_AT;
        assert_eq!(&bytes[at..at + length], key.as_bytes());
        for end in 0..4 + 1 + 16 + 12 + TAG_BYTES {
            assert!(TokenWrapped::parse(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_bound_differs_with_purpose_and_key() {
        let (one, two) = (KeyId::from_bytes([1; 16]), KeyId::from_bytes([2; 16]));
        let field = Purpose::FieldKey { version: 1 };
        assert_ne!(token_aad(&field, one), token_aad(&field, two));
        assert_ne!(token_aad(&field, one), token_aad(&Purpose::FieldKey { version: 2 }, one));
        assert_ne!(token_aad(&field, one), token_aad(&Purpose::WrappingKey { version: 1 }, one));
    }
}
