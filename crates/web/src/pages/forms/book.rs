//! 綴り — a set as the forms of each person in it, from bytes to structs. Pure: nothing is opened, asked or remembered.

use super::basic_info::BasicInfo;
use super::changes::Changes;
use super::costs::Costs;
use super::entry::{Block, Entry, by_key};
use super::prevention_plan::PreventionPlan;
use super::schedule::Schedule;
use super::sheet1::Sheet1;
use super::sheet2::Sheet2;
use super::sheet3::Sheet3;
use super::supplement::Supplement;
use super::withdrawal::Withdrawal;
use standard::value::{Row, Sheet};
use standard::{FileKind, SourceFile, name};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// Rows of one set that are shown. A set larger than any two offices could have in common is cut here, and says so.
pub(crate) const ROWS_MAX: usize = 50_000;
/// The same of one person in one sheet: sixty services a day, and more.
pub(crate) const ROWS_OF_ONE_MAX: usize = 2_000;

/// 綴り
#[derive(Default)]
pub(crate) struct Book<'a> {
    pub(crate) people: Vec<Folder<'a>>,
    /// What could not be shown: which sheet, and how many records of it.
    pub(crate) unread: Vec<(&'static str, u64)>,
    /// Whether [`ROWS_MAX`] or [`ROWS_OF_ONE_MAX`] was reached.
    pub(crate) cut: bool,
}

/// 一人分
pub(crate) struct Folder<'a> {
    /// 氏名, where the set has it.
    pub(crate) name: super::cell::Cell,
    pub(crate) insured: String,
    /// How many rows the forms are made of.
    pub(crate) rows: usize,
    pub(crate) forms: Vec<Form<'a>>,
}

/// 様式
pub(crate) enum Form<'a> {
    Withdrawal(Withdrawal<'a>),
    Sheet1(Box<Sheet1<'a>>),
    Sheet2(Sheet2<'a>),
    Sheet3(Sheet3<'a>),
    Schedule(Box<Schedule<'a>>),
    Costs(Box<Costs<'a>>),
    PreventionPlan(Box<PreventionPlan<'a>>),
    BasicInfo(Box<BasicInfo<'a>>),
    Supplement(Box<Supplement<'a>>),
}

impl Form<'_> {
    /// The title on paper.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Withdrawal(form) => form.title(),
            Self::Sheet1(_) => "居宅サービス計画書（１）",
            Self::Sheet2(_) => "居宅サービス計画書（２）",
            Self::Sheet3(_) => "週間サービス計画表",
            Self::Schedule(form) => form.title(),
            Self::Costs(_) => "サービス利用票別表",
            Self::PreventionPlan(_) => "介護予防サービス・支援計画書",
            Self::BasicInfo(_) => "利用者基本情報",
            Self::Supplement(_) => "利用者補足情報",
        }
    }

    /// The number on paper, where the form has one.
    pub(crate) fn number(&self) -> &'static str {
        match self {
            Self::Sheet1(_) => "第１表",
            Self::Sheet2(_) => "第２表",
            Self::Sheet3(_) => "第３表",
            Self::Schedule(_) => "第６表",
            Self::Costs(_) => "第７表",
            _ => "",
        }
    }

    /// How the paper lies.
    pub(crate) const fn paper(&self) -> &'static str {
        match self {
            Self::BasicInfo(_) | Self::Supplement(_) | Self::Withdrawal(_) => "upright",
            _ => "lying",
        }
    }
}

impl Display for Form<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawal(form) => form.fmt(f),
            Self::Sheet1(form) => form.fmt(f),
            Self::Sheet2(form) => form.fmt(f),
            Self::Sheet3(form) => form.fmt(f),
            Self::Schedule(form) => form.fmt(f),
            Self::Costs(form) => form.fmt(f),
            Self::PreventionPlan(form) => form.fmt(f),
            Self::BasicInfo(form) => form.fmt(f),
            Self::Supplement(form) => form.fmt(f),
        }
    }
}

/// Whose: both numbers as they stand in the file.
pub(crate) type Whose = (String, String);

/// The rows of one person, by sheet.
type Sheets<'a> = BTreeMap<FileKind, Vec<Entry<'a>>>;

pub(crate) fn whose(row: &Row<'_, '_>) -> Whose {
    let key = |ident| row.value(ident).map(|value| super::shown::key(&value)).unwrap_or_default();
    (key("insurer_no"), key("insured_no"))
}

