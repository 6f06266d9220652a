//! 消去 — asked for by one person, agreed to by another, run, searched for, certified (R11.2–R11.6).
//!
//! The order is what makes it hold: the erasure is written into the list that lies outside of every backup, then the keys are
//! destroyed and with them the boxes, then the keys in backups, then what the disk still holds. Each step may be done twice,
//! so a crash at any moment is answered by running it again.

mod certify;
mod list;
mod objects;
mod pages;
mod run;
mod search;

pub use certify::Certified;
pub(crate) use certify::own_places;
pub(crate) use list::known_lines;
pub use list::{ErasureList, ListError};
pub use objects::Blocked;
pub use pages::{ErasureDetail, Outlook};
pub use run::{Expired, Ran};

use crate::backup::BackupPlaces;
use crate::database::Connection;
use crate::record::{self, Act};
use crate::retention::{Ends, Kind, archives, held, rule_in_force};
use crate::{ErasureId, Error, OperatorName, Store, clock};
use identity::role::Deed;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use ledger::certificate::{CertificateKey, CertificatePublicKey};
use objects::Measure;
use rand::Rng as _;
use seal::{Purpose, Zeroizing};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;
use std::collections::BTreeSet;

/// Things of one erasure. More are several erasures, each with its certificate.
pub const ERASURE_OBJECTS_MAX: usize = 2_000;
/// Between the second person's agreement and the erasure, unless its time was over anyway: time to notice a mistake (R11.5).
pub const COOLING: SignedDuration = SignedDuration::from_hours(24);
/// Characters of a basis.
const BASIS_CHARACTERS_MAX: usize = 500;
/// Rows of a listing.
const LISTED_MAX: i64 = 10_000;
const KEY_NAME: &str = "certificate";
const KEY_VERSION: u32 = 1;

/// Where things lie that an erasure must reach besides the data folder.
#[derive(Clone, Debug)]
pub struct Places {
    /// The list of erasures.
    pub list: ErasureList,
    /// The backups, where there are any.
    pub backup: Option<BackupPlaces>,
}

/// An erasure and when its keys were gone here.
pub(crate) struct ErasureTimes<'a> {
    pub(crate) id: &'a str,
    pub(crate) erased_at: &'a str,
}

/// Why somebody wants it erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its time is over.
    Expiry,
    /// Two people decided it before that.
    Early,
    /// An office left (R11.9).
    EndOfContract,
    /// It was used in maintenance (R2.6).
    Maintenance,
}

impl Reason {
    /// Those a person may give.
    pub const GIVEN: [Self; 3] = [Self::Early, Self::EndOfContract, Self::Maintenance];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Early => "early",
            Self::EndOfContract => "end-of-contract",
            Self::Maintenance => "maintenance",
        }
    }

    /// The reason with this id, if a person may give it.
    #[must_use]
    pub fn given(id: &str) -> Option<Self> {
        Self::GIVEN.into_iter().find(|reason| reason.id() == id)
    }
}

/// An erasure to be asked for.
#[derive(Clone, Debug)]
pub struct NewErasure {
    /// Of which kind.
    pub kind: Kind,
    /// What: ids of transmissions, recoveries, accounts or keys.
    pub objects: BTreeSet<String>,
    /// Why.
    pub reason: Reason,
    /// On what basis, in the words of who asks. No names.
    pub basis: String,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureRequested {
    /// Another person has to agree.
    Done {
        /// Ours.
        id: ErasureId,
        /// As it would be erased.
        objects: usize,
    },
    /// Nothing was named, or more than one erasure takes.
    Count,
    /// No basis, or one too long.
    Incomplete,
    /// The operator has set no procedure for this kind (R11.1).
    NoProcedure,
    /// The procedure does not name this person (R11.1).
    NotStaff,
    /// Nothing of this kind is erased this way.
    NotErasable,
    /// One of the things must not be erased.
    Blocked(Blocked),
}

/// What came of agreeing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureApproved {
    /// It may be run from this instant on.
    Done {
        /// RFC 3339, UTC.
        from: String,
    },
    /// Nobody agrees to what they asked for themselves.
    OwnRequest,
    /// The procedure does not name this person.
    NotStaff,
    /// None waits under this id.
    NotWaiting,
    /// It has become another one since it was asked for.
    Changed,
    /// One of the things must not be erased any more.
    Blocked(Blocked),
}

/// One erasure, for lists.
#[derive(Clone, Debug)]
pub struct ErasureRow {
    /// Ours.
    pub id: ErasureId,
    /// Of which kind.
    pub kind: Kind,
    /// Why.
    pub reason: String,
    /// On what basis.
    pub basis: String,
    /// `requested`, `approved`, `erasing`, `erased`, `certified`, `withdrawn` or `replayed`.
    pub state: String,
    /// Things.
    pub objects: u64,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: String,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<String>,
    /// When the keys were gone.
    pub erased_at: Option<String>,
    /// When it was certified.
    pub certified_at: Option<String>,
}

