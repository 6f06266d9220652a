//! Boxes altered, moved, cut short or gone behind the exchange's back (R1.9, R6.3): nothing is handed out, the set
//! stays uncollected, and the record says so.

use crate::device::Device;
use crate::samples::{large, renumbered, schedule};
use crate::vault::{self, about};
use crate::world::{Offices, World, shared_world};
use ledger::Action;
use sqlx::Connection as _;
use std::fs;
use std::path::PathBuf;

async fn world() -> &'static World {
    shared_world!()
}

/// Two sets between the same offices, not opened yet.
async fn two_sets() -> (Offices, String, String) {
    let offices = world().await.offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let one = offices.sender.sends(&set).await.accepted();
    let two = offices.sender.sends(&renumbered(&set, 2)).await.accepted();
    (offices, one, two)
}

async fn assert_held_back(offices: &Offices, id: &str) {
    let path = world().await.exchange.data();
    let problem = offices.receiver.fetches(id).await.problem(500, "H09");
    assert!(problem["incident"].is_string(), "{problem}");
    assert_eq!(offices.receiver.state(id).await, "waiting");
    assert_eq!(about(&vault::ledger(&path).await, Action::BoxDamaged, id), 1);
    assert_eq!(about(&vault::ledger(&path).await, Action::SetCollect, id), 0);
    offices.receiver.acknowledges(id).await.problem(409, "X14");
    // Both sides are told in their lists (R6.3).
    assert!(damaged_at(&offices.receiver, "received", id).await.is_string());
    assert!(damaged_at(&offices.sender, "sent", id).await.is_string());
    // The sender's own copy is the same box.
    offices.sender.fetches(id).await.problem(500, "H09");
}

async fn damaged_at(device: &Device, folder: &str, id: &str) -> serde_json::Value {
    let items = device.items(folder, 500).await;
    items.into_iter().find(|item| item["id"] == id).unwrap()["damaged_at"].take()
}

/// A set nobody touched is as good as before.
async fn assert_delivered(offices: &Offices, id: &str) {
    offices.receiver.fetches(id).await.done();
    assert!(damaged_at(&offices.receiver, "received", id).await.is_null());
}

async fn execute(sql: &'static str, id: &str) {
    assert!(vault::execute(&world().await.exchange.data(), sql, id).await > 0);
}

