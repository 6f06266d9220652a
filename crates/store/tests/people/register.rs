//! Offices and devices, by people who are signed in (R12.1, R7.3).

use crate::world::{OFFICE_A, OFFICE_B, World, new_account};
use fumibako_store::people::{GrantDecided, Invited, Person};
use fumibako_store::{NewOffice, OfficeAdded, RevocationReason};
use identity::role::{Deed, Role};

fn new_office(number: &str) -> NewOffice {
    NewOffice {
        number: number.parse().expect("number"),
        name: "100%_みなと訪問看護".to_owned(),
        service_types: ["13".parse().expect("service type")].into(),
    }
}

#[tokio::test]
async fn r12_1_the_operators_administrator_registers_finds_and_closes_offices() {
    let world = World::new().await;
    let (_, chief) = world.operator("chief", Role::OperatorAdministrator).await;
    let added = world.store.register_office(&chief, new_office("1370000033")).await.expect("asked");
    assert!(matches!(added, Some(OfficeAdded::Done(_))));
    let by = format!("\"actor\":\"person:{}\"", chief.account_id);
    assert_eq!(world.entries_with(&["office.add", &by]).await.len(), 1);
    for (text, found) in [("13700000", 3), ("1370000033", 1), ("みなと", 1), ("100%_", 1), ("%", 1), ("", 3), ("99", 0)]
    {
        assert_eq!(world.store.find_offices(&chief, text, 50).await.expect("found").len(), found, "{text}");
    }
    assert_eq!(world.store.find_offices(&chief, "", 1).await.expect("found").len(), 1);
    assert!(world.store.close_office_as(&chief, "1370000033".parse().expect("number")).await.expect("asked"));

    // An office's administrator does none of it.
    let staff = world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let staff = world.signs_in(&staff).await;
    assert!(world.store.register_office(&staff, new_office("1370000044")).await.expect("asked").is_none());
    assert!(!world.store.close_office_as(&staff, OFFICE_B.parse().expect("number")).await.expect("asked"));
    assert!(world.store.find_offices(&staff, "", 50).await.expect("found").is_empty());
    world.store.record_denied(&staff, Deed::RegisterOffices).await.expect("recorded");
    assert_eq!(world.entries_with(&["access.refuse", "denied", "register-offices"]).await.len(), 1);
}

#[tokio::test]
async fn the_operator_invites_an_offices_first_administrator_and_nobody_else_there() {
    let world = World::new().await;
    let (_, chief) = world.operator("chief", Role::OperatorAdministrator).await;
    let (_, deputy) = world.operator("deputy", Role::OperatorAdministrator).await;
    let first = new_account("first", Role::OfficeAdministrator, Some(OFFICE_A));
    let Invited::Done(_) = world.store.invite(&chief, first).await.expect("asked") else { panic!("refused") };
    let staff = new_account("staff", Role::OfficeStaff, Some(OFFICE_A));
    assert!(matches!(world.store.invite(&chief, staff).await.expect("asked"), Invited::NotAllowed));
    let awaiting = world.store.grants_awaiting(&deputy).await.expect("listed");
    assert_eq!((awaiting.len(), awaiting[0].office.as_str()), (1, OFFICE_A));
    let confirmed = world.store.confirm_grant(&deputy, awaiting[0].id).await.expect("asked");
    assert_eq!(confirmed, GrantDecided::Done);
}

#[tokio::test]
async fn r12_3_the_operator_confirms_for_a_lone_administrator_and_not_where_there_are_two() {
    let world = World::new().await;
    let (_, operator) = world.operator("operator", Role::OperatorAdministrator).await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    world.store.invite(&chief, new_account("hanako", Role::OfficeStaff, None)).await.expect("asked");
    world.store.invite(&chief, new_account("kazuko", Role::OfficeStaff, None)).await.expect("asked");
    let own = world.store.grants_awaiting(&chief).await.expect("listed");
    let awaiting = world.store.grants_awaiting(&operator).await.expect("listed");
    assert_eq!((own.len(), awaiting.len()), (2, 2));
    let confirmed = world.store.confirm_grant(&operator, awaiting[0].id).await.expect("asked");
    assert_eq!(confirmed, GrantDecided::Done);
    world.invited("deputy", Role::OfficeAdministrator, Some(OFFICE_A)).await;
    assert!(world.store.grants_awaiting(&operator).await.expect("listed").is_empty());
    let refused = world.store.confirm_grant(&operator, awaiting[1].id).await.expect("asked");
    assert_eq!(refused, GrantDecided::NotAllowed);
}

#[tokio::test]
async fn r7_3_sessions_end_with_their_device_and_no_others() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let (kept, ended) = (world.token(&chief).await, world.token(&staff).await);
    let devices = world.store.devices(OFFICE_A.parse().expect("number")).await.expect("listed");
    assert_eq!(devices.len(), 2);
    let lost = staff.desk.device_id;
    assert!(world.store.revoke_device(lost, RevocationReason::Lost, None, None).await.expect("asked"));
    assert!(world.person(&ended, &staff.desk).await.is_none());
    assert!(world.person(&kept, &chief.desk).await.is_some());
    assert_eq!(world.rows("SELECT session_id FROM session WHERE ended_for = 'device'").await.len(), 1);
    assert!(!world.store.revoke_device(lost, RevocationReason::Lost, None, None).await.expect("asked"), "once");
}

/// A page can only wait for what can be moved between threads; here so that it is noticed where the verbs are.
#[tokio::test]
async fn verbs_can_be_awaited_in_a_handler() {
    fn sent<T: Send>(future: T) -> T {
        future
    }
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeAdministrator, OFFICE_A).await;
    let person: Person = world.signs_in(&staff).await;
    let store = &world.store;
    let half = world.half(&staff).await;
    let site = crate::passkeys::site();
    drop(sent(store.add_office(new_office("1370000055"))));
    drop(sent(store.register_office(&person, new_office("1370000055"))));
    drop(sent(store.begin("hanako", "x", &staff.desk)));
    drop(sent(store.redeem("hanako", "x", &staff.desk)));
    drop(sent(store.finish_totp(&half, "000000")));
    drop(sent(store.finish_passkey(&half, "x", "{}", &site)));
    drop(sent(store.begin_passkey_registration((&person).into(), &site)));
    drop(sent(store.change_password(&person, "x", "y")));
    drop(sent(store.begin_totp((&person).into())));
    drop(sent(store.invite(&person, new_account("x", Role::OfficeStaff, None))));
    drop(sent(store.keep_up()));
    drop(sent(store.standing("x", &staff.desk)));
}
