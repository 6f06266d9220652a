//! The key store out of reach (R6.8), and what custodians hold: shares, copies, the declaration of an emergency (R6.6, R11.3).

use crate::key_stores::{token, with_softhsm};
use crate::keys::{custodian, living, other_custodian};
use crate::letters::send;
use crate::world::{CHEAP, OFFICE_A, OFFICE_B, World, master};
use fumibako_store::people::PeopleSettings;
use fumibako_store::{
    AlarmKind, CopyDestroyed, CopyPlace, Declared, Error, KeyKind, KeyStore, KeyStoreKind, KeyStoreState, MasterKeys,
    MasterReplaced, NewKeyCopy, OperatorName, SharesMade, SplitError, Token, combine_shares,
};
use identity::role::Role;
use seal::{KeyId, Purpose, Share, WorkingKey, Zeroizing};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A key store that can be pulled out.
#[derive(Debug)]
struct Removable {
    inner: MasterKeys,
    away: Arc<AtomicBool>,
}

impl Removable {
    fn there(&self) -> Result<&dyn KeyStore, Error> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(Error::KeyStoreAway("pulled out".to_owned())),
            false => Ok(&*self.inner),
        }
    }
}

impl KeyStore for Removable {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::Token
    }
    fn master_ids(&self) -> Result<Vec<KeyId>, Error> {
        self.there()?.master_ids()
    }
    fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.there()?.wrap(purpose, secret)
    }
    fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.there()?.unwrap(purpose, wrapped)
    }
    fn check(&self) -> Result<(), Error> {
        self.there()?.check()
    }
    fn prepare(&self) -> Result<KeyId, Error> {
        self.there()?.prepare()
    }
    fn finish(&self) -> Result<Vec<KeyId>, Error> {
        self.there()?.finish()
    }
    fn derive(&self, purpose: &Purpose<'_>) -> Result<Option<WorkingKey>, Error> {
        self.there()?.derive(purpose)
    }
    fn split(&self, shares: u8, needed: u8) -> Result<Option<Vec<Share>>, SplitError> {
        self.there()?.split(shares, needed)
    }
}

#[tokio::test]
async fn r6_8_without_the_key_store_everything_is_refused_and_nothing_stored_until_it_is_back() {
    let away = Arc::new(AtomicBool::new(false));
    let removable = Removable { inner: master().into(), away: Arc::clone(&away) };
    let world =
        World::over(MasterKeys::new(removable), PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
    let (a, b) = world.correspondents().await;
    let staff = world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let id = world.sends(&a, 1).await;
    assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Present);
    let rows =
        "SELECT CAST((SELECT count(*) FROM transmission) AS TEXT) || '/' || (SELECT count(*) FROM transmission_file)";
    let before = world.rows(rows).await;
    away.store(true, Ordering::SeqCst);
    assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Away);
    assert!(matches!(send(&world.store, &a, 2).await, Err(Error::KeyStoreAway(_))));
    assert!(matches!(world.store.open_set(&b, id, None).await, Err(Error::KeyStoreAway(_))));
    let signing_in = world.store.begin(&staff.login, &staff.password, &staff.desk).await;
    assert!(matches!(signing_in, Err(Error::KeyStoreAway(_))), "{signing_in:?}");
    assert!(matches!(world.store.rotate_working_key(KeyKind::Field, &custodian()).await, Err(Error::KeyStoreAway(_))));
    assert!(matches!(world.store.rotate_master_key(&custodian()).await, Err(Error::KeyStoreAway(_))));
    assert_eq!(world.rows(rows).await, before, "nothing was stored");
    // Its absence is no damage of the set.
    assert!(world.entries_with(&["box.damaged"]).await.is_empty());
    assert_eq!(world.entries_with(&["key.store-change", "away"]).await.len(), 1);
    assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Away);
    assert_eq!(world.entries_with(&["key.store-change", "away"]).await.len(), 1, "said once");
    away.store(false, Ordering::SeqCst);
    assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Present);
    world.opens(&b, id, 1).await;
    world.sends(&a, 2).await;
    world.signs_in(&staff).await;
    assert_eq!(world.entries_with(&["key.store-change", "present"]).await.len(), 1);
}

