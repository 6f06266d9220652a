//! Who may speak at all (R5.1–R5.8): refused means before any application byte.

use crate::device::certificate_request;
use crate::server::Server;
use crate::wire::{Card, ask, config, config_of, connect, raw};
use crate::world::{Exchange, StoppedClock, World, shared_world};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::{CipherSuite, HandshakeKind, NamedGroup};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use store::Enrolment;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const ASK: &[u8] = b"GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn world() -> &'static World {
    shared_world!()
}

/// Not one byte of an answer, and the alert that says why.
async fn assert_refused(world: &World, card: Option<Card<'_>>, request: &[u8], alert: &str) {
    let config = Arc::new(config(default_provider(), world.exchange.authority(), card));
    let (answer, failure) = ask(&config, world.server.port(), request).await;
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    assert!(failure.contains(alert), "{failure:?} instead of {alert}");
}

/// A certificate that the exchange's own authority gave at another time.
async fn certificate_from(exchange: &Exchange, age: SignedDuration) -> (String, String) {
    let store = exchange.operator_at(Arc::new(StoppedClock(Timestamp::now() - age))).await;
    let (_, code) = exchange.add_office(&store, &["43"]).await;
    let (key, request) = certificate_request();
    let enrolment = store.enrol(&code, &request, [127, 0, 0, 1].into()).await.unwrap();
    store.close().await;
    let Enrolment::Done(device) = enrolment else { panic!("{enrolment:?}") };
    (device.certificate_pem, key.serialize_pem())
}

#[tokio::test]
async fn nobody_speaks_without_a_certificate() {
    assert_refused(world().await, None, ASK, "CertificateRequired").await;
}

#[tokio::test]
async fn a_header_that_claims_a_certificate_proves_nothing() {
    let world = world().await;
    let device = world.offices().await.sender;
    let claim = device.certificate.replace('\n', " ");
    let request = format!("GET /api/v1/received HTTP/1.1\r\nhost: localhost\r\nX-Client-Cert: {claim}\r\n\r\n");
    assert_refused(world, None, request.as_bytes(), "CertificateRequired").await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let world = world().await;
    let (_, ours) = x509_parser::pem::parse_x509_pem(world.exchange.authority().as_bytes()).unwrap();
    let subject = ours.parse_x509().unwrap().subject().iter_common_name().next().unwrap().as_str().unwrap().to_owned();
    // Whoever takes our name still lacks our key.
    refuses_authority(world, &subject, "DecryptError").await;
    refuses_authority(world, "another authority", "UnknownCA").await;
}

async fn refuses_authority(world: &World, name: &str, alert: &str) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name = DistinguishedName::new();
    authority.distinguished_name.push(DnType::CommonName, name);
    let issuer = Issuer::new(authority, key);
    let leaf_key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, "0300000001");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap().pem();
    assert_refused(world, Some((&leaf, &leaf_key.serialize_pem())), ASK, alert).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let world = world().await;
    let (certificate, key) = certificate_from(&world.exchange, SignedDuration::from_hours(24 * 200)).await;
    assert_refused(world, Some((&certificate, &key)), ASK, "CertificateExpired").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    let world = world().await;
    let (certificate, key) = certificate_from(&world.exchange, SignedDuration::from_hours(-24 * 30)).await;
    // TLS has one alert for "not within its time", both ways.
    assert_refused(world, Some((&certificate, &key)), ASK, "Certificate").await;
}

#[tokio::test]
async fn a_certificate_for_servers_is_refused() {
    let world = world().await;
    let store = world.exchange.operator().await;
    let issued = store.issue_server_certificate(&["localhost".to_owned()]).await.unwrap().unwrap();
    store.close().await;
    let pem = |label, der: &[u8]| {
        use base64::Engine as _;
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            base64::engine::general_purpose::STANDARD.encode(der)
        )
    };
    let (certificate, key) = (pem("CERTIFICATE", &issued.certificate), pem("PRIVATE KEY", &issued.key));
    assert_refused(world, Some((&certificate, &key)), ASK, "Certificate").await;
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_refused() {
    let world = world().await;
    let device = world.offices().await.sender;
    let other = KeyPair::generate().unwrap().serialize_pem();
    // rustls will not even pair them; openssl does not mind being told so.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("certificate.pem"), &device.certificate).unwrap();
    std::fs::write(folder.path().join("key.pem"), other).unwrap();
    let output = s_client(&world.server, folder.path(), &["-cert", "certificate.pem", "-key", "key.pem"]);
    assert!(!output.contains("HTTP/1.1"), "{output}");
}

