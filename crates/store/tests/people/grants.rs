//! Rights: asked for by one, confirmed by another, for a third; not everything to one person (R12.3–R12.5, R7.4).

use crate::world::{OFFICE_A, OFFICE_B, World, new_account};
use fumibako_store::people::{By, GrantAsked, GrantDecided, Invited, Person, SecondAnswer};
use fumibako_store::{AccountId, GrantId};
use identity::grant::Refusal;
use identity::role::{Deed, Role, Why};
use jiff::SignedDuration;

const DAY: SignedDuration = SignedDuration::from_hours(24);

struct Office {
    world: World,
    chief: Person,
    deputy: Person,
    chief_id: AccountId,
}

async fn office() -> Office {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let deputy = world.staff("deputy", Role::OfficeAdministrator, OFFICE_A).await;
    let (chief_id, chief) = (chief.id, world.signs_in(&chief).await);
    let deputy = world.signs_in(&deputy).await;
    Office { world, chief, deputy, chief_id }
}

async fn awaited(office: &Office) -> GrantId {
    office.world.store.grants_awaiting(&office.deputy).await.expect("listed").first().expect("one").id
}

#[tokio::test]
async fn r12_3_a_role_counts_once_another_person_confirmed_it() {
    let office = office().await;
    let store = &office.world.store;
    let invited = store.invite(&office.chief, new_account("hanako", Role::OfficeStaff, None)).await.expect("asked");
    let Invited::Done(invitation) = invited else { panic!("{invited:?}") };
    let desk = office.world.desk(OFFICE_A).await;
    let staff = office.world.set_up("hanako", &invitation, desk).await;
    let half = office.world.half(&staff).await;
    let code = crate::world::code(&staff.seed, office.world.now());
    assert!(matches!(store.finish_totp(&half, &code).await.expect("asked"), SecondAnswer::AwaitsConfirmation));
    office.world.later(SignedDuration::from_secs(30));

    let grant = awaited(&office).await;
    let own = store.confirm_grant(&office.chief, grant).await.expect("asked");
    assert_eq!(own, GrantDecided::Refused(Refusal::OwnApplication));
    assert_eq!(store.confirm_grant(&office.deputy, grant).await.expect("asked"), GrantDecided::Done);
    let person = office.world.signs_in(&staff).await;
    assert!(person.may(Deed::SendSets) && !person.may(Deed::ManageStaff));
    let again = store.confirm_grant(&office.deputy, grant).await.expect("asked");
    assert_eq!(again, GrantDecided::Refused(Refusal::NotWaiting));
    // Staff confirms nothing.
    assert_eq!(store.confirm_grant(&person, grant).await.expect("asked"), GrantDecided::NotAllowed);
}

#[tokio::test]
async fn r12_3_nobody_gives_or_confirms_a_role_for_themselves() {
    let office = office().await;
    let store = &office.world.store;
    let asked = store.request_grant(&office.chief, "chief", Role::OfficeStaff, None).await.expect("asked");
    assert_eq!(asked, GrantAsked::Refused(Refusal::SelfGrant));
    let asked = store.request_grant(&office.chief, "deputy", Role::OfficeStaff, None).await.expect("asked");
    let GrantAsked::Done(grant) = asked else { panic!("{asked:?}") };
    let own = store.confirm_grant(&office.deputy, grant).await.expect("asked");
    assert_eq!(own, GrantDecided::Refused(Refusal::OwnRole));
    let again = store.request_grant(&office.chief, "deputy", Role::OfficeStaff, None).await.expect("asked");
    assert_eq!(again, GrantAsked::Already);
    // An office's administrator gives no role at the operator or at another office.
    for (role, at) in [(Role::Auditor, None), (Role::OfficeStaff, Some(OFFICE_B))] {
        let at = at.map(|number| number.parse().expect("number"));
        let asked = store.request_grant(&office.chief, "deputy", role, at).await.expect("asked");
        assert_eq!(asked, GrantAsked::NotAllowed);
    }
}

#[tokio::test]
async fn r12_3_what_nobody_confirms_in_fourteen_days_is_withdrawn() {
    let office = office().await;
    let world = &office.world;
    world.store.invite(&office.chief, new_account("hanako", Role::OfficeStaff, None)).await.expect("asked");
    let grant = awaited(&office).await;
    world.later(DAY * 14);
    let late = fresh(world, "deputy").await;
    let refused = world.store.confirm_grant(&late, grant).await.expect("asked");
    assert_eq!(refused, GrantDecided::Refused(Refusal::NotWaiting));
    assert_eq!(world.store.keep_up().await.expect("kept up").unconfirmed, 1);
    assert_eq!(world.entries_with(&["grant.lapse", "unconfirmed"]).await.len(), 1);
    assert!(world.store.grants_awaiting(&late).await.expect("listed").is_empty());
}

