//! 本人確認台帳: losing a secret is an ordinary, recorded procedure (R8.11, R8.13, R8.2).

use crate::world::{OFFICE_A, OFFICE_B, OTHER_PASSWORD, Staff, World, code};
use fumibako_store::AccountId;
use fumibako_store::people::{
    GrantAsked, GrantDecided, NewRecovery, PasswordAnswer, PasswordSet, Person, RecoveryIssued, RecoveryOpened,
    RecoveryState, Redeemed, SecondAnswer, SecondKind, SetUpEnded,
};
use identity::Level;
use identity::recovery::{Method, Purpose, Refusal};
use identity::role::{Deed, Role};
use jiff::SignedDuration;

const EVIDENCE: &[u8] = b"%PDF-1.7 a copy of a card with a face";

struct Office {
    world: World,
    chief: Person,
    deputy: Person,
    deputy_id: AccountId,
    staff: Staff,
}

async fn office() -> Office {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let deputy = world.staff("deputy", Role::OfficeAdministrator, OFFICE_A).await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let (chief, deputy_id, deputy) = (world.signs_in(&chief).await, deputy.id, world.signs_in(&deputy).await);
    Office { world, chief, deputy, deputy_id, staff }
}

impl Office {
    fn case(&self, purpose: Purpose) -> NewRecovery {
        NewRecovery {
            account_id: self.staff.id,
            purpose,
            verified_by: Some(self.deputy_id),
            method: Some(Method::InPerson),
            evidence: EVIDENCE.to_vec(),
            pass_life: None,
        }
    }

    async fn opens(&self, case: NewRecovery) -> RecoveryOpened {
        self.world.store.open_recovery(&self.chief, case).await.expect("asked")
    }

    async fn issued(&self, purpose: Purpose) -> RecoveryIssued {
        match self.opens(self.case(purpose)).await {
            RecoveryOpened::Done(issued) => issued,
            other => panic!("{other:?}"),
        }
    }

    async fn refused(&self, case: NewRecovery, why: Refusal) {
        let opened = self.opens(case).await;
        assert!(matches!(opened, RecoveryOpened::Refused(found) if found == why), "{opened:?}");
        assert!(self.world.rows("SELECT code_index FROM one_time_code WHERE recovery_id IS NOT NULL").await.is_empty());
    }
}

#[tokio::test]
async fn r8_11_no_reset_without_verifier_method_evidence_or_another_person() {
    let office = office().await;
    let case = |change: fn(&mut NewRecovery)| {
        let mut case = office.case(Purpose::Password);
        change(&mut case);
        case
    };
    office.refused(case(|case| case.verified_by = None), Refusal::VerifierMissing).await;
    office.refused(case(|case| case.verified_by = Some(AccountId::fresh())), Refusal::VerifierMissing).await;
    office.refused(case(|case| case.method = None), Refusal::MethodMissing).await;
    office.refused(case(|case| case.evidence.clear()), Refusal::EvidenceMissing).await;
    office.refused(case(|case| case.purpose = Purpose::Invite), Refusal::NotRecovery).await;
    let mut own = office.case(Purpose::Password);
    own.verified_by = Some(office.staff.id);
    office.refused(own, Refusal::SubjectVerifies).await;
    let mut own = office.case(Purpose::Password);
    own.account_id = office.chief.account_id;
    office.refused(own, Refusal::SubjectRequests).await;
    // Staff opens none, and nobody opens one for another office's people.
    let staff = office.world.signs_in(&office.staff).await;
    let opened = office.world.store.open_recovery(&staff, office.case(Purpose::Password)).await.expect("asked");
    assert!(matches!(opened, RecoveryOpened::NotAllowed));
    let boss = office.world.staff("boss", Role::OfficeAdministrator, OFFICE_B).await;
    let boss = office.world.signs_in(&boss).await;
    let opened = office.world.store.open_recovery(&boss, office.case(Purpose::Password)).await.expect("asked");
    assert!(matches!(opened, RecoveryOpened::NotAllowed));
}

