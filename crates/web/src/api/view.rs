use exchange::Digest;
use serde::Serialize;
use standard::{Finding, Severity, SourceFile};
use store::Transmission;
use utoipa::ToSchema;

/// 送信一件, as both offices see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransmissionView {
    /// Our id.
    pub id: String,
    /// Which send unit; ids as `fumibako check` prints them.
    #[schema(example = "schedule")]
    pub kind: &'static str,
    /// The same in Japanese.
    pub kind_label: &'static str,
    /// ファイル連番.
    #[schema(example = "20261122093000")]
    pub serial: String,
    /// 送信元の事業所番号.
    pub sender: String,
    /// 送信元のサービス種類コード.
    pub sender_type: String,
    /// 送信先の事業所番号.
    pub receiver: String,
    /// 送信先のサービス種類コード.
    pub receiver_type: String,
    /// 対象年月 (YYYYMM), for units that have one.
    pub service_month: Option<String>,
    /// SHA-256 over the sorted output of `sha256sum` for the set's files: both sides can compute it.
    pub digest: String,
    /// Bytes of all files together.
    pub size_bytes: u64,
    /// Warnings found when it was sent.
    pub warnings: u64,
    /// `waiting`, `collected` or `acknowledged`; in the end `imported`, `partly`, `rejected`, `withdrawn` or `erased`.
    pub state: &'static str,
    /// RFC 3339, UTC.
    pub accepted_at: String,
    /// When the receiver first opened it.
    pub collected_at: Option<String>,
    /// When the receiver confirmed that it has it safe.
    pub acknowledged_at: Option<String>,
    /// When the sender took it back.
    pub withdrawn_at: Option<String>,
    /// When the receiver said how the import went.
    pub answered_at: Option<String>,
    /// When its content was erased.
    pub erased_at: Option<String>,
    /// When the exchange found that a file of it can no longer be opened. It must be written out and sent anew.
    pub damaged_at: Option<String>,
    /// Documents and messages that go with it; `GET …/enclosures` lists them.
    pub enclosures: u64,
    /// The files in the standard's order; absent in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileView>,
}

/// One file of a set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileView {
    /// The name it was sent under.
    pub name: String,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

impl From<Transmission> for TransmissionView {
    fn from(set: Transmission) -> Self {
        Self {
            id: set.id.to_string(),
            kind: set.kind.id(),
            kind_label: set.kind.label(),
            serial: set.serial.to_string(),
            sender: set.sender.to_string(),
            sender_type: set.sender_type.to_string(),
            receiver: set.receiver.to_string(),
            receiver_type: set.receiver_type.to_string(),
            service_month: set.service_month.map(|month| month.to_string()),
            digest: set.digest.to_string(),
            size_bytes: set.size_bytes,
            warnings: set.warnings,
            state: set.state().id(),
            accepted_at: set.accepted_at,
            collected_at: set.collected_at,
            acknowledged_at: set.acknowledged_at,
            withdrawn_at: set.withdrawn_at,
            answered_at: set.answered_at,
            erased_at: set.erased_at,
            damaged_at: set.damaged_at,
            enclosures: set.enclosures,
            files: set.files.into_iter().map(FileView::from).collect(),
        }
    }
}

impl From<store::StoredFile> for FileView {
    fn from(file: store::StoredFile) -> Self {
        Self { name: file.name, size_bytes: file.size_bytes, sha256: Digest::to_string(&file.digest) }
    }
}

/// One finding, in the shape that `fumibako check --format json` prints.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FindingView {
    /// Code of the check, `V01` to `V90`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Which file; null where it concerns the whole set.
    pub file: Option<String>,
    /// Record, counted from 1.
    pub row: Option<u64>,
    /// The column's No. in the standard.
    pub column: Option<u16>,
    /// The column's name.
    pub item: Option<&'static str>,
    /// Which character of the cell, counted from 1, where the finding is about one.
    pub character: Option<u32>,
    /// What is wrong.
    pub what: String,
    /// How to put it right.
    pub fix: String,
}

impl FindingView {
    pub(crate) fn new(finding: &Finding, files: &[SourceFile<'_>]) -> Self {
        Self {
            code: finding.rule.code,
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            file: finding.place.file.map(|index| files[index].name.to_owned()),
            row: finding.place.row,
            column: finding.place.column,
            item: finding.place.item,
            character: finding.place.character,
            what: match &finding.detail {
                Some(detail) => format!("{}（{detail}）", finding.rule.what),
                None => finding.rule.what.to_owned(),
            },
            fix: finding.rule.fix.to_owned(),
        }
    }
}
