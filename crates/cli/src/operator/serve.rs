use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;
use web::tls::ServerIdentity;

/// How often what has had its time is ended.
const UPKEEP_EVERY: Duration = Duration::from_mins(5);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// 記録の細かさ（例: info、web=debug）
    #[arg(long, env = "FUMIBAKO_LOG", default_value = "warn")]
    log: String,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|_| Failure::new("--log の値を読めません。", "info や web=debug のように書いてください。"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    block_on(serve(&args.place))
}

async fn serve(place: &Where) -> Outcome {
    let (config, store) = place.open().await?;
    let store = Arc::new(store);
    let identity = identity(&config, &store).await?;
    let authority = store.authority_pem().await.map_err(explain)?;
    let exchange = listen(config.exchange_address()).await?;
    let enrolment = listen(config.enrolment_address()).await?;
    let name = &config.names()[0];
    let exchange_url = format!("https://{name}:{}", exchange.local_addr()?.port());
    let enrolment_url = format!("https://{name}:{}", enrolment.local_addr()?.port());

    let (stop, stopped) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        let _ = stop.send(true);
    });
    store.record_service(true).await.map_err(explain)?;
    // Printed only once both doors are open: whoever starts the program may wait for it.
    say!("交換所を開きました: {exchange_url}（端末の登録: {enrolment_url}）");
    let upkeep = tokio::spawn(keep_up(Arc::clone(&store), stopped.clone()));
    let service = web::Service {
        store: Arc::clone(&store),
        limits: config.limits(),
        exchange,
        enrolment,
        exchange_url,
        identity,
        authorities: vec![CertificateDer::from_pem_slice(authority.as_bytes())?],
    };
    web::serve(service, stopped).await?;
    upkeep.await?;
    store.record_service(false).await.map_err(explain)?;
    let (jobs, commits) = (store.writer_counts().jobs(), store.writer_counts().commits());
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
    say!("交換所を閉じました。（書き込み {jobs}件、コミット {commits}回）");
    Ok(Done::All)
}

/// Ends what has had its time (unconfirmed rights, unused accounts, sessions), until the service stops.
async fn keep_up(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval_at(Instant::now() + UPKEEP_EVERY, UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                // Nothing depends on it: every rule is held to at the moment of use as well.
                if let Err(error) = store.keep_up().await {
                    tracing::warn!(%error, "upkeep was left for the next time");
                }
            }
        }
    }
}

async fn listen(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        Failure::new(
            format!("{address} で待ち受けられません。"),
            "別のプログラムが使っていないか確かめるか、設定の listen を変えてください。",
        )
    })
}

/// The certificate of a trusted authority if the configuration names one, else one from the built-in authority.
async fn identity(config: &super::config::Config, store: &Store) -> anyhow::Result<ServerIdentity> {
    let Some((certificate, key)) = config.certificate_files() else {
        let issued = store.issue_server_certificate(config.names()).await.map_err(explain)?;
        return Ok(ServerIdentity {
            chain: vec![CertificateDer::from(issued.certificate)],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
        });
    };
    let failure = || {
        Failure::new(
            "サーバー証明書か、その鍵を読めません。",
            "設定の tls に書いたファイルが PEM 形式か、読む権限があるかを確かめてください。",
        )
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(failure)?;
    let key = PrivateKeyDer::from_pem_file(&key).with_context(failure)?;
    Ok(ServerIdentity { chain, key })
}
