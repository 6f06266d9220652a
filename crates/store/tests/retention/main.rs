//! Keeping and erasing, backups and restores: bad input first (R4, R11).

mod backups;
mod certificates;
mod disposals;
mod erasures;
mod leavers;
mod restores;
mod rules;
#[path = "../support/mod.rs"]
mod support;
mod world;
