//! A password, then something of another kind (R8.2, R8.3, R8.5, R8.9, R7.4).

use crate::world::{CHEAP, OFFICE_A, OFFICE_B, OTHER_PASSWORD, World, code};
use fumibako_store::people::{HashCost, PasswordAnswer, PeopleSettings, SecondAnswer, Standing};
use identity::role::{Deed, Role};
use jiff::SignedDuration;
use std::sync::Arc;

#[tokio::test]
async fn somebody_invited_sets_up_their_own_secrets_and_signs_in() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    assert_eq!(person.office.register.number.as_str(), OFFICE_A);
    assert!(person.may(Deed::SendSets) && person.may(Deed::ManageStaff) && !person.may(Deed::RegisterOffices));
    assert_eq!(person.name.reveal(), "見本 hanako");
    world.store.sign_out(&person).await.expect("signed out");
    assert!(world.store.sessions(&person).await.expect("listed").is_empty());
}

#[tokio::test]
async fn r8_2_one_factor_is_no_session() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let half = match world.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked") {
        PasswordAnswer::Half(token) => token,
        other => panic!("{other:?}"),
    };
    assert!(matches!(world.store.standing(half.reveal(), &staff.desk).await.expect("asked"), Standing::Half(_)));
    // The second factor without the password: there is no verb that takes one without a half-way session.
    let gone = world.half(&staff).await;
    world.later(SignedDuration::from_mins(6));
    let late = code(&staff.seed, world.now());
    assert!(matches!(world.store.finish_totp(&gone, &late).await.expect("asked"), SecondAnswer::Refused));
}

#[tokio::test]
async fn r8_5_a_code_is_taken_once_on_whichever_node() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let other = world.other_node(PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
    let shown = code(&staff.seed, world.now());
    let (first, second, third) = (world.half(&staff).await, world.half(&staff).await, world.half(&staff).await);
    assert!(matches!(world.store.finish_totp(&first, &shown).await.expect("asked"), SecondAnswer::In { .. }));
    assert!(matches!(world.store.finish_totp(&second, &shown).await.expect("asked"), SecondAnswer::Refused));
    assert!(matches!(other.finish_totp(&third, &shown).await.expect("asked"), SecondAnswer::Refused));
    let ahead = code(&staff.seed, world.now() + SignedDuration::from_secs(60));
    assert!(matches!(other.finish_totp(&third, &ahead).await.expect("asked"), SecondAnswer::Refused));
    other.close().await;
}

#[tokio::test]
async fn r8_5_a_thousand_guesses_get_nowhere() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let half = world.half(&staff).await;
    let right = code(&staff.seed, world.now());
    let mut tried = 0;
    for guess in (0..1000).map(|guess| format!("{guess:06}")).filter(|guess| *guess != right) {
        match world.store.finish_totp(&half, &guess).await.expect("asked") {
            SecondAnswer::Refused => tried += 1,
            SecondAnswer::Wait(_) | SecondAnswer::Locked => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tried, 5);
    // The right one does not get through either, until the wait is over.
    assert!(matches!(world.store.finish_totp(&half, &right).await.expect("asked"), SecondAnswer::Wait(_)));
}

#[tokio::test]
async fn r7_4_the_right_password_on_another_offices_device_looks_wrong_and_both_offices_are_told() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let elsewhere = world.desk(OFFICE_B).await;
    let answer = world.store.begin(&staff.login, &staff.password, &elsewhere).await.expect("asked");
    assert!(matches!(answer, PasswordAnswer::Refused));
    for (office, other) in [(OFFICE_A, OFFICE_B), (OFFICE_B, OFFICE_A)] {
        let office = format!("\"office\":\"{office}\"");
        let other = format!("\"counterpart\":\"{other}\"");
        assert_eq!(world.entries_with(&["session.start", "other-office", &office, &other]).await.len(), 1);
    }
    // And it is not counted against her at her own desk.
    assert!(matches!(
        world.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked"),
        PasswordAnswer::Half(_)
    ));
}

