//! What a signed-in person does to offices and devices, each recorded under their own name.

use super::LISTED_MAX;
use super::sessions::{Person, record_end};
use crate::offices::OfficeRow;
use crate::record::{self, Act};
use crate::{DeviceId, Error, NewOffice, Office, OfficeAdded, Store, clock};
use identity::role::Deed;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;

/// Characters of a search.
const SOUGHT_CHARACTERS_MAX: usize = 100;

/// 端末 of an office, as its people see it.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Ours.
    pub id: DeviceId,
    /// RFC 3339, UTC; so are the others.
    pub enrolled_at: String,
    /// End of its certificate.
    pub valid_until: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// A program has a token on it.
    pub software: bool,
    /// The one that asks.
    pub this: bool,
}

const DEVICES: &str = "
    SELECT d.device_id, d.enrolled_at, d.valid_until, d.revoked_at,
           (SELECT count(*) FROM software_token t
             WHERE t.device_id = d.device_id AND t.revoked_at IS NULL AND t.expires_at > $2) AS tokens
      FROM device d WHERE d.office_id = $1 ORDER BY d.enrolled_at DESC LIMIT $3";

const REVOKE: &str = "
    UPDATE device SET revoked_at = $3 WHERE device_id = $1 AND office_id = $2 AND revoked_at IS NULL";

const END_SESSIONS: &str = "
    UPDATE session SET ended_at = $2, ended_for = 'device' WHERE device_id = $1 AND ended_at IS NULL
    RETURNING session_id, level, account_id";

const FIND: &str = "
    SELECT office_id, office_number, name, service_types, key_id, public_key, closed_at, is_operator
      FROM office
     WHERE is_operator = 0 AND (office_number LIKE $1 ESCAPE '!' OR name LIKE $2 ESCAPE '!')
     ORDER BY office_number LIMIT $3";

#[derive(FromRow)]
struct Row {
    device_id: String,
    enrolled_at: String,
    valid_until: String,
    revoked_at: Option<String>,
    tokens: i64,
}

impl Store {
    /// Records that a signed-in person may not do this (R12.1).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_denied(&self, person: &Person, deed: Deed) -> Result<(), Error> {
        let act = Act::person(Action::AccessRefuse, person, self.clock.now()).code("deed", deed.id());
        self.record(act.refused_for("denied")?).await
    }

    /// The devices of this person's office, the newest first. Empty for who may not see them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn office_devices(&self, by: &Person) -> Result<Vec<DeviceRow>, Error> {
        if !by.may(Deed::ManageDevices) {
            return Ok(Vec::new());
        }
        let rows: Vec<Row> = sqlx::query_as(DEVICES)
            .bind(by.office.id.to_string())
            .bind(self.now_text())
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let id: DeviceId = row.device_id.parse().map_err(|_| Error::Impossible("device.device_id"))?;
                Ok(DeviceRow {
                    id,
                    enrolled_at: row.enrolled_at,
                    valid_until: row.valid_until,
                    revoked_at: row.revoked_at,
                    software: row.tokens > 0,
                    this: id == by.device_id,
                })
            })
            .collect()
    }

    /// Revokes a device of this person's own office; sessions on it end with it (R7.3). False when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_own_device(&self, by: &Person, id: DeviceId) -> Result<bool, Error> {
        if !by.may(Deed::ManageDevices) {
            return Ok(false);
        }
        let (now, office) = (self.clock.now(), by.office.id);
        let act = Act::person(Action::DeviceRevoke, by, now).object(id);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let query = sqlx::query(REVOKE).bind(id.to_string()).bind(office.to_string()).bind(&at);
                    if query.execute(&mut *c).await?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let ended: Vec<(String, String, String)> =
                        sqlx::query_as(END_SESSIONS).bind(id.to_string()).bind(at).fetch_all(&mut *c).await?;
                    for (session, level, account) in &ended {
                        record_end(c, session, level, account, "device", now).await?;
                    }
                    record::append(c, &act.number("sessions_ended", ended.len() as u64).done()?).await?;
                    Ok(true)
                })
            })
            .await
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
