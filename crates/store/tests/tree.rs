//! 記録の木: what is signed, what is proven by it, and what no state of the database gets past (R10.5, R4.6).

mod support;

use fumibako_store as store;
use fumibako_store::{Error, Gap, GapDeclared, Held, MasterKey, OperatorName, Store};
use ledger::{KeyName, Policy, SignedCheckpoint, WitnessKey, WitnessRefusal, WitnessState};
use sqlx::Connection as _;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::Kept;
use tempfile::TempDir;

struct World {
    folder: TempDir,
    /// By the name of its folder.
    kept: RefCell<BTreeMap<String, Kept>>,
}

impl World {
    async fn new() -> (Self, Store) {
        let world = Self { folder: tempfile::tempdir().expect("temporary folder"), kept: RefCell::default() };
        let kept = Kept::new(&world.data("data"));
        let place = kept.place.clone();
        world.kept.borrow_mut().insert("data".to_owned(), kept);
        let store = Store::create(place, master(), Arc::new(store::HostClock)).await.expect("created");
        (world, store)
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn open(&self, name: &str) -> Store {
        let place = self.kept.borrow()[name].place.clone();
        Store::open(place, master(), Arc::new(store::HostClock)).await.expect("opened")
    }

    /// As a backup would: everything as it lies.
    fn copy(&self, from: &str, to: &str) {
        copy(&self.data(from), &self.data(to));
        let copied = self.kept.borrow()[from].copied(&self.data(to));
        self.kept.borrow_mut().insert(to.to_owned(), copied);
    }

    /// Changes the database behind the program's back: statements for SQLite, and those for PostgreSQL.
    async fn tampers(&self, sqlite: &[&'static str], postgres: &[&'static str]) {
        let kept = self.kept.borrow_mut().remove("data").expect("there");
        let mut database = kept.connection_with(&master().into()).await;
        for statement in if kept.is_on_server() { postgres } else { sqlite } {
            sqlx::query(*statement).execute(&mut database).await.expect("done");
        }
        database.close().await.expect("closed");
        self.kept.borrow_mut().insert("data".to_owned(), kept);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[7; 32].into())
}

async fn grows(store: &Store, entries: u32) {
    for _ in 0..entries {
        store.record_service(true).await.expect("recorded");
    }
}

async fn signs(store: &Store) -> SignedCheckpoint {
    store.sign_checkpoint().await.expect("signed")
}

fn gap(by: &str, approved_by: &str) -> Gap {
    let name = |name| OperatorName::at_terminal(name).expect("a name");
    Gap { reason: "ディスクの故障".to_owned(), declared_by: name(by), approved_by: name(approved_by) }
}

#[tokio::test]
async fn r10_5_each_checkpoint_goes_on_from_the_last_over_restarts() {
    let (world, mut store) = World::new().await;
    let key = WitnessKey::new("witness.example".parse::<KeyName>().expect("a name"), &[3; 32]);
    let (policy, mut witness) = (store.log_policy().await.expect("policy"), WitnessState::new());
    let mut sizes = Vec::new();
    // Over the borders of a tile, and one by one.
    for entries in [1, 250, 1, 3, 1, 300, 0] {
        grows(&store, entries).await;
        let request = store.witness_request(witness.last().0).await.expect("asked");
        witness.cosign(&request, &policy, &key, 1).expect("goes on");
        sizes.push(witness.last().0);
        store.close().await;
        store = world.open("data").await;
    }
    assert!(sizes.is_sorted() && sizes[6] > 550, "{sizes:?}");
    // A witness that has seen another log refuses ours.
    let mut other = WitnessState::seen(sizes[0], [9; 32]);
    let request = store.witness_request(sizes[0]).await.expect("asked");
    assert_eq!(other.cosign(&request, &policy, &key, 1), Err(WitnessRefusal::Fork));
    store.close().await;
}

#[tokio::test]
async fn r10_6_a_cosignature_stays_with_its_checkpoint_and_another_keys_is_refused() {
    let (_world, store) = World::new().await;
    let key = WitnessKey::new("witness.example".parse().expect("a name"), &[3; 32]);
    let stranger = WitnessKey::new("witness.example".parse().expect("a name"), &[4; 32]);
    let policy = store.log_policy().await.expect("policy");
    let request = store.witness_request(0).await.expect("asked");
    let size = request.checkpoint().checkpoint().size();
    let line = WitnessState::new().cosign(&request, &policy, &key, 1_800_000_000).expect("cosigned");
    let refused = store.checkpoint_left(size, Some((line.clone(), &stranger.verifying_key()))).await;
    assert!(matches!(refused, Err(Error::Damaged)));
    store.checkpoint_left(size, Some((line, &key.verifying_key()))).await.expect("kept");
    let newest = store.newest_checkpoint().await.expect("read").expect("there");
    let policy = Policy::new(policy.log().clone()).and_then(|p| p.with_witnesses(vec![key.verifying_key()], 1));
    let trust = policy.expect("policy").check(&newest).expect("trusted");
    assert_eq!(trust.cosigned[0].at_seconds, 1_800_000_000);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_6_whoever_takes_a_checkpoint_out_at_the_same_moment_undoes_nothing() {
    let (_world, store) = World::new().await;
    let store = Arc::new(store);
    for round in 0..10 {
        grows(&store, 1).await;
        let request = store.witness_request(0).await.expect("asked");
        let policy = store.log_policy().await.expect("policy");
        let size = request.checkpoint().checkpoint().size();
        let mut leaving = tokio::task::JoinSet::new();
        for seed in 1..=3_u8 {
            let key = WitnessKey::new(format!("witness-{seed}.example").parse().expect("a name"), &[seed; 32]);
            let line = WitnessState::new().cosign(&request, &policy, &key, 1).expect("cosigned");
            let (witnessed, mailed) = (Arc::clone(&store), Arc::clone(&store));
            leaving.spawn(async move { witnessed.checkpoint_left(size, Some((line, &key.verifying_key()))).await });
            leaving.spawn(async move { mailed.checkpoint_left(size, None).await });
        }
        for left in leaving.join_all().await {
            left.expect("kept");
        }
        let newest = store.newest_checkpoint().await.expect("read").expect("there");
        assert_eq!(newest.note().signatures().len(), 4, "round {round}: the log's own and three witnesses'");
    }
    Arc::into_inner(store).expect("nobody else").close().await;
}

#[tokio::test]
async fn r10_5_nothing_is_signed_over_an_entry_that_was_changed() {
    let (world, store) = World::new().await;
    grows(&store, 5).await;
    let before = signs(&store).await;
    grows(&store, 1).await;
    store.close().await;
    // The guards are taken away, the entry and its hash changed, the guards put back: what a database administrator could do.
    const CHANGE: &str =
        "UPDATE ledger SET leaf_hash = (SELECT leaf_hash FROM ledger WHERE entry_index = 1) WHERE entry_index = 2";
    world
        .tampers(
            &[
                "DROP TRIGGER ledger_is_append_only_update",
                CHANGE,
                "CREATE TRIGGER ledger_is_append_only_update BEFORE UPDATE ON ledger
                 BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END",
            ],
            &[
                "ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only_update",
                CHANGE,
                "ALTER TABLE ledger ENABLE TRIGGER ledger_is_append_only_update",
            ],
        )
        .await;
    let store = world.open("data").await;
    assert!(matches!(store.sign_checkpoint().await, Err(Error::LogContradicts)));
    assert_eq!(store.hold_against(&before).await.expect("asked"), Held::Differs);
    let declared = store.declare_gap(&before, gap("sato", "suzuki")).await;
    assert!(matches!(declared, Err(Error::LogContradicts)), "{declared:?}");
    store.close().await;
}

#[tokio::test]
async fn r4_6_an_older_backup_is_told_and_goes_on_only_by_declaration_of_two() {
    let (world, store) = World::new().await;
    grows(&store, 3).await;
    signs(&store).await;
    store.close().await;
    world.copy("data", "backup");
    let store = world.open("data").await;
    grows(&store, 4).await;
    let anchored = signs(&store).await;
    assert_eq!(store.hold_against(&anchored).await.expect("asked"), Held::Agrees);
    assert_eq!(store.declare_gap(&anchored, gap("sato", "suzuki")).await.expect("asked"), GapDeclared::NoGap);
    store.close().await;

    let restored = world.open("backup").await;
    let held = restored.hold_against(&anchored).await.expect("asked");
    assert!(matches!(held, Held::Behind { anchored, here } if here < anchored), "{held:?}");
    let key = restored.log_key().await.expect("key");
    let same = restored.declare_gap(&anchored, gap("sato", "sato")).await.expect("asked");
    assert_eq!(same, GapDeclared::SamePerson);
    let mut silent = gap("sato", "suzuki");
    silent.reason = " ".to_owned();
    assert_eq!(restored.declare_gap(&anchored, silent).await.expect("asked"), GapDeclared::NoReason);

    let GapDeclared::Done(name) = restored.declare_gap(&anchored, gap("sato", "suzuki")).await.expect("asked") else {
        panic!("not declared");
    };
    let after = restored.log_key().await.expect("key");
    assert_eq!(after.name().as_str(), name);
    assert_ne!(after.name(), key.name(), "nobody takes the one log for the other");
    assert_eq!(restored.former_log_keys().await.expect("keys"), [key]);
    let newest = signs(&restored).await;
    assert_eq!(newest.checkpoint().origin().as_str(), name);
    // What the old log had anchored is behind us, and has been declared.
    assert_eq!(restored.hold_against(&anchored).await.expect("asked"), Held::Agrees);
    assert_eq!(restored.hold_against(&newest).await.expect("asked"), Held::Agrees);
    restored.close().await;
    let again = world.open("backup").await;
    grows(&again, 2).await;
    signs(&again).await;
    again.close().await;
}

#[tokio::test]
async fn r10_5_as_many_entries_of_another_history_differ() {
    let (world, store) = World::new().await;
    grows(&store, 3).await;
    signs(&store).await;
    store.close().await;
    world.copy("data", "other");
    let (store, other) = (world.open("data").await, world.open("other").await);
    grows(&store, 4).await;
    grows(&other, 9).await;
    let anchored = signs(&store).await;
    assert_eq!(other.hold_against(&anchored).await.expect("asked"), Held::Differs);
    let (stranger_world, stranger) = World::new().await;
    assert_eq!(stranger.hold_against(&anchored).await.expect("asked"), Held::Stranger);
    for store in [store, other, stranger] {
        store.close().await;
    }
    drop(stranger_world);
}

#[tokio::test]
async fn r10_5_what_is_written_out_is_what_a_verifier_expects() {
    let (world, store) = World::new().await;
    for entries in [3, 300, 260] {
        grows(&store, entries).await;
        let signed = signs(&store).await;
        store.checkpoint_left(signed.checkpoint().size(), None).await.expect("kept");
    }
    let folder = world.data("export");
    let newest = store
        .write_log_files(|path, bytes| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("in a folder"))?;
            fs::write(path, bytes)
        })
        .await
        .expect("written");
    let policy = store.log_policy().await.expect("policy");
    let report = ledger::verify_export(&Files(folder.clone()), &policy, std::slice::from_ref(&newest)).expect("read");
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.entries, newest.checkpoint().size());
    let tile = folder.join("tile/entries/000");
    let mut bytes = fs::read(&tile).expect("read");
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&tile, bytes).expect("written");
    let report = ledger::verify_export(&Files(folder), &policy, &[newest]).expect("read");
    assert!(!report.is_sound(), "a changed entry is found");
    store.close().await;
}

struct Files(PathBuf);

impl ledger::Export for Files {
    type Error = std::io::Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error> {
        match fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), Self::Error> {
        let path = self.0.join(folder);
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                let name = format!("{folder}/{}", entry?.file_name().to_string_lossy());
                if self.0.join(&name).is_dir() { self.list(&name, each)? } else { each(&name) }
            }
        }
        Ok(())
    }
}
