//! What a server found at its own doors, kept and judged (R5.11).

use crate::world::World;
use fumibako_store::ScanState;
use jiff::SignedDuration;
use ledger::certificate::CertificatePublicKey;
use ledger::self_scan::{Check, DoorPolicy, Negotiated, SCAN_FORM, ScanError, ScanReport, ScannedDoor, SignedScan};

fn report(address: &str, sound: bool) -> ScanReport {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let policy = DoorPolicy {
        door: "exchange".to_owned(),
        version: "TLSv1_3".to_owned(),
        suites: list(&["TLS13_AES_256_GCM_SHA384"]),
        groups: list(&["X25519"]),
        signatures: list(&["ECDSA_NISTP256_SHA256"]),
        client_certificate: true,
    };
    let check = Check {
        id: "suites-others".to_owned(),
        clause: "R5.4".to_owned(),
        expected: "none".to_owned(),
        found: if sound { "none" } else { "TLS_RSA_WITH_AES_128_CBC_SHA" }.to_owned(),
        sound,
    };
    ScanReport {
        form: SCAN_FORM.to_owned(),
        scan: String::new(),
        edition: "TLS 暗号設定ガイドライン 3.1.1 (高セキュリティ型)".to_owned(),
        tool: "fumibako".to_owned(),
        tool_version: "0".to_owned(),
        began_at: String::new(),
        ended_at: String::new(),
        policies: vec![policy],
        doors: vec![ScannedDoor { door: "exchange".to_owned(), address: address.to_owned(), checks: vec![check] }],
        negotiated: Vec::new(),
    }
}

fn agreed(suite: &str, connections: u64) -> Negotiated {
    Negotiated {
        door: "exchange".to_owned(),
        version: "TLSv1_3".to_owned(),
        suite: suite.to_owned(),
        group: "X25519".to_owned(),
        signature: "ECDSA_NISTP256_SHA256".to_owned(),
        client_signature: "ECDSA_NISTP256_SHA256".to_owned(),
        connections,
        approved: false,
    }
}

#[tokio::test]
async fn r5_11_a_report_older_than_a_day_is_stale() {
    let world = World::new().await;
    assert_eq!(world.store.scan_state().await.expect("asked"), ScanState::Never);
    world.store.record_self_scan(report("127.0.0.1:1", true)).await.expect("recorded");
    world.later(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(world.store.scan_state().await.expect("asked"), ScanState::Sound);
    world.later(SignedDuration::from_secs(1));
    assert_eq!(world.store.scan_state().await.expect("asked"), ScanState::Stale);
    assert_eq!(world.store.self_scans().await.expect("listed").len(), 1, "the last one is still shown");
}

#[tokio::test]
async fn r5_11_what_one_node_found_is_not_hidden_by_another() {
    let world = World::new().await;
    world.store.record_self_scan(report("10.0.0.1:443", false)).await.expect("recorded");
    world.later(SignedDuration::from_mins(1));
    world.store.record_self_scan(report("10.0.0.2:443", true)).await.expect("recorded");
    assert_eq!(world.store.scan_state().await.expect("asked"), ScanState::Failed);
    assert_eq!(world.store.self_scans().await.expect("listed").len(), 2);
    world.later(SignedDuration::from_mins(1));
    world.store.record_self_scan(report("10.0.0.1:443", true)).await.expect("recorded");
    assert_eq!(world.store.scan_state().await.expect("asked"), ScanState::Sound, "put right");
}

#[tokio::test]
async fn r5_11_what_clients_agreed_on_is_counted_once_and_judged() {
    let world = World::new().await;
    let store = &world.store;
    store.add_negotiated(vec![agreed("TLS13_AES_256_GCM_SHA384", 2)]).await.expect("added");
    store.add_negotiated(vec![agreed("TLS13_AES_256_GCM_SHA384", 3)]).await.expect("added");
    let scan = store.record_self_scan(report("127.0.0.1:1", true)).await.expect("recorded");
    assert_eq!((scan.deviations, scan.report.negotiated.len()), (0, 1));
    assert_eq!((scan.report.negotiated[0].connections, scan.report.negotiated[0].approved), (5, true));
    store.add_negotiated(vec![agreed("TLS_RSA_WITH_AES_128_CBC_SHA", 1)]).await.expect("added");
    let scan = store.record_self_scan(report("127.0.0.1:1", true)).await.expect("recorded");
    assert_eq!((scan.deviations, scan.report.negotiated.len()), (1, 1));
    assert_eq!(store.scan_state().await.expect("asked"), ScanState::Failed);
    assert_eq!(world.entries_with(&["server.self-scan", "\"edition\":\"3.1.1\""]).await.len(), 2);
    assert_eq!(world.entries_with(&["server.self-scan", "deviation\"", "\"deviations\":1"]).await.len(), 1);
}

#[tokio::test]
async fn r5_11_a_report_is_signed_and_every_changed_byte_is_found() {
    let world = World::new().await;
    let scan = world.store.record_self_scan(report("127.0.0.1:1", false)).await.expect("recorded");
    let bytes = world.store.self_scan_document(scan.id).await.expect("made").expect("there");
    let key: CertificatePublicKey = world.store.certificate_public_key().await.expect("there");
    let signed = SignedScan::parse(&bytes).expect("ours");
    assert_eq!(signed.verify(&key), Ok(()));
    assert_eq!(signed.report.deviations(), 1);
    let mut found = 0;
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let sound = SignedScan::parse(&changed).and_then(|signed| signed.verify(&key));
        assert!(sound.is_err(), "byte {at}");
        found += 1;
    }
    assert!(found > 200, "{found}");
    let mut better = signed;
    better.report.doors[0].checks[0].sound = true;
    assert_eq!(better.verify(&key), Err(ScanError::Signature));
}
