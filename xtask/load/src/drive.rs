//! The scenarios: who calls what, for how long, and what came of it.

use crate::client::{Chunks, Connection, Target};
use crate::flood::{self, Answered};
use crate::office::Offices;
use crate::proc::{self, Cpu};
use crate::sets::{CLOSING, CONTENT_TYPE, Set, Sets};
use anyhow::{Context as _, bail, ensure};
use http::StatusCode;
use hyper::body::Bytes;
use serde::Deserialize;
use standard::OfficeNumber;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// 月末: sets of one call.
const BATCH_SETS: usize = 20;
/// After this many errors a scenario has failed; going on would only fill the terminal.
const ERRORS_MAX: usize = 20;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Kept-alive connections, one set a call.
    #[value(name = "a")]
    KeptAlive,
    /// A new connection with a full handshake for every set.
    #[value(name = "b")]
    NewConnections,
    /// Twenty sets a call on kept-alive connections.
    #[value(name = "c")]
    MonthEnd,
    /// Each set is sent, listed, collected and acknowledged.
    #[value(name = "d")]
    MostlyReads,
    /// As the first, while somebody floods the sign-in (R8.9).
    #[value(name = "e")]
    SignInFlood,
}

impl Scenario {
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::KeptAlive => "a",
            Self::NewConnections => "b",
            Self::MonthEnd => "c",
            Self::MostlyReads => "d",
            Self::SignInFlood => "e",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::KeptAlive => "kept alive, one set a call",
            Self::NewConnections => "a new connection for every set",
            Self::MonthEnd => "month end, 20 sets a call",
            Self::MostlyReads => "send, list, collect, acknowledge",
            Self::SignInFlood => "kept alive, while sign-ins are flooded",
        }
    }

    /// The floor knows only sending.
    pub(crate) const fn has_floor(self) -> bool {
        !matches!(self, Self::MostlyReads | Self::SignInFlood)
    }
}

/// How hard and how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Which office sends on each connection.
    pub(crate) senders: Vec<usize>,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

impl Plan {
    pub(crate) fn new(connections: usize, offices: &Offices, warm_up: Duration, measured: Duration) -> Self {
        Self { senders: (0..connections).map(|connection| offices.sender(connection)).collect(), warm_up, measured }
    }
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    Send,
    List,
    Collect,
    Acknowledge,
}

impl Verb {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::List => "list",
            Self::Collect => "collect",
            Self::Acknowledge => "acknowledge",
        }
    }
}

/// The sets of a call that the exchange said it has.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) sender: usize,
    /// Which of the sender's sets.
    pub(crate) sets: Range<usize>,
    /// The exchange's ids with their receivers, in an order of its own.
    pub(crate) ids: Vec<(String, OfficeNumber)>,
}

/// What came of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Seconds that were measured.
    pub(crate) seconds: f64,
    /// Sets acknowledged in that time.
    pub(crate) sends: u64,
    /// Bytes of their files.
    pub(crate) bytes: u64,
    /// Microseconds of each call in that time, sorted.
    pub(crate) calls: BTreeMap<Verb, Vec<u32>>,
    /// Everything acknowledged, the warm-up included.
    pub(crate) accepted: Vec<Accepted>,
    /// Calls answered well, the warm-up included.
    pub(crate) calls_answered: u64,
    pub(crate) errors: Vec<String>,
    /// CPU seconds in the measured time.
    pub(crate) cpu: Option<Cpu>,
    /// Highest resident memory of the server under load, KiB.
    pub(crate) peak_kib: u64,
    /// The prepared sets were used up before the time.
    pub(crate) used_up: bool,
    /// Sign-ins of the flood answered in the measured time.
    pub(crate) sign_ins: Option<Answered>,
}

