//! What holds for any bytes. The fuzz targets in `fuzz/` and `fuzzed.rs` share it.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, unreachable_pub, reason = "helpers of tests")]

#[path = "../helpers/mod.rs"]
pub mod helpers;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::OnceLock;

use fumibako_ledger::{
    EntryProof, Note, SignatureLine, SignedCheckpoint, TileId, TilePath, VerifyingKey, WitnessRequest, verify_export,
};
use helpers::files::{Files, policy, policy_of_the_key_alone, sound};

/// Whatever is read is written again as it was: there is one spelling.
fn again<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

/// Texts that come from outside.
pub fn texts(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    again::<SignatureLine>(text);
    again::<Note>(text);
    again::<SignedCheckpoint>(text);
    again::<EntryProof>(text);
    again::<WitnessRequest>(text);
    again::<VerifyingKey>(text);
    if let Some(read) = TilePath::parse(text) {
        assert_eq!(read.path(), text);
    }
    if let Ok(proof) = text.parse::<EntryProof>() {
        let _ = proof.verify(&policy_of_the_key_alone());
    }
}

/// Bytes that are to be hashes.
pub fn tiles(input: &[u8]) {
    let Some(([width], bytes)) = input.split_first_chunk::<1>() else { return };
    let tile = TileId { level: 0, index: 0, width: u16::from(*width) + 1 };
    if let Some(hashes) = tile.from_bytes(bytes) {
        assert_eq!((hashes.len(), TileId::to_bytes(&hashes).as_slice()), (usize::from(tile.width), bytes));
    }
}

/// A sound log of which one file has other bytes: it is not sound any more. Only to checkpoints may signatures be added that
/// nobody knows, as C2SP demands.
pub fn exports(input: &[u8]) {
    static SOUND: OnceLock<[Files; 3]> = OnceLock::new();
    let logs = SOUND.get_or_init(|| [3, 300, 513].map(sound));
    let Some(([log, file, at, kind], bytes)) = input.split_first_chunk::<4>() else { return };
    let mut files = logs[usize::from(*log) % logs.len()].clone();
    let path = files.0.keys().nth(usize::from(*file) % files.0.len()).unwrap().clone();
    let place = files.0.get_mut(&path).unwrap();
    let before = place.clone();
    let at = (usize::from(*at) * 37) % (place.len() + 1);
    match kind % 3 {
        0 => *place = bytes.to_vec(),
        1 => place.splice(at.., bytes.iter().copied()).for_each(drop),
        _ => place.splice(at..at, bytes.iter().copied()).for_each(drop),
    }
    let after = place.clone();
    let sound = verify_export(&files, &policy(), &[]).unwrap().is_sound();
    if before == after {
        assert!(sound, "{path}");
    } else if sound {
        let [before, after] =
            [&before, &after].map(|bytes| std::str::from_utf8(bytes).unwrap().parse::<Note>().unwrap());
        assert_eq!(before.text(), after.text(), "{path}");
        assert!(before.signatures().iter().all(|line| after.signatures().contains(line)), "{path}");
    }
}
