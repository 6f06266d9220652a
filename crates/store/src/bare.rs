//! What sealing and the log cost: a build in which both do nothing, to be measured beside the real one (DESIGN §8).
//!
//! It stores what it is given, readably, and records nothing. So it takes two keys to turn: the feature `bare`, which nothing
//! asks for, and a variable at compile time, which only `cargo xtask cost` sets. `--all-features` alone does not compile.

/// Whether this is that build.
pub(crate) const BARE: bool = cfg!(feature = "bare");

/// Stands in that program and says so when it starts; in any other program no such bytes are found.
#[cfg(feature = "bare")]
pub const MARK: &str = "FUMIBAKO-BARE: neither sealed nor recorded, only to be measured";

#[cfg(feature = "bare")]
const _: () = assert!(
    option_env!("FUMIBAKO_BARE").is_some(),
    "the feature `bare` neither seals nor records; only `cargo xtask cost` builds it"
);