#[tokio::test]
async fn r6_8_a_set_that_waits_for_the_writer_is_not_taken_once_the_key_store_has_gone() {
    let away = Arc::new(AtomicBool::new(false));
    let removable = Removable { inner: master().into(), away: Arc::clone(&away) };
    let world =
        World::over(MasterKeys::new(removable), PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
    let (a, _) = world.correspondents().await;
    // Sealed while it was there, accepted when it is not.
    let files = crate::letters::schedule(1);
    let sources: Vec<_> =
        files.iter().map(|file| standard::SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    let receiver = world.store.office(OFFICE_B.parse().expect("number")).await.expect("asked").expect("registered");
    let report = standard::check(&sources, standard::Profile::Export);
    let letter =
        exchange::address(&a.office.register, Some(&receiver.register), &report.units[0], &sources).expect("may");
    let sealed =
        world.store.seal(&mut fumibako_store::Sealer::new(), &a, &receiver, &letter, 0, &sources).expect("sealed");
    away.store(true, Ordering::SeqCst);
    world.store.watch_key_store().await.expect("asked");
    assert!(matches!(world.store.accept(&a, sealed).await, Err(Error::KeyStoreAway(_))));
    assert_eq!(world.rows("SELECT CAST(count(*) AS TEXT) FROM transmission").await, ["0"]);
}

#[test]
fn r6_4_an_exchange_lives_on_a_token_and_its_master_key_is_replaced_there() {
    with_softhsm(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let keys = MasterKeys::new(Token::create(token("exchange")).expect("created"));
            let world = World::over(keys, PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
            let (a, b) = world.correspondents().await;
            let id = world.sends(&a, 1).await;
            let replaced = world.store.rotate_master_key(&custodian()).await.expect("replaced");
            let of_the_database = u64::from(!world.is_on_server());
            let all = 4 + of_the_database;
            assert!(matches!(replaced, MasterReplaced::Done { rewrapped, .. } if rewrapped == all), "{replaced:?}");
            let world = world.starts_again().await;
            world.opens(&b, id, 1).await;
            let two = [custodian(), other_custodian()];
            let made = world.store.make_key_shares(&two, 2, &two[0], &two[1]).await.expect("asked");
            assert!(matches!(made, SharesMade::NotGivenAway));
            // Somebody pulls it out: what was in the folder of tokens is elsewhere.
            let settings = std::env::var("SOFTHSM2_CONF").expect("set");
            let tokens = std::path::Path::new(&settings).with_file_name("tokens");
            let elsewhere = tokens.with_file_name("elsewhere");
            fs::rename(&tokens, &elsewhere).expect("moved");
            assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Away);
            assert!(matches!(send(&world.store, &a, 2).await, Err(Error::KeyStoreAway(_))));
            fs::rename(&elsewhere, &tokens).expect("moved back");
            assert_eq!(world.store.watch_key_store().await.expect("asked"), KeyStoreState::Present);
            world.sends(&a, 2).await;
            world.opens(&b, id, 1).await;
        });
    });
}

