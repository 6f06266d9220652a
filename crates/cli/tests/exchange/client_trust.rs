//! Whom our own client trusts (R7.1): a server of a trusted authority, by its name, now, with its intermediates, and nobody
//! else. To anybody else it does not say a word.

use crate::server::BINARY;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The serial of the authority in between, and of a server's certificate that is looked for in lists.
const BETWEEN: u64 = 77;
const SERVER: u64 = 1_234;

struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// What a client says to a server that shows this: bytes of the application, and how the client ended.
async fn heard(shown: Shown, arguments: impl FnOnce(u16) -> Command) -> (Vec<u8>, String, Option<i32>) {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(shown.key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(shown.chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let mut said = Vec::new();
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let mut some = [0; 1024];
            if let Ok(read) = stream.read(&mut some).await {
                said.extend_from_slice(&some[..read]);
            }
        }
        said
    });
    let mut client = arguments(port);
    let output = tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap();
    // A client that never came leaves the server waiting: this one is of ours, and says nothing. Where one came, nobody
    // listens any more.
    drop(tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await);
    let said = server.await.unwrap();
    (said, String::from_utf8(output.stderr).unwrap(), output.status.code())
}

fn enrol(folder: &Path, authority: Option<&Path>, port: u16) -> Command {
    enrol_with(folder, authority, port, &[])
}

/// With lists of revoked certificates.
fn enrol_with(folder: &Path, authority: Option<&Path>, port: u16, lists: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let url = format!("https://localhost:{port}");
    command.args(["device", "enrol", "--enrolment", &url, "--code", "AAAA-BBBB-CCCC-DDDD", "--device"]);
    command.arg(folder.join(format!("device-{port}")));
    command.args(lists.iter().flat_map(|list| ["--server-crl", list]));
    match authority {
        Some(file) => command.arg("--authority").arg(file),
        // As the machine trusts.
        None => command.env("SSL_CERT_FILE", folder.join("roots.pem")),
    };
    command
}

struct Pki {
    root: String,
    between: CertificateDer<'static>,
    root_issuer: Issuer<'static, KeyPair>,
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let root_key = KeyPair::generate().unwrap();
        let root = authority("架空のルート");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let root_issuer = Issuer::new(root, root_key);
        let between_key = KeyPair::generate().unwrap();
        let mut between = authority("架空の中間");
        between.serial_number = Some(SerialNumber::from(BETWEEN));
        let certificate = between.signed_by(&between_key, &root_issuer).unwrap();
        let issuer = Issuer::new(between, between_key);
        Self { root: root_pem, between: certificate.der().clone(), root_issuer, issuer }
    }

    /// What both authorities have revoked, good for a day from `from` on; the leaf's own list and that of the root, as PEM.
    fn lists(&self, revoked: &[u64], revoked_between: &[u64], from: time::OffsetDateTime) -> String {
        let list = |issuer: &Issuer<'_, KeyPair>, revoked: &[u64]| {
            let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: from,
                reason_code: None,
                invalidity_date: None,
            });
            let params = CertificateRevocationListParams {
                this_update: from,
                next_update: from + time::Duration::days(1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs: revoked_certs.collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(issuer).unwrap().pem().unwrap()
        };
        format!("{}{}", list(&self.issuer, revoked), list(&self.root_issuer, revoked_between))
    }

    fn shown(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Shown { chain: vec![leaf.der().clone(), self.between.clone()], key }
    }
}

#[tokio::test]
async fn r7_1_our_client_says_nothing_to_a_server_that_is_not_proven() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::new();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, &pki.root).unwrap();
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        Shown { chain: vec![leaf.der().clone()], key }
    };
    let incomplete = {
        let mut shown = pki.shown("localhost", |_| {});
        shown.chain.truncate(1);
        shown
    };
    let over = pki.shown("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let not_yet = pki.shown("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2120, 1, 1);
        params.not_after = rcgen::date_time_ymd(2121, 1, 1);
    });
    let for_clients = pki.shown("localhost", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let bad = [
        ("self-signed", self_signed),
        ("another name", pki.shown("exchange.example", |_| {})),
        ("over", over),
        ("not yet", not_yet),
        ("no intermediate", incomplete),
        ("for clients", for_clients),
        ("another authority", Pki::new().shown("localhost", |_| {})),
    ];
    for (what, shown) in bad {
        let (said, complaint, code) = heard(shown, |port| enrol(folder.path(), None, port)).await;
        assert!(said.is_empty(), "{what}: {} bytes were said", said.len());
        assert!(code == Some(2) && complaint.contains("→"), "{what}: {complaint}");
    }
    // To a good one it speaks, whether the machine trusts it or the device was given its authority.
    for authority in [None, Some(roots.as_path())] {
        let shown = pki.shown("localhost", |_| {});
        let (said, ..) = heard(shown, |port| enrol(folder.path(), authority, port)).await;
        assert!(!said.is_empty());
    }
    // An authority that was given counts alone, beside the machine's nothing.
    let (said, ..) =
        heard(Pki::new().shown("localhost", |_| {}), |port| enrol(folder.path(), Some(&roots), port)).await;
    assert!(said.is_empty());
}

