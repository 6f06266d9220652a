//! Tries that are counted before they are made, in one place for all nodes (R8.9).

use crate::database::Connection;
use crate::record::{self, Act};
use crate::{AccountId, Asker, Error, Store, clock};
use identity::guess::{self, Bucket, Counter, Decision, Limit};
use jiff::Timestamp;
use sqlx::FromRow;
use std::net::{IpAddr, Ipv6Addr};

const READ: &str = "SELECT failures, since, blocked_until, told FROM attempt WHERE bucket = $1";

const KEEP: &str = "
    INSERT INTO attempt (bucket, login_index, failures, since, blocked_until) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (bucket) DO UPDATE SET failures = $3, since = $4, blocked_until = $5";

const FORGET: &str = "DELETE FROM attempt WHERE bucket = $1";

const TOLD: &str = "UPDATE attempt SET told = $2 WHERE bucket = $1";

/// Opens what was locked by wrong tries, after somebody's identity was checked (R8.9).
const UNLOCK: &str = "
    DELETE FROM attempt WHERE login_index = (SELECT login_index FROM account WHERE account_id = $1)";

const WHERE: Error = Error::Impossible("attempt");
const LOCKED: &str = "locked";

#[derive(FromRow)]
struct Row {
    failures: i64,
    since: String,
    blocked_until: Option<String>,
    told: Option<String>,
}

impl Row {
    fn counter(&self) -> Result<Counter, Error> {
        let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
        Ok(Counter {
            failures: u32::try_from(self.failures).map_err(|_| WHERE)?,
            since: instant(&self.since)?,
            blocked_until: self.blocked_until.as_deref().map(instant).transpose()?,
        })
    }
}

#[derive(Clone, Debug)]
struct Counted {
    key: String,
    limit: Limit,
    login_index: Option<String>,
}

/// A try that has been counted as if it failed.
#[derive(Clone, Debug)]
pub(crate) struct Try(Vec<Counted>);

/// Whether to go on.
#[derive(Debug)]
pub(crate) enum Reserved {
    Go(Try),
    Wait(Timestamp),
    Locked,
}

impl Store {
    /// Counts a try against the login or account at this device, the device, and the address it comes from.
    pub(super) async fn reserve(
        &self,
        bucket: Bucket,
        login_index: &str,
        asker: &Asker,
        blocked: Act,
    ) -> Result<Reserved, Error> {
        let device = asker.device_id.to_string();
        let mut counted = vec![
            self.counted(bucket, &format!("{login_index}:{device}"), Some(login_index))?,
            self.counted(Bucket::Device, &device, None)?,
        ];
        if let Some(address) = asker.address {
            counted.push(self.counted(Bucket::Address, &address.to_string(), None)?);
        }
        self.reserve_all(counted, blocked).await
    }

    /// Counts a try at the door of enrolment against the address it comes from. Apart from the tries of those who have a
    /// certificate already: whoever shares an address with an office must not be able to shut it out without one (R8.9).
    pub(crate) async fn reserve_enrolment(&self, from: IpAddr, blocked: Act) -> Result<Reserved, Error> {
        let counted = self.counted(Bucket::Address, &format!("enrolment:{}", subscriber(from)), None)?;
        self.reserve_all(vec![counted], blocked).await
    }

    async fn reserve_all(&self, counted: Vec<Counted>, blocked: Act) -> Result<Reserved, Error> {
        let now = self.clock.now();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mut kept = Vec::with_capacity(counted.len());
                    for one in &counted {
                        let row: Option<Row> = sqlx::query_as(READ).bind(&one.key).fetch_optional(&mut *c).await?;
                        let counter = row.as_ref().map(Row::counter).transpose()?;
                        match guess::reserve(counter.as_ref(), one.limit, now) {
                            Ok(counter) => kept.push(counter),
                            Err(refused) => {
                                let until = match refused {
                                    Decision::WaitUntil(until) => clock::text(until),
                                    Decision::Locked | Decision::Allowed => LOCKED.to_owned(),
                                };
                                // One entry per wait: a flood of tries is not a flood of entries.
                                if row.is_some_and(|row| row.told.as_deref() != Some(&until)) {
                                    sqlx::query(TOLD).bind(&one.key).bind(&until).execute(&mut *c).await?;
                                    record::append(c, &blocked.refused_for("throttled")?).await?;
                                }
                                return Ok(match refused {
                                    Decision::WaitUntil(until) => Reserved::Wait(until),
                                    Decision::Locked | Decision::Allowed => Reserved::Locked,
                                });
                            }
                        }
                    }
                    for (one, counter) in counted.iter().zip(&kept) {
                        keep(c, one, counter).await?;
                    }
                    Ok(Reserved::Go(Try(counted)))
                })
            })
            .await
    }

    /// Gives back a try that turned out right, by itself.
    pub(super) async fn give_back(&self, tried: Try) -> Result<(), Error> {
        self.writer.run(move |c| Box::pin(async move { succeeded(c, &tried).await })).await
    }

    fn counted(&self, bucket: Bucket, what: &str, login_index: Option<&str>) -> Result<Counted, Error> {
        Ok(Counted {
            key: self.keyed_index("attempt", format!("{}:{what}", bucket.id()).as_bytes())?,
            limit: bucket.limit(),
            login_index: login_index.map(str::to_owned),
        })
    }
}

/// Gives back a try that turned out right.
pub(crate) async fn succeeded(c: &mut Connection, tried: &Try) -> Result<(), Error> {
    for one in &tried.0 {
        let row: Option<Row> = sqlx::query_as(READ).bind(&one.key).fetch_optional(&mut *c).await?;
        let Some(row) = row else { continue };
        match guess::after_success(&row.counter()?, one.limit) {
            Some(counter) => keep(c, one, &counter).await?,
            None => {
                sqlx::query(FORGET).bind(&one.key).execute(&mut *c).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn unlock(c: &mut Connection, account: AccountId) -> Result<(), Error> {
    sqlx::query(UNLOCK).bind(account.to_string()).execute(c).await?;
    Ok(())
}

/// Whose an address is, as far as counting goes: a subscriber has 2^64 addresses of IPv6.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() & (u128::MAX << 64)).into(),
        short => short,
    }
}

async fn keep(c: &mut Connection, one: &Counted, counter: &Counter) -> Result<(), Error> {
    sqlx::query(KEEP)
        .bind(&one.key)
        .bind(&one.login_index)
        .bind(i64::from(counter.failures))
        .bind(clock::text(counter.since))
        .bind(counter.blocked_until.map(clock::text))
        .execute(c)
        .await?;
    Ok(())
}
