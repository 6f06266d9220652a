//! Whose certificates count, and which are too weak to (R5.8, R7.1, R7.7, R7.8).

use crate::commands::{done, failed};
use crate::device::certificate_request;
use crate::inside::{Card, HERE, Inside};
use crate::server::Server;
use crate::world::{Exchange, World, officer};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use store::{
    Authority, Enrolment, Installed, NewOutsideAuthority, NewOutsideDevice, OfficeNumberIn, OutsideRegistration,
    OutsideTrusted,
};
use web::trust::{Anchor, Weakness, issuer_of, strength};

const A: &str = "0300000001";
const B: &str = "0300000002";
const LOOKS: Duration = Duration::from_millis(100);

fn name(organisation: Option<&str>, common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organisation) = organisation {
        name.push(DnType::OrganizationName, organisation);
    }
    name.push(DnType::CommonName, common);
    name
}

fn authority(common: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(Some("架空の交換所"), common);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(organisation: Option<&str>, common: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(organisation, common);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn openssl(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(folder).args(args).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

// R7.7: our own authority.

#[test]
fn r7_7_what_is_outside_the_name_constraint_is_refused() {
    let key = KeyPair::generate().unwrap();
    let mut params = authority("発行認証局");
    let mut subtree = DistinguishedName::new();
    subtree.push(DnType::OrganizationName, "架空の交換所");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DirectoryName(subtree)],
        excluded_subtrees: vec![GeneralSubtree::DnsName(String::new())],
    });
    let certificate = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = Authority { certificate: certificate.der().to_vec(), outside: false };
    let anchor = Anchor::new(&own).unwrap();
    let verify = |params: CertificateParams| {
        let key = KeyPair::generate().unwrap();
        anchor.verify(params.signed_by(&key, &issuer).unwrap().der(), &[], UnixTime::now())
    };
    verify(leaf(Some("架空の交換所"), A)).unwrap();
    assert!(verify(leaf(Some("別の交換所"), A)).is_err());
    assert!(verify(leaf(None, A)).is_err());
    let mut host = leaf(Some("架空の交換所"), A);
    host.subject_alt_names = CertificateParams::new(["localhost".to_owned()]).unwrap().subject_alt_names;
    assert!(verify(host).is_err());
    let mut server = leaf(Some("架空の交換所"), A);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert!(verify(server).is_err());
}

/// The whole ceremony, as people do it: two offline commands, two online ones.
fn ceremony(folder: &Path, config: &str) {
    fs::write(folder.join("word-1"), "一人目の合言葉です一二三\n").unwrap();
    fs::write(folder.join("word-2"), "二人目の合言葉です四五六\n").unwrap();
    let words = ["--passphrase-file", "word-1", "--passphrase-file", "word-2"];
    let name = ["--name", "架空の交換所"];
    done(folder, &[&["authority", "root", "--medium", "medium"][..], &name, &words].concat());
    done(
        folder,
        &[&["authority", "request", "--out", "request.pem", "--by", "sato", "--config", config][..], &name].concat(),
    );
    done(
        folder,
        &[&["authority", "sign", "request.pem", "--medium", "medium", "--out", "issuing.pem"][..], &words].concat(),
    );
}

const INSTALL: [&str; 9] =
    ["authority", "install", "issuing.pem", "--root", "medium/root.pem", "--by", "sato", "--approved-by", "suzuki"];

