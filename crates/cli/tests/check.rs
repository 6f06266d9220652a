//! `fumibako check`, seen from outside.
//!
//! A case is a folder in `check/cases`: `input/` holds files in UTF-8 that the test writes in MS932 with CRLF
//! (`NAME.raw` is written as it is, without `.raw`), `args` further arguments, one a line. What the program
//! says is kept beside it; `cargo insta review` shows what changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use standard::UnitKind;
use standard::sample::{self, PersonName, Request};
use standard::unit::UNITS;
use unicode_width::UnicodeWidthStr;

fn fumibako(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fumibako"))
        .current_dir(folder)
        .args(args)
        .output()
        .expect("the test can be laid out")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the test can be laid out")
}

/// Copies a folder of the repository as an office would have it.
fn lay_out(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the test can be laid out");
    for entry in fs::read_dir(from).expect("the test can be laid out") {
        let path = entry.expect("the test can be laid out").path();
        let target = to.join(path.file_name().expect("the test can be laid out"));
        if path.is_dir() {
            lay_out(&path, &target);
        } else if path.extension().is_some_and(|extension| extension == "raw") {
            fs::copy(&path, target.with_extension("")).expect("the test can be laid out");
        } else {
            let text = fs::read_to_string(&path).expect("the test can be laid out").replace('\n', "\r\n");
            let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(&text);
            assert!(!failed, "{} is not MS932 text", path.display());
            fs::write(target, bytes).expect("the test can be laid out");
        }
    }
}

#[test]
fn cases() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/cases");
    let folders: BTreeSet<PathBuf> = fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!folders.is_empty());
    for case in folders {
        let place = tempfile::tempdir().unwrap();
        lay_out(&case.join("input"), &place.path().join("input"));
        let more = fs::read_to_string(case.join("args")).unwrap_or_default();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&case);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for format in ["text", "json"] {
            let mut args = vec!["check", "input", "--format", format];
            args.extend(more.lines());
            let output = fumibako(place.path(), &args);
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            if format == "text" {
                assert_narrow(&out);
            } else if !out.is_empty() {
                assert_shape(&out);
            }
            let said = format!("exit {}\n{out}{err}", output.status.code().unwrap());
            settings.bind(|| insta::assert_snapshot!(format, said));
        }
    }
}

