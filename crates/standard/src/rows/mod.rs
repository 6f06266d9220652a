//! 行の検査 — what a row says by itself, among the rows of the same person or plan, and to the other files.
//!
//! A file is walked once, in its own order, and what is remembered of a person is dropped when the next one comes. Only
//! where a person comes again later on is the file walked a second time, person by person (`crate::content`).

mod basic;
mod costs;
mod plain;
mod schedule;
mod sheet2;
mod sheet3;
mod supplement;
mod support;

use crate::fingerprint::Print;
use crate::layout::Layout;
use crate::links::{FLAGS, Links, has, person_print};
use crate::read::Record;
use crate::report::Findings;
use crate::rules::{Rule, v31, v32};
use crate::{FileKind, Place, ServiceCodes};

/// A record whose cells have been looked at.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r, 'a> {
    pub(crate) record: &'r Record<'r, 'a>,
    /// One bit per column whose value says nothing.
    pub(crate) faulty: u128,
}

/// A column this layout does not have.
pub(crate) const NO_COLUMN: usize = usize::MAX;

impl<'a> Row<'_, 'a> {
    #[inline(always)]
    pub(crate) fn value(&self, index: usize) -> &'a [u8] {
        self.record.value(index)
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self, index: usize) -> bool {
        self.value(index).is_empty()
    }

    #[inline(always)]
    pub(crate) fn any_faulty(&self, columns: u128) -> bool {
        self.faulty != 0 && self.faulty & columns != 0
    }

    pub(crate) fn spot(&self) -> Spot {
        Spot {
            row: self.record.number(),
            offset: self.record.offset(),
            length: u32::try_from(self.record.raw().len()).unwrap_or(u32::MAX),
        }
    }
}

/// The bit of a column in [`Row::faulty`].
pub(crate) const fn bit(index: usize) -> u128 {
    if index < 128 { 1 << index } else { 0 }
}

/// Where a row is, to be spoken of later.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spot {
    pub(crate) row: u64,
    pub(crate) offset: u64,
    pub(crate) length: u32,
}

/// Says something about a file.
pub(crate) struct Say<'f> {
    pub(crate) found: &'f mut Findings,
    pub(crate) file: usize,
    pub(crate) layout: &'static Layout,
}

impl Say<'_> {
    /// About a cell.
    #[cold]
    pub(crate) fn cell(&mut self, rule: &'static Rule, row: &Row<'_, '_>, index: usize, detail: &str) {
        let Some(cell) = row.record.cell(index) else { return self.spot(rule, row.spot(), None, detail) };
        let column = self.layout.columns.get(index);
        let place = Place {
            file: Some(self.file),
            row: Some(row.record.number()),
            column: column.map(|column| column.number),
            item: column.map(|column| column.name),
            character: None,
            offset: Some(cell.offset()),
            length: u32::try_from(cell.raw().len()).ok(),
        };
        self.say(rule, place, || detail.to_string());
    }

    /// About a row, perhaps one of its columns.
    #[cold]
    pub(crate) fn spot(&mut self, rule: &'static Rule, spot: Spot, index: Option<usize>, detail: &str) {
        self.spot_with(rule, spot, index, || detail.to_string());
    }

    /// The same; the detail is made up only if the finding is kept.
    #[cold]
    pub(crate) fn spot_with(
        &mut self,
        rule: &'static Rule,
        spot: Spot,
        index: Option<usize>,
        detail: impl FnOnce() -> String,
    ) {
        let column = index.and_then(|index| self.layout.columns.get(index));
        let place = Place {
            file: Some(self.file),
            row: Some(spot.row),
            column: column.map(|column| column.number),
            item: column.map(|column| column.name),
            character: None,
            offset: Some(spot.offset),
            length: Some(spot.length),
        };
        self.say(rule, place, detail);
    }

    fn say(&mut self, rule: &'static Rule, place: Place, detail: impl FnOnce() -> String) {
        let severity = rule.severity_under(self.found.profile);
        if self.found.admits(rule, severity) {
            let detail = Some(detail()).filter(|detail| !detail.is_empty());
            self.found.keep(rule, severity, place, detail);
        }
    }
}

