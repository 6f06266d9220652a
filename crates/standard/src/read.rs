//! 読む — records out of raw bytes. Nothing is decoded until asked for, nothing allocated per record, and reading
//! goes on after a fault.

use crate::contents::Contents;
use crate::ms932::{self, BAD, CLASS, DOUBLE, GAIJI, LEAD, OTHER, Pairs, QUOTE, STOP};
use crate::{Edition, Layout};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Cells of one record that are kept; further ones are counted. The widest layout has 71.
pub const CELLS_MAX: usize = 256;
/// Bytes of one record. A longer one is cut there and what follows is read as the next: so much, and no more, of a file
/// has to be at hand for a record to be told.
pub const RECORD_BYTES_MAX: usize = 1 << 18;
/// How often one file may be taken up again after an unbalanced quote.
pub const RESUMPTIONS_MAX: u32 = 100;

/// 行の終わり.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// CR LF, the one to write.
    CrLf,
    /// LF.
    Lf,
    /// The file ends without one.
    None,
}

/// 引用符の誤り.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuoteFault {
    /// A cell opens a quote and never closes it.
    Unclosed,
    /// Something stands between the closing quote and the comma: an inner quote was not doubled.
    AfterQuote,
    /// A quote stands in a cell that is not quoted.
    Inside,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    pub(crate) class: u16,
    pub(crate) quoted: bool,
    pub(crate) doubled: bool,
}

impl Span {
    /// Nothing stands between the quotes, if there are any.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.end <= self.start + 2 * usize::from(self.quoted)
    }

    /// The bytes between the quotes; doubled quotes are still doubled.
    #[inline(always)]
    pub(crate) fn inner<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let trim = usize::from(self.quoted);
        bytes.get(self.start + trim..self.end.saturating_sub(trim)).unwrap_or_default()
    }
}

/// レコードの読み手 — walks the records of one file.
#[derive(Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    /// Where in the file these bytes begin.
    base: u64,
    /// Whether the file ends with them.
    last: bool,
    at: usize,
    number: u64,
    resumptions: u32,
    spans: Vec<Span>,
    pairs: Pairs,
    marks: Marks,
    /// Whether the record at hand was judged by where the bytes end.
    short: bool,
}

/// レコード — one row.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r, 'a> {
    bytes: &'a [u8],
    pub(crate) spans: &'r [Span],
    pub(crate) class: u16,
    base: u64,
    number: u64,
    count: usize,
    start: usize,
    end: usize,
    line_end: LineEnd,
    fault: Option<(usize, QuoteFault)>,
}

/// セル — one value as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    raw: &'a [u8],
    inner: &'a [u8],
    class: u16,
    quoted: bool,
    doubled: bool,
    offset: u64,
}

/// MS932として読めない — a cell whose bytes are not MS932.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("MS932（Shift_JIS）として読めない文字があります")]
pub struct Undecodable;

impl<'a> Records<'a> {
    /// The records of a file's bytes. A byte order mark is not a value: it is passed over.
    pub fn new(bytes: &'a [u8]) -> Self {
        Records::part(bytes, Progress::default(), true)
    }

    /// The records of a part of a file, from where the reading of it stands.
    fn part(bytes: &'a [u8], progress: Progress, last: bool) -> Self {
        let Progress { offset, number, resumptions, spans } = progress;
        let at = if offset == 0 && bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Records {
            bytes,
            base: offset,
            last,
            at,
            number,
            resumptions,
            spans,
            pairs: Pairs::get(),
            marks: Marks::at(bytes, at),
            short: false,
        }
    }

    /// Where the reading of the file stands.
    fn progress(self) -> Progress {
        let Records { base, at, number, resumptions, spans, .. } = self;
        Progress { offset: base + at as u64, number, resumptions, spans }
    }

