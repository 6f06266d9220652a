//! 書く — the canonical form: MS932, CRLF, free text in quotes and nothing else, no header, no mark at the start.

use crate::layout::Form;
use crate::ms932;
use crate::read::{LineEnd, Record};
use crate::{Column, Layout};

/// 書けない — a row that cannot be written as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteFault {
    /// The row does not have the columns of the layout.
    #[error("{row}行目の項目数が{count}で、{expected}ではありません")]
    Columns {
        /// Row, from 1.
        row: u64,
        /// Values given.
        count: usize,
        /// Columns of the layout.
        expected: usize,
    },
    /// MS932 has no such character.
    #[error("{row}行目「{item}」の{position}文字目はMS932（Shift_JIS）にない文字です")]
    Unmappable {
        /// Row, from 1.
        row: u64,
        /// Column, from 1.
        column: u16,
        /// Name of the column.
        item: &'static str,
        /// Position in the value, in characters from 1.
        position: usize,
        /// The character.
        character: char,
    },
    /// A control character other than CR, LF and tab.
    #[error("{row}行目「{item}」の{position}文字目は制御文字です")]
    Control {
        /// Row, from 1.
        row: u64,
        /// Column, from 1.
        column: u16,
        /// Name of the column.
        item: &'static str,
        /// Position in the value, in characters from 1.
        position: usize,
    },
}

/// 置き換え — a character written as its twin in MS932 (the wave dash, the minus and their like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Substitution {
    /// Row, from 1.
    pub row: u64,
    /// Column, from 1.
    pub column: u16,
    /// Position in the value, in characters from 1.
    pub position: usize,
    /// The character given.
    pub from: char,
    /// The character written.
    pub to: char,
}

/// The twins of A41: what other tables map to the same sign.
pub(crate) const TWINS: &[(char, char)] = &[
    ('\u{301C}', '\u{FF5E}'),
    ('\u{2212}', '\u{FF0D}'),
    ('\u{2016}', '\u{2225}'),
    ('\u{2014}', '\u{2015}'),
    ('\u{00A2}', '\u{FFE0}'),
    ('\u{00A3}', '\u{FFE1}'),
    ('\u{00AC}', '\u{FFE2}'),
    ('\u{00A5}', '\u{FFE5}'),
    ('\u{203E}', '\u{FFE3}'),
];

/// 書き手 — rows of one layout into bytes.
#[derive(Debug)]
pub struct Writer {
    layout: &'static Layout,
    out: Vec<u8>,
    rows: u64,
    substitutions: Vec<Substitution>,
}

impl Writer {
    /// A file of this layout, still without rows.
    pub fn new(layout: &'static Layout) -> Writer {
        Writer { layout, out: Vec::new(), rows: 0, substitutions: Vec::new() }
    }

    /// The layout.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Writes a row, one value per column. Nothing of a row at fault is written.
    pub fn row<S: AsRef<str>>(&mut self, values: &[S]) -> Result<(), WriteFault> {
        let row = self.rows + 1;
        let columns = self.layout.columns;
        if values.len() != columns.len() {
            return Err(WriteFault::Columns { row, count: values.len(), expected: columns.len() });
        }
        let (length, substituted) = (self.out.len(), self.substitutions.len());
        for (column, value) in columns.iter().zip(values) {
            if let Err(fault) = self.value(row, column, value.as_ref()) {
                self.out.truncate(length);
                self.substitutions.truncate(substituted);
                return Err(fault);
            }
        }
        self.out.extend_from_slice(b"\r\n");
        self.rows = row;
        Ok(())
    }

    /// Characters written as their twins.
    pub fn substitutions(&self) -> &[Substitution] {
        &self.substitutions
    }

    /// The bytes of the file.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn value(&mut self, row: u64, column: &Column, value: &str) -> Result<(), WriteFault> {
        if column.number > 1 {
            self.out.push(b',');
        }
        // A value of another form that would break the row is quoted as well: any reader undoes it.
        let quoted = column.form == Form::Text || value.contains([',', '"', '\r', '\n']);
        if quoted {
            self.out.push(b'"');
        }
        for (index, character) in value.chars().enumerate() {
            let position = index + 1;
            if character.is_control() && !matches!(character, '\r' | '\n' | '\t') {
                return Err(WriteFault::Control { row, column: column.number, item: column.name, position });
            }
            if character == '"' {
                self.out.extend_from_slice(b"\"\"");
                continue;
            }
            let twin = TWINS.iter().find(|(from, _)| *from == character).map(|(_, to)| *to);
            let written = twin.unwrap_or(character);
            if !encode(written, &mut self.out) {
                let (column, item) = (column.number, column.name);
                return Err(WriteFault::Unmappable { row, column, item, position, character });
            }
            if twin.is_some() {
                self.substitutions.push(Substitution {
                    row,
                    column: column.number,
                    position,
                    from: character,
                    to: written,
                });
            }
        }
        if quoted {
            self.out.push(b'"');
        }
        Ok(())
    }
}

/// One character in MS932; false, and nothing written, where there is none.
pub(crate) fn encode(character: char, out: &mut Vec<u8>) -> bool {
    if character.is_ascii() {
        out.push(character as u8);
        return true;
    }
    // 外字 decode to private use and must not come back. The encoder would make \ of ¥, ~ of ‾ and － of −: what has a twin is
    // replaced where that is said, or not at all.
    if matches!(character, '\u{80}' | '\u{A5}' | '\u{203E}' | '\u{2212}' | '\u{E000}'..='\u{F8FF}') {
        return false;
    }
    let mut utf8 = [0; 4];
    let mut bytes = [0; 4];
    let mut encoder = encoding_rs::SHIFT_JIS.new_encoder();
    let text = character.encode_utf8(&mut utf8);
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut bytes, true);
    match (result, bytes.get(..written)) {
        (encoding_rs::EncoderResult::InputEmpty, Some(encoded)) => {
            out.extend_from_slice(encoded);
            true
        }
        _ => false,
    }
}

/// Text in MS932, without the twins: what a test or a fixture needs. None if a character has no place there.
pub fn ms932(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    text.chars().all(|character| encode(character, &mut out)).then_some(out)
}

/// 読んだままの行 — a row as it was read, with what the standard leaves to the writer: quotes and the line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The values in MS932, and whether each was quoted.
    pub cells: Vec<(Vec<u8>, bool)>,
    /// The line end.
    pub line_end: LineEnd,
}

impl Row {
    /// A row as it was read. None if its quotes are at fault or it has more cells than are kept.
    pub fn of(record: &Record<'_, '_>) -> Option<Row> {
        if record.quote_fault().is_some() || record.len() != record.cells().len() {
            return None;
        }
        let cells = record.cells().map(|cell| (cell.bytes().into_owned(), cell.is_quoted())).collect();
        Some(Row { cells, line_end: record.line_end() })
    }

    /// Writes it as it was.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (index, (value, quoted)) in self.cells.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if *quoted {
                out.push(b'"');
                for &byte in value {
                    out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
                }
                out.push(b'"');
            } else {
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(match self.line_end {
            LineEnd::CrLf => b"\r\n",
            LineEnd::Lf => b"\n",
            LineEnd::None => b"",
        });
    }

    /// The value at this position as text.
    pub fn text(&self, index: usize) -> Option<std::borrow::Cow<'_, str>> {
        ms932::decode(&self.cells.get(index)?.0)
    }
}
