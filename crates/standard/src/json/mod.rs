//! 正準JSON — one set of files as JSON, ours, versioned ([`FORMAT`]) and lossless both ways. `docs/canonical-json.md` explains
//! it, `docs/canonical-json.schema.json` is [`schema`].
//!
//! It is not the national JSON of edition 5.0. What such a form would do otherwise is all in `mapping.rs`.
//!
//! A set is either converted so that its bytes come back, or refused with the reason; nothing is replaced or guessed.

mod binary;
mod mapping;
mod tree;

use crate::layout::EDITIONS;
use crate::name::{self, FileName};
use crate::read::{self, LineEnd, Record, Records};
use crate::rules::v24;
use crate::unit::{Group, UnitKey};
use crate::{Edition, FileKind, Layout, SourceFile, layout};
use mapping::Quoting;
use std::fmt;
use tree::Tree;

/// The name and version of the form.
pub const FORMAT: &str = "fumibako-set/1";

/// ファイル — a file that was in the JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// File name.
    pub name: String,
    /// The bytes, as they were.
    pub bytes: Vec<u8>,
}

/// 変換できない — where, and why. No value is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place: the kind of a file and a record of it, or a path into the JSON.
    pub path: String,
    /// Why.
    pub problem: Problem,
}

/// 変換できない理由.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No file, or files of several sets.
    #[error("ファイル連番・送信元・送信先がそろった一組のファイルではありません")]
    NotOneSet,
    /// No name of the standard.
    #[error("ファイル名が標準仕様の形ではありません")]
    Name,
    /// A byte order mark, which a file of the standard does not have.
    #[error("先頭にBOM（UTF-8の印）があります。MS932（Shift_JIS）のファイルではありません")]
    ByteOrderMark,
    /// No CSVバージョン, or one this crate does not know.
    #[error("CSVバージョンがわからないため、項目を区別できません")]
    Edition,
    /// The edition has no such file.
    #[error("このファイル種別は、書かれているCSVバージョンにはありません")]
    NoSuchSheet,
    /// Broken quotes, more cells than are kept, or a record longer than is read as one.
    #[error("引用符（\"）が正しく閉じられていないか、項目が多すぎるか、行が長すぎます")]
    Broken,
    /// Bytes that are not MS932.
    #[error("「{item}」にMS932（Shift_JIS）として読めない文字があります")]
    Undecodable {
        /// The item.
        item: &'static str,
    },
    /// Not JSON.
    #[error("JSONとして読めません（{line}行{column}文字目）")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A member stands twice in one object.
    #[error("同じ名前の項目が二つあります（{line}行{column}文字目）")]
    Twice {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another form, or another version of it.
    #[error("この版の形式は読めません。読めるのは \"{FORMAT}\" です")]
    Version,
    /// A member is missing.
    #[error("項目「{0}」がありません")]
    Missing(&'static str),
    /// A member too many.
    #[error("この形式にない項目です")]
    UnknownMember,
    /// Another kind of value than there should be.
    #[error("{0}を書くところです")]
    Kind(&'static str),
    /// A cell that is none.
    #[error("セルは null、文字列、整数（整数の項目だけ）、または text を持つオブジェクトです")]
    Cell,
    /// An empty string.
    #[error("空のセルは null と書きます")]
    EmptyText,
    /// Bytes that are not written as they should be.
    #[error("バイト列の書き方（16進数の小文字・base64）が違います")]
    Binary,
    /// The bytes of a cell say something else than its text.
    #[error("bytes と text が同じ文字を表していません")]
    OtherText,
    /// A character that MS932 does not have, or writes as another.
    #[error("{}{position}文字目はMS932（Shift_JIS）にない文字です", item.map(|item| format!("「{item}」の")).unwrap_or_default())]
    Unmappable {
        /// The item.
        item: Option<&'static str>,
        /// Position in the text, in characters from 1.
        position: usize,
    },
    /// What was read would be written otherwise.
    #[error("正準の書き方ではありません（この内容なら別の書き方になります）")]
    NotCanonical,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { self.problem.fmt(f) } else { write!(f, "{}: {}", self.path, self.problem) }
    }
}

impl std::error::Error for Fault {}

fn fault<T>(path: impl Into<String>, problem: Problem) -> Result<T, Fault> {
    Err(Fault { path: path.into(), problem })
}

/// One set as JSON. The files must have one serial, sender and receiver; their order does not matter.
pub fn to_json(files: &[SourceFile<'_>]) -> Result<String, Fault> {
    let mut named: Vec<(FileName, &SourceFile<'_>)> = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        match name::parse(file.name) {
            Ok(name) => named.push((name, file)),
            Err(_) => return fault(format!("{}番目のファイル", index + 1), Problem::Name),
        }
    }
    named.sort_by_key(|(name, file)| (name.kind.rank(), name.branch, file.name));
    let Some(key) = named.first().map(|(name, _)| UnitKey::of(name)) else { return fault("", Problem::NotOneSet) };
    if named.iter().any(|(name, _)| UnitKey::of(name) != key) {
        return fault("", Problem::NotOneSet);
    }
    let group = Group { key, files: named.iter().map(|(name, _)| *name).enumerate().collect() };
    let mut out = format!("{{\n  \"format\": \"{FORMAT}\",\n  \"unit\": ");
    tree::pretty(&unit(&group), 1, &mut out);
    out.push_str(",\n  \"files\": [");
    for (index, (name, file)) in named.iter().enumerate() {
        out.push_str(if index > 0 { ",\n    {" } else { "\n    {" });
        member("name", Tree::text(file.name), &mut out);
        member("kind", Tree::text(name.kind.id()), &mut out);
        if name.kind == FileKind::UpkihonImage {
            out.push_str("\n      \"jpeg\": ");
            tree::quote(&binary::to_base64(file.bytes), &mut out);
        } else {
            sheet(name.kind, file.bytes, &mut out)?;
        }
        out.push_str("\n    }");
    }
    out.push_str("\n  ]\n}\n");
    Ok(out)
}

fn place(file: usize) -> String {
    format!("files[{file}]")
}

/// One member of a file, on a line of its own.
fn member(label: &str, value: Tree, out: &mut String) {
    out.push_str("\n      ");
    tree::quote(label, out);
    out.push_str(": ");
    tree::compact(&value, out);
    out.push(',');
}

/// What the files have in common: written for readers, taken from the names.
fn unit(group: &Group) -> Tree {
    let code = |code: Option<crate::ServiceType>| code.map_or(Tree::Null, |code| Tree::text(code.as_str()));
    let UnitKey { serial, sender, sender_type, receiver, receiver_type } = group.key;
    Tree::object([
        ("kind", group.kind().map_or(Tree::Null, |kind| Tree::text(kind.id()))),
        ("serial", Tree::text(serial.as_str())),
        ("sender", Tree::text(sender.as_str())),
        ("sender_type", code(sender_type)),
        ("receiver", Tree::text(receiver.as_str())),
        ("receiver_type", code(receiver_type)),
        ("service_month", group.service_month().map_or(Tree::Null, |month| Tree::Text(month.to_string()))),
    ])
}

/// Which layout the records of a file have; none for a file that says nothing.
fn layout_of(kind: FileKind, bytes: &[u8]) -> Result<Option<&'static Layout>, Problem> {
    match read::csv_version(bytes) {
        Some(version) => {
            let edition = Edition::from_csv_version(&version).ok_or(Problem::Edition)?;
            layout(kind, edition).map(Some).ok_or(Problem::NoSuchSheet)
        }
        None if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => Ok(None),
        None => Err(Problem::Edition),
    }
}

