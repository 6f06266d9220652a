use crate::{Failure, Limit, Place};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a document on its way to the program.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// Sections of a document.
pub const SECTIONS_MAX: usize = 100;
/// Blocks of a section.
pub const BLOCKS_MAX: usize = 1_000;
/// Rows of all tables, facts and list items of a document.
pub const ROWS_MAX: usize = 10_000;
/// Columns of a table.
pub const COLUMNS_MAX: usize = 16;
/// Characters of one text.
pub const CHARACTERS_MAX: usize = 20_000;
/// Attachments of a document.
pub const ATTACHMENTS_MAX: usize = 2_000;
/// Bytes of all attachments together.
pub const ATTACHMENT_BYTES_MAX: usize = 32 << 20;
/// Characters of an attachment's name.
const NAME_MAX: usize = 100;

/// 書類 — what is to be printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// 表題.
    pub title: String,
    /// 副題.
    #[serde(default)]
    pub subtitle: String,
    /// RFC 3339. Stands in the document as Japanese time, and in the PDF as the time of its making.
    pub made_at: String,
    /// How the paper lies.
    #[serde(default)]
    pub orientation: Orientation,
    /// What stands in the box below the title.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// The body.
    #[serde(default)]
    pub sections: Vec<Section>,
    /// Files carried inside.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Stands at the foot of each page beside the page number.
    #[serde(default)]
    pub footer: String,
}

/// How the paper lies. A4 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// 縦.
    #[default]
    Portrait,
    /// 横.
    Landscape,
}

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// 項目.
    pub label: String,
    /// 値. May have line breaks.
    pub value: String,
}

impl Fact {
    /// A label and its value.
    #[must_use]
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// A part of the body under a heading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// 見出し.
    pub heading: String,
    /// Whether it begins a page.
    #[serde(default)]
    pub new_page: bool,
    /// What is in it.
    #[serde(default)]
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Block {
    /// Running text; line breaks are kept.
    Paragraph {
        /// The text.
        text: String,
    },
    /// Steps, numbered.
    Steps {
        /// One text each.
        items: Vec<String>,
    },
    /// Labels and values.
    Facts {
        /// One row each.
        facts: Vec<Fact>,
    },
    /// A table, whose head is repeated on each page and whose rows stay whole.
    Table {
        /// Its columns.
        columns: Vec<Column>,
        /// Its rows, each with a cell per column.
        rows: Vec<Vec<String>>,
        /// What stands there when it has no rows.
        #[serde(default)]
        empty: String,
    },
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its head.
    pub label: String,
    /// Its share of the width.
    pub weight: u16,
    /// Where its cells stand.
    #[serde(default)]
    pub align: Align,
}

impl Column {
    /// A column with its share of the width.
    #[must_use]
    pub fn new(label: impl Into<String>, weight: u16) -> Self {
        Self { label: label.into(), weight, align: Align::Left }
    }
}

/// Where the text of a cell stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// 左.
    #[default]
    Left,
    /// 中央.
    Center,
    /// 右: numbers.
    Right,
}

/// A file inside the PDF.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// ASCII letters, digits, `.`, `_` and `-`; each name once.
    pub name: String,
    /// Such as `application/json`.
    pub media_type: String,
    /// 説明.
    pub description: String,
    /// The content; base64 in JSON.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.name, self.bytes.len())
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The cause would quote the content.
    STANDARD.decode(text).map_err(|_| serde::de::Error::custom("not base64"))
}

/// A text of a document and where it stands.
pub(crate) type Placed<'a> = (Place, &'a str);

