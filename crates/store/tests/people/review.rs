//! ログ点検: prepared by itself, judged by somebody whom it is not about, closed only when all is judged (R10.8, R12.5).

use crate::log::everything;
use crate::world::{OFFICE_A, OFFICE_B, Staff, World};
use fumibako_store::log::{Judged, ReviewClosed, ReviewFinding, ReviewPage, ReviewRow, Verdict};
use fumibako_store::people::Person;
use identity::role::Role;
use jiff::SignedDuration;
use ledger::review::Pattern;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An exchange at the end of a month in which two auditors looked around and a clerk mistyped.
struct Month {
    world: World,
    auditors: [Staff; 2],
    chief: Staff,
}

impl Month {
    async fn over() -> Self {
        let world = World::new().await;
        let mut auditors = Vec::new();
        for login in ["kansa-1", "kansa-2"] {
            let desk = world.operator_desk().await;
            auditors.push(world.staff_at(login, Role::Auditor, None, desk).await);
        }
        let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
        let clerk = world.staff("clerk", Role::OfficeStaff, OFFICE_A).await;
        for _ in 0..6 {
            let _ = world.store.begin("clerk", "まちがい-1234-Abcd", &clerk.desk).await.expect("asked");
            world.later(SignedDuration::from_mins(6));
        }
        let first = world.signs_in(&auditors[0]).await;
        world.store.read_log(&first, &everything(&world), None).await.expect("read").expect("allowed");
        world.later(DAY * 31);
        for auditor in &auditors {
            world.trains(auditor.id).await;
        }
        let auditors = auditors.try_into().unwrap_or_else(|_| panic!("two"));
        let month = Self { world, auditors, chief };
        assert!(month.world.store.keep_up().await.expect("kept up").reviews >= 2, "whole log and office");
        assert_eq!(month.world.store.keep_up().await.expect("kept up").reviews, 0, "once");
        month
    }

    async fn auditor(&self, number: usize) -> Person {
        self.world.signs_in(&self.auditors[number]).await
    }

    async fn only(&self, by: &Person) -> ReviewRow {
        let mut reviews = self.world.store.reviews(by).await.expect("listed");
        assert_eq!(reviews.len(), 1);
        reviews.remove(0)
    }

    async fn page(&self, by: &Person) -> ReviewPage {
        let id = self.only(by).await.id;
        self.world.store.review(by, id, 0).await.expect("read").expect("there")
    }

    async fn judges(&self, by: &Person, page: &ReviewPage, finding: &ReviewFinding) -> Judged {
        let store = &self.world.store;
        store.judge_finding(by, page.review.id, finding.id, Verdict::Sound, "本人に確かめた").await.expect("asked")
    }
}

fn of(page: &ReviewPage, pattern: Pattern) -> &ReviewFinding {
    page.findings.iter().find(|finding| finding.pattern == pattern).expect("found")
}

#[tokio::test]
async fn r10_8_a_month_that_is_over_is_prepared_with_its_findings() {
    let month = Month::over().await;
    let auditor = month.auditor(0).await;
    let page = month.page(&auditor).await;
    assert_eq!((page.review.month.as_str(), page.review.closed_at.is_none()), ("2027-04", true));
    assert_eq!(page.review.unlisted, 0);
    let failed = of(&page, Pattern::FailedSignIns);
    assert_eq!(failed.name.as_ref().map(|name| name.reveal().as_str()), Some("見本 clerk"));
    assert_eq!(failed.office_number.as_deref(), Some(OFFICE_A));
    assert!(of(&page, Pattern::CommandLine).subject.starts_with("operator-cli"));
    assert_eq!(of(&page, Pattern::LogRead).name.as_ref().map(|name| name.reveal().as_str()), Some("見本 kansa-1"));
    assert!(of(&page, Pattern::Clock).entries > 0, "nobody had asked this clock");
    // The next month has its own, and the reading of this one is in it.
    month.world.later(DAY * 31);
    assert!(month.world.store.keep_up().await.expect("kept up").reviews >= 1);
    let auditor = month.auditor(1).await;
    let months: Vec<_> =
        month.world.store.reviews(&auditor).await.expect("listed").into_iter().map(|row| row.month).collect();
    assert_eq!(months, ["2027-05", "2027-04"]);
}

