use crate::support::Kept;
use crate::world::{World, files, name};
use fumibako_store::{
    Answer, BackupId, DatabaseServer, ErasureList, Error, Kind, ListError, MasterKey, Place, RestoreOrder,
    RestoreRefused, Restored, Store, TakenOver, TransmissionId, restore_backup,
};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

impl World {
    fn aside(&self) -> PathBuf {
        self.folder.path().join("restored")
    }

    fn order(&self, backup: BackupId) -> RestoreOrder {
        RestoreOrder {
            backup,
            into: self.aside(),
            by: name("tanaka"),
            approved_by: name("sato"),
            known_ledger_size: 0,
            gap_declared: true,
        }
    }

    async fn restores(&self, order: &RestoreOrder, list: &ErasureList) -> Result<Restored, RestoreRefused> {
        let restored = restore_backup(&self.backup_places(), list, self.masters.clone(), self.clock(), order)
            .await
            .expect("tried");
        if restored.is_err() {
            assert!(!order.into.exists() || files(&order.into).iter().all(|path| path.ends_with("keep")));
        }
        restored
    }

    async fn restored_store(&self) -> Store {
        Store::open(&self.aside(), self.masters.clone(), self.clock()).await.expect("opens")
    }
}

async fn opens(store: Store, world: &World, ids: &[TransmissionId]) -> Vec<Option<usize>> {
    let store = Arc::new(store);
    let mut opened = Vec::new();
    for id in ids {
        let answer = store.open_set(&world.receiver, *id, None).await.expect("asked");
        opened.push(match answer {
            Answer::Done(files) => Some(files.len()),
            _ => None,
        });
    }
    Arc::into_inner(store).expect("alone").close().await;
    opened
}

#[tokio::test]
async fn r4_5_what_is_restored_is_what_was_there() {
    let world = World::new().await;
    let ids = [world.sends().await, world.sends_large().await, world.sends().await];
    let before = world.ledger().await;
    let backup = world.backs_up().await;
    // The list begins with the first erasure or when the exchange is opened for use.
    assert_eq!(world.store.settle_erasures(&world.list()).await.expect("settled"), 0);
    let restored = world.restores(&world.order(backup), &world.list()).await.expect("restored");
    let bodies = if world.is_on_server() { 0 } else { 2 };
    assert_eq!((restored.erasures_again, restored.bodies), (0, bodies), "{restored:?}");
    assert_eq!(restored.rows["transmission"], 3);
    assert_eq!(restored.rows["session"], 0, "nobody is signed in after a restore");
    let store = world.restored_store().await;
    assert_eq!(store.settle_erasures(&world.list()).await.expect("settled"), 0);
    assert_eq!(opens(store, &world, &ids).await, [Some(3), Some(3), Some(3)]);
    let log = world.ledger_of(&world.aside()).await;
    // It had been longer by what making the backup itself recorded; that is said to be lost.
    assert_eq!(log[..before.len()], before);
    assert!(log.iter().any(|entry| entry.contains("backup.restore")), "{log:?}");
}

#[tokio::test]
async fn r4_5_a_large_set_whose_body_was_lost_from_the_pool_does_not_come_back_as_if_it_were_whole() {
    let world = World::new().await;
    world.sends_large().await;
    let backup = world.backs_up().await;
    assert_eq!(world.store.settle_erasures(&world.list()).await.expect("settled"), 0);
    let bodies = files(&world.backup_places().boxes.join("bodies"));
    fs::remove_file(bodies.first().expect("a large body")).expect("removed");
    let refused = world.restores(&world.order(backup), &world.list()).await.expect_err("refused");
    assert_eq!(refused, RestoreRefused::Damaged("body"));
}

#[tokio::test]
async fn r4_6_what_was_erased_after_the_backup_stays_erased_when_it_is_restored() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (gone, large, kept) = (world.sends().await, world.sends_large().await, world.sends().await);
    let backup = world.backs_up().await;
    let keys = world.backup_places().keys.join(backup.to_string());
    let safe = world.folder.path().join("a copy of yesterday");
    copy(&keys, &safe);
    let erasure = world.erases(Kind::Sets, &[gone.to_string(), large.to_string()]).await;
    world.is_certified_where_it_can_be(erasure).await;
    // Once with the archive as it is now, and once with one that somebody had kept aside and put back.
    for old in [false, true] {
        if old {
            fs::remove_dir_all(&keys).expect("removed");
            copy(&safe, &keys);
        }
        let restored = world.restores(&world.order(backup), &world.list()).await.expect("restored");
        assert_eq!(restored.erasures_again, 1);
        let found = opens(world.restored_store().await, &world, &[gone, large, kept]).await;
        assert_eq!(found, [None, None, Some(3)]);
        assert!(files(&world.aside().join("bodies")).is_empty());
        let envelopes = world.envelopes_of(&world.aside(), gone).await;
        assert!(envelopes.is_empty(), "no copy of its key is left");
        fs::remove_dir_all(world.aside()).expect("removed");
    }
}

