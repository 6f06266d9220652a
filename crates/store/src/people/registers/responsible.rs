//! 責任者・関係者一覧: who answers for what, who stands in, and until when. Names and contacts lie sealed.

use super::{DEPUTY, DEPUTY_CONTACT, RESPONSIBLE_CONTACT, RESPONSIBLE_NAME, day, words};
use crate::people::accounts::grant_place;
use crate::people::{Column, LISTED_MAX, Person};
use crate::record::{self, Act};
use crate::{Error, ResponsibleId, Store, clock};
use identity::register::{Appointment, Duty};
use identity::role::Deed;
use jiff::civil::Date;
use ledger::Action;
use sqlx::FromRow;
use standard::value::Private;

/// What is entered.
#[derive(Clone)]
pub struct NewResponsible {
    /// 責務.
    pub duty: Duty,
    /// 氏名, or the name of a firm.
    pub name: String,
    /// How to reach them.
    pub contact: String,
    /// 代行者; empty where nobody stands in.
    pub deputy: String,
    /// How to reach them.
    pub deputy_contact: String,
    /// First day.
    pub from: Date,
    /// Last day; open where there is none.
    pub until: Option<Date>,
}

impl std::fmt::Debug for NewResponsible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewResponsible({}, ..)", self.duty.id())
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsibleAdded {
    /// Entered.
    Done(ResponsibleId),
    /// A name or a contact is missing or too long; a deputy needs both or neither.
    Unfit,
    /// The last day is before the first.
    BadDates,
    /// Not this person's to do.
    NotAllowed,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct ResponsibleEntry {
    /// Which.
    pub id: ResponsibleId,
    /// 責務.
    pub duty: Duty,
    /// 氏名.
    pub name: Private<String>,
    /// How to reach them.
    pub contact: Private<String>,
    /// 代行者 and how to reach them.
    pub deputy: Option<(Private<String>, Private<String>)>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Option<Date>,
    /// Since when it counts for nothing, if somebody ended it.
    pub ended_at: Option<String>,
    /// Whether it counts today.
    pub in_force: bool,
}

impl ResponsibleEntry {
    pub(super) fn appointment(&self) -> Appointment {
        Appointment { duty: self.duty, has_deputy: self.deputy.is_some(), from: self.from, until: self.until }
    }
}

const INSERT: &str = "
    INSERT INTO responsible (responsible_id, office_id, duty, name_sealed, contact_sealed, deputy_sealed,
                             deputy_contact_sealed, valid_from, valid_until, made_by, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const LIST: &str = "
    SELECT responsible_id, duty, name_sealed, contact_sealed, deputy_sealed, deputy_contact_sealed, valid_from,
           valid_until, ended_at
      FROM responsible WHERE coalesce(office_id, '') = $1 ORDER BY made_at DESC, responsible_id DESC LIMIT $2";

const END: &str = "
    UPDATE responsible SET ended_by = $3, ended_at = $4
     WHERE responsible_id = $1 AND coalesce(office_id, '') = $2 AND ended_at IS NULL
    RETURNING duty";

#[derive(FromRow)]
struct Row {
    responsible_id: String,
    duty: String,
    name_sealed: Vec<u8>,
    contact_sealed: Vec<u8>,
    deputy_sealed: Option<Vec<u8>>,
    deputy_contact_sealed: Option<Vec<u8>>,
    valid_from: String,
    valid_until: Option<String>,
    ended_at: Option<String>,
}

impl Store {
    /// Enters who is responsible for something at this person's office.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_responsible(&self, by: &Person, new: NewResponsible) -> Result<ResponsibleAdded, Error> {
        if !by.may(Deed::KeepRegisters) {
            return Ok(ResponsibleAdded::NotAllowed);
        }
        if new.until.is_some_and(|until| until < new.from) {
            return Ok(ResponsibleAdded::BadDates);
        }
        let deputy = match (new.deputy.trim(), new.deputy_contact.trim()) {
            ("", "") => None,
            (name, contact) => Some((words(name), words(contact))),
        };
        let (Some(name), Some(contact)) = (words(&new.name), words(&new.contact)) else {
            return Ok(ResponsibleAdded::Unfit);
        };
        let deputy = match deputy {
            None => None,
            Some((Some(name), Some(contact))) => Some((name, contact)),
            Some(_) => return Ok(ResponsibleAdded::Unfit),
        };
        let (id, now) = (ResponsibleId::fresh(), self.clock.now());
        let seal = |column: Column, text: &str| self.seal_field(column, id, text.as_bytes());
        let (name, contact) = (seal(RESPONSIBLE_NAME, name)?, seal(RESPONSIBLE_CONTACT, contact)?);
        let stands_in = u64::from(deputy.is_some());
        let (deputy, deputy_contact) = match deputy {
            Some((name, contact)) => (Some(seal(DEPUTY, name)?), Some(seal(DEPUTY_CONTACT, contact)?)),
            None => (None, None),
        };
        let entry = Act::person(Action::RegisterResponsible, by, now)
            .object(id)
            .code("duty", new.duty.id())
            .code("what", "added")
            .number("deputies", stands_in)
            .done()?;
        let office = (!by.office.is_operator).then(|| by.office.id.to_string());
        let hand = by.account_id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(office)
                        .bind(new.duty.id())
                        .bind(name)
                        .bind(contact)
                        .bind(deputy)
                        .bind(deputy_contact)
                        .bind(new.from.to_string())
                        .bind(new.until.map(|until| until.to_string()))
                        .bind(hand)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(ResponsibleAdded::Done(id))
                })
            })
            .await
    }

    /// Ends an entry of this person's office: what has changed is entered anew. False when there is none to end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_responsible(&self, by: &Person, id: ResponsibleId) -> Result<bool, Error> {
        if !by.may(Deed::KeepRegisters) {
            return Ok(false);
        }
        let now = self.clock.now();
        let act = Act::person(Action::RegisterResponsible, by, now).object(id).code("what", "ended");
        let (place, hand) = (grant_place(by), by.account_id.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let ended: Option<String> = sqlx::query_scalar(END)
                        .bind(id.to_string())
                        .bind(place)
                        .bind(hand)
                        .bind(clock::text(now))
                        .fetch_optional(&mut *c)
                        .await?;
                    let Some(duty) = ended else { return Ok(false) };
                    record::append(c, &act.code("duty", &duty).done()?).await?;
                    Ok(true)
                })
            })
            .await
    }

    pub(super) async fn responsible_at(&self, place: &str, today: Date) -> Result<Vec<ResponsibleEntry>, Error> {
        const WHERE: Error = Error::Impossible("responsible");
        let rows: Vec<Row> = sqlx::query_as(LIST).bind(place).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let id: ResponsibleId = row.responsible_id.parse().map_err(|_| WHERE)?;
            let deputy = match (&row.deputy_sealed, &row.deputy_contact_sealed) {
                (Some(name), Some(contact)) => {
                    Some((self.open_text(DEPUTY, id, name)?, self.open_text(DEPUTY_CONTACT, id, contact)?))
                }
                _ => None,
            };
            let mut entry = ResponsibleEntry {
                id,
                duty: Duty::from_id(&row.duty).ok_or(WHERE)?,
                name: self.open_text(RESPONSIBLE_NAME, id, &row.name_sealed)?,
                contact: self.open_text(RESPONSIBLE_CONTACT, id, &row.contact_sealed)?,
                deputy,
                from: day(&row.valid_from)?,
                until: row.valid_until.as_deref().map(day).transpose()?,
                ended_at: row.ended_at,
                in_force: false,
            };
            entry.in_force = entry.ended_at.is_none() && entry.appointment().is_in_force(today);
            entries.push(entry);
        }
        entries.sort_by_key(|entry| (!entry.in_force, entry.duty));
        Ok(entries)
    }
}
