//! 送る前の見渡し — what a person sees of files before they go out: which sets they form, how many people each is about,
//! and every finding with the stretch of the sheet it is about, so that the cell can be shown with the fix beside it.
//!
//! Made for the screen of the office whose files they are: it quotes cells, so it is never logged or kept.

mod mend;

pub use mend::{CHANGES_MAX, MendedFile, Mending, ShownChange, mend};

use crate::read::{Cell, Records};
use crate::rules::{v31, v32};
use crate::served::{Unserved, unserved_in_plan};
use crate::{
    Context, FileKind, Finding, Layout, OfficeNumber, Profile, Report, Severity, SourceFile, Unit, check_with, layout,
    name, read,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Columns shown on either side of the one that a finding is about.
const BESIDE: usize = 2;
/// Letters of a cell that are shown; of the one that is meant, more.
const LETTERS_BESIDE_MAX: usize = 24;
const LETTERS_MAX: usize = 120;
/// Remarks of one set that are shown; the rest is counted.
pub const REMARKS_MAX: usize = 100;
/// Places of one remark that are shown: who has seen three has seen them all.
const PLACES_MAX: usize = 3;
/// 被保険者番号: what is meant where a finding is about a person's row as a whole.
const PERSON: u16 = 3;
/// The check that says that somebody has no service at the receiver.
const UNSERVED: &str = "V83";

/// 見渡し.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// The sets, in the order of import.
    pub sets: Vec<SurveyedSet>,
    /// Files that belong to no set.
    pub strays: Vec<StrayFile>,
}

/// 送信単位.
#[derive(Debug, Serialize)]
pub struct SurveyedSet {
    /// Its id, `schedule`; none where the files form no unit.
    pub kind: Option<&'static str>,
    /// The same for people.
    pub label: &'static str,
    /// ファイル連番.
    pub serial: String,
    /// 送信元.
    pub sender: String,
    /// 送信先.
    pub receiver: String,
    /// 対象年月 (YYYYMM).
    pub month: Option<String>,
    /// Names of its files.
    pub files: Vec<String>,
    /// 利用者 it is about.
    pub people: usize,
    /// How it stands.
    pub state: SetState,
    /// What was found, errors first.
    pub remarks: Vec<Remark>,
    /// Findings that are not listed.
    pub more: u64,
}

impl SurveyedSet {
    /// Whether it is for this office.
    pub fn is_for(&self, receiver: OfficeNumber) -> bool {
        self.receiver == receiver.as_str()
    }
}

/// Whether a set may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetState {
    /// No error.
    Ready,
    /// Nothing is wrong with it but that somebody in it has no service at the receiver.
    Unserved,
    /// It has errors.
    Faulty,
}

/// 検査の指摘, said once for all the places of a file that it is about.
#[derive(Debug, Serialize)]
pub struct Remark {
    /// Whether it keeps the set from going.
    pub error: bool,
    /// Code of the rule.
    pub code: &'static str,
    /// File name; empty where the whole set is meant.
    pub file: String,
    /// What the file is called on paper.
    pub sheet: &'static str,
    /// The first places.
    pub places: Vec<RemarkPlace>,
    /// Places that are not shown.
    pub more: u64,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: &'static str,
}

/// Where, as it is shown.
#[derive(Debug, Serialize)]
pub struct RemarkPlace {
    /// Record, from 1.
    pub row: Option<u64>,
    /// The stretch of the row around the cell.
    pub cells: Vec<ShownCell>,
}

/// 項目 as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCell {
    /// No. in the sheet.
    pub column: u16,
    /// 項目名.
    pub name: &'static str,
    /// What stands there, cut where it is long.
    pub text: String,
    /// Whether the finding is about this one.
    pub here: bool,
}

/// A file that belongs to no set.
#[derive(Debug, Serialize)]
pub struct StrayFile {
    /// Its name.
    pub file: String,
    /// Why.
    pub what: String,
    /// What to do.
    pub fix: &'static str,
}