/// Whether a record is written as an object of columns; header rows and blank lines are arrays of cells.
fn is_row(layout: Option<&'static Layout>, record: &Record<'_, '_>) -> Option<&'static Layout> {
    layout.filter(|layout| record.len() == layout.columns.len() && !(record.number() == 1 && v24::is_header(record)))
}

fn sheet(kind: FileKind, bytes: &[u8], out: &mut String) -> Result<(), Fault> {
    let at = |problem| Fault { path: kind.id().to_owned(), problem };
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(at(Problem::ByteOrderMark));
    }
    let layout = layout_of(kind, bytes).map_err(at)?;
    let (quoting, ends) = survey(layout, bytes)
        .map_err(|record| Fault { path: format!("{} {record}行目", kind.id()), problem: Problem::Broken })?;
    member("edition", layout.map_or(Tree::Null, |layout| Tree::text(layout.edition.csv_version())), out);
    member("quoting", Tree::text(quoting.id()), out);
    member("line_end", Tree::text(if ends.usual == LineEnd::Lf { "lf" } else { "crlf" }), out);
    member("other_line_ends", Tree::Array(ends.others.iter().map(|record| Tree::Integer(*record)).collect()), out);
    member("ends_with_line_end", Tree::Bool(ends.last), out);
    out.push_str("\n      \"rows\": [");
    let mut records = Records::new(bytes);
    while let Some(record) = records.next_record() {
        out.push_str(if record.number() > 1 { ",\n        " } else { "\n        " });
        let cells = record.cells().map(|cell| (cell.bytes(), cell.is_quoted()));
        let undecodable = match is_row(layout, &record) {
            Some(layout) => mapping::row(layout, cells, quoting, out).err(),
            None => {
                let mut done = Ok(());
                for (at, (bytes, quoted)) in cells.enumerate() {
                    out.push_str(if at > 0 { ", " } else { "[" });
                    done = done.and(mapping::cell(None, &bytes, quoted, quoting, out));
                }
                out.push(']');
                done.err().map(|()| "見出しなどの行")
            }
        };
        if let Some(item) = undecodable {
            let path = format!("{} {}行目", kind.id(), record.number());
            return fault(path, Problem::Undecodable { item });
        }
    }
    out.push_str(if bytes.is_empty() { "]" } else { "\n      ]" });
    Ok(())
}

