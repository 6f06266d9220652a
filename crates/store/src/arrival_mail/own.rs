//! What a person does about their own mail: asks for it, proves the address, switches it off.

use super::{ADDRESS, CODE, MAIL_ASKED_MAX, MAIL_CODE_TRIES_MAX, MailFailure, OwnMail, day, is_an_address, next};
use crate::enrolment::normalise_code;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, Store, clock};
use identity::role::Deed;
use ledger::Action;
use sqlx::FromRow;
use standard::value::Private;

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailAsked {
    /// A code goes to the address.
    Done,
    /// Nothing is received here by this person.
    NotAllowed,
    /// No address.
    UnfitAddress,
    /// No hour of the day.
    UnfitHour,
    /// [`MAIL_ASKED_MAX`] addresses were entered today.
    TooMany,
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailConfirmed {
    /// From now on mails go to the address.
    Done,
    /// It is not the code; more tries are left.
    Wrong,
    /// There is no code that counts: its time or its tries are over, or none was mailed.
    Over,
}

/// The address is asked for again from the beginning, whatever was before.
const ASK: &str = "
    INSERT INTO arrival_mail (account_id, office_id, address_sealed, hour, asked_on, asked, tries, next_at, failures)
    VALUES ($1, $2, $3, $4, $5, 1, 0, $6, 0)
    ON CONFLICT (account_id) DO UPDATE SET
        office_id = $2, address_sealed = $3, hour = $4,
        asked = CASE WHEN arrival_mail.asked_on = $5 THEN arrival_mail.asked + 1 ELSE 1 END,
        asked_on = $5, code_index = NULL, code_until = NULL, tries = 0, confirmed_at = NULL, next_at = $6,
        claimed_until = NULL, sent_at = NULL, failures = 0, failed_at = NULL, failed_for = NULL
     WHERE arrival_mail.asked_on <> $5 OR arrival_mail.asked < $7";
const CONFIRM: &str = "
    UPDATE arrival_mail SET confirmed_at = $3, code_index = NULL, code_until = NULL, tries = 0, next_at = $4,
           claimed_until = NULL
     WHERE account_id = $1 AND code_index = $2 AND code_until > $3 AND tries < $5 AND address_sealed IS NOT NULL";
const TRIED: &str = "
    UPDATE arrival_mail SET tries = tries + 1
     WHERE account_id = $1 AND code_index IS NOT NULL AND code_until > $2 AND tries < $3 RETURNING tries";
const HOUR: &str = "SELECT hour FROM arrival_mail WHERE account_id = $1 AND address_sealed IS NOT NULL";
const END: &str = "
    UPDATE arrival_mail SET address_sealed = NULL, code_index = NULL, code_until = NULL, confirmed_at = NULL, next_at = NULL,
           claimed_until = NULL, sent_at = NULL, failures = 0, failed_at = NULL, failed_for = NULL
     WHERE account_id = $1 AND address_sealed IS NOT NULL";
const OWN: &str = "
    SELECT m.address_sealed, o.name, m.hour, m.code_until, m.confirmed_at, m.sent_at, m.failures, m.failed_at, m.failed_for,
           m.next_at
      FROM arrival_mail m JOIN office o ON o.office_id = m.office_id
     WHERE m.account_id = $1 AND m.address_sealed IS NOT NULL";

#[derive(FromRow)]
struct Row {
    address_sealed: Vec<u8>,
    name: String,
    hour: i64,
    code_until: Option<String>,
    confirmed_at: Option<String>,
    sent_at: Option<String>,
    failures: i64,
    failed_at: Option<String>,
    failed_for: Option<String>,
    next_at: Option<String>,
}

impl Store {
    /// How it stands with this person's mail; `None`: it is off.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn own_mail(&self, person: &Person) -> Result<Option<OwnMail>, Error> {
        const WHERE: Error = Error::Impossible("arrival_mail");
        let id = person.account_id;
        let row: Option<Row> = sqlx::query_as(OWN).bind(id.to_string()).fetch_optional(&self.reads).await?;
        let Some(row) = row else { return Ok(None) };
        let failed = match (row.failed_at, row.failed_for) {
            (Some(at), Some(why)) => {
                let times = u32::try_from(row.failures).map_err(|_| WHERE)?;
                Some((at, MailFailure::from_id(&why).ok_or(WHERE)?, times))
            }
            _ => None,
        };
        let now = self.now_text();
        Ok(Some(OwnMail {
            address: self.open_text(ADDRESS, id, &row.address_sealed)?,
            office_name: row.name,
            hour: u8::try_from(row.hour).map_err(|_| WHERE)?,
            confirmed: row.confirmed_at.is_some(),
            code_until: row.code_until.filter(|until| *until > now),
            sent_at: row.sent_at,
            given_up: failed.is_some() && row.next_at.is_none(),
            failed,
        }))
    }

    /// Asks for mails to an address, at an hour in Japan. A code goes there first; what was before is over.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn ask_for_mail(&self, person: &Person, address: &Private<String>, hour: u8) -> Result<MailAsked, Error> {
        let address = address.reveal().trim();
        if !person.may(Deed::ListSets) || !person.may(Deed::OwnAccount) {
            return Ok(MailAsked::NotAllowed);
        }
        if !is_an_address(address) {
            return Ok(MailAsked::UnfitAddress);
        }
        if hour > 23 {
            return Ok(MailAsked::UnfitHour);
        }
        let (now, id) = (self.clock.now(), person.account_id);
        let sealed = self.seal_field(ADDRESS, id, address.as_bytes())?;
        let entry = Act::person(Action::MailAsk, person, now).object(id).done()?;
        let office = person.asker.office.id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let asked = sqlx::query(ASK)
                        .bind(id.to_string())
                        .bind(office)
                        .bind(sealed)
                        .bind(i64::from(hour))
                        .bind(day(now).to_string())
                        .bind(clock::text(now))
                        .bind(MAIL_ASKED_MAX);
                    if asked.execute(&mut *c).await?.rows_affected() == 0 {
                        return Ok(MailAsked::TooMany);
                    }
                    record::append(c, &entry).await?;
                    Ok(MailAsked::Done)
                })
            })
            .await
    }

    /// The code that came by mail, given back by the person who asked.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn confirm_mail(&self, person: &Person, typed: &str) -> Result<MailConfirmed, Error> {
        let (now, id) = (self.clock.now(), person.account_id);
        let index = match normalise_code(typed) {
            Some(code) => self.keyed_index(CODE, code.as_bytes())?,
            // No code of ours is as wrong as another's.
            None => String::new(),
        };
        let act = Act::person(Action::MailConfirm, person, now).object(id);
        let (done, wrong) = (act.clone().done()?, act.refused_for("wrong-code")?);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let (id, at) = (id.to_string(), clock::text(now));
                    let hour: Option<i64> = sqlx::query_scalar(HOUR).bind(&id).fetch_optional(&mut *c).await?;
                    let Some(due) = hour.and_then(|hour| next(hour, now)) else { return Ok(MailConfirmed::Over) };
                    let confirmed = sqlx::query(CONFIRM).bind(&id).bind(&index).bind(&at).bind(clock::text(due));
                    let confirmed = confirmed.bind(MAIL_CODE_TRIES_MAX).execute(&mut *c).await?;
                    if confirmed.rows_affected() == 1 {
                        record::append(c, &done).await?;
                        return Ok(MailConfirmed::Done);
                    }
                    let tries = sqlx::query_scalar(TRIED).bind(&id).bind(&at).bind(MAIL_CODE_TRIES_MAX);
                    let tries: Option<i64> = tries.fetch_optional(&mut *c).await?;
                    let Some(tries) = tries else { return Ok(MailConfirmed::Over) };
                    record::append(c, &wrong).await?;
                    Ok(if tries < MAIL_CODE_TRIES_MAX { MailConfirmed::Wrong } else { MailConfirmed::Over })
                })
            })
            .await
    }

    /// Switches this person's mail off; the address is gone. Off already is as good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_mail(&self, person: &Person) -> Result<(), Error> {
        let (now, id) = (self.clock.now(), person.account_id);
        let entry = Act::person(Action::MailEnd, person, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    if sqlx::query(END).bind(id.to_string()).execute(&mut *c).await?.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
