//! Erasures as people of the operator look at them: one with what it takes away, and what comes up.

use super::{ErasureRow, Measure, find, items, listed, measure};
use crate::people::NAME;
use crate::retention::{Ends, Kind, after};
use crate::{AccountId, ErasureId, Error, Store, clock};
use jiff::Timestamp;
use standard::value::Private;
use std::collections::{BTreeMap, BTreeSet};

/// People named on one page.
const NAMES_MAX: usize = 200;

const DONE_ITEMS: &str = "SELECT count(*) FROM erasure_item WHERE erasure_id = $1 AND erased_at IS NOT NULL";
const TIMES: &str = "SELECT run_by, verified_by FROM erasure WHERE erasure_id = $1";
const NAME_OF: &str = "SELECT name_sealed FROM account WHERE account_id = $1 AND side = 'operator'";

/// The first end of something that is kept, by kind.
const FIRST_SET: &str = "
    SELECT min(coalesce(withdrawn_at, acknowledged_at, accepted_at)) FROM transmission WHERE erased_at IS NULL";
const FIRST_EVIDENCE: &str = "SELECT min(ended_at) FROM recovery WHERE erased_at IS NULL";
const FIRST_LEAVER: &str = "SELECT min(closed_at) FROM account WHERE erased_at IS NULL AND state = 'closed'";
const FIRST_KEY: &str = "
    SELECT min(o.closed_at) FROM office_key k JOIN office o ON o.office_id = k.office_id
     WHERE k.destroyed_at IS NULL AND o.is_operator = 0";

/// An erasure, and what it takes away.
#[derive(Clone, Debug)]
pub struct ErasureDetail {
    /// As in lists.
    pub row: ErasureRow,
    /// What was named: ids of ours.
    pub objects: BTreeSet<String>,
    /// So many of them are gone.
    pub done: u64,
    /// Who ran it.
    pub run_by: Option<String>,
    /// Who verified it.
    pub verified_by: Option<String>,
}

/// What comes up for a kind of information.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// Which.
    pub kind: Kind,
    /// When the first thing of it is past its time, RFC 3339 in UTC; nothing where there is none, or no procedure. Holds, and
    /// offices that keep longer, are not looked at.
    pub next_due: Option<String>,
}

impl Store {
    /// One erasure; `None` where no such is known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erasure(&self, id: ErasureId) -> Result<Option<ErasureDetail>, Error> {
        let mut c = self.reads.acquire().await?;
        let Some(row) = find(&mut c, id).await? else { return Ok(None) };
        let objects = items(&mut c, &row.erasure_id).await?;
        let done: i64 = sqlx::query_scalar(DONE_ITEMS).bind(&row.erasure_id).fetch_one(&mut *c).await?;
        let (run_by, verified_by) = sqlx::query_as(TIMES).bind(&row.erasure_id).fetch_one(&mut *c).await?;
        Ok(Some(ErasureDetail { row: listed(row)?, objects, done: done.unsigned_abs(), run_by, verified_by }))
    }

    /// When something of each kind that ends by erasure is next past its time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention_outlook(&self) -> Result<Vec<Outlook>, Error> {
        let mut c = self.reads.acquire().await?;
        let mut outlook = Vec::new();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.facts().ends == Ends::ByErasure) {
            let first = match kind {
                Kind::Sets => FIRST_SET,
                Kind::Evidence => FIRST_EVIDENCE,
                Kind::Leavers => FIRST_LEAVER,
                Kind::OfficeKeys => FIRST_KEY,
                _ => continue,
            };
            let first: Option<String> = sqlx::query_scalar(first).fetch_one(&mut *c).await?;
            let measure = measure(&mut c, kind, self.clock.now()).await?;
            let next_due = match (first, measure) {
                (Some(first), Some(Measure { rule, .. })) => {
                    let first: Timestamp = first.parse().map_err(|_| Error::Impossible("an instant"))?;
                    Some(clock::text(after(first, rule.keep_days)))
                }
                _ => None,
            };
            outlook.push(Outlook { kind, next_due });
        }
        Ok(outlook)
    }

    /// The names behind actors of the operator, as tables spell them: those of accounts; a name at a terminal is one already.
    ///
    /// # Errors
    /// When the database fails, or a name does not open.
    pub async fn operator_names(&self, actors: Vec<String>) -> Result<BTreeMap<String, Private<String>>, Error> {
        let accounts: BTreeSet<String> =
            actors.into_iter().filter(|actor| actor.starts_with("person:")).take(NAMES_MAX).collect();
        let mut names = BTreeMap::new();
        for actor in accounts {
            let Some(Ok(account)) = actor.strip_prefix("person:").map(str::parse::<AccountId>) else { continue };
            let sealed: Option<Vec<u8>> =
                sqlx::query_scalar(NAME_OF).bind(account.to_string()).fetch_optional(&self.reads).await?;
            if let Some(sealed) = sealed {
                names.insert(actor, self.open_text(NAME, account, &sealed)?);
            }
        }
        Ok(names)
    }
}
