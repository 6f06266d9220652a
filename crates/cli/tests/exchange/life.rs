//! A set's life between its two offices (R1.8–R1.10).

use crate::device::{Device, assert_same, unzip};
use crate::samples::{actuals, care_plan, large, large_schedule, renumbered, reworded, schedule, serial};
use crate::world::{Offices, World, shared_world};
use exchange::Digest;
use serde_json::Value;
use standard::SourceFile;
use standard::sample::SampleFile;

async fn world() -> &'static World {
    shared_world!()
}

/// A set that waits for its receiver.
async fn waiting() -> (Offices, Vec<SampleFile>, String) {
    let offices = world().await.offices().await;
    let set = care_plan(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    (offices, set, id)
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_arrives_is_what_was_sent() {
    let (offices, set, id) = waiting().await;
    let described = offices.receiver.describes(&id).await.done().json();
    let digest = Digest::of_set(set.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }));
    assert_eq!(described["digest"], digest.to_string());
    assert_eq!(described, offices.sender.describes(&id).await.done().json(), "both see the same");
    assert_eq!(described["state"], "waiting", "describing opens nothing");
    assert_eq!(described["files"].as_array().unwrap().len(), set.len());

    let archive = offices.receiver.fetches(&id).await.done();
    assert_eq!(archive.headers["content-type"], "application/zip");
    assert_eq!(archive.headers["content-disposition"], format!("attachment; filename=\"{id}.zip\""));
    assert_same(&unzip(&archive.body), &set);
    for file in &set {
        let answer = offices.receiver.fetches_file(&id, &file.name).await.done();
        assert!(answer.body == file.bytes, "{}", file.name);
        assert_eq!(answer.headers["content-type"], "application/octet-stream");
    }
    offices.receiver.fetches_file(&id, "UPPLAN.CSV").await.problem(404, "H01");
}

#[tokio::test]
async fn one_file_alone_is_collected_too() {
    let (offices, set, id) = waiting().await;
    let answer = offices.receiver.fetches_file(&id, &set[1].name).await.done();
    assert!(answer.body == set[1].bytes);
    assert_eq!(offices.sender.state(&id).await, "collected");
}

#[tokio::test]
async fn large_sets_arrive_as_they_were_sent() {
    let offices = world().await.offices().await;
    for set in [large(&offices.sender, &offices.receiver, 1), large_schedule(&offices.sender, &offices.receiver, 2)] {
        let id = offices.sender.sends(&set).await.accepted();
        assert_same(&unzip(&offices.receiver.fetches(&id).await.done().body), &set);
    }
}

#[tokio::test]
async fn a_file_that_was_not_asked_for_is_not_collected() {
    let (offices, _, id) = waiting().await;
    offices.receiver.fetches_file(&id, "UPPLAN_202604.CSV").await.problem(404, "H01");
    assert_eq!(offices.receiver.state(&id).await, "waiting");
}

#[tokio::test]
async fn the_sender_can_open_its_own_copy_without_collecting() {
    let (offices, set, id) = waiting().await;
    assert_same(&unzip(&offices.sender.fetches(&id).await.done().body), &set);
    assert_eq!(offices.receiver.state(&id).await, "waiting");
    assert!(offices.receiver.describes(&id).await.json()["collected_at"].is_null());
}