struct LineEnds {
    usual: LineEnd,
    /// Records that end otherwise, from 1.
    others: Vec<i64>,
    /// Whether the last record has a line end at all.
    last: bool,
}

/// How a file is written: the quoting with the fewest exceptions (of equals, the first), and its line ends. Fails with the
/// record whose bytes could not be written again.
fn survey(layout: Option<&'static Layout>, bytes: &[u8]) -> Result<(Quoting, LineEnds), u64> {
    let mut exceptions = Quoting::ALL.map(|_| 0u64);
    let mut ends = LineEnds { usual: LineEnd::None, others: Vec::new(), last: true };
    let mut records = Records::new(bytes);
    let mut again = Vec::new();
    while let Some(record) = records.next_record() {
        if !ends.last {
            // The one before has no end and is not the last: it was too long.
            return Err(record.number() - 1);
        }
        if record.quote_fault().is_some() || record.len() != record.cells().len() {
            return Err(record.number());
        }
        let layout = is_row(layout, &record);
        again.clear();
        for (index, cell) in record.cells().enumerate() {
            let value = cell.bytes();
            let column = layout.and_then(|layout| layout.columns.get(index));
            for (quoting, count) in Quoting::ALL.into_iter().zip(&mut exceptions) {
                *count += u64::from(quoting.quotes(column, &value) != cell.is_quoted());
            }
            put(&mut again, index, &value, cell.is_quoted());
        }
        if again != record.raw() {
            return Err(record.number());
        }
        match record.line_end() {
            LineEnd::None => ends.last = false,
            end if ends.usual == LineEnd::None => ends.usual = end,
            end if end != ends.usual => ends.others.push(i64::try_from(record.number()).unwrap_or(i64::MAX)),
            _ => {}
        }
    }
    let fewest = Quoting::ALL.into_iter().zip(exceptions).min_by_key(|(_, count)| *count);
    Ok((fewest.map_or(Quoting::Text, |(quoting, _)| quoting), ends))
}

