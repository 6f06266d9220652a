//! SQL, files and keys at work. Verbs (accept, collect, withdraw), each with its ledger entry in the same transaction.
//!
//! Nothing is acknowledged before it is on disk, and nothing is handed out before the record of handing it out is (R10.2).

mod accept;
mod agreements;
mod alarms;
mod arrival_mail;
mod arrivals;
mod authority;
mod backup;
mod bare;
mod batch;
mod board;
mod bodies;
mod ceremony;
mod certificates;
mod clock;
mod clock_watch;
mod database;
mod database_key;
mod deliver;
mod devices;
mod disposal;
mod emergency;
mod enclosures;
mod enrolment;
mod erasure;
mod error;
mod gate;
mod handover;
mod hex;
mod history;
mod ids;
mod key_copies;
mod key_store;
mod keys;
mod listing;
pub mod log;
mod misdirection;
mod notices;
mod officer;
mod offices;
mod outgoing;
mod outside;
mod partners;
pub mod people;
mod place;
mod reading;
mod receipts;
mod record;
mod retention;
mod rotation;
mod self_scan;
mod server_certificate;
mod tls12;
mod transmission;
mod tree;
mod worker_threads;
mod writer;

pub use accept::{Acceptance, SealedSet};
pub use alarms::{AlarmKind, OperatorAlarm};
pub use arrival_mail::{
    ArrivalMail, MAIL_ASKED_MAX, MAIL_CODE_LIFE, MAIL_CODE_TRIES_MAX, MailAsked, MailConfirmed, MailFailure, MailText,
    OwnMail,
};
pub use arrivals::{Changed, Looked};
pub use authority::{AuthorityRequest, Installed, ServerCertificate};
pub use backup::{
    BackupPlaces, BackupPlan, BackupRow, Drill, DrillRow, Made, RestoreOrder, RestoreRefused, Restored, Rotated,
    TakenOver, backup_plan, restore_backup,
};
#[cfg(feature = "bare")]
pub use bare::MARK as BARE_MARK;
pub use board::{
    ACCEPTED_MAX, AcceptedDifference, BOARD_PEOPLE_MAX, Board, BoardAsked, BoardLine, BoardPerson,
    COMMENT_CHARACTERS_MAX, COMMENTS_MAX, Chain, ChainState, ChainStep, Comment, CommentMade, Compared, Family, Kept,
    Label, Only, Order, PAIRS_AT_ONCE_MAX, PartnerLine, Reminded, Reminder, SetStanding, SetState,
    Standing as ComparisonStanding, difference_key, differences_of, offices_compared,
};
pub use ceremony::{CUSTODIANS, Ceremony, CeremonyError, IssuingAuthority, create_root, sign_issuing_authority};
pub use certificates::{CertificateRecord, Due, Renewal, RenewedCertificate};
pub use clock::{Clock, HostClock, japanese_time};
pub use clock_watch::{ClockLook, ClockSources, LOOK_EVERY, WatchedClock};
pub use database_key::{database_key, database_key_path};
pub use devices::{Asker, Device, RevocationReason};
pub use disposal::{DISPOSAL_DAYS_MAX, DisposalBatch, DisposalDevice, DisposalEntered, DisposalProof};
pub use emergency::{Declared, SharesMade};
pub use enrolment::{Approval, EnrolledDevice, Enrolment, EnrolmentCode, NewEnrolment, PendingEnrolment, Requested};
pub use erasure::{
    Blocked, COOLING, Certified, ERASURE_OBJECTS_MAX, ErasureApproved, ErasureDetail, ErasureList, ErasureRequested,
    ErasureRow, Expired, ListError, NewErasure, Outlook, Places, Ran, Reason,
};
pub use error::Error;
pub use exchange::{Deadlines, State};
pub use gate::{Authority, GateList};
pub use handover::{
    AnsweredByLetter, Entered, HANDOVER_FILES_MAX, HANDOVER_LIFE, HANDOVER_TRIES_MAX, Handover, HandoverEnd,
    NewHandover, Offered, Returned, VISIT_LIFE, Visit,
};
pub use ids::{
    AccountId, AlarmId, BackupId, CommentId, DeviceId, DisposalId, EnrolmentRequestId, ErasureId, FactorId, FindingId,
    GrantId, HandoverId, HoldId, KeyCopyId, KeyRotationId, LogExportId, NotAnId, NoticeId, OfficeId, OperatingRuleId,
    OutgoingId, PartnerNoteId, PersonId, RecoveryId, ResponsibleId, ReviewId, SelfScanId, ServerCertificateId,
    SessionId, SoftwareId, Tls12ExceptionId, TrainingId, TransmissionId,
};
pub use key_copies::{CopyDestroyed, CopyPlace, KeyCopy, KeyKind, NewKeyCopy};
pub use key_store::{
    KeyStore, KeyStoreKind, MasterKeys, SealedFile, SplitError, Token, TokenPlace, Unlock, create_key_store,
    open_key_store,
};
pub use keys::{KeyStatus, KeyStoreState, WorkingKeyRow};
pub use listing::{NEW_COUNTED_MAX, News, PARTNERS_SOUGHT_MAX, Sought, Stage};
pub use notices::Notice;
pub use officer::{NotAName, OperatorName};
pub use offices::{NewOffice, Office, OfficeAdded};
pub use outgoing::{Draft, HeldRow, NewHold, OUTGOING_BYTES_MAX, OutgoingKept, REASON_CHARACTERS_MAX};
pub use outside::{
    NewOutsideAuthority, NewOutsideDevice, OfficeNumberIn, OutsideAuthority, OutsideRegistration, OutsideTrusted,
};
pub use partners::{
    Channel, DIRECTORY_ROWS_MAX, DirectoryRow, NewPartnerNote, PARTNER_NOTE_CHARACTERS_MAX, PARTNER_NOTES_MAX,
    PartnerKept, PartnerNote,
};
pub use place::{DatabaseServer, NotAServer, Place};
pub use reading::{Reading, Version};
pub use receipts::{
    Answered, Doer, EVIDENCE_SETS_MAX, Evidence, EvidenceAsked, EvidenceRow, GivenReceipt, Hand, ImportGiven,
    ImportReport, NOTE_CHARACTERS_MAX, OVERDUE_MAX, Overdue,
};
pub use retention::{
    Archive, ArchiveSet, Ends, Hold, HoldPlaced, HoldReleased, HoldScope, Kind, KindFacts, NewRule, RuleInForce,
    RuleSet,
};
pub use rotation::{DatabaseKeyReplaced, MasterReplaced, Rotation, RotationStarted, RotationStep};
pub use seal::{Algorithm, KeyStoreError, KeyUse, MasterKey, Sealer, Share, ShareError, Standing, combine_shares};
pub use self_scan::{ScanState, SelfScan};
pub use server_certificate::{AcmeTurn, HeldServerCertificate, NewServerCertificate, TURN as ACME_TURN};
pub use tls12::{NewTls12Exception, Tls12Allowed, Tls12Exception};
pub use transmission::{Answer, Folder, OpenedFile, Page, StoredFile, Transmission};
pub use tree::{Continued, Gap, GapDeclared, Held};
pub use writer::WriterCounts;

