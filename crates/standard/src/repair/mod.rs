//! 直す — a conforming copy of files written in another manner, and every byte that was changed for it.
//!
//! Nothing is guessed. What is missing, unknown, shifted or ambiguous is a [`Decision`] for a person, and then no file of
//! that set is given out. What is given out has passed [`check`] without an error.

mod draft;
mod names;
mod normal;
mod source;
mod variants;

use crate::dialect::{Manner, Manners};
use crate::name::NAME_BYTES_MAX;
use crate::{Column, Edition, FileName, Finding, Place, Profile, Severity, SourceFile, Unit, check};
use draft::{Draft, Stranger};
use source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

/// A larger file is left to a person: the list of its changes would be several times its size.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// Decisions about characters kept per file; further ones are counted.
pub const CHARACTERS_PER_FILE_MAX: usize = 1_000;

/// Files of a set that are named with one decision; all of them are held back.
const STRAY_SET_MAX: usize = 100;
/// Digits of a ファイル連番.
const SERIAL_DIGITS: usize = 14;

/// 受け入れた置き換え — what may be written for characters MS932 does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    all: bool,
    own: BTreeMap<String, String>,
}

impl Accepted {
    /// None: whoever has such characters is asked.
    pub fn none() -> Accepted {
        Accepted::default()
    }

    /// Every replacement that would be proposed.
    pub fn proposed() -> Accepted {
        Accepted { all: true, own: BTreeMap::new() }
    }

    /// This one too. It goes before a proposal. If `to` is no MS932 text, the character stays a decision.
    pub fn and(mut self, from: impl Into<String>, to: impl Into<String>) -> Accepted {
        self.own.insert(from.into(), to.into());
        self
    }

    fn is_empty(&self) -> bool {
        !self.all && self.own.is_empty()
    }

    fn get(&self, from: &str) -> Option<String> {
        self.own.get(from).cloned().or_else(|| proposal(from).filter(|_| self.all))
    }
}

/// What would be proposed in place of a character MS932 does not have, given with the marks that belong to it: `吉` for
/// `𠮷`, `が` for the two of a decomposed one. None for an emoji.
pub fn proposal(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let (letter, mark, None) = (letters.next()?, letters.next(), letters.next()) else { return None };
    match mark {
        None => variants::of(letter),
        Some(mark) if variants::is_selector(mark) => {
            let bare = letter.to_string();
            if crate::write::ms932(&bare).is_some() { Some(bare) } else { variants::of(letter) }
        }
        Some(mark) => variants::composed(letter, mark).map(String::from),
    }
}

/// 変更 — one stretch of a file that was changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Position of the file in the input.
    pub file: usize,
    /// The bytes of the original it replaces; none where the file name was changed.
    pub range: Option<Range<usize>>,
    /// What stands there now.
    pub written: Vec<u8>,
    /// Row of the original, from 1.
    pub row: Option<u64>,
    /// Column, from 1.
    pub column: Option<u16>,
    /// Name of the column.
    pub item: Option<&'static str>,
    /// What it was and what was done: [`Manner::done`], and why: [`Manner::why`].
    pub manners: Manners,
}

/// Prints where, never what: a change holds what a person's cell held.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("file", &self.file)
            .field("range", &self.range)
            .field("row", &self.row)
            .field("column", &self.column)
            .field("manners", &self.manners.iter().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// 人が決めること — what is beyond doubt to nobody but the people who know the case.
#[derive(Clone, PartialEq, Eq)]
pub struct Decision {
    /// Position of the file in the input; none where a set as a whole is concerned.
    pub file: Option<usize>,
    /// The files concerned, where it is a set.
    pub set: Vec<usize>,
    /// Row of the original, from 1.
    pub row: Option<u64>,
    /// Column, from 1.
    pub column: Option<u16>,
    /// Name of the column.
    pub item: Option<&'static str>,
    /// The rule or the ambiguity of the reference.
    pub why: &'static str,
    /// What there is to decide, without values.
    pub what: String,
    /// How to put it right.
    pub fix: String,
    /// The character MS932 does not have, and the replacement proposed.
    pub character: Option<(String, Option<String>)>,
}

/// Prints no character of a person's name.
impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("file", &self.file)
            .field("row", &self.row)
            .field("column", &self.column)
            .field("why", &self.why)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

/// 直したファイル.
#[derive(Clone, PartialEq, Eq)]
pub struct RepairedFile {
    /// Position of its original in the input.
    pub source: usize,
    /// The canonical name.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Prints no content.
impl fmt::Debug for RepairedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepairedFile").field("source", &self.source).finish_non_exhaustive()
    }
}

