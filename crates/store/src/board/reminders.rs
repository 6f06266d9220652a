//! 催促: how one office asks another for the actuals that are missing.

use crate::people::Person;
use crate::record::{self, Act};
use crate::{Asker, Error, Store, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use standard::{OfficeNumber, ServiceMonth};

/// Reminders that are shown to an office.
const REMINDERS_MAX: i64 = 20;
/// Days that a reminder is shown.
const REMINDER_DAYS: i64 = 31;

const WHERE: Error = Error::Impossible("month_reminder");

/// What came of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminded {
    /// The partner sees it.
    Done,
    /// There was one today; nothing was added.
    Already,
    /// Nothing is missing from them.
    NothingMissing,
}

/// 催促, as the office sees it that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Who waits.
    pub from: OfficeNumber,
    /// 事業所名.
    pub from_name: String,
    /// For which month.
    pub month: ServiceMonth,
    /// The last day it was asked for, in Japan.
    pub on_day: String,
}

/// `$4`: 1 where this office planned, 0 where the other did.
pub(super) const MISSING_FROM: &str = "
    SELECT count(*) FROM (
        SELECT s.person_index FROM person_set s
         WHERE s.office_id = $1 AND s.month = $2 AND s.partner_id = $3 AND s.latest = 1 AND s.deletes = 0 AND s.family IN ('plan', 'actual')
         GROUP BY s.person_index
        HAVING max(CASE WHEN s.family = 'plan' AND s.sent = $4 THEN 1 ELSE 0 END) = 1
           AND max(CASE WHEN s.family = 'actual' THEN 1 ELSE 0 END) = 0) x";
const REMIND: &str = "
    INSERT INTO month_reminder (from_office_id, to_office_id, month, on_day, account_id, made_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const REMINDERS: &str = "
    SELECT o.office_id, o.office_number, o.name, m.month, max(m.on_day) AS on_day
      FROM month_reminder m JOIN office o ON o.office_id = m.from_office_id
     WHERE m.to_office_id = $1 AND m.made_at > $2
     GROUP BY o.office_id, o.office_number, o.name, m.month ORDER BY on_day DESC LIMIT $3";

impl Store {
    /// 催促: asks a partner for the actuals of a month, once a day at most. Nobody is named in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remind(&self, person: &Person, month: ServiceMonth, to: OfficeNumber) -> Result<Reminded, Error> {
        // Nobody of an office outside would read it.
        let Some(partner) = self.office(to).await?.map(|office| office.id) else { return Ok(Reminded::NothingMissing) };
        let now = self.clock.now();
        let entry = Act::person(Action::ReminderSend, person, now).counterpart(to).code("month", &month.to_string());
        let entry = entry.done()?;
        let (office, account, day) = (person.office.id.to_string(), person.account_id.to_string(), self.today());
        let (partner, month) = (partner.to_string(), month.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let missing: i64 = sqlx::query_scalar(MISSING_FROM)
                        .bind(&office)
                        .bind(&month)
                        .bind(&partner)
                        .bind(1_i64)
                        .fetch_one(&mut *c)
                        .await?;
                    if missing == 0 {
                        return Ok(Reminded::NothingMissing);
                    }
                    let query = sqlx::query(REMIND).bind(&office).bind(&partner).bind(&month).bind(&day);
                    let added = query.bind(&account).bind(clock::text(now)).execute(&mut *c).await?;
                    if added.rows_affected() == 0 {
                        return Ok(Reminded::Already);
                    }
                    record::append(c, &entry).await?;
                    Ok(Reminded::Done)
                })
            })
            .await
    }

    /// Who waits for actuals of this office, as long as any are missing: for the first page, and for a notice without content.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reminders(&self, asker: &Asker) -> Result<Vec<Reminder>, Error> {
        let office = asker.office.id.to_string();
        let since: Timestamp = self.clock.now() - SignedDuration::from_hours(24 * REMINDER_DAYS);
        let rows: Vec<(String, String, String, String, String)> = sqlx::query_as(REMINDERS)
            .bind(&office)
            .bind(clock::text(since))
            .bind(REMINDERS_MAX)
            .fetch_all(&self.reads)
            .await?;
        let mut reminders = Vec::new();
        for (from, number, name, month, on_day) in rows {
            let missing: i64 = sqlx::query_scalar(MISSING_FROM)
                .bind(&office)
                .bind(&month)
                .bind(&from)
                .bind(0_i64)
                .fetch_one(&self.reads)
                .await?;
            if missing > 0 {
                let (from, month) = (number.parse().map_err(|_| WHERE)?, month.parse().map_err(|_| WHERE)?);
                reminders.push(Reminder { from, from_name: name, month, on_day });
            }
        }
        Ok(reminders)
    }
}
