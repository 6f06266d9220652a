//! An exchange with two offices, places for backups, and a clock that stands still.

use crate::support::Kept;
use fumibako_store::{
    Acceptance, Answer, Approval, Asker, BackupId, BackupPlaces, COOLING, Certified, Clock, Enrolment, ErasureApproved,
    ErasureId, ErasureList, ErasureRequested, Kind, Made, MasterKey, MasterKeys, NewEnrolment, NewErasure, NewOffice,
    NewRule, Office, OfficeAdded, OperatorName, Places, Ran, Reason, Requested, RuleSet, Store, TransmissionId,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use seal::Sealer;
use sha2::{Digest as _, Sha256};
use standard::sample::{self, Request};
use standard::{SourceFile, UnitKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(crate) const OFFICE_A: &str = "0370000011";
pub(crate) const OFFICE_B: &str = "0370000022";

#[derive(Debug)]
pub(crate) struct StoppedClock(Mutex<Timestamp>);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("clock")
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    kept: Kept,
    pub(crate) store: Arc<Store>,
    pub(crate) masters: MasterKeys,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) sender: Asker,
    pub(crate) receiver: Asker,
    next: AtomicU32,
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes(&[9; 32].into())
}

pub(crate) fn name(name: &str) -> OperatorName {
    OperatorName::at_terminal(name).expect("a name")
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let clock = Arc::new(StoppedClock(Mutex::new("2027-04-01T00:00:00.000Z".parse().expect("instant"))));
        let masters = MasterKeys::from(master());
        let kept = Kept::new(&folder.path().join("data"));
        let store = Store::create(kept.place.clone(), masters.clone(), Arc::clone(&clock) as Arc<dyn Clock>).await;
        let store = store.expect("created").with_backups(Some(backups_below(folder.path())));
        let store = Arc::new(store);
        let sender = desk(&store, OFFICE_A).await;
        let receiver = desk(&store, OFFICE_B).await;
        Self { folder, kept, store, masters, clock, sender, receiver, next: AtomicU32::new(0) }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whether the database is on a server, where nothing of it lies in the folder.
    pub(crate) fn is_on_server(&self) -> bool {
        self.kept.is_on_server()
    }

    /// The text for the engine that this world is kept by, where a test spoils what only an engine knows.
    pub(crate) fn sql(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.is_on_server() { postgres } else { sqlite }
    }

    /// Another process on the same data.
    pub(crate) async fn other_node(&self) -> Arc<Store> {
        let store = Store::open(self.kept.place.clone(), self.masters.clone(), self.clock()).await;
        Arc::new(store.expect("opened"))
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    pub(crate) fn list(&self) -> ErasureList {
        let places = ["keys/erasures", "backup-keys/erasures"].map(|place| self.folder.path().join(place));
        ErasureList::at(places.to_vec())
    }

    pub(crate) fn backup_places(&self) -> BackupPlaces {
        backups_below(self.folder.path())
    }

    pub(crate) fn places(&self) -> Places {
        Places { list: self.list(), backup: Some(self.backup_places()) }
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        *self.clock.0.lock().expect("clock") += by;
    }

    pub(crate) fn days_later(&self, days: i64) {
        self.later(SignedDuration::from_hours(24 * days));
    }

    /// 第6表・第7表 about an invented person.
    pub(crate) async fn sends(&self) -> TransmissionId {
        self.sends_with(|_| {}).await
    }

    /// The same with a body above 64 KiB, which lies in a file of its own.
    pub(crate) async fn sends_large(&self) -> TransmissionId {
        self.sends_kind(UnitKind::Schedule, |_| {}, true, false).await
    }

    pub(crate) async fn sends_with(&self, change: impl Fn(&mut Request)) -> TransmissionId {
        self.sends_kind(UnitKind::Schedule, change, false, false).await
    }

    /// With a message.
    pub(crate) async fn sends_enclosing(&self) -> TransmissionId {
        self.sends_kind(UnitKind::Schedule, |_| {}, false, true).await
    }

    async fn sends_kind(
        &self,
        kind: UnitKind,
        change: impl Fn(&mut Request),
        large: bool,
        enclosed: bool,
    ) -> TransmissionId {
        let second = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender_type, receiver_type) = sample::types_for(kind);
        let mut request = Request {
            seed: u64::from(second) + 1,
            people: 1,
            sender: OFFICE_A.parse().expect("number"),
            sender_type,
            receiver: OFFICE_B.parse().expect("number"),
            receiver_type,
            serial: format!("202704010900{second:02}").parse().expect("serial"),
            month: "202704".parse().expect("month"),
            names: None,
        };
        change(&mut request);
        let set = if large { sample::make_large_schedule(&request, 4 << 20) } else { sample::make(kind, &request) };
        let files: Vec<SourceFile<'_>> =
            set.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let report = standard::check(&files, standard::Profile::Export);
        let receiver = &self.receiver.office;
        let letter =
            exchange::address(&self.sender.office.register, Some(&receiver.register), &report.units[0], &files);
        let message = exchange::Enclosure::message("架空の書類を添えます。").expect("words");
        let enclosed: Vec<_> = message.into_iter().filter(|_| enclosed).collect();
        let letter = letter.expect("a letter");
        let sealed = self.store.seal_with(&mut Sealer::new(), &self.sender, receiver, &letter, 0, &files, &enclosed);
        match self.store.accept(&self.sender, sealed.expect("sealed")).await.expect("accepted") {
            Answer::Done(Acceptance::New(set)) => set.id,
            other => panic!("{other:?}"),
        }
    }

    /// Received and confirmed: from now on its time runs.
    pub(crate) async fn finishes(&self, id: TransmissionId) {
        assert!(self.opens(id).await > 0);
        assert!(matches!(self.store.acknowledge(&self.receiver, id).await, Ok(Answer::Done(_))));
    }

    /// Files the receiver gets.
    pub(crate) async fn opens(&self, id: TransmissionId) -> usize {
        match self.store.open_set(&self.receiver, id, None).await.expect("opened") {
            Answer::Done(files) => files.len(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn rule(&self, kind: Kind, minimum_days: i64, keep_days: i64) {
        let staff = ["sato", "suzuki", "tanaka"].map(name).to_vec();
        let new = NewRule { kind, keep_days, minimum_days, staff };
        let set = self.store.set_retention_rule(new, &name("kato"), &name("ito")).await.expect("set");
        assert!(matches!(set, RuleSet::Done(_)), "{set:?}");
    }

    pub(crate) async fn asks(&self, kind: Kind, objects: &[String]) -> ErasureRequested {
        let new = NewErasure {
            kind,
            objects: objects.iter().cloned().collect(),
            reason: Reason::Early,
            basis: "事業所からの申し出".to_owned(),
        };
        self.store.request_erasure(new, &name("sato")).await.expect("asked")
    }

    /// Asked for by one, agreed to by another, and the day over.
    pub(crate) async fn agreed(&self, kind: Kind, objects: &[String]) -> ErasureId {
        let requested = self.asks(kind, objects).await;
        let ErasureRequested::Done { id, .. } = requested else { panic!("{requested:?}") };
        let approved = self.store.approve_erasure(id, &name("suzuki")).await.expect("asked");
        assert!(matches!(approved, ErasureApproved::Done { .. }), "{approved:?}");
        self.later(COOLING);
        id
    }

    pub(crate) async fn runs(&self, id: ErasureId) -> Ran {
        self.store.run_erasure(id, &name("sato"), &self.places()).await.expect("ran")
    }

    pub(crate) async fn certifies(&self, id: ErasureId) -> Certified {
        self.store.certify_erasure(id, &name("auditor"), &self.places()).await.expect("searched")
    }

    /// What can be verified is certified. On a server the disk cannot be searched from here, and that is what it says.
    pub(crate) async fn is_certified_where_it_can_be(&self, id: ErasureId) {
        let certified = self.certifies(id).await;
        match self.is_on_server() {
            true => assert_eq!(certified, Certified::OnServer),
            false => assert!(matches!(certified, Certified::Done { .. }), "{certified:?}"),
        }
    }

    /// Certificates of so many erasures: none on a server.
    pub(crate) fn certificates(&self, erasures: u64) -> u64 {
        if self.is_on_server() { 0 } else { erasures }
    }

    pub(crate) async fn erases(&self, kind: Kind, objects: &[String]) -> ErasureId {
        let id = self.agreed(kind, objects).await;
        let ran = self.runs(id).await;
        assert!(matches!(&ran, Ran::Done { living, .. } if living.is_empty()), "{ran:?}");
        id
    }

    pub(crate) async fn backs_up(&self) -> BackupId {
        self.later(SignedDuration::from_secs(1));
        let made = self.store.make_backup(&self.backup_places(), &name("tanaka")).await.expect("made");
        self.later(SignedDuration::from_secs(1));
        match made {
            Made::Done(id) => id,
            other => panic!("{other:?}"),
        }
    }
}

async fn desk(store: &Store, number: &str) -> Asker {
    let office = office(store, number).await;
    let new = NewEnrolment {
        office: office.register.number,
        label: "受付".to_owned(),
        evidence: "指定通知書を確認".to_owned(),
        evidence_digest: None,
        scopes: None,
    };
    let requested = store.request_enrolment(new, &name("ichiro")).await.expect("asked");
    let Requested::Done(request) = requested else { panic!("{requested:?}") };
    let approved = store.approve_enrolment(request, &name("jiro")).await.expect("agreed");
    let Approval::Code(code) = approved else { panic!("{approved:?}") };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).expect("request").pem().expect("PEM");
    let from = "192.0.2.7".parse().expect("address");
    let enrolled = store.enrol(&code.code, &request, from).await.expect("enrolled");
    let Enrolment::Done(device) = enrolled else { panic!("{enrolled:?}") };
    let (_, der) = x509_parser::pem::parse_x509_pem(device.certificate_pem.as_bytes()).expect("PEM");
    let digest: String = Sha256::digest(&der.contents).iter().map(|byte| format!("{byte:02x}")).collect();
    store.asker(&digest, from).await.expect("asked").expect("known")
}

async fn office(store: &Store, number: &str) -> Office {
    let new = NewOffice {
        number: number.parse().expect("number"),
        name: format!("架空の事業所 {number}"),
        service_types: ["43", "11"].map(|kind| kind.parse().expect("service type")).into(),
    };
    match store.add_office(new).await.expect("added") {
        OfficeAdded::Done(office) => office,
        other => panic!("{other:?}"),
    }
}

fn backups_below(folder: &Path) -> BackupPlaces {
    BackupPlaces { boxes: folder.join("backup-boxes"), keys: folder.join("backup-keys") }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

impl World {
    /// A connection of our own to the database, beside the store's.
    pub(crate) async fn connection(&self) -> sqlx::AnyConnection {
        self.kept.connection_with(&self.masters).await
    }

    /// The same to any encrypted database in a folder.
    pub(crate) async fn connection_to(&self, data: &Path) -> sqlx::AnyConnection {
        Kept::embedded(data).connection_with(&self.masters).await
    }

    /// One statement, as somebody who has the key would run it.
    pub(crate) async fn execute(&self, sql: &'static str, values: &[&str]) -> Result<u64, sqlx::Error> {
        let mut connection = self.connection().await;
        let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind((*value).to_owned()));
        let rows = query.execute(&mut connection).await?.rows_affected();
        sqlx::Connection::close(connection).await?;
        Ok(rows)
    }

    /// Statements of one connection, which may set what it likes.
    pub(crate) async fn execute_unsafely(&self, statements: &[&'static str]) {
        let mut connection = self.connection().await;
        for sql in statements {
            sqlx::query(*sql).execute(&mut connection).await.expect("done");
        }
        sqlx::Connection::close(connection).await.expect("closed");
    }

    pub(crate) async fn one(&self, sql: &'static str, value: &str) -> String {
        let mut connection = self.connection().await;
        sqlx::query_scalar(sql).bind(value.to_owned()).fetch_one(&mut connection).await.expect("one")
    }

    pub(crate) async fn columns(&self, table: &str) -> Vec<String> {
        let columns = self.sql(
            "SELECT name FROM pragma_table_info($1)",
            "SELECT column_name::TEXT FROM information_schema.columns
              WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
        );
        let mut connection = self.connection().await;
        sqlx::query_scalar(columns).bind(table.to_owned()).fetch_all(&mut connection).await.expect("columns")
    }

    /// What is left of the keys of a set.
    pub(crate) async fn envelopes_of(&self, data: &Path, id: TransmissionId) -> Vec<u8> {
        let mut connection = self.connection_to(data).await;
        sqlx::query_scalar("SELECT envelope FROM transmission WHERE transmission_id = $1")
            .bind(id.to_string())
            .fetch_one(&mut connection)
            .await
            .expect("one")
    }

    /// Everything into the one file.
    pub(crate) async fn checkpoint(&self) {
        let mut connection = self.connection().await;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.expect("emptied");
        sqlx::Connection::close(connection).await.expect("closed");
    }

    /// The whole log.
    pub(crate) async fn ledger(&self) -> Vec<String> {
        ledger(self.connection().await).await
    }

    pub(crate) async fn ledger_of(&self, data: &Path) -> Vec<String> {
        ledger(self.connection_to(data).await).await
    }
}

async fn ledger(mut connection: sqlx::AnyConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT entry FROM ledger ORDER BY entry_index").fetch_all(&mut connection).await.expect("log")
}
