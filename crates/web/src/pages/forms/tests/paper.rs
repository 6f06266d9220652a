//! On paper: Chromium prints, pdftotext reads.
