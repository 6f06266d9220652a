//! What one call brings, read into memory within the limits.

use crate::app::App;
use crate::parts::{NoParts, parts};
use crate::problem::Problem;
use axum::extract::Request;
use axum::extract::multipart::MultipartError;
use exchange::{Enclosure, NotAnEnclosure};
use http::{HeaderMap, StatusCode, header};
use standard::{OfficeNumber, Serial, SourceFile, Unit};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Fields of words in a call: a few of our own, a message for each set.
const FIELDS_MAX: usize = 2_100;
/// Bytes of one of them: a reason or a message in UTF-8, or the numbers of all partners.
const FIELD_BYTES_MAX: usize = 32 << 10;

/// Fields of ours; what else stands in a form is passed over.
const FIELDS: [&str; 4] = ["form_token", "acknowledged", "reason", "set"];
/// How the parts begin that go with a set. After it: the set's ファイル連番, a full stop, the receiver's 事業所番号.
const DOCUMENT: &str = "attachment.";
const MESSAGE: &str = "message.";

/// A file as it came.
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Which set of a call something goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    serial: Serial,
    receiver: OfficeNumber,
}

impl Target {
    pub(crate) fn is(&self, unit: &Unit) -> bool {
        self.serial == unit.serial && self.receiver == unit.receiver
    }

    fn parse(text: &str) -> Option<Self> {
        let (serial, receiver) = text.split_once('.')?;
        Some(Self { serial: serial.parse().ok()?, receiver: receiver.parse().ok()? })
    }
}

/// What goes with a set, or that it may not.
pub(crate) type Enclosed = (Target, Result<Enclosure, NotAnEnclosure>);

/// What one call brings.
#[derive(Default)]
pub(crate) struct Parcel {
    pub(crate) files: Vec<Upload>,
    pub(crate) enclosures: Vec<Enclosed>,
    fields: HashMap<&'static str, String>,
    /// What of the memory for uploads it takes.
    _memory: Option<OwnedSemaphorePermit>,
}

/// How much a call may bring.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) files: usize,
}

impl Parcel {
    /// A field of ours; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.as_str())
    }

    pub(crate) fn of(files: Vec<Upload>) -> Self {
        Self { files, ..Self::default() }
    }

    /// The same with what goes with its sets.
    pub(crate) fn enclosing(self, enclosures: Vec<Enclosed>) -> Self {
        Self { enclosures, ..self }
    }

    /// Something brought with it that no set of it is named for: leaving it out would be losing it.
    pub(crate) fn has_lost(&self, units: &[Unit]) -> bool {
        self.enclosures.iter().any(|(target, _)| !units.iter().any(|unit| target.is(unit)))
    }

    /// Files as they wait to be sent: for each its name and its content, each after its length.
    pub(crate) fn packed(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.files.iter().map(|file| file.name.len() + file.bytes.len() + 8).sum());
        for Upload { name, bytes } in &self.files {
            for piece in [name.as_bytes(), bytes] {
                // A call is far smaller than four gigabytes.
                body.extend_from_slice(&u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
                body.extend_from_slice(piece);
            }
        }
        body
    }

    /// The same as they waited.
    pub(crate) fn unpacked(body: &[u8]) -> Option<Self> {
        let mut files = Vec::new();
        let mut rest = body;
        while !rest.is_empty() {
            let (name, after) = piece(rest)?;
            let (bytes, after) = piece(after)?;
            files.push(Upload { name: std::str::from_utf8(name).ok()?.to_owned(), bytes: bytes.to_vec() });
            rest = after;
        }
        Some(Self::of(files))
    }
}

fn piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

