//! What pages are made of and holds nothing about anybody.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

/// What a worker may do that looks over files: it runs our scripts and our module, and asks nobody but us.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/style.css"))
}

pub(crate) async fn forms() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/forms.css"))
}

pub(crate) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("../templates/icon.svg"))
}

/// The guide that puts a certificate into a browser, at the enrolment and at a renewal.
pub(crate) async fn guide_style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/enrol/enrol.css"))
}

/// Its scripts: they make key, request and key file in the browser.
pub(crate) async fn guide() -> impl IntoResponse {
    script(include_str!("../templates/enrol/enrol.mjs"))
}

pub(crate) async fn guide_certificates() -> impl IntoResponse {
    script(include_str!("../templates/enrol/certificates.mjs"))
}

pub(crate) async fn guide_pkcs12() -> impl IntoResponse {
    script(include_str!("../templates/enrol/pkcs12.mjs"))
}

pub(crate) async fn guide_der() -> impl IntoResponse {
    script(include_str!("../templates/enrol/der.mjs"))
}

pub(crate) async fn send_style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/send.css"))
}

/// The page 送る.
pub(crate) async fn send() -> impl IntoResponse {
    script(include_str!("../templates/send/send.mjs"))
}

pub(crate) async fn send_view() -> impl IntoResponse {
    script(include_str!("../templates/send/send-view.mjs"))
}

pub(crate) async fn send_worker() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, WORKER_POLICY)], script(include_str!("../templates/send/send-worker.mjs")))
}

/// The half of the checks that is JavaScript.
pub(crate) async fn standard() -> impl IntoResponse {
    script(include_str!("../../standard-wasm/js/fumibako-standard.mjs"))
}

/// The checks themselves, where they lie beside the program; without them the page lets the server check.
pub(crate) async fn standard_module(State(app): State<App>) -> Result<Response, Problem> {
    let module = app.standard_module.clone().ok_or_else(Problem::no_such_path)?;
    Ok(([(header::CONTENT_TYPE, "application/wasm")], module).into_response())
}

fn script(text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

pub(crate) async fn passkey() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../templates/passkey.js"))
}

pub(crate) async fn news() -> impl IntoResponse {
    script(include_str!("../templates/news.js"))
}
