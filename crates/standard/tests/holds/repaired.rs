//! What holds after every repair, whatever came in.

use fumibako_standard::repair::{Accepted, Repaired, repair, replay};
use fumibako_standard::{Profile, SourceFile, check};

/// The list of changes is the whole difference, and what is given out conforms and needs no second repair.
pub(crate) fn repair_holds(files: &[SourceFile<'_>], repaired: &Repaired) {
    for file in &repaired.files {
        let replayed = replay(file.source, files[file.source].bytes, &repaired.changes);
        assert!(replayed == file.bytes, "the list of changes is not the whole difference");
        let renamed = repaired.changes.iter().any(|change| change.file == file.source && change.range.is_none());
        assert_eq!(renamed, file.name != files[file.source].name);
    }
    let mut before: Option<(usize, usize)> = None;
    for change in &repaired.changes {
        assert!(!change.manners.is_empty(), "{change:?} without a reason");
        assert!(repaired.files.iter().any(|file| file.source == change.file), "{change:?} of a file not given out");
        let Some(range) = &change.range else { continue };
        assert!(range.start <= range.end && range.end <= files[change.file].bytes.len(), "{change:?}");
        assert!(files[change.file].bytes[range.clone()] != change.written, "{change:?} changes nothing");
        assert!(before.is_none_or(|(file, end)| file < change.file || end <= range.start), "{change:?} overlaps");
        before = Some((change.file, range.end));
    }
    let again: Vec<SourceFile<'_>> =
        repaired.files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    assert!(check(&again, Profile::Export).is_accepted());
    let second = repair(&again, &Accepted::none());
    assert!(second.changes.is_empty() && second.decisions.is_empty(), "{:?} {:?}", second.changes, second.decisions);
    assert_eq!(second.files.len(), again.len());
}
