//! サーバー証明書 by ACME (RFC 8555): ordered before the doors open for the first time, renewed while they stand open. What
//! is shown stays until something better is at hand (R7.1).

use super::{check, describe};
use crate::operator::explain;
use crate::terminal::Failure;
use anyhow::Context as _;
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, CertificateIdentifier, ChallengeType,
    Error as AcmeError, ExternalAccountKey, Identifier, NewAccount, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, Der, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{HeldServerCertificate, NewServerCertificate, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use web::tls::{Identity, ServerIdentity};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

/// All of one order; less than the turn that the store gives.
const ORDER_TIME_MAX: Duration = Duration::from_mins(5);
/// For the authority to have looked, and then to have signed.
const STEP_TIME_MAX: Duration = Duration::from_mins(2);
/// How often to see whether another node is done.
const TURN_EVERY: Duration = Duration::from_secs(2);
/// How often the authority is asked when it would like a renewal (RFC 9773).
const WISH_EVERY: Duration = Duration::from_hours(6);
/// What ended one order because the account was gone there.
const NO_ACCOUNT: &str = "accountDoesNotExist";
/// A code is a word of the authority's; longer ones are cut.
const CODE_CHARACTERS_MAX: usize = 40;

/// From the configuration: where to order, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Acme {
    pub(crate) directory: String,
    /// `mailto:` addresses.
    pub(crate) contacts: Vec<String>,
    /// Who vouches for the directory itself, where the machine's authorities do not.
    pub(crate) authority: Option<PathBuf>,
    /// An account that was agreed on outside: its id and its key.
    pub(crate) agreed: Option<(String, Zeroizing<Vec<u8>>)>,
    pub(crate) names: Vec<String>,
    /// Which kind of certificate, where the authority has several: `shortlived` is over before a revocation would count.
    pub(crate) profile: Option<String>,
}

