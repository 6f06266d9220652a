//! 下書き — one file rewritten, with every byte that differs accounted for.

use super::source::{Encoding, Source};
use super::{Accepted, Change, names, normal, variants};
use crate::dialect::{Manner, Manners};
use crate::layout::EDITIONS;
use crate::layout::{Form, Layout, layout};
use crate::read::{Cell, LineEnd, Record, Records};
use crate::write::{TWINS, encode, ms932};
use crate::{Column, Edition, FileKind};
use std::borrow::Cow;

/// Stands in a draft where a character has no place in MS932, so that the rest can be checked. Never written.
const GETA: &[u8] = b"\x81\xAC";
/// Digits in a row in a cell from which a first row is no longer taken for a header.
const HEADER_DIGITS: usize = 4;

/// Bytes of a byte order mark.
const UTF_8_MARK: usize = 3;
/// Likewise.
const UTF_16_MARK: usize = 2;

/// 下書き.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) bytes: Vec<u8>,
    pub(super) changes: Vec<Change>,
    pub(super) manners: Manners,
    /// Of every row written, its number in the original.
    pub(super) rows: Vec<u64>,
    /// What MS932 does not have.
    pub(super) strangers: Vec<Stranger>,
    /// CSVバージョン as it is after the repair, where the file has one.
    pub(super) edition: Option<Edition>,
}

/// MS932にない文字 — one, with the marks that belong to it.
#[derive(Debug)]
pub(super) struct Stranger {
    pub(super) row: u64,
    pub(super) column: Option<&'static Column>,
    pub(super) position: usize,
    pub(super) text: String,
    pub(super) proposal: Option<String>,
    pub(super) private: bool,
}

/// What the rows of a file have in common.
#[derive(Debug, Default)]
struct Survey {
    version: Common<String>,
    length: Common<usize>,
    /// The first row, if it is a header that holds no data.
    header: Option<u64>,
}

/// A value all rows share.
#[derive(Debug, Default)]
enum Common<T> {
    #[default]
    None,
    One(T),
    Several,
}

impl<T: PartialEq> Common<T> {
    fn meet(&mut self, value: T) {
        *self = match std::mem::take(self) {
            Common::None => Common::One(value),
            Common::One(known) if known == value => Common::One(known),
            _ => Common::Several,
        };
    }

    fn one(&self) -> Option<&T> {
        match self {
            Common::One(value) => Some(value),
            _ => None,
        }
    }
}

/// Rewrites a file. Without a kind, only what does not depend on columns is touched.
pub(super) fn draft(file: usize, kind: Option<FileKind>, bytes: &[u8], accepted: &Accepted) -> Draft {
    let source = Source::new(bytes);
    let survey = survey(&source, kind, accepted);
    let edition = survey.version.one().and_then(|version| Edition::from_csv_version(renewed(version).0.as_bytes()));
    let layout = kind.zip(edition).and_then(|(kind, edition)| layout(kind, edition));
    let mut pen = Pen {
        file,
        source: &source,
        accepted,
        draft: Draft { edition, ..Draft::default() },
        at: 0,
        original_at: 0,
        row: None,
        column: None,
    };
    match source.encoding {
        Encoding::Utf16 => {
            pen.original_at = UTF_16_MARK;
            pen.record_change(0, UTF_16_MARK, Vec::new(), Manner::Utf16.into());
        }
        Encoding::Utf8 { mark: true } => pen.put(UTF_8_MARK, b"", Manner::Utf8Mark.into()),
        _ => {}
    }
    if survey.version.one().is_some_and(|version| version == "202208") && layout.is_some() {
        pen.draft.manners.add(Manner::Version202208);
    }
    let mut records = Records::new(&source.text);
    while let Some(record) = records.next_record() {
        pen.row(&record, &survey, layout);
    }
    pen.rest();
    pen.draft
}