/// Nothing that is shipped can switch the checks off, by an option or by code.
#[test]
fn r7_1_no_source_goes_around_the_checks() {
    const WAYS_AROUND: [&str; 7] = [
        "danger_accept",
        "tls_danger",
        "dangerous()",
        "with_custom_certificate_verifier",
        "set_certificate_verifier",
        "verify_peer(false",
        "--insecure",
    ];
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut left, mut looked) = (vec![crates.to_path_buf()], 0);
    while let Some(folder) = left.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let tests = path.file_name().is_some_and(|name| name == "tests" || name == "target");
            match path.is_dir() {
                true if !tests => left.push(path),
                false if path.extension().is_some_and(|extension| extension == "rs") => {
                    let text = fs::read_to_string(&path).unwrap();
                    let found: Vec<_> = WAYS_AROUND.iter().filter(|way| text.contains(**way)).collect();
                    assert!(found.is_empty(), "{}: {found:?}", path.display());
                    looked += 1;
                }
                _ => {}
            }
        }
    }
    assert!(looked > 200, "{looked} files");
}

/// A place on this machine that hands out some bytes, to whoever asks, so many times.
fn place_of(bytes: Vec<u8>, times: usize) -> String {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(times) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /crl "));
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&bytes).unwrap();
        }
    });
    format!("http://127.0.0.1:{port}/crl")
}

#[tokio::test]
async fn r7_1_where_lists_of_revoked_certificates_are_named_our_client_speaks_to_nobody_it_cannot_clear() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::new();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, &pki.root).unwrap();
    let now = time::OffsetDateTime::now_utc() - time::Duration::hours(1);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let shown = || pki.shown("localhost", |params| params.serial_number = Some(SerialNumber::from(SERVER)));
    let clear = pki.lists(&[1, 2], &[3], now);
    let half = clear.split_inclusive("-----END X509 CRL-----\n").next().unwrap().to_owned();
    let bad = [
        ("revoked", file("revoked.pem", &pki.lists(&[SERVER], &[], now)), "失効しています"),
        ("its authority is revoked", file("between.pem", &pki.lists(&[], &[BETWEEN], now)), "失効しています"),
        ("of another authority", file("other.pem", &Pki::new().lists(&[], &[], now)), "確かめられません"),
        ("of one authority of two", file("half.pem", &half), "確かめられません"),
        ("over", file("over.pem", &pki.lists(&[], &[], now - time::Duration::days(3))), "確かめられません"),
        ("not yet", file("not-yet.pem", &pki.lists(&[], &[], now + time::Duration::days(3))), "確かめられません"),
        ("cut off", file("cut.pem", &clear[..clear.len() / 3]), "確かめられません"),
        ("no list at all", file("text.pem", "nothing"), "確かめられません"),
        ("not there", folder.path().join("nowhere").to_str().unwrap().to_owned(), "確かめられません"),
        ("nobody answers", "http://127.0.0.1:9/crl".to_owned(), "確かめられません"),
        ("revoked, from an address", place_of(pki.lists(&[SERVER], &[], now).into_bytes(), 2), "失効しています"),
    ];
    for authority in [None, Some(roots.as_path())] {
        for (what, list, words) in &bad {
            let (said, complaint, code) =
                heard(shown(), |port| enrol_with(folder.path(), authority, port, &[list])).await;
            assert!(said.is_empty(), "{what}: {} bytes were said", said.len());
            assert!(code == Some(2) && complaint.contains(words) && complaint.contains("→"), "{what}: {complaint}");
        }
        // To one that is cleared it speaks, whether the lists lie here or at an address.
        for list in [file("clear.pem", &clear), place_of(clear.clone().into_bytes(), 1)] {
            let (said, complaint, _) =
                heard(shown(), |port| enrol_with(folder.path(), authority, port, &[&list])).await;
            assert!(!said.is_empty(), "{complaint}");
        }
    }
}
