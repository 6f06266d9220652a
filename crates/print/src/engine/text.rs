//! What becomes of a text before it is set: nothing is left out, and what cannot be seen is spelled out.

use std::borrow::Cow;

/// Where a line may break inside a long run.
const BREAK_HERE: char = '\u{200B}';
/// Longer runs without a place to break (digests) get some.
const RUN_MAX: usize = 20;
/// After so many characters each.
const PIECE: usize = 4;

/// The text as it will stand on paper. Control characters, and those that would turn the direction of writing, are spelled
/// out, so that they cannot hide or change anything.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\t' || c == '\r' || is_hidden(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let text = text.replace("\r\n", "\n");
    for character in text.chars() {
        match character {
            '\t' => out.push(' '),
            '\r' => out.push('\n'),
            hidden if is_hidden(hidden) => out.push_str(&format!("〔U+{:04X}〕", u32::from(hidden))),
            plain => out.push(plain),
        }
    }
    Cow::Owned(out)
}

/// Takes no glyph of its own: line ends, and the selectors of variants of a character.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\n' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Gives long runs of narrow characters places to break, without which they would run out of their cell.
pub(super) fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / PIECE * BREAK_HERE.len_utf8());
    // Runs are ASCII, so that bytes are characters.
    for run in text.split_inclusive(|character: char| !character.is_ascii_graphic()) {
        let narrow = run.trim_end_matches(|character: char| !character.is_ascii_graphic());
        if narrow.len() <= RUN_MAX {
            out.push_str(run);
            continue;
        }
        for (at, character) in run.chars().enumerate() {
            if at > 0 && at % PIECE == 0 && at < narrow.len() {
                out.push(BREAK_HERE);
            }
            out.push(character);
        }
    }
    out
}

/// How many lines a text takes in a column so many full widths wide, estimated from above.
pub(super) fn lines(text: &str, full_widths: f64) -> usize {
    let width = |c: char| if c.is_ascii() { 0.6 } else { 1.0 };
    let one_line = |line: &str| {
        let taken: f64 = line.chars().map(width).sum();
        (taken / full_widths.max(1.0)).ceil().max(1.0) as usize
    };
    text.split('\n').map(one_line).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(printable("ふつうの文\n二行目"), "ふつうの文\n二行目");
        assert_eq!(printable("a\u{0}b\u{7}c\u{7F}"), "a〔U+0000〕b〔U+0007〕c〔U+007F〕");
        assert_eq!(printable("前\u{202E}後\u{200B}"), "前〔U+202E〕後〔U+200B〕");
        assert_eq!(printable("一\t二\r\n三\r四"), "一 二\n三\n四");
    }

    #[test]
    fn long_runs_get_places_to_break() {
        assert_eq!(breakable("短い digest"), "短い digest");
        let broken = breakable(&"a".repeat(64));
        assert_eq!(broken.chars().filter(|c| *c == BREAK_HERE).count(), 15);
        assert_eq!(broken.replace(BREAK_HERE, ""), "a".repeat(64));
        assert_eq!(breakable("指紋は abcd\nefgh です"), "指紋は abcd\nefgh です");
    }
}