fn put(out: &mut Vec<u8>, index: usize, value: &[u8], quoted: bool) {
    if index > 0 {
        out.push(b',');
    }
    if !quoted {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for &byte in value {
        out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
    }
    out.push(b'"');
}

/// The files of a set from its JSON, in the order of the standard, byte for byte as they were.
pub fn from_json(text: &str) -> Result<Vec<File>, Fault> {
    let document = parse(text)?;
    let Tree::Object(_) = document else { return fault("", Problem::Kind("オブジェクト")) };
    match document.member("format") {
        Some(Tree::Text(format)) if format == FORMAT => {}
        Some(_) => return fault("format", Problem::Version),
        None => return fault("", Problem::Missing("format")),
    }
    let [_, unit, files] = members(&document, ["format", "unit", "files"], "")?;
    let Tree::Object(_) = unit else { return fault("unit", Problem::Kind("オブジェクト")) };
    let Tree::Array(files) = files else { return fault("files", Problem::Kind("配列")) };
    let mut read = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        read.push(read_file(file, &place(index))?);
    }
    // Whatever else could be wrong shows when it is written again: the unit, the order, a cell that says too much.
    let sources: Vec<SourceFile<'_>> =
        read.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    let canonical = to_json(&sources)?;
    if canonical == text {
        return Ok(read);
    }
    let canonical = parse(&canonical)?;
    match tree::first_difference(&document, &canonical, "") {
        Some(path) => fault(path.trim_start_matches('.'), Problem::NotCanonical),
        None => Ok(read),
    }
}

fn parse(text: &str) -> Result<Tree, Fault> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let twice = error.is_data() && error.to_string().starts_with(tree::TWICE);
        let problem = if twice { Problem::Twice { line, column } } else { Problem::Syntax { line, column } };
        Fault { path: String::new(), problem }
    })
}

/// The members of an object, which has these and no other.
fn members<'t, const N: usize>(object: &'t Tree, names: [&'static str; N], path: &str) -> Result<[&'t Tree; N], Fault> {
    let Tree::Object(all) = object else { return fault(path, Problem::Kind("オブジェクト")) };
    if let Some(missing) = names.into_iter().find(|name| object.member(name).is_none()) {
        return fault(path, Problem::Missing(missing));
    }
    if let Some((name, _)) = all.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        let path = format!("{path}.{}", tree::plain(name));
        return fault(path.trim_start_matches('.'), Problem::UnknownMember);
    }
    Ok(names.map(|name| object.member(name).unwrap_or(&Tree::Null)))
}

fn read_file(file: &Tree, path: &str) -> Result<File, Fault> {
    let member = |name: &'static str| match file.member(name) {
        Some(Tree::Text(text)) => Ok(text.clone()),
        Some(_) => fault(format!("{path}.{name}"), Problem::Kind("文字列")),
        None => fault(path, Problem::Missing(name)),
    };
    let name = member("name")?;
    let Ok(parsed) = name::parse(&name) else { return fault(format!("{path}.name"), Problem::Name) };
    if member("kind")? != parsed.kind.id() {
        return fault(format!("{path}.kind"), Problem::NotCanonical);
    }
    if parsed.kind == FileKind::UpkihonImage {
        members(file, ["name", "kind", "jpeg"], path)?;
        let bytes = binary::from_base64(&member("jpeg")?);
        return match bytes {
            Some(bytes) => Ok(File { name, bytes }),
            None => fault(format!("{path}.jpeg"), Problem::Binary),
        };
    }
    let names = ["name", "kind", "edition", "quoting", "line_end", "other_line_ends", "ends_with_line_end", "rows"];
    let [_, _, edition, quoting, line_end, others, last, rows] = members(file, names, path)?;
    let below = |name: &str| format!("{path}.{name}");
    let layout = match edition {
        Tree::Null => None,
        Tree::Text(version) => match Edition::from_csv_version(version.as_bytes()) {
            None => return fault(below("edition"), Problem::Edition),
            Some(edition) => match layout(parsed.kind, edition) {
                None => return fault(below("edition"), Problem::NoSuchSheet),
                found => found,
            },
        },
        _ => return fault(below("edition"), Problem::Kind("文字列か null")),
    };
    let known = Quoting::ALL.into_iter().find(|known| matches!(quoting, Tree::Text(id) if id == known.id()));
    let Some(quoting) = known else {
        return fault(below("quoting"), Problem::Kind("text, text_filled, all, all_filled, needed のどれか"));
    };
    let (usual, other): (&[u8], &[u8]) = match line_end {
        Tree::Text(end) if end == "crlf" => (b"\r\n", b"\n"),
        Tree::Text(end) if end == "lf" => (b"\n", b"\r\n"),
        _ => return fault(below("line_end"), Problem::Kind("crlf か lf")),
    };
    let Tree::Array(others) = others else { return fault(below("other_line_ends"), Problem::Kind("配列")) };
    let mut others = others.iter().peekable();
    let Tree::Bool(last) = last else { return fault(below("ends_with_line_end"), Problem::Kind("true か false")) };
    let Tree::Array(rows) = rows else { return fault(below("rows"), Problem::Kind("配列")) };

    let mut bytes = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let (start, place) = (bytes.len(), format!("{path}.rows[{index}]"));
        read_row(layout, row, quoting, &place, &mut bytes)?;
        if bytes.len() - start > read::RECORD_BYTES_MAX - LINE_END_BYTES {
            return fault(place, Problem::Broken);
        }
        let number = Tree::Integer(index as i64 + 1);
        let end = if others.next_if(|other| **other == number).is_some() { other } else { usual };
        if *last || index + 1 < rows.len() {
            bytes.extend_from_slice(end);
        }
    }
    Ok(File { name, bytes })
}

