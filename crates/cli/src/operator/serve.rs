use super::server_certificate::acme::Keeper;
use super::{Where, arrival_mail, block_on, explain, log, server_certificate};
use crate::memory;
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use std::sync::Arc;
use std::time::Duration;
use store::{Error, LOOK_EVERY, Places, Store, WatchedClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tracing_subscriber::EnvFilter;
use web::tls::Identity;

/// How often what has had its time is ended.
const CERTIFICATES_EVERY: Duration = Duration::from_hours(1);
const UPKEEP_EVERY: Duration = Duration::from_mins(5);
/// How often new entries of the log are made findable.
const INDEX_EVERY: Duration = Duration::from_secs(10);

/// How often the key store is asked whether it is there.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// How often the keys in the database are looked at.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// 記録の細かさ（例: info、web=debug）
    #[arg(long, env = "FUMIBAKO_LOG", default_value = "warn,tls=info")]
    log: String,
    /// 試しに動かします。信頼された認証局の証明書がなくても開きます。本番では使わないでください
    #[arg(long)]
    demo: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|_| Failure::new("--log の値を読めません。", "info や web=debug のように書いてください。"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before anything secret is in it.
    if !memory::lock() && memory::is_swapped() {
        anstream::eprintln!(
            "メモリーがスワップに書き出されるおそれがあります。スワップを止めるか暗号化し、LimitMEMLOCK=infinity を設定してください。"
        );
    }
    block_on(serve(&args.place, args.demo))
}

async fn serve(place: &Where, demo: bool) -> Outcome {
    let (config, store, clock) = place.open_watched().await?;
    let store = store.with_people(config.people()?).map_err(explain)?;
    let store = Arc::new(store.with_deadlines(config.deadlines()));
    let exchange = listen(config.exchange_address()).await?;
    let enrolment = listen(config.enrolment_address()).await?;
    let tls12 = match config.tls12_address() {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let handover = match config.handover_address() {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let name = &config.names()[0];
    let handover_url = match &handover {
        Some(listener) => Some(format!("https://{name}:{}", listener.local_addr()?.port())),
        None => None,
    };
    let exchange_url = format!("https://{name}:{}", exchange.local_addr()?.port());
    let enrolment_url = format!("https://{name}:{}", enrolment.local_addr()?.port());

    let (stop, stopped) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        let _ = stopping.send(true);
    });
    // Nothing but an authority's question is answered before there is a certificate that offices trust.
    let acme = config.acme()?;
    let (first, version) = match &acme {
        Some(acme) => {
            let shown = acme.first(&store, [&exchange, &enrolment], demo, stopped.clone()).await?;
            let version = shown.version();
            (shown.identity, version)
        }
        None => (server_certificate::first(&config, &store, demo).await?, 0),
    };
    let identity = Arc::new(Identity::new(first)?);
    let outside = config.outside()?;
    let mail = outside.mail.clone();
    store.record_service(true).await.map_err(explain)?;
    // Printed only once both doors are open: whoever starts the program may wait for it.
    say!("交換所を開きました: {exchange_url}（端末の登録: {enrolment_url}）");
    #[cfg(feature = "bare")]
    tracing::error!("{}", store::BARE_MARK);
    if demo {
        say!("試しの動作です（--demo）。サーバー証明書は確かめていません。");
    }
    if let Some(listener) = &tls12 {
        say!("TLS 1.2 の例外の窓口: https://{name}:{}", listener.local_addr()?.port());
    }
    if let Some(url) = &handover_url {
        say!("一方向の受渡しの窓口（クライアント証明書なし）: {url}");
    }
    let answering = acme.is_some();
    let renewing = match (acme, config.server_certificate()) {
        (Some(acme), _) => {
            let keeper = Keeper::new(Arc::clone(&store), Arc::clone(&identity), demo, stopped.clone(), version);
            Some(tokio::spawn(server_certificate::keep_ordering(acme, keeper)))
        }
        (None, Some(files)) => Some(tokio::spawn(server_certificate::keep(files, Arc::clone(&identity), demo))),
        (None, None) => None,
    };
    let upkeep = tokio::spawn(keep_up(Arc::clone(&store), config.erasure_places(), stopped.clone()));
    let comparing = tokio::spawn(watch_certificates(Arc::clone(&store), stopped.clone()));
    let watching = tokio::spawn(watch_clock(Arc::clone(&store), clock, stopped.clone()));
    let indexing = tokio::spawn(index_log(Arc::clone(&store), stopped.clone()));
    let signing = tokio::spawn(log::keep(Arc::clone(&store), outside, stop, stopped.clone()));
    let mails = mail.is_some();
    let url = exchange_url.clone();
    let mailing = mail.map(|mail| tokio::spawn(arrival_mail::keep(Arc::clone(&store), mail, url, stopped.clone())));
    let watching_keys = tokio::spawn(watch_keys(Arc::clone(&store), stopped.clone()));
    let refreshing = tokio::spawn(refresh_keys(Arc::clone(&store), stopped.clone()));
    let rotating = tokio::spawn(rotate_keys(Arc::clone(&store), stopped.clone()));
    let service = web::Service {
        store: Arc::clone(&store),
        limits: config.limits(),
        exchange,
        enrolment,
        exchange_url,
        enrolment_url,
        tls12,
        handover,
        handover_url,
        identity,
        acme: answering,
        printer: config.printer(),
        erasure: config.erasure_places(),
        standard_module: standard_module(),
        register_every: config.register_every(),
        scan_every: Some(web::self_scan::SCAN_EVERY),
        mails,
    };
    web::serve(service, stopped).await?;
    if let Some(renewing) = renewing {
        renewing.abort();
        // It holds the store, which is to be closed in order.
        let _ = renewing.await;
    }
    upkeep.await?;
    comparing.await?;
    watching.await?;
    indexing.await?;
    let sound = signing.await?;
    if let Some(mailing) = mailing {
        mailing.await?;
    }
    refreshing.await?;
    rotating.await?;
    watching_keys.await?;
    if !sound {
        return Err(explain(Error::LogContradicts));
    }
    store.record_service(false).await.map_err(explain)?;
    let (jobs, commits) = (store.writer_counts().jobs(), store.writer_counts().commits());
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
    say!("交換所を閉じました。（書き込み {jobs}件、コミット {commits}回）");
    Ok(Done::All)
}

/// Ends what has had its time (unconfirmed rights, unused accounts, sessions), until the service stops.
async fn keep_up(store: Arc<Store>, places: Places, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval_at(Instant::now() + UPKEEP_EVERY, UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                // Nothing depends on it: every rule is held to at the moment of use as well.
                if let Err(error) = store.keep_up().await {
                    tracing::warn!(%error, "upkeep was left for the next time");
                }
                match store.expire(&places, false).await {
                    Ok(expired) if expired.waiting > 0 => {
                        tracing::warn!(waiting = expired.waiting, "erasures wait for a copy of keys, or to be tidied");
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "expiry was left for the next time"),
                }
            }
        }
    }
}

