//! Finds the files to check. Bounded in depth, number and size; never leaves the folders it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Folders within folders.
const DEPTH_MAX: usize = 16;
/// Files of one call.
const FILES_MAX: usize = 20_000;
/// Bytes of all files of one call.
const BYTES_MAX: u64 = 4 << 30;
/// What systems leave in folders; nobody sends it.
const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// The files that lie in one folder.
pub(crate) struct Folder<F> {
    pub(crate) path: PathBuf,
    pub(crate) files: Vec<F>,
}

/// A file that has not been read.
pub(crate) struct Found {
    /// The name by which the standard knows it.
    pub(crate) name: String,
    /// The name to show: told apart from its namesakes in other folders.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
}

/// A file in memory.
pub(crate) struct Loaded {
    /// As of [`Found`].
    pub(crate) name: String,
    pub(crate) shown: String,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}を読めません（{1}）。名前と読み取りの許可を確かめてください。")]
    Read(String, io::Error),
    #[error("{0}はファイルでもフォルダーでもありません。")]
    Strange(String),
    #[error("指定された場所にファイルがありません。CSVファイルのあるフォルダーを指定してください。")]
    Nothing,
    #[error("ファイルが多すぎます（{FILES_MAX}個まで）。フォルダーを分けて検査してください。")]
    Many,
    #[error("ファイルの合計が大きすぎます（{}GBまで）。フォルダーを分けて検査してください。", BYTES_MAX >> 30)]
    Large,
    #[error("フォルダーが深すぎます（{DEPTH_MAX}段まで）。CSVファイルのあるフォルダーを指定してください。")]
    Deep,
    #[error("サービスコード表{0}を読めません。{1}")]
    ServiceCodes(String, standard::ServiceCodesFault),
    #[error("結果を書き出せません（{0}）。")]
    Output(io::Error),
}

/// A file before it is read.
struct Listed {
    path: PathBuf,
    /// Relative to the folder that was given, or the bare name.
    short: String,
}

/// Folders in the order of their paths, each with its files in the order of their names.
pub(crate) fn gather(paths: &[PathBuf]) -> Result<Vec<Folder<Found>>, Problem> {
    let listed = list(paths)?;
    if listed.is_empty() {
        return Err(Problem::Nothing);
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &listed {
        *times.entry(&file.short).or_default() += 1;
    }
    let mut folders: BTreeMap<PathBuf, Vec<Found>> = BTreeMap::new();
    let mut room = BYTES_MAX;
    for file in &listed {
        let shown = if times[file.short.as_str()] > 1 { shown(&file.path) } else { file.short.clone() };
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = file.path.clone();
        let size = fs::metadata(&path).map_err(|error| Problem::Read(shown.clone(), error))?.len();
        room = room.checked_sub(size).ok_or(Problem::Large)?;
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        folders.entry(folder).or_default().push(Found { name, shown, path, size });
    }
    Ok(folders.into_iter().map(|(path, files)| Folder { path, files }).collect())
}

/// The same, with their bytes.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Folder<Loaded>>, Problem> {
    let mut room = BYTES_MAX;
    let mut load = |found: Found| {
        let Found { name, shown, path, .. } = found;
        let bytes = read(&path, &mut room)?;
        Ok(Loaded { name, shown, bytes })
    };
    let mut folders = Vec::new();
    for Folder { path, files } in gather(paths)? {
        let files = files.into_iter().map(&mut load).collect::<Result<_, Problem>>()?;
        folders.push(Folder { path, files });
    }
    Ok(folders)
}

fn list(paths: &[PathBuf]) -> Result<Vec<Listed>, Problem> {
    let mut listed = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let kind = fs::metadata(path).map_err(|error| Problem::Read(shown(path), error))?;
        if kind.is_dir() {
            let root = path.canonicalize().map_err(|error| Problem::Read(shown(path), error))?;
            walk(path, &root, Path::new(""), 0, &mut listed)?;
        } else if kind.is_file() {
            listed.push(Listed { path: path.clone(), short: shown(Path::new(path.file_name().unwrap_or_default())) });
        } else {
            return Err(Problem::Strange(shown(path)));
        }
    }
    // A file named twice is checked once.
    listed.retain(|file: &Listed| seen.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone())));
    if listed.len() > FILES_MAX { Err(Problem::Many) } else { Ok(listed) }
}

fn walk(folder: &Path, root: &Path, below: &Path, depth: usize, listed: &mut Vec<Listed>) -> Result<(), Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::Deep);
    }
    let unreadable = |error| Problem::Read(shown(folder), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
        if names.len() > FILES_MAX {
            return Err(Problem::Many);
        }
    }
    names.sort();
    for name in names.iter().filter(|name| !is_litter(name)) {
        let path = folder.join(name);
        let below = below.join(name);
        let kind = fs::symlink_metadata(&path).map_err(|error| Problem::Read(shown(&path), error))?;
        // A link to a folder is not followed: inside the tree it would be met twice, outside it is not ours.
        if kind.is_dir() {
            walk(&path, root, &below, depth + 1, listed)?;
        } else if kind.is_file() || kind.is_symlink() && leads_to_a_file_inside(&path, root) {
            listed.push(Listed { path, short: shown(&below) });
        }
        if listed.len() > FILES_MAX {
            return Err(Problem::Many);
        }
    }
    Ok(())
}

fn leads_to_a_file_inside(link: &Path, root: &Path) -> bool {
    link.canonicalize().is_ok_and(|target| target.starts_with(root) && target.is_file())
}

fn is_litter(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || LITTER.contains(&&*name)
}

fn read(path: &Path, room: &mut u64) -> Result<Vec<u8>, Problem> {
    let unreadable = |error| Problem::Read(shown(path), error);
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than there is room for tells that it was too much.
    file.take(*room + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    *room = room.checked_sub(bytes.len() as u64).ok_or(Problem::Large)?;
    Ok(bytes)
}

/// A path fit for a terminal: what would steer it is replaced.
fn shown(path: &Path) -> String {
    let plain = |letter: char| if letter.is_control() { '?' } else { letter };
    path.to_string_lossy().chars().map(plain).collect()
}
