//! What is in memory stays there: keys and contents are in it (R6.8).

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;

/// Asks the kernel never to write our memory to swap, what comes later included. False where it does not agree.
///
/// Only with an unlimited allowance: under a limit, memory that is asked for later would be refused, and with it the sends.
pub(crate) fn lock() -> bool {
    // Raising it takes a right, or an allowance that somebody raised before.
    let raised = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None }).is_ok();
    let unlimited = raised || getrlimit(Resource::Memlock).current.is_none() || limit_does_not_count();
    // Pages that were never touched are not fetched for it.
    unlimited && mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).is_ok()
}

/// Whether this program may lock as much as it likes whatever its allowance (CAP_IPC_LOCK).
fn limit_does_not_count() -> bool {
    const IPC_LOCK: u32 = 14;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rights = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    rights
        .and_then(|rights| u64::from_str_radix(rights.trim(), 16).ok())
        .is_some_and(|rights| rights >> IPC_LOCK & 1 == 1)
}

/// Whether this machine has anything to swap to, as far as can be seen; yes where it cannot.
pub(crate) fn is_swapped() -> bool {
    fs::read_to_string("/proc/swaps").map_or(true, |swaps| swaps.lines().count() > 1)
}
