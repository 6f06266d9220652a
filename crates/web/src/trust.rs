//! Whose certificates count: one authority, verified by itself, with what we ask beyond the chain (R5.2, R5.8, R7.7, R7.8).

use crate::tls::TlsError;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, DistinguishedName, OtherError, RootCertStore};
use std::sync::Arc;
use store::Authority;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// Signatures over MD2, MD5 or SHA-1 (R5.8).
const BROKEN_SIGNATURES: [&str; 6] = [
    "1.2.840.113549.1.1.2",
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.3.14.3.2.29",
    "1.2.840.10040.4.3",
    "1.2.840.10045.4.1",
];
const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_ADVISED: usize = 3_072;
const RSA_EXPONENT_MIN: u64 = 65_537;
const CURVE_BITS_MIN: usize = 256;
/// A chain below an outside authority.
const INTERMEDIATES_MAX: usize = 4;

/// A certificate or key that is too weak to prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It is not a certificate.
    #[error("not a certificate")]
    Malformed,
    /// Its signature is over a broken digest.
    #[error("signed with MD5 or SHA-1")]
    Signature,
    /// Its key is too short, or its exponent too small.
    #[error("a key that is too weak")]
    Key,
    /// Its subject or names are outside what its authority may issue.
    #[error("outside the authority's name constraint")]
    Name,
}

/// One of the authorities whose certificates count.
#[derive(Debug)]
pub struct Anchor {
    verifier: Arc<dyn ClientCertVerifier>,
    own: bool,
    /// What the subject of everything below begins with, where our authority is bound to a name.
    subtree: Vec<Attribute>,
}

type Attribute = (String, Vec<u8>);

impl Anchor {
    /// Makes the verifier for an authority.
    ///
    /// # Errors
    /// When its certificate is malformed.
    pub fn new(authority: &Authority) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.certificate.clone()))?;
        let own = !authority.outside;
        let mut subtree = Vec::new();
        if own {
            subtree = constraint(&authority.certificate)
                .ok_or(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
            // webpki refuses everything below a constraint on subjects, which it does not implement; we hold to it below.
            for root in &mut roots.roots {
                root.name_constraints = None;
            }
        }
        let provider = Arc::new(crate::tls::provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Self { verifier, own, subtree })
    }

    /// What clients are told of whom we know.
    pub(crate) fn hints(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    /// Whether this authority vouches for the leaf at this moment. Our own issues leaves directly; what comes between can
    /// only be somebody else's, whatever root it has (R7.7).
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let intermediates = if self.own { &[] } else { intermediates };
        if intermediates.len() > INTERMEDIATES_MAX {
            return Err(CertificateError::UnknownIssuer.into());
        }
        self.verifier.verify_client_cert(leaf, intermediates, now)?;
        if self.own && !self.may_have_issued(leaf) {
            return Err(refused(Weakness::Name));
        }
        Ok(())
    }

    fn may_have_issued(&self, leaf: &CertificateDer<'_>) -> bool {
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return false };
        let subject = attributes(certificate.subject());
        // Devices have no host names; a certificate with one is not from here.
        let nameless = certificate.subject_alternative_name().is_ok_and(|names| names.is_none());
        nameless && subject.starts_with(&self.subtree)
    }

    pub(crate) fn verifier(&self) -> &dyn ClientCertVerifier {
        self.verifier.as_ref()
    }
}

/// Refuses weak certificates (R5.8). True when the key is good enough for now but shorter than advised.
///
/// # Errors
/// What is weak about it.
pub fn strength(certificate: &[u8]) -> Result<bool, Weakness> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| Weakness::Malformed)?;
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    if BROKEN_SIGNATURES.contains(&signature.as_str()) {
        return Err(Weakness::Signature);
    }
    match certificate.public_key().parsed().map_err(|_| Weakness::Malformed)? {
        PublicKey::RSA(key) => {
            let exponent = key.try_exponent().map_err(|_| Weakness::Key)?;
            if key.key_size() < RSA_BITS_MIN || exponent < RSA_EXPONENT_MIN || exponent % 2 == 0 {
                return Err(Weakness::Key);
            }
            Ok(key.key_size() < RSA_BITS_ADVISED)
        }
        PublicKey::EC(point) if point.key_size() >= CURVE_BITS_MIN => Ok(false),
        // Ed25519 has no parameters that could be weak; what else there is, the handshake does not verify.
        PublicKey::Unknown(_) => Ok(false),
        _ => Err(Weakness::Key),
    }
}

/// Which of these authorities vouches for a chain, leaf first; for registering a certificate before its first handshake.
///
/// # Errors
/// When an authority's certificate is malformed.
pub fn issuer_of<'a>(
    chain: &[CertificateDer<'_>],
    authorities: impl IntoIterator<Item = &'a Authority>,
    now: UnixTime,
) -> Result<Option<&'a Authority>, TlsError> {
    let [leaf, intermediates @ ..] = chain else { return Ok(None) };
    if chain.iter().any(|certificate| strength(certificate).is_err()) {
        return Ok(None);
    }
    for authority in authorities {
        if Anchor::new(authority)?.verify(leaf, intermediates, now).is_ok() {
            return Ok(Some(authority));
        }
    }
    Ok(None)
}

pub(crate) fn refused(weakness: Weakness) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(weakness))).into()
}

/// The one permitted directory name; empty where the authority is not bound. `None` when malformed or of another shape.
fn constraint(authority: &[u8]) -> Option<Vec<Attribute>> {
    let (_, certificate) = X509Certificate::from_der(authority).ok()?;
    let Some(constraints) = certificate.name_constraints().ok()? else { return Some(Vec::new()) };
    match constraints.value.permitted_subtrees.as_deref()? {
        [subtree] => match &subtree.base {
            GeneralName::DirectoryName(name) => Some(attributes(name)),
            _ => None,
        },
        _ => None,
    }
}

fn attributes(name: &X509Name<'_>) -> Vec<Attribute> {
    name.iter_attributes()
        .map(|attribute| (attribute.attr_type().to_id_string(), attribute.as_slice().to_vec()))
        .collect()
}

/// The serial number in hexadecimal, as the register spells it.
pub(crate) fn serial(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let serial = certificate.raw_serial();
    // A leading zero only says that the number is positive.
    let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
    Some(serial.iter().map(|byte| format!("{byte:02x}")).collect())
}
