use crate::world::{OFFICE_A, World, name};
use fumibako_store::{
    ArchiveSet, Blocked, ErasureRequested, HoldPlaced, HoldReleased, HoldScope, Kind, NewRule, RuleSet,
};
use std::collections::BTreeSet;

fn new(kind: Kind, keep_days: i64, minimum_days: i64, staff: &[&str]) -> NewRule {
    NewRule { kind, keep_days, minimum_days, staff: staff.iter().map(|who| name(who)).collect() }
}

#[tokio::test]
async fn r11_1_a_procedure_takes_two_people_names_two_and_keeps_to_the_law() {
    let world = World::new().await;
    let two = ["sato", "suzuki"];
    let cases = [
        (new(Kind::Sets, 30, 0, &two), "kato", "KATO", RuleSet::OwnRequest),
        (new(Kind::AccessRecord, 400, 366, &two), "kato", "ito", RuleSet::NotErasable),
        (new(Kind::Leavers, 400, 30, &two), "kato", "ito", RuleSet::BelowMinimum(366)),
        (new(Kind::Sets, 30, 31, &two), "kato", "ito", RuleSet::Days),
        (new(Kind::Sets, 40_000, 0, &two), "kato", "ito", RuleSet::Days),
        (new(Kind::Sets, 30, 0, &["sato"]), "kato", "ito", RuleSet::Staff),
        (new(Kind::Sets, 30, 0, &["sato", "SATO"]), "kato", "ito", RuleSet::Staff),
    ];
    for (rule, by, approved_by, expected) in cases {
        let set = world.store.set_retention_rule(rule.clone(), &name(by), &name(approved_by)).await.expect("asked");
        assert_eq!(set, expected, "{rule:?}");
    }
    assert!(world.store.retention_rules().await.expect("listed").iter().all(|rule| rule.version == 0));

    world.rule(Kind::Sets, 0, 30).await;
    world.rule(Kind::Sets, 10, 60).await;
    let rules = world.store.retention_rules().await.expect("listed");
    let sets = rules.iter().find(|rule| rule.kind == Kind::Sets).expect("there");
    assert_eq!((sets.version, sets.keep_days, sets.minimum_days), (2, 60, 10));
    assert_eq!(sets.staff, ["operator-cli:sato", "operator-cli:suzuki", "operator-cli:tanaka"]);
}

#[tokio::test]
async fn r11_1_every_table_of_the_schema_belongs_to_one_kind() {
    let world = World::new().await;
    let tables = world.store.tables().await.expect("listed");
    let mut known = BTreeSet::new();
    for kind in Kind::ALL {
        for table in kind.facts().tables {
            assert!(known.insert(*table), "{table} belongs to two kinds");
        }
    }
    for table in &tables {
        assert!(known.contains(&**table), "{table} belongs to no kind: add it to one in retention/kinds.rs");
    }
    for table in known {
        assert!(tables.iter().any(|there| there == table), "there is no table {table}");
    }
}

#[tokio::test]
async fn r11_1_nothing_is_erased_without_a_procedure_or_by_somebody_it_does_not_name() {
    let world = World::new().await;
    let id = world.sends().await;
    world.finishes(id).await;
    let objects = [id.to_string()];
    assert_eq!(world.asks(Kind::Sets, &objects).await, ErasureRequested::NoProcedure);
    world.days_later(10_000);
    let expired = world.store.expire(&world.places(), true).await.expect("nothing to do");
    assert_eq!(expired.objects, 0, "nobody has said how");

    world.rule(Kind::Evidence, 90, 365).await;
    assert_eq!(world.asks(Kind::Sets, &objects).await, ErasureRequested::NoProcedure);
    assert_eq!(world.asks(Kind::AccessRecord, &objects).await, ErasureRequested::NotErasable);
    world.rule(Kind::Sets, 0, 20_000).await;
    let new = fumibako_store::NewErasure {
        kind: Kind::Sets,
        objects: objects.iter().cloned().collect(),
        reason: fumibako_store::Reason::Early,
        basis: "申し出".to_owned(),
    };
    let asked = world.store.request_erasure(new.clone(), &name("yamada")).await.expect("asked");
    assert_eq!(asked, ErasureRequested::NotStaff);
    let without_basis = fumibako_store::NewErasure { basis: " ".to_owned(), ..new.clone() };
    let asked = world.store.request_erasure(without_basis, &name("sato")).await.expect("asked");
    assert_eq!(asked, ErasureRequested::Incomplete);
    let of_nothing = fumibako_store::NewErasure { objects: BTreeSet::new(), ..new };
    let asked = world.store.request_erasure(of_nothing, &name("sato")).await.expect("asked");
    assert_eq!(asked, ErasureRequested::Count);
    assert_eq!(world.opens(id).await, 3);
}