/// 直した結果.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repaired {
    /// The files of every set about which there is nothing to decide, changed or not.
    pub files: Vec<RepairedFile>,
    /// Every stretch in which they differ from their originals, in order.
    pub changes: Vec<Change>,
    /// What only a person can decide about the others.
    pub decisions: Vec<Decision>,
}

impl Repaired {
    /// Whether every file could be given out.
    pub fn is_complete(&self) -> bool {
        self.decisions.is_empty()
    }
}

/// Brings files into the canonical form: any number of sets, in any order.
pub fn repair(files: &[SourceFile<'_>], accepted: &Accepted) -> Repaired {
    let mut decisions = Vec::new();
    let mut named = Vec::with_capacity(files.len());
    let mut drafts = Vec::with_capacity(files.len());
    for (index, source) in files.iter().enumerate() {
        let (name, manners, read) = names::canonical(source.name);
        let mut draft = draft_of(index, source, read.as_ref(), accepted);
        name_decisions(index, manners, draft.edition, &mut decisions);
        characters(index, &draft, &mut decisions);
        if name != source.name {
            draft.changes.insert(0, renamed(index, &name, manners));
        }
        if source.bytes.len() > FILE_BYTES_MAX {
            decisions.push(too_large(index));
        }
        named.push(name);
        drafts.push(draft);
    }
    twins_by_name(&named, &mut decisions);

    let sources: Vec<SourceFile<'_>> =
        named.iter().zip(&drafts).map(|(name, draft)| SourceFile { name, bytes: &draft.bytes }).collect();
    let report = check(&sources, Profile::Export);
    // Of a set of very many files each finding names a hundred; all of them are held back.
    let mut stopped: BTreeSet<usize> = BTreeSet::new();
    let some_of = |unit: Option<usize>| {
        let files = unit.and_then(|unit| report.units.get(unit)).map_or(&[][..], |unit| &unit.files);
        files.iter().copied().take(STRAY_SET_MAX).collect::<Vec<_>>()
    };
    for finding in &report.findings {
        // A row that might be a header, and is kept for that, is not passed over in silence.
        if finding.severity == Severity::Error || finding.rule.code == "V24" {
            stopped.extend(finding.unit);
            decisions.push(from_check(finding, some_of(finding.unit), &drafts));
        }
    }
    for more in report.suppressed.iter().filter(|more| more.errors > 0) {
        stopped.extend(more.unit);
        let set = some_of(more.unit);
        let what = format!("{}（ほかに{}件）", more.rule.what, more.errors);
        decisions.push(Decision { set, ..decision(more.file, more.rule.code, what, more.rule.fix) });
    }

    let mut held = strays(files, &report.units, &mut decisions);
    held.extend(decisions.iter().flat_map(|decision| decision.file.iter().chain(&decision.set)));
    held.extend(stopped.iter().filter_map(|unit| report.units.get(*unit)).flat_map(|unit| &unit.files));
    let kept: BTreeSet<usize> = report
        .units
        .iter()
        .filter(|unit| unit.accepted && !unit.files.iter().any(|file| held.contains(file)))
        .flat_map(|unit| unit.files.iter().copied())
        .collect();
    decisions.sort_by_key(|decision| (decision.file.or(decision.set.first().copied()), decision.row, decision.column));
    let mut repaired = Repaired { decisions, ..Repaired::default() };
    for (source, (name, draft)) in named.into_iter().zip(drafts).enumerate() {
        if kept.contains(&source) {
            repaired.files.push(RepairedFile { source, name, bytes: draft.bytes });
            repaired.changes.extend(draft.changes);
        }
    }
    repaired
}

/// The changes of one file done to its original: what repair gave out for it. Changes of other files and of names are
/// passed over.
pub fn replay<'c>(file: usize, original: &[u8], changes: impl IntoIterator<Item = &'c Change>) -> Vec<u8> {
    let mut out = Vec::with_capacity(original.len());
    let mut at = 0;
    for change in changes.into_iter().filter(|change| change.file == file) {
        let Some(range) = &change.range else { continue };
        out.extend_from_slice(original.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(&change.written);
        at = range.end;
    }
    out.extend_from_slice(original.get(at..).unwrap_or_default());
    out
}

/// 元のファイル — an original, to show what stood where a change was made.
#[derive(Debug)]
pub struct Original<'a>(Source<'a>);

