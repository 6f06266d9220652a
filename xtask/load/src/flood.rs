//! A flood of sign-ins beside the sends: wrong passwords, as many at a time as the exchange lets wait, from every device.

use crate::client::{Chunks, Connection, Target};
use anyhow::{Context as _, ensure};
use http::{Request, StatusCode, header};
use hyper::body::Bytes;
use std::time::Instant;

/// More than the exchange lets wait for a comparison, so that its queue stays full.
pub(crate) const CONNECTIONS: usize = 48;
const FIELD: &str = "name=\"form_token\" value=\"";

/// Tries until the time is over. Returns the tries that were answered after `from`.
pub(crate) async fn flood(target: Target, number: usize, from: Instant, until: Instant) -> anyhow::Result<u64> {
    let mut connection = target.connect(number % target.offices()).await?;
    let (cookie, token) = door(&mut connection).await?;
    let mut answered = 0;
    for again in 0.. {
        if Instant::now() >= until {
            break;
        }
        let body = format!("form_token={token}&back=%2F&login=nobody{number}x{again}&password=wrong-{again}");
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &cookie);
        let (_, status, page) = connection.page(request, [Bytes::from(body)].into_iter().collect()).await?;
        ensure!(status == StatusCode::UNPROCESSABLE_ENTITY, "a sign-in was answered {status}: {} bytes", page.len());
        answered += u64::from(Instant::now() >= from);
    }
    Ok(answered)
}

/// The form's token and the cookie that goes with it.
async fn door(connection: &mut Connection) -> anyhow::Result<(String, String)> {
    let (headers, status, page) = connection.page(Request::get("/sign-in"), Chunks::default()).await?;
    ensure!(status == StatusCode::OK, "the sign-in page: {status}");
    let cookie = headers.get(header::SET_COOKIE).context("no cookie")?.to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let page = std::str::from_utf8(&page)?;
    let (_, token) = page.split_once(FIELD).context("no form token")?;
    Ok((cookie, token.split('"').next().unwrap_or_default().to_owned()))
}
