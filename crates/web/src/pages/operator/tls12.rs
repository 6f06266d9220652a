//! TLS 1.2 の例外: which offices may still use it, and until when (R5.3). Allowing it takes two people at the terminal;
//! ending it takes one.

use super::officer;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::Tls12Exception;

const DONE: &[(&str, &str)] = &[("ended", "例外を終わらせました。TLS 1.2 では、もうつながりません。")];

/// TLS 1.2 の例外.
#[derive(Template)]
#[template(path = "operator/tls12.html")]
struct List {
    frame: Frame,
    rows: Vec<Tls12Exception>,
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let rows = app.store.tls12_exceptions().await?;
    show(&List { frame: signed_in.frame("TLS 1.2 の例外").notice(asked.done(DONE)), rows })
}

pub(crate) async fn end(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let number = number.parse().map_err(|_| Problem::not_found())?;
    // Ended already is as good.
    app.store.end_tls12(number, &officer(&signed_in)?).await?;
    Ok(on_to("/operator/tls12?done=ended"))
}
