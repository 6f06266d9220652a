//! A log in memory, for tests: tiles as they would be stored.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, unreachable_pub, reason = "helpers of tests")]

pub mod files;

use fumibako_ledger::{
    Checkpoint, ClockState, Hash, KeyName, LogKey, SignedCheckpoint, Stamp, Tiles, Timestamp, Tree, VerifyingKey,
    WitnessKey, leaf_hash,
};

pub const ORIGIN: &str = "log.example/fumibako";

/// Entries that are told apart: what they say is of no account to the tree.
pub fn entry(index: u64) -> Vec<u8> {
    format!("{{\"v\":1,\"entry\":{index}}}").into_bytes()
}

/// The tree over so many entries, and its tiles.
pub fn stored(size: u64) -> (Tree, Tiles) {
    let (mut tree, mut tiles) = (Tree::new(), Tiles::new());
    for index in 0..size {
        tree.append_with(leaf_hash(&entry(index)), |tile, hashes| tiles.insert(tile, hashes.to_vec()));
    }
    for (tile, hashes) in tree.partial_tiles() {
        tiles.insert(tile, hashes.to_vec());
    }
    (tree, tiles)
}

pub fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

pub fn log_key() -> LogKey {
    LogKey::new(name(ORIGIN), &[7; 32])
}

pub fn witness_key(number: u8) -> WitnessKey {
    WitnessKey::new(name(&format!("witness.example/w{number}")), &[100 + number; 32])
}

pub fn witnesses(count: u8) -> Vec<VerifyingKey> {
    (0..count).map(|number| witness_key(number).verifying_key()).collect()
}

pub fn stamp() -> Stamp {
    Stamp {
        at: Timestamp::from_millisecond(1_795_305_600_123).unwrap(),
        clock: ClockState::Synchronised { offset_ms: Some(-3) },
        source: "chrony".parse().unwrap(),
    }
}

pub fn checkpoint(size: u64, root: Hash) -> Checkpoint {
    Checkpoint::new(name(ORIGIN), size, root, &stamp()).unwrap()
}

pub fn signed(size: u64, root: Hash) -> SignedCheckpoint {
    log_key().sign(checkpoint(size, root)).unwrap()
}
