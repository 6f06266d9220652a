use crate::world::{World, files, name};
use fumibako_store::{
    BackupId, BackupPlaces, Blocked, Certified, ErasureRequested, Error, Kind, Made, Ran, backup_plan,
};
use std::collections::BTreeSet;
use std::fs;

#[tokio::test]
async fn r4_1_every_table_stands_in_the_plan_and_what_is_left_out_has_its_reason() {
    let world = World::new().await;
    let tables: BTreeSet<String> = world.store.tables().await.expect("listed").into_iter().collect();
    let plan = backup_plan();
    let planned: BTreeSet<String> =
        plan.iter().map(|row| row.table.to_owned()).filter(|table| table != "_sqlx_migrations").collect();
    assert_eq!(planned, tables, "a new table needs its line in backup/plan.rs");
    assert!(plan.iter().all(|row| row.excluded.is_none_or(|reason| reason.len() > 20)));
    // Whatever opens something or is about a person lies with the keys.
    for row in plan.iter().filter(|row| row.excluded.is_none() && !row.whole && !row.table.starts_with('_')) {
        for column in world.columns(row.table).await {
            let secret = ["_sealed", "wrapped", "envelope", "password_hash"].iter().any(|part| column.contains(part));
            let with_the_keys = row.apart.contains(&&*column);
            assert!(!secret || with_the_keys, "{}.{column} must be kept apart", row.table);
        }
    }
    world.execute("CREATE TABLE unheard_of (x TEXT)", &[]).await.expect("made");
    let made = world.store.make_backup(&world.backup_places(), &name("tanaka")).await.expect("asked");
    assert_eq!(made, Made::Unplanned(vec!["unheard_of".to_owned()]));
    assert!(world.store.backups().await.expect("listed").is_empty());
}

#[tokio::test]
async fn r4_4_boxes_and_keys_never_lie_in_one_place() {
    let world = World::new().await;
    let at = |boxes: &str, keys: &str| BackupPlaces {
        boxes: world.folder.path().join(boxes),
        keys: world.folder.path().join(keys),
    };
    for places in
        [at("one", "one"), at("one", "one/keys"), at("keys/boxes", "keys"), at("data", "keys"), at("b", "data/k")]
    {
        let made = world.store.make_backup(&places, &name("tanaka")).await.expect("asked");
        assert_eq!(made, Made::NotApart, "{places:?}");
    }
    assert!(world.store.backups().await.expect("listed").is_empty());
}

#[tokio::test]
async fn r4_2_a_backup_is_read_back_and_damage_is_found_in_every_part() {
    let world = World::new().await;
    world.sends().await;
    world.sends_large().await;
    let backup = world.backs_up().await;
    let (places, by) = (world.backup_places(), name("tanaka"));
    let rows = world.store.backups().await.expect("listed");
    assert!(rows[0].verified_at.is_some() && rows[0].ledger_size > Some(10), "{rows:?}");
    assert_eq!(world.store.verify_backup(&places, backup, Some(&by)).await.expect("read"), Ok(()));
    for path in files(&places.boxes).into_iter().chain(files(&places.keys)) {
        let whole = fs::read(&path).expect("read");
        for damaged in [
            [&whole[..whole.len() / 2], &[whole[whole.len() / 2] ^ 1], &whole[whole.len() / 2 + 1..]].concat(),
            whole[..whole.len() - 1].to_vec(),
            Vec::new(),
        ] {
            fs::write(&path, damaged).expect("written");
            let verified = world.store.verify_backup(&places, backup, Some(&by)).await.expect("read");
            assert!(verified.is_err(), "{}", path.display());
        }
        assert!(world.store.backups().await.expect("listed")[0].verified_at.is_none());
        fs::remove_file(&path).expect("removed");
        let verified = world.store.verify_backup(&places, backup, Some(&by)).await.expect("read");
        assert!(verified.is_err(), "{}", path.display());
        fs::write(&path, whole).expect("written");
        assert_eq!(world.store.verify_backup(&places, backup, Some(&by)).await.expect("read"), Ok(()));
    }
}

#[tokio::test]
async fn r4_2_a_place_that_cannot_be_written_is_no_success() {
    let world = World::new().await;
    fs::write(world.folder.path().join("backup-boxes"), b"in the way").expect("written");
    assert!(world.store.make_backup(&world.backup_places(), &name("tanaka")).await.is_err());
    assert!(world.store.backups().await.expect("listed").iter().all(|row| row.verified_at.is_none()));
}

