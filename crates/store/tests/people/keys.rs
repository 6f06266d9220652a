//! Keys are replaced while the exchange goes on (R6.5).

use crate::letters::send;
use crate::world::{CHEAP, OFFICE_A, OFFICE_B, Staff, World, code, master};
use fumibako_store::people::{PasswordAnswer, PeopleSettings, SecondAnswer};
use fumibako_store::{
    Acceptance, Answer, CopyPlace, Error, KeyKind, MasterKey, MasterKeys, MasterReplaced, NewKeyCopy, OperatorName,
    RotationStarted, RotationStep, SealedFile, Store, Unlock,
};
use identity::role::Role;
use jiff::SignedDuration;
use seal::Zeroizing;
use std::fs;
use std::sync::Arc;

/// What the other version's folder holds: see `tests/fixtures/before-working-keys`.
const BEFORE: &[u8] = include_bytes!("../fixtures/before-working-keys/fumibako.db");
const BEFORE_AT: &str = "2027-04-01T00:01:30Z";
const BEFORE_PASSWORD: &str = "q7Vd-tz2Lw-9kRmp-4x-6";
const BEFORE_SEED: &str = "MGBGWI6T3BYZ3TZX5Y4Z6FPOFSWJJ5QU";
const BEFORE_SETS: [(&str, u32); 2] =
    [("01a215ae-977a-7349-b46a-434f9de50648", 1), ("01a215ae-979d-74ef-82a2-bbd77061d054", 2)];

pub(crate) fn custodian() -> OperatorName {
    OperatorName::at_terminal("kagi").expect("a name")
}

pub(crate) fn other_custodian() -> OperatorName {
    OperatorName::at_terminal("mamoru").expect("a name")
}

/// Works until there is nothing to do but wait; the clock stands still meanwhile.
async fn work(store: &Store) -> u64 {
    let mut rows = 0;
    for _ in 0..10_000 {
        match store.rotation_step().await.expect("stepped") {
            RotationStep::Worked(more) => rows += more,
            RotationStep::Idle | RotationStep::Waiting => return rows,
        }
    }
    panic!("it never ends");
}

/// A new key is announced, used, and everything under the old one wrapped anew; an hour later the old one is gone.
async fn to_the_end(world: &World) {
    world.later(SignedDuration::from_secs(31));
    work(&world.store).await;
    world.later(SignedDuration::from_mins(61));
    work(&world.store).await;
    assert_eq!(world.store.rotation_step().await.expect("stepped"), RotationStep::Idle);
}

pub(crate) async fn living(store: &Store, kind: KeyKind, id: &str) -> usize {
    store.living_key_copies(kind, id).await.expect("listed").len()
}

/// The id of the newest working key of a kind.
async fn newest(store: &Store, kind: KeyKind) -> String {
    let status = store.key_status().await.expect("status");
    status.working.into_iter().rfind(|key| key.kind == kind.id()).expect("there").key_id
}

async fn started(store: &Store, kind: KeyKind) {
    let started = store.rotate_working_key(kind, &custodian()).await.expect("asked");
    assert!(matches!(started, RotationStarted::Done(_)), "{started:?}");
}

