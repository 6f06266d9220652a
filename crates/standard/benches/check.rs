//! All rules on one large 第6表 unit, beside splitting the same bytes into records with the `csv` crate.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fumibako_standard::sample::{self, Request};
use fumibako_standard::{Profile, SourceFile, UnitKind, check};

/// Bytes of the 第6表.
const SIZE: usize = 200_000_000;

fn large_unit(criterion: &mut Criterion) {
    let (sender_type, receiver_type) = sample::types_for(UnitKind::Schedule);
    let request = Request {
        seed: 1,
        people: 0,
        sender: "0300000100".parse().expect("an office number"),
        sender_type,
        receiver: "0300000005".parse().expect("an office number"),
        receiver_type,
        serial: "20260401090000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    let files = sample::make_large_schedule(&request, SIZE);
    let sources: Vec<SourceFile<'_>> =
        files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    let report = check(&sources, Profile::Export);
    assert!(report.findings.is_empty() && report.is_accepted(), "the sample has nothing to find");

    let mut group = criterion.benchmark_group("schedule");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::BytesDecimal(sources.iter().map(|source| source.bytes.len() as u64).sum()));
    group.bench_function("check", |bencher| bencher.iter(|| check(black_box(&sources), Profile::Export)));
    group.bench_function("split with csv", |bencher| bencher.iter(|| split(black_box(&sources))));
    group.finish();
}

/// The least that reading can be: records and cells found, nothing looked at.
fn split(sources: &[SourceFile<'_>]) -> usize {
    let mut cells = 0;
    let mut record = csv::ByteRecord::new();
    for source in sources {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source.bytes);
        while reader.read_byte_record(&mut record).expect("a sample is CSV") {
            cells += record.len();
        }
    }
    cells
}

criterion_group!(benches, large_unit);
criterion_main!(benches);
