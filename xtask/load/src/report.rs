//! The figures, for people and for `--json`.

use crate::drive::{Plan, Run, Scenario, Verb};
use crate::office::Offices;
use crate::proc;
use crate::serve::{Server, Written};
use crate::sets::Sets;
use crate::verify::Verified;
use anstream::println;
use serde::Serialize;
use std::collections::BTreeMap;

/// The part of their rate that sends must keep while sign-ins are flooded.
const UNDER_FLOOD_MIN: f64 = 0.8;

/// A server before any load.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Start {
    /// From starting the process to open doors.
    seconds: f64,
    /// Resident memory with open doors, KiB.
    idle_kib: u64,
}

impl Start {
    pub(crate) fn of(server: &Server) -> anyhow::Result<Self> {
        Ok(Self { seconds: server.started_in().as_secs_f64(), idle_kib: proc::memory(server.pid())?.0 })
    }
}

/// Milliseconds of a kind of call.
#[derive(Clone, Copy, Debug, Serialize)]
struct Latency {
    calls: usize,
    p50: f64,
    p99: f64,
    max: f64,
}

impl Latency {
    fn of(sorted_micros: &[u32]) -> Self {
        let at = |share: f64| {
            let index = (sorted_micros.len() as f64 * share) as usize;
            sorted_micros.get(index.min(sorted_micros.len().saturating_sub(1))).map_or(0.0, |&at| f64::from(at) / 1e3)
        };
        Self { calls: sorted_micros.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// One server under one scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    seconds: f64,
    sends: u64,
    sends_per_second: f64,
    calls_per_second: f64,
    latency_ms: BTreeMap<&'static str, Latency>,
    bytes_per_set: f64,
    errors: usize,
    first_errors: Vec<String>,
    commits: Option<u64>,
    writes: Option<u64>,
    writes_per_commit: Option<f64>,
    server_cpu_seconds_per_1000_sends: f64,
    client_cpu_seconds_per_1000_sends: f64,
    /// Cores that were busy with neither server nor client: what others took.
    other_cores_busy: f64,
    peak_kib: u64,
    start: Start,
    sets_used_up: bool,
    /// With a password compared (Argon2id as OWASP asks), and held back without.
    sign_ins_per_second: Option<f64>,
    held_back_per_second: Option<f64>,
    pub(crate) verified: Option<Verified>,
}

impl Side {
    pub(crate) fn new(run: &Run, start: Start, stopped: Option<Written>) -> Self {
        let per_second = |count: u64| count as f64 / run.seconds;
        let per_thousand = |seconds: f64| seconds * 1_000.0 / (run.sends.max(1) as f64);
        let calls: usize = run.calls.values().map(Vec::len).sum();
        let cpu = run.cpu;
        Self {
            seconds: run.seconds,
            sends: run.sends,
            sends_per_second: per_second(run.sends),
            calls_per_second: per_second(calls as u64),
            latency_ms: run.calls.iter().map(|(verb, micros)| (verb.name(), Latency::of(micros))).collect(),
            bytes_per_set: run.bytes as f64 / (run.sends.max(1) as f64),
            errors: run.errors.len(),
            first_errors: run.errors.iter().take(3).cloned().collect(),
            commits: stopped.map(|written| written.commits),
            writes: stopped.map(|written| written.writes),
            writes_per_commit: stopped.map(|written| written.writes as f64 / (written.commits.max(1) as f64)),
            server_cpu_seconds_per_1000_sends: cpu.map_or(0.0, |cpu| per_thousand(cpu.server)),
            client_cpu_seconds_per_1000_sends: cpu.map_or(0.0, |cpu| per_thousand(cpu.client)),
            other_cores_busy: cpu.map_or(0.0, |cpu| ((cpu.machine - cpu.server - cpu.client) / run.seconds).max(0.0)),
            peak_kib: run.peak_kib,
            start,
            sets_used_up: run.used_up,
            sign_ins_per_second: run.sign_ins.map(|answered| per_second(answered.compared)),
            held_back_per_second: run.sign_ins.map(|answered| per_second(answered.held_back)),
            verified: None,
        }
    }

    /// Of server and client, for 1,000 sends.
    fn cpu_seconds(&self) -> f64 {
        self.server_cpu_seconds_per_1000_sends + self.client_cpu_seconds_per_1000_sends
    }

    fn is_sound(&self) -> bool {
        self.errors == 0 && self.sends > 0 && self.verified.is_none_or(Verified::is_sound)
    }

    fn print(&self, name: &str) {
        let kib = |kib: u64| kib as f64 / 1024.0;
        println!("  {name}");
        println!(
            "    {:>8.0} sends/s{}  {:.1} s{}  errors {}",
            self.sends_per_second,
            if self.latency_ms.len() > 1 { format!("  ({:.0} calls/s)", self.calls_per_second) } else { String::new() },
            self.seconds,
            if self.sets_used_up { " (ended early: the prepared sets were used up)" } else { "" },
            self.errors
        );
        for (verb, latency) in &self.latency_ms {
            println!(
                "    {verb:<11} p50 {:>7.1} ms  p99 {:>7.1} ms  max {:>7.1} ms",
                latency.p50, latency.p99, latency.max
            );
        }
        println!(
            "    CPU s per 1,000 sends: server {:.3}, client {:.3}; others kept {:.2} cores busy",
            self.server_cpu_seconds_per_1000_sends, self.client_cpu_seconds_per_1000_sends, self.other_cores_busy
        );
        let commits = match (self.commits, self.writes_per_commit) {
            (Some(commits), Some(writes)) => format!("{commits} commits of {writes:.1} writes"),
            _ => "commits not told".to_owned(),
        };
        println!(
            "    {commits}; memory {:.0} MiB idle, {:.0} MiB at most; started in {:.2} s; {:.0} bytes a set",
            kib(self.start.idle_kib),
            kib(self.peak_kib),
            self.start.seconds,
            self.bytes_per_set
        );
        if let Some(verified) = self.verified {
            println!(
                "    after a restart: {} acknowledged, {} listed; {} of {} fetched sets have the right digest",
                verified.acknowledged, verified.listed, verified.right, verified.fetched
            );
        }
        if let (Some(compared), Some(held_back)) = (self.sign_ins_per_second, self.held_back_per_second) {
            println!(
                "    beside them a second: {compared:.1} sign-ins with a password compared, {held_back:.1} held back"
            );
        }
        for error in &self.first_errors {
            println!("    ERROR {error}");
        }
    }
}

/// One scenario.
#[derive(Debug, Serialize)]
struct Entry {
    scenario: &'static str,
    title: &'static str,
    exchange: Side,
    floor: Option<Side>,
    /// Sends per second of the exchange by those of the floor.
    exchange_to_floor: Option<f64>,
    /// The same by the CPU that server and client took for a send. Neighbours on the machine hardly touch this one.
    exchange_to_floor_by_cpu: Option<f64>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    cores: usize,
    load_average_before: String,
    connections: usize,
    offices: usize,
    sets_prepared: usize,
    set_bytes_mean: usize,
    set_bytes_smallest: usize,
    set_bytes_largest: usize,
    warm_up_seconds: f64,
    /// A second is too short to hold a rate to its bound.
    rates_are_judged: bool,
    scenarios: Vec<Entry>,
}

impl Report {
    pub(crate) fn new(plan: &Plan, offices: &Offices, sets: &Sets, rates_are_judged: bool) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load_average_before: proc::load_average(),
            connections: plan.senders.len(),
            offices: offices.all().len(),
            sets_prepared: sets.count(),
            set_bytes_mean: sets.bytes_mean(),
            set_bytes_smallest: *sets.bytes_range().start(),
            set_bytes_largest: *sets.bytes_range().end(),
            warm_up_seconds: plan.warm_up.as_secs_f64(),
            rates_are_judged,
            scenarios: Vec::new(),
        }
    }

