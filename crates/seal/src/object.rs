//! One sealed object of a set: compressed by itself, sealed under a key of its own (R6.2, R6.3).
//!
//! ```text
//! magic "FMBO" · version 1 · algorithm 1 · compression 1 · salt 32 · original length 8 · digest tag 32   the header
//! ciphertext length 4 · ciphertext with tag
//! ```
//!
//! HKDF-SHA256 of set key and salt gives key, nonce and digest key. The digest tag is HMAC-SHA256 of the plaintext's SHA-256
//! under the digest key: it binds the plaintext's digest through the associated data, and, being keyed, it cannot be guessed
//! by someone who reads the header. It also commits to the key, which AES-GCM by itself does not.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::bytes::Reader;
use crate::{Error, ObjectBinding, SetKey};

/// The level of zstd. Small CSV files gain little above it.
pub const COMPRESSION_LEVEL: i32 = 3;

/// The largest object, before compression.
pub const OBJECT_BYTES_MAX: u64 = 256 << 20;

const MAGIC: [u8; 4] = *b"FMBO";
const VERSION: u8 = 1;
/// HKDF-SHA256 and AES-256-GCM, as described above.
const ALGORITHM: u8 = 1;
const STORED: u8 = 0;
const ZSTD: u8 = 1;
const HEADER_BYTES: usize = 4 + 1 + 1 + 1 + SALT_BYTES + 8 + 32;
const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// An opened object.
pub struct OpenedObject {
    /// The bytes as they were sealed. Wiped when dropped (R6.8).
    pub content: Zeroizing<Vec<u8>>,
    /// Their SHA-256.
    pub digest: [u8; 32],
}

impl std::fmt::Debug for OpenedObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenedObject(..)")
    }
}

/// The largest sealed form of a content of that many bytes. Sealing never makes it larger.
#[must_use]
pub fn sealed_bytes_max(content_bytes: u64) -> u64 {
    content_bytes.saturating_add((HEADER_BYTES + 4 + TAG_BYTES) as u64)
}

/// Seals one object. Two calls with the same arguments give different bytes.
pub fn seal_object(
    key: &SetKey,
    binding: &ObjectBinding<'_>,
    content: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    Sealer::new().seal_object(key, binding, content, rng)
}

/// Seals object after object with one working memory for zstd, whose preparation costs twice as much as compressing a small
/// file. Objects share nothing else: each is a frame of its own, without a dictionary. Keep one per worker or per set.
#[derive(Default)]
pub struct Sealer {
    #[cfg(feature = "zstd")]
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    /// A sealer that has no working memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what [`seal_object`] does.
    pub fn seal_object(
        &mut self,
        key: &SetKey,
        binding: &ObjectBinding<'_>,
        content: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        let original = content.len() as u64;
        if original > OBJECT_BYTES_MAX {
            return Err(Error::TooLarge { limit: OBJECT_BYTES_MAX });
        }
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        match self.compress(content)? {
            Some(compressed) => seal_parts(key, binding, &salt, ZSTD, original, content, &compressed),
            None => seal_parts(key, binding, &salt, STORED, original, content, content),
        }
    }

    /// The compressed content, or nothing where compression gains nothing. One object at a time: compressing files together
    /// would let the length of one tell about another.
    #[cfg(feature = "zstd")]
    fn compress(&mut self, content: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            empty => empty.insert(zstd::bulk::Compressor::new(COMPRESSION_LEVEL).map_err(|_| Error::Internal)?),
        };
        let compressed = compressor.compress(content).map(Zeroizing::new).map_err(|_| Error::Internal)?;
        Ok((compressed.len() < content.len()).then_some(compressed))
    }

    #[cfg(not(feature = "zstd"))]
    fn compress(&mut self, _: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        Ok(None)
    }
}

