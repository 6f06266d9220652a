//! 自己点検の報告 — what an exchange found at its own doors, compared with what it may speak there (R5.11). Read and verified by
//! whoever has the public key, without the exchange.
//!
//! Like a certificate of erasure it is JSON in one spelling: its digest stands in an entry of the log, the entry is proven to
//! be under a checkpoint that the log's key signed, and the key for certificates signs the whole.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::certificate::{CertificateKey, CertificatePublicKey};
use crate::token::{from_hex, to_hex};
use crate::{Action, Detail, Entry, EntryProof, Outcome, Policy, VerifyingKey};

/// The form of this document. Another form is another name.
pub const SCAN_FORM: &str = "fumibako-self-scan/1";
/// The longest file that is read.
pub const SCAN_BYTES_MAX: usize = 1 << 20;
/// The detail of the ledger entry that holds the digest.
pub const SCAN_DETAIL: &str = "report";

const DOMAIN: &[u8] = b"fumibako self-scan v1\n";

/// What was found, and what it was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanReport {
    /// [`SCAN_FORM`].
    pub form: String,
    /// The scan.
    pub scan: String,
    /// The edition of the TLS guideline that the policy was made by.
    pub edition: String,
    /// The program.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// RFC 3339, UTC.
    pub began_at: String,
    /// The same.
    pub ended_at: String,
    /// What may be spoken at which door, whether or not the door is open.
    pub policies: Vec<DoorPolicy>,
    /// What was found at each open door.
    pub doors: Vec<ScannedDoor>,
    /// What clients agreed on since the last scan.
    pub negotiated: Vec<Negotiated>,
}

/// What may be spoken at a door, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorPolicy {
    /// `exchange`, `enrolment` or `tls12`.
    pub door: String,
    /// The only version.
    pub version: String,
    /// Cipher suites.
    pub suites: Vec<String>,
    /// Groups for the key exchange.
    pub groups: Vec<String>,
    /// Schemes of handshake signatures.
    pub signatures: Vec<String>,
    /// Whether nobody comes in without a certificate.
    pub client_certificate: bool,
}

/// One door as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannedDoor {
    /// As in [`DoorPolicy::door`].
    pub door: String,
    /// Where it listens.
    pub address: String,
    /// What was tried.
    pub checks: Vec<Check>,
}

/// One thing that was tried at a door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What, as a word that never changes.
    pub id: String,
    /// The requirement it proves.
    pub clause: String,
    /// What has to come of it.
    pub expected: String,
    /// What came of it.
    pub found: String,
    /// Whether that is the same.
    pub sound: bool,
}

/// Connections that agreed on the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negotiated {
    /// As in [`DoorPolicy::door`].
    pub door: String,
    /// What was agreed on; so are the next.
    pub version: String,
    /// Cipher suite.
    pub suite: String,
    /// Group of the key exchange.
    pub group: String,
    /// Scheme of the server's signature.
    pub signature: String,
    /// Scheme of the client's signature; empty where no certificate is asked for.
    pub client_signature: String,
    /// How many.
    pub connections: u64,
    /// Whether the door's policy has all of it; said by [`ScanReport::judge`].
    pub approved: bool,
}

impl ScanReport {
    /// Compares what clients agreed on with the policies.
    pub fn judge(&mut self) {
        for row in &mut self.negotiated {
            row.approved = self.policies.iter().any(|policy| policy.door == row.door && policy.has(row));
        }
    }

    /// Checks that came out otherwise, and agreements that no policy has.
    #[must_use]
    pub fn deviations(&self) -> u64 {
        let checks = self.doors.iter().flat_map(|door| &door.checks).filter(|check| !check.sound).count();
        (checks + self.negotiated.iter().filter(|row| !row.approved).count()) as u64
    }

    /// SHA-256 of its one spelling: what the log holds.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }

    /// Its one spelling.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings and numbers always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`ScanReport::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ScanError> {
        let report: Self = serde_json::from_slice(bytes).map_err(|_| ScanError::Malformed)?;
        if report.to_bytes() == bytes { Ok(report) } else { Err(ScanError::Malformed) }
    }
}

impl DoorPolicy {
    fn has(&self, row: &Negotiated) -> bool {
        let known = |list: &[String], found: &String| list.contains(found);
        // A client proves itself exactly where it is asked to.
        let client = match row.client_signature.as_str() {
            "" => !self.client_certificate,
            _ => self.client_certificate && known(&self.signatures, &row.client_signature),
        };
        self.version == row.version
            && known(&self.suites, &row.suite)
            && known(&self.groups, &row.group)
            && known(&self.signatures, &row.signature)
            && client
    }
}

/// 署名された報告.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedScan {
    /// What was found.
    pub report: ScanReport,
    /// SHA-256 of it, in hexadecimal.
    pub digest: String,
    /// Its record in the log, proven against a signed checkpoint.
    pub log: EntryProof,
    /// The key of the log, as C2SP spells it.
    pub log_key: String,
    /// The public key, in hexadecimal. Trust comes from a key one already has, not from this one.
    pub key: String,
    /// Ed25519, in hexadecimal.
    pub signature: String,
}

