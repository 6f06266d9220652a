//! 失効リスト: whether the exchange's own certificate has been revoked, by lists that the operator names (R7.1).
//!
//! Where lists are named they decide: one that is missing, past its time or another authority's lets nobody be spoken to. None
//! is named by default, since certificates of a few days need none and those of public authorities say themselves too little
//! about where theirs lie before anything has been said to the server (`docs/decisions.md`).

use super::write_private;
use crate::terminal::Failure;
use anyhow::{Context as _, anyhow, ensure};
use reqwest::tls::CertificateRevocationList;
use reqwest::{Client, redirect};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use x509_parser::prelude::{CertificateRevocationList as Parsed, FromDer as _};

/// Lists of one device: the server's certificate has few authorities above it.
const LISTS_MAX: usize = 8;
/// The largest list of a public authority is far below.
const LIST_BYTES_MAX: usize = 16 << 20;
const FETCH_TIME_MAX: Duration = Duration::from_secs(20);
/// A list that was fetched serves so long, unless its own time is over before.
const FETCH_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

fn failure(source: &str) -> Failure {
    Failure::new(
        format!("交換所の証明書の失効リスト（{source}）を確かめられません。交換所には、何も送っていません。"),
        "リストの場所、期限、ネットワークを確かめてください。場所は、端末のフォルダーの device.toml の server_revocation_lists にあります。",
    )
}

/// The lists behind what is configured: files, as paths from the device's folder, or addresses.
pub(crate) async fn lists(folder: &Path, sources: &[String]) -> anyhow::Result<Vec<CertificateRevocationList>> {
    ensure!(sources.len() <= LISTS_MAX, failure("多すぎます"));
    let mut lists = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let bytes = match source.starts_with("https://") || source.starts_with("http://") {
            true => fetched(folder, at, source).await,
            false => read(&folder.join(source)),
        };
        lists.extend(parsed(&bytes.with_context(|| failure(source))?).with_context(|| failure(source))?);
    }
    Ok(lists)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LIST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= LIST_BYTES_MAX, "the list is too large");
    Ok(bytes)
}

/// From its address, or as it was fetched within hours. What an address gives is not believed for that: the list is signed.
async fn fetched(folder: &Path, at: usize, source: &str) -> anyhow::Result<Vec<u8>> {
    let (name, next) = (format!("server-revocation-{at}.crl"), format!("server-revocation-{at}.next"));
    let kept = folder.join(&name);
    if is_recent(&kept)
        && let Ok(bytes) = read(&kept)
        && parsed(&bytes).is_ok()
    {
        return Ok(bytes);
    }
    let client = Client::builder().timeout(FETCH_TIME_MAX).redirect(redirect::Policy::none()).build()?;
    let mut answer = client.get(source).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(some) = answer.chunk().await? {
        bytes.extend_from_slice(&some);
        ensure!(bytes.len() <= LIST_BYTES_MAX, "the list is too large");
    }
    parsed(&bytes)?;
    // A device that is being enrolled has no folder yet.
    if folder.is_dir() {
        let beside: PathBuf = folder.join(&next);
        let _ = fs::remove_file(&beside);
        write_private(folder, &next, &bytes)?;
        fs::rename(beside, kept)?;
    }
    Ok(bytes)
}

fn is_recent(path: &Path) -> bool {
    let written = fs::metadata(path).and_then(|found| found.modified());
    written.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < FETCH_EVERY))
}

/// One list in DER, or any number in PEM; each within its time. Whose they are is for the handshake to say.
fn parsed(bytes: &[u8]) -> anyhow::Result<Vec<CertificateRevocationList>> {
    let lists: Vec<Vec<u8>> = match bytes.starts_with(&[0x30]) {
        true => vec![bytes.to_vec()],
        false => CertificateRevocationListDer::pem_slice_iter(bytes)
            .map(|list| list.map(|list| list.as_ref().to_vec()))
            .collect::<Result<_, _>>()?,
    };
    ensure!(!lists.is_empty(), "no list");
    for list in &lists {
        let (rest, list) = Parsed::from_der(list).map_err(|_| anyhow!("not a list"))?;
        ensure!(rest.is_empty(), "more than a list");
        let now = x509_parser::time::ASN1Time::now();
        // A list that does not say how long it counts counts for ever: that is none.
        let until = list.next_update().context("a list without an end")?;
        ensure!(list.last_update() <= now && now < until, "not within its time");
    }
    lists.iter().map(|list| Ok(CertificateRevocationList::from_pem(pem(list).as_bytes())?)).collect()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
}