fn survey(source: &Source<'_>, kind: Option<FileKind>, accepted: &Accepted) -> Survey {
    let mut survey = Survey::default();
    let mut records = Records::new(&source.text);
    let mut first = true;
    while let Some(record) = records.next_record() {
        if emptiness(source, &record, accepted).is_some() {
            continue;
        }
        if std::mem::take(&mut first) && is_header(source, kind, &record, accepted) {
            survey.header = Some(record.number());
            continue;
        }
        survey.length.meet(record.len());
        survey.version.meet(narrowed(source, record.cell(0), accepted));
    }
    survey
}

/// A value trimmed and half-width; an empty one where it cannot be read.
fn narrowed(source: &Source<'_>, cell: Option<Cell<'_>>, accepted: &Accepted) -> String {
    let value = cell.map(|cell| cell.bytes()).unwrap_or_default();
    text(source, accepted, &value).map(|text| normal::narrow(&text).0).unwrap_or_default()
}

/// The text of a value, with what is accepted in place of characters MS932 does not have. It is this text that is put
/// into its form.
fn text<'v>(source: &Source<'_>, accepted: &Accepted, value: &'v [u8]) -> Option<Cow<'v, str>> {
    let text = source.decode(value)?;
    if source.encoding == Encoding::Ms932 || text.is_ascii() || accepted.is_empty() {
        return Some(text);
    }
    let (mut replaced, mut out) = (false, String::with_capacity(text.len()));
    for letter in letters(&text) {
        match letter.replacement(accepted) {
            Some(replacement) => {
                replaced = true;
                out.push_str(&replacement);
            }
            None => out.extend(std::iter::once(letter.base).chain(letter.mark)),
        }
    }
    Some(if replaced { Cow::Owned(out) } else { text })
}

fn is_blank(text: Cow<'_, str>) -> bool {
    text.chars().all(char::is_whitespace)
}

/// A character, and a mark that belongs to it.
#[derive(Clone, Copy)]
struct Letter {
    /// In characters from 1.
    position: usize,
    base: char,
    mark: Option<char>,
}

fn letters(text: &str) -> impl Iterator<Item = Letter> {
    let mut letters = text.chars().enumerate().peekable();
    std::iter::from_fn(move || {
        let (index, base) = letters.next()?;
        let mark = letters.next_if(|(_, next)| variants::is_mark(*next)).map(|(_, mark)| mark);
        Some(Letter { position: index + 1, base, mark })
    })
}

impl Letter {
    /// Writes it in MS932, if it can be: it or its twin.
    fn encode(self, out: &mut Vec<u8>) -> Option<Manners> {
        if self.mark.is_some() {
            return None;
        }
        if encode(self.base, out) {
            return Some(Manners::default());
        }
        let (_, twin) = TWINS.iter().find(|(from, _)| *from == self.base)?;
        encode(*twin, out).then(|| Manner::Twins.into())
    }

    fn text(self) -> String {
        std::iter::once(self.base).chain(self.mark).collect()
    }

    /// What is accepted in its place, if it has none of its own.
    fn replacement(self, accepted: &Accepted) -> Option<String> {
        if self.base.is_ascii() && self.mark.is_none() || self.encode(&mut Vec::new()).is_some() {
            return None;
        }
        accepted.get(&self.text()).filter(|replacement| ms932(replacement).is_some())
    }
}

/// The version to write for one that was read.
fn renewed(version: &str) -> (&str, Option<Manner>) {
    match version {
        "202410" => ("202407", Some(Manner::Version202410)),
        "202504" => ("202407", Some(Manner::Version202504)),
        _ => (version, None),
    }
}

/// A row without anything in it, or with nothing but the end mark of old programs.
fn emptiness(source: &Source<'_>, record: &Record<'_, '_>, accepted: &Accepted) -> Option<Manner> {
    if record.quote_fault().is_some() || record.len() != record.cells().len() {
        return None;
    }
    if record.raw() == b"\x1A" && record.line_end() == LineEnd::None {
        return Some(Manner::EndMark);
    }
    let blank = |cell: Cell<'_>| cell.is_empty() || text(source, accepted, &cell.bytes()).is_some_and(is_blank);
    record.cells().all(blank).then_some(Manner::BlankLines)
}

