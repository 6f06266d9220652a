//! 添付: what goes with a set besides its files.

use super::deliver::{done, download};
use super::{EnclosureNumber, SetId};
use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use exchange::{Enclosure, EnclosureKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A document or a message that goes with a set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnclosureView {
    /// By this it is fetched; counted from 1.
    pub number: usize,
    /// `document` (PDF) or `message`.
    pub kind: &'static str,
    /// The document's name as it was sent.
    pub name: Option<String>,
    /// The words of a message.
    pub text: Option<String>,
    /// Bytes.
    pub size_bytes: u64,
}

/// What goes with a set (添付). For the receiver this collects the set (受領).
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}/enclosures", tag = "受け取る", params(("id" = String, Path)),
    responses(
        (status = 200, body = Vec<EnclosureView>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Withdrawn by its sender, or erased after its time.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enclosures(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
) -> Result<Json<Vec<EnclosureView>>, Problem> {
    let enclosed = done(&app, &caller, app.store.open_enclosures(&caller.asker, id).await?).await?;
    Ok(Json((1..).zip(&enclosed).map(|(number, one)| EnclosureView::new(number, one)).collect()))
}

/// One document that goes with a set, the same bytes that were sent; or the words of a message. For the receiver this
/// collects the set (受領).
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}/enclosures/{number}", tag = "受け取る",
    params(("id" = String, Path), ("number" = usize, Path)),
    responses(
        (status = 200, content_type = "application/pdf", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Withdrawn by its sender, or erased after its time.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enclosure(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
    EnclosureNumber(number): EnclosureNumber,
) -> Result<Response, Problem> {
    let enclosed = done(&app, &caller, app.store.open_enclosures(&caller.asker, id).await?).await?;
    let one = number.checked_sub(1).and_then(|index| enclosed.get(index)).ok_or_else(Problem::not_found)?;
    Ok(handed_out(one, number))
}

/// Under a name of ours: its own may be about a person, and headers are written to logs on the way.
pub(crate) fn handed_out(one: &Enclosure, number: usize) -> Response {
    match one.kind() {
        EnclosureKind::Document => {
            download("application/pdf", &format!("attachment-{number}.pdf"), one.bytes().to_vec())
        }
        EnclosureKind::Message => {
            download("text/plain; charset=utf-8", &format!("message-{number}.txt"), one.bytes().to_vec())
        }
    }
}

impl EnclosureView {
    fn new(number: usize, one: &Enclosure) -> Self {
        let text = || String::from_utf8_lossy(one.bytes()).into_owned();
        Self {
            number,
            kind: one.kind().id(),
            name: (one.kind() == EnclosureKind::Document).then(|| one.name().to_owned()),
            text: (one.kind() == EnclosureKind::Message).then(text),
            size_bytes: one.bytes().len() as u64,
        }
    }
}
