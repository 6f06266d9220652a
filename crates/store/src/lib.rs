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
mod place;
mod receipts;
mod record;
mod tls12;
mod transmission;
mod tree;
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
pub use place::{DatabaseServer, NotAServer, Place};
pub use receipts::{
    Answered, Doer, EVIDENCE_SETS_MAX, Evidence, EvidenceAsked, EvidenceRow, GivenReceipt, Hand, ImportGiven,
    ImportReport, NOTE_CHARACTERS_MAX, OVERDUE_MAX, Overdue,
};
pub use seal::{KeyStoreError, MasterKey, Sealer};
pub use tls12::{NewTls12Exception, Tls12Allowed, Tls12Exception};
pub use transmission::{Answer, Folder, OpenedFile, Page, StoredFile, Transmission};
pub use tree::{Gap, GapDeclared, Held};
pub use writer::WriterCounts;

use bodies::Bodies;
use database::Source;
use jiff::SignedDuration;
use ledger::Action;
use offices::PublicKeys;
use people::{People, PeopleSettings};
use record::Act;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::Writer;

/// From writing a body to committing its row; far more than it ever takes.
const COMMIT_TIME_MAX: SignedDuration = SignedDuration::from_hours(1);
/// A sealed body up to this size lies in its row, so that accepting an ordinary set is one transaction and one fsync.
const BODY_IN_ROW_BYTES_MAX: usize = 64 << 10;
const BODIES_FOLDER: &str = "bodies";
/// Versions of the keys derived from the master key. They change when those keys are rotated.
const KEY_VERSION: u32 = 1;

/// The store: one [`Place`], opened with the master key.
#[derive(Debug)]
pub struct Store {
    reads: database::Pool,
    writer: Writer,
    bodies: Bodies,
    /// A sealed body up to this size lies in its row.
    body_in_row_bytes_max: usize,
    master: MasterKey,
    public_keys: PublicKeys,
    people: People,
    log_tree: tree::LogTree,
    /// Whoever holds it takes over entries for searching.
    indexing: tokio::sync::Mutex<()>,
    deadlines: Deadlines,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Makes a new exchange: a database with the present schema and a certificate authority. A database in the folder
    /// is encrypted; one on a server is made by its owner for the application.
    ///
    /// # Errors
    /// When there is an exchange already, or the place cannot be written.
    pub async fn create(place: impl Into<Place>, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let place = place.into();
        let folder = place.folder();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(Error::file(folder))?;
        let source = Source::new(&place, &master)?;
        source.reserve().await?;
        source.upgrade().await?;
        let store = Self::connect(&place, source, master, clock).await?;
        store.create_authority().await?;
        store.ensure_operator().await?;
        Ok(store)
    }

    /// Refuses a place that holds an exchange already, before anything is made for a new one.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`], or when the place cannot be looked at.
    pub async fn is_free(place: impl Into<Place>) -> Result<(), Error> {
        database::is_free(&place.into()).await
    }

    /// Opens an existing exchange. The schema of a database in the folder is brought up to date; on a server its owner
    /// does that with [`Store::upgrade`].
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the master key is another exchange's, and whatever else is in the way.
    pub async fn open(place: impl Into<Place>, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let place = place.into();
        let source = Source::new(&place, &master)?;
        let store = Self::connect(&place, source, master, clock).await?;
        if place.server().is_some() {
            store.is_under_this_key().await?;
        }
        store.settle_bodies().await?;
        store.ensure_operator().await?;
        Ok(store)
    }

    /// Brings the schema up to date and gives the application its rights anew.
    ///
    /// # Errors
    /// When the database fails, or its owner is not known.
    pub async fn upgrade(place: impl Into<Place>, master: &MasterKey) -> Result<(), Error> {
        Source::new(&place.into(), master)?.upgrade().await
    }

    async fn connect(place: &Place, source: Source, master: MasterKey, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        source.check().await?;
        let connection = source.writer().await?;
        Ok(Self {
            reads: source.readers().await?,
            // Another node does not see this node's folder.
            body_in_row_bytes_max: if source.has_folder() { BODY_IN_ROW_BYTES_MAX } else { usize::MAX },
            writer: Writer::start(source, connection, Arc::clone(&clock)),
            bodies: Bodies::open(&place.folder().join(BODIES_FOLDER))?,
            people: People::new(&master, PeopleSettings::default())?,
            master,
            public_keys: PublicKeys::default(),
            log_tree: tree::LogTree::default(),
            indexing: tokio::sync::Mutex::default(),
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

/// A number to tell the operator, and to find in the log.
#[must_use]
pub fn incident_number() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Whether an exchange keeps something in this folder.
#[must_use]
pub fn is_data_folder(folder: &Path) -> bool {
    database_path(folder).exists() || folder.join(BODIES_FOLDER).exists()
}

/// Where the data folder's database lies; for tools that look at the disk from outside.
#[must_use]
pub fn database_path(folder: &Path) -> PathBuf {
    folder.join(database::DATABASE_FILE)
}
