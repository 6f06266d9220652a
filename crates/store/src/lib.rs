//! SQL, files and keys at work. Verbs (accept, collect, withdraw), each with its ledger entry in the same transaction.
//!
//! Nothing is acknowledged before it is on disk, and nothing is handed out before the record of handing it out is (R10.2).

mod accept;
mod authority;
mod bodies;
mod ceremony;
mod certificates;
mod clock;
mod clock_watch;
mod database;
mod deliver;
mod devices;
mod enrolment;
mod error;
mod gate;
mod hex;
mod history;
mod ids;
mod key_store;
pub mod log;
mod notices;
mod officer;
mod offices;
mod outside;
pub mod people;
mod proofs;
mod receipts;
mod record;
mod server_certificate;
mod tls12;
mod transmission;
mod worker_threads;
mod writer;

pub use accept::{Acceptance, SealedSet};
pub use authority::{AuthorityRequest, Installed, ServerCertificate};
pub use ceremony::{CUSTODIANS, Ceremony, CeremonyError, IssuingAuthority, create_root, sign_issuing_authority};
pub use certificates::{CertificateRecord, Due, Renewal, RenewedCertificate};
pub use clock::{Clock, HostClock, japanese_time};
pub use clock_watch::{ClockLook, ClockSources, LOOK_EVERY, WatchedClock};
pub use devices::{Asker, Device, RevocationReason};
pub use enrolment::{Approval, EnrolledDevice, Enrolment, EnrolmentCode, NewEnrolment, PendingEnrolment, Requested};
pub use error::Error;
pub use exchange::{Deadlines, State};
pub use gate::{Authority, GateList};
pub use ids::{
    AccountId, DeviceId, EnrolmentRequestId, FactorId, FindingId, GrantId, LogExportId, NotAnId, NoticeId, OfficeId,
    RecoveryId, ReviewId, SessionId, SoftwareId, Tls12ExceptionId, TransmissionId,
};
pub use key_store::{Unlock, create_key_store, open_key_store};
pub use notices::Notice;
pub use officer::{NotAName, OperatorName};
pub use offices::{NewOffice, Office, OfficeAdded};
pub use outside::{
    NewOutsideAuthority, NewOutsideDevice, OfficeNumberIn, OutsideAuthority, OutsideRegistration, OutsideTrusted,
};
pub use receipts::{
    Answered, Doer, EVIDENCE_SETS_MAX, Evidence, EvidenceAsked, EvidenceRow, GivenReceipt, Hand, ImportGiven,
    ImportReport, NOTE_CHARACTERS_MAX, OVERDUE_MAX, Overdue,
};
pub use seal::{KeyStoreError, MasterKey, Sealer};
pub use server_certificate::{AcmeTurn, HeldServerCertificate, NewServerCertificate, TURN as ACME_TURN};
pub use tls12::{NewTls12Exception, Tls12Allowed, Tls12Exception};
pub use transmission::{Answer, Folder, OpenedFile, Page, StoredFile, Transmission};
pub use writer::WriterCounts;

use bodies::Bodies;
use jiff::SignedDuration;
use ledger::Action;
use offices::PublicKeys;
use people::{People, PeopleSettings};
use record::Act;
use seal::{Purpose, Zeroizing};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use writer::Writer;

/// Connections that read at the same time.
const READERS_MAX: u32 = 4;
/// How long a write waits for another process that holds the database (an operator's command) before it is refused.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// From writing a body to committing its row; far more than it ever takes.
const COMMIT_TIME_MAX: SignedDuration = SignedDuration::from_hours(1);
const DATABASE_FILE: &str = "fumibako.db";
/// Versions of the keys derived from the master key. They change when those keys are rotated.
const KEY_VERSION: u32 = 1;

/// The store: one data folder, opened with the master key.
#[derive(Debug)]
pub struct Store {
    reads: database::Pool,
    writer: Writer,
    bodies: Bodies,
    master: MasterKey,
    public_keys: PublicKeys,
    people: People,
    log_tree: proofs::LogTree,
    deadlines: Deadlines,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Makes a new data folder: an encrypted database with the present schema and a certificate authority.
    ///
    /// # Errors
    /// When the folder already holds a database, or cannot be written.
    pub async fn create(folder: &Path, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(Error::file(folder))?;
        let database = folder.join(DATABASE_FILE);
        // Reserves the name: an exchange is never initialised over another.
        fs::File::create_new(&database).map_err(Error::file(&database))?;
        let store = Self::connect(folder, master, clock).await?;
        store.create_authority().await?;
        store.ensure_operator().await?;
        Ok(store)
    }

