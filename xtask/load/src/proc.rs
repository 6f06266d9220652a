//! What Linux says of a process and of the machine.

use anyhow::Context as _;
use std::fs;

/// Linux counts CPU time in these, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds used up to now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// By the server.
    pub(crate) server: f64,
    /// By this process, the client.
    pub(crate) client: f64,
    /// By everything on the machine, these two included.
    pub(crate) machine: f64,
}

impl Cpu {
    pub(crate) fn now(server: u32) -> anyhow::Result<Self> {
        Ok(Self { server: of_process(server)?, client: of_process(std::process::id())?, machine: of_machine()? })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server: self.server - before.server,
            client: self.client - before.client,
            machine: self.machine - before.machine,
        }
    }
}

fn of_process(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The second field is a name in parentheses and may hold anything; user and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap_or(0.0));
    Ok(ticks.sum::<f64>() / TICKS_PER_SECOND)
}

fn of_machine() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields: Vec<f64> =
        stat.lines().next().unwrap_or("").split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|&at| fields.get(at)).sum::<f64>();
    Ok(busy / TICKS_PER_SECOND)
}

/// Resident memory of a process now and at its highest, in KiB.
pub(crate) fn memory(pid: u32) -> anyhow::Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .with_context(|| format!("/proc/PID/status: {name}"))
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// Lets the kernel forget the highest resident memory so far, so that what is read later is of the load and not of the
/// start, when the passphrase is hashed. Where this is not allowed the start counts too.
pub(crate) fn forget_peak(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// The load averages, as the kernel prints them.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
