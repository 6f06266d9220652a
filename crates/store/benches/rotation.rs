//! Replacing keys over many boxes, and what sends notice of it (R6.5).
//!
//! `cargo bench --package fumibako-store --bench rotation -- 1000000` makes that many boxes under the wrapping key; without a
//! number, 20,000. Sends here are a set made, checked, addressed, sealed and accepted; no TLS. Windows with and without a
//! rotation alternate, since machines slow down and speed up.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use fumibako_store as store;
use fumibako_store::{
    Acceptance, Answer, Approval, Asker, Clock, Enrolment, KeyKind, MasterKey, MasterKeys, MasterReplaced,
    NewEnrolment, NewOffice, Office, OfficeAdded, OperatorName, Requested, RotationStarted, RotationStep, Sealer,
    Store,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use seal::{Purpose, WorkingKey, Zeroizing};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use standard::sample::{self, Request};
use standard::{Profile, SourceFile, UnitKind};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const BOXES: u64 = 20_000;
const SENDERS: usize = 32;
const WINDOW: Duration = Duration::from_secs(8);
const WINDOWS: usize = 8;
/// Sets whose envelopes an office's rotation wraps anew, at most.
const ENVELOPES_MEASURED_FOR: Duration = Duration::from_secs(8);
const A: &str = "1370000011";
const B: &str = "1370000022";

/// The host's clock, moved ahead so that nothing waits.
#[derive(Debug, Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    store: Arc<Store>,
    sender: Asker,
    receiver: Office,
    clock: Arc<Ahead>,
    masters: MasterKeys,
    serial: AtomicU64,
    sent: AtomicU64,
    failed: AtomicU64,
    sending: AtomicBool,
    rotating: AtomicBool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let boxes = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(BOXES);
    let folder = tempfile::tempdir().expect("temporary folder");
    let data = folder.path().join("data");
    let world = Arc::new(world(&data).await);
    let began = Instant::now();
    fill(&data, &world.masters, boxes).await;
    println!("{boxes} boxes made in {:.0?}", began.elapsed());

    let by = OperatorName::at_terminal("kagi").expect("a name");
    let sending = start_sending(&world);
    tokio::time::sleep(Duration::from_secs(3)).await;

    // The master key: a dozen rows, while sets are sent.
    let began = Instant::now();
    let replaced = world.store.rotate_master_key(&by).await.expect("replaced");
    let MasterReplaced::Done { rewrapped, .. } = replaced else { panic!("{replaced:?}") };
    println!("master key replaced over {boxes} boxes in {:.1?} ({rewrapped} keys wrapped anew)", began.elapsed());

    // Everything under the wrapping key, in alternating windows.
    let started = world.store.rotate_working_key(KeyKind::Wrapping, &by).await.expect("asked");
    assert!(matches!(started, RotationStarted::Done(_)), "{started:?}");
    world.clock.0.fetch_add(60, Ordering::Relaxed);
    let rotating = start_rotating(&world);
    let (mut without, mut with) = (0, 0);
    // In turns, each first as often as the other: what grows meanwhile slows both alike.
    for turn in 0..WINDOWS {
        for rotating in [turn % 2 == 1, turn % 2 == 0] {
            world.rotating.store(rotating, Ordering::Relaxed);
            let sent = window(&world).await;
            println!("  {sent} sent {}", if rotating { "with" } else { "without" });
            *(if rotating { &mut with } else { &mut without }) += sent;
        }
    }
    world.rotating.store(false, Ordering::Relaxed);
    let seconds = WINDOW.as_secs_f64() * WINDOWS as f64;
    let seen = progress(&world).await;
    println!(
        "sends per second: {:.0} without, {:.0} with a rotation going on ({:.1} %); boxes per second meanwhile {:.0}",
        without as f64 / seconds,
        with as f64 / seconds,
        100.0 * with as f64 / without as f64,
        seen as f64 / seconds,
    );
    world.sending.store(false, Ordering::Relaxed);
    for task in sending {
        task.await.expect("sent");
    }
    println!("sends failed: {}", world.failed.load(Ordering::Relaxed));
    rotating.abort();

    // The rest with nobody in the way.
    let began = Instant::now();
    let mut rows = 0;
    while let RotationStep::Worked(more) = world.store.rotation_step().await.expect("stepped") {
        rows += more;
    }
    let took = began.elapsed();
    println!("the other {rows} boxes alone in {took:.0?} ({:.0} a second)", rows as f64 / took.as_secs_f64());
    world.clock.0.fetch_add(2 * 3600, Ordering::Relaxed);
    let began = Instant::now();
    while let RotationStep::Worked(_) = world.store.rotation_step().await.expect("stepped") {}
    println!("the last look at all of them, and the end of the old key: {:.0?}", began.elapsed());
    let finished = world.store.rotations().await.expect("listed").iter().all(|one| one.finished_at.is_some());
    assert!(finished, "the old key is gone");

    // Envelopes: two key agreements each.
    let number = B.parse().expect("number");
    world.store.rotate_office_key(number, &by).await.expect("asked");
    let (began, mut envelopes) = (Instant::now(), 0);
    while began.elapsed() < ENVELOPES_MEASURED_FOR {
        match world.store.rotation_step().await.expect("stepped") {
            RotationStep::Worked(more) => envelopes += more,
            _ => break,
        }
    }
    println!(
        "envelopes of an office wrapped anew: {:.0} a second alone",
        envelopes as f64 / began.elapsed().as_secs_f64()
    );
}

