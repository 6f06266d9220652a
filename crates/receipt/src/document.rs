use exchange::{ImportPlace, Reason, places_text};
use ledger::EntryProof;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The form of this document. Another form is another name.
pub const FORM: &str = "fumibako-receipt/1";
/// The longest receipt that is read: two thousand files and the proofs.
pub const RECEIPT_BYTES_MAX: usize = 4 << 20;

/// 送達の証明.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORM`].
    pub form: String,
    /// The set.
    pub transmission: Carried,
    /// Where it stands: the id of an [`exchange::State`].
    pub state: String,
    /// How the import went, once the receiver has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// What was done with it, in the order of the log.
    pub steps: Vec<Step>,
}

/// What was carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// Our id.
    pub id: String,
    /// Which send unit.
    pub kind: String,
    /// ファイル連番.
    pub serial: String,
    /// 対象年月 (YYYYMM), for units that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_month: Option<String>,
    /// 送信元.
    pub sender: Party,
    /// 送信先.
    pub receiver: Party,
    /// SHA-256 over the sorted output of `sha256sum` for the files.
    pub digest: String,
    /// Bytes of all files.
    pub size_bytes: u64,
    /// What the log's commitment to the digest was made with, in hexadecimal. Gone once the set has been erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment_salt: Option<String>,
    /// The files, without their content. Gone once the set has been erased.
    pub files: Vec<File>,
}

/// An office in its role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// 事業所番号.
    pub office: String,
    /// サービス種類コード.
    pub service_type: String,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The name of the standard.
    pub name: String,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of them.
    pub sha256: String,
}

/// 取込みの結果.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The id of an [`exchange::Outcome`].
    pub outcome: String,
    /// Where something was not imported: positions and codes, never what stands there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<ImportedPlace>,
}

/// A position and why it was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedPlace {
    /// Which file, counted from 1.
    pub file: u16,
    /// Which record, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u32>,
    /// The column's No. in the standard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u16>,
    /// The id of a [`Reason`].
    pub reason: String,
}

impl From<&ImportPlace> for ImportedPlace {
    fn from(place: &ImportPlace) -> Self {
        Self { file: place.file, record: place.record, column: place.column, reason: place.reason.id().to_owned() }
    }
}

impl ImportedPlace {
    /// The place, if its reason is one.
    #[must_use]
    pub fn place(&self) -> Option<ImportPlace> {
        let reason = Reason::from_id(&self.reason)?;
        Some(ImportPlace { file: self.file, record: self.record, column: self.column, reason })
    }
}

/// What the log commits to of the places of an answer.
#[must_use]
pub fn places_digest(places: &[ImportPlace]) -> [u8; 32] {
    Sha256::new().chain_update(b"fumibako import places v1\n").chain_update(places_text(places)).finalize().into()
}

/// A step in a set's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// 受付: the exchange took it from its sender.
    Accepted,
    /// 受領: the receiver opened it. Delivery.
    Collected,
    /// 受領確認: the receiver has it safe.
    Acknowledged,
    /// 取込みの結果.
    Answered,
    /// 取下げ.
    Withdrawn,
    /// 消去.
    Erased,
}

impl StepName {
    /// Every step.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Collected, Self::Acknowledged, Self::Answered, Self::Withdrawn, Self::Erased];

    /// As it stands in the document.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Collected => "collected",
            Self::Acknowledged => "acknowledged",
            Self::Answered => "answered",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
        }
    }

    /// 段階 in words: the same on pages, in documents and on the command line.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "受付",
            Self::Collected => "受領",
            Self::Acknowledged => "受領確認",
            Self::Answered => "取込みの結果",
            Self::Withdrawn => "取下げ",
            Self::Erased => "消去",
        }
    }

    /// The step with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.id() == id)
    }
}

/// One step and its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which.
    pub step: StepName,
    /// When, RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// Its entry and the proof that it stands in the log; missing where the entry is not known or not yet in a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<EntryProof>,
}

/// The bytes are no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a receipt")]
pub struct NotAReceipt;

impl Receipt {
    /// Reads a receipt. It is believed only once [`Receipt::verify`] has looked at it.
    ///
    /// # Errors
    /// [`NotAReceipt`], which quotes nothing.
    pub fn parse(json: &[u8]) -> Result<Self, NotAReceipt> {
        if json.len() > RECEIPT_BYTES_MAX {
            return Err(NotAReceipt);
        }
        let receipt: Self = serde_json::from_slice(json).map_err(|_| NotAReceipt)?;
        if receipt.form == FORM { Ok(receipt) } else { Err(NotAReceipt) }
    }

    /// The document as it is handed out: JSON that a person can look through.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and lists only: nothing of it can fail to be written.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
