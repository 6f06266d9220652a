//! The TLS policy, in one place (R5.1, R5.3–R5.8): what is spoken at which door, and with which algorithms. `docs/tls.md` is
//! checked against it.

use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    NamedGroup, RootCertStore, ServerConfig, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion, server,
    version,
};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The edition of the guideline that the policy was made by; `docs/tls.md` says the same.
pub const GUIDELINE: &str = "TLS 暗号設定ガイドライン 3.1.1 (高セキュリティ型)";

/// What is spoken at a door.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The only version.
    pub version: &'static SupportedProtocolVersion,
    /// Most wanted first; the server's order counts.
    pub suites: Vec<SupportedCipherSuite>,
    /// Ephemeral, of at least 128 bits; most wanted first.
    pub groups: Vec<NamedGroup>,
}

impl Policy {
    /// At every door unless said otherwise (R5.1, R5.4, R5.6).
    #[must_use]
    pub fn standard() -> Self {
        Self { version: &version::TLS13, suites: TLS13_SUITES.to_vec(), groups: groups(&TLS13_GROUPS) }
    }

    /// At the door for offices with a recorded exception (R5.3, R5.5). Forward secrecy and authenticated encryption only;
    /// the extended master secret is demanded. Hybrid groups do not exist here.
    #[must_use]
    pub fn tls12() -> Self {
        Self { version: &version::TLS12, suites: TLS12_SUITES.to_vec(), groups: groups(&TLS13_GROUPS[1..]) }
    }

    /// What handshakes are signed with, by either side: SHA-256 or better (R5.8).
    #[must_use]
    pub fn signatures(&self) -> Vec<SignatureScheme> {
        self.provider().signature_verification_algorithms.supported_schemes()
    }

    fn provider(&self) -> CryptoProvider {
        let kx_groups = TLS13_GROUPS.into_iter().filter(|group| self.groups.contains(&group.name())).collect();
        CryptoProvider { cipher_suites: self.suites.clone(), kx_groups, ..default_provider() }
    }
}

const TLS13_SUITES: [SupportedCipherSuite; 3] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
];