    /// The next record, valid until the one after it is asked for. None as well where more of the file must be at hand
    /// to tell it.
    pub fn next_record(&mut self) -> Option<Record<'_, 'a>> {
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        // What lies further on is not looked at, so that it cannot matter whether it is at hand.
        let whole = self.last || self.bytes.len() - start >= RECORD_BYTES_MAX;
        let limit = self.bytes.len().min(start + RECORD_BYTES_MAX);
        let bytes = self.bytes.get(..limit).unwrap_or_default();
        let resumptions = self.resumptions;
        self.short = false;
        self.spans.clear();
        self.number += 1;
        let (mut at, mut count, mut all, mut fault) = (start, 0, 0, None);
        let mut marks = self.marks;
        let (end, line_end) = loop {
            let mut closed_line = false;
            let stop = marks.next(bytes, at).min(bytes.len());
            let plain = match bytes.get(stop) {
                None | Some(b',' | b'\n') => true,
                Some(b'\r') => bytes.get(stop + 1) == Some(&b'\n'),
                Some(_) => false,
            };
            let span = match plain {
                true => Span { start: at, end: stop, class: OTHER, quoted: false, doubled: false },
                false => {
                    self.at = at;
                    let (span, cell_fault, closed) = self.cell(bytes);
                    closed_line = closed;
                    if let Some(kind) = cell_fault {
                        fault = fault.or(Some((count, kind)));
                    }
                    span
                }
            };
            at = span.end;
            all |= span.class;
            if count < CELLS_MAX {
                self.spans.push(span);
            }
            count += 1;
            let line_end = match bytes.get(at) {
                Some(b',') if !closed_line => {
                    at += 1;
                    continue;
                }
                Some(b'\r') => LineEnd::CrLf,
                Some(_) => LineEnd::Lf,
                None => LineEnd::None,
            };
            break (at, line_end);
        };
        if !whole && (self.short || end + LOOKAHEAD > bytes.len()) {
            (self.at, self.resumptions) = (start, resumptions);
            self.number -= 1;
            return None;
        }
        // A block that was looked at up to the end of a cut record is looked at again.
        self.marks = if line_end == LineEnd::None { Marks::at(self.bytes, end) } else { marks };
        self.at = match line_end {
            LineEnd::CrLf => end + 2,
            LineEnd::Lf => end + 1,
            LineEnd::None => end,
        };
        let (base, number) = (self.base, self.number);
        Some(Record { bytes, spans: &self.spans, class: all, base, number, count, start, end, line_end, fault })
    }

