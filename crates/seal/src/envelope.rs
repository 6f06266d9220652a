//! 封筒 — the envelope of a set: its key, wrapped to each office that may open it (R6.2).

use std::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::binding::{Party, SetBinding};
use crate::bytes::Reader;
use crate::office::{KeyId, OfficePublicKey, OfficeSecretKey, Suite};
use crate::{Error, ObjectBinding, OpenedObject};

/// Wrapped keys in one envelope: two offices, each with an old and a new key while keys rotate, and room to spare.
pub const ENVELOPE_KEYS_MAX: usize = 8;

const MAGIC: [u8; 4] = *b"FMBE";
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const WRAPPED_BYTES: usize = KEY_BYTES + 16;

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
        Ok(WrappedKey { suite: office.suite(), party, key_id: office.id(), encapsulated, ciphertext })
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

/// A set key wrapped to one office key.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    suite: Suite,
    party: Party,
    key_id: KeyId,
    encapsulated: Vec<u8>,
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

    /// The two parts that wrapping made anew, for whoever destroys it and looks afterwards whether it is gone (R11.2).
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (&self.encapsulated, &self.ciphertext)
    }

    /// Unwraps it with the office's private key, in the place it was wrapped for.
    pub fn unwrap_with(&self, office: &OfficeSecretKey, binding: &SetBinding<'_>) -> Result<SetKey, Error> {
        if self.key_id != office.id() || self.suite != office.suite() {
            return Err(Error::NotAddressed);
        }
        let info = SetBinding::wrap_info(self.suite, self.key_id, self.party);
        let opened = office.hpke_open(&info, &binding.wrap_aad(), &self.encapsulated, &self.ciphertext)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if opened.len() != KEY_BYTES {
            return Err(Error::Rejected);
        }
        key.copy_from_slice(&opened);
        Ok(SetKey(key))
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
        bytes.push(VERSION);
        bytes.push(self.keys.len() as u8); // at most ENVELOPE_KEYS_MAX
        for wrapped in &self.keys {
            bytes.extend_from_slice(&wrapped.suite.to_bytes());
            bytes.push(wrapped.party.to_byte());
            bytes.extend_from_slice(wrapped.key_id.as_bytes());
            bytes.extend_from_slice(&wrapped.encapsulated);
            bytes.extend_from_slice(&wrapped.ciphertext);
        }
        bytes
    }

    /// Reads what [`Envelope::to_bytes`] wrote, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        reader.header(MAGIC, VERSION)?;
        let count = usize::from(reader.u8("number of wrapped keys")?);
        if count > ENVELOPE_KEYS_MAX {
            return Err(Error::Malformed("number of wrapped keys"));
        }
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            let suite = Suite::from_bytes(reader.array("suite")?)?;
            let party = Party::from_byte(reader.u8("party")?).ok_or(Error::Malformed("party"))?;
            let key_id = KeyId::from_bytes(reader.array("key id")?);
            let encapsulated = reader.take(suite.encapsulated_bytes(), "encapsulated key")?.to_vec();
            let ciphertext = reader.take(WRAPPED_BYTES, "wrapped key")?.to_vec();
            keys.push(WrappedKey { suite, party, key_id, encapsulated, ciphertext });
        }
        reader.end()?;
        Self { keys }.checked()
    }
}
