//! An exported log in a folder.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ledger::{Export, FILE_BYTES_MAX};

use super::failure;
use crate::convert::plain;

/// Folders below each other. Ours go four deep.
const DEPTH_MAX: usize = 12;

pub(crate) struct Folder(PathBuf);

/// A file that could not be read, and why.
#[derive(Debug)]
pub(crate) struct Unread(PathBuf, io::Error);

impl Folder {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Ok(Self(path.to_owned()));
        }
        let what = format!("{}というフォルダーがありません。", plain(&path.to_string_lossy()));
        Err(failure(what, "書き出した記録のフォルダー（checkpoint と tile のあるところ）を指定してください。").into())
    }

    fn walk(&self, folder: &str, depth: usize, each: &mut dyn FnMut(&str)) -> Result<(), Unread> {
        let path = self.0.join(folder);
        let read = match fs::read_dir(&path) {
            Ok(read) => read,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(Unread(path, error)),
        };
        for item in read {
            let item = item.map_err(|error| Unread(path.clone(), error))?;
            let below = format!("{folder}/{}", item.file_name().to_string_lossy());
            // A link is shown as what it is: a file that is not of the log.
            let is_folder = item.file_type().map_err(|error| Unread(path.clone(), error))?.is_dir();
            if is_folder && depth < DEPTH_MAX { self.walk(&below, depth + 1, each)? } else { each(&below) }
        }
        Ok(())
    }
}

impl Export for Folder {
    type Error = Unread;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unread> {
        let path = self.0.join(path);
        let unread = |error| Unread(path.clone(), error);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(unread(error)),
        };
        // A folder in the place of a file is no file of the log, nor is a pipe, which would have to be waited for.
        if !metadata.is_file() {
            return Ok(None);
        }
        let file = File::open(&path).map_err(unread)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(FILE_BYTES_MAX));
        file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
        Ok(Some(bytes))
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), Unread> {
        self.walk(folder, 0, each)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Unread {
    pub(crate) fn told(self) -> anyhow::Error {
        let Self(path, error) = self;
        let what = format!("{}を読めません（{error}）。", plain(&path.to_string_lossy()));
        failure(what, "読む許可と媒体を確かめて、もう一度実行してください。確かめ終わっていません。").into()
    }
}

/// A small text file that somebody names.
pub(crate) fn text(path: &Path, bytes_max: usize, fix: &str) -> anyhow::Result<String> {
    let shown = plain(&path.to_string_lossy());
    let fail = |what: String| failure(what, fix);
    let file = File::open(path).map_err(|error| fail(format!("{shown}を開けません（{error}）。")))?;
    let mut text = String::new();
    match file.take(bytes_max as u64 + 1).read_to_string(&mut text) {
        Ok(read) if read > bytes_max => Err(fail(format!("{shown}が大きすぎます。")).into()),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(fail(format!("{shown}は文章のファイルではありません。")).into())
        }
        Err(error) => Err(fail(format!("{shown}を読めません（{error}）。")).into()),
    }
}
