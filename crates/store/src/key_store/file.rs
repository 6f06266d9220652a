//! The key-store file on disk: the master key, locked, in a folder apart from the data (R6.4). While a key is replaced its
//! successor lies in a second file beside it.

use super::{KeyStore, KeyStoreKind, SplitError, under};
use crate::Error;
use seal::{Argon2Cost, KeyId, KeyStoreFile, Lock, MasterKey, Purpose, Share, WorkingKey, Zeroizing, split_master_key};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

const WHERE: Error = Error::Impossible("key-store file");

/// What unlocks the key store.
pub enum Unlock {
    /// A passphrase a custodian types or hands over in a file.
    Passphrase(Zeroizing<String>),
    /// 32 bytes from the host, such as a systemd credential.
    Credential(Zeroizing<[u8; 32]>),
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unlock(..)")
    }
}

impl Unlock {
    fn lock(&self) -> Lock<'_> {
        match self {
            Self::Passphrase(passphrase) => Lock::Passphrase(passphrase),
            Self::Credential(key) => Lock::Credential(key),
        }
    }
}

/// A key-store file that has been unlocked. It keeps what unlocks it, because another process may replace the key.
#[derive(Debug)]
pub struct SealedFile {
    path: PathBuf,
    unlock: Unlock,
    opened: Mutex<Opened>,
}

/// What the files held when they were last read, and the keys inside, newest first.
#[derive(Debug, Default)]
struct Opened {
    files: Vec<Vec<u8>>,
    masters: Vec<MasterKey>,
}

impl SealedFile {
    /// Makes a fresh master key and its file. An existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path, unlock: Unlock) -> Result<Self, Error> {
        Self::keep(path, unlock, &MasterKey::generate(&mut rand::rng()))
    }

    /// Keeps a master key that was restored from shares in a new file. An existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn keep(path: &Path, unlock: Unlock, master: &MasterKey) -> Result<Self, Error> {
        if path.exists() {
            return Err(Error::file(path)(std::io::ErrorKind::AlreadyExists.into()));
        }
        write_whole(path, &sealed(master, &unlock)?)?;
        Self::open(path, unlock)
    }

    /// Unlocks it.
    ///
    /// # Errors
    /// [`Error::KeyStore`] tells a wrong passphrase from a damaged file.
    pub fn open(path: &Path, unlock: Unlock) -> Result<Self, Error> {
        let file = Self { path: path.to_owned(), unlock, opened: Mutex::default() };
        drop(file.opened()?);
        Ok(file)
    }

    fn next(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".next");
        name.into()
    }

    /// The keys as the files hold them now. They are unlocked again only when another process has changed them.
    fn opened(&self) -> Result<MutexGuard<'_, Opened>, Error> {
        let mut opened = self.opened.lock().map_err(|_| WHERE)?;
        let next = match fs::read(self.next()) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::file(self.next())(error)),
        };
        let first = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            // The folder of keys may be unmounted once the exchange runs: what is in memory serves on.
            Err(_) if !opened.masters.is_empty() => return Ok(opened),
            Err(error) => return Err(Error::file(&self.path)(error)),
        };
        let files: Vec<Vec<u8>> = next.into_iter().chain([first]).collect();
        if files != opened.files {
            let unlocked = |bytes: &Vec<u8>| KeyStoreFile::parse(bytes)?.open(self.unlock.lock());
            opened.masters = files.iter().map(unlocked).collect::<Result<_, _>>()?;
            opened.files = files;
        }
        Ok(opened)
    }
}

fn sealed(master: &MasterKey, unlock: &Unlock) -> Result<Vec<u8>, Error> {
    let file = KeyStoreFile::seal_with_cost(master, unlock.lock(), Argon2Cost::DEFAULT, &mut rand::rng())?;
    Ok(file.to_bytes())
}

/// Whole and on disk under its name, or not there: also where the exchange and an operator's command write it at the same time.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut part = path.to_owned().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let write = || {
        let mut disk = held_alone(&part)?;
        disk.set_len(0)?;
        disk.write_all(bytes)?;
        disk.sync_all()?;
        fs::rename(&part, path)?;
        sync_folder(path)
    };
    write().map_err(Error::file(path))
}

/// The file of this name, which nobody else writes until it is closed.
fn held_alone(path: &Path) -> std::io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.lock()?;
        // Whoever held it before has given it its final name meanwhile.
        match fs::metadata(path) {
            Ok(there) if there.ino() == file.metadata()?.ino() => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

impl KeyStore for SealedFile {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::SealedFile
    }

    fn master_ids(&self) -> Result<Vec<KeyId>, Error> {
        Ok(self.opened()?.masters.iter().map(MasterKey::id).collect())
    }

    fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = self.opened()?;
        opened.masters.first().ok_or(WHERE)?.wrap(purpose, secret, &mut rand::rng()).map_err(|_| WHERE)
    }

    fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        under(&self.opened()?.masters, wrapped)?.unwrap(purpose, wrapped).map_err(|_| Error::Damaged)
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn prepare(&self) -> Result<KeyId, Error> {
        // Of two who begin at once, one makes the key and the other finds it.
        let alone = File::open(&self.path).map_err(Error::file(&self.path))?;
        alone.lock().map_err(Error::file(&self.path))?;
        if self.opened()?.masters.len() < 2 {
            write_whole(&self.next(), &sealed(&MasterKey::generate(&mut rand::rng()), &self.unlock)?)?;
        }
        self.opened()?.masters.first().map(MasterKey::id).ok_or(WHERE)
    }

    fn finish(&self) -> Result<Vec<KeyId>, Error> {
        let old: Vec<KeyId> = self.master_ids()?.split_off(1);
        if !old.is_empty() {
            fs::rename(self.next(), &self.path)
                .and_then(|()| sync_folder(&self.path))
                .map_err(Error::file(&self.path))?;
        }
        // Also forgets the old key in this process.
        drop(self.opened()?);
        Ok(old)
    }

    fn derive(&self, purpose: &Purpose<'_>) -> Result<Option<WorkingKey>, Error> {
        self.opened()?.masters.last().map(|master| master.derive(purpose).map_err(|_| WHERE)).transpose()
    }

    fn split(&self, shares: u8, needed: u8) -> Result<Option<Vec<Share>>, SplitError> {
        let opened = self.opened()?;
        Ok(Some(split_master_key(opened.masters.first().ok_or(WHERE)?, shares, needed, &mut rand::rng())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_who_write_at_once_leave_one_whole_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        write_whole(&path, &[0; 50_000]).expect("written");
        std::thread::scope(|scope| {
            for byte in 1..=2 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        write_whole(path, &vec![byte; 50_000]).expect("written");
                        let found = fs::read(path).expect("there");
                        assert!(found.len() == 50_000 && found.iter().all(|at| *at == found[0]), "torn");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }
}