#[tokio::test(flavor = "multi_thread")]
async fn r7_7_an_authority_under_an_offline_root_takes_over() {
    let world = World::new().await;
    let before = world.offices().await.sender;
    let folder = world.exchange.folder();
    let config = world.exchange.config();
    let config = config.to_str().unwrap();
    ceremony(folder, config);
    // One custodian alone, or both in the wrong order, open nothing.
    for words in [["word-1", "word-1"], ["word-2", "word-1"]] {
        let said = failed(
            folder,
            &[
                "authority",
                "sign",
                "request.pem",
                "--medium",
                "medium",
                "--out",
                "x.pem",
                "--passphrase-file",
                words[0],
                "--passphrase-file",
                words[1],
            ],
        );
        assert!(said.contains("合言葉が違います"), "{said}");
    }
    // The root is never made over another, nor beside the exchange's data.
    let again = ["authority", "root", "--name", "x", "--passphrase-file", "word-1", "--passphrase-file", "word-2"];
    failed(folder, &[&again[..], &["--medium", "medium"]].concat());
    failed(folder, &[&again[..], &["--medium", "data"]].concat());
    assert!(fs::read_to_string(folder.join("medium/ceremony.log")).unwrap().lines().count() == 2);

    failed(folder, &[&INSTALL[..8], &["sato", "--config", config]].concat());
    done(folder, &[&INSTALL[..], &["--config", config]].concat());
    failed(folder, &[&INSTALL[..], &["--config", config]].concat());

    let store = world.exchange.operator().await;
    let (number, code) = world.exchange.add_office(&store, &["43"]).await;
    let (_, request) = certificate_request();
    let Enrolment::Done(device) = store.enrol(&code, &request, HERE).await.unwrap() else { panic!() };
    assert!(store.issue_server_certificate(&["localhost".to_owned()]).await.unwrap().is_none());
    store.close().await;
    // A tool that is not ours accepts the chain, and the constraint with it.
    fs::write(folder.join("device.pem"), &device.certificate_pem).unwrap();
    let said = openssl(
        folder,
        &[
            "verify",
            "-purpose",
            "sslclient",
            "-x509_strict",
            "-CAfile",
            "medium/root.pem",
            "-untrusted",
            "issuing.pem",
            "device.pem",
        ],
    );
    assert!(said.contains("device.pem: OK"), "{said}");
    let text = openssl(folder, &["x509", "-in", "issuing.pem", "-noout", "-text"]);
    for part in ["pathlen:0", "TLS Web Client Authentication", "DirName:", "Permitted:", "Excluded:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("TLS Web Server Authentication"));
    let subject =
        openssl(folder, &["x509", "-in", "device.pem", "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus"]);
    assert!(subject.contains("O=架空の交換所") && subject.contains(&number), "{subject}");

    // Devices of before keep working until their certificates end.
    let World { server, exchange } = world;
    let server_key = exchange.folder().join("server.log");
    assert!(server_key.exists());
    before.get("/api/v1/received").await.done();
    assert!(server.stop().await.0.success());
    // The authority issues to devices only; a demonstration has no server certificate any more.
    let said = failed(exchange.folder(), &["serve", "--demo", "--config", config]);
    assert!(said.contains("端末の証明書しか"), "{said}");
}

#[tokio::test]
async fn r7_7_an_authority_that_is_not_as_it_must_be_is_not_installed() {
    let inside = Inside::open(LOOKS).await;
    let (sato, suzuki) = (officer("sato"), officer("suzuki"));
    let root_key = KeyPair::generate().unwrap();
    let mut root = authority("ルート");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);
    assert_eq!(
        inside.store.install_authority("x", &root_pem, &sato, &suzuki).await.unwrap(),
        Installed::NothingPending
    );
    let asked = inside.store.request_authority("架空の交換所", &sato).await.unwrap().unwrap();
    let request = rcgen::CertificateSigningRequestParams::from_pem(&asked.request_pem).unwrap();
    let sound = || {
        let mut params = authority("発行");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let mut subtree = DistinguishedName::new();
        subtree.push(DnType::OrganizationName, "架空の交換所");
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DirectoryName(subtree)],
            excluded_subtrees: Vec::new(),
        });
        params
    };
    let spoil: [fn(&mut CertificateParams); 6] = [
        |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        |params| params.is_ca = IsCa::NoCa,
        |params| params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth),
        |params| params.extended_key_usages.clear(),
        |params| params.name_constraints = None,
        |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
    ];
    for spoil in spoil {
        let mut params = sound();
        spoil(&mut params);
        let pem = params.signed_by(&request.public_key, &issuer).unwrap().pem();
        let installed = inside.store.install_authority(&pem, &root_pem, &sato, &suzuki).await.unwrap();
        assert!(matches!(installed, Installed::Refused(_)), "{installed:?}");
    }
    // Another key, another root.
    let other = sound().signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().pem();
    let stranger = Issuer::new(authority("ルート"), KeyPair::generate().unwrap());
    let forged = sound().signed_by(&request.public_key, &stranger).unwrap().pem();
    for pem in [other, forged] {
        let installed = inside.store.install_authority(&pem, &root_pem, &sato, &suzuki).await.unwrap();
        assert!(matches!(installed, Installed::Refused(_)), "{installed:?}");
    }
    let pem = sound().signed_by(&request.public_key, &issuer).unwrap().pem();
    assert_eq!(inside.store.install_authority(&pem, &root_pem, &sato, &suzuki).await.unwrap(), Installed::Done);

    // Certificates of the root itself and of a sibling below it are nobody's (R7.7), also while the node runs.
    inside.office(A).await;
    let good = inside.device(A, "受付").await;
    inside.until(async || inside.get(&good, "/api/v1/openapi.json").await.ok()).await.0.done();
    let key = KeyPair::generate().unwrap();
    let of_root = leaf(Some("架空の交換所"), A).signed_by(&key, &issuer).unwrap().pem();
    let sibling_key = KeyPair::generate().unwrap();
    let mut sibling = sound();
    sibling.distinguished_name = name(Some("架空の交換所"), "隣の発行認証局");
    let sibling_pem = sibling.signed_by(&sibling_key, &issuer).unwrap().pem();
    let of_sibling = leaf(Some("架空の交換所"), A).signed_by(&key, &Issuer::new(sibling, sibling_key)).unwrap().pem();
    let public = authority("Public Trust Root");
    let of_public = leaf(None, A).signed_by(&key, &Issuer::new(public, KeyPair::generate().unwrap())).unwrap().pem();
    for certificate in [of_root, format!("{of_sibling}{sibling_pem}"), of_public] {
        let card = Card { certificate, key: key.serialize_pem(), token: None };
        let failure = inside.get(&card, "/api/v1/openapi.json").await.unwrap_err();
        assert!(failure.contains("UnknownCA"), "{failure}");
    }
}

