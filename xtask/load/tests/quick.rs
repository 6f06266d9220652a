//! The driver drives: every scenario runs for a second against the program of this build, and nothing is lost.

use std::path::Path;
use std::process::Command;

#[test]
fn a_quick_run_loses_nothing() {
    let load = Path::new(env!("CARGO_BIN_EXE_load"));
    let server = load.with_file_name("fumibako");
    // Already built when the whole workspace is tested.
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "fumibako"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.status();
    assert!(built.expect("cargo runs").success(), "the program does not build");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let figures = folder.path().join("figures.json");
    let run = Command::new(load)
        .args(["--quick", "--connections", "8"])
        .arg("--server")
        .arg(&server)
        .arg("--folder")
        .arg(folder.path())
        .arg("--json")
        .arg(&figures)
        .output()
        .expect("the driver runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));

    let figures = std::fs::read(figures).expect("figures");
    let figures: serde_json::Value = serde_json::from_slice(&figures).expect("JSON");
    let scenarios = figures["scenarios"].as_array().expect("scenarios");
    let letters: Vec<_> = scenarios.iter().map(|scenario| scenario["scenario"].as_str().expect("a letter")).collect();
    assert_eq!(letters, ["a", "b", "c", "d", "e"]);
    for scenario in scenarios {
        let exchange = &scenario["exchange"];
        assert!(exchange["sends"].as_u64() > Some(0), "{scenario}");
        assert_eq!(exchange["errors"], 0, "{scenario}");
        assert_eq!(exchange["verified"]["acknowledged"], exchange["verified"]["listed"], "{scenario}");
        let beside_the_floor = ["a", "b", "c"].iter().any(|letter| scenario["scenario"] == *letter);
        assert_eq!(scenario["floor"].is_null(), !beside_the_floor, "{scenario}");
    }
}
