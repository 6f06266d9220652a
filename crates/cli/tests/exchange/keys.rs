//! Keys as custodians handle them, and what the exchange does without them (R6.4–R6.6, R6.8).

use crate::canary::{Search, names};
use crate::commands::{done, failed};
use crate::samples::{care_plan_of, schedule};
use crate::server::{BINARY, Server};
use crate::vault;
use crate::world::{Exchange, PASSPHRASE};
use ledger::Action;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const BY: [&str; 2] = ["--by", "kagi"];

fn inventory(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&done(folder, &["key", "inventory", "--format", "json"])).unwrap()
}

fn live(folder: &Path, kind: &str) -> String {
    let inventory = inventory(folder);
    let live = inventory["live"].as_array().unwrap();
    live.iter().rfind(|key| key["kind"] == kind).unwrap()["key_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r6_5_custodians_replace_every_kind_of_key_and_no_send_fails() {
    let exchange = Exchange::create(|_| {}).await;
    let place = exchange.folder().to_owned();
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let before = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let master = live(&place, "master key");
    let (sender, receiver) = (offices.sender.meets(&server), offices.receiver.number.clone());
    let sending = tokio::spawn(async move {
        for second in 2..12 {
            sender.sends(&schedule(&sender, &receiver, second)).await.accepted();
        }
    });
    let here = place.clone();
    let number = offices.receiver.number.clone();
    // A server has no key of ours.
    let busy = exchange.sql("別のプロセス", "データベースがサーバーにある");
    let commands = tokio::task::spawn_blocking(move || {
        let said = done(&here, &[&["key", "rotate", "master"][..], &BY].concat());
        assert!(said.contains("マスター鍵を替えました") && said.contains("key shares make"), "{said}");
        for kind in ["wrapping", "field", "pepper"] {
            let said = done(&here, &[&["key", "rotate", kind][..], &BY].concat());
            assert!(said.contains('%') && said.contains("key status"), "{said}");
            assert!(done(&here, &[&["key", "rotate", kind][..], &BY].concat()).contains("もう替えている途中"));
        }
        done(&here, &[&["key", "rotate", "office", "--office", &number, "--now"][..], &BY].concat());
        failed(&here, &[&["key", "rotate", "office"][..], &BY].concat());
        failed(&here, &[&["key", "rotate", "office", "--office", "0399999999"][..], &BY].concat());
        let said = failed(&here, &[&["key", "rotate", "database"][..], &BY].concat());
        assert!(said.contains(busy), "{said}");
        done(&here, &["key", "status"])
    });
    let status = commands.await.unwrap();
    sending.await.unwrap();
    assert!(status.contains("事業所の鍵") && status.contains("包み直しは済み"), "{status}");
    assert!(status.lines().all(|line| unicode_width(line) <= 100), "{status}");
    assert_ne!(live(&place, "master key"), master);
    // Sets of before open, in the server that runs and in the next.
    offices.receiver.fetches(&before).await.done();
    server.stop().await;
    if !exchange.is_on_server() {
        let database = live(&place, "database key");
        done(&place, &[&["key", "rotate", "database"][..], &BY].concat());
        assert_ne!(live(&place, "database key"), database);
    }
    let server = exchange.start();
    offices.receiver.meets(&server).fetches(&before).await.done();
    let copies = done(&place, &["key", "copy", "list", "--all"]);
    assert!(copies.contains("破棄") && copies.contains(&master), "{copies}");
    drop(server);
}

fn unicode_width(line: &str) -> usize {
    line.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

#[tokio::test]
async fn r6_6_shares_restore_a_lost_key_in_a_declared_emergency_and_only_then() {
    let exchange = Exchange::create(|_| {}).await;
    let place = exchange.folder().to_owned();
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let before = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    server.stop().await;
    let people = ["--by", "kagi", "--approved-by", "mamoru"];
    let make = ["key", "shares", "make", "--of", "5", "--need", "3", "--out", "shares", "--holders", "a1,b2,c3,d4,e5"];
    assert!(failed(&place, &[&make[..], &["--by", "kagi", "--approved-by", "KAGI"]].concat()).contains("自分の申請"));
    let said = done(&place, &[&make[..], &people].concat());
    assert_eq!(said.matches("確認のことば").count(), 5);
    failed(&place, &[&make[..], &people].concat());
    let share = |number: usize| format!("shares/share-{number}.txt");
    let (one, two, three) = (share(1), share(4), share(5));
    let with = |files: &[&str], rest: &[&str]| {
        let files = files.iter().flat_map(|file| ["--share".to_owned(), (*file).to_owned()]);
        ["key", "recover"]
            .map(str::to_owned)
            .into_iter()
            .chain(files)
            .chain(rest.iter().map(|one| (*one).to_owned()))
            .collect::<Vec<_>>()
    };
    let emergency = ["--emergency", "保管庫の火災", "--by", "kagi", "--approved-by", "mamoru"];
    // Too few tell nothing, not even with a declaration; and twice the same is one.
    assert!(failed(&place, &with(&[&one, &two], &emergency)).contains("足りません"));
    assert!(failed(&place, &with(&[&one, &two, &two], &emergency)).contains("足りません"));
    // Enough, without an emergency: refused and recorded, though the key store is there.
    assert!(failed(&place, &with(&[&one, &two, &three], &[])).contains("非常時"));
    assert!(failed(&place, &with(&[&one, &two, &three], &emergency)).contains("上書きはしません"));
    // A drill leaves nothing.
    let said = done(&place, &with(&[&one, &two, &three], &[&emergency[..], &["--drill"]].concat()));
    assert!(said.contains("訓練"), "{said}");
    // A slip of the pen in a share.
    let text = fs::read_to_string(place.join(&one)).unwrap();
    let line = text.lines().find(|line| line.len() > 100).unwrap();
    let slip =
        text.replace(line, &format!("{}{}", &line[..line.len() - 1], if line.ends_with('0') { '2' } else { '0' }));
    fs::write(place.join("slip.txt"), slip).unwrap();
    failed(&place, &with(&["slip.txt", &two, &three], &emergency));
    // The key is lost.
    fs::remove_file(place.join("keys/master.key")).unwrap();
    failed(&place, &["key", "status"]);
    assert!(failed(&place, &with(&[&one, &two, &three], &[])).contains("非常時"), "not even now");
    assert!(!place.join("keys/master.key").exists());
    let alone = ["--emergency", "火災", "--by", "kagi", "--approved-by", "kagi"];
    assert!(failed(&place, &with(&[&one, &two, &three], &alone)).contains("自分の申請"));
    assert!(!place.join("keys/master.key").exists());
    let said = done(&place, &with(&[&one, &two, &three], &emergency));
    assert!(said.contains("戻しました") && said.contains("key rotate master"), "{said}");
    let server = exchange.start();
    offices.receiver.meets(&server).fetches(&before).await.done();
    server.stop().await;
    let uses: Vec<String> = vault::ledger(&exchange.data())
        .await
        .iter()
        .map(ledger::Entry::fields)
        .filter(|entry| entry.action == Action::KeyRecover)
        .map(|entry| format!("{:?}", entry.outcome))
        .collect();
    assert_eq!(uses.iter().filter(|outcome| outcome.contains("Ok")).count(), 2, "a drill and an emergency: {uses:?}");
    assert_eq!(uses.iter().filter(|outcome| outcome.contains("Refused")).count(), 4, "{uses:?}");
}

#[tokio::test]
async fn r6_8_without_its_key_file_the_exchange_does_not_open_and_nothing_changes() {
    let exchange = Exchange::create(|_| {}).await;
    let place = exchange.folder().to_owned();
    fs::rename(place.join("keys/master.key"), place.join("elsewhere")).unwrap();
    let entries = async || vault::ledger(&exchange.data()).await.len();
    let file = async || fs::read(place.join("data/fumibako.db")).ok();
    let (before, length) = (file().await, entries().await);
    for command in [&["serve", "--demo"][..], &["office", "list"], &["key", "rotate", "master", "--by", "kagi"]] {
        failed(&place, command);
    }
    assert!(file().await == before && entries().await == length);
    if exchange.is_on_server() {
        fs::rename(place.join("elsewhere"), place.join("keys/master.key")).unwrap();
        done(&place, &["office", "list"]);
        return;
    }
    fs::rename(place.join("elsewhere"), place.join("keys/master.key")).unwrap();
    done(&place, &["office", "list"]);
    // And not without the key of the database either, which lies wrapped beside it.
    fs::rename(place.join("data/database.key"), place.join("elsewhere")).unwrap();
    failed(&place, &["office", "list"]);
    assert!(!place.join("data/database.key").exists(), "none is made instead");
    fs::rename(place.join("elsewhere"), place.join("data/database.key")).unwrap();
    done(&place, &["office", "list"]);
}

/// A command with SoftHSM's settings.
fn with_token<I: AsRef<OsStr>>(folder: &Path, args: &[I]) -> Output {
    Command::new(BINARY)
        .current_dir(folder)
        .args(args)
        .env_remove("FUMIBAKO_CONFIG")
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .output()
        .unwrap()
}

fn told<I: AsRef<OsStr>>(folder: &Path, args: &[I]) -> String {
    let output = with_token(folder, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn r6_8_an_exchange_whose_token_is_pulled_out_refuses_and_goes_on_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let tokens = place.join("tokens");
    fs::create_dir(&tokens).unwrap();
    fs::write(
        place.join("softhsm2.conf"),
        format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display()),
    )
    .unwrap();
    let made = Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", place.join("softhsm2.conf"))
        .args(["--init-token", "--free", "--label", "fumibako", "--so-pin", "12345678", "--pin", "8765-4321"])
        .stdout(Stdio::null())
        .status()
        .expect("softhsm2-util, which cargo xtask installs");
    assert!(made.success());
    fs::write(place.join("pin"), "8765-4321\n").unwrap();
    fs::write(
        place.join("fumibako.toml"),
        "data = \"data\"\n[key_store]\npkcs11 = { module = \"/usr/lib/softhsm/libsofthsm2.so\", token = \"fumibako\", pin_file = \"pin\" }\n\
         [listen]\nexchange = \"127.0.0.1:0\"\nenrolment = \"127.0.0.1:0\"\nnames = [\"localhost\"]\n",
    )
    .unwrap();
    assert!(told(place, &["init"]).contains("鍵装置"));
    for (number, kind) in [("0300000100", "43"), ("0300000005", "11")] {
        told(place, &["office", "add", number, "--name", "架空の事業所", "--type", kind]);
    }
    let server = Server::start_with_token(&place.join("fumibako.toml"), &place.join("softhsm2.conf"));
    for (number, device) in [("0300000100", "sender"), ("0300000005", "receiver")] {
        let people = ["--by", "sato", "--approved-by", "suzuki"];
        let proof = ["--label", "受付のPC", "--evidence", "指定通知書の写し", "--software", "send,collect,read"];
        let said = told(place, &[&["device", "code", number][..], &proof, &people].concat());
        let code = said.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
        let enrol = ["device", "enrol", "--enrolment", &server.enrolment_url, "--authority", "authority.pem"];
        told(place, &[&enrol[..], &["--code", &code, "--device", device]].concat());
    }
    let set = |second| {
        let folder = place.join(format!("set-{second}"));
        fs::create_dir(&folder).unwrap();
        for file in schedule("0300000100", "0300000005", second) {
            fs::write(folder.join(&file.name), &file.bytes).unwrap();
        }
        folder
    };
    let sends = |folder: &Path| with_token(place, &["send", "--device", "sender", folder.to_str().unwrap()]);
    let until = |wanted: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !wanted() {
            assert!(start.elapsed() < Duration::from_secs(20), "did not happen");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let first = sends(&set(1));
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    fs::rename(&tokens, place.join("pulled-out")).unwrap();
    let log = || fs::read_to_string(&server.log).unwrap();
    until(&|| log().contains("the key store changed its state"));
    let second = set(2);
    let refused = sends(&second);
    let said = format!("{}{}", String::from_utf8_lossy(&refused.stdout), String::from_utf8_lossy(&refused.stderr));
    assert!(!refused.status.success() && said.contains("[H40]") && said.contains("何も受け付けていません"), "{said}");
    fs::rename(place.join("pulled-out"), &tokens).unwrap();
    until(&|| log().matches("the key store changed its state").count() == 2);
    let again = sends(&second);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    // The master key is replaced inside the token, while serving.
    let said = told(place, &["key", "rotate", "master", "--by", "kagi"]);
    assert!(said.contains("マスター鍵を替えました"), "{said}");
    assert!(sends(&set(3)).status.success());
    assert!(told(place, &["key", "status"]).contains("鍵装置"));
    let split = with_token(
        place,
        &[
            "key",
            "shares",
            "make",
            "--of",
            "2",
            "--need",
            "2",
            "--holders",
            "a1,b2",
            "--out",
            "s",
            "--by",
            "a1",
            "--approved-by",
            "b2",
        ],
    );
    assert!(String::from_utf8_lossy(&split.stderr).contains("取り出せない"));
}

#[tokio::test]
async fn r6_8_a_crash_leaves_no_core_and_no_content_anywhere() {
    let exchange = Exchange::create(|_| {}).await;
    let place = exchange.folder().to_owned();
    // Whoever starts it allows cores of any size.
    let server = Server::start_allowing_cores(&exchange.config());
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core: Vec<&str> = limits.lines().find(|line| line.contains("core file")).unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
    let offices = exchange.offices(&server).await;
    let names = names();
    let set = care_plan_of(&offices.sender, &offices.receiver, 1, &names[..20]);
    let id = offices.sender.sends(&set).await.accepted();
    offices.receiver.fetches(&id).await.done();
    // As an assertion in a C library would end it; Rust's own handler takes the first SEGV.
    let status = server.dies_of("ABRT");
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
    let (hits, searched) = Search::new(&names).hits_in(&place);
    // The rows themselves are on the server's disk; `canary` looks there.
    let enough = if exchange.is_on_server() { 10_000 } else { 100_000 };
    assert!(hits.is_empty() && searched > enough, "{hits:?} in {searched}");
    let cores = fs::read_dir(&place)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
    let log = fs::read_to_string(place.join("server.log")).unwrap();
    assert!(!log.contains(PASSPHRASE) && !log.contains("RUST_BACKTRACE"));
}
