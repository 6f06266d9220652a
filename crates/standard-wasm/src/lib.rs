//! 標準の検査をブラウザーで — checks files given as bytes, and answers with the JSON of `fumibako check --format json`.
//!
//! No wasm-bindgen: what crosses the border is one buffer in, one buffer out, and `js/fumibako-standard.mjs` is the other
//! half. So a build needs the compiler alone, and nothing has to be of the same version as something else.

#[cfg(target_arch = "wasm32")]
mod exports;

use standard::json_report::{self, Called};
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
    let history = HistorySet::read(&history);
    let context = Context { service_codes: service_codes.as_ref(), history: &history };
    let report = check_with(&files, profile, &context);
    let called = files.iter().map(|file| Called { name: file.name, shown: file.name }).collect();
    Ok(json_report::write(&[json_report::Folder { report: &report, files: called, values: Vec::new() }]))
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
    fn no_files_are_an_empty_answer() {
        assert_eq!(
            check(b"", Profile::Export).as_deref(),
            Ok("{\n  \"units\": [],\n  \"findings\": [],\n  \"suppressed\": []\n}\n")
        );
    }
}