// R7.8 and R5.8: others' authorities.

struct Outside {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Outside {
    fn new(common: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(common);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn card(&self, common: &str) -> Card {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(None, common).signed_by(&key, &self.issuer).unwrap().pem();
        Card { certificate, key: key.serialize_pem(), token: None }
    }

    async fn trusted(&self, inside: &Inside, place: OfficeNumberIn) -> String {
        let new = NewOutsideAuthority {
            name: "介護保険証明書".to_owned(),
            certificate_pem: self.pem.clone(),
            office_number_in: place,
        };
        let trusted = inside.store.trust_outside(new, &officer("sato"), &officer("suzuki")).await.unwrap();
        assert_eq!(trusted, OutsideTrusted::Done);
        inside.store.outside_authorities().await.unwrap().last().unwrap().digest.clone()
    }
}

async fn register(inside: &Inside, certificate: &str, label: &str) -> OutsideRegistration {
    use rustls::pki_types::pem::PemObject as _;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect();
    let authorities = inside.store.gate_list().await.unwrap().authorities;
    let issuer = issuer_of(&chain, authorities.iter().filter(|authority| authority.outside), UnixTime::now()).unwrap();
    let new = NewOutsideDevice {
        certificate_pem: certificate.to_owned(),
        authority_digest: issuer
            .map(|authority| exchange::Digest::of_file(&authority.certificate).to_string())
            .unwrap_or_default(),
        label: label.to_owned(),
        evidence: "指定通知書の写し".to_owned(),
        evidence_digest: None,
    };
    inside.store.register_outside(new, &officer("sato"), &officer("suzuki")).await.unwrap()
}

#[tokio::test]
async fn r7_8_an_outside_certificate_opens_its_own_office_and_only_once_registered() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    inside.office(B).await;
    let outside = Outside::new("架空の連合会");
    let card = outside.card(A);
    let failure = inside.get(&card, "/").await.unwrap_err();
    assert!(failure.contains("UnknownCA"), "{failure}");
    assert_eq!(register(&inside, &card.certificate, "受付").await, OutsideRegistration::UnknownAuthority);
    let digest = outside.trusted(&inside, OfficeNumberIn::SubjectCn).await;
    // Known to the handshake, but nobody's yet.
    inside.until(async || inside.get(&card, "/api/v1/openapi.json").await.ok()).await.0.problem(403, "H02");
    let registered = register(&inside, &card.certificate, "受付").await;
    assert!(
        matches!(&registered, OutsideRegistration::Done { office, .. } if office.to_string() == A),
        "{registered:?}"
    );
    inside.get(&card, "/api/v1/openapi.json").await.unwrap().done();
    assert_eq!(register(&inside, &card.certificate, "別名").await, OutsideRegistration::Known);
    assert_eq!(
        register(&inside, &outside.card("0399999999").certificate, "x").await,
        OutsideRegistration::NoSuchOffice
    );
    assert_eq!(
        register(&inside, &outside.card("山田商店").certificate, "x").await,
        OutsideRegistration::NoOfficeNumber
    );
    // It is renewed where it came from.
    let (_, request) = certificate_request();
    inside.renews(&card, &request).await.problem(401, "H17");
    let program = inside.with_token(&card, A, "受付").await;
    inside.renews(&program, &request).await.problem(409, "H32");
    // No longer accepted: refused at the next request, and soon at the handshake.
    assert!(inside.store.distrust_outside(&digest, &officer("sato")).await.unwrap());
    match inside.get(&card, "/api/v1/openapi.json").await {
        Ok(answer) => drop(answer.problem(403, "H02")),
        Err(failure) => assert!(failure.contains("UnknownCA"), "{failure}"),
    }
    inside.until(async || inside.get(&card, "/").await.is_err().then_some(())).await;
}

#[tokio::test]
async fn r5_8_weak_certificates_are_refused_and_rsa_2048_is_told_to_grow() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let folder = inside.folder.path();
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:3072",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "3",
            "-subj",
            "/CN=架空の連合会",
            "-utf8",
        ],
    );
    fs::write(folder.join("client.cnf"), "extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n").unwrap();
    let issue = |name: &str, key: &[&str], digest: &str| {
        let (key_file, request, certificate) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        openssl(folder, &[&["genpkey", "-out", &key_file][..], key].concat());
        openssl(folder, &["req", "-new", "-key", &key_file, "-out", &request, "-subj", &format!("/CN={A}")]);
        openssl(
            folder,
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "2",
                digest,
                "-extfile",
                "client.cnf",
                "-out",
                &certificate,
            ],
        );
        Card {
            certificate: fs::read_to_string(folder.join(certificate)).unwrap(),
            key: fs::read_to_string(folder.join(key_file)).unwrap(),
            token: None,
        }
    };
    let rsa = |bits: &'static str| ["-algorithm", "RSA", "-pkeyopt", bits];
    let ec = |curve: &'static str| ["-algorithm", "EC", "-pkeyopt", curve];
    let good = issue("good", &rsa("rsa_keygen_bits:2048"), "-sha256");
    let short = issue("short", &rsa("rsa_keygen_bits:1024"), "-sha256");
    let old = issue("old", &rsa("rsa_keygen_bits:2048"), "-sha1");
    let older = issue("older", &rsa("rsa_keygen_bits:2048"), "-md5");
    let narrow = issue("narrow", &ec("ec_paramgen_curve:prime192v1"), "-sha256");
    let small = issue(
        "small",
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"],
        "-sha256",
    );
    let der = |card: &Card| x509_parser::pem::parse_x509_pem(card.certificate.as_bytes()).unwrap().1.contents;
    assert_eq!(strength(&der(&good)), Ok(true));
    for (card, weakness) in [
        (&short, Weakness::Key),
        (&narrow, Weakness::Key),
        (&small, Weakness::Key),
        (&old, Weakness::Signature),
        (&older, Weakness::Signature),
    ] {
        assert_eq!(strength(&der(card)), Err(weakness));
    }
    // An exponent of 1 encrypts nothing; openssl will not make one, so the one of the good key is overwritten.
    let mut one = der(&good);
    let at = one.windows(5).rposition(|bytes| bytes == [2, 3, 1, 0, 1]).unwrap();
    one[at + 2..at + 5].copy_from_slice(&[0, 0, 1]);
    assert!(strength(&one).is_err());

    let outside = Outside { issuer: Outside::new("x").issuer, pem: fs::read_to_string(folder.join("ca.pem")).unwrap() };
    outside.trusted(&inside, OfficeNumberIn::SubjectCn).await;
    for card in [&short, &old, &older, &narrow, &small] {
        assert_eq!(register(&inside, &card.certificate, "弱い").await, OutsideRegistration::UnknownAuthority);
    }
    let registered = register(&inside, &good.certificate, "受付").await;
    assert!(matches!(registered, OutsideRegistration::Done { weak_key: true, .. }), "{registered:?}");
    inside.until(async || inside.get(&good, "/api/v1/openapi.json").await.ok()).await.0.done();
    let program = inside.with_token(&good, A, "受付").await;
    assert!(inside.notices(&program).await.iter().any(|notice| notice["kind"] == "weak-key"));
    // And at the handshake, whatever the register says. openssl shows what rustls would not even hold.
    for name in ["short", "old", "older", "narrow", "small"] {
        let mut openssl = Command::new("timeout");
        openssl
            .current_dir(folder)
            .args(["5", "openssl", "s_client", "-connect", &format!("127.0.0.1:{}", inside.exchange)])
            .args(["-cipher", "ALL:@SECLEVEL=0", "-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")]);
        let output = tokio::task::spawn_blocking(move || {
            use std::io::Write as _;
            use std::process::Stdio;
            let mut child =
                openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let _ = stdin.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            child.wait_with_output().unwrap()
        });
        let output = output.await.unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("HTTP/1.1"), "{name}: {said}");
    }
}

