//! The JSON API under `/api/v1`. Handlers read, decide, write, answer.

mod deliver;
mod list;
mod news;
mod notices;
mod receipts;
mod renew;
mod send;
mod token;
mod view;

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use store::TransmissionId;
use utoipa::openapi::Components;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

pub(crate) use deliver::{acknowledge, describe, download, file, withdraw, zip};
pub(crate) use list::{received, sent};
pub(crate) use news::news;
pub(crate) use notices::notices;
pub(crate) use receipts::{answer, log_key, overdue, receipt, report_fault};
pub(crate) use renew::renew;
pub use renew::{RenewAnswer, RenewRequest};
pub(crate) use send::send;
pub(crate) use token::rotate;
pub(crate) use view::FindingView;
pub(crate) use view::TransmissionView;

const DESCRIPTION: &str = "事業所のソフトウェアのための窓口です。すべての接続は TLS 1.3 とクライアント証明書で行い、\
    要求ごとに接続キー（Authorization: Bearer）を添えます。証明書の事業所だけが、その事業所のデータを送り、受け取れます。\
    接続キーがないか使えないときは 401、用途が足りないときは 403 を返します。";

#[derive(OpenApi)]
#[openapi(
    info(title = "文箱 API", version = "1", description = DESCRIPTION),
    paths(
        send::send,
        list::received,
        list::sent,
        news::news,
        deliver::describe,
        deliver::file,
        deliver::zip,
        deliver::acknowledge,
        deliver::withdraw,
        receipts::answer,
        receipts::receipt,
        receipts::overdue,
        receipts::log_key,
        token::rotate,
        renew::renew,
        notices::notices
    ),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Document;

/// How a program proves itself, beside the certificate of its device.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("接続キー。証明書の端末にだけ使えます。管理者が「ソフトウェア」の画面で作ります。"));
        let components = document.components.get_or_insert_with(Components::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// The OpenAPI document, generated from the handlers.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}

/// A transmission's id in a path. What is no id is not found, like an id that is nobody's.
pub(crate) struct SetId(pub(crate) TransmissionId);

impl FromRequestParts<App> for SetId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = path_parameter(parts, app, "id").await?;
        named.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// A file's name in a path.
pub(crate) struct FileNamed(pub(crate) String);

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