impl Document {
    /// Whether it is within all bounds and whole in itself.
    ///
    /// # Errors
    /// The first [`Failure`] met.
    pub fn check(&self) -> Result<(), Failure> {
        let within = |count: usize, max: usize, limit| {
            if count > max { Err(Failure::TooLarge { limit }) } else { Ok(()) }
        };
        within(self.sections.len(), SECTIONS_MAX, Limit::Sections)?;
        let mut rows = self.facts.len();
        for (number, section) in self.sections.iter().enumerate() {
            within(section.blocks.len(), BLOCKS_MAX, Limit::Blocks)?;
            for (block, content) in section.blocks.iter().enumerate() {
                rows += match content {
                    Block::Paragraph { .. } => 0,
                    Block::Steps { items } => items.len(),
                    Block::Facts { facts } => facts.len(),
                    Block::Table { columns, rows, .. } => {
                        within(columns.len(), COLUMNS_MAX, Limit::Columns)?;
                        let place = Place { section: Some(number + 1), block: Some(block + 1), ..Place::default() };
                        even(columns, rows, place)?;
                        rows.len()
                    }
                };
            }
        }
        within(rows, ROWS_MAX, Limit::Rows)?;
        for (_, text) in self.texts() {
            within(text.chars().count(), CHARACTERS_MAX, Limit::Characters)?;
        }
        within(self.attachments.len(), ATTACHMENTS_MAX, Limit::Attachments)?;
        within(
            self.attachments.iter().map(|file| file.bytes.len()).sum(),
            ATTACHMENT_BYTES_MAX,
            Limit::AttachmentBytes,
        )?;
        let mut names = std::collections::BTreeSet::new();
        for (index, file) in self.attachments.iter().enumerate() {
            if !file.is_nameable() || !names.insert(file.name.to_ascii_lowercase()) {
                return Err(Failure::Attachment { number: index + 1 });
            }
        }
        self.made_at.parse::<jiff::Timestamp>().map_err(|_| Failure::MadeAt)?;
        Ok(())
    }

    /// Every text that will be seen.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Placed<'_>> {
        let front =
            [&self.title, &self.subtitle, &self.footer].into_iter().map(|text| (Place::default(), text.as_str()));
        let sections = self.sections.iter().enumerate().flat_map(|(number, section)| {
            let place = Place { section: Some(number + 1), ..Place::default() };
            let heading = std::iter::once((place, section.heading.as_str()));
            heading.chain(
                section
                    .blocks
                    .iter()
                    .enumerate()
                    .flat_map(move |(block, content)| content.texts(Place { block: Some(block + 1), ..place })),
            )
        });
        let files = self.attachments.iter().map(|file| (Place::default(), file.description.as_str()));
        front.chain(facts(&self.facts, Place::default())).chain(sections).chain(files)
    }
}

impl Block {
    fn texts(&self, place: Place) -> Vec<Placed<'_>> {
        match self {
            Self::Paragraph { text } => vec![(place, text)],
            Self::Steps { items } => items
                .iter()
                .enumerate()
                .map(|(row, item)| (Place { row: Some(row + 1), ..place }, item.as_str()))
                .collect(),
            Self::Facts { facts: rows } => facts(rows, place).collect(),
            Self::Table { columns, rows, empty } => {
                let cell = move |row: Option<usize>, column: usize| Place { row, column: Some(column + 1), ..place };
                let head =
                    columns.iter().enumerate().map(move |(column, head)| (cell(None, column), head.label.as_str()));
                let body = rows.iter().enumerate().flat_map(move |(row, cells)| {
                    let row = Some(row + 1);
                    cells.iter().enumerate().map(move |(column, text)| (cell(row, column), text.as_str()))
                });
                std::iter::once((place, empty.as_str())).chain(head).chain(body).collect()
            }
        }
    }
}

fn facts(facts: &[Fact], place: Place) -> impl Iterator<Item = Placed<'_>> {
    facts.iter().enumerate().flat_map(move |(row, fact)| {
        let at = |column| Place { row: Some(row + 1), column: Some(column), ..place };
        [(at(1), fact.label.as_str()), (at(2), fact.value.as_str())]
    })
}

fn even(columns: &[Column], rows: &[Vec<String>], place: Place) -> Result<(), Failure> {
    if columns.is_empty() || columns.iter().any(|column| column.weight == 0) {
        return Err(Failure::Uneven { place });
    }
    match rows.iter().position(|row| row.len() != columns.len()) {
        Some(row) => Err(Failure::Uneven { place: Place { row: Some(row + 1), ..place } }),
        None => Ok(()),
    }
}

