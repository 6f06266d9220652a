//! The exchange inside the test program, where its clock can be moved. TLS itself goes by the host's clock.

use crate::answer::Answer;
use crate::device::{builder, certificate_request};
use crate::vault;
use crate::wire;
use crate::world::{officer, place};
use identity::scope::{Scope, Scopes};
use jiff::{SignedDuration, Timestamp};
use reqwest::Identity as ClientIdentity;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{
    Approval, Clock, Device, Enrolment, EnrolmentRequestId, ErasureList, NewEnrolment, NewOffice, OfficeAdded, Places,
    Requested, Store,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use web::tls::{Identity, ServerIdentity};

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A clock that goes with the host's, so many hours ahead.
#[derive(Debug, Default)]
pub(crate) struct MovableClock(Mutex<SignedDuration>);

impl MovableClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.lock().unwrap()
    }
}

pub(crate) struct Inside {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) authority: String,
    pub(crate) exchange: u16,
    pub(crate) enrolment: u16,
    pub(crate) tls12: u16,
    pub(crate) folder: TempDir,
    _stop: watch::Sender<bool>,
}

/// A certificate and its key, PEM.
#[derive(Clone)]
pub(crate) struct Card {
    pub(crate) certificate: String,
    pub(crate) key: String,
    /// What a program on the device proves itself with.
    pub(crate) token: Option<String>,
}

impl Inside {
    /// Looks into the register as often as `every`.
    pub(crate) async fn open(every: Duration) -> Self {
        Self::showing(every, None).await
    }

    /// Scans its own doors again and again.
    pub(crate) async fn scanning(every: Duration) -> Self {
        Self::made(every, None, Some(Duration::from_secs(1))).await
    }

    /// With a server certificate from elsewhere.
    pub(crate) async fn showing(every: Duration, identity: Option<ServerIdentity>) -> Self {
        Self::made(every, identity, None).await
    }