#[tokio::test]
async fn r8_9_unknown_and_known_logins_cause_the_same_work_and_the_same_answer() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let mut work = Vec::new();
    for login in ["hanako", "nobody", "\u{FF4E}obody", "", &"x".repeat(10_000)] {
        let (hashed, entries) = (world.store.password_hashings(), world.entries().await.len());
        let answer = world.store.begin(login, OTHER_PASSWORD, &staff.desk).await.expect("asked");
        assert!(matches!(answer, PasswordAnswer::Refused), "{answer:?}");
        work.push((world.store.password_hashings() - hashed, world.entries().await.len() - entries));
    }
    // Too long to be a password is answered, and costs, the same.
    let hashed = world.store.password_hashings();
    let long = "a1".repeat(5_000);
    assert!(matches!(world.store.begin("hanako", &long, &staff.desk).await.expect("asked"), PasswordAnswer::Refused));
    work.push((world.store.password_hashings() - hashed, 1));
    assert_eq!(work, [(1, 1); 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_9_a_hundred_tries_at_once_do_not_exceed_the_limit() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let before = world.store.password_hashings();
    let tries: Vec<_> = (0..100)
        .map(|_| {
            let (store, login, desk) = (Arc::clone(&world.store), staff.login.clone(), staff.desk.clone());
            tokio::spawn(async move { store.begin(&login, OTHER_PASSWORD, &desk).await.expect("asked") })
        })
        .collect();
    let (mut refused, mut waits, mut busy) = (0, 0, 0);
    for one in tries {
        match one.await.expect("ran") {
            PasswordAnswer::Refused => refused += 1,
            PasswordAnswer::Wait(_) => waits += 1,
            PasswordAnswer::Busy => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((refused, world.store.password_hashings() - before), (5, 5), "{waits} waits, {busy} busy");
}

#[tokio::test]
async fn r8_9_one_device_can_not_lock_many_out_and_is_itself_throttled() {
    let world = World::new().await;
    let hanako = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let hostile = world.desk(OFFICE_A).await;
    let mut tried = 0;
    for guess in 0..200 {
        let login = if guess % 2 == 0 { "hanako".to_owned() } else { format!("staff{guess}") };
        if matches!(world.store.begin(&login, OTHER_PASSWORD, &hostile).await.expect("asked"), PasswordAnswer::Refused)
        {
            tried += 1;
        }
    }
    assert_eq!(tried, 30, "the device as a whole is stopped");
    // At her own desk nothing is locked.
    let person = world.signs_in(&hanako).await;
    assert!(person.may(Deed::ReadSets));
    // The log tells of the wait once, not of each try.
    assert!(world.entries_with(&["session.start", "throttled"]).await.len() <= 3);
}

#[tokio::test]
async fn r8_9_waits_grow_end_by_themselves_and_are_forgotten_after_success() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    for _ in 0..5 {
        let answer = world.store.begin(&staff.login, OTHER_PASSWORD, &staff.desk).await.expect("asked");
        assert!(matches!(answer, PasswordAnswer::Refused));
    }
    let until = match world.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked") {
        PasswordAnswer::Wait(until) => until,
        other => panic!("{other:?}"),
    };
    assert_eq!(until, world.now() + SignedDuration::from_mins(1));
    world.later(SignedDuration::from_mins(1));
    world.signs_in(&staff).await;
    assert!(matches!(
        world.store.begin(&staff.login, OTHER_PASSWORD, &staff.desk).await.expect("asked"),
        PasswordAnswer::Refused
    ));
}

#[tokio::test]
async fn r8_10_equal_passwords_have_unequal_hashes_and_a_better_hash_comes_with_the_next_sign_in() {
    let world = World::new().await;
    // Logins of the same length have the same password here.
    let hanako = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    world.staff("kazuko", Role::OfficeStaff, OFFICE_A).await;
    let hashes = world.rows("SELECT password_hash FROM account WHERE password_hash IS NOT NULL").await;
    assert_eq!(hashes.len(), 2);
    assert_ne!(hashes[0], hashes[1]);
    assert!(hashes.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$")), "{hashes:?}");

    let dearer = HashCost { memory_kib: 16, ..CHEAP };
    let upgraded = world.other_node(PeopleSettings { cost: dearer, ..PeopleSettings::default() }).await;
    let answer = upgraded.begin(&hanako.login, &hanako.password, &hanako.desk).await.expect("asked");
    assert!(matches!(answer, PasswordAnswer::Half(_)));
    upgraded.close().await;
    let hashes = world.rows("SELECT password_hash FROM account WHERE password_hash IS NOT NULL").await;
    assert_eq!(hashes.iter().filter(|hash| hash.contains("m=16,t=1,p=1")).count(), 1);
    world.signs_in(&hanako).await;
}

#[tokio::test]
async fn r8_10_the_default_cost_is_owasps() {
    assert_eq!(PeopleSettings::default().cost, HashCost::OWASP);
    assert_eq!(HashCost::OWASP, HashCost { memory_kib: 19 * 1024, passes: 2, lanes: 1 });
}

#[tokio::test]
async fn r8_10_nothing_that_is_stored_or_logged_tells_a_secret_or_a_name() {
    let world = World::new().await;
    let staff = world.staff("hanako-secret-login", Role::OfficeAdministrator, OFFICE_A).await;
    let token = world.token(&staff).await;
    let mut everything = world.dump().await;
    everything.push_str(&format!("{token:?}"));
    everything.push_str(&format!("{:?}", world.person(&token, &staff.desk).await));
    let seed = totp_rs::Secret::try_from_base32(&staff.seed).expect("Base32");
    let seed: String = seed.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for secret in [
        staff.login.as_str(),
        staff.password.as_str(),
        staff.seed.as_str(),
        seed.as_str(),
        token.reveal(),
        "見本",
        "みほん",
        "わたしの電話",
        &staff.codes[0],
        &staff.codes[0].replace('-', ""),
    ] {
        assert!(!everything.contains(secret), "a secret or a name is readable");
    }
}
