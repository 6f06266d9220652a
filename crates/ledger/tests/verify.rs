//! Verifying an exported log: what was done to it is named, at the first entry concerned (R10.5).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod helpers;

use fumibako_ledger::{
    CHECKPOINT_PATH, Export as _, ExportWriter, Fault, LogKey, NoteError, Policy, SIZE_MAX, SignedCheckpoint, TileId,
    Wrong, edge_paths, node_hash, prove, verify_export,
};
use helpers::files::{Files, entries, export, policy, policy_of_the_key_alone, sound, verify};
use helpers::{ORIGIN, entry, log_key, name, witness_key};

/// Ends of files, of tiles, and of tiles of tiles.
const SIZES: [u64; 9] = [0, 1, 2, 255, 256, 257, 512, 700, 1_100];

fn checkpoint_of(files: &Files) -> SignedCheckpoint {
    String::from_utf8(files.0[CHECKPOINT_PATH].clone()).unwrap().parse().unwrap()
}

/// The files of entries of one export with everything else of another: as somebody leaves it who changes entries only.
fn with_entries_of(files: &Files, other: &Files) -> Files {
    let is_entry = |path: &String| path.starts_with("tile/entries/");
    let mut mixed = files.clone();
    mixed.0.retain(|path, _| !is_entry(path));
    mixed
        .0
        .extend(other.0.iter().filter(|(path, _)| is_entry(path)).map(|(path, bytes)| (path.clone(), bytes.clone())));
    mixed
}

/// The export of other entries below the checkpoint of the first: as somebody leaves it who has everything but the key.
fn below_the_checkpoint_of(files: &Files, other: &Files) -> Files {
    let mut mixed = other.clone();
    mixed.0.insert(CHECKPOINT_PATH.to_owned(), files.0[CHECKPOINT_PATH].clone());
    mixed
}

fn first(files: &Files) -> Fault {
    verify(files).faults.first().expect("something is wrong").clone()
}

#[test]
fn r10_5_a_sound_log_is_sound() {
    for size in SIZES {
        let report = verify(&sound(size));
        assert!(report.is_sound(), "{size} entries: {report:?}");
        assert_eq!(report.entries, size);
        assert_eq!(report.trust.unwrap().cosigned.len(), 2);
        let stamp = report.checkpoint.unwrap().stamp().unwrap();
        assert_eq!(stamp, helpers::stamp(), "time and clock are read back (R10.3)");
    }
}

#[test]
fn r10_5_one_changed_byte_is_named_by_its_entry() {
    for (size, index) in [(1, 0), (700, 0), (700, 255), (700, 256), (700, 699), (512, 511)] {
        let files = sound(size);
        let mut other = entries(size);
        *other[index].last_mut().unwrap() ^= 1;
        let changed = with_entries_of(&files, &export(&other, &[], &log_key(), &[]));
        let fault = first(&changed);
        assert_eq!((fault.index, fault.wrong), (Some(index as u64), Wrong::Changed), "entry {index} of {size}");
    }
}

#[test]
fn r10_5_deleted_entries_are_named_and_counted() {
    for (size, index, count) in
        [(700, 0, 1), (700, 100, 1), (700, 250, 20), (700, 699, 1), (512, 3, 1), (1_100, 10, 600)]
    {
        let files = sound(size);
        let mut other = entries(size);
        other.drain(index..index + count);
        let fault = first(&with_entries_of(&files, &export(&other, &[], &log_key(), &[])));
        let expected = Wrong::Missing { count: count as u64 };
        assert_eq!((fault.index, fault.wrong), (Some(index as u64), expected), "{count} at {index} of {size}");
    }
}

#[test]
fn r10_5_inserted_entries_are_named_and_counted() {
    for (size, index, count) in [(700, 0, 1), (700, 100, 3), (700, 700, 1), (512, 512, 1), (700, 5, 400), (1, 0, 1)] {
        let files = sound(size);
        let mut other = entries(size);
        other.splice(index..index, (0..count).map(|number| entry(1_000_000 + number)));
        let fault = first(&with_entries_of(&files, &export(&other, &[], &log_key(), &[])));
        let expected = Wrong::Added { count };
        assert_eq!((fault.index, fault.wrong), (Some(index as u64), expected), "{count} at {index} of {size}");
    }
}