    async fn made(every: Duration, identity: Option<ServerIdentity>, scan_every: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovableClock::default());
        let store =
            Arc::new(Store::create(place(folder.path()), vault::master(), Arc::clone(&clock) as _).await.unwrap());
        let identity = match identity {
            Some(identity) => identity,
            None => {
                let issued = store.issue_server_certificate(&["localhost".to_owned()]).await.unwrap().unwrap();
                ServerIdentity {
                    chain: vec![CertificateDer::from(issued.certificate)],
                    key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
                }
            }
        };
        let bind = async || TcpListener::bind((HERE, 0)).await.unwrap();
        let (exchange, enrolment, tls12) = (bind().await, bind().await, bind().await);
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports = (port(&exchange), port(&enrolment), port(&tls12));
        let (stop, stopped) = watch::channel(false);
        let service = web::Service {
            store: Arc::clone(&store),
            limits: web::Limits::default(),
            exchange,
            enrolment,
            exchange_url: format!("https://localhost:{}", ports.0),
            enrolment_url: format!("https://localhost:{}", ports.1),
            tls12: Some(tls12),
            handover: None,
            handover_url: None,
            identity: Arc::new(Identity::new(identity).unwrap()),
            acme: false,
            printer: print::Printer::new("nowhere"),
            erasure: Places { list: ErasureList::at(vec![folder.path().join("erasures")]), backup: None },
            standard_module: None,
            register_every: every,
            mails: false,
            scan_every,
        };
        tokio::spawn(web::serve(service, stopped));
        let authority = store.authority_pem().await.unwrap();
        let (exchange, enrolment, tls12) = ports;
        Self { store, clock, authority, exchange, enrolment, tls12, folder, _stop: stop }
    }

    pub(crate) async fn office(&self, number: &str) {
        let new = NewOffice {
            number: number.parse().unwrap(),
            name: format!("架空の事業所 {number}"),
            service_types: ["43".parse().unwrap()].into(),
        };
        assert!(matches!(self.store.add_office(new).await.unwrap(), OfficeAdded::Done(_)));
    }

    pub(crate) fn wanted(&self, number: &str, label: &str) -> NewEnrolment {
        NewEnrolment {
            office: number.parse().unwrap(),
            label: label.to_owned(),
            evidence: "指定通知書の写し、代表電話への折り返し".to_owned(),
            evidence_digest: None,
            scopes: Scopes::of(&Scope::ALL),
        }
    }

    pub(crate) async fn requests(&self, number: &str, label: &str) -> EnrolmentRequestId {
        match self.store.request_enrolment(self.wanted(number, label), &officer("sato")).await.unwrap() {
            Requested::Done(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn code(&self, number: &str, label: &str) -> String {
        let request = self.requests(number, label).await;
        match self.store.approve_enrolment(request, &officer("suzuki")).await.unwrap() {
            Approval::Code(code) => code.code.to_string(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn device(&self, number: &str, label: &str) -> Card {
        let code = self.code(number, label).await;
        let (key, request) = certificate_request();
        let Enrolment::Done(device) = self.store.enrol(&code, &request, HERE).await.unwrap() else { panic!("{label}") };
        let token = device.software_token.map(|token| token.reveal().to_owned());
        Card { certificate: device.certificate_pem, key: key.serialize_pem(), token }
    }

    /// A program's token beside a certificate that came from elsewhere, as an administrator would make it on a page.
    pub(crate) async fn with_token(&self, card: &Card, number: &str, label: &str) -> Card {
        const INSERT: &str = "
            INSERT INTO software_token (token_id, token_index, office_id, device_id, label_sealed, scopes, made_by,
                                        made_at, expires_at)
            SELECT device_id, $1, office_id, device_id, $3, 'read', 'nobody', enrolled_at, '2099-01-01T00:00:00.000Z'
              FROM device WHERE device_id = $2";
        let devices = self.devices(number).await;
        let id = devices.iter().find(|device| device.label == label).unwrap().id.to_string();
        let token = format!("fumibako_{id}");
        let index = exchange::Digest::of_file(token.as_bytes()).to_string();
        let mut database = vault::database(&self.folder.path().join("data")).await;
        let inserted = sqlx::query(INSERT).bind(index).bind(id).bind(vec![0_u8]).execute(&mut database).await.unwrap();
        assert_eq!(inserted.rows_affected(), 1);
        Card { token: Some(token), ..card.clone() }
    }

    pub(crate) async fn devices(&self, number: &str) -> Vec<Device> {
        self.store.devices(number.parse().unwrap()).await.unwrap()
    }

    pub(crate) fn http(&self, card: &Card) -> reqwest::Client {
        let identity = ClientIdentity::from_pem(format!("{}{}", card.key, card.certificate).as_bytes()).unwrap();
        builder(&self.authority).identity(identity).build().unwrap()
    }

    /// Over a connection of its own; `Err` with what the handshake said.
    pub(crate) async fn get(&self, card: &Card, path: &str) -> Result<Answer, String> {
        let token = card.token.as_ref().map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{token}connection: close\r\n\r\n");
        let config = Arc::new(wire::config(default_provider(), &self.authority, Some((&card.certificate, &card.key))));
        let (answer, failure) = wire::ask(&config, self.exchange, request.as_bytes()).await;
        if answer.is_empty() { Err(failure) } else { Ok(http1(&answer)) }
    }

    /// Asks until the answer is as wanted; panics after a while that no limit of the exchange comes near.
    pub(crate) async fn until<T>(&self, mut wanted: impl AsyncFnMut() -> Option<T>) -> (T, Duration) {
        let start = Instant::now();
        loop {
            if let Some(found) = wanted().await {
                return (found, start.elapsed());
            }
            assert!(start.elapsed() < Duration::from_secs(20), "did not happen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn renews(&self, card: &Card, request: &str) -> Answer {
        let url = format!("https://localhost:{}/api/v1/device/renew", self.exchange);
        let body = json!({ "certificate_request": request });
        let request = self.http(card).post(url).json(&body);
        let request = match &card.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn notices(&self, card: &Card) -> Vec<Value> {
        let answer = self.get(card, "/api/v1/notices").await.unwrap().done();
        answer.json()["items"].as_array().unwrap().clone()
    }
}

/// An answer over HTTP/1.1 that came with its length, or to the end of the connection.
pub(crate) fn http1(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = http::HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
