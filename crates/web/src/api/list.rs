use super::TransmissionView;
use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use store::{Folder, Page};
use utoipa::{IntoParams, ToSchema};

/// Rows of one page unless asked otherwise, and at most.
const PAGE_ROWS: u32 = 100;
const PAGE_ROWS_MAX: u32 = 500;

/// One page of a list, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransmissionList {
    /// The sets, in the order in which they were accepted.
    pub items: Vec<TransmissionView>,
    /// Give this as `after` to go on; null at the end.
    pub next: Option<String>,
}

/// How a list is paged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Cursor: `next` of the page before. It never skips a set that is accepted later.
    after: Option<String>,
    /// Rows of a page, 1 to 500.
    limit: Option<u32>,
    /// Only sets that are not acknowledged yet: what waits, and what was opened but never confirmed.
    #[serde(default)]
    open: bool,
}

/// What has arrived for this office (届いたもの).
#[utoipa::path(
    get, path = "/api/v1/received", tag = "受け取る", params(ListQuery),
    responses((status = 200, body = TransmissionList), (status = 400, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn received(
    state: State<App>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<TransmissionList>, Problem> {
    list(state, caller, query, Folder::Received).await
}

/// What this office has sent (送ったもの).
#[utoipa::path(
    get, path = "/api/v1/sent", tag = "送る", params(ListQuery),
    responses((status = 200, body = TransmissionList), (status = 400, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn sent(
    state: State<App>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<TransmissionList>, Problem> {
    list(state, caller, query, Folder::Sent).await
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
    folder: Folder,
) -> Result<Json<TransmissionList>, Problem> {
    let page = query.ok().and_then(|Query(query)| page(&query)).ok_or_else(|| {
        Problem::unreadable_request("after には前のページの next を、limit には1から500までを指定してください。")
    })?;
    let sets = app.store.list(&caller.asker, folder, page).await?;
    let next =
        (sets.len() == page.rows as usize).then(|| sets.last().map(|set| set.accepted_index.to_string())).flatten();
    Ok(Json(TransmissionList { items: sets.into_iter().map(TransmissionView::from).collect(), next }))
}

fn page(query: &ListQuery) -> Option<Page> {
    let rows = query.limit.unwrap_or(PAGE_ROWS);
    let after = match &query.after {
        Some(after) => Some(after.parse().ok()?),
        None => None,
    };
    (1..=PAGE_ROWS_MAX).contains(&rows).then_some(Page { after, rows, open_only: query.open })
}
