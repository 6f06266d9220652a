//! 端末の登録: the one door without a client certificate. A one-time code and a certificate request come in, a
//! certificate goes out. The private key never leaves the device, and no personal data can be reached from here.
//! Programs post here; people find a page that leads them through it.

pub(crate) mod page;

use crate::app::App;
use crate::listener::Peer;
use crate::problem::Problem;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use store::Enrolment;
use tower::limit::GlobalConcurrencyLimitLayer;
use utoipa::ToSchema;

/// A certificate request is below 1 KiB.
const BODY_BYTES_MAX: usize = 16 << 10;
/// Guessing is hopeless (80 bits), but each attempt costs a signature check.
const ATTEMPTS_AT_ONCE_MAX: usize = 8;

/// What the page may do: its own scripts, its own requests, and no text that becomes script.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
     img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// What a device sends to be enrolled.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The one-time code, with or without hyphens.
    pub code: String,
    /// PKCS#10 in PEM.
    pub certificate_request: String,
}

/// What it gets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrolAnswer {
    /// The device's certificate, PEM.
    pub certificate: String,
    /// The authority that issued it, PEM.
    pub authority: String,
    /// 事業所番号 of the office it belongs to.
    pub office_number: String,
    /// 事業所名.
    pub office_name: String,
    /// Where the exchange itself listens.
    pub exchange_url: String,
    /// For the program on this device, where the code was issued for one: to be sent as `Authorization: Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_token: Option<String>,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/enrol", post(enrol).layer(GlobalConcurrencyLimitLayer::new(ATTEMPTS_AT_ONCE_MAX)))
        .route("/crl", get(revocation_list))
        .merge(page::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .fallback(async || Problem::no_such_path())
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(app)
}

/// 失効リスト, for whoever wants to look into it; our own listeners ask the register. Public by nature: serials and dates.
async fn revocation_list(State(app): State<App>) -> impl axum::response::IntoResponse {
    ([(http::header::CONTENT_TYPE, "application/pkix-crl")], app.gate.revocation_list())
}

async fn enrol(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    request: Result<Json<EnrolRequest>, JsonRejection>,
) -> Result<Json<EnrolAnswer>, Problem> {
    let Json(request) =
        request.map_err(|_| Problem::unreadable_request("JSON で code と certificate_request を送ってください。"))?;
    match app.store.enrol(&request.code, &request.certificate_request, peer.address).await? {
        Enrolment::Done(device) => Ok(Json(EnrolAnswer {
            certificate: device.certificate_pem,
            authority: device.authority_pem,
            office_number: device.office_number.to_string(),
            office_name: device.office_name,
            exchange_url: app.exchange_url.to_string(),
            software_token: device.software_token.map(|token| token.reveal().to_owned()),
        })),
        Enrolment::CodeRefused => Err(Problem::bad_code()),
        Enrolment::RequestRefused => Err(Problem::bad_request_for_certificate()),
        Enrolment::DeviceTaken => Err(Problem::device_taken()),
        Enrolment::Wait => Err(Problem::enrolment_waits()),
    }
}
