//! 証人: others who remember how far they have seen the log and cosign only what goes on from there (C2SP tlog-witness).

use anyhow::{Context as _, bail, ensure};
use http::StatusCode;
use ledger::{SignatureLine, VerifyingKey};
use std::time::Duration;
use store::Store;

/// A witness that has not answered by then is asked again the next time.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Its answer is a few lines.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// It may say once that it remembers another size.
const ROUNDS_MAX: usize = 2;

/// One witness.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    pub(crate) url: String,
    pub(crate) key: VerifyingKey,
}

pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none()).build()?)
}

impl Witness {
    /// Asks for a cosignature on the newest checkpoint and keeps it. Returns the size that was cosigned.
    pub(super) async fn ask(&self, client: &reqwest::Client, store: &Store, seen: u64) -> anyhow::Result<u64> {
        let mut seen = seen;
        for _ in 0..ROUNDS_MAX {
            let request = store.witness_request(seen).await?;
            let size = request.checkpoint().checkpoint().size();
            let url = format!("{}/add-checkpoint", self.url.trim_end_matches('/'));
            let answer = client.post(url).body(request.to_string()).send().await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            ensure!(body.len() <= ANSWER_BYTES_MAX, "the answer is too long");
            let body = std::str::from_utf8(&body).context("the answer is no text")?;
            match status {
                StatusCode::OK => {
                    for line in body.lines() {
                        let line: SignatureLine = line.parse().context("a signature line")?;
                        // A witness with several keys sends a line for each; one of them is the one that we know.
                        if store.checkpoint_left(size, Some((line, &self.key))).await.is_ok() {
                            return Ok(size);
                        }
                    }
                    bail!("no cosignature of the key that is configured");
                }
                StatusCode::CONFLICT => seen = body.trim().parse().context("the size that it remembers")?,
                other => bail!("answered {other}"),
            }
        }
        bail!("it remembers another size each time")
    }
}
