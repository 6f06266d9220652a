//! 中身の検査 — one walk over a file's records; the layout says which rule looks at which cell.
//!
//! A sound cell costs a few comparisons of bytes: nothing is decoded, nothing allocated. Only a record with a fault
//! is looked at a second time, to say what it is.

use crate::cell::{Named, Test, character, detail, is_form, is_readable};
use crate::contents::{self, Contents};
use crate::layout::{EDITIONS, Form, Length, Required};
use crate::links::Links;
use crate::ms932::{BAD, GAIJI};
use crate::name::NAME_BYTES_MAX;
use crate::read::{self, Progress, Record};
use crate::report::Findings;
use crate::rows::{Row, Rows, Say, bit};
use crate::rules::{Rule, v19, v20, v21, v22, v23, v24, v25, v26, v27, v29, v35, v39};
use crate::{Column, Edition, FileName, Layout, Place, Profile, ServiceCodes, Severity, layout};
use std::ops::ControlFlow;

/// From so many columns at fault in one row on, the columns have slipped: only the first is reported.
const SHIFTED_FROM: usize = 5;

/// Rows of a file whose people are scattered that are put in order (12 MB). In a longer one the rules across rows are
/// silent.
const SCATTERED_ROWS_MAX: usize = 1 << 19;

/// Names of images that are remembered of a file (some 15 MB). Of a file with more, V15 says nothing.
const IMAGES_MAX: usize = 100_000;

/// Rules that look beyond a row: what they said is taken back when a person turns out to come again later on.
const ACROSS_ROWS: [usize; 15] = [45, 46, 47, 56, 61, 67, 70, 71, 75, 77, 78, 79, 81, 83, 85];

/// What the unit wants to know about a file.
pub(crate) struct Facts {
    /// Whether its rows could be read.
    pub(crate) sound: bool,
    /// The images its rows name.
    pub(crate) images: Vec<ImageName>,
    /// Whether these are all of them.
    pub(crate) images_known: bool,
}

/// 家族構成 画像ファイル名 of one row.
pub(crate) struct ImageName {
    pub(crate) value: Vec<u8>,
    pub(crate) place: Place,
}

/// Checks the content of a CSV file.
pub(crate) fn check(
    file: usize,
    name: &FileName,
    named: Named,
    contents: &mut dyn Contents,
    links: &mut Links,
    codes: Option<&ServiceCodes>,
    found: &mut Findings,
) -> Facts {
    let mut facts = Facts { sound: false, images: Vec::new(), images_known: false };
    if let Some((dialect, marked)) = v19::dialect(contents, file) {
        let place =
            if marked { Place { row: Some(1), offset: Some(0), ..Place::file(file) } } else { Place::file(file) };
        found.push(&v19::RULE, place, Some(format!("このファイルの文字コードは{dialect}です")));
        return facts;
    }
    let mut walk =
        Walk { file, name, found, links, codes, undecodable: false, images: &mut facts.images, images_lost: false };
    let sound = walk.records(named, contents);
    facts.sound = sound && !walk.undecodable;
    facts.images_known = facts.sound && !walk.images_lost;
    if walk.undecodable {
        // The cells say nothing reliable any more; the version is ASCII and still does.
        found.silence(|rule| [&v19::RULE, &v26::RULE, &v27::RULE].contains(&rule));
    }
    facts
}

struct Walk<'w> {
    file: usize,
    name: &'w FileName,
    found: &'w mut Findings,
    links: &'w mut Links,
    codes: Option<&'w ServiceCodes>,
    undecodable: bool,
    images: &'w mut Vec<ImageName>,
    images_lost: bool,
}