impl<'a> Original<'a> {
    /// The bytes of a file as they came.
    pub fn new(bytes: &'a [u8]) -> Original<'a> {
        Original(Source::new(bytes))
    }

    /// What stood in this range, for the screen only: what cannot be read is shown as such.
    pub fn text(&self, range: &Range<usize>) -> String {
        self.0.show(range)
    }
}

/// What a change wrote, for the screen.
pub fn written_text(written: &[u8]) -> String {
    encoding_rs::SHIFT_JIS.decode_without_bom_handling(written).0.into_owned()
}

/// The manners of one file, its name included.
pub(crate) fn manners(index: usize, source: &SourceFile<'_>, accepted: &Accepted) -> Manners {
    let (_, mut manners, read) = names::canonical(source.name);
    manners.join(draft_of(index, source, read.as_ref(), accepted).manners);
    manners
}

fn draft_of(index: usize, source: &SourceFile<'_>, name: Option<&FileName>, accepted: &Accepted) -> Draft {
    let image = name.is_some_and(|name| name.kind == crate::FileKind::UpkihonImage)
        // A picture under a name that cannot be read is none the less no text.
        || source.bytes.starts_with(b"\xFF\xD8\xFF");
    if image || source.bytes.len() > FILE_BYTES_MAX {
        return Draft { bytes: source.bytes.to_vec(), ..Draft::default() };
    }
    draft::draft(index, name.map(|name| name.kind), source.bytes, accepted)
}

fn decision(file: Option<usize>, why: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Decision {
    Decision {
        file,
        set: Vec::new(),
        row: None,
        column: None,
        item: None,
        why,
        what: what.into(),
        fix: fix.into(),
        character: None,
    }
}

fn renamed(file: usize, name: &str, manners: Manners) -> Change {
    Change { file, range: None, written: name.as_bytes().to_vec(), row: None, column: None, item: None, manners }
}

fn too_large(file: usize) -> Decision {
    let what = format!("ファイルが大きすぎて直せません（{}MBまで）。", FILE_BYTES_MAX >> 20);
    decision(Some(file), "大きさ", what, "利用者を分けて書き出し直してください。")
}

/// Old names lack what a new one needs, and nobody but the office knows it.
fn name_decisions(file: usize, manners: Manners, edition: Option<Edition>, decisions: &mut Vec<Decision>) {
    const FIX: &str = "介護ソフトを標準仕様4.1に対応した版へ更新し、書き出し直してください。";
    if manners.contains(Manner::Name40) {
        let what = "版4.0のファイル名です。3文字のサービスコードを2文字のサービス種類コードに直す表がありません。";
        decisions.push(decision(Some(file), "V02", what, FIX));
    }
    if manners.contains(Manner::Name3) && edition != Some(Edition::V202208) {
        let what = "版3.xのファイル名です。送信元と送信先のサービス種類コードが名前に書かれていません。";
        decisions.push(decision(Some(file), "V02", what, FIX));
    }
}

/// Files whose names cannot be read: the sets they may belong to are held back with them, lest half a set goes out.
fn strays(files: &[SourceFile<'_>], units: &[Unit], decisions: &mut Vec<Decision>) -> BTreeSet<usize> {
    let in_sets: BTreeSet<usize> = units.iter().flat_map(|unit| unit.files.iter().copied()).collect();
    let mut by_serial: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for unit in units {
        by_serial.entry(unit.serial.as_str()).or_default().extend(&unit.files);
    }
    // What may hang on any 利用者基本情報 is missed by no check.
    let basic = |file: &usize| files.get(*file).is_some_and(|file| names::plain(file.name).starts_with("UPKIHON"));
    let with_basic: Vec<usize> =
        units.iter().filter(|unit| unit.files.iter().any(basic)).flat_map(|unit| unit.files.iter().copied()).collect();
    let mut held = BTreeSet::new();
    for (file, source) in files.iter().enumerate().filter(|(file, _)| !in_sets.contains(file)) {
        let name = names::plain(source.name);
        let serials = name.as_bytes().windows(SERIAL_DIGITS).take(NAME_BYTES_MAX);
        let by_name = serials.filter_map(|digits| by_serial.get(std::str::from_utf8(digits).ok()?)).next();
        let set = by_name.or(name.starts_with("UPKIHON").then_some(&with_basic));
        if let Some(set) = set.filter(|set| !set.is_empty()) {
            held.extend(set);
            let set = set.iter().copied().take(STRAY_SET_MAX).collect();
            let what = "ファイル名が読めませんが、ほかのファイルと一組かもしれません。その組も書き出していません。";
            let fix = "一組のファイルなら名前を直し、そうでなければこのファイルを除いて、もう一度実行してください。";
            decisions.push(Decision { set, ..decision(Some(file), "V01", what, fix) });
        }
    }
    held
}

/// Two files that would bear one name.
fn twins_by_name(named: &[String], decisions: &mut Vec<Decision>) {
    let mut bearers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, name) in named.iter().enumerate() {
        bearers.entry(name).or_default().push(index);
    }
    for file in bearers.into_values().filter(|files| files.len() > 1).flatten() {
        let what = "直すと同じ名前になるファイルがほかにあります。";
        decisions.push(decision(Some(file), "V18", what, "どちらを使うか決めて、一つだけを指定してください。"));
    }
}

fn characters(file: usize, draft: &Draft, decisions: &mut Vec<Decision>) {
    for stranger in draft.strangers.iter().take(CHARACTERS_PER_FILE_MAX) {
        let Stranger { row, column, position, text, proposal, private } = stranger;
        let (why, kind) = if *private { ("V20", "外字") } else { ("V19", "MS932（Shift_JIS）にない文字") };
        let fix = match proposal.as_deref() {
            Some("") => "画面に見えない文字です。取り除いてよければ、置き換えを受け入れてください。",
            Some(_) => "候補の文字でよければ、置き換えを受け入れてください。よくなければ介護ソフトで直してください。",
            None => "置き換えの候補がありません。介護ソフトで別の書き方に直し、書き出し直してください。",
        };
        decisions.push(Decision {
            row: Some(*row),
            column: column.map(|column: &Column| column.number),
            item: column.map(|column| column.name),
            character: Some((text.clone(), proposal.clone())),
            ..decision(Some(file), why, format!("{position}文字目が{kind}です。"), fix)
        });
    }
    if let Some(more) = draft.strangers.len().checked_sub(CHARACTERS_PER_FILE_MAX).filter(|more| *more > 0) {
        let what = format!("MS932（Shift_JIS）にない文字が、ほかに{more}か所あります。");
        decisions.push(decision(
            Some(file),
            "V19",
            what,
            "候補を確かめて、置き換えを受け入れるか、介護ソフトで直してください。",
        ));
    }
}

/// What a check still finds: where it stands in the original.
fn from_check(finding: &Finding, set: Vec<usize>, drafts: &[Draft]) -> Decision {
    let Place { file, row, column, item, .. } = finding.place;
    let rows = file.and_then(|file| drafts.get(file)).map(|draft| draft.rows.as_slice());
    let original = |row: u64| {
        let index = usize::try_from(row).ok()?.checked_sub(1)?;
        rows?.get(index).copied()
    };
    let what = match &finding.detail {
        Some(detail) => format!("{}（{detail}）", finding.rule.what),
        None => finding.rule.what.to_owned(),
    };
    Decision {
        set,
        row: row.map(|row| original(row).unwrap_or(row)),
        column,
        item,
        ..decision(file, finding.rule.code, what, finding.rule.fix)
    }
}