/// Looks over files as they would be sent.
pub fn survey(files: &[SourceFile<'_>], context: &Context<'_>) -> Survey {
    of_report(files, &check_with(files, Profile::Export, context))
}

/// The same of files that have been checked.
pub fn of_report(files: &[SourceFile<'_>], report: &Report) -> Survey {
    let mut found: BTreeMap<Option<usize>, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        found.entry(finding.unit).or_default().push(finding);
    }
    let stretches = stretches(files, &report.findings);
    let sets = report.units.iter().enumerate().map(|(at, unit)| {
        let mut of_unit = found.remove(&Some(at)).unwrap_or_default();
        of_unit.sort_by_key(|finding| finding.severity != Severity::Error);
        let plan = of_plan(&unserved_in_plan(unit, files), files);
        let mut remarks = remarks(&of_unit, files, &stretches);
        for more in report.suppressed.iter().filter(|more| more.unit == Some(at)) {
            let name = more.file.and_then(|file| files.get(file)).map_or("", |file| file.name);
            let of_rule = remarks.iter_mut().find(|remark| remark.code == more.rule.code && remark.file == name);
            if let Some(remark) = of_rule {
                remark.more += more.count;
            }
        }
        let cut = remarks.len().saturating_sub(REMARKS_MAX) as u64;
        SurveyedSet {
            kind: unit.kind.map(|kind| kind.id()),
            label: unit.kind.map_or("種類の分からない組", |kind| kind.label()),
            serial: unit.serial.to_string(),
            sender: unit.sender.to_string(),
            receiver: unit.receiver.to_string(),
            month: unit.service_month().map(|month| month.to_string()),
            files: unit.files.iter().filter_map(|file| Some(files.get(*file)?.name.to_owned())).collect(),
            people: people(unit, files),
            state: match (unit.accepted, report.is_refused_only_for(at, UNSERVED)) {
                (true, _) if plan.is_none() => SetState::Ready,
                (true, _) | (false, true) => SetState::Unserved,
                (false, false) => SetState::Faulty,
            },
            remarks: plan.into_iter().chain(remarks.into_iter().take(REMARKS_MAX)).collect(),
            more: cut,
        }
    });
    let sets = sets.collect();
    let claimed: BTreeSet<usize> = report.units.iter().flat_map(|unit| unit.files.iter().copied()).collect();
    let strays = (0..files.len()).filter(|file| !claimed.contains(file));
    let strays = strays.filter_map(|file| {
        let finding = report.findings.iter().find(|finding| finding.place.file == Some(file));
        Some(StrayFile {
            file: files.get(file)?.name.to_owned(),
            what: finding.map_or_else(|| NO_SET.to_owned(), what),
            fix: finding.map_or(NO_SET_FIX, |finding| finding.rule.fix),
        })
    });
    Survey { sets, strays: strays.collect() }
}

const NO_SET: &str = "標準仕様のファイル名ではありません。";
const NO_SET_FIX: &str = "送るファイルでなければ、そのままで構いません。";

/// How many people the main sheet of a unit is about.
pub fn people(unit: &Unit, files: &[SourceFile<'_>]) -> usize {
    let Some(main) = unit.files.first().and_then(|file| files.get(*file)) else { return 0 };
    let mut people: BTreeSet<(Vec<u8>, Vec<u8>)> = BTreeSet::new();
    let mut last: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut records = Records::new(main.bytes);
    while let Some(record) = records.next_record() {
        let (Some(insurer), Some(insured)) = (record.cell(1), record.cell(2)) else { continue };
        let (insurer, insured) = (insurer.bytes(), insured.bytes());
        if !v31::holds(&insurer) || !v32::holds(&insured) {
            continue;
        }
        // Rows of one person follow one another.
        if last.as_ref().is_some_and(|(one, other)| **one == *insurer && **other == *insured) {
            continue;
        }
        let person = (insurer.into_owned(), insured.into_owned());
        last = Some(person.clone());
        people.insert(person);
    }
    people.len()
}

/// People of 第2表 whom the receiver does not serve, as a finding would be shown.
fn of_plan(people: &[Unserved], files: &[SourceFile<'_>]) -> Option<Remark> {
    let source = files.get(people.first()?.file)?;
    let layout = layout_of(source);
    let mut records = Records::new(source.bytes);
    let mut wanted = people.iter().take(PLACES_MAX).peekable();
    let mut places = Vec::new();
    while let (Some(person), Some(record)) = (wanted.peek(), records.next_record()) {
        if record.number() == person.row {
            let cells = stretch(&record.cells().collect::<Vec<_>>(), person.column, layout);
            places.push(RemarkPlace { row: Some(person.row), cells });
            wanted.next();
        }
    }
    Some(Remark {
        error: true,
        code: "X18",
        file: source.name.to_owned(),
        sheet: sheet(source).map_or("", FileKind::label),
        more: people.len().saturating_sub(places.len()) as u64,
        places,
        what: "送信先の事業所のサービスを使わない利用者が、第2表に入っています。".to_owned(),
        fix: "送信先の事業所に関係のある利用者だけを選んで書き出し直してください。",
    })
}

fn layout_of(source: &SourceFile<'_>) -> Option<&'static Layout> {
    sheet(source).and_then(|kind| layout(kind, read::edition(source.bytes).unwrap_or(crate::Edition::V202407)))
}

type Stretches = BTreeMap<(usize, u64, u16), Vec<ShownCell>>;

/// The stretch of each cell that is meant, file by file, in one pass.
fn stretches(files: &[SourceFile<'_>], findings: &[Finding]) -> Stretches {
    let mut wanted: BTreeMap<usize, BTreeSet<(u64, u16)>> = BTreeMap::new();
    for place in findings.iter().map(|finding| &finding.place) {
        if let (Some(file), Some(row)) = (place.file, place.row) {
            wanted.entry(file).or_default().insert((row, place.column.unwrap_or(PERSON)));
        }
    }
    let mut found = Stretches::new();
    for (file, spots) in wanted {
        let (Some(source), Some(last)) = (files.get(file), spots.last().map(|(row, _)| *row)) else { continue };
        let layout = layout_of(source);
        let mut records = Records::new(source.bytes);
        while let Some(record) = records.next_record() {
            let row = record.number();
            for (_, column) in spots.range((row, 0)..(row + 1, 0)) {
                let cells: Vec<Cell<'_>> = record.cells().collect();
                found.insert((file, row, *column), stretch(&cells, *column, layout));
            }
            if row >= last {
                break;
            }
        }
    }
    found
}

fn stretch(cells: &[Cell<'_>], column: u16, layout: Option<&'static Layout>) -> Vec<ShownCell> {
    let Some(at) = usize::from(column).checked_sub(1) else { return Vec::new() };
    let shown = |index: usize| {
        let cell = cells.get(index)?;
        let most = if index == at { LETTERS_MAX } else { LETTERS_BESIDE_MAX };
        Some(ShownCell {
            column: u16::try_from(index + 1).ok()?,
            name: layout.and_then(|layout| layout.columns.get(index)).map_or("", |column| column.name),
            text: text(&cell.bytes(), most),
            here: index == at,
        })
    };
    (at.saturating_sub(BESIDE)..=at + BESIDE).filter_map(shown).collect()
}

/// Letters as they are, what is no letter by its bytes; nothing that would steer a screen.
fn text(bytes: &[u8], most: usize) -> String {
    let mut letters = read::letters(bytes);
    let mut text: String = letters.by_ref().take(most).map(shown_letter).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}

fn shown_letter((letter, bytes): (Option<char>, &[u8])) -> String {
    match letter {
        Some(letter) if !is_unseen(letter) => letter.to_string(),
        Some('\n' | '\r') => "⏎".to_owned(),
        _ => bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect(),
    }
}

fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{E000}'..='\u{F8FF}' | '\u{200B}'..='\u{206F}' | '\u{FEFF}')
}

fn sheet(source: &SourceFile<'_>) -> Option<FileKind> {
    name::parse(source.name).ok().map(|name| name.kind)
}

fn what(finding: &Finding) -> String {
    match &finding.detail {
        Some(detail) => format!("{}（{detail}）", finding.rule.what),
        None => finding.rule.what.to_owned(),
    }
}

/// The findings of a set: what is said of many places of a file is said once.
fn remarks(findings: &[&Finding], files: &[SourceFile<'_>], stretches: &Stretches) -> Vec<Remark> {
    let mut said: Vec<Remark> = Vec::new();
    for finding in findings {
        let place = &finding.place;
        let source = place.file.and_then(|file| files.get(file));
        let (file, what) = (source.map_or("", |source| source.name), what(finding));
        let spot = place.file.zip(place.row).map(|(file, row)| (file, row, place.column.unwrap_or(PERSON)));
        let cells = spot.and_then(|spot| stretches.get(&spot)).cloned().unwrap_or_default();
        let shown = place.row.map(|row| RemarkPlace { row: Some(row), cells });
        let error = finding.severity == Severity::Error;
        let known = said.iter_mut().find(|remark| {
            remark.code == finding.rule.code && remark.file == file && remark.what == what && remark.error == error
        });
        match known {
            Some(remark) if remark.places.len() < PLACES_MAX => remark.places.extend(shown),
            Some(remark) => remark.more += 1,
            None => said.push(Remark {
                error,
                code: finding.rule.code,
                file: file.to_owned(),
                sheet: source.and_then(sheet).map_or("", FileKind::label),
                places: shown.into_iter().collect(),
                more: 0,
                what,
                fix: finding.rule.fix,
            }),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UnitKind;
    use crate::sample::{self, Request, SampleFile};

    fn month(people: usize) -> Vec<SampleFile> {
        let (sender_type, receiver_type) = sample::types_for(UnitKind::Schedule);
        let request = Request {
            seed: 5,
            people,
            sender: "0300000100".parse().expect("a number"),
            sender_type,
            receiver: "0300000005".parse().expect("a number"),
            receiver_type,
            serial: "20260401090000".parse().expect("a serial"),
            month: "202604".parse().expect("a month"),
            names: None,
        };
        sample::make(UnitKind::Schedule, &request)
    }

    fn sources(files: &[SampleFile]) -> Vec<SourceFile<'_>> {
        files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
    }

    #[test]
    fn a_sound_set_says_to_whom_and_about_how_many_people() {
        let files = month(7);
        let survey = survey(&sources(&files), &Context::default());
        let [set] = survey.sets.as_slice() else { panic!("one set") };
        assert_eq!((set.state, set.people, &*set.receiver), (SetState::Ready, 7, "0300000005"));
        assert_eq!((set.files.len(), set.month.as_deref()), (3, Some("202604")));
        assert!(survey.strays.is_empty());
    }

    #[test]
    fn a_finding_is_shown_with_the_cells_around_it() {
        let mut files = month(1);
        let plan = files.iter_mut().find(|file| file.name.starts_with("UPPLAN")).expect("第6表");
        // 対象年月, in every row.
        plan.bytes = replaced(&plan.bytes, b",202604,", b",202613,");
        let survey = survey(&sources(&files), &Context::default());
        let set = &survey.sets[0];
        assert_eq!(set.state, SetState::Faulty);
        let shows_a_cell = |remark: &&Remark| remark.places.iter().any(|place| !place.cells.is_empty());
        let remark = set.remarks.iter().find(shows_a_cell).expect("a cell is meant");
        let place = remark.places.first().expect("a place");
        let meant: Vec<_> = place.cells.iter().filter(|cell| cell.here).collect();
        assert_eq!((meant.len(), &*meant[0].text, meant[0].name), (1, "202613", "対象年月"));
        assert_eq!((place.cells.len(), place.row), (5, Some(1)));
        assert!(remark.error && !remark.fix.is_empty());
        assert!(remark.places.len() == PLACES_MAX && remark.more > 0, "said once for all rows");
    }

    #[test]
    fn somebody_without_a_service_at_the_receiver_is_told_from_a_fault() {
        let mut files = month(1);
        for file in &mut files {
            // The serving office becomes another; everything else still fits.
            let text: Vec<u8> = file.bytes.clone();
            file.bytes = replaced(&text, b"0300000005", b"0300000006");
        }
        let survey = survey(&sources(&files), &Context::default());
        let set = &survey.sets[0];
        assert_eq!(set.state, SetState::Unserved, "{:?}", set.remarks);
        let meant = set.remarks[0].places[0].cells.iter().find(|cell| cell.here).expect("who it is");
        assert_eq!(meant.name, "被保険者番号");
    }

    #[test]
    fn a_file_of_another_name_is_a_stray_and_stops_nothing() {
        let mut files = month(1);
        files.push(SampleFile { name: "memo.txt".into(), bytes: b"x".to_vec() });
        let survey = survey(&sources(&files), &Context::default());
        assert_eq!((survey.sets[0].state, &*survey.strays[0].file), (SetState::Ready, "memo.txt"));
    }

    fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at..].starts_with(from) {
                out.extend_from_slice(to);
                at += from.len();
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        out
    }
}
