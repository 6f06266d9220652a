//! TLS1.2 例外台帳 — which office may still use TLS 1.2, why, and until when (R5.3). It ends by itself.

use crate::enrolment::readable;
use crate::notices::{self, NewNotice};
use crate::record::{self, Act};
use crate::{Asker, Error, OperatorName, Store, Tls12ExceptionId, clock};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _, tz};
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;

const REASON_CHARACTERS_MAX: usize = 500;
/// An exception is asked for anew every year.
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);
const LISTED_MAX: i64 = 10_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewTls12Exception {
    /// 事業所番号.
    pub office: OfficeNumber,
    /// やむを得ない事情.
    pub reason: String,
    /// The last day, in Japan.
    pub ends_on: Date,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls12Allowed {
    /// Recorded; serving nodes know within a minute.
    Done(Tls12ExceptionId),
    /// No open office has the number.
    NoSuchOffice,
    /// No reason, or too long a one.
    NoReason,
    /// Over already, or more than a year away.
    BadDate,
    /// One person cannot both ask and approve.
    OwnRequest,
}

/// A row of the register.
#[derive(Clone, Debug)]
pub struct Tls12Exception {
    /// 事業所番号.
    pub office_number: OfficeNumber,
    /// やむを得ない事情.
    pub reason: String,
    /// Who asked.
    pub requested_by: String,
    /// Who agreed.
    pub approved_by: String,
    /// The last day, in Japan.
    pub ends_on: String,
    /// When it ended, by hand or by itself.
    pub ended_at: Option<String>,
    /// Whether it counts now.
    pub in_force: bool,
}

const INSERT: &str = "
    INSERT INTO tls12_exception (exception_id, office_id, reason, requested_by, approved_by, approved_at, ends_on, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const LIST: &str = "
    SELECT o.office_number, e.reason, e.requested_by, e.approved_by, e.ends_on, e.ends_at, e.ended_at
      FROM tls12_exception e JOIN office o ON o.office_id = e.office_id
     ORDER BY e.ends_at DESC, e.exception_id LIMIT $1";

const END: &str = "
    UPDATE tls12_exception SET ended_at = $2
     WHERE ended_at IS NULL AND office_id = (SELECT office_id FROM office WHERE office_number = $1)";

const IN_FORCE: &str = "
    SELECT count(*) FROM tls12_exception WHERE office_id = $1 AND ended_at IS NULL AND ends_at > $2";

const OVER: &str = "
    SELECT e.exception_id, e.office_id, e.ends_on, o.office_number
      FROM tls12_exception e JOIN office o ON o.office_id = e.office_id
     WHERE e.ended_at IS NULL AND e.ends_at <= $1 LIMIT $2";

const RECORD_END: &str = "
    UPDATE tls12_exception SET ended_at = ends_at WHERE exception_id = $1 AND ended_at IS NULL";

#[derive(FromRow)]
struct ExceptionRow {
    office_number: String,
    reason: String,
    requested_by: String,
    approved_by: String,
    ends_on: String,
    ends_at: String,
    ended_at: Option<String>,
}

#[derive(FromRow)]
struct OverRow {
    exception_id: String,
    office_id: String,
    ends_on: String,
    office_number: String,
}

impl Store {
    /// Allows an office TLS 1.2 until the end of a day. Two people, a reason and an end are asked for (R5.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn allow_tls12(
        &self,
        new: NewTls12Exception,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<Tls12Allowed, Error> {
        let Some(reason) = readable(&new.reason, REASON_CHARACTERS_MAX) else { return Ok(Tls12Allowed::NoReason) };
        if by.is(approved_by) {
            return Ok(Tls12Allowed::OwnRequest);
        }
        let now = self.clock.now();
        let japan = tz::TimeZone::fixed(tz::offset(9));
        let after = new.ends_on.checked_add(1.day()).ok().and_then(|day| day.to_zoned(japan).ok());
        let Some(ends_at) = after.map(|day| day.timestamp()).filter(|end| *end > now && *end <= now + LIFE_MAX) else {
            return Ok(Tls12Allowed::BadDate);
        };
        let Some(office) = self.office(new.office).await?.filter(|office| !office.register.closed) else {
            return Ok(Tls12Allowed::NoSuchOffice);
        };
        let id = Tls12ExceptionId::fresh();
        let entry = Act::officer(Action::Tls12Allow, approved_by, now)
            .object(id)
            .office(new.office)
            .code("ends_on", &new.ends_on.to_string())
            .done()?;
        let (by, approved_by) = (by.to_string(), approved_by.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(office.id.to_string())
                        .bind(reason)
                        .bind(by)
                        .bind(approved_by)
                        .bind(clock::text(now))
                        .bind(new.ends_on.to_string())
                        .bind(clock::text(ends_at))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(Tls12Allowed::Done(id))
                })
            })
            .await
    }

    /// Every exception there ever was, the latest end first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tls12_exceptions(&self) -> Result<Vec<Tls12Exception>, Error> {
        let now = self.now_text();
        let rows: Vec<ExceptionRow> = sqlx::query_as(LIST).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Tls12Exception {
                    office_number: row.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?,
                    in_force: row.ended_at.is_none() && row.ends_at > now,
                    reason: row.reason,
                    requested_by: row.requested_by,
                    approved_by: row.approved_by,
                    ends_on: row.ends_on,
                    ended_at: row.ended_at,
                })
            })
            .collect()
    }

    /// Ends an office's exceptions before their day. False when it has none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_tls12(&self, number: OfficeNumber, by: &OperatorName) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::officer(Action::Tls12End, by, now).office(number).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let ended = sqlx::query(END)
                        .bind(number.to_string())
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if ended > 0 {
                        record::append(c, &entry).await?;
                    }
                    Ok(ended > 0)
                })
            })
            .await
    }

    /// Whether this office may use TLS 1.2 at this moment. Asked at every request that came that way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_use_tls12(&self, asker: &Asker) -> Result<bool, Error> {
        let exceptions: i64 = sqlx::query_scalar(IN_FORCE)
            .bind(asker.office.id.to_string())
            .bind(self.now_text())
            .fetch_one(&self.reads)
            .await?;
        Ok(exceptions > 0)
    }

    /// Records that a request over TLS 1.2 came from an office without an exception.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_tls12_refused(&self, asker: &Asker) -> Result<(), Error> {
        self.record(Act::asker(Action::AccessRefuse, asker, self.clock.now()).refused_for("tls12")?).await
    }

    /// Records the end of exceptions that are over, and tells their offices. They count for nothing from the instant of
    /// their end, whether or not this ran.
    pub(crate) async fn end_tls12_exceptions(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let over: Vec<OverRow> =
            sqlx::query_as(OVER).bind(clock::text(now)).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        for row in over {
            let number: OfficeNumber =
                row.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?;
            let entry = Act::system(Action::Tls12End, now).object(&row.exception_id).office(number).done()?;
            let notice = NewNotice {
                office_id: row.office_id,
                office_number: number,
                kind: "tls12-end",
                subject: row.exception_id.clone(),
                stage: row.ends_on,
            };
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        let ended =
                            sqlx::query(RECORD_END).bind(row.exception_id).execute(&mut *c).await?.rows_affected();
                        if ended == 1 {
                            record::append(c, &entry).await?;
                            notices::raise(c, notice, now).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(())
    }
}