#[tokio::test]
async fn r6_5_an_exchange_of_before_opens_and_its_keys_can_be_replaced() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::create_dir(folder.path().join("data")).expect("folder");
    fs::write(folder.path().join("data/fumibako.db"), BEFORE).expect("written");
    let world = World::found(folder, BEFORE_AT).await;
    let old_master = world.masters.master_ids().expect("ids")[0];
    let all_is_well = async |world: &World| {
        let (a, b) = (world.desk_of(OFFICE_A).await, world.desk_of(OFFICE_B).await);
        for (id, second) in BEFORE_SETS {
            world.opens(&a, id.parse().expect("id"), second).await;
            world.opens(&b, id.parse().expect("id"), second).await;
        }
        let desk = world.desk_of(OFFICE_A).await;
        let PasswordAnswer::Half(token) = world.store.begin("hanako", BEFORE_PASSWORD, &desk).await.expect("asked")
        else {
            panic!("the password of before")
        };
        let half = match world.store.standing(token.reveal(), &desk).await.expect("asked") {
            fumibako_store::people::Standing::Half(half) => half,
            other => panic!("{other:?}"),
        };
        let second = world.store.finish_totp(&half, &code(BEFORE_SEED, world.now())).await.expect("asked");
        assert!(matches!(second, SecondAnswer::In { .. }), "{second:?}");
        world.later(SignedDuration::from_secs(30));
    };
    all_is_well(&world).await;
    // Office keys, the authority's and the seed were under the master key itself: they are moved first.
    let replaced = world.store.rotate_master_key(&custodian()).await.expect("replaced");
    let MasterReplaced::Done { old, new, .. } = replaced else { panic!("{replaced:?}") };
    assert_eq!(old, [old_master.to_string()]);
    assert_ne!(new, old[0]);
    let world = world.starts_again().await;
    all_is_well(&world).await;
    let status = world.store.key_status().await.expect("status");
    let derived = status.working.iter().filter(|key| key.origin == "derived").count();
    assert_eq!(derived, 3, "what cannot be made anew at once says where it comes from");
    let opened = Store::open(world.place(), master(), Arc::clone(&world.clock) as Arc<_>).await;
    assert!(matches!(opened, Err(Error::WrongKey)), "the old master key opens nothing");
    // And everything else, one after the other.
    for kind in [KeyKind::Wrapping, KeyKind::Field] {
        to_the_end(&world).await;
        started(&world.store, kind).await;
        to_the_end(&world).await;
        all_is_well(&world).await;
    }
    world.store.rotate_office_key(OFFICE_A.parse().expect("number"), &custodian()).await.expect("asked");
    to_the_end(&world).await;
    all_is_well(&world).await;
}

#[tokio::test]
async fn r6_5_the_master_key_is_replaced_under_load_and_no_send_fails() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let passphrase = || Unlock::Passphrase(Zeroizing::new("見本だけの 合言葉 二十六年".to_owned()));
    let path = folder.path().join("master.key");
    let file = MasterKeys::new(SealedFile::create(&path, passphrase()).expect("created"));
    let world = World::over(file, PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
    let (a, b) = world.correspondents().await;
    let before = world.sends(&a, 1).await;
    let old = world.masters.master_ids().expect("ids")[0].to_string();
    let (store, sender) = (Arc::clone(&world.store), a.clone());
    let sending = tokio::spawn(async move {
        for second in 2..22 {
            let sent = send(&store, &sender, second).await.expect("sent");
            assert!(matches!(sent, Answer::Done(Acceptance::New(_))), "{sent:?}");
        }
    });
    // By another process, with a key store of its own.
    let command = MasterKeys::new(SealedFile::open(&path, passphrase()).expect("opened"));
    let operator = Store::open(world.place(), command, Arc::clone(&world.clock) as Arc<_>).await.expect("opened");
    let replaced = operator.rotate_master_key(&custodian()).await.expect("replaced");
    let MasterReplaced::Done { new, rewrapped, .. } = replaced else { panic!("{replaced:?}") };
    let of_the_database = u64::from(!world.is_on_server());
    assert_eq!(rewrapped, 4 + of_the_database, "four working keys and the database's, however much is stored");
    operator.close().await;
    sending.await.expect("no send failed");
    assert_eq!(world.masters.master_ids().expect("ids")[0].to_string(), new);
    assert_eq!(living(&world.store, KeyKind::Master, &old).await, 0);
    assert_eq!(living(&world.store, KeyKind::Master, &new).await, 1);
    let last = &world.store.rotations().await.expect("listed")[0];
    assert!(last.kind == KeyKind::Master && last.finished_at.is_some() && last.done == last.total, "{last:?}");
    world.opens(&b, before, 1).await;
    // The serving process goes on to make working keys under the new one.
    started(&world.store, KeyKind::Wrapping).await;
    to_the_end(&world).await;
    let world = world.starts_again().await;
    world.opens(&b, before, 1).await;
}