#[tokio::test]
async fn r4_6_without_the_list_of_erasures_or_with_a_bad_one_nothing_is_restored() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let ids = [world.sends().await, world.sends().await, world.sends().await];
    let early = world.backs_up().await;
    world.erases(Kind::Sets, &[ids[0].to_string()]).await;
    let places: Vec<PathBuf> = world.list().places().to_vec();
    let old_list = fs::read(&places[0]).expect("list");
    world.erases(Kind::Sets, &[ids[1].to_string()]).await;
    let late = world.backs_up().await;
    let list = fs::read(&places[0]).expect("list");
    let put = |bytes: Option<&[u8]>| {
        for place in &places {
            match bytes {
                Some(bytes) => fs::write(place, bytes).expect("written"),
                None => fs::remove_file(place).expect("removed"),
            }
        }
    };
    put(None);
    for backup in [early, late] {
        let refused = world.restores(&world.order(backup), &world.list()).await.expect_err("refused");
        assert_eq!(refused, RestoreRefused::List(ListError::Missing));
    }
    put(Some(&old_list));
    let refused = world.restores(&world.order(late), &world.list()).await.expect_err("refused");
    assert_eq!(refused, RestoreRefused::List(ListError::Behind { list: 1, data: 2 }));
    for at in (0..list.len()).step_by(7) {
        let mut changed = list.clone();
        changed[at] ^= 1;
        put(Some(&changed));
        let refused = world.restores(&world.order(early), &world.list()).await.expect_err("refused");
        assert!(matches!(refused, RestoreRefused::List(ListError::Damaged(_))), "byte {at}: {refused:?}");
    }
    // Two copies that tell different things.
    put(Some(&list));
    let lines: Vec<&[u8]> = list.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&places[1], [lines[0], lines[2]].concat()).expect("written");
    assert!(world.restores(&world.order(early), &world.list()).await.is_err());
    // One copy is gone: the other is enough.
    fs::remove_file(&places[0]).expect("removed");
    fs::write(&places[1], &list).expect("written");
    assert_eq!(world.restores(&world.order(early), &world.list()).await.expect("restored").erasures_again, 2);
}

#[tokio::test]
async fn r4_6_data_put_back_by_hand_are_not_opened_before_the_erasures_are_run_again() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (gone, kept) = (world.sends().await, world.sends().await);
    assert_eq!(world.store.settle_erasures(&world.list()).await.expect("settled"), 0);
    let snapshot = world.folder.path().join("snapshot of the disk");
    world.checkpoint().await;
    copy(&world.data(), &snapshot);
    world.erases(Kind::Sets, &[gone.to_string()]).await;
    let store = Store::open(&snapshot, world.masters.clone(), world.clock()).await.expect("opens");
    assert_eq!(store.settle_erasures(&world.list()).await.expect("settled"), 1);
    assert_eq!(opens(store, &world, &[gone, kept]).await, [None, Some(3)]);
    // And the other way round: a list that is older than the data.
    let nowhere = ErasureList::at(vec![world.folder.path().join("nowhere")]);
    let error = world.store.settle_erasures(&nowhere).await.expect_err("refused");
    assert!(matches!(error, Error::ErasureList(ListError::Missing)), "{error}");
}

