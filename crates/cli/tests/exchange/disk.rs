//! What the exchange does when its disk or its database is not there for it.

use crate::device::{assert_same, unzip};
use crate::samples::{large, renumbered, schedule};
use crate::server::Server;
use crate::vault;
use crate::world::{Exchange, Offices, World};
use sqlx::Connection as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A file system of a few megabytes under the data folder. Needs the right to mount, and says so rather than pass.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, megabytes: u32) -> Self {
        fs::create_dir(path).unwrap();
        let options = format!("size={megabytes}m,mode=0700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output().unwrap();
        assert!(
            output.status.success(),
            "this test fills a disk of its own and must be able to mount one (root, or `unshare -rm cargo test`): {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self(path.to_owned())
    }

    fn fill(&self) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        for size in [1 << 16, 4096] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// In the order in which they must go.
struct Tight {
    server: Server,
    disk: SmallDisk,
    exchange: Exchange,
}

impl Tight {
    async fn new() -> (Self, Offices) {
        let mut disk = None;
        let exchange = Exchange::create(|folder| disk = Some(SmallDisk::mount(&folder.join("data"), 12))).await;
        let server = exchange.start();
        let offices = exchange.offices(&server).await;
        (Self { server, disk: disk.unwrap(), exchange }, offices)
    }
}

impl Tight {
    /// Files in the folder of large bodies.
    fn bodies(&self) -> usize {
        fn count(folder: &Path) -> usize {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(&self.exchange.data().join("bodies"))
    }
}

async fn assert_database_sound(data: &Path) {
    let mut database = vault::database(data).await;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
    assert_eq!(verdict, "ok");
    database.close().await.unwrap();
    vault::ledger(data).await;
}

#[tokio::test]
async fn a_full_disk_takes_nothing_and_loses_nothing() {
    let (mut tight, offices) = Tight::new().await;
    let one = schedule(&offices.sender, &offices.receiver, 0);
    let mut kept = vec![(0, offices.sender.sends(&one).await.accepted())];
    tight.disk.fill();
    // What room the write-ahead log has left may take a few more.
    let mut refused = None;
    for second in 1..500 {
        let set = renumbered(&one, second);
        let answer = offices.sender.sends(&set).await;
        if answer.status == 200 {
            kept.push((second, answer.accepted()));
            continue;
        }
        answer.problem(503, "H10");
        refused = Some(set);
        break;
    }
    let refused = refused.expect("the disk is full");
    let listed = offices.receiver.items("received", 500).await.len();
    assert_eq!(listed, kept.len(), "lists work, and show what was accepted");

    // Without room for the record there is no access (R10.2).
    let first = &kept[0].1;
    offices.receiver.fetches(first).await.problem(503, "H10");
    offices.sender.withdraws(first).await.problem(503, "H10");
    assert_eq!(offices.receiver.state(first).await, "waiting");
    let large = large(&offices.sender, &offices.receiver, 1000);
    offices.sender.sends(&large).await.problem(503, "H10");
    assert_eq!(tight.bodies(), 0, "nothing half-written stays");
    assert!(tight.server.is_alive());

    tight.disk.free();
    kept.push((0, offices.sender.sends(&refused).await.accepted()));
    kept.push((0, offices.sender.sends(&large).await.accepted()));
    assert_eq!(offices.receiver.items("received", 500).await.len(), kept.len());
    for (second, id) in kept[..kept.len() - 2].iter().step_by(4) {
        assert_same(&unzip(&offices.receiver.fetches(id).await.done().body), &renumbered(&one, *second));
    }
    for (set, (_, id)) in [&refused, &large].into_iter().zip(&kept[kept.len() - 2..]) {
        assert_same(&unzip(&offices.receiver.fetches(id).await.done().body), set);
    }
    assert_database_sound(&tight.exchange.data()).await;
    let restarted = {
        let Tight { server, disk, exchange } = tight;
        assert!(server.stop().await.0.success());
        (exchange.start(), disk, exchange)
    };
    assert_eq!(offices.receiver.meets(&restarted.0).items("received", 500).await.len(), kept.len());
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_waited_for_and_then_given_up() {
    let world = World::new().await;
    let offices = world.offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let before = offices.lists().await;
    let mut holder = vault::database(&world.exchange.data()).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
    let start = Instant::now();
    offices.sender.sends(&set).await.problem(503, "H10");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    assert_eq!(offices.lists().await, before, "reading goes on");
    sqlx::query("ROLLBACK").execute(&mut holder).await.unwrap();
    offices.sender.sends(&set).await.accepted();

    // Held for less than the bound, nobody notices.
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
    let next = renumbered(&set, 2);
    let (answer, _) = tokio::join!(offices.sender.sends(&next), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqlx::query("COMMIT").execute(&mut holder).await.unwrap();
    });
    answer.accepted();
    assert_database_sound(&world.exchange.data()).await;
}