#[tokio::test]
async fn r6_5_a_master_key_half_replaced_is_finished_after_a_crash() {
    let world = World::new().await;
    let (a, b) = world.correspondents().await;
    let id = world.sends(&a, 1).await;
    let old = world.masters.master_ids().expect("ids")[0];
    // The new key was made, and then the process died.
    let new = world.masters.prepare().expect("prepared");
    let world = world.starts_again().await;
    world.opens(&b, id, 1).await;
    let replaced = world.store.rotate_master_key(&custodian()).await.expect("replaced");
    let MasterReplaced::Done { old: gone, new: now, .. } = replaced else { panic!("{replaced:?}") };
    assert_eq!((gone, now), (vec![old.to_string()], new.to_string()));
    // The old one was destroyed, and then the process died before it was written down.
    let mut connection = world.connection().await;
    sqlx::query("UPDATE key_rotation SET finished_at = NULL").execute(&mut connection).await.expect("changed");
    drop(connection);
    let world = world.starts_again().await;
    work(&world.store).await;
    assert!(world.store.rotations().await.expect("listed").iter().all(|one| one.finished_at.is_some()));
    world.opens(&b, id, 1).await;
}

#[tokio::test]
async fn r6_5_the_wrapping_key_is_replaced_and_the_old_one_ends_when_nothing_needs_it() {
    let world = World::new().await;
    let (a, b) = world.correspondents().await;
    let staff = world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let id = world.sends(&a, 1).await;
    let old = newest(&world.store, KeyKind::Wrapping).await;
    let other = Arc::new(world.other_node(PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await);
    started(&world.store, KeyKind::Wrapping).await;
    let again = world.store.rotate_working_key(KeyKind::Wrapping, &custodian()).await.expect("asked");
    assert!(matches!(again, RotationStarted::Already(_)));
    // Announced, and not used yet.
    assert_eq!(world.store.rotation_step().await.expect("stepped"), RotationStep::Waiting);
    world.later(SignedDuration::from_secs(31));
    assert!(work(&world.store).await >= 5, "office keys, the authority's, a seed");
    let rotation = &world.store.rotations().await.expect("listed")[0];
    assert!(rotation.walked_at.is_some() && rotation.finished_at.is_none() && rotation.done == rotation.total);
    // Both are there for an hour, for whatever another node has under way.
    assert_eq!(living(&world.store, KeyKind::Wrapping, &old).await, 1);
    world.later(SignedDuration::from_mins(59));
    assert_eq!(world.store.rotation_step().await.expect("stepped"), RotationStep::Waiting);
    other.refresh_keys().await.expect("read again");
    assert!(matches!(send(&other, &a, 2).await.expect("sent"), Answer::Done(_)));
    world.later(SignedDuration::from_mins(2));
    work(&world.store).await;
    assert_eq!(living(&world.store, KeyKind::Wrapping, &old).await, 0);
    let wrapped = world.sql(
        "SELECT hex(wrapped) FROM working_key WHERE destroyed_at IS NOT NULL",
        "SELECT encode(wrapped, 'hex') FROM working_key WHERE destroyed_at IS NOT NULL",
    );
    let wrapped = world.rows(wrapped).await;
    assert_eq!(wrapped, [""], "nothing is left of it");
    assert!(!world.entries_with(&["key.destroy", &old]).await.is_empty());
    let world = world.starts_again().await;
    world.opens(&b, id, 1).await;
    world.signs_in(&staff).await;
}

#[tokio::test]
async fn r6_5_a_rotation_goes_on_after_a_crash_where_it_stood() {
    let world = World::new().await;
    let mut staff = Vec::new();
    for login in ["ichika", "futaba", "mitsuki"] {
        staff.push(world.staff(login, Role::OfficeStaff, OFFICE_A).await);
    }
    started(&world.store, KeyKind::Field).await;
    world.later(SignedDuration::from_secs(31));
    assert!(matches!(world.store.rotation_step().await.expect("stepped"), RotationStep::Worked(3)));
    let half = world.rows("SELECT CAST(done AS TEXT) || '/' || total FROM key_rotation").await;
    assert_eq!(half, ["3/12"], "visible progress");
    // Killed: nothing is closed in order.
    let world = world.starts_again().await;
    for one in &staff {
        world.signs_in(one).await;
    }
    work(&world.store).await;
    world.later(SignedDuration::from_mins(61));
    let world = world.starts_again().await;
    work(&world.store).await;
    assert!(world.store.rotations().await.expect("listed")[0].finished_at.is_some());
    for one in &staff {
        world.signs_in(one).await;
    }
}

#[tokio::test]
async fn r6_5_what_does_not_open_keeps_the_old_key_alive_and_is_recorded() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let old = newest(&world.store, KeyKind::Field).await;
    let mut connection = world.connection().await;
    const ALTER: &str = "UPDATE account SET kana_sealed = $2 WHERE account_id = $1";
    sqlx::query(ALTER).bind(staff.id.to_string()).bind(vec![0_u8; 80]).execute(&mut connection).await.expect("altered");
    drop(connection);
    started(&world.store, KeyKind::Field).await;
    world.later(SignedDuration::from_secs(31));
    work(&world.store).await;
    for _ in 0..3 {
        world.later(SignedDuration::from_mins(61));
        work(&world.store).await;
    }
    assert!(world.store.rotations().await.expect("listed")[0].finished_at.is_none());
    assert_eq!(living(&world.store, KeyKind::Field, &old).await, 1);
    assert!(!world.entries_with(&["box.damaged", &staff.id.to_string()]).await.is_empty());
}