    /// Reads one cell, byte by byte, and stands at the comma, the line end or the end of the file after it.
    fn cell(&mut self, bytes: &[u8]) -> (Span, Option<QuoteFault>, bool) {
        let pairs = self.pairs;
        let start = self.at;
        let mut span = Span { start, end: start, class: 0, quoted: false, doubled: false };
        let mut fault = None;
        let mut at = start;
        let mut classes = 0;
        if bytes.get(at) == Some(&b'"') {
            span.quoted = true;
            at += 1;
            let closed = loop {
                let Some(&byte) = bytes.get(at) else { break false };
                let class = CLASS[usize::from(byte)];
                if class & LEAD != 0 {
                    at += pair(bytes, pairs, byte, at, &mut classes);
                } else if class & QUOTE == 0 {
                    classes |= class;
                    at += 1;
                } else if bytes.get(at + 1) == Some(&b'"') {
                    span.doubled = true;
                    classes |= OTHER;
                    at += 2;
                } else {
                    at += 1;
                    break true;
                }
            };
            span.class = classes & 0xFFF;
            if !(closed && ends_cell(bytes, at)) {
                return self.broken(bytes, span, at, closed);
            }
        } else {
            while let Some(&byte) = bytes.get(at) {
                let class = CLASS[usize::from(byte)];
                if class & (STOP | QUOTE | LEAD) == 0 {
                    classes |= class;
                    at += 1;
                } else if class & LEAD != 0 {
                    at += pair(bytes, pairs, byte, at, &mut classes);
                } else if class & QUOTE != 0 {
                    fault = Some(QuoteFault::Inside);
                    classes |= class;
                    at += 1;
                } else if byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                    classes |= class;
                    at += 1;
                } else {
                    break;
                }
            }
            span.class = classes & 0xFFF;
        }
        span.end = at;
        (span, fault, false)
    }

    /// A quoted cell that does not close as it should. If a line inside it looks like the start of a record, the
    /// quote was left open, and reading goes on there; otherwise the cell runs to the next comma or line end.
    #[cold]
    fn broken(
        &mut self,
        bytes: &[u8],
        mut span: Span,
        reached: usize,
        closed: bool,
    ) -> (Span, Option<QuoteFault>, bool) {
        let fault = if closed { QuoteFault::AfterQuote } else { QuoteFault::Unclosed };
        self.short |= reached + LOOKAHEAD > bytes.len();
        span.quoted = false;
        span.doubled = false;
        if self.resumptions < RESUMPTIONS_MAX
            && let Some(line_end) = record_within(bytes, span.start, reached)
        {
            self.resumptions += 1;
            let crlf = bytes.get(line_end.wrapping_sub(1)) == Some(&b'\r');
            span.end = if crlf { line_end - 1 } else { line_end };
            span.class = ms932::scan(bytes.get(span.start..span.end).unwrap_or_default()).0;
            return (span, Some(QuoteFault::Unclosed), true);
        }
        let mut at = reached;
        while !ends_cell(bytes, at) {
            at += 1;
        }
        span.end = at;
        span.class = ms932::scan(bytes.get(span.start..at).unwrap_or_default()).0;
        (span, Some(fault), false)
    }
}

/// How far beyond a record one looks to tell where it ends: the line end, six digits in quotes, a comma.
const LOOKAHEAD: usize = 16;

#[inline(always)]
fn ends_cell(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None | Some(b',' | b'\n') => true,
        Some(b'\r') => bytes.get(at + 1) == Some(&b'\n'),
        Some(_) => false,
    }
}

/// The first line end in the range that is followed by six digits and a comma.
fn record_within(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let range = bytes.get(from..to)?;
    memchr::memchr_iter(b'\n', range).map(|at| from + at).find(|at| {
        let line = bytes.get(at + 1..).unwrap_or_default();
        let line = line.strip_prefix(b"\"").unwrap_or(line);
        let (Some(digits), Some(rest)) = (line.get(..6), line.get(6..)) else { return false };
        digits.iter().all(u8::is_ascii_digit) && rest.strip_prefix(b"\"").unwrap_or(rest).starts_with(b",")
    })
}

/// How far the reading of a file has come.
#[derive(Debug)]
pub(crate) struct Progress {
    offset: u64,
    number: u64,
    resumptions: u32,
    /// Room for the cells of a record, kept from one part to the next.
    spans: Vec<Span>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { offset: 0, number: 0, resumptions: 0, spans: Vec::with_capacity(80) }
    }
}

/// Every record of a file whose bytes come piece by piece, until whoever looks has seen enough.
pub fn each(contents: &mut dyn Contents, file: usize, mut see: impl FnMut(&Record<'_, '_>) -> ControlFlow<()>) {
    let size = contents.size(file);
    let mut progress = Progress::default();
    let mut piece = contents.piece();
    loop {
        let offset = progress.offset;
        let bytes = contents.bytes(file, offset, piece);
        // Whoever brings less than was asked for has no more.
        let last = bytes.len() < piece || offset + bytes.len() as u64 >= size;
        let mut records = Records::part(bytes, progress, last);
        while let Some(record) = records.next_record() {
            if see(&record).is_break() {
                return;
            }
        }
        if last {
            return;
        }
        progress = records.progress();
        // A record longer than a piece: more of it.
        piece = if progress.offset == offset { piece.saturating_mul(2).max(64) } else { contents.piece() };
    }
}

