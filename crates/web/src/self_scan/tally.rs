//! What clients agreed on at the doors, counted (R5.11).

use ledger::self_scan::Negotiated;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use store::Store;

/// Agreements that differ. A policy has far fewer combinations; more would be a fault of ours.
const KINDS_MAX: usize = 1_000;

/// Counts since they were last written down.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<BTreeMap<Negotiated, u64>>);

impl Tallies {
    /// `agreed.connections` counts for nothing here.
    pub(crate) fn count(&self, agreed: Negotiated) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tallies.len() < KINDS_MAX || tallies.contains_key(&agreed) {
            *tallies.entry(agreed).or_default() += 1;
        }
    }

    /// Into the database, where those of all nodes come together. What cannot be written is kept for the next time.
    pub(crate) async fn write_down(&self, store: &Store) {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return;
        }
        let rows = taken.iter().map(|(agreed, connections)| Negotiated { connections: *connections, ..agreed.clone() });
        if let Err(error) = store.add_negotiated(rows.collect()).await {
            tracing::warn!(%error, "what clients agreed on is counted later");
            let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (agreed, connections) in taken {
                *tallies.entry(agreed).or_default() += connections;
            }
        }
    }
}