#[tokio::test]
async fn r8_11_the_person_alone_sets_the_new_password_and_keeps_the_second_factor() {
    let office = office().await;
    let (world, mut staff) = (&office.world, office.staff.clone());
    let before = world.token(&staff).await;
    let issued = office.issued(Purpose::Password).await;
    assert!(world.person(&before, &staff.desk).await.is_none());
    // The administrator holds the code, and gets nowhere with it under their own login or at another office's desk.
    let opened = world.store.redeem("chief", &issued.codes[0], &office.chief.asker).await.expect("asked");
    assert!(matches!(opened, Redeemed::Refused));
    let token = world.redeem(&staff.login, &issued.codes[0], &staff.desk).await;
    let enrolling = world.enrolling(&token, &staff.desk).await;
    // A code for a password sets no factor (R8.2).
    assert!(world.store.begin_totp((&enrolling).into()).await.expect("asked").is_none());
    assert!(world.store.make_recovery_codes((&enrolling).into()).await.expect("asked").is_none());
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Incomplete(_)));
    world.sets_password(&enrolling, OTHER_PASSWORD).await;
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Done));
    // Not signed in by it: the token is over, and the factor is asked for as always.
    assert!(world.person(&token, &staff.desk).await.is_none());
    let again = world.store.redeem(&staff.login, &issued.codes[0], &staff.desk).await.expect("asked");
    assert!(matches!(again, Redeemed::Refused), "used twice");
    staff.password = OTHER_PASSWORD.to_owned();
    world.signs_in(&staff).await;
    let register = world.store.recoveries(&office.deputy).await.expect("listed");
    assert_eq!((register.len(), register[0].state), (1, RecoveryState::Done));
    assert_eq!(register[0].evidence_digest.len(), 64);
}

#[tokio::test]
async fn r8_11_a_code_ends_after_a_day_and_with_its_case() {
    let office = office().await;
    let (world, staff) = (&office.world, &office.staff);
    let issued = office.issued(Purpose::Password).await;
    office.refused_open(Refusal::CaseOpen).await;
    world.later(SignedDuration::from_hours(24));
    let late = world.store.redeem(&staff.login, &issued.codes[0], &staff.desk).await.expect("asked");
    assert!(matches!(late, Redeemed::Refused));
    // Its time being over, the next case can be opened, and be taken back.
    let over = issued.recovery_id.to_string();
    let issued = office.issued(Purpose::Password).await;
    assert_eq!(world.entries_with(&["recovery.close", "expired", &over]).await.len(), 1, "its end is on record");
    assert!(world.store.withdraw_recovery(&office.chief, issued.recovery_id).await.expect("asked"));
    let withdrawn = world.store.redeem(&staff.login, &issued.codes[0], &staff.desk).await.expect("asked");
    assert!(matches!(withdrawn, Redeemed::Refused));
    let states: Vec<RecoveryState> =
        world.store.recoveries(&office.chief).await.expect("listed").iter().map(|row| row.state).collect();
    assert_eq!(states, [RecoveryState::Withdrawn, RecoveryState::Expired]);
}

impl Office {
    async fn refused_open(&self, why: Refusal) {
        let opened = self.opens(self.case(Purpose::Password)).await;
        assert!(matches!(opened, RecoveryOpened::Refused(found) if found == why), "{opened:?}");
    }
}

