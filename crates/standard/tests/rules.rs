//! Every rule has its text and its examples, and fires exactly when it should.

use fumibako_standard::rules::{Example, Needs, OnImport};
use fumibako_standard::{
    Context, HistorySet, Profile, RULES, Report, Rule, ServiceCodes, Severity, SourceFile, check_with,
};
use std::collections::BTreeSet;

fn with_files<T>(example: Example, see: impl FnOnce(&[SourceFile<'_>]) -> T) -> T {
    let bodies: Vec<Vec<u8>> = example.iter().map(|file| file.bytes()).collect();
    let files: Vec<SourceFile<'_>> =
        example.iter().zip(&bodies).map(|(file, bytes)| SourceFile { name: file.name, bytes }).collect();
    see(&files)
}

/// An example of a rule, with what the rule needs.
fn checked(rule: &Rule, example: Example, profile: Profile) -> Report {
    let codes = match rule.needs {
        Needs::ServiceCodes(table) => Some(ServiceCodes::read(table.as_bytes()).expect("a table")),
        _ => None,
    };
    let history = match rule.needs {
        Needs::History(earlier) => with_files(earlier, HistorySet::read),
        _ => Vec::new(),
    };
    let context = Context { service_codes: codes.as_ref(), history: &history };
    with_files(example, |files| check_with(files, profile, &context))
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report.findings.iter().map(|finding| finding.rule.code).collect()
}

#[test]
fn every_rule_from_v01_to_v90_is_there_in_order() {
    let codes: Vec<String> = RULES.iter().map(|rule| rule.code.to_string()).collect();
    let expected: Vec<String> = (1..=90).map(|number| format!("V{number:02}")).collect();
    assert_eq!(codes, expected);
}

#[test]
fn every_rule_says_what_happened_and_what_to_do() {
    for rule in RULES {
        for text in [rule.clause, rule.what, rule.fix] {
            assert!(!text.trim().is_empty(), "{} lacks text", rule.code);
        }
        assert!(rule.what.ends_with('。') && rule.fix.ends_with('。'), "{}", rule.code);
        assert!(!rule.good.is_empty() && !rule.bad.is_empty(), "{} lacks examples", rule.code);
    }
}

#[test]
fn the_good_example_of_every_rule_passes() {
    for rule in RULES {
        for profile in [Profile::Export, Profile::Import] {
            let report = checked(rule, rule.good, profile);
            assert!(report.findings.is_empty(), "{}: {:#?}", rule.code, report.findings);
            assert!(report.is_accepted());
        }
    }
}

#[test]
fn the_bad_example_of_every_rule_fires_exactly_its_code() {
    for rule in RULES {
        // V12 takes the place of V09 on import (README 15.5).
        let profile = if rule.code == "V12" { Profile::Import } else { Profile::Export };
        let report = checked(rule, rule.bad, profile);
        let expected = BTreeSet::from([rule.shown_as.unwrap_or(rule.code)]);
        assert_eq!(codes(&report), expected, "{}: {:#?}", rule.code, report.findings);
    }
}

#[test]
fn the_bad_example_is_refused_exactly_when_the_rule_is_an_error() {
    for rule in RULES {
        let profile = if rule.code == "V12" { Profile::Import } else { Profile::Export };
        let report = checked(rule, rule.bad, profile);
        assert_eq!(report.is_accepted(), rule.severity == Severity::Warning, "{}", rule.code);
    }
}

#[test]
fn import_downgrades_where_section_11_says_so() {
    for rule in RULES.iter().filter(|rule| rule.on_import == OnImport::Warning && rule.shown_as.is_none()) {
        let report = checked(rule, rule.bad, Profile::Import);
        assert!(report.findings.iter().all(|finding| finding.severity == Severity::Warning), "{}", rule.code);
    }
}

#[test]
fn details_never_repeat_a_cell() {
    for rule in RULES {
        for finding in checked(rule, rule.bad, Profile::Export).findings {
            let detail = finding.detail.unwrap_or_default();
            assert!(!detail.contains("見本の事業所") && !detail.contains("0000000001"), "{detail}");
        }
    }
}

#[test]
fn a_rule_is_silent_without_what_it_needs() {
    for rule in RULES.iter().filter(|rule| !matches!(rule.needs, Needs::Nothing)) {
        let report = with_files(rule.bad, |files| check_with(files, Profile::Export, &Context::default()));
        assert!(report.findings.is_empty(), "{}: {:#?}", rule.code, report.findings);
    }
}
