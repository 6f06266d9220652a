//! 証明書の更新: the present certificate vouches for the next (R7.5).

use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use store::Renewal;
use utoipa::ToSchema;

/// A certificate request is below 1 KiB.
const REQUEST_BYTES_MAX: usize = 16 << 10;

/// What a device sends to get its next certificate.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RenewRequest {
    /// PKCS#10 in PEM, with a new key.
    pub certificate_request: String,
}

/// What it gets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RenewAnswer {
    /// The next certificate, PEM.
    pub certificate: String,
    /// The authority that issued it, PEM.
    pub authority: String,
    /// End of the next certificate, RFC 3339 in UTC.
    pub valid_until: String,
    /// When the present one ends at the latest; it ends earlier with the first use of the next.
    pub overlap_until: String,
}

/// The next certificate for this device (証明書の更新).
#[utoipa::path(
    post, path = "/api/v1/device/renew", tag = "端末", request_body = RenewRequest,
    responses(
        (status = 200, body = RenewAnswer),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn renew(
    State(app): State<App>,
    caller: Caller,
    request: Result<Json<RenewRequest>, JsonRejection>,
) -> Result<Json<RenewAnswer>, Problem> {
    let request = request
        .ok()
        .map(|Json(request)| request)
        .filter(|request| request.certificate_request.len() <= REQUEST_BYTES_MAX)
        .ok_or_else(|| Problem::unreadable_request("JSON で certificate_request を送ってください。"))?;
    match app.store.renew(&caller.asker, &request.certificate_request).await? {
        Renewal::Done(renewed) => Ok(Json(RenewAnswer {
            certificate: renewed.certificate_pem,
            authority: renewed.authority_pem,
            valid_until: renewed.valid_until,
            overlap_until: renewed.overlap_until,
        })),
        Renewal::RequestRefused => Err(Problem::bad_request_for_certificate()),
        Renewal::Outside => Err(Problem::not_renewable(true)),
        Renewal::TooMany => Err(Problem::not_renewable(false)),
        Renewal::OfAnother => Err(Problem::device_of_another()),
    }
}
