//! Files read piece by piece are judged as files in memory are, wherever the pieces end.

#[path = "holds/pieces.rs"]
mod pieces;

use fumibako_standard::read::{RECORD_BYTES_MAX, Records};
use fumibako_standard::rules::Needs;
use fumibako_standard::sample::{self, Request};
use fumibako_standard::unit::UNITS;
use fumibako_standard::{Context, HistorySet, RULES, ServiceCodes, SourceFile, UnitKind};
use pieces::{agree, records_agree};
use proptest::prelude::*;
use proptest::sample::Index;
use std::path::Path;

fn set(kind: UnitKind, people: usize) -> Vec<sample::SampleFile> {
    let (sender_type, receiver_type) = sample::types_for(kind);
    let request = Request {
        seed: 3,
        people,
        sender: "0300000100".parse().expect("an office number"),
        sender_type,
        receiver: "0300000005".parse().expect("an office number"),
        receiver_type,
        serial: "20260401090000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    sample::make(kind, &request)
}

#[test]
fn the_examples_of_every_rule() {
    for rule in RULES {
        let codes = match rule.needs {
            Needs::ServiceCodes(table) => ServiceCodes::read(table.as_bytes()).ok(),
            _ => None,
        };
        let history = match rule.needs {
            Needs::History(earlier) => {
                let earlier: Vec<_> = earlier.iter().map(|file| (file.name, file.bytes())).collect();
                HistorySet::read(&sources(&earlier))
            }
            _ => Vec::new(),
        };
        let context = Context { service_codes: codes.as_ref(), history: &history };
        for example in [rule.good, rule.bad] {
            let files: Vec<_> = example.iter().map(|file| (file.name, file.bytes())).collect();
            for piece in [1, 7, 16, 33, 64, 100, 250] {
                agree(&sources(&files), piece, &context);
            }
        }
    }
}

fn sources<'a>(files: &'a [(&'a str, Vec<u8>)]) -> Vec<SourceFile<'a>> {
    files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect()
}

/// Every folder of `vectors/` that holds files to check.
#[test]
fn the_vectors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let (mut folders, mut seen) = (vec![root], 0);
    while let Some(folder) = folders.pop() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the vectors lie there") {
            let path = entry.expect("the vectors lie there").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push((
                    path.file_name().expect("a file has a name").to_string_lossy().into_owned(),
                    std::fs::read(&path).expect("the vectors can be read"),
                )),
            }
        }
        let named: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (&**name, bytes.clone())).collect();
        for piece in [5, 40, 300] {
            agree(&sources(&named), piece, &Context::default());
        }
        seen += named.len();
    }
    assert!(seen > 500, "{seen} files");
}

#[test]
fn people_scattered_over_the_pieces() {
    let files = set(UnitKind::Schedule, 20);
    let scattered: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|file| {
            let lines: Vec<&[u8]> = file.bytes.split_inclusive(|byte| *byte == b'\n').collect();
            let every_other = |from| lines.iter().skip(from).step_by(2).copied();
            (&*file.name, every_other(0).chain(every_other(1)).flatten().copied().collect())
        })
        .collect();
    for piece in [50, 1_000, 30_000] {
        agree(&sources(&scattered), piece, &Context::default());
    }
}

#[test]
fn other_encodings_are_told_wherever_a_piece_ends() {
    let name = "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV";
    for text in ["202407,かなと漢字,\"ｶﾅ\"\r\n", "202407,ascii\r\n", "202407,é,£\r\n", "a,ﾀﾁﾂ\r\n", "202407,𠮷\r\n"]
    {
        let (ms932, _, _) = encoding_rs::SHIFT_JIS.encode(text);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &ms932, &utf16] {
            for end in [0, 1] {
                let long = [bytes.repeat(20), bytes[..bytes.len() - end].to_vec()].concat();
                for piece in 14..40 {
                    agree(&[SourceFile { name, bytes: &long }], piece, &Context::default());
                }
            }
        }
    }
}

/// The quote that closes it may lie in a later piece: until then nobody knows that it was not left open.
#[test]
fn a_text_with_a_line_that_looks_like_a_record() {
    let bytes =
        b"202407,\"a line\r\n202407,another line\",\"more\"\r\n202407,\"left open\r\n202407,next\r\n".repeat(20);
    for piece in 1..200 {
        records_agree(&bytes, piece);
    }
}

/// What is longer than a record may be is cut in the same place, and reading goes on.
#[test]
fn a_record_longer_than_the_bound_is_cut() {
    let row: &[u8] = b"202407,131016,0000000001,202604\r\n";
    let long = b"x".repeat(RECORD_BYTES_MAX + 5);
    let open = [b"202407,\"", &*long].concat();
    let closed = [b"202407,\"", &*long, b"\"\r\n"].concat();
    for middle in [&*long, &open, &closed, &b",".repeat(2 * RECORD_BYTES_MAX), &b"\r".repeat(RECORD_BYTES_MAX + 1)] {
        let bytes = [row, middle, b"\r\n", row].concat();
        let mut records = Records::new(&bytes);
        let mut end = 0;
        while let Some(record) = records.next_record() {
            assert!(record.raw().len() <= RECORD_BYTES_MAX);
            end = record.offset() + record.raw().len() as u64;
        }
        assert_eq!(end, bytes.len() as u64 - 2, "nothing is left out");
        for piece in [100_000, RECORD_BYTES_MAX, RECORD_BYTES_MAX + 40] {
            records_agree(&bytes, piece);
        }
        agree(
            &[SourceFile { name: "DLTPLAN_202604_1_1_20260401090000.CSV", bytes: &bytes }],
            200_000,
            &Context::default(),
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(prop::sample::select(&b"\",\r\n2024071\x83\x5C\xF0a"[..]), 0..600), piece in 1_usize..80) {
        records_agree(&bytes, piece);
        let name = "UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV";
        agree(&[SourceFile { name, bytes: &bytes }], piece, &Context::default());
    }

    #[test]
    fn damaged_samples(
        which in 0..UNITS.len(), damages in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..6),
        piece in 1_usize..2_000,
    ) {
        let mut files = set(UNITS[which].kind, 2);
        for (file, at, byte) in damages {
            let bytes = &mut file.get_mut(&mut files).bytes;
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = *[b'"', b',', b'\n', b'\r', byte, 0x83].get(usize::from(byte) % 6).expect("one of six");
            }
        }
        for file in &files {
            records_agree(&file.bytes, piece);
        }
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        agree(&sources, piece, &Context::default());
    }
}
