//! 立会人: others who remember how far they have seen the log and cosign only what goes on from there (C2SP tlog-witness).

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
            let mut answer = client.post(url).body(request.to_string()).send().await?;
            let status = answer.status();
            // Never more than that in memory, however long somebody goes on.
            let mut body = Vec::new();
            while let Some(some) = answer.chunk().await? {
                ensure!(body.len() + some.len() <= ANSWER_BYTES_MAX, "the answer is too long");
                body.extend_from_slice(&some);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::Arc;
    use std::time::Instant;
    use store::{HostClock, MasterKey};

    /// It would be read until the memory is full, or until it was waited for long enough.
    #[tokio::test]
    async fn a_witness_that_talks_without_end_is_not_listened_to() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let talking = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("asked");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let piece = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
            let mut pieces = 0_u32;
            while pieces < 100_000 && stream.write_all(piece.as_bytes()).is_ok() {
                pieces += 1;
            }
            pieces
        });
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::create(folder.path(), MasterKey::from_bytes(&[3; 32].into()), Arc::new(HostClock)).await;
        let store = store.expect("created");
        let key = ledger::WitnessKey::new("witness.example".parse().expect("a name"), &[5; 32]).verifying_key();
        let begun = Instant::now();
        let asked = Witness { url, key }.ask(&client().expect("a client"), &store, 0).await;
        assert!(asked.expect_err("refused").to_string().contains("too long"));
        assert!(begun.elapsed() < ANSWER_MAX);
        // Not waited for here: whoever hangs up does so on this thread.
        let pieces = tokio::task::spawn_blocking(move || talking.join()).await.expect("waited");
        assert!(pieces.expect("it was hung up on") < 100_000);
        store.close().await;
    }
}
