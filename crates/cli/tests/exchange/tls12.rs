//! TLS 1.2, for those who cannot do better, until a day (R5.3, R5.5).

use crate::inside::{Card, Inside};
use crate::world::officer;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _, Zoned};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{NewTls12Exception, Tls12Allowed};
use web::tls::ServerIdentity;

const A: &str = "0300000001";
const B: &str = "0300000002";
const LOOKS: Duration = Duration::from_millis(100);

fn today() -> Date {
    Zoned::now().with_time_zone(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date()
}

async fn allow(inside: &Inside, number: &str, until: Date) -> Tls12Allowed {
    let new = NewTls12Exception {
        office: number.parse().unwrap(),
        reason: "基幹ソフトの更新が来年度のため".to_owned(),
        ends_on: until,
    };
    inside.store.allow_tls12(new, &officer("sato"), &officer("suzuki")).await.unwrap()
}

/// What `openssl s_client` got from the door for exceptions.
fn ask(inside: &Inside, card: &Card, args: &[&str]) -> String {
    use std::io::Write as _;
    let folder = inside.folder.path();
    fs::write(folder.join("card.pem"), format!("{}{}", card.certificate, card.key)).unwrap();
    let mut child = Command::new("openssl")
        .current_dir(folder)
        .args(["s_client", "-ign_eof", "-tls1_2", "-cert", "card.pem", "-key", "card.pem"])
        .args(["-connect", &format!("127.0.0.1:{}", inside.tls12)])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let request = b"GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let _ = child.stdin.take().unwrap().write_all(request);
    let output = child.wait_with_output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn is_served(inside: &Inside, card: &Card, args: &[&'static str]) -> bool {
    let (copy, args) = (card.clone(), args.to_vec());
    let said = tokio::task::block_in_place(|| ask(inside, &copy, &args));
    said.contains("HTTP/1.1 200")
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_3_an_office_without_an_exception_is_refused() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    inside.office(B).await;
    let (a, b) = (inside.device(A, "受付").await, inside.device(B, "受付").await);
    assert!(matches!(allow(&inside, A, today().checked_add(30.days()).unwrap()).await, Tls12Allowed::Done(_)));
    inside.until(async || is_served(&inside, &a, &[]).await.then_some(())).await;
    // Known to the node by now; still not the other office's.
    assert!(!is_served(&inside, &b, &[]).await);
    // And not at the other doors, whoever it is.
    let said =
        tokio::task::block_in_place(|| ask(&inside, &a, &["-connect", &format!("127.0.0.1:{}", inside.exchange)]));
    assert!(!said.contains("HTTP/1.1"), "{said}");
    // TLS 1.3 is not spoken here: this door is for those who cannot.
    assert!(!is_served(&inside, &a, &["-no_tls1_2", "-tls1_3"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_3_an_exception_ends_by_itself_and_the_office_is_told() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    allow(&inside, A, today()).await;
    inside.until(async || is_served(&inside, &card, &[]).await.then_some(())).await;
    inside.clock.advance(SignedDuration::from_hours(25));
    // At once at the handshake and at requests, before any look.
    assert!(!is_served(&inside, &card, &[]).await);
    inside.until(async || inside.get(&card, "/api/v1/openapi.json").await.ok()).await.0.done();
    assert!(!is_served(&inside, &card, &[]).await, "TLS 1.3 works, TLS 1.2 does not");
    let (notice, _) = inside.until(async || inside.notices(&card).await.into_iter().next()).await;
    assert_eq!(notice["kind"], "tls12-end");
    let exceptions = inside.store.tls12_exceptions().await.unwrap();
    assert!(!exceptions[0].in_force && exceptions[0].ended_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_3_a_request_on_an_open_connection_is_refused_after_the_end() {
    let inside = Inside::open(Duration::from_secs(3_600)).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    let digest = exchange::Digest::of_file(&CertificateDer::from_pem_slice(card.certificate.as_bytes()).unwrap());
    allow(&inside, A, today()).await;
    let asker = inside.store.asker(&digest.to_string(), crate::inside::HERE).await.unwrap().unwrap();
    assert!(inside.store.may_use_tls12(&asker).await.unwrap());
    inside.clock.advance(SignedDuration::from_hours(25));
    assert!(!inside.store.may_use_tls12(&asker).await.unwrap());
}

#[tokio::test]
async fn r5_3_an_exception_needs_a_reason_an_end_and_two_people() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let new =
        |reason: &str, ends_on| NewTls12Exception { office: A.parse().unwrap(), reason: reason.to_owned(), ends_on };
    let ask = async |new, by, approved| inside.store.allow_tls12(new, &officer(by), &officer(approved)).await.unwrap();
    let later = |days: i32| today().checked_add(days.days()).unwrap();
    assert_eq!(ask(new(" ", later(9)), "sato", "suzuki").await, Tls12Allowed::NoReason);
    assert_eq!(ask(new("理由", later(-1)), "sato", "suzuki").await, Tls12Allowed::BadDate);
    assert_eq!(ask(new("理由", later(400)), "sato", "suzuki").await, Tls12Allowed::BadDate);
    assert_eq!(ask(new("理由", later(9)), "sato", "Sato").await, Tls12Allowed::OwnRequest);
    assert!(inside.store.tls12_exceptions().await.unwrap().is_empty());
    assert!(matches!(ask(new("理由", later(9)), "sato", "suzuki").await, Tls12Allowed::Done(_)));
    assert!(inside.store.end_tls12(A.parse().unwrap(), &officer("sato")).await.unwrap());
    assert!(!inside.store.tls12_exceptions().await.unwrap()[0].in_force);
}

/// A certificate with an RSA key for the server, from an authority of its own.
fn rsa_identity(folder: &Path) -> ServerIdentity {
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").current_dir(folder).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "rsa.key",
        "-out",
        "rsa.pem",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]);
    ServerIdentity {
        chain: vec![CertificateDer::from_pem_file(folder.join("rsa.pem")).unwrap()],
        key: PrivateKeyDer::from_pem_file(folder.join("rsa.key")).unwrap(),
    }
}

/// Every suite of TLS 1.2 that openssl can be brought to offer, each alone.
fn every_suite() -> Vec<String> {
    let output = Command::new("openssl").args(["ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]).output();
    let listed = String::from_utf8(output.unwrap().stdout).unwrap();
    listed.trim().split(':').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_5_of_all_suites_of_tls_1_2_exactly_six_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let mut accepted = Vec::new();
    let suites = every_suite();
    assert!(suites.len() > 50, "{suites:?}");
    for identity in [None, Some(rsa_identity(folder.path()))] {
        let inside = Inside::showing(LOOKS, identity).await;
        inside.office(A).await;
        let card = inside.device(A, "受付").await;
        allow(&inside, A, today()).await;
        inside.until(async || is_served(&inside, &card, &[]).await.then_some(())).await;
        for suite in &suites {
            let alone = format!("{suite}:@SECLEVEL=0");
            let said = tokio::task::block_in_place(|| ask(&inside, &card, &["-cipher", &alone]));
            if said.contains("HTTP/1.1 200") {
                accepted.push(suite.clone());
            }
        }
    }
    accepted.sort();
    assert_eq!(
        accepted,
        [
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-RSA-CHACHA20-POLY1305",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_5_without_the_extended_master_secret_or_by_renegotiation_nothing_is_served() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    allow(&inside, A, today()).await;
    inside.until(async || is_served(&inside, &card, &[]).await.then_some(())).await;
    let said = tokio::task::block_in_place(|| ask(&inside, &card, &[]));
    assert!(said.contains("Extended master secret: yes"), "{said}");
    // openssl has no option for it; its configuration has.
    let settings =
        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nOptions = -ExtendedMasterSecret\n";
    fs::write(inside.folder.path().join("openssl.cnf"), settings).unwrap();
    let said = types(&inside, Some("openssl.cnf"), b"");
    assert!(said.contains("alert handshake failure") || said.contains("alert illegal parameter"), "{said}");
    // "R" on a line of its own asks openssl to renegotiate; what is asked after it gets no answer.
    let said = types(&inside, None, b"R\nGET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(said.contains("RENEGOTIATING") && !said.contains("HTTP/1.1 200"), "{said}");
}

/// What `openssl s_client` says when somebody types this and waits a little.
fn types(inside: &Inside, settings: Option<&str>, typed: &[u8]) -> String {
    use std::io::Write as _;
    let mut openssl = Command::new("timeout");
    openssl
        .current_dir(inside.folder.path())
        .args(["5", "openssl", "s_client", "-tls1_2", "-cert", "card.pem", "-key", "card.pem"])
        .args(["-connect", &format!("127.0.0.1:{}", inside.tls12)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(settings) = settings {
        openssl.env("OPENSSL_CONF", inside.folder.path().join(settings));
    }
    let mut child = openssl.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(typed);
    if typed.is_empty() {
        drop(stdin);
    }
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