const INSERT: &str = "
    INSERT INTO erasure (erasure_id, kind, reason, basis, rule_version, state, item_count, items_digest, requested_by,
                         requested_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const INSERT_ITEM: &str = "INSERT INTO erasure_item (erasure_id, object) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const APPROVE: &str = "
    UPDATE erasure SET state = 'approved', approved_by = $2, approved_at = $3
     WHERE erasure_id = $1 AND state = 'requested'";
const WITHDRAW: &str = "
    UPDATE erasure SET state = 'withdrawn', ended_at = $2
     WHERE erasure_id = $1 AND state IN ('requested', 'approved')";
const SELECT: &str = "
    SELECT erasure_id, kind, reason, basis, rule_version, state, item_count, items_digest, requested_by, requested_at,
           approved_by, approved_at, run_by, list_number, erased_at, certified_at
      FROM erasure WHERE erasure_id = $1";
const NEWEST: &str = "
    SELECT erasure_id, kind, reason, basis, rule_version, state, item_count, items_digest, requested_by, requested_at,
           approved_by, approved_at, run_by, list_number, erased_at, certified_at
      FROM erasure ORDER BY requested_at DESC, erasure_id DESC LIMIT $1";
const ITEMS: &str = "SELECT object FROM erasure_item WHERE erasure_id = $1 ORDER BY object";
const OPEN_ITEM: &str = "
    SELECT e.erasure_id FROM erasure_item i JOIN erasure e ON e.erasure_id = i.erasure_id
     WHERE i.object = $1 AND e.state IN ('requested', 'approved', 'erasing') LIMIT 1";
const CERTIFICATE: &str = "SELECT certificate FROM erasure WHERE erasure_id = $1";
const SUBMIT: &str = "
    INSERT INTO erasure_submission (erasure_id, submitted_to, submitted_by, submitted_at)
    SELECT erasure_id, $2, $3, $4 FROM erasure WHERE erasure_id = $1 AND certificate IS NOT NULL
        ON CONFLICT DO NOTHING";
const SECRET: &str = "SELECT wrapped FROM secret WHERE name = $1";
const INSERT_SECRET: &str = "INSERT INTO secret (name, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

#[derive(Clone, FromRow)]
struct Row {
    erasure_id: String,
    kind: String,
    reason: String,
    basis: String,
    rule_version: i64,
    state: String,
    item_count: i64,
    items_digest: String,
    requested_by: String,
    requested_at: String,
    approved_by: Option<String>,
    approved_at: Option<String>,
    run_by: Option<String>,
    list_number: Option<i64>,
    erased_at: Option<String>,
    certified_at: Option<String>,
}

impl Row {
    fn kind(&self) -> Result<Kind, Error> {
        Kind::from_id(&self.kind).ok_or(Error::Impossible("erasure.kind"))
    }

    fn times(&self) -> Result<ErasureTimes<'_>, Error> {
        let erased_at = self.erased_at.as_deref().ok_or(Error::Impossible("erasure.erased_at"))?;
        Ok(ErasureTimes { id: &self.erasure_id, erased_at })
    }
}

fn listed(row: Row) -> Result<ErasureRow, Error> {
    Ok(ErasureRow {
        id: row.erasure_id.parse().map_err(|_| Error::Impossible("erasure.erasure_id"))?,
        kind: row.kind()?,
        reason: row.reason,
        basis: row.basis,
        state: row.state,
        objects: row.item_count.unsigned_abs(),
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        approved_by: row.approved_by,
        approved_at: row.approved_at,
        erased_at: row.erased_at,
        certified_at: row.certified_at,
    })
}

/// SHA-256 over the objects, one a line: what was previewed is what is erased.
fn digest_of(objects: &BTreeSet<String>) -> String {
    let mut digest = Sha256::new();
    for object in objects {
        digest.update(object.as_bytes());
        digest.update(b"\n");
    }
    crate::hex::hex(&digest.finalize())
}

async fn find(c: &mut Connection, id: ErasureId) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(SELECT).bind(id.to_string()).fetch_optional(c).await?)
}

async fn items(c: &mut Connection, id: &str) -> Result<BTreeSet<String>, Error> {
    let rows: Vec<String> = sqlx::query_scalar(ITEMS).bind(id).fetch_all(c).await?;
    Ok(rows.into_iter().collect())
}

/// The rule, the holds and the archives as they stand now; none where the kind has no procedure.
async fn measure(c: &mut Connection, kind: Kind, now: Timestamp) -> Result<Option<Measure>, Error> {
    let Some(rule) = rule_in_force(c, kind).await? else { return Ok(None) };
    Ok(Some(Measure { rule, holds: held(c).await?, archives: archives(c).await?, now }))
}