fn read_row(
    layout: Option<&'static Layout>,
    row: &Tree,
    quoting: Quoting,
    path: &str,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    match (row, layout) {
        (Tree::Array(cells), _) => {
            for (index, cell) in cells.iter().enumerate() {
                let (bytes, quoted) = mapping::read_cell(None, cell, quoting, &|| format!("{path}[{index}]"))?;
                put(out, index, &bytes, quoted);
            }
            Ok(())
        }
        (Tree::Object(members), Some(layout)) => {
            for (index, column) in layout.columns.iter().enumerate() {
                // Members mostly stand in the order of the columns.
                let value = match members.get(index) {
                    Some((name, value)) if name == column.ident => Some(value),
                    _ => row.member(column.ident),
                };
                let Some(value) = value else { return fault(path, Problem::Missing(column.ident)) };
                let place = || format!("{path}.{}", column.ident);
                let (bytes, quoted) = mapping::read_cell(Some(column), value, quoting, &place)?;
                put(out, index, &bytes, quoted);
            }
            match members.iter().find(|(name, _)| layout.column(name).is_none()) {
                Some((name, _)) => fault(format!("{path}.{}", tree::plain(name)), Problem::UnknownMember),
                None => Ok(()),
            }
        }
        (Tree::Object(_), None) => fault(path, Problem::Edition),
        _ => fault(path, Problem::Kind("オブジェクトか配列")),
    }
}

/// Bytes of the longest line end.
const LINE_END_BYTES: usize = 2;

