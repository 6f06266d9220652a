//! Accepts connections, lets TLS prove who is there, hands requests on. What a slow or silent peer costs is bounded.

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
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
}

/// Serves `router` on `listener` until `stop` resolves, then lets running requests finish.
pub(crate) async fn serve(listener: TcpListener, tls: ServerConfig, router: Router, stop: impl Future<Output = ()>) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address, permit) = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME_MAX, acceptor.accept(stream)).await else {
                tracing::debug!("a handshake was refused");
                return;
            };
            let certificate_digest = stream
                .get_ref()
                .1
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|leaf| exchange::Digest::of_file(leaf).to_string().into());
            let peer = Peer { address: address.ip(), certificate_digest };
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
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were still busy and were dropped");
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
