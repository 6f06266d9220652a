//! Documents for paper and for keeping.
//!
//! A [`Document`] is plain data: a title, facts, sections, tables, attachments. Anybody may put one together;
//! [`Printer`] hands it to the program `fumibako-print`, which answers with a PDF/A-3b that has the attachments in it.
//!
//! Text is text: nothing in it is ever read as markup, and nothing is written to disk on the way.

mod client;
mod document;
#[cfg(feature = "engine")]
pub mod engine;
mod failure;

pub use client::{PrintError, Printer};
pub use document::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, Align, Attachment, BLOCKS_MAX, Block, CHARACTERS_MAX, COLUMNS_MAX, Column,
    DOCUMENT_BYTES_MAX, Document, Fact, Orientation, ROWS_MAX, SECTIONS_MAX, Section,
};
pub use failure::{Failure, Limit, Place};
