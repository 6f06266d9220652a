//! The clock and what is known of it (R10.3): time servers on loopback that tell the truth, lie, or are silent.

mod support;

use fumibako_store::{Clock as _, ClockSources, MasterKey, Store, WatchedClock};
use ledger::{Action, ClockState, Entry};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use support::Kept;
use tokio::net::UdpSocket;

/// Seconds between 1900, where the protocol counts from, and 1970.
const SINCE_1900: u64 = 2_208_988_800;
const REQUEST_BYTES: usize = 48;

/// A time server that is off by so many milliseconds; `None`: it hears and says nothing.
async fn server(off_ms: Option<i64>) -> String {
    changing(Arc::new(AtomicI64::new(off_ms.unwrap_or(SILENT)))).await
}

const SILENT: i64 = i64::MIN;

/// One whose offset can be changed.
async fn changing(off_ms: Arc<AtomicI64>) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    let address = socket.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let mut request = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut request).await {
            let off_ms = off_ms.load(Ordering::SeqCst);
            if off_ms == SILENT || length < REQUEST_BYTES {
                continue;
            }
            let mut answer = [0; REQUEST_BYTES];
            // No leap second, version 4, a server; stratum 1.
            answer[0] = 0b00_100_100;
            answer[1] = 1;
            answer[12..16].copy_from_slice(b"TEST");
            answer[24..32].copy_from_slice(&request[40..48]);
            let now = stamp(off_ms);
            for place in [16, 32, 40] {
                answer[place..place + 8].copy_from_slice(&now);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

fn stamp(off_ms: i64) -> [u8; 8] {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let ms = i64::try_from(now.as_millis()).expect("in range") + off_ms;
    let seconds = u64::try_from(ms / 1_000).expect("in range") + SINCE_1900;
    let fraction = (u64::try_from(ms % 1_000).expect("in range") << 32) / 1_000;
    (seconds << 32 | fraction).to_be_bytes()
}

/// No daemon: only the servers tell anything.
fn sources(servers: Vec<String>) -> ClockSources {
    ClockSources {
        servers,
        chronyc: PathBuf::from("/nonexistent/chronyc"),
        timesync: PathBuf::from("/nonexistent/timesync"),
    }
}

async fn seen(offsets: &[Option<i64>]) -> (ClockState, usize, usize) {
    let mut servers = Vec::new();
    for offset in offsets {
        servers.push(server(*offset).await);
    }
    let clock = WatchedClock::new(sources(servers));
    let look = clock.look().await;
    assert_eq!(look.state, clock.state());
    (look.state, look.answers, look.excluded)
}

/// Loopback and a busy machine take their time.
fn near(state: ClockState, expected_ms: i32) -> bool {
    state.offset_ms().is_some_and(|offset| (offset - expected_ms).abs() < 150)
}

#[tokio::test]
async fn r10_3_offsets_of_servers_are_measured_and_judged() {
    let (state, ..) = seen(&[Some(0)]).await;
    assert!(near(state, 0) && state.is_sound() && !state.needs_care(), "{state:?}");
    let (state, ..) = seen(&[Some(300)]).await;
    assert!(near(state, 300) && state.is_sound(), "{state:?}");
    let (state, ..) = seen(&[Some(2_000)]).await;
    assert!(near(state, 2_000) && !state.is_sound() && state.needs_care() && state.may_sign(), "{state:?}");
    let (state, ..) = seen(&[Some(-600_000)]).await;
    assert!(!state.is_sound() && !state.may_sign(), "ten minutes back: {state:?}");
}

#[tokio::test]
async fn r10_3_a_lying_server_is_left_out_and_silence_proves_nothing() {
    let (state, answers, excluded) = seen(&[Some(0), Some(86_400_000), Some(20)]).await;
    assert!(near(state, 10) && state.is_sound(), "{state:?}");
    assert_eq!((answers, excluded), (3, 1));

    let start = Instant::now();
    let (state, answers, _) = seen(&[None]).await;
    assert_eq!((state, answers), (ClockState::Unknown, 0));
    let (state, ..) = seen(&[None, None, Some(0)]).await;
    assert_eq!(state, ClockState::Unknown, "one of three could be the liar");
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    let (state, ..) = seen(&[Some(0), Some(5_000)]).await;
    assert_eq!(state, ClockState::Unknown, "two that disagree");
}

#[tokio::test]
async fn r10_3_a_daemon_that_hangs_is_not_waited_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("folder");
    let program = folder.path().join("chronyc");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("set");
    let start = Instant::now();
    let clock = WatchedClock::new(ClockSources { chronyc: program.clone(), ..sources(Vec::new()) });
    assert_eq!(clock.look().await.state, ClockState::Unknown);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    let line = "7F7F0101,,10,1795305600.0,-2.25,0.1,0.1,1.0,0.0,0.1,0.0,0.1,64.0,Normal";
    std::fs::write(&program, format!("#!/bin/sh\necho {line}\n")).expect("written");
    assert_eq!(clock.look().await.state, ClockState::Unsynchronised { offset_ms: Some(-2_250) });
}

#[tokio::test]
async fn r10_3_every_entry_says_how_far_its_instant_can_be_trusted() {
    let folder = tempfile::tempdir().expect("folder");
    let good = server(Some(0)).await;
    let bad = server(Some(2_000)).await;
    let sound = Arc::new(WatchedClock::new(sources(vec![good])));
    let off = Arc::new(WatchedClock::new(sources(vec![bad])));
    let kept = Kept::new(&folder.path().join("data"));
    let master = || MasterKey::from_bytes(&[9; 32].into());

    sound.look().await;
    let store = Store::create(kept.place.clone(), master(), Arc::clone(&sound) as _).await.expect("created");
    store.record_service(true).await.expect("recorded");
    store.close().await;
    let store = Store::open(kept.place.clone(), master(), Arc::clone(&off) as _).await.expect("opened");
    store.record_service(false).await.expect("recorded");
    let look = store.look_at_clock(&off).await.expect("looked");
    assert!(!look.state.is_sound());
    store.record_service(true).await.expect("recorded");
    store.close().await;

    let entries = entries(&kept).await;
    let of =
        |action| entries.iter().map(Entry::fields).filter(move |entry| entry.action == action).map(|entry| entry.clock);
    let starts: Vec<_> = of(Action::ServerStart).collect();
    assert!(near(starts[0], 0) && starts[0].is_sound(), "{starts:?}");
    assert_eq!(of(Action::ServerStop).collect::<Vec<_>>(), [ClockState::Unknown], "nobody had looked yet");
    assert!(near(starts[1], 2_000) && !starts[1].is_sound(), "{starts:?}");
    let changes: Vec<_> = of(Action::ClockChange).collect();
    assert!(changes.is_empty(), "from unknown to off is no better and no worse: {changes:?}");
}

#[tokio::test]
async fn r10_3_a_clock_that_gets_out_of_step_and_back_is_recorded_each_time() {
    let folder = tempfile::tempdir().expect("folder");
    let kept = Kept::new(&folder.path().join("data"));
    let off_ms = Arc::new(AtomicI64::new(0));
    let clock = Arc::new(WatchedClock::new(sources(vec![changing(Arc::clone(&off_ms)).await])));
    let master = MasterKey::from_bytes(&[9; 32].into());
    let store = Store::create(kept.place.clone(), master, Arc::clone(&clock) as _).await.expect("created");
    for off in [0, 20, 2_000, 2_010, 0, SILENT] {
        off_ms.store(off, Ordering::SeqCst);
        store.look_at_clock(&clock).await.expect("looked");
    }
    assert_eq!(store.clock_state(), ClockState::Unknown);
    store.close().await;
    let entries = entries(&kept).await;
    let changes: Vec<_> =
        entries.iter().map(Entry::fields).filter(|entry| entry.action == Action::ClockChange).collect();
    let sound: Vec<bool> = changes.iter().map(|entry| entry.clock.is_sound()).collect();
    assert_eq!(sound, [true, false, true, false], "found, lost, found, silent");
}

async fn entries(kept: &Kept) -> Vec<Entry> {
    let mut connection = kept.connection_with(&MasterKey::from_bytes(&[9; 32].into()).into()).await;
    let lines: Vec<String> = sqlx::query_scalar("SELECT entry FROM ledger ORDER BY entry_index")
        .fetch_all(&mut connection)
        .await
        .expect("read");
    lines.iter().map(|line| Entry::parse(line.as_bytes()).expect("an entry")).collect()
}
