//! 暗号の台帳 — which algorithms and which kinds of keys there are (R6.5). The code itself works from this list: a
//! [`Purpose`](crate::Purpose) takes its label from its [`KeyUse`], so that none can be added without a row here.

/// Defines an enum and the list of all its values in one place.
macro_rules! listed {
    ($(#[$outer:meta])* $name:ident { $($(#[$meta:meta])* $variant:ident,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$meta])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of the inventory.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }
    };
}

listed! {
    /// An algorithm that this crate uses.
    Algorithm {
        /// AES-256-GCM.
        Aes256Gcm,
        /// SHA-256.
        Sha256,
        /// HMAC-SHA256.
        HmacSha256,
        /// HKDF-SHA256.
        HkdfSha256,
        /// HPKE with X-Wing.
        HpkeXWing,
        /// HPKE with X25519.
        HpkeX25519,
        /// Argon2id.
        Argon2id,
        /// Shamir's scheme over GF(256).
        Shamir,
    }
}

/// How an algorithm stands to the list of recommended ciphers of the Japanese government (CRYPTREC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On the list.
    Listed,
    /// Not on the list: a recorded exception (R6.5), and where it is defined.
    Exception,
}

impl Algorithm {
    /// As specialists call it, with where it is defined.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AES-256-GCM (FIPS 197, SP 800-38D)",
            Self::Sha256 => "SHA-256 (FIPS 180-4)",
            Self::HmacSha256 => "HMAC-SHA256 (FIPS 198-1)",
            Self::HkdfSha256 => "HKDF-SHA256 (RFC 5869)",
            Self::HpkeXWing => "HPKE (RFC 9180) X-Wing: ML-KEM-768 + X25519",
            Self::HpkeX25519 => "HPKE (RFC 9180) DHKEM(X25519, HKDF-SHA256)",
            Self::Argon2id => "Argon2id (RFC 9106)",
            Self::Shamir => "Shamir's secret sharing, GF(256)",
        }
    }

    /// Bits of strength against a computer of today.
    #[must_use]
    pub const fn strength_bits(self) -> u16 {
        match self {
            Self::Aes256Gcm | Self::HmacSha256 | Self::HkdfSha256 | Self::Shamir => 256,
            // Collisions.
            Self::Sha256 => 128,
            Self::HpkeXWing | Self::HpkeX25519 => 128,
            // As strong as what people choose; the cost is what counts.
            Self::Argon2id => 0,
        }
    }

    /// How it stands to the list.
    #[must_use]
    pub const fn standing(self) -> Standing {
        match self {
            Self::Aes256Gcm | Self::Sha256 | Self::HmacSha256 => Standing::Listed,
            Self::HkdfSha256 | Self::HpkeXWing | Self::HpkeX25519 | Self::Argon2id | Self::Shamir => {
                Standing::Exception
            }
        }
    }
}

listed! {
    /// A kind of key, or of secret under one.
    KeyUse {
        /// マスター鍵.
        Master,
        /// What locks the key-store file: made of a passphrase, or a credential of the host.
        KeyStoreLock,
        /// A share that restores the master key together with others.
        RecoveryShare,
        /// The working key of other secrets.
        Wrapping,
        /// The working key of fields.
        FieldKey,
        /// The working key of blind indexes.
        BlindIndex,
        /// The working key in password hashes.
        PasswordPepper,
        /// The key of the database file.
        Database,
        /// 事業所の鍵.
        Office,
        /// 名札の鍵: what an office may read of the people in its index.
        Labels,
        /// 鍵の合意: what the sets of a minute to one office are wrapped under, each by a key of its own.
        Agreement,
        /// The key of one set.
        Set,
        /// The key of one file of a set.
        Object,
        /// 認証局の鍵.
        Authority,
        /// The key of the server's certificate.
        Server,
        /// The key that signs the log.
        Ledger,
        /// The key that signs certificates of erasure.
        Certificate,
        /// The key of one half of a backup.
        Backup,
        /// A secret of an account.
        AccountSecret,
        /// One sealed field.
        Field,
    }
}

impl KeyUse {
    /// What stands in associated data. Part of the format: never changed.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Master => "master key",
            Self::KeyStoreLock => "key store lock",
            Self::RecoveryShare => "recovery share",
            Self::Wrapping => "wrapping key",
            Self::FieldKey => "field key",
            Self::BlindIndex => "blind index key",
            Self::PasswordPepper => "password pepper",
            Self::Database => "database key",
            Self::Office => "office key",
            Self::Labels => "label key",
            Self::Agreement => "key agreement",
            Self::Set => "set key",
            Self::Object => "object key",
            Self::Authority => "ca key",
            Self::Server => "server key",
            Self::Ledger => "ledger key",
            Self::Certificate => "certificate key",
            Self::Backup => "backup key",
            Self::AccountSecret => "account secret",
            Self::Field => "field",
        }
    }

    /// What is done with it, or how it is kept where it is a key of another crate's algorithm.
    #[must_use]
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Master | Self::Wrapping | Self::FieldKey | Self::Object => {
                &[Algorithm::HkdfSha256, Algorithm::Aes256Gcm]
            }
            Self::KeyStoreLock => &[Algorithm::Argon2id, Algorithm::HkdfSha256, Algorithm::Aes256Gcm],
            Self::RecoveryShare => &[Algorithm::Shamir],
            Self::BlindIndex => &[Algorithm::HmacSha256],
            Self::PasswordPepper => &[Algorithm::Argon2id],
            Self::Office => &[Algorithm::HpkeXWing, Algorithm::HpkeX25519],
            Self::Set => &[Algorithm::HkdfSha256, Algorithm::HmacSha256],
            Self::Labels
            | Self::Agreement
            | Self::Database
            | Self::Backup
            | Self::Authority
            | Self::Server
            | Self::Ledger
            | Self::Certificate
            | Self::AccountSecret
            | Self::Field => &[Algorithm::HkdfSha256, Algorithm::Aes256Gcm],
        }
    }

    /// Bits of the key itself; nothing where the secret is not a key of this crate.
    #[must_use]
    pub const fn bits(self) -> Option<u16> {
        match self {
            Self::Authority | Self::Server | Self::Ledger | Self::Certificate | Self::AccountSecret | Self::Field => {
                None
            }
            _ => Some(256),
        }
    }

    /// The key under which it is kept.
    #[must_use]
    pub const fn kept_under(self) -> Option<Self> {
        match self {
            Self::Master => Some(Self::KeyStoreLock),
            Self::KeyStoreLock | Self::RecoveryShare => None,
            Self::Wrapping
            | Self::FieldKey
            | Self::BlindIndex
            | Self::PasswordPepper
            | Self::Database
            | Self::Backup => Some(Self::Master),
            Self::Office | Self::Authority | Self::Server | Self::Ledger | Self::Certificate | Self::AccountSecret => {
                Some(Self::Wrapping)
            }
            Self::Labels | Self::Agreement | Self::Set => Some(Self::Office),
            Self::Object => Some(Self::Set),
            Self::Field => Some(Self::FieldKey),
        }
    }
}
