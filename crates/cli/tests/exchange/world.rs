//! An exchange in a folder of its own, with offices and devices.

use crate::device::Device;
use crate::server::Server;
use crate::vault;
use identity::scope::{Scope, Scopes};
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{
    Approval, Clock, DatabaseServer, HostClock, NewEnrolment, NewOffice, OfficeAdded, OperatorName, Place, Requested,
    RevocationReason, Store,
};
use tempfile::TempDir;

pub(crate) const PASSPHRASE: &str = "見本だけの 合言葉 二十六年";

const CONFIG: &str = r#"
data = "data"
[key_store]
file = "keys/master.key"
passphrase_file = "passphrase"
[listen]
exchange = "127.0.0.1:0"
enrolment = "127.0.0.1:0"
names = ["localhost"]
[limits]
register_seconds = 240
"#;

/// What stands in it besides, where the database is on a server.
const ON_SERVER: &str = r#"
[database]
url_file = "database-url"
owner_url_file = "database-owner-url"
"#;

/// The server is dropped before its folder.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) exchange: Exchange,
}

/// The folder of an exchange, running or not.
pub(crate) struct Exchange {
    folder: TempDir,
    authority: String,
    next_office: AtomicU32,
    next_device: AtomicU32,
}

/// A copy of an exchange's data.
pub(crate) enum Kept {
    Folder(PathBuf),
    Database(test_postgres::Database),
}

/// Three offices with one device each.
pub(crate) struct Offices {
    /// 居宅介護支援・介護予防支援事業所.
    pub(crate) sender: Device,
    /// 訪問介護 and what entrusted offices have.
    pub(crate) receiver: Device,
    /// 訪問介護, and no party to anything.
    pub(crate) stranger: Device,
}

/// Somebody at work for the operator.
pub(crate) fn officer(name: &str) -> OperatorName {
    OperatorName::at_terminal(name).unwrap()
}

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct StoppedClock(pub(crate) Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let exchange = Exchange::create(|_| {}).await;
        Self { server: exchange.start(), exchange }
    }

    pub(crate) async fn offices(&self) -> Offices {
        self.exchange.offices(&self.server).await
    }
}

impl Exchange {
    /// `prepare` may do something to the folder before anything is in it.
    pub(crate) async fn create(prepare: impl FnOnce(&Path)) -> Self {
        Self::make(prepare, place).await
    }

    /// One whose database is on a server.
    pub(crate) async fn create_on(database: &test_postgres::Database) -> Self {
        let place = |folder: &Path| {
            on_server(folder, database);
            place_of(folder)
        };
        Self::make(|_| {}, place).await
    }

    async fn make(prepare: impl FnOnce(&Path), place: impl FnOnce(&Path) -> Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        fs::write(folder.path().join("fumibako.toml"), CONFIG).unwrap();
        let place = place(folder.path());
        fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        fs::write(folder.path().join("keys/master.key"), vault::key_store(PASSPHRASE)).unwrap();
        let store = Store::create(place, vault::master(), Arc::new(HostClock)).await.unwrap();
        let authority = store.authority_pem().await.unwrap();
        store.close().await;
        Self { folder, authority, next_office: AtomicU32::new(1), next_device: AtomicU32::new(1) }
    }

    /// Whether the database is on a server, where nothing of it lies in the folder.
    pub(crate) fn is_on_server(&self) -> bool {
        database_of(self.folder()).is_some()
    }

    /// The text for the engine underneath, where a test spoils what only an engine knows.
    pub(crate) fn sql(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.is_on_server() { postgres } else { sqlite }
    }

    /// A copy of the data as they lie, which stand still meanwhile.
    pub(crate) fn copies_data(&self) -> Kept {
        match database_of(self.folder()) {
            Some(database) => Kept::Database(database.copy().unwrap()),
            None => {
                let kept = self.folder().join("kept");
                copy(&self.data(), &kept);
                Kept::Folder(kept)
            }
        }
    }

    /// Puts a copy in the place of the data.
    pub(crate) fn puts_back(&self, kept: Kept) {
        match kept {
            Kept::Database(database) => write_addresses(self.folder(), &database),
            Kept::Folder(kept) => {
                fs::remove_dir_all(self.data()).unwrap();
                fs::rename(kept, self.data()).unwrap();
            }
        }
    }