/// Looks every hour, and at the start, whether every certificate was issued on the record (R7.7).
async fn watch_certificates(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(CERTIFICATES_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => match store.watch_certificates().await {
                Ok(0) => {}
                Ok(raised) => tracing::error!(raised, "certificates that nobody recorded stand in the register"),
                Err(error) => tracing::warn!(%error, "certificates were not compared with the log"),
            },
        }
    }
}

/// Looks at the clock now and then (R10.3). Whatever is silent, nothing else waits for it.
async fn watch_clock(store: Arc<Store>, clock: Arc<WatchedClock>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                if let Err(error) = store.look_at_clock(&clock).await {
                    tracing::warn!(%error, "the state of the clock could not be recorded");
                }
            }
        }
    }
}

/// Takes over what the log is searched by. Whoever searches does it too, so nothing depends on it.
async fn index_log(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(INDEX_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                if let Err(error) = store.index_log().await {
                    tracing::warn!(%error, "the log was not indexed");
                }
            }
        }
    }
}

/// Asks the key store every second whether it is there. Nothing else waits here: without an answer requests are refused.
async fn watch_keys(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(WATCH_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                if let Err(error) = store.watch_key_store().await {
                    tracing::warn!(%error, "the key store was not watched");
                }
            }
        }
    }
}

/// Learns of keys that a command made, and writes down what did not open.
async fn refresh_keys(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(REFRESH_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                if let Err(error) = store.refresh_keys().await {
                    tracing::warn!(%error, "the keys were not read again");
                }
                if let Err(error) = store.record_damaged_fields().await {
                    tracing::warn!(%error, "what did not open is recorded later");
                }
            }
        }
    }
}

/// Continues to replace keys, if any is being replaced, standing back behind requests.
async fn rotate_keys(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    loop {
        let wait = store.rotation_turn().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "replacing keys was left for the next time");
            WAIT_AFTER_FAILURE
        });
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(wait) => {}
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

/// 標準の検査 for browsers, where it was installed beside this program. Pages work without it, only slower.
fn standard_module() -> Option<Vec<u8>> {
    let path = std::env::current_exe().ok()?.with_file_name("fumibako-standard.wasm");
    match std::fs::read(&path) {
        Ok(module) => Some(module),
        Err(error) => {
            tracing::info!(%error, "no fumibako-standard.wasm beside the program: pages let the server check");
            None
        }
    }
}