    /// Opens an existing data folder and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the master key is another exchange's, and whatever else is in the way.
    pub async fn open(folder: &Path, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let store = Self::connect(folder, master, clock).await?;
        store.settle_bodies().await?;
        store.ensure_operator().await?;
        Ok(store)
    }

    async fn connect(folder: &Path, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        worker_threads::are_waited_for();
        let options = database_options(&folder.join(DATABASE_FILE), &master)?;
        let mut connection = options.connect().await?;
        // Without the right key opening succeeds and the first query fails.
        sqlx::query("SELECT count(*) FROM sqlite_master").execute(&mut connection).await?;
        let cipher: Option<String> =
            sqlx::query_scalar("PRAGMA cipher_version").fetch_optional(&mut connection).await?;
        if cipher.is_none_or(|version| version.is_empty()) {
            // Built without encryption: refuse rather than store readably (R6.8).
            return Err(Error::Impossible("cipher_version"));
        }
        sqlx::migrate!().run(&mut connection).await?;
        if !record::is_guarded(&mut connection).await? {
            return Err(Error::Unguarded);
        }
        let reads = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            // A file does not go away like a server: asking before each use would double the cost of a small read.
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self {
            reads,
            writer: Writer::start(connection, Arc::clone(&clock)),
            bodies: Bodies::open(&folder.join("bodies"))?,
            people: People::new(&master, PeopleSettings::default())?,
            master,
            public_keys: PublicKeys::default(),
            log_tree: proofs::LogTree::default(),
            deadlines: Deadlines::default(),
            clock,
        })
    }

    /// Bodies that a crash left between writing and settling: those with a row take their place, the others go once no
    /// server that runs beside this command can still be about to commit their row.
    async fn settle_bodies(&self) -> Result<(), Error> {
        const NAMED: &str = "SELECT count(*) FROM transmission_file WHERE body_key = $1";
        let in_flight_since = (self.clock.now() - COMMIT_TIME_MAX).as_second();
        for (key, since) in self.bodies.unsettled().await? {
            let rows: i64 = sqlx::query_scalar(NAMED).bind(&key).fetch_one(&self.reads).await?;
            if rows > 0 {
                self.bodies.settle(&key).await;
            } else if since < in_flight_since {
                self.bodies.discard(&key).await;
            }
        }
        Ok(())
    }

    /// Finishes what is being written and closes the database.
    pub async fn close(self) {
        self.reads.close().await;
        self.writer.close().await;
    }

    /// Commits and the writes they carried since the store was opened.
    #[must_use]
    pub fn writer_counts(&self) -> &WriterCounts {
        self.writer.counts()
    }

    /// Records that the service was opened to offices, or closed in order.
    ///
    /// # Errors
    /// When the database fails: then the service must not open (R10.2).
    pub async fn record_service(&self, opened: bool) -> Result<(), Error> {
        let action = if opened { Action::ServerStart } else { Action::ServerStop };
        let entry = Act::system(action, self.clock.now()).done()?;
        self.record(entry).await
    }

    fn now_text(&self) -> String {
        clock::text(self.clock.now())
    }
}

fn database_options(path: &Path, master: &MasterKey) -> Result<SqliteConnectOptions, Error> {
    let key =
        master.derive(&Purpose::DatabaseKey { version: KEY_VERSION }).map_err(|_| Error::Impossible("database key"))?;
    let pragma = Zeroizing::new(format!("\"x'{}'\"", *Zeroizing::new(hex::hex(key.reveal()))));
    Ok(SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .pragma("key", pragma.as_str().to_owned())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_WAIT)
        // Intermediate results never go to a temporary file (R6.8).
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging())
}

/// A number to tell the operator, and to find in the log.
#[must_use]
pub fn incident_number() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Where the data folder's database lies; for tools that look at the disk from outside.
#[must_use]
pub fn database_path(folder: &Path) -> PathBuf {
    folder.join(DATABASE_FILE)
}