pub(crate) fn sources(files: &[Upload]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// Reads the whole call into memory, within the limits; uploads that do not fit at the moment wait before a byte of
/// theirs is read.
pub(crate) async fn read(app: &App, request: Request, limits: Limits) -> Result<Parcel, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.bytes) {
        return Err(Problem::body_too_large(limits.bytes));
    }
    let kib = u32::try_from(announced.unwrap_or(limits.bytes) / 1024 + 1).unwrap_or(u32::MAX);
    let memory = Arc::clone(&app.upload_memory).acquire_many_owned(kib).await.map_err(|_| store::Error::Closed)?;

    let mut form = parts(request).await.map_err(|no_parts| match no_parts {
        NoParts::Broken => Problem::broken_upload(),
        NoParts::NotAForm => {
            Problem::unreadable_request("multipart/form-data で、ファイルを一つずつ部分として送ってください。")
        }
    })?;
    let mut parcel = Parcel { _memory: Some(memory), ..Parcel::default() };
    let (mut total, mut words) = (0, 0);
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(limits.bytes),
        _ => Problem::broken_upload(),
    };
    while let Some(mut part) = form.next_field().await.map_err(broken)? {
        let field = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        if file.is_none() {
            if names_a_file(part.headers()) {
                // In an encoding of its own: passing it over would send its set without it.
                return Err(Problem::broken_upload());
            }
            if !FIELDS.contains(&field.as_str()) && !field.starts_with(MESSAGE) {
                continue;
            }
        }
        let count = if file.is_some() { parcel.files.len() + parcel.enclosures.len() } else { words };
        if count == if file.is_some() { limits.files } else { FIELDS_MAX } {
            return Err(Problem::too_many_files(limits.files));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            total += chunk.len();
            if total > limits.bytes || (file.is_none() && bytes.len() + chunk.len() > FIELD_BYTES_MAX) {
                return Err(Problem::body_too_large(limits.bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        match file {
            // A browser sends a nameless file without bytes where none was chosen.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => match field.strip_prefix(DOCUMENT) {
                None => parcel.files.push(Upload { name, bytes }),
                Some(target) => {
                    let target = Target::parse(target).ok_or_else(no_target)?;
                    parcel.enclosures.push((target, Enclosure::document(&name, bytes)));
                }
            },
            None => {
                words += 1;
                let text = String::from_utf8(bytes).map_err(|_| Problem::broken_upload())?;
                if let Some(target) = field.strip_prefix(MESSAGE) {
                    let target = Target::parse(target).ok_or_else(no_target)?;
                    let message = Enclosure::message(&text).transpose();
                    parcel.enclosures.extend(message.map(|message| (target, message)));
                } else if let Some(field) = FIELDS.iter().find(|known| **known == field) {
                    // Ticked boxes of one name are a list.
                    let value = parcel.fields.entry(field).or_default();
                    if !value.is_empty() {
                        value.push(',');
                    }
                    value.push_str(&text);
                }
            }
        }
    }
    Ok(parcel)
}

pub(crate) fn no_target() -> Problem {
    Problem::unreadable_request(
        "添える文書とメッセージの部分の名前は、attachment.ファイル連番.送信先の事業所番号、message.ファイル連番.送信先の事業所番号 としてください。",
    )
}

fn names_a_file(headers: &HeaderMap) -> bool {
    const PARAMETER: &[u8] = b"filename";
    let disposition = headers.get(header::CONTENT_DISPOSITION).map_or(&[][..], |value| value.as_bytes());
    disposition.windows(PARAMETER.len()).any(|bytes| bytes.eq_ignore_ascii_case(PARAMETER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_wait_as_they_came() {
        let file = |name: &str, bytes: &[u8]| Upload { name: name.to_owned(), bytes: bytes.to_vec() };
        let parcel = Parcel::of(vec![file("A.CSV", b"1\r\n"), file("計画.txt", b"")]);
        let packed = parcel.packed();
        let unpacked = Parcel::unpacked(&packed).expect("whole");
        let seen: Vec<_> = unpacked.files.iter().map(|file| (&*file.name, &*file.bytes)).collect();
        assert_eq!(seen, [("A.CSV", &b"1\r\n"[..]), ("計画.txt", b"")]);
        for length in 1..packed.len() {
            let cut = Parcel::unpacked(&packed[..length]);
            assert!(cut.is_none_or(|cut| cut.files.len() < 2), "{length} bytes");
        }
    }

    #[test]
    fn what_goes_with_a_set_names_the_set() {
        assert!(Target::parse("20260401090000.0300000005").is_some());
        for other in ["", ".", "20260401090000", "20260401090000.", "20261341090000.0300000005", "x.0300000005"] {
            assert!(Target::parse(other).is_none(), "{other}");
        }
    }
}