#[tokio::test]
async fn r10_8_nobody_judges_what_is_about_themselves() {
    let month = Month::over().await;
    let (first, second) = (month.auditor(0).await, month.auditor(1).await);
    let page = month.page(&first).await;
    let own = of(&page, Pattern::LogRead);
    assert!(own.own);
    // The other is that they became an auditor.
    assert_eq!((page.waiting_own, of(&page, Pattern::OperatorRole).own), (2, true));
    assert_eq!(month.judges(&first, &page, own).await, Judged::Own);
    let refused =
        month.world.entries_with(&["\"action\":\"review.judge\"", "\"outcome\":\"refused\"", "\"own\""]).await;
    assert_eq!(refused.len(), 1);
    // Not around the program either.
    let mut connection = month.world.connection().await;
    let around = "UPDATE review_finding SET verdict = 'sound', note_sealed = $1, judged_by = account_id,
                         judged_at = '2027-05-02T00:00:00.000Z' WHERE account_id IS NOT NULL";
    assert!(sqlx::query(around).bind(vec![0_u8]).execute(&mut connection).await.is_err());
    // With a single auditor it would stay open; the other one can.
    assert!(!of(&month.page(&second).await, Pattern::LogRead).own);
    assert_eq!(month.judges(&second, &page, own).await, Judged::Done);
    assert_eq!(month.page(&first).await.waiting_own, 1);
}

