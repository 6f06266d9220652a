//! 鍵ファイル — the sealed key-store file: the master key under a passphrase, or under a credential of the host (R6.4).
//!
//! ```text
//! magic "FMBK" · version 1 · lock 1 · memory 4 · passes 4 · lanes 4 · master key id 16 · salt 32    the header
//! ciphertext 32 · tag 16 · checksum 32
//! ```
//!
//! The checksum is the plain SHA-256 of everything before it. It keeps nobody out; it tells a damaged file, for which there is
//! a copy to fetch, from a wrong passphrase, for which there is not.

use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::binding::{Aad, Field};
use crate::bytes::Reader;
use crate::master::{MasterKey, lock, unlock};
use crate::office::KeyId;

const MAGIC: [u8; 4] = *b"FMBK";
const VERSION: u8 = 1;
const PASSPHRASE: u8 = 1;
const CREDENTIAL: u8 = 2;
const HEADER_BYTES: usize = 4 + 1 + 1 + 12 + 16 + 32;

/// What Argon2id costs, for us as for one who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Argon2Cost {
    /// OWASP's minimum for passwords (19 MiB, two passes). No file may ask for less.
    pub const OWASP: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// RFC 9106's second recommendation (64 MiB, three passes). The file is opened once at a start and can be guessed at
    /// offline if stolen, so it may cost more than a sign-in.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// The most that a file may ask for (1 GiB, sixteen passes): a hostile one cannot take all memory or hours of time.
    pub const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

    fn within_bounds(self) -> bool {
        (Self::OWASP.memory_kib..=Self::MOST.memory_kib).contains(&self.memory_kib)
            && (Self::OWASP.passes..=Self::MOST.passes).contains(&self.passes)
            && (Self::OWASP.lanes..=Self::MOST.lanes).contains(&self.lanes)
    }

    fn stretch(self, passphrase: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
        if !self.within_bounds() {
            return Err(KeyStoreError::CostOutOfBounds);
        }
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| KeyStoreError::CostOutOfBounds)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, key.as_mut())
            .map_err(|error| match error {
                argon2::Error::OutOfMemory => KeyStoreError::OutOfMemory,
                _ => KeyStoreError::Internal,
            })?;
        Ok(key)
    }
}

/// What opens the file.
#[derive(Clone, Copy)]
pub enum Lock<'a> {
    /// A passphrase, through Argon2id.
    Passphrase(&'a str),
    /// A 32-byte key that the host hands over, such as a systemd credential.
    Credential(&'a [u8; 32]),
}

impl std::fmt::Debug for Lock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(..)",
            Self::Credential(_) => "Credential(..)",
        })
    }
}

/// Why a key-store file was not opened. Each asks for something else of the custodian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The bytes never were a key-store file.
    #[error("not a key-store file")]
    NotAKeyStore,
    /// The file was one, but has been cut or altered by accident. Fetch the copy.
    #[error("the key-store file is damaged")]
    Damaged,
    /// A newer program wrote it.
    #[error("unknown key-store version {0}")]
    UnknownVersion(u8),
    /// It is locked in the other way: a credential was given for a passphrase, or the reverse.
    #[error("the key-store file is locked in another way")]
    OtherLock,
    /// The file is whole, and this is not what locks it; or someone has altered it and made a new checksum.
    #[error("wrong passphrase or credential")]
    WrongKey,
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The file asks for less or more work than is allowed.
    #[error("the cost of the passphrase is out of bounds")]
    CostOutOfBounds,
    /// There is not the memory for the passphrase.
    #[error("not enough memory to try the passphrase")]
    OutOfMemory,
    /// An algorithm of the libraries failed where it never should.
    #[error("internal cryptographic failure")]
    Internal,
}

/// A key-store file whose form and checksum are right. Its key is still locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStoreFile {
    lock: Kind,
    master: KeyId,
    salt: [u8; 32],
    ciphertext: [u8; 32],
    tag: [u8; 16],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passphrase(Argon2Cost),
    Credential,
}

impl KeyStoreFile {
    /// Locks a master key, a passphrase with the default cost.
    pub fn seal(master: &MasterKey, lock: Lock<'_>, rng: &mut impl CryptoRng) -> Result<Self, KeyStoreError> {
        Self::seal_with_cost(master, lock, Argon2Cost::DEFAULT, rng)
    }

