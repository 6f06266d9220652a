//! データ消去証明書 — the certificate of erasure (R11.4): what was erased, how, by whom, how it was seen to be gone, with the place
//! of its record in the log and a signature. Read and verified by whoever has the public key, without the exchange.
//!
//! The file is JSON in one spelling: [`SignedCertificate::parse`] accepts exactly the bytes that
//! [`SignedCertificate::to_bytes`] writes, so no byte can be changed unnoticed. Three things hold it together: the digest of
//! the [`Certificate`] stands in an entry of the log; the entry is proven to be under a checkpoint that the log's key signed;
//! a key of its own, which signs nothing that the log does, signs all of it.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::token::{from_hex, to_hex};
use crate::{Action, Detail, Entry, EntryProof, Policy, VerifyingKey};

/// The form of this document. Another form is another name.
pub const CERTIFICATE_FORM: &str = "fumibako-erasure-certificate/1";
/// The longest file that is read: ten thousand objects and room to spare.
pub const CERTIFICATE_BYTES_MAX: usize = 4 << 20;

const DOMAIN: &[u8] = b"fumibako erasure certificate v1\n";
/// The detail of the ledger entry that holds the digest.
pub const CERTIFICATE_DETAIL: &str = "certificate";

/// What is certified. It states the procedure that was followed and what was seen, and claims no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`CERTIFICATE_FORM`].
    pub form: String,
    /// The erasure.
    pub erasure: String,
    /// 情報種別.
    pub kind: String,
    /// Why: its time was over, or two people decided it before that.
    pub reason: String,
    /// Which version of the procedure was followed.
    pub procedure_version: u64,
    /// 対象: ids of ours; nothing of their content.
    pub objects: Vec<String>,
    /// 方法.
    pub method: Method,
    /// 場所: every place in which a copy of a key or a box lay, and what became of it.
    pub places: Vec<Place>,
    /// 検証.
    pub verification: Verification,
    /// 関わった者, as the log names them, and when.
    pub people: People,
}

/// How it was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// As NIST SP 800-88 sorts methods.
    pub category: String,
    /// Steps, in their order.
    pub steps: Vec<String>,
    /// What the content was encrypted with, from its first write on.
    pub cipher: String,
    /// Bits of the keys that were destroyed.
    pub key_bits: u32,
    /// The program.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
}

/// One place in which something lay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What it is: the database, the folder of bodies, a backup's keys, a backup's boxes.
    pub what: String,
    /// Which of them; for a backup its id.
    pub id: String,
    /// What became of it.
    pub outcome: String,
}

/// How it was seen to be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// How it was searched for.
    pub method: String,
    /// Pieces of the erased bytes that were searched for.
    pub traces: u64,
    /// Bytes that were looked at.
    pub bytes_searched: u64,
    /// Archives of keys that were opened and searched.
    pub archives_searched: u64,
    /// What was found. A certificate is issued with zero only.
    pub found: u64,
    /// When the search ended.
    pub at: String,
}

/// Who did what, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: String,
    /// Who agreed; nobody where its time was over.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<String>,
    /// Who ran it.
    pub operator: String,
    /// When the last key was destroyed.
    pub erased_at: String,
    /// Who had it searched for.
    pub verifier: String,
}

impl Certificate {
    /// SHA-256 of its one spelling: what the log and the printed form show.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        // A struct of strings and numbers always serialises.
        Sha256::digest(serde_json::to_vec(self).unwrap_or_default()).into()
    }
}

/// 署名された証明書.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificate {
    /// What is certified.
    pub certificate: Certificate,
    /// SHA-256 of it, in hexadecimal, for people who compare it with the printed form.
    pub digest: String,
    /// Its record in the log, proven against a signed checkpoint.
    pub log: EntryProof,
    /// The key of the log, as C2SP spells it. Whoever knows it by other ways compares.
    pub log_key: String,
    /// The public key, in hexadecimal. Trust comes from a key one already has, not from this one.
    pub key: String,
    /// Ed25519, in hexadecimal.
    pub signature: String,
}

/// Why a certificate is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not such a file, or a byte of it was changed.
    #[error("not a certificate of erasure in its one spelling")]
    Malformed,
    /// Signed with another key than the one that is trusted.
    #[error("signed with another key")]
    OtherKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Signature,
    /// The digest is not that of the certificate.
    #[error("the digest is not that of the certificate")]
    Digest,
    /// The entry of the log is about something else.
    #[error("the entry of the log is not about this certificate")]
    Entry,
    /// The entry is not in the tree.
    #[error("the entry is not in the tree of the log")]
    Proof,
    /// It certifies something that was not verified.
    #[error("what it certifies was not verified")]
    Unverified,
}

