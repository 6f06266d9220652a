//! 読む — records out of raw bytes. Nothing is decoded until asked for, nothing allocated per record, and reading
//! goes on after a fault.

use crate::ms932::{self, BAD, CLASS, DOUBLE, GAIJI, LEAD, OTHER, Pairs, QUOTE, STOP};
use crate::{Edition, Layout};
use std::borrow::Cow;

/// Cells of one record that are kept; further ones are counted. The widest layout has 71.
pub const CELLS_MAX: usize = 256;
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
    doubled: bool,
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
    at: usize,
    number: u64,
    resumptions: u32,
    spans: Vec<Span>,
    pairs: Pairs,
    marks: Marks,
}

/// レコード — one row.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r, 'a> {
    bytes: &'a [u8],
    pub(crate) spans: &'r [Span],
    pub(crate) class: u16,
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
        let at = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Records {
            bytes,
            at,
            number: 0,
            resumptions: 0,
            spans: Vec::with_capacity(80),
            pairs: Pairs::get(),
            marks: Marks::at(bytes, at),
        }
    }

    /// Goes to a record met before.
    pub(crate) fn seek(&mut self, offset: u64, number: u64) {
        self.at = usize::try_from(offset).unwrap_or(self.bytes.len()).min(self.bytes.len());
        self.number = number.saturating_sub(1);
        self.marks = Marks::at(self.bytes, self.at);
    }

    /// The next record, valid until the one after it is asked for.
    pub fn next_record(&mut self) -> Option<Record<'_, 'a>> {
        let bytes = self.bytes;
        if self.at >= bytes.len() {
            return None;
        }
        self.spans.clear();
        self.number += 1;
        let start = self.at;
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
                    let (span, cell_fault, closed) = self.cell();
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
        self.marks = marks;
        self.at = match line_end {
            LineEnd::CrLf => end + 2,
            LineEnd::Lf => end + 1,
            LineEnd::None => end,
        };
        Some(Record { bytes, spans: &self.spans, class: all, number: self.number, count, start, end, line_end, fault })
    }

    /// Reads one cell, byte by byte, and stands at the comma, the line end or the end of the file after it.
    fn cell(&mut self) -> (Span, Option<QuoteFault>, bool) {
        let bytes = self.bytes;
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
            if !(closed && self.ends_cell(at)) {
                return self.broken(span, at, closed);
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

    #[inline(always)]
    fn ends_cell(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            None | Some(b',' | b'\n') => true,
            Some(b'\r') => self.bytes.get(at + 1) == Some(&b'\n'),
            Some(_) => false,
        }
    }

    /// A quoted cell that does not close as it should. If a line inside it looks like the start of a record, the
    /// quote was left open, and reading goes on there; otherwise the cell runs to the next comma or line end.
    #[cold]
    fn broken(&mut self, mut span: Span, reached: usize, closed: bool) -> (Span, Option<QuoteFault>, bool) {
        let fault = if closed { QuoteFault::AfterQuote } else { QuoteFault::Unclosed };
        span.quoted = false;
        span.doubled = false;
        if self.resumptions < RESUMPTIONS_MAX
            && let Some(line_end) = self.record_within(span.start, reached)
        {
            self.resumptions += 1;
            let crlf = self.bytes.get(line_end.wrapping_sub(1)) == Some(&b'\r');
            span.end = if crlf { line_end - 1 } else { line_end };
            span.class = ms932::scan(self.bytes.get(span.start..span.end).unwrap_or_default()).0;
            return (span, Some(QuoteFault::Unclosed), true);
        }
        let mut at = reached;
        while !self.ends_cell(at) {
            at += 1;
        }
        span.end = at;
        span.class = ms932::scan(self.bytes.get(span.start..at).unwrap_or_default()).0;
        (span, Some(fault), false)
    }

    /// The first line end in the range that is followed by six digits and a comma.
    fn record_within(&self, from: usize, to: usize) -> Option<usize> {
        let range = self.bytes.get(from..to)?;
        memchr::memchr_iter(b'\n', range).map(|at| from + at).find(|at| {
            let line = self.bytes.get(at + 1..).unwrap_or_default();
            let line = line.strip_prefix(b"\"").unwrap_or(line);
            let (Some(digits), Some(rest)) = (line.get(..6), line.get(6..)) else { return false };
            digits.iter().all(u8::is_ascii_digit) && rest.strip_prefix(b"\"").unwrap_or(rest).starts_with(b",")
        })
    }
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
        self.start as u64
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

    fn cell_of(&self, span: &Span) -> Cell<'a> {
        Cell {
            raw: self.bytes.get(span.start..span.end).unwrap_or_default(),
            inner: span.inner(self.bytes),
            class: span.class,
            quoted: span.quoted,
            doubled: span.doubled,
            offset: span.start as u64,
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

/// CSVバージョン of a file — that of its first record which has six digits there.
pub fn csv_version(bytes: &[u8]) -> Option<[u8; 6]> {
    let mut records = Records::new(bytes);
    // A header row may come first; a file whose first rows say nothing says nothing.
    for _ in 0..3 {
        let record = records.next_record()?;
        let value: Option<[u8; 6]> = record.cell(0).and_then(|cell| cell.inner.try_into().ok());
        if let Some(value) = value.filter(|value| value.iter().all(u8::is_ascii_digit)) {
            return Some(value);
        }
    }
    None
}

/// The edition of a file, where it is one this crate can read.
pub fn edition(bytes: &[u8]) -> Option<Edition> {
    csv_version(bytes).and_then(|value| Edition::from_csv_version(&value))
}