/// One record met before, that had no fault of quotes and so many bytes.
pub(crate) fn again(
    contents: &mut dyn Contents,
    file: usize,
    (offset, length, number): (u64, usize, u64),
    progress: &mut Progress,
    see: impl FnOnce(&Record<'_, '_>),
) {
    let bytes = contents.bytes(file, offset, length + 2);
    let spans = std::mem::take(&mut progress.spans);
    let here = Progress { offset, number: number.saturating_sub(1), resumptions: 0, spans };
    let mut records = Records::part(bytes, here, true);
    if let Some(record) = records.next_record() {
        see(&record);
    }
    *progress = records.progress();
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const BLOCK: usize = 64;

/// Which bytes of a block are anything but plain characters of a cell: a comma, a quote, a control, or no ASCII. A
/// whole block is looked at together, so that finding the end of a cell does not wait for the end of the one before.
#[derive(Debug, Clone, Copy)]
struct Marks {
    start: usize,
    bits: u64,
}

impl Marks {
    #[inline(always)]
    fn at(bytes: &[u8], start: usize) -> Marks {
        let rest = bytes.get(start..).unwrap_or_default();
        let bits = match rest.first_chunk::<BLOCK>() {
            Some(block) => marks(block),
            None => {
                // Zeros are marked, so a cell never runs past the end.
                let mut block = [0; BLOCK];
                block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                marks(&block)
            }
        };
        Marks { start, bits }
    }

    /// The first marked byte at or after this place; the end of the file at the latest.
    #[inline(always)]
    fn next(&mut self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let offset = at.wrapping_sub(self.start);
            if offset >= BLOCK {
                *self = Marks::at(bytes, at);
                continue;
            }
            let bits = self.bits >> offset;
            if bits != 0 {
                return at + bits.trailing_zeros() as usize;
            }
            at = self.start + BLOCK;
        }
    }
}

#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (index, chunk) in block.as_chunks::<8>().0.iter().enumerate() {
        let chunk = u64::from_le_bytes(*chunk);
        // Exact for every byte: the high bit is set where the low seven are not all zero.
        let nonzero = |value: u64| (value & !HIGHS).wrapping_add(!HIGHS) | value;
        let comma = !nonzero(chunk ^ (ONES * b',' as u64));
        let quote = !nonzero(chunk ^ (ONES * b'"' as u64));
        let low = chunk & !HIGHS;
        let printable = low.wrapping_add(ONES * 0x60);
        let delete = low.wrapping_add(ONES);
        let found = (comma | quote | !printable | delete | chunk) & HIGHS;
        bits |= ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (index * 8);
    }
    bits
}

/// One character that begins with a first byte: its length, its class added.
#[inline(always)]
fn pair(bytes: &[u8], pairs: Pairs, lead: u8, at: usize, classes: &mut u16) -> usize {
    match bytes.get(at + 1) {
        Some(&trail) if pairs.is_character(lead, trail) => {
            *classes |= if ms932::is_gaiji_lead(lead) { DOUBLE | GAIJI } else { DOUBLE };
            2
        }
        _ => {
            *classes |= BAD;
            1
        }
    }
}