#[tokio::test]
async fn r8_11_evidence_is_sealed_and_looking_at_it_is_recorded_first() {
    let office = office().await;
    let world = &office.world;
    let mut case = office.case(Purpose::Password);
    case.evidence = (0..200_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    let evidence = case.evidence.clone();
    let RecoveryOpened::Done(issued) = office.opens(case).await else { panic!("refused") };
    let shown = world.store.evidence(&office.deputy, issued.recovery_id).await.expect("asked").expect("there");
    assert_eq!(*shown, evidence);
    assert_eq!(world.entries_with(&["recovery.view", &issued.recovery_id.to_string()]).await.len(), 1);
    let boss = world.staff("boss", Role::OfficeAdministrator, OFFICE_B).await;
    let boss = world.signs_in(&boss).await;
    assert!(world.store.evidence(&boss, issued.recovery_id).await.expect("asked").is_none());
    let mut connection = world.connection().await;
    for statement in
        ["UPDATE recovery SET verified_by = 'x'", "UPDATE recovery SET evidence_digest = 'x'", "DELETE FROM recovery"]
    {
        assert!(sqlx::query(statement).execute(&mut connection).await.is_err(), "{statement}");
    }
    let mut large = office.case(Purpose::Password);
    large.evidence = vec![0; (8 << 20) + 1];
    assert!(matches!(office.opens(large).await, RecoveryOpened::TooLarge));
}

#[tokio::test]
async fn r8_13_a_lost_factor_is_suspended_at_once_and_replaced_by_its_owner() {
    let office = office().await;
    let (world, mut staff) = (&office.world, office.staff.clone());
    let issued = office.issued(Purpose::Factor).await;
    let half = world.half(&staff).await;
    assert!(!half.ways.totp && !half.ways.recovery_codes);
    let found = code(&staff.seed, world.now());
    assert!(matches!(world.store.finish_totp(&half, &found).await.expect("asked"), SecondAnswer::Refused));
    let old = world.store.finish_recovery_code(&half, &staff.codes[0]).await.expect("asked");
    assert!(matches!(old, SecondAnswer::Refused));

    let token = world.redeem(&staff.login, &issued.codes[0], &staff.desk).await;
    let enrolling = world.enrolling(&token, &staff.desk).await;
    let set = world.store.set_password(&enrolling, OTHER_PASSWORD).await.expect("asked");
    assert!(matches!(set, PasswordSet::Over), "a code for a factor sets no password");
    staff.seed = world.adds_totp((&enrolling).into()).await;
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Done));
    world.later(SignedDuration::from_secs(30));
    let person = world.signs_in(&staff).await;
    assert_eq!(world.store.factors(&person).await.expect("listed").len(), 1);
}

#[tokio::test]
async fn r8_13_a_temporary_pass_stands_beside_the_password_for_everyday_work_until_its_end() {
    let office = office().await;
    let (world, staff) = (&office.world, &office.staff);
    let mut case = office.case(Purpose::Temporary);
    case.pass_life = Some(SignedDuration::from_hours(8));
    let RecoveryOpened::Done(issued) = office.opens(case.clone()).await else { panic!("refused") };
    assert_eq!(issued.codes.len(), 5);
    assert!(matches!(office.opens(case).await, RecoveryOpened::Refused(Refusal::CaseOpen)), "a second pass");
    // A pass sets nothing up.
    let redeemed = world.store.redeem(&staff.login, &issued.codes[0], &staff.desk).await.expect("asked");
    assert!(matches!(redeemed, Redeemed::Refused));
    let half = world.half(staff).await;
    let stale = code(&staff.seed, world.now());
    assert!(matches!(world.store.finish_totp(&half, &stale).await.expect("asked"), SecondAnswer::Refused));
    let answer = world.store.finish_pass(&half, &issued.codes[0]).await.expect("asked");
    let SecondAnswer::In { token, .. } = answer else { panic!("{answer:?}") };
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    assert_eq!((person.level, person.second), (Level::Temporary, SecondKind::Pass));
    assert!(person.may(Deed::ReadSets) && person.may(Deed::SendSets));
    assert!(!person.may(Deed::OwnAccount));
    assert!(world.store.begin_totp((&person).into()).await.expect("asked").is_none(), "changes nothing of its own");
    let half = world.half(staff).await;
    assert!(matches!(world.store.finish_pass(&half, &issued.codes[0]).await.expect("asked"), SecondAnswer::Refused));
    for _ in 0..48 {
        world.later(SignedDuration::from_mins(10));
        world.person(&token, &staff.desk).await;
    }
    assert!(world.person(&token, &staff.desk).await.is_none(), "its end is the session's end");
    let half = world.half(staff).await;
    assert!(matches!(world.store.finish_pass(&half, &issued.codes[1]).await.expect("asked"), SecondAnswer::Refused));
    assert_eq!(world.store.keep_up().await.expect("kept up").recoveries, 1);
    // It appears in the list that is reviewed.
    let chief = &office.chief;
    assert_eq!(world.store.recoveries(chief).await.expect("listed")[0].state, RecoveryState::Expired);
}

