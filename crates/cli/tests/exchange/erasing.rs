//! Keeping and erasing as operators do it: by commands, beside a server that serves (R4, R11).

use crate::canary::{Search, assert_clean, ms932, names};
use crate::commands::{done, failed};
use crate::device::{Device, assert_same, unzip};
use crate::samples::{care_plan_of, large, renumbered, schedule};
use crate::server::BINARY;
use crate::vault;
use crate::world::{Exchange, Offices};
use sqlx::Connection as _;
use standard::sample::PersonName;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const TWO: [&str; 4] = ["--by", "kato", "--approved-by", "ito"];

/// An exchange with places for backups.
async fn exchange() -> Exchange {
    let exchange = Exchange::create(|_| {}).await;
    let config = fs::read_to_string(exchange.config()).unwrap();
    let backup = "[backup]\nboxes = \"backup-boxes\"\nkeys = \"backup-keys\"\n";
    fs::write(exchange.config(), format!("{config}\n{backup}")).unwrap();
    exchange
}

fn sets_are_erased_when_done(place: &Path) {
    let rule = ["retention", "set", "sets", "--keep-days", "0", "--staff", "sato,suzuki"];
    assert!(done(place, &[&rule[..], &TWO].concat()).contains("定めました"));
}

async fn delivered(offices: &Offices, ids: &[String]) {
    for id in ids {
        offices.receiver.fetches(id).await.done();
        offices.receiver.acknowledges(id).await.done();
    }
}

/// The numbers at the beginning of the lines of a list.
pub(crate) fn numbers(list: &str) -> Vec<String> {
    let first = list.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    first.filter(|word| word.len() == 36).map(str::to_owned).collect()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn r11_2_names_are_nowhere_after_the_erasure_not_in_backups_nor_in_certificates() {
    let names = names();
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let mut ids = Vec::new();
    for (second, some) in (0..).zip(names.chunks(50)) {
        ids.push(
            offices.sender.sends(&care_plan_of(&offices.sender, &offices.receiver, second, some)).await.accepted(),
        );
    }
    let many: Vec<PersonName> = names.iter().cycle().take(4 * names.len()).cloned().collect();
    ids.push(offices.sender.sends(&care_plan_of(&offices.sender, &offices.receiver, 50, &many)).await.accepted());
    let kept = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 60)).await.accepted();
    delivered(&offices, &ids).await;
    // While it serves.
    assert!(done(place, &["backup", "run", "--by", "tanaka"]).contains("控えを作り"));
    assert!(!walk(&place.join("backup-boxes/bodies")).is_empty(), "large bodies are in the backup too");
    sets_are_erased_when_done(place);
    let said = done(place, &["expire"]);
    assert!(said.contains("消去しました: 5件（証明書 1通）"), "{said}");

    for id in &ids {
        offices.receiver.fetches(id).await.problem(410, "X15");
        offices.sender.fetches(id).await.problem(410, "X15");
        assert!(offices.receiver.describes(id).await.done().json()["erased_at"].is_string());
    }
    let set = schedule(&offices.sender, &offices.receiver, 60);
    assert_same(&unzip(&offices.receiver.fetches(&kept).await.done().body), &set);
    assert!(walk(&exchange.data().join("bodies")).is_empty() && walk(&place.join("backup-boxes/bodies")).is_empty());

    let erasure = numbers(&done(place, &["erasure", "list"])).remove(0);
    done(place, &["erasure", "certificate", &erasure, "--json", "certificate.json"]);
    let search = Search::new(&names);
    assert_clean(&search, place);
    assert!(server.stop().await.0.success());
    assert_clean(&search, place);
    // The same search finds what is there.
    fs::write(place.join("backup-boxes/control.csv"), ms932(&names[3].kanji)).unwrap();
    assert_eq!(search.hits_in(place).0, [(place.join("backup-boxes/control.csv"), 3)]);
    fs::remove_file(place.join("backup-boxes/control.csv")).unwrap();

    // And what was erased does not come back.
    let backup = numbers(&done(place, &["backup", "list"])).remove(0);
    let restore = ["backup", "restore", &backup, "--into", "restored", "--declare-gap", "--by", "sato"];
    let said = done(place, &[&restore[..], &["--approved-by", "suzuki"]].concat());
    assert!(said.contains("もう一度消去しました（1回）"), "{said}");
    assert!(walk(&place.join("restored/bodies")).is_empty());
    let config = fs::read_to_string(exchange.config()).unwrap();
    fs::write(exchange.config(), config.replace("data = \"data\"", "data = \"restored\"")).unwrap();
    // What was anchored outside reaches further than the backup: the log goes on by declaration, too (R10.5).
    let declare = ["ledger", "declare-gap", "--reason", "復旧", "--by", "sato", "--approved-by", "suzuki"];
    done(place, &declare);
    let server = exchange.start();
    let receiver = offices.receiver.meets(&server);
    for id in &ids {
        receiver.fetches(id).await.problem(410, "X15");
    }
    assert_same(&unzip(&receiver.fetches(&kept).await.done().body), &set);
    vault::ledger(&place.join("restored")).await;
    assert!(server.stop().await.0.success());
    assert_clean(&search, place);
}

