//! `fumibako convert`, `diff` and `reconcile`, seen from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().expect("a folder for the test"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn runs(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_fumibako")).current_dir(&self.0).args(args).output().expect("the program runs")
    }

    /// What it says and how it ends; no line is wider than the screen.
    fn says(&self, args: &[&str]) -> (i32, String) {
        let output = self.runs(args);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        for line in said.lines().filter(|_| !args.contains(&"json")) {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
        (output.status.code().expect("it ended by itself"), said)
    }

    fn json(&self, args: &[&str]) -> (i32, Value) {
        let (code, said) = self.says(&[args, &["--format", "json"]].concat());
        (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}")))
    }

    fn sample(&self, folder: &str, kind: &str, serial: &str) {
        let args = ["sample", folder, "--kind", kind, "--people", "4", "--serial", serial, "--month", "202604"];
        assert!(self.runs(&args).status.success());
    }

    /// Changes the first file of a kind in a folder, as text in which MS932 is left alone.
    fn edit(&self, folder: &str, kind: &str, change: impl FnOnce(Vec<Vec<u8>>) -> Vec<Vec<u8>>) {
        let path = files(&self.path(folder))
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind)))
            .expect("a file of the kind");
        let bytes = fs::read(&path).unwrap();
        let rows = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        fs::write(path, change(rows).join(&b'\n')).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn same_files(a: &Path, b: &Path) {
    let name = |path: &PathBuf| path.file_name().map(ToOwned::to_owned);
    assert_eq!(files(a).iter().map(name).collect::<Vec<_>>(), files(b).iter().map(name).collect::<Vec<_>>());
    for (a, b) in files(a).iter().zip(files(b)) {
        assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap(), "{}", a.display());
    }
}

#[test]
fn all_fifteen_sets_are_converted_there_and_back() {
    let desk = Desk::new();
    desk.sample("csv", "all", "20260331235950");
    let (code, said) = desk.json(&["convert", "--to", "json", "csv", "json"]);
    assert_eq!((code, said["written"].as_array().map(Vec::len)), (0, Some(15)));
    let (code, said) = desk.says(&["convert", "--to", "csv", "json", "back"]);
    assert_eq!(code, 0, "{said}");
    same_files(&desk.path("csv"), &desk.path("back"));
    let (code, said) = desk.says(&["convert", "--to", "csv", "json", "back"]);
    assert_eq!(code, 2);
    assert!(said.contains("上書きはしません"), "{said}");
}

#[test]
fn nothing_is_written_when_something_cannot_be_converted() {
    let desk = Desk::new();
    desk.sample("csv", "schedule,actual_delete", "20260331235950");
    desk.edit("csv", "UPSIKYU", |mut rows| {
        rows[2].extend(b",\"");
        rows
    });
    let (code, said) = desk.says(&["convert", "--to", "json", "csv", "json"]);
    assert_eq!(code, 1);
    assert!(said.contains("UPSIKYU 3行目") && said.contains("引用符"), "{said}");
    assert!(!desk.path("json").exists());
    fs::write(desk.path("strange.json"), "{\"format\": \"fumibako-set/9\"}").unwrap();
    let (code, said) = desk.says(&["convert", "--to", "csv", "strange.json", "out"]);
    assert_eq!(code, 1);
    assert!(said.contains("この版の形式は読めません"), "{said}");
}

#[test]
fn a_set_and_its_json_do_not_differ() {
    let desk = Desk::new();
    desk.sample("a", "care_plan", "20260331235950");
    assert_eq!(desk.says(&["convert", "--to", "json", "a", "json"]).0, 0);
    let (code, said) = desk.says(&["diff", "a", "json"]);
    assert_eq!(code, 0);
    assert!(said.contains("違いはありません（利用者 4人）"), "{said}");
    assert_eq!(desk.json(&["diff", "a", "json"]).1["same"], true);
}

#[test]
fn a_visit_that_moved_is_told_and_values_only_when_asked_for() {
    let desk = Desk::new();
    desk.sample("a", "schedule", "20260331235950");
    desk.sample("b", "schedule", "20260331235950");
    desk.edit("b", "UPPLAN", |mut rows| {
        let mut cells: Vec<&[u8]> = rows[0].split(|byte| *byte == b',').collect();
        cells[11] = b"0601";
        rows[0] = cells.join(&b',');
        rows
    });
    let (code, said) = desk.says(&["diff", "a", "b"]);
    assert_eq!(code, 1);
    assert!(said.contains("変更") && said.contains("サービス開始時刻") && !said.contains("0601"), "{said}");
    let (code, shown) = desk.says(&["diff", "a", "b", "--show-values"]);
    assert_eq!(code, 1);
    assert!(shown.contains("→ 0601") && shown.contains("被保険者番号"), "{shown}");
    let (code, said) = desk.json(&["diff", "a", "b"]);
    let change = &said["people"][0]["changes"][0];
    assert_eq!(
        (code, &change["what"], &change["cells"][0]["item"]),
        (1, &"changed".into(), &"サービス開始時刻".into())
    );
    assert!(said["people"][0]["insured_no"].is_null() && change["cells"][0]["after"].is_null());
}

