//! 自己点検: the server knocks at its own doors as strangers of every kind would, and compares what it hears with what may be
//! spoken there (R5.11). At its start, every day, and whenever an operator asks.
//!
//! Messages are made by hand, since no library of ours offers what has to be refused. Nothing secret is said.

mod answer;
mod examine;
mod flight;
mod hello;
mod tally;
mod wire;

pub(crate) use tally::Tallies;

use crate::tls::{GUIDELINE, Policy};
use jiff::Timestamp;
use ledger::self_scan::{DoorPolicy, SCAN_FORM, ScanReport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Error, SelfScan, Store};
use tokio::time::Instant;

/// Every day, with an hour to spare: a report that is older than a day is stale.
pub const SCAN_EVERY: Duration = Duration::from_hours(23);
/// How often what was agreed on is written down.
const TALLY_EVERY: Duration = Duration::from_mins(5);

/// 窓口 — the doors an exchange can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// For offices.
    Exchange,
    /// For devices that have no certificate yet.
    Enrolment,
    /// For offices with an exception (R5.3).
    Tls12,
    /// For offices that are not on the exchange (一方向の受渡し).
    Handover,
}

impl DoorKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Exchange, Self::Enrolment, Self::Tls12, Self::Handover];

    /// Stable id, for reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Enrolment => "enrolment",
            Self::Tls12 => "tls12",
            Self::Handover => "handover",
        }
    }

    /// What may be spoken there.
    #[must_use]
    pub fn policy(self) -> Policy {
        match self {
            Self::Exchange | Self::Enrolment | Self::Handover => Policy::standard(),
            Self::Tls12 => Policy::tls12(),
        }
    }

    /// Whether nobody comes in without a certificate.
    #[must_use]
    pub const fn asks_certificate(self) -> bool {
        !matches!(self, Self::Enrolment | Self::Handover)
    }

    fn described(self) -> DoorPolicy {
        let policy = self.policy();
        let named = |name: Option<&str>| name.unwrap_or("unknown").to_owned();
        DoorPolicy {
            door: self.id().to_owned(),
            version: named(policy.version.version.as_str()),
            suites: policy.suites.iter().map(|suite| named(suite.suite().as_str())).collect(),
            groups: policy.groups.iter().map(|group| named(group.as_str())).collect(),
            signatures: policy.signatures().into_iter().map(|scheme| named(scheme.as_str())).collect(),
            client_certificate: self.asks_certificate(),
        }
    }
}

/// An open door.
#[derive(Clone, Copy, Debug)]
pub struct DoorAt {
    /// Which.
    pub kind: DoorKind,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Tries every door. What clients agreed on, and the scan's own number, are the store's to add.
pub async fn scan(doors: &[DoorAt], now: impl Fn() -> Timestamp) -> ScanReport {
    let began = now();
    let mut found = Vec::with_capacity(doors.len());
    for door in doors {
        found.push(examine::examine(door, began).await);
    }
    ScanReport {
        form: SCAN_FORM.to_owned(),
        scan: String::new(),
        edition: GUIDELINE.to_owned(),
        tool: "fumibako".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        began_at: format!("{began:.3}"),
        ended_at: format!("{:.3}", now()),
        policies: DoorKind::ALL.map(DoorKind::described).to_vec(),
        doors: found,
        negotiated: Vec::new(),
    }
}

/// Scans, and keeps what was found.
///
/// # Errors
/// When it cannot be recorded.
pub async fn scan_and_record(store: &Store, doors: &[DoorAt]) -> Result<SelfScan, Error> {
    let report = scan(doors, || store.now()).await;
    store.record_self_scan(report).await
}

/// Scans now and every so often, and writes down what clients agree on, as long as it is waited for.
pub(crate) async fn keep(store: Arc<Store>, doors: Vec<DoorAt>, tallies: Arc<Tallies>, every: Duration) {
    let mut due = Instant::now();
    loop {
        tallies.write_down(&store).await;
        if Instant::now() >= due {
            match scan_and_record(&store, &doors).await {
                Ok(scan) => {
                    due = Instant::now() + every;
                    if scan.deviations > 0 {
                        tracing::error!(deviations = scan.deviations, "the doors do not speak as they should");
                    }
                }
                // Tried again with the next tally; meanwhile the last report grows stale, which is seen.
                Err(error) => tracing::warn!(%error, "what the self-scan found was not recorded"),
            }
        }
        tokio::time::sleep_until(due.min(Instant::now() + TALLY_EVERY).max(Instant::now() + PAUSE)).await;
    }
}

/// Between two turns at least.
const PAUSE: Duration = Duration::from_millis(50);
