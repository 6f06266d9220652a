//! 添付: what the program `send` puts beside a set, and everything it refuses to guess (R1.6).

use crate::commands::{done, failed, lay_out};
use crate::samples::{renumbered, schedule};
use crate::world::{Offices, World, shared_world};
use std::fs;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";
const SEND: [&str; 3] = ["send", "--device", "device"];

async fn world() -> &'static World {
    shared_world!()
}

/// A sender's folder with sets to send, `out/1` and on.
async fn desk(sets: u32) -> (Offices, tempfile::TempDir) {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    offices.sender.write_folder(&folder.path().join("device"));
    let set = schedule(&offices.sender, &offices.receiver, 0);
    for second in 1..=sets {
        lay_out(&folder.path().join(format!("out/{second}")), &renumbered(&set, second));
    }
    (offices, folder)
}

fn send(words: &[&'static str]) -> Vec<&'static str> {
    [&SEND[..], words].concat()
}

#[tokio::test]
async fn documents_and_a_message_go_with_the_one_set_that_is_sent() {
    let (offices, folder) = desk(1).await;
    let place = folder.path();
    // Where people keep it: beside the files it belongs to.
    fs::write(place.join("out/計画書（署名済み）.pdf"), PDF).unwrap();
    fs::write(place.join("words.txt"), "\u{FEFF}お世話になります。\r\n署名済みの計画書です。\r\n").unwrap();
    let words = send(&["out", "--attach", "out/計画書（署名済み）.pdf", "--message-file", "words.txt"]);
    assert!(done(place, &words).contains("送信 1件、送信済み 0件、送れなかったもの 0件"));

    let items = offices.receiver.items("received", 10).await;
    let path = format!("/api/v1/transmissions/{}/enclosures", items[0]["id"].as_str().unwrap());
    let listed = offices.receiver.get(&path).await.done().json();
    let found = |kind: &str| listed.as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap().clone();
    assert_eq!(found("message")["text"], "お世話になります。\n署名済みの計画書です。");
    assert_eq!(found("document")["name"], "計画書（署名済み）.pdf");
    let document = offices.receiver.get(&format!("{path}/{}", found("document")["number"])).await.done();
    assert_eq!(document.body, PDF);

    assert!(done(place, &words).contains("送信済み 1件"), "again is the same");
    assert!(done(place, &send(&["out/1"])).contains("送信済み 1件"));
}

#[tokio::test]
async fn where_it_is_not_certain_what_goes_with_what_nothing_is_sent() {
    let (offices, folder) = desk(2).await;
    let place = folder.path();
    let message = ["--message", "よろしくお願いします。"];
    let says = |words: &[&'static str], expected: &str| {
        let said = failed(place, &send(words));
        assert!(said.contains(expected) && said.contains("何も送っていません"), "{said}");
    };
    says(&[&["out"][..], &message].concat(), "2組");
    fs::create_dir(place.join("memo")).unwrap();
    fs::write(place.join("memo/memo.txt"), "覚え書き").unwrap();
    says(&[&["memo"][..], &message].concat(), "データがありません");
    says(&[&["out/1", "memo"][..], &message].concat(), "混ざっています");
    assert!(offices.receiver.items("received", 10).await.is_empty());
}

#[tokio::test]
async fn what_may_not_go_with_a_set_is_refused_before_the_set_is_sent() {
    let (offices, folder) = desk(1).await;
    let place = folder.path();
    let lay = |name: &str, bytes: &[u8]| fs::write(place.join(name), bytes).unwrap();
    lay("a.exe", PDF);
    lay("cut.pdf", &PDF[..20]);
    lay("large.pdf", &[PDF, &vec![b' '; 4 << 20]].concat());
    lay("blank.txt", b" \r\n");
    lay("sjis.txt", b"\x82\xe6\x82\xeb\x82\xb5\x82\xad");
    lay("long.txt", "長".repeat(1_001).as_bytes());
    lay("control.txt", b"a\x07b");
    let cases = [
        ("--attach", "a.exe", "添えられません"),
        ("--attach", "cut.pdf", "添えられません"),
        ("--attach", "large.pdf", "大きすぎます"),
        ("--attach", "nowhere.pdf", "読めません"),
        ("--attach", "out", "読めません"),
        ("--message-file", "nowhere.txt", "読めません"),
        ("--message-file", "blank.txt", "空です"),
        ("--message-file", "sjis.txt", "文字として読めません"),
        ("--message-file", "long.txt", "長すぎる"),
        ("--message-file", "control.txt", "表示できない文字"),
    ];
    for (option, file, expected) in cases {
        let said = failed(place, &send(&["out", option, file]));
        assert!(said.contains(expected) && said.contains("何も送っていません"), "{file}: {said}");
    }
    lay("a.pdf", PDF);
    let five = ["--attach", "a.pdf"].repeat(5);
    assert!(failed(place, &send(&[&["out"][..], &five].concat())).contains("多すぎます"));
    assert!(offices.receiver.items("received", 10).await.is_empty());

    // Sent without it first: with it, it would be another set of the same number, and the exchange says so.
    done(place, &send(&["out"]));
    let output = crate::commands::fumibako(place, &send(&["out", "--attach", "a.pdf"]));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("[X10]") && said.contains("→"), "{said}");
}