/// The JSON Schema (2020-12) of the form: what `docs/canonical-json.schema.json` holds.
pub fn schema() -> String {
    let kind = |name: &str| Tree::object([("type", Tree::text(name))]);
    let pattern = |pattern: &str| Tree::object([("type", Tree::text("string")), ("pattern", Tree::text(pattern))]);
    let or_null = |pattern: &str| {
        let kinds = Tree::Array(vec![Tree::text("string"), Tree::text("null")]);
        Tree::object([("type", kinds), ("pattern", Tree::text(pattern))])
    };
    let one_of =
        |values: Vec<&str>| Tree::object([("enum", Tree::Array(values.into_iter().map(Tree::text).collect()))]);
    let object = |title: &str, properties: Vec<(&str, Tree)>| {
        let required = properties.iter().map(|(name, _)| Tree::text(*name)).collect();
        let properties = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Tree::object([
            ("title", Tree::text(title)),
            ("type", Tree::text("object")),
            ("properties", Tree::Object(properties)),
            ("required", Tree::Array(required)),
            ("additionalProperties", Tree::Bool(false)),
        ])
    };
    let reference = |name: &str| Tree::object([("$ref", Tree::Text(format!("#/$defs/{name}")))]);
    let list = |items: Tree| Tree::object([("type", Tree::text("array")), ("items", items)]);

    let mut rows = Vec::new();
    let mut choices = Vec::new();
    let sheets = || FileKind::ALL.into_iter().filter(|kind| *kind != FileKind::UpkihonImage);
    for sheet in sheets() {
        // What only renames another edition shares its definition; those of the edition to write have the plain name.
        for entry in EDITIONS.iter().filter(|entry| entry.columns_of == entry.edition) {
            let Some(layout) = layout(sheet, entry.edition) else { continue };
            let of = EDITIONS.iter().filter(|other| other.columns_of == entry.edition);
            let versions = of.map(|other| other.csv_version).collect();
            let current = EDITIONS.first().is_some_and(|first| first.edition == entry.edition);
            let suffix = if current { String::new() } else { format!("_{}", entry.csv_version) };
            let name = format!("{}{suffix}", sheet.id());
            let is = Tree::object([
                ("kind", Tree::object([("const", Tree::text(sheet.id()))])),
                ("edition", one_of(versions)),
            ]);
            let row = Tree::object([("anyOf", Tree::Array(vec![reference(&name), reference("record")]))]);
            choices.push(Tree::object([
                ("if", Tree::object([("properties", is)])),
                ("then", Tree::object([("properties", Tree::object([("rows", list(row))]))])),
            ]));
            rows.push((name, mapping::row_schema(layout)));
        }
    }
    let mut csv = object(
        "A CSV file",
        vec![
            ("name", kind("string")),
            ("kind", one_of(sheets().map(FileKind::id).collect())),
            (
                "edition",
                Tree::object([(
                    "enum",
                    Tree::Array(
                        EDITIONS.iter().map(|entry| Tree::text(entry.csv_version)).chain([Tree::Null]).collect(),
                    ),
                )]),
            ),
            ("quoting", one_of(Quoting::ALL.map(Quoting::id).to_vec())),
            ("line_end", one_of(vec!["crlf", "lf"])),
            ("other_line_ends", list(kind("integer"))),
            ("ends_with_line_end", kind("boolean")),
            ("rows", kind("array")),
        ],
    );
    if let Tree::Object(members) = &mut csv {
        members.push(("allOf".to_owned(), Tree::Array(choices)));
    }
    let image = object(
        "A picture",
        vec![
            ("name", kind("string")),
            ("kind", Tree::object([("const", Tree::text(FileKind::UpkihonImage.id()))])),
            ("jpeg", Tree::object([("type", Tree::text("string")), ("contentEncoding", Tree::text("base64"))])),
        ],
    );
    let kinds = crate::unit::UNITS.iter().map(|entry| Tree::text(entry.id)).chain([Tree::Null]).collect();
    let unit = object(
        "What the files have in common, from their names",
        vec![
            ("kind", Tree::object([("enum", Tree::Array(kinds))])),
            ("serial", pattern("^[0-9]{14}$")),
            ("sender", pattern("^[0-9A-Z]{10}$")),
            ("sender_type", or_null("^[0-9A-Z]{2}$")),
            ("receiver", pattern("^[0-9A-Z]{10}$")),
            ("receiver_type", or_null("^[0-9A-Z]{2}$")),
            ("service_month", or_null("^[0-9]{6}$")),
        ],
    );
    let file = Tree::object([("anyOf", Tree::Array(vec![reference("csv_file"), reference("image_file")]))]);
    let files = Tree::object([("type", Tree::text("array")), ("minItems", Tree::Integer(1)), ("items", file)]);
    let mut definitions = vec![
        ("unit".to_owned(), unit),
        ("csv_file".to_owned(), csv),
        ("image_file".to_owned(), image),
        ("record".to_owned(), list(reference("text_cell"))),
    ];
    definitions.extend(mapping::cell_schemas());
    definitions.extend(rows);
    let mut root = object(
        "One set of ケアプランデータ連携標準仕様 files, as fumibako writes it",
        vec![("format", Tree::object([("const", Tree::text(FORMAT))])), ("unit", reference("unit")), ("files", files)],
    );
    if let Tree::Object(members) = &mut root {
        members.insert(0, ("$schema".to_owned(), Tree::text("https://json-schema.org/draft/2020-12/schema")));
        members.push(("$defs".to_owned(), Tree::Object(definitions)));
    }
    let mut out = String::new();
    tree::pretty(&root, 0, &mut out);
    out.push('\n');
    out
}
