//! What holds for any bytes at all.

use fumibako_standard::read::Records;
use fumibako_standard::rules::{ExampleFile, Needs};
use fumibako_standard::write::{Row, Writer};
use fumibako_standard::{
    Context, Edition, FINDINGS_PER_RULE_AND_FILE_MAX, FileKind, HistorySet, Profile, RULES, Report, ServiceCodes,
    SourceFile, check, check_with, layout, name,
};
use proptest::prelude::*;

const NAMES: [&str; 6] = [
    "UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV",
    "UP1KYO_1370000001_43_1370000002_11_20260320093000.CSV",
    "UPHOSOKU_000000_1370000001_1370000002_20260320093000.CSV",
    "UPKIHON_1370000001_46_1370000002_A2_20260320093000.CSV",
    "UPKIHON_IMAGE_1370000001_46_1370000002_A2_20260320093000_0001.jpg",
    "not a name",
];

fn examples() -> Vec<&'static ExampleFile> {
    RULES.iter().flat_map(|rule| rule.good.iter().chain(rule.bad)).collect()
}

/// Checks under both profiles; findings stay within the bound, places within the file.
fn is_sound(files: &[SourceFile<'_>]) {
    for profile in [Profile::Export, Profile::Import] {
        let report = check(files, profile);
        let bound = RULES.len() as u64 * FINDINGS_PER_RULE_AND_FILE_MAX * (2 * files.len() as u64 + 1);
        assert!(report.findings.len() as u64 <= bound);
        for finding in &report.findings {
            let Some(file) = finding.place.file.and_then(|file| files.get(file)) else { continue };
            let end = finding.place.offset.unwrap_or(0) + u64::from(finding.place.length.unwrap_or(0));
            assert!(end <= file.bytes.len() as u64);
        }
        for (index, unit) in report.units.iter().enumerate() {
            let errors =
                report.findings.iter().any(|finding| {
                    finding.unit == Some(index) && finding.severity == fumibako_standard::Severity::Error
                }) || report.suppressed.iter().any(|more| more.unit == Some(index) && more.errors > 0);
            assert_eq!(unit.accepted, !errors);
        }
    }
}

fn split(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut records = Records::new(bytes);
    let mut rows = Vec::new();
    while let Some(record) = records.next_record() {
        assert!(record.quote_fault().is_none());
        rows.push(record.cells().map(|cell| cell.bytes().into_owned()).collect());
    }
    rows
}

fn split_by_the_csv_crate(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let rows = reader.byte_records().map(|record| record.expect("bytes are read").iter().map(<[u8]>::to_vec).collect());
    rows.collect()
}

/// A cell and whether it is quoted: MS932 with commas, quotes and line ends in the quoted ones.
fn cell() -> impl Strategy<Value = (Vec<u8>, bool)> {
    const PIECES: [&[u8]; 12] =
        [b"\x83\x5C", b"\x95\x5C", b"\xB1", b"7", b"ab", b",", b"\"", b"\r\n", b"\n", b"\xF0\x40", b"-", b"0123456789"];
    let piece = prop::sample::select(&PIECES[..]);
    (prop::collection::vec(piece, 0..12), any::<bool>()).prop_map(|(pieces, quoted)| {
        let value = pieces.concat();
        let quoted = quoted || value.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
        (value, quoted)
    })
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    const LINE_ENDS: [&[u8]; 2] = [b"\r\n", b"\n"];
    let line_end = prop::sample::select(&LINE_ENDS[..]);
    let row = (prop::collection::vec(cell(), 2..30), line_end);
    (prop::collection::vec(row, 0..8), any::<bool>()).prop_map(|(rows, ended)| {
        let mut out = Vec::new();
        let count = rows.len();
        for (index, (cells, line_end)) in rows.into_iter().enumerate() {
            for (at, (value, quoted)) in cells.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if quoted {
                    out.push(b'"');
                    value.iter().for_each(|byte| {
                        out.extend(if *byte == b'"' { &b"\"\""[..] } else { std::slice::from_ref(byte) })
                    });
                    out.push(b'"');
                } else {
                    out.extend(value);
                }
            }
            if ended || index + 1 < count {
                out.extend_from_slice(line_end);
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_under_any_name_are_judged(which in 0..NAMES.len(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        is_sound(&[SourceFile { name: NAMES[which], bytes: &bytes }]);
    }

    #[test]
    fn any_text_of_separators_is_judged(bytes in prop::collection::vec(prop::sample::select(&b"\",\r\n2024071\x83\x5C\xF0a"[..]), 0..600)) {
        is_sound(&[SourceFile { name: NAMES[0], bytes: &bytes }]);
    }

    #[test]
    fn any_name_is_judged(text in ".{0,80}", tail in "[A-Z0-9_]{0,40}\\.(CSV|jpg)") {
        for kind in FileKind::ALL {
            if let Ok(read) = name::parse(&format!("{}_{tail}", kind.id())) {
                prop_assert_eq!(name::parse(&read.to_string()), Ok(read));
            }
        }
        is_sound(&[SourceFile { name: &text, bytes: b"" }]);
    }

    #[test]
    fn any_mutation_of_an_example_is_judged(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), length in 0..40usize,
        insert in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let examples = examples();
        let example = which.get(&examples);
        let mut bytes = example.bytes();
        let at = at.index(bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, insert);
        is_sound(&[SourceFile { name: example.name, bytes: &bytes }]);
    }

    #[test]
    fn any_mutation_of_a_set_is_judged_with_codes_and_history(
        which in any::<prop::sample::Index>(), file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        length in 0..40usize, insert in prop::collection::vec(prop::sample::select(&b"0123456789A,\"\r\n\x83"[..]), 0..12),
        rows in 1..4usize,
    ) {
        let rule = which.get(RULES);
        let names: Vec<&str> = rule.good.iter().map(|file| file.name).collect();
        let mut bodies: Vec<Vec<u8>> = rule.good.iter().map(|file| file.bytes()).collect();
        let body = &mut bodies[file.index(names.len())];
        *body = body.repeat(rows);
        let at = at.index(body.len() + 1);
        let end = (at + length).min(body.len());
        body.splice(at..end, insert);
        let files: Vec<SourceFile<'_>> =
            names.iter().zip(&bodies).map(|(name, bytes)| SourceFile { name, bytes }).collect();
        is_sound(&files);
        let table = "111111,身体,基本,,内\n114000,早朝,加算,月1回,外\n";
        let codes = ServiceCodes::read(table.as_bytes()).expect("a table");
        let history = HistorySet::read(&files);
        for profile in [Profile::Export, Profile::Import] {
            let report = check_with(&files, profile, &Context { service_codes: Some(&codes), history: &history });
            let plain = check(&files, profile);
            // What else is known adds findings and takes none away.
            let count = |report: &Report, code: &str| report.findings.iter().filter(|one| one.rule.code == code).count();
            for rule in RULES.iter().filter(|rule| matches!(rule.needs, Needs::Nothing)) {
                prop_assert_eq!(count(&report, rule.code), count(&plain, rule.code), "{}", rule.code);
            }
        }
    }

    #[test]
    fn records_are_split_as_the_csv_crate_does(bytes in file()) {
        prop_assert_eq!(split(&bytes), split_by_the_csv_crate(&bytes));
    }

    #[test]
    fn reading_and_writing_gives_the_same_bytes(bytes in file()) {
        let mut records = Records::new(&bytes);
        let mut out = Vec::new();
        while let Some(record) = records.next_record() {
            Row::of(&record).expect("sound quotes").write(&mut out);
        }
        prop_assert_eq!(out, bytes);
    }

    #[test]
    fn what_is_written_is_read_back(texts in prop::collection::vec("[ぁ-んァ-ヶ亜-腕a-z\",\r\n①髙～ｱ]{0,20}", 7)) {
        let table = layout(FileKind::UpkihonSub1, Edition::V202407).expect("a layout");
        let mut writer = Writer::new(table);
        if writer.row(&texts).is_ok() {
            let bytes = writer.finish();
            let mut records = Records::new(&bytes);
            let record = records.next_record().expect("a record");
            let read: Vec<String> = record.cells().map(|cell| cell.text().expect("MS932").into_owned()).collect();
            prop_assert_eq!(read, texts);
        }
    }
}

#[test]
fn every_good_example_survives_reading_and_writing() {
    for example in RULES.iter().flat_map(|rule| rule.good) {
        let bytes = example.bytes();
        if example.name.ends_with(".jpg") {
            continue;
        }
        let mut records = Records::new(&bytes);
        let mut out = Vec::new();
        while let Some(record) = records.next_record() {
            Row::of(&record).expect("sound quotes").write(&mut out);
        }
        assert_eq!(out, bytes);
    }
}

#[test]
fn the_writer_reports_what_ms932_does_not_have() {
    use fumibako_standard::write::WriteFault;
    let table = layout(FileKind::UpkihonSub1, Edition::V202407).expect("a layout");
    let mut writer = Writer::new(table);
    let row = |text| ["202407", "131016", "0000000001", "20260320", text, "", ""];
    for (text, position) in [("𠮷田", 1), ("見本\u{E000}", 3), ("é", 1), ("😀", 1), ("\u{80}", 0)] {
        match writer.row(&row(text)) {
            Err(WriteFault::Unmappable { column, position: found, .. }) => assert_eq!((column, found), (5, position)),
            Err(WriteFault::Control { column, .. }) => assert_eq!((column, position), (5, 0)),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(writer.row(&["202407"]), Err(WriteFault::Columns { count: 1, expected: 7, .. })));
    assert!(matches!(writer.row(&row("a\0b")), Err(WriteFault::Control { .. })));
    writer.row(&row("9\u{301C}12時 \"茶\", 昼")).expect("twins are written");
    assert_eq!(writer.substitutions().len(), 1);
    let expected =
        fumibako_standard::write::ms932("202407,131016,0000000001,20260320,\"9～12時 \"\"茶\"\", 昼\",\"\",\"\"\r\n");
    assert_eq!(Some(writer.finish()), expected);
}

#[test]
fn every_character_of_ms932_is_sound_and_every_other_pair_is_not() {
    for lead in 0x80..=0xFFu8 {
        for trail in 0..=0xFFu8 {
            let bytes =
                [b"202407,131016,0000000001,20260320,\"".as_slice(), &[lead, trail], b"\",\"\",\"\"\r\n"].concat();
            let mut records = Records::new(&bytes);
            let record = records.next_record().expect("a record");
            let Some(cell) = record.cell(4).filter(|_| record.quote_fault().is_none() && record.len() == 7) else {
                continue;
            };
            let decoded = encoding_rs::SHIFT_JIS
                .decode_without_bom_handling_and_without_replacement(&[lead, trail])
                .map(|text| text.into_owned());
            let expected =
                decoded.filter(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')));
            assert_eq!(cell.text().ok().map(|text| text.into_owned()), expected, "{lead:02X}{trail:02X}");
        }
    }
}
