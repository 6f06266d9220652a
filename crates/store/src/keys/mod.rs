//! 鍵のはたらき — keys at work. The master key wraps a handful of working keys (`working_key`) and nothing else; those wrap
//! the keys of offices and other secrets, seal fields, index what is looked up, and pepper passwords. Replacing the master
//! key touches a dozen rows, however much is stored (R6.5).
//!
//! Working keys are unwrapped once and kept in memory while the key store can be reached. When it cannot they are forgotten,
//! and whatever needs one is refused until it is back (R6.8).

mod damage;
mod ring;
mod status;
mod watch;

pub(crate) use ring::{NewWorkingKey, Ring, in_database};
pub use status::{KeyStatus, WorkingKeyRow};
pub use watch::KeyStoreState;

use crate::key_copies::KeyKind;
use crate::key_store::MasterKeys;
use crate::{Clock, Error, database};
use damage::Damage;
use seal::{Purpose, WorkingKey, Zeroizing, blind_index};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Instant;
use watch::Watch;

/// The kinds of working keys there are.
pub(crate) const WORKING_KINDS: [KeyKind; 4] =
    [KeyKind::Wrapping, KeyKind::Field, KeyKind::BlindIndex, KeyKind::Pepper];

/// What a working key of this kind is wrapped for.
pub(crate) fn purpose_of(kind: KeyKind, version: u32) -> Result<Purpose<'static>, Error> {
    Ok(match kind {
        KeyKind::Wrapping => Purpose::WrappingKey { version },
        KeyKind::Field => Purpose::FieldKey { version },
        KeyKind::BlindIndex => Purpose::BlindIndexKey { version },
        KeyKind::Pepper => Purpose::PasswordPepper { version },
        _ => return Err(Error::Impossible("working_key.kind")),
    })
}

/// The keys of an open store.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) masters: MasterKeys,
    clock: Arc<dyn Clock>,
    /// Nothing while the key store is out of reach.
    ring: RwLock<Option<Arc<Ring>>>,
    pub(crate) watch: Watch,
    pub(crate) damage: Damage,
    /// Microseconds of work that replacing keys has taken, without what it waited for.
    pub(crate) rotation_work: AtomicU64,
}

impl Keys {
    pub(crate) fn new(masters: MasterKeys, clock: Arc<dyn Clock>) -> Self {
        Self {
            masters,
            clock,
            ring: RwLock::default(),
            watch: Watch::default(),
            damage: Damage::default(),
            rotation_work: AtomicU64::default(),
        }
    }

    /// Reads the working keys anew; false when there are none yet.
    pub(crate) async fn load(&self, reads: &database::Pool) -> Result<bool, Error> {
        let ring = Ring::load(reads, &self.masters).await?;
        let any = !ring.is_empty();
        self.keep(any.then(|| Arc::new(ring)))?;
        Ok(any)
    }

    /// Whether the working keys of this database are under a master key of this key store, whether or not they open.
    pub(crate) async fn are_of_this_exchange(&self, reads: &database::Pool) -> Result<bool, Error> {
        Ring::is_known_to(reads, &self.masters).await
    }

    fn keep(&self, ring: Option<Arc<Ring>>) -> Result<(), Error> {
        *self.ring.write().map_err(|_| Error::Impossible("keys"))? = ring;
        Ok(())
    }

    /// Notes work that replacing keys has taken since this instant.
    pub(crate) fn worked_since(&self, start: Instant) {
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.rotation_work.fetch_add(micros, Ordering::Relaxed);
    }

    /// The working keys, or a refusal while the key store is out of reach.
    pub(crate) fn ring(&self) -> Result<Arc<Ring>, Error> {
        self.watch.require()?;
        let ring = self.ring.read().map_err(|_| Error::Impossible("keys"))?;
        ring.clone().ok_or_else(|| Error::KeyStoreAway("no working keys in memory".to_owned()))
    }

    /// Refuses while the key store is out of reach: nothing is taken that could not be opened again (R6.8).
    pub(crate) fn require(&self) -> Result<(), Error> {
        self.ring().map(|_| ())
    }

    /// Wraps a secret of the exchange or of an office for a purpose.
    pub(crate) fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.wrap_as(KeyKind::Wrapping, purpose, secret)
    }

    /// Unwraps it.
    pub(crate) fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.unwrap_as(KeyKind::Wrapping, purpose, wrapped)
    }

    /// Wraps under the working key of this kind that is in use.
    pub(crate) fn wrap_as(&self, kind: KeyKind, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let ring = self.ring()?;
        let key = &ring.in_use(kind, self.clock.now())?.key;
        key.wrap(purpose, secret, &mut rand::rng()).map_err(|_| Error::Impossible("wrapping"))
    }

    /// Unwraps what is under any working key of this kind, or, from before there were any, under the master key itself.
    pub(crate) fn unwrap_as(
        &self,
        kind: KeyKind,
        purpose: &Purpose<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let ring = self.ring()?;
        let opened = match seal::wrapped_under(wrapped).map(|id| ring.by_id(kind, id)) {
            Ok(Some(key)) => key.unwrap(purpose, wrapped).map_err(|_| Error::Damaged),
            Ok(None) if kind == KeyKind::Wrapping => self.masters.unwrap(purpose, wrapped),
            Ok(None) | Err(_) => Err(Error::Damaged),
        };
        opened.map_err(|error| self.damage.note(purpose, error))
    }

    /// The keyed index of a value. There is one key for it: what was indexed cannot be indexed anew.
    pub(crate) fn blind_index(&self, field: &str, value: &[u8]) -> Result<[u8; 32], Error> {
        let ring = self.ring()?;
        let key = &ring.in_use(KeyKind::BlindIndex, self.clock.now())?.key;
        blind_index(key, field, value).map_err(|_| Error::Impossible("blind index"))
    }

    /// The pepper in use, and which.
    pub(crate) fn pepper(&self) -> Result<Pepper, Error> {
        let ring = self.ring()?;
        let version = ring.in_use(KeyKind::Pepper, self.clock.now())?.version;
        Ok(Pepper { ring, version })
    }

    /// An earlier pepper, under which a password may still be hashed.
    pub(crate) fn pepper_of(&self, version: u32) -> Result<Pepper, Error> {
        let ring = self.ring()?;
        ring.of_version(KeyKind::Pepper, version).ok_or(Error::Impossible("password pepper"))?;
        Ok(Pepper { ring, version })
    }
}

/// One version of the key that is mixed into password hashes.
#[derive(Debug)]
pub(crate) struct Pepper {
    ring: Arc<Ring>,
    pub(crate) version: u32,
}

impl Pepper {
    pub(crate) fn key(&self) -> Result<&WorkingKey, Error> {
        self.ring.of_version(KeyKind::Pepper, self.version).ok_or(Error::Impossible("password pepper"))
    }
}
