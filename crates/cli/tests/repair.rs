//! `fumibako repair`, seen from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

    /// What it says and how it ends; no line is wider than the screen.
    fn says(&self, args: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_fumibako"))
            .current_dir(&self.0)
            .args(args)
            .output()
            .expect("the program runs");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        // A file name in an error is not broken.
        for line in said.lines().filter(|_| !args.contains(&"json") && output.status.code() != Some(2)) {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
        (output.status.code().expect("it ended by itself"), said)
    }

    fn json(&self, args: &[&str]) -> (i32, Value) {
        let (code, said) = self.says(&[args, &["--format", "json"]].concat());
        (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}")))
    }

    fn sample(&self, folder: &str, kind: &str) {
        let args =
            ["sample", folder, "--kind", kind, "--people", "3", "--serial", "20260331235950", "--month", "202604"];
        let (code, said) = self.says(&args);
        assert_eq!(code, 0, "{said}");
    }

    /// The files of a folder in another folder, under these names and as this text.
    fn rewrite(&self, from: &str, to: &str, name: impl Fn(&str) -> String, text: impl Fn(&str) -> Vec<u8>) {
        fs::create_dir_all(self.path(to)).unwrap();
        for file in files(&self.path(from)) {
            let decoded = decoded(&fs::read(&file).unwrap());
            let old = file.file_name().unwrap().to_string_lossy().into_owned();
            fs::write(self.path(to).join(name(&old)), text(&decoded)).unwrap();
        }
    }
}

