//! 封筒 — the envelope of a set: its key, wrapped to each office that may open it (R6.2).
//!
//! ```text
//! version 1: magic "FMBE" · 1 · number of keys 1 · each: suite 6, role 1, key id 16, encapsulated key, wrapped key 48
//! version 2: the same, but each key has a byte before its encapsulated key: 1 as above, 2 under a shared key agreement, and
//!            then a salt of 32 before the wrapped key
//! ```
//!
//! An envelope none of whose keys is shared is written as version 1.

use std::fmt;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::binding::{Party, SetBinding};
use crate::bytes::Reader;
use crate::office::{Exporter, KeyId, OfficePublicKey, OfficeSecretKey, Suite};
use crate::{Error, ObjectBinding, OpenedObject};

/// Wrapped keys in one envelope: two offices, each with an old and a new key while keys rotate, and room to spare.
pub const ENVELOPE_KEYS_MAX: usize = 8;

const MAGIC: [u8; 4] = *b"FMBE";
/// Every key is wrapped by an agreement of its own.
const ALONE: u8 = 1;
/// Keys say how they are wrapped.
const MIXED: u8 = 2;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;
const SALT_BYTES: usize = 32;
/// In version 2: an encapsulated key of its own, or an [`Agreement`]'s.
const OWN_KEY: u8 = 1;
const SHARED_KEY: u8 = 2;

/// The key of one set of files. Wiped when dropped; `Debug` shows nothing.
pub struct SetKey(Zeroizing<[u8; KEY_BYTES]>);

impl SetKey {
    /// A fresh key. One set, one key: never seal two transmissions under the same.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Wraps the key for an office, in one role, in one place.
    pub fn wrap_to(
        &self,
        office: &OfficePublicKey,
        party: Party,
        binding: &SetBinding<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<WrappedKey, Error> {
        let info = SetBinding::wrap_info(office.suite(), office.id(), party);
        let (encapsulated, ciphertext) = office.hpke_seal(&info, &binding.wrap_aad(), self.0.as_slice(), rng)?;
        let salt = None;
        Ok(WrappedKey { suite: office.suite(), party, key_id: office.id(), encapsulated, salt, ciphertext })
    }

    /// [`crate::seal_object`] as a method.
    pub fn seal_object(
        &self,
        binding: &ObjectBinding<'_>,
        content: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        crate::seal_object(self, binding, content, rng)
    }

    /// [`crate::open_object`] as a method.
    pub fn open_object(&self, binding: &ObjectBinding<'_>, sealed: &[u8], limit: u64) -> Result<OpenedObject, Error> {
        crate::open_object(self, binding, sealed, limit)
    }
}

impl fmt::Debug for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetKey(..)")
    }
}

/// 鍵の合意 — one key agreement with an office, for the sets that are sealed to it in one role in a short time.
///
/// The agreement is what wrapping costs. Keys of sets stay apart all the same: each is wrapped under a key that is exported
/// (RFC 9180, 5.3) for its place and a salt of its own, and knowing one tells nothing of another. What is shared is the
/// danger of the time in between: whoever reads the memory of this program while an agreement lives can open what is wrapped
/// under it, so the caller drops it soon. On disk nothing is weaker: opening takes the private key of the office.
pub struct Agreement {
    suite: Suite,
    party: Party,
    key_id: KeyId,
    encapsulated: Vec<u8>,
    exporter: Exporter,
}

impl Agreement {
    /// Agrees on a key with an office.
    pub fn with(office: &OfficePublicKey, party: Party, rng: &mut impl CryptoRng) -> Result<Self, Error> {
        let info = SetBinding::agreement_info(office.suite(), office.id(), party);
        let (encapsulated, exporter) = office.hpke_begin(&info, rng)?;
        Ok(Self { suite: office.suite(), party, key_id: office.id(), encapsulated, exporter })
    }

    /// In which role it wraps.
    #[must_use]
    pub fn party(&self) -> Party {
        self.party
    }

    /// Wraps the key of a set in its place.
    pub fn wrap(&self, key: &SetKey, binding: &SetBinding<'_>, rng: &mut impl CryptoRng) -> Result<WrappedKey, Error> {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let under = Exported::of(|okm| self.exporter.export(&binding.export_context(&salt), okm))?;
        let mut ciphertext = key.0.to_vec();
        let tag = under
            .cipher
            .encrypt_inout_detached(&Nonce::from(under.nonce), &binding.wrap_aad(), ciphertext.as_mut_slice().into())
            .map_err(|_| Error::Internal)?;
        ciphertext.extend_from_slice(&tag);
        let (suite, party, key_id) = (self.suite, self.party, self.key_id);
        Ok(WrappedKey { suite, party, key_id, encapsulated: self.encapsulated.clone(), salt: Some(salt), ciphertext })
    }
}

