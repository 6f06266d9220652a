//! One person, one identity; initial secrets; leavers (R8.1, R8.12, R12.4).

use crate::world::{OFFICE_A, OFFICE_B, World, new_account};
use fumibako_store::people::{By, Invited, Redeemed, SetUpEnded, Standing};
use identity::role::Role;
use jiff::SignedDuration;

const TERMINAL: By<'_> = By::Terminal { by: "op-1", approved_by: "op-2" };

#[tokio::test]
async fn r8_1_a_login_is_never_given_twice_not_even_after_its_owner_has_left() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    assert!(world.store.close_account(TERMINAL, staff.id).await.expect("asked"));
    let mut again = new_account("ＨＡＮＡＫＯ", Role::OfficeStaff, Some(OFFICE_A));
    again.person_key = "ほかのひと 1990-01-01".to_owned();
    assert!(matches!(world.store.invite(TERMINAL, again).await.expect("asked"), Invited::LoginTaken));
    // The person themselves may come back, under another login.
    let mut back = new_account("hanako2", Role::OfficeStaff, Some(OFFICE_A));
    back.person_key = "みほん hanako 1980-01-01".to_owned();
    assert!(matches!(world.store.invite(TERMINAL, back).await.expect("asked"), Invited::Done(_)));
}

#[tokio::test]
async fn r8_1_a_person_has_one_account() {
    let world = World::new().await;
    world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let mut second = new_account("hanako2", Role::OfficeStaff, Some(OFFICE_B));
    second.person_key = "みほんhanako　1980-01-01".to_owned();
    assert!(matches!(world.store.invite(TERMINAL, second).await.expect("asked"), Invited::SamePerson));
}

#[tokio::test]
async fn r8_1_rows_of_accounts_and_of_the_register_cannot_be_removed() {
    let world = World::new().await;
    world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let mut connection = world.connection().await;
    for statement in ["DELETE FROM account", "DELETE FROM role_grant", "UPDATE account SET login_index = 'x'"] {
        assert!(sqlx::query(statement).execute(&mut connection).await.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn two_numbers_of_one_hand_are_one_person_at_the_terminal() {
    let world = World::new().await;
    for (by, approved_by) in [("op-1", "op-1"), ("op-1", "OP-1"), ("", "op-2"), ("山田", "op-2"), ("op 1", "op-2")] {
        let by = By::Terminal { by, approved_by };
        let invited = world.store.invite(by, new_account("hanako", Role::OperatorAdministrator, None)).await;
        assert!(matches!(invited.expect("asked"), Invited::NotAllowed));
    }
}

#[tokio::test]
async fn r8_12_an_initial_secret_reaches_the_set_up_and_nothing_else() {
    let world = World::new().await;
    let desk = world.desk(OFFICE_A).await;
    let invitation = world.invited("hanako", Role::OfficeStaff, Some(OFFICE_A)).await;
    // Not on another office's device, not with another login, not as a password.
    let elsewhere = world.desk(OFFICE_B).await;
    for (login, desk) in [("hanako", &elsewhere), ("kazuko", &desk)] {
        let answer = world.store.redeem(login, &invitation.code, desk).await.expect("asked");
        assert!(matches!(answer, Redeemed::Refused));
    }
    let token = world.redeem("hanako", &invitation.code, &desk).await;
    assert!(matches!(world.store.redeem("hanako", &invitation.code, &desk).await.expect("asked"), Redeemed::Refused));
    let Standing::Enrolling(enrolling) = world.store.standing(token.reveal(), &desk).await.expect("asked") else {
        panic!("no set-up");
    };
    assert!(enrolling.steps.needs_password && enrolling.steps.needs_factor);
    assert!(world.store.software(token.reveal(), &desk).await.expect("asked").is_none());
    // Half of a set-up is none (R8.2).
    world.sets_password(&enrolling, crate::world::OTHER_PASSWORD).await;
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Incomplete(_)));
    let refused = world.store.begin("hanako", crate::world::OTHER_PASSWORD, &desk).await.expect("asked");
    assert!(matches!(refused, fumibako_store::people::PasswordAnswer::Refused));
    world.later(SignedDuration::from_mins(31));
    assert!(matches!(world.store.standing(token.reveal(), &desk).await.expect("asked"), Standing::None));
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Over));
}

