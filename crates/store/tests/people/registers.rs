//! Who is responsible, by which rules, who has been trained; and what follows (R12.6).

use crate::world::{OFFICE_A, OFFICE_B, World};
use fumibako_store::people::{
    By, NewResponsible, NewTraining, Person, ResponsibleAdded, RuleAdded, RuleApproved, TrainingRecorded,
    TrainingRuleSet,
};
use fumibako_store::{AccountId, OperatingRuleId};
use identity::register::{Duty, Gap, Trained};
use identity::role::{Deed, Role};
use jiff::SignedDuration;
use jiff::civil::Date;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const TERMINAL: By<'static> = By::Terminal { by: "op-1", approved_by: "op-2" };

struct Office {
    world: World,
    chief: Person,
    deputy: Person,
}

async fn office() -> Office {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let deputy = world.staff("deputy", Role::OfficeAdministrator, OFFICE_A).await;
    let (chief, deputy) = (world.signs_in(&chief).await, world.signs_in(&deputy).await);
    Office { world, chief, deputy }
}

impl World {
    fn today(&self) -> Date {
        self.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date()
    }
}

fn responsible(world: &World, duty: Duty, deputy: &str) -> NewResponsible {
    NewResponsible {
        duty,
        name: "見本 責任者".to_owned(),
        contact: "00-0000-0001".to_owned(),
        deputy: deputy.to_owned(),
        deputy_contact: if deputy.is_empty() { String::new() } else { "00-0000-0002".to_owned() },
        from: world.today(),
        until: None,
    }
}

fn training(world: &World, account: AccountId) -> NewTraining {
    NewTraining {
        account,
        subject: "個人情報の安全管理".to_owned(),
        held_on: world.today(),
        valid_until: None,
        evidence: "受講証 12号".to_owned(),
        office: None,
    }
}

async fn gaps(world: &World, by: &Person) -> Vec<Gap> {
    world.store.registers(by).await.expect("read").expect("allowed").gaps
}

#[tokio::test]
async fn r12_6_a_role_without_deputy_is_a_finding() {
    let Office { world, chief, deputy } = office().await;
    assert_eq!(
        gaps(&world, &chief).await,
        [Gap::NobodyFor(Duty::SystemManager), Gap::NobodyFor(Duty::SecurityManager), Gap::NoRules]
    );
    let add = async |new| world.store.add_responsible(&chief, new).await.expect("asked");
    let ResponsibleAdded::Done(first) = add(responsible(&world, Duty::SystemManager, "")).await else {
        panic!("not added")
    };
    assert!(matches!(add(responsible(&world, Duty::SecurityManager, "見本 代行者")).await, ResponsibleAdded::Done(_)));
    assert_eq!(gaps(&world, &chief).await, [Gap::NoDeputy(Duty::SystemManager), Gap::NoRules]);

    // What has changed is ended and entered anew; nothing is lost, and another office sees nothing of it.
    let stranger = world.staff("stranger", Role::OfficeAdministrator, OFFICE_B).await;
    let stranger = world.signs_in(&stranger).await;
    assert!(!world.store.end_responsible(&stranger, first).await.expect("asked"));
    assert!(world.store.registers(&stranger).await.expect("read").expect("allowed").responsible.is_empty());
    assert!(world.store.end_responsible(&deputy, first).await.expect("asked"));
    assert!(!world.store.end_responsible(&deputy, first).await.expect("asked"), "once");
    assert!(matches!(add(responsible(&world, Duty::SystemManager, "見本 代行者")).await, ResponsibleAdded::Done(_)));
    assert_eq!(gaps(&world, &chief).await, [Gap::NoRules]);
    let listed = world.store.registers(&chief).await.expect("read").expect("allowed").responsible;
    assert_eq!(listed.iter().filter(|entry| entry.in_force).count(), 2);
    assert_eq!(listed.len(), 3);

    // Sealed on the disk, and no name in the log.
    let (dump, log) = (world.dump().await, world.entries().await.concat());
    for name in ["見本 責任者", "見本 代行者", "00-0000-0001"] {
        assert!(!dump.contains(name) && !log.contains(name), "{name}");
    }
    assert_eq!(world.entries_with(&["register.responsible", "added"]).await.len(), 3);
    assert_eq!(world.entries_with(&["register.responsible", "ended", "system-manager"]).await.len(), 1);
}