impl<'w> Walk<'w> {
    /// Whether the rows could be read at all.
    fn records(&mut self, named: Named, contents: &mut dyn Contents) -> bool {
        if is_blank(contents, self.file) {
            self.found.push(&v39::RULE, Place::file(self.file), None);
            return true;
        }
        let version = read::csv_version_in(contents, self.file);
        let mut rows = 0u64;
        let mut plan: Option<Plan> = None;
        let mut across: Option<Rows<'w>> = None;
        let mut known = true;
        let mut mixed = false;
        let mut faulty = Vec::with_capacity(16);
        read::each(contents, self.file, |record| {
            if record.number() == 1 && v24::is_header(record) {
                self.characters(record, None);
                self.found.push(&v24::RULE, self.row(record), None);
                self.header(record);
                return ControlFlow::Continue(());
            }
            rows += 1;
            if plan.is_none() && known {
                plan = self.plan(record, named, version);
                known = plan.is_some();
                across = plan.as_ref().and_then(|plan| Rows::new(plan.layout, self.links, self.codes));
            }
            let Some(plan) = &plan else {
                // Without a version there are no columns; characters and quotes speak for themselves.
                self.characters(record, None);
                self.quotes(record, None);
                return ControlFlow::Continue(());
            };
            if record.class & (BAD | GAIJI) != 0 {
                self.characters(record, Some(plan.layout));
            }
            let sound = match plan.read(record) {
                Reading::Sound => true,
                Reading::Quotes => {
                    self.quotes(record, Some(plan.layout));
                    false
                }
                Reading::OtherVersion => {
                    // Said once: one foreign row makes the file a mixed one, and its columns are not known.
                    if !mixed {
                        self.found.push(&v25::RULE, self.cell(record, plan.layout.columns.first(), 0), None);
                    }
                    mixed = true;
                    false
                }
                Reading::Columns => {
                    let detail = format!("{}項目のところ、{}項目あります", plan.tests.len(), record.len());
                    self.found.push(&v21::RULE, self.row(record), Some(detail));
                    false
                }
            };
            if !sound {
                if let Some(across) = &mut across {
                    across.skip(record, self.links);
                }
                return ControlFlow::Continue(());
            }
            faulty.clear();
            let marks = plan.faults(record, &mut faulty);
            if !faulty.is_empty() {
                self.explain(record, plan, &faulty, marks.forms);
            }
            if let Some(across) = &mut across {
                if marks.forms >= SHIFTED_FROM {
                    across.skip(record, self.links);
                } else {
                    let mut say = Say { found: self.found, file: self.file, layout: plan.layout };
                    across.row(&Row { record, faulty: marks.faulty }, &mut say, self.links);
                }
            }
            if let Some(index) = plan.image {
                self.image(record, plan.layout, index);
            }
            ControlFlow::Continue(())
        });
        if let (Some(plan), Some(across)) = (&plan, &mut across) {
            self.over(plan, across, contents);
        }
        if rows == 0 {
            self.found.push(&v39::RULE, Place::file(self.file), None);
        }
        known
    }

    /// After the last row.
    fn over(&mut self, plan: &Plan, across: &mut Rows<'w>, contents: &mut dyn Contents) {
        if !across.scattered {
            let mut say = Say { found: self.found, file: self.file, layout: plan.layout };
            return across.close(&mut say, self.links);
        }
        self.found.silence(|rule| !ACROSS_ROWS.contains(&rule.number()));
        across.again(self.links);
        let Some(order) = self.by_person(plan, across, contents) else {
            // Nobody knows who has what; nothing is called missing.
            return self.links.lose(None);
        };
        let mut faulty = Vec::with_capacity(16);
        let mut say = Say { found: self.found, file: self.file, layout: plan.layout };
        let mut progress = Progress::default();
        for Met { number, offset, length, .. } in order {
            read::again(contents, self.file, (offset, length as usize, number.into()), &mut progress, |record| {
                faulty.clear();
                let marks = plan.faults(record, &mut faulty);
                across.among(&Row { record, faulty: marks.faulty }, &mut say, self.links);
            });
        }
        across.close(&mut say, self.links);
    }

    /// Every row that has a key, person by person; none if there are too many.
    fn by_person(&self, plan: &Plan, across: &Rows<'_>, contents: &mut dyn Contents) -> Option<Vec<Met>> {
        let rows = contents.size(self.file) / 32 + 1;
        let mut order = Vec::with_capacity(usize::try_from(rows).unwrap_or(usize::MAX).min(SCATTERED_ROWS_MAX));
        let mut faulty = Vec::with_capacity(16);
        let mut room = true;
        read::each(contents, self.file, |record| {
            if (record.number() == 1 && v24::is_header(record)) || plan.read(record) != Reading::Sound {
                return ControlFlow::Continue(());
            }
            faulty.clear();
            let marks = plan.faults(record, &mut faulty);
            let Some((_, key)) = across.keys.prints(record) else { return ControlFlow::Continue(()) };
            if marks.forms >= SHIFTED_FROM {
                return ControlFlow::Continue(());
            }
            let (number, length) = (u32::try_from(record.number()), u32::try_from(record.raw().len()));
            match (number, length) {
                (Ok(number), Ok(length)) if order.len() < order.capacity() => {
                    order.push(Met { key, number, offset: record.offset(), length });
                    ControlFlow::Continue(())
                }
                _ => {
                    room = false;
                    ControlFlow::Break(())
                }
            }
        });
        order.sort_unstable();
        room.then_some(order)
    }

