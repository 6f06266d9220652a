//! Passwords at rest: Argon2id with a pepper that lies in the key store (R8.10), one at a time.

use crate::keys::{Keys, Pepper};
use crate::{AccountId, Error};
use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, KeyId, Params, ParamsBuilder, Version};
use identity::Proof;
use identity::factor;
use identity::password::Typed;
use rand::Rng as _;
use seal::Zeroizing;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The one that is being hashed and those that wait for it; more are told to come back.
const QUEUE_MAX: usize = 33;
/// How far the hashing thread stands back behind the rest where all cores are busy.
const NICE: i32 = 10;
/// How many times as long as it worked it then rests: at most a third of one core, and of the memory's speed, is a flood's, so
/// sends keep their rate (R8.9). An answer does not wait for the rest; the last of a full queue gets its own within two
/// seconds.
const REST: u32 = 2;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

const WHERE: Error = Error::Impossible("password hash");

/// The cost of a hash; stored with each, so that raising it leaves old ones usable until the next sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl HashCost {
    /// OWASP's first recommendation for Argon2id; ASVS 5.0, appendix C, asks for no more.
    pub const OWASP: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// With the version of the pepper, which stands in the stored hash: a newer pepper makes a hash outdated, like a higher
    /// cost, and the next sign-in puts that right (R6.5). The first has no mark, as before there were versions.
    fn params(self, pepper: u32) -> Result<Params, Error> {
        let mut params = ParamsBuilder::new();
        params.m_cost(self.memory_kib).t_cost(self.passes).p_cost(self.lanes).output_len(HASH_BYTES);
        if pepper > 1 {
            params.keyid(KeyId::new(&pepper.to_be_bytes()).map_err(|_| WHERE)?);
        }
        params.build().map_err(|_| WHERE)
    }
}

/// What came of comparing a password.
#[derive(Debug)]
pub(crate) struct Compared {
    /// Made only by a comparison that came out right.
    pub(crate) proof: Option<Proof>,
    /// The stored hash was made under another cost than the present one.
    pub(crate) outdated: bool,
}

/// A place in the queue. Taken before anything else is spent on a try.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

#[derive(Debug)]
pub(crate) struct Hasher {
    cost: HashCost,
    keys: Arc<Keys>,
    /// An account that is nobody's, and its hash: read and compared with where there is none. The same work, and never right.
    nobody: (AccountId, Arc<str>),
    queue: Arc<Semaphore>,
    /// To the one thread that hashes. What waits there is bounded by the places of the queue.
    jobs: mpsc::Sender<Job>,
    count: Arc<AtomicU64>,
}

type Job = Box<dyn FnOnce() + Send>;

/// Works until the last sender is gone.
fn hash_one_after_another(jobs: &mpsc::Receiver<Job>) {
    // Of this thread alone (Linux). Where it is not allowed, hashing works all the same.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the hashing thread keeps its priority");
    }
    for job in jobs {
        let began = Instant::now();
        job();
        std::thread::sleep(began.elapsed() * REST);
    }
}

