//! The TLS policy, in one place (R5.1, R5.4, R5.6, R5.7): TLS 1.3 only, three suites, ephemeral groups of at least
//! 128 bits, no early data, no resumption.

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, version};
use std::sync::Arc;

/// What the server shows of itself.
#[derive(Debug)]
pub struct ServerIdentity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for ServerIdentity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// The algorithms both sides of every connection may use.
#[must_use]
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        ..default_provider()
    }
}

/// For everything through which personal data can be reached: the handshake fails without a certificate from one of
/// `authorities` (R5.2).
///
/// # Errors
/// When a certificate or the key is unusable.
pub fn with_client_certificates(
    identity: ServerIdentity,
    authorities: &[CertificateDer<'static>],
) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(provider());
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone())?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_client_cert_verifier(verifier);
    Ok(finish(builder.with_single_cert(identity.chain, identity.key)?))
}

/// For enrolment alone: a device that has no certificate yet fetches one here, and nothing else.
///
/// # Errors
/// When a certificate or the key is unusable.
pub fn without_client_certificates(identity: ServerIdentity) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth();
    Ok(finish(builder.with_single_cert(identity.chain, identity.key)?))
}

fn finish(mut config: ServerConfig) -> ServerConfig {
    // Our order counts, so that AES-256 is taken wherever it can be (R5.4).
    config.ignore_client_order = true;
    // A resumed session would outlive a revoked certificate (R5.7); every connection proves itself anew.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
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
}
