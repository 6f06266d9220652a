//! アクセス記録の一件 — one entry, its canonical bytes and their strict reader.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

use crate::token::{from_hex, to_hex};
use crate::{Action, DetailName, InvalidToken, Timestamp, Token, leaf_hash};

/// The longest entry. One with every field and every detail at its longest stays below it.
pub const ENTRY_BYTES_MAX: usize = 4096;

const VERSION: u32 = 1;
const DETAILS_MAX: usize = 16;
/// Numbers that every JSON reader keeps exact (RFC 8259, section 6).
const NUMBER_MAX: u64 = (1 << 53) - 1;
const SERIAL_BYTES_MAX: usize = 20;

/// Why an entry was not made or not read. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The bytes are not an entry in its one spelling. The text says which part.
    #[error("malformed entry: {0}")]
    Malformed(&'static str),
    /// A newer program wrote it. Its leaf hash can be verified all the same.
    #[error("unknown entry version {0}")]
    UnknownVersion(u32),
    /// A newer program wrote it, about an action that this one does not know.
    #[error("unknown action")]
    UnknownAction,
    /// Some text is not a token.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// An instant before 1970 or after 9999.
    #[error("instant out of range")]
    TimeOutOfRange,
    /// Too many details, or a number too large to be exact in JSON.
    #[error("too many details, or a number too large")]
    Details,
    /// What this action or actor makes mandatory is missing (R10.1).
    #[error("entry lacks its {0}")]
    Lacks(&'static str),
}

/// 16 random bytes that make an entry unique by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// Whether the instant can be trusted (R10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// The host is synchronised; by how many milliseconds it was off, if known.
    Synchronised {
        /// Milliseconds by which the clock was off.
        offset_ms: Option<i32>,
    },
    /// It is known not to be.
    Unsynchronised {
        /// Milliseconds by which the clock was off.
        offset_ms: Option<i32>,
    },
    /// It could not be asked.
    Unknown,
}

impl ClockState {
    pub(crate) fn parts(self) -> (&'static str, Option<i32>) {
        match self {
            Self::Synchronised { offset_ms } => ("synchronised", offset_ms),
            Self::Unsynchronised { offset_ms } => ("unsynchronised", offset_ms),
            Self::Unknown => ("unknown", None),
        }
    }

    pub(crate) fn from_parts(state: &str, offset_ms: Option<i32>) -> Result<Self, EntryError> {
        match (state, offset_ms) {
            ("synchronised", offset_ms) => Ok(Self::Synchronised { offset_ms }),
            ("unsynchronised", offset_ms) => Ok(Self::Unsynchronised { offset_ms }),
            ("unknown", None) => Ok(Self::Unknown),
            _ => Err(EntryError::Malformed("clock")),
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// 職員 — a person, by the id of the account.
    Person(Token),
    /// Software on a device, by the id of the device.
    Device(Token),
    /// The operator at the command line, by an id of the person where one is known.
    OperatorCli(Option<Token>),
    /// The program itself, on schedule.
    System,
    /// Nobody known: a refused attempt before anyone was identified.
    Unknown,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::OperatorCli(Some(id)) => write!(f, "operator-cli:{id}"),
            Self::OperatorCli(None) => f.write_str("operator-cli"),
            Self::System => f.write_str("system"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl FromStr for Actor {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        Ok(match text.split_once(':') {
            Some(("person", id)) => Self::Person(id.parse()?),
            Some(("device", id)) => Self::Device(id.parse()?),
            Some(("operator-cli", id)) => Self::OperatorCli(Some(id.parse()?)),
            None if text == "operator-cli" => Self::OperatorCli(None),
            None if text == "system" => Self::System,
            None if text == "unknown" => Self::Unknown,
            _ => return Err(EntryError::Malformed("actor")),
        })
    }
}

/// 端末 — the terminal, and the certificate that proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    id: Token,
    certificate: Option<Box<str>>,
}

impl Device {
    /// A device without a certificate, as before it is enrolled.
    #[must_use]
    pub fn new(id: Token) -> Self {
        Self { id, certificate: None }
    }

    /// A device with the serial number of its certificate: 1 to 20 bytes (RFC 5280, 4.1.2.2).
    pub fn with_certificate(id: Token, serial: &[u8]) -> Result<Self, EntryError> {
        if serial.is_empty() || serial.len() > SERIAL_BYTES_MAX {
            return Err(EntryError::Malformed("certificate serial"));
        }
        Ok(Self { id, certificate: Some(to_hex(serial).into()) })
    }

    /// The id of the device.
    #[must_use]
    pub fn id(&self) -> &Token {
        &self.id
    }

    /// The serial number of its certificate, in hexadecimal.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

/// The session, and since when it has lasted (ログイン時刻, R10.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// A pseudonym of the session: never the token that proves it.
    pub session: Token,
    /// When the person signed in.
    pub at: Timestamp,
}

/// Where the request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An address.
    Address(IpAddr),
    /// A pseudonym of one.
    Pseudonym(Token),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "ip:{address}"),
            Self::Pseudonym(name) => write!(f, "pseudonym:{name}"),
        }
    }
}