#[tokio::test]
async fn r4_6_what_was_copied_while_an_erasure_had_only_begun_does_not_come_back() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (gone, kept) = (world.sends().await, world.sends().await);
    world.store.settle_erasures(&world.list()).await.expect("begun");
    let erasure = world.agreed(Kind::Sets, &[gone.to_string()]).await;
    // In the list, and its row says so; no key is gone yet. That moment is what is copied.
    let begun = "UPDATE erasure SET state = 'erasing', list_number = 1 WHERE erasure_id = $1";
    world.execute(begun, &[&erasure.to_string()]).await.expect("begun");
    let backup = world.backs_up().await;
    let (places, elsewhere) = (world.backup_places(), world.folder.path().join("carried elsewhere"));
    copy(&places.keys, &elsewhere);
    let back = "UPDATE erasure SET state = 'approved', list_number = NULL WHERE erasure_id = $1";
    world.execute(back, &[&erasure.to_string()]).await.expect("back");
    assert!(matches!(world.runs(erasure).await, fumibako_store::Ran::Done { objects: 1, .. }));
    // The archive that the erasure could not reach is the one that is left.
    copy(&elsewhere, &places.keys);
    world.restores(&world.order(backup), &world.list()).await.expect("restored");
    let mut connection = world.connection_to(&world.aside()).await;
    let state: String = sqlx::query_scalar("SELECT state FROM erasure").fetch_one(&mut connection).await.expect("one");
    sqlx::Connection::close(connection).await.expect("closed");
    assert_eq!(state, "replayed");
    assert_eq!(opens(world.restored_store().await, &world, &[gone, kept]).await, [None, Some(3)]);
}

#[tokio::test]
async fn r4_6_a_number_that_another_erasure_overtook_is_still_run_again() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (first, second, kept) = (world.sends().await, world.sends().await, world.sends().await);
    world.store.settle_erasures(&world.list()).await.expect("begun");
    let snapshot = world.folder.path().join("snapshot of the disk");
    world.checkpoint().await;
    copy(&world.data(), &snapshot);
    world.erases(Kind::Sets, &[first.to_string()]).await;
    world.erases(Kind::Sets, &[second.to_string()]).await;
    let list = world.list();
    let store = Store::open(&snapshot, world.masters.clone(), world.clock()).await.expect("opens");
    assert_eq!(store.settle_erasures(&list).await.expect("settled"), 2);
    // As a node leaves it that noted its number after another had noted a higher one.
    let mut connection = world.connection_to(&snapshot).await;
    let lost = "UPDATE erasure SET list_number = NULL, state = 'erasing' WHERE list_number = 1";
    sqlx::query(lost).execute(&mut connection).await.expect("lost");
    store.settle_erasures(&list).await.expect("settled");
    let noted: i64 =
        sqlx::query_scalar("SELECT min(list_number) FROM erasure").fetch_one(&mut connection).await.expect("one");
    sqlx::Connection::close(connection).await.expect("closed");
    assert_eq!(noted, 1);
    assert_eq!(opens(store, &world, &[first, second, kept]).await, [None, None, Some(3)]);
}

#[tokio::test]
async fn r4_4_the_boxes_alone_or_with_another_exchanges_key_restore_nothing() {
    let world = World::new().await;
    world.sends().await;
    let backup = world.backs_up().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    let order = world.order(backup);
    let other = MasterKey::from_bytes(&[8; 32].into());
    let tried = restore_backup(&world.backup_places(), &world.list(), other, world.clock(), &order).await;
    assert!(matches!(tried, Err(Error::WrongKey)), "{tried:?}");
    assert!(!order.into.exists());
    let missing = RestoreOrder { backup: BackupId::fresh(), ..order.clone() };
    assert_eq!(world.restores(&missing, &world.list()).await, Err(RestoreRefused::NoBoxes));
    let alone = RestoreOrder { approved_by: name("TANAKA"), ..order.clone() };
    assert_eq!(world.restores(&alone, &world.list()).await, Err(RestoreRefused::OwnRequest));
    assert!(world.store.destroy_backup(&world.backup_places(), backup, true, &name("tanaka")).await.expect("gone"));
    assert_eq!(world.restores(&order, &world.list()).await, Err(RestoreRefused::NoKeys));
}

#[tokio::test]
async fn a_newer_archive_of_keys_opens_older_boxes() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (gone, kept) = (world.sends().await, world.sends().await);
    let old = world.backs_up().await;
    world.sends().await;
    world.backs_up().await;
    assert!(world.store.destroy_backup(&world.backup_places(), old, true, &name("tanaka")).await.expect("gone"));
    world.erases(Kind::Sets, &[gone.to_string()]).await;
    let restored = world.restores(&world.order(old), &world.list()).await.expect("restored");
    assert_eq!(restored.rows["transmission"], 2);
    assert_eq!(opens(world.restored_store().await, &world, &[gone, kept]).await, [None, Some(3)]);
}

