//! `cargo xtask load`: how many sends a second the exchange makes durable, beside the bare floor of the same run.
//!
//! A fresh exchange is made in a temporary folder and served by the real program in a process of its own; this process
//! is the client. The floor is a second server that only ends TLS, encrypts the body and commits it as one row. Machines
//! differ, and so do minutes on a shared one: compare ratios of one run, never figures of two.

mod client;
mod cost;
mod drive;
mod flood;
mod floor;
mod office;
mod proc;
mod report;
mod serve;
mod sets;
mod verify;

use anyhow::{Context as _, ensure};
use clap::Parser;
use drive::{Plan, Scenario};
use office::{Exchange, Offices};
use report::{Report, Side, Start};
use sets::Sets;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// What can be asked for on the command line.
#[derive(Parser, Debug)]
#[command(name = "load", about = "Measures the exchange over real TLS, and the bare floor beside it")]
struct Args {
    /// The program to measure (target/release/fumibako)
    #[arg(long, required_unless_present = "floor_server")]
    server: Option<PathBuf>,
    /// Seconds of each scenario, after the warm-up
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    seconds: f64,
    /// Connections at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// Service offices; there are always two care offices
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    offices: u16,
    /// Sets prepared for each scenario; it ends when they are used up [default: 3,000 a second]
    #[arg(long, value_parser = clap::value_parser!(u32).range(200..=400_000))]
    sets: Option<u32>,
    /// Which scenarios
    #[arg(long, value_enum, value_delimiter = ',', default_value = "a,b,c,d,e")]
    only: Vec<Scenario>,
    /// Leaves the floor out
    #[arg(long)]
    no_floor: bool,
    /// About one second a scenario, few offices: does it work at all
    #[arg(long)]
    quick: bool,
    /// Where the data folders go: the disk that is measured [default: the temporary folder]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Writes every figure to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// A build that neither seals nor records: what both cost is measured, and nothing else (`cargo xtask cost` makes it)
    #[arg(long)]
    bare: Option<PathBuf>,
    /// Rounds of each program when the cost is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Serves the floor from this folder (the driver starts it itself)
    #[arg(long, hide = true)]
    floor_server: Option<PathBuf>,
}

/// The longest scenario: beyond it the prepared sets would not fit into memory.
const SECONDS_MAX: f64 = 120.0;
/// Sets prepared per second unless told otherwise: more than two cores can take.
const SETS_PER_SECOND: f64 = 3_000.0;

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(format!("0.1 to {SECONDS_MAX}")) }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.floor_server {
        Some(folder) => floor::serve(folder).map(|()| true),
        None => measure(&args),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("load: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// True when nothing went wrong.
fn measure(args: &Args) -> anyhow::Result<bool> {
    let program = args.server.clone().context("--server is missing")?;
    let (seconds, warm_up, offices) = match args.quick {
        true => (1.0, 0.3, args.offices.min(4)),
        false => (args.seconds, 1.0, args.offices),
    };
    let mut temporary = tempfile::Builder::new();
    temporary.prefix("fumibako-load-");
    let folder = match &args.folder {
        Some(folder) => temporary.tempdir_in(folder)?,
        None => temporary.tempdir()?,
    };

    let offices = Offices::new(usize::from(offices));
    let plan = Plan::new(
        usize::from(args.connections),
        &offices,
        Duration::from_secs_f64(warm_up),
        Duration::from_secs_f64(seconds),
    );
    anstream::eprintln!("making an exchange with {} offices in {} …", offices.all().len(), folder.path().display());
    let made = Exchange::make(&program, &folder.path().join("made"), &offices)?;
    let wanted = args.sets.map_or((SETS_PER_SECOND * (seconds + warm_up)) as usize, |sets| sets as usize);
    let sets = Arc::new(Sets::prepare(&offices, &plan.senders, wanted)?);
    anstream::eprintln!(
        "prepared {} sets of {} to {} bytes",
        sets.count(),
        sets.bytes_range().start(),
        sets.bytes_range().end()
    );
    if let Some(bare) = &args.bare {
        let programs = cost::Programs::new(&program, bare)?;
        let only: std::collections::BTreeSet<_> =
            args.only.iter().copied().filter(|scenario| scenario.has_floor()).collect();
        let ground = cost::Ground { plan: &plan, offices: &offices, sets: &sets, made: &made, folder: folder.path() };
        let cost = programs.measure(only, args.rounds, &ground)?;
        cost.print();
        if let Some(path) = &args.json {
            std::fs::write(path, serde_json::to_vec_pretty(&cost)?).with_context(|| format!("{}", path.display()))?;
        }
        return Ok(true);
    }
    let floor = floor::Floor::make(&folder.path().join("floor"))?;

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::new(&plan, &offices, &sets, !args.quick);
    let only: std::collections::BTreeSet<_> = args.only.iter().copied().collect();
    for scenario in only {
        anstream::eprintln!("({}) {} …", scenario.letter(), scenario.title());
        let copy = made.copy(&folder.path().join(scenario.letter()))?;
        let server = copy.serve(&program)?;
        let start = Start::of(&server)?;
        let target = made.target(server.exchange(), &offices)?;
        let run = runtime.block_on(drive::drive(scenario, &plan, &target, &sets, server.pid()))?;
        let stopped = server.stop()?;
        let mut side = Side::new(&run, start, stopped);

        // Started again: what was acknowledged has to be on the disk, not in a memory.
        let server = copy.serve(&program)?;
        let target = made.target(server.exchange(), &offices)?;
        side.verified = Some(runtime.block_on(verify::verify(&target, &offices, &sets, &run.accepted))?);
        server.stop()?;
        copy.remove()?;
        report.add_exchange(scenario, side);

        if scenario.has_floor() && !args.no_floor {
            let server = floor.serve(scenario)?;
            let start = Start::of(&server)?;
            let run = runtime.block_on(drive::drive(
                scenario,
                &plan,
                &floor.target(server.exchange(), &offices)?,
                &sets,
                server.pid(),
            ))?;
            let rows = run.calls_answered;
            let stopped = server.stop()?;
            ensure!(stopped.is_some_and(|stopped| stopped.writes == rows), "the floor lost rows: {stopped:?}, {rows}");
            report.add_floor(Side::new(&run, start, stopped));
        }
        report.print_last();
    }
    report.print_ratios();
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?).with_context(|| format!("{}", path.display()))?;
    }
    Ok(report.is_sound())
}
