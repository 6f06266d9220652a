//! The JSON API under `/api/v1`. Handlers read, decide, write, answer.

mod deliver;
mod list;
mod send;
mod view;

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use view::FindingView;
pub(crate) use view::TransmissionView;

const DESCRIPTION: &str = "事業所のソフトウェアのための窓口です。すべての接続は TLS 1.3 とクライアント証明書で行います。\
    証明書の事業所だけが、その事業所のデータを送り、受け取れます。";

#[derive(OpenApi)]
#[openapi(info(title = "文箱 API", version = "1", description = DESCRIPTION))]
struct Document;

fn routes() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(send::send))
        .routes(routes!(list::received))
        .routes(routes!(list::sent))
        .routes(routes!(deliver::describe))
        .routes(routes!(deliver::file))
        .routes(routes!(deliver::zip))
        .routes(routes!(deliver::acknowledge))
        .routes(routes!(deliver::withdraw))
        .split_for_parts()
}

/// The OpenAPI document, generated from the handlers.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().1
}

pub(crate) fn router() -> axum::Router<App> {
    let (router, document) = routes();
    router.route("/api/v1/openapi.json", get(move || async move { Json(document) }))
}

/// A transmission's id in a path; anything else is simply not found.
fn parse_id(text: &str) -> Result<store::TransmissionId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