impl fmt::Debug for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agreement({:?}, {:?}, {}, ..)", self.party, self.suite, self.key_id)
    }
}

/// The key and the nonce of one wrap under an agreement: no other wrap has them.
struct Exported {
    cipher: Aes256Gcm,
    nonce: [u8; 12],
}

impl Exported {
    fn of(export: impl FnOnce(&mut [u8]) -> Result<(), Error>) -> Result<Self, Error> {
        let mut okm = Zeroizing::new([0; KEY_BYTES + 12]);
        export(okm.as_mut())?;
        let (key, nonce) = okm.split_at(KEY_BYTES);
        let nonce = nonce.try_into().map_err(|_| Error::Internal)?;
        Ok(Self { cipher: Aes256Gcm::new_from_slice(key).map_err(|_| Error::Internal)?, nonce })
    }
}

/// A set key wrapped to one office key.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    suite: Suite,
    party: Party,
    key_id: KeyId,
    encapsulated: Vec<u8>,
    /// Where the encapsulated key is an [`Agreement`]'s, which others share.
    salt: Option<[u8; SALT_BYTES]>,
    ciphertext: Vec<u8>,
}

impl WrappedKey {
    /// Under which suite it is wrapped (R6.7).
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// In which role.
    #[must_use]
    pub fn party(&self) -> Party {
        self.party
    }

    /// To which office key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What wrapping made anew, for whoever destroys it and looks afterwards whether it is gone (R11.2). The encapsulated
    /// key of an agreement is not among it: other sets have it too, and it opens nothing without these.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 2] {
        match &self.salt {
            Some(salt) => [salt, &self.ciphertext],
            None => [&self.encapsulated, &self.ciphertext],
        }
    }

    /// Unwraps it with the office's private key, in the place it was wrapped for.
    pub fn unwrap_with(&self, office: &OfficeSecretKey, binding: &SetBinding<'_>) -> Result<SetKey, Error> {
        if self.key_id != office.id() || self.suite != office.suite() {
            return Err(Error::NotAddressed);
        }
        let opened = match &self.salt {
            None => {
                let info = SetBinding::wrap_info(self.suite, self.key_id, self.party);
                office.hpke_open(&info, &binding.wrap_aad(), &self.encapsulated, &self.ciphertext)?
            }
            Some(salt) => self.open_shared(office, binding, salt)?,
        };
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if opened.len() != KEY_BYTES {
            return Err(Error::Rejected);
        }
        key.copy_from_slice(&opened);
        Ok(SetKey(key))
    }

    fn open_shared(
        &self,
        office: &OfficeSecretKey,
        binding: &SetBinding<'_>,
        salt: &[u8; SALT_BYTES],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let info = SetBinding::agreement_info(self.suite, self.key_id, self.party);
        let context = binding.export_context(salt);
        let under = Exported::of(|okm| office.hpke_export(&info, &self.encapsulated, &context, okm))?;
        let (body, tag) = self.ciphertext.split_last_chunk::<TAG_BYTES>().ok_or(Error::Malformed("wrapped key"))?;
        let mut opened = Zeroizing::new(body.to_vec());
        under
            .cipher
            .decrypt_inout_detached(
                &Nonce::from(under.nonce),
                &binding.wrap_aad(),
                opened.as_mut_slice().into(),
                &(*tag).into(),
            )
            .map_err(|_| Error::Rejected)?;
        Ok(opened)
    }

    fn order(&self) -> (Party, KeyId) {
        (self.party, self.key_id)
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({:?}, {:?}, {})", self.party, self.suite, self.key_id)
    }
}

/// The wrapped keys of one set. Destroying all its copies destroys the set (R11.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    // Sorted by role and key id, without repetition: one envelope, one spelling.
    keys: Vec<WrappedKey>,
}

impl Envelope {
    /// Wraps the key to the sender's and the receiver's public key.
    pub fn seal(
        key: &SetKey,
        sender: &OfficePublicKey,
        receiver: &OfficePublicKey,
        binding: &SetBinding<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        Self::new(vec![
            key.wrap_to(sender, Party::Sender, binding, rng)?,
            key.wrap_to(receiver, Party::Receiver, binding, rng)?,
        ])
    }

