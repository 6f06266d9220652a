//! Sealed bodies too large for a row: one file each, on disk before the row that names it (DESIGN §6).
//!
//! A body is written under `incoming/` and moved to its place after the commit. What a crash leaves in `incoming/`
//! either has a row (then it is moved) or has none (then it is removed): the work at start-up is bounded by what was
//! in flight, however much is stored.

use crate::Error;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Bodies {
    incoming: PathBuf,
    settled: PathBuf,
}

impl Bodies {
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let bodies = Self { incoming: folder.join("incoming"), settled: folder.join("settled") };
        for folder in [&bodies.incoming, &bodies.settled] {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        Ok(bodies)
    }

    /// On disk when this returns.
    pub(crate) fn put(&self, key: &str, sealed: &[u8]) -> Result<(), Error> {
        let path = self.incoming.join(key);
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(sealed)?;
            file.sync_all()?;
            File::open(&self.incoming)?.sync_all()
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&path);
            Error::file(&path)(error)
        })
    }

    /// The row is committed: the body takes its place. Failing is harmless, [`Bodies::get`] looks in both.
    pub(crate) fn settle(&self, key: &str) {
        if let Err(error) = self.try_settle(key) {
            tracing::warn!(%error, "a body stays in incoming until the next start");
        }
    }

    fn try_settle(&self, key: &str) -> std::io::Result<()> {
        let folder = self.settled.join(shelf(key));
        fs::create_dir_all(&folder)?;
        fs::rename(self.incoming.join(key), folder.join(key))?;
        File::open(&folder)?.sync_all()
    }

    /// The row was not committed, or names an object that was erased.
    pub(crate) fn discard(&self, key: &str) {
        for path in [self.incoming.join(key), self.settled.join(shelf(key)).join(key)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, "a body without a row could not be removed");
                }
                _ => {}
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Result<Vec<u8>, Error> {
        let settled = self.settled.join(shelf(key)).join(key);
        match fs::read(&settled) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read.map_err(Error::file(settled)),
        }
        match fs::read(self.incoming.join(key)) {
            // A row names it and it is nowhere: somebody removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Damaged),
            read => read.map_err(Error::file(settled)),
        }
    }

    /// What the last run left between writing and settling.
    pub(crate) fn unsettled(&self) -> Result<Vec<String>, Error> {
        let entries = fs::read_dir(&self.incoming).map_err(Error::file(&self.incoming))?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }
}

/// Keys are UUIDv7: their last two characters are random and spread the files over 256 folders.
fn shelf(key: &str) -> &str {
    key.get(key.len().saturating_sub(2)..).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_can_be_read_before_and_after_it_settles() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let bodies = Bodies::open(folder.path()).expect("opens");
        bodies.put("0190-aa", b"sealed").expect("written");
        assert_eq!(bodies.get("0190-aa").expect("incoming"), b"sealed");
        assert_eq!(bodies.unsettled().expect("listed"), ["0190-aa"]);
        bodies.settle("0190-aa");
        assert_eq!(bodies.get("0190-aa").expect("settled"), b"sealed");
        assert!(bodies.unsettled().expect("listed").is_empty());
        bodies.discard("0190-aa");
        assert!(matches!(bodies.get("0190-aa"), Err(Error::Damaged)));
    }
}
