//! 標準の検査をブラウザーで — checks files given as bytes, and answers with the JSON of `fumibako check --format json`.
//!
//! No wasm-bindgen: what crosses the border is one buffer in, one buffer out, and `js/fumibako-standard.mjs` is the other
//! half. So a build needs the compiler alone, and nothing has to be of the same version as something else.

#[cfg(target_arch = "wasm32")]
mod exports;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;
use standard::json_report::{self, Called};
use standard::survey::{self, Mending};
use standard::{Context, HistorySet, Profile, ServiceCodes, SourceFile, check_with};

/// A file to check.
const FILE: u8 = 0;
/// サービスコード表.
const SERVICE_CODES: u8 = 1;
/// A file of what arrived before.
const HISTORY: u8 = 2;

/// The request is not what the loader writes, or its service code table cannot be read: the reason.
pub type Refused = String;

/// Checks the files of a request: parts, each a byte for what it is, then name and content, each after its length in four
/// bytes, the lowest first.
pub fn check(request: &[u8], profile: Profile) -> Result<String, Refused> {
    let Request { files, history, service_codes } = read(request)?;
    let history = HistorySet::read(&history);
    let context = Context { service_codes: service_codes.as_ref(), history: &history };
    let report = check_with(&files, profile, &context);
    let called = files.iter().map(|file| Called { name: file.name, shown: file.name }).collect();
    Ok(json_report::write(&[json_report::Folder { report: &report, files: called, values: Vec::new() }]))
}

/// Looks over the files of a request before they are sent: [`survey::Survey`] as JSON. It quotes cells, for the page whose
/// files they are.
pub fn look_over(request: &[u8]) -> Result<String, Refused> {
    let Request { files, history, service_codes } = read(request)?;
    let history = HistorySet::read(&history);
    let context = Context { service_codes: service_codes.as_ref(), history: &history };
    json(&survey::survey(&files, &context))
}

/// Proposes to put the files of one set right: [`Mending`] as JSON, with the files in base64.
pub fn mend(request: &[u8]) -> Result<String, Refused> {
    #[derive(Serialize)]
    struct Answer {
        #[serde(flatten)]
        mending: Mending,
        files: Vec<File>,
    }
    #[derive(Serialize)]
    struct File {
        name: String,
        base64: String,
    }
    let mut mending = survey::mend(&read(request)?.files);
    let files = std::mem::take(&mut mending.files);
    let file = |file: survey::MendedFile| File { base64: BASE64_STANDARD.encode(&file.bytes), name: file.name };
    json(&Answer { files: files.into_iter().map(file).collect(), mending })
}

fn json(answer: &impl Serialize) -> Result<String, Refused> {
    serde_json::to_string(answer).map_err(|_| MALFORMED.to_owned())
}

/// What a page asks about.
struct Request<'r> {
    files: Vec<SourceFile<'r>>,
    history: Vec<SourceFile<'r>>,
    service_codes: Option<ServiceCodes>,
}

fn read(request: &[u8]) -> Result<Request<'_>, Refused> {
    let (mut files, mut history, mut service_codes) = (Vec::new(), Vec::new(), None);
    let mut rest = request;
    while let Some((part, after)) = rest.split_first() {
        let (name, after) = piece(after)?;
        let (bytes, after) = piece(after)?;
        let name = std::str::from_utf8(name).map_err(|_| MALFORMED)?;
        match *part {
            FILE => files.push(SourceFile { name, bytes }),
            HISTORY => history.push(SourceFile { name, bytes }),
            SERVICE_CODES => {
                service_codes = Some(ServiceCodes::read(bytes).map_err(|fault| fault.to_string())?);
            }
            _ => return Err(MALFORMED.into()),
        }
        rest = after;
    }
    // In the order in which a folder lists them, as on the command line.
    files.sort_by_key(|file| file.name);
    history.sort_by_key(|file| file.name);
    Ok(Request { files, history, service_codes })
}

const MALFORMED: &str = "the request is not what the loader writes";

/// A length and as many bytes.
fn piece(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let (length, rest) = bytes.split_first_chunk().ok_or(MALFORMED)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| MALFORMED)?;
    Ok(rest.split_at_checked(length).ok_or(MALFORMED)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_cut_short_is_refused_at_every_byte() {
        let request = [&[FILE, 1, 0, 0, 0, b'a', 2, 0, 0, 0], &b"xy"[..]].concat();
        assert!(check(&request, Profile::Export).is_ok());
        for length in 1..request.len() {
            assert_eq!(check(&request[..length], Profile::Export), Err(MALFORMED.into()), "{length} bytes");
        }
    }

    #[test]
    fn strange_requests_are_refused() {
        for request in [
            &b"\x09\0\0\0\0\0\0\0\0"[..],
            b"\0\xFF\xFF\xFF\xFFa",
            b"\0\x01\0\0\0\xFF\0\0\0\0",
            b"\x01\0\0\0\0\x01\0\0\0x",
        ] {
            assert!(check(request, Profile::Import).is_err(), "{request:?}");
        }
    }

    #[test]
    fn what_is_looked_over_and_mended_is_refused_alike() {
        let request = [&[FILE, 1, 0, 0, 0, b'a', 2, 0, 0, 0], &b"xy"[..]].concat();
        assert!(look_over(&request).is_ok_and(|json| json.contains("\"strays\":[{\"file\":\"a\"")));
        assert!(mend(&request).is_ok_and(|json| json.contains("\"open\":true") && json.contains("\"files\":[]")));
        assert_eq!(look_over(&request[..5]), Err(MALFORMED.into()));
        assert_eq!(mend(b"\x09\0\0\0\0\0\0\0\0"), Err(MALFORMED.into()));
    }

    #[test]
    fn no_files_are_an_empty_answer() {
        assert_eq!(
            check(b"", Profile::Export).as_deref(),
            Ok("{\n  \"units\": [],\n  \"findings\": [],\n  \"suppressed\": []\n}\n")
        );
    }
}