async fn window(world: &World) -> u64 {
    let before = world.sent.load(Ordering::Relaxed);
    tokio::time::sleep(WINDOW).await;
    world.sent.load(Ordering::Relaxed) - before
}

async fn progress(world: &World) -> u64 {
    let rotations = world.store.rotations().await.expect("listed");
    rotations.iter().find(|one| one.kind == KeyKind::Wrapping).expect("there").done
}

/// As the server does it, whenever the windows let it.
fn start_rotating(world: &Arc<World>) -> JoinHandle<()> {
    let world = Arc::clone(world);
    tokio::spawn(async move {
        loop {
            if !world.rotating.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let wait = world.store.rotation_turn().await.expect("stepped");
            tokio::time::sleep(wait.min(WINDOW)).await;
        }
    })
}

fn start_sending(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    (0..SENDERS)
        .map(|_| {
            let world = Arc::clone(world);
            tokio::spawn(async move {
                while world.sending.load(Ordering::Relaxed) {
                    match send(&world).await {
                        Ok(Answer::Done(Acceptance::New(_))) => world.sent.fetch_add(1, Ordering::Relaxed),
                        _ => world.failed.fetch_add(1, Ordering::Relaxed),
                    };
                }
            })
        })
        .collect()
}

async fn send(world: &Arc<World>) -> Result<Answer<Acceptance>, store::Error> {
    let second = world.serial.fetch_add(1, Ordering::Relaxed);
    let it = Arc::clone(world);
    let sealed = tokio::task::spawn_blocking(move || {
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().expect("instant");
        let at = first + SignedDuration::from_secs(i64::try_from(second).expect("few"));
        let (sender_type, receiver_type) = sample::types_for(UnitKind::Schedule);
        let files = sample::make(
            UnitKind::Schedule,
            &Request {
                // Another person each time: with one alone each send would soon be slower than the last.
                seed: second,
                people: 1,
                sender: it.sender.office.register.number,
                sender_type,
                receiver: it.receiver.register.number,
                receiver_type,
                serial: at.strftime("%Y%m%d%H%M%S").to_string().parse().expect("serial"),
                month: "202604".parse().expect("month"),
                names: None,
            },
        );
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let report = standard::check(&sources, Profile::Export);
        let to = Some(&it.receiver.register);
        let letter = exchange::address(&it.sender.office.register, to, &report.units[0], &sources).expect("allowed");
        it.store.seal(&mut Sealer::new(), &it.sender, &it.receiver, &letter, 0, &sources)
    });
    let sealed = sealed.await.expect("sealed")?;
    world.store.accept(&world.sender, sealed).await
}

async fn connection(data: &Path, masters: &MasterKeys) -> SqliteConnection {
    let key = store::database_key(data, masters).expect("key");
    SqliteConnectOptions::new()
        .filename(store::database_path(data))
        .pragma("key", key.to_string())
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
        .connect()
        .await
        .expect("connected")
}