#[tokio::test]
async fn what_a_lost_set_had_replaced_or_a_lost_withdrawal_taken_away_is_the_current_one_again() {
    const LATEST: &str = "SELECT min(latest), max(taken_back) FROM person_set WHERE transmission_id = $1";
    let world = World::new().await;
    let about = |seed| world.sends_with(move |request| request.seed = seed);
    let (replaced, withdrawn, older, newer) = (about(7).await, about(8).await, about(9).await, about(9).await);
    let old = world.backs_up().await;
    about(7).await;
    let taken = world.store.withdraw(&world.sender, withdrawn).await.expect("withdrawn");
    assert!(matches!(taken, Answer::Done(_)), "{taken:?}");
    world.backs_up().await;
    assert!(world.store.destroy_backup(&world.backup_places(), old, true, &name("tanaka")).await.expect("gone"));
    world.store.settle_erasures(&world.list()).await.expect("begun");
    world.restores(&world.order(old), &world.list()).await.expect("restored");
    let mut connection = world.connection_to(&world.aside()).await;
    let mut stands = Vec::new();
    for id in [replaced, withdrawn, older, newer] {
        let row: (i64, i64) =
            sqlx::query_as(LATEST).bind(id.to_string()).fetch_one(&mut connection).await.expect("indexed");
        stands.push(row);
    }
    sqlx::Connection::close(connection).await.expect("closed");
    assert_eq!(stands, [(1, 0), (1, 0), (0, 0), (1, 0)]);
}

#[tokio::test]
async fn r4_7_entries_of_the_log_are_not_lost_without_being_declared() {
    let world = World::new().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    world.sends().await;
    let first = world.backs_up().await;
    let has = u64::try_from(world.ledger().await.len()).expect("few") - 1;
    world.sends().await;
    world.backs_up().await;
    let undeclared = RestoreOrder { gap_declared: false, ..world.order(first) };
    let refused = world.restores(&undeclared, &world.list()).await.expect_err("refused");
    assert_eq!(refused, RestoreRefused::Gap { has, known: has + 2 });
    let published = RestoreOrder { known_ledger_size: 10_000, ..world.order(first) };
    let restored = world.restores(&published, &world.list()).await.expect("declared");
    assert_eq!(restored.gap, 10_000 - has);
    let log = world.ledger_of(&world.aside()).await;
    let declared = log.iter().find(|entry| entry.contains("backup.restore")).expect("declared");
    assert!(declared.contains(&format!("\"gap\":{}", 10_000 - has)), "{declared}");
    fs::remove_dir_all(world.aside()).expect("removed");
    fs::create_dir(world.aside()).expect("folder");
    fs::write(world.aside().join("keep"), b"somebody's").expect("written");
    assert_eq!(world.restores(&world.order(first), &world.list()).await, Err(RestoreRefused::NotEmpty));
    assert_eq!(fs::read(world.aside().join("keep")).expect("there"), b"somebody's");
}

#[tokio::test]
async fn r4_5_a_drill_opens_boxes_and_names_another_generation_where_one_is_unusable() {
    let world = World::new().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    world.sends().await;
    world.sends_large().await;
    let (good, bad) = (world.backs_up().await, world.backs_up().await);
    let (places, by) = (world.backup_places(), name("tanaka"));
    let drill = |backup| {
        let (world, places, by) = (&world, &places, &by);
        async move {
            let aside = world.folder.path().join("drill");
            let drill = world.store.drill_backup(places, &world.list(), backup, &aside, by).await.expect("tried");
            assert!(!aside.exists(), "nothing stays");
            drill
        }
    };
    let ok = drill(bad).await;
    assert_eq!((&*ok.result, ok.sets, ok.opened, ok.next), ("ok", 2, 6, None));
    let path = places.boxes.join(bad.to_string()).join("boxes.db");
    let mut bytes = fs::read(&path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 512].fill(0);
    fs::write(&path, bytes).expect("written");
    let failed = drill(bad).await;
    assert_ne!(failed.result, "ok");
    assert_eq!(failed.next, Some(good));
    assert_eq!(drill(good).await.result, "ok");
    // A backup whose boxes nobody can open is none.
    let blank = world.sql("UPDATE office_key SET wrapped_secret = x''", "UPDATE office_key SET wrapped_secret = ''");
    world.execute(blank, &[]).await.expect("blank");
    assert_eq!(drill(world.backs_up().await).await.result, "office_key");
    let rows = world.store.drills().await.expect("listed");
    assert_eq!(rows.iter().filter(|row| row.result == "ok").count(), 2);
}

