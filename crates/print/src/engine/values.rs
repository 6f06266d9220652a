//! The document as values of the typesetter: strings stay strings, and are never read as markup.

use super::text;
use crate::{Align, Block, Column, Document, Fact, Failure, Orientation};
use typst::foundations::{Array, Bytes, Datetime, Dict, IntoValue, Value};

/// 日本標準時.
pub(super) const JAPAN_MINUTES: i32 = 9 * 60;
/// Lines of a row beyond which it may break over pages: no page is that high.
const ROW_LINES_MAX: usize = 26;
/// Full widths of a line of table text, upright and lying.
const WIDTHS: (f64, f64) = (53.0, 82.0);
/// The share of the values in a table of facts.
const FACT_SHARE: f64 = 0.72;

/// When the document was made, in Japan.
pub(super) struct Moment(jiff::civil::DateTime);

impl Moment {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let at: jiff::Timestamp = text.parse().map_err(|_| Failure::MadeAt)?;
        let japan = jiff::tz::Offset::from_seconds(JAPAN_MINUTES * 60).map_err(|_| Failure::MadeAt)?;
        Ok(Self(japan.to_datetime(at)))
    }

    pub(super) fn datetime(&self) -> Option<Datetime> {
        let small = |value: i8| u8::try_from(value).ok();
        let (date, time) = (self.0.date(), self.0.time());
        Datetime::from_ymd_hms(
            i32::from(date.year()),
            small(date.month())?,
            small(date.day())?,
            small(time.hour())?,
            small(time.minute())?,
            small(time.second())?,
        )
    }

    fn in_words(&self) -> String {
        let at = self.0;
        format!("{}年{}月{}日 {}時{:02}分", at.year(), at.month(), at.day(), at.hour(), at.minute())
    }
}

pub(super) fn of(document: &Document, made_at: &Moment) -> Dict {
    let landscape = document.orientation == Orientation::Landscape;
    let widths = if landscape { WIDTHS.1 } else { WIDTHS.0 };
    let mut dict = Dict::new();
    let mut put = |key: &str, value: Value| dict.insert(key.into(), value);
    put("title", plain(&document.title));
    put("subtitle", plain(&document.subtitle));
    put("footer", plain(&document.footer));
    put("made", made_at.in_words().into_value());
    put("landscape", landscape.into_value());
    put("facts", facts(&document.facts, widths));
    put(
        "sections",
        array(document.sections.iter().map(|section| {
            dict_of([
                ("heading", plain(&section.heading)),
                ("new-page", section.new_page.into_value()),
                ("blocks", array(section.blocks.iter().map(|content| block(content, widths)))),
            ])
        })),
    );
    put(
        "attachments",
        array(document.attachments.iter().map(|file| {
            dict_of([
                ("name", file.name.as_str().into_value()),
                ("type", file.media_type.as_str().into_value()),
                ("description", plain(&file.description)),
                ("bytes", Bytes::new(file.bytes.clone()).into_value()),
            ])
        })),
    );
    dict_of_dict(dict)
}

fn dict_of_dict(dict: Dict) -> Dict {
    let mut inputs = Dict::new();
    inputs.insert("doc".into(), dict.into_value());
    inputs
}

fn block(block: &Block, widths: f64) -> Value {
    match block {
        Block::Paragraph { text } => dict_of([("kind", "paragraph".into_value()), ("text", lines(text))]),
        Block::Steps { items } => {
            dict_of([("kind", "steps".into_value()), ("items", array(items.iter().map(|item| lines(item))))])
        }
        Block::Facts { facts: rows } => dict_of([("kind", "facts".into_value()), ("facts", facts(rows, widths))]),
        Block::Table { columns, rows, empty } => table(columns, rows, empty, widths),
    }
}

fn table(columns: &[Column], rows: &[Vec<String>], empty: &str, widths: f64) -> Value {
    let total: f64 = columns.iter().map(|column| f64::from(column.weight)).sum();
    let share = |column: &Column| widths * f64::from(column.weight) / total - 1.0;
    let row = |cells: &Vec<String>| {
        let tallest = columns.iter().zip(cells).map(|(column, cell)| text::lines(cell, share(column))).max();
        dict_of([
            ("breakable", (tallest.unwrap_or(0) > ROW_LINES_MAX).into_value()),
            ("cells", array(cells.iter().map(|cell| lines(cell)))),
        ])
    };
    let head = |column: &Column| {
        let align = match column.align {
            Align::Left => "left",
            Align::Center => "center",
            Align::Right => "right",
        };
        dict_of([
            ("label", lines(&column.label)),
            ("weight", i64::from(column.weight).into_value()),
            ("align", align.into_value()),
        ])
    };
    dict_of([
        ("kind", "table".into_value()),
        ("columns", array(columns.iter().map(head))),
        ("rows", array(rows.iter().map(row))),
        ("empty", lines(empty)),
    ])
}

fn facts(facts: &[Fact], widths: f64) -> Value {
    array(facts.iter().map(|fact| {
        let tallest = text::lines(&fact.value, widths * FACT_SHARE);
        dict_of([
            ("label", lines(&fact.label)),
            ("value", lines(&fact.value)),
            ("breakable", (tallest > ROW_LINES_MAX).into_value()),
        ])
    }))
}

/// A text in one line.
fn plain(text: &str) -> Value {
    text::printable(text).replace('\n', " ").into_value()
}

/// A text as its lines.
fn lines(text: &str) -> Value {
    array(text::breakable(&text::printable(text)).split('\n').map(IntoValue::into_value))
}

fn array(values: impl Iterator<Item = Value>) -> Value {
    values.collect::<Array>().into_value()
}

fn dict_of<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Dict>().into_value()
}
