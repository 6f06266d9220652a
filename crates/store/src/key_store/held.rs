//! Master keys in memory, for tests and for whoever holds one already.

use super::{KeyStore, KeyStoreKind, SplitError, under};
use crate::Error;
use seal::{KeyId, MasterKey, Purpose, Share, WorkingKey, Zeroizing, split_master_key};
use std::sync::{Mutex, MutexGuard};

/// Newest first.
#[derive(Debug)]
pub(super) struct Held(Mutex<Vec<MasterKey>>);

const WHERE: Error = Error::Impossible("master keys");

impl Held {
    pub(super) fn new(master: MasterKey) -> Self {
        Self(Mutex::new(vec![master]))
    }

    fn masters(&self) -> Result<MutexGuard<'_, Vec<MasterKey>>, Error> {
        self.0.lock().map_err(|_| WHERE)
    }
}

impl KeyStore for Held {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::Held
    }

    fn master_ids(&self) -> Result<Vec<KeyId>, Error> {
        Ok(self.masters()?.iter().map(MasterKey::id).collect())
    }

    fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.masters()?.first().ok_or(WHERE)?.wrap(purpose, secret, &mut rand::rng()).map_err(|_| WHERE)
    }

    fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        under(&self.masters()?, wrapped)?.unwrap(purpose, wrapped).map_err(|_| Error::Damaged)
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn prepare(&self) -> Result<KeyId, Error> {
        let mut masters = self.masters()?;
        if masters.len() < 2 {
            masters.insert(0, MasterKey::generate(&mut rand::rng()));
        }
        masters.first().map(MasterKey::id).ok_or(WHERE)
    }

    fn finish(&self) -> Result<Vec<KeyId>, Error> {
        Ok(self.masters()?.drain(1..).map(|old| old.id()).collect())
    }

    fn derive(&self, purpose: &Purpose<'_>) -> Result<Option<WorkingKey>, Error> {
        self.masters()?.last().map(|master| master.derive(purpose).map_err(|_| WHERE)).transpose()
    }

    fn split(&self, shares: u8, needed: u8) -> Result<Option<Vec<Share>>, SplitError> {
        let masters = self.masters()?;
        Ok(Some(split_master_key(masters.first().ok_or(WHERE)?, shares, needed, &mut rand::rng())?))
    }
}
