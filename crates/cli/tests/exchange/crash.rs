//! kill -9 at random moments. What was acknowledged is there, whole and once; what was not is whole or not there.

use crate::device::{Device, assert_same, unzip};
use crate::samples::{large, schedule, serial};
use crate::vault;
use crate::world::Exchange;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use standard::sample::SampleFile;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const SENDERS: u32 = 4;
const SETS_PER_SENDER: u32 = 3;
/// From the first acknowledgement to the end, at most: about what all sets of a round take.
const LIFE_MICROSECONDS: u64 = 120_000;

fn rounds() -> u32 {
    std::env::var("FUMIBAKO_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap())
}

/// The set of this serial: every third one has a body in a file of its own.
fn set_of(sender: &str, receiver: &str, second: u32) -> Vec<SampleFile> {
    if second % SETS_PER_SENDER == 1 { large(sender, receiver, second) } else { schedule(sender, receiver, second) }
}

#[tokio::test]
async fn what_was_acknowledged_survives_any_crash() {
    let mut chance = ChaCha20Rng::seed_from_u64(9);
    let exchange = Exchange::create(|_| {}).await;
    let mut server = exchange.start();
    let offices = exchange.offices(&server).await;
    let numbers = (offices.sender.number.clone(), offices.receiver.number.clone());
    let set = move |second| set_of(&numbers.0, &numbers.1, second);
    let (mut sender, mut receiver) = (offices.sender, offices.receiver);
    let (mut ids, mut acknowledged_in_all, mut cut_in_all) = (BTreeMap::new(), 0, 0);
    let start = Instant::now();
    let rounds = rounds();
    for round in 0..rounds {
        let first = round * SENDERS * SETS_PER_SENDER;
        let (told, mut heard) = mpsc::unbounded_channel();
        let sending: Vec<_> = (0..SENDERS)
            .map(|index| {
                let (device, told) = (sender.meets(&server), told.clone());
                let set = set.clone();
                tokio::spawn(async move {
                    for second in (first + index * SETS_PER_SENDER..).take(SETS_PER_SENDER as usize) {
                        let Ok(answer) = device.try_sends(&set(second)).await else { return };
                        let _ = told.send((second, answer.accepted()));
                    }
                })
            })
            .collect();
        drop(told);
        let mut acknowledged = Vec::from_iter(heard.recv().await);
        tokio::time::sleep(Duration::from_micros(chance.next_u64() % LIFE_MICROSECONDS)).await;
        server.crash();
        for task in sending {
            task.await.unwrap();
        }
        while let Some(more) = heard.recv().await {
            acknowledged.push(more);
        }
        acknowledged_in_all += acknowledged.len();
        cut_in_all += (SENDERS * SETS_PER_SENDER) as usize - acknowledged.len();

        server = exchange.start();
        (sender, receiver) = (sender.meets(&server), receiver.meets(&server));
        for (second, id) in &acknowledged {
            let files = unzip(&receiver.fetches(id).await.done().body);
            assert_same(&files, &set(*second));
        }
        // An office whose connection broke simply sends again.
        let resent: Vec<SampleFile> = (first..).take((SENDERS * SETS_PER_SENDER) as usize).flat_map(&set).collect();
        for answer in sender.sends(&resent).await.sets() {
            assert_ne!(answer["outcome"], "refused", "{answer}");
            let id = answer["transmission"]["id"].as_str().unwrap().to_owned();
            ids.insert(answer["serial"].as_str().unwrap().to_owned(), id);
        }
        for (second, id) in acknowledged {
            assert_eq!(ids[&serial(second)], id, "sent twice");
        }
        if round % 10 == 9 || round + 1 == rounds {
            vault::ledger(&exchange.data()).await;
        }
    }
    let per_round = start.elapsed() / rounds.max(1);
    assert_each_once(&receiver, &ids).await;
    for (index, (serial_text, id)) in ids.iter().enumerate().filter(|(index, _)| index % 7 == 0) {
        assert_eq!(*serial_text, serial(index as u32));
        let files = unzip(&receiver.fetches(id).await.done().body);
        assert_same(&files, &set(index as u32));
    }
    assert!(acknowledged_in_all >= rounds as usize);
    println!(
        "{rounds} crashes: {acknowledged_in_all} sets acknowledged before, {cut_in_all} cut off or not yet sent; \
         {} in the end; {per_round:?} a round",
        ids.len()
    );
}

async fn assert_each_once(receiver: &Device, ids: &BTreeMap<String, String>) {
    let items = receiver.items("received", 500).await;
    assert_eq!(items.len(), ids.len(), "none twice, none missing");
    for item in items {
        assert_eq!(item["id"], ids[item["serial"].as_str().unwrap()]);
    }
}