#[tokio::test]
async fn r11_6_nothing_goes_before_the_law_allows_it_nor_a_day_before_a_five_year_rule_ends() {
    let world = World::new().await;
    world.rule(Kind::Sets, 1826, 1826).await;
    let id = world.sends().await;
    world.finishes(id).await;
    // Four years and 364 days.
    world.days_later(1825);
    let asked = world.asks(Kind::Sets, &[id.to_string()]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Minimum { .. })), "{asked:?}");
    assert_eq!(world.store.expire(&world.places(), true).await.expect("looked").objects, 0);
    assert_eq!(world.opens(id).await, 3);
    world.days_later(1);
    let expired = world.store.expire(&world.places(), true).await.expect("expired");
    assert_eq!(
        (expired.objects, expired.certified),
        (1, world.certificates(1)),
        "erased within the day, and certified"
    );
}

#[tokio::test]
async fn r11_6_an_office_may_have_its_copies_kept_longer_and_that_binds_the_operator() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let office = OFFICE_A.parse().expect("number");
    let archive = |days, by: &'static str, reason: &'static str| {
        let world = &world;
        async move { world.store.set_retention_archive(office, days, reason, &name(by), &name("ito")).await.expect("asked") }
    };
    assert_eq!(archive(730, "ito", "市の条例").await, ArchiveSet::OwnRequest);
    assert_eq!(archive(-1, "kato", "市の条例").await, ArchiveSet::Incomplete);
    assert_eq!(archive(730, "kato", "").await, ArchiveSet::Incomplete);
    assert_eq!(archive(730, "kato", "市の条例（2年）").await, ArchiveSet::Done);
    let id = world.sends().await;
    world.finishes(id).await;
    world.days_later(729);
    assert_eq!(world.store.expire(&world.places(), true).await.expect("looked").objects, 0);
    let asked = world.asks(Kind::Sets, &[id.to_string()]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Minimum { .. })), "{asked:?}");
    world.days_later(1);
    assert_eq!(world.store.expire(&world.places(), true).await.expect("expired").objects, 1);
}

#[tokio::test]
async fn r11_6_a_hold_stops_every_erasure_until_two_people_release_it() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let (held, free) = (world.sends().await, world.sends().await);
    world.finishes(held).await;
    world.finishes(free).await;
    let sato = name("sato");
    let no_reason = world.store.place_hold(HoldScope::All, " ", &sato).await.expect("asked");
    assert_eq!(no_reason, HoldPlaced::Incomplete);
    let scope = HoldScope::Object(held.to_string());
    let placed = world.store.place_hold(scope, "事故の調査", &sato).await.expect("asked");
    let HoldPlaced::Done(hold) = placed else { panic!("{placed:?}") };
    world.days_later(31);
    let asked = world.asks(Kind::Sets, &[held.to_string()]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Held { .. })), "{asked:?}");
    let expired = world.store.expire(&world.places(), true).await.expect("expired");
    assert_eq!(expired.objects, 1, "the other one");
    assert_eq!(world.opens(held).await, 3);

    let released = world.store.release_hold(hold, &sato, &sato).await.expect("asked");
    assert_eq!(released, HoldReleased::OwnRequest);
    let released = world.store.release_hold(hold, &sato, &name("suzuki")).await.expect("asked");
    assert_eq!(released, HoldReleased::Done);
    let again = world.store.release_hold(hold, &sato, &name("suzuki")).await.expect("asked");
    assert_eq!(again, HoldReleased::NoSuchHold);
    assert_eq!(world.store.expire(&world.places(), true).await.expect("expired").objects, 1);

    for scope in [HoldScope::All, HoldScope::Kind(Kind::Sets), HoldScope::Office(OFFICE_A.parse().expect("number"))] {
        let id = world.sends().await;
        world.finishes(id).await;
        let HoldPlaced::Done(hold) = world.store.place_hold(scope.clone(), "調査", &sato).await.expect("asked")
        else {
            panic!("{scope:?}")
        };
        let asked = world.asks(Kind::Sets, &[id.to_string()]).await;
        assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Held { .. })), "{scope:?}: {asked:?}");
        world.store.release_hold(hold, &sato, &name("suzuki")).await.expect("released");
    }
}

#[tokio::test]
async fn a_set_that_nobody_fetched_waits_longer_than_a_short_rule() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 1).await;
    let (waiting, done) = (world.sends().await, world.sends().await);
    world.finishes(done).await;
    world.days_later(89);
    assert_eq!(world.store.expire(&world.places(), true).await.expect("expired").objects, 1);
    assert_eq!(world.opens(waiting).await, 3, "89 days are few for a holiday and a broken computer");
    let other = world.sends().await;
    world.days_later(1);
    // Opened, not confirmed: its ninety days are over as well.
    assert_eq!(world.store.expire(&world.places(), true).await.expect("expired").objects, 1);
    assert_eq!(world.opens(other).await, 3);
}