/// An order that brought nothing.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Acme(#[from] AcmeError),
    #[error("the authority offers no tls-alpn-01 for a name")]
    NoChallenge,
    #[error("the authority says {0}")]
    Refused(Problem),
    #[error("the order became {0:?}")]
    Order(OrderStatus),
    #[error("not done in time")]
    Late,
    #[error("interrupted")]
    Interrupted,
    #[error("not usable: {0}")]
    Untrusted(anyhow::Error),
    #[error(transparent)]
    Key(#[from] rcgen::Error),
    #[error("the account is not readable: {0}")]
    Account(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Fault {
    /// One word, for the register and for pages (`web::server_certificate_reason`).
    fn code(&self) -> String {
        let named = |problem: &Problem| {
            let kind = problem.r#type.as_deref().unwrap_or_default().rsplit(':').next().unwrap_or_default();
            let word: String = kind.chars().filter(char::is_ascii_alphanumeric).take(CODE_CHARACTERS_MAX).collect();
            if word.is_empty() { "refused".to_owned() } else { word }
        };
        match self {
            Self::Acme(AcmeError::Api(problem)) | Self::Refused(problem) => named(problem),
            Self::Acme(AcmeError::Unsupported(_)) => "unsupported".to_owned(),
            Self::Acme(AcmeError::Timeout(_)) | Self::Late => "late".to_owned(),
            Self::Acme(_) => "unreachable".to_owned(),
            Self::NoChallenge => "noChallenge".to_owned(),
            Self::Order(_) => "refused".to_owned(),
            Self::Interrupted => "interrupted".to_owned(),
            Self::Untrusted(_) => "untrusted".to_owned(),
            Self::Key(_) | Self::Account(_) | Self::Store(_) => "internal".to_owned(),
        }
    }
}

/// What a node shows, by the number that the store gave it.
pub(crate) struct Shown {
    pub(crate) identity: ServerIdentity,
    version: i64,
}

impl Acme {
    /// The kept certificate if it is still good; otherwise one is ordered while the doors answer the authority and nobody else.
    pub(crate) async fn first(
        &self,
        store: &Arc<Store>,
        doors: [&TcpListener; 2],
        demo: bool,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<Shown> {
        if let Some(shown) = self.kept(store, demo).await? {
            return Ok(shown);
        }
        tracing::warn!(directory = %self.directory, "ordering the first server certificate");
        let ordering = async {
            loop {
                if let Some(shown) = self.kept(store, demo).await? {
                    return Ok(shown);
                }
                match self.obtain(store, demo, stopped.clone()).await {
                    Ok(true) => {}
                    // Another node is at it, or was when it broke off: its turn ends within minutes.
                    Ok(false) => tokio::time::sleep(TURN_EVERY).await,
                    Err(fault) => return Err(self.failed(fault)),
                }
            }
        };
        tokio::select! {
            shown = ordering => shown,
            () = web::answer_questions(doors, Arc::clone(store)) => Err(self.failed(Fault::Interrupted)),
        }
    }

    fn failed(&self, fault: Fault) -> anyhow::Error {
        let why = web::server_certificate_reason(&fault.code());
        let what = format!("サーバー証明書を {} から受け取れませんでした。\n  {why}", self.directory);
        let fix = "設定の tls.acme と listen.names、外から届くかを確かめて、もう一度動かしてください。試すだけなら tls.acme を外して serve --demo で動かせます。";
        anyhow::Error::new(fault).context(Failure::new(what, fix))
    }

    async fn kept(&self, store: &Store, demo: bool) -> anyhow::Result<Option<Shown>> {
        let Some(held) = store.server_certificate().await.map_err(explain)? else { return Ok(None) };
        match self.usable(&held, demo) {
            Ok(identity) => Ok(Some(Shown { identity, version: held.version })),
            Err(error) => {
                tracing::warn!(error = describe(&error), "the kept server certificate is not usable any more");
                Ok(None)
            }
        }
    }

    fn usable(&self, held: &HeldServerCertificate, demo: bool) -> anyhow::Result<ServerIdentity> {
        let chain = CertificateDer::pem_slice_iter(held.chain_pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        if !demo {
            check(&chain, &self.names)?;
        }
        Ok(ServerIdentity { chain, key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(held.key.to_vec())) })
    }

    /// One look while serving: takes up what another node got, and renews what is due.
    pub(super) async fn look(&self, keeper: &mut Keeper) -> anyhow::Result<()> {
        let Some(held) = keeper.store.server_certificate().await? else { return Ok(()) };
        let held = self.take_up(keeper, held)?;
        let wish = keeper.wish.of(self, &keeper.store, &held).await;
        let ours = held.is_for(&self.directory, &self.names);
        if !keeper.store.acme_turn().await?.is_due(&held, ours, wish, Timestamp::now()) {
            return Ok(());
        }
        match self.obtain(&keeper.store, keeper.demo, keeper.stopped.clone()).await {
            Ok(true) => {
                if let Some(held) = keeper.store.server_certificate().await? {
                    self.take_up(keeper, held)?;
                }
            }
            Ok(false) => {}
            Err(fault) => tracing::error!(
                error = describe(&anyhow::Error::new(fault)),
                "the server certificate was not renewed; the present one stays, and it is tried again later"
            ),
        }
        Ok(())
    }

    fn take_up(&self, keeper: &mut Keeper, held: HeldServerCertificate) -> anyhow::Result<HeldServerCertificate> {
        if held.version > keeper.version {
            keeper.identity.replace(self.usable(&held, keeper.demo)?)?;
            keeper.version = held.version;
            tracing::warn!(until = %held.valid_until, "the server certificate was replaced");
        }
        Ok(held)
    }

    /// Takes a turn at ordering. False when it is another's.
    async fn obtain(&self, store: &Store, demo: bool, mut stopped: watch::Receiver<bool>) -> Result<bool, Fault> {
        if !store.begin_server_certificate().await? {
            return Ok(false);
        }
        let brought = tokio::select! {
            brought = tokio::time::timeout(ORDER_TIME_MAX, self.order(store)) => brought.unwrap_or(Err(Fault::Late)),
            // Its turn is given back, so that whoever starts again need not wait for its end.
            _ = stopped.wait_for(|stop| *stop) => Err(Fault::Interrupted),
        };
        let taken = match brought {
            Ok(new) => self.judged(new, demo),
            Err(fault) => Err(fault),
        };
        match taken {
            Ok(new) => match store.take_server_certificate(new).await? {
                Some(_) => Ok(true),
                None => Err(self.given_back(store, Fault::Untrusted(anyhow::anyhow!("unreadable chain"))).await),
            },
            Err(fault) => Err(self.given_back(store, fault).await),
        }
    }

    async fn given_back(&self, store: &Store, fault: Fault) -> Fault {
        match store.server_certificate_failed(&fault.code()).await {
            Ok(()) => fault,
            Err(error) => error.into(),
        }
    }

    /// Whatever an authority sends is shown only if offices will trust it.
    fn judged(&self, new: NewServerCertificate, demo: bool) -> Result<NewServerCertificate, Fault> {
        let chain = CertificateDer::pem_slice_iter(new.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Fault::Untrusted(error.into()))?;
        if !demo {
            check(&chain, &self.names).map_err(Fault::Untrusted)?;
        }
        Ok(new)
    }

    async fn order(&self, store: &Store) -> Result<NewServerCertificate, Fault> {
        let names: Vec<_> = self.names.iter().cloned().map(Identifier::Dns).collect();
        let wanted = NewOrder::new(&names);
        let wanted = match &self.profile {
            Some(profile) => wanted.profile(profile),
            None => wanted,
        };
        let mut order = match self.account(store).await?.new_order(&wanted).await {
            Err(error) if is(&error, NO_ACCOUNT) => self.register(store).await?.new_order(&wanted).await?,
            order => order?,
        };
        prove(&mut order, store).await?;
        match order.poll_ready(&RetryPolicy::new().timeout(STEP_TIME_MAX)).await {
            Ok(OrderStatus::Ready) => {}
            Ok(status) => return Err(why(&mut order).await.map_or(Fault::Order(status), Fault::Refused)),
            Err(error) => return Err(why(&mut order).await.map_or(error.into(), Fault::Refused)),
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(self.names.clone())?;
        params.distinguished_name = DistinguishedName::new();
        order.finalize_csr(params.serialize_request(&key)?.der()).await?;
        let chain_pem = order.poll_certificate(&RetryPolicy::new().timeout(STEP_TIME_MAX)).await?;
        Ok(NewServerCertificate {
            directory: self.directory.clone(),
            names: self.names.clone(),
            chain_pem,
            key: Zeroizing::new(key.serialize_der()),
        })
    }

    fn builder(&self) -> Result<AccountBuilder, Fault> {
        Ok(match &self.authority {
            Some(file) => Account::builder_with_root(file)?,
            None => Account::builder()?,
        })
    }

    async fn account(&self, store: &Store) -> Result<Account, Fault> {
        match store.acme_account(&self.directory).await? {
            Some(kept) => {
                let credentials: AccountCredentials = serde_json::from_slice(&kept)?;
                Ok(self.builder()?.from_credentials(credentials).await?)
            }
            None => self.register(store).await,
        }
    }

    async fn register(&self, store: &Store) -> Result<Account, Fault> {
        let contact: Vec<_> = self.contacts.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let agreed = self.agreed.as_ref().map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let (account, credentials) = self.builder()?.create(&new, self.directory.clone(), agreed.as_ref()).await?;
        store.keep_acme_account(&self.directory, &Zeroizing::new(serde_json::to_vec(&credentials)?)).await?;
        Ok(account)
    }
}

fn is(error: &AcmeError, kind: &str) -> bool {
    matches!(error, AcmeError::Api(problem) if problem.r#type.as_deref().is_some_and(|named| named.ends_with(kind)))
}

/// Puts an answer at the doors for each name that the authority does not know to be ours yet.
async fn prove(order: &mut Order, store: &Store) -> Result<(), Fault> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization.challenge(ChallengeType::TlsAlpn01).ok_or(Fault::NoChallenge)?;
        let name = challenge.identifier().to_string();
        let digest = challenge.key_authorization().digest().as_ref().try_into().map_err(|_| AcmeError::Crypto)?;
        store.set_acme_challenge(&name, digest).await?;
        challenge.set_ready().await?;
    }
    Ok(())
}

/// What the authority found wrong with a name.
async fn why(order: &mut Order) -> Option<Problem> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
            return Some(problem);
        }
    }
    None
}

