//! 直しの提案 — what repair would make of the files of a set, with every change to be seen before anybody accepts it.

use super::sheet;
use crate::SourceFile;
use crate::dialect::Manner;
use crate::repair::{Accepted, Change, Original, repair, written_text};
use serde::Serialize;

/// Changes that are listed; where there are more, the files are put right in the care software rather than here.
pub const CHANGES_MAX: usize = 500;

/// 直しの提案. The files of a set, put right, or what only a person can decide.
#[derive(Debug, Serialize)]
pub struct Mending {
    /// The files as they would go out; empty where something is left to decide, or there is more to change than one can see.
    #[serde(skip)]
    pub files: Vec<MendedFile>,
    /// Every stretch that would be changed.
    pub changes: Vec<ShownChange>,
    /// Whether somebody must decide something first.
    pub open: bool,
}

/// 直したファイル.
pub struct MendedFile {
    /// Its canonical name.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Prints no content.
impl std::fmt::Debug for MendedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MendedFile({}, ..)", self.name)
    }
}

/// 変更 as it is shown.
#[derive(Debug, Serialize)]
pub struct ShownChange {
    /// File name as it came.
    pub file: String,
    /// What the file is called on paper.
    pub sheet: &'static str,
    /// Row, from 1.
    pub row: Option<u64>,
    /// Name of the column, or what else was changed.
    pub item: &'static str,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
    /// What was done.
    pub done: String,
}

/// Proposes to put the files of one set right. Changes nothing by itself.
pub fn mend(files: &[SourceFile<'_>]) -> Mending {
    let repaired = repair(files, &Accepted::proposed());
    let whole = repaired.is_complete() && repaired.files.len() == files.len();
    if !whole || repaired.changes.is_empty() || repaired.changes.len() > CHANGES_MAX {
        return Mending { files: Vec::new(), changes: Vec::new(), open: !whole };
    }
    let originals: Vec<Original<'_>> = files.iter().map(|file| Original::new(file.bytes)).collect();
    let changes = repaired.changes.iter().filter_map(|change| shown(change, files, &originals)).collect();
    let files = repaired.files.into_iter().map(|file| MendedFile { name: file.name, bytes: file.bytes }).collect();
    Mending { files, changes, open: false }
}

fn shown(change: &Change, files: &[SourceFile<'_>], originals: &[Original<'_>]) -> Option<ShownChange> {
    let source = files.get(change.file)?;
    let (item, before) = match &change.range {
        Some(range) => (change.item.unwrap_or("行の形"), originals.get(change.file)?.text(range)),
        None => ("ファイル名", source.name.to_owned()),
    };
    let done: Vec<&str> = change.manners.iter().map(Manner::done).collect();
    Some(ShownChange {
        file: source.name.to_owned(),
        sheet: sheet(source).map_or("", crate::FileKind::label),
        row: change.row,
        item,
        before: visible(&before),
        after: visible(&written_text(&change.written)),
        done: done.join("、"),
    })
}

fn visible(text: &str) -> String {
    let letter = |letter: char| match letter {
        '\n' => "⏎".to_owned(),
        '\r' => String::new(),
        letter if super::is_unseen(letter) => format!("\\u{{{:X}}}", u32::from(letter)),
        letter => letter.to_string(),
    };
    text.chars().map(letter).collect()
}
