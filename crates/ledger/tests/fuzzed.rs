//! The properties of the fuzz targets, briefly (R10.5).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod holds;

use fumibako_ledger::{EntryProof, verify_export};
use holds::helpers::files::{Files, cosign, policy_of_the_key_alone};
use holds::helpers::{ORIGIN, entry, log_key, signed, stored, witness_key};
use proptest::prelude::*;

fn checkpoint() -> fumibako_ledger::SignedCheckpoint {
    let mut checkpoint = signed(300, stored(300).0.root());
    cosign(&mut checkpoint, &witness_key(0), &log_key());
    checkpoint
}

/// Text that looks like what is read, with pieces out of place.
fn near_misses() -> impl Strategy<Value = String> {
    let proof = EntryProof::of(&stored(300).1, 7, entry(7), checkpoint()).unwrap();
    let pieces = prop_oneof![
        Just("c2sp.org/tlog-proof@v1\n".to_owned()),
        Just("extra e30=\n".to_owned()),
        Just("index 5\n".to_owned()),
        Just("old 5\n".to_owned()),
        Just("\n".to_owned()),
        Just("— ".to_owned()),
        Just(format!("{ORIGIN}\n300\n")),
        Just("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned()),
        Just(checkpoint().to_string()),
        Just(proof.to_string()),
        Just("tile/0/x001/".to_owned()),
        Just("tile/entries/000.p/".to_owned()),
        ".{0,20}",
        any::<u64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| format!("{number}\n")),
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn r10_5_whatever_is_read_is_written_again_as_it_was(text in near_misses()) {
        holds::texts(text.as_bytes());
    }

    #[test]
    fn r10_5_any_text_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        holds::texts(&bytes);
        holds::tiles(&bytes);
    }

    #[test]
    fn r10_5_any_bytes_in_any_file_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        holds::exports(&bytes);
    }

    #[test]
    fn r10_5_an_export_of_any_bytes_is_answered(files in proptest::collection::btree_map(
        "checkpoint|checkpoints/x|tile/(0|1|entries)/00[0-3](\\.p/[1-3])?", proptest::collection::vec(any::<u8>(), 0..80), 0..8
    )) {
        prop_assert!(!verify_export(&Files(files), &policy_of_the_key_alone(), &[]).unwrap().is_sound());
    }
}

#[test]
fn r10_6_a_witness_whose_name_was_changed_is_not_counted() {
    // Found by fuzzing: two letters in the name of a witness. To one who trusts no witness it is a signature like any other.
    holds::exports(&[8, 0, 177, 110, 79, 122]);
}
