//! 前の版からの変更 — which rows of a set came, went or changed since the versions it replaced.

use super::book::{Whose, whose};
use super::entry::{Entry, Mark};
use super::unprinted;
use standard::diff::{What, diff_with_rows};
use standard::truth::{State, arrivals, truth};
use standard::value::Sheet;
use standard::{FileKind, SourceFile, name};
use std::collections::BTreeMap;

/// A row: whose, which sheet, and the number of its record.
type Place = (Whose, FileKind, u64);

/// 変更
#[derive(Default)]
pub(crate) struct Changes<'a> {
    rows: BTreeMap<Place, Marked>,
    removed: BTreeMap<Whose, Vec<(FileKind, Entry<'a>)>>,
    /// People of the set of whom there is a version before.
    pub(crate) compared: usize,
    /// People for whom something changed.
    pub(crate) changed: usize,
    /// Whether a picture came, went or changed.
    pub(crate) pictures: bool,
}

struct Marked {
    mark: Mark,
    /// Column, text before, and whether a text stands there now.
    cells: Vec<(&'static str, String, bool)>,
}

impl<'a> Changes<'a> {
    /// Compares a set with earlier ones of the same sender and receiver, each person with the version that this set
    /// replaced by the version truth. Who has none is marked nowhere: everything would be.
    pub(crate) fn between(earlier: &[Vec<SourceFile<'a>>], set: &[SourceFile<'a>]) -> Self {
        let mut changes = Self::default();
        let mut seen = arrivals(set);
        let Some(this) = seen.first().map(|arrival| arrival.unit) else { return changes };
        let mut units = Vec::new();
        for files in earlier {
            let before = arrivals(files);
            units.push(before.first().map(|arrival| arrival.unit));
            seen.extend(before);
        }
        // Of each person the version replaced; where it was several sets', the newest of them.
        let mut replaced: BTreeMap<Whose, usize> = BTreeMap::new();
        for ((_, key), steps) in &truth(&seen).histories {
            let step = steps.iter().rfind(|step| step.state == State::ReplacedBy(this));
            let Some(index) = step.and_then(|step| units.iter().position(|unit| *unit == Some(step.set))) else {
                continue;
            };
            let person = (key.person.insurer.as_str().to_owned(), key.person.insured.as_str().to_owned());
            let newest = replaced.entry(person).or_insert(index);
            if units.get(*newest) < units.get(index) {
                *newest = index;
            }
        }
        changes.compared = replaced.len();
        for (index, files) in earlier.iter().enumerate() {
            if replaced.values().any(|replaced| *replaced == index) {
                changes.compare(files, set, |person| replaced.get(person) == Some(&index));
            }
        }
        changes
    }

    fn compare(&mut self, before: &[SourceFile<'a>], after: &[SourceFile<'_>], concerns: impl Fn(&Whose) -> bool) {
        let (difference, rows) = diff_with_rows(before, after);
        self.pictures |= difference.files.iter().any(|file| file.kind == FileKind::UpkihonImage);
        let mut gone: BTreeMap<(FileKind, u64), Whose> = BTreeMap::new();
        for (person, rows) in difference.people.into_iter().zip(rows) {
            let whose = person.person.into_revealed();
            if !concerns(&whose) {
                continue;
            }
            self.changed += 1;
            for (change, rows) in person.changes.into_iter().zip(rows) {
                let mark = match change.what {
                    What::Added => Mark::Added,
                    What::Removed => Mark::Removed,
                    What::Changed => Mark::Changed,
                };
                let cells = change
                    .cells
                    .into_iter()
                    .map(|cell| (cell.column.0.ident, cell.before.into_revealed(), !cell.after.reveal().is_empty()));
                let cells = if mark == Mark::Changed { cells.collect() } else { Vec::new() };
                if let Some(number) = rows.after {
                    self.rows.insert((whose.clone(), change.kind, number), Marked { mark, cells });
                } else if let Some(number) = rows.before {
                    gone.insert((change.kind, number), whose.clone());
                }
            }
        }
        for file in before {
            let Ok(name) = name::parse(file.name) else { continue };
            let Some(sheet) = Sheet::new(name.kind, file.bytes) else { continue };
            sheet.rows(|row| {
                let Some(person) = gone.get(&(name.kind, row.number())).filter(|person| whose(&row) == **person) else {
                    return;
                };
                let entry = Entry::of(&row).marked(Mark::Removed, BTreeMap::new());
                self.removed.entry(person.clone()).or_default().push((name.kind, entry));
            });
        }
    }

    /// The row with its marks.
    pub(crate) fn mark(&self, whose: &Whose, kind: FileKind, number: u64, entry: Entry<'a>) -> Entry<'a> {
        let Some(marked) = self.rows.get(&(whose.clone(), kind, number)) else { return entry };
        let cells = marked.cells.iter();
        // A blank that stands for the line above (第2表) has not changed itself.
        let cells = cells.filter(|(ident, _, now)| !(*now && entry.value(ident).is_empty()));
        let cells = cells.filter(|(ident, ..)| !unprinted::contains(ident));
        let before: BTreeMap<_, _> = cells.map(|(ident, before, _)| (*ident, before.clone())).collect();
        // Nothing of it is to be seen here.
        if marked.mark == Mark::Changed && before.is_empty() { entry } else { entry.marked(marked.mark, before) }
    }

    /// Rows of a person that are no more.
    pub(crate) fn removed(&self, whose: &Whose) -> &[(FileKind, Entry<'a>)] {
        self.removed.get(whose).map(Vec::as_slice).unwrap_or_default()
    }
}