#[test]
fn sets_that_cannot_be_compared_end_with_two() {
    let desk = Desk::new();
    desk.sample("plan", "schedule", "20260331235950");
    desk.sample("actual", "actual", "20260501235950");
    desk.sample("both", "schedule,care_plan", "20260331235950");
    fs::create_dir(desk.path("empty")).unwrap();
    for (args, hint) in [
        (["diff", "plan", "actual"], "種類の違う組"),
        (["diff", "plan", "both"], "二組以上"),
        (["diff", "plan", "empty"], "ファイルがありません"),
        (["diff", "plan", "nowhere"], "読めません"),
        (["reconcile", "actual", "plan"], "予定（UPPLAN）"),
    ] {
        let (code, said) = desk.says(&args);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(hint) && said.contains('→'), "{said}");
    }
}

#[test]
fn plan_and_actuals_are_put_side_by_side() {
    let desk = Desk::new();
    desk.sample("plan", "schedule", "20260331235950");
    desk.sample("actual", "actual", "20260501235950");
    let (code, said) = desk.says(&["reconcile", "plan", "actual"]);
    assert_eq!(code, 1);
    assert!(said.contains("■ 利用者1　2026年4月") && said.contains("実績なし（予定"), "{said}");
    let (_, values) = desk.says(&["reconcile", "plan", "actual", "--reported-only", "--show-values"]);
    assert!(values.contains("被保険者番号") && !said.contains("被保険者番号"));
    let (code, said) = desk.json(&["reconcile", "plan", "actual", "--reported-only"]);
    assert_eq!((code, &said["same"]), (1, &false.into()));
    assert_eq!(said["people"].as_array().map(Vec::len), Some(4));
    assert!(said["people"][0]["insured_no"].is_null());
}

#[test]
fn actuals_that_follow_the_plan_agree() {
    let desk = Desk::new();
    desk.sample("plan", "schedule", "20260331235950");
    fs::create_dir(desk.path("actual")).unwrap();
    let plan = files(&desk.path("plan")).into_iter().find(|path| path.to_string_lossy().contains("UPPLAN_")).unwrap();
    let name = "UPJSK_202604_0390001000_11_0390000100_43_20260501090000.CSV";
    fs::copy(plan, desk.path("actual").join(name)).unwrap();
    let (code, said) = desk.says(&["reconcile", "plan", "actual"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("予定と実績は一致しています（利用者 4人）"));
}

#[test]
fn an_older_set_in_the_same_folder_is_not_counted_with_the_newer() {
    let desk = Desk::new();
    desk.sample("plan", "schedule", "20260331235950");
    desk.sample("plan", "schedule", "20260410235950");
    desk.sample("actual", "actual", "20260501235950");
    let (code, said) = desk.says(&["reconcile", "plan", "actual"]);
    assert_eq!(code, 2);
    assert!(said.contains("二つ以上"), "{said}");
}

#[test]
fn rows_that_cannot_be_compared_are_named_by_sheet_and_number() {
    let desk = Desk::new();
    desk.sample("a", "schedule", "20260331235950");
    desk.sample("b", "schedule", "20260331235950");
    let broken = |mut rows: Vec<Vec<u8>>, range: std::ops::Range<usize>| {
        rows[range].iter_mut().for_each(|row| *row = b"202407,secret\r".to_vec());
        rows
    };
    desk.edit("b", "UPPLAN", |rows| broken(rows, 2..15));
    desk.edit("b", "UPSIKYU", |rows| broken(rows, 0..1));
    let (code, said) = desk.says(&["diff", "a", "b"]);
    assert_eq!(code, 1);
    assert!(said.contains("B 第6表（サービス利用票）予定：3、4、5、6、7、8、9、10、11、12行目"), "{said}");
    assert!(said.contains("：1行目") && said.contains("B ほか3行") && !said.contains("A "), "{said}");
    assert!(!said.contains("secret"), "{said}");
    let (_, said) = desk.json(&["diff", "a", "b"]);
    assert_eq!(said["unread"]["after"], 14);
    let rows = said["unread_rows"]["after"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]), (14, &serde_json::json!({ "file": "UPPLAN", "row": 3 })));
    assert_eq!(said["unread_rows"]["before"], serde_json::json!([]));
}
