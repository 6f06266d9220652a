use crate::app::App;
use crate::guard::Caller;
use crate::news::Told;
use crate::pages::asked::Asked;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Longer than this nobody is kept waiting for an answer.
const WAIT_MAX: Duration = Duration::from_secs(50);

/// 新着.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewsView {
    /// まだ開いていないものの数（1,000で打ち切り）.
    waiting: u32,
    /// いちばん新しいものの位置。次に聞くとき after に入れる.
    newest: i64,
}

/// 新着を待つ。after より新しいものがあればすぐに、なければ届くか50秒たつまで待って答える。中身は返さない。
#[utoipa::path(
    get, path = "/api/v1/news", tag = "受け取る",
    params(("after" = Option<i64>, Query, description = "前の答えの newest。なければ、いまの数をすぐに答える")),
    responses((status = 200, body = NewsView), (status = 503, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn news(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<NewsView>, Problem> {
    let office = caller.asker.office.id;
    let after: Option<i64> = match asked.get("after") {
        "" => None,
        after => Some(after.parse().map_err(|_| Problem::unreadable_request("after は前の答えの newest です。"))?),
    };
    // Before looking, so that nothing comes unseen in between.
    let mut waiter = app.news.wait(office, None).ok_or_else(Problem::too_many_waiting)?;
    let until = tokio::time::Instant::now() + WAIT_MAX;
    loop {
        let news = app.store.news(office).await?;
        if after.is_none_or(|after| news.newest > after)
            || !matches!(tokio::time::timeout_at(until, waiter.told()).await, Ok(Told::Changed))
        {
            return Ok(Json(NewsView { waiting: news.waiting, newest: news.newest }));
        }
    }
}