/// Runs a scenario against a server.
pub(crate) async fn drive(
    scenario: Scenario,
    plan: &Plan,
    target: &Target,
    sets: &Arc<Sets>,
    server: u32,
) -> anyhow::Result<Run> {
    let begun = Instant::now();
    let shared = Arc::new(Shared {
        scenario,
        target: target.clone(),
        sets: Arc::clone(sets),
        next: (0..target.offices()).map(|_| AtomicUsize::new(0)).collect(),
        idle: (0..target.offices()).map(|_| Mutex::new(Vec::new())).collect(),
        measured_from: begun + plan.warm_up,
        until: begun + plan.warm_up + plan.measured,
        used_up: AtomicBool::new(false),
        errors: AtomicUsize::new(0),
    });
    let workers: Vec<_> =
        plan.senders.iter().map(|&sender| tokio::spawn(Worker::new(Arc::clone(&shared), sender).run())).collect();
    let flood: Vec<_> = (0..if scenario == Scenario::SignInFlood { flood::CONNECTIONS } else { 0 })
        .map(|number| tokio::spawn(flood::flood(target.clone(), number, shared.measured_from, shared.until)))
        .collect();
    tokio::time::sleep_until(shared.measured_from.into()).await;
    proc::forget_peak(server);
    let (cpu, from) = (Cpu::now(server)?, Instant::now());
    while Instant::now() < shared.until && !shared.over() {
        tokio::time::sleep(Duration::from_millis(5).min(shared.until.saturating_duration_since(Instant::now()))).await;
    }
    let (cpu, seconds) = (Cpu::now(server)?.since(cpu), from.elapsed().as_secs_f64());
    let mut run = Run {
        seconds,
        cpu: Some(cpu),
        used_up: shared.used_up.load(Ordering::Relaxed),
        peak_kib: proc::memory(server)?.1,
        ..Run::default()
    };
    let to = from + Duration::from_secs_f64(seconds);
    for worker in workers {
        run.add(worker.await.context("a worker was lost")?, from, to);
    }
    for task in flood {
        match task.await.context("a sign-in was lost")? {
            Ok(answered) => {
                let sum = run.sign_ins.get_or_insert_default();
                sum.compared += answered.compared;
                sum.held_back += answered.held_back;
            }
            Err(error) => run.errors.push(format!("{error:#}")),
        }
    }
    run.calls.values_mut().for_each(|calls| calls.sort_unstable());
    Ok(run)
}

impl Run {
    fn add(&mut self, tally: Tally, from: Instant, to: Instant) {
        for call in tally.calls {
            if call.ended < from || call.ended > to {
                continue;
            }
            self.sends += u64::from(call.sets);
            self.bytes += u64::from(call.bytes);
            self.calls.entry(call.verb).or_default().push(call.micros);
        }
        self.calls_answered += tally.answered;
        self.accepted.extend(tally.accepted);
        self.errors.extend(tally.errors);
    }
}

/// What all connections of a scenario share.
struct Shared {
    scenario: Scenario,
    target: Target,
    sets: Arc<Sets>,
    /// The next set of each sender.
    next: Vec<AtomicUsize>,
    /// Kept-alive connections of each receiver that nobody uses at the moment.
    idle: Vec<Mutex<Vec<Connection>>>,
    measured_from: Instant,
    until: Instant,
    used_up: AtomicBool,
    errors: AtomicUsize,
}

impl Shared {
    fn over(&self) -> bool {
        self.used_up.load(Ordering::Relaxed) || self.errors.load(Ordering::Relaxed) >= ERRORS_MAX
    }
}

struct Call {
    verb: Verb,
    ended: Instant,
    micros: u32,
    sets: u32,
    bytes: u32,
}

#[derive(Default)]
struct Tally {
    calls: Vec<Call>,
    answered: u64,
    accepted: Vec<Accepted>,
    errors: Vec<String>,
}

/// One connection's work, call after call.
struct Worker {
    shared: Arc<Shared>,
    sender: usize,
    connection: Option<Connection>,
    tally: Tally,
}

#[derive(Deserialize)]
struct SendAnswer {
    sets: Vec<SetAnswer>,
}

#[derive(Deserialize)]
struct SetAnswer {
    outcome: String,
    receiver: String,
    transmission: Option<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Worker {
    fn new(shared: Arc<Shared>, sender: usize) -> Self {
        Self { shared, sender, connection: None, tally: Tally::default() }
    }

    async fn run(mut self) -> Tally {
        while Instant::now() < self.shared.until && !self.shared.over() {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => self.shared.used_up.store(true, Ordering::Relaxed),
                Err(error) => {
                    self.connection = None;
                    self.shared.errors.fetch_add(1, Ordering::Relaxed);
                    self.tally.errors.push(format!("{error:#}"));
                }
            }
        }
        self.tally
    }

