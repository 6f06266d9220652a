//! Where backups lie, and where an erasure reaches.

use super::Config;
use std::path::PathBuf;
use store::{BackupPlaces, ErasureList, Places};

/// The list of erasures, where the configuration says nothing else.
const ERASURE_LIST: &str = "erasures";

/// 控え: where, and how many of each half stay.
#[derive(Clone, Debug)]
pub(crate) struct BackupConfig {
    pub(crate) places: BackupPlaces,
    pub(crate) keep_boxes: usize,
    pub(crate) keep_keys: usize,
}

impl Config {
    pub(crate) fn backup(&self) -> Option<BackupConfig> {
        let backup = self.file.backup.as_ref()?;
        Some(BackupConfig {
            places: BackupPlaces { boxes: self.folder.join(&backup.boxes), keys: self.folder.join(&backup.keys) },
            keep_boxes: backup.keep_boxes.max(1),
            keep_keys: backup.keep_keys.max(1),
        })
    }

    /// Where an erasure reaches: the list of erasures and the backups.
    pub(crate) fn erasure_places(&self) -> Places {
        let backup = self.backup().map(|backup| backup.places);
        let mut list: Vec<PathBuf> =
            self.file.key_store.erasure_list.iter().map(|path| self.folder.join(path)).collect();
        if list.is_empty() {
            // With a token there is no such file: then in the folder where one would be.
            let beside = self.key_store_file().unwrap_or_else(|| self.folder.join("keys").join(ERASURE_LIST));
            list.push(beside.with_file_name(ERASURE_LIST));
            list.extend(backup.as_ref().map(|places| places.keys.join(ERASURE_LIST)));
        }
        Places { list: ErasureList::at(list), backup }
    }
}