/// The first of these that must not be erased.
async fn first_blocked(
    c: &mut Connection,
    kind: Kind,
    objects: &BTreeSet<String>,
    measure: &Measure,
) -> Result<Option<Blocked>, Error> {
    for object in objects {
        let Some(standing) = objects::standing(c, kind, object).await? else {
            return Ok(Some(Blocked::Unknown(object.clone())));
        };
        if let Err(blocked) = measure.of(kind, object, &standing) {
            return Ok(Some(blocked));
        }
    }
    Ok(None)
}

async fn insert(
    c: &mut Connection,
    id: ErasureId,
    new: &NewErasure,
    rule_version: i64,
    state: &str,
    by: &str,
    at: &str,
) -> Result<(), Error> {
    let id = id.to_string();
    sqlx::query(INSERT)
        .bind(&id)
        .bind(new.kind.id())
        .bind(new.reason.id())
        .bind(&new.basis)
        .bind(rule_version)
        .bind(state)
        .bind(new.objects.len() as i64)
        .bind(digest_of(&new.objects))
        .bind(by)
        .bind(at)
        .execute(&mut *c)
        .await?;
    for object in &new.objects {
        sqlx::query(INSERT_ITEM).bind(&id).bind(object).execute(&mut *c).await?;
    }
    Ok(())
}

