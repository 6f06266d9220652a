//! Checking allocates nothing for a record, and little at all: counted, not assumed.

use fumibako_standard::sample::{self, Request, SampleFile};
use fumibako_standard::{Profile, SourceFile, UnitKind, check};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What checking these files allocates. Nothing may be found: a finding is allowed its text.
fn allocated(files: &[(&str, &[u8])]) -> Stats {
    let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    let region = Region::new(GLOBAL);
    let report = check(&sources, Profile::Export);
    let stats = region.change();
    assert!(report.findings.is_empty(), "{:?}", report.findings.first());
    stats
}

fn request(kind: UnitKind, people: usize) -> Request {
    let (sender_type, receiver_type) = sample::types_for(kind);
    Request {
        seed: 7,
        people,
        sender: "0300000100".parse().expect("an office number"),
        sender_type,
        receiver: "0300000005".parse().expect("an office number"),
        receiver_type,
        serial: "20260401090000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    }
}

fn views(files: &[SampleFile]) -> Vec<(&str, &[u8])> {
    files.iter().map(|file| (&*file.name, &*file.bytes)).collect()
}

/// One test, since the counts are those of the whole process.
#[test]
fn a_record_more_is_no_allocation_more() {
    // Tables that are built once.
    let warm = sample::make(UnitKind::Schedule, &request(UnitKind::Schedule, 1));
    allocated(&views(&warm));

    for kind in [
        UnitKind::Schedule,
        UnitKind::Actual,
        UnitKind::CarePlan,
        UnitKind::PreventionSchedule,
        UnitKind::PreventionPlan,
        UnitKind::CarePlanDelete,
    ] {
        let [few, many] = [200, 400].map(|people| sample::make(kind, &request(kind, people)));
        let [few, many] = [few, many].map(|files| allocated(&views(&files)));
        let count = |stats: &Stats| stats.allocations + stats.reallocations;
        assert_eq!(count(&few), count(&many), "{}", kind.id());
    }

    // A longer set of more people, and people scattered over it: a second walk, and no finding.
    let request = request(UnitKind::Schedule, 0);
    let [half, whole] = [1_500_000, 3_000_000].map(|bytes| sample::make_large_schedule(&request, bytes));
    let count = |files: &[(&str, &[u8])]| {
        let stats = allocated(files);
        stats.allocations + stats.reallocations
    };
    assert_eq!(count(&views(&half)), count(&views(&whole)));
    let scattered: Vec<(String, Vec<u8>)> =
        half.iter().map(|file| (file.name.clone(), interleaved(&file.bytes))).collect();
    let scattered: Vec<(&str, &[u8])> = scattered.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    let (scattered, plain) = (count(&scattered), count(&views(&half)));
    // What was said before they were known to be scattered is taken back: at most twenty findings of a rule.
    assert!(scattered < plain + 400, "{scattered} against {plain}");

    // Everything ever allocated for a file long enough for the tables to have their full size, the same people again
    // and again, given back or not: well within 50 MB.
    let bytes = half[0].bytes.repeat(16);
    let files = [SourceFile { name: &half[0].name, bytes: &bytes }];
    let region = Region::new(GLOBAL);
    let report = check(&files, Profile::Import);
    let all = region.change().bytes_allocated;
    assert!(!report.findings.is_empty() && all < 50_000_000, "{all} bytes");
}

/// Every other row first, then the rest.
fn interleaved(bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let every_other = |from| lines.iter().skip(from).step_by(2).copied();
    every_other(0).chain(every_other(1)).flatten().copied().collect()
}
