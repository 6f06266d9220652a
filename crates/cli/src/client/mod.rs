//! Commands on a device of an office: enrol, send, collect.

pub(crate) mod collect;
mod enclosing;
pub(crate) mod enrol;
mod packs;
pub(crate) mod receipt;
pub(crate) mod renew;
pub(crate) mod revocation;
pub(crate) mod send;

use crate::terminal::Failure;
use anyhow::Context as _;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Response, StatusCode, tls};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

pub(crate) const KEY_FILE: &str = "key.pem";
pub(crate) const CERTIFICATE_FILE: &str = "certificate.pem";
pub(crate) const AUTHORITY_FILE: &str = "authority.pem";
/// A renewed pair, whole but not in place yet.
pub(crate) const KEY_NEXT: &str = "key.next.pem";
pub(crate) const CERTIFICATE_NEXT: &str = "certificate.next.pem";
pub(crate) const DEVICE_FILE: &str = "device.toml";
/// The program's own token, where the device was enrolled for one.
pub(crate) const TOKEN_FILE: &str = "software.token";

/// A token is below a hundred; whatever is longer is another file.
const TOKEN_BYTES_MAX: usize = 1024;

const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);
const CALL_TIME_MAX: Duration = Duration::from_secs(180);

/// Which device.
#[derive(clap::Args, Debug)]
pub(crate) struct DeviceFolder {
    /// 端末のフォルダー（fumibako device enrol で作ったもの）
    #[arg(
        long = "device",
        id = "device",
        value_name = "DIR",
        env = "FUMIBAKO_DEVICE",
        default_value = "fumibako-device"
    )]
    pub(crate) folder: PathBuf,
}

/// What the device remembers beside its key and certificate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeviceCard {
    pub(crate) exchange_url: String,
    pub(crate) office_number: String,
    pub(crate) office_name: String,
    /// 失効リスト of the exchange's own certificate and of the authorities above it: files from this folder, or addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) server_revocation_lists: Vec<String>,
}

/// An enrolled device, ready to call the exchange.
pub(crate) struct Session {
    http: Client,
    card: DeviceCard,
    token: Option<Zeroizing<String>>,
}

impl Session {
    pub(crate) fn open(device: &DeviceFolder) -> anyhow::Result<Self> {
        let folder = &device.folder;
        let failure = || {
            Failure::new(
                format!("端末のフォルダー {} を使えません。", folder.display()),
                "--device で場所を示すか、はじめてなら fumibako device enrol で登録してください。",
            )
        };
        let read = |name: &str| std::fs::read(folder.join(name)).with_context(failure);
        let card: DeviceCard = toml::from_str(&String::from_utf8_lossy(&read(DEVICE_FILE)?)).with_context(failure)?;
        finish_renewal(folder).with_context(failure)?;
        let mut identity = read(KEY_FILE)?;
        identity.extend(read(CERTIFICATE_FILE)?);
        // Absent where the exchange shows a certificate that the system trusts.
        let authority = match folder.join(AUTHORITY_FILE).exists() {
            true => Some(read(AUTHORITY_FILE)?),
            false => None,
        };
        let lists = block_on(revocation::lists(folder, &card.server_revocation_lists))?;
        let http = builder(authority.as_deref(), lists)?
            .identity(Identity::from_pem(&identity).with_context(failure)?)
            .build()
            .with_context(failure)?;
        let token = match std::fs::read_to_string(folder.join(TOKEN_FILE)).map(Zeroizing::new) {
            Ok(token) if token.len() <= TOKEN_BYTES_MAX => Some(Zeroizing::new(token.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Ok(_) => return Err(failure().into()),
            Err(error) => return Err(anyhow::Error::new(error).context(failure())),
        };
        Ok(Self { http, card, token })
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.proven(self.http.get(format!("{}{path}", self.card.exchange_url)))
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.proven(self.http.post(format!("{}{path}", self.card.exchange_url)))
    }

    /// The certificate says which device it is, the token which program.
    fn proven(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.as_str()),
            None => request,
        }
    }
}

/// Puts a renewed pair in place. The certificate comes last: as long as it waits, the pair is not complete, and whoever
/// comes next finishes it.
pub(crate) fn finish_renewal(folder: &Path) -> std::io::Result<()> {
    if !folder.join(CERTIFICATE_NEXT).exists() {
        return Ok(());
    }
    if folder.join(KEY_NEXT).exists() {
        std::fs::rename(folder.join(KEY_NEXT), folder.join(KEY_FILE))?;
    }
    std::fs::rename(folder.join(CERTIFICATE_NEXT), folder.join(CERTIFICATE_FILE))?;
    std::fs::File::open(folder)?.sync_all()
}

