//! `vectors/`: invented sets, good and bad, with what a checker must say about them, for any vendor's test.
//!
//! The folder is made here and held to be what is made: each case is written down with the codes it must bring and
//! whether it is accepted; rows, columns and units come from the checker, and a diff shows when they change.
//! `FUMIBAKO_BLESS=1 cargo test -p fumibako-standard --test vectors` writes the folder anew.

mod bytes;
mod case;
mod editions;
mod exchange;
mod names;
mod readings;
mod rules;

use case::{Case, Tree};
use fumibako_standard::name::parse;
use fumibako_standard::unit::UNITS;
use fumibako_standard::{FINDINGS_PER_RULE_AND_FILE_MAX, FileKind, Profile, RULES};
use std::collections::{BTreeMap, BTreeSet};

/// The folder stays small enough to be cloned without a thought.
const BYTES_MAX: usize = 3 << 20;

fn cases() -> Vec<Case> {
    [rules::cases(), exchange::cases(), editions::cases(), readings::cases(), names::cases(), bytes::cases()].concat()
}

#[test]
fn each_case_brings_the_codes_it_was_written_for() {
    let mut wrong = Vec::new();
    for case in cases() {
        let expected = case.expected();
        let codes: BTreeSet<&str> = expected.findings.iter().map(|finding| finding.code.as_str()).collect();
        if codes != case.finds.iter().copied().collect() || expected.accepted != case.accepted {
            wrong.push(format!("{}: {codes:?}, accepted {}", case.path(), expected.accepted));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_folder_is_what_is_made_here() {
    let made: Tree = cases().iter().flat_map(Case::files_to_keep).collect();
    if std::env::var_os("FUMIBAKO_BLESS").is_some() {
        case::bless(&made);
    }
    let kept = case::kept();
    let names = |tree: &Tree| tree.keys().cloned().collect::<BTreeSet<_>>();
    let differing: Vec<_> = names(&made)
        .symmetric_difference(&names(&kept))
        .cloned()
        .chain(
            made.iter()
                .filter(|(path, bytes)| kept.get(*path).is_some_and(|kept| kept != *bytes))
                .map(|it| it.0.clone()),
        )
        .collect();
    assert!(differing.is_empty(), "FUMIBAKO_BLESS=1 writes them anew; then read the diff: {differing:#?}");
    let size: usize = kept.values().map(Vec::len).sum();
    assert!(size < BYTES_MAX, "{size} bytes");
}

#[test]
fn the_folder_as_a_stranger_reads_it_is_answered_as_it_says() {
    let cases = case::read_all();
    assert!(cases.len() > 300, "{} cases", cases.len());
    for case in cases {
        assert_eq!(case.answer(), case.kept.expected, "{}", case.path);
    }
}

#[test]
fn every_file_kind_and_unit_is_there_good_and_bad() {
    let mut seen = BTreeSet::new();
    let mut units = BTreeSet::new();
    for case in cases() {
        let expected = case.expected();
        for (name, _) in &case.files {
            let bad = expected.findings.iter().any(|finding| finding.file.as_ref() == Some(name));
            seen.extend(parse(name).map(|name| (name.kind, bad)));
        }
        units.extend(expected.units.iter().filter_map(|unit| Some((unit.kind.clone()?, unit.accepted))));
    }
    for kind in FileKind::ALL {
        assert!(seen.contains(&(kind, false)) && seen.contains(&(kind, true)), "{}", kind.id());
    }
    for unit in UNITS {
        for accepted in [true, false] {
            assert!(units.contains(&(unit.id.to_string(), accepted)), "{} {accepted}", unit.id);
        }
    }
}

#[test]
fn every_rule_is_there_good_and_bad_and_under_both_profiles() {
    let cases = cases();
    for rule in RULES {
        let shown = rule.shown_as.unwrap_or(rule.code);
        let about = |case: &&Case| case.rules.iter().any(|code| code == rule.code);
        let has = |fires: bool| cases.iter().filter(about).any(|case| case.finds.contains(&shown) == fires);
        assert!(has(true) && has(false), "{}", rule.code);
    }
    assert!(cases.iter().filter(|case| case.profile == Profile::Import).count() > 20);
}

#[test]
fn no_case_reaches_the_bound_on_findings() {
    // Beyond it findings are only counted, and another program may well draw that line elsewhere.
    for case in cases() {
        let mut times: BTreeMap<_, u64> = BTreeMap::new();
        for finding in case.expected().findings {
            *times.entry((finding.code, finding.file)).or_default() += 1;
        }
        assert!(times.into_values().all(|times| times < FINDINGS_PER_RULE_AND_FILE_MAX), "{}", case.path());
    }
}

#[test]
fn names_of_cases_are_unique_and_plain() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        assert!(case.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{}", case.name);
        assert!(!case.ja.is_ascii() && case.en.is_ascii(), "{}: titles", case.path());
        assert!(seen.insert(case.path().to_lowercase()), "{} twice", case.path());
    }
}