#[tokio::test]
async fn r8_12_an_initial_secret_ends_after_a_day_and_when_another_is_issued() {
    let world = World::new().await;
    let desk = world.desk(OFFICE_A).await;
    let invitation = world.invited("hanako", Role::OfficeStaff, Some(OFFICE_A)).await;
    world.later(SignedDuration::from_hours(24));
    assert!(matches!(world.store.redeem("hanako", &invitation.code, &desk).await.expect("asked"), Redeemed::Refused));
    let second = world.store.invite_again(TERMINAL, invitation.account_id).await.expect("asked").expect("invited");
    let third = world.store.invite_again(TERMINAL, invitation.account_id).await.expect("asked").expect("invited");
    assert!(matches!(world.store.redeem("hanako", &second.code, &desk).await.expect("asked"), Redeemed::Refused));
    world.set_up("hanako", &third, desk).await;
    assert!(world.store.invite_again(TERMINAL, invitation.account_id).await.expect("asked").is_none());
}

#[tokio::test]
async fn r12_4_who_is_no_longer_on_the_staff_list_is_out_at_once() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let (stays, leaves) = (
        world.staff("hanako", Role::OfficeStaff, OFFICE_A).await,
        world.staff("kazuko", Role::OfficeStaff, OFFICE_A).await,
    );
    let chief = world.signs_in(&chief).await;
    let (stays_token, leaves_token) = (world.token(&stays).await, world.token(&leaves).await);
    // In one spelling or another; whoever is looked at first is not touched.
    let list = [
        vec!["ミホン hanako 1980-01-01".to_owned(), "みほん hanako 1980-01-01".to_owned()],
        vec!["だれか 1999-09-09".to_owned()],
    ];
    let seen = world.store.staff_differences(&chief, &list).await.expect("asked").expect("allowed");
    assert_eq!((seen.left, seen.unknown), (vec![leaves.id], 1));
    assert!(world.person(&leaves_token, &leaves.desk).await.is_some());
    let listed = world.store.compare_staff(&chief, &list).await.expect("asked").expect("allowed");
    assert_eq!((listed.left, listed.unknown), (vec![leaves.id], 1));
    assert!(world.person(&leaves_token, &leaves.desk).await.is_none());
    assert!(world.person(&stays_token, &stays.desk).await.is_some());
    assert!(matches!(
        world.store.begin(&leaves.login, &leaves.password, &leaves.desk).await.expect("asked"),
        fumibako_store::people::PasswordAnswer::Refused
    ));
    let staff = world.signs_in(&stays).await;
    assert!(world.store.compare_staff(&staff, &list).await.expect("asked").is_none(), "staff has no list");
}

#[tokio::test]
async fn r12_4_an_account_unused_for_ninety_days_is_suspended() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    world.signs_in(&staff).await;
    world.later(SignedDuration::from_hours(89 * 24));
    world.signs_in(&staff).await;
    world.later(SignedDuration::from_hours(90 * 24));
    // Even where nothing runs on schedule.
    assert!(matches!(
        world.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked"),
        fumibako_store::people::PasswordAnswer::Refused
    ));
    assert_eq!(world.rows("SELECT state FROM account").await, ["suspended"]);
    assert!(world.store.resume_account(TERMINAL, staff.id).await.expect("asked"));
    world.signs_in(&staff).await;
    world.later(SignedDuration::from_hours(91 * 24));
    assert_eq!(world.store.keep_up().await.expect("kept up").unused, 1);
    assert_eq!(world.entries_with(&["account.suspend", "unused"]).await.len(), 2);
}

#[tokio::test]
async fn the_operators_row_is_in_no_list_and_no_address() {
    let world = World::new().await;
    let operator = world.store.operator().await.expect("there");
    assert!(operator.is_operator);
    let number = operator.register.number;
    assert!(world.store.office(number).await.expect("asked").is_none());
    assert!(world.store.offices(&[number].into()).await.expect("asked").is_empty());
    assert!(world.store.all_offices().await.expect("listed").iter().all(|office| !office.is_operator));
    assert!(!world.store.close_office(number).await.expect("asked"));
}
