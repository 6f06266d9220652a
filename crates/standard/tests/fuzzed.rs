//! The properties of the fuzz targets, briefly, starting from sound samples.

mod holds;

use fumibako_standard::sample::{self, Request};
use fumibako_standard::unit::UNITS;
use fumibako_standard::{FileKind, SourceFile, UnitKind};
use proptest::prelude::*;
use proptest::sample::Index;

fn set(kind: UnitKind, seed: u64) -> Vec<sample::SampleFile> {
    let (sender_type, receiver_type) = sample::types_for(kind);
    sample::make(
        kind,
        &Request {
            seed,
            people: 2,
            sender: "0300000100".parse().expect("an office number"),
            sender_type,
            receiver: "0300000005".parse().expect("an office number"),
            receiver_type,
            serial: "20260401090000".parse().expect("a serial"),
            month: "202604".parse().expect("a month"),
            names: None,
        },
    )
}

/// A place in a file, how many bytes go, and what comes instead.
fn damage() -> impl Strategy<Value = (Index, usize, Vec<u8>)> {
    let piece = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b",".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\x83".to_vec()),
        Just(b"\xF0\x40".to_vec()),
        Just(b"20260431".to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    (any::<Index>(), 0..20_usize, piece)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_sample_is_judged(
        which in 0..UNITS.len(), seed in 0..8_u64, damages in prop::collection::vec((any::<Index>(), damage()), 1..5),
        lost in proptest::option::of(any::<Index>()),
    ) {
        let mut files = set(UNITS[which].kind, seed);
        for (file, (at, length, piece)) in damages {
            let bytes = &mut file.get_mut(&mut files).bytes;
            let from = at.index(bytes.len() + 1);
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, piece);
        }
        if let Some(lost) = lost {
            files.remove(lost.index(files.len()));
        }
        for file in &files {
            holds::round_trip(&file.bytes);
        }
        let input = input(UNITS[which].kind, UNITS[which].prevention, &files);
        for target in [holds::mended, holds::piecewise, holds::plan_and_actual] {
            target(&[&[seed as u8], &*input].concat());
        }
        holds::canonical_json(&[&[0], &*input].concat());
        holds::differences(&[&*input, holds::BETWEEN, &*input].concat());
        holds::truth_of(&input);
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        holds::check_holds(&sources);
    }

    #[test]
    fn any_input_holds(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        holds::read_set(&bytes);
        holds::round_trip(&bytes);
        holds::file_name(&String::from_utf8_lossy(&bytes));
        for target in [holds::mended, holds::piecewise, holds::plan_and_actual] {
            target(&bytes);
        }
        holds::canonical_json(&bytes);
        holds::differences(&bytes);
        holds::truth_of(&bytes);
    }

    #[test]
    fn a_damaged_name_holds(kind in 0..FileKind::ALL.len(), at in any::<Index>(), piece in ".{0,3}", types in any::<bool>()) {
        let kind = FileKind::ALL[kind];
        let month = if kind.has_month() { "202604_" } else { "" };
        let (from, to) = if types { ("_43", "_11") } else { ("", "") };
        let mut name = format!("{}_{month}0300000100{from}_0300000005{to}_20260401090000.CSV", kind.id());
        holds::file_name(&name);
        let at = at.index(name.len());
        name.replace_range(at..=at, &piece);
        holds::file_name(&name);
    }
}

/// A set as one input of [`holds::read_set`] and those that take their files from the same bytes.
fn input(kind: UnitKind, prevention: bool, files: &[sample::SampleFile]) -> Vec<u8> {
    let mut input = Vec::new();
    for file in files {
        let named = fumibako_standard::name::parse(&file.name).expect("a sample has a name of the standard").kind;
        let place = FileKind::ALL.into_iter().position(|known| known == named).expect("one of all");
        // The first byte of that remainder in the quarter that `read_set` names alike.
        let quarter = match (kind, prevention) {
            (UnitKind::CarePlan, _) => 0,
            (_, true) => 64,
            (_, false) => 192_u8,
        };
        let which = (quarter..=quarter + 63).find(|byte| usize::from(*byte) % FileKind::ALL.len() == place);
        input.push(which.expect("a quarter has every remainder"));
        input.extend_from_slice(&file.bytes);
        input.extend_from_slice(holds::BETWEEN);
    }
    input
}

type Property = fn(&[u8]);

/// The seeds of the fuzz corpus: with `FUMIBAKO_CORPUS` set to its folder they are written there.
#[test]
fn samples_hold_and_seed_the_corpus() {
    let corpus = std::env::var_os("FUMIBAKO_CORPUS").map(std::path::PathBuf::from);
    for entry in UNITS {
        let files = set(entry.kind, 1);
        let other = input(entry.kind, entry.prevention, &set(entry.kind, 2));
        let input = input(entry.kind, entry.prevention, &files);
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let document = fumibako_standard::json::to_json(&sources).expect("a sample has a canonical form").into_bytes();
        let seeds: [(&str, Property, Vec<u8>); 9] = [
            ("read_set", holds::read_set, input.clone()),
            ("round_trip", holds::round_trip, files[0].bytes.clone()),
            ("file_name", |name| holds::file_name(&String::from_utf8_lossy(name)), files[0].name.clone().into_bytes()),
            ("piecewise", holds::piecewise, [&[40], &*input].concat()),
            ("repair", holds::mended, [&[1], &*input].concat()),
            ("canonical_json", holds::canonical_json, document),
            ("truth", holds::truth_of, [&*input, &*other].concat()),
            ("diff", holds::differences, [&*input, &*other].concat()),
            ("reconcile", holds::plan_and_actual, [&[0], &*files[0].bytes, holds::BETWEEN, &*files[0].bytes].concat()),
        ];
        for (target, holds, seed) in seeds {
            holds(&seed);
            if let Some(corpus) = &corpus {
                let folder = corpus.join(target);
                std::fs::create_dir_all(&folder).expect("the corpus can be written");
                std::fs::write(folder.join(entry.id), seed).expect("the corpus can be written");
            }
        }
    }
}