/// What keeps a server's certificate fresh while it serves.
pub(crate) struct Keeper {
    pub(super) store: Arc<Store>,
    pub(super) identity: Arc<Identity>,
    demo: bool,
    stopped: watch::Receiver<bool>,
    version: i64,
    wish: Wish,
}

impl Keeper {
    pub(crate) fn new(
        store: Arc<Store>,
        identity: Arc<Identity>,
        demo: bool,
        stopped: watch::Receiver<bool>,
        version: i64,
    ) -> Self {
        Self { store, identity, demo, stopped, version, wish: Wish::default() }
    }
}

impl Shown {
    pub(crate) fn version(&self) -> i64 {
        self.version
    }
}

/// When the authority would like a certificate renewed, as it said last (RFC 9773).
#[derive(Default)]
struct Wish {
    about: i64,
    ask_at: Option<Instant>,
    from: Option<Timestamp>,
}

impl Wish {
    /// An authority that cannot be asked wishes nothing; a third of the life left decides then.
    async fn of(&mut self, acme: &Acme, store: &Store, held: &HeldServerCertificate) -> Option<Timestamp> {
        if self.about != held.version {
            *self = Self { about: held.version, ..Self::default() };
        }
        if self.ask_at.is_none_or(|at| Instant::now() >= at) {
            self.ask_at = Some(Instant::now() + WISH_EVERY);
            let account = match acme.account(store).await {
                Ok(account) => account,
                Err(fault) => {
                    tracing::debug!(%fault, "the authority was not asked when to renew");
                    return self.from;
                }
            };
            match tokio::time::timeout(STEP_TIME_MAX, wished(&account, held)).await {
                Ok(Ok(from)) => self.from = from,
                Ok(Err(error)) => tracing::debug!(%error, "the authority does not say when to renew"),
                Err(_) => {}
            }
        }
        self.from
    }
}

