use crate::hex::unhex;
use crate::{Error, HandoverId, TransmissionId};
use exchange::{Digest, Outcome, Refusal, State};
use sqlx::FromRow;
use standard::{OfficeNumber, Serial, ServiceMonth, ServiceType, UnitKind};

/// What the store answers to somebody who asks for one set.
#[derive(Clone, Debug)]
pub enum Answer<T> {
    /// Done, on disk and recorded.
    Done(T),
    /// Decided against, and why.
    Refused(Refusal),
    /// There is no such set, or it is none of theirs: a stranger must not learn which.
    NotFound,
}

/// Which side of the exchange a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// 届いたもの.
    Received,
    /// 送ったもの.
    Sent,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Only sets accepted after this one ([`Transmission::accepted_index`]).
    pub after: Option<i64>,
    /// At most so many.
    pub rows: u32,
    /// Only sets that are neither acknowledged nor withdrawn.
    pub open_only: bool,
}

/// 送信一件.
#[derive(Clone, Debug)]
pub struct Transmission {
    /// Ours.
    pub id: TransmissionId,
    /// Position of its acceptance in the ledger; ascending, and the cursor of lists.
    pub accepted_index: i64,
    /// Which send unit.
    pub kind: UnitKind,
    /// ファイル連番.
    pub serial: Serial,
    /// 送信元.
    pub sender: OfficeNumber,
    /// 送信元の事業所名.
    pub sender_name: String,
    /// 送信元のサービス種類.
    pub sender_type: ServiceType,
    /// 送信先.
    pub receiver: OfficeNumber,
    /// 送信先の事業所名.
    pub receiver_name: String,
    /// 送信先のサービス種類.
    pub receiver_type: ServiceType,
    /// 対象年月.
    pub service_month: Option<ServiceMonth>,
    /// Digest of the set.
    pub digest: Digest,
    /// Bytes of its files.
    pub size_bytes: u64,
    /// Warnings when it was sent.
    pub warnings: u64,
    /// RFC 3339, UTC, milliseconds; so are the others.
    pub accepted_at: String,
    /// First opened by the receiver.
    pub collected_at: Option<String>,
    /// 受領確認.
    pub acknowledged_at: Option<String>,
    /// 取下げ.
    pub withdrawn_at: Option<String>,
    /// 取込みの結果: how the import went, once the receiver has said so.
    pub outcome: Option<Outcome>,
    /// When it said so.
    pub answered_at: Option<String>,
    /// 消去: since then only these facts are left.
    pub erased_at: Option<String>,
    /// When a box of it did not open, until it does: both offices are told (R6.3).
    pub damaged_at: Option<String>,
    /// 添付: documents and a message that go with it.
    pub enclosures: u64,
    /// 一方向の受渡し: by which handover it went or came, where one of the two offices is not on the exchange.
    pub handover: Option<HandoverId>,
    /// Its files; only where one set was asked for.
    pub files: Vec<StoredFile>,
}

/// One file of a set, without its content.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// As it was sent.
    pub name: String,
    /// Bytes of the content.
    pub size_bytes: u64,
    /// SHA-256 of the content.
    pub digest: Digest,
}

/// A file's content, opened for somebody who may have it.
pub struct OpenedFile {
    /// As it was sent.
    pub name: String,
    /// The same bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for OpenedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedFile({}, ..)", self.name)
    }
}

impl Transmission {
    /// Where it stands. How a finished set ended stays when its content is erased later; that, the instant tells.
    #[must_use]
    pub const fn state(&self) -> State {
        if self.withdrawn_at.is_some() {
            return State::Withdrawn;
        }
        match (self.outcome, &self.erased_at, &self.acknowledged_at, &self.collected_at) {
            (Some(outcome), ..) => outcome.state(),
            (None, Some(_), ..) => State::Erased,
            (None, None, Some(_), _) => State::Acknowledged,
            (None, None, None, Some(_)) => State::Collected,
            (None, None, None, None) => State::Waiting,
        }
    }
}

/// The columns of [`TransmissionRow`], for every query that reads one.
macro_rules! select_transmission {
    ($($rest:expr),+ $(,)?) => {
        concat!(
            "SELECT t.transmission_id, t.accepted_index, t.kind, t.serial, t.sender_type, t.receiver_type,
                    t.service_month, t.digest, t.size_bytes, t.warnings, t.accepted_at, t.collected_at,
                    t.acknowledged_at, t.withdrawn_at, t.outcome, t.answered_at, t.erased_at, t.damaged_at, t.enclosures,
                    t.handover_id,
                    substr(s.office_number, 1, 10) AS sender, s.name AS sender_name,
                    substr(r.office_number, 1, 10) AS receiver, r.name AS receiver_name
               FROM transmission t
               JOIN office s ON s.office_id = t.sender_office_id
               JOIN office r ON r.office_id = t.receiver_office_id ",
            $($rest),+
        )
    };
}
pub(crate) use select_transmission;

#[derive(FromRow)]
pub(crate) struct TransmissionRow {
    transmission_id: String,
    accepted_index: i64,
    kind: String,
    serial: String,
    sender: String,
    sender_name: String,
    sender_type: String,
    receiver: String,
    receiver_name: String,
    receiver_type: String,
    service_month: Option<String>,
    digest: String,
    size_bytes: i64,
    warnings: i64,
    accepted_at: String,
    collected_at: Option<String>,
    acknowledged_at: Option<String>,
    withdrawn_at: Option<String>,
    outcome: Option<String>,
    answered_at: Option<String>,
    erased_at: Option<String>,
    damaged_at: Option<String>,
    enclosures: i64,
    handover_id: Option<String>,
}

impl TryFrom<TransmissionRow> for Transmission {
    type Error = Error;

    fn try_from(row: TransmissionRow) -> Result<Self, Error> {
        const WHERE: Error = Error::Impossible("transmission");
        Ok(Self {
            id: row.transmission_id.parse().map_err(|_| WHERE)?,
            accepted_index: row.accepted_index,
            kind: UnitKind::from_id(&row.kind).ok_or(WHERE)?,
            serial: row.serial.parse().map_err(|_| WHERE)?,
            sender: row.sender.parse().map_err(|_| WHERE)?,
            sender_name: row.sender_name,
            sender_type: row.sender_type.parse().map_err(|_| WHERE)?,
            receiver: row.receiver.parse().map_err(|_| WHERE)?,
            receiver_name: row.receiver_name,
            receiver_type: row.receiver_type.parse().map_err(|_| WHERE)?,
            service_month: row.service_month.map(|month| month.parse()).transpose().map_err(|_| WHERE)?,
            digest: digest(&row.digest).ok_or(WHERE)?,
            size_bytes: u64::try_from(row.size_bytes).map_err(|_| WHERE)?,
            warnings: u64::try_from(row.warnings).map_err(|_| WHERE)?,
            accepted_at: row.accepted_at,
            collected_at: row.collected_at,
            acknowledged_at: row.acknowledged_at,
            withdrawn_at: row.withdrawn_at,
            outcome: row.outcome.map(|id| Outcome::from_id(&id).ok_or(WHERE)).transpose()?,
            answered_at: row.answered_at,
            erased_at: row.erased_at,
            damaged_at: row.damaged_at,
            enclosures: u64::try_from(row.enclosures).map_err(|_| WHERE)?,
            handover: row.handover_id.map(|id| id.parse().map_err(|_| WHERE)).transpose()?,
            files: Vec::new(),
        })
    }
}

/// 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    Digest::from_slice(&unhex(text)?)
}
