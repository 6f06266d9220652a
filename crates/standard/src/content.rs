//! 中身の検査 — one walk over a file's records; the layout says which rule looks at which cell.
//!
//! A sound cell costs a few comparisons of bytes: nothing is decoded, nothing allocated. Only a record with a fault
//! is looked at a second time, to say what it is.

use crate::layout::{Form, Length, Required};
use crate::ms932::{BAD, GAIJI};
use crate::read::{Record, Records, Span};
use crate::report::Findings;
use crate::rules::{
    Rule, v19, v20, v21, v22, v23, v24, v25, v26, v27, v28, v29, v30, v31, v32, v33, v34, v35, v36, v37, v38, v39,
};
use crate::{CodeTable, Column, Edition, FileKind, FileName, Layout, Place, Profile, ServiceMonth, Severity, layout};

/// From so many columns at fault in one row on, the columns have slipped: only the first is reported.
const SHIFTED_FROM: usize = 5;

/// What the unit wants to know about a file.
pub(crate) struct Facts {
    /// Whether its rows could be read.
    pub(crate) sound: bool,
    /// The images its rows name.
    pub(crate) images: Vec<ImageName>,
}

/// 家族構成 画像ファイル名 of one row.
pub(crate) struct ImageName {
    pub(crate) value: Vec<u8>,
    pub(crate) place: Place,
}

/// What is asked of a column.
struct Test {
    column: &'static Column,
    form: Check,
    required: bool,
    /// V30 instead of V29.
    wanted: bool,
}