    /// The tests of the file, by the version of its first record; V26 and V27 are said here.
    fn plan(&mut self, record: &Record<'_, '_>, named: Named, of_file: Option<[u8; 6]>) -> Option<Plan> {
        let first = record.cell(0).map(|cell| cell.bytes().into_owned()).unwrap_or_default();
        // An empty No.1 is V29's; the rows after it may still tell.
        let version = match first.as_slice() {
            [] => of_file.map_or_else(|| EDITIONS[0].csv_version.into(), |version| version.to_vec()),
            _ => first,
        };
        if record.spans.first().is_some_and(|version| version.class & BAD != 0) {
            // V19 has spoken.
            return None;
        }
        if let Some((severity, detail)) = v26::judge(&version, self.name.kind) {
            let place = Place { column: Some(1), item: Some("CSVバージョン"), ..self.cell(record, None, 0) };
            self.found.push_as(&v26::RULE, severity, place, Some(detail.into()));
            if severity == Severity::Error {
                return None;
            }
        }
        let edition = Edition::from_csv_version(&version)?;
        if let Some(month) = self.name.month.filter(|month| !v27::holds(edition, *month)) {
            let detail = format!(
                "{}年{}月のファイルに{}の版が使われています",
                month.year(),
                month.month(),
                edition.csv_version()
            );
            self.found.push(&v27::RULE, Place::file(self.file), Some(detail));
        }
        Some(Plan::new(layout(self.name.kind, edition)?, named))
    }

    /// V19 and V20, cell by cell.
    fn characters(&mut self, record: &Record<'_, '_>, layout: Option<&'static Layout>) {
        if record.class & (BAD | GAIJI) == 0 {
            return;
        }
        let layout = layout.filter(|layout| layout.columns.len() == record.len());
        for (index, cell) in record.cells().enumerate() {
            let column = layout.and_then(|layout| layout.columns.get(index));
            if cell.class() & BAD != 0 {
                self.undecodable = true;
                let place = Place { character: v19::character(&cell.bytes()), ..self.cell(record, column, index) };
                self.say(&v19::RULE, place, || Some(v19::describe(cell.raw()).into()));
            } else if cell.class() & GAIJI != 0 {
                let place = Place { character: v20::character(&cell.bytes()), ..self.cell(record, column, index) };
                self.say(&v20::RULE, place, || None);
            }
        }
        if record.len() > record.cells().len() && record.class & BAD != 0 {
            self.undecodable = true;
            self.say(&v19::RULE, self.row(record), || None);
        }
    }

    /// A header has the columns of the file. What has others is no header but some other text, and is not passed over.
    fn header(&mut self, record: &Record<'_, '_>) {
        self.quotes(record, None);
        let mut layouts = EDITIONS.iter().filter_map(|entry| layout(self.name.kind, entry.edition));
        if record.quote_fault().is_none() && layouts.all(|layout| layout.columns.len() != record.len()) {
            self.found.push(&v21::RULE, self.row(record), Some("見出しの項目の数が標準仕様の数と違います".into()));
        }
    }

    fn quotes(&mut self, record: &Record<'_, '_>, layout: Option<&'static Layout>) {
        if let Some((index, fault)) = record.quote_fault() {
            // The columns before the fault are where they belong.
            let column = layout.and_then(|layout| layout.columns.get(index));
            let place = self.cell(record, column, index);
            self.say(&v22::RULE, place, || Some(v22::describe(fault).into()));
        }
    }