/// So many boxes under the wrapping key: seeds of one account that does not exist.
async fn fill(data: &Path, masters: &MasterKeys, boxes: u64) {
    const ACCOUNT: &str = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    const INSERT_ACCOUNT: &str = "
        INSERT INTO account (account_id, login_index, login_sealed, name_sealed, kana_sealed, person_index, side, profile,
                             state, created_at)
        VALUES ($1, 'x', x'', x'', x'', 'x', 'office', 'x', 'closed', '2026-01-01T00:00:00.000Z')";
    const INSERT: &str = "
        INSERT INTO factor (factor_id, account_id, kind, label_sealed, secret_sealed, state, created_at)
        VALUES ($1, $2, 'totp', x'', $3, 'removed', '2026-01-01T00:00:00.000Z')";
    let mut c = connection(data, masters).await;
    let (version, wrapped): (i64, Vec<u8>) =
        sqlx::query_as("SELECT key_version, wrapped FROM working_key WHERE kind = 'wrapping'")
            .fetch_one(&mut c)
            .await
            .expect("there");
    let purpose = Purpose::WrappingKey { version: u32::try_from(version).expect("small") };
    let secret = masters.unwrap(&purpose, &wrapped).expect("unwrapped");
    let key = WorkingKey::from_bytes(&Zeroizing::new(secret.as_slice().try_into().expect("32 bytes")));
    sqlx::query(INSERT_ACCOUNT).bind(ACCOUNT).execute(&mut c).await.expect("inserted");
    for chunk in 0..boxes.div_ceil(10_000) {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut c).await.expect("begun");
        for at in chunk * 10_000..((chunk + 1) * 10_000).min(boxes) {
            let id = format!("{at:012}");
            let purpose = Purpose::AccountSecret { account: ACCOUNT, kind: &id };
            let wrapped = key.wrap(&purpose, &[7; 20], &mut rand::rng()).expect("wrapped");
            sqlx::query(INSERT).bind(id).bind(ACCOUNT).bind(wrapped).execute(&mut c).await.expect("inserted");
        }
        sqlx::query("COMMIT").execute(&mut c).await.expect("committed");
    }
    c.close().await.expect("closed");
}

async fn world(data: &Path) -> World {
    let clock = Arc::new(Ahead::default());
    let masters = MasterKeys::from(MasterKey::from_bytes(&[9; 32].into()));
    let store = Store::create(data, masters.clone(), Arc::clone(&clock) as Arc<dyn Clock>).await.expect("created");
    let (_, types) = sample::types_for(UnitKind::Schedule);
    let mut offices = Vec::new();
    for number in [A, B] {
        let new = NewOffice {
            number: number.parse().expect("number"),
            name: format!("架空の事業所 {number}"),
            service_types: [types, "43".parse().expect("type"), "11".parse().expect("type")].into(),
        };
        match store.add_office(new).await.expect("added") {
            OfficeAdded::Done(office) => offices.push(office),
            other => panic!("{other:?}"),
        }
    }
    let sender = desk(&store, data, &masters).await;
    World {
        store: Arc::new(store),
        sender,
        receiver: offices.remove(1),
        clock,
        masters,
        serial: AtomicU64::default(),
        sent: AtomicU64::default(),
        failed: AtomicU64::default(),
        sending: AtomicBool::new(true),
        rotating: AtomicBool::default(),
    }
}

async fn desk(store: &Store, data: &Path, masters: &MasterKeys) -> Asker {
    let name = |name| OperatorName::at_terminal(name).expect("a name");
    let new = NewEnrolment {
        office: A.parse().expect("number"),
        label: "受付".to_owned(),
        evidence: "見本".to_owned(),
        evidence_digest: None,
        scopes: None,
    };
    let requested = store.request_enrolment(new, &name("ichiro")).await.expect("asked");
    let Requested::Done(request) = requested else { panic!("{requested:?}") };
    let approval = store.approve_enrolment(request, &name("jiro")).await.expect("agreed");
    let Approval::Code(code) = approval else { panic!("{approval:?}") };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).expect("request").pem().expect("PEM");
    let here: IpAddr = "192.0.2.7".parse().expect("address");
    let enrolled = store.enrol(&code.code, &request, here).await.expect("enrolled");
    assert!(matches!(enrolled, Enrolment::Done(_)));
    let mut c = connection(data, masters).await;
    let digest: String =
        sqlx::query_scalar("SELECT certificate_digest FROM certificate").fetch_one(&mut c).await.expect("there");
    c.close().await.expect("closed");
    store.asker(&digest, here).await.expect("asked").expect("known")
}
