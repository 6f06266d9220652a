//! Whatever is done leaves its entry, and no entry or log line names a person or a file (R10.1, R10.2, R10.9).

use crate::samples::{care_plan_of, renumbered, reworded, schedule};
use crate::vault;
use crate::world::World;
use ledger::{Action, Actor, Entry, Outcome};
use sqlx::Connection as _;
use standard::sample::{PersonName, SampleFile};
use std::fs;

const NAME: (&str, &str) = ("鑑査　密子", "カンサ　ミツコ");

fn count(entries: &[Entry], action: Action, outcome: &str) -> usize {
    let outcome_of = |entry: &Entry| match &entry.fields().outcome {
        Outcome::Ok => String::new(),
        Outcome::Refused(code) | Outcome::Failed(code) => code.as_str().to_owned(),
    };
    entries.iter().filter(|entry| entry.fields().action == action && outcome_of(entry) == outcome).count()
}

#[tokio::test]
async fn every_action_leaves_its_entry_and_no_name() {
    let world = World::new().await;
    let data = world.exchange.data();
    let offices = world.offices().await;
    let names = [PersonName { kanji: NAME.0.to_owned(), kana: NAME.1.to_owned() }];
    let set = care_plan_of(&offices.sender, &offices.receiver, 1, &names);

    let id = offices.sender.sends(&set).await.accepted();
    offices.sender.sends(&set).await.already();
    offices.sender.sends(&reworded(&set)).await.refused("X10");
    offices.stranger.sends(&renumbered(&set, 2)).await.refused("X01");
    let mut spoilt = renumbered(&set, 3);
    spoilt[0].bytes.push(0x81);
    offices.sender.sends(&spoilt).await.refused("X04");
    offices.sender.sends(&[SampleFile { name: format!("{}.txt", NAME.0), bytes: b"x".to_vec() }]).await.stray("X11");
    let withdrawn = offices.sender.sends(&renumbered(&set, 4)).await.accepted();
    offices.sender.withdraws(&withdrawn).await.done();
    offices.receiver.acknowledges(&id).await.problem(409, "X14");
    offices.receiver.fetches(&id).await.done();
    offices.receiver.fetches_file(&id, &set[0].name).await.done();
    offices.sender.fetches(&id).await.done();
    offices.sender.withdraws(&id).await.problem(409, "X12");
    offices.receiver.acknowledges(&id).await.done();
    let damaged = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 5)).await.accepted();
    let spoil = "UPDATE transmission_file SET body = substr(body, 1, 1) WHERE transmission_id = $1";
    assert!(vault::execute(&data, spoil, &damaged).await > 0);
    offices.receiver.fetches(&damaged).await.problem(500, "H09");
    let (_, request) = crate::device::certificate_request();
    let wrong = crate::device::enrol(&world.exchange, &world.server, "0000-0000-0000-0000", &request).await;
    wrong.problem(403, "H07");
    world.exchange.revoke(&offices.stranger).await;
    world.exchange.close_office(&offices.stranger).await;
    let log = world.server.log.clone();
    let World { server, exchange } = world;
    assert!(server.stop().await.0.success());

    let entries = vault::ledger(&data).await;
    for (action, outcome, expected) in [
        (Action::StoreInit, "", 1),
        (Action::ServerStart, "", 1),
        (Action::ServerStop, "", 1),
        (Action::OfficeAdd, "", 3),
        (Action::OfficeClose, "", 1),
        (Action::DeviceRequest, "", 3),
        (Action::DeviceApprove, "", 3),
        (Action::DeviceCode, "", 3),
        (Action::DeviceEnrol, "", 3),
        (Action::DeviceEnrol, "code", 1),
        (Action::DeviceRevoke, "", 1),
        (Action::SetAccept, "", 4), // one of them twice
        (Action::SetRefuse, "X01", 1),
        (Action::SetRefuse, "X04", 1),
        (Action::SetRefuse, "X10", 1),
        (Action::SetCollect, "", 1),
        (Action::SetOpen, "", 2),
        (Action::SetAcknowledge, "", 1),
        (Action::SetAcknowledge, "X14", 1),
        (Action::SetWithdraw, "", 1),
        (Action::SetWithdraw, "X12", 1),
        (Action::BoxDamaged, "damaged", 1),
    ] {
        assert_eq!(count(&entries, action, outcome), expected, "{} {outcome}", action.id());
    }
    for entry in entries.iter().map(Entry::fields) {
        if matches!(entry.actor, Actor::Device(_)) {
            assert!(entry.device.is_some() && entry.office.is_some() && entry.source.is_some(), "{entry:?}");
        }
    }
    let collected = entries.iter().map(Entry::fields).find(|entry| entry.action == Action::SetCollect).unwrap();
    assert_eq!(collected.office.as_ref().unwrap().as_str(), offices.receiver.number);
    assert_eq!(collected.counterpart.as_ref().unwrap().as_str(), offices.sender.number);
    assert_eq!(collected.object.as_ref().unwrap().as_str(), id);

    let ledger: String = entries.iter().map(|entry| String::from_utf8(entry.to_bytes()).unwrap() + "\n").collect();
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("DEBUG"), "the log was asked to say much");
    for (place, text) in [("the ledger", &ledger), ("the log", &log)] {
        for forbidden in [NAME.0, NAME.1, "鑑査", "カンサ", ".CSV", ".txt", "UP1KYO", "UPHOSOKU"] {
            assert!(!text.contains(forbidden), "{forbidden} stands in {place}");
        }
    }
    assert!(exchange.folder().exists());
}

#[tokio::test]
async fn nobody_changes_or_removes_an_entry() {
    let world = World::new().await;
    let data = world.exchange.data();
    let before = vault::ledger(&data).await;
    let mut database = vault::database(&data).await;
    for sql in [
        "UPDATE ledger SET entry = '' WHERE entry_index = 1",
        "UPDATE ledger SET leaf_hash = '' WHERE entry_index = 1",
        "UPDATE ledger SET entry_index = 99 WHERE entry_index = 1",
        "DELETE FROM ledger WHERE entry_index = 1",
        "DELETE FROM ledger",
        "REPLACE INTO ledger (entry_index, entry, leaf_hash) VALUES (1, '', '')",
        "INSERT INTO ledger (entry_index, entry, leaf_hash) VALUES (1, '', '')
             ON CONFLICT (entry_index) DO UPDATE SET entry = ''",
    ] {
        assert!(sqlx::query(sql).execute(&mut database).await.is_err(), "{sql}");
    }
    database.close().await.unwrap();
    assert_eq!(vault::ledger(&data).await, before);
}
