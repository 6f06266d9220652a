//! How fast a large 第6表 is checked, one core, all rules. `cargo run --release --example throughput`.

#![allow(clippy::print_stdout)]

use fumibako_standard::{Profile, SourceFile, check, read::Records, write};

const SIZE_BYTES: usize = 200_000_000;

/// Seconds this process has had a core (Linux); a busy machine would spoil the wall clock.
fn core_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("a number") / 1e9
}

const SCHEDULE: &str = "202407,131016,0000000001,20260320,202604,1370000001,\"計画 花子\",250,,20260401,,0900,1000,1,111111,,,\
    \"\",,1370000002,\"ひだまりヘルパーステーション\",,0,1370000001,\r\n";
const PLAN: &str = "202407,131016,0000000001,20260320,20260320,1,\"転ばずに近所を歩けるようになりたい\",1,\"ひとりで買い物に行く\",\
    \"週に二度、\r\n家のまわりを散歩する\",\"半年\",\"三か月\",1,\"歩くときの見守り、体調の確かめ、水分をとる声かけ\",Y,\"訪問介護\",\
    1370000002,\"ひだまりヘルパーステーション\",\"週2回\",\"三か月\",1370000001,\r\n";

fn main() {
    measure("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV", SCHEDULE);
    measure("UP2KYO_1370000001_43_1370000002_11_20260320093000.CSV", PLAN);
}

fn measure(name: &str, row: &str) {
    let row = write::ms932(row).expect("MS932");
    let mut bytes = Vec::with_capacity(SIZE_BYTES + row.len());
    while bytes.len() < SIZE_BYTES {
        bytes.extend_from_slice(&row);
    }
    let megabytes = bytes.len() as f64 / 1e6;
    for _ in 0..3 {
        let start = core_seconds();
        let mut records = Records::new(&bytes);
        let mut rows = 0u64;
        while records.next_record().is_some() {
            rows += 1;
        }
        let split = core_seconds() - start;
        let start = core_seconds();
        let report = check(&[SourceFile { name, bytes: &bytes }], Profile::Export);
        let checked = core_seconds() - start;
        let (split, checked) = (megabytes / split, megabytes / checked);
        println!("{rows} rows, split {split:.0} MB/s, all rules {checked:.0} MB/s, {} findings", report.findings.len());
    }
}
