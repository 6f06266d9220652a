//! 様式: a person opens a set and sees the forms; who may, what is recorded, and what is compared (R1.6, R10.1, R10.2, R12.1).

use crate::browser::Browser;
use crate::samples::{care_plan_of, file, large, renumbered, request, schedule};
use crate::vault;
use crate::world::{Offices, World, shared_world};
use identity::role::Role;
use ledger::{Action, Actor, Entry};
use sqlx::Connection as _;
use standard::UnitKind;
use standard::sample::{self, PersonName, SampleFile};

async fn world() -> &'static World {
    shared_world!()
}

const NAME: &str = "架空　とどけ";

fn plan(offices: &Offices, second: u32) -> Vec<SampleFile> {
    let name = PersonName { kanji: NAME.to_owned(), kana: "カクウ　トドケ".to_owned() };
    care_plan_of(&offices.sender, &offices.receiver, second, &[name])
}

async fn staff(offices: &Offices) -> (Browser, Browser) {
    let exchange = &world().await.exchange;
    let sender = exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    let receiver = exchange.member(&offices.receiver, Role::OfficeStaff).await.signs_in(&offices.receiver).await;
    (sender, receiver)
}

/// What was done with a set, and whether by a person, in order.
async fn deeds(id: &str) -> Vec<(Action, bool)> {
    let entries = vault::ledger(&world().await.exchange.data()).await;
    let about = |entry: &&Entry| entry.fields().object.as_ref().is_some_and(|object| object.as_str() == id);
    let deed = |entry: &Entry| {
        let fields = entry.fields();
        (fields.action, matches!(fields.actor, Actor::Person(_)) && fields.login.is_some())
    };
    let deeds = entries.iter().filter(about).map(deed);
    // The showing of the page around it is recorded too, by whoever shows pages.
    deeds.filter(|(action, _)| action.id().starts_with("set.")).collect()
}

#[tokio::test]
async fn r10_2_both_offices_read_a_set_as_forms_and_each_reading_is_recorded() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let path = format!("/sets/{id}");
    for (browser, list) in [(&sender, "/sent"), (&receiver, "/")] {
        let front = browser.get(list).await.done().text();
        assert!(front.contains(&format!("href=\"{path}\"")), "the list leads to it");
        let page = browser.get(&path).await.done().text();
        for shown in
            [NAME, "居宅サービス計画書（１）", "居宅サービス計画書（２）", "週間サービス計画表", "利用者補足情報"]
        {
            assert!(page.contains(shown), "{shown}");
        }
        let head = page.split("</head>").next().unwrap();
        assert!(!head.contains(NAME) && !head.contains("とどけ"), "no name in a title");
        assert!(page.len() < 100_000, "{} bytes", page.len());
    }
    receiver.get(&format!("{path}?print")).await.done();
    receiver.get(&format!("{path}?changes")).await.done();
    assert_eq!(offices.receiver.state(&id).await, "collected");
    let person = true;
    let expected = [
        (Action::SetAccept, false),
        (Action::SetView, person),
        (Action::SetCollect, person),
        (Action::SetPrint, person),
        (Action::SetView, person),
    ];
    assert_eq!(deeds(&id).await, expected);
}

#[tokio::test]
async fn r1_6_a_set_of_others_does_not_exist() {
    let world = world().await;
    let offices = world.offices().await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let stranger = world.exchange.member(&offices.stranger, Role::OfficeStaff).await.signs_in(&offices.stranger).await;
    for path in [format!("/sets/{id}"), format!("/sets/{id}?print"), format!("/sets/{id}/pictures/0001")] {
        stranger.get(&path).await.problem_page(404, "H01");
    }
    stranger.get("/sets/1").await.problem_page(404, "H01");
    assert_eq!(deeds(&id).await, [(Action::SetAccept, false)]);
    assert_eq!(Browser::on(&offices.receiver).get(&format!("/sets/{id}")).await.status, 303, "to sign in");
}

#[tokio::test]
async fn r12_1_who_may_only_read_does_not_collect() {
    let world = world().await;
    let offices = world.offices().await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let path = format!("/sets/{id}");
    let viewer = world.exchange.member(&offices.receiver, Role::OfficeViewer).await.signs_in(&offices.receiver).await;
    viewer.get(&path).await.problem_page(403, "H50");
    assert_eq!(offices.receiver.state(&id).await, "waiting");
    offices.receiver.fetches(&id).await.done();
    assert!(viewer.get(&path).await.done().text().contains(NAME));
    // What was sent is the office's own.
    let viewer = world.exchange.member(&offices.sender, Role::OfficeViewer).await.signs_in(&offices.sender).await;
    viewer.get(&path).await.done();
}

