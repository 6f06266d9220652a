use super::{PersonKey, Value};
use crate::read::{self, Record, Records};
use crate::rules::v24;
use crate::{Column, FileKind, Layout, layout};
use std::borrow::Cow;

/// 一つのファイル — its bytes and the columns of its edition.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    layout: &'static Layout,
    bytes: &'a [u8],
}

impl<'a> Sheet<'a> {
    /// A file of this kind; none if its CSVバージョン is unknown or its edition has no such file.
    pub fn new(kind: FileKind, bytes: &'a [u8]) -> Option<Sheet<'a>> {
        let layout = layout(kind, read::edition(bytes)?)?;
        Some(Sheet { layout, bytes })
    }

    /// Its columns.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Gives every row that has the columns of the file, from the first. A header row is passed over. Returns how many
    /// records were no rows: blank lines, broken quotes, another number of columns or another CSVバージョン.
    pub fn rows(&self, each: impl FnMut(Row<'_, 'a>)) -> u64 {
        let mut passed_over = 0;
        self.rows_and_others(each, |_| passed_over += 1);
        passed_over
    }

    /// The same; the records that are no rows are given as well.
    pub fn rows_and_others(&self, mut each: impl FnMut(Row<'_, 'a>), mut other: impl FnMut(&Record<'_, 'a>)) {
        let mut records = Records::new(self.bytes);
        while let Some(record) = records.next_record() {
            if is_row(self.layout, &record) {
                each(Row { layout: self.layout, record });
            } else if !(record.number() == 1 && v24::is_header(&record)) {
                other(&record);
            }
        }
    }
}

fn is_row(layout: &Layout, record: &Record<'_, '_>) -> bool {
    record.quote_fault().is_none()
        && record.len() == layout.columns.len()
        && record.cell(0).is_some_and(|version| *version.bytes() == *layout.edition.csv_version().as_bytes())
}

/// 行 — one row by the identifiers of its columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r, 'a> {
    layout: &'static Layout,
    record: Record<'r, 'a>,
}

impl<'a> Row<'_, 'a> {
    /// Record number, from 1, a header row included.
    pub fn number(&self) -> u64 {
        self.record.number()
    }

    /// Its columns.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// The value of a column; none if the edition has no such column.
    pub fn value(&self, ident: &str) -> Option<Value<'a>> {
        let index = self.layout.index(ident)?;
        Some(Value::read(self.layout.columns.get(index)?, self.bytes(index)))
    }

    /// All values, in the order of the columns.
    pub fn values(&self) -> impl Iterator<Item = (&'static Column, Value<'a>)> {
        self.layout.columns.iter().enumerate().map(|(index, column)| (column, Value::read(column, self.bytes(index))))
    }

    /// 利用者: none if one of the two numbers cannot be read.
    pub fn person(&self) -> Option<PersonKey> {
        match (self.value("insurer_no")?, self.value("insured_no")?) {
            (Value::Insurer(insurer), Value::Insured(insured)) => {
                Some(PersonKey { insurer, insured: insured.into_revealed() })
            }
            _ => None,
        }
    }

    pub(crate) fn bytes(&self, index: usize) -> Cow<'a, [u8]> {
        self.record.cell(index).map(|cell| cell.bytes()).unwrap_or_default()
    }
}
