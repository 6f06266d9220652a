//! kill -9 at random moments: of the server, of one of two nodes, of PostgreSQL. What was acknowledged is there, whole and once; what was not is whole or not there.

use crate::device::{Device, assert_same, unzip};
use crate::samples::{large, schedule, serial};
use crate::server::Server;
use crate::vault;
use crate::world::Exchange;
use ledger::{SignedCheckpoint, WitnessKey, WitnessState};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use standard::sample::SampleFile;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use test_postgres::Cluster;
use tokio::sync::mpsc;

const SENDERS: u32 = 4;
const SETS_PER_SENDER: u32 = 3;
/// From the first acknowledgement to the end, at most: about what all sets of a round take.
const LIFE_MICROSECONDS: u64 = 120_000;

fn rounds(ordinarily: u32) -> u32 {
    std::env::var("FUMIBAKO_CRASH_ROUNDS").map_or(ordinarily, |rounds| rounds.parse().unwrap())
}

/// The set of this serial: every third one has a body in a file of its own.
fn set_of(sender: &str, receiver: &str, second: u32) -> Vec<SampleFile> {
    if second % SETS_PER_SENDER == 1 { large(sender, receiver, second) } else { schedule(sender, receiver, second) }
}

/// What is killed in a round.
#[derive(Clone, Copy, Debug)]
enum Killed {
    OneNode,
    BothNodes,
    Database,
    Everything,
}

/// The servers of an exchange, and PostgreSQL where they share one.
struct Nodes {
    exchange: Exchange,
    servers: Vec<Server>,
    cluster: Option<Cluster>,
}

impl Nodes {
    fn kill(&mut self, killed: Killed, round: u32) {
        if let (Killed::Database | Killed::Everything, Some(cluster)) = (killed, &mut self.cluster) {
            cluster.crash();
        }
        let servers = match killed {
            Killed::OneNode => {
                let index = round as usize / 4 % self.servers.len();
                self.servers.swap(0, index);
                1
            }
            Killed::BothNodes | Killed::Everything => self.servers.len(),
            Killed::Database => 0,
        };
        self.servers.drain(..servers).for_each(Server::crash);
    }

    /// The newest checkpoint as it lies beside the keys, whatever became of the data.
    fn anchored(&self) -> Option<SignedCheckpoint> {
        let text = fs::read_to_string(self.exchange.folder().join("keys/log-anchor")).ok()?;
        Some(text.parse().unwrap())
    }