#[tokio::test]
async fn r10_8_a_review_closes_only_when_each_finding_is_judged_with_a_note() {
    let month = Month::over().await;
    let store = &month.world.store;
    let (first, second) = (month.auditor(0).await, month.auditor(1).await);
    let page = month.page(&second).await;
    let waiting = page.findings.len() as u64;
    assert_eq!(store.close_review(&second, page.review.id).await.expect("asked"), ReviewClosed::Waiting(waiting));
    let finding = of(&page, Pattern::FailedSignIns);
    let judge = |verdict, note: &'static str| store.judge_finding(&second, page.review.id, finding.id, verdict, note);
    assert_eq!(judge(Verdict::Sound, " ").await.expect("asked"), Judged::NoNote);
    assert_eq!(judge(Verdict::Incident, "別の人が試していた").await.expect("asked"), Judged::Done);
    assert!(!month.world.dump().await.contains("別の人が試していた"), "notes are sealed");
    for finding in &page.findings {
        if finding.pattern != Pattern::FailedSignIns {
            let by = if finding.own { &first } else { &second };
            assert_eq!(month.judges(by, &page, finding).await, Judged::Done);
        }
    }
    assert_eq!(store.close_review(&first, page.review.id).await.expect("asked"), ReviewClosed::Done);
    assert_eq!(store.close_review(&first, page.review.id).await.expect("asked"), ReviewClosed::Already);
    assert_eq!(month.judges(&second, &page, finding).await, Judged::Closed);
    let closed = month.page(&first).await;
    assert_eq!(closed.review.closed_by.map(|name| name.into_revealed()).as_deref(), Some("見本 kansa-1"));
    let judged = of(&month.page(&first).await, Pattern::FailedSignIns).clone();
    assert_eq!(judged.verdict, Some(Verdict::Incident));
    assert_eq!(judged.note.map(|note| note.into_revealed()).as_deref(), Some("別の人が試していた"));
    assert_eq!(judged.judged_by.map(|name| name.into_revealed()).as_deref(), Some("見本 kansa-2"));
    // What a closed review says is never changed.
    let mut connection = month.world.connection().await;
    for sql in [
        "UPDATE review_finding SET verdict = 'sound'",
        "UPDATE review SET closed_at = NULL, closed_by = NULL WHERE office_id IS NULL",
        "DELETE FROM review",
        "DELETE FROM review_finding",
    ] {
        let closed_only = sqlx::query(sql).execute(&mut connection).await;
        assert!(closed_only.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn r10_8_an_overdue_review_stands_on_the_pages_of_who_must_see_to_it() {
    let month = Month::over().await;
    let overdue = async |by: &Person| month.world.store.alarms(by).await.expect("asked").expect("told").overdue;
    let auditor = month.auditor(0).await;
    assert_eq!(overdue(&auditor).await, 0);
    assert!(!month.only(&auditor).await.overdue);
    month.world.later(DAY * 15);
    let auditor = month.auditor(0).await;
    assert_eq!(overdue(&auditor).await, 1);
    assert!(month.only(&auditor).await.overdue);
    let (_, operator) = month.world.operator("kanri", Role::OperatorAdministrator).await;
    assert_eq!(overdue(&operator).await, 1, "the administrator is told");
    assert!(month.world.store.reviews(&operator).await.expect("asked").is_empty(), "and judges nothing");
    let chief = month.world.signs_in(&month.chief).await;
    assert_eq!(overdue(&chief).await, 1, "of the office's own");
    let clerk = month.world.staff("new", Role::OfficeStaff, OFFICE_A).await;
    let clerk = month.world.signs_in(&clerk).await;
    assert!(month.world.store.alarms(&clerk).await.expect("asked").is_none());
    // An unknown clock is the operator's to mend.
    let alarms = month.world.store.alarms(&auditor).await.expect("asked").expect("told");
    assert_eq!(alarms.clock, Some(ledger::ClockState::Unknown));
    assert_eq!(month.world.store.alarms(&chief).await.expect("asked").expect("told").clock, None);
}

#[tokio::test]
async fn r10_8_an_office_reviews_its_own_and_nobody_elses() {
    let month = Month::over().await;
    let store = &month.world.store;
    let chief = month.world.signs_in(&month.chief).await;
    let page = month.page(&chief).await;
    assert!(page.findings.iter().all(|finding| finding.office_number.as_deref() == Some(OFFICE_A)));
    assert_eq!(month.judges(&chief, &page, of(&page, Pattern::FailedSignIns)).await, Judged::Done);

    let auditor = month.auditor(0).await;
    let whole = month.page(&auditor).await;
    assert!(store.review(&chief, whole.review.id, 0).await.expect("asked").is_none());
    assert_eq!(month.judges(&chief, &whole, &whole.findings[0]).await, Judged::NotFound);
    assert_eq!(store.close_review(&chief, whole.review.id).await.expect("asked"), ReviewClosed::NotFound);
    // A finding is judged in its own review only.
    assert_eq!(month.judges(&auditor, &whole, &page.findings[0]).await, Judged::NotFound);
    let other = month.world.staff("other", Role::OfficeAdministrator, OFFICE_B).await;
    let other = month.world.signs_in(&other).await;
    assert!(store.review(&other, page.review.id, 0).await.expect("asked").is_none());
}

#[tokio::test]
async fn r10_8_a_review_in_between_is_made_once_a_day_and_does_not_stand_for_the_month() {
    let month = Month::over().await;
    let store = &month.world.store;
    let (auditor, chief) = (month.auditor(0).await, month.world.signs_in(&month.chief).await);
    for by in [&auditor, &chief] {
        assert!(store.open_review_now(by).await.expect("asked"));
        assert!(!store.open_review_now(by).await.expect("asked"), "once");
        let months: Vec<_> = store.reviews(by).await.expect("listed").into_iter().map(|row| row.month).collect();
        assert_eq!(months, ["2027-05-02", "2027-04"]);
    }
    let clerk = month.world.staff("new", Role::OfficeStaff, OFFICE_A).await;
    let clerk = month.world.signs_in(&clerk).await;
    assert!(!store.open_review_now(&clerk).await.expect("asked"));
    month.world.later(DAY * 31);
    assert!(store.keep_up().await.expect("kept up").reviews >= 2, "May is reviewed as a whole");
}
