//! What the files mean: values, the canonical JSON, which set is current, what changed, and plan beside actual.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod diff;
mod json;
mod reconcile;
mod schema;
mod truth;
mod values;

use fumibako_standard::sample::{self, Request, SampleFile};
use fumibako_standard::{SourceFile, UnitKind};

/// A set of invented people, of the first month with the current edition or a later one.
fn set(kind: UnitKind, seed: u64, people: usize) -> Vec<SampleFile> {
    set_of(kind, seed, people, "20260325090000", "202604")
}

fn set_of(kind: UnitKind, seed: u64, people: usize, serial: &str, month: &str) -> Vec<SampleFile> {
    let (sender_type, receiver_type) = sample::types_for(kind);
    let (planner, server) = ("0390000100", "0390001000");
    let plans = sender_type.may_plan();
    let (sender, receiver) = if plans { (planner, server) } else { (server, planner) };
    let request = Request {
        seed,
        people,
        sender: sender.parse().unwrap(),
        sender_type,
        receiver: receiver.parse().unwrap(),
        receiver_type,
        serial: serial.parse().unwrap(),
        month: month.parse().unwrap(),
        names: None,
    };
    sample::make(kind, &request)
}

fn sources(files: &[SampleFile]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// A file written in the test, in UTF-8, as the MS932 it stands for.
fn file(name: &str, text: &str) -> SampleFile {
    let bytes = fumibako_standard::write::ms932(text).expect("MS932 text");
    SampleFile { name: name.into(), bytes }
}

/// All fifteen.
fn kinds() -> impl Iterator<Item = UnitKind> {
    fumibako_standard::unit::UNITS.iter().map(|entry| entry.kind)
}