/// The first message of a client that knows no TLS above `version`.
fn client_hello(version: u8) -> Vec<u8> {
    let mut hello = vec![0x03, version];
    hello.extend([7; 32]);
    hello.extend([0, 0, 6, 0xc0, 0x2c, 0xc0, 0x2f, 0xc0, 0x0a, 1, 0]);
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    hello.extend([0, extensions.len() as u8]);
    hello.extend(extensions);
    let mut record = vec![22, 3, 1, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    record.extend(hello);
    record
}

#[tokio::test]
async fn older_tls_is_refused_at_both_doors() {
    const ALERT: u8 = 21;
    const PROTOCOL_VERSION: u8 = 70;
    let world = world().await;
    for port in [world.server.port(), world.server.enrolment_port()] {
        for version in [0, 1, 2, 3] {
            let answer = raw(port, &client_hello(version)).await;
            assert_eq!(answer.first(), Some(&ALERT), "SSL 3.{version}: {answer:?}");
            assert_eq!((answer.len(), answer[6]), (7, PROTOCOL_VERSION), "SSL 3.{version}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn plain_http_gets_no_answer() {
    let world = world().await;
    for port in [world.server.port(), world.server.enrolment_port()] {
        let answer = raw(port, ASK).await;
        assert!(!answer.starts_with(b"HTTP") && answer.len() <= 7, "{answer:?}");
    }
}

/// What a client that offers this much agrees on with the server.
async fn agreed(provider: CryptoProvider) -> (NamedGroup, CipherSuite) {
    let world = world().await;
    let device = world.offices().await.sender;
    let config = Arc::new(config(provider, &device.authority, Some((&device.certificate, &device.key))));
    let mut stream = connect(&config, world.server.port()).await.unwrap();
    stream.write_all(ASK).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let connection = stream.get_ref().1;
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    (group, connection.negotiated_cipher_suite().unwrap().suite())
}

#[tokio::test]
async fn a_client_that_offers_everything_gets_the_hybrid_group_and_aes_256() {
    assert_eq!(agreed(default_provider()).await, (NamedGroup::X25519MLKEM768, CipherSuite::TLS13_AES_256_GCM_SHA384));
}

#[tokio::test]
async fn the_server_prefers_aes_256_whatever_the_client_prefers() {
    let cipher_suites = vec![
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
    ];
    let provider = CryptoProvider { cipher_suites, ..default_provider() };
    assert_eq!(agreed(provider).await.1, CipherSuite::TLS13_AES_256_GCM_SHA384);
}

#[tokio::test]
async fn a_client_that_offers_only_p256_is_served() {
    let provider = CryptoProvider { kx_groups: vec![kx_group::SECP256R1], ..default_provider() };
    assert_eq!(agreed(provider).await.0, NamedGroup::secp256r1);
}

/// Output of `openssl s_client` that asks for a page.
fn s_client(server: &Server, folder: &std::path::Path, args: &[&str]) -> String {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .current_dir(folder)
        .args(["s_client", "-ign_eof", "-connect", &format!("127.0.0.1:{}", server.port())])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Refused before it could ask: then there is nobody to write to.
    let _ = child.stdin.take().unwrap().write_all(ASK);
    let output = child.wait_with_output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn groups_and_suites_outside_the_policy_are_refused() {
    let world = world().await;
    let device = world.offices().await.sender;
    let folder = tempfile::tempdir().unwrap();
    device.write_folder(folder.path());
    let card = ["-cert", "certificate.pem", "-key", "key.pem"];
    let good = s_client(&world.server, folder.path(), &[&card[..], &["-groups", "P-384"]].concat());
    assert!(good.contains("HTTP/1.1 200"), "the test itself must be able to succeed: {good}");
    for refused in [
        ["-groups", "P-521"],
        ["-groups", "X448"],
        ["-groups", "ffdhe2048"],
        ["-ciphersuites", "TLS_AES_128_CCM_8_SHA256"],
        ["-ciphersuites", "TLS_AES_128_CCM_SHA256"],
    ] {
        let output = s_client(&world.server, folder.path(), &[&card[..], &refused[..]].concat());
        assert!(output.contains("handshake failure") && !output.contains("HTTP/1.1"), "{refused:?}: {output}");
    }
}

#[tokio::test]
async fn no_session_is_ever_resumed() {
    let world = world().await;
    let config = Arc::new(config_of(&world.offices().await.sender));
    for _ in 0..3 {
        let mut stream = connect(&config, world.server.port()).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        // To the end, so that a ticket would have been seen.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        let connection = stream.get_ref().1;
        assert_ne!(connection.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(connection.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn r5_11_what_was_negotiated_is_logged_for_each_connection() {
    let world = world().await;
    let device = world.offices().await.sender;
    device.get("/api/v1/received").await.done();
    let (_, pem) = x509_parser::pem::parse_x509_pem(device.certificate.as_bytes()).unwrap();
    let serial: String = pem.parse_x509().unwrap().raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
    let log = std::fs::read_to_string(&world.server.log).unwrap();
    let line = log.lines().find(|line| line.contains(&serial)).unwrap_or_else(|| panic!("{log}"));
    for part in ["tls", "connected", "TLSv1_3", "TLS13_AES_256_GCM_SHA384", "X25519MLKEM768", "ECDSA_NISTP256_SHA256"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains("127.0.0.1") && !line.contains(&device.number), "{line}");
}

#[tokio::test]
async fn answers_on_an_open_connection_come_at_once() {
    // Small answers that wait for the peer's delayed acknowledgement take some 40 ms each, all of them.
    let world = world().await;
    let device = world.offices().await.sender.second_client();
    let mut times = Vec::new();
    for _ in 0..31 {
        let start = Instant::now();
        device.get("/api/v1/received").await.done();
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times[15].as_millis() < 35, "{times:?}");
}

#[tokio::test]
async fn enrolment_cannot_reach_anything_else() {
    let world = world().await;
    let http = crate::device::builder(world.exchange.authority()).build().unwrap();
    for path in ["/api/v1/received", "/api/v1/openapi.json", "/enrol/../api/v1/received"] {
        let response = http.get(format!("{}{path}", world.server.enrolment_url)).send().await.unwrap();
        crate::answer::Answer::read(response).await.problem(404, "H12");
    }
}

#[tokio::test]
async fn the_enrolment_page_needs_only_its_own_files_and_knows_no_office() {
    let world = world().await;
    let office = world.offices().await.sender.number;
    let http = crate::device::builder(world.exchange.authority()).build().unwrap();
    let get = async |path: &str| {
        let response = http.get(format!("{}{path}", world.server.enrolment_url)).send().await.unwrap();
        crate::answer::Answer::read(response).await.done()
    };
    let page = get("/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; connect-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = String::from_utf8(page.body).unwrap();
    assert!(!text.contains(&office) && !text.contains("style=") && !text.contains("onclick"));
    let named = |text: &str, before: &str| -> Vec<String> {
        text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let mut files = [named(&text, "src=\""), named(&text, "href=\"")].concat();
    // The way home is the page itself, and so is the way to its text.
    files.retain(|file| file != "/" && !file.starts_with('#'));
    assert!(!files.is_empty());
    while let Some(file) = files.pop() {
        assert!(file.starts_with('/'), "{file} is from elsewhere");
        let answer = get(&file).await;
        let kind = answer.headers["content-type"].to_str().unwrap();
        match file.rsplit('.').next().unwrap() {
            "mjs" => {
                assert_eq!(kind, "text/javascript; charset=utf-8");
                let imports = named(&String::from_utf8(answer.body).unwrap(), "from \"./");
                files.extend(imports.into_iter().map(|file| format!("/{file}")));
            }
            "css" => assert_eq!(kind, "text/css; charset=utf-8"),
            other => assert_eq!((other, kind), ("svg", "image/svg+xml")),
        }
    }
}

#[test]
fn the_first_message_of_an_old_client_is_well_formed() {
    let hello = client_hello(3);
    assert_eq!(usize::from(hello[4]), hello.len() - 5);
    assert_eq!(usize::from(hello[8]), hello.len() - 9);
}
