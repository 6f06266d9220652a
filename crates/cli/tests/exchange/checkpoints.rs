//! What leaves the house of the log: anchor, witness and mail; and what an older state of the data meets at the next start.

use crate::commands::{done, failed};
use crate::mailbox::Mailbox;
use crate::samples::schedule;
use crate::world::{Exchange, copy};
use ledger::{Policy, SignedCheckpoint, VerifyingKey, WitnessKey, WitnessRefusal, WitnessRequest, WitnessState};
use sqlx::Connection as _;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Far more than a second, which is how often the log is signed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until it is so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A witness on this machine, as C2SP tlog-witness has it, that watches the log whose key it is told first.
struct Witness {
    port: u16,
    key: WitnessKey,
    state: Arc<Mutex<(WitnessState, Vec<String>)>>,
}

impl Witness {
    fn open() -> Self {
        let key = || WitnessKey::new("witness.example".parse().unwrap(), &[5; 32]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new((WitnessState::new(), Vec::new())));
        let (kept, signing) = (Arc::clone(&state), key());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (path, body) = request(&stream);
                assert_eq!(path, "/add-checkpoint");
                let asked: WitnessRequest = body.parse().unwrap();
                let mut kept = kept.lock().unwrap();
                let policy = trusting(asked.checkpoint());
                let answer = match kept.0.cosign(&asked, &policy, &signing, 1_800_000_000) {
                    Ok(line) => ("200 OK", format!("{line}\n")),
                    Err(WitnessRefusal::OtherSize { last_size }) => ("409 Conflict", format!("{last_size}\n")),
                    Err(refused) => panic!("{refused}"),
                };
                kept.1.push(answer.0.to_owned());
                let (status, text) = answer;
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                    text.len()
                )
                .unwrap();
            }
        });
        Self { port, key: key(), state }
    }
}

/// The key of whoever signed. A real witness is configured with it; here it comes from the key file beside the test.
fn trusting(checkpoint: &SignedCheckpoint) -> Policy {
    let key = LOG_KEY.lock().unwrap().clone().expect("the log's key is known");
    let policy = Policy::new(key.parse::<VerifyingKey>().unwrap()).unwrap();
    assert!(policy.check(checkpoint).is_ok());
    policy
}

static LOG_KEY: Mutex<Option<String>> = Mutex::new(None);

fn request(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (path, String::from_utf8(body).unwrap())
}

fn anchored(exchange: &Exchange) -> Option<SignedCheckpoint> {
    fs::read_to_string(exchange.folder().join("keys/log-anchor")).ok().map(|text| text.parse().unwrap())
}

