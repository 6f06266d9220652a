//! これまでに届いたデータ — as little of it as V87, V88 and V89 ask: of each earlier unit its key, its kind, and which
//! plans, months and actuals it was about, by fingerprint.
//!
//! The exchange may build it from what it stores, or read it with [`HistorySet::read`] from files. Keys are those of the
//! standard (README 5): plans by date, 第6・7表 by month, actuals by month, office and service type. A fingerprint is no
//! anonymisation: whoever has it can try all insured numbers. It is to be kept no longer than the data itself.

use crate::across::Part;
use crate::contents::{Contents, InMemory};
use crate::fingerprint::Print;
use crate::layout::{Layout, layout};
use crate::links::person_print;
use crate::read;
use crate::report::Findings;
use crate::rows::{NO_COLUMN, Row, Say};
use crate::rules::{v31, v32, v87, v88, v89};
use crate::{FileKind, SourceFile, UnitKey, UnitKind, group};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// 届いた送信単位 — one earlier unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySet {
    /// Serial, sender and receiver.
    pub key: UnitKey,
    /// The kind.
    pub kind: UnitKind,
    /// What it was about, in order and each once.
    pub items: Vec<HistoryItem>,
}

/// 届いたものの一件 — a plan, a month, or the actuals of one place and service type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryItem {
    /// Fingerprint of what a later unit replaces or a delete names.
    pub print: u64,
    /// サービス種類 and サテライト枝番 of actuals, padded with zeros; zeros for all else.
    pub place: [u8; 4],
}

impl HistorySet {
    /// Reads files: every unit they form, in the order of import. What forms no unit is passed over.
    pub fn read(files: &[SourceFile<'_>]) -> Vec<HistorySet> {
        let names: Vec<&str> = files.iter().map(|file| file.name).collect();
        HistorySet::read_contents(&names, &mut InMemory(files))
    }

    /// The same, piece by piece.
    pub fn read_contents(names: &[&str], contents: &mut dyn Contents) -> Vec<HistorySet> {
        let of_unit = |group: &crate::unit::Group| {
            let kind = group.kind_on_arrival()?;
            let files: Vec<Part> =
                group.files.iter().map(|(file, name)| Part { file: *file, kind: name.kind }).collect();
            Some(HistorySet::of_parts(group.key, kind, &files, contents))
        };
        group(names).0.iter().filter_map(of_unit).collect()
    }

    /// One unit of this key and kind.
    pub fn of<'a>(key: UnitKey, kind: UnitKind, files: impl Iterator<Item = (FileKind, &'a [u8])>) -> HistorySet {
        let (kinds, bytes): (Vec<_>, Vec<_>) = files.unzip();
        let sources: Vec<_> = bytes.into_iter().map(|bytes| SourceFile { name: "", bytes }).collect();
        let parts: Vec<_> = kinds.into_iter().enumerate().map(|(file, kind)| Part { file, kind }).collect();
        HistorySet::of_parts(key, kind, &parts, &mut InMemory(&sources))
    }

    fn of_parts(key: UnitKey, kind: UnitKind, parts: &[Part], contents: &mut dyn Contents) -> HistorySet {
        let mut items = Vec::new();
        for part in parts {
            each(part, contents, |_, item, _| {
                // Rows of one person follow one another: most repeat the one before.
                if items.last() != Some(&item) {
                    items.push(item);
                }
            });
        }
        items.sort_unstable();
        items.dedup();
        HistorySet { key, kind, items }
    }
}

/// What a file is about. Files that only go with another are about nothing of their own.
fn subject(file: FileKind) -> Option<(u64, &'static str)> {
    Some(match file {
        FileKind::Up1kyo | FileKind::Dlt1kyo => (20, "care_plan_date"),
        FileKind::Upplan | FileKind::Dltplan => (21, "target_month"),
        FileKind::Upjsk | FileKind::Dltjsk => (22, "target_month"),
        FileKind::Upkihon | FileKind::Dltkihon => (23, "consultation_date"),
        FileKind::Upyobo | FileKind::Dltyobo => (24, "plan_date"),
        _ => return None,
    })
}