#[tokio::test]
async fn r6_5_passwords_move_to_the_new_pepper_as_their_owners_sign_in() {
    let world = World::new().await;
    let (hanako, taro) = (
        world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await,
        world.staff("taro", Role::OfficeStaff, OFFICE_A).await,
    );
    let old = newest(&world.store, KeyKind::Pepper).await;
    started(&world.store, KeyKind::Pepper).await;
    world.later(SignedDuration::from_secs(31));
    let hash = async |staff: &Staff| {
        let mut connection = world.connection().await;
        const HASH: &str = "SELECT password_hash FROM account WHERE account_id = $1";
        sqlx::query_scalar::<_, String>(HASH)
            .bind(staff.id.to_string())
            .fetch_one(&mut connection)
            .await
            .expect("there")
    };
    assert!(!hash(&hanako).await.contains("keyid"));
    world.signs_in(&hanako).await;
    assert!(hash(&hanako).await.contains("keyid="), "hashed anew");
    world.signs_in(&hanako).await;
    assert!(!hash(&taro).await.contains("keyid"), "who has not signed in waits");
    world.later(SignedDuration::from_mins(61));
    work(&world.store).await;
    assert_eq!(living(&world.store, KeyKind::Pepper, &old).await, 1, "a hash needs it");
    world.signs_in(&taro).await;
    // What is left are earlier hashes in the history of passwords.
    let mut connection = world.connection().await;
    sqlx::query("DELETE FROM password_history WHERE hash NOT LIKE '%keyid%'")
        .execute(&mut connection)
        .await
        .expect("gone");
    drop(connection);
    world.later(SignedDuration::from_mins(61));
    work(&world.store).await;
    assert_eq!(living(&world.store, KeyKind::Pepper, &old).await, 0);
    let world = world.starts_again().await;
    world.signs_in(&hanako).await;
    world.signs_in(&taro).await;
    let wrong = world.store.begin("nobody-at-all", "whatever-it-is-3x", &hanako.desk).await.expect("asked");
    assert!(!matches!(wrong, PasswordAnswer::Half(_)));
}

#[tokio::test]
async fn r6_5_an_offices_key_is_replaced_under_load_and_old_sets_move_to_the_new_one() {
    let world = World::new().await;
    let (a, b) = world.correspondents().await;
    let mut sets = Vec::new();
    for second in 1..=20 {
        sets.push((world.sends(&a, second).await, second));
    }
    let old = a.office.id.to_string();
    let old_key = world.rows("SELECT key_id FROM office WHERE office_number = '1370000022'").await.remove(0);
    let number = OFFICE_B.parse().expect("number");
    let began = world.store.rotate_office_key(number, &custodian()).await.expect("asked");
    assert!(matches!(began, RotationStarted::Done(_)), "{began:?} {old}");
    let again = world.store.rotate_office_key(number, &custodian()).await.expect("asked");
    assert!(matches!(again, RotationStarted::Already(_)));
    // A set that was sealed to the old key and comes to be written only now.
    assert!(matches!(world.store.rotation_step().await.expect("stepped"), RotationStep::Worked(16)));
    for second in 21..=24 {
        sets.push((world.sends(&a, second).await, second));
    }
    let world = world.starts_again().await;
    for (id, second) in &sets {
        world.opens(&b, *id, *second).await;
        world.opens(&a, *id, *second).await;
    }
    work(&world.store).await;
    assert_eq!(living(&world.store, KeyKind::Office, &old_key).await, 1);
    world.later(SignedDuration::from_mins(61));
    work(&world.store).await;
    assert_eq!(living(&world.store, KeyKind::Office, &old_key).await, 0);
    let left = world.sql(
        "SELECT hex(wrapped_secret) FROM office_key WHERE destroyed_at IS NOT NULL",
        "SELECT encode(wrapped_secret, 'hex') FROM office_key WHERE destroyed_at IS NOT NULL",
    );
    let left = world.rows(left).await;
    assert_eq!(left, [""]);
    let reader = world.again(&b).await;
    for (id, second) in &sets {
        world.opens(&reader, *id, *second).await;
        world.opens(&a, *id, *second).await;
    }
    let envelopes =
        world.sql("SELECT hex(envelope) FROM transmission", "SELECT upper(encode(envelope, 'hex')) FROM transmission");
    let envelopes = world.rows(envelopes).await;
    assert!(envelopes.iter().all(|envelope| !envelope.contains(&old_key.to_uppercase())));
    let nobody = world.store.rotate_office_key("1399999999".parse().expect("number"), &custodian()).await;
    assert!(matches!(nobody, Ok(RotationStarted::NoSuchOffice)));
}

