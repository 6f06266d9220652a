//! A problem as a page, for browsers. Programs get the same as JSON.

use crate::pages::frame::Frame;
use crate::problem::{ForReaders, Problem};
use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderMap, header};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    frame: Frame,
    problem: &'a Problem,
}

/// Gives problems the form that the reader asked for.
pub(crate) async fn for_readers(request: Request, next: Next) -> Response {
    let for_people = !request.uri().path().starts_with("/api/") && wants_page(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<ForReaders>().cloned() {
        Some(ForReaders(problem)) if for_people => page(&problem).unwrap_or(response),
        _ => response,
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")))
}

fn page(problem: &Problem) -> Option<Response> {
    let status = http::StatusCode::from_u16(problem.status).ok()?;
    let page = Page { frame: Frame::bare("お知らせ"), problem };
    Some((status, Html(page.render().ok()?)).into_response())
}