fn seal_parts(
    key: &SetKey,
    binding: &ObjectBinding<'_>,
    salt: &[u8; SALT_BYTES],
    compression: u8,
    original: u64,
    content: &[u8],
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    let keys = ObjectKeys::derive(key, salt)?;
    let mut sealed = Vec::with_capacity(HEADER_BYTES + 4 + body.len() + TAG_BYTES);
    sealed.extend_from_slice(&MAGIC);
    sealed.extend_from_slice(&[VERSION, ALGORITHM, compression]);
    sealed.extend_from_slice(salt);
    sealed.extend_from_slice(&original.to_be_bytes());
    sealed.extend_from_slice(&keys.digest_mac(&Sha256::digest(content).into())?.finalize().into_bytes());
    let aad = binding.aad(&sealed);
    let length = u32::try_from(body.len() + TAG_BYTES).map_err(|_| Error::TooLarge { limit: OBJECT_BYTES_MAX })?;
    sealed.extend_from_slice(&length.to_be_bytes());
    let start = sealed.len();
    sealed.extend_from_slice(body);
    let tag = keys
        .cipher
        .encrypt_inout_detached(&Nonce::from(keys.nonce), &aad, sealed[start..].as_mut().into())
        .map_err(|_| Error::Internal)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens one object in the place it was sealed for. Nothing larger than `limit` is written out, whatever the box claims: the
/// recorded length is checked before anything is allocated, and decompression stops there.
pub fn open_object(
    key: &SetKey,
    binding: &ObjectBinding<'_>,
    sealed: &[u8],
    limit: u64,
) -> Result<OpenedObject, Error> {
    let mut reader = Reader::new(sealed);
    reader.header(MAGIC, VERSION)?;
    if reader.u8("algorithm")? != ALGORITHM {
        return Err(Error::UnknownSuite);
    }
    let compression = reader.u8("compression")?;
    if compression != STORED && compression != ZSTD {
        return Err(Error::UnknownSuite);
    }
    let salt = reader.array("salt")?;
    let original = reader.u64("original length")?;
    let digest_tag: [u8; 32] = reader.array("digest tag")?;
    let length = reader.u32("ciphertext length")? as usize;
    let ciphertext = reader.take(length, "ciphertext")?;
    reader.end()?;
    let (body, tag) = ciphertext.split_last_chunk::<TAG_BYTES>().ok_or(Error::Malformed("ciphertext"))?;
    let limit = limit.min(OBJECT_BYTES_MAX);
    if original > limit {
        return Err(Error::TooLarge { limit });
    }
    if body.len() as u64 > original {
        return Err(Error::Malformed("ciphertext")); // sealing never makes it larger
    }

    let keys = ObjectKeys::derive(key, &salt)?;
    let aad = binding.aad(&sealed[..HEADER_BYTES]);
    let mut body = Zeroizing::new(body.to_vec());
    keys.cipher
        .decrypt_inout_detached(&Nonce::from(keys.nonce), &aad, body.as_mut_slice().into(), &(*tag).into())
        .map_err(|_| Error::Rejected)?;

    let original = usize::try_from(original).map_err(|_| Error::TooLarge { limit })?;
    let content = if compression == ZSTD { decompress(&body, original)? } else { body };
    let digest = Sha256::digest(content.as_slice()).into();
    keys.digest_mac(&digest)?.verify_slice(&digest_tag).map_err(|_| Error::Rejected)?;
    if content.len() != original {
        return Err(Error::Rejected);
    }
    Ok(OpenedObject { content, digest })
}

struct ObjectKeys {
    cipher: Aes256Gcm,
    nonce: [u8; 12],
    digest_key: Zeroizing<[u8; 32]>,
}

impl ObjectKeys {
    fn derive(key: &SetKey, salt: &[u8; SALT_BYTES]) -> Result<Self, Error> {
        let mut okm = Zeroizing::new([0; 32 + 12 + 32]);
        Hkdf::<Sha256>::new(Some(salt), key.as_bytes())
            .expand(b"fumibako object key v1", okm.as_mut())
            .map_err(|_| Error::Internal)?;
        let (key, rest) = okm.split_at(32);
        let (nonce, digest) = rest.split_at(12);
        let mut keys = Self {
            cipher: Aes256Gcm::new_from_slice(key).map_err(|_| Error::Internal)?,
            nonce: [0; 12],
            digest_key: Zeroizing::new([0; 32]),
        };
        keys.nonce.copy_from_slice(nonce);
        keys.digest_key.copy_from_slice(digest);
        Ok(keys)
    }

    fn digest_mac(&self, digest: &[u8; 32]) -> Result<Hmac<Sha256>, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.digest_key.as_slice()).map_err(|_| Error::Internal)?;
        mac.update(digest);
        Ok(mac)
    }
}