enum Check {
    Text,
    ShortText(u16),
    Version([u8; 6]),
    Insurer,
    Insured,
    Office,
    Date {
        zero: bool,
    },
    Month {
        zero: bool,
        of_name: Option<[u8; 6]>,
    },
    Listed(&'static CodeTable),
    ServiceType,
    ServiceCode,
    Max(u16),
    Integer(u16),
    Decimal,
    PostalCode,
    Unused,
    /// A rule beyond V39 speaks about this column (README 15.10).
    Elsewhere,
}

/// Checks the content of a CSV file.
pub(crate) fn check(
    file: usize,
    name: &FileName,
    month: Option<ServiceMonth>,
    bytes: &[u8],
    found: &mut Findings,
) -> Facts {
    let mut facts = Facts { sound: false, images: Vec::new() };
    if let Some((dialect, marked)) = v19::dialect(bytes) {
        let place =
            if marked { Place { row: Some(1), offset: Some(0), ..Place::file(file) } } else { Place::file(file) };
        found.push(&v19::RULE, place, Some(format!("このファイルの文字コードは{dialect}です")));
        return facts;
    }
    let mut walk = Walk { file, name, found, undecodable: false, images: &mut facts.images };
    let sound = walk.records(month, bytes);
    facts.sound = sound && !walk.undecodable;
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
    undecodable: bool,
    images: &'w mut Vec<ImageName>,
}

impl Walk<'_> {
    /// Whether the rows could be read at all.
    fn records(&mut self, month: Option<ServiceMonth>, bytes: &[u8]) -> bool {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            self.found.push(&v39::RULE, Place::file(self.file), None);
            return true;
        }
        let mut records = Records::new(bytes);
        let mut rows = 0u64;
        let mut plan: Option<Plan> = None;
        let mut known = true;
        let mut mixed = false;
        let mut faulty = Vec::new();
        while let Some(record) = records.next_record() {
            if record.number() == 1 && v24::is_header(&record) {
                self.characters(&record, None);
                self.found.push(&v24::RULE, self.row(&record), None);
                self.header(&record);
                continue;
            }
            rows += 1;
            if plan.is_none() && known {
                plan = self.plan(&record, month, bytes);
                known = plan.is_some();
            }
            let Some(plan) = &plan else {
                // Without a version there are no columns; characters and quotes speak for themselves.
                self.characters(&record, None);
                self.quotes(&record, None);
                continue;
            };
            if record.class & (BAD | GAIJI) != 0 {
                self.characters(&record, Some(plan.layout));
            }
            if record.quote_fault().is_some() {
                self.quotes(&record, Some(plan.layout));
                continue;
            }
            let version = record.spans.first().map(|span| span.inner(bytes)).unwrap_or_default();
            if version != plan.version && version.len() == 6 && version.iter().all(u8::is_ascii_digit) {
                // Said once: one foreign row makes the file a mixed one, and its columns are not known.
                if !mixed {
                    self.found.push(&v25::RULE, self.cell(&record, plan.layout.columns.first(), 0), None);
                }
                mixed = true;
                continue;
            }
            if record.len() != plan.tests.len() {
                let detail = format!("{}項目のところ、{}項目あります", plan.tests.len(), record.len());
                self.found.push(&v21::RULE, self.row(&record), Some(detail));
                continue;
            }
            faulty.clear();
            let mut forms = 0;
            for (index, (test, span)) in plan.tests.iter().zip(record.spans).enumerate() {
                let value = span.inner(bytes);
                if let Some(rule) = test.broken(value, span) {
                    forms += usize::from(is_form(rule));
                    faulty.push((index, rule));
                }
            }
            if !faulty.is_empty() {
                self.explain(&record, bytes, plan, &faulty, forms);
            }
            if let Some(index) = plan.image {
                self.image(&record, plan.layout, index);
            }
        }
        if rows == 0 {
            self.found.push(&v39::RULE, Place::file(self.file), None);
        }
        known
    }

    /// The tests of the file, by the version of its first record; V26 and V27 are said here.
    fn plan(&mut self, record: &Record<'_, '_>, month: Option<ServiceMonth>, bytes: &[u8]) -> Option<Plan> {
        let first = record.cell(0).map(|cell| cell.bytes().into_owned()).unwrap_or_default();
        // An empty No.1 is V29's; the rows after it may still tell.
        let version = match first.as_slice() {
            [] => crate::read::csv_version(bytes).map_or(b"202407".to_vec(), |version| version.to_vec()),
            _ => first,
        };
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
        Some(Plan::new(layout(self.name.kind, edition)?, month))
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
                let place = self.cell(record, column, index);
                self.say(&v19::RULE, place, || Some(v19::describe(cell.raw())));
            } else if cell.class() & GAIJI != 0 {
                let place = self.cell(record, column, index);
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
        let editions = [Edition::V202407, Edition::V202208];
        let mut layouts = editions.into_iter().filter_map(|edition| layout(self.name.kind, edition));
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
    fn explain(
        &mut self,
        record: &Record<'_, '_>,
        bytes: &[u8],
        plan: &Plan,
        faulty: &[(usize, &'static Rule)],
        forms: usize,
    ) {
        let shifted = forms >= SHIFTED_FROM;
        let mut told = false;
        for (index, rule) in faulty {
            let (Some(test), Some(span)) = (plan.tests.get(*index), record.spans.get(*index)) else { continue };
            if shifted && (told || !is_form(rule)) {
                continue;
            }
            told = true;
            let value = span.inner(bytes);
            let place = self.cell(record, Some(test.column), *index);
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
                self.say(&v23::RULE, place, || None);
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
            let place = self.cell(record, layout.columns.get(index), index);
            self.images.push(ImageName { value: cell.bytes().into_owned(), place });
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
            offset: Some(cell.offset()),
            length: u32::try_from(cell.raw().len()).ok(),
        }
    }
}

struct Plan {
    layout: &'static Layout,
    version: [u8; 6],
    tests: Vec<Test>,
    /// Where 家族構成 画像ファイル名 stands.
    image: Option<usize>,
}

impl Plan {
    fn new(layout: &'static Layout, month: Option<ServiceMonth>) -> Plan {
        let mut version = *b"202407";
        version.copy_from_slice(layout.edition.csv_version().as_bytes());
        let tests = layout.columns.iter().map(|column| Test::new(layout.kind, column, version, month)).collect();
        Plan { layout, version, tests, image: layout.index("family_image_file") }
    }
}

impl Test {
    fn new(kind: FileKind, column: &'static Column, version: [u8; 6], month: Option<ServiceMonth>) -> Test {
        let supplement = kind == FileKind::Uphosoku;
        let max = match column.length {
            Length::Exact(length) | Length::Max(length) | Length::Printed(length, _) => length,
            Length::Free => u16::MAX,
        };
        let form = match (column.form, column.ident) {
            (_, "csv_version") => Check::Version(version),
            (_, "identifier_unused") => Check::Unused,
            // V73, V69, V48, V44.
            (_, "office_code_fixed") => Check::Elsewhere,
            (Form::ServiceCode, _) if kind == FileKind::Upsikyu => Check::Elsewhere,
            (Form::Office, "service_office_no") if kind == FileKind::Up2kyo => Check::Elsewhere,
            (Form::Integer, "issue_no" | "goal_no" | "support_no") if kind == FileKind::Up2kyo => {
                Check::Integer(u16::MAX)
            }
            // V50, V54; V52.
            (Form::Time | Form::DayMask, _) => Check::Elsewhere,
            (Form::Text, _) if max == u16::MAX => Check::Text,
            (Form::Text, _) => Check::ShortText(max),
            (Form::Integer, _) => Check::Integer(max),
            (Form::Decimal, _) => Check::Decimal,
            (Form::Insurer, _) => Check::Insurer,
            (Form::Insured, _) => Check::Insured,
            (Form::Office, _) => Check::Office,
            (Form::Date, "care_plan_date") => Check::Date { zero: supplement },
            (Form::Date, _) => Check::Date { zero: false },
            (Form::Month, _) if supplement => Check::Month { zero: true, of_name: None },
            (Form::Month, _) => Check::Month { zero: false, of_name: month.map(ServiceMonth::digits) },
            (Form::PostalCode, _) => Check::PostalCode,
            (Form::ServiceCode, _) => Check::ServiceCode,
            (Form::Code | Form::Flag, ident) => match column.codes {
                Some(codes) => Check::Listed(codes),
                None if ident.ends_with("service_type") => Check::ServiceType,
                None => Check::Max(max),
            },
            (Form::Phone | Form::Digits, _) => Check::Max(max),
        };
        Test {
            column,
            form,
            required: matches!(column.required, Required::Yes | Required::Inferred),
            wanted: column.ident == "entrusted",
        }
    }

    /// The rule a cell breaks, if any. This is what every cell of a large file goes through.
    #[inline(always)]
    fn broken(&self, value: &[u8], span: &Span) -> Option<&'static Rule> {
        if value.is_empty() {
            return if self.required {
                Some(&v29::RULE)
            } else if self.wanted {
                Some(&v30::RULE)
            } else {
                None
            };
        }
        if span.class & BAD != 0 {
            // V19 has spoken.
            return None;
        }
        let (holds, rule) = match &self.form {
            Check::Text => (v23::holds(value, span.quoted), &v23::RULE),
            Check::ShortText(max) => match v35::fits(value, *max) {
                true => (v23::holds(value, span.quoted), &v23::RULE),
                false => (false, &v35::RULE),
            },
            Check::Version(version) => (value == version, &v26::RULE),
            Check::Insurer => (v31::holds(value), &v31::RULE),
            Check::Insured => (v32::holds(value), &v32::RULE),
            Check::Office => (v35::is_office(value), &v35::RULE),
            Check::Date { zero } => (v33::is_date(value, *zero), &v33::RULE),
            Check::Month { zero, of_name } => match of_name {
                Some(month) if value == month => (true, &v28::RULE),
                _ if !v33::is_month(value, *zero) => (false, &v33::RULE),
                Some(_) => (false, &v28::RULE),
                None => (true, &v28::RULE),
            },
            Check::Listed(codes) => (v34::is_listed(value, codes), &v34::RULE),
            Check::ServiceType => (v34::is_service_type(value), &v34::RULE),
            Check::ServiceCode => (v34::is_service_code(value), &v34::RULE),
            Check::Max(max) => (v35::fits(value, *max), &v35::RULE),
            Check::Integer(max) => match v36::is_integer(value) {
                true => (v35::fits_digits(value, *max), &v35::RULE),
                false => (false, &v36::RULE),
            },
            Check::Decimal => (v36::is_decimal(value), &v36::RULE),
            Check::PostalCode => (v37::holds(value), &v37::RULE),
            Check::Unused => (false, &v38::RULE),
            Check::Elsewhere => (true, &v35::RULE),
        };
        if holds { None } else { Some(rule) }
    }
}

/// Faults that many at once of mean slipped columns.
fn is_form(rule: &Rule) -> bool {
    (31..=37).contains(&rule.number())
}

/// More about a cell at fault. Never its text.
fn detail(rule: &Rule, column: &Column, value: &[u8]) -> Option<String> {
    match rule.number() {
        26 => Some("CSVバージョンが6桁の数字ではありません".into()),
        29 if column.required == Required::Inferred => Some("標準仕様の表からは必須と読み取れる項目です".into()),
        34 => column.codes.map(|codes| format!("「{}」にない値です", codes.name)),
        35 => v35::describe(value, column.length),
        _ => None,
    }
}
