//! ソフトの接続 — a program's token: bound to one device's certificate, with scopes and an end (R8.2: no person, no sign-in).

use super::accounts::By;
use super::sessions::Person;
use super::{LISTED_MAX, SOFTWARE_LABEL, Token, noted, presentable, token_index};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{AccountId, Asker, DeviceId, Error, Office, OfficeId, SoftwareId, Store, clock};
use identity::role::Deed;
use identity::scope::Scopes;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;
use standard::value::Private;

/// How long a token lasts.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// How long the old token goes on beside the new, unless the new one is used first.
const OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How exact "last used" is. A write for every call would cost more than the call.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Tokens of one device that are good at the same time: one per program, and each twice while it is replaced.
const TOKENS_MAX: i64 = 20;
/// So that a token is found wherever one is looked for by mistake: in a log, in a repository.
const PREFIX: &str = "fumibako_";
/// What a token is called that came with a device's certificate.
const FIRST_LABEL: &str = "端末と一緒に登録したソフト";

/// A program that proved its token on its device.
#[derive(Clone, Debug)]
pub struct Software {
    /// As lists name it.
    pub token_id: SoftwareId,
    /// What it may do.
    pub scopes: Scopes,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

/// What came of making a token.
#[derive(Debug)]
pub enum SoftwareMade {
    /// Shown once.
    Done {
        /// As lists name it.
        id: SoftwareId,
        /// For the program.
        token: Token,
        /// RFC 3339, UTC.
        expires_at: String,
    },
    /// Not this person's to make, or no such device of this office.
    NotAllowed,
    /// No label, or too long a one.
    Unfit,
    /// This device has enough.
    TooMany,
}

/// A token, in a list.
#[derive(Clone, Debug)]
pub struct SoftwareRow {
    /// Ours.
    pub id: SoftwareId,
    /// What somebody called it.
    pub label: Private<String>,
    /// 端末.
    pub device_id: DeviceId,
    /// What it may do.
    pub scopes: Scopes,
    /// 氏名 of who made it; `None`: it came with the device.
    pub made_by: Option<Private<String>>,
    /// RFC 3339, UTC; so are the others.
    pub made_at: String,
    /// Its end.
    pub expires_at: String,
    /// To the minute.
    pub last_used_at: Option<String>,
    /// A newer one takes its place.
    pub replaced: bool,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

const INSERT: &str = "
    INSERT INTO software_token (token_id, token_index, office_id, device_id, label_sealed, scopes, made_by, made_at,
                                expires_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
     WHERE EXISTS (SELECT 1 FROM device WHERE device_id = $4 AND office_id = $3 AND revoked_at IS NULL)
       AND (SELECT count(*) FROM software_token
             WHERE device_id = $4 AND revoked_at IS NULL AND expires_at > $8) < $10";

const FIND: &str = "
    SELECT token_id, scopes, expires_at, last_used_at FROM software_token
     WHERE token_index = $1 AND device_id = $2 AND office_id = $3 AND revoked_at IS NULL AND expires_at > $4";

const USED: &str = "
    UPDATE software_token SET last_used_at = $2
     WHERE token_id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// The new token is in use: the one it takes the place of is no longer needed.
const END_REPLACED: &str = "
    UPDATE software_token SET revoked_at = $2 WHERE replaced_by = $1 AND revoked_at IS NULL
    RETURNING token_id";

const REPLACE: &str = "
    UPDATE software_token SET replaced_by = $2, expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END
     WHERE token_id = $1 AND replaced_by IS NULL AND revoked_at IS NULL AND expires_at > $4
    RETURNING label_sealed";

const COPY: &str = "
    INSERT INTO software_token (token_id, token_index, office_id, device_id, label_sealed, scopes, made_by, made_at,
                                expires_at)
    SELECT $2, $3, office_id, device_id, $4, scopes, made_by, $5, $6 FROM software_token WHERE token_id = $1";

const LABEL: &str = "SELECT label_sealed FROM software_token WHERE token_id = $1";

const REVOKE: &str = "
    UPDATE software_token SET revoked_at = $3 WHERE token_id = $1 AND office_id = $2 AND revoked_at IS NULL";

const REVOKE_BY_OPERATOR: &str = "
    UPDATE software_token SET revoked_at = $2 WHERE token_id = $1 AND revoked_at IS NULL";

const LIST: &str = "
    SELECT t.token_id, t.device_id, t.label_sealed, t.scopes, t.made_by, t.made_at, t.expires_at, t.last_used_at,
           t.replaced_by, t.revoked_at, a.name_sealed
      FROM software_token t LEFT JOIN account a ON a.account_id = t.made_by
     WHERE t.office_id = $1 ORDER BY t.made_at DESC LIMIT $2";

#[derive(FromRow)]
struct FoundRow {
    token_id: String,
    scopes: String,
    expires_at: String,
    last_used_at: Option<String>,
}

#[derive(FromRow)]
struct ListRow {
    token_id: String,
    device_id: String,
    label_sealed: Vec<u8>,
    scopes: String,
    made_by: String,
    made_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    replaced_by: Option<String>,
    revoked_at: Option<String>,
    name_sealed: Option<Vec<u8>>,
}

const WHERE: Error = Error::Impossible("software_token");

/// A token about to be written.
pub(crate) struct NewSoftware {
    pub(crate) id: SoftwareId,
    pub(crate) token: Token,
    office: OfficeId,
    device: DeviceId,
    label_sealed: Vec<u8>,
    scopes: Scopes,
    made_by: String,
    now: Timestamp,
    pub(crate) expires_at: String,
}

impl NewSoftware {
    /// False when the device is gone, or has enough.
    pub(crate) async fn insert(&self, c: &mut Connection) -> Result<bool, Error> {
        let inserted = sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(self.token.index())
            .bind(self.office.to_string())
            .bind(self.device.to_string())
            .bind(&self.label_sealed)
            .bind(self.scopes.to_string())
            .bind(&self.made_by)
            .bind(clock::text(self.now))
            .bind(&self.expires_at)
            .bind(TOKENS_MAX)
            .execute(c)
            .await?;
        Ok(inserted.rows_affected() == 1)
    }
}

impl Store {
    fn new_software(
        &self,
        office: OfficeId,
        device: DeviceId,
        label: &str,
        scopes: Scopes,
        made_by: String,
    ) -> Result<NewSoftware, Error> {
        let (id, now) = (SoftwareId::fresh(), self.clock.now());
        let label_sealed = self.seal_field(SOFTWARE_LABEL, id, label.as_bytes())?;
        let expires_at = clock::text(now + TOKEN_LIFE);
        Ok(NewSoftware {
            id,
            token: Token::fresh(PREFIX),
            office,
            device,
            label_sealed,
            scopes,
            made_by,
            now,
            expires_at,
        })
    }

    /// The token that goes out with a new device's certificate, for a code that was issued for a program.
    pub(crate) fn first_software(
        &self,
        office: OfficeId,
        device: DeviceId,
        scopes: Scopes,
    ) -> Result<NewSoftware, Error> {
        self.new_software(office, device, FIRST_LABEL, scopes, "enrolment".to_owned())
    }

    /// Makes a token for a program on one of the office's devices.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_software(
        &self,
        by: &Person,
        label: &str,
        scopes: Scopes,
        device: DeviceId,
    ) -> Result<SoftwareMade, Error> {
        if !by.may(Deed::ManageSoftware) {
            return Ok(SoftwareMade::NotAllowed);
        }
        let Some(label) = presentable(label) else { return Ok(SoftwareMade::Unfit) };
        if !self.is_device_of(device, &by.office).await? {
            return Ok(SoftwareMade::NotAllowed);
        }
        let new = self.new_software(by.office.id, device, label, scopes, by.account_id.to_string())?;
        let entry = Act::person(Action::SoftwareAdd, by, new.now)
            .object(new.id)
            .code("device", &device.to_string())
            .code("scopes", &scopes.to_string().replace(' ', "."))
            .done()?;
        let (id, token, expires_at) = (new.id, new.token.clone(), new.expires_at.clone());
        let made = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let made = new.insert(c).await?;
                    if made {
                        record::append(c, &entry).await?;
                    }
                    Ok(made)
                })
            })
            .await?;
        Ok(if made { SoftwareMade::Done { id, token, expires_at } } else { SoftwareMade::TooMany })
    }

    async fn is_device_of(&self, device: DeviceId, office: &Office) -> Result<bool, Error> {
        const OWN: &str = "SELECT count(*) FROM device WHERE device_id = $1 AND office_id = $2 AND revoked_at IS NULL";
        let own: i64 =
            sqlx::query_scalar(OWN).bind(device.to_string()).bind(office.id.to_string()).fetch_one(&self.reads).await?;
        Ok(own == 1)
    }

    /// The program behind this token on this device. Unknown, another device's, revoked, over: one answer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn software(&self, token: &str, asker: &Asker) -> Result<Option<Software>, Error> {
        let now = self.clock.now();
        let row: Option<FoundRow> = sqlx::query_as(FIND)
            .bind(token_index(token))
            .bind(asker.device_id.to_string())
            .bind(asker.office.id.to_string())
            .bind(clock::text(now))
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let token_id: SoftwareId = row.token_id.parse().map_err(|_| WHERE)?;
        let last = row.last_used_at.as_deref().map(str::parse::<Timestamp>).transpose().map_err(|_| WHERE)?;
        if last.is_none_or(|last| now >= last + USED_EVERY) {
            let ended = Act::asker(Action::SoftwareRevoke, asker, now).code("why", "replaced");
            let used = self.writer.run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    sqlx::query(USED).bind(token_id.to_string()).bind(&at).execute(&mut *c).await?;
                    if last.is_none() {
                        let replaced: Vec<String> = sqlx::query_scalar(END_REPLACED)
                            .bind(token_id.to_string())
                            .bind(&at)
                            .fetch_all(&mut *c)
                            .await?;
                        for id in replaced {
                            record::append(c, &ended.clone().object(id).done()?).await?;
                        }
                    }
                    Ok(())
                })
            });
            noted(used.await)?;
        }
        let scopes = row.scopes.parse().map_err(|_| WHERE)?;
        Ok(Some(Software { token_id, scopes, expires_at: row.expires_at }))
    }

    /// A new token in place of a program's own. The old one goes on until the new one is used, a week at most. `None` when
    /// it has been replaced already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate_software(&self, software: &Software, asker: &Asker) -> Result<Option<(Token, String)>, Error> {
        let now = self.clock.now();
        let old = software.token_id;
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar(LABEL).bind(old.to_string()).fetch_optional(&self.reads).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let (id, token) = (SoftwareId::fresh(), Token::fresh(PREFIX));
        // Sealed to its row, so it is sealed anew for the new one.
        let label = self.seal_field(SOFTWARE_LABEL, id, &self.open_field(SOFTWARE_LABEL, old, &sealed)?)?;
        let expires_at = clock::text(now + TOKEN_LIFE);
        let entry =
            Act::asker(Action::SoftwareRotate, asker, now).object(id).code("before", &old.to_string()).done()?;
        let (index, until) = (token.index(), expires_at.clone());
        let rotated = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let replaced: Option<Vec<u8>> = sqlx::query_scalar(REPLACE)
                        .bind(old.to_string())
                        .bind(id.to_string())
                        .bind(clock::text(now + OVERLAP))
                        .bind(&at)
                        .fetch_optional(&mut *c)
                        .await?;
                    if replaced.is_none() {
                        return Ok(false);
                    }
                    sqlx::query(COPY)
                        .bind(old.to_string())
                        .bind(id.to_string())
                        .bind(index)
                        .bind(label)
                        .bind(at)
                        .bind(until)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(rotated.then_some((token, expires_at)))
    }

    /// Revokes a program's token; its next call is refused. False when there is none of this office's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_software(&self, by: impl Into<By<'_>>, id: SoftwareId) -> Result<bool, Error> {
        let by = by.into();
        let office = match by {
            By::Person(person) if person.may(Deed::ManageSoftware) => Some(person.office.id),
            By::Terminal { .. } if by.sound() => None,
            _ => return Ok(false),
        };
        let now = self.clock.now();
        let entry = by.act(Action::SoftwareRevoke, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let revoked = match office {
                        Some(office) => {
                            let query = sqlx::query(REVOKE).bind(id.to_string()).bind(office.to_string()).bind(at);
                            query.execute(&mut *c).await?
                        }
                        None => sqlx::query(REVOKE_BY_OPERATOR).bind(id.to_string()).bind(at).execute(&mut *c).await?,
                    };
                    if revoked.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(revoked.rows_affected() == 1)
                })
            })
            .await
    }

    /// The tokens of this person's office, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_software(&self, by: &Person) -> Result<Vec<SoftwareRow>, Error> {
        if !by.may(Deed::ManageSoftware) {
            return Ok(Vec::new());
        }
        let rows: Vec<ListRow> =
            sqlx::query_as(LIST).bind(by.office.id.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                let id: SoftwareId = row.token_id.parse().map_err(|_| WHERE)?;
                let made_by = match (row.name_sealed, row.made_by.parse::<AccountId>()) {
                    (Some(sealed), Ok(maker)) => Some(self.open_text(super::NAME, maker, &sealed)?),
                    _ => None,
                };
                Ok(SoftwareRow {
                    id,
                    label: self.open_text(SOFTWARE_LABEL, id, &row.label_sealed)?,
                    device_id: row.device_id.parse().map_err(|_| WHERE)?,
                    scopes: row.scopes.parse().map_err(|_| WHERE)?,
                    made_by,
                    made_at: row.made_at,
                    expires_at: row.expires_at,
                    last_used_at: row.last_used_at,
                    replaced: row.replaced_by.is_some(),
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }
}
