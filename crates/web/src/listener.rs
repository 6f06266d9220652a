//! Accepts connections, lets TLS prove who is there, hands requests on. What a slow or silent peer costs is bounded.

use crate::acme;
use crate::gate::Gate;
use crate::self_scan::{DoorKind, Tallies};
use crate::tls::{self, Identity, Policy, Signatures, TlsError, Witness};
use crate::trust;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use ledger::self_scan::Negotiated;
use rustls::crypto::CryptoProvider;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

/// Open connections; one more waits in the kernel's queue.
const CONNECTIONS_MAX: usize = 60_000;
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
const HEADER_TIME_MAX: Duration = Duration::from_secs(15);
/// After this, connections still busy at shutdown are dropped.
const GRACE_TIME_MAX: Duration = Duration::from_secs(20);

/// What the handshake proved: the only source of a device's identity (R5.2).
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// SHA-256 of the verified leaf, in hex; absent only on the enrolment listener.
    pub(crate) certificate_digest: Option<Arc<str>>,
    /// Whether it came in by the door for exceptions (R5.3).
    pub(crate) tls12: bool,
}

/// What is spoken at a listener, and who is let in.
pub(crate) struct Door {
    kind: DoorKind,
    policy: Policy,
    provider: Arc<CryptoProvider>,
    identity: Arc<Identity>,
    /// Nobody needs a certificate without one.
    gate: Option<Arc<Gate>>,
    /// Where the answers to an authority's questions are, if the server's certificate comes from one that asks here.
    answers: Option<Arc<Store>>,
    /// Where it is counted what clients agree on.
    tallies: Arc<Tallies>,
}

impl Door {
    pub(crate) fn new(
        kind: DoorKind,
        policy: Policy,
        identity: Arc<Identity>,
        gate: Option<Arc<Gate>>,
        tallies: Arc<Tallies>,
    ) -> Self {
        let provider = tls::provider_of(&policy);
        Self { kind, policy, provider, identity, gate, answers: None, tallies }
    }

    /// Answers questions of the authority that certifies the server, beside everything else.
    pub(crate) fn answering(self, answers: Option<Arc<Store>>) -> Self {
        Self { answers, ..self }
    }

    fn is_tls12(&self) -> bool {
        self.policy.version.version == ProtocolVersion::TLSv1_2
    }

    fn configuration(&self, witness: &Arc<Witness>) -> Result<ServerConfig, TlsError> {
        let verifier = self.gate.as_ref().map(|gate| gate.verifier(self.is_tls12(), witness));
        tls::configuration(&self.policy, &self.provider, &self.identity, verifier, witness)
    }
}

/// Serves `router` on `listener` until `stop` resolves, then lets running requests finish.
pub(crate) async fn serve(listener: TcpListener, door: Door, router: Router, stop: impl Future<Output = ()>) {
    let door = Arc::new(door);
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address, permit) = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        let (door, router, watcher) = (Arc::clone(&door), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            let witness = Arc::new(Witness::default());
            let handshake = shake_hands(&door, stream, &witness);
            let Ok(Some(stream)) = tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake).await else {
                tracing::debug!("a handshake was refused");
                return;
            };
            let certificate_digest: Option<Arc<str>> = stream
                .get_ref()
                .1
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|leaf| exchange::Digest::of_file(leaf).to_string().into());
            door.tallies.count(log(door.kind, stream.get_ref().1, witness.signatures()));
            let tls12 = door.is_tls12();
            let mut admitted = match (&door.gate, &certificate_digest) {
                (Some(gate), Some(digest)) => Some(gate.admit(Arc::clone(digest), tls12)),
                // The verifier lets nobody in without one.
                (Some(_), None) => return,
                (None, _) => None,
            };
            let peer = Peer { address: address.ip(), certificate_digest, tls12 };
            let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer.clone());
                router.clone().oneshot(request)
            });
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_concurrent_streams(64)
                .keep_alive_interval(Duration::from_secs(60))
                .max_header_list_size(32 * 1024);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            let ended = async {
                match &mut admitted {
                    Some(admitted) => {
                        let _ = (&mut admitted.ended).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                done = watcher.watch(connection) => if let Err(error) = done {
                    tracing::debug!(%error, "a connection ended early");
                },
                // Dropped in the middle of whatever it was doing: its device may no longer come in.
                () = ended => {}
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were still busy and were dropped");
    }
}

/// `None` when nobody was let in.
async fn shake_hands(door: &Door, stream: TcpStream, witness: &Arc<Witness>) -> Option<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(Default::default(), stream).await.ok()?;
    if let Some(answers) = &door.answers
        && acme::is_question(&start.client_hello())
    {
        acme::answer(start, answers).await;
        return None;
    }
    match door.configuration(witness) {
        Ok(config) => start.into_stream(Arc::new(config)).await.ok(),
        Err(error) => {
            tracing::error!(%error, "no TLS configuration");
            None
        }
    }
}

/// What was agreed on, for every connection (R5.11). Serials are ours or an authority's, and name nobody.
fn log(kind: DoorKind, connection: &ServerConnection, signatures: Signatures) -> Negotiated {
    let leaf = connection.peer_certificates().and_then(|chain| chain.first());
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let group = connection.negotiated_key_exchange_group().and_then(|group| group.name().as_str());
    let signature = signatures.server.and_then(|scheme| scheme.as_str());
    let client_signature = signatures.client.and_then(|scheme| scheme.as_str());
    tracing::info!(
        target: "tls",
        version,
        suite,
        group,
        signature,
        client.signature = client_signature,
        certificate.serial = leaf.and_then(|leaf| trust::serial(leaf)),
        "connected"
    );
    let named = |name: Option<&str>| name.unwrap_or_default().to_owned();
    Negotiated {
        door: kind.id().to_owned(),
        version: named(version),
        suite: named(suite),
        group: named(group),
        signature: named(signature),
        client_signature: named(client_signature),
        connections: 0,
        approved: false,
    }
}

async fn accept(listener: &TcpListener, connections: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(connections).acquire_owned().await else {
            unreachable!("the semaphore is never closed");
        };
        match listener.accept().await {
            Ok((stream, address)) => {
                // Without it each small answer waits some 40 ms for the peer's delayed acknowledgement.
                if stream.set_nodelay(true).is_ok() {
                    return (stream, address, permit);
                }
            }
            Err(error) => {
                // Out of file descriptors, or the peer is gone already: neither ends the server.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