#[test]
fn r10_5_reordered_entries_are_named_with_where_they_belong() {
    for (size, one, other) in [(700, 4, 5), (700, 0, 699), (700, 100, 300), (1_100, 7, 1_050)] {
        let files = sound(size);
        let mut swapped = entries(size);
        swapped.swap(one, other);
        let fault = first(&with_entries_of(&files, &export(&swapped, &[], &log_key(), &[])));
        let expected = Wrong::Moved { from: other as u64 };
        assert_eq!((fault.index, fault.wrong), (Some(one as u64), expected), "{one} and {other} of {size}");
    }
}

#[test]
fn r10_5_a_cut_tail_is_named() {
    let mut files = sound(700);
    files.0.remove("tile/entries/002.p/188").unwrap();
    assert_eq!((first(&files).index, first(&files).wrong), (Some(512), Wrong::Missing { count: 188 }));

    let mut files = sound(700);
    let bytes = files.0.get_mut("tile/entries/001").unwrap();
    bytes.truncate(bytes.len() - 1);
    assert_eq!((first(&files).index, first(&files).wrong), (Some(511), Wrong::Unreadable));
}

#[test]
fn r10_5_damaged_hashes_are_told_from_damaged_entries() {
    for path in ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2"] {
        let mut files = sound(700);
        files.0.get_mut(path).unwrap()[40] ^= 4;
        assert_eq!(verify(&files).faults, [Fault { index: None, wrong: Wrong::Hashes, path: Some(path.to_owned()) }]);
        files.0.remove(path).unwrap();
        assert_eq!(verify(&files).faults, [Fault { index: None, wrong: Wrong::NoHashes, path: Some(path.to_owned()) }]);
    }
}

#[test]
fn r10_5_an_entry_is_named_although_hashes_are_damaged_too() {
    let files = sound(700);
    let mut other = entries(700);
    *other[300].last_mut().unwrap() ^= 1;
    let changed = with_entries_of(&files, &export(&other, &[], &log_key(), &[]));
    // Another tile; the tile of the edge above; the very tile.
    for (path, at, wrong) in [
        ("tile/0/000", 0, Wrong::Changed),
        ("tile/0/002.p/188", 0, Wrong::Changed),
        ("tile/0/001", 32 * 200, Wrong::ChangedBefore { before: 512 }),
    ] {
        let mut files = changed.clone();
        files.0.get_mut(path).unwrap()[at] ^= 1;
        let report = verify(&files);
        assert_eq!((report.first_bad(), &report.faults[0].wrong), (Some(300), &wrong), "{path}: {report:?}");
    }
}

#[test]
fn r10_5_a_tree_of_three_levels_is_searched_from_the_top() {
    // 65,536 entries fill a tile of tiles.
    let files = export(&entries(66_000), &[], &log_key(), &[witness_key(0), witness_key(1)]);
    assert!(verify(&files).is_sound());
    let path = "tile/entries/200";
    let mut changed = files.clone();
    let bytes = changed.0.get_mut(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!((first(&changed).index, first(&changed).wrong), (Some(200 * 256 + 255), Wrong::Changed));
    // The tile above is damaged as well: which of the two is right cannot be told, and it says so.
    changed.0.get_mut("tile/1/000").unwrap()[0] ^= 1;
    assert_eq!((first(&changed).index, first(&changed).wrong), (Some(200 * 256 + 255), Wrong::Contradiction));
    let mut hashes = files.clone();
    hashes.0.get_mut("tile/1/000").unwrap()[0] ^= 1;
    assert_eq!(first(&hashes).wrong, Wrong::Hashes);
}

#[test]
fn r10_5_without_the_key_a_rewritten_log_does_not_fit_its_checkpoint() {
    let files = sound(700);
    let mut other = entries(700);
    *other[400].last_mut().unwrap() ^= 1;
    // All hashes made anew, and the older checkpoints left as they were: entries 0 to 349 are proven by one of them.
    let mut changed = below_the_checkpoint_of(&files, &export(&other, &[], &log_key(), &[]));
    let older = |path: &&String| path.starts_with("checkpoints/");
    changed.0.extend(files.0.iter().filter(|(path, _)| older(path)).map(|(path, bytes)| (path.clone(), bytes.clone())));
    assert_eq!(
        (first(&changed).index, first(&changed).wrong),
        (Some(350), Wrong::OtherHistory { good: 350, bad: 700 })
    );
}

#[test]
fn r10_5_a_history_rewritten_with_the_stolen_key_contradicts_a_checkpoint_kept_elsewhere() {
    let (kept, older) = (checkpoint_of(&sound(500)), checkpoint_of(&sound(100)));
    let mut other = entries(700);
    *other[120].last_mut().unwrap() ^= 1;
    // Everything is made anew and signed with the key of the log: by itself it is without fault.
    let forged = export(&other, &[350], &log_key(), &[]);
    assert!(verify_export(&forged, &policy_of_the_key_alone(), &[]).unwrap().is_sound());
    // Whoever has kept a checkpoint sees it. The forged one of 350 entries vouches for none of them.
    let report = verify_export(&forged, &policy_of_the_key_alone(), std::slice::from_ref(&kept)).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::OtherHistory { good: 0, bad: 500 });
    // A second one that was kept, and that fits, narrows it down.
    let report = verify_export(&forged, &policy_of_the_key_alone(), &[kept.clone(), older]).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::OtherHistory { good: 100, bad: 500 });
    assert_eq!(report.first_bad(), Some(100));
    // And the witnesses, who have seen 500 entries, do not cosign it.
    let fault = Wrong::Checkpoint(NoteError::TooFewWitnesses { need: 2, have: 0 });
    assert_eq!(verify(&forged).faults[0].wrong, fault);
    // The true log fits it.
    let report = verify_export(&sound(700), &policy(), &[kept]).unwrap();
    assert!(report.is_sound() && report.known == 1, "{report:?}");
}

