//! What a start does with the bodies it finds beside the database, and what it leaves to a server that is running.

use fumibako_store as store;
use fumibako_store::{Clock, MasterKey, Store};
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const KEY: &str = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";

#[derive(Debug)]
struct Later(SignedDuration);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.0
    }
}

struct World {
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().expect("temporary folder") };
        let store = Store::create(&world.data(), master(), Arc::new(store::HostClock)).await.expect("created");
        store.close().await;
        world
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn incoming(&self) -> PathBuf {
        self.data().join("bodies/incoming")
    }

    /// A body on its way: written, its row not committed yet.
    fn a_body_arrives(&self) -> PathBuf {
        fs::create_dir_all(self.incoming()).expect("folder");
        let path = self.incoming().join(KEY);
        fs::write(&path, b"sealed").expect("written");
        path
    }

    async fn an_operator_looks_in(&self, after: SignedDuration) {
        let store = Store::open(&self.data(), master(), Arc::new(Later(after))).await.expect("opened");
        assert!(store.all_offices().await.expect("listed").is_empty());
        store.close().await;
    }
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[7; 32].into())
}

#[tokio::test]
async fn a_command_beside_the_server_leaves_a_body_on_its_way_alone() {
    let world = World::new().await;
    let body = world.a_body_arrives();
    world.an_operator_looks_in(SignedDuration::ZERO).await;
    assert_eq!(fs::read(&body).expect("still there"), b"sealed", "its row is committed a moment later");
}

#[tokio::test]
async fn a_body_that_a_crash_left_without_a_row_goes_in_time() {
    let world = World::new().await;
    let body = world.a_body_arrives();
    world.an_operator_looks_in(SignedDuration::from_hours(2)).await;
    assert!(!body.exists());
}

#[tokio::test]
async fn an_exchange_is_never_made_over_another() {
    let world = World::new().await;
    let before = fs::read(store::database_path(&world.data())).expect("read");
    assert!(Store::create(&world.data(), master(), Arc::new(store::HostClock)).await.is_err());
    assert_eq!(fs::read(store::database_path(&world.data())).expect("read"), before);
}

#[tokio::test]
async fn the_database_is_not_one_that_sqlite_alone_can_read() {
    let world = World::new().await;
    for path in files(&world.data()) {
        let bytes = fs::read(&path).expect("read");
        assert!(!bytes.starts_with(b"SQLite format 3"), "{}", path.display());
        for word in ["CREATE TABLE", "ledger", "office_number"] {
            assert!(!bytes.windows(word.len()).any(|at| at == word.as_bytes()), "{word} in {}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
