//! Files on disk, split into sets by their names, packed into calls.

use crate::check::gather::{Folder, Loaded, load};
use standard::UnitKey;
use std::path::PathBuf;

/// Sets of one call: enough to share a commit, few enough for an answer to come soon.
const CALL_SETS_MAX: usize = 20;
/// Bytes of one call, below what an exchange takes by default.
const CALL_BYTES_MAX: usize = 16 << 20;

/// The files of one call.
pub(crate) struct Pack {
    pub(crate) files: Vec<Loaded>,
}

/// Files that belong to no set, by the name to show and why.
pub(crate) struct Stray {
    pub(crate) path: PathBuf,
    pub(crate) shown: String,
    pub(crate) why: String,
}

/// What is to be sent.
pub(crate) struct Packed {
    pub(crate) packs: Vec<Pack>,
    /// Which sets there are in them.
    pub(crate) sets: Vec<UnitKey>,
    pub(crate) strays: Vec<Stray>,
}

/// Every set under `paths`, in serial order, never split over two calls.
pub(crate) fn pack(paths: &[PathBuf]) -> anyhow::Result<Packed> {
    let (mut sets, mut strays) = (Vec::new(), Vec::new());
    for folder in load(paths)? {
        split(folder, &mut sets, &mut strays);
    }
    sets.sort_by_key(|(key, _): &(UnitKey, _)| key.serial);
    let keys = sets.iter().map(|(key, _)| *key).collect();
    let mut packs: Vec<Pack> = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for (_, files) in sets {
        let size: usize = files.iter().map(|file| file.bytes.len()).sum();
        if count == 0 || count == CALL_SETS_MAX || bytes + size > CALL_BYTES_MAX {
            packs.push(Pack { files: Vec::new() });
            (count, bytes) = (0, 0);
        }
        if let Some(pack) = packs.last_mut() {
            pack.files.extend(files);
        }
        (count, bytes) = (count + 1, bytes + size);
    }
    Ok(Packed { packs, sets: keys, strays })
}

fn split(folder: Folder<Loaded>, sets: &mut Vec<(UnitKey, Vec<Loaded>)>, strays: &mut Vec<Stray>) {
    let names: Vec<&str> = folder.files.iter().map(|file| file.name.as_str()).collect();
    let (groups, faults) = standard::group(&names);
    let mut files: Vec<Option<Loaded>> = folder.files.into_iter().map(Some).collect();
    for group in groups {
        let members = group.files.iter().filter_map(|(index, _)| files.get_mut(*index).and_then(Option::take));
        sets.push((group.key, members.collect()));
    }
    for (index, fault) in faults {
        if let Some(file) = files.get_mut(index).and_then(Option::take) {
            let path = folder.path.join(&file.name);
            strays.push(Stray { path, shown: file.shown, why: fault.message() });
        }
    }
}