impl FromStr for Source {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        match text.split_once(':') {
            // A scope id would be free text; std refuses it for IpAddr.
            Some(("ip", address)) => address.parse().map(Self::Address).map_err(|_| EntryError::Malformed("source")),
            Some(("pseudonym", name)) => Ok(Self::Pseudonym(name.parse()?)),
            _ => Err(EntryError::Malformed("source")),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// We decided against it; the code says why.
    Refused(Token),
    /// We could not; the code says what failed.
    Failed(Token),
}

impl Outcome {
    fn parts(&self) -> (&'static str, Option<&Token>) {
        match self {
            Self::Ok => ("ok", None),
            Self::Refused(code) => ("refused", Some(code)),
            Self::Failed(code) => ("failed", Some(code)),
        }
    }
}

/// The value of a detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// A count, a size, a duration. Its unit is the end of its name.
    Number(u64),
    /// A code or a digest.
    Token(Token),
}

impl From<Token> for Detail {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}

impl From<u64> for Detail {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// An entry being made. There are no defaults: written out in full, or begun with [`EntryDraft::new`], whatever every entry
/// must have cannot be left out (R10.1); [`EntryDraft::finish`] checks what this action and actor need besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDraft {
    /// Random, from the caller.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// How far "when" can be trusted.
    pub clock: ClockState,
    /// Who.
    pub actor: Actor,
    /// From which terminal. `None` only where there is none: the command line, the schedule, an attempt without certificate.
    pub device: Option<Device>,
    /// For which office. `None` for the operator's own doings.
    pub office: Option<Token>,
    /// In which session. `None` for software and for attempts to sign in.
    pub login: Option<Login>,
    /// From which address.
    pub source: Option<Source>,
    /// What was done.
    pub action: Action,
    /// To which object, by its pseudonymous id.
    pub object: Option<Token>,
    /// With which other office.
    pub counterpart: Option<Token>,
    /// With which result.
    pub outcome: Outcome,
    /// Whatever else the action has to say.
    pub details: BTreeMap<DetailName, Detail>,
}

impl EntryDraft {
    /// What no entry lacks. The rest follows by struct update: `EntryDraft { office, ..EntryDraft::new(..) }`.
    #[must_use]
    pub fn new(id: EntryId, at: Timestamp, clock: ClockState, actor: Actor, action: Action, outcome: Outcome) -> Self {
        Self {
            id,
            at,
            clock,
            actor,
            device: None,
            office: None,
            login: None,
            source: None,
            action,
            object: None,
            counterpart: None,
            outcome,
            details: BTreeMap::new(),
        }
    }

    /// Adds a detail.
    pub fn detail(mut self, name: &str, value: impl Into<Detail>) -> Result<Self, EntryError> {
        self.details.insert(name.parse()?, value.into());
        Ok(self)
    }

    /// Checks what types cannot: the bounds, and what this actor and action make mandatory.
    pub fn finish(self) -> Result<Entry, EntryError> {
        let exact = |value: &Detail| !matches!(value, Detail::Number(number) if *number > NUMBER_MAX);
        if self.details.len() > DETAILS_MAX || !self.details.values().all(exact) {
            return Err(EntryError::Details);
        }
        let refused = matches!(self.outcome, Outcome::Refused(_));
        if self.actor == Actor::Unknown && !refused {
            return Err(EntryError::Lacks("actor"));
        }
        match (&self.actor, &self.device) {
            (Actor::Person(_) | Actor::Device(_), None) if !refused => {
                return Err(EntryError::Lacks("device"));
            }
            (Actor::Device(actor), Some(device)) if *actor != device.id => {
                return Err(EntryError::Malformed("device"));
            }
            _ => {}
        }
        if self.action.concerns_one_set() && !refused {
            if self.object.is_none() {
                return Err(EntryError::Lacks("object"));
            }
            if self.office.is_none() && self.actor != Actor::System {
                return Err(EntryError::Lacks("office"));
            }
        }
        Ok(Entry(self))
    }
}

/// A complete entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry(EntryDraft);

impl Entry {
    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &EntryDraft {
        &self.0
    }