/// A moment in the window that the authority suggests: another for each certificate, so that not all come at once.
async fn wished(account: &Account, held: &HeldServerCertificate) -> Result<Option<Timestamp>, AcmeError> {
    let Some((authority, serial)) = identifiers(&held.chain_pem) else { return Ok(None) };
    let id = CertificateIdentifier::new(Der::from_slice(&authority), Der::from_slice(&serial));
    let (info, _) = account.renewal_info(&id).await?;
    let instant = |at: time::OffsetDateTime| Timestamp::from_second(at.unix_timestamp()).ok();
    let (Some(start), Some(end)) = (instant(info.suggested_window.start), instant(info.suggested_window.end)) else {
        return Ok(None);
    };
    // Serial numbers are random.
    let share = serial.last().copied().unwrap_or_default();
    let width = end.duration_since(start).max(SignedDuration::ZERO);
    Ok(Some(start + width / 256 * i32::from(share)))
}

/// Who issued the leaf, and under which number: the key identifier and the serial, as they are encoded.
fn identifiers(chain_pem: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let leaf = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).next()?.ok()?;
    let (_, leaf) = X509Certificate::from_der(&leaf).ok()?;
    let authority = leaf.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref(),
        _ => None,
    })?;
    Some((authority.0.to_vec(), leaf.raw_serial().to_vec()))
}

