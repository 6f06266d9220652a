//! V19: 文字コード — the bytes are MS932, without a byte order mark and without control characters.

use super::example::{actual, back, bytes, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::contents::{Contents, pieces};
use crate::ms932;

/// 文字コード
pub const RULE: Rule = Rule {
    code: "V19",
    clause: "4.3",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "文字コードがMS932（Shift_JIS）として正しくありません。",
    fix: "介護ソフトの書き出しの設定で文字コードをShift_JIS（MS932）にして書き出し直してください。表計算ソフトで開いて保存したファイルは使わないでください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(back!("UPJSK_202604"), actual!())],
    bad: &[bytes!(back!("DLTJSK_202604"), b"\xEF\xBB\xBF202407,131016,0000000001,202604,1370000002,11\r\n")],
};

/// Its name.
pub(crate) const UTF_16: &str = "UTF-16";
/// Bytes of a file that show it where no mark does.
const SAMPLE: usize = 512;

/// Digits and commas in two bytes each: every other byte is zero for long stretches, and on one side only.
fn is_utf16(bytes: &[u8]) -> bool {
    let (pairs, _) = bytes.get(..SAMPLE.min(bytes.len())).unwrap_or_default().as_chunks::<2>();
    let [first, second] = [0, 1].map(|side| pairs.iter().filter(|pair| pair.get(side) == Some(&0)).count());
    first.max(second) * 4 > pairs.len() && first.min(second) == 0
}

/// A file in another encoding as a whole: its name, and whether a mark at the start shows it.
pub(crate) fn dialect(contents: &mut dyn Contents, file: usize) -> Option<(&'static str, bool)> {
    let start = contents.bytes(file, 0, 3);
    if start.starts_with(b"\xEF\xBB\xBF") {
        return Some(("UTF-8（BOM付き）", true));
    }
    if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        return Some((UTF_16, true));
    }
    if is_utf16(contents.bytes(file, 0, SAMPLE)) {
        return Some((UTF_16, false));
    }
    // Half-width katakana can pass for UTF-8; Japanese text in UTF-8 can, rarely, pass for MS932.
    let (mut utf8, mut ascii, mut japanese) = (true, true, true);
    pieces(contents, file, |bytes, last| {
        let (text, cut) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => {
                let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(sound).unwrap_or_default(), error.error_len().is_none())
            }
        };
        // A character may go on in the next piece, but not beyond the last.
        utf8 = text.len() == bytes.len() || cut && !last;
        ascii &= text.is_ascii();
        japanese &= text.is_ascii() || text.chars().filter(|letter| !letter.is_ascii()).all(is_japanese);
        utf8.then_some(text.len())
    });
    (utf8 && !ascii && (japanese || !is_ms932(contents, file))).then_some(("UTF-8", false))
}

/// Of three bytes in UTF-8, and of those that MS932 has: signs like ① ㈱ Ⅳ and characters like 﨑 as well.
fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{2010}'..='\u{33FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn is_ms932(contents: &mut dyn Contents, file: usize) -> bool {
    let mut sound = true;
    pieces(contents, file, |bytes, last| {
        sound = match ms932::scan(bytes).1 {
            None => return Some(bytes.len()),
            // The first byte of a character whose second is in the next piece.
            Some(at) if !last && at + 1 == bytes.len() && ms932::is_lead(bytes.get(at)) => return Some(at),
            Some(_) => false,
        };
        None
    });
    sound
}

/// What kind of byte is at fault, without saying which character.
pub(crate) fn describe(bytes: &[u8]) -> &'static str {
    let Some(at) = ms932::scan(bytes).1 else { return "" };
    match bytes.get(at) {
        Some(0) => "NUL文字があります",
        Some(0x00..=0x1F | 0x7F) => "制御文字があります",
        Some(_) if at + 1 >= bytes.len() => "文字が途中で切れています",
        _ => "MS932の文字ではないバイトがあります",
    }
}

/// The first character of a value that is none.
pub(crate) fn character(value: &[u8]) -> Option<u32> {
    let sound = value.get(..ms932::scan(value).1?)?;
    u32::try_from(ms932::characters(sound) + 1).ok()
}