impl<'r, 'a> Record<'r, 'a> {
    /// Record number, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where it begins in the file.
    pub fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Its bytes, without the line end.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes between the quotes of a cell; nothing where there is no such cell.
    #[inline(always)]
    pub(crate) fn value(&self, index: usize) -> &'a [u8] {
        self.spans.get(index).map_or(&[], |span| span.inner(self.bytes))
    }

    /// The bytes between the quotes of one of its cells.
    #[inline(always)]
    pub(crate) fn value_of(&self, span: &Span) -> &'a [u8] {
        span.inner(self.bytes)
    }

    /// How many cells it has, those beyond [`CELLS_MAX`] included.
    pub fn len(&self) -> usize {
        self.count
    }

    /// A blank line: one cell, and nothing in it.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How its line ends.
    pub fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// The first fault of its quotes, and the cell (from 0) it is in.
    pub fn quote_fault(&self) -> Option<(usize, QuoteFault)> {
        self.fault
    }

    /// The cell at this position, from 0.
    pub fn cell(&self, index: usize) -> Option<Cell<'a>> {
        self.spans.get(index).map(|span| self.cell_of(span))
    }

    /// The cell of a column, by its identifier.
    pub fn field(&self, layout: &Layout, ident: &str) -> Option<Cell<'a>> {
        self.cell(layout.index(ident)?)
    }

    /// All cells, to [`CELLS_MAX`].
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'r, 'a> {
        let record = *self;
        record.spans.iter().map(move |span| record.cell_of(span))
    }

    pub(crate) fn cell_of(&self, span: &Span) -> Cell<'a> {
        Cell {
            raw: self.bytes.get(span.start..span.end).unwrap_or_default(),
            inner: span.inner(self.bytes),
            class: span.class,
            quoted: span.quoted,
            doubled: span.doubled,
            offset: self.base + span.start as u64,
        }
    }
}

impl<'a> Cell<'a> {
    /// As it stands in the file, quotes included.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Its bytes, without the quotes around it and with doubled quotes made single.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        if !self.doubled {
            return Cow::Borrowed(self.inner);
        }
        let mut single = Vec::with_capacity(self.inner.len());
        let mut bytes = self.inner.iter();
        while let Some(&byte) = bytes.next() {
            single.push(byte);
            if byte == b'"' {
                bytes.next();
            }
        }
        Cow::Owned(single)
    }

    /// Its text. Bytes that are not MS932 are never replaced.
    pub fn text(&self) -> Result<Cow<'a, str>, Undecodable> {
        match self.bytes() {
            Cow::Borrowed(bytes) => ms932::decode(bytes).ok_or(Undecodable),
            Cow::Owned(bytes) => ms932::decode(&bytes).map(|text| Cow::Owned(text.into_owned())).ok_or(Undecodable),
        }
    }

    /// Null（空）, quoted or not.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether it is written in quotes.
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// Where it begins in the file, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn class(&self) -> u16 {
        self.class
    }
}

/// The characters of a value one by one, each with its bytes; none where these are no MS932.
pub fn letters(value: &[u8]) -> impl Iterator<Item = (Option<char>, &[u8])> {
    ms932::letters(value)
}

/// CSVバージョン of a file — that of its first record which has six digits there.
pub fn csv_version(bytes: &[u8]) -> Option<[u8; 6]> {
    let mut records = Records::new(bytes);
    // A header row may come first; a file whose first rows say nothing says nothing.
    for _ in 0..FIRST_RECORDS {
        if let Some(version) = version_of(&records.next_record()?) {
            return Some(version);
        }
    }
    None
}

/// Records that are asked for a version.
const FIRST_RECORDS: u64 = 3;

fn version_of(record: &Record<'_, '_>) -> Option<[u8; 6]> {
    let value: [u8; 6] = record.value(0).try_into().ok()?;
    value.iter().all(u8::is_ascii_digit).then_some(value)
}

/// The same of contents that come piece by piece.
pub(crate) fn csv_version_in(contents: &mut dyn Contents, file: usize) -> Option<[u8; 6]> {
    let mut version = None;
    each(contents, file, |record| {
        version = version_of(record);
        if version.is_some() || record.number() >= FIRST_RECORDS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    version
}

/// The edition of a file, where it is one this crate can read.
pub fn edition(bytes: &[u8]) -> Option<Edition> {
    csv_version(bytes).and_then(|value| Edition::from_csv_version(&value))
}

/// The same of contents that come piece by piece.
pub fn edition_in(contents: &mut dyn Contents, file: usize) -> Option<Edition> {
    csv_version_in(contents, file).and_then(|value| Edition::from_csv_version(&value))
}