use bodies::Bodies;
use database::Source;
use database_key::DatabaseKey;
use jiff::SignedDuration;
use keys::{Keys, NewWorkingKey};
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
/// The first version of the authority's key and of an office's.
const KEY_VERSION: u32 = 1;
/// The program itself, where rows name who made or destroyed a key.
const SYSTEM: &str = "system";

/// The store: one [`Place`], opened with the key store.
#[derive(Debug)]
pub struct Store {
    reads: database::Pool,
    writer: Writer,
    bodies: Bodies,
    /// A sealed body up to this size lies in its row.
    body_in_row_bytes_max: usize,
    keys: Arc<Keys>,
    folder: PathBuf,
    /// Empty where the database is on a server and has no key of ours.
    database_key_id: String,
    public_keys: PublicKeys,
    label_keys: board::LabelKeys,
    agreements: agreements::Agreements,
    people: People,
    log_tree: tree::LogTree,
    /// Whoever holds it takes over entries for searching.
    indexing: tokio::sync::Mutex<()>,
    deadlines: Deadlines,
    /// Where backups lie, if there are any.
    backups: Option<BackupPlaces>,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Makes a new exchange: a database with the present schema and a certificate authority. A database in the folder
    /// is encrypted; one on a server is made by its owner for the application.
    ///
    /// # Errors
    /// When there is an exchange already, or the place cannot be written.
    pub async fn create(
        place: impl Into<Place>,
        masters: impl Into<MasterKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let (place, masters) = (place.into(), masters.into());
        let folder = place.folder();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(Error::file(folder))?;
        let (source, key_id) = match place.server() {
            None => {
                database::reserve(folder)?;
                let key = DatabaseKey::fresh(1);
                database_key::write(folder, &masters, std::slice::from_ref(&key))?;
                (Source::file(folder, &key)?, key.key.id().to_string())
            }
            Some(server) => {
                database::is_free(&place).await?;
                (Source::server(server), String::new())
            }
        };
        source.upgrade().await?;
        let store = Self::connect(&place, source, key_id, masters, clock).await?;
        store.begin_keys(false).await?;
        store.create_authority().await?;
        store.ensure_operator().await?;
        store.ensure_training_rule().await?;
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
    pub async fn open(
        place: impl Into<Place>,
        masters: impl Into<MasterKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let (place, masters) = (place.into(), masters.into());
        let store = match place.server() {
            Some(server) => Self::connect(&place, Source::server(server), String::new(), masters, clock).await?,
            None => match database_key::read(place.folder(), &masters)? {
                Some(keys) => Self::connect_with_any(&place, masters, &keys, clock).await?,
                None => Self::connect_of_before(&place, masters, clock).await?,
            },
        };
        match (store.keys.load(&store.reads).await, place.server()) {
            (Ok(true), _) => {}
            (Ok(false), None) => store.begin_keys(true).await?,
            // Whoever has its address reaches a server; that the key store is this exchange's shows at what it unwraps.
            (Err(Error::Damaged), Some(_)) if !store.keys.are_of_this_exchange(&store.reads).await? => {
                return Err(Error::WrongKey);
            }
            (Ok(false), Some(_)) => return Err(Error::Impossible("working keys")),
            (Err(error), _) => return Err(error),
        }
        store.settle_bodies().await?;
        store.ensure_operator().await?;
        store.ensure_training_rule().await?;
        Ok(store)
    }

    /// Brings the schema on a server up to date and gives the application its rights anew. A database in the folder does
    /// so whenever it is opened.
    ///
    /// # Errors
    /// When the database fails, or its owner is not known.
    pub async fn upgrade(place: impl Into<Place>) -> Result<(), Error> {
        match place.into().server() {
            Some(server) => Source::server(server).upgrade().await,
            None => Ok(()),
        }
    }

    /// With the key that opens it: while one key replaces the other, a crash leaves two.
    async fn connect_with_any(
        place: &Place,
        masters: MasterKeys,
        keys: &[DatabaseKey],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let mut outcome = Err(Error::WrongKey);
        for key in keys {
            let (source, id) = (Source::file(place.folder(), key)?, key.key.id().to_string());
            outcome = Self::connect(place, source, id, masters.clone(), Arc::clone(&clock)).await;
            if !matches!(outcome, Err(Error::WrongKey)) {
                break;
            }
        }
        outcome
    }

    /// An exchange of before, whose database is under a key derived from the master key. From now on it has it in a file.
    async fn connect_of_before(place: &Place, masters: MasterKeys, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let key = database_key::derived(&masters)?.ok_or(Error::WrongKey)?;
        let (source, id) = (Source::file(place.folder(), &key)?, key.key.id().to_string());
        let store = Self::connect(place, source, id, masters.clone(), clock).await?;
        database_key::write(place.folder(), &masters, &[key])?;
        Ok(store)
    }

    async fn connect(
        place: &Place,
        source: Source,
        database_key_id: String,
        masters: MasterKeys,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        source.check().await?;
        let connection = source.writer().await?;
        let keys = Arc::new(Keys::new(masters, Arc::clone(&clock)));
        Ok(Self {
            reads: source.readers().await?,
            // Another node does not see this node's folder.
            body_in_row_bytes_max: if source.has_folder() { BODY_IN_ROW_BYTES_MAX } else { usize::MAX },
            writer: Writer::start(source, connection, Arc::clone(&clock)),
            bodies: Bodies::open(&place.folder().join(BODIES_FOLDER))?,
            people: People::new(Arc::clone(&keys), PeopleSettings::default())?,
            keys,
            folder: place.folder().to_owned(),
            database_key_id,
            public_keys: PublicKeys::default(),
            label_keys: board::LabelKeys::default(),
            agreements: agreements::Agreements::default(),
            log_tree: tree::LogTree::default(),
            indexing: tokio::sync::Mutex::default(),
            deadlines: Deadlines::default(),
            backups: None,
            clock,
        })
    }

    /// Makes the first working keys, and enters in the register where the keys of this exchange lie.
    async fn begin_keys(&self, of_before: bool) -> Result<(), Error> {
        let new = NewWorkingKey::first(of_before, &self.keys.masters)?;
        let master = self.keys.masters.master_ids()?.first().ok_or(Error::Impossible("master keys"))?.to_string();
        let place = match self.keys.masters.kind() {
            KeyStoreKind::Token => CopyPlace::Token,
            KeyStoreKind::SealedFile | KeyStoreKind::Held => CopyPlace::KeyStore,
        };
        let copy =
            |kind, key_id, place| NewKeyCopy { kind, key_id, place, place_id: String::new(), holder: String::new() };
        let mut copies = vec![copy(KeyKind::Master, master, place)];
        if !self.database_key_id.is_empty() {
            copies.push(copy(KeyKind::Database, self.database_key_id.clone(), CopyPlace::DataFolder));
        }
        let now = self.clock.now();
        let entry = Act::system(Action::KeyCreate, now).number("working_keys", new.len() as u64).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for key in &new {
                        key.write(c, SYSTEM, now, now).await?;
                    }
                    for copy in &copies {
                        key_copies::made(c, copy, SYSTEM, now).await?;
                    }
                    // Making a store has its own entry.
                    if of_before {
                        key_copies::offices_of_before(c, SYSTEM, now).await?;
                        rotation::take_over_from_master(c, now).await?;
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.keys.load(&self.reads).await.map(|_| ())
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

    /// Knows where backups lie, so that their keys follow when the master key is replaced.
    #[must_use]
    pub fn with_backups(mut self, places: Option<BackupPlaces>) -> Self {
        self.backups = places;
        self
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

    /// Whether the database is on a server, of whose disk nothing is known here.
    fn is_on_server(&self) -> bool {
        self.database_key_id.is_empty()
    }

    /// A connection beside the writer's, for what cannot be done inside a transaction. Only a database in the folder has it:
    /// a server's files are not ours to copy or to search.
    async fn own_connection(&self) -> Result<sqlx::SqliteConnection, Error> {
        use sqlx::ConnectOptions as _;
        if self.is_on_server() {
            return Err(Error::OnServer);
        }
        let key = database_key::pragma(&self.live_database_key()?.key);
        Ok(database::file_options(&database_path(&self.folder), &key).connect().await?)
    }

    /// The key that the database is under at this moment.
    fn live_database_key(&self) -> Result<DatabaseKey, Error> {
        let keys = database_key::read(&self.folder, &self.keys.masters)?.unwrap_or_default();
        keys.into_iter().find(|key| key.key.id().to_string() == self.database_key_id).ok_or(Error::WrongKey)
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
