//! How far the host's clock can be trusted (R10.3): asked of the daemon that keeps it and of time servers, now and then, in
//! the background. Nothing that is stored waits for an answer.
//!
//! The kernel's own state is behind a system call that has no safe wrapper; the daemon that sets the clock knows more anyway.

use crate::Clock;
use jiff::Timestamp;
use ledger::ClockState;
use ledger::clock::{SOURCES_MAX, agree, judge};
use rsntp::AsyncSntpClient;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// How often the clock should be looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(64);
/// What was seen longer ago says nothing any more.
const SEEN_MAX: Duration = Duration::from_secs(10 * 60);
/// A time server that has not answered by then is silent.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// So is the daemon.
const DAEMON_MAX: Duration = Duration::from_secs(2);
const DAEMON_BYTES_MAX: u64 = 4_096;
/// systemd-timesyncd asks at least every 34 minutes; twice that, and it has lost its server.
const TIMESYNC_AGE_MAX: Duration = Duration::from_secs(75 * 60);
/// A clock that went this much otherwise than time did was set.
const JUMP_MS: i64 = 1_000;

/// Where the state of the clock is asked.
#[derive(Clone, Debug)]
pub struct ClockSources {
    /// Time servers, `host` or `host:port`; the first sixteen are asked.
    pub servers: Vec<String>,
    /// chrony's program for asking chronyd.
    pub chronyc: PathBuf,
    /// Where systemd-timesyncd leaves its mark.
    pub timesync: PathBuf,
}

impl Default for ClockSources {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            chronyc: PathBuf::from("/usr/bin/chronyc"),
            timesync: PathBuf::from("/run/systemd/timesync"),
        }
    }
}

/// What a look at the clock found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockLook {
    /// How far it can be trusted.
    pub state: ClockState,
    /// Time servers that answered.
    pub answers: usize,
    /// Those among them that told another time than the rest.
    pub excluded: usize,
    /// By how many milliseconds the clock was set since the look before.
    pub jump_ms: Option<i64>,
}

#[derive(Debug)]
struct Seen {
    state: ClockState,
    wall: SystemTime,
    at: Instant,
}

/// The host's clock, with what is known of it.
#[derive(Debug)]
pub struct WatchedClock {
    sources: ClockSources,
    seen: Mutex<Option<Seen>>,
}

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn state(&self) -> ClockState {
        match self.seen.lock().ok().as_deref() {
            Some(Some(seen)) if seen.at.elapsed() < SEEN_MAX => seen.state,
            _ => ClockState::Unknown,
        }
    }
}

impl WatchedClock {
    /// Not looked at yet: unknown.
    #[must_use]
    pub fn new(sources: ClockSources) -> Self {
        Self { sources, seen: Mutex::new(None) }
    }

    /// Looks, and remembers what it saw. Bounded in time, whatever is silent.
    pub async fn look(&self) -> ClockLook {
        let asked: Vec<&String> = self.sources.servers.iter().take(SOURCES_MAX).collect();
        let answers = futures_util::future::join_all(asked.iter().map(|server| ask(server)));
        let sources = self.sources.clone();
        let daemon = tokio::task::spawn_blocking(move || Daemon::ask(&sources));
        let (answers, daemon) = tokio::join!(answers, daemon);
        let daemon = daemon.unwrap_or_default();
        let answers: Vec<i64> = answers.into_iter().flatten().collect();
        let agreed = agree(&answers, asked.len());
        // Servers are asked to check the daemon; where none are named, or none are sure, its own figure is the only one.
        let offset = agreed.map(|agreed| agreed.offset_ms).or(daemon.offset_ms);
        let state = judge(daemon.synchronised, offset);
        let excluded = agreed.map_or(0, |agreed| agreed.excluded);
        ClockLook { state, answers: answers.len(), excluded, jump_ms: self.remember(state) }
    }

    fn remember(&self, state: ClockState) -> Option<i64> {
        let now = Seen { state, wall: SystemTime::now(), at: Instant::now() };
        let mut seen = self.seen.lock().ok()?;
        let before = seen.replace(now)?;
        let now = seen.as_ref()?;
        let jump = wall_ms(now.wall) - wall_ms(before.wall) - ms(now.at.duration_since(before.at));
        (jump.abs() >= JUMP_MS).then_some(jump)
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn wall_ms(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, ms)
}

/// Milliseconds to add to our clock, by this server; nothing when it is silent or not sure itself.
async fn ask(server: &str) -> Option<i64> {
    let mut client = AsyncSntpClient::new();
    client.set_timeout(ANSWER_MAX);
    // Looking the name up takes time as well.
    let answer = tokio::time::timeout(2 * ANSWER_MAX, client.synchronize(server)).await.ok()?.ok()?;
    let offset = answer.clock_offset().as_secs_f64() * 1000.0;
    // Saturates, and what is no number becomes zero only if it was none: the crate gives finite ones.
    offset.is_finite().then_some(offset.round() as i64)
}

/// What the daemon that keeps the clock says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Daemon {
    synchronised: Option<bool>,
    offset_ms: Option<i32>,
}