impl Store {
    /// Asks for an erasure. Nothing is erased before somebody else agreed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_erasure(&self, new: NewErasure, by: &OperatorName) -> Result<ErasureRequested, Error> {
        if !(1..=ERASURE_OBJECTS_MAX).contains(&new.objects.len()) {
            return Ok(ErasureRequested::Count);
        }
        let basis = new.basis.trim().to_owned();
        let sound = (1..=BASIS_CHARACTERS_MAX).contains(&basis.chars().count());
        if !sound || basis.chars().any(char::is_control) || new.reason == Reason::Expiry {
            return Ok(ErasureRequested::Incomplete);
        }
        if new.kind.facts().ends != Ends::ByErasure {
            return Ok(ErasureRequested::NotErasable);
        }
        let new = NewErasure { basis, ..new };
        let (id, now, by) = (ErasureId::fresh(), self.clock.now(), by.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let act = Act::officer(Action::ErasureRequest, &by, now)
                        .object(id)
                        .code("kind", new.kind.id())
                        .code("reason", new.reason.id())
                        .number("objects", new.objects.len() as u64);
                    let Some(measure) = measure(c, new.kind, now).await? else {
                        record::append(c, &act.refused_for("no-procedure")?).await?;
                        return Ok(ErasureRequested::NoProcedure);
                    };
                    if !measure.rule.allows(&by, Deed::Erase) {
                        record::append(c, &act.refused_for("not-staff")?).await?;
                        return Ok(ErasureRequested::NotStaff);
                    }
                    let mut blocked = first_blocked(c, new.kind, &new.objects, &measure).await?;
                    for object in &new.objects {
                        let open: Option<String> =
                            sqlx::query_scalar(OPEN_ITEM).bind(object).fetch_optional(&mut *c).await?;
                        if blocked.is_none() && open.is_some() {
                            blocked = Some(Blocked::Already(object.clone()));
                        }
                    }
                    if let Some(blocked) = blocked {
                        record::append(c, &act.refused_for(code(&blocked))?).await?;
                        return Ok(ErasureRequested::Blocked(blocked));
                    }
                    let at = clock::text(now);
                    insert(c, id, &new, measure.rule.version, "requested", &by.to_string(), &at).await?;
                    record::append(c, &act.done()?).await?;
                    Ok(ErasureRequested::Done { id, objects: new.objects.len() })
                })
            })
            .await
    }

    /// Agrees to an erasure that somebody else asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_erasure(&self, id: ErasureId, by: &OperatorName) -> Result<ErasureApproved, Error> {
        let (now, by) = (self.clock.now(), by.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let Some(row) = find(c, id).await?.filter(|row| row.state == "requested") else {
                        return Ok(ErasureApproved::NotWaiting);
                    };
                    let act = Act::officer(Action::ErasureApprove, &by, now).object(id);
                    if row.requested_by == by.to_string() {
                        record::append(c, &act.refused_for("own-request")?).await?;
                        return Ok(ErasureApproved::OwnRequest);
                    }
                    let kind = row.kind()?;
                    let Some(measure) = measure(c, kind, now).await? else {
                        return Err(Error::Impossible("retention_rule"));
                    };
                    if !measure.rule.allows(&by, Deed::ApproveErasure) {
                        record::append(c, &act.refused_for("not-staff")?).await?;
                        return Ok(ErasureApproved::NotStaff);
                    }
                    let objects = items(c, &row.erasure_id).await?;
                    if digest_of(&objects) != row.items_digest || measure.rule.version != row.rule_version {
                        record::append(c, &act.refused_for("changed")?).await?;
                        return Ok(ErasureApproved::Changed);
                    }
                    if let Some(blocked) = first_blocked(c, kind, &objects, &measure).await? {
                        record::append(c, &act.refused_for(code(&blocked))?).await?;
                        return Ok(ErasureApproved::Blocked(blocked));
                    }
                    sqlx::query(APPROVE)
                        .bind(id.to_string())
                        .bind(by.to_string())
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &act.number("objects", objects.len() as u64).done()?).await?;
                    Ok(ErasureApproved::Done { from: clock::text(now + COOLING) })
                })
            })
            .await
    }

    /// Takes back an erasure that has not been run. One person is enough: it destroys nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_erasure(&self, id: ErasureId, by: &OperatorName) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::officer(Action::ErasureWithdraw, by, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let withdrawn = sqlx::query(WITHDRAW)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected()
                        == 1;
                    if withdrawn {
                        record::append(c, &entry).await?;
                    }
                    Ok(withdrawn)
                })
            })
            .await
    }

    /// The newest erasures, whatever became of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erasures(&self) -> Result<Vec<ErasureRow>, Error> {
        let rows: Vec<Row> = sqlx::query_as(NEWEST).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(listed).collect()
    }

    /// The certificate of an erasure, as it was signed; none before that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erasure_certificate(&self, id: ErasureId) -> Result<Option<String>, Error> {
        let row: Option<Option<String>> =
            sqlx::query_scalar(CERTIFICATE).bind(id.to_string()).fetch_optional(&self.reads).await?;
        Ok(row.flatten())
    }

    /// Records to whom a certificate was given. False where there is none, or it was recorded before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submit_certificate(&self, id: ErasureId, to: &str, by: &OperatorName) -> Result<bool, Error> {
        let to = to.trim().to_owned();
        let sound = (1..=BASIS_CHARACTERS_MAX).contains(&to.chars().count());
        if !sound || to.chars().any(char::is_control) {
            return Ok(false);
        }
        let now = self.clock.now();
        let entry = Act::officer(Action::ErasureSubmit, by, now).object(id).done()?;
        let (by, at) = (by.to_string(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let submitted = sqlx::query(SUBMIT)
                        .bind(id.to_string())
                        .bind(to)
                        .bind(by)
                        .bind(at)
                        .execute(&mut *c)
                        .await?
                        .rows_affected()
                        == 1;
                    if submitted {
                        record::append(c, &entry).await?;
                    }
                    Ok(submitted)
                })
            })
            .await
    }

    /// What certificates of erasure are verified with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn certificate_public_key(&self) -> Result<CertificatePublicKey, Error> {
        Ok(self.certificate_key().await?.public())
    }

    /// The key that signs certificates and the list of erasures; made the first time.
    pub(crate) async fn certificate_key(&self) -> Result<CertificateKey, Error> {
        const WHERE: Error = Error::Impossible("certificate key");
        let mut wrapped: Option<Vec<u8>> =
            sqlx::query_scalar(SECRET).bind(KEY_NAME).fetch_optional(&self.reads).await?;
        if wrapped.is_none() {
            let fresh = {
                let mut secret = Zeroizing::new([0_u8; 32]);
                rand::rng().fill_bytes(secret.as_mut());
                let purpose = Purpose::CertificateKey { version: KEY_VERSION };
                self.keys.wrap(&purpose, secret.as_ref())?
            };
            let now = self.clock.now();
            let entry = Act::system(Action::KeyCreate, now).code("key", KEY_NAME).done()?;
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        let made = sqlx::query(INSERT_SECRET)
                            .bind(KEY_NAME)
                            .bind(fresh)
                            .bind(clock::text(now))
                            .execute(&mut *c)
                            .await?
                            .rows_affected();
                        if made == 1 {
                            record::append(c, &entry).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
            wrapped = sqlx::query_scalar(SECRET).bind(KEY_NAME).fetch_optional(&self.reads).await?;
        }
        let wrapped = wrapped.ok_or(WHERE)?;
        let purpose = Purpose::CertificateKey { version: KEY_VERSION };
        let secret = self.keys.unwrap(&purpose, &wrapped)?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(secret.as_slice().try_into().map_err(|_| Error::Damaged)?);
        Ok(CertificateKey::from_bytes(&secret))
    }
}

/// As the log spells why not.
fn code(blocked: &Blocked) -> &'static str {
    match blocked {
        Blocked::Unknown(_) => "unknown",
        Blocked::Already(_) => "already",
        Blocked::NotEnded(_) => "not-ended",
        Blocked::Minimum { .. } => "minimum",
        Blocked::Held { .. } => "held",
    }
}
