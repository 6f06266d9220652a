//! The requirements' own tests, named after them: R8.3–R8.9, R8.11–R8.14, R12.1, R12.3–R12.5.

mod factors;
mod grants;
mod guessing;
mod passwords;
mod recovery;
mod roles;
mod sessions;

use jiff::Timestamp;

/// The hour at which every test begins: a Monday morning.
fn morning() -> Timestamp {
    "2026-11-16T00:00:00Z".parse().expect("an instant")
}