/// The public key of the exchange for certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CertificatePublicKey(ed25519_dalek::VerifyingKey);

impl CertificatePublicKey {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When that is no public key.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let bytes: [u8; 32] =
            from_hex(text.trim()).and_then(|key| key.try_into().ok()).ok_or(CertificateError::Malformed)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| CertificateError::Malformed)
    }

    /// Whether this key signed these bytes for this purpose.
    #[must_use]
    pub fn verifies(&self, domain: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.0.verify_strict(&[domain, message].concat(), &signature).is_ok()
    }
}

impl fmt::Display for CertificatePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(self.0.as_bytes()))
    }
}

impl fmt::Debug for CertificatePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificatePublicKey({self})")
    }
}

/// The key that signs certificates, and the lines of the list of erasures. Wiped when dropped.
pub struct CertificateKey(SigningKey);

impl CertificateKey {
    /// The key of these 32 random bytes.
    #[must_use]
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// What others verify with.
    #[must_use]
    pub fn public(&self) -> CertificatePublicKey {
        CertificatePublicKey(self.0.verifying_key())
    }

    /// Signs bytes for a purpose.
    #[must_use]
    pub fn sign(&self, domain: &[u8], message: &[u8]) -> [u8; 64] {
        self.0.sign(&[domain, message].concat()).to_bytes()
    }
}

impl fmt::Debug for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateKey(..)")
    }
}

impl SignedCertificate {
    /// Signs a certificate whose record is in the log already.
    #[must_use]
    pub fn sign(certificate: Certificate, log: EntryProof, log_key: &VerifyingKey, key: &CertificateKey) -> Self {
        let mut signed = Self {
            digest: to_hex(&certificate.digest()),
            certificate,
            log,
            log_key: log_key.to_string(),
            key: key.public().to_string(),
            signature: String::new(),
        };
        signed.signature = to_hex(&key.sign(DOMAIN, &signed.to_bytes()));
        signed
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads what [`SignedCertificate::to_bytes`] wrote, and nothing else. Says nothing about trust.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::Malformed);
        }
        let signed: Self = serde_json::from_slice(bytes).map_err(|_| CertificateError::Malformed)?;
        if signed.to_bytes() == bytes { Ok(signed) } else { Err(CertificateError::Malformed) }
    }

    /// Verifies it against a key one already trusts.
    ///
    /// # Errors
    /// What does not fit first.
    pub fn verify(&self, trusted: &CertificatePublicKey) -> Result<(), CertificateError> {
        if self.key != trusted.to_string() {
            return Err(CertificateError::OtherKey);
        }
        let signature = from_hex(&self.signature).ok_or(CertificateError::Signature)?;
        let unsigned = Self { signature: String::new(), ..self.clone() };
        if !trusted.verifies(DOMAIN, &unsigned.to_bytes(), &signature) {
            return Err(CertificateError::Signature);
        }
        if self.digest != to_hex(&self.certificate.digest()) || self.certificate.form != CERTIFICATE_FORM {
            return Err(CertificateError::Digest);
        }
        let entry = Entry::parse(self.log.entry()).map_err(|_| CertificateError::Entry)?;
        let fields = entry.fields();
        let named = fields.details.iter().any(|(name, value)| {
            name.as_str() == CERTIFICATE_DETAIL
                && matches!(value, Detail::Token(token) if token.as_str() == self.digest)
        });
        let about = fields.action == Action::ErasureCertify
            && fields.outcome == crate::Outcome::Ok
            && fields.object.as_ref().is_some_and(|object| object.as_str() == self.certificate.erasure);
        if !named || !about {
            return Err(CertificateError::Entry);
        }
        let policy = self.log_key.parse().ok().and_then(|key| Policy::new(key).ok()).ok_or(CertificateError::Proof)?;
        self.log.verify(&policy).map_err(|_| CertificateError::Proof)?;
        let verification = &self.certificate.verification;
        if verification.found != 0 || verification.traces == 0 || self.certificate.objects.is_empty() {
            return Err(CertificateError::Unverified);
        }
        Ok(())
    }
}