#[tokio::test]
async fn r4_3_old_archives_go_those_of_keys_earlier_and_the_newest_stays() {
    let world = World::new().await;
    world.sends_large().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(world.backs_up().await);
    }
    let places = world.backup_places();
    let rotated = world.store.rotate_backups(&places, 3, 1, Some(&name("tanaka"))).await.expect("rotated");
    assert_eq!((rotated.boxes, rotated.keys), (vec![made[0]], vec![made[2], made[1], made[0]]));
    let rotated = world.store.rotate_backups(&places, 0, 0, None).await.expect("rotated");
    assert_eq!((rotated.boxes, rotated.keys), (vec![made[2], made[1]], Vec::new()), "never the newest");
    assert_eq!(files(&places.keys).len(), 2);
    assert_eq!(world.store.verify_backup(&places, made[3], None).await.expect("read"), Ok(()));
    let bodies = places.boxes.join("bodies");
    assert_ne!(bodies.exists() && !files(&bodies).is_empty(), world.is_on_server(), "in files or in rows");
}

#[tokio::test]
async fn r11_4_no_certificate_while_a_key_copy_lives_in_a_backup() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let (first, second) = (world.backs_up().await, world.backs_up().await);
    // One archive was carried away, and is where nobody reaches it.
    let (place, away) =
        (world.backup_places().keys.join(first.to_string()), world.folder.path().join("in another building"));
    fs::rename(&place, &away).expect("carried away");
    let erasure = world.agreed(Kind::Sets, &[id.to_string()]).await;
    assert_eq!(world.runs(erasure).await, Ran::Done { objects: 1, living: vec![first.to_string()] });
    assert_eq!(world.certifies(erasure).await, Certified::Living(vec![first.to_string()]));
    assert!(world.store.erasure_certificate(erasure).await.expect("asked").is_none());
    // Not to be destroyed by saying so: it is not there to be destroyed.
    let destroyed = world.store.destroy_backup(&world.backup_places(), first, true, &name("tanaka")).await;
    assert!(destroyed.is_err());
    assert_eq!(world.certifies(erasure).await, Certified::Living(vec![first.to_string()]));
    fs::rename(&away, &place).expect("brought back");
    match world.certifies(erasure).await {
        Certified::Done { certificate } => assert!(certificate.contains("taken-out-and-searched"), "{certificate}"),
        other => assert!(world.is_on_server() && other == Certified::OnServer, "{other:?}"),
    }
    for backup in [first, second] {
        let verified = world.store.verify_backup(&world.backup_places(), backup, None).await.expect("read");
        assert_eq!(verified, Ok(()), "still whole, without what was taken out of it");
    }
}

#[tokio::test]
async fn r11_4_a_copy_that_somebody_entered_in_the_register_blocks_as_well() {
    use fumibako_store::{CopyPlace, KeyKind, NewKeyCopy};
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let backup = world.backs_up().await;
    let copy = |kind, key_id: String, place_id: &str| NewKeyCopy {
        kind,
        key_id,
        place: CopyPlace::Backup,
        place_id: place_id.to_owned(),
        holder: "kanai".to_owned(),
    };
    let tanaka = name("tanaka");
    for new in
        [copy(KeyKind::Archive, backup.to_string(), "tape-7"), copy(KeyKind::Set, id.to_string(), "drill-of-may")]
    {
        assert!(world.store.key_copy_made(new, &tanaka).await.expect("entered"));
    }
    let erasure = world.erases(Kind::Sets, &[id.to_string()]).await;
    let Certified::Living(living) = world.certifies(erasure).await else { panic!("certified") };
    assert_eq!(living.len(), 2, "{living:?}");
    for kind in [KeyKind::Archive, KeyKind::Set] {
        let key = if kind == KeyKind::Archive { backup.to_string() } else { id.to_string() };
        for copy in world.store.living_key_copies(kind, &key).await.expect("listed") {
            if copy.holder == "kanai" {
                world.store.key_copy_destroyed(copy.id, "裁断した", &tanaka).await.expect("entered");
            }
        }
    }
    world.is_certified_where_it_can_be(erasure).await;
}

#[tokio::test]
async fn r11_3_a_backup_that_was_begun_and_never_finished_is_a_copy_until_it_is_destroyed() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    // As a crash leaves it: registered, and some bytes in its places.
    let started = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    let sql = "INSERT INTO backup (backup_id, started_at, made_by) VALUES ($1, '2027-04-01T00:00:00.000Z', 'x')";
    world.execute(sql, &[started]).await.expect("registered");
    for place in [world.backup_places().boxes, world.backup_places().keys] {
        let folder = place.join(format!("{started}.partial"));
        fs::create_dir_all(&folder).expect("folder");
        fs::write(folder.join("keys.db"), b"half of it").expect("written");
    }
    let erasure = world.agreed(Kind::Sets, &[id.to_string()]).await;
    assert_eq!(world.runs(erasure).await, Ran::Done { objects: 1, living: vec![started.to_owned()] });
    assert_eq!(world.certifies(erasure).await, Certified::Living(vec![started.to_owned()]));
    world.backs_up().await;
    let rotated = world.store.rotate_backups(&world.backup_places(), 5, 5, None).await.expect("rotated");
    assert_eq!(rotated.keys.len(), 1);
    world.is_certified_where_it_can_be(erasure).await;
}

