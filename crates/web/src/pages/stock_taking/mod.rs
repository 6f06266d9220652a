//! 棚卸: rights are confirmed anew or end by themselves; who is not on the staff list loses them at once (R12.4).

pub(crate) mod staff_list;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::pages::grants::{self, Row, row};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

const DONE: &[(&str, &str)] = &[
    ("confirmed", "役割を確認しました。もう一年、有効です。"),
    ("compared", "名簿と照らし合わせました。名簿にない人の利用は終わりました。"),
    ("same", "名簿と照らし合わせました。名簿にない人はいません。"),
];

/// 棚卸.
#[derive(Template)]
#[template(path = "stock_taking/list.html")]
struct List {
    frame: Frame,
    faults: Faults,
    rows: Vec<Row>,
    /// What was typed, when it comes back.
    list: String,
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&listed(&app, &signed_in, asked.done(DONE), Faults::default()).await?)
}

async fn listed(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<List, Problem> {
    let due = app.store.stock_taking(&signed_in.person).await?;
    let frame = signed_in.frame("棚卸").notice(notice).faulty(!faults.is_empty());
    let rows = due.into_iter().map(|grant| row(signed_in, grant)).collect();
    Ok(List { frame, faults, rows, list: String::new() })
}

pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    match grants::fault(app.store.review_grant(&signed_in.person, id).await?) {
        Ok(()) => Ok(on_to("/stock-taking?done=confirmed")),
        Err(fault) => show_again(&listed(&app, &signed_in, None, Faults::of("due", fault)).await?),
    }
}
