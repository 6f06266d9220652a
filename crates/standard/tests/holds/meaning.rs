//! What holds of the meaning of files: canonical JSON, the truth of versions, differences, plan and actual.

use super::{FILES_MAX, named, parts};
use fumibako_standard::diff::diff;
use fumibako_standard::json::{File, from_json, to_json};
use fumibako_standard::reconcile::{Insurers, Side, reconcile};
use fumibako_standard::truth::{Arrival, Key, State, Subject, Truth, arrivals, truth};
use fumibako_standard::value::Date;
use fumibako_standard::{FileKind, FileName, SourceFile, UnitKey, UnitKind};
use std::collections::BTreeSet;

fn sources<'a>(files: &'a [(String, &'a [u8])]) -> Vec<SourceFile<'a>> {
    files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect()
}

fn of_files(files: &[File]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// A document, or (after a zero) files as of [`super::read_set`]. Files come back from their JSON byte for byte; a document
/// that is read comes back as the same files.
pub(crate) fn canonical_json(input: &[u8]) {
    if let Some(input) = input.strip_prefix(b"\0") {
        let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
        // One set at a time; more are refused.
        for part in sources(&files).chunks(1).chain([&*sources(&files)]) {
            let Ok(text) = to_json(part) else { continue };
            let back = from_json(&text).expect("what was written can be read");
            assert_eq!(back.len(), part.len());
            for file in part {
                assert!(
                    back.iter().any(|back| back.name == file.name && back.bytes == file.bytes),
                    "not the same bytes"
                );
            }
        }
        return;
    }
    let text = String::from_utf8_lossy(input);
    let Ok(files) = from_json(&text) else { return };
    let again = to_json(&of_files(&files)).expect("what was read can be written");
    let back = from_json(&again).expect("what was written can be read");
    assert!(back == files, "a document is other files the second time");
    assert_eq!(to_json(&of_files(&back)).as_deref(), Ok(&*again));
}

/// Sets of few people, days, serials and receivers, four bytes each, so that they meet; and those that files bring. In
/// whatever order they arrive, the same is true.
pub(crate) fn truth_of(input: &[u8]) {
    let invented: Vec<Arrival<u8>> = input.chunks_exact(4).take(64).filter_map(invented).collect();
    true_in_any_order(&invented, usize::from(input.last().copied().unwrap_or(0)));
    let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
    true_in_any_order(&arrivals(&sources(&files)), files.len() / 2);
}

fn invented(bytes: &[u8]) -> Option<Arrival<u8>> {
    let &[second, receiver, people, days] = bytes else { return None };
    let (second, receiver) = (second % 10, receiver % 3);
    let name: FileName =
        format!("UP1KYO_0390000100_43_039000{receiver}000_11_2026040109000{second}.CSV").parse().ok()?;
    let mut keys = BTreeSet::new();
    for person in 0..7 {
        if people >> person & 1 != 0 {
            let date: &[u8] = if days >> person & 1 != 0 { b"20260320" } else { b"20260410" };
            let subject = Subject::CarePlan(Date::from_bytes(date)?);
            keys.insert(Key { person, subject });
        }
    }
    let kind = if people & 128 != 0 { UnitKind::CarePlanDelete } else { UnitKind::CarePlan };
    Some(Arrival { unit: UnitKey::of(&name), kind, keys, rows_without_key: 0 })
}

fn true_in_any_order<P: Ord + Clone + std::fmt::Debug>(sets: &[Arrival<P>], turn: usize) {
    let here = truth(sets);
    let same = |other: &Truth<P>| {
        assert_eq!(here.histories, other.histories);
        assert_eq!(here.contradictory, other.contradictory);
    };
    same(&truth(sets.iter().rev()));
    let turn = turn.min(sets.len());
    same(&truth(sets[turn..].iter().chain(&sets[..turn])));
    same(&truth(sets.iter().chain(&sets[..turn])));
    for steps in here.histories.values() {
        assert!(steps.iter().filter(|step| step.state == State::Current).count() <= 1, "two are current");
        assert!(steps.windows(2).all(|pair| pair[0].set < pair[1].set), "in the order of serials, each once");
        for step in steps {
            match step.state {
                State::Withdraws(target) => {
                    let target = steps.iter().find(|other| other.set == target).expect("what is withdrawn was there");
                    assert_eq!(target.state, State::WithdrawnBy(step.set));
                }
                State::ReplacedBy(next) | State::WithdrawnBy(next) => assert!(step.set < next),
                State::Current | State::WithoutTarget => {}
            }
        }
    }
}

/// Two sets, the first half of the files and the rest: no set differs from itself, and from the other side the difference
/// is the same.
pub(crate) fn differences(input: &[u8]) {
    let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
    let sources = sources(&files);
    let (before, after) = sources.split_at(sources.len() / 2);
    assert!(diff(before, before).is_empty() && diff(after, after).is_empty() && diff(&sources, &sources).is_empty());
    assert_eq!(diff(before, after).swapped(), diff(after, before));
}

/// A byte that says how insurers count, then the rows of a plan and of the actuals: from the other side missing is extra
/// and nothing else changes, and what was planned and reported alike agrees.
pub(crate) fn plan_and_actual(input: &[u8]) {
    let Some((how, input)) = input.split_first() else { return };
    let mut parts = parts(input);
    let (plan, actual) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let side = |kind: FileKind, bytes: &[u8]| {
        let name = format!("{}_202604_0390000100_43_0390001000_11_20260401090000.CSV", kind.id());
        Side::read(&[SourceFile { name: &name, bytes }], kind)
    };
    let (plan, planned) = (side(FileKind::Upplan, plan), plan);
    let actual = side(FileKind::Upjsk, actual);
    let insurers = if how % 2 == 0 { Insurers::Exact } else { Insurers::Any };
    assert_eq!(reconcile(&plan, &actual, &insurers).swapped(), reconcile(&actual, &plan, &insurers));
    let alike = reconcile(&plan, &side(FileKind::Upjsk, planned), &Insurers::Exact);
    assert_eq!(alike.unread.0, alike.unread.1);
    assert!(alike.services().all(|service| service.findings.is_empty() && service.plan == service.actual));
}
