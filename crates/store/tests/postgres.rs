//! PostgreSQL: what the application's role may not do, what the server must be like, and two nodes on one database.

mod support;

use fumibako_store as store;
use fumibako_store::{DatabaseServer, Error, HostClock, MasterKey, NewOffice, OfficeAdded, Place, Store};
use sqlx::{Connection as _, PgConnection};
use std::collections::BTreeSet;
use std::sync::Arc;
use support::Kept;
use tempfile::TempDir;
use test_postgres::{Cluster, Database};

fn master() -> MasterKey {
    MasterKey::from_bytes(&[5; 32].into())
}

struct World {
    folder: TempDir,
    database: Database,
}

impl World {
    /// A new exchange on a server.
    async fn new() -> (Self, Store) {
        let world = Self::empty(test_postgres::database().expect("PostgreSQL"));
        let store = Store::create(world.place(), master(), Arc::new(HostClock)).await.expect("created");
        (world, store)
    }

    fn empty(database: Database) -> Self {
        Self { folder: tempfile::tempdir().expect("temporary folder"), database }
    }

    fn place(&self) -> Place {
        Kept::on_server(self.folder.path(), self.database.clone()).place
    }

    /// As a node is told of it: without its owner.
    fn node(&self) -> Place {
        Place::on_server(self.folder.path(), DatabaseServer::new(&self.database.application).expect("an address"))
    }

    async fn open(&self) -> Result<Store, Error> {
        Store::open(self.node(), master(), Arc::new(HostClock)).await
    }

    async fn application(&self) -> PgConnection {
        PgConnection::connect(&self.database.application).await.expect("connected")
    }

    async fn superuser(&self) -> PgConnection {
        PgConnection::connect(&self.database.superuser).await.expect("connected")
    }

    async fn entries(&self) -> Vec<(i64, String)> {
        let sql = "SELECT entry_index, entry FROM ledger ORDER BY entry_index";
        sqlx::query_as(sql).fetch_all(&mut self.superuser().await).await.expect("read")
    }
}

fn office(number: u32) -> NewOffice {
    NewOffice {
        number: format!("13{number:08}").parse().expect("number"),
        name: "架空の事業所".to_owned(),
        service_types: ["43".parse().expect("service type")].into(),
    }
}

#[tokio::test]
async fn r10_5_the_application_adds_to_the_ledger_and_can_do_nothing_else_to_it() {
    let (world, store) = World::new().await;
    store.close().await;
    let before = world.entries().await;
    assert!(!before.is_empty());
    let mut application = world.application().await;
    for sql in [
        "UPDATE ledger SET entry = '' WHERE entry_index = 0",
        "UPDATE ledger SET leaf_hash = ''",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "TRUNCATE ledger CASCADE",
        "DROP TABLE ledger",
        "ALTER TABLE ledger DISABLE TRIGGER ALL",
        "ALTER TABLE ledger RENAME TO other",
        "DROP TRIGGER ledger_is_append_only_update ON ledger",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE mine (a TEXT)",
        "CREATE TEMPORARY TABLE ledger (a TEXT)",
        "SET session_replication_role = replica",
        "INSERT INTO ledger (entry_index, entry, leaf_hash) VALUES (0, '', '')
             ON CONFLICT (entry_index) DO UPDATE SET entry = ''",
        "SELECT entry_index FROM ledger FOR UPDATE",
        // Giving what one does not have to give is a warning here; what counts is that it does not help.
        r"DO 'BEGIN GRANT UPDATE ON ledger TO CURRENT_USER; UPDATE ledger SET leaf_hash = NULL; END'",
        "SET ROLE fumibako_owner",
        "UPDATE _sqlx_migrations SET version = 0",
        "DROP TABLE office",
        "DELETE FROM account",
        "DELETE FROM role_grant",
        "TRUNCATE attempt",
    ] {
        assert!(sqlx::query(sql).execute(&mut application).await.is_err(), "{sql}");
    }
    assert_eq!(world.entries().await, before);
    let sql = "INSERT INTO ledger (entry_index, entry, leaf_hash) SELECT max(entry_index) + 1, 'x', 'x' FROM ledger";
    assert!(sqlx::query(sql).execute(&mut application).await.is_ok(), "what it may do, it can");
}

