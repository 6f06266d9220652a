use serde::{Deserialize, Serialize};
use std::fmt;

/// Where in a document something is, by position and never by content. Counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which section; none: title, subtitle, facts, footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<usize>,
    /// Which block of the section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// Which row of a table, or which fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Which cell of the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("section", self.section), ("block", self.block), ("row", self.row), ("column", self.column)];
        let mut said = false;
        for (name, number) in parts {
            if let Some(number) = number {
                write!(f, "{}{name} {number}", if said { ", " } else { "" })?;
                said = true;
            }
        }
        if said { Ok(()) } else { f.write_str("front matter") }
    }
}

/// Which bound a document is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Bytes of the whole request.
    Bytes,
    /// Sections.
    Sections,
    /// Blocks of a section.
    Blocks,
    /// Rows of all tables, facts and list items together.
    Rows,
    /// Columns of a table.
    Columns,
    /// Characters of one text.
    Characters,
    /// Number of attachments.
    Attachments,
    /// Bytes of all attachments together.
    AttachmentBytes,
}

/// Why `fumibako-print` made no document; one line of JSON on its standard error. It names places, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum Failure {
    /// What came in is no document.
    NotADocument,
    /// It is larger than what may be printed.
    TooLarge {
        /// Beyond which bound.
        limit: Limit,
    },
    /// A row has more or fewer cells than its table has columns.
    Uneven {
        /// Which.
        place: Place,
    },
    /// The instant is none.
    MadeAt,
    /// The name or type of an attachment cannot be written into a PDF, or the name is there twice.
    Attachment {
        /// Counted from 1.
        number: usize,
    },
    /// A Debian package with fonts is missing.
    Fonts {
        /// Its name.
        package: String,
    },
    /// A character is in none of the fonts. Refused, since a box in its place would be a false document.
    Glyph {
        /// Where.
        place: Place,
    },
    /// The typesetter would not have it: our own defect.
    Typeset,
}
