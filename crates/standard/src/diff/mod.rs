//! 新旧の比較 — what changed between two sets of the same key: per person, day, service and goal, cell by cell.
//!
//! Compared is what the files mean, not how they are written: the order of rows, quotes, padded numbers, the edition and
//! blanks that stand for the line above (別紙 第2表の構成, README 9.3; UPYOBO_SUB, 9.11) make no difference. Comparing the
//! other way round gives the same changes with before and after exchanged.

mod line;

use crate::fingerprint::Print;
use crate::value::{Date, Private};
use crate::{Column, FileKind, FileName, SourceFile, name, read};
use line::Line;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// 新旧の違い.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// The people for whom something changed, in the order of their numbers.
    pub people: Vec<PersonDifference>,
    /// How many people both sets speak of.
    pub people_compared: usize,
    /// Whole files that could not be compared row by row: pictures, and files of an unknown edition.
    pub files: Vec<FileDifference>,
    /// Records that are no rows (broken quotes, too few columns): before, after. They were not compared.
    pub unread: (Unread, Unread),
}

/// 比べられなかった行 — how many, and where the first of them are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    /// How many.
    pub count: u64,
    /// The sheet, and the number of the record in it: at most [`UNREAD_PLACES_MAX`].
    pub places: Vec<(FileKind, u64)>,
    /// A fingerprint of all of them, whatever their order.
    pub(crate) print: u64,
}

impl Unread {
    /// Whether they are the same records, as far as can be said of what could not be read.
    fn is_like(&self, other: &Unread) -> bool {
        (self.count, self.print) == (other.count, other.print)
    }
}

/// Places of unread records that are kept.
pub const UNREAD_PLACES_MAX: usize = 100;

/// 一人の違い.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonDifference {
    /// 利用者1, 利用者2, …: the place among all people of both sets, to speak of them without naming them.
    pub number: usize,
    /// 保険者番号 and 被保険者番号 as they stand in the files.
    pub person: Private<(String, String)>,
    /// Whether only one of the sets speaks of the person.
    pub presence: Presence,
    /// What changed, in the order of the sheets.
    pub changes: Vec<Change>,
}

/// どちらにあるか.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// In both.
    Both,
    /// Only in the set before.
    Before,
    /// Only in the set after.
    After,
}

/// 変更の種類.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// 追加
    Added,
    /// 削除
    Removed,
    /// 変更
    Changed,
}

/// 変更の一件 — one row that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The sheet.
    pub kind: FileKind,
    /// What the row is about.
    pub subject: Subject,
    /// What happened to it.
    pub what: What,
    /// The cells that differ; of a row that came or went, those that are filled.
    pub cells: Vec<CellChange>,
}

/// 何についての行か — filled is what the sheet has; nothing of it is about a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Subject {
    /// 計画作成日 or 相談日, of plans and basic information.
    pub dated: Option<Date>,
    /// サービス利用日.
    pub day: Option<Date>,
    /// 曜日, 1 to 7, of 第3表.
    pub weekday: Option<u8>,
    /// サービス事業者コード.
    pub office: Option<String>,
    /// サテライト枝番.
    pub satellite: Option<String>,
    /// サービスコード.
    pub service_code: Option<String>,
    /// 課題ＮＯ, 援助目標ＮＯ, 援助内容ＮＯ (第2表), or 課題ＮＯ, 支援計画ＮＯ, 利用サービスＮＯ (別表).
    pub goal: Option<[i64; 3]>,
}

/// 変わったセル.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// The column, with its item name.
    pub column: ColumnRef,
    /// The text before; blanks that stand for the line above are filled.
    pub before: Private<String>,
    /// The text after.
    pub after: Private<String>,
}

/// A column of a layout, compared by its identifier.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRef(pub &'static Column);

impl PartialEq for ColumnRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.ident == other.0.ident
    }
}

impl Eq for ColumnRef {}

/// ファイル全体の違い.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDifference {
    /// The kind of file.
    pub kind: FileKind,
    /// 枝番 of a picture.
    pub branch: Option<[u8; 4]>,
    /// What happened to it.
    pub what: What,
}

impl Difference {
    /// Whether the two sets mean the same.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.files.is_empty() && self.unread.0.is_like(&self.unread.1)
    }

    /// The same difference seen from the other set.
    #[must_use]
    pub fn swapped(mut self) -> Difference {
        for person in &mut self.people {
            person.presence = match person.presence {
                Presence::Both => Presence::Both,
                Presence::Before => Presence::After,
                Presence::After => Presence::Before,
            };
            for change in &mut person.changes {
                change.what = change.what.swapped();
                change.cells.iter_mut().for_each(|cell| std::mem::swap(&mut cell.before, &mut cell.after));
            }
        }
        self.files.iter_mut().for_each(|file| file.what = file.what.swapped());
        self.unread = (self.unread.1, self.unread.0);
        self
    }
}

impl What {
    const fn swapped(self) -> What {
        match self {
            What::Added => What::Removed,
            What::Removed => What::Added,
            What::Changed => What::Changed,
        }
    }
}

/// Who and which sheet: rows are compared within.
type Place = (Vec<u8>, Vec<u8>);

/// A file compared as a whole: its kind and branch.
type Whole = (FileKind, Option<[u8; 4]>);

