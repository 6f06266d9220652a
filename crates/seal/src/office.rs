//! 事業所の鍵 — the key pair of an office, in one of the suites that this program knows.

use std::fmt;

use hpke::aead::{AeadCtxS, AesGcm256};
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, kdf::HkdfSha256};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::Error;
use crate::bytes::Reader;

/// An HPKE suite: key encapsulation, key derivation, encryption. Stored with every key and every wrap, so that it can be
/// changed for new sets while old ones still open (R6.5, STACK P25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Suite {
    /// X-Wing (ML-KEM-768 with X25519), HKDF-SHA256, AES-256-GCM. The default: what is stored today stays closed to a
    /// quantum computer of tomorrow.
    #[default]
    XWing,
    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM: RFC 9180 without drafts.
    X25519,
}

/// Bytes of a private key in both suites.
const SECRET_BYTES: usize = 32;
/// Bytes of a suite id.
pub(crate) const SUITE_BYTES: usize = 6;

impl Suite {
    /// All suites, for the inventory of algorithms (R6.5).
    pub const ALL: [Self; 2] = [Self::XWing, Self::X25519];

    /// The HPKE identifiers of KEM, KDF and AEAD, as they stand in the IANA registry, two bytes each.
    #[must_use]
    pub fn to_bytes(self) -> [u8; SUITE_BYTES] {
        let [k0, k1] = match self {
            Self::XWing => 0x647a_u16,
            Self::X25519 => 0x0020,
        }
        .to_be_bytes();
        [k0, k1, 0x00, 0x01, 0x00, 0x02]
    }

    /// The suite with these identifiers, or [`Error::UnknownSuite`].
    pub fn from_bytes(bytes: [u8; SUITE_BYTES]) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|suite| suite.to_bytes() == bytes).ok_or(Error::UnknownSuite)
    }

    /// A name for the inventory and for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::XWing => "X-Wing (ML-KEM-768 + X25519), HKDF-SHA256, AES-256-GCM",
            Self::X25519 => "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM",
        }
    }

    pub(crate) fn public_bytes(self) -> usize {
        match self {
            Self::XWing => 1216,
            Self::X25519 => 32,
        }
    }

    pub(crate) fn encapsulated_bytes(self) -> usize {
        match self {
            Self::XWing => 1120,
            Self::X25519 => 32,
        }
    }
}

/// The id of a key: 16 bytes of a SHA-256. It identifies, and tells nothing about a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    pub(crate) fn of(domain: &'static str, bytes: &[u8]) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(domain).chain_update([0]).chain_update(bytes).finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }

    /// An id read from storage.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The public key of an office. Parse it once and keep it: preparing an X-Wing key costs as much as using it.
#[derive(Clone, PartialEq, Eq)]
pub struct OfficePublicKey {
    id: KeyId,
    key: Public,
}

#[derive(Clone, PartialEq, Eq)]
enum Public {
    XWing(Box<<XWing as Kem>::PublicKey>),
    X25519(<X25519HkdfSha256 as Kem>::PublicKey),
}

impl OfficePublicKey {
    fn new(key: Public) -> Self {
        let mut public = Self { id: KeyId([0; 16]), key };
        public.id = KeyId::of("fumibako office public key v1", &public.to_bytes());
        public
    }

    /// The suite of this key.
    #[must_use]
    pub fn suite(&self) -> Suite {
        match self.key {
            Public::XWing(_) => Suite::XWing,
            Public::X25519(_) => Suite::X25519,
        }
    }

    /// The id of this key, which is also the id of its private half.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Suite id, then the key as the suite's KEM writes it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.suite().to_bytes().to_vec();
        match &self.key {
            Public::XWing(key) => bytes.extend_from_slice(&key.to_bytes()),
            Public::X25519(key) => bytes.extend_from_slice(&key.to_bytes()),
        }
        bytes
    }

    /// Reads what [`OfficePublicKey::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let suite = Suite::from_bytes(reader.array("suite")?)?;
        let raw = reader.take(suite.public_bytes(), "public key")?;
        reader.end()?;
        Ok(Self::new(match suite {
            Suite::XWing => Public::XWing(Box::new(Deserializable::from_bytes(raw).map_err(|_| Error::UnusableKey)?)),
            Suite::X25519 => Public::X25519(Deserializable::from_bytes(raw).map_err(|_| Error::UnusableKey)?),
        }))
    }

    /// HPKE base mode, one message. Gives the encapsulated key and the ciphertext with its tag.
    pub(crate) fn hpke_seal(
        &self,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        match &self.key {
            Public::XWing(key) => seal::<XWing>(key, info, aad, plaintext, rng),
            Public::X25519(key) => seal::<X25519HkdfSha256>(key, info, aad, plaintext, rng),
        }
    }
}

impl OfficePublicKey {
    /// One key agreement, of which keys are exported later (RFC 9180, 5.3).
    pub(crate) fn hpke_begin(&self, info: &[u8], rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Exporter), Error> {
        match &self.key {
            Public::XWing(key) => {
                let (encapsulated, context) = begin::<XWing>(key, info, rng)?;
                Ok((encapsulated, Exporter::XWing(Box::new(context))))
            }
            Public::X25519(key) => {
                let (encapsulated, context) = begin::<X25519HkdfSha256>(key, info, rng)?;
                Ok((encapsulated, Exporter::X25519(Box::new(context))))
            }
        }
    }
}

