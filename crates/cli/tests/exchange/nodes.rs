//! Two nodes on one PostgreSQL: what one does, the other knows at once (R7.3, R8.9, R8.14).

use crate::browser::Browser;
use crate::commands::{done, failed};
use crate::erasing::numbers;
use crate::people::SESSION;
use crate::samples::{large, schedule};
use crate::server::Server;
use crate::vault;
use crate::world::{Exchange, Kept, Offices};
use identity::role::Role;
use std::collections::BTreeSet;
use std::fs;

struct Nodes {
    one: Server,
    other: Server,
    exchange: Exchange,
}

impl Nodes {
    async fn new() -> (Self, Offices) {
        let exchange = Exchange::create_on(&test_postgres::database().unwrap()).await;
        let nodes = Self { one: exchange.start(), other: exchange.start(), exchange };
        let offices = nodes.exchange.offices(&nodes.one).await;
        (nodes, offices)
    }
}

#[tokio::test]
async fn what_is_sent_at_one_node_is_collected_at_the_other() {
    let (nodes, offices) = Nodes::new().await;
    let receiver = offices.receiver.meets(&nodes.other);
    // Its bodies would lie in a folder that only one node has.
    for set in [schedule(&offices.sender, &receiver, 1), large(&offices.sender, &receiver, 2)] {
        let id = offices.sender.sends(&set).await.accepted();
        let listed = receiver.items("received", 10).await;
        assert!(listed.iter().any(|item| item["id"] == *id), "{listed:?}");
        let files = crate::device::unzip(&receiver.fetches(&id).await.done().body);
        crate::device::assert_same(&files, &set);
        assert_eq!(offices.sender.state(&id).await, "collected");
        receiver.acknowledges(&id).await.done();
        assert_eq!(offices.sender.state(&id).await, "acknowledged");
    }
    vault::ledger(&nodes.exchange.data()).await;
}

#[tokio::test]
async fn r1_8_the_same_set_at_two_nodes_at_once_is_taken_once() {
    const SETS: u32 = 20;
    let (nodes, offices) = Nodes::new().await;
    let elsewhere = offices.sender.meets(&nodes.other);
    let mut ids = BTreeSet::new();
    for second in 0..SETS {
        let set = schedule(&offices.sender, &offices.receiver, second);
        let (one, other) = tokio::join!(offices.sender.sends(&set), elsewhere.sends(&set));
        let outcomes = [&one, &other].map(|answer| answer.sets()[0].clone());
        let accepted = outcomes.iter().filter(|set| set["outcome"] == "accepted").count();
        let already = outcomes.iter().filter(|set| set["outcome"] == "already").count();
        assert_eq!((accepted, already), (1, 1), "{outcomes:?}");
        assert_eq!(outcomes[0]["transmission"]["id"], outcomes[1]["transmission"]["id"]);
        ids.insert(outcomes[0]["transmission"]["id"].to_string());
    }
    assert_eq!(ids.len(), SETS as usize);
    assert_eq!(offices.receiver.items("received", 500).await.len(), SETS as usize);
    vault::ledger_agrees(&nodes.exchange.data()).await;
}

#[tokio::test]
async fn r8_14_a_session_is_good_at_every_node_and_over_at_every_node() {
    let (nodes, offices) = Nodes::new().await;
    let member = nodes.exchange.member(&offices.sender, Role::OfficeStaff).await;
    let here = member.signs_in(&offices.sender).await;
    let there = here.moved_to(&offices.sender.meets(&nodes.other));
    assert!(there.get("/").await.done().text().contains(&offices.sender.number));
    assert_eq!(there.fill("/", "/sign-out", &[]).await.sent_on(), "/sign-in?done=out");
    assert_eq!(there.cookie(SESSION), None);
    assert!(here.get("/").await.sent_on().starts_with("/sign-in"));
}

#[tokio::test]
async fn r8_9_wrong_tries_at_one_node_count_at_the_other() {
    let (nodes, offices) = Nodes::new().await;
    let (here, there) = (&offices.sender, &offices.sender.meets(&nodes.other));
    for (wrong_tries, gets_in) in [(identity::guess::FREE_TRIES - 1, true), (identity::guess::FREE_TRIES, false)] {
        let member = nodes.exchange.member(here, Role::OfficeStaff).await;
        for attempt in 0..wrong_tries {
            let browser = Browser::on(if attempt % 2 == 0 { here } else { there });
            let fields = [("login", &*member.login), ("password", "合っていないもの 12345")];
            browser.fill("/sign-in", "/sign-in", &fields).await.faulty("入れませんでした");
        }
        for node in [here, there] {
            let answer = member.gives_password(&Browser::on(node)).await;
            assert_eq!(answer.status == 303, gets_in, "after {wrong_tries}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn r7_3_a_revocation_counts_at_every_node_at_the_next_request() {
    let (nodes, offices) = Nodes::new().await;
    let elsewhere = offices.sender.meets(&nodes.other);
    for device in [&offices.sender, &elsewhere] {
        device.items("sent", 10).await;
    }
    nodes.exchange.revoke(&offices.sender).await;
    for device in [&offices.sender, &elsewhere] {
        device.get("/api/v1/sent").await.problem(403, "H02");
    }
}

#[tokio::test]
async fn r4_5_what_two_nodes_lost_with_their_server_comes_back_on_another() {
    let (nodes, offices) = Nodes::new().await;
    let place = nodes.exchange.folder().to_path_buf();
    let config = fs::read_to_string(nodes.exchange.config()).unwrap();
    let config = config + "[backup]\nboxes = \"backup-boxes\"\nkeys = \"backup-keys\"\n";
    fs::write(nodes.exchange.config(), config).unwrap();
    let sets = [schedule(&offices.sender, &offices.receiver, 1), large(&offices.sender, &offices.receiver, 2)];
    let mut ids = Vec::new();
    for set in &sets {
        ids.push(offices.sender.sends(set).await.accepted());
    }
    // While both serve.
    assert!(done(&place, &["backup", "run", "--by", "tanaka"]).contains("控えを作り"));
    let backup = numbers(&done(&place, &["backup", "list"])).remove(0);
    done(&place, &["backup", "drill", "--aside", "drill", "--by", "tanaka"]);
    let Nodes { one, other, exchange } = nodes;
    for node in [one, other] {
        assert!(node.stop().await.0.success());
    }

    let two = ["--by", "sato", "--approved-by", "suzuki"];
    let restore = ["backup", "restore", &backup, "--into", "restored", "--declare-gap"];
    done(&place, &[&restore[..], &two].concat());
    exchange.puts_back(Kept::Database(test_postgres::database().unwrap()));
    let take_over = [&["database", "take-over", "--from", "restored"][..], &two].concat();
    assert!(
        failed(&place, &["database", "take-over", "--from", "nowhere", "--by", "a", "--approved-by", "b"])
            .contains("ありません")
    );
    assert!(done(&place, &take_over).contains("送信 2件"));
    assert!(failed(&place, &take_over).contains("ありません"), "the folder is none any more");
    // What was anchored reaches further than the backup: the log goes on by declaration only (R10.5).
    assert!(failed(&place, &["office", "list"]).contains("アクセス記録が"));
    done(&place, &[&["ledger", "declare-gap", "--reason", "サーバーの故障"][..], &two].concat());
    let server = exchange.start();
    let receiver = offices.receiver.meets(&server);
    for (id, set) in ids.iter().zip(&sets) {
        crate::device::assert_same(&crate::device::unzip(&receiver.fetches(id).await.done().body), set);
    }
    vault::ledger_agrees(&exchange.data()).await;
}
