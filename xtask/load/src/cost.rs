//! What sealing and the log cost: the program, and a build of it in which both do nothing, in turn in one run.
//!
//! Both check, address, encrypt the database's file and commit in groups alike. Each round begins with a copy of the same
//! exchange and the two take turns at going first, so that what the machine does meanwhile falls on both.

use crate::drive::{self, Plan, Scenario};
use crate::office::{Exchange, Offices};
use crate::sets::Sets;
use crate::verify;
use anstream::println;
use anyhow::{Context as _, ensure};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What must remain of the rate of a program that neither seals nor records.
const RATIO_MIN: f64 = 0.8;
/// Bytes that stand in the bare program and in no other (`store/src/bare.rs`).
const MARK: &[u8] = b"FUMIBAKO-BARE: neither sealed nor recorded";

/// The two programs.
#[derive(Debug)]
pub(crate) struct Programs {
    full: PathBuf,
    bare: PathBuf,
}

/// What both are measured on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) offices: &'a Offices,
    pub(crate) sets: &'a Arc<Sets>,
    /// Copied for each round.
    pub(crate) made: &'a Exchange,
    /// Where the copies go.
    pub(crate) folder: &'a Path,
}

/// One program in one round.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Turn {
    sends: u64,
    sends_per_second: f64,
    server_cpu_ms_per_send: f64,
    /// Of server and client: what a send costs on a machine that does nothing else.
    cpu_ms_per_send: f64,
}

/// A scenario's rounds.
#[derive(Debug, Default, Serialize)]
struct Rounds {
    full: Vec<Turn>,
    bare: Vec<Turn>,
}

/// Every figure of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    scenarios: BTreeMap<&'static str, Rounds>,
}

impl Programs {
    /// Refuses two programs of which not exactly the second is bare.
    pub(crate) fn new(full: &Path, bare: &Path) -> anyhow::Result<Self> {
        ensure!(!is_bare(full)?, "{} neither seals nor records: there is nothing to compare", full.display());
        ensure!(is_bare(bare)?, "{} seals and records: there is nothing to compare", bare.display());
        Ok(Self { full: full.to_path_buf(), bare: bare.to_path_buf() })
    }

    /// Drives both through so many rounds of each scenario.
    pub(crate) fn measure(
        &self,
        scenarios: impl IntoIterator<Item = Scenario>,
        rounds: u32,
        ground: &Ground<'_>,
    ) -> anyhow::Result<Cost> {
        let Ground { plan, offices, sets, made, folder } = *ground;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut cost = Cost { scenarios: BTreeMap::new() };
        for scenario in scenarios {
            let of_scenario = cost.scenarios.entry(scenario.letter()).or_default();
            for round in 0..rounds {
                for bare in [round % 2 == 1, round % 2 == 0] {
                    anstream::eprintln!(
                        "({}) round {} of {rounds}, {} …",
                        scenario.letter(),
                        round + 1,
                        if bare { "without sealing and log" } else { "with" }
                    );
                    let copy = made.copy(&folder.join(format!("{}-{round}-{bare}", scenario.letter())))?;
                    let program = if bare { &self.bare } else { &self.full };
                    let server = copy.serve(program)?;
                    let target = made.target(server.exchange(), offices)?;
                    let run = runtime.block_on(drive::drive(scenario, plan, &target, sets, server.pid()))?;
                    ensure!(run.errors.is_empty(), "{}", run.errors.join("; "));
                    server.stop()?;
                    // Neither may be fast by losing what it acknowledged.
                    let server = copy.serve(program)?;
                    let target = made.target(server.exchange(), offices)?;
                    let listed = runtime.block_on(verify::listed(&target, offices))?;
                    server.stop()?;
                    let acknowledged: usize = run.accepted.iter().map(|call| call.ids.len()).sum();
                    ensure!(listed == acknowledged, "{listed} of {acknowledged} acknowledged sets are there");
                    copy.remove()?;
                    let cpu = run.cpu.context("no CPU time")?;
                    let per_send = |seconds: f64| seconds * 1e3 / run.sends.max(1) as f64;
                    let turn = Turn {
                        sends: run.sends,
                        sends_per_second: run.sends as f64 / run.seconds,
                        server_cpu_ms_per_send: per_send(cpu.server),
                        cpu_ms_per_send: per_send(cpu.server + cpu.client),
                    };
                    if bare { of_scenario.bare.push(turn) } else { of_scenario.full.push(turn) }
                }
            }
        }
        Ok(cost)
    }
}

impl Cost {
    pub(crate) fn print(&self) {
        for (scenario, rounds) in &self.scenarios {
            println!("({scenario}) sends/s with sealing and log, without, ratio:");
            for (full, bare) in rounds.full.iter().zip(&rounds.bare) {
                println!(
                    "    {:>7.0} {:>7.0}  {:.2}   server CPU {:.3} and {:.3} ms a send",
                    full.sends_per_second,
                    bare.sends_per_second,
                    full.sends_per_second / bare.sends_per_second,
                    full.server_cpu_ms_per_send,
                    bare.server_cpu_ms_per_send
                );
            }
            let (by_rate, by_cpu) = rounds.ratios();
            println!("({scenario}) ratio {by_rate:.2} (aim {RATIO_MIN}), by CPU of server and client {by_cpu:.2}");
        }
    }
}

impl Rounds {
    /// Of the rates of all rounds together, and of the CPU time of a send.
    fn ratios(&self) -> (f64, f64) {
        let sum = |turns: &[Turn], of: fn(&Turn) -> f64| turns.iter().map(of).sum::<f64>();
        (
            sum(&self.full, |turn| turn.sends_per_second) / sum(&self.bare, |turn| turn.sends_per_second),
            sum(&self.bare, |turn| turn.cpu_ms_per_send) / sum(&self.full, |turn| turn.cpu_ms_per_send),
        )
    }
}

fn is_bare(program: &Path) -> anyhow::Result<bool> {
    let bytes = std::fs::read(program).with_context(|| format!("{}", program.display()))?;
    // Not as one literal that this program would hold itself: it is never asked about itself.
    Ok(bytes.windows(MARK.len()).any(|window| window == MARK))
}
