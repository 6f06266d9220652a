//! What became of a set: the receiver's answer, what is overdue, and the proof of all of it (R1.10).

use crate::answer::Answer;
use crate::commands::done;
use crate::device::Device;
use crate::people::Member;
use crate::samples::{care_plan, renumbered, reworded, schedule, serial};
use crate::server::BINARY;
use crate::vault;
use crate::world::{Offices, World, shared_world};
use http::Method;
use identity::role::Role;
use ledger::{Action, Policy, VerifyingKey};
use receipt::{Fault, Receipt, StepName};
use serde_json::{Value, json};
use std::process::Command;

async fn world() -> &'static World {
    shared_world!()
}

/// A set that its receiver has safe.
async fn acknowledged() -> (Offices, String) {
    let offices = world().await.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    offices.receiver.fetches(&id).await.done();
    offices.receiver.acknowledges(&id).await.done();
    (offices, id)
}

impl Device {
    async fn answers(&self, id: &str, report: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("/api/v1/transmissions/{id}/import")).json(report);
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn receipt(&self, id: &str) -> Receipt {
        let answer = self.get(&format!("/api/v1/transmissions/{id}/receipt")).await.done();
        assert_eq!(answer.headers["content-disposition"], format!("attachment; filename=\"receipt-{id}.json\""));
        Receipt::parse(&answer.body).unwrap()
    }

    async fn log_key(&self) -> String {
        self.get("/api/v1/log-key").await.done().json()["key"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn policy(&self) -> Policy {
        Policy::new(self.log_key().await.parse::<VerifyingKey>().unwrap()).unwrap()
    }
}

fn partly() -> Value {
    let place = json!({ "file": 1, "record": 2, "column": 5, "reason": "person-unknown" });
    json!({ "outcome": "partly", "places": [place], "note": "登録してから取り込み直します。" })
}

#[tokio::test]
async fn r1_10_the_receiver_says_how_the_import_went_and_both_see_it() {
    let (offices, id) = acknowledged().await;
    let answered = offices.receiver.answers(&id, &partly()).await.done().json();
    assert_eq!(answered["state"], "partly");
    assert!(answered["answered_at"].is_string());
    assert_eq!(offices.receiver.answers(&id, &partly()).await.done().json(), answered, "again changes nothing");
    let seen = offices.sender.describes(&id).await.json();
    assert_eq!((&seen["state"], &seen["answered_at"]), (&answered["state"], &answered["answered_at"]));
    assert_eq!(offices.receiver.acknowledges(&id).await.done().json()["state"], "partly", "nothing goes back");
    offices.sender.withdraws(&id).await.problem(409, "X12");
    offices.receiver.fetches(&id).await.done();
    assert_eq!(offices.sender.state(&id).await, "partly");
}

#[tokio::test]
async fn r1_10_another_answer_is_refused_and_changes_nothing() {
    let (offices, id) = acknowledged().await;
    let answered = offices.receiver.answers(&id, &partly()).await.done().json();
    let mut other_place = partly();
    other_place["places"][0]["record"] = json!(3);
    let mut other_note = partly();
    other_note["note"] = json!("別の言葉");
    for other in [json!({ "outcome": "imported" }), json!({ "outcome": "rejected" }), other_place, other_note] {
        offices.receiver.answers(&id, &other).await.problem(409, "X17");
    }
    let seen = offices.receiver.describes(&id).await.json();
    assert_eq!((&seen["state"], &seen["answered_at"]), (&answered["state"], &answered["answered_at"]));
}

#[tokio::test]
async fn r1_10_an_answer_out_of_order_is_refused() {
    let offices = world().await.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let imported = json!({ "outcome": "imported" });
    offices.receiver.answers(&id, &imported).await.problem(409, "X16");
    offices.receiver.fetches(&id).await.done();
    offices.receiver.answers(&id, &imported).await.problem(409, "X16");
    assert_eq!(offices.sender.state(&id).await, "collected");
    offices.receiver.acknowledges(&id).await.done();
    // Only its receiver may; to a stranger it does not exist.
    offices.sender.answers(&id, &imported).await.problem(404, "H01");
    offices.stranger.answers(&id, &imported).await.problem(404, "H01");
    assert_eq!(offices.sender.state(&id).await, "acknowledged");
    assert_eq!(offices.receiver.answers(&id, &imported).await.done().json()["state"], "imported");
    let withdrawn = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 2)).await.accepted();
    offices.sender.withdraws(&withdrawn).await.done();
    offices.receiver.answers(&withdrawn, &imported).await.problem(410, "X13");
}