/// The same person later: what was read of them stays, their roles are read anew at each request.
async fn fresh(world: &World, login: &str) -> Person {
    let staff = world.staff(&format!("{login}2"), Role::OfficeAdministrator, OFFICE_A).await;
    world.signs_in(&staff).await
}

#[tokio::test]
async fn r12_4_a_right_that_stock_taking_forgets_lapses_and_one_that_is_confirmed_goes_on() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let hanako = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let kazuko = world.staff("kazuko", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&chief).await;
    assert!(world.store.stock_taking(&person).await.expect("listed").is_empty());
    for _ in 0..4 {
        world.later(DAY * 80);
        for staff in [&chief, &hanako, &kazuko] {
            world.signs_in(staff).await;
        }
    }
    let person = world.signs_in(&chief).await;
    let due = world.store.stock_taking(&person).await.expect("listed");
    assert_eq!(due.len(), 3);
    let of = |id| due.iter().find(|row| row.account_id == id).expect("listed").id;
    let own = world.store.review_grant(&person, of(chief.id)).await.expect("asked");
    assert_eq!(own, GrantDecided::Refused(Refusal::OwnRole));
    assert_eq!(world.store.review_grant(&person, of(hanako.id)).await.expect("asked"), GrantDecided::Done);
    world.later(DAY * 46);
    // At the moment of use, whether or not anything runs on schedule.
    let half = world.store.begin(&kazuko.login, &kazuko.password, &kazuko.desk).await.expect("asked");
    assert!(matches!(half, fumibako_store::people::PasswordAnswer::Refused));
    assert!(world.signs_in(&hanako).await.may(Deed::SendSets));
    assert_eq!(world.store.keep_up().await.expect("kept up").overdue, 2);
    assert_eq!(world.entries_with(&["grant.lapse", "stock-taking"]).await.len(), 2);
}

#[tokio::test]
async fn r12_4_a_withdrawn_right_ends_at_once() {
    let office = office().await;
    let world = &office.world;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let token = world.token(&staff).await;
    let rows = world.store.grants_of_office(&office.chief).await.expect("listed");
    let grant = rows.iter().find(|row| row.account_id == staff.id).expect("hers").id;
    assert_eq!(world.store.withdraw_grant(&office.chief, grant).await.expect("asked"), GrantDecided::Done);
    assert!(world.person(&token, &staff.desk).await.is_none());
}

#[tokio::test]
async fn r12_5_roles_that_cannot_go_together_are_refused_when_asked_for_and_when_used() {
    let world = World::new().await;
    let pairs = [
        (Role::Auditor, Role::Maintenance, Why::AuditorStandsAlone),
        (Role::Auditor, Role::OperatorAdministrator, Why::AuditorStandsAlone),
        (Role::Auditor, Role::KeyCustodian, Why::AuditorStandsAlone),
        (Role::OperatorAdministrator, Role::KeyCustodian, Why::AdministratorAndKeys),
        (Role::KeyCustodian, Role::Maintenance, Why::DatabaseAndKeys),
        (Role::OperatorAdministrator, Role::OfficeStaff, Why::OperatorAndOffice),
    ];
    let (_, chief) = world.operator("chief", Role::OperatorAdministrator).await;
    for (at, (held, wanted, why)) in pairs.into_iter().enumerate() {
        let login = format!("person{at}");
        world.invited(&login, held, None).await;
        if wanted.side() == held.side() {
            let asked = world.store.request_grant(&chief, &login, wanted, None).await.expect("asked");
            assert_eq!(asked, GrantAsked::Incompatible(why), "{held:?} {wanted:?}");
        }
        // Through another account of the same person.
        let mut second = new_account(&format!("{login}-b"), wanted, (wanted == Role::OfficeStaff).then_some(OFFICE_A));
        second.person_key = format!("みほん {login} 1980-01-01");
        let terminal = By::Terminal { by: "op-1", approved_by: "op-2" };
        let invited = world.store.invite(terminal, second).await.expect("asked");
        assert!(matches!(invited, Invited::Incompatible(found) if found == why), "{invited:?}");
    }
}