    pub(crate) fn start(&self) -> Server {
        Server::start(&self.config(), None)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("fumibako.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The store, as an operator's command opens it beside the running server.
    pub(crate) async fn operator(&self) -> Store {
        self.operator_at(Arc::new(HostClock)).await
    }

    pub(crate) async fn operator_at(&self, clock: Arc<dyn Clock>) -> Store {
        Store::open(place_of(self.folder()), vault::master(), clock).await.unwrap()
    }

    /// Numbers nobody has: ten digits each.
    pub(crate) fn fresh_number(&self) -> String {
        format!("03{:08}", self.next_office.fetch_add(1, Ordering::Relaxed))
    }

    /// Registers an office; returns its number and a code for a device.
    pub(crate) async fn add_office(&self, store: &Store, types: &[&str]) -> (String, String) {
        let number = self.fresh_number();
        let new = NewOffice {
            number: number.parse().unwrap(),
            name: format!("架空の事業所 {number}"),
            service_types: types.iter().map(|service_type| service_type.parse().unwrap()).collect(),
        };
        let added = store.add_office(new).await.unwrap();
        assert!(matches!(added, OfficeAdded::Done(_)), "{added:?}");
        (number.clone(), self.code(store, &number).await)
    }

    pub(crate) async fn code(&self, store: &Store, number: &str) -> String {
        let label = format!("端末{}", self.next_device.fetch_add(1, Ordering::Relaxed));
        self.code_for(store, number, &label).await
    }

    /// A code for a device of this name, with both people it takes.
    pub(crate) async fn code_for(&self, store: &Store, number: &str, label: &str) -> String {
        self.code_with(store, number, label, Scopes::of(&Scope::ALL)).await
    }

    /// The same for a program that may do only so much, or for a person's browser.
    pub(crate) async fn code_with(&self, store: &Store, number: &str, label: &str, scopes: Option<Scopes>) -> String {
        let (asks, agrees) = (officer("sato"), officer("suzuki"));
        let new = NewEnrolment {
            office: number.parse().unwrap(),
            label: label.to_owned(),
            evidence: "指定通知書の写し、代表電話への折り返し".to_owned(),
            evidence_digest: None,
            scopes,
        };
        let Requested::Done(request) = store.request_enrolment(new, &asks).await.unwrap() else { panic!("{label}") };
        match store.approve_enrolment(request, &agrees).await.unwrap() {
            Approval::Code(code) => code.code.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// Offices of this test alone, each with an enrolled device.
    pub(crate) async fn offices(&self, server: &Server) -> Offices {
        let store = self.operator().await;
        let mut codes = Vec::new();
        for types in [&["43", "46"][..], &["11", "66"], &["11"]] {
            codes.push(self.add_office(&store, types).await.1);
        }
        store.close().await;
        let mut devices = Vec::new();
        for code in codes {
            devices.push(Device::enrolled(self, server, &code).await);
        }
        let [sender, receiver, stranger] = devices.try_into().unwrap_or_else(|_| unreachable!("three"));
        Offices { sender, receiver, stranger }
    }

    pub(crate) async fn close_office(&self, device: &Device) {
        let store = self.operator().await;
        assert!(store.close_office(device.number.parse().unwrap()).await.unwrap());
        store.close().await;
    }

    pub(crate) async fn revoke(&self, device: &Device) {
        let store = self.operator().await;
        let devices = store.devices(device.number.parse().unwrap()).await.unwrap();
        assert!(store.revoke_device(devices[0].id, RevocationReason::Lost, None, None).await.unwrap());
        store.close().await;
    }
}

/// Where an exchange in this folder is to be kept: in it, or with `FUMIBAKO_TEST_DATABASE=postgres` on a server.
pub(crate) fn place(folder: &Path) -> Place {
    if std::env::var("FUMIBAKO_TEST_DATABASE").is_ok_and(|wanted| wanted == "postgres") {
        on_server(folder, &test_postgres::database().unwrap());
    }
    place_of(folder)
}

/// Tells the program and ourselves of a server.
pub(crate) fn on_server(folder: &Path, database: &test_postgres::Database) {
    write_addresses(folder, database);
    let config = folder.join("fumibako.toml");
    let text = fs::read_to_string(&config).unwrap_or_default();
    fs::write(config, text + ON_SERVER).unwrap();
}

const URL_FILES: [&str; 3] = ["database-url", "database-owner-url", vault::SUPERUSER_FILE];

fn write_addresses(folder: &Path, database: &test_postgres::Database) {
    for (file, url) in URL_FILES.iter().zip([&database.application, &database.owner, &database.superuser]) {
        fs::write(folder.join(file), url).unwrap();
    }
}

fn database_of(folder: &Path) -> Option<test_postgres::Database> {
    let [application, owner, superuser] = URL_FILES.map(|file| fs::read_to_string(folder.join(file)).ok());
    Some(test_postgres::Database { application: application?, owner: owner?, superuser: superuser? })
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Where the exchange in this folder is kept.
pub(crate) fn place_of(folder: &Path) -> Place {
    let data = folder.join("data");
    let read = |file: &str| fs::read_to_string(folder.join(file));
    match (read("database-url"), read("database-owner-url")) {
        (Ok(url), Ok(owner)) => Place::on_server(data, DatabaseServer::new(&url).unwrap().with_owner(&owner).unwrap()),
        _ => Place::from(&data),
    }
}

impl Offices {
    /// What either side sees of its sets, in both folders.
    pub(crate) async fn lists(&self) -> String {
        let mut lists = String::new();
        for device in [&self.sender, &self.receiver, &self.stranger] {
            lists.push_str(&device.list("sent").await);
            lists.push_str(&device.list("received").await);
        }
        lists
    }
}

/// A world shared by the tests of a module.
macro_rules! shared_world {
    () => {{
        static WORLD: tokio::sync::OnceCell<$crate::world::World> = tokio::sync::OnceCell::const_new();
        WORLD.get_or_init($crate::world::World::new).await
    }};
}
pub(crate) use shared_world;