#[tokio::test]
async fn r1_10_an_answer_that_is_none_is_refused_and_leaves_no_trace() {
    let (offices, id) = acknowledged().await;
    let place = json!({ "file": 1, "reason": "value" });
    for unreadable in [
        json!({}),
        json!([]),
        json!({ "outcome": "lost" }),
        json!({ "outcome": "partly", "places": [{ "file": 1, "reason": "山田" }] }),
        json!({ "outcome": "partly", "places": [{ "file": 1, "reason": "value", "value": "山田" }] }),
        json!({ "outcome": "partly", "places": [{ "file": -1, "reason": "value" }] }),
        json!({ "outcome": "partly", "note": "x".repeat(70_000) }),
    ] {
        offices.receiver.answers(&id, &unreadable).await.problem(400, "H06");
    }
    for unfit in [
        json!({ "outcome": "imported", "places": [place] }),
        json!({ "outcome": "partly", "places": [{ "file": 99, "reason": "value" }] }),
        json!({ "outcome": "partly", "places": [{ "file": 0, "reason": "value" }] }),
        json!({ "outcome": "partly", "places": [{ "file": 1, "column": 3, "reason": "value" }] }),
        json!({ "outcome": "partly", "places": vec![place.clone(); 201] }),
        json!({ "outcome": "partly", "note": "字".repeat(501) }),
        json!({ "outcome": "partly", "note": "\u{1b}[31m" }),
    ] {
        offices.receiver.answers(&id, &unfit).await.problem(422, "H40");
    }
    assert_eq!(offices.receiver.state(&id).await, "acknowledged");
    let entries = vault::ledger(&world().await.exchange.data()).await;
    let about = |action| move |entry: &&ledger::Entry| entry.fields().action == action;
    let own = entries.iter().filter(about(Action::SetAnswer));
    assert_eq!(own.filter(|entry| entry.fields().object.as_ref().unwrap().as_str() == id).count(), 0);
}

#[tokio::test]
async fn r1_10_every_step_leaves_its_entry_once() {
    let (offices, id) = acknowledged().await;
    for _ in 0..2 {
        offices.receiver.acknowledges(&id).await.done();
        offices.receiver.answers(&id, &partly()).await.done();
    }
    offices.receiver.answers(&id, &json!({ "outcome": "imported" })).await.problem(409, "X17");
    let entries = vault::ledger(&world().await.exchange.data()).await;
    let count = |action, done: bool| {
        let own = entries.iter().map(ledger::Entry::fields).filter(|entry| {
            entry.action == action && entry.object.as_ref().is_some_and(|object| object.as_str() == id)
        });
        own.filter(|entry| (entry.outcome == ledger::Outcome::Ok) == done).count()
    };
    for action in [Action::SetAccept, Action::SetCollect, Action::SetAcknowledge, Action::SetAnswer] {
        assert_eq!(count(action, true), 1, "{action:?}");
    }
    assert_eq!(count(Action::SetAnswer, false), 1, "the refusal");
}

#[tokio::test]
async fn r1_10_both_offices_get_a_receipt_that_needs_only_the_public_key() {
    let (offices, id) = acknowledged().await;
    offices.receiver.answers(&id, &partly()).await.done();
    let policy = offices.sender.policy().await;
    let receipt = offices.sender.receipt(&id).await;
    let verified = receipt.verify(&policy).unwrap();
    let steps: Vec<_> = verified.steps.iter().map(|step| step.step).collect();
    assert_eq!(steps, [StepName::Accepted, StepName::Collected, StepName::Acknowledged, StepName::Answered]);
    assert!(verified.unproven.is_empty() && verified.content);
    assert_eq!(verified.state.id(), "partly");
    let described = offices.sender.describes(&id).await.json();
    assert_eq!(described["digest"], receipt.transmission.digest);
    assert_eq!(receipt.steps[1].at, described["collected_at"]);
    assert!(offices.receiver.receipt(&id).await.verify(&policy).is_ok());
    offices.stranger.get(&format!("/api/v1/transmissions/{id}/receipt")).await.problem(404, "H01");
    let text = String::from_utf8(receipt.to_json()).unwrap();
    assert!(!text.contains("取り込み直します"), "the note is in no receipt");
    // Later entries do not unmake it, and a fresh set has one too.
    let fresh = offices.sender.sends(&care_plan(&offices.sender, &offices.receiver, 9)).await.accepted();
    assert_eq!(offices.sender.receipt(&fresh).await.verify(&policy).unwrap().state.id(), "waiting");
    assert!(receipt.verify(&policy).is_ok());
}