#[tokio::test]
async fn r6_5_the_database_is_put_under_another_key_while_the_exchange_stands_still() {
    let world = World::new().await;
    let (a, b) = world.correspondents().await;
    let id = world.sends(&a, 1).await;
    let (data, masters, clock) = (world.data(), world.masters.clone(), Arc::clone(&world.clock) as Arc<_>);
    let before = fumibako_store::database_key(&data, &masters).expect("key");
    let busy = Store::rotate_database_key(&data, masters.clone(), Arc::clone(&clock), &custodian()).await;
    assert!(matches!(busy, Err(Error::Busy)), "somebody uses it: {busy:?}");
    assert_eq!(*fumibako_store::database_key(&data, &masters).expect("key"), *before, "and nothing has changed");
    // What a rotation of before that was cut off had left in the register.
    let cut_off = NewKeyCopy {
        kind: KeyKind::Database,
        key_id: "0123456789abcdef0123456789abcdef".to_owned(),
        place: CopyPlace::DataFolder,
        place_id: String::new(),
        holder: String::new(),
    };
    assert!(world.store.key_copy_made(cut_off.clone(), &custodian()).await.expect("entered"));
    let World { folder, store, clock: stopped, .. } = world;
    Arc::into_inner(store).expect("ours alone").close().await;
    let replaced = Store::rotate_database_key(&data, masters.clone(), clock, &custodian()).await.expect("replaced");
    assert_ne!(*fumibako_store::database_key(&data, &masters).expect("key"), *before);
    let text = fs::read_to_string(fumibako_store::database_key_path(&data)).expect("read");
    assert_eq!(text.lines().count(), 2, "the old key is gone");
    let store = Store::open(&data, masters.clone(), Arc::clone(&stopped) as Arc<_>).await.expect("opened");
    for gone in [&replaced.old, &cut_off.key_id] {
        assert_eq!(living(&store, KeyKind::Database, gone).await, 0);
    }
    assert_eq!(living(&store, KeyKind::Database, &replaced.new).await, 1);
    let opened = Arc::new(store).open_set(&b, id, None).await.expect("opened");
    assert!(matches!(opened, Answer::Done(_)));
    drop(folder);
}

#[tokio::test]
async fn r6_5_the_key_of_indexes_has_no_successor_and_says_so() {
    let world = World::new().await;
    for kind in [KeyKind::BlindIndex, KeyKind::Database, KeyKind::Set] {
        let answer = world.store.rotate_working_key(kind, &custodian()).await.expect("asked");
        assert!(matches!(answer, RotationStarted::NotThisWay), "{kind:?}");
    }
}

#[tokio::test]
async fn r6_2_another_exchanges_master_key_opens_nothing() {
    let world = World::new().await;
    let other = MasterKey::from_bytes(&[8; 32].into());
    let opened = Store::open(world.place(), other, Arc::clone(&world.clock) as Arc<_>).await;
    assert!(matches!(opened, Err(Error::WrongKey)), "{opened:?}");
}
