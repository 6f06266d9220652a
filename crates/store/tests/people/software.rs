//! Programs: a token, on the device it was given to, for what it was given for.

use crate::world::{OFFICE_A, OFFICE_B, World};
use fumibako_store::Enrolment;
use fumibako_store::people::SoftwareMade;
use identity::role::{Deed, Role};
use jiff::SignedDuration;

#[tokio::test]
async fn a_token_is_good_on_its_own_device_for_its_own_scopes_until_its_end() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let machine = world.desk(OFFICE_A).await;
    let scopes = "send read".parse().expect("scopes");
    let made = world.store.make_software(&chief, "ケアソフト", scopes, machine.device_id).await.expect("asked");
    let SoftwareMade::Done { token, .. } = made else { panic!("{made:?}") };
    let software = world.store.software(token.reveal(), &machine).await.expect("asked").expect("good");
    assert!(software.scopes.may(Deed::SendSets) && !software.scopes.may(Deed::CollectSets));
    assert!(!software.scopes.may(Deed::ManageStaff));
    for elsewhere in [world.desk(OFFICE_A).await, world.desk(OFFICE_B).await] {
        assert!(world.store.software(token.reveal(), &elsewhere).await.expect("asked").is_none());
    }
    assert!(world.store.software("fumibako_0", &machine).await.expect("asked").is_none());
    world.later(SignedDuration::from_hours(365 * 24));
    assert!(world.store.software(token.reveal(), &machine).await.expect("asked").is_none());
}

#[tokio::test]
async fn the_last_use_is_shown_and_a_revoked_token_is_refused_at_its_next_call() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let scopes = "collect".parse().expect("scopes");
    let made = world.store.make_software(&chief, "ケアソフト", scopes, chief.device_id).await.expect("asked");
    let SoftwareMade::Done { id, token, .. } = made else { panic!("{made:?}") };
    assert!(world.store.list_software(&chief).await.expect("listed")[0].last_used_at.is_none());
    world.store.software(token.reveal(), &chief.asker).await.expect("asked").expect("good");
    let row = world.store.list_software(&chief).await.expect("listed").remove(0);
    assert_eq!(row.last_used_at, Some(format!("{:.3}", world.now())));
    assert_eq!(row.made_by.as_ref().map(|name| name.reveal().as_str()), Some("見本 chief"));
    assert!(world.store.revoke_software(&chief, id).await.expect("asked"));
    assert!(world.store.software(token.reveal(), &chief.asker).await.expect("asked").is_none());
    assert!(!world.store.revoke_software(&chief, id).await.expect("asked"));
}

#[tokio::test]
async fn a_replaced_token_goes_on_until_the_new_one_is_used_and_no_longer_than_a_week() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let scopes = "collect".parse().expect("scopes");
    let made = world.store.make_software(&chief, "ケアソフト", scopes, chief.device_id).await.expect("asked");
    let SoftwareMade::Done { token: first, .. } = made else { panic!("{made:?}") };
    let desk = &chief.asker;
    let software = world.store.software(first.reveal(), desk).await.expect("asked").expect("good");
    let (second, _) = world.store.rotate_software(&software, desk).await.expect("asked").expect("rotated");
    assert!(world.store.rotate_software(&software, desk).await.expect("asked").is_none(), "once");
    assert!(world.store.software(first.reveal(), desk).await.expect("asked").is_some());
    let software = world.store.software(second.reveal(), desk).await.expect("asked").expect("good");
    assert!(world.store.software(first.reveal(), desk).await.expect("asked").is_none(), "the new one is in use");

    let (third, _) = world.store.rotate_software(&software, desk).await.expect("asked").expect("rotated");
    world.later(SignedDuration::from_hours(7 * 24));
    assert!(world.store.software(second.reveal(), desk).await.expect("asked").is_none(), "a week is over");
    assert!(world.store.software(third.reveal(), desk).await.expect("asked").is_some());
}

#[tokio::test]
async fn a_device_enrolled_for_a_program_gets_its_token_with_the_certificate() {
    let world = World::new().await;
    let number = OFFICE_A.parse().expect("number");
    let scopes = "send collect read".parse().expect("scopes");
    let code = world.code(number, Some(scopes)).await;
    let (device, asker) = world.enrol(code).await;
    let token = device.software_token.expect("a token");
    let software = world.store.software(token.reveal(), &asker).await.expect("asked").expect("good");
    assert_eq!(software.scopes, scopes);
    let (person, _) = world.enrol(world.code(number, None).await).await;
    assert!(person.software_token.is_none());
}

#[tokio::test]
async fn r12_1_staff_makes_no_tokens_and_nobody_makes_one_for_another_offices_device() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let staff = world.signs_in(&staff).await;
    let scopes = "send".parse().expect("scopes");
    let made = world.store.make_software(&staff, "ソフト", scopes, staff.device_id).await.expect("asked");
    assert!(matches!(made, SoftwareMade::NotAllowed));
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let elsewhere = world.desk(OFFICE_B).await;
    let made = world.store.make_software(&chief, "ソフト", scopes, elsewhere.device_id).await.expect("asked");
    assert!(matches!(made, SoftwareMade::NotAllowed));
}

/// Nobody at the door of enrolment has a certificate, and what is written of them stays: it is bounded for each address.
#[tokio::test]
async fn r8_9_tries_to_enrol_are_counted_by_address_and_recorded_once_when_they_are_too_many() {
    let world = World::new().await;
    let tries = |address: &'static str, count: usize| {
        let world = &world;
        async move {
            let address = address.parse().expect("an address");
            let mut waits = 0;
            for _ in 0..count {
                let enrolled = world.store.enrol("0000-0000-0000-0000", "none", address).await.expect("asked");
                waits += usize::from(matches!(enrolled, Enrolment::Wait));
            }
            waits
        }
    };
    let before = world.entries_with(&["device.enrol"]).await.len();
    let waits = tries("2001:db8::1", 130).await;
    assert!((20..=40).contains(&waits), "{waits}");
    let entries = world.entries_with(&["device.enrol"]).await.len() - before;
    assert!(entries <= 130 - waits + 1, "{entries} entries, of {waits} held back one");
    assert_eq!(tries("2001:db8::2", 1).await, 1, "the same subscriber");
    assert_eq!(tries("192.0.2.99", 1).await, 0, "not another");
    world.later(SignedDuration::from_mins(16));
    assert_eq!(tries("2001:db8::1", 1).await, 0);
}
