//! 保全 — what must not be erased for now, whatever its time (R11.6).

use super::Kind;
use super::rules::{name_only, word_only};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{Error, HoldId, OperatorName, Store, clock};
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::collections::HashMap;

/// Holds in force at once.
const HOLDS_MAX: i64 = 10_000;
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 500;

/// What a hold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// Everything.
    All,
    /// Everything of a kind.
    Kind(Kind),
    /// Everything an office sent or received, and its keys.
    Office(OfficeNumber),
    /// One thing, by its id.
    Object(String),
}

/// One row of the register of holds.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Ours.
    pub id: HoldId,
    /// `all`, `kind`, `office` or `object`.
    pub scope: String,
    /// Of what.
    pub subject: String,
    /// The office's number, where it is about one.
    pub office: Option<String>,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: String,
    /// Who asked that it be ended, while somebody else has yet to agree.
    pub release_asked_by: Option<String>,
    /// Who released it, if it was released.
    pub released_by: Option<String>,
    /// When.
    pub released_at: Option<String>,
}

/// What came of placing one. One person is enough: it destroys nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldPlaced {
    /// In force.
    Done(HoldId),
    /// No reason, or one too long.
    Incomplete,
    /// No such office.
    NoOffice,
    /// More than can be in force at once.
    TooMany,
}

/// What came of releasing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReleased {
    /// No longer in force.
    Done,
    /// It takes two people.
    OwnRequest,
    /// No hold in force has this id.
    NoSuchHold,
}

const INSERT: &str = "
    INSERT INTO retention_hold (hold_id, scope, subject, reason, placed_by, placed_at)
    SELECT $1, $2, $3, $4, $5, $6
     WHERE (SELECT count(*) FROM retention_hold WHERE released_at IS NULL) < $7";
const RELEASE: &str = "
    UPDATE retention_hold SET released_by = $2, release_approved_by = $3, released_at = $4
     WHERE hold_id = $1 AND released_at IS NULL";
const ASK_RELEASE: &str = "
    UPDATE retention_hold SET release_asked_by = $2, release_asked_at = $3
     WHERE hold_id = $1 AND released_at IS NULL AND release_asked_by IS NULL";
const ASKED: &str = "
    SELECT release_asked_by FROM retention_hold
     WHERE hold_id = $1 AND released_at IS NULL AND release_asked_by IS NOT NULL";
const KEEP_ON: &str = "
    UPDATE retention_hold SET release_asked_by = NULL, release_asked_at = NULL
     WHERE hold_id = $1 AND released_at IS NULL AND release_asked_by IS NOT NULL";
const IN_FORCE: &str = "SELECT hold_id, scope, subject FROM retention_hold WHERE released_at IS NULL LIMIT $1";
const ALL: &str = "
    SELECT h.hold_id, h.scope, h.subject, o.office_number, h.reason, h.placed_by, h.placed_at, h.release_asked_by,
           h.released_by, h.released_at
      FROM retention_hold h LEFT JOIN office o ON h.scope = 'office' AND o.office_id = h.subject
     ORDER BY h.placed_at DESC, h.hold_id DESC LIMIT $1";

#[derive(FromRow)]
struct Row {
    hold_id: String,
    scope: String,
    subject: String,
    office_number: Option<String>,
    reason: String,
    placed_by: String,
    placed_at: String,
    release_asked_by: Option<String>,
    released_by: Option<String>,
    released_at: Option<String>,
}

/// The holds in force, ready to be asked.
pub(crate) struct Holds(HashMap<(String, String), String>);

impl Holds {
    /// The hold that keeps this, if one does.
    pub(crate) fn on(&self, kind: Kind, object: &str, offices: &[&str]) -> Option<&str> {
        let of = |scope: &str, subject: &str| self.0.get(&(scope.to_owned(), subject.to_owned())).map(String::as_str);
        of("all", "")
            .or_else(|| of("kind", kind.id()))
            .or_else(|| of("object", object))
            .or_else(|| offices.iter().find_map(|office| of("office", office)))
    }
}

pub(crate) async fn held(c: &mut Connection) -> Result<Holds, Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(IN_FORCE).bind(HOLDS_MAX).fetch_all(c).await?;
    Ok(Holds(rows.into_iter().map(|(id, scope, subject)| ((scope, subject), id)).collect()))
}

