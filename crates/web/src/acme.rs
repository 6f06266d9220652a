//! How an authority finds out that a name is ours: tls-alpn-01 (RFC 8737). It connects to a door, speaks of nothing but
//! `acme-tls/1`, is shown a certificate made for the question, and that is all: no byte of the application is read or sent.
//! So no door without encryption is needed (R5.1), and no client is let past the demand for a certificate (R5.2).

use crate::tls::{self, TlsError};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ClientHello;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::StartHandshake;

const ALPN: &[u8] = b"acme-tls/1";
/// Authorities look from several places at once, and strangers may knock too.
const ASKING_MAX: usize = 64;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Whether this is an authority's question and nothing else.
pub(crate) fn is_question(hello: &ClientHello<'_>) -> bool {
    let mut offered = hello.alpn().into_iter().flatten();
    offered.next() == Some(ALPN) && offered.next().is_none()
}

/// Answers a question, or hangs up when nobody is asking about that name.
pub(crate) async fn answer(start: StartHandshake<TcpStream>, store: &Store) {
    let name = start.client_hello().server_name().map(str::to_owned);
    let config = match configuration(store, name.as_deref()).await {
        Ok(Some(config)) => config,
        Ok(None) => return tracing::debug!("nobody asked for this name to be proven"),
        Err(error) => return tracing::error!(%error, "an authority's question was not answered"),
    };
    match start.into_stream(Arc::new(config)).await {
        Ok(mut stream) => {
            tracing::info!(target: "tls", "proved a name to an authority");
            let _ = stream.shutdown().await;
        }
        Err(error) => tracing::debug!(%error, "an authority's question was broken off"),
    }
}

/// Does nothing but answer, before there is a certificate with which the doors could open. Never returns.
pub async fn answer_questions(doors: [&TcpListener; 2], store: Arc<Store>) {
    let asking = Arc::new(Semaphore::new(ASKING_MAX));
    loop {
        let Ok(permit) = Arc::clone(&asking).acquire_owned().await else { return };
        let accepted =
            tokio::select! { accepted = doors[0].accept() => accepted, accepted = doors[1].accept() => accepted };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let _permit = permit;
            let answered = async {
                if let Ok(start) = LazyConfigAcceptor::new(Default::default(), stream).await
                    && is_question(&start.client_hello())
                {
                    answer(start, &store).await;
                }
            };
            let _ = tokio::time::timeout(ANSWER_TIME_MAX, answered).await;
        });
    }
}

async fn configuration(store: &Store, name: Option<&str>) -> Result<Option<ServerConfig>, TlsError> {
    let Some(name) = name else { return Ok(None) };
    let Some(digest) = store.acme_challenge(name).await? else { return Ok(None) };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
    let certificate = CertificateDer::from(params.self_signed(&key)?);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(Some(tls::for_question(certificate, key, ALPN)?))
}