/// A header names the columns of the file, all of them, and holds nothing that could be a person's.
fn is_header(source: &Source<'_>, kind: Option<FileKind>, record: &Record<'_, '_>, accepted: &Accepted) -> bool {
    let Some(kind) = kind.filter(|_| record.quote_fault().is_none() && record.len() == record.cells().len()) else {
        return false;
    };
    let filled = record.len() - trailing(source, record, accepted);
    let mut columns = EDITIONS.iter().filter_map(|entry| layout(kind, entry.edition)).map(|it| it.columns.len());
    let digits = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max().unwrap_or(0) >= HEADER_DIGITS
    };
    columns.any(|columns| columns == filled)
        && record.cells().all(|cell| !digits(&narrowed(source, Some(cell), accepted)))
}

/// How many cells at the end are empty.
fn trailing(source: &Source<'_>, record: &Record<'_, '_>, accepted: &Accepted) -> usize {
    let count = record.cells().len();
    let last = (0..count).rev().find(|index| {
        record.cell(*index).is_some_and(|cell| !cell.is_empty() && !narrowed(source, Some(cell), accepted).is_empty())
    });
    last.map_or(count, |last| count - 1 - last)
}

/// Writes the draft, from the beginning of the text to its end.
struct Pen<'s, 'a> {
    file: usize,
    source: &'s Source<'a>,
    accepted: &'s Accepted,
    draft: Draft,
    /// How much of the text is written, and of the original.
    at: usize,
    original_at: usize,
    row: Option<u64>,
    column: Option<&'static Column>,
}

impl Pen<'_, '_> {
    /// Writes these bytes for the text up to `end`.
    fn put(&mut self, end: usize, new: &[u8], manners: Manners) {
        let from = self.original_at;
        let to = from + self.source.length(self.at, end);
        (self.at, self.original_at) = (end, to);
        self.draft.bytes.extend_from_slice(new);
        if self.source.original.get(from..to) != Some(new) {
            let mut manners = manners;
            if self.source.encoding == Encoding::Utf16 {
                manners.add(Manner::Utf16);
            }
            self.record_change(from, to, new.to_vec(), manners);
        }
    }

    fn record_change(&mut self, from: usize, to: usize, written: Vec<u8>, manners: Manners) {
        self.draft.manners.join(manners);
        self.draft.changes.push(Change {
            file: self.file,
            range: Some(from..to),
            written,
            row: self.row,
            column: self.column.map(|column| column.number),
            item: self.column.map(|column| column.name),
            manners,
        });
    }

    fn row(&mut self, record: &Record<'_, '_>, survey: &Survey, layout: Option<&'static Layout>) {
        self.row = Some(record.number());
        let start = usize::try_from(record.offset()).unwrap_or(usize::MAX);
        // A second mark that the reader passes over.
        if self.at < start {
            let passed = self.source.text.get(self.at..start).unwrap_or_default().to_vec();
            match self.source.encoding {
                Encoding::Ms932 => self.put(start, &passed, Manners::default()),
                _ => self.put(start, b"", Manner::Utf8Mark.into()),
            }
        }
        let end = start + record.raw().len();
        let after = end
            + match record.line_end() {
                LineEnd::CrLf => 2,
                LineEnd::Lf => 1,
                LineEnd::None => 0,
            };
        if let Some(manner) = emptiness(self.source, record, self.accepted) {
            return self.put(after, b"", manner.into());
        }
        if survey.header == Some(record.number()) {
            return self.put(after, b"", Manner::HeaderRow.into());
        }
        self.draft.rows.push(record.number());
        if record.quote_fault().is_some() || record.len() != record.cells().len() {
            self.whole(record.raw(), end);
        } else {
            self.cells(record, survey, layout, end);
        }
        self.column = None;
        let manner = match record.line_end() {
            LineEnd::CrLf => Manners::default(),
            LineEnd::Lf => Manner::LineFeed.into(),
            LineEnd::None => Manner::NoFinalLineEnd.into(),
        };
        self.put(after, b"\r\n", manner);
    }