    pub(crate) fn add_exchange(&mut self, scenario: Scenario, exchange: Side) {
        let (scenario, title) = (scenario.letter(), scenario.title());
        self.scenarios.push(Entry {
            scenario,
            title,
            exchange,
            floor: None,
            exchange_to_floor: None,
            exchange_to_floor_by_cpu: None,
        });
    }

    /// To the scenario that was added last.
    pub(crate) fn add_floor(&mut self, floor: Side) {
        if let Some(entry) = self.scenarios.last_mut() {
            entry.exchange_to_floor = Some(entry.exchange.sends_per_second / floor.sends_per_second);
            entry.exchange_to_floor_by_cpu = Some(floor.cpu_seconds() / entry.exchange.cpu_seconds());
            entry.floor = Some(floor);
        }
    }

    fn sends_of(&self, scenario: Scenario) -> Option<f64> {
        let entry = self.scenarios.iter().find(|entry| entry.scenario == scenario.letter())?;
        Some(entry.exchange.sends_per_second)
    }

    /// Sends under a flood of sign-ins by sends without (R8.9), where both were measured.
    fn under_flood(&self) -> Option<f64> {
        Some(self.sends_of(Scenario::SignInFlood)? / self.sends_of(Scenario::KeptAlive)?)
    }

    /// No errors anywhere, everything that was acknowledged is there, and a flood of sign-ins starves no sends
    /// where the run was long enough to tell.
    pub(crate) fn is_sound(&self) -> bool {
        // A flood that cost nothing would prove nothing.
        let idle = self.scenarios.iter().any(|entry| entry.exchange.sign_ins_per_second == Some(0.0));
        let starved =
            self.rates_are_judged && (idle || self.under_flood().is_some_and(|ratio| ratio < UNDER_FLOOD_MIN));
        !starved && self.holds()
    }

    fn holds(&self) -> bool {
        self.scenarios.iter().all(|entry| entry.exchange.is_sound() && entry.floor.as_ref().is_none_or(Side::is_sound))
    }

    pub(crate) fn print_last(&self) {
        let Some(entry) = self.scenarios.last() else { return };
        println!("({}) {}", entry.scenario, entry.title);
        entry.exchange.print("exchange");
        if let Some(floor) = &entry.floor {
            floor.print("floor");
        }
    }

    pub(crate) fn print_ratios(&self) {
        println!(
            "{} cores, {} connections, {} offices; load average before: {}",
            self.cores, self.connections, self.offices, self.load_average_before
        );
        for entry in &self.scenarios {
            let ratio = match (entry.exchange_to_floor, entry.exchange_to_floor_by_cpu) {
                (Some(ratio), Some(by_cpu)) => format!("{ratio:.2} of the floor ({by_cpu:.2} by CPU)"),
                _ => "no floor".to_owned(),
            };
            println!(
                "({}) {:>7.0} sends/s  p99 {:>7.1} ms  {ratio:<34} {}",
                entry.scenario,
                entry.exchange.sends_per_second,
                entry.exchange.latency_ms.get(Verb::Send.name()).map_or(0.0, |latency| latency.p99),
                entry.title
            );
        }
        if let Some(ratio) = self.under_flood() {
            println!("sends under a flood of sign-ins: {ratio:.2} of the rate without (at least {UNDER_FLOOD_MIN})");
        }
        println!("{}", if self.is_sound() { "no errors; everything acknowledged is there" } else { "FAILED" });
    }
}
