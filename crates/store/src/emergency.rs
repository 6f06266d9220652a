//! 分割鍵と非常時 — recovery shares of the master key, and the declared emergency in which alone they may be used (R6.6).

use crate::alarms::{self, AlarmKind};
use crate::key_copies::{self, CopyPlace, KeyKind, NewKeyCopy};
use crate::record::{self, Act};
use crate::{Error, OperatorName, SplitError, Store, clock};
use ledger::Action;
use seal::{Share, ShareError};
use uuid::Uuid;

/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 500;

/// What came of splitting the master key.
#[derive(Debug)]
pub enum SharesMade {
    /// One share for each holder, in their order. They are nowhere but here.
    Done(Vec<Share>),
    /// Two people must agree.
    OwnRequest,
    /// So many shares, or so few to restore the key, are not allowed.
    BadNumbers,
    /// Each share needs a holder of its own.
    BadHolders,
    /// The key is in a token that gives none away; it has ways of its own to be copied.
    NotGivenAway,
}

/// What came of declaring an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Recorded.
    Done,
    /// Two people must agree.
    OwnRequest,
    /// No reason, or one that is too long.
    NoReason,
}

const INSERT_SET: &str = "
    INSERT INTO key_share_set (set_id, master_key_id, shares, needed, made_by, approved_by, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const INSERT_EMERGENCY: &str = "
    INSERT INTO key_emergency (emergency_id, reason, declared_by, approved_by, declared_at)
    VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Splits the newest master key into one share for each holder, any `needed` of which restore it. Each share is a row in
    /// the register of key copies.
    ///
    /// # Errors
    /// When the key store or the database fails; then no share was handed out.
    pub async fn make_key_shares(
        &self,
        holders: &[OperatorName],
        needed: u8,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<SharesMade, Error> {
        const WHERE: Error = Error::Impossible("key shares");
        if by.is(approved_by) {
            return Ok(SharesMade::OwnRequest);
        }
        let alone = |at: usize| holders.iter().skip(at + 1).all(|other| !other.is(&holders[at]));
        let Ok(count) = u8::try_from(holders.len()) else { return Ok(SharesMade::BadNumbers) };
        if !(0..holders.len()).all(alone) {
            return Ok(SharesMade::BadHolders);
        }
        let masters = self.keys.masters.clone();
        let split = tokio::task::spawn_blocking(move || masters.split(count, needed)).await.map_err(|_| WHERE)?;
        let shares = match split {
            Ok(Some(shares)) => shares,
            Ok(None) => return Ok(SharesMade::NotGivenAway),
            Err(SplitError::Shares(ShareError::BadNumbers)) => return Ok(SharesMade::BadNumbers),
            Err(SplitError::Shares(_)) => return Err(WHERE),
            Err(SplitError::Store(error)) => return Err(error),
        };
        let first = shares.first().ok_or(WHERE)?;
        let (set, master) = (first.set(), first.master_key_id().to_string());
        let copies: Vec<NewKeyCopy> = shares
            .iter()
            .zip(holders)
            .map(|(share, holder)| NewKeyCopy {
                kind: KeyKind::Master,
                key_id: master.clone(),
                place: CopyPlace::Share,
                place_id: format!("{set}/{}", share.number()),
                holder: holder.to_string(),
            })
            .collect();
        let now = self.clock.now();
        let mut entries = Vec::with_capacity(copies.len());
        for share in &shares {
            let act = Act::officer(Action::KeyShare, approved_by, now).object(&master).code("set", &set);
            let act = act.number("share", share.number().into()).number("needed", needed.into());
            entries.push(act.done()?);
        }
        let (by, approved_by) = (by.to_string(), approved_by.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT_SET)
                        .bind(&set)
                        .bind(&master)
                        .bind(i64::from(count))
                        .bind(i64::from(needed))
                        .bind(&by)
                        .bind(&approved_by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    for copy in &copies {
                        key_copies::made(c, copy, &by, now).await?;
                    }
                    for entry in &entries {
                        record::append(c, entry).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(SharesMade::Done(shares))
    }

    /// Records an emergency before the shares are used in it. `drill`: they are put together and nothing is kept.
    ///
    /// # Errors
    /// When the database fails: then the shares must not be used.
    pub async fn declare_key_emergency(
        &self,
        reason: &str,
        drill: bool,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<Declared, Error> {
        if by.is(approved_by) {
            return Ok(Declared::OwnRequest);
        }
        let reason = reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX || reason.chars().any(char::is_control) {
            return Ok(Declared::NoReason);
        }
        let now = self.clock.now();
        let id = Uuid::now_v7().to_string();
        // The reason is words of people and stays in the table.
        let act = Act::officer(Action::KeyRecover, approved_by, now).object(&id);
        let entry = act.code("use", if drill { "drill" } else { "emergency" }).done()?;
        let (by, approved_by) = (by.to_string(), approved_by.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT_EMERGENCY)
                        .bind(&id)
                        .bind(&reason)
                        .bind(&by)
                        .bind(&approved_by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    let kind = if drill { AlarmKind::KeyDrill } else { AlarmKind::KeyEmergency };
                    alarms::raise(c, kind, &id, now).await
                })
            })
            .await?;
        Ok(Declared::Done)
    }

    /// Records that somebody tried to use shares outside of an emergency, or without a second person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_recovery_refused(&self, code: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::unknown(Action::KeyRecover, now).refused_for(code)?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    record::append(c, &entry).await?;
                    alarms::raise(c, AlarmKind::KeyRecoveryRefused, "", now).await
                })
            })
            .await
    }

    /// Enters the key-store file that was made from shares.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn master_key_restored(&self, by: &OperatorName) -> Result<(), Error> {
        let masters = self.keys.masters.clone();
        let ids = tokio::task::spawn_blocking(move || masters.master_ids()).await;
        let id = ids.map_err(|_| Error::Impossible("master keys"))??.first().map(ToString::to_string);
        let copy = self.master_copy(&id.ok_or(Error::Impossible("master keys"))?);
        let now = self.clock.now();
        let entry = Act::officer(Action::KeyCopyMake, by, now).object(&copy.key_id).code("kind", "master").done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    key_copies::made(c, &copy, &by, now).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }
}