#[tokio::test]
async fn r6_6_shares_are_made_by_two_people_and_each_is_in_the_register() {
    let world = World::new().await;
    world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let holders: Vec<OperatorName> = ["ichiro", "jiro", "saburo", "shiro", "goro"]
        .map(|name| OperatorName::at_terminal(name).expect("a name"))
        .into();
    let (by, approved_by) = (custodian(), other_custodian());
    let alone = world.store.make_key_shares(&holders, 3, &by, &by).await.expect("asked");
    assert!(matches!(alone, SharesMade::OwnRequest));
    let twice = [holders[0].clone(), holders[0].clone(), holders[1].clone()];
    assert!(matches!(world.store.make_key_shares(&twice, 2, &by, &approved_by).await, Ok(SharesMade::BadHolders)));
    for needed in [0, 1, 6] {
        let made = world.store.make_key_shares(&holders, needed, &by, &approved_by).await;
        assert!(matches!(made, Ok(SharesMade::BadNumbers)), "{needed}");
    }
    let made = world.store.make_key_shares(&holders, 3, &by, &approved_by).await.expect("made");
    let SharesMade::Done(shares) = made else { panic!("{made:?}") };
    let master = world.masters.master_ids().expect("ids")[0];
    assert_eq!(combine_shares(&shares[1..4]).expect("restored").id(), master);
    let copies = world.store.living_key_copies(KeyKind::Master, &master.to_string()).await.expect("listed");
    assert_eq!(copies.iter().filter(|copy| copy.place == CopyPlace::Share).count(), 5);
    assert_eq!(world.entries_with(&["key.share"]).await.len(), 5);
    let value = shares[0].to_text();
    assert!(!world.dump().await.contains(&value[60..90]), "no share lies in the database");
    // Replacing the master key leaves the shares in the register until their holders have destroyed them.
    world.store.rotate_master_key(&by).await.expect("replaced");
    let left = world.store.living_key_copies(KeyKind::Master, &master.to_string()).await.expect("listed");
    assert_eq!(left.len(), 5);
    for copy in left {
        assert_eq!(world.store.key_copy_destroyed(copy.id, "", &by).await.expect("asked"), CopyDestroyed::NotSaid);
        assert_eq!(world.store.key_copy_destroyed(copy.id, "裁断", &by).await.expect("asked"), CopyDestroyed::Done);
        assert_eq!(
            world.store.key_copy_destroyed(copy.id, "裁断", &by).await.expect("asked"),
            CopyDestroyed::NoSuchCopy
        );
    }
    assert_eq!(living(&world.store, KeyKind::Master, &master.to_string()).await, 0);
}

#[tokio::test]
async fn r6_6_an_emergency_takes_two_people_and_a_reason() {
    let world = World::new().await;
    let (by, approved_by) = (custodian(), other_custodian());
    let declare = async |reason: &str, second: &OperatorName| {
        world.store.declare_key_emergency(reason, false, &by, second).await.expect("asked")
    };
    assert_eq!(declare("保管庫の火災", &by).await, Declared::OwnRequest);
    assert_eq!(declare("  ", &approved_by).await, Declared::NoReason);
    assert_eq!(declare(&"長".repeat(501), &approved_by).await, Declared::NoReason);
    assert!(world.entries_with(&["key.recover"]).await.is_empty());
    assert_eq!(declare("保管庫の火災", &approved_by).await, Declared::Done);
    assert_eq!(world.entries_with(&["key.recover", "emergency", "mamoru"]).await.len(), 1);
    assert!(world.entries().await.iter().all(|entry| !entry.contains("火災")), "words of people stay out of the log");
    world.store.key_recovery_refused("no-emergency").await.expect("recorded");
    assert_eq!(world.entries_with(&["key.recover", "no-emergency"]).await.len(), 1);
}