#[test]
fn r10_6_of_two_offices_that_were_shown_different_trees_one_sees_it() {
    let mut other = entries(700);
    *other[450].last_mut().unwrap() ^= 1;
    let (one, other) = (sound(700), export(&other, &[], &log_key(), &[witness_key(0), witness_key(1)]));
    // Both are signed, and by themselves without fault.
    assert!(verify(&one).is_sound() && verify(&other).is_sound());
    let kept = [checkpoint_of(&one), checkpoint_of(&other)];
    for shown in [&one, &other] {
        let report = verify_export(shown, &policy(), &kept).unwrap();
        assert_eq!((report.known, &report.faults[0].wrong), (1, &Wrong::OtherHistory { good: 0, bad: 700 }));
    }
}

#[test]
fn r10_5_a_signer_who_promises_entries_without_end_does_not_keep_the_verifier() {
    // Everything above the first entries is made up, and signed.
    let mut files = export(&entries(256), &[], &log_key(), &[]);
    let mut hashes = files.0["tile/0/000"].clone();
    for level in 1..=5 {
        let whole = TileId { level: 0, index: 0, width: 256 }.from_bytes(&hashes).unwrap();
        let above = whole.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect::<Vec<_>>();
        let root = (0..7).fold(above, |row, _| row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect());
        hashes = TileId::to_bytes(&vec![root[0]; 256]);
        files.0.remove(&format!("tile/{level}/000.p/1"));
        files.0.insert(format!("tile/{level}/000"), hashes.clone());
        if level == 5 {
            files.0.remove("tile/5/000");
            files.0.insert("tile/5/000.p/1".to_owned(), hashes[..32].to_vec());
            files.0.insert(CHECKPOINT_PATH.to_owned(), helpers::signed(SIZE_MAX, root[0]).to_string().into_bytes());
        }
    }
    let trusted = policy_of_the_key_alone();
    let report = verify_export(&files, &trusted, &[]).unwrap();
    assert_eq!((report.first_bad(), report.entries), (Some(256), 256), "{report:?}");
    files.0.get_mut("tile/entries/000").unwrap()[40] ^= 1;
    assert!(verify_export(&files, &trusted, &[]).unwrap().first_bad().is_some());
    files.0.retain(|path, _| path == CHECKPOINT_PATH || path.starts_with("tile/5"));
    let report = verify_export(&files, &trusted, &[]).unwrap();
    assert_eq!((report.first_bad(), &report.faults[0].wrong), (Some(0), &Wrong::Missing { count: 256 }));
}

#[test]
fn r10_5_an_old_copy_contradicts_a_newer_checkpoint() {
    let kept = checkpoint_of(&sound(700));
    let report = verify_export(&sound(500), &policy(), &[kept]).unwrap();
    assert_eq!((report.first_bad(), &report.faults[0].wrong), (Some(500), &Wrong::CutShort { known: 700 }));
}

