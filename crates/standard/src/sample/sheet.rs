use std::fmt::Display;
use std::fmt::Write as _;

use encoding_rs::SHIFT_JIS;

use crate::layout::{self, Edition, FileKind, Form, Layout};

/// A CSV file being written: strictly, in MS932 with CRLF and every text in quotes.
pub(super) struct Sheet {
    kind: FileKind,
    layout: &'static Layout,
    cells: Vec<String>,
    line: String,
    bytes: Vec<u8>,
}

/// The row being filled; it is written when it goes out of scope.
pub(super) struct Row<'a>(&'a mut Sheet);

impl Sheet {
    pub(super) fn new(kind: FileKind) -> Self {
        let layout = layout::layout(kind, Edition::V202407).expect("every CSV file kind has a current layout");
        Sheet { kind, layout, cells: vec![String::new(); layout.columns.len()], line: String::new(), bytes: Vec::new() }
    }

    pub(super) fn kind(&self) -> FileKind {
        self.kind
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn row(&mut self) -> Row<'_> {
        let mut row = Row(self);
        row.put("csv_version", "202407");
        row
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn write_row(&mut self) {
        self.line.clear();
        for (cell, column) in self.cells.iter_mut().zip(self.layout.columns) {
            if column.number > 1 {
                self.line.push(',');
            }
            if column.form == Form::Text {
                self.line.push('"');
                self.line.push_str(&cell.replace('"', "\"\""));
                self.line.push('"');
            } else {
                self.line.push_str(cell);
            }
            cell.clear();
        }
        self.line.push_str("\r\n");
        let (bytes, _, failed) = SHIFT_JIS.encode(&self.line);
        assert!(!failed, "sample text is MS932 text");
        self.bytes.extend_from_slice(&bytes);
    }
}

impl Row<'_> {
    /// Fills the column of this identifier.
    pub(super) fn put(&mut self, ident: &str, value: impl Display) -> &mut Self {
        let place = self.0.layout.index(ident);
        let cell = &mut self.0.cells[place.unwrap_or_else(|| panic!("no column {ident} in this layout"))];
        cell.clear();
        write!(cell, "{value}").expect("a String takes everything");
        self
    }
}

impl Drop for Row<'_> {
    fn drop(&mut self) {
        self.0.write_row();
    }
}
