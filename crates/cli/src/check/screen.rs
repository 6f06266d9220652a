//! Lines for a terminal on which a Japanese letter is two columns wide.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a line.
pub(crate) const WIDTH: usize = 80;

/// May not begin a line (行頭禁則).
const NOT_FIRST: &str = "、。，．・：；？！ー）」』】〕）ぁぃぅぇぉっゃゅょァィゥェォッャュョ々～…)],.";
/// May not end a line (行末禁則).
const NOT_LAST: &str = "（「『【〔([";

/// Columns of a text.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text, or as much of it as fits with a mark that there is more.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    const MORE: &str = "..";
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if kept.width() + letter.width().unwrap_or(0) + MORE.len() > columns {
            break;
        }
        kept.push(letter);
    }
    kept + MORE
}

/// Breaks a text into lines of at most `columns`, Japanese between any two letters, ASCII words whole.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.width() + piece.trim_end().width() > columns {
            line.truncate(line.trim_end().len());
            lines.push(piece.trim_start().to_owned());
        } else {
            line.push_str(piece);
        }
    }
    lines
}

/// What may not be torn apart.
fn pieces(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut before: Option<char> = None;
    for (at, letter) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, letter)) {
            cuts.push(at);
        }
        before = Some(letter);
    }
    cuts.push(text.len());
    cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
}

fn may_break(before: char, after: char) -> bool {
    let word = |letter: char| letter.width() == Some(1) && letter != ' ';
    let held = NOT_FIRST.contains(after) || NOT_LAST.contains(before) || after == ' ';
    !(held || word(before) && word(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_begin_with_a_full_stop() {
        assert_eq!(wrap("あいうえお。かきくけこ", 10), ["あいうえ", "お。かきく", "けこ"]);
    }

    #[test]
    fn words_and_numbers_stay_whole() {
        assert_eq!(wrap("列はYYYYMMDD形式です", 10), ["列は", "YYYYMMDD形", "式です"]);
    }
}
