//! Sessions end when they should, everywhere (R8.1, R8.14).

use crate::world::{CHEAP, OFFICE_A, OTHER_PASSWORD, World};
use fumibako_store::people::{FactorSet, OwnChange, PasswordSet, PeopleSettings};
use identity::role::Role;
use jiff::SignedDuration;

const IDLE: SignedDuration = SignedDuration::from_mins(15);

#[tokio::test]
async fn r8_14_a_session_ends_a_second_after_the_idle_limit_and_twelve_hours_after_its_start() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let token = world.token(&staff).await;
    assert!(world.person(&token, &staff.desk).await.is_some());
    world.later(IDLE - SignedDuration::from_secs(1));
    assert!(world.person(&token, &staff.desk).await.is_some());
    world.later(IDLE + SignedDuration::from_secs(1));
    assert!(world.person(&token, &staff.desk).await.is_none());

    let token = world.token(&staff).await;
    for _ in 0..71 {
        world.later(SignedDuration::from_mins(10));
        assert!(world.person(&token, &staff.desk).await.is_some());
    }
    world.later(SignedDuration::from_mins(10));
    assert!(world.person(&token, &staff.desk).await.is_none(), "however busy");
}

#[tokio::test]
async fn r8_14_a_session_is_bound_to_its_certificate() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let token = world.token(&staff).await;
    let beside = world.desk(OFFICE_A).await;
    assert!(world.person(&token, &beside).await.is_none());
    assert!(world.person(&token, &staff.desk).await.is_some());
}

#[tokio::test]
async fn r8_14_signing_out_ends_it_on_every_node() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let other = world.other_node(PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
    let token = world.token(&staff).await;
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    world.store.sign_out(&person).await.expect("signed out");
    for store in [&*world.store, &other] {
        let standing = store.standing(token.reveal(), &staff.desk).await.expect("asked");
        assert!(matches!(standing, fumibako_store::people::Standing::None));
    }
    other.close().await;
}

#[tokio::test]
async fn r8_14_a_changed_factor_ends_every_other_session_and_renews_this_one() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let (elsewhere, here) = (world.token(&staff).await, world.token(&staff).await);
    let person = world.person(&here, &staff.desk).await.expect("signed in");
    let offer = world.offer((&person).into()).await;
    assert_eq!(*offer.secret_base32, *world.offer((&person).into()).await.secret_base32, "the same until confirmed");
    let code = crate::world::code(&offer.secret_base32.replace(' ', ""), world.now());
    let fresh = match world.store.confirm_totp((&person).into(), "予備の電話", &code).await.expect("asked") {
        FactorSet::Done(Some(token)) => token,
        other => panic!("{other:?}"),
    };
    assert!(world.person(&elsewhere, &staff.desk).await.is_none());
    assert!(world.person(&here, &staff.desk).await.is_none());
    let person = world.person(&fresh, &staff.desk).await.expect("goes on");

    let factors = world.store.factors(&person).await.expect("listed");
    assert_eq!(factors.len(), 2);
    let other = world.token(&staff).await;
    assert!(matches!(world.store.remove_factor(&person, factors[1].id).await.expect("asked"), OwnChange::Done(_)));
    assert!(world.person(&other, &staff.desk).await.is_none());
    let person = world.signs_in(&staff).await;
    assert!(matches!(world.store.remove_factor(&person, factors[0].id).await.expect("asked"), OwnChange::LastOne));
    assert!(matches!(world.store.remove_factor(&person, factors[1].id).await.expect("asked"), OwnChange::NotFound));
}

#[tokio::test]
async fn r8_14_a_changed_password_ends_every_other_session() {
    let world = World::new().await;
    let mut staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let (elsewhere, here) = (world.token(&staff).await, world.token(&staff).await);
    let person = world.person(&here, &staff.desk).await.expect("signed in");
    let wrong = world.store.change_password(&person, "not mine 1 at all", OTHER_PASSWORD).await.expect("asked");
    assert!(matches!(wrong, PasswordSet::Wrong));
    match world.store.change_password(&person, &staff.password, OTHER_PASSWORD).await.expect("asked") {
        PasswordSet::Done(Some(fresh)) => assert!(world.person(&fresh, &staff.desk).await.is_some()),
        other => panic!("{other:?}"),
    }
    assert!(world.person(&elsewhere, &staff.desk).await.is_none());
    assert!(world.person(&here, &staff.desk).await.is_none());
    staff.password = OTHER_PASSWORD.to_owned();
    world.signs_in(&staff).await;
}

#[tokio::test]
async fn r8_14_suspension_and_closing_end_sessions_at_once() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let token = world.token(&staff).await;
    assert!(world.store.suspend_account(&chief, staff.id).await.expect("asked"));
    assert!(world.person(&token, &staff.desk).await.is_none());
    assert!(world.store.resume_account(&chief, staff.id).await.expect("asked"));
    assert!(world.person(&token, &staff.desk).await.is_none(), "what was ended stays ended");
    let token = world.token(&staff).await;
    assert!(world.store.close_account(&chief, staff.id).await.expect("asked"));
    assert!(world.person(&token, &staff.desk).await.is_none());
}

#[tokio::test]
async fn r8_1_signed_in_at_two_devices_at_once_is_recorded() {
    let world = World::new().await;
    let mut staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    world.signs_in(&staff).await;
    assert!(world.entries_with(&["devices_elsewhere"]).await.is_empty());
    staff.desk = world.desk(OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    assert_eq!(world.entries_with(&["session.start", "\"devices_elsewhere\":1"]).await.len(), 1);
    let sessions = world.store.sessions(&person).await.expect("listed");
    assert_eq!((sessions.len(), sessions.iter().filter(|session| session.this).count()), (2, 1));
    let other = sessions.iter().find(|session| !session.this).expect("the other");
    assert!(world.store.end_session(&person, other.id).await.expect("asked"));
    assert_eq!(world.store.sessions(&person).await.expect("listed").len(), 1);
}
