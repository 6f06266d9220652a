//! How fast a large set is checked, one core, all rules. `cargo run --release --example throughput`.

#![allow(clippy::print_stdout)]

use fumibako_standard::sample::{self, Request};
use fumibako_standard::{Profile, SourceFile, UnitKind, check, read::Records, write};

const SIZE_BYTES: usize = 200_000_000;
/// Lines of one plan.
const LINES: usize = 12;

/// Seconds this process has had a core (Linux); a busy machine would spoil the wall clock.
fn core_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("a number") / 1e9
}

fn main() {
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
    let files = sample::make_large_schedule(&request, SIZE_BYTES);
    let files: Vec<(&str, &[u8])> = files.iter().map(|file| (&*file.name, &*file.bytes)).collect();
    measure("第6表 with 第7表 and 補足", &files);
    measure("第6表 alone", &files[..1]);
    let plan = plan();
    measure("第2表 alone", &[("UP2KYO_1370000001_43_1370000002_11_20260320093000.CSV", &plan)]);
}

/// 第2表 of many people.
fn plan() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SIZE_BYTES + 1000);
    let mut row = 0;
    while bytes.len() < SIZE_BYTES {
        let (person, line) = (row / LINES, row % LINES + 1);
        let text = format!(
            "202407,131016,{person:010},20260320,20260320,{line},\"転ばずに近所を歩けるようになりたい\",1,\"ひとりで買い物に行く\",\
             \"週に二度、\r\n家のまわりを散歩する\",\"半年\",\"三か月\",1,\"歩くときの見守り、体調の確かめ、水分をとる声かけ\",Y,\"訪問介護\",\
             1370000002,\"ひだまりヘルパーステーション\",\"週2回\",\"三か月\",1370000001,\r\n"
        );
        bytes.extend_from_slice(&write::ms932(&text).expect("MS932"));
        row += 1;
    }
    bytes
}

fn measure(title: &str, files: &[(&str, &[u8])]) {
    let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    let megabytes = sources.iter().map(|source| source.bytes.len() as f64).sum::<f64>() / 1e6;
    println!("{title}, {megabytes:.0} MB");
    for _ in 0..4 {
        let start = core_seconds();
        let mut rows = 0u64;
        for source in &sources {
            let mut records = Records::new(source.bytes);
            while records.next_record().is_some() {
                rows += 1;
            }
        }
        let split = core_seconds() - start;
        let start = core_seconds();
        let report = check(&sources, Profile::Export);
        let checked = core_seconds() - start;
        let (split, checked) = (megabytes / split, megabytes / checked);
        println!("{rows} rows, split {split:.0} MB/s, all rules {checked:.0} MB/s, {} findings", report.findings.len());
    }
}