#[test]
fn r10_5_a_stolen_former_key_signs_no_new_state() {
    let former = LogKey::new(name(ORIGIN), &[8; 32]);
    let policy = policy_of_the_key_alone().with_former(vec![former.verifying_key()]).unwrap();
    let forged = export(&entries(700), &[], &former, &[]);
    let report = verify_export(&forged, &policy, &[]).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::Checkpoint(NoteError::Unsigned));
    // But what it signed in its time still counts.
    let mut files = export(&entries(700), &[], &log_key(), &[]);
    let older = checkpoint_of(&export(&entries(300), &[], &former, &[])).to_string();
    files.0.insert("checkpoints/0000000000300".to_owned(), older.into_bytes());
    let report = verify_export(&files, &policy, &[]).unwrap();
    assert!(report.is_sound() && report.older == 1, "{report:?}");
}

#[test]
fn r10_5_another_key_and_another_log_are_refused() {
    let other = LogKey::new(name(ORIGIN), &[9; 32]).verifying_key();
    let report = verify_export(&sound(10), &Policy::new(other).unwrap(), &[]).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::Checkpoint(NoteError::Unsigned));
    let other = LogKey::new(name("log.example/other"), &[7; 32]).verifying_key();
    let report = verify_export(&sound(10), &Policy::new(other).unwrap(), &[]).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::Checkpoint(NoteError::OtherLog));
    let report = verify_export(&Files::default(), &policy(), &[]).unwrap();
    assert_eq!(report.faults[0].wrong, Wrong::NoCheckpoint);
}

#[test]
fn r10_5_files_that_are_not_of_the_log_are_named() {
    for path in ["tile/0/001", "tile/0/000.p/5", "tile/entries/x000/000", "tile/0/note.txt", "tile/entries/000.p/3"] {
        let mut files = sound(256);
        files.0.insert(path.to_owned(), vec![0; 32]);
        assert!(!verify(&files).is_sound(), "{path}");
    }
    let mut files = sound(256);
    files.0.insert("README.txt".to_owned(), vec![0; 32]);
    assert!(verify(&files).is_sound(), "beside the log anything may lie");
}

#[test]
fn r10_10_an_export_that_grows_has_the_files_of_one_made_at_once() {
    let all = entries(1_100);
    for sizes in [[1, 2, 3], [255, 256, 257], [100, 700, 1_100], [512, 513, 1_024]] {
        let mut grown = Files::default();
        let mut before = 0;
        for size in sizes {
            // The last file of entries is read again, as after a restart.
            let tiles = helpers::stored(before).1;
            let edge = edge_paths(before).unwrap();
            let bundle = edge.iter().find(|path| path.starts_with("tile/entries/")).map(|path| grown.0[path].clone());
            let mut writer = ExportWriter::resume(before, &tiles, bundle.unwrap_or_default()).unwrap();
            edge.iter().for_each(|path| drop(grown.0.remove(path)));
            let mut write = |path: &str, bytes: &[u8]| {
                grown.0.insert(path.to_owned(), bytes.to_vec());
                Ok::<_, std::convert::Infallible>(())
            };
            all[before as usize..size].iter().for_each(|entry| writer.push(entry, &mut write).unwrap());
            writer.edge(&mut write).unwrap();
            before = size as u64;
            let mut at_once = export(&all[..size], &[], &log_key(), &[]);
            at_once.0.remove(CHECKPOINT_PATH);
            assert_eq!(grown, at_once, "{size} of {sizes:?}");
        }
    }
    let too_long = vec![b' '; fumibako_ledger::ENTRY_BYTES_MAX + 1];
    let refused = ExportWriter::new().push(&too_long, |_: &str, _: &[u8]| Ok::<_, std::convert::Infallible>(()));
    assert!(refused.is_err());
}

#[test]
fn r1_10_every_entry_of_an_export_can_be_proven_by_itself() {
    for size in [1, 2, 256, 700] {
        let files = sound(size);
        for index in (0..size).step_by(37) {
            let proof = prove(&files, index).unwrap();
            assert_eq!(proof.entry(), entry(index));
            let again = proof.to_string().parse::<fumibako_ledger::EntryProof>().unwrap();
            assert_eq!(again, proof);
            assert_eq!(again.verify(&policy()).unwrap().cosigned.len(), 2);
        }
        assert!(prove(&files, size).is_err());
    }
    let mut files = sound(700);
    files.0.get_mut("tile/entries/000").unwrap()[5] ^= 1;
    assert!(prove(&files, 0).is_err(), "no proof of what the log does not hold");
    assert!(prove(&files, 300).is_ok());
    assert!(files.read("nowhere").unwrap().is_none());
}
