//! Erasures and holds by people who are signed in: a role that two people granted makes them staff (R11.1, R11.5, R11.6).

use crate::world::{OFFICE_A, World};
use fumibako_store::{
    ErasureApproved, ErasureRequested, HoldPlaced, HoldReleased, HoldScope, Kind, NewErasure, NewRule, OperatorName,
    Reason, RuleSet,
};
use identity::role::{Deed, Role};

fn at_terminal(name: &str) -> OperatorName {
    OperatorName::at_terminal(name).expect("a name")
}

#[tokio::test]
async fn r11_5_on_pages_a_role_makes_staff_and_nobody_agrees_to_their_own() {
    let world = World::new().await;
    let (sender, _) = world.correspondents().await;
    let id = world.sends(&sender, 1).await.to_string();
    let (_, administrator) = world.operator("anzai", Role::OperatorAdministrator).await;
    let (_, maintenance) = world.operator("hoshu", Role::Maintenance).await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    for (person, deed, may) in [
        (&maintenance, Deed::Erase, true),
        (&maintenance, Deed::ApproveErasure, false),
        (&maintenance, Deed::VerifyErasure, false),
        (&administrator, Deed::Erase, false),
        (&administrator, Deed::ApproveErasure, true),
        (&auditor, Deed::VerifyErasure, true),
        (&auditor, Deed::ApproveErasure, false),
    ] {
        assert_eq!(OperatorName::with_right(person, deed).is_some(), may, "{deed:?}");
    }
    let asks = OperatorName::with_right(&maintenance, Deed::Erase).expect("theirs");
    let agrees = OperatorName::with_right(&administrator, Deed::ApproveErasure).expect("theirs");
    let request = async |by: &OperatorName| {
        let objects = [id.clone()].into();
        let new = NewErasure { kind: Kind::Sets, objects, reason: Reason::Early, basis: "申し出".to_owned() };
        world.store.request_erasure(new, by).await.expect("asked")
    };
    assert_eq!(request(&asks).await, ErasureRequested::NoProcedure);
    let staff = ["sato", "suzuki"].map(at_terminal).to_vec();
    let rule = NewRule { kind: Kind::Sets, keep_days: 300, minimum_days: 0, staff };
    let set = world.store.set_retention_rule(rule, &at_terminal("kato"), &at_terminal("ito")).await.expect("asked");
    assert!(matches!(set, RuleSet::Done(_)), "{set:?}");

    // Being somebody is not enough: it is the right that counts, and not another one.
    let nobody = |person: &fumibako_store::people::Person| {
        OperatorName::signed_in(&person.account_id.to_string(), &person.asker).expect("a name")
    };
    assert_eq!(request(&nobody(&maintenance)).await, ErasureRequested::NotStaff);
    assert_eq!(request(&agrees).await, ErasureRequested::NotStaff);
    let ErasureRequested::Done { id: erasure, objects: 1 } = request(&asks).await else { panic!("asked") };
    let approve = async |by: &OperatorName| world.store.approve_erasure(erasure, by).await.expect("asked");
    assert_eq!(approve(&asks).await, ErasureApproved::OwnRequest);
    assert_eq!(approve(&nobody(&administrator)).await, ErasureApproved::NotStaff);
    assert!(matches!(approve(&agrees).await, ErasureApproved::Done { .. }));

    let detail = world.store.erasure(erasure).await.expect("read").expect("there");
    assert_eq!((&*detail.row.state, detail.objects.len(), detail.done), ("approved", 1, 0));
    assert!(detail.objects.contains(&id));
    let actors = vec![detail.row.requested_by.clone(), "operator-cli:sato".to_owned(), "person:nobody".to_owned()];
    let names = world.store.operator_names(actors).await.expect("read");
    assert_eq!(names.len(), 1);
    assert_eq!(names[&detail.row.requested_by].reveal(), maintenance.name.reveal());
    let outlook = world.store.retention_outlook().await.expect("read");
    let due = outlook.iter().find(|next| next.kind == Kind::Sets).and_then(|next| next.next_due.clone());
    assert!(due.expect("a set is there").parse::<jiff::Timestamp>().expect("an instant") > world.now());
    let stops = OperatorName::with_right(&auditor, Deed::SeeErasures).expect("theirs");
    assert!(world.store.withdraw_erasure(erasure, &stops).await.expect("asked"));
}

#[tokio::test]
async fn r11_6_a_hold_is_placed_by_one_and_ended_by_two_one_after_the_other() {
    let world = World::new().await;
    let (_, administrator) = world.operator("anzai", Role::OperatorAdministrator).await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let one = OperatorName::with_right(&administrator, Deed::HoldErasures).expect("theirs");
    let other = OperatorName::with_right(&auditor, Deed::HoldErasures).expect("theirs");
    world.correspondents().await;
    let scope = HoldScope::Office(OFFICE_A.parse().expect("a number"));
    let placed = world.store.place_hold(scope, "事故の調査", &one).await.expect("asked");
    let HoldPlaced::Done(hold) = placed else { panic!("{placed:?}") };
    let agree = async |by: &OperatorName| world.store.agree_hold_release(hold, by).await.expect("asked");
    assert_eq!(agree(&other).await, HoldReleased::NoSuchHold, "nobody has asked");
    assert!(world.store.ask_hold_release(hold, &one).await.expect("asked"));
    assert!(!world.store.ask_hold_release(hold, &other).await.expect("asked"), "once");
    assert_eq!(agree(&one).await, HoldReleased::OwnRequest);
    assert!(world.store.keep_hold(hold, &other).await.expect("asked"));
    assert_eq!(agree(&other).await, HoldReleased::NoSuchHold, "it was kept");
    assert!(world.store.ask_hold_release(hold, &one).await.expect("asked"));
    let listed = world.store.holds().await.expect("read");
    assert_eq!(listed[0].office.as_deref(), Some(OFFICE_A));
    assert_eq!(listed[0].release_asked_by.as_deref(), Some(&*one.to_string()));
    assert_eq!(agree(&other).await, HoldReleased::Done);
    assert_eq!(agree(&other).await, HoldReleased::NoSuchHold, "once");
    assert!(world.store.holds().await.expect("read")[0].released_at.is_some());
    for step in ["placed", "release-asked", "kept", "released"] {
        assert!(!world.entries_with(&["retention.hold", step]).await.is_empty(), "{step}");
    }
    assert_eq!(world.entries_with(&["retention.hold", "own-request"]).await.len(), 1);
}
