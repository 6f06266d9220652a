//! What a ciphertext is bound to: its place, as associated data (R6.3).
//!
//! Associated data are built here and nowhere else. A domain string with the format version comes first; each field follows
//! with its tag and its length, so no two different bindings give the same bytes.

use sha2::{Digest, Sha256};

use crate::inventory::KeyUse;
use crate::office::{KeyId, Suite};

/// The one builder of associated data.
pub(crate) struct Aad(Vec<u8>);

/// Fields of associated data. The numbers are part of the format: never reuse one.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Field {
    Purpose = 1,
    Transmission = 2,
    Sender = 3,
    Receiver = 4,
    Ordinal = 5,
    NameDigest = 6,
    Header = 7,
    Suite = 8,
    KeyId = 9,
    Party = 10,
    Subject = 11,
    Version = 12,
    Column = 13,
    Row = 14,
}

impl Aad {
    pub(crate) fn new(domain: &'static str) -> Self {
        let mut aad = Self(Vec::with_capacity(256));
        aad.append(domain.as_bytes());
        aad
    }

    #[must_use]
    pub(crate) fn with(mut self, field: Field, value: &[u8]) -> Self {
        self.0.push(field as u8);
        self.append(value);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn append(&mut self, value: &[u8]) {
        self.0.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.0.extend_from_slice(value);
    }
}

/// 送信一件 — the place of a set: which transmission, from whom, to whom. Ids are ours (`OfficeId`, transmission id), as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetBinding<'a> {
    /// The id of the transmission.
    pub transmission: &'a str,
    /// The office that sent it.
    pub sender: &'a str,
    /// The office that it is for.
    pub receiver: &'a str,
}

impl SetBinding<'_> {
    fn bind(&self, aad: Aad) -> Aad {
        aad.with(Field::Transmission, self.transmission.as_bytes())
            .with(Field::Sender, self.sender.as_bytes())
            .with(Field::Receiver, self.receiver.as_bytes())
    }

    /// HPKE's `info`: which key of which suite this wrap is for, and in which role.
    pub(crate) fn wrap_info(suite: Suite, key: KeyId, party: Party) -> Vec<u8> {
        Aad::new("fumibako set key wrap v1")
            .with(Field::Suite, &suite.to_bytes())
            .with(Field::KeyId, key.as_bytes())
            .with(Field::Party, &[party.to_byte()])
            .finish()
    }

    /// The same of a key agreement that serves the sets of a short time.
    pub(crate) fn agreement_info(suite: Suite, key: KeyId, party: Party) -> Vec<u8> {
        Aad::new("fumibako key agreement v1")
            .with(Field::Suite, &suite.to_bytes())
            .with(Field::KeyId, key.as_bytes())
            .with(Field::Party, &[party.to_byte()])
            .finish()
    }

    /// What is exported from it for one wrap of one set: its place, and chance that no other wrap has.
    pub(crate) fn export_context(&self, salt: &[u8]) -> Vec<u8> {
        self.bind(Aad::new("fumibako set key export v1")).with(Field::Header, salt).finish()
    }

    /// HPKE's `aad`: the place of the set.
    pub(crate) fn wrap_aad(&self) -> Vec<u8> {
        self.bind(Aad::new("fumibako set v1")).finish()
    }
}

/// For whom a set key is wrapped: a copy for the sender is not a copy for the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// 送信元 — the sender's own copy.
    Sender,
    /// 送信先 — the receiver's.
    Receiver,
}

impl Party {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Sender => 1,
            Self::Receiver => 2,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Sender),
            2 => Some(Self::Receiver),
            _ => None,
        }
    }
}

/// What an object of a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectPurpose {
    /// One file, exactly as it was sent.
    File,
    /// What lists show about a set without opening its files (names of persons, months).
    Summary,
    /// Findings of the checks, which quote cells.
    Findings,
    /// What goes with a set besides its files: a signed plan, a message.
    Enclosure,
}

impl ObjectPurpose {
    fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Summary => "summary",
            Self::Findings => "findings",
            Self::Enclosure => "enclosure",
        }
    }
}

/// The place of one object within its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectBinding<'a> {
    set: SetBinding<'a>,
    purpose: ObjectPurpose,
    ordinal: u32,
    name_digest: [u8; 32],
}

impl<'a> ObjectBinding<'a> {
    /// The object of `ordinal` (counted by the caller, unique within the set and purpose) that bears `name`. Of the name only
    /// a digest is bound, and nothing is stored.
    #[must_use]
    pub fn new(set: SetBinding<'a>, purpose: ObjectPurpose, ordinal: u32, name: &str) -> Self {
        Self::with_name_digest(set, purpose, ordinal, Sha256::digest(name.as_bytes()).into())
    }