/// 一続き — the rows of one person or plan, as they follow one another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Now {
    /// Fingerprint of the person.
    pub(crate) person: u64,
    /// Fingerprint of the person, or of the plan in files that belong to one.
    pub(crate) key: u64,
    /// Its flags before this file.
    pub(crate) flags: u64,
    pub(crate) first: Spot,
    /// How many rows so far.
    pub(crate) rows: u64,
    /// A row nobody could read lies among these.
    pub(crate) spoiled: bool,
    /// A row's code or office is not known: it counts nowhere.
    pub(crate) doubtful: bool,
}

/// The rules on one kind of file.
pub(crate) trait Machine {
    /// A row by itself.
    fn alone(&mut self, _row: &Row<'_, '_>, _say: &mut Say<'_>) {}
    /// The first row of a person or plan.
    fn open(&mut self, _row: &Row<'_, '_>, _say: &mut Say<'_>, _now: &Now, _links: &mut Links) {}
    /// A row among others.
    fn within(&mut self, _row: &Row<'_, '_>, _say: &mut Say<'_>, _now: &mut Now, _links: &mut Links) {}
    /// After the last row. What was remembered is dropped.
    fn close(&mut self, _say: &mut Say<'_>, _now: &Now, _links: &mut Links) {}
    /// Whether the rows of one person must come together.
    fn remembers(&self) -> bool {
        false
    }
}

/// Where the key of a row stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyColumns {
    date: Option<usize>,
    columns: u128,
    /// Keeps plans and 利用者基本情報 of one day apart.
    family: u64,
}

impl KeyColumns {
    /// The key of a kind of file in a unit. 補足 follows the sheet it hangs on.
    pub(crate) fn of(layout: &Layout, links: &Links) -> KeyColumns {
        let (ident, family) = match layout.kind {
            FileKind::Uphosoku if links.kind != Some(crate::UnitKind::CarePlan) => (None, 0),
            FileKind::Up1kyo | FileKind::Up2kyo | FileKind::Up3kyo | FileKind::Uphosoku => (Some("care_plan_date"), 1),
            FileKind::Upkihon | FileKind::UpkihonSub1 | FileKind::UpkihonSub2 => (Some("consultation_date"), 2),
            FileKind::Upyobo | FileKind::UpyoboSub => (Some("plan_date"), 3),
            _ => (None, 0),
        };
        let date = ident.and_then(|ident| layout.index(ident));
        let month = layout.index("target_month").unwrap_or(NO_COLUMN);
        KeyColumns { date, columns: bit(1) | bit(2) | bit(date.unwrap_or(NO_COLUMN)) | bit(month), family }
    }

    #[inline(always)]
    fn parts<'a>(&self, record: &Record<'_, 'a>) -> Option<[&'a [u8]; 3]> {
        let date = self.date.map_or(&b""[..], |date| record.value(date));
        Some([record.value(1), record.value(2), date])
    }

    /// Fingerprints of person and key, where the row has one.
    pub(crate) fn prints(&self, record: &Record<'_, '_>) -> Option<(u64, u64)> {
        let [insurer, insured, date] = self.parts(record)?;
        if !v31::holds(insurer) || !v32::holds(insured) || (self.date.is_some() && date.len() != 8) {
            return None;
        }
        let person = person_print(insurer, insured);
        let key = match self.date {
            Some(_) => Print::new(self.family).and(person).with(date).end(),
            None => person,
        };
        Some((person, key))
    }
}

/// The bytes of a key: insurer, insured person, date.
type Key = [u8; 24];

/// 行の並び — hands the rows of a file to its rules, person by person.
pub(crate) struct Rows<'c> {
    kind: FileKind,
    pub(crate) keys: KeyColumns,
    machine: Box<dyn Machine + 'c>,
    last: Option<Key>,
    now: Now,
    spoil_next: bool,
    /// Whether a person came again after another.
    pub(crate) scattered: bool,
}

impl<'c> Rows<'c> {
    /// The rules of a kind of file; none for what is only deleted.
    pub(crate) fn new(layout: &'static Layout, links: &Links, codes: Option<&'c ServiceCodes>) -> Option<Rows<'c>> {
        let machine: Box<dyn Machine + 'c> = match layout.kind {
            FileKind::Upplan | FileKind::Upjsk => Box::new(schedule::Schedule::new(layout, links, codes)),
            FileKind::Upsikyu => Box::new(costs::Costs::new(layout, codes)),
            FileKind::Up2kyo => Box::new(sheet2::Sheet2::new(layout, links)),
            FileKind::Up3kyo => Box::new(sheet3::Sheet3::new(layout)),
            FileKind::Uphosoku => Box::new(supplement::Supplement::new(layout)),
            FileKind::Upkihon => Box::new(basic::Basic::new(layout)),
            FileKind::UpyoboSub => Box::new(support::Support::new(layout)),
            FileKind::Up1kyo | FileKind::Upyobo | FileKind::UpkihonSub1 | FileKind::UpkihonSub2 => {
                Box::new(plain::Plain { kind: layout.kind })
            }
            _ => return None,
        };
        Some(Rows {
            kind: layout.kind,
            keys: KeyColumns::of(layout, links),
            machine,
            last: None,
            now: Now::default(),
            spoil_next: false,
            scattered: false,
        })
    }

    /// A row in the order of the file.
    #[inline]
    pub(crate) fn row(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, links: &mut Links) {
        self.machine.alone(row, say);
        self.among(row, say, links);
    }

    /// A row among those of its person or plan.
    #[inline]
    pub(crate) fn among(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, links: &mut Links) {
        let Some(key) = self.key(row) else { return self.skip(row.record, links) };
        if self.last != Some(key) {
            self.close(say, links);
            self.open(key, row, say, links);
        }
        self.now.rows += 1;
        if !self.scattered {
            self.machine.within(row, say, &mut self.now, links);
        }
    }

    #[inline(always)]
    fn key(&self, row: &Row<'_, '_>) -> Option<Key> {
        if row.any_faulty(self.keys.columns) {
            return None;
        }
        let [insurer, insured, date] = self.keys.parts(row.record)?;
        let mut key = [0; 24];
        *key.first_chunk_mut::<6>()? = *insurer.first_chunk()?;
        *key.get_mut(6..)?.first_chunk_mut::<10>()? = *insured.first_chunk()?;
        if self.keys.date.is_some() {
            *key.last_chunk_mut::<8>()? = *date.first_chunk()?;
        }
        Some(key)
    }

    /// A row nobody could read: nothing of its person is called missing.
    #[cold]
    pub(crate) fn skip(&mut self, record: &Record<'_, '_>, links: &mut Links) {
        let (insurer, insured) = (record.value(1), record.value(2));
        let person = (v31::holds(insurer) && v32::holds(insured)).then(|| person_print(insurer, insured));
        links.lose(person);
        if person.is_none_or(|person| person == self.now.person) {
            self.now.spoiled = true;
        }
        self.spoil_next |= person.is_none();
    }

    fn open(&mut self, key: Key, row: &Row<'_, '_>, say: &mut Say<'_>, links: &mut Links) {
        self.last = Some(key);
        let Some((person, print)) = self.keys.prints(row.record) else { return };
        let spoiled = std::mem::take(&mut self.spoil_next);
        self.now = Now { person, key: print, first: row.spot(), spoiled, ..Now::default() };
        let Some(entry) = links.table.entry(print) else { return };
        self.now.flags = entry[FLAGS];
        entry[FLAGS] |= has(self.kind);
        if self.now.flags & has(self.kind) != 0 && self.machine.remembers() {
            self.scattered = true;
        }
        if !self.scattered {
            self.machine.open(row, say, &self.now, links);
        }
    }

    /// After the last row of a person, and of the file.
    pub(crate) fn close(&mut self, say: &mut Say<'_>, links: &mut Links) {
        if self.last.take().is_some() && !self.scattered {
            if self.now.doubtful {
                links.lose(Some(self.now.person));
            }
            self.now.spoiled |= !links.is_sure(self.now.person);
            self.machine.close(say, &self.now, links);
        }
    }

    /// Ready for the same rows again, person by person.
    pub(crate) fn again(&mut self, links: &mut Links) {
        self.scattered = false;
        self.last = None;
        links.forget(self.kind);
    }
}