impl Daemon {
    fn ask(sources: &ClockSources) -> Self {
        chrony(sources).unwrap_or_else(|| Self { synchronised: timesync(sources), offset_ms: None })
    }
}

/// `chronyc -c -n tracking`: one line of comma-separated values.
fn chrony(sources: &ClockSources) -> Option<Daemon> {
    let mut child = Command::new(&sources.chronyc)
        .args(["-c", "-n", "tracking"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + DAEMON_MAX;
    let done = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    let mut line = String::new();
    child.stdout.take()?.take(DAEMON_BYTES_MAX).read_to_string(&mut line).ok()?;
    if done { tracking(&line) } else { None }
}

/// The fifth value is how far the clock is off, in seconds; the fourteenth says whether it is kept at all.
fn tracking(line: &str) -> Option<Daemon> {
    let values: Vec<&str> = line.trim().split(',').collect();
    let leap = *values.get(13)?;
    let seconds: f64 = values.get(4)?.parse().ok()?;
    let synchronised = leap != "Not synchronised";
    let offset_ms = (synchronised && seconds.is_finite()).then_some((seconds * 1000.0).round() as i32);
    Some(Daemon { synchronised: Some(synchronised), offset_ms })
}

/// systemd-timesyncd touches a file whenever a server has told it the time.
fn timesync(sources: &ClockSources) -> Option<bool> {
    if !sources.timesync.is_dir() {
        return None;
    }
    let touched = fs::metadata(sources.timesync.join("synchronized")).and_then(|mark| mark.modified());
    let age = touched.ok().map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
    Some(age.is_some_and(|age| age < TIMESYNC_AGE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_3_what_chrony_says_is_understood() {
        let kept = "C0A80001,192.168.0.1,3,1795305600.1,-0.000123,0.0001,0.0002,1.2,0.0,0.1,0.01,0.001,64.2,Normal\n";
        assert_eq!(tracking(kept), Some(Daemon { synchronised: Some(true), offset_ms: Some(0) }));
        let off = kept.replace("-0.000123", "2.5");
        assert_eq!(tracking(&off), Some(Daemon { synchronised: Some(true), offset_ms: Some(2_500) }));
        let lost = kept.replace("Normal", "Not synchronised");
        assert_eq!(tracking(&lost), Some(Daemon { synchronised: Some(false), offset_ms: None }));
        for strange in ["", "506 Cannot talk to daemon", "a,b,c,d,e,f,g,h,i,j,k,l,m,Normal"] {
            assert_eq!(tracking(strange), None, "{strange}");
        }
    }

    #[test]
    fn r10_3_a_mark_of_timesyncd_counts_while_it_is_fresh() {
        let folder = tempfile::tempdir().expect("folder");
        let sources = ClockSources { timesync: folder.path().join("timesync"), ..ClockSources::default() };
        assert_eq!(timesync(&sources), None, "no such daemon");
        fs::create_dir(&sources.timesync).expect("made");
        assert_eq!(timesync(&sources), Some(false), "it has not found a server yet");
        let mark = fs::File::create(sources.timesync.join("synchronized")).expect("made");
        assert_eq!(timesync(&sources), Some(true));
        mark.set_modified(SystemTime::now() - TIMESYNC_AGE_MAX).expect("touched");
        assert_eq!(timesync(&sources), Some(false), "it has lost its server");
    }

    #[test]
    fn r10_3_what_was_seen_long_ago_says_nothing() {
        let clock = WatchedClock::new(ClockSources::default());
        assert_eq!(clock.state(), ClockState::Unknown);
        let state = ClockState::Synchronised { offset_ms: Some(1) };
        assert_eq!(clock.remember(state), None);
        assert_eq!(clock.state(), state);
        if let Some(before) = Instant::now().checked_sub(SEEN_MAX) {
            let wall = SystemTime::now();
            *clock.seen.lock().expect("lock") = Some(Seen { state, wall, at: before });
            assert_eq!(clock.state(), ClockState::Unknown);
        }
    }

    #[test]
    fn r10_3_a_clock_that_was_set_is_noticed() {
        let clock = WatchedClock::new(ClockSources::default());
        clock.remember(ClockState::Unknown);
        for (moved, jump) in [(600_000_u64, 600_000), (200, 0)] {
            let set_back = SystemTime::now() - Duration::from_millis(moved);
            *clock.seen.lock().expect("lock") =
                Some(Seen { state: ClockState::Unknown, wall: set_back, at: Instant::now() });
            let found = clock.remember(ClockState::Unknown).unwrap_or_default();
            assert!((found - jump).abs() < 100, "{found} is not {jump}");
        }
    }
}