impl Store {
    /// Keeps something from being erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn place_hold(&self, scope: HoldScope, reason: &str, by: &OperatorName) -> Result<HoldPlaced, Error> {
        let reason = reason.trim().to_owned();
        let sound = (1..=REASON_CHARACTERS_MAX).contains(&reason.chars().count());
        if !sound || reason.chars().any(char::is_control) {
            return Ok(HoldPlaced::Incomplete);
        }
        let (scope, subject) = match scope {
            HoldScope::All => ("all", String::new()),
            HoldScope::Kind(kind) => ("kind", kind.id().to_owned()),
            HoldScope::Office(number) => match self.office(number).await? {
                Some(office) => ("office", office.id.to_string()),
                None => return Ok(HoldPlaced::NoOffice),
            },
            HoldScope::Object(id) => ("object", id),
        };
        let (id, now) = (HoldId::fresh(), self.clock.now());
        let entry = Act::officer(Action::RetentionHold, by, now)
            .object(id)
            .code("step", "placed")
            .code("scope", scope)
            .done()?;
        let (by, at) = (by.to_string(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let placed = sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(scope)
                        .bind(subject)
                        .bind(reason)
                        .bind(by)
                        .bind(at)
                        .bind(HOLDS_MAX)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if placed == 0 {
                        return Ok(HoldPlaced::TooMany);
                    }
                    record::append(c, &entry).await?;
                    Ok(HoldPlaced::Done(id))
                })
            })
            .await
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_hold(
        &self,
        id: HoldId,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<HoldReleased, Error> {
        if by.is(approved_by) {
            return Ok(HoldReleased::OwnRequest);
        }
        let now = self.clock.now();
        let entry = Act::officer(Action::RetentionHold, by, now)
            .object(id)
            .code("step", "released")
            .code("approved_by", &name_only(approved_by))
            .done()?;
        let (by, approved_by, at) = (by.to_string(), approved_by.to_string(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let released = sqlx::query(RELEASE)
                        .bind(id.to_string())
                        .bind(by)
                        .bind(approved_by)
                        .bind(at)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if released == 0 {
                        return Ok(HoldReleased::NoSuchHold);
                    }
                    record::append(c, &entry).await?;
                    Ok(HoldReleased::Done)
                })
            })
            .await
    }

    /// Asks that a hold be ended; somebody else has to agree. False where none is in force, or it was asked before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_hold_release(&self, id: HoldId, by: &OperatorName) -> Result<bool, Error> {
        self.change_release(ASK_RELEASE, id, by, "release-asked", true).await
    }

    /// Keeps a hold in force that somebody asked to end. One person is enough: it destroys nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_hold(&self, id: HoldId, by: &OperatorName) -> Result<bool, Error> {
        self.change_release(KEEP_ON, id, by, "kept", false).await
    }

    async fn change_release(
        &self,
        sql: &'static str,
        id: HoldId,
        by: &OperatorName,
        step: &'static str,
        names: bool,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::officer(Action::RetentionHold, by, now).object(id).code("step", step).done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mut change = sqlx::query(sql).bind(id.to_string());
                    if names {
                        change = change.bind(by).bind(clock::text(now));
                    }
                    let changed = change.execute(&mut *c).await?.rows_affected() == 1;
                    if changed {
                        record::append(c, &entry).await?;
                    }
                    Ok(changed)
                })
            })
            .await
    }

    /// Ends a hold that somebody else asked to end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agree_hold_release(&self, id: HoldId, by: &OperatorName) -> Result<HoldReleased, Error> {
        let now = self.clock.now();
        let act = Act::officer(Action::RetentionHold, by, now).object(id).code("step", "released");
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let asked: Option<String> =
                        sqlx::query_scalar(ASKED).bind(id.to_string()).fetch_optional(&mut *c).await?;
                    let Some(asked) = asked else { return Ok(HoldReleased::NoSuchHold) };
                    if asked == by {
                        record::append(c, &act.refused_for("own-request")?).await?;
                        return Ok(HoldReleased::OwnRequest);
                    }
                    let released = sqlx::query(RELEASE)
                        .bind(id.to_string())
                        .bind(&asked)
                        .bind(by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if released == 0 {
                        return Ok(HoldReleased::NoSuchHold);
                    }
                    record::append(c, &act.code("asked_by", &word_only(&asked)).done()?).await?;
                    Ok(HoldReleased::Done)
                })
            })
            .await
    }

    /// The newest holds, in force or released.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holds(&self) -> Result<Vec<Hold>, Error> {
        let rows: Vec<Row> = sqlx::query_as(ALL).bind(HOLDS_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Hold {
                    id: row.hold_id.parse().map_err(|_| Error::Impossible("retention_hold.hold_id"))?,
                    scope: row.scope,
                    subject: row.subject,
                    office: row.office_number,
                    reason: row.reason,
                    placed_by: row.placed_by,
                    placed_at: row.placed_at,
                    release_asked_by: row.release_asked_by,
                    released_by: row.released_by,
                    released_at: row.released_at,
                })
            })
            .collect()
    }
}
