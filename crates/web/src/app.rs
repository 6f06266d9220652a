use crate::gate::Gate;
use crate::news::News;
use crate::pages::once::Once;
use crate::pages::passkeys;
use crate::tls::Identity;
use std::sync::Arc;
use store::people::PasskeySite;
use store::{Places, Store};
use tokio::sync::Semaphore;

/// Upper bounds of what one call may bring. Each has a refusal of its own.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one call's body.
    pub call_bytes: usize,
    /// Files of one call.
    pub call_files: usize,
    /// Bytes of uploads held in memory at the same time, over all calls; further calls wait.
    pub upload_memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { call_bytes: 64 << 20, call_files: 2_000, upload_memory_bytes: 512 << 20 }
    }
}

/// Downloads of many sets that are put together at the same time: each holds its sets in memory.
const DOWNLOADS_MAX: usize = 4;

/// Documents that are typeset at the same time.
const PRINTS_MAX: usize = 1;

/// What every handler needs.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) limits: Limits,
    pub(crate) exchange_url: Arc<str>,
    /// Where devices are enrolled.
    pub(crate) enrolment_url: Arc<str>,
    /// Where an office that is not on the exchange gets what was handed over to it; absent where there is no such door.
    pub(crate) handover_url: Option<Arc<str>>,
    /// What passkeys are bound to; absent at a bare address.
    pub(crate) site: Option<PasskeySite>,
    /// Secrets on their way to the page that shows them.
    pub(crate) once: Arc<Once>,
    pub(crate) gate: Arc<Gate>,
    /// What the doors show; for the page that says how long it lasts.
    pub(crate) identity: Arc<Identity>,
    /// Whether the exchange orders that itself.
    pub(crate) acme: bool,
    /// Typesets documents, one at a time: it takes memory and processor time of the sends.
    pub(crate) printer: Arc<print::Printer>,
    pub(crate) printing: Arc<Semaphore>,
    /// Where the list of erasures and the backups lie.
    pub(crate) erasure: Arc<Places>,

    /// 取込用のダウンロード.
    pub(crate) downloading: Arc<Semaphore>,
    /// 新着: who waits for what on this node.
    pub(crate) news: Arc<News>,

    /// Whether mails go out: 届いた知らせのメール.
    pub(crate) mails: bool,

    /// 標準の検査 for browsers, if it lies beside the program.
    pub(crate) standard_module: Option<axum::body::Bytes>,
    /// One permit per KiB of upload in memory.
    pub(crate) upload_memory: Arc<Semaphore>,
}

impl App {
    #[allow(clippy::too_many_arguments, reason = "each is one thing that the exchange is made of")]
    pub(crate) fn new(
        store: Arc<Store>,
        limits: Limits,
        ([exchange_url, enrolment_url], handover_url): ([&str; 2], Option<&str>),
        gate: Arc<Gate>,
        identity: Arc<Identity>,
        acme: bool,
        (printer, erasure): (print::Printer, Places),
        standard_module: Option<Vec<u8>>,
    ) -> Self {
        let permits = (limits.upload_memory_bytes >> 10).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            store,
            limits,
            exchange_url: exchange_url.into(),
            enrolment_url: enrolment_url.into(),
            handover_url: handover_url.map(Into::into),
            gate,
            identity,
            acme,
            site: passkeys::site(exchange_url),
            once: Arc::default(),
            printer: Arc::new(printer),
            erasure: Arc::new(erasure),
            printing: Arc::new(Semaphore::new(PRINTS_MAX)),
            downloading: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
            news: Arc::default(),
            mails: false,
            standard_module: standard_module.map(axum::body::Bytes::from),
            upload_memory: Arc::new(Semaphore::new(permits)),
        }
    }
}
