//! What a signed-in person does to offices, each recorded under their own name.

use super::LISTED_MAX;
use super::sessions::Person;
use crate::offices::OfficeRow;
use crate::record::Act;
use crate::{Error, NewOffice, Office, OfficeAdded, Store};
use identity::role::Deed;
use ledger::Action;
use standard::OfficeNumber;

/// Characters of a search.
const SOUGHT_CHARACTERS_MAX: usize = 100;

const FIND: &str = "
    SELECT office_id, office_number, name, service_types, key_id, public_key, closed_at, is_operator, outside_of
      FROM office
     WHERE is_operator = 0 AND outside_of IS NULL AND (office_number LIKE $1 ESCAPE '!' OR lower(name) LIKE lower($2) ESCAPE '!')
     ORDER BY office_number LIMIT $3";

impl Store {
    /// Records that a signed-in person may not do this (R12.1).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_denied(&self, person: &Person, deed: Deed) -> Result<(), Error> {
        let act = Act::person(Action::AccessRefuse, person, self.clock.now()).code("deed", deed.id());
        self.record(act.refused_for("denied")?).await
    }

    /// Registers an office. `None` for who may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_office(&self, by: &Person, new: NewOffice) -> Result<Option<OfficeAdded>, Error> {
        if !by.may(Deed::RegisterOffices) {
            return Ok(None);
        }
        self.add_office_as(Act::person(Action::OfficeAdd, by, self.clock.now()), new).await.map(Some)
    }

    /// Closes an office. False when there is no open one of this number, or for who may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_office_as(&self, by: &Person, number: OfficeNumber) -> Result<bool, Error> {
        if !by.may(Deed::RegisterOffices) {
            return Ok(false);
        }
        self.close_office_by(Act::person(Action::OfficeClose, by, self.clock.now()), number).await
    }

    /// Offices whose number begins with the text, or whose name contains it; open and closed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_offices(&self, by: &Person, text: &str, rows: u32) -> Result<Vec<Office>, Error> {
        if !by.may(Deed::RegisterOffices) {
            return Ok(Vec::new());
        }
        let mut sought = String::with_capacity(text.len() + 8);
        for character in text.trim().chars().take(SOUGHT_CHARACTERS_MAX) {
            if matches!(character, '%' | '_' | '!') {
                sought.push('!');
            }
            sought.push(character);
        }
        let rows: Vec<OfficeRow> = sqlx::query_as(FIND)
            .bind(format!("{sought}%"))
            .bind(format!("%{sought}%"))
            .bind(i64::from(rows).min(LISTED_MAX))
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter().map(|row| row.read(&self.public_keys)).collect()
    }
}
