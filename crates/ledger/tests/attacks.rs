//! Ten thousand attacks on exported logs, drawn from a seed: the verifier misses none, and names the entry wherever the
//! attack leaves one to be named (R10.5).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod helpers;

use fumibako_ledger::{CHECKPOINT_PATH, Policy, SignedCheckpoint, verify_export};
use helpers::files::{Files, entries, export, policy, policy_of_the_key_alone, sound};
use helpers::{entry, log_key, witness_key};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

const ATTACKS: usize = 10_000;
/// Logs with one file, with several, and with complete ones only.
const SIZES: [u64; 8] = [2, 5, 17, 255, 256, 257, 300, 520];

/// What is attacked, by the class of bytes or entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    EntryByte,
    HashByte,
    CheckpointText,
    CheckpointSignature,
    Cosignature,
    OlderCheckpoint,
    Root,
    Size,
    Delete,
    Insert,
    Swap,
    CutFile,
    RemoveFile,
    AddFile,
    RewriteWithoutKey,
    RewriteWithKey,
    OldCopy,
}

const CLASSES: [Class; 17] = [
    Class::EntryByte,
    Class::HashByte,
    Class::CheckpointText,
    Class::CheckpointSignature,
    Class::Cosignature,
    Class::OlderCheckpoint,
    Class::Root,
    Class::Size,
    Class::Delete,
    Class::Insert,
    Class::Swap,
    Class::CutFile,
    Class::RemoveFile,
    Class::AddFile,
    Class::RewriteWithoutKey,
    Class::RewriteWithKey,
    Class::OldCopy,
];

/// What was done.
struct Attacked {
    files: Files,
    /// The first entry that is no longer what it was, if the attack is about entries and leaves the hashes as they were.
    first_bad: Option<u64>,
    policy: Policy,
    known: Vec<SignedCheckpoint>,
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }

    fn flip(&mut self, bytes: &mut [u8]) -> usize {
        let at = self.below(bytes.len());
        bytes[at] ^= 1 + u8::try_from(self.below(255)).unwrap();
        at
    }

    fn path(&mut self, files: &Files, wanted: impl Fn(&str) -> bool) -> String {
        let paths: Vec<&String> = files.0.keys().filter(|path| wanted(path)).collect();
        paths[self.below(paths.len())].clone()
    }
}

/// The entry of a bundle to which a byte belongs, its length included.
fn entry_at(bundle: &[u8], at: usize) -> u64 {
    let (mut end, mut index) = (0, 0);
    loop {
        end += 2 + usize::from(u16::from_be_bytes([bundle[end], bundle[end + 1]]));
        if at < end {
            return index;
        }
        index += 1;
    }
}

fn bundle_number(path: &str) -> u64 {
    path["tile/entries/".len()..][..3].parse().unwrap()
}

/// The checkpoint as lines: origin, size, root, two of time, none, three of signatures.
fn checkpoint_lines(files: &mut Files, change: impl FnOnce(&mut Vec<String>)) {
    let text = String::from_utf8(files.0[CHECKPOINT_PATH].clone()).unwrap();
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    change(&mut lines);
    files.0.insert(CHECKPOINT_PATH.to_owned(), lines.join("\n").into_bytes());
}

/// Other entries below everything else that was there, or below the checkpoints alone.
fn other_entries(files: &Files, entries: &[Vec<u8>], hashes_too: bool) -> Files {
    let other = export(entries, &[], &log_key(), &[]);
    let taken = |path: &str| path.starts_with(if hashes_too { "tile/" } else { "tile/entries/" });
    let mut mixed = files.clone();
    mixed.0.retain(|path, _| !taken(path));
    mixed.0.extend(other.0.into_iter().filter(|(path, _)| taken(path)));
    mixed
}

fn signed(files: &Files) -> SignedCheckpoint {
    String::from_utf8(files.0[CHECKPOINT_PATH].clone()).unwrap().parse().unwrap()
}

