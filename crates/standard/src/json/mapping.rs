//! 対応 — how columns and cells stand in the JSON. Everything that another JSON form of the standard would do otherwise (the
//! national one of edition 5.0 above all) is in this file; the rest of the module knows only sets, files and rows.

use super::binary::{from_hex, to_hex};
use super::tree::{Tree, quote};
use super::{Fault, Problem};
use crate::layout::Form;
use crate::{Column, Layout, ms932};
use std::borrow::Cow;

/// 引用符の付け方 — how a file writes its quotes. Cells that do otherwise say so themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Free text, and what needs it: the form to write (別紙 footnote, README 7).
    Text,
    /// The same, but not empty text.
    TextFilled,
    /// Every cell.
    All,
    /// Every cell with something in it.
    AllFilled,
    /// Only what needs it.
    Needed,
}

impl Quoting {
    pub(super) const ALL: [Quoting; 5] =
        [Quoting::Text, Quoting::TextFilled, Quoting::All, Quoting::AllFilled, Quoting::Needed];

    pub(super) const fn id(self) -> &'static str {
        match self {
            Quoting::Text => "text",
            Quoting::TextFilled => "text_filled",
            Quoting::All => "all",
            Quoting::AllFilled => "all_filled",
            Quoting::Needed => "needed",
        }
    }

    /// Whether a cell is quoted that says nothing of its own.
    pub(super) fn quotes(self, column: Option<&Column>, bytes: &[u8]) -> bool {
        let text = column.is_some_and(|column| column.form == Form::Text);
        let needed = bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
        match self {
            Quoting::Text => text || needed,
            Quoting::TextFilled => (text && !bytes.is_empty()) || needed,
            Quoting::All => true,
            Quoting::AllFilled => !bytes.is_empty(),
            Quoting::Needed => needed,
        }
    }
}

/// Writes a row: an object of all columns by identifier.
pub(super) fn row<'c>(
    layout: &Layout,
    cells: impl Iterator<Item = (Cow<'c, [u8]>, bool)>,
    quoting: Quoting,
    out: &mut String,
) -> Result<(), &'static str> {
    for (index, (column, (bytes, quoted))) in layout.columns.iter().zip(cells).enumerate() {
        out.push_str(if index > 0 { ", " } else { "{" });
        quote(column.ident, out);
        out.push_str(": ");
        cell(Some(column), &bytes, quoted, quoting, out).map_err(|()| column.name)?;
    }
    out.push('}');
    Ok(())
}

/// Writes a cell: null, a number or a string where that says all; otherwise an object of text, quotes and bytes. Fails when
/// the bytes are not MS932.
pub(super) fn cell(
    column: Option<&Column>,
    bytes: &[u8],
    quoted: bool,
    quoting: Quoting,
    out: &mut String,
) -> Result<(), ()> {
    let text = ms932::decode(bytes).ok_or(())?;
    let regular = quoting.quotes(column, bytes) == quoted;
    // NEC and IBM duplicates, 外字 and the like decode to a character that is written with other bytes.
    let same = written(&text).is_some_and(|written| *written == *bytes);
    if regular && same {
        if text.is_empty() {
            out.push_str("null");
        } else if is_number(column, &text) {
            out.push_str(&text);
        } else {
            quote(&text, out);
        }
        return Ok(());
    }
    out.push_str("{\"text\": ");
    quote(&text, out);
    if !regular {
        out.push_str(if quoted { ", \"quoted\": true" } else { ", \"quoted\": false" });
    }
    if !same {
        out.push_str(", \"bytes\": ");
        quote(&to_hex(bytes), out);
    }
    out.push('}');
    Ok(())
}

/// An integer written in the one way, small enough for any reader of JSON.
fn is_number(column: Option<&Column>, text: &str) -> bool {
    const DIGITS_MAX: usize = 15;
    let digits = text.strip_prefix('-').unwrap_or(text);
    column.is_some_and(|column| column.form == Form::Integer)
        && (1..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!digits.starts_with('0') || text == "0")
}

