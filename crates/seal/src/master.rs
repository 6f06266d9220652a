//! 主鍵 — the master key, small secrets under it, and keys derived from it (R6.4).

use std::fmt;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;
use crate::binding::{Aad, Purpose};
use crate::bytes::Reader;
use crate::office::KeyId;

/// The largest secret that is wrapped directly. Whatever is larger is an object, not a secret.
pub const SECRET_BYTES_MAX: usize = 64 << 10;

const MAGIC: [u8; 4] = *b"FMBW";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// The key above all others. Wiped when dropped; `Debug` shows the id only.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A fresh master key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// The key of these bytes, as a [`crate::KeyStoreFile`] or an HSM gave them.
    #[must_use]
    pub fn from_bytes(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(bytes.clone())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of this key, recorded with everything under it (R6.5, R6.7).
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of("fumibako master key id v1", self.0.as_slice())
    }

    /// Wraps a small secret for a purpose.
    pub fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, Error> {
        wrap(&self.0, self.id(), purpose, secret, rng)
    }

    /// Unwraps a secret that was wrapped under this key, for this purpose.
    pub fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        unwrap(&self.0, self.id(), purpose, wrapped)
    }

    /// The key for a purpose, always the same from the same master key. Exchanges of before there were working keys of their
    /// own used these; what they indexed and hashed stays under them.
    pub fn derive(&self, purpose: &Purpose<'_>) -> Result<WorkingKey, Error> {
        let info = purpose.bind(Aad::new("fumibako derived key v1")).finish();
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, self.0.as_slice()).expand(&info, key.as_mut()).map_err(|_| Error::Internal)?;
        Ok(WorkingKey(key))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, ..)", self.id())
    }
}

/// 作業鍵 — a key below the master key, which does the work of one purpose. Wiped when dropped; `Debug` shows nothing.
pub struct WorkingKey(Zeroizing<[u8; 32]>);

impl WorkingKey {
    /// A fresh key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// The key of these bytes, as they were unwrapped.
    #[must_use]
    pub fn from_bytes(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(bytes.clone())
    }

    /// 名札の鍵 — the key of what an office may read of the people in its index, made of the private key of the office as
    /// [`crate::OfficeSecretKey::to_bytes`] writes it: who lacks that has none, and with it this is gone.
    pub fn of_office(secret: &[u8]) -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; 32]);
        let derived = Hkdf::<Sha256>::new(None, secret).expand(b"fumibako office label key v1", key.as_mut());
        derived.map_err(|_| Error::Internal)?;
        Ok(Self(key))
    }

    /// The bytes, for a library that needs them (the database's key). Easy to search for.
    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of this key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of("fumibako derived key id v1", self.0.as_slice())
    }

    /// Wraps a small secret, such as one field of a row, for a purpose.
    pub fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, Error> {
        wrap(&self.0, self.id(), purpose, secret, rng)
    }

    /// Unwraps a secret that was wrapped under this key, for this purpose.
    pub fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        unwrap(&self.0, self.id(), purpose, wrapped)
    }
}

impl fmt::Debug for WorkingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkingKey(..)")
    }
}

/// The id of the key that a wrapped secret says it is under; it is not believed before the secret has opened.
pub fn wrapped_under(wrapped: &[u8]) -> Result<KeyId, Error> {
    let mut reader = Reader::new(wrapped);
    match reader.header(MAGIC, VERSION) {
        Ok(()) => {}
        Err(Error::Malformed(_)) => return crate::token::wrapped_under(wrapped),
        Err(error) => return Err(error),
    }
    Ok(KeyId::from_bytes(reader.array("key id")?))
}

/// Where the id of the key stands in a wrapped secret, and how many bytes it has: for a database that looks for what is still
/// under an old key. The same in both formats.
pub const WRAPPED_KEY_ID_AT: (usize, usize) = (5, 16);

// magic 4 · version 1 · key id 16 · salt 32 · ciphertext with tag, to the end
fn wrap(
    key: &[u8; 32],
    id: KeyId,
    purpose: &Purpose<'_>,
    secret: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    if secret.len() > SECRET_BYTES_MAX {
        return Err(Error::TooLarge { limit: SECRET_BYTES_MAX as u64 });
    }
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    let mut wrapped = Vec::with_capacity(4 + 1 + 16 + SALT_BYTES + secret.len() + TAG_BYTES);
    wrapped.extend_from_slice(&MAGIC);
    wrapped.push(VERSION);
    wrapped.extend_from_slice(id.as_bytes());
    wrapped.extend_from_slice(&salt);
    let start = wrapped.len();
    wrapped.extend_from_slice(secret);
    let tag = lock(key, &salt, &aad(purpose, id), &mut wrapped[start..])?;
    wrapped.extend_from_slice(&tag);
    Ok(wrapped)
}

fn unwrap(key: &[u8; 32], id: KeyId, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut reader = Reader::new(wrapped);
    reader.header(MAGIC, VERSION)?;
    if KeyId::from_bytes(reader.array("key id")?) != id {
        return Err(Error::NotAddressed);
    }
    let salt = reader.array("salt")?;
    let ciphertext = reader.rest();
    let (body, tag) = ciphertext.split_last_chunk::<TAG_BYTES>().ok_or(Error::Malformed("ciphertext"))?;
    if body.len() > SECRET_BYTES_MAX {
        return Err(Error::TooLarge { limit: SECRET_BYTES_MAX as u64 });
    }
    let mut secret = Zeroizing::new(body.to_vec());
    unlock(key, &salt, &aad(purpose, id), &mut secret, tag)?;
    Ok(secret)
}

fn aad(purpose: &Purpose<'_>, id: KeyId) -> Vec<u8> {
    purpose.bind(Aad::new("fumibako wrapped secret v1").with(crate::binding::Field::KeyId, id.as_bytes())).finish()
}

/// Encrypts in place under a key and nonce that belong to this salt alone.
pub(crate) fn lock(
    key: &[u8; 32],
    salt: &[u8; SALT_BYTES],
    aad: &[u8],
    body: &mut [u8],
) -> Result<[u8; TAG_BYTES], Error> {
    let (cipher, nonce) = message_key(key, salt)?;
    cipher.encrypt_inout_detached(&nonce, aad, body.into()).map(Into::into).map_err(|_| Error::Internal)
}

/// Undoes [`lock`].
pub(crate) fn unlock(
    key: &[u8; 32],
    salt: &[u8; SALT_BYTES],
    aad: &[u8],
    body: &mut [u8],
    tag: &[u8; TAG_BYTES],
) -> Result<(), Error> {
    let (cipher, nonce) = message_key(key, salt)?;
    cipher.decrypt_inout_detached(&nonce, aad, body.into(), &(*tag).into()).map_err(|_| Error::Rejected)
}

fn message_key(
    key: &[u8; 32],
    salt: &[u8; SALT_BYTES],
) -> Result<(Aes256Gcm, Nonce<aes_gcm::aead::consts::U12>), Error> {
    let mut okm = Zeroizing::new([0; 32 + 12]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(b"fumibako wrapping key v1", okm.as_mut())
        .map_err(|_| Error::Internal)?;
    let (key, nonce) = okm.split_at(32);
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| Error::Internal)?;
    Ok((cipher, Nonce::try_from(nonce).map_err(|_| Error::Internal)?))
}
