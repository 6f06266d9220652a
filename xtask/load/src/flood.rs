//! A flood of sign-ins beside the sends: wrong passwords, more at a time than the exchange lets wait, from every device and each
//! from an address of its own, so that the limit per address does not end it before it has cost anything.

use crate::client::{Chunks, Connection, Target};
use anyhow::{Context as _, ensure};
use http::{Request, StatusCode, header};
use hyper::body::Bytes;
use std::net::Ipv4Addr;
use std::time::Instant;

/// More than the exchange lets wait for a comparison, so that its queue stays full.
pub(crate) const CONNECTIONS: usize = 48;
/// What the page says when a password was compared and was wrong; anything else was held back without comparing.
const COMPARED: &str = "入れませんでした。";
const FIELD: &str = "name=\"form_token\" value=\"";

/// Tries that were answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answered {
    /// With a password compared, at the cost that a real exchange pays.
    pub(crate) compared: u64,
    /// Told to come back: the queue was full, or the device had tried too often.
    pub(crate) held_back: u64,
}

/// Tries until the time is over. Returns what was answered after `from`.
pub(crate) async fn flood(target: Target, number: usize, from: Instant, until: Instant) -> anyhow::Result<Answered> {
    let source = Ipv4Addr::new(127, 0, 1, u8::try_from(number + 1)?);
    let mut connection = target.connect_from(source, number % target.offices()).await?;
    let (cookie, token) = door(&mut connection).await?;
    let mut answered = Answered::default();
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
        if Instant::now() >= from {
            match std::str::from_utf8(&page)?.contains(COMPARED) {
                true => answered.compared += 1,
                false => answered.held_back += 1,
            }
        }
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
