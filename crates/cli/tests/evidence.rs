//! `fumibako ledger` and `fumibako receipt`, as an auditor uses them: without an exchange, with files and public keys
//! (R10.5, R1.10).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

const KEYS: [&str; 6] = ["--key", "log.vkey", "--witness", "w1.vkey", "--witness", "w2.vkey"];

struct Desk {
    folder: tempfile::TempDir,
}

struct Said {
    code: i32,
    text: String,
}

impl Desk {
    /// A desk with a sample of so many entries on it.
    fn with(entries: u32) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("the test can be laid out") };
        let sample = desk.folder.path().join("sample");
        let said = run(desk.folder.path(), &["ledger", "sample", "sample", "--entries", &entries.to_string()]);
        assert_eq!((said.code, sample.join("log/checkpoint").is_file()), (0, true), "{}", said.text);
        desk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("sample").join(path)
    }

    fn run(&self, args: &[&str]) -> Said {
        let said = run(&self.folder.path().join("sample"), args);
        // What a program reads has its own lines.
        let for_a_person = !said.text.starts_with('{') && !said.text.starts_with("c2sp.org/");
        for line in said.text.lines().filter(|_| for_a_person) {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
        said
    }

    fn verify(&self, more: &[&str]) -> Said {
        self.run(&[&["ledger", "verify", "log"], &KEYS[..], more].concat())
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(path);
        let mut bytes = fs::read(&path).expect("the file is there");
        change(&mut bytes);
        fs::write(path, bytes).expect("the test can be laid out");
    }
}

fn run(folder: &Path, args: &[&str]) -> Said {
    let output =
        Command::new(env!("CARGO_BIN_EXE_fumibako")).args(args).current_dir(folder).output().expect("the program runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    Said { code: output.status.code().expect("it ends by itself"), text }
}

#[test]
fn r10_5_a_sound_log_is_called_sound_and_says_what_was_checked() {
    let said = Desk::with(700).verify(&[]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.text);
}

#[test]
fn r10_5_without_witnesses_it_says_what_cannot_be_seen() {
    let desk = Desk::with(10);
    let said = desk.run(&["ledger", "verify", "log", "--key", "log.vkey"]);
    assert_eq!(said.code, 0);
    assert!(said.text.contains("作り直した記録は、これだけでは見分けられません"), "{}", said.text);
    // With a checkpoint that was kept, there is nothing to add.
    fs::copy(desk.path("log/checkpoint"), desk.path("kept")).expect("the test can be laid out");
    let said = desk.run(&["ledger", "verify", "log", "--key", "log.vkey", "--checkpoint", "kept"]);
    assert!(!said.text.contains("見分けられません"), "{}", said.text);
    assert!(said.text.contains("手元のチェックポイント：1個のうち1個と合いました"), "{}", said.text);
}

#[test]
fn r10_5_the_first_bad_entry_is_named_with_what_became_of_it() {
    let desk = Desk::with(700);
    desk.change("log/tile/entries/001", |bytes| bytes[3_000] ^= 1);
    let said = desk.verify(&[]);
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.text);

    let said = desk.verify(&["--format", "json"]);
    let json: Value = serde_json::from_str(&said.text).expect("JSON");
    assert_eq!((said.code, &json["sound"], &json["first_bad"]), (1, &false.into(), &261.into()), "{json:#}");
    assert_eq!(json["faults"][0]["wrong"], "changed");
    assert_eq!(json["faults"][0]["path"], "tile/entries/001");
}

#[test]
fn r10_5_every_kind_of_damage_ends_with_one() {
    let damages: [(&str, &[u8], &str); 7] = [
        ("checkpoint", b"sample.invalid/fumibako\n", "形が崩れていて読めません"),
        ("tile/0/000", &[0; 8192], "ハッシュのファイルが書き換えられています"),
        ("tile/0/001", b"short", "ハッシュのファイルが書き換えられています"),
        ("tile/entries/002.p/188", b"", "512番：ここから188件が抜けています"),
        ("tile/entries/000", b"\xff\xff", "0番：ここから記録として読めません"),
        ("tile/entries/003.p/1", b"\0\0", "700番：ここに69件が書き足されています"),
        ("checkpoints/0000000000100", b"forged\n", "チェックポイントの形が崩れていて読めません"),
    ];
    for (path, bytes, told) in damages {
        let desk = Desk::with(700);
        fs::create_dir_all(desk.path("log").join(path).parent().expect("a folder")).expect("the test can be laid out");
        fs::write(desk.path("log").join(path), bytes).expect("the test can be laid out");
        let said = desk.verify(&[]);
        assert_eq!(said.code, 1, "{path}: {}", said.text);
        assert!(said.text.replace("\n  ", "").contains(told), "{path}: {}", said.text);
    }
}

#[test]
fn r10_5_a_folder_a_pipe_or_a_link_in_the_place_of_a_file_is_no_file_of_the_log() {
    let desk = Desk::with(10);
    let tile = desk.path("log/tile/0/000.p/10");
    fs::remove_file(&tile).expect("the file is there");
    fs::create_dir(&tile).expect("the test can be laid out");
    assert_eq!(desk.verify(&[]).code, 1);
    // Nobody will ever write into the pipe.
    fs::remove_dir(&tile).expect("the test can be laid out");
    assert!(Command::new("mkfifo").arg(&tile).status().expect("the test can be laid out").success());
    assert_eq!(desk.verify(&[]).code, 1);
    let desk = Desk::with(10);
    std::os::unix::fs::symlink("/etc/hostname", desk.path("log/tile/0/001")).expect("the test can be laid out");
    let said = desk.verify(&[]);
    assert_eq!(said.code, 1);
    assert!(said.text.contains("この記録のものではないファイルです"), "{}", said.text);
}

