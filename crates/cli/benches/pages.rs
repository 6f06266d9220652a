//! `cargo xtask pages`: how long the pages of an office with a long history take while thirty people read.
//!
//! A fresh exchange is filled through the store's own verbs, then served by the real program; readers are clients with real
//! certificates over TLS, on the same machine. What is measured is an answer as the reader waits for it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement, built from the tests' own world"
)]
#![allow(
    clippy::redundant_closure,
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the tests' world has more than is needed here"
)]

#[path = "../tests/exchange/answer.rs"]
mod answer;
#[path = "../tests/exchange/browser.rs"]
mod browser;
#[path = "../tests/exchange/device.rs"]
mod device;
#[path = "../tests/exchange/people.rs"]
mod people;
#[path = "../tests/exchange/server.rs"]
mod server;
#[path = "../tests/exchange/vault.rs"]
mod vault;
#[path = "../tests/exchange/world.rs"]
mod world;

use browser::{Browser, hidden_fields};
use device::Device;
use identity::role::Role;
use sha2::{Digest as _, Sha256};
use standard::sample::{self, Request, SampleFile};
use standard::{Profile, ServiceMonth, SourceFile, UnitKind};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Asker, Office, Sealer, Store};
use world::World;

const PARTNERS: usize = 20;
const PEOPLE: usize = 300;
/// Of each person.
const PARTNERS_OF_ONE: usize = 4;
const READERS: usize = 30;
/// What a page may weigh.
const PAGE_BYTES: usize = 100_000;
const ROUND: Duration = Duration::from_secs(20);
/// Sets on their way to the writer at the same time.
const AT_ONCE: usize = 128;
/// The first month of the current edition.
const FIRST: (u16, u8) = (2025, 4);

fn main() {
    let sets: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-') && word.parse::<usize>().is_err());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(sets, only.as_deref()));
}

struct Exchanged {
    world: World,
    care: Device,
    last: ServiceMonth,
    ids: Vec<String>,
}

/// With the name of a page, only that one, by one reader, again and again: for a profile.
async fn measure(sets: usize, only: Option<&str>) {
    let Exchanged { world, care, last, ids } = fill(sets).await;
    let member = world.exchange.member(&care, Role::OfficeStaff).await;
    let first = member.signs_in(&care).await;
    let board = format!("/month?month={last}");
    let begun = Instant::now();
    let page = first.get(&board).await.done().text();
    println!("first look at the board: {:?}, {} bytes", begun.elapsed(), page.len());
    assert!(page.len() < PAGE_BYTES, "a page of {} bytes", page.len());
    let token = hidden_fields(&page, "/month/export").into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    for turn in 1..=20 {
        let begun = Instant::now();
        let month = last.to_string();
        let on = first.post("/month/compare", &[("month", &month), ("form_token", &token)]).await.sent_on();
        if turn == 1 {
            println!("the first press that compares {} pairs: {:?}", store::PAIRS_AT_ONCE_MAX, begun.elapsed());
        }
        if !on.contains("compared-more") {
            break;
        }
    }
    let page = first.get(&board).await.done().text();
    let people: Vec<String> = page
        .split("href=\"/month/people/")
        .skip(1)
        .map(|rest| format!("/month/people/{}", rest.split(['"', '#']).next().unwrap()))
        .collect();
    let pages: Vec<(&'static str, Vec<String>)> = vec![
        ("board", vec![board.clone(), format!("{board}&page=2"), format!("{board}&sort=number&page=3")]),
        ("board, missing", vec![format!("{board}&only=missing")]),
        ("board, differing", vec![format!("{board}&only=differing")]),
        ("lists", vec!["/".to_owned()]),
        ("set", ids.iter().rev().step_by(ids.len() / 100 + 1).map(|id| format!("/sets/{id}")).collect()),
        ("person", people),
    ];
    if let Some(only) = only {
        let (name, paths) = pages.iter().find(|(name, _)| *name == only).expect("the name of a page");
        for _ in 0..20 {
            alone(&first, name, paths).await;
        }
        return;
    }
    for (name, paths) in &pages {
        alone(&first, name, paths).await;
    }
    for pause in [Duration::from_secs(1), Duration::from_millis(500)] {
        println!("{READERS} readers, each a page and then a pause of {pause:?}:");
        together(&first, &care, &pages[..5], pause).await;
    }
    println!("{READERS} readers without a pause:");
    together(&first, &care, &pages[..5], Duration::ZERO).await;
}

/// One reader: what a page costs.
async fn alone(browser: &Browser, name: &str, paths: &[String]) {
    let mut times = Vec::new();
    for at in 0..60 {
        let begun = Instant::now();
        browser.get(&paths[at % paths.len()]).await.done();
        times.push(begun.elapsed());
    }
    println!("  alone, {name}: {}", told(&mut times));
}

