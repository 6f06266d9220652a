//! A set in canonical form, written again in some other manner, as other software would.

use fumibako_standard::dialect::Manner;
use fumibako_standard::layout::Form;
use fumibako_standard::read::{Records, edition};
use fumibako_standard::sample::{Request, make, types_for};
use fumibako_standard::write::ms932;
use fumibako_standard::{Column, FileName, SourceFile, UnitKind, layout};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn sources(files: &[File]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// A set of invented people.
pub(crate) fn sample(kind: UnitKind, seed: u64, people: usize) -> Vec<File> {
    let (sender_type, receiver_type) = types_for(kind);
    let request = Request {
        seed,
        people,
        sender: "0300000100".parse().unwrap(),
        sender_type,
        receiver: "0300000005".parse().unwrap(),
        receiver_type,
        serial: "20260401090000".parse().unwrap(),
        month: "202602".parse().unwrap(),
        names: None,
    };
    make(kind, &request).into_iter().map(|file| File { name: file.name, bytes: file.bytes }).collect()
}

/// Rows of values, each with whether it is quoted.
pub(crate) type Rows = Vec<Vec<(String, bool)>>;

/// The rows and columns of a file; none of a picture.
pub(crate) fn rows(file: &File) -> Option<(Rows, &'static [Column])> {
    let name: FileName = file.name.parse().unwrap();
    let columns = layout(name.kind, edition(&file.bytes)?)?.columns;
    let mut records = Records::new(&file.bytes);
    let mut rows = Vec::new();
    while let Some(record) = records.next_record() {
        rows.push(record.cells().map(|cell| (cell.text().unwrap().into_owned(), cell.is_quoted())).collect());
    }
    Some((rows, columns))
}

/// The rows as text.
pub(crate) fn text(rows: &Rows, line_end: &str) -> String {
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|(value, quoted)| match quoted {
                true => format!("\"{}\"", value.replace('"', "\"\"")),
                false => value.clone(),
            })
            .collect();
        out.push_str(&cells.join(","));
        out.push_str(line_end);
    }
    out
}

/// Writes every file of a set in these manners.
pub(crate) fn write(files: &[File], manners: &[Manner]) -> Vec<File> {
    files.iter().map(|file| File { name: name(&file.name, manners), bytes: bytes(file, manners) }).collect()
}

fn name(name: &str, manners: &[Manner]) -> String {
    let mut name = name.to_owned();
    if manners.contains(&Manner::LowerCaseName) {
        name.make_ascii_lowercase();
    }
    if manners.contains(&Manner::FullWidthName) {
        let (stem, extension) = name.rsplit_once('.').unwrap();
        name = format!("{}.{extension}", wide(&stem.replace('_', "\u{FF3F}")));
    }
    name
}

fn bytes(file: &File, manners: &[Manner]) -> Vec<u8> {
    let Some((mut rows, columns)) = rows(file) else { return file.bytes.clone() };
    let has = |manner| manners.contains(&manner);
    for row in &mut rows {
        for (column, cell) in columns.iter().zip(row.iter_mut()) {
            manner_of_cell(column, cell, manners);
        }
        if has(Manner::TrailingCommas) {
            row.extend([(String::new(), false), (String::new(), false)]);
        }
    }
    if has(Manner::HeaderRow) {
        let mut header: Vec<(String, bool)> = columns.iter().map(|column| (column.name.to_owned(), true)).collect();
        if has(Manner::TrailingCommas) {
            header.extend([(String::new(), false), (String::new(), false)]);
        }
        rows.insert(0, header);
    }
    if has(Manner::BlankLines) {
        rows.insert(0, vec![(String::new(), false)]);
        rows.push(vec![(String::new(), false); columns.len()]);
        rows.push(vec![(" \u{3000}".to_owned(), false)]);
    }
    let mut text = text(&rows, if has(Manner::LineFeed) { "\n" } else { "\r\n" });
    if has(Manner::NoFinalLineEnd) {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    if has(Manner::EndMark) {
        text.push('\u{1A}');
    }
    if has(Manner::Utf8Mark) {
        return format!("\u{FEFF}{text}").into_bytes();
    }
    if has(Manner::Utf16) {
        return std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    }
    if has(Manner::Utf8) { text.into_bytes() } else { ms932(&text).unwrap() }
}

fn manner_of_cell(column: &Column, (value, quoted): &mut (String, bool), manners: &[Manner]) {
    let has = |manner| manners.contains(&manner);
    if column.form == Form::Text {
        let special = value.is_empty() || value.contains([',', '"', '\r', '\n']);
        *quoted = special && *quoted || !has(Manner::UnquotedText);
        return;
    }
    if value.is_empty() {
        *quoted = has(Manner::QuotedNumbers);
        return;
    }
    if column.ident == "csv_version" {
        for (manner, version) in [(Manner::Version202410, "202410"), (Manner::Version202504, "202504")] {
            if has(manner) && value == "202407" {
                *value = version.to_owned();
            }
        }
    }
    *value = match column.form {
        Form::Date if has(Manner::SlashDates) => format!("{}/{}/{}", &value[..4], &value[4..6], &value[6..]),
        Form::Date if has(Manner::HyphenDates) => format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]),
        Form::Date if has(Manner::KanjiDates) => format!("{}年{}月{}日", &value[..4], &value[4..6], &value[6..]),
        Form::Month if has(Manner::SlashDates) => format!("{}/{}", &value[..4], &value[4..]),
        Form::Time if has(Manner::ColonTimes) && value != "9999" => format!("{}:{}", &value[..2], &value[2..]),
        Form::PostalCode if has(Manner::BarePostalCodes) => value.replace('-', ""),
        Form::Integer if has(Manner::PaddedNumbers) => match value.strip_prefix('-') {
            Some(digits) => format!("-000{digits}"),
            None => format!("000{value}"),
        },
        Form::Integer if has(Manner::GroupedNumbers) && (4..=6).contains(&value.len()) && !value.starts_with('-') => {
            *quoted = true;
            format!("{},{}", &value[..value.len() - 3], &value[value.len() - 3..])
        }
        Form::Code | Form::PostalCode | Form::Phone if has(Manner::Hyphens) => value.replace('-', "‐"),
        _ => value.clone(),
    };
    if has(Manner::FullWidthCells) {
        *value = wide(value);
    }
    if has(Manner::Blanks) {
        *value = format!(" {value}\u{3000}");
    }
    *quoted |= has(Manner::QuotedNumbers);
}

fn wide(text: &str) -> String {
    let wide = |letter: char| match letter {
        '0'..='9' | 'A'..='Z' | 'a'..='z' => char::from_u32(u32::from(letter) + 0xFEE0).unwrap(),
        letter => letter,
    };
    text.chars().map(wide).collect()
}