fn decoded(bytes: &[u8]) -> String {
    let (text, _, damaged) = encoding_rs::SHIFT_JIS.decode(bytes);
    assert!(!damaged);
    text.into_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files(folder).iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn a_set_in_utf8_with_small_names_and_line_feeds_is_repaired_and_its_source_left_alone() {
    let desk = Desk::new();
    desk.sample("sound", "schedule");
    desk.rewrite("sound", "src", str::to_ascii_lowercase, |text| {
        format!("\u{FEFF}{}", text.replace("\r\n", "\n")).into_bytes()
    });
    let before = contents(&desk.path("src"));
    let (code, said) = desk.says(&["repair", "src", "dst"]);
    assert_eq!(code, 0, "{said}");
    for sentence in ["UTF-8（BOM付き）で書かれています", "LFだけの改行で書かれています", "改行をCRLFにしました [A01]"]
    {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    assert!(said.contains("dstに3個のファイルを書き出しました"), "{said}");
    assert_eq!(contents(&desk.path("dst")), contents(&desk.path("sound")));
    assert_eq!(contents(&desk.path("src")), before);
    assert_eq!(desk.says(&["check", "dst"]).0, 0);
}

#[test]
fn a_sound_set_has_nothing_to_repair() {
    let desk = Desk::new();
    desk.sample("src", "all");
    let (code, answer) = desk.json(&["repair", "src", "dst"]);
    assert_eq!(code, 0);
    assert!(answer["changes"].as_array().unwrap().is_empty() && answer["dialects"].as_array().unwrap().is_empty());
    assert_eq!(contents(&desk.path("dst")), contents(&desk.path("src")));
    let (code, said) = desk.says(&["repair", "src", "dst2"]);
    assert!(code == 0 && said.contains("直すところはありませんでした"), "{said}");
}

#[test]
fn values_are_shown_only_when_asked_for() {
    let desk = Desk::new();
    desk.sample("sound", "actual");
    desk.rewrite("sound", "src", str::to_owned, |text| text.as_bytes().to_vec());
    let text = fs::read_to_string(&files(&desk.path("src"))[0]).unwrap();
    let value = text.split('"').nth(1).unwrap();
    for format in ["text", "json"] {
        let quiet = desk.says(&["repair", "src", &format!("quiet-{format}"), "--format", format]).1;
        assert!(!quiet.contains(value), "{quiet}");
        let open = desk.says(&["repair", "src", &format!("open-{format}"), "--format", format, "--show-values"]).1;
        assert!(open.contains(value), "{open}");
    }
}

#[test]
fn every_byte_range_is_in_the_answer() {
    let desk = Desk::new();
    desk.sample("sound", "actual_delete");
    desk.rewrite("sound", "src", str::to_owned, |text| text.replace("202604", "2026/04").into_bytes());
    let (code, answer) = desk.json(&["repair", "src", "dst"]);
    assert_eq!(code, 0);
    let change = &answer["changes"][0];
    assert_eq!((change["row"].as_u64(), change["column"].as_u64()), (Some(1), Some(4)));
    assert_eq!((change["start"].as_u64(), change["end"].as_u64()), (Some(25), Some(32)));
    assert_eq!((&change["reasons"][0]["why"], &change["reasons"][0]["id"]), (&"V33".into(), &"slash_dates".into()));
    assert!(change.get("before").is_none());
}

#[test]
fn what_only_a_person_can_decide_ends_with_1_and_nothing_of_that_set_is_written() {
    let desk = Desk::new();
    desk.sample("sound", "schedule,actual_delete");
    desk.rewrite("sound", "src", str::to_owned, |text| {
        let text = text.replacen("202604,", "202613,", 1);
        encoding_rs::SHIFT_JIS.encode(&text).0.into_owned()
    });
    // The schedule has every first month wrong; so has the delete file, and both are held back.
    let (code, said) = desk.says(&["repair", "src", "dst"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("人が決めること") && said.contains("書き出していません"), "{said}");
    assert!(!desk.path("dst").exists());
}

#[test]
fn a_kanji_outside_ms932_waits_to_be_accepted() {
    let desk = Desk::new();
    desk.sample("sound", "actual");
    desk.rewrite("sound", "src", str::to_owned, |text| text.replacen("\",", "𠮷\",", 1).into_bytes());
    let (code, said) = desk.says(&["repair", "src", "dst"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("𠮷（U+20BB7） → 吉  1か所") && said.contains("--accept-replacements"), "{said}");
    assert!(!desk.path("dst").exists());
    let (code, answer) = desk.json(&["repair", "src", "dst"]);
    assert_eq!((code, &answer["replacements"][0]["to"]), (1, &"吉".into()));
    let (code, said) = desk.says(&["repair", "src", "dst", "--accept-replacements"]);
    assert_eq!(code, 0, "{said}");
    let text = decoded(&contents(&desk.path("dst"))[0].1);
    assert!(text.contains("吉\","));
}

#[test]
fn the_source_is_never_written_into_and_nothing_is_overwritten() {
    let desk = Desk::new();
    desk.sample("src", "actual");
    let before = contents(&desk.path("src"));
    let file = format!("src/{}", before[0].0);
    for target in ["src", "src/out", "src/a/b", "./src/../src/out", "new/../src/out"] {
        let (code, said) = desk.says(&["repair", "src", target]);
        assert_eq!(code, 2, "{target}: {said}");
    }
    assert_eq!(desk.says(&["repair", &file, "src"]).0, 2);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(desk.path("src"), desk.path("link")).unwrap();
        assert_eq!(desk.says(&["repair", "src", "link/out"]).0, 2);
    }
    assert_eq!(contents(&desk.path("src")), before);
    assert!(!desk.path("new").exists());

    assert_eq!(desk.says(&["repair", "src", "dst"]).0, 0);
    let (code, said) = desk.says(&["repair", "src", "dst"]);
    assert!(code == 2 && said.contains("上書きはしません"), "{said}");
    assert_eq!(desk.says(&["repair", "nowhere", "dst3"]).0, 2);
    assert_eq!(desk.says(&["repair", "src"]).0, 2);
}

#[test]
fn sets_of_the_same_name_in_two_folders_are_repaired_apart_and_keep_their_folders() {
    let desk = Desk::new();
    desk.sample("sound", "actual");
    desk.rewrite("sound", "src/north/april", str::to_owned, |text| text.replace("\r\n", "\n").into_bytes());
    desk.rewrite("sound", "src/south", str::to_owned, |text| text.replace("202604,", "202613,").into_bytes());
    desk.rewrite("sound", "src", str::to_owned, |text| text.as_bytes().to_vec());
    let (code, answer) = desk.json(&["repair", "src", "dst"]);
    assert_eq!(code, 1, "the south has a month that only a person can decide");
    let mut folders: Vec<&str> =
        answer["written"].as_array().unwrap().iter().map(|file| file["folder"].as_str().unwrap()).collect();
    folders.sort_unstable();
    assert_eq!(folders, ["", "north/april"]);
    assert!(
        answer["decisions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|decision| { decision["file"].as_str().is_none_or(|file| file.contains("south")) })
    );
    assert_eq!(contents(&desk.path("dst/north/april")), contents(&desk.path("sound")));
    assert!(!desk.path("dst/south").exists());
    // What lies there already is found before anything is written.
    fs::remove_dir_all(desk.path("src/south")).unwrap();
    fs::create_dir_all(desk.path("new/north")).unwrap();
    fs::rename(desk.path("dst/north/april"), desk.path("new/north/april")).unwrap();
    let (code, said) = desk.says(&["repair", "src", "new"]);
    assert!(code == 2 && said.contains("上書きはしません"), "{said}");
    assert_eq!(files(&desk.path("new")).len(), 1);
}
