//! What pages are made of and holds nothing about anybody.

use axum::response::IntoResponse;
use http::header;

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

fn script(text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

pub(crate) async fn passkey() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../templates/passkey.js"))
}

pub(crate) async fn news() -> impl IntoResponse {
    script(include_str!("../templates/news.js"))
}