    /// An envelope of these wrapped keys: at least one, at most [`ENVELOPE_KEYS_MAX`], each office key once in a role.
    pub fn new(mut keys: Vec<WrappedKey>) -> Result<Self, Error> {
        keys.sort_by_key(WrappedKey::order);
        Self { keys }.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if self.keys.is_empty() || self.keys.len() > ENVELOPE_KEYS_MAX {
            return Err(Error::Malformed("number of wrapped keys"));
        }
        let ordered = self.keys.windows(2).all(|pair| match pair {
            [one, two] => one.order() < two.order(),
            _ => true,
        });
        if ordered { Ok(self) } else { Err(Error::Malformed("order of wrapped keys")) }
    }

    /// The wrapped keys.
    #[must_use]
    pub fn keys(&self) -> &[WrappedKey] {
        &self.keys
    }

    /// Unwraps the set key with whichever wrap is addressed to this office key.
    pub fn open(&self, office: &OfficeSecretKey, binding: &SetBinding<'_>) -> Result<SetKey, Error> {
        self.keys
            .iter()
            .find(|wrapped| wrapped.key_id == office.id())
            .ok_or(Error::NotAddressed)?
            .unwrap_with(office, binding)
    }

    /// The same envelope with one more wrapped key, as when an office's key is rotated (R6.5).
    pub fn with(mut self, wrapped: WrappedKey) -> Result<Self, Error> {
        self.keys.push(wrapped);
        Self::new(self.keys)
    }

    /// The same envelope without the wraps to a key, as when an office key is retired. The last one cannot be taken out this
    /// way: destroying a set is done by destroying its envelope.
    pub fn without(mut self, key: KeyId) -> Result<Self, Error> {
        self.keys.retain(|wrapped| wrapped.key_id != key);
        self.checked()
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(6 + self.keys.len() * 1200);
        bytes.extend_from_slice(&MAGIC);
        let mixed = self.keys.iter().any(|wrapped| wrapped.salt.is_some());
        bytes.push(if mixed { MIXED } else { ALONE });
        bytes.push(self.keys.len() as u8); // at most ENVELOPE_KEYS_MAX
        for wrapped in &self.keys {
            bytes.extend_from_slice(&wrapped.suite.to_bytes());
            bytes.push(wrapped.party.to_byte());
            bytes.extend_from_slice(wrapped.key_id.as_bytes());
            if mixed {
                bytes.push(if wrapped.salt.is_some() { SHARED_KEY } else { OWN_KEY });
            }
            bytes.extend_from_slice(&wrapped.encapsulated);
            if let Some(salt) = &wrapped.salt {
                bytes.extend_from_slice(salt);
            }
            bytes.extend_from_slice(&wrapped.ciphertext);
        }
        bytes
    }

    /// Reads what [`Envelope::to_bytes`] wrote, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let version = reader.header_of(MAGIC, &[ALONE, MIXED])?;
        let count = usize::from(reader.u8("number of wrapped keys")?);
        if count > ENVELOPE_KEYS_MAX {
            return Err(Error::Malformed("number of wrapped keys"));
        }
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            let suite = Suite::from_bytes(reader.array("suite")?)?;
            let party = Party::from_byte(reader.u8("party")?).ok_or(Error::Malformed("party"))?;
            let key_id = KeyId::from_bytes(reader.array("key id")?);
            let shared = match version {
                MIXED => match reader.u8("kind of wrap")? {
                    OWN_KEY => false,
                    SHARED_KEY => true,
                    _ => return Err(Error::Malformed("kind of wrap")),
                },
                _ => false,
            };
            let encapsulated = reader.take(suite.encapsulated_bytes(), "encapsulated key")?.to_vec();
            let salt = if shared { Some(reader.array("salt")?) } else { None };
            let ciphertext = reader.take(WRAPPED_BYTES, "wrapped key")?.to_vec();
            keys.push(WrappedKey { suite, party, key_id, encapsulated, salt, ciphertext });
        }
        reader.end()?;
        // One envelope, one spelling.
        if version == MIXED && keys.iter().all(|wrapped| wrapped.salt.is_none()) {
            return Err(Error::Malformed("kind of wrap"));
        }
        Self { keys }.checked()
    }
}
