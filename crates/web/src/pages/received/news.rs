//! 新着の知らせ: how many sets wait, told as they come (server-sent events). A number and nothing else.

use crate::app::App;
use crate::guard::SignedIn;
use crate::news::Told;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::HeaderMap;
use http::header::ACCEPT;
use std::convert::Infallible;
use std::time::Duration;

/// What a page that waits asks for; anybody else is told once.
const EVENTS: &str = "text/event-stream";
/// So that nobody in between takes a silent connection for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// After that the page asks anew, and whether it may is decided anew: a session that ended by itself is told nothing more.
const STREAM_MAX: Duration = Duration::from_secs(300);

pub(crate) async fn news(State(app): State<App>, signed_in: SignedIn, headers: HeaderMap) -> Result<Response, Problem> {
    let person = &signed_in.person;
    let office = person.office.id;
    let waits = headers.get_all(ACCEPT).iter().any(|kind| kind.to_str().is_ok_and(|kind| kind.contains(EVENTS)));
    if !waits {
        return Ok(told(app.store.news(office).await?).into_response());
    }
    let waiter = app.news.wait(office, Some(person.session_id)).ok_or_else(Problem::too_many_waiting)?;
    let until = tokio::time::Instant::now() + STREAM_MAX;
    let steps = stream::unfold((app, waiter, true), move |(app, mut waiter, first)| async move {
        if !first {
            match tokio::time::timeout_at(until, waiter.told()).await {
                Ok(Told::Changed) => {}
                Ok(Told::Over) | Err(_) => return None,
            }
        }
        // A database that does not answer ends the stream; the page comes back.
        let news = app.store.news(office).await.ok()?;
        Some((Ok::<_, Infallible>(Event::default().event("waiting").data(told(news))), (app, waiter, false)))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(steps).keep_alive(heartbeat).into_response())
}

/// How many wait, and the position of the newest.
fn told(news: store::News) -> String {
    format!("{} {}", news.waiting, news.newest)
}
