//! HTTPS: who asks, how much they may bring, what they are told. Holds no SQL and no keys.

mod acme;
mod api;
mod app;
mod assets;
mod cookie;
mod enrol;
pub mod erasure;
pub mod evidence;
mod form_token;
mod gate;
mod guard;
mod handover;
mod listener;
mod news;
mod pages;
mod parts;
mod problem;
mod routes;
pub mod self_scan;
mod sending;
pub mod tls;
pub mod trust;
mod wording;

pub use acme::answer_questions;
pub use api::openapi;
pub use api::{RenewAnswer, RenewRequest};
pub use app::Limits;
pub use enrol::{EnrolAnswer, EnrolRequest};
pub use routes::{Door, doors};
pub use wording::server_certificate_reason;

use app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use gate::Gate;
use http::{HeaderName, HeaderValue, Method, header};
use problem::Problem;
use self_scan::{DoorAt, DoorKind, Tallies};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tls::{Identity, TlsError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// A peer that sends nothing for this long in the middle of a body is let go.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Everything on every answer (R5.9).
const HEADERS: [(HeaderName, &str); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With no-referrer, browsers would hide from us too that a form came from a page of ours.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// What the exchange's pages may do. A page that needs the one script of ours says so itself.
const EXCHANGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What [`serve`] needs.
#[derive(Debug)]
pub struct Service {
    /// The store, opened.
    pub store: Arc<Store>,
    /// Upper bounds.
    pub limits: Limits,
    /// Listens for offices; the handshake demands a client certificate.
    pub exchange: TcpListener,
    /// Listens for devices that are being enrolled.
    pub enrolment: TcpListener,
    /// Where offices reach the exchange; enrolled devices are told.
    pub exchange_url: String,
    /// Where devices are enrolled; offices are told.
    pub enrolment_url: String,
    /// Listens for devices of offices that may still use TLS 1.2, if there is such a door (R5.3).
    pub tls12: Option<TcpListener>,
    /// Listens for offices that are not on the exchange, if there is such a door (一方向の受渡し).
    pub handover: Option<TcpListener>,
    /// Where they reach it.
    pub handover_url: Option<String>,
    /// What the server shows of itself.
    pub identity: Arc<Identity>,
    /// Whether an authority may ask at the doors whether the exchange's names are ours (ACME).
    pub acme: bool,
    /// Typesets documents.
    pub printer: print::Printer,
    /// What an erasure must reach besides the store.
    pub erasure: store::Places,

    /// 標準の検査 as a module for browsers; without it pages let the server check.
    pub standard_module: Option<Vec<u8>>,
    /// How often the register is asked for revocations; far below the five minutes they may take (R7.3).
    pub register_every: Duration,
    /// How often the server scans its own doors, the first time at once (R5.11). Never, for those that scan otherwise.
    pub scan_every: Option<Duration>,
    /// Whether mails go out: people can ask for one when something waits.
    pub mails: bool,
}

/// Serves until `stop` turns true, then lets running requests finish.
///
/// # Errors
/// When the TLS configuration cannot be made of what was given.
pub async fn serve(service: Service, stop: watch::Receiver<bool>) -> Result<(), TlsError> {
    let gate = Arc::new(Gate::open(Arc::clone(&service.store)).await?);
    let tallies = Arc::new(Tallies::default());
    let door = |kind: DoorKind, gate| {
        listener::Door::new(kind, kind.policy(), Arc::clone(&service.identity), gate, Arc::clone(&tallies))
    };
    let answers = service.acme.then(|| Arc::clone(&service.store));
    let exchange_door = door(DoorKind::Exchange, Some(Arc::clone(&gate))).answering(answers.clone());
    let enrolment_door = door(DoorKind::Enrolment, None).answering(answers);
    let tls12_door = door(DoorKind::Tls12, Some(Arc::clone(&gate)));
    let handover_door = door(DoorKind::Handover, None);
    let scanning = scanning(&service, Arc::clone(&tallies));
    let mut app = App::new(
        service.store,
        service.limits,
        ([&service.exchange_url, &service.enrolment_url], service.handover_url.as_deref()),
        Arc::clone(&gate),
        Arc::clone(&service.identity),
        service.acme,
        (service.printer, service.erasure),
        service.standard_module,
    );
    app.mails = service.mails;
    let news = Arc::clone(&app.news);
    let store = Arc::clone(&app.store);
    let exchange = guarded(exchange_router(app.clone()), EXCHANGE_POLICY);
    let stopped = |mut stop: watch::Receiver<bool>| async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let exceptions = async {
        if let Some(listener) = service.tls12 {
            listener::serve(listener, tls12_door, exchange.clone(), stopped(stop.clone())).await;
        }
    };
    let going_down = {
        let (news, stop) = (Arc::clone(&news), stopped(stop.clone()));
        async move {
            stop.await;
            news.close();
        }
    };
    let handovers = async {
        if let Some(listener) = service.handover {
            let router = guarded(handover::router(app.clone()), EXCHANGE_POLICY);
            listener::serve(listener, handover_door, router, stopped(stop.clone())).await;
        }
    };
    let doors = async {
        tokio::join!(
            going_down,
            listener::serve(service.exchange, exchange_door, exchange.clone(), stopped(stop.clone())),
            listener::serve(
                service.enrolment,
                enrolment_door,
                guarded(enrol::router(app.clone()), enrol::POLICY),
                stopped(stop.clone())
            ),
            exceptions,
            handovers,
        );
    };
    // Watches until the last connection is done, so that a revocation counts during shutdown too.
    tokio::select! {
        () = doors => {},
        () = gate.watch(service.register_every) => {},
        () = scanning => {},
        () = news.look(&store) => {},
    }
    tallies.write_down(&store).await;
    Ok(())
}

/// Scans the doors that are open, as long as they are.
fn scanning(service: &Service, tallies: Arc<Tallies>) -> impl Future<Output = ()> + use<> {
    let doors = [
        (DoorKind::Exchange, Some(&service.exchange)),
        (DoorKind::Enrolment, Some(&service.enrolment)),
        (DoorKind::Tls12, service.tls12.as_ref()),
        (DoorKind::Handover, service.handover.as_ref()),
    ];
    let at = |(kind, listener): (DoorKind, Option<&TcpListener>)| {
        Some(DoorAt { kind, address: listener?.local_addr().ok()? })
    };
    let doors: Vec<_> = doors.into_iter().filter_map(at).collect();
    let (store, every) = (Arc::clone(&service.store), service.scan_every);
    async move {
        match every {
            Some(every) => self_scan::keep(store, doors, tallies, every).await,
            None => std::future::pending().await,
        }
    }
}

fn exchange_router(app: App) -> Router {
    let limit = app.limits.call_bytes;
    routes::router(&app)
        .layer(DefaultBodyLimit::max(limit))
        .layer(middleware::from_fn(without_head))
        .fallback(async || Problem::no_such_path())
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(app)
}

/// axum would answer HEAD as GET, and opening a set collects it: what was not handed out may not count as received.
async fn without_head(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD { Problem::method().into_response() } else { next.run(request).await }
}

fn guarded(router: Router, policy: &'static str) -> Router {
    let policy = HeaderValue::from_static(policy);
    let router = router
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE_MAX))
        .layer(CatchPanicLayer::custom(
            // The panic's message may quote data: neither answered nor logged.
            |_: Box<dyn std::any::Any + Send>| Problem::incident().into_response(),
        ))
        .layer(middleware::from_fn(pages::problem::for_readers))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy));
    HEADERS.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)))
    })
}
