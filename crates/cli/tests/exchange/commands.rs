//! The program as people use it: every command from an empty folder to collected data, and every way to misuse it.

use crate::answer::is_japanese;
use crate::device::assert_same;
use crate::samples::{renumbered, schedule, serial};
use crate::server::{BINARY, Server};
use crate::vault;
use crate::world::{Exchange, PASSPHRASE, World, shared_world};
use standard::sample::SampleFile;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// How a device hears that it may no longer come in: at its request, or at the handshake, with the alert or without.
const REFUSED: [&str; 4] = ["[H02]", "証明書の確認", "接続を閉じました", "close_notify"];

async fn world() -> &'static World {
    shared_world!()
}

pub(crate) fn fumibako<I: AsRef<OsStr>>(folder: &Path, args: &[I]) -> Output {
    Command::new(BINARY)
        .current_dir(folder)
        .args(args)
        .env_remove("FUMIBAKO_CONFIG")
        .env_remove("FUMIBAKO_DEVICE")
        .output()
        .unwrap()
}

/// Done; what it said.
pub(crate) fn done<I: AsRef<OsStr>>(folder: &Path, args: &[I]) -> String {
    let output = fumibako(folder, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ended with 2, saying in Japanese what happened and what to do, and nothing of how it is made inside.
pub(crate) fn failed<I: AsRef<OsStr>>(folder: &Path, args: &[I]) -> String {
    let output = fumibako(folder, args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let (what, rest) = said.split_once("\n→ ").unwrap_or_else(|| panic!("no way out: {said}"));
    assert!(is_japanese(what) && is_japanese(rest.lines().next().unwrap()), "{said}");
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    said
}

/// Every file below a folder, with its bytes.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

pub(crate) fn lay_out(folder: &Path, set: &[SampleFile]) {
    fs::create_dir_all(folder).unwrap();
    for file in set {
        fs::write(folder.join(&file.name), &file.bytes).unwrap();
    }
}

fn gathered(folder: &Path) -> Vec<SampleFile> {
    tree(folder)
        .into_iter()
        .map(|(path, bytes)| SampleFile { name: path.file_name().unwrap().to_str().unwrap().to_owned(), bytes })
        .collect()
}

fn edit(config: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(config).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(config, text.replace(from, to)).unwrap();
}

#[test]
fn from_an_empty_folder_to_collected_data() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    // Without a passphrase there is nobody to ask; the configuration is there to be filled in.
    failed(place, &["init"]);
    let config = place.join("fumibako.toml");
    edit(&config, "# passphrase_file = \"/run/secrets/fumibako\"", "passphrase_file = \"passphrase\"");
    edit(&config, "127.0.0.1:8443", "127.0.0.1:0");
    edit(&config, "127.0.0.1:8444", "127.0.0.1:0");
    failed(place, &["init"]);
    fs::write(place.join("passphrase"), "みじかい\n").unwrap();
    assert!(failed(place, &["init"]).contains("短すぎます"));
    assert!(!place.join("data").exists() && !place.join("keys/master.key").exists());
    fs::write(place.join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
    done(place, &["init"]);
    let made = tree(place);
    failed(place, &["init"]);
    assert_eq!(tree(place), made, "an exchange is never made over another");

    let add = |number: &str, service_type: &str| {
        done(place, &["office", "add", number, "--name", "架空の事業所", "--type", service_type])
    };
    add("0300000100", "43");
    add("0300000005", "11");
    failed(place, &["office", "add", "0300000005", "--name", "別", "--type", "11"]);
    failed(place, &["office", "add", "0300000006", "--name", " ", "--type", "11"]);
    failed(place, &["office", "close", "0399999999"]);
    let people = ["--by", "sato", "--approved-by", "suzuki"];
    let proof = ["--label", "受付のPC", "--evidence", "指定通知書の写し", "--software", "send,collect,read"];
    let code =
        |number: &'static str, people: &[&'static str]| [&["device", "code", number][..], &proof, people].concat();
    failed(place, &code("0399999999", &people));
    assert!(failed(place, &code("0300000100", &["--by", "sato", "--approved-by", "SATO"])).contains("自分の申請"));
    failed(place, &["device", "revoke", "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"]);
    let listed = done(place, &["office", "list"]);
    assert!(listed.contains("0300000100") && listed.contains("0300000005"));

    let server = Server::start(&config, None);
    for (number, device) in [("0300000100", "sender"), ("0300000005", "receiver")] {
        let said = done(place, &code(number, &people));
        let code = said.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
        let enrol = ["device", "enrol", "--enrolment", &server.enrolment_url, "--authority", "authority.pem"];
        done(place, &[&enrol[..], &["--code", &code, "--device", device]].concat());
        let again = [&enrol[..], &["--code", &code, "--device", "another"]].concat();
        assert!(failed(place, &again).contains("[H07]"));
    }
    // Not due yet; asked for all the same, the new pair works and the old one is over.
    let certificate = fs::read_to_string(place.join("sender/certificate.pem")).unwrap();
    assert!(done(place, &["renew", "--device", "sender"]).contains("まだ更新しません"));
    assert_eq!(fs::read_to_string(place.join("sender/certificate.pem")).unwrap(), certificate);
    fs::create_dir(place.join("before")).unwrap();
    for (path, bytes) in tree(&place.join("sender")) {
        fs::write(place.join("before").join(path.file_name().unwrap()), bytes).unwrap();
    }
    assert!(done(place, &["renew", "--device", "sender", "--days", "100"]).contains("更新しました"));
    assert_ne!(fs::read_to_string(place.join("sender/certificate.pem")).unwrap(), certificate);
    assert!(!place.join("sender/key.next.pem").exists() && !place.join("sender/certificate.next.pem").exists());
    let over = failed(place, &["collect", "--device", "before", "in"]);
    assert!(REFUSED.iter().any(|words| over.contains(words)), "{over}");
    let listed = done(place, &["authority", "ledger", "--config", "fumibako.toml"]);
    assert!(listed.contains("superseded") && listed.contains("operator-cli:suzuki"), "{listed}");
    assert!(done(place, &["authority", "ledger", "--check"]).contains("発行の記録があります"));
    done(place, &["authority", "crl", "list.crl"]);
    assert!(done(place, &["device", "due"]).contains("ありません"));

    done(place, &["sample", "out", "--kind", "schedule", "--sender", "0300000100", "--receiver", "0300000005"]);
    assert!(done(place, &["send", "--device", "sender", "out"]).contains("送信 1件"));
    assert!(done(place, &["send", "--device", "sender", "out"]).contains("送信済み 1件"));
    assert!(done(place, &["collect", "--device", "receiver", "in"]).contains("受信 1件"));
    assert_same(&gathered(&place.join("in")), &gathered(&place.join("out")));
    assert!(done(place, &["collect", "--device", "receiver", "in"]).contains("届いているデータはありません"));

    let listed = done(place, &["device", "list", "0300000005"]);
    let device = listed.split_whitespace().next().unwrap();
    done(place, &["device", "revoke", device, "--reason", "lost", "--by", "sato"]);
    let over = failed(place, &["collect", "--device", "receiver", "in"]);
    assert!(REFUSED.iter().any(|words| over.contains(words)), "{over}");
    done(place, &["office", "close", "0300000005"]);
    let (status, said) = server.stop_alone();
    assert!(status.success() && said.contains("閉じました"));
}

/// An exchange in an empty folder, with one office.
fn made(place: &Path) -> PathBuf {
    fs::write(place.join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
    failed(place, &["init"]);
    let config = place.join("fumibako.toml");
    edit(&config, "# passphrase_file = \"/run/secrets/fumibako\"", "passphrase_file = \"passphrase\"");
    edit(&config, "127.0.0.1:8443", "127.0.0.1:0");
    edit(&config, "127.0.0.1:8444", "127.0.0.1:0");
    done(place, &["init"]);
    done(place, &["office", "add", "0300000100", "--name", "架空の事業所", "--type", "43"]);
    config
}

#[test]
fn r12_3_two_people_at_the_terminal_invite_the_first_administrator_and_act_in_an_emergency() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    made(place);
    assert!(done(place, &["account", "list"]).contains("invite-operator"));
    let who = ["--name", "見本 花子", "--kana", "みほん はなこ", "--person-key", "みほんはなこ 1980-01-01"];
    let invite = |by: &str, other: &str, login: &str| {
        let hands = ["account", "invite-operator", "--by", by, "--approved-by", other, "--login", login];
        [&hands[..], &who[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    failed(place, &invite("op-1", "OP-1", "chief"));
    failed(place, &invite("op-1", "op-2", "x"));
    let said = done(place, &invite("op-1", "op-2", "chief"));
    assert!(said.contains("招待コード: ") && !said.contains("花子"), "{said}");
    failed(place, &invite("op-1", "op-2", "chief"));
    failed(place, &invite("op-1", "op-2", "chief2"));

    let listed = done(place, &["account", "list"]);
    assert!(listed.contains("招待中") && !listed.contains("花子") && !listed.contains("chief"), "{listed}");
    let account = listed.split_whitespace().next().unwrap();
    let hands = ["--by", "op-1", "--approved-by", "op-2", account];
    let act = |what: &'static str| [&["account", what][..], &hands[..]].concat();
    assert!(done(place, &act("invite-again")).contains("招待コード: "));
    failed(place, &act("suspend"));
    assert!(done(place, &act("end-sessions")).contains("0 件"));
    done(place, &act("close"));
    failed(place, &act("close"));
    assert!(done(place, &["account", "list"]).contains("閉鎖"));
    let proof = ["--label", "運営", "--evidence", "面前で確認", "--by", "op-1", "--approved-by", "op-2"];
    done(place, &[&["device", "code", "--operator"][..], &proof].concat());
}

#[test]
fn a_device_for_a_program_keeps_its_token_to_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let config = made(place);
    let server = Server::start(&config, None);
    let proof = ["--label", "ケアソフト", "--evidence", "指定通知書", "--by", "op-1", "--approved-by", "op-2"];
    let program = ["device", "code", "0300000100", "--software", "send,collect,read"];
    let said = done(place, &[&program[..], &proof].concat());
    let code = said.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let enrol = ["device", "enrol", "--enrolment", &server.enrolment_url, "--authority", "authority.pem"];
    done(place, &[&enrol[..], &["--code", &code, "--device", "machine"]].concat());
    let token = place.join("machine/software.token");
    assert!(fs::read_to_string(&token).unwrap().starts_with("fumibako_"));
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(done(place, &["collect", "--device", "machine", "in"]).contains("届いているデータはありません"));
    fs::write(&token, vec![b'x'; 2000]).unwrap();
    failed(place, &["collect", "--device", "machine", "in"]);
    let (status, _) = server.stop_alone();
    assert!(status.success());
}

#[tokio::test]
async fn r7_3_a_revoked_device_is_told_something_to_do() {
    let exchange = Exchange::create(|_| {}).await;
    edit(&exchange.config(), "register_seconds = 240", "register_seconds = 1");
    let server = exchange.start();
    let device = exchange.offices(&server).await.sender;
    let folder = exchange.folder();
    device.write_folder(&folder.join("device"));
    exchange.revoke(&device).await;
    // As long as the idle connection of before is open, the node has not looked yet.
    let start = std::time::Instant::now();
    loop {
        let said = failed(folder, &["collect", "--device", "device", "in"]);
        assert!(REFUSED.iter().any(|words| said.contains(words)), "{said}");
        if !said.contains("[H02]") {
            break;
        }
        assert!(start.elapsed().as_secs() < 20, "the handshake still lets it in");
    }
}

#[tokio::test]
async fn a_folder_with_good_and_bad_sets_is_sent_in_part() {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    offices.sender.write_folder(&place.join("device"));
    let set = schedule(&offices.sender, &offices.receiver, 0);
    lay_out(&place.join("out/good"), &renumbered(&set, 1));
    let mut spoilt = renumbered(&set, 2);
    spoilt[0].bytes.push(0x81);
    lay_out(&place.join("out/bad"), &spoilt);
    lay_out(&place.join("out/incomplete"), &renumbered(&set, 3)[1..]);
    fs::write(place.join("out/memo.txt"), "覚え書き").unwrap();
    let output = fumibako(place, &["send", "--device", "device", "out"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("送りました: {}", serial(1))), "{said}");
    for second in [2, 3] {
        assert!(said.contains(&format!("送りませんでした: {}", serial(second))), "{said}");
    }
    assert!(said.contains("[X04]") && said.contains("V19") && said.contains("V09"), "{said}");
    assert!(said.contains("送信 1件、送信済み 0件、送れなかったもの"), "{said}");
    assert!(said.lines().filter(|line| line.contains('→')).count() >= 3, "each with a way out: {said}");
    let items = offices.receiver.items("received", 10).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["serial"], serial(1));
}

#[tokio::test]
async fn collecting_never_replaces_a_file_and_goes_on_where_it_stopped() {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    offices.receiver.write_folder(&place.join("device"));
    let set = schedule(&offices.sender, &offices.receiver, 0);
    let sets = [renumbered(&set, 1), renumbered(&set, 2)];
    // The later serial first: they are fetched in serial order all the same.
    let second = offices.sender.sends(&sets[1]).await.accepted();
    let first = offices.sender.sends(&sets[0]).await.accepted();

    let taken = &sets[1][1].name;
    fs::create_dir(place.join("in")).unwrap();
    fs::write(place.join("in").join(taken), "mine").unwrap();
    let said = failed(place, &["collect", "--device", "device", "in"]);
    assert!(said.contains("上書きはしません"), "{said}");
    assert_eq!(fs::read_to_string(place.join("in").join(taken)).unwrap(), "mine");
    assert_eq!(offices.sender.state(&first).await, "acknowledged");
    assert_eq!(offices.sender.state(&second).await, "collected", "fetched, but not safe: it must come again");

    fs::rename(place.join("in").join(taken), place.join("mine")).unwrap();
    let said = done(place, &["collect", "--device", "device", "in"]);
    assert!(said.contains("受信 1件"), "{said}");
    assert_eq!(offices.sender.state(&second).await, "acknowledged");
    assert_same(&gathered(&place.join("in")), &sets.concat());
    assert!(done(place, &["collect", "--device", "device", "in"]).contains("届いているデータはありません"));
}

#[tokio::test]
async fn a_set_withdrawn_meanwhile_does_not_stop_the_others() {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    offices.receiver.write_folder(&place.join("device"));
    let set = schedule(&offices.sender, &offices.receiver, 0);
    let gone = offices.sender.sends(&renumbered(&set, 1)).await.accepted();
    offices.sender.sends(&renumbered(&set, 2)).await.accepted();
    offices.sender.withdraws(&gone).await.done();
    assert!(done(place, &["collect", "--device", "device", "in"]).contains("受信 1件"));
    assert_same(&gathered(&place.join("in")), &renumbered(&set, 2));
}

#[tokio::test]
async fn a_damaged_set_does_not_keep_the_others_from_being_collected() {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    offices.receiver.write_folder(&place.join("device"));
    let set = schedule(&offices.sender, &offices.receiver, 0);
    let damaged = offices.sender.sends(&renumbered(&set, 1)).await.accepted();
    offices.sender.sends(&renumbered(&set, 2)).await.accepted();
    let spoil = "UPDATE transmission_file SET body = substr(body, 1, 1) WHERE transmission_id = $1";
    assert!(vault::execute(&world().await.exchange.data(), spoil, &damaged).await > 0);
    let output = fumibako(place, &["collect", "--device", "device", "in"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("[H09]") && said.contains("受信 1件"), "{said}");
    assert_same(&gathered(&place.join("in")), &renumbered(&set, 2));
}

#[tokio::test]
async fn an_exchange_that_is_not_there_is_named_as_the_cause() {
    let offices = world().await.offices().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    offices.sender.write_folder(&place.join("device"));
    edit(&place.join("device/device.toml"), &offices.sender.url, &format!("https://localhost:{free}"));
    lay_out(&place.join("out"), &schedule(&offices.sender, &offices.receiver, 1));
    for args in [["send", "--device", "device", "out"], ["collect", "--device", "device", "in"]] {
        assert!(failed(place, &args).contains("交換所につながりません"));
    }
    // Another exchange answers: its certificate is not from the authority this device knows.
    let other = World::new().await;
    other.offices().await.sender.write_folder(&place.join("other"));
    edit(&place.join("other/device.toml"), &other.server.exchange_url, &offices.sender.url);
    assert!(failed(place, &["send", "--device", "other", "out"]).contains("証明書の確認"));
}

#[test]
fn what_cannot_be_understood_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let misuse: [&[&str]; 9] = [
        &[],
        &["fly"],
        &["send"],
        &["collect"],
        &["office", "add", "123", "--name", "x", "--type", "43"],
        &["office", "add", "0300000100", "--name", "x"],
        &["office", "add", "0300000100", "--name", "x", "--type", "999"],
        &["device", "revoke", "not-an-id"],
        &["device", "enrol"],
    ];
    for args in misuse {
        let output = fumibako(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty());
    }
    let operator: [&[&str]; 5] = [
        &["serve", "--demo"],
        &["office", "list"],
        &["office", "close", "0300000100"],
        &["device", "due"],
        &["device", "list", "0300000100"],
    ];
    for args in operator {
        let said = failed(folder.path(), &[args, &["--config", "nowhere.toml"]].concat());
        assert!(said.contains("nowhere.toml"), "{said}");
    }
    failed(folder.path(), &["send", "--device", "nowhere", "."]);
    failed(folder.path(), &["collect", "--device", "nowhere", "in"]);
    assert!(tree(folder.path()).is_empty());
}

// Keys that do not fit.

/// Commands that open the exchange all end in the same way, and touch nothing.
fn assert_stays_shut(exchange: &Exchange, because: &str) {
    let before = tree(exchange.folder());
    let config = exchange.config();
    let config = config.to_str().unwrap();
    for args in
        [&["serve", "--demo"][..], &["office", "list"], &["office", "add", "0300000999", "--name", "x", "--type", "43"]]
    {
        let said = failed(exchange.folder(), &[args, &["--config", config]].concat());
        assert!(said.contains(because), "{said}");
    }
    failed(exchange.folder(), &["init", "--config", config]);
    let after = tree(exchange.folder());
    for (path, bytes) in &after {
        assert_eq!(before.get(path), Some(bytes), "{}", path.display());
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn a_wrong_passphrase_opens_nothing_and_touches_nothing() {
    let exchange = Exchange::create(|_| {}).await;
    fs::write(exchange.folder().join("passphrase"), "ちがう合言葉ちがう合言葉\n").unwrap();
    assert_stays_shut(&exchange, "合言葉が違います");
    fs::write(exchange.folder().join("passphrase"), "").unwrap();
    assert_stays_shut(&exchange, "合言葉が違います");
    fs::write(exchange.folder().join("passphrase"), PASSPHRASE).unwrap();
    assert!(exchange.start().stop().await.0.success());
}

#[tokio::test]
async fn a_damaged_key_file_opens_nothing() {
    let exchange = Exchange::create(|_| {}).await;
    let path = exchange.folder().join("keys/master.key");
    let sound = fs::read(&path).unwrap();
    for at in [0, 4, 20, sound.len() / 2, sound.len() - 1] {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_stays_shut(&exchange, "鍵ファイル");
    }
    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert_stays_shut(&exchange, "鍵ファイル");
    fs::write(&path, b"").unwrap();
    assert_stays_shut(&exchange, "鍵ファイル");
    fs::write(&path, sound).unwrap();
    assert!(exchange.start().stop().await.0.success());
}

#[tokio::test]
async fn the_key_of_another_exchange_opens_nothing() {
    let exchange = Exchange::create(|_| {}).await;
    fs::write(exchange.folder().join("keys/master.key"), vault::another_key_store(PASSPHRASE)).unwrap();
    assert_stays_shut(&exchange, "この鍵では開きません");
}

#[tokio::test]
async fn a_key_file_that_is_gone_is_not_made_anew() {
    let exchange = Exchange::create(|_| {}).await;
    fs::remove_file(exchange.folder().join("keys/master.key")).unwrap();
    let config = exchange.config();
    let before = tree(exchange.folder());
    for args in [&["serve", "--demo"][..], &["office", "list"], &["init"]] {
        failed(exchange.folder(), &[args, &["--config", config.to_str().unwrap()]].concat());
    }
    assert_eq!(tree(exchange.folder()), before);
}

#[tokio::test]
async fn a_damaged_database_is_not_served() {
    let exchange = Exchange::create(|_| {}).await;
    let path = exchange.data().join("fumibako.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let said = failed(exchange.folder(), &["serve", "--demo", "--config", exchange.config().to_str().unwrap()]);
    assert!(said.contains("壊れています"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let exchange = Exchange::create(|_| {}).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    edit(&exchange.config(), "exchange = \"127.0.0.1:0\"", &format!("exchange = {address:?}"));
    let said = failed(exchange.folder(), &["serve", "--demo", "--config", exchange.config().to_str().unwrap()]);
    assert!(said.contains(&address), "{said}");
}
