//! サーバー証明書: what the doors show (R7.1), from files, by ACME, or for a demonstration. Refused before opening when nobody
//! outside would trust it.

pub(crate) mod acme;
pub(crate) mod status;

use super::config::{Config, ServerCertificateFiles};
use super::explain;
use crate::terminal::Failure;
use acme::{Acme, Keeper};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use store::Store;
use tokio::signal::unix::{SignalKind, signal};
use web::tls::{Identity, ServerIdentity};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// From here on, the log complains once a day.
const WARN_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
const COMPLAIN_EVERY: Duration = Duration::from_hours(24);

/// The configured certificate; in a demonstration, one from the built-in authority if none is configured.
pub(crate) async fn first(config: &Config, store: &Store, demo: bool) -> anyhow::Result<ServerIdentity> {
    if let Some(files) = config.server_certificate() {
        return read(&files, demo);
    }
    if !demo {
        return Err(Failure::new(
            "信頼された認証局のサーバー証明書が、設定されていません。",
            "設定の tls に、certificate と key か、acme を書いてください。試すだけなら serve --demo で動かせます。",
        )
        .into());
    }
    let issued = store.issue_server_certificate(config.names()).await.map_err(explain)?.ok_or_else(|| {
        Failure::new(
            "この交換所の認証局は、端末の証明書しか発行できません。",
            "設定の tls に、certificate と key か、acme を書いてください。",
        )
    })?;
    Ok(ServerIdentity {
        chain: vec![CertificateDer::from(issued.certificate)],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
    })
}

/// Takes up a renewed certificate while serving: when its files change, or on SIGHUP. A bad one is reported and left.
pub(crate) async fn keep(files: ServerCertificateFiles, identity: Arc<Identity>, demo: bool) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut known = changed_at(&files);
    let mut complaints = Complaints::default();
    loop {
        complaints.about(&identity);
        let asked = tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => false,
            _ = hangup.recv() => true,
        };
        let now = changed_at(&files);
        if !asked && now == known {
            continue;
        }
        known = now;
        let taken = read(&files, demo).and_then(|fresh| Ok(identity.replace(fresh)?));
        match taken {
            Ok(()) => tracing::warn!("the server certificate was replaced"),
            Err(error) => tracing::error!(
                error = describe(&error),
                "the new server certificate is not usable; the present one stays"
            ),
        }
    }
}

/// The same with certificates that we order ourselves: looks each minute and on SIGHUP whether one is due.
pub(crate) async fn keep_ordering(acme: Acme, mut keeper: Keeper) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut complaints = Complaints::default();
    loop {
        if let Err(error) = acme.look(&mut keeper).await {
            tracing::error!(error = describe(&error), "the server certificate was not looked after");
        }
        // One of short life is always near its end; only a failure makes that worth a word.
        if keeper.store.acme_turn().await.is_ok_and(|turn| turn.failures > 0) {
            complaints.about(&keeper.identity);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Says in the log that the end is near, and not every minute.
#[derive(Default)]
struct Complaints {
    last: Option<Instant>,
}

impl Complaints {
    fn about(&mut self, identity: &Identity) {
        let left = identity.valid_until().map(|until| until.duration_since(Timestamp::now()));
        let Some(left) = left.filter(|left| *left <= WARN_LIFE) else { return };
        if self.last.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
            self.last = Some(Instant::now());
            tracing::warn!(days = left.as_hours() / 24, "the server certificate ends soon");
        }
    }
}

/// The whole of an error on one line, as the log wants it.
fn describe(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('\n', " ")
}

fn changed_at(files: &ServerCertificateFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn read(files: &ServerCertificateFiles, demo: bool) -> anyhow::Result<ServerIdentity> {
    let failure = || {
        Failure::new(
            "サーバー証明書か、その鍵を読めません。",
            "設定の tls に書いたファイルが PEM 形式か、読む権限があるかを確かめてください。",
        )
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(failure)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(failure)?;
    if !demo {
        check(&chain, &files.names)?;
    }
    Ok(ServerIdentity { chain, key })
}

/// What every office's software will check: the chain up to an authority this machine trusts, each name, the time, and
/// strength. An operator of a closed network adds its authority to the machine's, deliberately.
fn check(chain: &[CertificateDer<'static>], names: &[String]) -> anyhow::Result<()> {
    let [leaf, intermediates @ ..] = chain else {
        return Err(
            Failure::new("サーバー証明書のファイルが空です。", "設定の tls.certificate を確かめてください。").into()
        );
    };
    let unusable = || {
        Failure::new(
            "サーバー証明書は、信頼された認証局のものではないか、期限か名前が合っていません。",
            "中間証明書を含む証明書か、期限か、設定の listen.names かを確かめてください。試すだけなら serve --demo で動かせます。",
        )
    };
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| unusable())?;
    if parsed.subject() == parsed.issuer() {
        return Err(Failure::new(
            "サーバー証明書が自己署名です。",
            "信頼された認証局の証明書を使ってください。試すだけなら serve --demo で動かせます。",
        )
        .into());
    }
    for certificate in chain {
        web::trust::strength(certificate).with_context(unusable)?;
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(web::tls::provider()))
        .build()
        .with_context(unusable)?;
    for name in names {
        let name = ServerName::try_from(name.as_str()).with_context(unusable)?;
        verifier.verify_server_cert(leaf, intermediates, &name, &[], UnixTime::now()).with_context(unusable)?;
    }
    Ok(())
}
