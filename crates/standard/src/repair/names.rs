//! ファイル名 — the canonical form of a name whose tokens leave no doubt.

use crate::FileName;
use crate::dialect::{Manner, Manners};
use crate::name::{self, NAME_BYTES_MAX, NameEdition};

/// The canonical name, its manners, and its edition; the name as it is where it cannot be read.
pub(super) fn canonical(given: &str) -> (String, Manners, Option<FileName>) {
    let mut manners = Manners::default();
    let plain = plain(given);
    let Ok(read) = name::parse(&plain) else { return (given.to_owned(), manners, None) };
    let canonical = read.to_string();
    if canonical != given {
        let narrowed: String = given.chars().map(half).collect();
        if narrowed != given {
            manners.add(Manner::FullWidthName);
        }
        if narrowed != canonical {
            manners.add(Manner::LowerCaseName);
        }
    }
    match read.edition {
        NameEdition::V3 => manners.add(Manner::Name3),
        NameEdition::V40 => manners.add(Manner::Name40),
        NameEdition::V41 => {}
    }
    (canonical, manners, Some(read))
}

/// In half-width capitals. A name too long to be one is left as it is.
pub(super) fn plain(given: &str) -> String {
    if given.len() > NAME_BYTES_MAX {
        return given.to_owned();
    }
    let mut plain: String = given.chars().map(half).collect();
    plain.make_ascii_uppercase();
    plain
}

fn half(letter: char) -> char {
    match letter {
        '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' | '\u{FF3F}' | '\u{FF0E}' => {
            char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter)
        }
        // What the printed standard turns its underscores into.
        '\u{0332}' => '_',
        letter => letter,
    }
}
