//! 前の版からの変更 — which rows of a set came, went or changed since the versions it replaced.

use super::book::{Whose, whose};
use super::entry::{Entry, Mark};
use super::unprinted;
use standard::diff::{Change, What, diff_with_rows};
use standard::truth::{State, Subject, arrivals, truth};
use standard::value::Sheet;
use standard::{FileKind, SourceFile, name};
use std::collections::{BTreeMap, BTreeSet};

/// A row: whose, which sheet, and the number of its record.
type Place = (Whose, FileKind, u64);

/// 変更
#[derive(Default)]
pub(crate) struct Changes<'a> {
    rows: BTreeMap<Place, Marked>,
    removed: BTreeMap<Whose, Vec<(FileKind, Entry<'a>)>>,
    /// People of the set of whom there is a version before.
    pub(crate) compared: BTreeSet<Whose>,
    /// People for whom something changed.
    pub(crate) changed: BTreeSet<Whose>,
    /// Whether a picture came, went or changed.
    pub(crate) pictures: bool,
}

struct Marked {
    mark: Mark,
    /// Column, text before, and whether a text stands there now.
    cells: Vec<(&'static str, String, bool)>,
}

impl<'a> Changes<'a> {
    /// Compares a set with earlier ones of the same sender and receiver: each plan and month of a person with the version
    /// that this set replaced by the version truth. Where there is none nothing is marked: everything would be.
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
        // Of each thing that the set is about, the version replaced.
        let mut replaced: Vec<BTreeMap<Whose, Vec<Subject>>> = vec![BTreeMap::new(); earlier.len()];
        for ((_, key), steps) in &truth(&seen).histories {
            let step = steps.iter().rfind(|step| step.state == State::ReplacedBy(this));
            let index = step.and_then(|step| units.iter().position(|unit| *unit == Some(step.set)));
            let Some(replaced) = index.and_then(|index| replaced.get_mut(index)) else { continue };
            let person = (key.person.insurer.as_str().to_owned(), key.person.insured.as_str().to_owned());
            changes.compared.insert(person.clone());
            replaced.entry(person).or_default().push(key.subject);
        }
        for (files, replaced) in earlier.iter().zip(&replaced).filter(|(_, replaced)| !replaced.is_empty()) {
            changes.compare(files, set, replaced);
        }
        changes
    }

    fn compare(
        &mut self,
        before: &[SourceFile<'a>],
        after: &[SourceFile<'_>],
        replaced: &BTreeMap<Whose, Vec<Subject>>,
    ) {
        let (difference, rows) = diff_with_rows(before, after);
        self.pictures |= difference.files.iter().any(|file| file.kind == FileKind::UpkihonImage);
        let mut gone: BTreeMap<(FileKind, u64), Whose> = BTreeMap::new();
        for (person, rows) in difference.people.into_iter().zip(rows) {
            let whose = person.person.into_revealed();
            let Some(subjects) = replaced.get(&whose) else { continue };
            for (change, rows) in person.changes.into_iter().zip(rows) {
                if !subjects.iter().any(|subject| is_about(&change, subject)) {
                    continue;
                }
                self.changed.insert(whose.clone());
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

/// Whether a change is in what was replaced, and not in something else that the two sets have beside it.
fn is_about(change: &Change, replaced: &Subject) -> bool {
    let of_kind = replaced.files().contains(&change.kind);
    of_kind
        && match replaced {
            Subject::CarePlan(date) | Subject::BasicInfo(date) | Subject::PreventionPlan(date) => {
                change.subject.dated == Some(*date)
            }
            // A file is about one month.
            Subject::Schedule(_) => true,
            Subject::Actuals { office, service_type, .. } => {
                let code = change.subject.service_code.as_deref().unwrap_or_default();
                change.subject.office.as_deref() == Some(&*office.to_string())
                    && code.starts_with(service_type.as_str())
            }
        }
}