#[tokio::test]
async fn r11_4_anybody_verifies_a_certificate_and_a_changed_one_is_refused() {
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    delivered(&offices, &[id]).await;
    assert!(server.stop().await.0.success());
    sets_are_erased_when_done(place);
    done(place, &["expire"]);
    let erasure = numbers(&done(place, &["erasure", "list"])).remove(0);
    done(place, &["erasure", "certificate", &erasure, "--json", "certificate.json"]);
    failed(place, &["erasure", "certificate", &erasure, "--json", "certificate.json"]);
    let key = done(place, &["erasure", "key"]).trim().to_owned();
    fs::write(place.join("key.txt"), format!("{key}\n")).unwrap();

    // Elsewhere, with nothing but the file and the key.
    let elsewhere = tempfile::tempdir().unwrap();
    let bytes = fs::read(place.join("certificate.json")).unwrap();
    fs::write(elsewhere.path().join("c.json"), &bytes).unwrap();
    fs::copy(place.join("key.txt"), elsewhere.path().join("key.txt")).unwrap();
    for key in [&*key, "key.txt"] {
        let said = done(elsewhere.path(), &["erasure", "verify", "c.json", "--key", key]);
        assert!(said.contains("一文字も変わっていません") && said.contains(&erasure), "{said}");
    }
    failed(elsewhere.path(), &["erasure", "verify", "c.json", "--key", "0123"]);
    failed(elsewhere.path(), &["erasure", "verify", "none.json", "--key", &key]);
    let refused = |file: &str, key: &str| {
        let output = Command::new(BINARY)
            .current_dir(elsewhere.path())
            .args(["erasure", "verify", file, "--key", key])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stdout).unwrap().contains("信用できません"));
    };
    for at in (0..bytes.len()).step_by(bytes.len() / 20) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(elsewhere.path().join("changed.json"), changed).unwrap();
        refused("changed.json", &key);
    }
    // A point of the curve, and not this exchange's.
    refused("c.json", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    done(place, &["erasure", "submit", &erasure, "--to", "見本市", "--by", "sato"]);
    failed(place, &["erasure", "submit", &erasure, "--to", "見本市", "--by", "sato"]);
}

#[tokio::test]
async fn r11_5_the_commands_hold_to_two_people_and_a_day() {
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let ask = |by: &'static str| {
        let id = id.clone();
        let words = ["erasure", "request", "--kind", "sets", "--reason", "early", "--basis", "申し出", "--by", by];
        [&words.map(str::to_owned)[..], &["--object".to_owned(), id]].concat()
    };
    assert!(failed(place, &ask("sato")).contains("手順が決まっていません"));
    let rule = ["retention", "set", "sets", "--keep-days", "180", "--staff", "sato,suzuki"];
    assert!(failed(place, &[&rule[..], &["--by", "kato", "--approved-by", "KATO"]].concat()).contains("自分の申請"));
    done(place, &[&rule[..], &TWO].concat());
    assert!(failed(place, &ask("yamada")).contains("職員ではありません"));
    let asked = done(place, &ask("sato"));
    let erasure = asked.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(failed(place, &["erasure", "approve", &erasure, "--by", "sato"]).contains("自分の申請"));
    assert!(done(place, &["erasure", "approve", &erasure, "--by", "suzuki"]).contains("承認しました"));
    assert!(failed(place, &["erasure", "run", &erasure, "--by", "sato"]).contains("24時間"));
    failed(place, &["erasure", "certify", &erasure, "--by", "auditor"]);
    failed(place, &["erasure", "certificate", &erasure]);
    done(place, &["retention", "hold", "all", "--reason", "事故の調査", "--by", "ito"]);
    assert!(failed(place, &ask("suzuki")).contains("保全されています"));
    done(place, &["erasure", "withdraw", &erasure, "--by", "sato"]);
    offices.receiver.fetches(&id).await.done();
    assert!(server.stop().await.0.success());
    // Looks right in a window of eighty columns.
    for list in [
        &["retention", "list"][..],
        &["retention", "holds"],
        &["erasure", "list"],
        &["backup", "drills"],
        &["disposal", "list"],
    ] {
        let said = done(place, list);
        assert!(!said.is_empty());
        for line in said.lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            assert!(columns <= 80 || line.contains('/'), "{columns} columns: {line}");
        }
    }
}

