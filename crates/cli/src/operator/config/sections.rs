//! The tables of the configuration, as they are written.

use identity::password::{CHARS_MIN_DEFAULT, Profile};
use identity::register::TrainingRule;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use store::Deadlines;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogSection {
    pub(super) anchor_file: Option<PathBuf>,
    pub(super) mail: Option<MailSection>,
    #[serde(default)]
    pub(super) witness: Vec<WitnessSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailSection {
    pub(super) server: String,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessSection {
    pub(super) url: String,
    pub(super) key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSection {
    #[serde(default)]
    pub(super) sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    pub(super) boxes: PathBuf,
    pub(super) keys: PathBuf,
    #[serde(default = "keep_boxes")]
    pub(super) keep_boxes: usize,
    #[serde(default = "keep_keys")]
    pub(super) keep_keys: usize,
}

const fn keep_boxes() -> usize {
    14
}

const fn keep_keys() -> usize {
    3
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyStore {
    pub(super) file: Option<PathBuf>,
    pub(super) pkcs11: Option<Pkcs11>,
    pub(super) passphrase_file: Option<PathBuf>,
    pub(super) credential: Option<String>,
    #[serde(default)]
    pub(super) erasure_list: Vec<PathBuf>,
}

/// Addresses hold passwords, so they stand in files of their own (R6.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    pub(super) url_file: PathBuf,
    pub(super) owner_url_file: Option<PathBuf>,
}

/// 鍵装置. The PIN lies in a file or a systemd credential, never here (R6.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pkcs11 {
    pub(super) module: PathBuf,
    pub(super) token: String,
    pub(super) pin_file: Option<PathBuf>,
    pub(super) credential: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Listen {
    pub(super) exchange: SocketAddr,
    pub(super) enrolment: SocketAddr,
    pub(super) tls12: Option<SocketAddr>,
    pub(super) handover: Option<SocketAddr>,
    pub(super) names: Vec<String>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            exchange: SocketAddr::from(([127, 0, 0, 1], 8443)),
            enrolment: SocketAddr::from(([127, 0, 0, 1], 8444)),
            tls12: None,
            handover: None,
            names: vec!["localhost".to_owned()],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) acme: Option<AcmeTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcmeTable {
    pub(super) directory: String,
    #[serde(default)]
    pub(super) contact: Vec<String>,
    pub(super) authority: Option<PathBuf>,
    pub(super) account: Option<String>,
    pub(super) account_key_file: Option<PathBuf>,
    pub(super) profile: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "there is one, and any other is refused by its name")]
    pub(super) challenge: Challenge,
}

/// How a name is proven. Over a door without encryption (http-01) it is not (R5.1).
#[derive(Debug, Default, Deserialize)]
pub(super) enum Challenge {
    #[default]
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Passwords {
    pub(super) profiles: Vec<String>,
    pub(super) characters: usize,
    pub(super) breached: Option<PathBuf>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { profiles: vec![Profile::default().id().to_owned()], characters: CHARS_MIN_DEFAULT, breached: None }
    }
}

/// 教育訓練: for how long it counts, and how long one goes on without (R12.6).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Training {
    pub(super) valid_days: u16,
    pub(super) grace_days: u16,
}

impl Default for Training {
    fn default() -> Self {
        let TrainingRule { valid_days, grace_days } = TrainingRule::default();
        Self { valid_days, grace_days }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) call_megabytes: usize,
    pub(super) call_files: usize,
    pub(super) upload_memory_megabytes: usize,
    pub(super) register_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = web::Limits::default();
        Self {
            call_megabytes: limits.call_bytes >> 20,
            call_files: limits.call_files,
            upload_memory_megabytes: limits.upload_memory_bytes >> 20,
            register_seconds: 15,
        }
    }
}

/// 期限: after how many days what is missing is listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Receipts {
    pub(super) collect_days: u16,
    pub(super) acknowledge_days: u16,
    pub(super) import_days: u16,
}

impl Default for Receipts {
    fn default() -> Self {
        let usual = Deadlines::default();
        Self {
            collect_days: usual.collect_days,
            acknowledge_days: usual.acknowledge_days,
            import_days: usual.import_days,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Print {
    pub(super) program: Option<PathBuf>,
}