#[tokio::test]
async fn r12_6_what_is_entered_is_whole_or_not_entered() {
    let Office { world, chief, .. } = office().await;
    let add = async |new| world.store.add_responsible(&chief, new).await.expect("asked");
    let whole = responsible(&world, Duty::SystemManager, "見本 代行者");
    let lacking = [
        NewResponsible { name: " ".to_owned(), ..whole.clone() },
        NewResponsible { contact: String::new(), ..whole.clone() },
        NewResponsible { deputy_contact: String::new(), ..whole.clone() },
        NewResponsible { name: "あ".repeat(201), ..whole.clone() },
        NewResponsible { name: "見\n本".to_owned(), ..whole.clone() },
    ];
    for new in lacking {
        assert_eq!(add(new).await, ResponsibleAdded::Unfit);
    }
    let yesterday = world.today().yesterday().expect("a day");
    assert_eq!(add(NewResponsible { until: Some(yesterday), ..whole }).await, ResponsibleAdded::BadDates);
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let staff = world.signs_in(&staff).await;
    let new = responsible(&world, Duty::Other, "");
    assert_eq!(world.store.add_responsible(&staff, new).await.expect("asked"), ResponsibleAdded::NotAllowed);
    assert!(world.store.registers(&staff).await.expect("asked").is_none());
}