fn assert_narrow(out: &str) {
    for line in out.lines() {
        assert!(line.width() <= 80, "{} columns: {line}", line.width());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    units: Vec<AnswerUnit>,
    findings: Vec<AnswerFinding>,
    suppressed: Vec<AnswerSuppressed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerSuppressed {
    code: String,
    file: Option<String>,
    count: u64,
    errors: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is what is tested")]
struct AnswerUnit {
    kind: Option<String>,
    serial: String,
    sender: String,
    sender_type: Option<String>,
    receiver: String,
    receiver_type: Option<String>,
    files: Vec<String>,
    accepted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is what is tested")]
struct AnswerFinding {
    code: String,
    severity: String,
    file: Option<String>,
    row: Option<u64>,
    column: Option<u16>,
    item: Option<String>,
    character: Option<u32>,
    what: String,
    fix: String,
    value: Option<String>,
}

/// The agreed fields, all present, in the agreed order.
fn assert_shape(out: &str) -> Answer {
    let answer: Answer = serde_json::from_str(out).expect("the test can be laid out");
    let keys = |line: &str| Some(line.trim().strip_prefix('"')?.split_once("\":")?.0.to_owned());
    let lists = ["units", "findings", "suppressed"];
    let seen: Vec<String> = out.lines().filter_map(keys).filter(|key| !lists.contains(&&**key)).collect();
    let unit = ["kind", "serial", "sender", "sender_type", "receiver", "receiver_type", "files", "accepted"];
    let finding = ["code", "severity", "file", "row", "column", "item", "character", "what", "fix"];
    let mut expected = unit.repeat(answer.units.len());
    for told in &answer.findings {
        expected.extend(finding);
        expected.extend(told.value.as_ref().map(|_| "value"));
    }
    expected.extend(["code", "file", "count", "errors"].repeat(answer.suppressed.len()));
    assert_eq!(seen, expected);
    assert!(answer.findings.iter().all(|finding| ["error", "warning"].contains(&finding.severity.as_str())));
    answer
}

fn request(kind: UnitKind, names: Option<Vec<PersonName>>) -> Request {
    let (sender_type, receiver_type) = sample::types_for(kind);
    Request {
        seed: 1,
        people: 3,
        sender: "0300000100".parse().expect("the test can be laid out"),
        sender_type,
        receiver: "0300000005".parse().expect("the test can be laid out"),
        receiver_type,
        serial: "20260401090000".parse().expect("the test can be laid out"),
        month: "202604".parse().expect("the test can be laid out"),
        names,
    }
}

/// A folder with a sample of this kind.
fn folder_with(kind: UnitKind) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the test can be laid out");
    for file in sample::make(kind, &request(kind, None)) {
        fs::write(folder.path().join(&file.name), &file.bytes).expect("the test can be laid out");
    }
    folder
}

#[test]
fn samples_of_every_kind_pass() {
    for entry in UNITS {
        let folder = folder_with(entry.kind);
        for profile in ["export", "import"] {
            let output = fumibako(folder.path(), &["check", "--as", profile, "--format", "json", "."]);
            assert_eq!(output.status.code(), Some(0), "{} {}", entry.id, text(&output.stdout));
            assert_shape(&text(&output.stdout));
        }
    }
}

#[test]
fn the_exit_code_tells_sound_refused_and_failed() {
    let folder = folder_with(UnitKind::Schedule);
    let code = |args: &[&str]| fumibako(folder.path(), args).status.code();
    assert_eq!(code(&["check", "."]), Some(0));
    fs::write(folder.path().join("memo.txt"), "memo").unwrap();
    assert_eq!(code(&["check", "."]), Some(1));
    assert_eq!(code(&["check"]), Some(2));
    assert_eq!(code(&["check", "--format", "xml", "."]), Some(2));
    assert_eq!(code(&["check", "nowhere"]), Some(2));
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(code(&["check", "empty"]), Some(2));
    assert_eq!(code(&["rule", "V01"]), Some(0));
    assert_eq!(code(&["rule", "V00"]), Some(2));
}

#[test]
fn colour_is_there_when_asked_for() {
    let folder = folder_with(UnitKind::Actual);
    let coloured = |when| fumibako(folder.path(), &["check", "--color", when, "."]).stdout.contains(&0x1B);
    assert!(coloured("always"));
    assert!(!coloured("never"));
    assert!(!coloured("auto"), "a pipe is no terminal");
}

#[test]
fn a_copy_in_another_folder_is_a_unit_of_its_own() {
    let folder = folder_with(UnitKind::Schedule);
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for file in sample::make(UnitKind::Schedule, &request(UnitKind::Schedule, None)) {
        fs::write(copy.join(&file.name), &file.bytes).unwrap();
    }
    let output = fumibako(folder.path(), &["check", "--format", "json", "."]);
    let answer = assert_shape(&text(&output.stdout));
    assert_eq!((output.status.code(), answer.units.len()), (Some(0), 2));
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_folder() {
    use std::os::unix::fs::symlink;
    let folder = folder_with(UnitKind::Actual);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("outside.csv"), "1").unwrap();
    symlink(outside.path(), folder.path().join("folder")).unwrap();
    symlink(outside.path().join("outside.csv"), folder.path().join("file.csv")).unwrap();
    symlink(folder.path(), folder.path().join("loop")).unwrap();
    assert_eq!(fumibako(folder.path(), &["check", "."]).status.code(), Some(0));
}

/// Damage of the kinds that make a checker talk.
fn damages(bytes: &[u8]) -> [Vec<u8>; 5] {
    let without = |byte: u8, nth: usize| {
        let mut seen = 0;
        bytes
            .iter()
            .copied()
            .filter(|at| {
                *at != byte || {
                    seen += 1;
                    seen % nth != 0
                }
            })
            .collect::<Vec<u8>>()
    };
    let digits = bytes.iter().map(|byte| if *byte == b'2' { b'X' } else { *byte }).collect();
    let emptied = bytes.iter().copied().filter(|byte| !byte.is_ascii_digit()).collect();
    let (utf8, _, _) = encoding_rs::SHIFT_JIS.decode(bytes);
    [without(b',', 9), without(b'"', 7), digits, emptied, utf8.into_owned().into_bytes()]
}

#[test]
fn a_name_is_never_printed() {
    let names = vec![PersonName { kanji: "秘匿　蘭子".into(), kana: "ヒトク　ランコ".into() }];
    let secrets = ["秘匿", "蘭子", "ヒトク", "ランコ", "ﾋﾄｸ", "ﾗﾝｺ"];
    for entry in UNITS {
        let files = sample::make(entry.kind, &request(entry.kind, Some(names.clone())));
        for at in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            for file in &files {
                fs::write(folder.path().join(&file.name), &damages(&file.bytes)[at]).unwrap();
            }
            for format in ["text", "json"] {
                for profile in ["export", "import"] {
                    let output = fumibako(folder.path(), &["check", "--as", profile, "--format", format, "."]);
                    let said = text(&output.stdout) + &text(&output.stderr);
                    for secret in secrets {
                        assert!(!said.contains(secret), "{} damage {at} {format} {profile}", entry.id);
                    }
                    if format == "text" {
                        assert_narrow(&text(&output.stdout));
                    }
                }
            }
        }
    }
}

/// A folder with actuals in which the name of an office has a control in it: the seventh character.
fn folder_with_a_control() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the test can be laid out");
    for file in sample::make(UnitKind::Actual, &request(UnitKind::Actual, None)) {
        let lines: Vec<&[u8]> = file.bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut cells: Vec<Vec<u8>> = lines[1].split(|byte| *byte == b',').map(<[u8]>::to_vec).collect();
        let name = "\"秘匿の事業所蘭子\"";
        let (name, _, _) = encoding_rs::SHIFT_JIS.encode(name);
        cells[6] = [&name[..13], b"\x1B", &name[13..]].concat();
        let bytes = [lines[0], &cells.join(&b','), &lines[2..].concat()].concat();
        fs::write(folder.path().join(&file.name), bytes).expect("the test can be laid out");
    }
    folder
}

#[test]
fn a_character_is_pointed_at_and_the_cell_is_shown_only_when_asked_for() {
    let folder = folder_with_a_control();
    let said = |args: &[&str]| {
        let output = fumibako(folder.path(), &[&["check", "."], args].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(!output.stdout.contains(&0x1B), "nothing steers the terminal");
        text(&output.stdout) + &text(&output.stderr)
    };
    let (plain, open) = (said(&[]), said(&["--show-values"]));
    assert_narrow(&plain);
    assert_narrow(&open);
    for text in [&plain, &open] {
        assert!(text.contains("7文字目"), "{text}");
    }
    assert!(plain.contains("\"＊＊＊＊＊＊*＊＊\"") && !plain.contains("秘匿"), "{plain}");
    assert!(open.contains("\"秘匿の事業所\\x1B蘭子\""), "{open}");
    // The caret stands under the character: after the quote and six wide letters.
    let lines: Vec<&str> = open.lines().collect();
    let at = lines.iter().position(|line| line.contains("秘匿")).expect("the line is shown");
    let (before, _) = lines[at].split_once("\\x1B").expect("the character is shown");
    let (blank, _) = lines[at + 1].split_once("^^^^").expect("as wide as what stands for it");
    assert_eq!(before.width(), blank.width());

    let json = |args: &[&str]| assert_shape(&said(&[&["--format", "json"], args].concat()));
    let (plain, open) = (json(&[]), json(&["--show-values"]));
    for answer in [&plain, &open] {
        assert_eq!(answer.findings.iter().map(|told| told.character).collect::<Vec<_>>(), [Some(7)]);
    }
    assert_eq!(plain.findings[0].value, None);
    assert_eq!(open.findings[0].value.as_deref(), Some("秘匿の事業所\\x1B蘭子"));
}

#[test]
fn what_is_only_counted_is_counted_in_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = "DLTJSK_202604_0300000005_11_0300000100_43_20260501090000.CSV";
    let rows = (0..50).map(|at| format!("202407,13101,{at:010},202604,0300000005,11\r\n")).collect::<String>();
    fs::write(folder.path().join(name), rows).unwrap();
    let answer = assert_shape(&text(&fumibako(folder.path(), &["check", "--format", "json", "."]).stdout));
    assert_eq!(answer.findings.iter().filter(|told| told.code == "V31").count(), 20);
    let [more] = &answer.suppressed[..] else { panic!("{}", answer.suppressed.len()) };
    assert_eq!((&*more.code, more.file.as_deref(), more.count, more.errors), ("V31", Some(name), 30, 30));
}
