//! A server knocks at its own doors, and finds the one that somebody changed (R5.11).

use crate::browser::Browser;
use crate::device::Device;
use crate::inside::{Card, HERE, Inside};
use crate::server::BINARY;
use crate::world::World;
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use ledger::self_scan::{Check, ScanReport};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::ScanState;
use web::self_scan::{DoorAt, DoorKind, scan, scan_and_record};

const LOOKS: Duration = Duration::from_millis(100);

fn at(kind: DoorKind, port: u16) -> DoorAt {
    DoorAt { kind, address: SocketAddr::new(HERE, port) }
}

fn doors(inside: &Inside) -> [DoorAt; 3] {
    [
        at(DoorKind::Exchange, inside.exchange),
        at(DoorKind::Enrolment, inside.enrolment),
        at(DoorKind::Tls12, inside.tls12),
    ]
}

fn wrong(report: &ScanReport) -> Vec<(&str, &Check)> {
    report
        .doors
        .iter()
        .flat_map(|door| door.checks.iter().map(move |check| (door.door.as_str(), check)))
        .filter(|(_, check)| !check.sound)
        .collect()
}

/// A door that somebody changed by hand: openssl's server, which speaks whatever it is told to.
struct Changed {
    child: Child,
    port: u16,
}

impl Changed {
    fn open(folder: &std::path::Path, args: &[&str]) -> Self {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-keyout", "changed.key", "-out", "changed.pem"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new("openssl")
            .current_dir(folder)
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-quiet"])
            .args(["-cert", "changed.pem", "-key", "changed.key"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect((HERE, port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port }
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_11_every_door_as_it_should_be_passes() {
    let inside = Inside::open(LOOKS).await;
    let report = scan(&doors(&inside), Timestamp::now).await;
    assert!(wrong(&report).is_empty(), "{:#?}", wrong(&report));
    for door in &report.doors {
        assert!(door.checks.len() >= 16, "{}: {:#?}", door.door, door.checks);
    }
    let found = |door: usize, id: &str| {
        let check = report.doors[door].checks.iter().find(|check| check.id == id);
        check.unwrap_or_else(|| panic!("{id} was not tried at {door}")).found.clone()
    };
    assert_eq!(found(0, "client-certificate"), "asked");
    assert_eq!(found(0, "entry-without-certificate"), "refused: certificate_required");
    assert_eq!(
        (found(1, "client-certificate"), found(1, "entry-without-certificate")),
        ("not asked".into(), "let in".into())
    );
    assert!(found(2, "suites-own").contains("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"));
    assert_eq!(found(0, "version-tls1.2"), "refused: protocol_version");
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_11_a_door_that_takes_cbc_is_found() {
    let inside = Inside::open(LOOKS).await;
    let changed = tokio::task::block_in_place(|| {
        Changed::open(inside.folder.path(), &["-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-Verify", "1"])
    });
    let doors = [at(DoorKind::Exchange, inside.exchange), at(DoorKind::Tls12, changed.port)];
    let kept = scan_and_record(&inside.store, &doors).await.unwrap();
    let found = wrong(&kept.report);
    let cbc = found.iter().find(|(_, check)| check.id == "suites-others").expect("found");
    assert!(cbc.0 == "tls12" && cbc.1.found.contains("_CBC_"), "{cbc:?}");
    assert!(found.iter().all(|(door, _)| *door == "tls12"), "{found:#?}");
    assert_eq!(inside.store.scan_state().await.unwrap(), ScanState::Failed);
    // Left alone again: the next scan of the same doors is sound only when the door is.
    drop(changed);
    let kept = scan_and_record(&inside.store, &doors).await.unwrap();
    assert!(kept.deviations > 0, "a door that is gone does not pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_11_a_door_that_lets_in_without_certificate_or_speaks_tls_1_2_is_found() {
    let inside = Inside::open(LOOKS).await;
    // The enrolment door stands where the exchange's should: nobody is asked for a certificate there.
    let report = scan(&[at(DoorKind::Exchange, inside.enrolment)], Timestamp::now).await;
    let ids: Vec<_> = wrong(&report).iter().map(|(_, check)| check.id.clone()).collect();
    assert_eq!(ids, ["client-certificate", "entry-without-certificate"]);
    // The door for exceptions in the same place.
    let report = scan(&[at(DoorKind::Exchange, inside.tls12)], Timestamp::now).await;
    let ids: Vec<_> = wrong(&report).iter().map(|(_, check)| check.id.clone()).collect();
    assert!(ids.contains(&"version-tls1.2".to_owned()), "{ids:?}");
    // One that resumes sessions, and takes groups that are not ours.
    let changed = tokio::task::block_in_place(|| {
        Changed::open(inside.folder.path(), &["-tls1_3", "-groups", "X25519:P-256:P-521", "-Verify", "1"])
    });
    let report = scan(&[at(DoorKind::Exchange, changed.port)], Timestamp::now).await;
    let ids: Vec<_> = wrong(&report).iter().map(|(_, check)| check.id.clone()).collect();
    for id in ["groups-others", "groups-own"] {
        assert!(ids.contains(&id.to_owned()), "{id}: {ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_11_what_clients_agreed_on_reaches_the_next_report() {
    let inside = Inside::scanning(LOOKS).await;
    inside.office("0300000001").await;
    let card: Card = inside.device("0300000001", "受付").await;
    inside.until(async || inside.get(&card, "/api/v1/openapi.json").await.ok()).await.0.done();
    let taken = async || {
        let scans = inside.store.self_scans().await.unwrap();
        let agreed = scans.into_iter().flat_map(|scan| scan.report.negotiated);
        agreed.into_iter().find(|row| row.door == "exchange" && row.client_signature == "ECDSA_NISTP256_SHA256")
    };
    let (row, _) = inside.until(taken).await;
    assert!(row.approved && row.connections > 0, "{row:?}");
    assert_eq!((&*row.suite, &*row.group), ("TLS13_AES_256_GCM_SHA384", "X25519MLKEM768"));
}

#[tokio::test]
async fn r5_11_the_page_is_red_when_a_door_differs_and_when_nobody_looked_for_a_day() {
    let world = World::new().await;
    let device = Device::of_operator(&world).await;
    let member = world.exchange.member(&device, Role::Auditor).await;
    let browser: Browser = member.signs_in(&device).await;
    let page = async || browser.get("/operator/tls-scan").await.done().text();
    // The server looked as soon as it stood.
    let mut seen = page().await;
    for _ in 0..100 {
        if seen.contains("問題なし") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        seen = page().await;
    }
    assert!(seen.contains("<span class=\"state good\">問題なし</span>"), "{seen}");
    assert!(!browser.get("/account").await.done().text().contains("窓口が、決められていない"));
    let id = seen.split("/operator/tls-scan/").nth(1).unwrap()[..36].to_owned();
    let file = browser.get(&format!("/operator/tls-scan/{id}")).await.done();
    assert_eq!(file.headers["content-type"], "application/json");
    let path = world.exchange.folder().join("scan.json");
    std::fs::write(&path, &file.body).unwrap();

    let store = world.exchange.operator().await;
    let key = store.certificate_public_key().await.unwrap().to_string();
    let mut report = store.self_scans().await.unwrap().remove(0).report;
    report.doors[0].checks[3].sound = false;
    store.record_self_scan(report).await.unwrap();
    store.close().await;
    let red = page().await;
    assert!(red.contains("<span class=\"state late\">違いがあります</span>"), "{red}");
    assert!(browser.get("/account").await.done().text().contains("窓口が、決められていない暗号方式で話しています"));

    let verify = |file: &std::path::Path| {
        let output = Command::new(BINARY).args(["tls", "verify"]).arg(file).args(["--key", &key]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verify(&path);
    assert!(code == Some(0) && said.contains("違い: 0 件"), "{said}");
    let text = String::from_utf8(file.body).unwrap().replace("127.0.0.1", "127.0.0.2");
    std::fs::write(&path, text).unwrap();
    assert_eq!(verify(&path).0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_11_a_report_of_yesterday_is_stale() {
    let inside = Inside::open(LOOKS).await;
    scan_and_record(&inside.store, &doors(&inside)).await.unwrap();
    assert_eq!(inside.store.scan_state().await.unwrap(), ScanState::Sound);
    inside.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(inside.store.scan_state().await.unwrap(), ScanState::Stale);
}