/// The sender's side of a key agreement. hpke wipes it when it is dropped; boxed so that moving it leaves no copy behind.
pub(crate) enum Exporter {
    XWing(Box<Context<XWing>>),
    X25519(Box<Context<X25519HkdfSha256>>),
}

type Context<K> = AeadCtxS<AesGcm256, HkdfSha256, K>;

impl Exporter {
    pub(crate) fn export(&self, context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        match self {
            Self::XWing(exporter) => exporter.export(context, out),
            Self::X25519(exporter) => exporter.export(context, out),
        }
        .map_err(|_| Error::Internal)
    }
}

impl fmt::Debug for OfficePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficePublicKey({:?}, {})", self.suite(), self.id())
    }
}

fn seal<K: Kem>(
    key: &K::PublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, key, info, plaintext, aad, rng)
            .map_err(|_| Error::UnusableKey)?;
    Ok((encapsulated.to_bytes().to_vec(), ciphertext))
}

fn begin<K: Kem>(key: &K::PublicKey, info: &[u8], rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Context<K>), Error> {
    let (encapsulated, context) =
        hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, key, info, rng)
            .map_err(|_| Error::UnusableKey)?;
    Ok((encapsulated.to_bytes().to_vec(), context))
}

fn export<K: Kem>(
    key: &K::PrivateKey,
    info: &[u8],
    encapsulated: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<(), Error> {
    let encapsulated = K::EncappedKey::from_bytes(encapsulated).map_err(|_| Error::Rejected)?;
    hpke::setup_receiver::<AesGcm256, HkdfSha256, K>(&OpModeR::Base, key, &encapsulated, info)
        .and_then(|agreed| agreed.export(context, out))
        .map_err(|_| Error::Rejected)
}

fn open<K: Kem>(
    key: &K::PrivateKey,
    info: &[u8],
    aad: &[u8],
    encapsulated: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let encapsulated = K::EncappedKey::from_bytes(encapsulated).map_err(|_| Error::Rejected)?;
    hpke::single_shot_open::<AesGcm256, HkdfSha256, K>(&OpModeR::Base, key, &encapsulated, info, ciphertext, aad)
        .map(Zeroizing::new)
        .map_err(|_| Error::Rejected)
}

/// The private key of an office. Wiped when dropped; `Debug` shows the id only (R6.4).
pub struct OfficeSecretKey {
    key: Secret,
    public: OfficePublicKey,
}

// hpke wipes both kinds when they are dropped; boxed so that moving this struct leaves no copy behind.
enum Secret {
    XWing(Box<<XWing as Kem>::PrivateKey>),
    X25519(Box<<X25519HkdfSha256 as Kem>::PrivateKey>),
}

impl OfficeSecretKey {
    /// A fresh key pair.
    pub fn generate(suite: Suite, rng: &mut impl CryptoRng) -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; SECRET_BYTES]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(suite, &seed)
    }

    fn from_seed(suite: Suite, seed: &[u8; SECRET_BYTES]) -> Result<Self, Error> {
        let (key, public) = match suite {
            Suite::XWing => {
                let key = <XWing as Kem>::PrivateKey::from_bytes(seed).map_err(|_| Error::Internal)?;
                let public = Public::XWing(Box::new(XWing::sk_to_pk(&key)));
                (Secret::XWing(Box::new(key)), public)
            }
            Suite::X25519 => {
                let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(seed).map_err(|_| Error::Internal)?;
                let public = Public::X25519(X25519HkdfSha256::sk_to_pk(&key));
                (Secret::X25519(Box::new(key)), public)
            }
        };
        Ok(Self { key, public: OfficePublicKey::new(public) })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &OfficePublicKey {
        &self.public
    }

    /// The id of the pair.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// The suite of the pair.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.public.suite()
    }

    /// Suite id, then the key. Only ever to be stored wrapped, as [`crate::Purpose::OfficeKey`].
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![0; SUITE_BYTES + SECRET_BYTES]);
        let (suite, raw) = bytes.split_at_mut(SUITE_BYTES);
        suite.copy_from_slice(&self.suite().to_bytes());
        match &self.key {
            Secret::XWing(key) => key.write_exact(raw),
            Secret::X25519(key) => key.write_exact(raw),
        }
        bytes
    }

    /// Reads what [`OfficeSecretKey::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let suite = Suite::from_bytes(reader.array("suite")?)?;
        let mut seed = reader.array("secret key")?;
        let secret = reader.end().and_then(|()| Self::from_seed(suite, &seed));
        seed.zeroize();
        secret
    }

    pub(crate) fn hpke_open(
        &self,
        info: &[u8],
        aad: &[u8],
        encapsulated: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &self.key {
            Secret::XWing(key) => open::<XWing>(key, info, aad, encapsulated, ciphertext),
            Secret::X25519(key) => open::<X25519HkdfSha256>(key, info, aad, encapsulated, ciphertext),
        }
    }
}

impl OfficeSecretKey {
    /// What the other side exported from this key agreement in this context.
    pub(crate) fn hpke_export(
        &self,
        info: &[u8],
        encapsulated: &[u8],
        context: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        match &self.key {
            Secret::XWing(key) => export::<XWing>(key, info, encapsulated, context, out),
            Secret::X25519(key) => export::<X25519HkdfSha256>(key, info, encapsulated, context, out),
        }
    }
}

impl fmt::Debug for OfficeSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficeSecretKey({:?}, {}, ..)", self.suite(), self.id())
    }
}
