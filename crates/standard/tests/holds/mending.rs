//! What holds of a repair.

use super::repaired::repair_holds;
use super::{FILES_MAX, named, parts};
use fumibako_standard::repair::{Accepted, repair};
use fumibako_standard::{SourceFile, dialect};

/// A byte that says whether replacements are accepted, and files as of [`super::read_set`]: whatever comes is repaired or
/// asked about.
pub(crate) fn mended(input: &[u8]) {
    let Some((how, input)) = input.split_first() else { return };
    let accepted = if how % 2 == 0 { Accepted::none() } else { Accepted::proposed() };
    let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
    // One name is one file: which of two would be given out?
    let mut sources: Vec<SourceFile<'_>> = Vec::new();
    for (name, bytes) in &files {
        if sources.iter().all(|known| known.name != name) {
            sources.push(SourceFile { name, bytes });
        }
    }
    let repaired = repair(&sources, &accepted);
    assert!(sources.is_empty() || !repaired.files.is_empty() || !repaired.decisions.is_empty());
    repair_holds(&sources, &repaired);
    dialect::of(&sources);
}