/// The key of an account that was agreed on outside, as authorities hand it out: base64url in a file.
pub(crate) fn agreed_key(text: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let text = text.trim().trim_end_matches('=');
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).context("base64url")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use instant_acme::{BodyWrapper, BytesResponse, HttpClient};
    use std::future::Future;
    use std::pin::Pin;

    type Answer = Pin<Box<dyn Future<Output = Result<BytesResponse, AcmeError>> + Send>>;

    /// An authority that says when it would like one certificate renewed. Pebble of Debian 12 does not.
    struct Authority {
        asked_for: String,
        window: &'static str,
    }

    impl HttpClient for Authority {
        fn request(&self, request: http::Request<BodyWrapper<hyper::body::Bytes>>) -> Answer {
            let path = request.uri().path().to_owned();
            let body = match path.strip_prefix("/renewal/") {
                None => r#"{"newNonce":"https://a/n","newAccount":"https://a/a","newOrder":"https://a/o",
                            "renewalInfo":"https://a/renewal"}"#
                    .to_owned(),
                Some(id) => {
                    assert_eq!(id, self.asked_for);
                    self.window.to_owned()
                }
            };
            let answer =
                http::Response::builder().header("Retry-After", "21600").body(BodyWrapper::from(body.into_bytes()));
            Box::pin(async move { Ok(BytesResponse::from(answer.expect("an answer"))) })
        }
    }

    fn held(chain_pem: String) -> HeldServerCertificate {
        let instant = |text: &str| text.parse().expect("an instant");
        HeldServerCertificate {
            version: 1,
            directory: "https://a/dir".into(),
            names: vec!["a.example".into()],
            chain_pem,
            key: Zeroizing::default(),
            valid_from: instant("2026-11-01T00:00:00Z"),
            valid_until: instant("2027-01-30T00:00:00Z"),
        }
    }

    #[tokio::test]
    async fn r7_1_the_authority_is_asked_when_it_would_like_a_renewal() {
        use base64::Engine as _;
        use base64::prelude::BASE64_URL_SAFE_NO_PAD;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = CertificateParams::new(["a.example".to_owned()]).expect("a name");
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x11, 0x80]));
        let issuer = rcgen::Issuer::new(CertificateParams::default(), KeyPair::generate().expect("a key"));
        let pem = params.signed_by(&key, &issuer).expect("a certificate").pem();
        let (authority, serial) = identifiers(&pem).expect("both");
        assert_eq!(serial, [0x11, 0x80]);
        let asked_for =
            format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(authority), BASE64_URL_SAFE_NO_PAD.encode(serial));
        let window = r#"{"suggestedWindow":{"start":"2026-12-01T00:00:00Z","end":"2026-12-03T00:00:00Z"}}"#;
        let credentials = serde_json::json!({
            "id": "https://a/account/1",
            "key_pkcs8": BASE64_URL_SAFE_NO_PAD.encode(key.serialize_der()),
            "directory": "https://a/dir",
        });
        let credentials: AccountCredentials = serde_json::from_value(credentials).expect("credentials");
        let http = Box::new(Authority { asked_for, window });
        let account = Account::builder_with_http(http).from_credentials(credentials).await.expect("an account");
        // In the middle of the window, since the last byte of the serial is in the middle.
        let wish = wished(&account, &held(pem)).await.expect("an answer");
        assert_eq!(wish, Some("2026-12-02T00:00:00Z".parse().expect("an instant")));
    }

    #[test]
    fn a_reason_is_one_word_whatever_an_authority_says() {
        let problem = |kind: &str| -> Problem {
            serde_json::from_value(serde_json::json!({ "type": kind, "detail": "x" })).expect("a problem")
        };
        let code = |kind: &str| Fault::Refused(problem(kind)).code();
        assert_eq!(code("urn:ietf:params:acme:error:rateLimited"), "rateLimited");
        assert_eq!(code("about:blank"), "blank");
        assert_eq!(code(""), "refused");
        assert_eq!(code(&"x y\n".repeat(100)).len(), CODE_CHARACTERS_MAX);
    }

    #[test]
    fn the_key_of_an_account_is_base64url_with_or_without_an_end() {
        assert_eq!(*agreed_key(" -_8\n").expect("a key"), [0xfb, 0xff]);
        assert_eq!(*agreed_key("-_8=").expect("a key"), [0xfb, 0xff]);
        assert!(agreed_key("+/8").is_err());
    }
}
