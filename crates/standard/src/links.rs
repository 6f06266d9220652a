//! 送信単位のつながり — what the files of one unit know of each other, and what of it may be relied on.

use crate::fingerprint::Print;
use crate::table::Table;
use crate::{FileKind, UnitKey, UnitKind};

/// People remembered because a row of theirs could not be read. With more than these nothing missing is spoken of.
const UNSURE_MAX: usize = 1_000;

/// Flag of an entry: the receiving office stands in 第2表 of this person or plan.
pub(crate) const SERVED: u64 = 1 << 20;

/// Flag of an entry: it has a row in a file of this kind.
pub(crate) const fn has(kind: FileKind) -> u64 {
    1 << kind.rank()
}

/// Flag of an entry: something was said about it at a file of this kind.
pub(crate) const fn told(kind: FileKind) -> u64 {
    1 << (kind.rank() + 32)
}

/// Something was said about it at any file.
pub(crate) const TOLD: u64 = !0 << 32;

/// Places in an entry.
pub(crate) const PLAN_DIGEST: usize = 1;
/// Likewise, of 第7表.
pub(crate) const COSTS_DIGEST: usize = 2;
/// Likewise.
pub(crate) const FLAGS: usize = 3;

/// 被保険者 — insurer and insured person.
pub(crate) fn person_print(insurer: &[u8], insured: &[u8]) -> u64 {
    Print::new(1).with(insurer).with(insured).end()
}

/// つながり
pub(crate) struct Links {
    pub(crate) kind: Option<UnitKind>,
    pub(crate) key: UnitKey,
    pub(crate) table: Table,
    /// Whether the files fit each other so far that one may be held against the other.
    pub(crate) on: bool,
    /// Whether a row was lost whose person is not known.
    lost: bool,
    unsure: Vec<u64>,
}

impl Links {
    /// For a unit (or files that form none) of so many bytes.
    pub(crate) fn new(kind: Option<UnitKind>, key: UnitKey, on: bool, bytes: u64) -> Links {
        Links { kind, key, table: Table::for_bytes(bytes), on, lost: false, unsure: Vec::new() }
    }

    /// A row of this person could not be read, or of nobody knows whom: nothing of theirs is called missing.
    pub(crate) fn lose(&mut self, person: Option<u64>) {
        match person {
            Some(person) if self.unsure.contains(&person) => {}
            Some(person) if self.unsure.len() < UNSURE_MAX => self.unsure.push(person),
            _ => self.lost = true,
        }
    }

    /// Whether every row of this person has been read.
    pub(crate) fn is_sure(&self, person: u64) -> bool {
        !self.lost && (self.unsure.is_empty() || !self.unsure.contains(&person))
    }

    /// Whether something may be called missing in the other files.
    pub(crate) fn speak(&self, person: u64) -> bool {
        self.on && !self.table.full && self.is_sure(person)
    }

    /// The flags of a key.
    pub(crate) fn flags(&self, print: u64) -> u64 {
        self.table.get(print).map_or(0, |entry| entry[FLAGS])
    }

    pub(crate) fn mark(&mut self, print: u64, flags: u64) {
        if let Some(entry) = self.table.entry(print) {
            entry[FLAGS] |= flags;
        }
    }

    /// Forgets what a file of this kind said: it is read again in another order.
    pub(crate) fn forget(&mut self, kind: FileKind) {
        for entry in self.table.iter_mut() {
            entry[FLAGS] &= !(has(kind) | told(kind));
            match kind {
                FileKind::Upplan => entry[PLAN_DIGEST] = 0,
                FileKind::Upsikyu => entry[COSTS_DIGEST] = 0,
                _ => {}
            }
        }
    }
}
