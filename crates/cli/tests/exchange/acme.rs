//! The server's certificate by ACME, against pebble: an ACME server that is not ours and is made to be unkind to clients
//! (R7.1). It refuses good nonces now and then, forgets everything when it ends, and reaches us over the network.

use crate::device::builder;
use crate::server::{BINARY, Server};
use crate::wire;
use crate::world::Exchange;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Pebble {
    child: Child,
    ports: Ports,
    folder: TempDir,
}

#[derive(Clone, Copy)]
struct Ports {
    directory: u16,
    management: u16,
    /// Where it looks whether a name is ours: the exchange's door.
    door: u16,
}

impl Ports {
    fn free() -> Self {
        let held = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [directory, management, door] = held.map(|held| held.local_addr().unwrap().port());
        Self { directory, management, door }
    }
}

impl Pebble {
    async fn start(ports: Ports, more: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pebble = Self::start_in(folder, ports, more);
        pebble.until_it_answers().await;
        pebble
    }

    fn start_in(folder: TempDir, ports: Ports, more: Value) -> Self {
        let file = |name: &str| folder.path().join(name);
        if !file("ca.pem").exists() {
            let ca_key = KeyPair::generate().unwrap();
            let mut ca = CertificateParams::default();
            ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            fs::write(file("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
            let key = KeyPair::generate().unwrap();
            let own = CertificateParams::new(["localhost".to_owned()]).unwrap();
            fs::write(file("own.pem"), own.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().pem()).unwrap();
            fs::write(file("own.key"), key.serialize_pem()).unwrap();
        }
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{}", ports.directory),
            "managementListenAddress": format!("127.0.0.1:{}", ports.management),
            "certificate": file("own.pem"),
            "privateKey": file("own.key"),
            "httpPort": 1,
            "tlsPort": ports.door,
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(file("config.json"), json!({ "pebble": config }).to_string()).unwrap();
        let log = fs::File::create(file("log")).unwrap();
        let child = Command::new("pebble")
            .arg("-config")
            .arg(file("config.json"))
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_AUTHZREUSE", "0")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the Debian package pebble, which cargo xtask test installs");
        Self { child, ports, folder }
    }

    /// Ends it and starts it anew: with another root, and without any account.
    async fn restarted(mut self, more: Value) -> Self {
        self.end();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let again = Self::start_in(folder, self.ports, more);
        again.until_it_answers().await;
        again
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.ports.directory)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    async fn until_it_answers(&self) {
        let http = builder(&fs::read_to_string(self.authority()).unwrap()).build().unwrap();
        until(async || http.get(self.directory()).send().await.ok(), || self.log()).await;
    }

    /// What it signs with, for machines that are to trust it.
    async fn root(&self) -> String {
        let http = builder(&fs::read_to_string(self.authority()).unwrap()).build().unwrap();
        let url = format!("https://localhost:{}/roots/0", self.ports.management);
        http.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// An exchange that orders its certificate here and trusts what pebble signs now.
    async fn exchange(&self, more: &str) -> Exchange {
        let exchange = Exchange::create(|_| {}).await;
        fs::write(exchange.folder().join("roots.pem"), self.root().await).unwrap();
        let plain = fs::read_to_string(exchange.config()).unwrap();
        let door = format!("exchange = \"127.0.0.1:{}\"", self.ports.door);
        let tls = format!(
            "[tls.acme]\ndirectory = \"{}\"\ncontact = [\"anzen@exchange.example\"]\nauthority = {:?}\n{more}\n",
            self.directory(),
            self.authority(),
        );
        let config = format!("{}{tls}", plain.replace("exchange = \"127.0.0.1:0\"", &door));
        fs::write(exchange.config(), config).unwrap();
        exchange
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.end();
    }
}

async fn until<T>(mut wanted: impl AsyncFnMut() -> Option<T>, log: impl Fn() -> String) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = wanted().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "did not happen:\n{}", log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn start(exchange: &Exchange) -> Server {
    Server::start_trusting(&exchange.config(), &exchange.folder().join("roots.pem"))
}

/// The command, on a machine that trusts the same authorities.
fn command(exchange: &Exchange, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(BINARY)
        .args(args)
        .arg("--config")
        .arg(exchange.config())
        .env("SSL_CERT_FILE", exchange.folder().join("roots.pem"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The certificate that a door shows to whoever trusts these authorities; `Err` with what the handshake said.
async fn shown(port: u16, roots: &Path) -> Result<CertificateDer<'static>, String> {
    let config = Arc::new(wire::config(default_provider(), &fs::read_to_string(roots).unwrap(), None));
    let connected = wire::connect(&config, port).await.map_err(|error| error.to_string())?;
    Ok(connected.get_ref().1.peer_certificates().unwrap()[0].clone())
}

/// What openssl gets to see of a door when it speaks these protocols and then asks for a page.
fn openssl(port: u16, protocols: &str) -> String {
    let mut openssl = Command::new("timeout")
        .args(["10", "openssl", "s_client", "-servername", "localhost", "-alpn", protocols])
        .args(["-connect", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may be gone already.
    let _ = openssl.stdin.take().unwrap().write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    String::from_utf8_lossy(&openssl.wait_with_output().unwrap().stdout).into_owned()
}

fn hang_up(server: &Server) {
    assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn r7_1_a_certificate_is_ordered_renewed_and_kept_without_a_hand() {
    let pebble = Pebble::start(Ports::free(), json!({})).await;
    let exchange = pebble.exchange("").await;
    let roots = exchange.folder().join("roots.pem");
    // The first start: nothing is there, and the doors open only with what machines trust.
    let server = start(&exchange);
    let first = shown(server.enrolment_port(), &roots).await.unwrap();
    let (code, said) = command(&exchange, &["authority", "server"]);
    assert!(code == Some(0) && said.contains(&pebble.directory()) && said.contains("名前: localhost"), "{said}");
    // Another start takes the kept one, without asking anybody.
    assert!(server.stop().await.0.success());
    let asked = pebble.log().lines().count();
    let server = start(&exchange);
    assert_eq!(shown(server.enrolment_port(), &roots).await.unwrap(), first);
    // An operator wants a new one; the running server takes it up, and the account is the one of before.
    let (code, said) = command(&exchange, &["authority", "server", "--renew", "--by", "sato"]);
    assert_eq!(code, Some(0), "{said}");
    hang_up(&server);
    let log = || fs::read_to_string(&server.log).unwrap();
    let second =
        until(async || shown(server.enrolment_port(), &roots).await.ok().filter(|shown| *shown != first), log).await;
    let since: Vec<_> = pebble.log().lines().skip(asked).map(str::to_owned).collect();
    assert!(since.iter().any(|line| line.contains("/order-plz")), "{since:?}");
    assert!(!since.iter().any(|line| line.contains("/sign-me-up")), "{since:?}");
    // What was put aside has no key any more; neither key lies readable on the disk.
    let store = exchange.operator().await;
    let held = store.server_certificate().await.unwrap().unwrap();
    assert_eq!(held.version, 2);
    assert_eq!(CertificateDer::from_pem_slice(held.chain_pem.as_bytes()).unwrap(), second);
    for file in fs::read_dir(exchange.data()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(32).any(|window| held.key.windows(32).any(|key| key == window)), "{}", file.display());
    }
    store.close().await;
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn r7_1_the_present_certificate_stays_while_renewing_fails_and_the_failure_is_shown() {
    let mut pebble = Pebble::start(Ports::free(), json!({})).await;
    let exchange = pebble.exchange("").await;
    let roots = exchange.folder().join("roots.pem");
    let server = start(&exchange);
    let first = shown(server.enrolment_port(), &roots).await.unwrap();
    let fails = async |server: &Server, reason: &str| {
        assert_eq!(
            command(&exchange, &["authority", "server", "--renew", "--by", "sato"]).0.map(|code| code < 2),
            Some(true)
        );
        hang_up(server);
        let log = || fs::read_to_string(&server.log).unwrap();
        until(
            async || {
                let (code, said) = command(&exchange, &["authority", "server"]);
                (code == Some(1) && said.contains(reason)).then_some(())
            },
            log,
        )
        .await;
        assert!(log().contains("the present one stays"));
        assert_eq!(shown(server.enrolment_port(), &roots).await.unwrap(), first);
    };
    // Nobody is there.
    pebble.end();
    fails(&server, "unreachable").await;
    // It is there again, with a root that this machine does not trust: what it signs is not shown.
    let pebble = pebble.restarted(json!({})).await;
    fails(&server, "untrusted").await;
    // It will not certify this name.
    let pebble = pebble.restarted(json!({ "domainBlocklist": ["localhost"] })).await;
    fails(&server, "rejectedIdentifier").await;
    drop(pebble);
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn r7_1_the_doors_stay_shut_without_a_certificate_that_is_trusted() {
    let pebble = Pebble::start(Ports::free(), json!({})).await;
    let exchange = pebble.exchange("").await;
    // This machine trusts somebody else.
    fs::copy(pebble.authority(), exchange.folder().join("roots.pem")).unwrap();
    let (code, said) = command(&exchange, &["serve"]);
    assert!(code == Some(2) && said.contains("受け取れませんでした"), "{said}");
    // The authority cannot be reached.
    let silent = fs::read_to_string(exchange.config())
        .unwrap()
        .replace(&format!("localhost:{}", pebble.ports.directory), "localhost:1");
    fs::write(exchange.config(), silent).unwrap();
    let (code, said) = command(&exchange, &["serve"]);
    assert!(code == Some(2) && said.contains("認証局につながりません"), "{said}");
    let (code, said) = command(&exchange, &["authority", "server"]);
    assert!(code == Some(1) && said.contains("続けて2回"), "{said}");
}

#[tokio::test]
async fn r7_1_an_account_that_was_agreed_on_is_used_and_without_it_nothing_is_issued() {
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let needed = json!({ "externalAccountBindingRequired": true, "externalAccountMACKeys": { "kid-1": key } });
    let pebble = Pebble::start(Ports::free(), needed).await;
    let exchange = pebble.exchange("").await;
    let (code, said) = command(&exchange, &["serve"]);
    assert!(code == Some(2) && said.contains("契約したアカウント"), "{said}");
    let with = format!(
        "{}account = \"kid-1\"\naccount_key_file = \"acme.key\"\n",
        fs::read_to_string(exchange.config()).unwrap()
    );
    fs::write(exchange.config(), with).unwrap();
    let (code, said) = command(&exchange, &["serve"]);
    assert!(code == Some(2) && said.contains("アカウントの鍵のファイル"), "{said}");
    fs::write(exchange.folder().join("acme.key"), format!("{key}\n")).unwrap();
    let server = start(&exchange);
    let roots = exchange.folder().join("roots.pem");
    assert!(shown(server.enrolment_port(), &roots).await.is_ok());
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn r5_2_an_authoritys_question_opens_no_door_to_anybody_else() {
    let pebble = Pebble::start(Ports::free(), json!({})).await;
    let exchange = pebble.exchange("").await;
    let server = start(&exchange);
    // Nobody is asking now: there is nothing to be shown.
    assert!(!openssl(server.port(), "acme-tls/1").contains("BEGIN CERTIFICATE"));
    // Somebody is: what is shown is made for the question, and no request is heard.
    let store = exchange.operator().await;
    store.set_acme_challenge("localhost", [7; 32]).await.unwrap();
    store.close().await;
    for port in [server.port(), server.enrolment_port()] {
        let seen = openssl(port, "acme-tls/1");
        assert!(seen.contains("ALPN protocol: acme-tls/1") && !seen.contains("HTTP/1.1"), "{seen}");
        let block = &seen[seen.find("-----BEGIN").unwrap()..seen.find("-----END").unwrap() + 25];
        let answer = CertificateDer::from_pem_slice(block.as_bytes()).unwrap();
        let digest = [&[4, 32][..], &[7; 32]].concat();
        assert!(answer.windows(34).any(|window| window == digest));
    }
    // Beside another protocol it is no question, and the exchange's door asks for a certificate as always.
    let seen = openssl(server.port(), "acme-tls/1,http/1.1");
    assert!(seen.contains("ALPN protocol: http/1.1") && !seen.contains("HTTP/1.1"), "{seen}");
    let roots = fs::read_to_string(exchange.folder().join("roots.pem")).unwrap();
    let config = Arc::new(wire::config(default_provider(), &roots, None));
    let (answer, failure) = wire::ask(&config, server.port(), b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(answer.is_empty() && failure.contains("CertificateRequired"), "{failure}");
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn r7_1_whoever_stops_a_first_order_can_start_again_at_once() {
    let pebble = Pebble::start(Ports::free(), json!({})).await;
    let exchange = pebble.exchange("").await;
    let good = fs::read_to_string(exchange.config()).unwrap();
    // An authority that takes the call and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let directory = format!("localhost:{}", silent.local_addr().unwrap().port());
    let asking = good.replace(&format!("localhost:{}", pebble.ports.directory), &directory);
    fs::write(exchange.config(), asking).unwrap();
    let log = exchange.folder().join("first.log");
    let mut serving = Command::new(BINARY)
        .args(["serve", "--log", "warn", "--config"])
        .arg(exchange.config())
        .env("SSL_CERT_FILE", exchange.folder().join("roots.pem"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let said = || fs::read_to_string(&log).unwrap();
    until(async || said().contains("ordering the first").then_some(()), said).await;
    assert!(Command::new("kill").args(["-TERM", &serving.id().to_string()]).status().unwrap().success());
    let ended = until(async || serving.try_wait().unwrap(), said).await;
    assert_eq!(ended.code(), Some(2), "{}", said());
    assert!(said().contains("途中で止められました"), "{}", said());
    // The turn was given back: nobody waits for its end.
    fs::write(exchange.config(), good).unwrap();
    let server = start(&exchange);
    assert!(server.stop().await.0.success());
}