impl<'a> Book<'a> {
    /// Reads a set. `picture` is where pictures are to be found, by their branch number.
    pub(crate) fn read(files: &[SourceFile<'a>], changes: Option<&Changes<'a>>, pictures_at: &str) -> Self {
        let mut book = Self::default();
        let mut people: Vec<(Whose, Sheets<'a>)> = Vec::new();
        let mut places: BTreeMap<Whose, usize> = BTreeMap::new();
        let mut pictures: Vec<[u8; 4]> = Vec::new();
        let (mut rows, mut cut) = (0, false);
        let mut named: Vec<_> = files.iter().filter_map(|file| Some((name::parse(file.name).ok()?, file))).collect();
        named.sort_by_key(|(name, _)| (name.kind.rank(), name.branch));
        for (name, file) in named {
            let kind = name.kind;
            if kind == FileKind::UpkihonImage {
                pictures.extend(name.branch);
                continue;
            }
            let Some(sheet) = Sheet::new(kind, file.bytes) else {
                if !file.bytes.iter().all(u8::is_ascii_whitespace) {
                    book.unread.push((kind.label(), 1));
                }
                continue;
            };
            let unread = sheet.rows(|row| {
                rows += 1;
                if rows > ROWS_MAX {
                    cut = true;
                    return;
                }
                let whose = whose(&row);
                let place = *places.entry(whose.clone()).or_insert(people.len());
                if place == people.len() {
                    people.push((whose.clone(), Sheets::new()));
                }
                let Some((_, sheets)) = people.get_mut(place) else { return };
                let sheet = sheets.entry(kind).or_default();
                if sheet.len() >= ROWS_OF_ONE_MAX {
                    cut = true;
                    return;
                }
                let mut entry = Entry::of(&row);
                if let Some(changes) = changes {
                    entry = changes.mark(&whose, kind, row.number(), entry);
                }
                sheet.push(entry);
            });
            if unread > 0 {
                book.unread.push((kind.label(), unread));
            }
        }
        book.cut = cut;
        for (whose, mut sheets) in people {
            if let Some(changes) = changes {
                for (kind, entry) in changes.removed(&whose) {
                    sheets.entry(*kind).or_default().push(entry.clone());
                }
            }
            book.people.push(folder(whose, sheets, &pictures, pictures_at));
        }
        book
    }
}

/// The forms of one person, in the order in which they lie on a desk.
fn folder<'a>((_, insured): Whose, mut sheets: Sheets<'a>, pictures: &[[u8; 4]], pictures_at: &str) -> Folder<'a> {
    use FileKind::*;
    let rows = sheets.values().map(Vec::len).sum();
    let about = sheets.remove(&Uphosoku).unwrap_or_default();
    let mut take = |kind| sheets.remove(&kind).unwrap_or_default();
    let mut forms = Vec::new();
    for kind in [Dlt1kyo, Dltplan, Dltjsk, Dltkihon, Dltyobo] {
        let rows = take(kind);
        if !rows.is_empty() {
            forms.push(Form::Withdrawal(Withdrawal { kind, rows }));
        }
    }
    let links = |column| about.iter().map(|entry| (entry.key(column), entry)).rev().collect::<BTreeMap<_, _>>();
    let (by_date, by_month) = (links("care_plan_date"), links("target_month"));
    let link = |linked: &BTreeMap<String, &Entry<'a>>, key: &str| {
        let linked = linked.get(key).copied().or(about.first());
        linked.cloned().map(Block::from).unwrap_or_default()
    };
    for (date, [one, two, three]) in together("care_plan_date", [take(Up1kyo), take(Up2kyo), take(Up3kyo)]) {
        let about = || link(&by_date, &date);
        for plan in one {
            forms.push(Form::Sheet1(Box::new(Sheet1 { plan, about: about() })));
        }
        if !two.is_empty() {
            forms.push(Form::Sheet2(Sheet2::of(two, about())));
        }
        if !three.is_empty() {
            forms.push(Form::Sheet3(Sheet3::of(three, about())));
        }
    }
    for (month, [plan, costs, actual]) in together("target_month", [take(Upplan), take(Upsikyu), take(Upjsk)]) {
        for (rows, kind) in [(plan, Upplan), (actual, Upjsk)] {
            if !rows.is_empty() {
                forms.push(Form::Schedule(Box::new(Schedule::of(kind, rows, link(&by_month, &month)))));
            }
        }
        if !costs.is_empty() {
            forms.push(Form::Costs(Box::new(Costs::of(costs, link(&by_month, &month)))));
        }
    }
    for (_, [plan, lines]) in together("plan_date", [take(Upyobo), take(UpyoboSub)]) {
        forms.push(Form::PreventionPlan(Box::new(PreventionPlan::of(plan, lines))));
    }
    for (_, [info, routine, diseases]) in
        together("consultation_date", [take(Upkihon), take(UpkihonSub1), take(UpkihonSub2)])
    {
        forms.push(Form::BasicInfo(Box::new(BasicInfo::of(info, routine, diseases, pictures, pictures_at))));
    }
    let heads = heads(&forms);
    let mut named = about.iter().chain(&heads).map(|entry| entry.cell("person_name"));
    let name = named.find(|name| !name.is_blank()).unwrap_or_default();
    forms.extend(about.into_iter().map(|entry| Form::Supplement(Box::new(Supplement { entry }))));
    Folder { name, insured, rows, forms }
}

/// Rows of forms that name their person themselves.
fn heads<'a>(forms: &[Form<'a>]) -> Vec<Entry<'a>> {
    let head = |form: &Form<'a>| match form {
        Form::PreventionPlan(form) => form.plan.0.first().cloned(),
        Form::BasicInfo(form) => form.info.0.first().cloned(),
        _ => None,
    };
    forms.iter().filter_map(head).collect()
}

/// Rows of several sheets that belong to one plan or month, in the order in which these come.
fn together<'a, const N: usize>(column: &str, sheets: [Vec<Entry<'a>>; N]) -> Vec<(String, [Vec<Entry<'a>>; N])> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<(String, [Vec<Entry<'a>>; N])> = Vec::new();
    for (at, entries) in sheets.into_iter().enumerate() {
        for (key, group) in by_key(entries, |entry| entry.key(column)) {
            let place = *places.entry(key.clone()).or_insert(found.len());
            if place == found.len() {
                found.push((key, [const { Vec::new() }; N]));
            }
            if let Some(slot) = found.get_mut(place).and_then(|(_, sheets)| sheets.get_mut(at)) {
                slot.extend(group);
            }
        }
    }
    found
}