#[tokio::test]
async fn r12_6_a_rule_version_without_approval_is_not_in_force() {
    let Office { world, chief, deputy } = office().await;
    let store = &world.store;
    let in_force = async || {
        let rules = store.registers(&chief).await.expect("read").expect("allowed").rules;
        rules.into_iter().filter(|rule| rule.in_force).map(|rule| rule.version).collect::<Vec<_>>()
    };
    let add = async |document: &[u8]| store.add_rule(&chief, "運用管理規程", document).await.expect("asked");
    let id = |added| match added {
        RuleAdded::Done(id) => id,
        other => panic!("{other:?}"),
    };
    let first: OperatingRuleId = id(add(b"first").await);
    assert!(in_force().await.is_empty());
    assert!(gaps(&world, &chief).await.contains(&Gap::NoRules));
    assert_eq!(store.approve_rule(&chief, first).await.expect("asked"), RuleApproved::OwnRule);
    assert!(in_force().await.is_empty());
    assert_eq!(store.approve_rule(&deputy, first).await.expect("asked"), RuleApproved::Done);
    assert_eq!(in_force().await, [1]);
    assert!(!gaps(&world, &chief).await.contains(&Gap::NoRules));
    assert_eq!(store.approve_rule(&deputy, first).await.expect("asked"), RuleApproved::NotWaiting);

    // The next version counts only when it is approved too; until then the one before does.
    assert_eq!(add(b"first").await, RuleAdded::Same);
    let second = id(add(b"second").await);
    assert_eq!(in_force().await, [1]);
    assert_eq!(store.approve_rule(&deputy, second).await.expect("asked"), RuleApproved::Done);
    assert_eq!(in_force().await, [2]);
    // Another office approves nothing here.
    let third = id(add(b"third").await);
    let stranger = world.staff("stranger", Role::OfficeAdministrator, OFFICE_B).await;
    let stranger = world.signs_in(&stranger).await;
    assert_eq!(store.approve_rule(&stranger, third).await.expect("asked"), RuleApproved::NotWaiting);
    assert_eq!(add(b"").await, RuleAdded::Unfit);
    assert_eq!(world.entries_with(&["register.rule-approve"]).await.len(), 2);

    // By the time a year has passed, they are old.
    world.later(DAY * 370);
    let chief = world.staff("successor", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    assert!(gaps(&world, &chief).await.contains(&Gap::OldRules));
}

#[tokio::test]
async fn r12_6_training_expired_beyond_grace_limits_the_operators_people() {
    let world = World::new().await;
    let (one, _) = world.operator("operator-1", Role::OperatorAdministrator).await;
    let (two, second) = world.operator("operator-2", Role::OperatorAdministrator).await;
    assert!(matches!(second.trained, Trained::Grace { .. }) && second.may(Deed::RegisterOffices));
    let own = world.store.record_training(&second, training(&world, two.id)).await.expect("asked");
    assert_eq!(own, TrainingRecorded::Own);

    world.later(DAY * 31);
    let late = world.comes_back(&two).await;
    assert_eq!(late.trained, Trained::Lapsed);
    for deed in Deed::ALL {
        let left = [Deed::SignOut, Deed::ChooseOffice, Deed::OwnAccount, Deed::RecordTraining].contains(&deed);
        assert!(left || !late.may(deed), "{}", deed.id());
    }
    assert!(late.may(Deed::OwnAccount) && late.may(Deed::RecordTraining));
    assert!(world.store.find_offices(&late, "", 10).await.expect("asked").is_empty(), "and nothing behind the pages");

    // Both missed it. Nobody is locked out for good: one helps the other, and is helped.
    let recorded = world.store.record_training(&late, training(&world, one.id)).await.expect("asked");
    assert!(matches!(recorded, TrainingRecorded::Done(_)), "{recorded:?}");
    let helped = world.comes_back(&one).await;
    assert!(helped.trained == Trained::Valid && helped.may(Deed::RegisterOffices));
    let recorded = world.store.record_training(&helped, training(&world, two.id)).await.expect("asked");
    assert!(matches!(recorded, TrainingRecorded::Done(_)), "{recorded:?}");
    assert!(world.comes_back(&two).await.may(Deed::RegisterOffices));

    let dump = world.dump().await;
    assert!(!dump.contains("受講証 12号") && !dump.contains("個人情報の安全管理"));
}

#[tokio::test]
async fn r12_6_the_last_administrator_is_helped_at_the_terminal() {
    let world = World::new().await;
    let (alone, _) = world.operator("operator-1", Role::OperatorAdministrator).await;
    world.later(DAY * 40);
    assert_eq!(world.comes_back(&alone).await.trained, Trained::Lapsed);
    let same = By::Terminal { by: "op-1", approved_by: "OP-1" };
    let refused = world.store.record_training(same, training(&world, alone.id)).await.expect("asked");
    assert_eq!(refused, TrainingRecorded::NotAllowed);
    let elsewhere = NewTraining { office: Some(OFFICE_A.parse().expect("number")), ..training(&world, alone.id) };
    let refused = world.store.record_training(TERMINAL, elsewhere).await.expect("asked");
    assert_eq!(refused, TrainingRecorded::NotHere);
    let recorded = world.store.record_training(TERMINAL, training(&world, alone.id)).await.expect("asked");
    assert!(matches!(recorded, TrainingRecorded::Done(_)), "{recorded:?}");
    assert!(world.comes_back(&alone).await.may(Deed::RegisterOffices));
    assert_eq!(world.entries_with(&["register.training", "operator-cli:op-1", "op-2"]).await.len(), 1);
}

#[tokio::test]
async fn r12_6_an_office_asks_for_training_only_where_it_says_so() {
    let Office { world, chief, deputy } = office().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    world.later(DAY * 60);
    let person = world.signs_in(&staff).await;
    assert!(person.trained == Trained::Unasked && person.may(Deed::SendSets));
    assert_eq!(world.store.set_training_rule(&person, true).await.expect("asked"), TrainingRuleSet::NotAllowed);

    assert_eq!(world.store.set_training_rule(&chief, true).await.expect("asked"), TrainingRuleSet::Done);
    // Asked for from now on, so a month is left to everybody.
    let person = world.signs_in(&staff).await;
    assert!(matches!(person.trained, Trained::Grace { .. }) && person.may(Deed::SendSets));
    let recorded = world.store.record_training(&deputy, training(&world, chief.account_id)).await.expect("asked");
    assert!(matches!(recorded, TrainingRecorded::Done(_)), "{recorded:?}");
    world.later(DAY * 31);
    let person = world.signs_in(&staff).await;
    assert!(person.trained == Trained::Lapsed && !person.may(Deed::SendSets) && person.may(Deed::OwnAccount));

    // With one administrator left, nobody could record theirs.
    let alone = world.staff("alone", Role::OfficeAdministrator, OFFICE_B).await;
    let alone = world.signs_in(&alone).await;
    assert_eq!(world.store.set_training_rule(&alone, true).await.expect("asked"), TrainingRuleSet::TooFew);
    // What is recorded at one office says nothing at another.
    let (people, asked) = world.store.trained_people(&alone).await.expect("listed");
    assert!(!asked && people.len() == 1 && people[0].latest.is_none());
}

#[tokio::test]
async fn r12_6_training_is_not_recorded_ahead_nor_for_longer_than_the_rule() {
    let Office { world, chief, deputy } = office().await;
    let record = async |new| world.store.record_training(&chief, new).await.expect("asked");
    let whole = training(&world, deputy.account_id);
    let tomorrow = world.today().tomorrow().expect("a day");
    let years = world.today().saturating_add(jiff::Span::new().days(366));
    for bad in [
        NewTraining { held_on: tomorrow, ..whole.clone() },
        NewTraining { valid_until: Some(years), ..whole.clone() },
        NewTraining { valid_until: Some(world.today().yesterday().expect("a day")), ..whole.clone() },
    ] {
        assert_eq!(record(bad).await, TrainingRecorded::BadDates);
    }
    assert_eq!(record(NewTraining { evidence: String::new(), ..whole.clone() }).await, TrainingRecorded::Unfit);
    let stranger = world.staff("stranger", Role::OfficeStaff, OFFICE_B).await;
    assert_eq!(record(NewTraining { account: stranger.id, ..whole.clone() }).await, TrainingRecorded::NotHere);
    assert!(matches!(record(whole).await, TrainingRecorded::Done(_)));
    let (people, _) = world.store.trained_people(&chief).await.expect("listed");
    let row = people.iter().find(|row| row.account_id == deputy.account_id).expect("listed");
    assert_eq!(row.until, Some(world.today().saturating_add(jiff::Span::new().days(365))));
    assert_eq!(row.latest.as_ref().expect("recorded").1.reveal(), "個人情報の安全管理");
}
