//! Below HTTP: connections of our own making.

use crate::device::Device;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate and its key, PEM.
pub(crate) type Card<'a> = (&'a str, &'a str);

pub(crate) fn config(provider: CryptoProvider, authority: &str, card: Option<Card<'_>>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match card {
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(8);
    config
}

/// The device's own configuration, with everything rustls offers.
pub(crate) fn config_of(device: &Device) -> ClientConfig {
    config(default_provider(), &device.authority, Some((&device.certificate, &device.key)))
}

pub(crate) async fn connect(config: &Arc<ClientConfig>, port: u16) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(Arc::clone(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// Tries to get one answer over HTTP/1.1: what came back, and how the connection failed.
///
/// In TLS 1.3 a client has finished its handshake before the server has looked at its certificate; so refusal shows on
/// the first read, and what counts is that not one byte of an answer came.
pub(crate) async fn ask(config: &Arc<ClientConfig>, port: u16, request: &[u8]) -> (Vec<u8>, String) {
    let mut answer = Vec::new();
    let asked = async {
        let mut stream = connect(config, port).await?;
        stream.write_all(request).await?;
        stream.flush().await?;
        stream.read_to_end(&mut answer).await
    };
    let failure = asked.await.err().map_or_else(String::new, |error| error.to_string());
    (answer, failure)
}

/// Sends bytes as they are and reads until the other side closes.
pub(crate) async fn raw(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the alert is as good as an orderly end.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}