    /// The same, where the caller holds the SHA-256 of the name rather than the name.
    #[must_use]
    pub const fn with_name_digest(
        set: SetBinding<'a>,
        purpose: ObjectPurpose,
        ordinal: u32,
        name_digest: [u8; 32],
    ) -> Self {
        Self { set, purpose, ordinal, name_digest }
    }

    /// `header` is the whole header of the sealed object: format version, algorithm, compression, salt, original length and
    /// the keyed digest of the plaintext.
    pub(crate) fn aad(&self, header: &[u8]) -> Vec<u8> {
        self.set
            .bind(Aad::new("fumibako object v1").with(Field::Purpose, self.purpose.label().as_bytes()))
            .with(Field::Ordinal, &self.ordinal.to_be_bytes())
            .with(Field::NameDigest, &self.name_digest)
            .with(Field::Header, header)
            .finish()
    }
}

/// What a secret under the master key is for. It does not open for anything else (R6.3): not for another office, version,
/// table, column or row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose<'a> {
    /// The private key of an office that the server keeps for it (DESIGN §4, *kept* custody).
    OfficeKey {
        /// The office.
        office: &'a str,
        /// Which of its keys, counted from 1 at each rotation (R6.5).
        version: u32,
    },
    /// The private key of the built-in certificate authority.
    CaKey {
        /// Which of its keys.
        version: u32,
    },
    /// The private key of the server's own TLS certificate.
    ServerKey {
        /// Which of its keys.
        version: u32,
    },
    /// The working key under which office keys and other secrets are wrapped.
    WrappingKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key that signs checkpoints of the ledger.
    LedgerKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key that signs certificates of erasure and the list of erasures.
    CertificateKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key of one part of a backup: its boxes, or the keys that are kept apart from them.
    BackupKey {
        /// The backup.
        backup: &'a str,
        /// Which part.
        part: &'a str,
    },
    /// The key of the encrypted database file.
    DatabaseKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key of blind indexes. Another version finds nothing that was indexed under this one.
    BlindIndexKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key under which single fields are sealed.
    FieldKey {
        /// Which of its keys.
        version: u32,
    },
    /// The key mixed into every password hash: a table of hashes without it cannot be tried against (R8.10).
    PasswordPepper {
        /// Which of its keys. A hash made under another version verifies with none but that.
        version: u32,
    },
    /// A secret of an account, such as its TOTP seed.
    AccountSecret {
        /// The account.
        account: &'a str,
        /// Which secret it is.
        kind: &'a str,
    },
    /// A single field of a row: names, mail addresses, salts of commitments.
    Field {
        /// The table.
        table: &'a str,
        /// The column.
        column: &'a str,
        /// The id of the row.
        row: &'a str,
    },
}

impl Purpose<'_> {
    /// Its row in the inventory.
    #[must_use]
    pub const fn key_use(&self) -> KeyUse {
        match self {
            Self::OfficeKey { .. } => KeyUse::Office,
            Self::CaKey { .. } => KeyUse::Authority,
            Self::ServerKey { .. } => KeyUse::Server,
            Self::WrappingKey { .. } => KeyUse::Wrapping,
            Self::LedgerKey { .. } => KeyUse::Ledger,
            Self::CertificateKey { .. } => KeyUse::Certificate,
            Self::BackupKey { .. } => KeyUse::Backup,
            Self::DatabaseKey { .. } => KeyUse::Database,
            Self::BlindIndexKey { .. } => KeyUse::BlindIndex,
            Self::FieldKey { .. } => KeyUse::FieldKey,
            Self::PasswordPepper { .. } => KeyUse::PasswordPepper,
            Self::AccountSecret { .. } => KeyUse::AccountSecret,
            Self::Field { .. } => KeyUse::Field,
        }
    }

    pub(crate) fn bind(&self, aad: Aad) -> Aad {
        let aad = aad.with(Field::Purpose, self.key_use().label().as_bytes());
        let versioned = |aad: Aad, version: u32| aad.with(Field::Version, &version.to_be_bytes());
        match *self {
            Self::OfficeKey { office, version } => versioned(aad, version).with(Field::Subject, office.as_bytes()),
            Self::CaKey { version }
            | Self::ServerKey { version }
            | Self::WrappingKey { version }
            | Self::LedgerKey { version }
            | Self::CertificateKey { version }
            | Self::DatabaseKey { version }
            | Self::BlindIndexKey { version }
            | Self::FieldKey { version }
            | Self::PasswordPepper { version } => versioned(aad, version),
            Self::BackupKey { backup, part } => {
                aad.with(Field::Subject, backup.as_bytes()).with(Field::Column, part.as_bytes())
            }
            Self::AccountSecret { account, kind } => {
                aad.with(Field::Subject, account.as_bytes()).with(Field::Column, kind.as_bytes())
            }
            Self::Field { table, column, row } => aad
                .with(Field::Subject, table.as_bytes())
                .with(Field::Column, column.as_bytes())
                .with(Field::Row, row.as_bytes()),
        }
    }
}
