//! The keys of the log and of its witnesses: Ed25519, as C2SP signed-note and tlog-cosignature use them.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use sha2::{Digest, Sha256};

use crate::note::{NoteError, SignatureLine, from_base64, to_base64};
use crate::token::{from_hex, to_hex};

/// The name of a log or a witness: like a URL without its scheme. ASCII only, so that it shows on a terminal as what it is
/// (R10.9); C2SP allows more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Box<str>);

impl KeyName {
    /// The longest name.
    pub const LEN_MAX: usize = 128;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
        if text.is_empty() || text.len() > Self::LEN_MAX || !text.bytes().all(fits) {
            return Err(NoteError::Malformed("name"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Checkpoints of its own log.
    Log,
    /// Checkpoints of others, with the time at which it saw them.
    Witness,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A public key with its name and kind; as text what C2SP calls a vkey: `name+12ab34cd+Base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: KeyName,
    kind: KeyKind,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    /// The name of the log or the witness.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key alone.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The first bytes of a hash over name, kind and key. It helps to find a key and proves nothing.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.name.as_str())
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The lines of this key, each of which must fit: the instant of a cosignature in seconds since 1970, 0 for a log's.
    pub(crate) fn verify(&self, text: &str, lines: &[SignatureLine]) -> Result<Vec<u64>, NoteError> {
        let (name, id) = (self.name.as_str(), self.id());
        lines.iter().filter(|line| line.is_of(name, id)).map(|line| self.verify_line(text, line)).collect()
    }

    fn verify_line(&self, text: &str, line: &SignatureLine) -> Result<u64, NoteError> {
        let verify = |message: &str, signature: &[u8]| {
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::BadSignature)?;
            self.key.verify_strict(message.as_bytes(), &signature).map_err(|_| NoteError::BadSignature)
        };
        match self.kind {
            KeyKind::Log => verify(text, line.bytes()).map(|()| 0),
            KeyKind::Witness => {
                let (at, signature) = line.bytes().split_first_chunk::<8>().ok_or(NoteError::BadSignature)?;
                let at = u64::from_be_bytes(*at);
                // The format ends there.
                if i64::try_from(at).is_err() {
                    return Err(NoteError::BadSignature);
                }
                verify(&cosigned(at, text), signature).map(|()| at)
            }
        }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, to_hex(&self.id()), to_base64(&key))
    }
}

impl FromStr for VerifyingKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed("public key");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed);
        };
        // No key is longer; decoding more would be work for nothing.
        let bytes = (key.len() <= 64).then(|| from_base64(key)).flatten().ok_or(malformed)?;
        let (kind, key) = match bytes.split_first().ok_or(malformed)? {
            (0x01, key) => (KeyKind::Log, key),
            (0x04, key) => (KeyKind::Witness, key),
            _ => return Err(malformed),
        };
        let key = key.try_into().map_err(|_| malformed)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| malformed)?;
        let read = Self { name: name.parse()?, kind, key };
        // Keys of small order accept forged signatures.
        if key.is_weak() || from_hex(id).is_none_or(|id| id != read.id()) { Err(malformed) } else { Ok(read) }
    }
}

/// The secret key of a log, with its name, which is the origin of its checkpoints. Wiped when dropped.
pub struct LogKey(Secret);

/// The secret key of a witness. Wiped when dropped.
pub struct WitnessKey(Secret);

struct Secret {
    name: KeyName,
    key: SigningKey,
}

impl LogKey {
    /// From 32 random bytes, which are the key.
    #[must_use]
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(Secret { name, key: SigningKey::from_bytes(seed) })
    }

    /// The name of the log.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// The public key, to be handed to everybody.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key(KeyKind::Log)
    }

    pub(crate) fn sign_text(&self, text: &str) -> SignatureLine {
        let signature = self.0.key.sign(text.as_bytes());
        SignatureLine::new(self.name().as_str(), self.verifying_key().id(), signature.to_bytes().to_vec())
    }
}

impl WitnessKey {
    /// From 32 random bytes, which are the key. A key serves under one name only: its signatures do not say the name.
    #[must_use]
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(Secret { name, key: SigningKey::from_bytes(seed) })
    }

    /// The public key, to be handed to those who check the log.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key(KeyKind::Witness)
    }

    /// States that at this instant, in seconds since 1970, this checkpoint was the largest that the witness had seen of its
    /// log, and consistent with all before. Whoever calls this has checked it: see [`crate::WitnessState`].
    pub(crate) fn cosign_text(&self, text: &str, at_seconds: u64) -> SignatureLine {
        let signature = self.0.key.sign(cosigned(at_seconds, text).as_bytes());
        let bytes = [at_seconds.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        SignatureLine::new(self.0.name.as_str(), self.verifying_key().id(), bytes)
    }
}

impl Secret {
    fn verifying_key(&self, kind: KeyKind) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), kind, key: self.key.verifying_key() }
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({}, ..)", self.0.name)
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({}, ..)", self.0.name)
    }
}

/// What a witness signs.
fn cosigned(at_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {at_seconds}\n{text}")
}