    /// The canonical bytes: one line of JSON, without a line break. What is absent is left out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let entry = &self.0;
        let (clock, offset_ms) = entry.clock.parts();
        let (outcome, code) = entry.outcome.parts();
        let mut line = Line::new();
        line.number("v", i64::from(VERSION));
        line.text("id", &entry.id);
        line.text("at", &entry.at);
        line.text("clock", &clock);
        if let Some(offset_ms) = offset_ms {
            line.number("clock_offset_ms", i64::from(offset_ms));
        }
        line.text("actor", &entry.actor);
        line.option("device", entry.device.as_ref().map(|device| &device.id));
        line.option("certificate", entry.device.as_ref().and_then(|device| device.certificate.as_ref()));
        line.option("office", entry.office.as_ref());
        line.option("session", entry.login.as_ref().map(|login| &login.session));
        line.option("login_at", entry.login.as_ref().map(|login| &login.at));
        line.option("source", entry.source.as_ref());
        line.text("action", &entry.action.id());
        line.option("object", entry.object.as_ref());
        line.option("counterpart", entry.counterpart.as_ref());
        line.text("outcome", &outcome);
        line.option("code", code);
        line.details(&entry.details);
        line.finish()
    }

    /// Reads an entry. Bytes that are not exactly what [`Entry::to_bytes`] writes are refused: another order, a space, a
    /// repeated or unknown field, another spelling of a number. One entry has one spelling, so one leaf hash.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::Malformed("length"));
        }
        let version: Version = serde_json::from_slice(bytes).map_err(|_| EntryError::Malformed("JSON"))?;
        if version.v != VERSION {
            return Err(EntryError::UnknownVersion(version.v));
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| EntryError::Malformed("fields"))?;
        let entry = wire.into_entry()?;
        if entry.to_bytes() == bytes { Ok(entry) } else { Err(EntryError::Malformed("spelling")) }
    }

    /// The same entry, saying of its clock what the writer knows of it (R10.3).
    #[must_use]
    pub fn with_clock(mut self, clock: ClockState) -> Self {
        self.0.clock = clock;
        self
    }

    /// [`crate::leaf_hash`] of the canonical bytes.
    #[must_use]
    pub fn leaf_hash(&self) -> [u8; 32] {
        leaf_hash(&self.to_bytes())
    }
}

/// Writes JSON from values whose alphabets leave nothing to escape.
struct Line(String);

impl Line {
    fn new() -> Self {
        Self(String::with_capacity(512))
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.push(format_args!("\"{name}\":"));
    }

    fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        self.push(format_args!("{value}"));
    }

    fn text(&mut self, name: &str, value: &impl fmt::Display) {
        self.name(name);
        self.push(format_args!("\"{value}\""));
    }

    fn option(&mut self, name: &str, value: Option<&impl fmt::Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn details(&mut self, details: &BTreeMap<DetailName, Detail>) {
        if details.is_empty() {
            return;
        }
        self.name("details");
        let mut inner = Self(String::new());
        for (name, value) in details {
            match value {
                Detail::Number(number) => {
                    inner.name(name.as_str());
                    inner.push(format_args!("{number}"));
                }
                Detail::Token(token) => inner.text(name.as_str(), token),
            }
        }
        self.0.push_str(&inner.0);
        self.0.push('}');
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(text);
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.push('}');
        self.0.into_bytes()
    }
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// The fields as JSON has them. Leniencies of serde (order, spaces, null) are caught by comparing the bytes afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "v")]
    _version: u32,
    id: String,
    at: String,
    clock: String,
    clock_offset_ms: Option<i32>,
    actor: String,
    device: Option<String>,
    certificate: Option<String>,
    office: Option<String>,
    session: Option<String>,
    login_at: Option<String>,
    source: Option<String>,
    action: String,
    object: Option<String>,
    counterpart: Option<String>,
    outcome: String,
    code: Option<String>,
    #[serde(default)]
    details: BTreeMap<String, WireDetail>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireDetail {
    Number(u64),
    Text(String),
}

impl Wire {
    fn into_entry(self) -> Result<Entry, EntryError> {
        fn parse<T: FromStr>(text: Option<String>) -> Result<Option<T>, EntryError>
        where
            EntryError: From<T::Err>,
        {
            Ok(text.map(|text| text.parse()).transpose()?)
        }
        let id = from_hex(&self.id).and_then(|id| id.try_into().ok()).ok_or(EntryError::Malformed("id"))?;
        let device = match (parse(self.device)?, self.certificate) {
            (Some(id), None) => Some(Device::new(id)),
            (Some(id), Some(serial)) => {
                let serial = from_hex(&serial).ok_or(EntryError::Malformed("certificate serial"))?;
                Some(Device::with_certificate(id, &serial)?)
            }
            (None, None) => None,
            (None, Some(_)) => return Err(EntryError::Lacks("device")),
        };
        let login = match (parse(self.session)?, parse(self.login_at)?) {
            (Some(session), Some(at)) => Some(Login { session, at }),
            (None, None) => None,
            _ => return Err(EntryError::Malformed("session")),
        };
        let outcome = match (self.outcome.as_str(), parse(self.code)?) {
            ("ok", None) => Outcome::Ok,
            ("refused", Some(code)) => Outcome::Refused(code),
            ("failed", Some(code)) => Outcome::Failed(code),
            _ => return Err(EntryError::Malformed("outcome")),
        };
        let mut details = BTreeMap::new();
        for (name, value) in self.details {
            let value = match value {
                WireDetail::Number(number) => Detail::Number(number),
                WireDetail::Text(text) => Detail::Token(text.parse()?),
            };
            details.insert(name.parse()?, value);
        }
        EntryDraft {
            id: EntryId(id),
            at: self.at.parse()?,
            clock: ClockState::from_parts(&self.clock, self.clock_offset_ms)?,
            actor: self.actor.parse()?,
            device,
            office: parse(self.office)?,
            login,
            source: parse(self.source)?,
            action: Action::from_id(&self.action).ok_or(EntryError::UnknownAction)?,
            object: parse(self.object)?,
            counterpart: parse(self.counterpart)?,
            outcome,
            details,
        }
        .finish()
    }
}