/// Alters one column of bytes of a set.
async fn alter(column: &'static str, id: &str, alter: impl Fn(&mut Vec<u8>)) {
    let (read, write) = match column {
        "envelope" => (
            "SELECT envelope FROM transmission WHERE transmission_id = $1",
            "UPDATE transmission SET envelope = $2 WHERE transmission_id = $1",
        ),
        _ => (
            "SELECT body FROM transmission_file WHERE transmission_id = $1 AND ordinal = 0",
            "UPDATE transmission_file SET body = $2 WHERE transmission_id = $1 AND ordinal = 0",
        ),
    };
    let mut database = vault::database(&world().await.exchange.data()).await;
    let mut bytes: Vec<u8> = sqlx::query_scalar(read).bind(id).fetch_one(&mut database).await.unwrap();
    alter(&mut bytes);
    sqlx::query(write).bind(id).bind(bytes).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn one_bit_of_a_body() {
    for place in [0.0, 0.1, 0.5, 1.0] {
        let (offices, one, two) = two_sets().await;
        alter("body", &one, |bytes| {
            let at = (place * (bytes.len() - 1) as f64) as usize;
            bytes[at] ^= 1;
        })
        .await;
        assert_held_back(&offices, &one).await;
        assert_delivered(&offices, &two).await;
    }
}

#[tokio::test]
async fn one_bit_of_an_envelope() {
    for place in [0.0, 0.3, 0.9] {
        let (offices, one, two) = two_sets().await;
        alter("envelope", &one, |bytes| {
            let at = (place * (bytes.len() - 1) as f64) as usize;
            bytes[at] ^= 1;
        })
        .await;
        // An envelope holds a key for each office; a bit of the sender's does not hurt the receiver.
        let (receiver, sender) = (offices.receiver.fetches(&one).await, offices.sender.fetches(&one).await);
        assert!(receiver.status == 500 || sender.status == 500);
        for answer in [receiver, sender] {
            if answer.status != 200 {
                answer.problem(500, "H09");
            }
        }
        let entries = vault::ledger(&world().await.exchange.data()).await;
        assert!(about(&entries, Action::BoxDamaged, &one) > 0);
        assert_delivered(&offices, &two).await;
    }
}

#[tokio::test]
async fn an_envelope_of_nothing() {
    let (offices, one, _) = two_sets().await;
    alter("envelope", &one, Vec::clear).await;
    assert_held_back(&offices, &one).await;
}

#[tokio::test]
async fn a_body_cut_short() {
    let (offices, one, two) = two_sets().await;
    alter("body", &one, |bytes| bytes.truncate(bytes.len() - 1)).await;
    alter("body", &two, |bytes| bytes.truncate(0)).await;
    assert_held_back(&offices, &one).await;
    assert_held_back(&offices, &two).await;
}

#[tokio::test]
async fn a_body_gone_from_its_row() {
    let (offices, one, two) = two_sets().await;
    execute("UPDATE transmission_file SET body = NULL WHERE transmission_id = $1 AND ordinal = 0", &one).await;
    assert_held_back(&offices, &one).await;
    execute("DELETE FROM transmission_file WHERE transmission_id = $1", &two).await;
    offices.receiver.fetches(&two).await.problem(500, "H09");
    assert_eq!(offices.receiver.state(&two).await, "waiting");
}

#[tokio::test]
async fn a_member_gone_from_a_set() {
    let (offices, one, _) = two_sets().await;
    execute("DELETE FROM transmission_file WHERE transmission_id = $1 AND ordinal = 1", &one).await;
    assert_held_back(&offices, &one).await;
}

#[tokio::test]
async fn the_boxes_of_two_sets_exchanged() {
    let (offices, one, two) = two_sets().await;
    exchange_bodies(&one, &two, 0, 0).await;
    assert_held_back(&offices, &one).await;
    assert_held_back(&offices, &two).await;
}

#[tokio::test]
async fn two_members_of_one_set_exchanged() {
    let (offices, one, two) = two_sets().await;
    exchange_bodies(&one, &one, 0, 1).await;
    assert_held_back(&offices, &one).await;
    assert_delivered(&offices, &two).await;
}

async fn exchange_bodies(one: &str, two: &str, first: i64, second: i64) {
    const READ: &str = "SELECT body FROM transmission_file WHERE transmission_id = $1 AND ordinal = $2";
    const WRITE: &str = "UPDATE transmission_file SET body = $3 WHERE transmission_id = $1 AND ordinal = $2";
    let mut database = vault::database(&world().await.exchange.data()).await;
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for (id, ordinal) in [(one, first), (two, second)] {
        bodies.push(sqlx::query_scalar(READ).bind(id).bind(ordinal).fetch_one(&mut database).await.unwrap());
    }
    for (id, ordinal) in [(two, second), (one, first)] {
        let body = bodies.remove(0);
        sqlx::query(WRITE).bind(id).bind(ordinal).bind(body).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn two_envelopes_exchanged() {
    let (offices, one, two) = two_sets().await;
    let mut kept = Vec::new();
    let mut database = vault::database(&world().await.exchange.data()).await;
    for id in [&one, &two] {
        let sql = "SELECT envelope FROM transmission WHERE transmission_id = $1";
        kept.push(sqlx::query_scalar::<_, Vec<u8>>(sql).bind(id).fetch_one(&mut database).await.unwrap());
    }
    for (id, envelope) in [&two, &one].into_iter().zip(kept) {
        let sql = "UPDATE transmission SET envelope = $2 WHERE transmission_id = $1";
        sqlx::query(sql).bind(id).bind(envelope).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    assert_held_back(&offices, &one).await;
    assert_held_back(&offices, &two).await;
}

#[tokio::test]
async fn a_set_readdressed_to_a_stranger() {
    let (offices, one, two) = two_sets().await;
    let mut database = vault::database(&world().await.exchange.data()).await;
    let sql = "UPDATE transmission SET receiver_office_id = (SELECT office_id FROM office WHERE office_number = $2)
                WHERE transmission_id = $1";
    sqlx::query(sql).bind(&one).bind(&offices.stranger.number).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    offices.stranger.fetches(&one).await.problem(500, "H09");
    assert_eq!(offices.stranger.state(&one).await, "waiting");
    offices.receiver.fetches(&one).await.problem(404, "H01");
    assert_delivered(&offices, &two).await;
}

#[tokio::test]
async fn what_the_register_says_of_a_file_is_checked_too() {
    for sql in [
        "UPDATE transmission_file SET digest = substr(digest, 2) || '0' WHERE transmission_id = $1 AND ordinal = 0",
        "UPDATE transmission_file SET size_bytes = size_bytes + 1 WHERE transmission_id = $1 AND ordinal = 0",
        "UPDATE transmission_file SET name = 'X' || name WHERE transmission_id = $1 AND ordinal = 0",
    ] {
        let (offices, one, two) = two_sets().await;
        execute(sql, &one).await;
        assert_held_back(&offices, &one).await;
        assert_delivered(&offices, &two).await;
    }
}

// Bodies too large for a row lie in files.

/// Two sets, each with one body in a file of its own.
async fn two_large_sets() -> (Offices, [(String, PathBuf); 2]) {
    let offices = world().await.offices().await;
    let mut sets = Vec::new();
    for second in [1, 2] {
        let set = large(&offices.sender, &offices.receiver, second);
        let id = offices.sender.sends(&set).await.accepted();
        let mut database = vault::database(&world().await.exchange.data()).await;
        let sql = "SELECT body_key FROM transmission_file WHERE transmission_id = $1 AND body_key IS NOT NULL";
        let key: String = sqlx::query_scalar(sql).bind(&id).fetch_one(&mut database).await.unwrap();
        database.close().await.unwrap();
        let mut found = Vec::new();
        files_named(&key, world().await.exchange.data(), &mut found);
        assert_eq!(found.len(), 1, "{key}");
        sets.push((id, found.remove(0)));
    }
    (offices, sets.try_into().unwrap())
}

fn files_named(key: &str, folder: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_named(key, path, found);
        } else if path.file_name().unwrap().to_str().unwrap().ends_with(key.rsplit('/').next().unwrap()) {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn one_bit_of_a_large_body() {
    let (offices, [(one, path), (two, _)]) = two_large_sets().await;
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    assert_held_back(&offices, &one).await;
    assert_delivered(&offices, &two).await;
}

#[tokio::test]
async fn a_large_body_cut_short() {
    let (offices, [(one, first), (two, second)]) = two_large_sets().await;
    let bytes = fs::read(&first).unwrap();
    fs::write(&first, &bytes[..bytes.len() - 1]).unwrap();
    fs::write(&second, b"").unwrap();
    assert_held_back(&offices, &one).await;
    assert_held_back(&offices, &two).await;
}

#[tokio::test]
async fn a_large_body_gone() {
    let (offices, [(one, path), (two, _)]) = two_large_sets().await;
    fs::remove_file(path).unwrap();
    assert_held_back(&offices, &one).await;
    assert_delivered(&offices, &two).await;
}

#[tokio::test]
async fn two_large_bodies_exchanged() {
    let (offices, [(one, first), (two, second)]) = two_large_sets().await;
    let (a, b) = (fs::read(&first).unwrap(), fs::read(&second).unwrap());
    assert_ne!(a, b, "equal contents are sealed differently");
    fs::write(&first, b).unwrap();
    fs::write(&second, a).unwrap();
    assert_held_back(&offices, &one).await;
    assert_held_back(&offices, &two).await;
}