/// TLS 1.3 only; the given authority, or those the system trusts; with the lists of what they revoked where there are any.
/// There is no way to switch verification off (R7.1).
pub(crate) fn builder(
    authority: Option<&[u8]>,
    lists: Vec<tls::CertificateRevocationList>,
) -> anyhow::Result<ClientBuilder> {
    let builder = Client::builder()
        .https_only(true)
        .tls_version_min(tls::Version::TLS_1_3)
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(CALL_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none());
    let trusted =
        match authority {
            Some(pem) => Some(Certificate::from_pem_bundle(pem).with_context(|| {
                Failure::new("認証局の証明書を読めません。", "PEM 形式のファイルか確かめてください。")
            })?),
            None if lists.is_empty() => None,
            // What looks into lists does not ask the system itself.
            None => Some(system_authorities()?),
        };
    let Some(trusted) = trusted else { return Ok(builder) };
    let builder = builder.tls_certs_only(trusted);
    Ok(if lists.is_empty() { builder } else { builder.tls_crls_only(lists) })
}

fn system_authorities() -> anyhow::Result<Vec<Certificate>> {
    let found = rustls_native_certs::load_native_certs();
    let authorities: Vec<Certificate> =
        found.certs.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()).collect();
    if authorities.is_empty() {
        return Err(Failure::new(
            "この端末が信頼する認証局の一覧を読めません。",
            "ca-certificates が入っているか確かめてください。",
        )
        .into());
    }
    Ok(authorities)
}

/// Runs a device's command to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// What the exchange says when it says no.
#[derive(Debug, Deserialize)]
pub(crate) struct ProblemView {
    pub(crate) code: String,
    pub(crate) what: String,
    pub(crate) fix: String,
    pub(crate) incident: Option<String>,
    #[serde(default)]
    pub(crate) findings: Vec<FindingView>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FindingView {
    pub(crate) code: String,
    pub(crate) file: Option<String>,
    pub(crate) row: Option<u64>,
    pub(crate) column: Option<u16>,
    pub(crate) item: Option<String>,
    #[serde(default)]
    pub(crate) character: Option<u32>,
    pub(crate) what: String,
    pub(crate) fix: String,
}

impl From<ProblemView> for Failure {
    fn from(problem: ProblemView) -> Self {
        let incident = problem.incident.map_or_else(String::new, |number| format!("（番号 {number}）"));
        Self::new(format!("{} [{}]", problem.what, problem.code), format!("{}{incident}", problem.fix))
    }
}

/// Sends the request and turns an answer that says no into a failure with its way out.
pub(crate) async fn call(request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
    ask(request).await?.map_err(|problem| Failure::from(problem).into())
}

/// Sends the request; an answer that says no is an answer.
pub(crate) async fn ask(request: reqwest::RequestBuilder) -> anyhow::Result<Result<Response, ProblemView>> {
    let response = request.send().await.map_err(unreachable_exchange)?;
    if response.status() == StatusCode::OK {
        return Ok(Ok(response));
    }
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    let problem = serde_json::from_slice(&body).with_context(|| {
        Failure::new(
            format!("交換所から思わぬ返事がありました（{status}）。"),
            "しばらくして試し、続くときは運営者に連絡してください。",
        )
    })?;
    Ok(Err(problem))
}

fn unreachable_exchange(error: reqwest::Error) -> anyhow::Error {
    let said = |word: &str| {
        std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
            .any(|cause| cause.to_string().to_lowercase().contains(word))
    };
    // What the exchange says about us is an alert; what we found out about it is not.
    let of_us = said("received fatal alert");
    let failure = if said("revoked") && !of_us {
        Failure::new(
            "交換所の証明書は、失効しています。何も送っていません。",
            "なりすましのおそれがあります。電話などの別の道で、運営者に確かめてください。",
        )
    } else if said("revocation") && !of_us {
        Failure::new(
            "交換所の証明書が失効していないことを確かめられません。何も送っていません。",
            "失効リストは、交換所の証明書の発行元と、その上の認証局のものがすべて要ります。device.toml の server_revocation_lists を運営者に確かめてください。",
        )
    } else if said("certificate") {
        Failure::new(
            "交換所との間で、証明書の確認ができませんでした。",
            "端末の証明書の期限や失効と、登録したときの交換所かどうかを確かめてください。使えなくなっていれば登録し直します。",
        )
    } else if said("connection closed") || said("connection reset") {
        // In TLS 1.3 a refused certificate shows as an end without a word, whenever the alert is overtaken by the end.
        Failure::new(
            "交換所が接続を閉じました。",
            "もう一度お試しください。二重には送られません。続くときは、端末の証明書が失効していないか、運営者に確かめてください。",
        )
    } else {
        Failure::new(
            "交換所につながりません。",
            "ネットワークと交換所の名前を確かめてください。送った分があれば、もう一度送っても二重にはなりません。",
        )
    };
    anyhow::Error::new(error.without_url()).context(failure)
}

/// A file in the device's folder, complete or not there at all.
pub(crate) fn write_private(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join(name);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{}", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}