#[tokio::test]
async fn collected_and_acknowledged_once() {
    let (offices, _, id) = waiting().await;
    offices.receiver.acknowledges(&id).await.problem(409, "X14");
    assert_eq!(offices.receiver.state(&id).await, "waiting");
    offices.receiver.fetches(&id).await.done();
    let collected = offices.sender.describes(&id).await.json();
    assert_eq!(collected["state"], "collected");
    offices.receiver.fetches(&id).await.done();
    assert_eq!(offices.sender.describes(&id).await.json(), collected, "the first time counts");
    let acknowledged = offices.receiver.acknowledges(&id).await.done().json();
    assert_eq!(acknowledged["state"], "acknowledged");
    assert_eq!(offices.receiver.acknowledges(&id).await.done().json(), acknowledged, "again changes nothing");
    assert!(offices.receiver.get("/api/v1/received?open=true").await.json()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_withdrawn_set_is_seen_as_withdrawn_and_not_handed_out() {
    let (offices, set, id) = waiting().await;
    let withdrawn = offices.sender.withdraws(&id).await.done().json();
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(offices.sender.withdraws(&id).await.done().json(), withdrawn, "again changes nothing");
    assert_eq!(offices.receiver.items("received", 10).await[0]["state"], "withdrawn");
    offices.receiver.fetches(&id).await.problem(410, "X13");
    offices.receiver.fetches_file(&id, &set[0].name).await.problem(410, "X13");
    offices.receiver.acknowledges(&id).await.problem(410, "X13");
    assert!(offices.receiver.describes(&id).await.json()["collected_at"].is_null());
}

#[tokio::test]
async fn a_collected_set_cannot_be_withdrawn() {
    let (offices, _, id) = waiting().await;
    offices.receiver.fetches(&id).await.done();
    offices.sender.withdraws(&id).await.problem(409, "X12");
    assert_eq!(offices.receiver.state(&id).await, "collected");
}

#[tokio::test]
async fn a_withdrawn_set_may_be_sent_again_even_with_other_content() {
    let (offices, set, first) = waiting().await;
    offices.sender.withdraws(&first).await.done();
    let second = offices.sender.sends(&set).await.accepted();
    assert_ne!(first, second);
    offices.sender.withdraws(&second).await.done();
    let corrected = reworded(&set);
    let third = offices.sender.sends(&corrected).await.accepted();
    assert_same(&unzip(&offices.receiver.fetches(&third).await.done().body), &corrected);
    let states: Vec<_> =
        offices.receiver.items("received", 10).await.iter().map(|item| item["state"].clone()).collect();
    assert_eq!(states, ["withdrawn", "withdrawn", "collected"]);
}

#[tokio::test]
async fn withdrawing_and_collecting_at_once_has_one_winner() {
    let offices = world().await.offices().await;
    for second in 1..=12 {
        let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, second)).await.accepted();
        let (withdrawn, fetched) = tokio::join!(offices.sender.withdraws(&id), offices.receiver.fetches(&id));
        match (withdrawn.status, fetched.status) {
            (200, 410) => assert_eq!(offices.receiver.state(&id).await, "withdrawn"),
            (409, 200) => assert_eq!(offices.receiver.state(&id).await, "collected"),
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let offices = world().await.offices().await;
    let one = schedule(&offices.sender, &offices.receiver, 0);
    let mut sent = Vec::new();
    // Neither in the order of their serials nor in the reverse of it.
    for second in (0..25).map(|step| step * 7 % 25) {
        sent.push(offices.sender.sends(&renumbered(&one, second)).await.accepted());
    }
    let received = offices.receiver.items("received", 10).await;
    assert_eq!(ids(&received), sent, "in the order of arrival, none twice, none missed");
    assert_eq!(ids(&offices.sender.items("sent", 10).await), sent);
    assert_eq!(ids(&offices.receiver.items("received", 25).await), sent, "a last page that is just full");
    let pages = offices.receiver.get("/api/v1/received?limit=10").await.done().json();
    assert_eq!(pages["items"].as_array().unwrap().len(), 10);

    // What arrives between two pages is not missed either.
    let cursor = offices.receiver.get("/api/v1/received?limit=20").await.done().json()["next"].clone();
    let late = offices.sender.sends(&renumbered(&one, 30)).await.accepted();
    let rest =
        offices.receiver.get(&format!("/api/v1/received?after={}", cursor.as_str().unwrap())).await.done().json();
    assert_eq!(ids(rest["items"].as_array().unwrap()).last(), Some(&late));
    let serials: Vec<_> = received.iter().map(|item| item["serial"].as_str().unwrap().to_owned()).collect();
    assert_eq!(serials[1], serial(7));
}

#[tokio::test]
async fn a_list_that_is_asked_for_wrongly_says_so() {
    let receiver = world().await.offices().await.receiver;
    for query in ["limit=0", "limit=501", "limit=-1", "limit=x", "after=x", "after=", "open=maybe", "limit=1&limit=2"] {
        receiver.get(&format!("/api/v1/received?{query}")).await.problem(400, "H06");
    }
    receiver.get("/api/v1/received?after=9223372036854775807").await.done();
    receiver.get("/api/v1/received?after=-5").await.done();
}

#[tokio::test]
async fn both_directions_stand_in_their_own_folder() {
    let offices = world().await.offices().await;
    let there = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let back = offices.receiver.sends(&actuals(&offices.receiver, &offices.sender, 1)).await.accepted();
    let seen = async |device: &Device, folder: &str| ids(&device.items(folder, 10).await);
    assert_eq!(seen(&offices.sender, "sent").await, std::slice::from_ref(&there));
    assert_eq!(seen(&offices.sender, "received").await, std::slice::from_ref(&back));
    assert_eq!(seen(&offices.receiver, "sent").await, [back]);
    assert_eq!(seen(&offices.receiver, "received").await, [there]);
    assert!(seen(&offices.stranger, "received").await.is_empty());
}