#[tokio::test]
async fn r1_10_a_time_of_download_changed_in_the_database_is_found() {
    let (offices, id) = acknowledged().await;
    let policy = offices.receiver.policy().await;
    assert!(offices.sender.receipt(&id).await.verify(&policy).is_ok());
    let data = world().await.exchange.data();
    let later = "UPDATE transmission SET collected_at = '2026-11-22T00:00:00.000Z' WHERE transmission_id = $1";
    assert_eq!(vault::execute(&data, later, &id).await, 1);
    let fault = offices.sender.receipt(&id).await.verify(&policy).unwrap_err();
    assert_eq!(fault, Fault::Otherwise { step: StepName::Collected, what: "instant" });
}

#[tokio::test]
async fn r1_10_an_entry_changed_in_the_database_gives_no_receipt() {
    let world = World::new().await;
    let offices = world.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    offices.sender.receipt(&id).await;
    let data = world.exchange.data();
    let unguarded = world
        .exchange
        .sql("DROP TRIGGER ledger_is_append_only_update", "DROP TRIGGER ledger_is_append_only_update ON ledger");
    sqlx::query(unguarded).execute(&mut vault::database(&data).await).await.unwrap();
    let change = "UPDATE ledger SET entry = replace(entry, 'schedule', 'care-plan')
                   WHERE entry_index = (SELECT accepted_index FROM transmission WHERE transmission_id = $1)";
    assert_eq!(vault::execute(&data, change, &id).await, 1);
    offices.sender.get(&format!("/api/v1/transmissions/{id}/receipt")).await.problem(500, "H09");
}

#[tokio::test]
async fn r1_10_a_step_taken_while_a_receipt_is_made_is_left_to_the_next_one() {
    let offices = world().await.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let data = world().await.exchange.data();
    // As it is found by who read the set a moment before and its steps a moment after.
    let after =
        "INSERT INTO transmission_step (transmission_id, step, entry_index) VALUES ($1, 'collected', 4000000000)";
    assert_eq!(vault::execute(&data, after, &id).await, 1);
    let receipt = offices.sender.receipt(&id).await;
    assert_eq!(receipt.state, "waiting");
    assert_eq!(receipt.steps.iter().map(|step| step.step).collect::<Vec<_>>(), [StepName::Accepted]);
    // One of before that the set knows nothing of is no such step.
    let before = "UPDATE transmission_step SET entry_index = 0 WHERE transmission_id = $1";
    assert_eq!(vault::execute(&data, before, &id).await, 1);
    offices.sender.get(&format!("/api/v1/transmissions/{id}/receipt")).await.problem(500, "H11");
}

