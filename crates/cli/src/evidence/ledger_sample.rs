//! `fumibako ledger sample` — an invented log, so that anybody can try how it is verified, and break it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ledger::{
    Action, Actor, CHECKPOINT_PATH, Checkpoint, ClockState, ConsistencyProof, Device, Entry, EntryDraft, EntryError,
    EntryId, ExportError, ExportWriter, LogKey, Login, Outcome as EntryOutcome, Policy, Source, Stamp, Tiles,
    Timestamp, Token, WitnessKey, WitnessRequest, WitnessState, older_checkpoint_path,
};

use super::failure;
use super::wording::count;
use crate::convert::plain;
use crate::terminal::{Done, Outcome, say};

/// So that a slip of the finger does not fill a disk: five gigabytes.
const ENTRIES_MAX: u64 = 10_000_000;
/// 2026-11-22T00:00:00Z.
const FROM_MS: i64 = 1_795_305_600_000;
const STEP_MS: u64 = 733;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 書き出すフォルダー（まだないもの）
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 記録の件数
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=ENTRIES_MAX))]
    entries: u64,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let folder = &args.folder;
    let shown = plain(&folder.to_string_lossy());
    if folder.exists() {
        let fix = "上書きはしません。別の名前を指定してください。";
        return Err(failure(format!("{shown}がすでにあります。"), fix).into());
    }
    make(folder, args.entries).map_err(|error| {
        failure(format!("{shown}に書き込めません（{error}）。"), "空き容量と書き込みの許可を確かめてください。")
    })?;
    say!("架空の記録{}件を{shown}に作りました。記録は log に、公開鍵はその外にあります。", count(args.entries));
    say!("確かめ方:");
    say!("  cd {shown}");
    say!("  fumibako ledger verify log --key log.vkey --witness w1.vkey --witness w2.vkey");
    say!("本物の記録では、公開鍵を記録とは別の道から受け取ります。");
    Ok(Done::All)
}

/// Keys of a sample are known to everybody.
fn keys() -> Result<(LogKey, [WitnessKey; 2]), io::Error> {
    let name = |text: &str| text.parse().map_err(io::Error::other);
    let log = LogKey::new(name("sample.invalid/fumibako")?, &[1; 32]);
    let witnesses =
        [WitnessKey::new(name("sample.invalid/w1")?, &[2; 32]), WitnessKey::new(name("sample.invalid/w2")?, &[3; 32])];
    Ok((log, witnesses))
}

fn make(folder: &Path, entries: u64) -> Result<(), io::Error> {
    let (log, witnesses) = keys()?;
    let log_folder = folder.join("log");
    let file = |path: &str, bytes: &[u8]| {
        let path = log_folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    };
    let sign = |writer: &ExportWriter, at: i64| {
        let stamp = Stamp {
            at: Timestamp::from_millisecond(at).map_err(io::Error::other)?,
            clock: ClockState::Synchronised { offset_ms: Some(2) },
            source: "chrony".parse().map_err(io::Error::other)?,
        };
        let tree = writer.tree();
        let checkpoint = Checkpoint::new(log.name().clone(), tree.size(), tree.root(), &stamp);
        checkpoint.and_then(|checkpoint| log.sign(checkpoint)).map_err(io::Error::other)
    };
    let mut writer = ExportWriter::new();
    for index in 0..entries {
        let at = FROM_MS + i64::try_from(index * STEP_MS).map_err(io::Error::other)?;
        if index > 0 && index == entries / 2 {
            file(&older_checkpoint_path(index), sign(&writer, at)?.to_string().as_bytes())?;
        }
        let entry = entry(index, at).map_err(io::Error::other)?.to_bytes();
        writer.push(&entry, file).map_err(|error| match error {
            ExportError::File(error) => error,
            other => io::Error::other(other.to_string()),
        })?;
    }
    writer.edge(file)?;
    let end = FROM_MS + i64::try_from(entries * STEP_MS).map_err(io::Error::other)?;
    let mut newest = sign(&writer, end)?;
    let policy = Policy::new(log.verifying_key()).map_err(io::Error::other)?;
    for witness in &witnesses {
        // A witness that sees the log for the first time.
        let proof = ConsistencyProof::between(&Tiles::new(), 0, entries).map_err(io::Error::other)?;
        let request = WitnessRequest::new(proof, newest.clone()).map_err(io::Error::other)?;
        let at_seconds = u64::try_from(end / 1000 + 3).map_err(io::Error::other)?;
        let line = WitnessState::new().cosign(&request, &policy, witness, at_seconds).map_err(io::Error::other)?;
        newest.add_cosignature(line, &witness.verifying_key()).map_err(io::Error::other)?;
    }
    file(CHECKPOINT_PATH, newest.to_string().as_bytes())?;
    fs::write(folder.join("log.vkey"), format!("{}\n", log.verifying_key()))?;
    for (witness, name) in witnesses.iter().zip(["w1.vkey", "w2.vkey"]) {
        fs::write(folder.join(name), format!("{}\n", witness.verifying_key()))?;
    }
    Ok(())
}

/// A person of an office opens a file of a set: an entry of common length.
fn entry(index: u64, at: i64) -> Result<Entry, EntryError> {
    let token = |text: String| text.parse::<Token>();
    let mut id = [0; 16];
    id[8..].copy_from_slice(&index.to_be_bytes());
    let at = Timestamp::from_millisecond(at)?;
    let clock = ClockState::Synchronised { offset_ms: Some(2) };
    let actor = Actor::Person(token(format!("sample-person-{}", index % 41))?);
    let draft = EntryDraft::new(EntryId(id), at, clock, actor, Action::SetOpen, EntryOutcome::Ok);
    let serial = index.to_be_bytes();
    EntryDraft {
        device: Some(Device::with_certificate(token(format!("sample-device-{}", index % 17))?, &serial)?),
        office: Some(token(format!("sample-office-{}", index % 13))?),
        login: Some(Login { session: token(format!("sample-session-{}", index / 50))?, at }),
        source: Some(Source::Pseudonym(token(format!("sample-source-{}", index % 7))?)),
        object: Some(token(format!("00000000-0000-7000-8000-{index:012x}"))?),
        counterpart: Some(token(format!("sample-office-{}", (index + 5) % 13))?),
        ..draft
    }
    .detail("file", index % 3)
    .and_then(|draft| draft.detail("duration_ms", index % 97))
    .and_then(EntryDraft::finish)
}
