//! The log as a file, read from the store part by part while it goes out.

use super::page::{details, second};
use super::query::Query;
use super::wording;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderValue, header};
use ledger::{Entry, Outcome};
use std::fmt::Write as _;
use std::sync::Arc;
use store::log::Export;
use store::{Error, Store};

/// Spreadsheets take UTF-8 for it only after this.
const MARK: &str = "\u{feff}";
const HEAD: &str = "番号,日時（日本時間）,日時（UTC）,だれが,端末,証明書,事業所番号,サインインの番号,サインインした時刻（UTC）,接続元,何を,操作の記号,対象,相手の事業所番号,結果,理由の記号,時計,そのほか\r\n";

struct Writing {
    store: Arc<Store>,
    export: Export,
    jsonl: bool,
    begun: bool,
}

/// Answers with the file. What breaks off in the middle is not taken for the whole: the transfer fails.
pub(super) fn download(store: Arc<Store>, export: Export, query: &Query, jsonl: bool) -> Response {
    let (kind, ending) = if jsonl { ("application/x-ndjson", "jsonl") } else { ("text/csv; charset=utf-8", "csv") };
    let name = format!("attachment; filename=\"fumibako-log-{}-{}.{ending}\"", query.from, query.until);
    let parts = stream::try_unfold(Writing { store, export, jsonl, begun: false }, part);
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

async fn part(mut writing: Writing) -> Result<Option<(Bytes, Writing)>, Error> {
    let entries = writing.store.export_part(&mut writing.export).await?;
    let mut text = String::new();
    if !writing.begun && !writing.jsonl {
        text.push_str(MARK);
        text.push_str(HEAD);
    }
    let first = !std::mem::replace(&mut writing.begun, true);
    if entries.is_empty() && (!first || text.is_empty()) {
        return Ok(None);
    }
    for (index, line, entry) in entries {
        if writing.jsonl {
            // The line is JSON as it stands, and nothing of it is changed: its leaf hash can be made of it.
            let _ = writeln!(text, "{{\"index\":{index},\"entry\":{line}}}");
        } else {
            row(&mut text, index, entry.as_ref());
        }
    }
    Ok(Some((Bytes::from(text), writing)))
}

/// No value of an entry holds a quote, a comma or a line break, and ours do not either; quoted all the same.
fn row(text: &mut String, index: u64, entry: Option<&Entry>) {
    let Some(fields) = entry.map(Entry::fields) else {
        let _ = write!(text, "{index},新しい版の記録\r\n");
        return;
    };
    let option = |value: Option<String>| value.unwrap_or_default();
    let code = match &fields.outcome {
        Outcome::Refused(code) | Outcome::Failed(code) => code.to_string(),
        Outcome::Ok => String::new(),
    };
    let cells = [
        second(fields.at),
        fields.at.to_string(),
        fields.actor.to_string(),
        option(fields.device.as_ref().map(|device| device.id().to_string())),
        option(fields.device.as_ref().and_then(|device| device.certificate().map(str::to_owned))),
        option(fields.office.as_ref().map(ToString::to_string)),
        option(fields.login.as_ref().map(|login| login.session.to_string())),
        option(fields.login.as_ref().map(|login| login.at.to_string())),
        option(fields.source.as_ref().map(ToString::to_string)),
        wording::action(fields.action).to_owned(),
        fields.action.id().to_owned(),
        option(fields.object.as_ref().map(ToString::to_string)),
        option(fields.counterpart.as_ref().map(ToString::to_string)),
        wording::outcome(&fields.outcome).to_owned(),
        code,
        wording::clock(fields.clock),
        details(fields),
    ];
    let _ = write!(text, "{index}");
    for cell in cells {
        let _ = write!(text, ",\"{}\"", cell.replace('"', "\"\""));
    }
    text.push_str("\r\n");
}
