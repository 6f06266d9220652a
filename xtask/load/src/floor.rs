//! The floor: what nobody can do without. TLS 1.3 with client certificates under the exchange's policy, the body read
//! whole, AES-256-GCM over it, one row, one grouped commit that is on disk before the answer. No check, no address, no
//! key wrapping, no ledger.
//!
//! The database is opened as `crates/store` opens it; what changes there has to change here.

use crate::client::{self, Target, Trust};
use crate::drive::Scenario;
use crate::office::Offices;
use crate::serve::{HOST, Server};
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::{Context as _, ensure};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use web::tls::ServerIdentity;

/// As in the exchange's writer.
const WAITING_ROWS_MAX: usize = 1024;
const GROUP_ROWS_MAX: usize = 256;
const BODY_BYTES_MAX: usize = 64 << 20;
const DATABASE: &str = "floor.db";

/// The floor's folder: an authority of its own, a server and a device.
#[derive(Debug)]
pub(crate) struct Floor {
    folder: PathBuf,
}

impl Floor {
    /// Makes certificates like the exchange's.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let mut params = named("floor authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        fs::write(folder.join("authority.pem"), params.self_signed(&key)?.pem())?;
        let issuer = Issuer::new(params, key);
        for (name, usage) in
            [("server", ExtendedKeyUsagePurpose::ServerAuth), ("device", ExtendedKeyUsagePurpose::ClientAuth)]
        {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let mut params = named(name);
            params.subject_alt_names = CertificateParams::new([HOST.to_owned()])?.subject_alt_names;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![usage];
            params.use_authority_key_identifier_extension = true;
            fs::write(folder.join(format!("{name}.pem")), params.signed_by(&key, &issuer)?.pem())?;
            fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
        }
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// Starts a floor server with an empty database: this very program again.
    pub(crate) fn serve(&self, scenario: Scenario) -> anyhow::Result<Server> {
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.join(format!("{DATABASE}{ending}")));
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--floor-server").arg(&self.folder);
        Server::start(command).with_context(|| format!("the floor of ({})", scenario.letter()))
    }

    pub(crate) fn target(&self, address: SocketAddr, offices: &Offices) -> anyhow::Result<Target> {
        let read = |name: &str| fs::read(self.folder.join(name));
        let device = client::device(&Trust {
            authority: &read("authority.pem")?,
            certificate: &read("device.pem")?,
            key: &read("device.key")?,
            token: None,
        })?;
        Ok(Target::new(address, HOST, vec![device; offices.all().len()])?.floor())
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Serves the floor until it is asked to stop.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(folder))
}

async fn run(folder: &Path) -> anyhow::Result<()> {
    let chain = vec![CertificateDer::from_pem_file(folder.join("server.pem"))?];
    let identity = ServerIdentity { chain, key: PrivateKeyDer::from_pem_file(folder.join("server.key"))? };
    let authority = CertificateDer::from_pem_file(folder.join("authority.pem"))?;
    let tls = TlsAcceptor::from(Arc::new(web::tls::bare(identity, authority)?));
    let connection = open(&folder.join(DATABASE)).await?;
    let (rows, waiting) = mpsc::channel(WAITING_ROWS_MAX);
    let writer = tokio::spawn(write(connection, waiting));
    let safe = Arc::new(Safe { cipher: Aes256Gcm::new(&[7; 32].into()), count: AtomicU64::new(0), rows });

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    anstream::println!("the floor is open: https://{HOST}:{}", listener.local_addr()?.port());
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = terminate.recv() => break,
        };
        tokio::spawn(connection_of(stream, tls.clone(), Arc::clone(&safe)));
    }
    // Connections may still hold the sending half: this message closes the channel for them too.
    safe.rows.send(Job::Stop).await.context("the writer was lost")?;
    let (rows, commits) = writer.await??;
    anstream::println!("the floor is closed: {rows} rows, {commits} commits");
    Ok(())
}

async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .pragma("key", format!("\"x'{}'\"", "07".repeat(32)))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
        .connect()
        .await?;
    let cipher: Option<String> = sqlx::query_scalar("PRAGMA cipher_version").fetch_optional(&mut connection).await?;
    ensure!(cipher.is_some_and(|version| !version.is_empty()), "a floor without encryption is no floor of ours");
    sqlx::query("CREATE TABLE body (body_id INTEGER PRIMARY KEY, body BLOB NOT NULL)").execute(&mut connection).await?;
    Ok(connection)
}

/// What a request needs: a key, a nonce, a way to the writer.
struct Safe {
    cipher: Aes256Gcm,
    count: AtomicU64,
    rows: mpsc::Sender<Job>,
}

enum Job {
    Row { body: Vec<u8>, done: oneshot::Sender<()> },
    Stop,
}

async fn connection_of(stream: TcpStream, tls: TlsAcceptor, safe: Arc<Safe>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let safe = Arc::clone(&safe);
        async move { answer(request, &safe).await }
    });
    // A client that hangs up ends its connection: nothing to say about it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, safe: &Safe) -> anyhow::Result<Response<Empty<Bytes>>> {
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await;
    let mut body = body.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes().to_vec();
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&safe.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let tag = safe.cipher.encrypt_inout_detached(&Nonce::from(nonce), b"", body.as_mut_slice().into());
    body.extend_from_slice(&tag.map_err(|_| anyhow::anyhow!("encryption"))?);
    let (done, written) = oneshot::channel();
    safe.rows.send(Job::Row { body, done }).await?;
    let mut response = Response::new(Empty::new());
    if written.await.is_err() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Rows that wait share a commit, as in the exchange. Returns rows and commits.
async fn write(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job>) -> anyhow::Result<(u64, u64)> {
    let (mut rows, mut commits) = (0, 0);
    let mut group = Vec::with_capacity(GROUP_ROWS_MAX);
    let mut open = true;
    while open && waiting.recv_many(&mut group, GROUP_ROWS_MAX).await > 0 {
        let mut deliveries = Vec::with_capacity(group.len());
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        for job in group.drain(..) {
            match job {
                Job::Row { body, done } => {
                    sqlx::query("INSERT INTO body (body) VALUES ($1)").bind(body).execute(&mut connection).await?;
                    deliveries.push(done);
                }
                Job::Stop => open = false,
            }
        }
        sqlx::query("COMMIT").execute(&mut connection).await?;
        rows += deliveries.len() as u64;
        commits += u64::from(!deliveries.is_empty());
        for done in deliveries {
            let _ = done.send(());
        }
    }
    connection.close().await?;
    Ok((rows, commits))
}
