//! The page that leads a person through enrolling a browser, or through renewing its certificate, and the scripts that make key,
//! request and file there.

use crate::app::App;
use crate::assets;
use crate::problem::Problem;
use askama::Template;
use axum::Router;
use axum::response::Html;
use axum::routing::get;

/// The guide. At a renewal there is no code: the present certificate and whoever is signed in vouch for the next (R7.5).
#[derive(Template)]
#[template(path = "enrol/page.html")]
pub(crate) struct Guide {
    pub(crate) renewal: Option<Renewing>,
}

/// Whose certificate is renewed.
pub(crate) struct Renewing {
    pub(crate) office: String,
    /// The last day of the present certificate.
    pub(crate) until: String,
    /// Of the form that asks for the next one.
    pub(crate) token: String,
}

impl Guide {
    pub(crate) fn html(&self) -> Result<Html<String>, Problem> {
        self.render().map(Html).map_err(|_| store::Error::Impossible("guide").into())
    }
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/", get(async || Guide { renewal: None }.html()))
        .route("/style.css", get(assets::style))
        .route("/enrol.css", get(assets::guide_style))
        .route("/icon.svg", get(assets::icon))
        .route("/enrol.mjs", get(assets::guide))
        .route("/certificates.mjs", get(assets::guide_certificates))
        .route("/pkcs12.mjs", get(assets::guide_pkcs12))
        .route("/der.mjs", get(assets::guide_der))
}