#[tokio::test]
async fn r10_6_the_newest_checkpoint_lies_with_a_witness_in_a_mailbox_and_in_a_file() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder().to_path_buf();
    let status = done(&folder, &["ledger", "status"]);
    let key = status.lines().find_map(|line| line.strip_prefix("確かめる鍵: ")).expect("the key").to_owned();
    *LOG_KEY.lock().unwrap() = Some(key.clone());
    let (witness, mailbox) = (Witness::open(), Mailbox::open());
    let config = fs::read_to_string(exchange.config()).unwrap();
    let config = format!(
        "{config}\n[log]\nmail = {{ server = \"127.0.0.1\", port = {}, tls = \"none\", from = \"exchange@example.jp\", to = \"audit@example.jp\" }}\n[[log.witness]]\nurl = \"http://127.0.0.1:{}\"\nkey = \"{}\"\n",
        mailbox.port,
        witness.port,
        witness.key.verifying_key()
    );
    fs::write(exchange.config(), config).unwrap();
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let set = schedule(&offices.sender.number, &offices.receiver.number, 1);
    offices.sender.sends(&set).await.accepted();

    until("the witness cosigns", || (witness.state.lock().unwrap().0.last().0 > 0).then_some(()));
    let mailed = until("a mail comes", || mailbox.mails().into_iter().next());
    let origin = key.split('+').next().unwrap();
    assert!(mailed.contains("audit@example.jp") && !mailed.contains(&offices.sender.number), "{mailed}");
    let first = until("a file is there", || anchored(&exchange));
    assert_eq!(first.checkpoint().origin().as_str(), origin);
    // Its line comes a moment before it is kept.
    let mut database = crate::vault::database(&exchange.data()).await;
    let since = Instant::now();
    loop {
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM log_checkpoint WHERE note LIKE '%witness.example%'")
            .fetch_one(&mut database)
            .await
            .unwrap();
        if kept > 0 {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "the cosignature is not kept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    database.close().await.unwrap();
    assert_eq!(server.stop().await.0.code(), Some(0));

    done(&folder, &["ledger", "export", "log"]);
    let sound = done(&folder, &["ledger", "verify", "log", "--key", &key, "--checkpoint", "keys/log-anchor"]);
    assert!(!sound.is_empty());
    // What was cosigned stayed in the log's own books, and goes along.
    let cosigned = fs::read_dir(folder.join("log/checkpoints")).unwrap().any(|file| {
        let note: SignedCheckpoint = fs::read_to_string(file.unwrap().path()).unwrap().parse().unwrap();
        note.note().signatures().len() > 1
    });
    assert!(cosigned, "{:?}", witness.state.lock().unwrap().1);
    fs::create_dir(folder.join("other")).unwrap();
    fs::write(folder.join("other/letter"), "mine").unwrap();
    let refused = failed(&folder, &["ledger", "export", "other"]);
    assert!(refused.contains("空のフォルダー"), "{refused}");
    assert_eq!(fs::read_dir(folder.join("other")).unwrap().count(), 1, "nothing was written beside it");
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => [(path.clone(), fs::read(&path).unwrap())].into(),
        })
        .collect()
}