fn attack(class: Class, size: u64, sound: &Files, dice: &mut Dice) -> Attacked {
    let mut files = sound.clone();
    let mut first_bad = None;
    let (mut trusted, mut known) = (policy(), Vec::new());
    let mut all = entries(size);
    let some = dice.below(all.len());
    let flip_in = |files: &mut Files, path: &str, range: std::ops::Range<usize>, dice: &mut Dice| {
        let bytes = files.0.get_mut(path).unwrap();
        range.start + dice.flip(&mut bytes[range])
    };
    match class {
        Class::EntryByte => {
            let path = dice.path(&files, |path| path.starts_with("tile/entries/"));
            let at = flip_in(&mut files, &path, 0..sound.0[&path].len(), dice);
            first_bad = Some(256 * bundle_number(&path) + entry_at(&sound.0[&path], at));
        }
        Class::HashByte => {
            let path = dice.path(&files, |path| path.starts_with("tile/") && !path.starts_with("tile/entries/"));
            flip_in(&mut files, &path, 0..sound.0[&path].len(), dice);
        }
        Class::CheckpointText | Class::CheckpointSignature | Class::Cosignature => {
            let text = String::from_utf8(sound.0[CHECKPOINT_PATH].clone()).unwrap();
            let first = text.find('—').unwrap();
            let second = first + 3 + text[first + 3..].find('—').unwrap();
            let range = match class {
                Class::CheckpointText => 0..first,
                Class::CheckpointSignature => first..second,
                _ => second..text.len(),
            };
            flip_in(&mut files, CHECKPOINT_PATH, range, dice);
        }
        Class::OlderCheckpoint => {
            let path = dice.path(&files, |path| path.starts_with("checkpoints/"));
            flip_in(&mut files, &path, 0..sound.0[&path].len(), dice);
        }
        Class::Root => checkpoint_lines(&mut files, |lines| {
            // Another root that is well formed: that of another log.
            let other = export(&entries(1 + some as u64), &[], &log_key(), &[]);
            let mut root = String::new();
            checkpoint_lines(&mut other.clone(), |other| root = other[2].clone());
            if lines[2] == root {
                lines[2] = format!("{}=", "A".repeat(43));
            } else {
                lines[2] = root;
            }
        }),
        Class::Size => checkpoint_lines(&mut files, |lines| lines[1] = some.to_string()),
        Class::Delete => {
            let count = 1 + dice.below(3.min(all.len() - some));
            all.drain(some..some + count);
            files = other_entries(&files, &all, false);
            first_bad = Some(some as u64);
        }
        Class::Insert => {
            let count = 1 + dice.below(3);
            all.splice(some..some, (0..count).map(|number| entry(1_000_000 + number as u64)));
            files = other_entries(&files, &all, false);
            first_bad = Some(some as u64);
        }
        Class::Swap => {
            let other = (some + 1 + dice.below(all.len() - 1)) % all.len();
            all.swap(some, other);
            files = other_entries(&files, &all, false);
            first_bad = Some(some.min(other) as u64);
        }
        Class::CutFile => {
            let path = dice.path(&files, |_| true);
            let bytes = files.0.get_mut(&path).unwrap();
            let len = dice.below(bytes.len());
            if path.starts_with("tile/entries/") {
                first_bad = Some(256 * bundle_number(&path) + entry_at(bytes, len));
            }
            bytes.truncate(len);
        }
        Class::RemoveFile => {
            // Older checkpoints are there to be helpful; without them nothing is unproven.
            let path = dice.path(&files, |path| !path.starts_with("checkpoints/"));
            files.0.remove(&path).unwrap();
            first_bad = path.starts_with("tile/entries/").then(|| 256 * bundle_number(&path));
        }
        Class::AddFile => {
            let kind = ["0", "1", "entries"][dice.below(3)];
            let mut path = format!("tile/{kind}/{:03}.p/{}", dice.below(9), 1 + dice.below(255));
            while files.0.contains_key(&path) {
                path.push('0');
            }
            files.0.insert(path, vec![0; 64]);
        }
        Class::RewriteWithoutKey => {
            dice.flip(&mut all[some]);
            files = other_entries(&files, &all, true);
        }
        Class::RewriteWithKey => {
            // The thief has the key of the log, but not the witnesses' keys, nor what an office has kept.
            dice.flip(&mut all[some]);
            let older = dice.below(all.len()) as u64;
            files = export(&all, &[older.max(1)], &log_key(), &[]);
            if dice.below(2) == 0 {
                let kept = export(&entries(1 + some as u64), &[], &log_key(), &[witness_key(0)]);
                (trusted, known) = (policy_of_the_key_alone(), vec![signed(&kept)]);
            }
        }
        Class::OldCopy => {
            known = vec![signed(&files)];
            files = export(&all[..some], &[], &log_key(), &[witness_key(0), witness_key(1)]);
        }
    }
    Attacked { files, first_bad, policy: trusted, known }
}

#[test]
fn r10_5_ten_thousand_attacks_and_none_is_missed() {
    let logs: Vec<Files> = SIZES.iter().map(|size| sound(*size)).collect();
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(20_261_126));
    let (mut named, mut missed, mut misnamed) = (0, Vec::new(), Vec::new());
    for number in 0..ATTACKS {
        let class = CLASSES[number % CLASSES.len()];
        let log = dice.below(SIZES.len());
        let attacked = attack(class, SIZES[log], &logs[log], &mut dice);
        assert_ne!(attacked.files, logs[log], "attack {number}, {class:?}, changes nothing");
        let report = verify_export(&attacked.files, &attacked.policy, &attacked.known).unwrap();
        if report.is_sound() {
            missed.push((number, class, SIZES[log]));
        }
        if attacked.first_bad.is_some() {
            named += 1;
            if report.first_bad() != attacked.first_bad {
                misnamed.push((number, class, SIZES[log], attacked.first_bad, report.faults));
            }
        }
    }
    assert_eq!(missed, [], "attacks that were not seen");
    assert!(misnamed.is_empty(), "{} attacks at another entry than named, first {:?}", misnamed.len(), misnamed[0]);
    assert!(named > ATTACKS / 4, "only {named} attacks had an entry to name");
}

#[test]
fn r10_5_the_logs_that_are_attacked_are_sound() {
    for size in SIZES {
        let report = verify_export(&sound(size), &policy(), &[]).unwrap();
        assert!(report.is_sound(), "{size}: {report:?}");
    }
}