#[tokio::test]
async fn r6_6_everybody_who_looks_after_the_exchange_is_told_of_an_emergency_until_they_have_seen_it() {
    let world = World::new().await;
    let (_, administrator) = world.operator("anzai", Role::OperatorAdministrator).await;
    let (_, custodian_person) = world.operator("kagi", Role::KeyCustodian).await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let (_, maintenance) = world.operator("hoshu", Role::Maintenance).await;
    let told = [&administrator, &custodian_person, &auditor];
    for person in told {
        assert_eq!(world.store.alarms(person).await.expect("asked").map_or(0, |alarms| alarms.unseen), 0);
    }
    let (by, approved_by) = (custodian(), other_custodian());
    world.store.declare_key_emergency("保管庫の火災", false, &by, &approved_by).await.expect("declared");
    world.store.key_recovery_refused("no-emergency").await.expect("recorded");
    for person in told {
        assert_eq!(world.store.alarms(person).await.expect("asked").expect("told").unseen, 2);
    }
    // Not somebody who could do nothing about it.
    assert_eq!(world.store.alarms(&maintenance).await.expect("asked").map_or(0, |alarms| alarms.unseen), 0);
    assert!(world.store.operator_alarms(&maintenance).await.expect("asked").is_none());
    assert_eq!(world.entries_with(&["alarm.raise", "key-emergency"]).await.len(), 1);
    assert_eq!(world.entries_with(&["alarm.raise", "key-recovery-refused"]).await.len(), 1);

    let alarms = world.store.operator_alarms(&auditor).await.expect("asked").expect("theirs");
    let emergency = alarms.iter().find(|alarm| alarm.kind == AlarmKind::KeyEmergency).expect("the emergency");
    assert_eq!(emergency.reason.as_deref(), Some("保管庫の火災"));
    assert!(!world.store.see_alarm(&maintenance, emergency.id).await.expect("asked"), "not theirs");
    for _ in 0..2 {
        assert!(world.store.see_alarm(&auditor, emergency.id).await.expect("asked"));
    }
    assert_eq!(world.entries_with(&["alarm.see"]).await.len(), 1, "seen once");
    let unseen = async |person| world.store.alarms(person).await.expect("asked").expect("told").unseen;
    assert_eq!((unseen(&auditor).await, unseen(&administrator).await), (1, 2), "what one has seen others have not");
    for sql in ["DELETE FROM operator_alarm", "DELETE FROM operator_alarm_seen", "UPDATE operator_alarm SET kind = 'x'"]
    {
        let mut connection = world.connection().await;
        assert!(sqlx::query(sql).execute(&mut connection).await.is_err(), "{sql}");
    }

    // By mail once a server takes it.
    let waiting = world.store.alarms_to_mail().await.expect("asked");
    assert_eq!(waiting.len(), 2);
    world.store.alarm_mailed(waiting[0].0).await.expect("recorded");
    world.store.alarm_mailed(waiting[0].0).await.expect("recorded");
    assert_eq!(world.store.alarms_to_mail().await.expect("asked").len(), 1);
    assert_eq!(world.entries_with(&["alarm.mail"]).await.len(), 1);
}

#[tokio::test]
async fn r11_3_a_key_copy_is_only_ever_destroyed_and_never_removed() {
    let world = World::new().await;
    let copy = NewKeyCopy {
        kind: KeyKind::Archive,
        key_id: "archive-1".to_owned(),
        place: CopyPlace::Backup,
        place_id: "backup-7".to_owned(),
        holder: String::new(),
    };
    assert!(world.store.key_copy_made(copy.clone(), &custodian()).await.expect("asked"));
    assert!(!world.store.key_copy_made(copy, &custodian()).await.expect("asked"), "the same living copy");
    let mut connection = world.connection().await;
    for sql in [
        "DELETE FROM key_copy",
        "UPDATE key_copy SET key_id = 'other'",
        "UPDATE key_copy SET place = 'paper', destroyed_at = 'x'",
        "UPDATE key_copy SET holder = 'nobody'",
    ] {
        assert!(sqlx::query(sql).execute(&mut connection).await.is_err(), "{sql}");
    }
    drop(connection);
    let living = world.store.living_key_copies(KeyKind::Archive, "archive-1").await.expect("listed");
    let [copy] = living.as_slice() else { panic!("{living:?}") };
    assert_eq!(
        world.store.key_copy_destroyed(copy.id, "上書き消去", &custodian()).await.expect("asked"),
        CopyDestroyed::Done
    );
    let mut connection = world.connection().await;
    let back = sqlx::query("UPDATE key_copy SET destroyed_at = NULL WHERE key_kind = 'archive'")
        .execute(&mut connection)
        .await;
    assert!(back.is_err(), "what is destroyed stays so");
    // What the program itself uses is not destroyed by saying so.
    let master = world.masters.master_ids().expect("ids")[0].to_string();
    let used = world.store.living_key_copies(KeyKind::Master, &master).await.expect("listed");
    assert_eq!(
        world.store.key_copy_destroyed(used[0].id, "裁断", &custodian()).await.expect("asked"),
        CopyDestroyed::NotByHand
    );
}