#[tokio::test]
async fn r10_5_not_even_the_owner_changes_an_entry_by_accident() {
    let (world, store) = World::new().await;
    store.close().await;
    let before = world.entries().await;
    let mut owner = PgConnection::connect(&world.database.owner).await.expect("connected");
    for sql in [
        "UPDATE ledger SET entry = '' WHERE entry_index = 0",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "INSERT INTO ledger (entry_index, entry, leaf_hash) VALUES (99, '', '')",
    ] {
        assert!(sqlx::query(sql).execute(&mut owner).await.is_err(), "{sql}");
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn r10_5_a_role_that_could_change_the_ledger_is_not_worked_with() {
    let (world, store) = World::new().await;
    store.close().await;
    for (give, take) in [
        ("GRANT UPDATE ON ledger TO fumibako", "REVOKE UPDATE ON ledger FROM fumibako"),
        ("GRANT UPDATE (entry) ON ledger TO fumibako", "REVOKE UPDATE (entry) ON ledger FROM fumibako"),
        ("GRANT TRUNCATE ON ledger TO PUBLIC", "REVOKE TRUNCATE ON ledger FROM PUBLIC"),
    ] {
        let mut superuser = world.superuser().await;
        sqlx::query(give).execute(&mut superuser).await.expect("given");
        assert!(matches!(world.open().await, Err(Error::UnsafeServer("ledger"))), "{give}");
        sqlx::query(take).execute(&mut superuser).await.expect("taken");
        world.open().await.expect("opened").close().await;
    }
    let mut superuser = world.superuser().await;
    for (spoil, mend) in [
        ("ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only_delete", "ALTER TABLE ledger ENABLE TRIGGER ALL"),
        (
            "DROP TRIGGER ledger_is_append_only_truncate ON ledger",
            "CREATE TRIGGER ledger_is_append_only_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT
             EXECUTE FUNCTION refuse('')",
        ),
    ] {
        sqlx::query(spoil).execute(&mut superuser).await.expect("spoilt");
        assert!(matches!(world.open().await, Err(Error::Unguarded)), "{spoil}");
        sqlx::query(mend).execute(&mut superuser).await.expect("mended");
    }
    world.open().await.expect("opened").close().await;
    // As its owner the program would be able to do anything.
    let owner = DatabaseServer::new(&world.database.owner).expect("an address");
    let opened = Store::open(Place::on_server(world.folder.path(), owner), master(), Arc::new(HostClock)).await;
    assert!(matches!(opened, Err(Error::UnsafeServer("ledger"))));
}

#[tokio::test]
async fn r6_8_a_server_that_forgets_or_tells_is_not_written_to() {
    let (world, store) = World::new().await;
    store.close().await;
    let database = world.database.superuser.rsplit('/').next().expect("a name").to_owned();
    for (setting, value) in [
        ("synchronous_commit", "off"),
        ("log_parameter_max_length", "-1"),
        ("log_parameter_max_length_on_error", "100"),
        ("log_error_verbosity", "default"),
    ] {
        let mut superuser = world.superuser().await;
        let change = |rest: String| sqlx::AssertSqlSafe(format!("ALTER DATABASE {database} {rest}"));
        sqlx::query(change(format!("SET {setting} = '{value}'"))).execute(&mut superuser).await.expect("set");
        match world.open().await {
            Err(Error::UnsafeServer(named)) => assert_eq!(named, setting),
            other => panic!("{setting}: {other:?}"),
        }
        sqlx::query(change(format!("RESET {setting}"))).execute(&mut superuser).await.expect("reset");
    }
    world.open().await.expect("opened").close().await;
}

#[tokio::test]
async fn an_exchange_is_never_made_over_another() {
    let (world, store) = World::new().await;
    store.close().await;
    let before = world.entries().await;
    let again = Store::create(world.place(), master(), Arc::new(HostClock)).await;
    assert!(matches!(again, Err(Error::AlreadyThere)), "{again:?}");
    let unowned = Store::create(world.node(), master(), Arc::new(HostClock)).await;
    assert!(matches!(unowned, Err(Error::NoOwner)), "{unowned:?}");
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn the_key_of_another_exchange_opens_nothing() {
    let (world, store) = World::new().await;
    store.close().await;
    let before = world.entries().await;
    let opened = Store::open(world.node(), MasterKey::from_bytes(&[6; 32].into()), Arc::new(HostClock)).await;
    assert!(matches!(opened, Err(Error::WrongKey)), "{opened:?}");
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn a_schema_of_another_version_is_not_written_to() {
    let empty = World::empty(test_postgres::database().expect("PostgreSQL"));
    assert!(matches!(empty.open().await, Err(Error::Schema(_))));

    let (world, store) = World::new().await;
    store.close().await;
    let newest = "UPDATE _sqlx_migrations SET version = version + $1 WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    for (by, back) in [(1_i64, -1_i64), (1000, -1000)] {
        sqlx::query(newest).bind(by).execute(&mut world.superuser().await).await.expect("moved");
        assert!(matches!(world.open().await, Err(Error::Schema(_))));
        sqlx::query(newest).bind(back).execute(&mut world.superuser().await).await.expect("moved");
    }
    Store::upgrade(world.place()).await.expect("nothing to do");
    world.open().await.expect("opened").close().await;
}

/// Two nodes write at once, and neither waits for the other to end: no index is skipped, none is given twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_two_nodes_has_no_gap_and_no_index_twice() {
    const EACH: u32 = 60;
    let (world, one) = World::new().await;
    let (one, other) = (Arc::new(one), Arc::new(world.open().await.expect("opened")));
    let before = world.entries().await.len();
    let mut adding = tokio::task::JoinSet::new();
    for number in 0..EACH {
        for node in [&one, &other] {
            let node = Arc::clone(node);
            // Both nodes want the same office: one gets it.
            adding.spawn(async move { node.add_office(office(number)).await.expect("answered") });
        }
    }
    let added = adding.join_all().await;
    assert_eq!(added.iter().filter(|added| matches!(added, OfficeAdded::Done(_))).count(), EACH as usize);
    let entries = world.entries().await;
    assert!(entries.len() >= before + EACH as usize);
    assert!(entries.iter().map(|(index, _)| *index).eq(0..entries.len() as i64));
    assert_eq!(entries.iter().map(|(_, entry)| entry).collect::<BTreeSet<_>>().len(), entries.len());
    let commits = one.writer_counts().commits() + other.writer_counts().commits();
    let jobs = one.writer_counts().jobs() + other.writer_counts().jobs();
    assert!(commits < jobs / 2, "they share commits: {commits} for {jobs}");
    for store in [one, other] {
        Arc::into_inner(store).expect("nobody else").close().await;
    }
}

/// A node that stops in the middle of a group holds the others up for some seconds, and is told so itself.
#[tokio::test]
async fn who_holds_the_turn_is_waited_for_and_then_given_up() {
    let (world, store) = World::new().await;
    let mut holder = world.superuser().await;
    sqlx::raw_sql("BEGIN; SELECT turn FROM sequencer FOR UPDATE").execute(&mut holder).await.expect("held");
    assert!(matches!(store.add_office(office(1)).await, Err(Error::Busy)));
    assert!(store.all_offices().await.expect("reading goes on").is_empty());
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("given back");
    assert!(matches!(store.add_office(office(1)).await, Ok(OfficeAdded::Done(_))));
    store.close().await;
}

/// The server goes away under a running node and comes back: nothing is claimed meanwhile, and nobody restarts the node.
#[tokio::test]
async fn a_server_that_was_killed_is_found_again() {
    let mut cluster = Cluster::start().expect("PostgreSQL");
    let world = World::empty(cluster.database().expect("a database"));
    let store = Store::create(world.place(), master(), Arc::new(HostClock)).await.expect("created");
    assert!(matches!(store.add_office(office(1)).await, Ok(OfficeAdded::Done(_))));
    cluster.crash();
    for number in [2, 3] {
        let refused = store.add_office(office(number)).await;
        assert!(matches!(refused, Err(Error::NotCommitted | Error::Unavailable)), "{refused:?}");
    }
    assert!(store.all_offices().await.is_err());
    cluster.restart().expect("started again");
    assert!(matches!(store.add_office(office(2)).await, Ok(OfficeAdded::Done(_))), "at the first try");
    let numbers: Vec<String> =
        store.all_offices().await.expect("listed").iter().map(|office| office.register.number.to_string()).collect();
    assert_eq!(numbers, ["1300000001", "1300000002"]);
    store.close().await;
}

#[tokio::test]
async fn a_password_is_in_no_text_of_an_error() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for url in ["postgres://fumibako:secret-word@127.0.0.1:1/fumibako", "postgres://fumibako:secret-word@%2Fnowhere/x"]
    {
        let place = Place::on_server(folder.path(), DatabaseServer::new(url).expect("an address"));
        let error = Store::open(place, master(), Arc::new(HostClock)).await.expect_err("nobody there");
        assert!(matches!(error, store::Error::Unavailable), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret-word"));
    }
}