impl Hasher {
    pub(crate) fn new(cost: HashCost, keys: Arc<Keys>) -> Result<Self, Error> {
        let mut random = [0; SALT_BYTES + HASH_BYTES];
        rand::rng().fill_bytes(&mut random);
        let (salt, hash) = random.split_at(SALT_BYTES);
        let nobody = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&cost.params(1)?).map_err(|_| WHERE)?,
            salt: Some(Salt::new(salt).map_err(|_| WHERE)?),
            hash: Some(Output::new(hash).map_err(|_| WHERE)?),
        };
        let (jobs, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || hash_one_after_another(&waiting))
            .map_err(|_| WHERE)?;
        Ok(Self {
            cost,
            keys,
            nobody: (AccountId::fresh(), nobody.to_string().into()),
            queue: Arc::new(Semaphore::new(QUEUE_MAX)),
            jobs,
            count: Arc::default(),
        })
    }

    /// A place in the queue, or nothing when it is full.
    pub(crate) fn queue(&self) -> Option<Place> {
        Arc::clone(&self.queue).try_acquire_owned().ok().map(Place)
    }

    /// Hashings since the start: the work that is done must not depend on whom a login belongs to (R8.9).
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The account that is nobody's, and its hash.
    pub(crate) fn nobody(&self) -> (AccountId, &str) {
        (self.nobody.0, &self.nobody.1)
    }

    /// Compares a password with a stored hash; without one, with nobody's.
    pub(crate) async fn compare(
        &self,
        place: &Place,
        account: Option<(AccountId, &str)>,
        password: &str,
    ) -> Result<Compared, Error> {
        let (id, stored) = account.unwrap_or(self.nobody());
        let (account, stored): (String, Arc<str>) = (id.to_string(), stored.into());
        let real = id != self.nobody.0;
        let (cost, password) = (self.cost, Zeroizing::new(password.to_owned()));
        self.work(place, move |keys| {
            let kept = PasswordHash::new(&stored).map_err(|_| WHERE)?;
            let (Some(salt), Some(hash)) = (&kept.salt, &kept.hash) else { return Err(WHERE) };
            let params = Params::try_from(&kept).map_err(|_| WHERE)?;
            let newest = keys.pepper()?;
            // Nobody's hash is compared with under whatever pepper is in use: the work is the same, and never right.
            let made_with = pepper_version(&params)?;
            let pepper = keys.pepper_of(if real { made_with } else { newest.version })?;
            let argon2 = Argon2::new_with_secret(pepper.key()?.reveal(), Algorithm::Argon2id, Version::V0x13, params);
            let mut computed = Zeroizing::new([0; HASH_BYTES]);
            argon2
                .map_err(|_| WHERE)?
                .hash_password_into(password.as_bytes(), salt, computed.as_mut())
                .map_err(|_| WHERE)?;
            let proof = factor::password(&account, computed.as_ref(), hash.as_bytes());
            let present = ParamsString::try_from(&cost.params(newest.version)?).map_err(|_| WHERE)?;
            // Without an account there is nobody to prove, whatever chance may bring.
            Ok(Compared { outdated: kept.params != present, proof: proof.filter(|_| real) })
        })
        .await
    }

    /// Hashes a password under a salt of its own.
    pub(crate) async fn hash(&self, place: &Place, password: &Typed) -> Result<String, Error> {
        let (cost, password) = (self.cost, password.clone());
        self.work(place, move |keys| {
            let pepper = keys.pepper()?;
            let mut salt = [0; SALT_BYTES];
            rand::rng().fill_bytes(&mut salt);
            let hash = argon2(&pepper, cost)?
                .hash_password_with_salt(password.reveal().as_bytes(), &salt)
                .map_err(|_| WHERE)?;
            Ok(hash.to_string())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        _: &Place,
        work: impl FnOnce(&Keys) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (keys, count) = (Arc::clone(&self.keys), Arc::clone(&self.count));
        let (done, answer) = oneshot::channel();
        let job = move || {
            count.fetch_add(1, Ordering::Relaxed);
            // Whoever asked may have gone away.
            let _ = done.send(work(&keys));
        };
        self.jobs.send(Box::new(job)).map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

fn argon2(pepper: &Pepper, cost: HashCost) -> Result<Argon2<'_>, Error> {
    let params = cost.params(pepper.version)?;
    Argon2::new_with_secret(pepper.key()?.reveal(), Algorithm::Argon2id, Version::V0x13, params).map_err(|_| WHERE)
}

/// The pepper that a stored hash was made with.
fn pepper_version(params: &Params) -> Result<u32, Error> {
    match params.keyid() {
        [] => Ok(1),
        version => version.try_into().map(u32::from_be_bytes).map_err(|_| WHERE),
    }
}

/// What a stored hash of this pepper has in it, to be looked for by the database; nothing for the first.
pub(crate) fn pepper_mark(version: u32) -> Result<Option<String>, Error> {
    if version == 1 {
        return Ok(None);
    }
    let params = HashCost::OWASP.params(version)?;
    let text = ParamsString::try_from(&params).map_err(|_| WHERE)?.to_string();
    Ok(text.split(',').find(|param| param.starts_with("keyid=")).map(str::to_owned))
}