#[tokio::test]
async fn r1_10_the_command_fetches_a_receipt_and_verifies_it_offline() {
    let (offices, id) = acknowledged().await;
    offices.receiver.answers(&id, &partly()).await.done();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    offices.sender.write_folder(&folder.join("device"));
    if let Some(token) = &offices.sender.token {
        std::fs::write(folder.join("device/software.token"), token).unwrap();
    }
    let said = done(folder, &["receipt", "get", "--device", "device", &id, "--out", "r.json"]);
    assert!(said.contains("証明を受け取りました: r.json（4段階）"), "{said}");
    let key = offices.sender.log_key().await;
    let verify = |file: &str, key: &str| {
        let output = Command::new(BINARY).current_dir(folder).args(["receipt", "verify", file, "--key", key]).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verify("r.json", &key);
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["証明されました。", "一部だけ取込み", "受領確認", &id, &offices.receiver.number, "これだけでは言えないこと"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{said}");
    let honest = std::fs::read_to_string(folder.join("r.json")).unwrap();
    std::fs::write(folder.join("changed.json"), honest.replace("\"partly\"", "\"imported\"")).unwrap();
    let (code, said) = verify("changed.json", &key);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("何も言えません") && said.contains("取込みの結果"), "{said}");
    let other = ledger::LogKey::new(key.split('+').next().unwrap().parse().unwrap(), &[9; 32]).verifying_key();
    let (code, said) = verify("r.json", &other.to_string());
    assert_eq!(code, Some(1), "{said}");
}

#[tokio::test]
async fn r1_10_what_waits_too_long_is_listed_for_both_sides() {
    let offices = world().await.offices().await;
    let mut ids = Vec::new();
    for second in 1..=5 {
        ids.push(offices.sender.sends(&schedule(&offices.sender, &offices.receiver, second)).await.accepted());
    }
    let overdue = async |device: &Device, side: &str| {
        let list = device.get("/api/v1/overdue").await.done().json();
        let of = |late: &Value| (late["id"].as_str().unwrap().to_owned(), late["state"].as_str().unwrap().to_owned());
        list[side].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert!(overdue(&offices.receiver, "received").await.is_empty(), "nothing is late on its first day");
    // The first waits to be opened, the second to be acknowledged, the third to be answered; the others are done or young.
    for id in &ids[1..4] {
        offices.receiver.fetches(id).await.done();
    }
    for id in &ids[2..4] {
        offices.receiver.acknowledges(id).await.done();
    }
    offices.receiver.answers(&ids[3], &json!({ "outcome": "imported" })).await.done();
    let long_ago = "UPDATE transmission SET accepted_at = '2026-01-01T00:00:00.000Z',
        collected_at = CASE WHEN collected_at IS NULL THEN NULL ELSE '2026-01-02T00:00:00.000Z' END,
        acknowledged_at = CASE WHEN acknowledged_at IS NULL THEN NULL ELSE '2026-01-03T00:00:00.000Z' END
        WHERE transmission_id = $1";
    for id in &ids[..4] {
        assert_eq!(vault::execute(&world().await.exchange.data(), long_ago, id).await, 1);
    }
    let expected: Vec<_> =
        ids.iter().cloned().zip(["waiting", "collected", "acknowledged"].map(str::to_owned)).collect();
    assert_eq!(overdue(&offices.receiver, "received").await, expected);
    assert_eq!(overdue(&offices.sender, "sent").await, expected);
    assert!(overdue(&offices.sender, "received").await.is_empty());
    assert!(overdue(&offices.stranger, "sent").await.is_empty());
    let list = offices.sender.get("/api/v1/overdue").await.json();
    assert!(list["sent"][0]["days"].as_u64().unwrap() > 200);
    assert_eq!(list["collect_days"], 7);
}

#[tokio::test]
async fn r1_10_a_person_acknowledges_and_answers_on_the_page() {
    let world = world().await;
    let offices = world.offices().await;
    let member: Member = world.exchange.member(&offices.receiver, Role::OfficeStaff).await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let (page, acknowledge, import) = (
        format!("/sets/{id}/receipt"),
        format!("/sets/{id}/receipt/acknowledge"),
        format!("/sets/{id}/receipt/import"),
    );
    let browser = member.signs_in(&offices.receiver).await;
    let text = browser.get(&page).await.done().text();
    assert!(text.contains("未受領") && !text.contains(&acknowledge) && !text.contains(&import), "{text}");
    offices.receiver.fetches(&id).await.done();
    assert_eq!(browser.fill(&page, &acknowledge, &[]).await.sent_on(), format!("{page}?done=acknowledged"));
    browser.fill(&page, &import, &[]).await.faulty("取込みの結果を選んでください。");
    let odd = [("outcome", "partly"), ("file0", "1"), ("record0", "一"), ("reason0", "value")];
    browser.fill(&page, &import, &odd).await.faulty("レコードと項目は数字で");
    let contradiction = [("outcome", "imported"), ("file0", "1"), ("reason0", "value")];
    browser.fill(&page, &import, &contradiction).await.faulty("取り込めなかった箇所が書かれています");
    let note = "<b>次の月に</b>\n登録します";
    let fields =
        [("outcome", "rejected"), ("file1", "1"), ("record1", "4"), ("reason1", "person-unknown"), ("note", note)];
    assert_eq!(browser.fill(&page, &import, &fields).await.sent_on(), format!("{page}?done=answered"));
    let text = browser.get(&page).await.done().text();
    for words in ["取り込めなかった", "利用者が登録されていない", "&#60;b&#62;次の月に"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains(&import), "answered once");
    browser.post(&import, &[("outcome", "imported")]).await.problem_page(403, "H14");
    let entries = vault::ledger(&world.exchange.data()).await;
    let answered = entries.iter().map(ledger::Entry::fields).find(|entry| {
        entry.action == Action::SetAnswer && entry.object.as_ref().is_some_and(|object| object.as_str() == id)
    });
    let answered = answered.unwrap();
    assert_eq!(answered.actor.to_string(), format!("person:{}", member.account));
    assert!(answered.login.is_some(), "since when they were signed in (R10.1)");

    // The sender reads it too; a viewer there may look and take the receipt, and do nothing.
    let viewer = world.exchange.member(&offices.sender, Role::OfficeViewer).await;
    let browser = viewer.signs_in(&offices.sender).await;
    let text = browser.get(&page).await.done().text();
    assert!(text.contains("取り込めなかった") && text.contains("次の月に"), "{text}");
    let file = browser.get(&format!("{page}/file")).await.done();
    assert!(Receipt::parse(&file.body).unwrap().verify(&offices.sender.policy().await).is_ok());
    let sent = browser.get("/sent").await.done().text();
    assert!(sent.contains(&page) && sent.contains("取り込めず"), "{sent}");
    // To others it does not exist.
    let stranger = world.exchange.member(&offices.stranger, Role::OfficeAdministrator).await;
    let browser = stranger.signs_in(&offices.stranger).await;
    browser.get(&page).await.problem_page(404, "H01");
    browser.get(&format!("{page}/file")).await.problem_page(404, "H01");
}

#[tokio::test]
async fn a_note_lies_sealed_and_is_in_no_log() {
    let world = World::new().await;
    let offices = world.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    offices.receiver.fetches(&id).await.done();
    offices.receiver.acknowledges(&id).await.done();
    let note = "鑑査密子さまの登録を待っています";
    offices.receiver.answers(&id, &json!({ "outcome": "rejected", "note": note })).await.done();
    let mut database = vault::database(&world.exchange.data()).await;
    let kept: (Vec<u8>, String, String) =
        sqlx::query_as("SELECT note_sealed, note_index, places FROM import_answer WHERE transmission_id = $1")
            .bind(&id)
            .fetch_one(&mut database)
            .await
            .unwrap();
    let seen = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("密子");
    assert!(!seen(&kept.0) && !seen(kept.1.as_bytes()) && !seen(kept.2.as_bytes()));
    assert!(!kept.0.is_empty(), "it is there");
    let log = world.server.log.clone();
    assert!(world.server.stop().await.0.success());
    assert!(!seen(&std::fs::read(log).unwrap()));
}

/// R1.8's own test: serials 3, 1, 2, 2, 1 in many orders; the receiver's view is always 1, 2, 3.
#[tokio::test]
async fn r1_8_in_whatever_order_serials_come_the_receiver_takes_each_once_in_order() {
    let world = world().await;
    let offices = world.offices().await;
    let one = schedule(&offices.sender, &offices.receiver, 0);
    let folder = tempfile::tempdir().unwrap();
    offices.receiver.write_folder(&folder.path().join("device"));
    std::fs::write(folder.path().join("device/software.token"), offices.receiver.token.as_ref().unwrap()).unwrap();
    let orders = [[3, 1, 2, 2, 1], [1, 2, 3, 1, 2], [2, 2, 1, 1, 3], [3, 2, 1, 2, 1], [1, 1, 2, 3, 2], [2, 1, 3, 2, 1]];
    for (round, order) in (0..).zip(orders) {
        let numbered = |serial: u32| renumbered(&one, round * 10 + serial);
        let mut sent = std::collections::BTreeSet::new();
        for serial in order {
            let answer = offices.sender.sends(&numbered(serial)).await;
            if sent.insert(serial) {
                answer.accepted()
            } else {
                answer.already()
            };
        }
        offices.sender.sends(&reworded(&numbered(2))).await.refused("X10");
        let said = done(folder.path(), &["collect", "--device", "device", &format!("in-{round}")]);
        let taken: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix("受け取りました: "))
            .filter_map(|line| line.split(' ').next())
            .collect();
        let expected: Vec<String> = (1..=3).map(|second| serial(round * 10 + second)).collect();
        assert_eq!(taken, expected, "{order:?}: {said}");
    }
}
