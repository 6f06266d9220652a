//! The JSON API under `/api/v1`. Handlers read, decide, write, answer.

mod deliver;
mod list;
mod notices;
mod renew;
mod send;
mod view;

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::routing::get;
use http::request::Parts;
use store::TransmissionId;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use renew::{RenewAnswer, RenewRequest};
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
        .routes(routes!(renew::renew))
        .routes(routes!(notices::notices))
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

/// A transmission's id in a path. What is no id is not found, like an id that is nobody's.
struct SetId(TransmissionId);

impl FromRequestParts<App> for SetId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = path_parameter(parts, app, "id").await?;
        named.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// A file's name in a path.
struct FileNamed(String);

impl FromRequestParts<App> for FileNamed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        path_parameter(parts, app, "name").await.map(Self)
    }
}

async fn path_parameter(parts: &mut Parts, app: &App, wanted: &str) -> Result<String, Problem> {
    // Fails where the path is not UTF-8 once decoded: no name of ours.
    let parameters = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
    let found = parameters.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, value)| value.to_owned()).ok_or_else(Problem::not_found)
}
