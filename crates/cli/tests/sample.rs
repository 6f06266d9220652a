//! `fumibako sample`, seen from outside.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn sample(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fumibako"));
    command
        .current_dir(folder)
        .args(["sample", "out", "--serial", "20260331235950"])
        .args(args)
        .output()
        .expect("the program runs")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.join("out")).expect("a folder was made");
    entries.map(|entry| entry.expect("it is listed").file_name().into_string().expect("an ASCII name")).collect()
}

#[test]
fn sets_for_several_offices_pass_the_check() {
    let place = tempfile::tempdir().unwrap();
    assert!(sample(place.path(), &["--offices", "3", "--people", "2"]).status.success());
    let check =
        Command::new(env!("CARGO_BIN_EXE_fumibako")).current_dir(&place).args(["check", "out"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let serials: BTreeSet<String> =
        names(place.path()).iter().filter_map(|name| Some(name.rsplit('_').next()?.to_owned())).collect();
    assert!(serials.len() >= 45, "every set has a serial of its own");
}

#[test]
fn files_that_exist_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    assert!(sample(place.path(), &["--kind", "actual"]).status.success());
    let name = names(place.path()).pop_first().unwrap();
    let path = place.path().join("out").join(name);
    fs::write(&path, "mine").unwrap();
    let again = sample(place.path(), &["--kind", "actual_delete,actual"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn sender_and_receiver_can_be_chosen() {
    let place = tempfile::tempdir().unwrap();
    let args = ["--kind", "schedule", "--sender", "0300000100", "--sender-type", "43", "--receiver", "03A0000005"];
    assert!(
        sample(place.path(), &[&args[..], &["--receiver-type", "15", "--month", "202605"]].concat()).status.success()
    );
    assert!(names(place.path()).contains("UPPLAN_202605_0300000100_43_03A0000005_15_20260331235950.CSV"));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused: [&[&str]; 6] = [
        &["--kind", "letter"],
        &["--month", "202503"],
        &["--people", "0"],
        &["--sender", "0300000100", "--receiver", "0300000100", "--kind", "schedule"],
        &["--sender", "0300000100"],
        &["--receiver", "0300000005", "--kind", "schedule", "--offices", "2"],
    ];
    for args in refused {
        assert_eq!(sample(place.path(), args).status.code(), Some(2), "{args:?}");
    }
    assert!(!place.path().join("out").exists());
}