    /// False when the prepared sets are used up.
    async fn turn(&mut self) -> anyhow::Result<bool> {
        let sets = Arc::clone(&self.shared.sets);
        let sets = sets.of(self.sender);
        let wanted = if self.shared.scenario == Scenario::MonthEnd { BATCH_SETS } else { 1 };
        let first = self.shared.next[self.sender].fetch_add(wanted, Ordering::Relaxed);
        // What has nobody to collect it may be sent again and again.
        let first = if self.shared.target.keeps_sets() { first } else { first % (sets.len() + 1 - wanted) };
        let Some(batch) = sets.get(first..first + wanted) else { return Ok(false) };
        self.send(first, batch).await?;
        if self.shared.scenario == Scenario::MostlyReads {
            self.receive(batch[0].receiver).await?;
        }
        Ok(true)
    }

    async fn send(&mut self, first: usize, batch: &[Set]) -> anyhow::Result<()> {
        let began = Instant::now();
        if self.shared.scenario == Scenario::NewConnections {
            self.connection = None;
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.shared.target.connect(self.sender).await?),
        };
        let body = batch.iter().map(|set| set.parts.clone()).chain([CLOSING]).collect::<Chunks>();
        let (status, answer) = connection.send("/api/v1/transmissions", CONTENT_TYPE, body).await?;
        let bytes: usize = batch.iter().map(|set| set.bytes).sum();
        self.count(Verb::Send, began, status, &answer, (batch.len(), bytes))?;
        if !self.shared.target.keeps_sets() {
            return Ok(());
        }
        let answer: SendAnswer = serde_json::from_slice(&answer).context("send: the answer")?;
        ensure!(answer.sets.len() == batch.len(), "{} answers to {} sets", answer.sets.len(), batch.len());
        let mut ids = Vec::with_capacity(batch.len());
        for answer in answer.sets {
            let (Some(transmission), "accepted") = (answer.transmission, answer.outcome.as_str()) else {
                bail!("a set was {}", answer.outcome);
            };
            ids.push((transmission.id, answer.receiver.parse()?));
        }
        self.tally.accepted.push(Accepted { sender: self.sender, sets: first..first + batch.len(), ids });
        Ok(())
    }

    /// What a receiver does: sees what waits, fetches what was just sent, confirms it.
    async fn receive(&mut self, receiver: usize) -> anyhow::Result<()> {
        let idle = self.shared.idle[receiver].lock().ok().and_then(|mut idle| idle.pop());
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.shared.target.connect(receiver).await?,
        };
        let began = Instant::now();
        let (status, answer) = connection.get("/api/v1/received?open=true&limit=100").await?;
        self.count(Verb::List, began, status, &answer, (0, 0))?;
        let sent = self.tally.accepted.last().and_then(|accepted| accepted.ids.first());
        let (sent, _) = sent.context("nothing was sent")?;
        let (collect, acknowledge) =
            (format!("/api/v1/transmissions/{sent}/zip"), format!("/api/v1/transmissions/{sent}/acknowledge"));
        let began = Instant::now();
        let (status, answer) = connection.get(&collect).await?;
        self.count(Verb::Collect, began, status, &answer, (0, 0))?;
        let began = Instant::now();
        let (status, answer) = connection.post(&acknowledge).await?;
        self.count(Verb::Acknowledge, began, status, &answer, (0, 0))?;
        if let Ok(mut idle) = self.shared.idle[receiver].lock() {
            idle.push(connection);
        }
        Ok(())
    }

    fn count(
        &mut self,
        verb: Verb,
        began: Instant,
        status: StatusCode,
        answer: &Bytes,
        (sets, bytes): (usize, usize),
    ) -> anyhow::Result<()> {
        let (ended, took) = (Instant::now(), began.elapsed());
        if status != StatusCode::OK {
            let text = String::from_utf8_lossy(answer);
            bail!("{}: {status} {}", verb.name(), text.chars().take(300).collect::<String>());
        }
        self.tally.answered += 1;
        self.tally.calls.push(Call {
            verb,
            ended,
            micros: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
            sets: u32::try_from(sets)?,
            bytes: u32::try_from(bytes)?,
        });
        Ok(())
    }
}
