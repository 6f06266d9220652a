//! 鍵の保管庫 — where master keys lie, apart from the data (R6.4). One small interface: a sealed file and a PKCS#11 token
//! keep it alike, and `tests/key_stores.rs` holds both to the same contract.
//!
//! A key store may hold two master keys while one replaces the other. What is wrapped goes under the newest; what was wrapped
//! opens under whichever is still there.

mod file;
mod held;
mod token;

pub(crate) use file::write_whole;
pub use file::{SealedFile, Unlock};
pub use token::{Token, TokenPlace};

use crate::Error;
use held::Held;
use seal::{KeyId, MasterKey, Purpose, Share, ShareError, WorkingKey, Zeroizing};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// What a key store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStoreKind {
    /// A file, closed with a passphrase or a credential.
    SealedFile,
    /// A PKCS#11 token: it wraps for us and gives no key away.
    Token,
    /// In memory only; for tests.
    Held,
}

/// Keeps master keys and wraps with them. Every call may block: a token can be at the other end of a cable.
pub trait KeyStore: Send + Sync + fmt::Debug {
    /// What it is.
    fn kind(&self) -> KeyStoreKind;

    /// The master keys it holds, the newest first; never none.
    ///
    /// # Errors
    /// [`Error::KeyStoreAway`] when it cannot be asked.
    fn master_ids(&self) -> Result<Vec<KeyId>, Error>;

    /// Wraps a small secret for a purpose, under the newest master key.
    ///
    /// # Errors
    /// [`Error::KeyStoreAway`] when it cannot be asked.
    fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error>;

    /// Unwraps what was wrapped for this purpose under a master key it still holds.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not open, [`Error::KeyStoreAway`] when it cannot be asked.
    fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

    /// Whether it can be used now; asks the thing itself.
    ///
    /// # Errors
    /// [`Error::KeyStoreAway`] when not.
    fn check(&self) -> Result<(), Error>;

    /// Makes a master key beside the one in use, or finds the one that an earlier try made. It is the newest from now on.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing has changed.
    fn prepare(&self) -> Result<KeyId, Error>;

    /// Destroys every master key but the newest, and says which.
    ///
    /// # Errors
    /// When they are still there.
    fn finish(&self) -> Result<Vec<KeyId>, Error>;

    /// The key that exchanges of before derived from the master key; nothing where it is not given away.
    ///
    /// # Errors
    /// [`Error::KeyStoreAway`] when it cannot be asked.
    fn derive(&self, purpose: &Purpose<'_>) -> Result<Option<WorkingKey>, Error>;

    /// Recovery shares of the newest master key; nothing where it is not given away.
    ///
    /// # Errors
    /// [`ShareError`] when such numbers are not allowed.
    fn split(&self, shares: u8, needed: u8) -> Result<Option<Vec<Share>>, SplitError>;
}

/// Why a master key was not split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// Such numbers of shares are not allowed.
    #[error(transparent)]
    Shares(#[from] ShareError),
    /// The key store cannot be used.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A key store, as the store holds it.
#[derive(Clone, Debug)]
pub struct MasterKeys(Arc<dyn KeyStore>);

impl MasterKeys {
    /// This key store.
    pub fn new(store: impl KeyStore + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl std::ops::Deref for MasterKeys {
    type Target = dyn KeyStore;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// In memory only, without anything that would outlive the process.
impl From<MasterKey> for MasterKeys {
    fn from(master: MasterKey) -> Self {
        Self::new(Held::new(master))
    }
}

/// Makes a fresh master key and its key-store file. An existing file is never overwritten.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn create_key_store(path: &Path, unlock: Unlock) -> Result<MasterKeys, Error> {
    SealedFile::create(path, unlock).map(MasterKeys::new)
}

/// Unlocks the key-store file.
///
/// # Errors
/// [`Error::KeyStore`] tells a wrong passphrase from a damaged file.
pub fn open_key_store(path: &Path, unlock: Unlock) -> Result<MasterKeys, Error> {
    SealedFile::open(path, unlock).map(MasterKeys::new)
}

/// The master key among these that a secret is under.
fn under<'a>(masters: &'a [MasterKey], wrapped: &[u8]) -> Result<&'a MasterKey, Error> {
    let id = seal::wrapped_under(wrapped).map_err(|_| Error::Damaged)?;
    masters.iter().find(|master| master.id() == id).ok_or(Error::Damaged)
}