impl Attachment {
    /// Names that every reader of PDF can write to a disk, and that cannot leave the folder they are written to.
    fn is_nameable(&self) -> bool {
        let plain = |text: &str, also: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b));
        let type_ok = self
            .media_type
            .split_once('/')
            .is_some_and(|(kind, sub)| !kind.is_empty() && !sub.is_empty() && plain(kind, b"-") && plain(sub, b".+-"));
        (1..=NAME_MAX).contains(&self.name.len())
            && !self.name.starts_with(['.', '-'])
            && plain(&self.name, b"._-")
            && type_ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Document {
        Document { title: "見本".into(), made_at: "2026-11-26T01:02:03Z".into(), ..Document::default() }
    }

    fn attached(name: &str, media_type: &str) -> Document {
        let file = Attachment {
            name: name.into(),
            media_type: media_type.into(),
            description: "説明".into(),
            bytes: vec![0, 255],
        };
        Document { attachments: vec![file], ..sample() }
    }

    #[test]
    fn a_document_goes_through_json_and_comes_back() {
        let document = attached("receipt.json", "application/json");
        let json = serde_json::to_vec(&document).expect("json");
        assert_eq!(serde_json::from_slice::<Document>(&json).expect("document"), document);
        assert_eq!(document.check(), Ok(()));
    }

    #[test]
    fn names_that_leave_their_folder_or_are_there_twice_are_refused() {
        for name in ["", "../a", "a/b", "a\\b", ".profile", "-rf", "計画.json", "a\0", &"a".repeat(101)] {
            let refused = attached(name, "text/plain").check();
            assert_eq!(refused, Err(Failure::Attachment { number: 1 }), "{name:?}");
        }
        for media_type in ["", "text", "text/", "/plain", "text/pl ain", "text/\u{7}"] {
            assert!(attached("a", media_type).check().is_err(), "{media_type:?}");
        }
        let mut twice = attached("a.json", "application/json");
        twice.attachments.push(Attachment { name: "A.json".into(), ..twice.attachments[0].clone() });
        assert_eq!(twice.check(), Err(Failure::Attachment { number: 2 }));
    }

    #[test]
    fn every_bound_is_held() {
        let table = |columns: usize, rows: Vec<Vec<String>>| Document {
            sections: vec![Section {
                blocks: vec![Block::Table {
                    columns: (0..columns).map(|_| Column::new("列", 1)).collect(),
                    rows,
                    empty: String::new(),
                }],
                ..Section::default()
            }],
            ..sample()
        };
        let cell = |count: usize| vec![String::new(); count];
        assert_eq!(table(2, vec![cell(2); ROWS_MAX]).check(), Ok(()));
        let too_large = |limit| Err(Failure::TooLarge { limit });
        assert_eq!(table(2, vec![cell(2); ROWS_MAX + 1]).check(), too_large(Limit::Rows));
        assert_eq!(table(COLUMNS_MAX + 1, vec![]).check(), too_large(Limit::Columns));
        let place = Place { section: Some(1), block: Some(1), row: Some(2), column: None };
        assert_eq!(table(2, vec![cell(2), cell(1)]).check(), Err(Failure::Uneven { place }));
        assert!(table(0, vec![]).check().is_err());
        let long = Document { title: "あ".repeat(CHARACTERS_MAX + 1), ..sample() };
        assert_eq!(long.check(), too_large(Limit::Characters));
        let sections = Document { sections: vec![Section::default(); SECTIONS_MAX + 1], ..sample() };
        assert_eq!(sections.check(), too_large(Limit::Sections));
        let mut heavy = attached("a", "text/plain");
        heavy.attachments[0].bytes = vec![0; ATTACHMENT_BYTES_MAX + 1];
        assert_eq!(heavy.check(), too_large(Limit::AttachmentBytes));
        assert_eq!(Document { made_at: "昨日".into(), ..sample() }.check(), Err(Failure::MadeAt));
    }
}