#[cfg(feature = "zstd")]
fn decompress(body: &[u8], original: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut content = Zeroizing::new(Vec::new());
    content.try_reserve_exact(original).map_err(|_| Error::Internal)?;
    // Writes into the reserved room only, and fails where it would need more.
    zstd::bulk::Decompressor::new()
        .and_then(|mut decompressor| decompressor.decompress_to_buffer(body, &mut *content))
        .map_err(|_| Error::Rejected)?;
    Ok(content)
}

#[cfg(not(feature = "zstd"))]
fn decompress(_: &[u8], _: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    Err(Error::CompressionUnavailable)
}

#[cfg(all(test, feature = "zstd"))]
mod tests {
    use super::*;
    use crate::{ObjectPurpose, SetBinding};

    const PLACE: ObjectBinding<'_> = ObjectBinding::with_name_digest(
        SetBinding { transmission: "t-1", sender: "office-a", receiver: "office-b" },
        ObjectPurpose::File,
        1,
        [0; 32],
    );

    /// A box made by someone who holds the key and lies about what is inside.
    fn lie(original: u64, compression: u8, content: &[u8], body: &[u8]) -> Result<OpenedObject, Error> {
        let key = SetKey::generate(&mut Fixed);
        let sealed = seal_parts(&key, &PLACE, &[7; 32], compression, original, content, body)?;
        open_object(&key, &PLACE, &sealed, 1 << 20)
    }

    #[test]
    fn zstd_bomb_in_a_valid_box_is_bounded() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).expect("compressed");
        assert!(bomb.len() < 10_000);
        // It claims to be small: decompression stops at what it claims.
        assert_eq!(lie(20_000, ZSTD, b"", &bomb).expect_err("a bomb"), Error::Rejected);
        // It claims what it is: more than the caller's limit, and refused before anything is written.
        assert_eq!(lie(64 << 20, ZSTD, b"", &bomb).expect_err("a bomb"), Error::TooLarge { limit: 1 << 20 });
        assert_eq!(lie(u64::MAX, ZSTD, b"", &bomb).expect_err("a bomb"), Error::TooLarge { limit: 1 << 20 });
    }

    #[test]
    fn many_frames_in_a_row_do_not_add_up_to_a_bomb() {
        let frame = zstd::bulk::compress(&[0; 1000], 3).expect("compressed");
        assert_eq!(lie(1000, ZSTD, b"", &frame.repeat(10)).expect_err("a bomb"), Error::Rejected);
    }

    #[test]
    fn a_length_or_digest_that_is_not_the_contents_is_refused() {
        let content = [b'a'; 1000];
        let body = zstd::bulk::compress(&content, 3).expect("compressed");
        assert!(lie(1000, ZSTD, &content, &body).is_ok());
        assert_eq!(lie(1001, ZSTD, &content, &body).expect_err("too long"), Error::Rejected);
        assert_eq!(lie(999, ZSTD, &content, &body).expect_err("too short"), Error::Rejected);
        assert_eq!(lie(1000, ZSTD, b"other", &body).expect_err("another digest"), Error::Rejected);
        assert_eq!(lie(1000, ZSTD, &content, b"not zstd").expect_err("not zstd"), Error::Rejected);
        assert_eq!(lie(1001, STORED, &content, &content).expect_err("too long"), Error::Rejected);
        assert_eq!(lie(999, STORED, &content, &content).expect_err("too short"), Error::Malformed("ciphertext"));
    }

    /// The key does not matter here.
    struct Fixed;

    impl rand_core::TryRng for Fixed {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(4)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(4)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(4);
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Fixed {}
}