    /// A row whose cells cannot be told apart: a check refuses it, and nothing of it is touched but its encoding.
    fn whole(&mut self, raw: &[u8], end: usize) {
        let (bytes, manners) = match self.source.decode(raw).filter(|_| self.source.encoding != Encoding::Ms932) {
            Some(text) => self.encode(&text),
            None => (raw.to_vec(), Manners::default()),
        };
        self.put(end, &bytes, manners);
    }

    fn cells(&mut self, record: &Record<'_, '_>, survey: &Survey, layout: Option<&'static Layout>, end: usize) {
        let surplus = layout.map_or(0, |layout| self.surplus(record, survey, layout));
        let kept = record.len() - surplus;
        let known = layout.filter(|layout| layout.columns.len() == kept);
        for (index, cell) in record.cells().take(kept).enumerate() {
            self.column = known.and_then(|layout| layout.columns.get(index));
            // CSVバージョン is renewed even where the rest of the row is not understood.
            let first = layout.filter(|_| index == 0);
            let column = self.column.or(first.and_then(|layout| layout.columns.first()));
            let (new, manners) = self.cell(&cell, layout.map(|layout| layout.kind).zip(column));
            let from = usize::try_from(cell.offset()).unwrap_or(usize::MAX);
            let to = from + cell.raw().len();
            if index == 0 {
                self.put(to, &new, manners);
            } else if self.source.encoding == Encoding::Utf16 {
                self.put(to, &[b",", new.as_slice()].concat(), manners);
            } else {
                self.put(from, b",", Manners::default());
                self.put(to, &new, manners);
            }
        }
        self.column = None;
        if surplus > 0 {
            self.put(end, b"", Manner::TrailingCommas.into());
        }
    }

    /// How many empty cells at the end can go: as many as every row has too many, where the rest is in its place.
    fn surplus(&self, record: &Record<'_, '_>, survey: &Survey, layout: &'static Layout) -> usize {
        let columns = layout.columns;
        let Some(surplus) = record.len().checked_sub(columns.len()).filter(|surplus| *surplus > 0) else { return 0 };
        if survey.length.one() != Some(&record.len()) || trailing(self.source, record, self.accepted) < surplus {
            return 0;
        }
        let values: Vec<Cow<'_, str>> = columns
            .iter()
            .map(Some)
            .chain(std::iter::repeat(None))
            .zip(record.cells())
            .map(|(column, cell)| {
                let value = cell.bytes();
                let text = text(self.source, self.accepted, &value).unwrap_or_default().into_owned();
                let normal = column.and_then(|column| normal::value(layout.kind, column, &text));
                Cow::Owned(normal.map_or(text, |(value, _)| value))
            })
            .collect();
        let fit = |place: &dyn Fn(usize) -> usize, skip: Option<usize>| {
            columns.iter().enumerate().all(|(index, column)| {
                skip == Some(index)
                    || values
                        .get(place(index))
                        .is_some_and(|value| normal::fits(column, normal::narrow(value).0.trim()))
            })
        };
        if !fit(&|index| index, None) {
            return 0;
        }
        // A comma inside a text that is not quoted makes a cell too many as well: if the row can be read so, it is not
        // for us to choose.
        let torn = columns.iter().enumerate().any(|(text, column)| {
            column.form == Form::Text
                && record.cell(text).is_some_and(|cell| !cell.is_quoted())
                && values.iter().skip(text + 1).take(surplus).any(|value| !value.is_empty())
                && fit(&|index| if index < text { index } else { index + surplus }, Some(text))
        });
        if torn { 0 } else { surplus }
    }

