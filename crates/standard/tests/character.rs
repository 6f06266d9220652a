//! Which character of a cell a finding is about.

use fumibako_standard::read::Records;
use fumibako_standard::sample::{self, Request};
use fumibako_standard::{Profile, SourceFile, UnitKind, check};

/// Code and character of what is found in one row of actuals, one cell of it written anew.
fn found(column: usize, cell: &[u8]) -> Vec<(&'static str, Option<u32>)> {
    let row = "202407,131016,0000000001,20260501,202604,1370000001,\"\",250,,20260401,,0900,1000,1,111111,,,\"\",,1370000002,\"\",,0,1370000002,";
    let mut cells: Vec<&[u8]> = row.split(',').map(str::as_bytes).collect();
    cells[column - 1] = cell;
    let bytes = [&cells.join(&b','), &b"\r\n"[..]].concat();
    let name = "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV";
    let report = check(&[SourceFile { name, bytes: &bytes }], Profile::Export);
    report.findings.iter().map(|finding| (finding.rule.code, finding.place.character)).collect()
}

#[test]
fn the_first_character_that_does_not_belong() {
    for (column, cell, code, character) in [
        (2, &b"13101A"[..], "V31", 6),
        (2, b"1\x82\x50A", "V31", 2),
        (2, b"1310167", "V31", 7),
        (3, b"00000H0001", "V32", 6),
        (3, b"H00000000012", "V32", 11),
        (4, b"2026/05/01", "V33", 5),
        (5, b"2026-04", "V33", 5),
        (8, b"2-50", "V36", 2),
        (8, b"-2.5", "V36", 3),
        (11, b"1112", "V52", 4),
        (12, b"9:00", "V54", 2),
        (15, b"1111a1", "V34", 5),
        (20, b"13700-0002", "V35", 6),
    ] {
        assert!(found(column, cell).contains(&(code, Some(character))), "{column} {cell:?} {:?}", found(column, cell));
    }
}

#[test]
fn the_first_character_that_is_too_much() {
    assert_eq!(found(14, b"123"), [("V35", Some(3))]);
    assert_eq!(found(8, b"-1234567"), [("V35", Some(8))], "a sign is not counted");
    assert_eq!(found(20, b"13700000021"), [("V35", Some(11))]);
}

#[test]
fn a_value_that_is_only_too_short_or_not_real_points_at_none() {
    for (column, cell, code) in [(2, &b"13101"[..], "V31"), (4, b"20260231", "V33"), (12, b"0960", "V54")] {
        assert!(found(column, cell).contains(&(code, None)), "{column} {cell:?} {:?}", found(column, cell));
    }
}

#[test]
fn a_character_that_is_none_and_a_character_of_ones_own() {
    assert_eq!(found(7, b"\"\x88\x9F\x07a\""), [("V19", Some(2))]);
    assert_eq!(found(7, b"\"\x88\x9Fa\x83"), [("V19", Some(4))], "an open quote is a character");
    assert_eq!(found(7, b"\x88\x9Fa\x83"), [("V19", Some(3))]);
    assert_eq!(found(7, b"\"a\"\"\xF0\x40\xB1\""), [("V20", Some(3))], "a doubled quote is one character");
}

#[test]
fn a_doubled_quote_is_one_character_of_the_length() {
    let kind = UnitKind::PreventionBasicInfo;
    let (sender_type, receiver_type) = sample::types_for(kind);
    let request = Request {
        seed: 1,
        people: 1,
        sender: "0300000100".parse().expect("an office number"),
        sender_type,
        receiver: "0300000005".parse().expect("an office number"),
        receiver_type,
        serial: "20260401090000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    let mut files = sample::make(kind, &request);
    let file = files.iter().position(|file| file.name.starts_with("UPKIHON_0")).expect("the basic information");
    let sound = files[file].bytes.clone();
    let mut found = |floor: &[u8]| {
        let mut records = Records::new(&sound);
        let record = records.next_record().expect("a row");
        let mut cells: Vec<&[u8]> = record.cells().map(|cell| cell.raw()).collect();
        cells[34] = floor;
        files[file].bytes = [&cells.join(&b','), &b"\r\n"[..]].concat();
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let report = check(&sources, Profile::Export);
        report.findings.iter().map(|finding| (finding.rule.code, finding.place.character)).collect::<Vec<_>>()
    };
    assert_eq!(found(b"\"\"\"\"\"\""), [], "two quotes in a column of two characters");
    assert_eq!(found(b"\"\"\"1\"\"\""), [("V35", Some(3))]);
}
