//! The typesetter: Typst as a library, with one template. Only in the program `fumibako-print`.

mod fonts;
mod text;
mod values;
mod world;

pub use fonts::Fonts;

use crate::{DOCUMENT_BYTES_MAX, Document, Failure, Limit};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use world::Sheet;

/// Reads a document from JSON.
///
/// # Errors
/// When it is none, or too large to look at.
pub fn read(json: &[u8]) -> Result<Document, Failure> {
    if json.len() > DOCUMENT_BYTES_MAX {
        return Err(Failure::TooLarge { limit: Limit::Bytes });
    }
    serde_json::from_slice(json).map_err(|_| Failure::NotADocument)
}

/// Makes a PDF/A-3b of it. The same document gives the same bytes.
///
/// # Errors
/// [`Failure`], which never quotes the document.
pub fn typeset(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, Failure> {
    document.check()?;
    let faces = fonts.for_texts(document)?;
    let made_at = values::Moment::parse(&document.made_at)?;
    let sheet = Sheet::new(values::of(document, &made_at), faces);
    // What the typesetter says may quote the text it stumbled over.
    let pages = typst::compile::<PagedDocument>(&sheet).output.map_err(|_said| Failure::Typeset)?;
    let options = PdfOptions {
        creator: typst::foundations::Smart::Custom(Some("fumibako-print".into())),
        timestamp: made_at.datetime().and_then(|at| Timestamp::new_local(at, values::JAPAN_MINUTES)),
        standards: PdfStandards::new(&[PdfStandard::A_3b]).map_err(|_| Failure::Typeset)?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&pages, &options).map_err(|_said| Failure::Typeset)
}