fn is_delete(file: FileKind) -> bool {
    matches!(file, FileKind::Dlt1kyo | FileKind::Dltplan | FileKind::Dltjsk | FileKind::Dltkihon | FileKind::Dltyobo)
}

/// Every row that names something.
fn each(part: &Part, contents: &mut dyn Contents, mut see: impl FnMut(&Row<'_, '_>, HistoryItem, &'static Layout)) {
    let Part { file: number, kind: file } = *part;
    let Some((family, last)) = subject(file) else { return };
    let Some(layout) = read::edition_in(contents, number).and_then(|edition| layout(file, edition)) else { return };
    let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
    let last = index(last);
    let (office, satellite) = (index("service_office_no"), index("satellite_no"));
    let actual = matches!(file, FileKind::Upjsk | FileKind::Dltjsk);
    let kind = if file == FileKind::Dltjsk { index("service_type") } else { index("service_code") };
    read::each(contents, number, |record| {
        let row = Row { record, faulty: 0 };
        let (insurer, insured) = (row.value(1), row.value(2));
        let sound = record.quote_fault().is_none() && record.len() == layout.columns.len();
        if !sound || !v31::holds(insurer) || !v32::holds(insured) {
            return ControlFlow::Continue(());
        }
        let mut print = Print::new(family).and(person_print(insurer, insured)).with(row.value(last));
        let mut place = [0; 4];
        if actual {
            print = print.with(row.value(office));
            let kind = row.value(kind).iter().take(2);
            place.iter_mut().zip(kind).for_each(|(to, from)| *to = *from);
            place.iter_mut().skip(2).zip(row.value(satellite)).for_each(|(to, from)| *to = *from);
        }
        see(&row, HistoryItem { print: print.end(), place }, layout);
        ControlFlow::Continue(())
    });
}

/// What has arrived for each receiver, as far as it matters now.
pub(crate) struct Arrived<'h> {
    given: &'h [HistorySet],
    /// Units of this call that come before the one at hand.
    before: Vec<HistorySet>,
}

impl<'h> Arrived<'h> {
    pub(crate) fn new(given: &'h [HistorySet]) -> Arrived<'h> {
        Arrived { given, before: Vec::new() }
    }

    /// Whether anything is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.given.is_empty()
    }

    /// Checks a unit and remembers it for the next.
    pub(crate) fn check(
        &mut self,
        unit: usize,
        key: &UnitKey,
        kind: UnitKind,
        parts: &[Part],
        contents: &mut dyn Contents,
        found: &mut Findings,
    ) {
        let mut sets: Vec<&HistorySet> =
            self.given.iter().chain(&self.before).filter(|set| reaches(set, key)).collect();
        sets.sort_by_key(|set| set.key.serial);
        let earlier = sets.partition_point(|set| set.key.serial < key.serial);
        let (earlier, later) = sets.split_at(earlier);
        for part in parts.iter().filter(|part| subject(part.kind).is_some()) {
            found.begin(Some(unit), Some(part.file));
            // A delete that comes late would take away what came after it.
            newer(part, contents, key, later, found);
            if is_delete(part.kind) {
                targets(part, contents, earlier, found);
            } else if part.kind == FileKind::Upjsk {
                completeness(part, contents, key, earlier, found);
            }
        }
        self.before.push(HistorySet::of_parts(*key, kind, parts, contents));
    }
}

/// Whether a set went to the same receiver.
fn reaches(set: &HistorySet, key: &UnitKey) -> bool {
    set.key.receiver == key.receiver
        && (set.key.receiver_type == key.receiver_type
            || set.key.receiver_type.is_none()
            || key.receiver_type.is_none())
}