#[tokio::test]
async fn keys_of_backups_made_after_the_one_that_is_restored_are_known_again() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let first = world.backs_up().await;
    let second = world.backs_up().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    world.restores(&world.order(first), &world.list()).await.expect("restored");
    let store = world.restored_store().await;
    let known: Vec<BackupId> = store.backups().await.expect("listed").iter().map(|row| row.id).collect();
    assert!(known.contains(&first) && known.contains(&second), "{known:?}: a copy of keys that nobody knows of");
    assert!(id.to_string().len() == 36);
    store.close().await;
}

/// A folder and what is in it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("folder");
    for path in files(from) {
        let place = to.join(path.strip_prefix(from).expect("inside"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("folder");
        fs::copy(&path, place).expect("copied");
    }
}

#[tokio::test]
async fn r6_5_archives_follow_when_the_master_key_is_replaced() {
    let world = World::new().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    let id = world.sends().await;
    let backup = world.backs_up().await;
    assert_eq!(world.store.rewrap_archives(&world.backup_places()).await.expect("looked"), 0, "nothing to do");
    let replaced = world.store.rotate_master_key(&name("kagi")).await.expect("replaced");
    assert!(matches!(replaced, fumibako_store::MasterReplaced::Done { .. }), "{replaced:?}");
    assert_eq!(world.store.verify_backup(&world.backup_places(), backup, None).await.expect("read"), Ok(()));
    let restored = world.restores(&world.order(backup), &world.list()).await.expect("restored");
    assert_eq!(restored.rows["transmission"], 1);
    assert_eq!(opens(world.restored_store().await, &world, &[id]).await, [Some(3)]);
}

/// A server that was lost comes back this way, and an exchange that has outgrown its machine moves this way.
#[tokio::test]
async fn r4_5_what_was_restored_is_taken_over_by_a_server_whole_or_not_at_all() {
    let world = World::new().await;
    let ids = [world.sends().await, world.sends_large().await, world.sends().await];
    let backup = world.backs_up().await;
    world.store.settle_erasures(&world.list()).await.expect("begun");
    world.restores(&world.order(backup), &world.list()).await.expect("restored");
    let before = world.ledger_of(&world.aside()).await;
    let database = test_postgres::database().expect("PostgreSQL");
    let kept = Kept::on_server(&world.folder.path().join("node"), database.clone());
    let (sato, suzuki) = (name("sato"), name("suzuki"));
    let takes = async |place: &Place, approved_by| {
        Store::take_over(place, &world.aside(), world.masters.clone(), world.clock(), &sato, approved_by).await
    };
    assert!(matches!(takes(&kept.place, &sato).await, Ok(TakenOver::OwnRequest)));
    let unowned = Place::on_server(world.aside(), DatabaseServer::new(&database.application).expect("an address"));
    assert!(matches!(takes(&unowned, &suzuki).await, Err(Error::NoOwner)));

    let taken = takes(&kept.place, &suzuki).await.expect("taken over");
    let TakenOver::Done { rows, bodies } = taken else { panic!("{taken:?}") };
    let in_files = if world.is_on_server() { 0 } else { 2 };
    assert_eq!((rows["transmission"], rows["ledger"], bodies), (3, before.len() as u64, in_files));
    let store = Store::open(kept.place.clone(), world.masters.clone(), world.clock()).await.expect("opened");
    store.sign_checkpoint().await.expect("the log goes on");
    assert_eq!(opens(store, &world, &ids).await, [Some(3), Some(3), Some(3)]);
    let mut connection = kept.connection_with(&world.masters).await;
    let log: Vec<String> = sqlx::query_scalar("SELECT entry FROM ledger ORDER BY entry_index")
        .fetch_all(&mut connection)
        .await
        .expect("read");
    assert_eq!(log[..before.len()], before);
    assert!(log[before.len()].contains("taken-over"), "{}", log[before.len()]);
    // What guards the tables guards them again.
    for refused in [
        "DELETE FROM ledger",
        "INSERT INTO transmission_file (transmission_id, ordinal, name, digest, size_bytes) VALUES ('nobody', 0, '', '', 0)",
    ] {
        assert!(sqlx::query(refused).execute(&mut connection).await.is_err(), "{refused}");
    }
    // Never two that go on with one log.
    assert!(Store::open(&world.aside(), world.masters.clone(), world.clock()).await.is_err());
    assert!(matches!(takes(&kept.place, &suzuki).await, Err(Error::AlreadyThere)));
}