#[tokio::test]
async fn r8_13_a_recovery_code_is_something_one_has_and_counts_once() {
    let office = office().await;
    let (world, staff) = (&office.world, &office.staff);
    let half = world.half(staff).await;
    let spoken = staff.codes[3].to_lowercase().replace('-', " ");
    let answer = world.store.finish_recovery_code(&half, &spoken).await.expect("asked");
    let SecondAnswer::In { token, .. } = answer else { panic!("{answer:?}") };
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    assert_eq!(person.second, SecondKind::RecoveryCode);
    let half = world.half(staff).await;
    for code in [&staff.codes[3], "0000-0000-0000-0000", "", "🦀"] {
        let refused = world.store.finish_recovery_code(&half, code).await.expect("asked");
        assert!(matches!(refused, SecondAnswer::Refused));
    }
    // New ones end the old ones.
    let fresh = world.store.make_recovery_codes((&person).into()).await.expect("asked").expect("allowed");
    assert_eq!(fresh.len(), 10);
    let half = world.half(staff).await;
    let old = world.store.finish_recovery_code(&half, &staff.codes[4]).await.expect("asked");
    assert!(matches!(old, SecondAnswer::Refused));
}

#[tokio::test]
async fn r8_9_an_identity_check_opens_what_fifty_wrong_tries_locked() {
    let office = office().await;
    let (world, staff) = (&office.world, office.staff.clone());
    let mut locked = false;
    for _ in 0..200 {
        match world.store.begin(&staff.login, OTHER_PASSWORD, &staff.desk).await.expect("asked") {
            PasswordAnswer::Locked => {
                locked = true;
                break;
            }
            PasswordAnswer::Wait(until) => world.later(until.duration_since(world.now())),
            _ => {}
        }
    }
    assert!(locked);
    let chief = office.world.staff("third", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = office.world.signs_in(&chief).await;
    let opened = world.store.open_recovery(&chief, office.case(Purpose::Password)).await.expect("asked");
    assert!(matches!(opened, RecoveryOpened::Done(_)), "{opened:?}");
    let mut staff = staff;
    let RecoveryOpened::Done(issued) = opened else { panic!("refused") };
    let token = world.redeem(&staff.login, &issued.codes[0], &staff.desk).await;
    let enrolling = world.enrolling(&token, &staff.desk).await;
    world.sets_password(&enrolling, OTHER_PASSWORD).await;
    assert!(matches!(world.store.complete(&enrolling).await.expect("asked"), SetUpEnded::Done));
    staff.password = OTHER_PASSWORD.to_owned();
    world.signs_in(&staff).await;
}

#[tokio::test]
async fn r8_11_new_secrets_for_the_operators_people_take_a_fourth_hand() {
    let world = World::new().await;
    let (_, chief) = world.operator("chief", Role::OperatorAdministrator).await;
    let (deputy_staff, deputy) = world.operator("deputy", Role::OperatorAdministrator).await;
    let (third_staff, third) = world.operator("third", Role::OperatorAdministrator).await;
    let (subject, _) = world.operator("hanako", Role::Maintenance).await;
    let case = NewRecovery {
        account_id: subject.id,
        purpose: Purpose::Both,
        verified_by: Some(deputy_staff.id),
        method: Some(Method::CallBack),
        evidence: EVIDENCE.to_vec(),
        pass_life: None,
    };
    let opened = world.store.open_recovery(&chief, case).await.expect("asked");
    let RecoveryOpened::AwaitsApproval(id) = opened else { panic!("{opened:?}") };
    assert!(world.rows("SELECT code_index FROM one_time_code WHERE recovery_id IS NOT NULL").await.is_empty());
    assert_ne!(third_staff.id, deputy_staff.id);
    for involved in [&chief, &deputy] {
        let refused = world.store.approve_recovery(involved, id).await.expect("asked");
        assert!(matches!(refused, RecoveryOpened::Refused(Refusal::ApproverNotAnother)), "{refused:?}");
    }
    let approved = world.store.approve_recovery(&third, id).await.expect("asked");
    let RecoveryOpened::Done(issued) = approved else { panic!("{approved:?}") };
    assert!(matches!(world.store.approve_recovery(&third, id).await.expect("asked"), RecoveryOpened::NotAllowed));
    world.redeem(&subject.login, &issued.codes[0], &subject.desk).await;
}

/// Whoever gives rights to others must not fall to one person's word; where an office has no fourth hand the operator is one.
#[tokio::test]
async fn r8_11_new_secrets_for_an_administrator_take_another_hand_the_operators_at_need() {
    let office = office().await;
    let world = &office.world;
    let case =
        NewRecovery { account_id: office.deputy_id, verified_by: Some(office.staff.id), ..office.case(Purpose::Both) };
    let RecoveryOpened::AwaitsApproval(id) = office.opens(case).await else { panic!("issued") };
    assert!(world.rows("SELECT code_index FROM one_time_code WHERE recovery_id IS NOT NULL").await.is_empty());
    let refused = world.store.approve_recovery(&office.chief, id).await.expect("asked");
    assert!(matches!(refused, RecoveryOpened::Refused(Refusal::ApproverNotAnother)), "{refused:?}");
    let boss = world.staff("boss", Role::OfficeAdministrator, OFFICE_B).await;
    let boss = world.signs_in(&boss).await;
    let elsewhere = world.store.approve_recovery(&boss, id).await.expect("asked");
    assert!(matches!(elsewhere, RecoveryOpened::NotAllowed), "{elsewhere:?}");
    assert!(world.store.evidence(&boss, id).await.expect("asked").is_none());
    let (_, operator) = world.operator("operator", Role::OperatorAdministrator).await;
    assert_eq!(world.store.recoveries(&operator).await.expect("listed").len(), 1);
    assert!(world.store.evidence(&operator, id).await.expect("asked").is_some());
    let approved = world.store.approve_recovery(&operator, id).await.expect("asked");
    assert!(matches!(approved, RecoveryOpened::Done(_)), "{approved:?}");
    assert!(world.store.recoveries(&operator).await.expect("listed").is_empty(), "no more of its business");
    assert!(world.store.evidence(&operator, id).await.expect("asked").is_none());
}

/// R12.2: an application for somebody of another office gives no hold on them.
#[tokio::test]
async fn r12_2_whoever_only_applied_for_a_right_of_anothers_person_changes_nothing_of_them() {
    let office = office().await;
    let world = &office.world;
    let staff = [("boss", Role::OfficeAdministrator), ("vice", Role::OfficeAdministrator)];
    let mut bosses = Vec::new();
    for (login, role) in staff {
        let made = world.staff(login, role, OFFICE_B).await;
        bosses.push((made.id, world.signs_in(&made).await));
    }
    let [(boss_id, boss), (_, vice)] = &bosses[..] else { panic!("two") };
    let hanako = office.staff.id;
    let token = world.token(&office.staff).await;
    let asked = world.store.request_grant(boss, "hanako", Role::OfficeViewer, None).await.expect("asked");
    let GrantAsked::Done(grant) = asked else { panic!("{asked:?}") };
    let touches = async || {
        let case = NewRecovery { verified_by: Some(*boss_id), ..office.case(Purpose::Both) };
        let opened = world.store.open_recovery(boss, case).await.expect("asked");
        assert!(matches!(opened, RecoveryOpened::NotAllowed), "{opened:?}");
        assert!(!world.store.suspend_account(boss, hanako).await.expect("asked"));
        assert!(!world.store.rename_account(boss, hanako, "架空 花子", "カクウ ハナコ").await.expect("asked"));
        assert!(!world.store.resume_account(boss, hanako).await.expect("asked"));
        assert!(world.store.invite_again(boss, hanako).await.expect("asked").is_none());
    };
    touches().await;
    assert!(!world.store.close_account(boss, hanako).await.expect("asked"));
    assert!(world.store.end_sessions(boss, hanako).await.expect("asked").is_none());
    assert!(world.person(&token, &office.staff.desk).await.is_some(), "she works on");
    // Nor where she has a right, too: she is at home at the office that gave her the first.
    assert_eq!(world.store.confirm_grant(vice, grant).await.expect("asked"), GrantDecided::Done);
    touches().await;
    assert!(world.store.suspend_account(&office.chief, hanako).await.expect("asked"));
    assert!(world.store.resume_account(&office.chief, hanako).await.expect("asked"));
}