/// Reads a cell: its bytes, and whether it is quoted.
pub(super) fn read_cell(
    column: Option<&Column>,
    value: &Tree,
    quoting: Quoting,
    path: &dyn Fn() -> String,
) -> Result<(Vec<u8>, bool), Fault> {
    let fault = |problem| Err(Fault { path: path(), problem });
    let regular = |bytes: Vec<u8>| {
        let quoted = quoting.quotes(column, &bytes);
        (bytes, quoted)
    };
    match value {
        Tree::Null => Ok(regular(Vec::new())),
        Tree::Integer(number) if column.is_some_and(|column| column.form == Form::Integer) => {
            Ok(regular(number.to_string().into_bytes()))
        }
        Tree::Text(text) if text.is_empty() => fault(Problem::EmptyText),
        Tree::Text(text) => Ok(regular(encode(column, text, path)?)),
        Tree::Object(members) => {
            let mut bytes = None;
            let (mut quoted, mut text) = (None, None);
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("text", Tree::Text(value)) => text = Some(value),
                    ("quoted", Tree::Bool(value)) => quoted = Some(*value),
                    ("bytes", Tree::Text(hex)) => match from_hex(hex) {
                        Some(read) => bytes = Some(read),
                        None => return fault(Problem::Binary),
                    },
                    ("text" | "quoted" | "bytes", _) => return fault(Problem::Cell),
                    _ => return fault(Problem::UnknownMember),
                }
            }
            let Some(text) = text else { return fault(Problem::Missing("text")) };
            let bytes = match bytes {
                Some(bytes) if ms932::decode(&bytes).as_deref() == Some(text.as_str()) => bytes,
                Some(_) => return fault(Problem::OtherText),
                None => encode(column, text, path)?,
            };
            let quoted = quoted.unwrap_or_else(|| quoting.quotes(column, &bytes));
            Ok((bytes, quoted))
        }
        _ => fault(Problem::Cell),
    }
}

/// The text in MS932, if every character has a place there.
fn written(text: &str) -> Option<Cow<'_, [u8]>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    // 外字 decode to private use and must not come back; U+0080 is no character of MS932.
    if text.chars().any(|character| matches!(character, '\u{80}' | '\u{E000}'..='\u{F8FF}')) {
        return None;
    }
    let (bytes, _, unmappable) = encoding_rs::SHIFT_JIS.encode(text);
    (!unmappable).then_some(bytes)
}

/// The text in MS932, if reading it again gives the same text.
fn encode(column: Option<&Column>, text: &str, path: &dyn Fn() -> String) -> Result<Vec<u8>, Fault> {
    let comes_back = |text: &str| {
        let bytes = written(text)?;
        (ms932::decode(&bytes).as_deref() == Some(text)).then(|| bytes.into_owned())
    };
    if let Some(bytes) = comes_back(text) {
        return Ok(bytes);
    }
    let mut utf8 = [0; 4];
    let at = text.chars().position(|character| comes_back(character.encode_utf8(&mut utf8)).is_none());
    let problem = Problem::Unmappable { item: column.map(|column| column.name), position: at.unwrap_or_default() + 1 };
    Err(Fault { path: path(), problem })
}

/// The schema of a row.
pub(super) fn row_schema(layout: &Layout) -> Tree {
    let property = |column: &Column| {
        let cell = if column.form == Form::Integer { "#/$defs/integer_cell" } else { "#/$defs/text_cell" };
        let mut members = vec![("title".to_owned(), Tree::text(column.name)), ("$ref".to_owned(), Tree::text(cell))];
        if let Some(codes) = column.codes {
            let values: Vec<String> = codes.values.iter().map(|(code, meaning)| format!("{code}: {meaning}")).collect();
            members.insert(1, ("description".to_owned(), Tree::Text(values.join(", "))));
        }
        (column.ident.to_owned(), Tree::Object(members))
    };
    Tree::object([
        ("title", Tree::text(layout.kind.label())),
        ("type", Tree::text("object")),
        ("properties", Tree::Object(layout.columns.iter().map(property).collect())),
        ("required", Tree::Array(layout.columns.iter().map(|column| Tree::text(column.ident)).collect())),
        ("additionalProperties", Tree::Bool(false)),
    ])
}

/// The schemas of cells.
pub(super) fn cell_schemas() -> Vec<(String, Tree)> {
    let kind = |name: &str| Tree::object([("type", Tree::text(name))]);
    let text = Tree::object([("type", Tree::text("string")), ("minLength", Tree::Integer(1))]);
    let reference = Tree::object([("$ref", Tree::text("#/$defs/exception"))]);
    let exception = Tree::object([
        ("title", Tree::text("A cell that null, a number or a string does not say all about")),
        ("type", Tree::text("object")),
        (
            "properties",
            Tree::object([
                ("text", kind("string")),
                ("quoted", kind("boolean")),
                ("bytes", Tree::object([("type", Tree::text("string")), ("pattern", Tree::text("^([0-9a-f]{2})+$"))])),
            ]),
        ),
        ("required", Tree::Array(vec![Tree::text("text")])),
        ("minProperties", Tree::Integer(2)),
        ("additionalProperties", Tree::Bool(false)),
    ]);
    let of = |kinds: Vec<Tree>| Tree::object([("anyOf", Tree::Array(kinds))]);
    vec![
        ("exception".to_owned(), exception),
        ("text_cell".to_owned(), of(vec![kind("null"), text.clone(), reference.clone()])),
        ("integer_cell".to_owned(), of(vec![kind("null"), kind("integer"), text, reference])),
    ]
}
