#![no_main]

#[allow(dead_code, reason = "each target uses one property")]
#[path = "../../crates/ledger/tests/holds/mod.rs"]
mod holds;

libfuzzer_sys::fuzz_target!(|input: &[u8]| holds::exports(input));
