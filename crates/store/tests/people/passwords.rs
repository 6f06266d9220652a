//! What becomes a password, through the verbs (R8.6–R8.8, R8.12).

use crate::world::{CHEAP, OFFICE_A, OTHER_PASSWORD, World};
use fumibako_store::people::{PasswordSet, PeopleSettings};
use identity::breached::Digests;
use identity::password::{Pattern, Policy, Profile, Reason, Typed, Weakness};
use identity::role::{Deed, Role};
use jiff::SignedDuration;
use std::sync::Arc;

async fn weaknesses(world: &World, code: bool, password: &str) -> Vec<Weakness> {
    let desk = world.desk(OFFICE_A).await;
    let login = format!("hanako{}", world.rows("SELECT account_id FROM account").await.len());
    let invitation = world.invited(&login, Role::OfficeStaff, Some(OFFICE_A)).await;
    let token = world.redeem(&login, &invitation.code, &desk).await;
    let enrolling = world.enrolling(&token, &desk).await;
    let password = if code { invitation.code.as_str() } else { password };
    match world.store.set_password(&enrolling, password).await.expect("asked") {
        PasswordSet::Weak(weak) => weak,
        PasswordSet::Done(_) => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn r8_6_length_and_mixture_are_held_to_and_nothing_is_cut() {
    let world = World::new().await;
    assert!(matches!(weaknesses(&world, false, "q7Vd-tz2Lw-9kR").await[..], [Weakness::TooShort { chars_min: 15 }]));
    assert!(weaknesses(&world, false, "qvdtzlwkrmpxhybwnsk").await.contains(&Weakness::NoDigit));
    assert!(weaknesses(&world, false, &"q7Vd-tz2Lw".repeat(13)).await.contains(&Weakness::TooLong));

    // 100 characters, and the difference is the last one.
    let mut staff = world.staff("setsuko", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    let long: String = (0..100_u32).map(|at| char::from(b'!' + (at * 37 % 89) as u8)).collect();
    assert!(matches!(
        world.store.change_password(&person, &staff.password, &long).await.expect("asked"),
        PasswordSet::Done(_)
    ));
    staff.password = format!("{}?", &long[..99]);
    assert!(matches!(
        world.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked"),
        fumibako_store::people::PasswordAnswer::Refused
    ));
    staff.password = long;
    world.signs_in(&staff).await;
}

#[tokio::test]
async fn r8_8_names_offices_and_words_are_refused() {
    let world = World::new().await;
    let guessable = |weak: &[Weakness]| weak.iter().any(|weak| matches!(weak, Weakness::Guessable(_)));
    for bad in ["Kaigo2026Shien!", "qwertyuiop123456", "みほんみほん1980mihon", &format!("jimusho{OFFICE_A}")] {
        let weak = weaknesses(&world, false, bad).await;
        assert!(guessable(&weak), "{weak:?}");
    }
    assert!(!weaknesses(&world, false, OTHER_PASSWORD).await.contains(&Weakness::Guessable(Pattern::Simple)));
}

#[tokio::test]
async fn r8_8_none_of_the_last_ten_comes_back() {
    let world = World::new().await;
    let mut staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let mut earlier = vec![staff.password.clone()];
    for round in 0..11_u32 {
        let person = world.signs_in(&staff).await;
        let again = earlier.last().expect("one").clone();
        let weak = world.store.change_password(&person, &staff.password, &again).await.expect("asked");
        assert!(matches!(&weak, PasswordSet::Weak(weak) if weak[..] == [Weakness::UsedBefore]), "{weak:?}");
        let new = format!("z4{}-Gm8Px-{}hLqt-2wN", round * 7919, round * 31);
        match world.store.change_password(&person, &staff.password, &new).await.expect("asked") {
            PasswordSet::Done(_) => {}
            other => panic!("{other:?}"),
        }
        world.later(SignedDuration::from_secs(1));
        staff.password = new.clone();
        earlier.push(new);
    }
    // The eleventh before may come back; its hash is no longer kept, beside the present one and ten.
    assert_eq!(world.rows("SELECT hash FROM password_history").await.len(), 11);
    let person = world.signs_in(&staff).await;
    let tenth = world.store.change_password(&person, &staff.password, &earlier[1]).await.expect("asked");
    assert!(matches!(&tenth, PasswordSet::Weak(weak) if weak[..] == [Weakness::UsedBefore]), "{tenth:?}");
    assert!(matches!(
        world.store.change_password(&person, &staff.password, &earlier[0]).await.expect("asked"),
        PasswordSet::Done(_)
    ));
}

#[tokio::test]
async fn r8_7_a_password_that_has_become_known_is_changed_before_anything_else() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    // Two factors: age alone never forces a change, if somebody signs in now and then.
    for _ in 0..4 {
        world.later(SignedDuration::from_hours(80 * 24));
        assert!(world.signs_in(&staff).await.must_change.is_none());
    }
    let digest = Typed::of(&staff.password).expect("typed").breach_digest();
    let settings =
        PeopleSettings { cost: CHEAP, breached: Arc::new(Digests::of(vec![digest])), ..PeopleSettings::default() };
    let informed = world.other_node(settings).await;
    informed.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked");
    let person = world.signs_in(&staff).await;
    assert_eq!(person.must_change, Some(Reason::Breached));
    assert!(!person.may(Deed::ReadSets) && person.may(Deed::OwnAccount));
    let weak = informed.change_password(&person, &staff.password, &staff.password).await.expect("asked");
    assert!(matches!(weak, PasswordSet::Weak(weak) if weak.contains(&Weakness::Breached)));
    let done = informed.change_password(&person, &staff.password, OTHER_PASSWORD).await.expect("asked");
    let PasswordSet::Done(Some(token)) = done else { panic!("{done:?}") };
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    assert!(person.must_change.is_none() && person.may(Deed::ReadSets));
    informed.close().await;
}

#[tokio::test]
async fn r8_6_the_rules_that_were_chosen_are_those_that_a_new_password_meets() {
    let policy = Policy::with_chars_min(Profile::CareDbSingle, 20).expect("a policy");
    let world = World::with(PeopleSettings { cost: CHEAP, policy, ..PeopleSettings::default() }).await;
    assert_eq!(world.store.password_policy(), policy);
    // Good for the ordinary rules: nineteen characters, and no symbol.
    let weak = weaknesses(&world, false, "kumoQriver7tabiXnek").await;
    assert!(weak.contains(&Weakness::TooShort { chars_min: 20 }) && weak.contains(&Weakness::NoSymbol), "{weak:?}");
    assert_eq!(weaknesses(&world, false, "kumoQriver7tabiXnek-5%ame").await, []);
}

#[tokio::test]
async fn r8_12_the_code_does_not_become_the_password() {
    let world = World::new().await;
    let weak = weaknesses(&world, true, "").await;
    assert!(!weak.is_empty(), "{weak:?}");
}