const TLS12_SUITES: [SupportedCipherSuite; 6] = [
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

const TLS13_GROUPS: [&'static dyn rustls::crypto::SupportedKxGroup; 4] =
    [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

fn groups(groups: &[&'static dyn rustls::crypto::SupportedKxGroup]) -> Vec<NamedGroup> {
    groups.iter().map(|group| group.name()).collect()
}

/// The algorithms both sides of every ordinary connection may use.
#[must_use]
pub fn provider() -> CryptoProvider {
    Policy::standard().provider()
}

/// What the server shows of itself.
#[derive(Debug)]
pub struct ServerIdentity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
}

/// サーバー証明書, replaced while the server runs: each handshake takes the newest.
#[derive(Debug)]
pub struct Identity(RwLock<Arc<CertifiedKey>>);

impl Identity {
    /// The first one.
    ///
    /// # Errors
    /// When the key is not the certificate's, or either is unusable.
    pub fn new(identity: ServerIdentity) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(certified(identity)?)))
    }

    /// Another one from the next handshake on.
    ///
    /// # Errors
    /// As [`Self::new`]; then the present one stays.
    pub fn replace(&self, identity: ServerIdentity) -> Result<(), TlsError> {
        let key = certified(identity)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// The end of what is shown now.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        let present = self.present();
        let (_, leaf) = X509Certificate::from_der(present.end_entity_cert().ok()?).ok()?;
        Timestamp::from_second(leaf.validity().not_after.timestamp()).ok()
    }

    fn present(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn certified(identity: ServerIdentity) -> Result<Arc<CertifiedKey>, TlsError> {
    Ok(Arc::new(CertifiedKey::from_der(identity.chain, identity.key, &provider())?))
}

/// What a handshake used and rustls does not tell afterwards (R5.11).
#[derive(Debug, Default)]
pub(crate) struct Witness(Mutex<Signatures>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signatures {
    pub(crate) server: Option<SignatureScheme>,
    pub(crate) client: Option<SignatureScheme>,
}

impl Witness {
    pub(crate) fn saw(&self, note: impl FnOnce(&mut Signatures)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn signatures(&self) -> Signatures {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Resolver {
    key: Arc<CertifiedKey>,
    witness: Arc<Witness>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let scheme = self.key.key.choose_scheme(hello.signature_schemes()).map(|signer| signer.scheme());
        self.witness.saw(|signatures| signatures.server = scheme);
        Some(Arc::clone(&self.key))
    }
}

/// The configuration for one connection: made anew each time, since the certificate, the authorities and the revocations
/// are those of this moment.
pub(crate) fn configuration(
    policy: &Policy,
    provider: &Arc<CryptoProvider>,
    identity: &Identity,
    verifier: Option<Arc<dyn server::danger::ClientCertVerifier>>,
    witness: &Arc<Witness>,
) -> Result<ServerConfig, TlsError> {
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(provider)).with_protocol_versions(&[policy.version])?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let resolver = Resolver { key: identity.present(), witness: Arc::clone(witness) };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    // Our order counts, so that AES-256 is taken wherever it can be (R5.4).
    config.ignore_client_order = true;
    // A resumed session would outlive a revoked certificate (R5.7); every connection proves itself anew.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.require_ems = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The policy and a chain to one authority, with nothing beyond: what every server under this policy has to pay. For
/// measurements.
///
/// # Errors
/// When a certificate or the key is unusable.
pub fn bare(identity: ServerIdentity, authority: CertificateDer<'static>) -> Result<ServerConfig, TlsError> {
    let policy = Policy::standard();
    let provider = provider_of(&policy);
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    let verifier =
        server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    configuration(&policy, &provider, &Identity::new(identity)?, Some(verifier), &Arc::default())
}

/// For an authority that looks whether a name is ours, and for nobody else: its one protocol, and no client asked who it is.
pub(crate) fn for_question(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    protocol: &[u8],
) -> Result<ServerConfig, TlsError> {
    let policy = Policy::standard();
    let provider = provider_of(&policy);
    // Made of parts: the usual way reads the certificate, and gives up at the extension that is its whole purpose.
    let shown = CertifiedKey::new(vec![certificate], provider.key_provider.load_private_key(key)?);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[policy.version])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

pub(crate) fn provider_of(policy: &Policy) -> Arc<CryptoProvider> {
    Arc::new(policy.provider())
}

/// The TLS configuration cannot be made of what was given.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or key is not usable.
    #[error("TLS: {0}")]
    Unusable(#[from] rustls::Error),
    /// No client authority was given, or one is malformed.
    #[error("client authorities: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// The certificate for an authority's question could not be made.
    #[error("an answer to an authority: {0}")]
    Question(#[from] rcgen::Error),
    /// The register could not be read.
    #[error("the register: {0}")]
    Register(#[from] store::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that goes into the evidence package says what is configured, in the same order (R5.4, R5.5, R5.6).
    #[test]
    fn r5_4_the_documented_policy_is_the_configured_one() {
        let page = include_str!("../../../docs/tls.md");
        for (heading, policy) in [("## TLS 1.3", Policy::standard()), ("## TLS 1.2", Policy::tls12())] {
            let section = page.split(heading).nth(1).and_then(|rest| rest.split("\n## ").next()).expect(heading);
            let listed: Vec<&str> =
                section.lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`')).collect();
            let suites = policy.suites.iter().map(|suite| format!("{:?}", suite.suite()));
            let groups = policy.groups.iter().map(|group| format!("{group:?}"));
            assert_eq!(listed, suites.chain(groups).collect::<Vec<_>>(), "{heading}");
        }
    }

    #[test]
    fn r5_11_the_edition_of_the_guideline_is_the_documented_one() {
        assert!(include_str!("../../../docs/tls.md").contains(&format!("Edition used: {GUIDELINE}")));
    }

    #[test]
    fn r5_1_only_tls_1_3_unless_an_exception_is_configured() {
        assert_eq!(Policy::standard().version.version, rustls::ProtocolVersion::TLSv1_3);
        assert_eq!(Policy::tls12().version.version, rustls::ProtocolVersion::TLSv1_2);
    }
}