    /// Locks a master key. The cost counts for a passphrase only.
    pub fn seal_with_cost(
        master: &MasterKey,
        with: Lock<'_>,
        cost: Argon2Cost,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, KeyStoreError> {
        let mut file = Self {
            lock: match with {
                Lock::Passphrase(_) => Kind::Passphrase(cost),
                Lock::Credential(_) => Kind::Credential,
            },
            master: master.id(),
            salt: [0; 32],
            ciphertext: [0; 32],
            tag: [0; 16],
        };
        rng.fill_bytes(&mut file.salt);
        let key = file.wrapping_key(with)?;
        let mut body = Zeroizing::new(*master.as_bytes());
        file.tag = lock(&key, &file.salt, &file.aad(), body.as_mut_slice()).map_err(|_| KeyStoreError::Internal)?;
        file.ciphertext = *body;
        Ok(file)
    }

    /// Opens it.
    pub fn open(&self, with: Lock<'_>) -> Result<MasterKey, KeyStoreError> {
        let key = self.wrapping_key(with)?;
        let mut master = Zeroizing::new(self.ciphertext);
        unlock(&key, &self.salt, &self.aad(), master.as_mut_slice(), &self.tag).map_err(|_| KeyStoreError::WrongKey)?;
        let master = MasterKey::from_bytes(&master);
        if master.id() == self.master { Ok(master) } else { Err(KeyStoreError::WrongKey) }
    }

    /// The id of the master key inside, which can be read without opening (for the inventory of keys, R6.5).
    #[must_use]
    pub fn master_key_id(&self) -> KeyId {
        self.master
    }

    /// Whether it wants a passphrase, so that nobody is asked for one in vain.
    #[must_use]
    pub fn wants_passphrase(&self) -> bool {
        matches!(self.lock, Kind::Passphrase(_))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend_from_slice(&self.ciphertext);
        bytes.extend_from_slice(&self.tag);
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads a file, without opening it.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyStoreError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(KeyStoreError::NotAKeyStore);
        }
        let (content, checksum) = bytes.split_last_chunk::<32>().ok_or(KeyStoreError::Damaged)?;
        if !bool::from(Sha256::digest(content).as_slice().ct_eq(checksum)) {
            return Err(KeyStoreError::Damaged);
        }
        let file = Self::parse_content(content).map_err(|error| match error {
            crate::Error::UnknownVersion(version) => KeyStoreError::UnknownVersion(version),
            _ => KeyStoreError::Damaged,
        })?;
        match file.lock {
            Kind::Passphrase(cost) if !cost.within_bounds() => Err(KeyStoreError::CostOutOfBounds),
            _ => Ok(file),
        }
    }

    fn parse_content(content: &[u8]) -> Result<Self, crate::Error> {
        let mut reader = Reader::new(content);
        reader.header(MAGIC, VERSION)?;
        let kind = reader.u8("lock")?;
        let cost = Argon2Cost {
            memory_kib: reader.u32("memory")?,
            passes: reader.u32("passes")?,
            lanes: reader.u32("lanes")?,
        };
        let nothing = Argon2Cost { memory_kib: 0, passes: 0, lanes: 0 };
        let lock = match kind {
            PASSPHRASE => Kind::Passphrase(cost),
            CREDENTIAL if cost == nothing => Kind::Credential,
            _ => return Err(crate::Error::Malformed("lock")),
        };
        let file = Self {
            lock,
            master: KeyId::from_bytes(reader.array("master key id")?),
            salt: reader.array("salt")?,
            ciphertext: reader.array("ciphertext")?,
            tag: reader.array("tag")?,
        };
        reader.end()?;
        Ok(file)
    }

    fn header(&self) -> Vec<u8> {
        let (kind, cost) = match self.lock {
            Kind::Passphrase(cost) => (PASSPHRASE, [cost.memory_kib, cost.passes, cost.lanes]),
            Kind::Credential => (CREDENTIAL, [0; 3]),
        };
        let mut header = Vec::with_capacity(HEADER_BYTES + 32 + 16 + 32);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&[VERSION, kind]);
        for part in cost {
            header.extend_from_slice(&part.to_be_bytes());
        }
        header.extend_from_slice(self.master.as_bytes());
        header.extend_from_slice(&self.salt);
        header
    }

    fn aad(&self) -> Vec<u8> {
        Aad::new("fumibako key store v1").with(Field::Header, &self.header()).finish()
    }

    fn wrapping_key(&self, with: Lock<'_>) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
        match (self.lock, with) {
            (Kind::Passphrase(_), Lock::Passphrase("")) => Err(KeyStoreError::EmptyPassphrase),
            (Kind::Passphrase(cost), Lock::Passphrase(passphrase)) => cost.stretch(passphrase.as_bytes(), &self.salt),
            (Kind::Credential, Lock::Credential(key)) => Ok(Zeroizing::new(*key)),
            _ => Err(KeyStoreError::OtherLock),
        }
    }
}