/// 行の場所 — where the rows of a change stand: the numbers of their records in the sheet before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rows {
    /// In the set before; none of a row that came.
    pub before: Option<u64>,
    /// In the set after; none of a row that went.
    pub after: Option<u64>,
}

/// What of a set is compared.
struct Side<'a> {
    people: BTreeMap<Place, BTreeMap<(u8, FileKind), Vec<Line<'a>>>>,
    whole: BTreeMap<Whole, Vec<&'a [u8]>>,
    unread: Unread,
}

/// Compares two sets, each of one unit. Files with names that are none of the standard's are left out.
pub fn diff(before: &[SourceFile<'_>], after: &[SourceFile<'_>]) -> Difference {
    diff_with_rows(before, after).0
}

/// The same, and for each person of the difference, change by change, where its rows stand, so that the change can be
/// marked on a form. The difference does not depend on the order of rows; where they stand does.
pub fn diff_with_rows(before: &[SourceFile<'_>], after: &[SourceFile<'_>]) -> (Difference, Vec<Vec<Rows>>) {
    let (mut before, mut after) = (Side::of(before), Side::of(after));
    let mut places: Vec<Place> = before.people.keys().chain(after.people.keys()).cloned().collect();
    places.sort_unstable();
    places.dedup();
    let mut difference = Difference { people_compared: places.len(), ..Difference::default() };
    difference.unread = (std::mem::take(&mut before.unread), std::mem::take(&mut after.unread));
    let mut all_rows = Vec::new();
    for (index, place) in places.into_iter().enumerate() {
        let (old, new) = (before.people.remove(&place), after.people.remove(&place));
        let presence = match (&old, &new) {
            (Some(_), None) => Presence::Before,
            (None, Some(_)) => Presence::After,
            _ => Presence::Both,
        };
        let (old, mut new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let mut changes = Vec::new();
        let mut sheets: Vec<(u8, FileKind)> = old.keys().chain(new.keys()).copied().collect();
        sheets.sort_unstable();
        sheets.dedup();
        let mut old = old;
        for sheet in sheets {
            let (old, new) = (old.remove(&sheet).unwrap_or_default(), new.remove(&sheet).unwrap_or_default());
            line::compare(sheet.1, old, new, &mut changes);
        }
        let (changes, rows): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        if !changes.is_empty() {
            all_rows.push(rows);
            let person = Private::new((line::shown(&place.0), line::shown(&place.1)));
            difference.people.push(PersonDifference { number: index + 1, person, presence, changes });
        }
    }
    let mut wholes: Vec<_> = before.whole.keys().chain(after.whole.keys()).copied().collect();
    wholes.sort_unstable();
    wholes.dedup();
    for key in wholes {
        let what = match (before.whole.get(&key), after.whole.get(&key)) {
            (None, Some(_)) => What::Added,
            (Some(_), None) => What::Removed,
            (old, new) if old != new => What::Changed,
            _ => continue,
        };
        difference.files.push(FileDifference { kind: key.0, branch: key.1, what });
    }
    (difference, all_rows)
}

impl<'a> Side<'a> {
    fn of(files: &[SourceFile<'a>]) -> Side<'a> {
        let mut side = Side { people: BTreeMap::new(), whole: BTreeMap::new(), unread: Unread::default() };
        let mut named: Vec<(FileName, &SourceFile<'a>)> =
            files.iter().filter_map(|file| Some((name::parse(file.name).ok()?, file))).collect();
        named.sort_by_key(|(name, _)| (name.kind.rank(), name.branch));
        for (name, file) in &named {
            let Some(sheet) = crate::value::Sheet::new(name.kind, file.bytes) else {
                let blank = read::csv_version(file.bytes).is_none() && file.bytes.iter().all(u8::is_ascii_whitespace);
                if !blank {
                    side.whole.entry((name.kind, name.branch)).or_default().push(file.bytes);
                }
                continue;
            };
            let (people, unread) = (&mut side.people, &mut side.unread);
            let row = |row: crate::value::Row<'_, 'a>| {
                let line = Line::of(&row);
                let place = (line.bytes("insurer_no").to_vec(), line.bytes("insured_no").to_vec());
                people.entry(place).or_default().entry((name.kind.rank(), name.kind)).or_default().push(line);
            };
            sheet.rows_and_others(row, |record| {
                unread.count += 1;
                let print = Print::new(u64::from(name.kind.rank())).with(record.raw()).end();
                unread.print = unread.print.wrapping_add(print);
                if unread.places.len() < UNREAD_PLACES_MAX {
                    unread.places.push((name.kind, record.number()));
                }
            });
        }
        side.whole.values_mut().for_each(|files| files.sort_unstable());
        // The name of a picture carries the serial of its set: what counts is its branch.
        let kihon = (FileKind::Upkihon.rank(), FileKind::Upkihon);
        for line in side.people.values_mut().filter_map(|sheets| sheets.get_mut(&kihon)).flatten() {
            line.name_picture_by_branch();
        }
        for sheets in side.people.values_mut() {
            for ((_, kind), lines) in sheets {
                line::fill(*kind, lines);
            }
        }
        side
    }
}

/// A cell as it is compared and shown.
type Bytes<'a> = Cow<'a, [u8]>;
