//! The module in Node says of every vector, under both profiles, what the native library says, to the byte.
//!
//! Needs Node 18 or later and the target wasm32-unknown-unknown; `cargo xtask test` installs both.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use standard::json_report::{self, Called};
use standard::{Context, HistorySet, Profile, ServiceCodes, SourceFile, check_with};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// As many as the script takes the mean of.
const ROUNDS: u32 = 10;
/// Sent to every visitor of a page.
const MODULE_BYTES_MAX: u64 = 1 << 20;

type Files = Vec<(String, Vec<u8>)>;

#[test]
fn the_module_in_node_answers_every_vector_as_the_library_does() {
    let module = module();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = here.join("../../vectors");
    let output = Command::new("node")
        .args([here.join("tests/vectors.mjs"), module.clone(), vectors.clone()])
        .output()
        .expect("Node is there: `cargo xtask test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let (mut answers, mut in_node, mut native) = (0, 0.0, Duration::ZERO);
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).expect("a line of JSON");
        let text = |key: &str| line[key].as_str().expect("a text");
        let (json, time) = library(&vectors.join(text("path")), text("profile"));
        assert_eq!(text("json"), json, "{} as {}", text("path"), text("profile"));
        answers += 1;
        in_node += line["microseconds"].as_f64().expect("a time");
        native += time;
    }
    assert_eq!(answers, 2 * cases(&vectors), "each case under each profile");
    let size = fs::metadata(&module).expect("the module is there").len();
    let native = native.as_secs_f64() * 1e6;
    println!(
        "{answers} answers; module {size} bytes; Node {in_node:.0} µs, native {native:.0} µs, ratio {:.2}",
        in_node / native
    );
    assert!(size < MODULE_BYTES_MAX, "{size} bytes");
}

/// Builds it into the target folder of this build.
fn module() -> PathBuf {
    const TARGET: &str = "wasm32-unknown-unknown";
    // `target/tmp` is what tests are told of.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above").to_path_buf();
    let status = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "wasm", "--target", TARGET, "--target-dir"])
        .arg(&target)
        // Flags meant for this machine, such as those of a coverage run, are not for the module.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the module is built: rustup target add {TARGET}");
    target.join(TARGET).join("wasm/fumibako_standard_wasm.wasm")
}

fn cases(vectors: &Path) -> usize {
    let groups = fs::read_dir(vectors).expect("vectors/ is there").map(|entry| entry.expect("readable").path());
    groups.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).expect("readable").count()).sum()
}

/// What the library says of a case, and how long it took.
fn library(folder: &Path, profile: &str) -> (String, Duration) {
    let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let case: Value = serde_json::from_slice(&read(folder.join("case.json"))).expect("JSON");
    let mut files: Files = Vec::new();
    for file in case["files"].as_array().expect("a list") {
        let name = file["name"].as_str().expect("a name");
        let bytes = match file["base64"].as_str() {
            Some(base64) => BASE64_STANDARD.decode(base64).expect("base64"),
            None => read(folder.join("files").join(name)),
        };
        files.push((name.into(), bytes));
    }
    let mut history: Files = Vec::new();
    if let Some(earlier) = case["history"].as_str() {
        for entry in fs::read_dir(folder.join(earlier)).expect("the history lies there") {
            let entry = entry.expect("readable");
            history.push((entry.file_name().into_string().expect("a plain name"), read(entry.path())));
        }
        history.sort();
    }
    let codes = case["service_codes"].as_str().map(|name| read(folder.join(name)));
    let profile = if profile == "import" { Profile::Import } else { Profile::Export };

    let judge = || {
        let codes = codes.as_deref().map(|table| ServiceCodes::read(table).expect("a table"));
        let history = HistorySet::read(&sources(&history));
        let report =
            check_with(&sources(&files), profile, &Context { service_codes: codes.as_ref(), history: &history });
        let called = files.iter().map(|(name, _)| Called { name, shown: name }).collect();
        json_report::write(&[json_report::Folder { report: &report, files: called, values: Vec::new() }])
    };
    let json = judge();
    let start = Instant::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(judge());
    }
    (json, start.elapsed() / ROUNDS)
}

fn sources(files: &Files) -> Vec<SourceFile<'_>> {
    files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect()
}
