//! 言葉の一覧: common words, names, places and the words of care, in kana, in their usual writing and in Latin letters.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::romaji::{is_kana, katakana, spellings};

/// The list, as kept in the source: what it holds is judged by reading it, not by a program.
const LIST: &str = include_str!("words.txt");

/// The longest word that is looked for, in characters.
pub(super) const WORD_CHARS_MAX: usize = 24;
/// Shorter Latin spellings are not words but accidents: three letters stand in many a random password.
const LATIN_CHARS_MIN: usize = 4;
/// Shorter kana or kanji likewise.
const JAPANESE_CHARS_MIN: usize = 2;

/// What kind of word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Of care, of its offices, of this exchange: the first a guesser tries.
    Trade,
    /// Any other.
    Common,
}

static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let (mut words, mut kind) = (HashMap::new(), Word::Common);
    for line in LIST.lines() {
        if line.starts_with('#') {
            kind = if line.starts_with("##") { Word::Trade } else { Word::Common };
            continue;
        }
        for form in line.split_whitespace().flat_map(|entry| entry.split('/')).flat_map(forms) {
            let chars = form.chars().count();
            let least = if form.is_ascii() { LATIN_CHARS_MIN } else { JAPANESE_CHARS_MIN };
            if (least..=WORD_CHARS_MAX).contains(&chars) {
                let kept = words.entry(form).or_insert(kind);
                *kept = kind.min(*kept);
            }
        }
    }
    words
});

/// Whether a folded text (small letters, katakana) is a word of the list, and of which kind.
pub(super) fn word(folded: &str) -> Option<Word> {
    WORDS.get(folded).copied()
}

/// A word as it may stand in a folded password: itself in katakana, and its Latin spellings if it is kana.
pub(super) fn forms(word: &str) -> Vec<String> {
    let folded: String = word.chars().map(katakana).collect();
    let mut forms = if word.chars().all(is_kana) { spellings(word) } else { Vec::new() };
    forms.push(folded);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_several_hundred_words_in_their_spellings() {
        let entries = LIST.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).count();
        assert!(entries > 700, "{entries}");
        for word in
            ["kaigo", "sien", "shien", "カイゴ", "介護", "yamada", "ヤマダ", "山田", "tokyo", "toukyou", "sakura"]
        {
            assert!(super::word(word).is_some(), "{word}");
        }
        assert_eq!((word("kaigo"), word("sakura"), word("xyzzy")), (Some(Word::Trade), Some(Word::Common), None));
        assert_eq!(word("よろしく"), None, "kana are looked for as katakana");
    }

    #[test]
    fn every_reading_can_be_spelt() {
        let entries = LIST.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        for entry in entries {
            let reading = entry.split('/').next().unwrap_or_default();
            assert!(reading.is_ascii() || !spellings(reading).is_empty(), "{reading}");
        }
    }
}