async fn together(first: &Browser, care: &Device, pages: &[(&'static str, Vec<String>)], pause: Duration) {
    let mut readers = Vec::new();
    for reader in 0..READERS {
        let (browser, pages) = (first.moved_to(care), pages.to_vec());
        readers.push(tokio::spawn(async move {
            let mut times: Vec<(&'static str, Duration)> = Vec::new();
            tokio::time::sleep(pause * u32::try_from(reader).unwrap() / u32::try_from(READERS).unwrap()).await;
            let until = Instant::now() + ROUND;
            for turn in reader.. {
                if Instant::now() > until {
                    break;
                }
                let (name, paths) = &pages[turn % pages.len()];
                let begun = Instant::now();
                browser.get(&paths[turn % paths.len()]).await.done();
                // The first answer of each reader has a handshake in it.
                if turn >= reader + pages.len() {
                    times.push((name, begun.elapsed()));
                }
                tokio::time::sleep(pause).await;
            }
            times
        }));
    }
    let mut of_page: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for reader in readers {
        for (name, time) in reader.await.unwrap() {
            of_page.entry(name).or_default().push(time);
        }
    }
    let mut all: Vec<Duration> = of_page.values().flatten().copied().collect();
    for (name, times) in &mut of_page {
        println!("  {name}: {}", told(times));
    }
    println!("  all: {}", told(&mut all));
}

fn told(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied();
    let ms = |part| at(part).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    format!("{} answers, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms", times.len(), ms(50), ms(95), ms(99))
}

/// One office with a long history: schedules out, actuals in, every month, for the same people.
async fn fill(sets: usize) -> Exchanged {
    let world = World::new().await;
    let store = Arc::new(world.exchange.operator().await);
    let care = device(&world, &store, &["43"]).await;
    let mut partners = Vec::new();
    for _ in 0..PARTNERS {
        partners.push(device(&world, &store, &["11"]).await);
    }
    let asker = asker_of(&store, &care).await;
    let mut askers = Vec::new();
    for partner in &partners {
        askers.push(asker_of(&store, partner).await);
    }
    let begun = Instant::now();
    let (mut month, mut made, mut last) = (FIRST, 0, None);
    let mut ids: Vec<String> = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    while made < sets {
        let of = ServiceMonth::new(month.0, month.1).unwrap();
        last = Some(of);
        for at in 0..PEOPLE * PARTNERS_OF_ONE * 2 {
            let (person, turn, reports) = (at % PEOPLE, at / PEOPLE % PARTNERS_OF_ONE, at >= PEOPLE * PARTNERS_OF_ONE);
            // A tenth of the newest month's actuals are not there yet.
            if reports && made + PEOPLE * PARTNERS_OF_ONE > sets && at % 10 == 0 {
                continue;
            }
            let partner = (person + turn * 5) % PARTNERS;
            let (from, to) = match reports {
                false => (asker.clone(), askers[partner].office.clone()),
                true => (askers[partner].clone(), asker.office.clone()),
            };
            let (store, serial) = (
                Arc::clone(&store),
                format!("{of}{:02}{:02}{:02}{:02}", at / 3600 % 24 + 1, at / 60 % 24, at % 60, at % 59),
            );
            running.spawn(async move { send(&store, &from, &to, (person, of), &serial, reports).await });
            made += 1;
            if running.len() >= AT_ONCE {
                ids.extend(running.join_next().await.unwrap().unwrap());
            }
        }
        month = if month.1 == 12 { (month.0 + 1, 1) } else { (month.0, month.1 + 1) };
    }
    while let Some(id) = running.join_next().await {
        ids.extend(id.unwrap());
    }
    drop(store);
    let last = last.unwrap();
    let sql = "UPDATE transmission SET collected_at = accepted_at, acknowledged_at = accepted_at, outcome = 'imported',
                                       answered_at = accepted_at WHERE service_month < $1";
    let of_before = vault::execute(&world.exchange.data(), sql, &last.to_string()).await;
    let sql = "UPDATE transmission SET collected_at = accepted_at WHERE service_month = $1";
    vault::execute(&world.exchange.data(), sql, &last.to_string()).await;
    ids.sort();
    println!("{} sets of one office in {:?}; {of_before} of months before {last}", ids.len(), begun.elapsed());
    Exchanged { world, care, last, ids }
}

async fn send(
    store: &Arc<Store>,
    from: &Asker,
    to: &Office,
    (person, month): (usize, ServiceMonth),
    serial: &str,
    reports: bool,
) -> Option<String> {
    let kind = if reports { UnitKind::Actual } else { UnitKind::Schedule };
    let (sender_type, receiver_type) = sample::types_for(kind);
    let request = Request {
        seed: person as u64,
        people: 1,
        sender: from.office.register.number,
        sender_type,
        receiver: to.register.number,
        receiver_type,
        serial: serial.parse().unwrap(),
        month,
        names: None,
    };
    let (keeper, from, to) = (Arc::clone(store), from.clone(), to.clone());
    let (sealed, from) = tokio::task::spawn_blocking(move || {
        let files = sample::make(kind, &request);
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|SampleFile { name, bytes }| SourceFile { name, bytes }).collect();
        let report = standard::check(&sources, Profile::Export);
        let letter = exchange::address(&from.office.register, Some(&to.register), &report.units[0], &sources).ok()?;
        let mut sealed = keeper.seal(&mut Sealer::new(), &from, &to, &letter, 0, &sources).unwrap();
        let about = standard::HistorySet::read(&sources).remove(0);
        keeper.note(&mut sealed, &from, &about).unwrap();
        Some((sealed, from))
    })
    .await
    .unwrap()?;
    match store.accept(&from, sealed).await.unwrap() {
        store::Answer::Done(store::Acceptance::New(set)) => Some(set.id.to_string()),
        _ => None,
    }
}

async fn device(world: &World, store: &Store, types: &[&str]) -> Device {
    let (_, code) = world.exchange.add_office(store, types).await;
    Device::enrolled(&world.exchange, &world.server, &code).await
}

async fn asker_of(store: &Store, device: &Device) -> Asker {
    let body: String = device.certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    let digest: String = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    store.asker(&digest, std::net::Ipv4Addr::LOCALHOST.into()).await.unwrap().unwrap()
}
