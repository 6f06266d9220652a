//! What was acknowledged is there: counted at the receivers, and a sample opened.

use crate::client::{Connection, Target};
use crate::drive::Accepted;
use crate::office::Offices;
use crate::sets::{Set, Sets};
use anyhow::{Context as _, ensure};
use exchange::Digest;
use http::StatusCode;
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use standard::SourceFile;
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// Sets that are fetched and compared byte by byte.
const SAMPLE_SETS: usize = 50;

/// What was found.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Verified {
    /// Sets acknowledged to their senders.
    pub(crate) acknowledged: usize,
    /// Sets that the receivers are shown.
    pub(crate) listed: usize,
    /// Sets fetched whose digest is that of what was sent.
    pub(crate) right: usize,
    /// Sets fetched.
    pub(crate) fetched: usize,
}

impl Verified {
    pub(crate) fn is_sound(self) -> bool {
        self.acknowledged == self.listed && self.right == self.fetched
    }
}

#[derive(Deserialize)]
struct List {
    items: Vec<serde::de::IgnoredAny>,
    next: Option<String>,
}

pub(crate) async fn verify(
    target: &Target,
    offices: &Offices,
    sets: &Sets,
    accepted: &[Accepted],
) -> anyhow::Result<Verified> {
    let listed = listed(target, offices).await?;
    let acknowledged: usize = accepted.iter().map(|call| call.ids.len()).sum();
    let (mut fetched, mut right) = (0, 0);
    for call in accepted.iter().step_by((accepted.len() / SAMPLE_SETS).max(1)).take(SAMPLE_SETS) {
        // Of a call with many sets any one will do, but it has to be one of them.
        let Some((id, receiver)) = call.ids.first() else { continue };
        let receiver = offices.all().iter().position(|office| office.number == *receiver).context("an office")?;
        fetched += 1;
        right += usize::from(fetch(target, receiver, id, &sets.of(call.sender)[call.sets.clone()]).await?);
    }
    Ok(Verified { acknowledged, listed, right, fetched })
}

/// How many sets the receivers are shown.
pub(crate) async fn listed(target: &Target, offices: &Offices) -> anyhow::Result<usize> {
    let mut listed = 0;
    for office in 0..offices.all().len() {
        listed += list(&mut target.connect(office).await?).await?;
    }
    Ok(listed)
}

async fn list(connection: &mut Connection) -> anyhow::Result<usize> {
    let (mut listed, mut after) = (0, String::new());
    loop {
        let (status, answer) = connection.get(&format!("/api/v1/received?limit=500{after}")).await?;
        let page: List = serde_json::from_slice(&good(status, answer)?)?;
        listed += page.items.len();
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(listed),
        }
    }
}

/// Opened by its receiver: whether the content is one of those that were sent in that call.
async fn fetch(target: &Target, receiver: usize, id: &str, batch: &[Set]) -> anyhow::Result<bool> {
    let mut connection = target.connect(receiver).await?;
    let (status, answer) = connection.get(&format!("/api/v1/transmissions/{id}/zip")).await?;
    let mut archive = ZipArchive::new(Cursor::new(good(status, answer)?))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        files.push((file.name().to_owned(), bytes));
    }
    let digest = Digest::of_set(files.iter().map(|(name, bytes)| SourceFile { name, bytes }));
    Ok(batch.iter().any(|set| set.digest == digest))
}

fn good(status: StatusCode, answer: Bytes) -> anyhow::Result<Bytes> {
    ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&answer));
    Some(answer).context("no answer")
}