#[test]
fn r10_5_names_of_files_do_not_steer_the_terminal_r10_9() {
    let desk = Desk::with(10);
    fs::write(desk.path("log/tile/0/\u{1b}[31mred\r"), b"").expect("the test can be laid out");
    let said = desk.verify(&[]);
    assert_eq!(said.code, 1);
    assert!(!said.text.contains(['\u{1b}', '\r']), "{:?}", said.text);
}

#[test]
fn r10_5_a_checkpoint_that_was_kept_exposes_an_old_copy() {
    let (new, old) = (Desk::with(700), Desk::with(500));
    fs::copy(new.path("log/checkpoint"), old.path("kept")).expect("the test can be laid out");
    let said = old.verify(&["--checkpoint", "kept"]);
    assert_eq!(said.code, 1);
    assert!(said.text.contains("500番：ここで終わっていますが、700件あった時の"), "{}", said.text);
    // A proof that an office has kept serves as well.
    let said = new.run(&["ledger", "prove", "log", "3", "--out", "proof.txt"]);
    assert_eq!(said.code, 0, "{}", said.text);
    fs::copy(new.path("proof.txt"), old.path("proof.txt")).expect("the test can be laid out");
    let again = old.verify(&["--checkpoint", "proof.txt"]);
    assert_eq!(again.code, 1);
    assert!(again.text.contains("500番：ここで終わっていますが、700件あった時の"), "{}", again.text);
}

#[test]
fn r10_5_what_cannot_be_used_ends_with_two_and_a_way_out() {
    let desk = Desk::with(10);
    fs::write(desk.path("nonsense"), b"nonsense").expect("the test can be laid out");
    fs::copy(desk.path("log.vkey"), desk.path("log/log.vkey")).expect("the test can be laid out");
    for args in [
        &["ledger", "verify", "nowhere", "--key", "log.vkey"][..],
        &["ledger", "verify", "log", "--key", "nowhere"],
        &["ledger", "verify", "log", "--key", "nonsense"],
        &["ledger", "verify", "log", "--key", "a+b+c"],
        &["ledger", "verify", "log", "--key", "w1.vkey"],
        &["ledger", "verify", "log", "--key", "log.vkey", "--witness", "log.vkey"],
        &["ledger", "verify", "log", "--key", "log.vkey", "--witness", "w1.vkey", "--witness", "w1.vkey"],
        &["ledger", "verify", "log", "--key", "log.vkey", "--witness", "w1.vkey", "--need", "2"],
        &["ledger", "verify", "log", "--key", "log.vkey", "--checkpoint", "nonsense"],
        // A key from the folder that it is to judge.
        &["ledger", "verify", "log", "--key", "log/log.vkey"],
        &["ledger", "verify", "log", "--key", "log.vkey", "--checkpoint", "log/checkpoint"],
        &["ledger", "prove", "log", "10"],
        &["ledger", "prove", "nowhere", "0"],
        &["ledger", "prove", "log", "0", "--out", "nonsense"],
        &["ledger", "sample", "log"],
        &["receipt", "verify", "nowhere", "--key", "log.vkey"],
        &["receipt", "verify", "nonsense", "--key", "log.vkey"],
    ] {
        let said = desk.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.text);
        assert!(said.text.contains("\n→ "), "{args:?}: {}", said.text);
    }
}

#[test]
fn r1_10_a_proof_is_read_without_the_log_and_says_what_it_does_not_prove() {
    let desk = Desk::with(700);
    let said = desk.run(&["ledger", "prove", "log", "123", "--out", "proof.txt"]);
    assert_eq!(said.code, 0, "{}", said.text);
    fs::remove_dir_all(desk.path("log")).expect("the log is there");
    let said = desk.run(&[&["receipt", "verify", "proof.txt"], &KEYS[..]].concat());
    assert_eq!(said.code, 0, "{}", said.text);
    insta::assert_snapshot!(said.text);

    let said = desk.run(&["receipt", "verify", "proof.txt", "--key", "log.vkey", "--format", "json"]);
    let json: Value = serde_json::from_str(&said.text).expect("JSON");
    assert_eq!((&json["proven"], &json["index"], &json["size"]), (&true.into(), &123.into(), &700.into()));
}

#[test]
fn r1_10_a_proof_that_was_changed_or_is_of_another_log_proves_nothing() {
    let desk = Desk::with(700);
    let said = desk.run(&["ledger", "prove", "log", "123"]);
    for (from, to) in [("index 123\n", "index 122\n"), ("\n700\n", "\n701\n"), ("extra eyJ2IjoxL", "extra eyJ2IjoyL")] {
        let changed = said.text.replacen(from, to, 1);
        assert_ne!(changed, said.text);
        fs::write(desk.path("changed.txt"), changed).expect("the test can be laid out");
        let said = desk.run(&["receipt", "verify", "changed.txt", "--key", "log.vkey"]);
        assert_eq!(said.code, 1, "{to}: {}", said.text);
        assert!(said.text.contains("この証明からは何も言えません"), "{}", said.text);
    }
    fs::write(desk.path("proof.txt"), &said.text).expect("the test can be laid out");
    let other = ledger::LogKey::new("sample.invalid/fumibako".parse().expect("a name"), &[9; 32]).verifying_key();
    let said = desk.run(&["receipt", "verify", "proof.txt", "--key", &other.to_string()]);
    assert_eq!(said.code, 1, "another log's key (R1.10): {}", said.text);
    assert!(said.text.contains("指定した鍵の署名がありません"), "{}", said.text);
    let said = desk.run(&["receipt", "verify", "proof.txt", "--key", "w1.vkey"]);
    assert_eq!(said.code, 2, "a witness's key is not the log's");
}
