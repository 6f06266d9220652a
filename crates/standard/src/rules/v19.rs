//! V19: 文字コード — the bytes are MS932, without a byte order mark and without control characters.

use super::example::{actual, back, bytes, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
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

/// A file in another encoding as a whole: its name, and whether a mark at the start shows it.
pub(crate) fn dialect(bytes: &[u8]) -> Option<(&'static str, bool)> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Some(("UTF-8（BOM付き）", true));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Some(("UTF-16", true));
    }
    let text = std::str::from_utf8(bytes).ok()?;
    if text.is_ascii() {
        return None;
    }
    // Half-width katakana can pass for UTF-8; Japanese text in UTF-8 can, rarely, pass for MS932.
    let japanese = |c: char| matches!(c, '\u{3000}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}');
    let sound_ms932 = ms932::scan(bytes).0 & ms932::BAD == 0;
    if !sound_ms932 || text.chars().filter(|c| !c.is_ascii()).all(japanese) {
        return Some(("UTF-8", false));
    }
    None
}

/// What kind of byte is at fault, without saying which character.
pub(crate) fn describe(bytes: &[u8]) -> String {
    let Some(at) = ms932::scan(bytes).1 else { return String::new() };
    let place = format!("{}バイト目", at + 1);
    match bytes.get(at) {
        Some(0) => format!("{place}にNUL文字があります"),
        Some(0x00..=0x1F | 0x7F) => format!("{place}に制御文字があります"),
        Some(_) if at + 1 >= bytes.len() => format!("{place}で文字が途中で切れています"),
        _ => format!("{place}がMS932の文字ではありません"),
    }
}
