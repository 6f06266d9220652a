//! データ消去証明書 — the certificate of erasure (R11.4): what was erased, how, by whom, how it was seen to be gone, with the place
//! of its record in the log and a signature. Read and verified by whoever has the public key, without the exchange.
//!
//! The file is JSON in one spelling: [`SignedCertificate::parse`] accepts exactly the bytes that
//! [`SignedCertificate::to_bytes`] writes, so no byte can be changed unnoticed. Three things hold it together: the digest of
//! the [`Certificate`] stands in an entry of the log; the entry is proven to be in a tree of the log; the key signs all of it.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::token::{from_hex, to_hex};
use crate::{Action, Detail, Entry, leaf_hash};

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

/// Where the record of a certificate lies in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogProof {
    /// The entry, in its one spelling.
    pub entry: String,
    /// Its index.
    pub index: u64,
    /// Entries of the tree it is proven to be in.
    pub tree_size: u64,
    /// The root of that tree, in hexadecimal. Whoever has a checkpoint of this or a later size can compare.
    pub root: String,
    /// The hashes beside the way up.
    pub path: Vec<String>,
}

/// 署名された証明書.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificate {
    /// What is certified.
    pub certificate: Certificate,
    /// SHA-256 of it, in hexadecimal, for people who compare it with the printed form.
    pub digest: String,
    /// Its place in the log.
    pub log: LogProof,
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
pub struct CertificatePublicKey(VerifyingKey);

impl CertificatePublicKey {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When that is no public key.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let bytes: [u8; 32] =
            from_hex(text.trim()).and_then(|key| key.try_into().ok()).ok_or(CertificateError::Malformed)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| CertificateError::Malformed)
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
    pub fn sign(certificate: Certificate, log: LogProof, key: &CertificateKey) -> Self {
        let mut signed = Self {
            digest: to_hex(&certificate.digest()),
            certificate,
            log,
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
        let entry = Entry::parse(self.log.entry.as_bytes()).map_err(|_| CertificateError::Entry)?;
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
        let path: Option<Vec<[u8; 32]>> =
            self.log.path.iter().map(|hash| from_hex(hash).and_then(|hash| hash.try_into().ok())).collect();
        let leaf = leaf_hash(self.log.entry.as_bytes());
        let root = path.and_then(|path| root_from(leaf, self.log.index, self.log.tree_size, &path));
        if root.is_none_or(|root| to_hex(&root) != self.log.root) {
            return Err(CertificateError::Proof);
        }
        if self.certificate.verification.found != 0 || self.certificate.objects.is_empty() {
            return Err(CertificateError::Unverified);
        }
        Ok(())
    }
}

impl LogProof {
    /// Proves that the entry at `index` is in the tree over these leaf hashes.
    #[must_use]
    pub fn of(entry: String, index: u64, leaves: &[[u8; 32]]) -> Option<Self> {
        let at = usize::try_from(index).ok().filter(|at| *at < leaves.len())?;
        let mut path = Vec::new();
        let root = climb(leaves, at, &mut path);
        Some(Self {
            entry,
            index,
            tree_size: leaves.len() as u64,
            root: to_hex(&root),
            path: path.iter().map(|hash| to_hex(hash)).collect(),
        })
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `size` (RFC 9162, 2.1.1).
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

fn root_of(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root_of(left), &root_of(right))
        }
    }
}

/// The root, noting from below what stands beside the way.
fn climb(leaves: &[[u8; 32]], at: usize, path: &mut Vec<[u8; 32]>) -> [u8; 32] {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if at < left.len() {
        let below = climb(left, at, path);
        let beside = root_of(right);
        path.push(beside);
        node(&below, &beside)
    } else {
        let below = climb(right, at - left.len(), path);
        let beside = root_of(left);
        path.push(beside);
        node(&beside, &below)
    }
}

/// RFC 9162, 2.1.3.2.
fn root_from(leaf: [u8; 32], index: u64, size: u64, path: &[[u8; 32]]) -> Option<[u8; 32]> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(beside, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_no_other() {
        let leaves: Vec<[u8; 32]> = (0..40_u8).map(|n| leaf_hash(&[n])).collect();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            for index in 0..size {
                let proof = LogProof::of(String::new(), index as u64, tree).expect("inside");
                let path: Vec<[u8; 32]> =
                    proof.path.iter().map(|hash| from_hex(hash).expect("hex").try_into().expect("32 bytes")).collect();
                let root = root_from(tree[index], index as u64, size as u64, &path);
                assert_eq!(root, Some(root_of(tree)));
                assert_ne!(root_from(leaves[(index + 1) % 40], index as u64, size as u64, &path), root);
                if size > 1 {
                    assert_ne!(root_from(tree[index], (index as u64 + 1) % size as u64, size as u64, &path), root);
                }
            }
            assert!(LogProof::of(String::new(), size as u64, tree).is_none());
        }
    }
}
