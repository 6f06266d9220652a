//! `fumibako vectors run`, with our own program and with some that are wrong on purpose.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const FUMIBAKO: &str = env!("CARGO_BIN_EXE_fumibako");

/// Exit code and what was printed.
fn judge(bin: &Path, more: &[&str]) -> (Option<i32>, String) {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let output = Command::new(FUMIBAKO)
        .args(["vectors", "run"])
        .arg(bin)
        .arg("--dir")
        .arg(vectors)
        .args(more)
        .output()
        .expect("the program runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

/// A program that does what a shell is told; `$REAL` is ours.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("other");
    fs::write(&path, format!("#!/bin/sh\nREAL='{FUMIBAKO}'\n{script}\n")).expect("the test can be laid out");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the test can be laid out");
    path
}

#[test]
fn our_own_program_agrees_with_every_vector() {
    let (code, text) = judge(Path::new(FUMIBAKO), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("不一致0件"), "{text}");
}

#[test]
fn a_program_with_one_wrong_code_differs_there_alone() {
    let place = tempfile::tempdir().expect("the test can be laid out");
    let script = "answer=$(\"$REAL\" \"$@\"); code=$?; printf '%s' \"$answer\" | sed 's/\"V52\"/\"V53\"/'; exit $code";
    let (code, text) = judge(&program(place.path(), script), &["--only", "rules/V5"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("rules/V52-bad（V52: 日割対象日（悪い例））"), "{text}");
    assert!(text.contains("指摘が足りません: 誤り V52 1行目 11列目"), "{text}");
    assert!(text.contains("指摘が余分です: 誤り V53 1行目 11列目"), "{text}");
    assert!(!text.contains("rules/V53") && text.contains("不一致1件"), "{text}");
}

#[test]
fn a_program_that_finds_nothing_differs_and_so_does_its_exit_code() {
    let place = tempfile::tempdir().expect("the test can be laid out");
    let script = "echo '{\"units\": [], \"findings\": []}'";
    let (code, text) = judge(&program(place.path(), script), &["--only", "V31"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("終了コード: 1のはずが0") && text.contains("送信単位が足りません"), "{text}");
}

#[test]
fn a_program_that_answers_no_json_or_dies_differs() {
    let place = tempfile::tempdir().expect("the test can be laid out");
    let (code, text) = judge(&program(place.path(), "echo OK"), &["--only", "V31"]);
    assert_eq!((code, text.contains("JSONとして読めません")), (Some(1), true), "{text}");
    let (code, text) = judge(&program(place.path(), "kill -9 $$"), &["--only", "V31"]);
    assert_eq!((code, text.contains("なし（止められた）")), (Some(1), true), "{text}");
}

#[test]
fn without_a_program_or_vectors_nothing_is_judged() {
    let place = tempfile::tempdir().expect("the test can be laid out");
    let (code, text) = judge(&place.path().join("nothing"), &[]);
    assert_eq!((code, text.contains("プログラムの場所")), (Some(2), true), "{text}");
    let (code, text) = judge(Path::new(FUMIBAKO), &["--only", "no such case"]);
    assert_eq!((code, text.contains("検査用データがありません")), (Some(2), true), "{text}");
}
