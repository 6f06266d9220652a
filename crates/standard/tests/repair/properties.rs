//! What holds for any set and any bytes.

use crate::writing::{File, sample, sources, write};
use crate::{becomes, holds};
use fumibako_standard::dialect::{self, Manner};
use fumibako_standard::repair::{Accepted, repair};
use fumibako_standard::unit::UNITS;
use proptest::prelude::*;

const NAMES: [&str; 5] = [
    "UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV",
    "dltplan_202604_1370000001_43_1370000002_11_20260320093000.csv",
    "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV",
    "UPKIHON_IMAGE_1370000001_46_1370000002_A2_20260320093000_0001.JPG",
    "not a name",
];

/// What one file cannot be at once.
fn may_stand_together(manners: &[Manner]) -> bool {
    let count = |of: &[Manner]| manners.iter().filter(|manner| of.contains(manner)).count();
    count(&[Manner::Utf8, Manner::Utf8Mark, Manner::Utf16]) <= 1
        && count(&[Manner::Version202410, Manner::Version202504]) <= 1
        && count(&[Manner::SlashDates, Manner::HyphenDates, Manner::KanjiDates]) <= 1
        && count(&[Manner::PaddedNumbers, Manner::GroupedNumbers]) <= 1
        && count(&[Manner::BarePostalCodes, Manner::Hyphens]) <= 1
        // Then a comma too many may be one of a text (see the decisions).
        && count(&[Manner::UnquotedText, Manner::TrailingCommas]) <= 1
        // The mark then stands at the end of a row, not after it.
        && count(&[Manner::NoFinalLineEnd, Manner::EndMark]) <= 1
}

const WRITABLE: [Manner; 25] = [
    Manner::Utf8Mark,
    Manner::Utf8,
    Manner::Utf16,
    Manner::EndMark,
    Manner::LineFeed,
    Manner::NoFinalLineEnd,
    Manner::BlankLines,
    Manner::TrailingCommas,
    Manner::HeaderRow,
    Manner::UnquotedText,
    Manner::QuotedNumbers,
    Manner::Version202410,
    Manner::Version202504,
    Manner::LowerCaseName,
    Manner::FullWidthName,
    Manner::FullWidthCells,
    Manner::Blanks,
    Manner::SlashDates,
    Manner::HyphenDates,
    Manner::KanjiDates,
    Manner::ColonTimes,
    Manner::Hyphens,
    Manner::BarePostalCodes,
    Manner::PaddedNumbers,
    Manner::GroupedNumbers,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_conforming_set_is_given_out_unchanged(kind in 0..UNITS.len(), seed: u64, people in 1..6usize) {
        let files = sample(UNITS[kind].kind, seed, people);
        prop_assert!(dialect::of(&sources(&files)).is_empty());
        prop_assert!(becomes(&files, &files).changes.is_empty());
    }

    #[test]
    fn a_set_in_any_mixture_of_manners_becomes_what_it_was(
        kind in 0..UNITS.len(),
        seed: u64,
        people in 1..5usize,
        manners in prop::sample::subsequence(&WRITABLE[..], 0..9).prop_filter("together", |all| may_stand_together(all)),
    ) {
        let sound = sample(UNITS[kind].kind, seed, people);
        becomes(&write(&sound, &manners), &sound);
    }

    #[test]
    fn any_bytes_put_into_a_set_are_repaired_or_asked_about(
        kind in 0..UNITS.len(),
        seed: u64,
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..6),
        manners in prop::sample::subsequence(&WRITABLE[..], 0..3),
    ) {
        let mut files = write(&sample(UNITS[kind].kind, seed, 2), &manners);
        let at = at.index(files[0].bytes.len());
        files[0].bytes.splice(at..at, bytes);
        holds(&files, &repair(&sources(&files), &Accepted::proposed()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_under_any_name_are_answered(
        which in 0..NAMES.len(),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        answered(NAMES[which], bytes);
    }

    #[test]
    fn any_text_of_separators_is_answered(
        which in 0..NAMES.len(),
        text in "(\u{FEFF}|202407,131016,0000000001,202604|[\",\r\n 20467/年１－\u{1A}\u{3099}か𠮷\u{E0100}]){0,60}",
        utf16: bool,
    ) {
        let bytes = match utf16 {
            true => std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
            false => text.into_bytes(),
        };
        answered(NAMES[which], bytes);
    }

    #[test]
    fn any_name_is_answered(name in ".{0,60}") {
        answered(&name, b"202407,131016,0000000001,202604\n".to_vec());
    }
}

fn answered(name: &str, bytes: Vec<u8>) {
    let files = [File { name: name.into(), bytes }];
    for accepted in [Accepted::none(), Accepted::proposed()] {
        let repaired = repair(&sources(&files), &accepted);
        assert!(!repaired.files.is_empty() || !repaired.decisions.is_empty());
        holds(&files, &repaired);
    }
    dialect::of(&sources(&files));
}