    /// What was killed runs again. A node that was not must find the database by itself.
    fn revive(&mut self, nodes: usize) {
        if let Some(cluster) = &mut self.cluster
            && !cluster.is_running()
        {
            cluster.restart().unwrap();
        }
        while self.servers.len() < nodes {
            self.servers.push(self.exchange.start());
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_any_crash() {
    let exchange = Exchange::create(|_| {}).await;
    let nodes = Nodes { servers: vec![exchange.start()], exchange, cluster: None };
    survives(nodes, &[Killed::OneNode], rounds(20)).await;
}

#[tokio::test]
async fn what_two_nodes_acknowledged_survives_any_crash_of_theirs_and_of_postgresql() {
    let cluster = Cluster::start().unwrap();
    let exchange = Exchange::create_on(&cluster.database().unwrap()).await;
    let servers = vec![exchange.start(), exchange.start()];
    let nodes = Nodes { servers, exchange, cluster: Some(cluster) };
    let killed = [Killed::OneNode, Killed::Database, Killed::BothNodes, Killed::Everything];
    survives(nodes, &killed, rounds(4)).await;
}

/// Somebody outside, who keeps every checkpoint from before each kill.
#[derive(Default)]
struct Outsider {
    kept: BTreeMap<u64, SignedCheckpoint>,
}

impl Outsider {
    fn keeps(&mut self, checkpoint: SignedCheckpoint) {
        self.kept.insert(checkpoint.checkpoint().size(), checkpoint);
    }

    /// The log goes on from each of these: it is proven, and no proof is taken that does not hold.
    async fn asks(&mut self, exchange: &Exchange, sizes: &[u64]) {
        let store = exchange.operator().await;
        let policy = store.log_policy().await.unwrap();
        let key = WitnessKey::new("witness.example".parse().unwrap(), &[5; 32]);
        let newest = store.sign_checkpoint().await.unwrap();
        for size in sizes {
            let kept = &self.kept[size];
            policy.check(kept).unwrap_or_else(|error| panic!("{size}: {error}"));
            let request = store.witness_request(*size).await.unwrap();
            let mut witness = WitnessState::seen(*size, *kept.checkpoint().root());
            witness.cosign(&request, &policy, &key, 1).unwrap_or_else(|refused| panic!("{size}: {refused}"));
        }
        store.close().await;
        self.keeps(newest);
    }
}

#[allow(clippy::print_stdout, reason = "`cargo xtask crash` shows the figures")]
async fn survives(mut nodes: Nodes, kinds: &[Killed], rounds: u32) {
    let mut chance = ChaCha20Rng::seed_from_u64(9);
    let count = nodes.servers.len();
    let offices = nodes.exchange.offices(&nodes.servers[0]).await;
    let numbers = (offices.sender.number.clone(), offices.receiver.number.clone());
    let set = move |second| set_of(&numbers.0, &numbers.1, second);
    let (mut sender, mut receiver) = (offices.sender, offices.receiver);
    let (mut ids, mut acknowledged_in_all, mut cut_in_all) = (BTreeMap::new(), 0, 0);
    let mut looked_at = 0;
    let (mut outsider, mut delivered, mut confirmed_in_all) = (Outsider::default(), Vec::<String>::new(), 0);
    let start = Instant::now();
    for round in 0..rounds {
        let killed = kinds[round as usize % kinds.len()];
        let first = round * SENDERS * SETS_PER_SENDER;
        let (told, mut heard) = mpsc::unbounded_channel();
        let sending: Vec<_> = (0..SENDERS)
            .map(|index| {
                let (device, told) = (sender.meets(&nodes.servers[index as usize % count]), told.clone());
                let set = set.clone();
                tokio::spawn(async move {
                    for second in (first + index * SETS_PER_SENDER..).take(SETS_PER_SENDER as usize) {
                        let Ok(answer) = device.try_sends(&set(second)).await else { return };
                        // The database is gone and the node is not: it says that nothing was taken.
                        if answer.status == 503 {
                            return;
                        }
                        let _ = told.send((second, answer.accepted()));
                    }
                })
            })
            .collect();
        drop(told);
        // Meanwhile the receiver confirms what it fetched in the round before.
        let (device, waiting) = (receiver.meets(&nodes.servers[count - 1]), std::mem::take(&mut delivered));
        let confirming = tokio::spawn(async move {
            let mut confirmed = Vec::new();
            for id in waiting {
                match device.try_acknowledges(&id).await {
                    Ok(200) => confirmed.push(id),
                    Ok(503) | Err(_) => break,
                    Ok(status) => panic!("{status}"),
                }
            }
            confirmed
        });
        let mut acknowledged = Vec::from_iter(heard.recv().await);
        tokio::time::sleep(Duration::from_micros(chance.next_u64() % LIFE_MICROSECONDS)).await;
        nodes.kill(killed, round);
        for task in sending {
            task.await.unwrap();
        }
        while let Some(more) = heard.recv().await {
            acknowledged.push(more);
        }
        let confirmed = confirming.await.unwrap();
        confirmed_in_all += confirmed.len();
        acknowledged_in_all += acknowledged.len();
        cut_in_all += (SENDERS * SETS_PER_SENDER) as usize - acknowledged.len();

        let anchored = nodes.anchored();
        nodes.revive(count);
        // Asked at the node that has lived longest.
        (sender, receiver) = (sender.meets(&nodes.servers[0]), receiver.meets(&nodes.servers[0]));
        for (second, id) in &acknowledged {
            let files = unzip(&receiver.fetches(id).await.done().body);
            assert_same(&files, &set(*second));
            delivered.push(id.clone());
        }
        for id in confirmed {
            assert_eq!(receiver.state(&id).await, "acknowledged");
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
        looked_at = vault::ledger_agrees_from(&nodes.exchange.data(), looked_at).await;
        if let Some(anchored) = anchored {
            let size = anchored.checkpoint().size();
            outsider.keeps(anchored);
            outsider.asks(&nodes.exchange, &[size]).await;
        }
    }
    let per_round = start.elapsed() / rounds.max(1);
    vault::ledger_agrees(&nodes.exchange.data()).await;
    let sizes: Vec<u64> = outsider.kept.keys().copied().collect();
    assert!(!sizes.is_empty());
    outsider.asks(&nodes.exchange, &sizes).await;
    assert_each_once(&receiver, &ids).await;
    for (index, (serial_text, id)) in ids.iter().enumerate().filter(|(index, _)| index % 7 == 0) {
        assert_eq!(*serial_text, serial(index as u32));
        let files = unzip(&receiver.fetches(id).await.done().body);
        assert_same(&files, &set(index as u32));
    }
    assert!(acknowledged_in_all >= rounds as usize);
    println!(
        "{rounds} crashes of {kinds:?}: {acknowledged_in_all} sets acknowledged before, {cut_in_all} cut off or not yet \
         sent, {confirmed_in_all} receipts confirmed; {} sets in the end; {} checkpoints kept, each proven to be gone on \
         from; {per_round:?} a round",
        ids.len(),
        sizes.len()
    );
}

async fn assert_each_once(receiver: &Device, ids: &BTreeMap<String, String>) {
    let items = receiver.items("received", 500).await;
    assert_eq!(items.len(), ids.len(), "none twice, none missing");
    for item in items {
        assert_eq!(item["id"], ids[item["serial"].as_str().unwrap()]);
    }
}
