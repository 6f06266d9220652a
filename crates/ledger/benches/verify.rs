//! Entries per second that the verifier reads, hashes and compares, from memory and from files, on one core (R10.5; the aim is
//! 500,000). Processor time counts, so that what else the machine does is left out.

#![allow(clippy::print_stdout, reason = "it is what a bench is for")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fumibako_ledger::{
    CHECKPOINT_PATH, Checkpoint, ClockState, Export, ExportWriter, LogKey, Policy, Stamp, Timestamp, verify_export,
};

const ENTRIES: u64 = 500_000;
const ROUNDS: usize = 3;

struct Memory(BTreeMap<String, Vec<u8>>);

impl Export for Memory {
    type Error = io::Error;

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        self.0.keys().filter(|path| path.starts_with(folder)).for_each(|path| each(path));
        Ok(())
    }
}

struct Files(PathBuf);

impl Export for Files {
    type Error = io::Error;

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        let Ok(read) = fs::read_dir(self.0.join(folder)) else { return Ok(()) };
        for item in read {
            let item = item?;
            let below = format!("{folder}/{}", item.file_name().to_string_lossy());
            if item.file_type()?.is_dir() { self.list(&below, each)? } else { each(&below) }
        }
        Ok(())
    }
}

/// An entry of common length: somebody opens a file of a set.
fn entry(index: u64) -> Vec<u8> {
    format!(
        concat!(
            r#"{{"v":1,"id":"{:032x}","at":"2026-11-22T00:00:00.123Z","clock":"synchronised","clock_offset_ms":-12,"#,
            r#""actor":"person:01993f00-0000-7000-8000-000000000001","device":"01993f00-0000-7000-8000-0000000000d1","#,
            r#""certificate":"0abc0abc0abc0abc","office":"01993f00-0000-7000-8000-0000000000a1","session":"s-000000001","#,
            r#""login_at":"2026-11-21T23:59:00.123Z","source":"ip:192.0.2.33","action":"set.open","#,
            r#""object":"01993f00-0000-7000-8000-000000000001","counterpart":"01993f00-0000-7000-8000-0000000000a2","#,
            r#""outcome":"ok","details":{{"duration_ms":41,"files":3}}}}"#,
        ),
        index
    )
    .into_bytes()
}

fn make(key: &LogKey) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let (mut files, mut writer) = (BTreeMap::new(), ExportWriter::new());
    let mut write = |path: &str, bytes: &[u8]| {
        files.insert(path.to_owned(), bytes.to_vec());
        Ok::<_, io::Error>(())
    };
    for index in 0..ENTRIES {
        writer.push(&entry(index), &mut write).map_err(|error| io::Error::other(error.to_string()))?;
    }
    writer.edge(&mut write)?;
    let stamp =
        Stamp { at: Timestamp::MAX, clock: ClockState::Unknown, source: "none".parse().map_err(io::Error::other)? };
    let tree = writer.tree();
    let checkpoint = Checkpoint::new(key.name().clone(), tree.size(), tree.root(), &stamp).map_err(io::Error::other)?;
    let signed = key.sign(checkpoint).map_err(io::Error::other)?;
    files.insert(CHECKPOINT_PATH.to_owned(), signed.to_string().into_bytes());
    Ok(files)
}

/// What this process has had of the processor, in user and system mode. Linux counts in hundredths of a second.
fn processor() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn measure(name: &str, export: &impl Export<Error = io::Error>, policy: &Policy) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let (wall, used) = (Instant::now(), processor());
        let report = verify_export(export, policy, &[])?;
        let (wall, used) = (wall.elapsed(), processor() - used);
        assert!(report.is_sound() && report.entries == ENTRIES, "the log is sound: {report:?}");
        let rate = |time: Duration| ENTRIES as f64 / time.as_secs_f64();
        println!(
            "{name}: {ENTRIES} entries in {:.2} s of processor time, {:.0} per second ({:.0} by the clock on the wall)",
            used.as_secs_f64(),
            rate(used),
            rate(wall)
        );
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let key = LogKey::new("bench.invalid/log".parse().map_err(io::Error::other)?, &[7; 32]);
    let policy = Policy::new(key.verifying_key()).map_err(io::Error::other)?;
    let files = make(&key)?;
    let bytes: usize = files.values().map(Vec::len).sum();
    println!("an entry has {} bytes, the export {} MB", entry(0).len(), bytes / 1_000_000);
    measure("memory", &Memory(files.clone()), &policy)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ledger-verify");
    for (path, bytes) in files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)?;
    }
    let measured = measure("files", &Files(folder.clone()), &policy);
    fs::remove_dir_all(folder)?;
    measured
}
