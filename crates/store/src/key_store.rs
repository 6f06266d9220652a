//! The key-store file on disk: the master key, locked, in a folder apart from the data (R6.4).

use crate::Error;
use seal::{Argon2Cost, KeyStoreFile, Lock, MasterKey, Zeroizing};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

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

/// Makes a fresh master key and its key-store file. An existing file is never overwritten.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn create_key_store(path: &Path, unlock: &Unlock) -> Result<MasterKey, Error> {
    let mut rng = rand::rng();
    let master = MasterKey::generate(&mut rng);
    let file = KeyStoreFile::seal_with_cost(&master, unlock.lock(), Argon2Cost::DEFAULT, &mut rng)?;
    let write = || {
        let mut disk = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        disk.write_all(&file.to_bytes())?;
        disk.sync_all()?;
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().map_err(Error::file(path))?;
    Ok(master)
}

/// Unlocks the master key.
///
/// # Errors
/// [`Error::KeyStore`] tells a wrong passphrase from a damaged file.
pub fn open_key_store(path: &Path, unlock: &Unlock) -> Result<MasterKey, Error> {
    let bytes = fs::read(path).map_err(Error::file(path))?;
    Ok(KeyStoreFile::parse(&bytes)?.open(unlock.lock())?)
}
