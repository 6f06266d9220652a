//! HTTPS: who asks, how much they may bring, what they are told. Holds no SQL and no keys.

mod api;
mod app;
mod assets;
mod cookie;
mod enrol;
mod form_token;
mod guard;
mod listener;
mod pages;
mod problem;
mod routes;
pub mod tls;
mod wording;

pub use api::openapi;
pub use app::Limits;
pub use enrol::{EnrolAnswer, EnrolRequest};
pub use routes::{Door, doors};

use app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Method, header};
use problem::Problem;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tls::{ServerIdentity, TlsError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// A peer that sends nothing for this long in the middle of a body is let go.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often what has ended by itself is written down.
const UPKEEP_EVERY: Duration = Duration::from_secs(5 * 60);

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
    /// What the server shows of itself.
    pub identity: ServerIdentity,
    /// Who may issue client certificates.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// Serves until `stop` turns true, then lets running requests finish.
///
/// # Errors
/// When the TLS configuration cannot be made of what was given.
pub async fn serve(service: Service, stop: watch::Receiver<bool>) -> Result<(), TlsError> {
    let exchange_tls = tls::with_client_certificates(service.identity.clone(), &service.authorities)?;
    let enrolment_tls = tls::without_client_certificates(service.identity)?;
    let store = Arc::clone(&service.store);
    let app = App::new(service.store, service.limits, &service.exchange_url);
    let stopped = |mut stop: watch::Receiver<bool>| async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::join!(
        listener::serve(
            service.exchange,
            exchange_tls,
            guarded(exchange_router(app.clone()), EXCHANGE_POLICY),
            stopped(stop.clone())
        ),
        listener::serve(
            service.enrolment,
            enrolment_tls,
            guarded(enrol::router(app), enrol::POLICY),
            stopped(stop.clone())
        ),
        keep_up(store, stopped(stop)),
    );
    Ok(())
}

/// Writes down what has ended by itself: sessions, applications nobody confirmed, accounts nobody uses (R12.3, R12.4).
/// Whether something still counts never depends on this.
async fn keep_up(store: Arc<Store>, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP_EVERY) => {}
            () = &mut stop => return,
        }
        match store.keep_up().await {
            Ok(done) if done.overdue > 0 => {
                tracing::warn!(roles = done.overdue, "roles ended that nobody confirmed anew")
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what has ended could not be written down"),
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
