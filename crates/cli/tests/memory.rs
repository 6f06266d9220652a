//! `fumibako check` takes as much memory for a long file as for a short one, and `fumibako ledger verify` for a long log.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use standard::UnitKind;
use standard::sample::{self, Request};

/// What the program may take, whatever the files.
const MEMORY_MAX: u64 = 50_000_000;

/// A month of very many people, of so many bytes in 第6表 alone; `scattered` has every other row first.
fn lay_out(folder: &Path, bytes: usize, scattered: bool) {
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
    for file in sample::make_large_schedule(&request, bytes) {
        let bytes = match scattered {
            true => {
                let lines: Vec<&[u8]> = file.bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let every_other = |from| lines.iter().skip(from).step_by(2).copied();
                every_other(0).chain(every_other(1)).flatten().copied().collect()
            }
            false => file.bytes,
        };
        fs::write(folder.join(file.name), bytes).expect("the test can be laid out");
    }
}

/// The most memory the program had, and the most of its own: without its pages of the program file, which differ by 2 MB from run
/// to run. It is looked at again and again until the program ends: what it does last, writing a few lines, takes none.
fn peaks(folder: &Path, args: &[&str]) -> (u64, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fumibako"))
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let (mut all, mut own) = (0, 0);
    let status = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let bytes = |name| {
            let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
            kib.and_then(|kib| kib.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        (all, own) = (all.max(bytes("VmHWM:")), own.max(bytes("RssAnon:")));
        if let Some(status) = child.try_wait().expect("the program can be waited for") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "a sample passes");
    (all, own)
}

fn peak(folder: &Path, args: &[&str]) -> u64 {
    peaks(folder, args).0
}

#[test]
fn memory_does_not_grow_with_the_file() {
    // The table of people has its full size in both; more people touch more of its 16 MB.
    let peaks = [40_000_000, 80_000_000].map(|bytes| {
        let folder = tempfile::tempdir().expect("the test can be laid out");
        lay_out(folder.path(), bytes, false);
        peak(folder.path(), &["check", "."])
    });
    assert!(peaks[1] < MEMORY_MAX, "{peaks:?}");
    assert!(peaks[1] < peaks[0] + 6_000_000, "{peaks:?} for 58 MB more of files");
}

#[test]
fn memory_is_bounded_where_people_are_scattered() {
    let folder = tempfile::tempdir().expect("the test can be laid out");
    lay_out(folder.path(), 20_000_000, true);
    let peak = peak(folder.path(), &["check", "."]);
    assert!((10_000_000..MEMORY_MAX).contains(&peak), "{peak}");
}

#[test]
fn r10_5_memory_does_not_grow_with_the_log() {
    let [short, long] = ["4000", "120000"].map(|entries| {
        let folder = tempfile::tempdir().expect("the test can be laid out");
        let made = Command::new(env!("CARGO_BIN_EXE_fumibako"))
            .args(["ledger", "sample", "sample", "--entries", entries])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("the program starts").success());
        peaks(folder.path(), &["ledger", "verify", "sample/log", "--key", "sample/log.vkey"])
    });
    assert!(long.0 < MEMORY_MAX, "{long:?}");
    assert!(short.1 > 1_000_000, "{short:?}: it was looked at");
    assert!(long.1 < short.1 + 1_000_000, "{short:?} {long:?} for 62 MB more of entries");
}
