//! A client that does no more than HTTP/1.1 over TLS 1.3 asks for, so that what is measured is the server.

use anyhow::{Context as _, ensure};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// An answer larger than this is not one of ours.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// A call that takes longer is an error.
const CALL_TIME_MAX: Duration = Duration::from_secs(60);

/// What a device holds, as PEM.
pub(crate) struct Trust<'a> {
    pub(crate) authority: &'a [u8],
    pub(crate) certificate: &'a [u8],
    pub(crate) key: &'a [u8],
    /// The program's token, where the server asks for one.
    pub(crate) token: Option<&'a str>,
}

/// What a device proves itself with, made ready.
pub(crate) struct Device {
    tls: Arc<ClientConfig>,
    authorization: Option<HeaderValue>,
}

/// The policy of the exchange, and no resumption.
pub(crate) fn device(trust: &Trust<'_>) -> anyhow::Result<Arc<Device>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trust.authority)?)?;
    let chain = vec![CertificateDer::from_pem_slice(trust.certificate)?];
    let mut config = ClientConfig::builder_with_provider(Arc::new(web::tls::provider()))
        .with_protocol_versions(&[&version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(trust.key)?)?;
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let authorization = trust.token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))).transpose()?;
    Ok(Arc::new(Device { tls: Arc::new(config), authorization }))
}

/// A server on loopback, and the devices that call it: one per office.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    name: ServerName<'static>,
    host: HeaderValue,
    devices: Arc<[Arc<Device>]>,
    keeps_sets: bool,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, name: &str, devices: Vec<Arc<Device>>) -> anyhow::Result<Self> {
        ensure!(address.ip().is_loopback(), "{address} is not on loopback");
        Ok(Self {
            address,
            name: ServerName::try_from(name.to_owned())?,
            host: format!("{name}:{}", address.port()).parse()?,
            devices: devices.into(),
            keeps_sets: true,
        })
    }

    /// The floor takes any bytes, again and again, and answers with none.
    pub(crate) fn floor(self) -> Self {
        Self { keeps_sets: false, ..self }
    }

    /// Whether it knows what a set is, gives it an id, and takes it once.
    pub(crate) fn keeps_sets(&self) -> bool {
        self.keeps_sets
    }

    /// How many offices call it.
    pub(crate) fn offices(&self) -> usize {
        self.devices.len()
    }

    /// A new connection of this office's device, with a full handshake.
    pub(crate) async fn connect(&self, office: usize) -> anyhow::Result<Connection> {
        self.over(TcpStream::connect(self.address).await.context("connecting")?, office).await
    }

    /// The same from another address: the whole of 127.0.0.0/8 is ours.
    pub(crate) async fn connect_from(&self, source: Ipv4Addr, office: usize) -> anyhow::Result<Connection> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into()).context("an address of ours")?;
        self.over(socket.connect(self.address).await.context("connecting")?, office).await
    }

    async fn over(&self, stream: TcpStream, office: usize) -> anyhow::Result<Connection> {
        // Without it each call waits some 40 ms for a delayed acknowledgement.
        stream.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::clone(&self.devices[office].tls));
        let stream = tls.connect(self.name.clone(), stream).await.context("handshake")?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // What breaks here breaks the call that waits for it too, and is counted there.
            let _ = connection.await;
        });
        let authorization = self.devices[office].authorization.clone();
        Ok(Connection { requests, host: self.host.clone(), authorization })
    }
}

/// One kept-alive connection.
pub(crate) struct Connection {
    requests: SendRequest<Chunks>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
}

impl Connection {
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.call(Request::get(path), Chunks::default()).await
    }

    /// A call without a body that changes something.
    pub(crate) async fn post(&mut self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.call(Request::post(path), Chunks::default()).await
    }

    pub(crate) async fn send(&mut self, path: &str, kind: &str, body: Chunks) -> anyhow::Result<(StatusCode, Bytes)> {
        self.call(Request::post(path).header(header::CONTENT_TYPE, kind), body).await
    }

    /// A page as a browser asks for it: with its headers, and without a program's token.
    pub(crate) async fn page(
        &mut self,
        request: http::request::Builder,
        body: Chunks,
    ) -> anyhow::Result<(HeaderMap, StatusCode, Bytes)> {
        self.authorization = None;
        let origin = format!("https://{}", self.host.to_str()?);
        self.answer(request.header(header::ORIGIN, origin), body).await
    }

    async fn call(&mut self, request: http::request::Builder, body: Chunks) -> anyhow::Result<(StatusCode, Bytes)> {
        self.answer(request, body).await.map(|(_, status, body)| (status, body))
    }

    async fn answer(
        &mut self,
        request: http::request::Builder,
        body: Chunks,
    ) -> anyhow::Result<(HeaderMap, StatusCode, Bytes)> {
        let mut request = request.header(header::HOST, &self.host).body(body)?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        let work = async {
            self.requests.ready().await?;
            let response = self.requests.send_request(request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((headers, status, body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes()))
        };
        tokio::time::timeout(CALL_TIME_MAX, work).await.context("no answer in time")?
    }
}

/// A body that lies in memory in pieces, sent without joining them.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    chunks: VecDeque<Bytes>,
    left: u64,
}

impl FromIterator<Bytes> for Chunks {
    fn from_iter<I: IntoIterator<Item = Bytes>>(chunks: I) -> Self {
        let chunks: VecDeque<Bytes> = chunks.into_iter().collect();
        let left = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { chunks, left }
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.chunks.pop_front();
        self.left -= next.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(next.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
