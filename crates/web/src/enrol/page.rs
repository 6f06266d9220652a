//! The page that leads a person through enrolling a browser, and the scripts that make key, request and file there.

use crate::app::App;
use crate::problem::Problem;
use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header;

#[derive(Template)]
#[template(path = "enrol/page.html")]
struct Page;

const SCRIPTS: [(&str, &str); 4] = [
    ("/enrol.mjs", include_str!("../../templates/enrol/enrol.mjs")),
    ("/certificates.mjs", include_str!("../../templates/enrol/certificates.mjs")),
    ("/pkcs12.mjs", include_str!("../../templates/enrol/pkcs12.mjs")),
    ("/der.mjs", include_str!("../../templates/enrol/der.mjs")),
];

pub(super) fn router() -> Router<App> {
    let router = Router::new()
        .route("/", get(page))
        .route("/style.css", get(crate::assets::style))
        .route("/enrol.css", get(style))
        .route("/icon.svg", get(crate::assets::icon));
    SCRIPTS.into_iter().fold(router, |router, (path, script)| {
        router.route(path, get(async move || ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], script)))
    })
}

async fn page() -> Result<Html<String>, Problem> {
    Page.render().map(Html).map_err(|_| store::Error::Impossible("enrolment page").into())
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/enrol/enrol.css"))
}
