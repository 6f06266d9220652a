//! Whom our own client trusts (R7.1): a server of a trusted authority, by its name, now, with its intermediates, and nobody
//! else. To anybody else it does not say a word.

use crate::server::BINARY;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

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
    let said = server.await.unwrap();
    (said, String::from_utf8(output.stderr).unwrap(), output.status.code())
}

fn enrol(folder: &Path, authority: Option<&Path>, port: u16) -> Command {
    let mut command = Command::new(BINARY);
    let url = format!("https://localhost:{port}");
    command.args(["device", "enrol", "--enrolment", &url, "--code", "AAAA-BBBB-CCCC-DDDD", "--device"]);
    command.arg(folder.join(format!("device-{port}")));
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
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let root_key = KeyPair::generate().unwrap();
        let root = authority("架空のルート");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let between_key = KeyPair::generate().unwrap();
        let between = authority("架空の中間");
        let certificate = between.signed_by(&between_key, &Issuer::new(root, root_key)).unwrap();
        Self { root: root_pem, between: certificate.der().clone(), issuer: Issuer::new(between, between_key) }
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
