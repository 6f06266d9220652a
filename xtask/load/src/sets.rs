//! Many distinct small sets, as multipart parts, before any clock runs.

use crate::office::Offices;
use anyhow::{Context as _, ensure};
use exchange::Digest;
use hyper::body::Bytes;
use standard::sample::{self, Request, SampleFile};
use standard::{Profile, ServiceMonth, SourceFile, UnitKind};
use std::ops::RangeInclusive;

/// Between the parts of a body. No CSV of the standard holds it.
const BOUNDARY: &str = "fumibako-load-7f3a9c";
/// What a body of parts says of itself.
pub(crate) const CONTENT_TYPE: &str = "multipart/form-data; boundary=fumibako-load-7f3a9c";
/// After the last part.
pub(crate) const CLOSING: Bytes = Bytes::from_static(b"--fumibako-load-7f3a9c--\r\n");
/// The month the sets are about.
const MONTH: (u16, u8) = (2026, 11);
/// Serials are seconds of that month, so a pair of offices can have so many sets.
const SERIALS_MAX: usize = 30 * 86_400;
/// Sets of each office that are checked here, before the exchange does.
const CHECKED_SETS: usize = 10;
/// The ordinary range of one set (DESIGN §8).
const BYTES: RangeInclusive<usize> = 2 << 10..=20 << 10;

/// One set, ready to send.
#[derive(Debug)]
pub(crate) struct Set {
    /// Its multipart parts, without the closing boundary.
    pub(crate) parts: Bytes,
    /// Bytes of its files.
    pub(crate) bytes: usize,
    /// Which office it is for.
    pub(crate) receiver: usize,
    pub(crate) digest: Digest,
}

/// The sets of each office, in the order in which it sends them.
#[derive(Debug)]
pub(crate) struct Sets {
    by_sender: Vec<Vec<Set>>,
    bytes_range: RangeInclusive<usize>,
}

impl Sets {
    /// Prepares about `wanted` sets, shared out like `senders`: one entry per connection.
    pub(crate) fn prepare(offices: &Offices, senders: &[usize], wanted: usize) -> anyhow::Result<Self> {
        let counts: Vec<usize> = (0..offices.all().len())
            .map(|office| (wanted * senders.iter().filter(|&&sender| sender == office).count()).div_ceil(senders.len()))
            .collect();
        ensure!(counts.iter().all(|&count| count <= SERIALS_MAX), "a month has no more serials");
        // Two threads: the machine this is for has two cores.
        let (mut even, mut odd) = (Vec::new(), Vec::new());
        std::thread::scope(|scope| {
            let half = |first: usize| {
                let counts = &counts;
                move || (first..counts.len()).step_by(2).map(|at| make_for(offices, at, counts[at])).collect()
            };
            let other = scope.spawn(half(1));
            even = half(0)();
            odd = other.join().unwrap_or_default();
        });
        let mut odd = odd.into_iter();
        let mut by_sender: Vec<Vec<Set>> = Vec::with_capacity(counts.len());
        for sets in even {
            by_sender.push(sets?);
            by_sender.extend(odd.next().transpose()?);
        }
        ensure!(by_sender.len() == counts.len(), "preparing sets failed");
        let sizes = || by_sender.iter().flatten().map(|set| set.bytes);
        let bytes_range = sizes().min().context("no sets")?..=sizes().max().context("no sets")?;
        Ok(Self { by_sender, bytes_range })
    }

    pub(crate) fn of(&self, sender: usize) -> &[Set] {
        &self.by_sender[sender]
    }

    pub(crate) fn count(&self) -> usize {
        self.by_sender.iter().map(Vec::len).sum()
    }

    /// Mean size of a set.
    pub(crate) fn bytes_mean(&self) -> usize {
        self.by_sender.iter().flatten().map(|set| set.bytes).sum::<usize>() / self.count().max(1)
    }

    pub(crate) fn bytes_range(&self) -> &RangeInclusive<usize> {
        &self.bytes_range
    }
}

fn make_for(offices: &Offices, sender: usize, count: usize) -> anyhow::Result<Vec<Set>> {
    let from = &offices.all()[sender];
    let partners = offices.partners(sender);
    let (year, month) = MONTH;
    let month = ServiceMonth::new(year, month).context("month")?;
    let mut sets = Vec::with_capacity(count);
    for at in 0..count {
        let receiver = partners[at % partners.len()];
        let to = &offices.all()[receiver];
        // Care offices send schedules and plans; the others report.
        let (kind, people) = match (from.plans, at % 5) {
            (true, turn @ (1 | 3)) => (UnitKind::CarePlan, turn),
            (true, turn) => (UnitKind::Schedule, 1 + turn / 4),
            (false, turn) => (UnitKind::Actual, 2 + turn),
        };
        let (day, hour, minute, second) = (at / 86_400 + 1, at / 3_600 % 24, at / 60 % 60, at % 60);
        let mut request = Request {
            seed: (sender * SERIALS_MAX + at) as u64,
            people,
            sender: from.number,
            sender_type: from.service_type,
            receiver: to.number,
            receiver_type: to.service_type,
            serial: format!("{month}{day:02}{hour:02}{minute:02}{second:02}").parse()?,
            month,
            names: None,
        };
        // Not every invented month is an ordinary one.
        let files = loop {
            let files = sample::make(kind, &request);
            if BYTES.contains(&files.iter().map(|file| file.bytes.len()).sum()) {
                break files;
            }
            request.seed += 1 << 40;
        };
        if at < CHECKED_SETS {
            check(&files)?;
        }
        sets.push(set(&files, receiver));
    }
    Ok(sets)
}

/// A driver that sends what is refused measures refusals.
fn check(files: &[SampleFile]) -> anyhow::Result<()> {
    let sources: Vec<_> = files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    ensure!(standard::check(&sources, Profile::Export).is_accepted(), "a sample set is not accepted");
    Ok(())
}

fn set(files: &[SampleFile], receiver: usize) -> Set {
    let bytes = files.iter().map(|file| file.bytes.len()).sum();
    let mut parts = Vec::with_capacity(bytes + files.len() * 256);
    for file in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            file.name
        );
        parts.extend_from_slice(head.as_bytes());
        parts.extend_from_slice(&file.bytes);
        parts.extend_from_slice(b"\r\n");
    }
    let digest = Digest::of_set(files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }));
    Set { parts: parts.into(), bytes, receiver, digest }
}