#[tokio::test]
async fn a_backup_made_after_the_erasure_holds_nothing_and_blocks_nothing() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let erasure = world.erases(Kind::Sets, &[id.to_string()]).await;
    world.backs_up().await;
    world.is_certified_where_it_can_be(erasure).await;
    let asked = world.asks(Kind::Sets, &[id.to_string()]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Already(_))));
}

#[tokio::test]
async fn r4_2_a_backup_that_is_too_old_or_not_whole_is_told() {
    let world = World::new().await;
    assert!(world.store.backup_is_overdue().await.expect("asked"), "there is none");
    let backup = world.backs_up().await;
    assert!(!world.store.backup_is_overdue().await.expect("asked"));
    world.days_later(2);
    assert!(world.store.backup_is_overdue().await.expect("asked"));
    let newer = world.backs_up().await;
    assert!(!world.store.backup_is_overdue().await.expect("asked"));
    let file = world.backup_places().keys.join(newer.to_string()).join("keys.db");
    fs::write(&file, b"not a database").expect("written");
    assert!(world.store.verify_backup(&world.backup_places(), newer, None).await.expect("read").is_err());
    assert!(world.store.backup_is_overdue().await.expect("asked"));
    assert_ne!(backup, newer);
}

#[tokio::test]
async fn r4_3_archives_go_in_the_end_wherever_a_crash_left_them() {
    let world = World::new().await;
    let (places, tanaka) = (world.backup_places(), name("tanaka"));
    let emptied = world.backs_up().await;
    // The process died after the files were gone and before the register knew.
    for path in files(&places.keys.join(emptied.to_string())) {
        fs::remove_file(path).expect("removed");
    }
    // Another died before it had made a folder.
    let begun = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    let sql = "INSERT INTO backup (backup_id, started_at, made_by) VALUES ($1, '2027-04-01T00:00:00.000Z', 'x')";
    world.execute(sql, &[begun]).await.expect("registered");
    world.backs_up().await;
    let rotated = world.store.rotate_backups(&places, 1, 1, Some(&tanaka)).await.expect("nothing is in the way");
    assert_eq!((rotated.boxes.len(), rotated.keys.len()), (2, 2), "{rotated:?}");
    assert!(!places.keys.join(emptied.to_string()).exists());
    let again = world.store.rotate_backups(&places, 1, 1, Some(&tanaka)).await.expect("nothing to do");
    assert!(again.boxes.is_empty() && again.keys.is_empty());
}

#[tokio::test]
async fn r4_3_an_archive_that_was_carried_away_keeps_no_other_alive() {
    let world = World::new().await;
    let places = world.backup_places();
    let (carried, old) = (world.backs_up().await, world.backs_up().await);
    let (place, away) = (places.keys.join(carried.to_string()), world.folder.path().join("in another building"));
    fs::rename(&place, &away).expect("carried away");
    let newest = world.backs_up().await;
    let told = world.store.rotate_backups(&places, 1, 1, None).await;
    assert!(matches!(&told, Err(Error::File { path, .. }) if *path == place), "{told:?}");
    let left = |folder: &std::path::Path, id: BackupId| folder.join(id.to_string()).exists();
    assert!(!left(&places.keys, old) && !left(&places.boxes, old) && !left(&places.boxes, carried));
    assert!(left(&places.keys, newest) && left(&places.boxes, newest));
    // Back in its place it goes like any other.
    fs::rename(&away, &place).expect("brought back");
    let rotated = world.store.rotate_backups(&places, 1, 1, None).await.expect("rotated");
    assert_eq!((rotated.boxes, rotated.keys), (Vec::new(), vec![carried]));
}

#[tokio::test]
async fn r4_2_an_archive_that_a_crash_left_between_its_content_and_its_manifest_is_put_right() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (one, _kept) = (world.sends().await, world.sends().await);
    let backup = world.backs_up().await;
    let manifest = world.backup_places().keys.join(backup.to_string()).join("manifest.json");
    let before = fs::read(&manifest).expect("read");
    world.erases(Kind::Sets, &[one.to_string()]).await;
    // The set was taken out, and then the process died.
    fs::write(&manifest, before).expect("written");
    let verify = async || world.store.verify_backup(&world.backup_places(), backup, None).await.expect("read");
    assert!(verify().await.is_err());
    // The next erasure finds nothing of its own in there.
    let later = world.sends().await;
    world.erases(Kind::Sets, &[later.to_string()]).await;
    assert_eq!(verify().await, Ok(()));
    // Damage is damage.
    let path = manifest.with_file_name("keys.db");
    let mut bytes = fs::read(&path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("written");
    let last = world.sends().await;
    let erasure = world.agreed(Kind::Sets, &[last.to_string()]).await;
    let ran = world.store.run_erasure(erasure, &name("sato"), &world.places()).await;
    assert!(verify().await.is_err(), "{ran:?}");
}