async fn records(exchange: &Exchange, entries: u64) {
    let store = exchange.operator().await;
    for _ in 0..entries {
        store.record_service(true).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn r10_6_an_export_goes_on_where_the_last_one_ended_and_only_there() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder().to_path_buf();
    let status = done(&folder, &["ledger", "status"]);
    let key = status.lines().find_map(|line| line.strip_prefix("確かめる鍵: ")).expect("the key").to_owned();
    done(&folder, &["ledger", "export", "log"]);
    let first = fs::read(folder.join("log/checkpoint")).unwrap();
    copy(&folder.join("log"), &folder.join("kept"));
    copy(&exchange.data(), &folder.join("before"));

    // Beyond a whole bundle of 256 entries, so that the edge of the first export is outgrown.
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    records(&exchange, 260).await;
    let answer = offices.sender.get("/api/v1/log/checkpoint").await;
    let told: SignedCheckpoint = answer.done().text().parse().expect("a checkpoint for whoever has a device");
    assert!(Policy::new(key.parse::<VerifyingKey>().unwrap()).unwrap().check(&told).is_ok());
    assert_eq!(server.stop().await.0.code(), Some(0));

    let said = done(&folder, &["ledger", "export", "log"]);
    assert!(said.contains("書き足しました"), "{said}");
    fs::write(folder.join("first"), &first).unwrap();
    fs::write(folder.join("told"), told.to_string()).unwrap();
    done(&folder, &["ledger", "verify", "log", "--key", &key, "--checkpoint", "first", "--checkpoint", "told"]);
    // What was complete before was not written anew: its files are those of the first export.
    done(&folder, &["ledger", "export", "anew"]);
    let (grown, anew) = (files(&folder.join("log/tile")), files(&folder.join("anew/tile")));
    assert!(grown.values().eq(anew.values()) && grown.len() == anew.len(), "the same as one that is made anew");
    // Once more, nothing came since but what the command itself recorded.
    done(&folder, &["ledger", "export", "log"]);
    done(&folder, &["ledger", "verify", "log", "--key", &key]);

    // Another exchange's export, and one that knows more than is here.
    let other = Exchange::create(|_| {}).await;
    let before = files(&folder.join("log"));
    copy(&folder.join("log"), &other.folder().join("log"));
    let said = failed(other.folder(), &["ledger", "export", "log"]);
    assert!(said.contains("この交換所の今の記録ではありません"), "{said}");
    // One whose history went another way: an older state of the data, without the anchor that would stop it.
    fs::remove_dir_all(exchange.data()).unwrap();
    fs::rename(folder.join("before"), exchange.data()).unwrap();
    fs::remove_file(folder.join("keys/log-anchor")).unwrap();
    let said = failed(&folder, &["ledger", "export", "log"]);
    assert!(said.contains("件しかありません"), "{said}");
    records(&exchange, 400).await;
    let said = failed(&folder, &["ledger", "export", "log"]);
    assert!(said.contains("食い違っています"), "{said}");
    assert_eq!(before, files(&folder.join("log")), "nothing was written");
    // The one that had ended before the two ways parted goes on.
    done(&folder, &["ledger", "export", "kept"]);
    done(&folder, &["ledger", "verify", "kept", "--key", &key, "--checkpoint", "first"]);
}

#[tokio::test]
async fn r4_6_older_data_do_not_open_beside_a_later_anchor_until_two_people_declare_it() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder().to_path_buf();
    let server = exchange.start();
    until("a checkpoint", || anchored(&exchange));
    assert_eq!(server.stop().await.0.code(), Some(0));
    let backup = exchange.copies_data();
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let set = schedule(&offices.sender.number, &offices.receiver.number, 1);
    offices.sender.sends(&set).await.accepted();
    let size = until("later than the backup", || {
        let size = anchored(&exchange)?.checkpoint().size();
        (size > 10).then_some(size)
    });
    assert_eq!(server.stop().await.0.code(), Some(0));
    exchange.puts_back(backup);

    let said = failed(&folder, &["serve", "--demo"]);
    assert!(said.contains("アクセス記録が足りません") && said.contains("declare-gap"), "{said}");
    failed(&folder, &["office", "list"]);
    failed(&folder, &["ledger", "declare-gap", "--reason", "故障", "--by", "sato", "--approved-by", "sato"]);
    let said = done(&folder, &["ledger", "declare-gap", "--reason", "故障", "--by", "sato", "--approved-by", "suzuki"]);
    assert!(said.contains("断絶を宣言しました"), "{said}");
    let server = exchange.start();
    let new = until("the log goes on", || anchored(&exchange).filter(|new| new.checkpoint().size() > 1));
    assert!(new.checkpoint().size() < size, "nothing was made up");
    assert_eq!(server.stop().await.0.code(), Some(0));
    let status = done(&folder, &["ledger", "status"]);
    assert!(status.contains("以前の鍵: "), "{status}");
    assert!(
        crate::vault::ledger(&exchange.data())
            .await
            .iter()
            .any(|entry| entry.fields().action == ledger::Action::LogGap)
    );
}

#[tokio::test]
async fn r10_5_a_server_whose_log_was_changed_under_it_stops_and_does_not_open_again() {
    let exchange = Exchange::create(|_| {}).await;
    let mut server = exchange.start();
    until("a checkpoint", || anchored(&exchange));
    // At the end, where every guard lets entries in; but nothing that leads to its hash.
    const ENTRY: &str = "
        INSERT INTO ledger (entry_index, entry, leaf_hash)
        SELECT max(entry_index) + 1, '{}', (SELECT leaf_hash FROM ledger WHERE entry_index = 0) FROM ledger WHERE $1 = 'x'";
    assert_eq!(crate::vault::execute(&exchange.data(), ENTRY, "x").await, 1);
    until("it stops", || (!server.is_alive()).then_some(()));
    let said = fs::read_to_string(&server.log).unwrap();
    assert!(said.contains("contradicts its own checkpoint"), "{said}");
    drop(server);
    let refused = failed(exchange.folder(), &["serve", "--demo"]);
    assert!(refused.contains("食い違って"), "{refused}");
}