/// What is past its time goes. On a server nobody certifies it, and the command says why.
fn erases_the_rest(exchange: &Exchange) {
    match exchange.is_on_server() {
        false => {
            done(exchange.folder(), &["expire"]);
        }
        true => {
            let output = Command::new(BINARY)
                .current_dir(exchange.folder())
                .args(["expire", "--config", "fumibako.toml"])
                .output()
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("ディスクから消えたことを確かめられません"), "{said}");
        }
    }
}

#[tokio::test]
async fn r11_2_an_erasure_that_is_killed_at_any_moment_is_completed_by_the_next() {
    const SETS: u32 = 60;
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let mut ids = Vec::new();
    for second in 0..SETS {
        let set = match second % 10 {
            0 => large(&offices.sender, &offices.receiver, second),
            _ => renumbered(&schedule(&offices.sender, &offices.receiver, 0), second),
        };
        ids.push(offices.sender.sends(&set).await.accepted());
    }
    delivered(&offices, &ids).await;
    assert!(server.stop().await.0.success());
    done(place, &["backup", "run", "--by", "tanaka"]);
    sets_are_erased_when_done(place);
    let mut killed = 0;
    for round in 0..12_u64 {
        let mut child = Command::new(BINARY)
            .current_dir(place)
            .args(["expire", "--config", "fumibako.toml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each goes on where the one before died: short lives, so that a quick machine does not finish in the first few.
        tokio::time::sleep(Duration::from_millis(30 + 15 * round)).await;
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        vault::ledger(&exchange.data()).await;
        // A certificate is not there before the work is.
        let mut database = vault::database(&exchange.data()).await;
        let early: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM erasure e WHERE e.certificate IS NOT NULL AND EXISTS
              (SELECT 1 FROM erasure_item i JOIN transmission t ON t.transmission_id = i.object
                WHERE i.erasure_id = e.erasure_id AND (t.erased_at IS NULL OR length(t.envelope) > 0))",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        // Whole or gone, never half.
        let half: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM transmission t
              WHERE (t.erased_at IS NULL) <> (length(t.envelope) > 0)
                 OR (t.erased_at IS NOT NULL AND EXISTS
                     (SELECT 1 FROM transmission_file f WHERE f.transmission_id = t.transmission_id))",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        database.close().await.unwrap();
        assert_eq!((early, half), (0, 0));
    }
    assert!(killed > 3, "{killed} of 12 were killed at work");
    erases_the_rest(&exchange);
    let mut database = vault::database(&exchange.data()).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM transmission WHERE erased_at IS NULL")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let ended = if exchange.is_on_server() { "erased" } else { "certified" };
    let unfinished: i64 = sqlx::query_scalar("SELECT count(*) FROM erasure WHERE state <> $1")
        .bind(ended)
        .fetch_one(&mut database)
        .await
        .unwrap();
    let once: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT object FROM erasure_item GROUP BY object HAVING count(*) > 1) twice",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    assert_eq!((left, unfinished, once), (0, 0, 0));
    let bodies = exchange.data().join("bodies");
    assert!(!bodies.exists() || walk(&bodies).is_empty());
    let server = exchange.start();
    let receiver: Device = offices.receiver.meets(&server);
    receiver.fetches(&ids[0]).await.problem(410, "X15");
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn r4_6_without_its_list_of_erasures_the_exchange_does_not_open() {
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    delivered(&offices, &[id]).await;
    assert!(server.stop().await.0.success());
    sets_are_erased_when_done(place);
    erases_the_rest(&exchange);
    let lists = ["keys/erasures", "backup-keys/erasures"].map(|list| place.join(list));
    let whole = fs::read(&lists[0]).unwrap();
    assert_eq!(whole, fs::read(&lists[1]).unwrap(), "in both places");
    fs::remove_file(&lists[0]).unwrap();
    done(place, &["office", "list"]);
    fs::remove_file(&lists[1]).unwrap();
    assert!(failed(place, &["office", "list"]).contains("消去の一覧がありません"));
    assert!(failed(place, &["serve", "--demo"]).contains("消去の一覧がありません"));
    let mut changed = whole.clone();
    let last = changed.len() - 9;
    changed[last] ^= 1;
    fs::write(&lists[0], changed).unwrap();
    assert!(failed(place, &["office", "list"]).contains("消去の一覧が壊れています"));
    fs::write(&lists[0], &whole).unwrap();
    done(place, &["office", "list"]);
}

#[tokio::test]
async fn r4_5_backups_are_drilled_destroyed_and_damage_is_told() {
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    done(place, &["backup", "run", "--by", "tanaka"]);
    done(place, &["backup", "run", "--by", "tanaka"]);
    let generations = numbers(&done(place, &["backup", "list"]));
    assert_eq!(generations.len(), 2);
    done(place, &["backup", "verify", "--by", "tanaka"]);
    let said = done(place, &["backup", "drill", "--aside", "drill", "--by", "tanaka"]);
    assert!(said.contains("復元できました") && !place.join("drill").exists(), "{said}");
    let file = place.join("backup-boxes").join(&generations[0]).join("boxes.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    for words in [&["backup", "verify"][..], &["backup", "drill", "--aside", "drill"]] {
        let words = [words, &[&generations[0], "--by", "tanaka"]].concat();
        let output = Command::new(BINARY).current_dir(place).args(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(words[1] == "verify" || said.contains(&generations[1]), "names another: {said}");
    }
    assert!(
        failed(place, &["backup", "restore", &generations[0], "--into", "r", "--by", "a", "--approved-by", "b"])
            .contains("壊れています")
    );
    done(place, &["backup", "destroy", &generations[0], "--by", "tanaka"]);
    assert!(!place.join("backup-keys").join(&generations[0]).exists());
    failed(place, &["backup", "destroy", "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee", "--by", "tanaka"]);
    let restore = ["backup", "restore", &generations[1], "--into", "r", "--by", "sato", "--approved-by", "suzuki"];
    let published = [&restore[..], &["--known-entries", "1000"]].concat();
    assert!(failed(place, &published).contains("失われます"));
    assert!(!place.join("r").exists());
    assert!(server.stop().await.0.success());
}

/// Needs `fumibako-print` beside the program (`cargo xtask print`), and poppler's tools.
#[tokio::test]
async fn r11_4_the_printed_certificate_shows_the_same_digest_and_carries_the_file() {
    let exchange = exchange().await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let place = exchange.folder();
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    delivered(&offices, std::slice::from_ref(&id)).await;
    assert!(server.stop().await.0.success());
    done(place, &["backup", "run", "--by", "tanaka"]);
    sets_are_erased_when_done(place);
    done(place, &["expire"]);
    let erasure = numbers(&done(place, &["erasure", "list"])).remove(0);
    done(place, &["erasure", "certificate", &erasure, "--json", "c.json", "--pdf", "c.pdf"]);
    let tool = |program: &str, args: &[&str]| {
        let output = Command::new(program).current_dir(place).args(args).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Long words may be broken at invisible places.
    let text = tool("pdftotext", &["-layout", "c.pdf", "-"]).replace('\u{200b}', "");
    let text: String = text.split_whitespace().collect();
    let json: serde_json::Value = serde_json::from_slice(&fs::read(place.join("c.json")).unwrap()).unwrap();
    let backup = numbers(&done(place, &["backup", "list"])).remove(0);
    for shown in [
        json["digest"].as_str().unwrap(),
        json["key"].as_str().unwrap(),
        &erasure,
        &id,
        &backup,
        "データ消去証明書",
        "送受信データ",
        "保存期間の終わり",
        "交換所のプログラム（自動）",
        "AES-256-GCM",
        "取り除き、探して見つからなかった",
        "復元が絶対に不可能であるとは述べません",
    ] {
        let shown: String = shown.split_whitespace().collect();
        assert!(text.contains(&shown), "{shown} is not on paper:\n{text}");
    }
    tool("pdfdetach", &["-save", "1", "-o", "attached.json", "c.pdf"]);
    assert_eq!(fs::read(place.join("attached.json")).unwrap(), fs::read(place.join("c.json")).unwrap());
}