#[tokio::test]
async fn r12_5_what_came_together_in_spite_of_it_allows_nothing() {
    let world = World::new().await;
    let desk = world.operator_desk().await;
    let staff = world.staff_at("hanako", Role::Auditor, None, desk).await;
    assert!(world.signs_in(&staff).await.may(Deed::ReadLedger));
    // As if the check at the grant had failed.
    let mut connection = world.connection().await;
    sqlx::query(
        "INSERT INTO role_grant (grant_id, account_id, office_id, role, requested_by, requested_at, confirmed_at, expires_at)
         SELECT 'x', account_id, office_id, 'maintenance', requested_by, requested_at, confirmed_at, expires_at FROM role_grant",
    )
    .execute(&mut connection)
    .await
    .expect("inserted");
    let person = world.signs_in(&staff).await;
    assert!(!person.may(Deed::ReadLedger) && !person.may(Deed::Maintain) && person.may(Deed::OwnAccount));
}

#[tokio::test]
async fn r7_4_somebody_of_two_offices_acts_for_the_one_whose_device_it_is() {
    let office = office().await;
    let world = &office.world;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let other = world.staff("boss", Role::OfficeAdministrator, OFFICE_B).await;
    let second = world.staff("vice", Role::OfficeAdministrator, OFFICE_B).await;
    let (other, second) = (world.signs_in(&other).await, world.signs_in(&second).await);
    let asked = world.store.request_grant(&other, "hanako", Role::OfficeViewer, None).await.expect("asked");
    let GrantAsked::Done(grant) = asked else { panic!("{asked:?}") };
    assert_eq!(world.store.confirm_grant(&office.chief, grant).await.expect("asked"), GrantDecided::NotAllowed);
    assert_eq!(world.store.confirm_grant(&second, grant).await.expect("asked"), GrantDecided::Done);

    let person = world.signs_in(&staff).await;
    assert_eq!(person.office.register.number.as_str(), OFFICE_A);
    assert!(person.chosen && person.may(Deed::SendSets));
    let mut there = staff.clone();
    there.desk = world.desk(OFFICE_B).await;
    let person = world.signs_in(&there).await;
    assert_eq!(person.office.register.number.as_str(), OFFICE_B);
    assert!(person.may(Deed::ReadSets) && !person.may(Deed::SendSets), "a viewer there");
    let number = OFFICE_A.parse().expect("number");
    assert!(world.store.choose_office(&person, number).await.expect("asked").is_none(), "not on this device");
    assert_ne!(office.chief_id, staff.id);
}

#[tokio::test]
async fn r7_4_on_a_device_that_both_offices_admitted_the_office_is_chosen() {
    let office = office().await;
    let world = &office.world;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let (boss, vice) = (
        world.staff("boss", Role::OfficeAdministrator, OFFICE_B).await,
        world.staff("vice", Role::OfficeAdministrator, OFFICE_B).await,
    );
    let (boss, vice) = (world.signs_in(&boss).await, world.signs_in(&vice).await);
    let asked = world.store.request_grant(&boss, "hanako", Role::OfficeViewer, None).await.expect("asked");
    let GrantAsked::Done(grant) = asked else { panic!("{asked:?}") };
    world.store.confirm_grant(&vice, grant).await.expect("asked");
    assert!(world.store.admit_device(&boss, staff.desk.device_id).await.expect("asked"));

    let token = world.token(&staff).await;
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    assert!(!person.chosen && person.roles.is_empty() && !person.may(Deed::ReadSets));
    let numbers: Vec<String> = world
        .store
        .office_choices(&person)
        .await
        .expect("listed")
        .iter()
        .map(|choice| choice.number.to_string())
        .collect();
    assert_eq!(numbers, [OFFICE_A, OFFICE_B]);
    let number = OFFICE_B.parse().expect("number");
    let chosen = world.store.choose_office(&person, number).await.expect("asked").expect("hers");
    assert!(world.person(&token, &staff.desk).await.is_none(), "the token before is void");
    let person = world.person(&chosen, &staff.desk).await.expect("signed in");
    assert_eq!(person.office.register.number, number);
    assert_eq!(person.asker.office.register.number, number);
    assert!(person.may(Deed::ReadSets) && !person.may(Deed::SendSets));
    assert!(world.store.dismiss_device(&boss, staff.desk.device_id).await.expect("asked"));
    assert!(world.person(&chosen, &staff.desk).await.is_none());
}