#[tokio::test]
async fn a_set_that_was_taken_back_is_not_shown() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    offices.sender.withdraws(&id).await.done();
    for browser in [&sender, &receiver] {
        let front = browser.get("/").await.done().text();
        assert!(!front.contains(&format!("href=\"/sets/{id}\"")));
        browser.get(&format!("/sets/{id}")).await.problem_page(410, "X13");
    }
}

/// Another text in one cell of 第1表.
fn with_another_sentence(set: &[SampleFile]) -> Vec<SampleFile> {
    let mut set = set.to_vec();
    let sheet = file(&mut set, "UP1KYO");
    let (text, _, _) = encoding_rs::SHIFT_JIS.decode(&sheet.bytes);
    assert!(text.contains('。'));
    let changed = text.replacen('。', "。あらたな一文。", 1);
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(&changed);
    sheet.bytes = bytes.into_owned();
    set
}

#[tokio::test]
async fn what_changed_since_the_version_before_is_marked_and_both_openings_are_recorded() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let first = plan(&offices, 1);
    let old = offices.sender.sends(&first).await.accepted();
    let new = offices.sender.sends(&renumbered(&with_another_sentence(&first), 2)).await.accepted();
    let plain = receiver.get(&format!("/sets/{new}")).await.done().text();
    assert!(plain.contains(&format!("/sets/{new}?changes")) && !plain.contains("<ins>"));
    assert_eq!(deeds(&old).await, [(Action::SetAccept, false)], "nothing is opened for being there");
    let marked = receiver.get(&format!("/sets/{new}?changes")).await.done().text();
    assert!(marked.contains("<ins>あらたな一文。</ins>"), "{marked}");
    assert!(marked.contains("1人を前の版と比べ、1人に変更がありました。"));
    assert_eq!(deeds(&old).await.last(), Some(&(Action::SetCollect, true)));
    // The old one says that it is not the newest, and has nothing before it.
    let page = receiver.get(&format!("/sets/{old}?changes")).await.done().text();
    assert!(page.contains(&format!("href=\"/sets/{new}\"")) && page.contains("比べられる前の版がない"));
    assert!(!page.contains("<ins>"));
}

#[tokio::test]
async fn after_a_withdrawal_there_is_no_version_before() {
    let offices = world().await.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let withdrawal = request(UnitKind::ScheduleDelete, &offices.sender, &offices.receiver, 2);
    let withdrawal = sample::make(UnitKind::ScheduleDelete, &withdrawal);
    let notice = offices.sender.sends(&withdrawal).await.accepted();
    let again = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 3)).await.accepted();
    let page = sender.get(&format!("/sets/{again}?changes")).await.done().text();
    assert!(page.contains("比べられる前の版がない"), "{page}");
    let page = sender.get(&format!("/sets/{notice}")).await.done().text();
    assert!(page.contains("取り下げ") && page.contains("令和8年4月"), "what is withdrawn is told plainly");
}

#[tokio::test]
async fn the_picture_of_the_family_is_shown_from_a_door_of_its_own() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let set = large(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    let page = receiver.get(&format!("/sets/{id}")).await.done().text();
    let at = page.split("<img src=\"").nth(1).expect("a picture").split('"').next().unwrap();
    let picture = sender.get(at).await.done();
    assert_eq!(picture.headers["content-type"], "image/jpeg");
    let sent = set.iter().find(|file| !file.name.ends_with(".CSV")).unwrap();
    assert_eq!(picture.body, sent.bytes, "the same bytes");
    receiver.get(&format!("/sets/{id}/pictures/0999")).await.problem_page(404, "H01");
}

#[tokio::test]
async fn r6_3_a_damaged_set_shows_nothing_of_itself() {
    let world = world().await;
    let offices = world.offices().await;
    let (_, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let spoil = "UPDATE transmission_file SET body = x'00' WHERE transmission_id = $1";
    assert!(vault::execute(&world.exchange.data(), spoil, &id).await > 0);
    let answer = receiver.get(&format!("/sets/{id}")).await;
    answer.problem_page(500, "H09");
    assert!(!answer.text().contains("とどけ"));
}

#[tokio::test]
async fn r10_2_without_a_record_nothing_is_shown() {
    let world = World::new().await;
    let offices = world.offices().await;
    let receiver = world.exchange.member(&offices.receiver, Role::OfficeStaff).await.signs_in(&offices.receiver).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let mut database = vault::database(&world.exchange.data()).await;
    sqlx::query("CREATE TRIGGER no_log BEFORE INSERT ON ledger BEGIN SELECT raise(ABORT, 'full'); END")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    for path in [format!("/sets/{id}"), format!("/sets/{id}?print"), format!("/sets/{id}/pictures/0001")] {
        let answer = receiver.get(&path).await;
        assert!(answer.status >= 500, "{}", answer.status);
        assert!(!answer.text().contains("とどけ"));
    }
}