    /// Says what is wrong with a record some of whose cells are at fault.
    #[cold]
    fn explain(&mut self, record: &Record<'_, '_>, plan: &Plan, faulty: &[(usize, &'static Rule)], forms: usize) {
        let shifted = forms >= SHIFTED_FROM;
        // One finding stands for all of them: an error where there is one, or more faults would let pass what fewer do not.
        let grave = |(index, rule): &(usize, &'static Rule)| match (plan.tests.get(*index), record.spans.get(*index)) {
            (Some(test), Some(span)) => {
                self.severity(rule, test.column, &record.cell_of(span).bytes()) == Severity::Error
            }
            _ => false,
        };
        let form = |(_, rule): &(usize, &'static Rule)| is_form(rule);
        let first = || {
            let error_of_form = faulty.iter().position(|one| form(one) && grave(one));
            error_of_form.or_else(|| faulty.iter().position(grave)).or_else(|| faulty.iter().position(form))
        };
        let only = if shifted { first() } else { None };
        for (at, (index, rule)) in faulty.iter().enumerate() {
            let (Some(test), Some(span)) = (plan.tests.get(*index), record.spans.get(*index)) else { continue };
            if shifted && only != Some(at) {
                continue;
            }
            let value = &*record.cell_of(span).bytes();
            let whole = self.cell(record, Some(test.column), *index);
            let place = Place { character: character(rule, test.column, value), ..whole };
            if shifted {
                self.say(rule, place, || {
                    Some(format!("この行は{forms}項目が書式に合わず、項目の位置がずれているようです"))
                });
                continue;
            }
            let severity = self.severity(rule, test.column, value);
            if self.found.admits(rule, severity) {
                self.found.keep(rule, severity, place, detail(rule, test.column, value));
            }
            // A text may be too long and unquoted as well.
            if **rule == v35::RULE && !v23::holds(value, span.quoted) && test.column.form == Form::Text {
                self.say(&v23::RULE, whole, || None);
            }
        }
    }

    fn severity(&self, rule: &'static Rule, column: &Column, value: &[u8]) -> Severity {
        let import = self.found.profile == Profile::Import;
        match column.length {
            Length::Printed(_, max) if *rule == v35::RULE && v35::fits_digits(value, max) => Severity::Warning,
            _ if *rule == v29::RULE && import && column.required == Required::Inferred => Severity::Warning,
            _ => rule.severity_under(self.found.profile),
        }
    }

    fn image(&mut self, record: &Record<'_, '_>, layout: &'static Layout, index: usize) {
        if let Some(cell) = record.cell(index).filter(|cell| !cell.is_empty()) {
            if self.images.len() >= IMAGES_MAX {
                self.images_lost = true;
                return;
            }
            let place = self.cell(record, layout.columns.get(index), index);
            // No file name is longer; what is, names no file.
            let value = cell.bytes().get(..=NAME_BYTES_MAX).map_or_else(|| cell.bytes().into_owned(), <[u8]>::to_vec);
            self.images.push(ImageName { value, place });
        }
    }

    fn say(&mut self, rule: &'static Rule, place: Place, detail: impl FnOnce() -> Option<String>) {
        let severity = rule.severity_under(self.found.profile);
        if self.found.admits(rule, severity) {
            self.found.keep(rule, severity, place, detail());
        }
    }

    fn row(&self, record: &Record<'_, '_>) -> Place {
        let length = u32::try_from(record.raw().len()).ok();
        Place { row: Some(record.number()), offset: Some(record.offset()), length, ..Place::file(self.file) }
    }

    /// A cell; its column only where it is known which one it is.
    fn cell(&self, record: &Record<'_, '_>, column: Option<&'static Column>, index: usize) -> Place {
        let Some(cell) = record.cell(index) else { return self.row(record) };
        Place {
            file: Some(self.file),
            row: Some(record.number()),
            column: column.map(|column| column.number),
            item: column.map(|column| column.name),
            character: None,
            offset: Some(cell.offset()),
            length: u32::try_from(cell.raw().len()).ok(),
        }
    }
}

/// Whether a file has nothing but line ends.
fn is_blank(contents: &mut dyn Contents, file: usize) -> bool {
    let mut blank = true;
    contents::pieces(contents, file, |bytes, _| {
        blank = bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        blank.then_some(bytes.len())
    });
    blank
}

/// A row met, to be gone back to: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Met {
    key: u64,
    number: u32,
    length: u32,
    offset: u64,
}

struct Plan {
    layout: &'static Layout,
    version: [u8; 6],
    tests: Vec<Test>,
    /// Where 家族構成 画像ファイル名 stands.
    image: Option<usize>,
}

impl Plan {
    fn new(layout: &'static Layout, named: Named) -> Plan {
        let mut version = *b"202407";
        version.copy_from_slice(layout.edition.csv_version().as_bytes());
        let tests = layout.columns.iter().map(|column| Test::new(layout.kind, column, version, named)).collect();
        Plan { layout, version, tests, image: layout.index("family_image_file") }
    }
    /// Whether the record has the columns of the file.
    fn read(&self, record: &Record<'_, '_>) -> Reading {
        if record.quote_fault().is_some() {
            return Reading::Quotes;
        }
        let version = record.value(0);
        if version != self.version && version.len() == 6 && version.iter().all(u8::is_ascii_digit) {
            return Reading::OtherVersion;
        }
        if record.len() != self.tests.len() { Reading::Columns } else { Reading::Sound }
    }

    /// The cells at fault.
    #[inline(always)]
    fn faults(&self, record: &Record<'_, '_>, faulty: &mut Vec<(usize, &'static Rule)>) -> Marks {
        let mut marks = Marks { faulty: 0, forms: 0 };
        for (index, (test, span)) in self.tests.iter().zip(record.spans).enumerate() {
            let value = record.value_of(span);
            if let Some(rule) = test.broken(value, span) {
                marks.forms += usize::from(is_form(rule) && !value.is_empty());
                if !is_readable(rule) {
                    marks.faulty |= bit(index);
                }
                faulty.push((index, rule));
            }
        }
        marks
    }
}

/// Whether a record has the columns of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Sound,
    Quotes,
    OtherVersion,
    Columns,
}

/// What a record's faults amount to.
struct Marks {
    /// One bit per column whose value says nothing.
    faulty: u128,
    /// How many have not the form of their column.
    forms: usize,
}