/// Why a report is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Not such a file, or a byte of it was changed.
    #[error("not a report of a self-scan in its one spelling")]
    Malformed,
    /// Signed with another key than the one that is trusted.
    #[error("signed with another key")]
    OtherKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Signature,
    /// The digest is not that of the report.
    #[error("the digest is not that of the report")]
    Digest,
    /// The entry of the log is about something else.
    #[error("the entry of the log is not about this report")]
    Entry,
    /// The entry is not in the tree.
    #[error("the entry is not in the tree of the log")]
    Proof,
}

impl SignedScan {
    /// Signs a report whose record is in the log already.
    #[must_use]
    pub fn sign(report: ScanReport, log: EntryProof, log_key: &VerifyingKey, key: &CertificateKey) -> Self {
        let mut signed = Self {
            digest: to_hex(&report.digest()),
            report,
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

    /// Reads what [`SignedScan::to_bytes`] wrote, and nothing else. Says nothing about trust.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ScanError> {
        if bytes.len() > SCAN_BYTES_MAX {
            return Err(ScanError::Malformed);
        }
        let signed: Self = serde_json::from_slice(bytes).map_err(|_| ScanError::Malformed)?;
        if signed.to_bytes() == bytes { Ok(signed) } else { Err(ScanError::Malformed) }
    }

    /// Verifies it against a key one already trusts. Whether what was found is sound is another question.
    ///
    /// # Errors
    /// What does not fit first.
    pub fn verify(&self, trusted: &CertificatePublicKey) -> Result<(), ScanError> {
        if self.key != trusted.to_string() {
            return Err(ScanError::OtherKey);
        }
        let signature = from_hex(&self.signature).ok_or(ScanError::Signature)?;
        let unsigned = Self { signature: String::new(), ..self.clone() };
        if !trusted.verifies(DOMAIN, &unsigned.to_bytes(), &signature) {
            return Err(ScanError::Signature);
        }
        if self.digest != to_hex(&self.report.digest()) || self.report.form != SCAN_FORM {
            return Err(ScanError::Digest);
        }
        let entry = Entry::parse(self.log.entry()).map_err(|_| ScanError::Entry)?;
        let fields = entry.fields();
        let named = fields.details.iter().any(|(name, value)| {
            name.as_str() == SCAN_DETAIL && matches!(value, Detail::Token(token) if token.as_str() == self.digest)
        });
        let right = match fields.outcome {
            Outcome::Ok => self.report.deviations() == 0,
            Outcome::Failed(_) => self.report.deviations() > 0,
            Outcome::Refused(_) => false,
        };
        let object = fields.object.as_ref().is_some_and(|object| object.as_str() == self.report.scan);
        if !named || !right || !object || fields.action != Action::SelfScan {
            return Err(ScanError::Entry);
        }
        let policy = self.log_key.parse().ok().and_then(|key| Policy::new(key).ok()).ok_or(ScanError::Proof)?;
        self.log.verify(&policy).map(|_| ()).map_err(|_| ScanError::Proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(door: &str, client_certificate: bool) -> DoorPolicy {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        DoorPolicy {
            door: door.to_owned(),
            version: "TLSv1_3".to_owned(),
            suites: list(&["TLS13_AES_256_GCM_SHA384"]),
            groups: list(&["X25519"]),
            signatures: list(&["ECDSA_NISTP256_SHA256"]),
            client_certificate,
        }
    }

    fn agreed(door: &str, suite: &str, client: &str) -> Negotiated {
        Negotiated {
            door: door.to_owned(),
            version: "TLSv1_3".to_owned(),
            suite: suite.to_owned(),
            group: "X25519".to_owned(),
            signature: "ECDSA_NISTP256_SHA256".to_owned(),
            client_signature: client.to_owned(),
            connections: 3,
            approved: false,
        }
    }

    #[test]
    fn r5_11_what_clients_agreed_on_is_compared_with_the_policy_of_their_door() {
        let mut report = ScanReport {
            form: SCAN_FORM.to_owned(),
            scan: String::new(),
            edition: String::new(),
            tool: String::new(),
            tool_version: String::new(),
            began_at: String::new(),
            ended_at: String::new(),
            policies: vec![policy("exchange", true), policy("enrolment", false)],
            doors: Vec::new(),
            negotiated: vec![
                agreed("exchange", "TLS13_AES_256_GCM_SHA384", "ECDSA_NISTP256_SHA256"),
                agreed("enrolment", "TLS13_AES_256_GCM_SHA384", ""),
                // Nobody came in without a certificate, with another suite, or by a door that is not known.
                agreed("exchange", "TLS13_AES_256_GCM_SHA384", ""),
                agreed("exchange", "TLS_RSA_WITH_AES_128_CBC_SHA", "ECDSA_NISTP256_SHA256"),
                agreed("exchange", "TLS13_AES_256_GCM_SHA384", "RSA_PKCS1_SHA1"),
                agreed("cellar", "TLS13_AES_256_GCM_SHA384", "ECDSA_NISTP256_SHA256"),
            ],
        };
        report.judge();
        let approved: Vec<_> = report.negotiated.iter().map(|row| row.approved).collect();
        assert_eq!(approved, [true, true, false, false, false, false]);
        assert_eq!(report.deviations(), 4);
        assert_eq!(ScanReport::parse(&report.to_bytes()), Ok(report.clone()));
        let mut bytes = report.to_bytes();
        bytes.push(b' ');
        assert_eq!(ScanReport::parse(&bytes), Err(ScanError::Malformed));
    }
}