    /// A cell as it is to be written.
    fn cell(&mut self, cell: &Cell<'_>, column: Option<(FileKind, &'static Column)>) -> (Vec<u8>, Manners) {
        let value = cell.bytes();
        let Some(text) = text(self.source, self.accepted, &value) else {
            return (cell.raw().to_vec(), Manners::default());
        };
        let (new, mut manners) = match column.and_then(|(kind, column)| self.canonical(kind, column, &text)) {
            Some((new, manners)) => (new.into_bytes(), manners),
            None if self.source.encoding == Encoding::Ms932 => (value.to_vec(), Manners::default()),
            None => self.encode(&text),
        };
        if matches!(text, Cow::Owned(_)) && self.source.encoding != Encoding::Ms932 {
            manners.add(Manner::OutsideMs932);
        }
        let special = new.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
        let quoted = match column.map(|(_, column)| column.form) {
            Some(Form::Text) => cell.is_quoted() || !new.is_empty(),
            Some(_) => special,
            None => cell.is_quoted() || special,
        };
        match (cell.is_quoted(), quoted) {
            (false, true) => manners.add(Manner::UnquotedText),
            (true, false) => manners.add(Manner::QuotedNumbers),
            _ => {}
        }
        if !quoted {
            return (new, manners);
        }
        let mut out = Vec::with_capacity(new.len() + 2);
        out.push(b'"');
        for &byte in &new {
            out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
        }
        out.push(b'"');
        (out, manners)
    }

    /// The canonical form of a value that does not have it.
    fn canonical(&self, kind: FileKind, column: &'static Column, text: &str) -> Option<(String, Manners)> {
        if column.ident == "family_image_file" {
            let (name, manners, read) = names::canonical(text);
            return read.filter(|read| read.kind == FileKind::UpkihonImage && name != text).map(|_| (name, manners));
        }
        let normal = normal::value(kind, column, text);
        if column.ident != "csv_version" {
            return normal;
        }
        let (version, mut manners) = normal.unwrap_or_else(|| (text.to_owned(), Manners::default()));
        let (renewed, manner) = renewed(&version);
        if let Some(manner) = manner {
            manners.add(manner);
        }
        (renewed != text).then(|| (renewed.to_owned(), manners))
    }

    /// Text in MS932: twins as their twin, and a sign for what has no place there.
    fn encode(&mut self, text: &str) -> (Vec<u8>, Manners) {
        let mut manners = Manners::default();
        let mut out = Vec::with_capacity(text.len());
        if !text.is_ascii() {
            manners.add(match self.source.encoding {
                Encoding::Utf8 { mark: true } => Manner::Utf8Mark,
                Encoding::Utf8 { mark: false } => Manner::Utf8,
                _ => Manner::Utf16,
            });
        }
        for letter in letters(text) {
            if let Some(manner) = letter.encode(&mut out) {
                manners.join(manner);
                continue;
            }
            manners.add(Manner::OutsideMs932);
            out.extend_from_slice(GETA);
            self.draft.strangers.push(Stranger {
                row: self.row.unwrap_or(0),
                column: self.column,
                position: letter.position,
                proposal: super::proposal(&letter.text()),
                text: letter.text(),
                private: matches!(letter.base, '\u{E000}'..='\u{F8FF}'),
            });
        }
        (out, manners)
    }

    /// What stands after the last row.
    fn rest(&mut self) {
        self.row = None;
        let end = self.source.text.len();
        if self.at < end {
            let rest = self.source.text.get(self.at..).unwrap_or_default().to_vec();
            match self.source.encoding {
                Encoding::Ms932 => self.put(end, &rest, Manners::default()),
                _ => self.put(end, b"", Manner::Utf8Mark.into()),
            }
        }
    }
}
