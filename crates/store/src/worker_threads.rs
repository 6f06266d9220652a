//! Nobody leaves while a connection is still being closed.
//!
//! Each SQLite connection lives in a thread of its own, which closes it some moments after it was dropped. SQLCipher takes
//! down its heap when the process exits, without asking whether a thread still uses it; a process that ended in those
//! moments died of a segmentation fault, its work done and its exit code lost. Closing a store in order avoids that, but an
//! error on the way out does not come past there. Destructors of a thread's own values run before those of the process, so
//! whichever thread opened a store waits there.

use std::fs;
use std::time::{Duration, Instant};

/// As the driver names them; the kernel keeps fifteen characters.
const NAME: &str = "sqlx-sqlite-wor";
/// Far more than closing takes. A connection that is never dropped must not keep the process.
const WAIT_MAX: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(1);

struct Wait;

impl Drop for Wait {
    fn drop(&mut self) {
        let since = Instant::now();
        while are_at_work() && since.elapsed() < WAIT_MAX {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

thread_local! {
    static WAIT: Wait = const { Wait };
}

/// From now on this thread, before it ends or ends the process, lets connections finish closing.
pub(crate) fn are_waited_for() {
    WAIT.with(|_| ());
}

fn are_at_work() -> bool {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return false };
    threads
        .flatten()
        .any(|thread| fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.starts_with(NAME)))
}