fn deletes(set: &HistorySet) -> bool {
    use UnitKind::*;
    matches!(
        set.kind,
        CarePlanDelete
            | ScheduleDelete
            | ActualDelete
            | PreventionBasicInfoDelete
            | PreventionPlanDelete
            | PreventionScheduleDelete
            | PreventionActualDelete
    )
}

fn of_actuals(kind: UnitKind) -> bool {
    matches!(
        kind,
        UnitKind::Actual | UnitKind::ActualDelete | UnitKind::PreventionActual | UnitKind::PreventionActualDelete
    )
}

/// V87: what is deleted is there.
fn targets(part: &Part, contents: &mut dyn Contents, earlier: &[&HistorySet], found: &mut Findings) {
    let mut there: BTreeSet<(u64, [u8; 2])> = BTreeSet::new();
    let name = |item: &HistoryItem| (item.print, [item.place[0], item.place[1]]);
    for set in earlier {
        for item in &set.items {
            match deletes(set) {
                true => there.remove(&name(item)),
                false => there.insert(name(item)),
            };
        }
    }
    each(part, contents, |row, item, layout| {
        if !there.contains(&name(&item)) {
            Say { found: &mut *found, file: part.file, layout }.spot(&v87::RULE, row.spot(), None, "");
        }
    });
}

/// V88: nothing newer has come. Said once for a file.
fn newer(part: &Part, contents: &mut dyn Contents, key: &UnitKey, later: &[&HistorySet], found: &mut Findings) {
    let later = later.iter().filter(|set| set.key.serial > key.serial);
    let names = |item: &HistoryItem| (item.print, [item.place[0], item.place[1]]);
    let newer: BTreeSet<_> = later.flat_map(|set| set.items.iter().map(names)).collect();
    if newer.is_empty() {
        return;
    }
    let mut told = false;
    each(part, contents, |row, item, layout| {
        if !told && newer.contains(&names(&item)) {
            told = true;
            Say { found: &mut *found, file: part.file, layout }.spot(&v88::RULE, row.spot(), None, "");
        }
    });
}

/// V89: a correction has all places and types of the file it replaces.
fn completeness(
    part: &Part,
    contents: &mut dyn Contents,
    key: &UnitKey,
    earlier: &[&HistorySet],
    found: &mut Findings,
) {
    // The last file of the same office that was about it counts, less what has been deleted since.
    let mut last: BTreeMap<u64, BTreeSet<[u8; 4]>> = BTreeMap::new();
    // What an office deletes it may delete under another of its service types.
    let same = |set: &&&HistorySet| {
        of_actuals(set.kind) && set.key.sender == key.sender && (deletes(set) || set.key.sender_type == key.sender_type)
    };
    for set in earlier.iter().filter(same) {
        if deletes(set) {
            for item in &set.items {
                if let Some(places) = last.get_mut(&item.print) {
                    places.retain(|place| place[..2] != item.place[..2]);
                }
            }
            continue;
        }
        for run in set.items.chunk_by(|one, other| one.print == other.print) {
            let places = run.iter().map(|item| item.place).collect();
            if let Some(first) = run.first() {
                last.insert(first.print, places);
            }
        }
    }
    if last.is_empty() {
        return;
    }
    each(part, contents, |_, item, _| {
        if let Some(places) = last.get_mut(&item.print) {
            places.remove(&item.place);
        }
    });
    each(part, contents, |row, item, layout| {
        let Some(places) = last.remove(&item.print).filter(|places| !places.is_empty()) else { return };
        let satellite = places.iter().any(|place| place[2..] != [0; 2]);
        let detail = if satellite {
            "前にあったサテライトの実績がありません"
        } else {
            "前にあった種類または拠点の実績がありません"
        };
        Say { found: &mut *found, file: part.file, layout }.spot(&v89::RULE, row.spot(), None, detail);
    });
}