// R7.1: what the server shows.

fn write(folder: &Path, name: &str, chain: &str, key: &KeyPair) {
    fs::write(folder.join(format!("{name}.pem")), chain).unwrap();
    fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

fn host(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = name(None, names[0]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_1_only_a_certificate_that_this_machine_trusts_opens_the_doors() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder();
    let config = exchange.config();
    let plain = fs::read_to_string(&config).unwrap();
    let said = failed(folder, &["serve", "--config", config.to_str().unwrap()]);
    assert!(said.contains("--demo"), "{said}");

    let root_key = KeyPair::generate().unwrap();
    let root = authority("公的なルート");
    fs::write(folder.join("roots.pem"), root.self_signed(&root_key).unwrap().pem()).unwrap();
    let root = Issuer::new(root, root_key);
    let between_key = KeyPair::generate().unwrap();
    let between = authority("公的な中間");
    let between_pem = between.signed_by(&between_key, &root).unwrap().pem();
    let between = Issuer::new(between, between_key);
    let key = KeyPair::generate().unwrap();
    let issue = |params: CertificateParams| params.signed_by(&key, &between).unwrap().pem();
    let mut over = host(&["localhost"]);
    over.not_before = rcgen::date_time_ymd(2020, 1, 1);
    over.not_after = rcgen::date_time_ymd(2021, 1, 1);
    write(folder, "good", &format!("{}{between_pem}", issue(host(&["localhost"]))), &key);
    write(folder, "other-name", &format!("{}{between_pem}", issue(host(&["exchange.example"]))), &key);
    write(folder, "over", &format!("{}{between_pem}", issue(over)), &key);
    write(folder, "incomplete", &issue(host(&["localhost"])), &key);
    write(folder, "self", &host(&["localhost"]).self_signed(&key).unwrap().pem(), &key);
    let serve = |name: &str| {
        let tls = format!("{plain}[tls]\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"\n");
        fs::write(&config, tls).unwrap();
    };
    let refuse = |name: &str| {
        serve(name);
        let output = Command::new(crate::server::BINARY)
            .args(["serve", "--config"])
            .arg(&config)
            .env("SSL_CERT_FILE", folder.join("roots.pem"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        said
    };
    for name in ["other-name", "over", "incomplete"] {
        assert!(refuse(name).contains("信頼された認証局"), "{name}");
    }
    assert!(refuse("self").contains("自己署名"));
    serve("good");
    let server = Server::start_trusting(&config, &folder.join("roots.pem"));
    let http = crate::device::builder(&fs::read_to_string(folder.join("roots.pem")).unwrap()).build().unwrap();
    assert_eq!(http.get(format!("{}/crl", server.enrolment_url)).send().await.unwrap().status(), 200);
    assert!(server.stop().await.0.success());
}

// The same at the terminal.

fn with_config(args: &[&str], config: &Path) -> Vec<String> {
    [args, &["--config", config.to_str().unwrap()]].concat().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn r7_2_two_people_at_the_terminal() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder();
    let config = exchange.config();
    let with = |args: &[&str]| with_config(args, &config);
    let done = |args: &[&str]| done(folder, &with(args));
    let failed = |args: &[&str]| failed(folder, &with(args));
    done(&["office", "add", A, "--name", "架空の事業所", "--type", "43"]);
    fs::write(folder.join("notice.pdf"), "指定通知書の写し").unwrap();
    let wanted = ["device", "request", A, "--label", "受付のPC", "--evidence", "代表電話への折り返し"];
    let said = done(&[&wanted[..], &["--evidence-file", "notice.pdf", "--by", "sato"]].concat());
    let request = said.lines().next().unwrap().strip_prefix("申請の番号: ").unwrap().to_owned();
    let listed = done(&["device", "requests"]);
    assert!(
        listed.contains(&request) && listed.contains("代表電話") && listed.contains("operator-cli:sato"),
        "{listed}"
    );
    assert!(failed(&["device", "approve", &request, "--by", "Sato"]).contains("自分の申請"));
    assert!(done(&["device", "approve", &request, "--by", "suzuki"]).starts_with("登録コード: "));
    assert!(failed(&["device", "approve", &request, "--by", "tanaka"]).contains("承認を待つ申請はありません"));
    assert!(done(&["device", "requests"]).contains("ありません"));
    failed(&[&wanted[..], &["--evidence-file", "nowhere.pdf", "--by", "sato"]].concat());
    failed(&["device", "request", A, "--label", " ", "--evidence", "x", "--by", "sato"]);
    // A name of a person is no pseudonym.
    let output =
        Command::new(crate::server::BINARY).args(with(&[&wanted[..], &["--by", "佐藤"]].concat())).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn r5_3_exceptions_at_the_terminal() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder();
    let config = exchange.config();
    let with = |args: &[&str]| with_config(args, &config);
    let done = |args: &[&str]| done(folder, &with(args));
    let failed = |args: &[&str]| failed(folder, &with(args));
    done(&["office", "add", A, "--name", "架空の事業所", "--type", "43"]);
    let until = (jiff::Zoned::now().date() + jiff::Span::new().days(60)).to_string();
    let add = ["office", "tls12", "add", A, "--by", "sato"];
    for (reason, until, approved) in [
        (" ", until.as_str(), "suzuki"),
        ("理由", "2020-01-01", "suzuki"),
        ("理由", "2999-01-01", "suzuki"),
        ("理由", &until, "sato"),
    ] {
        failed(&[&add[..], &["--reason", reason, "--until", until, "--approved-by", approved]].concat());
    }
    assert!(done(&["office", "tls12", "list"]).contains("ありません"));
    let said =
        done(&[&add[..], &["--reason", "基幹ソフトの更新待ち", "--until", &until, "--approved-by", "suzuki"]].concat());
    assert!(said.contains("まだ窓口は開いていません"), "{said}");
    let listed = done(&["office", "tls12", "list"]);
    assert!(listed.contains(&until) && listed.contains("有効な例外: 1件") && listed.contains("基幹ソフト"), "{listed}");
    done(&["office", "tls12", "end", A, "--by", "sato"]);
    assert!(done(&["office", "tls12", "list"]).contains("有効な例外: 0件"));
    failed(&["office", "tls12", "end", A, "--by", "sato"]);
}

#[tokio::test]
async fn r7_8_outside_authorities_at_the_terminal() {
    let exchange = Exchange::create(|_| {}).await;
    let folder = exchange.folder();
    let config = exchange.config();
    let with = |args: &[&str]| with_config(args, &config);
    let done = |args: &[&str]| done(folder, &with(args));
    let failed = |args: &[&str]| failed(folder, &with(args));
    done(&["office", "add", A, "--name", "架空の事業所", "--type", "43"]);
    let outside = Outside::new("架空の連合会");
    let card = outside.card(A);
    fs::write(folder.join("ca.pem"), &outside.pem).unwrap();
    fs::write(folder.join("device.pem"), &card.certificate).unwrap();
    let people = ["--by", "sato", "--approved-by", "suzuki"];
    let add = ["authority", "outside", "add", "ca.pem", "--name", "介護保険証明書", "--office-number-in", "subject-cn"];
    let register = ["device", "outside", "device.pem", "--label", "受付", "--evidence", "指定通知書の写し"];
    assert!(failed(&[&register[..], &people].concat()).contains("受け入れている認証局の証明書ではない"));
    assert!(failed(&[&add[..], &["--by", "sato", "--approved-by", "sato"]].concat()).contains("自分の申請"));
    failed(
        &[&["authority", "outside", "add", "device.pem", "--name", "x", "--office-number-in", "san"][..], &people]
            .concat(),
    );
    done(&[&add[..], &people].concat());
    failed(&[&add[..], &people].concat());
    let listed = done(&["authority", "outside", "list"]);
    assert!(listed.contains("介護保険証明書") && listed.contains("受け入れ中"), "{listed}");
    assert!(done(&[&register[..], &people].concat()).contains(A));
    failed(&[&register[..], &people].concat());
    assert!(done(&["device", "list", A]).contains("外部の認証局"));
    let digest = listed.split_whitespace().next().unwrap();
    done(&["authority", "outside", "remove", digest, "--by", "sato"]);
    failed(&["authority", "outside", "remove", digest, "--by", "sato"]);
}
