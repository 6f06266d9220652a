//! 権限付与 — asked for by one, confirmed by another, for a third; ends by itself (R12.3–R12.5).

use super::accounts::{By, grant_place};
use super::sessions::{Person, end_all};
use super::{LISTED_MAX, NAME};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{AccountId, DeviceId, Error, GrantId, OfficeId, Store, clock};
use identity::grant::{self, Hands, Refusal, State, Times};
use identity::role::{Deed, Role, Why, may_hold};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use standard::value::Private;

/// Stock-taking of a right begins so long before it ends.
const STOCK_TAKING_BEFORE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What came of applying for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantAsked {
    /// Another person has to confirm it within 14 days.
    Done(GrantId),
    /// Not this person's to ask, or nobody to give it to.
    NotAllowed,
    /// They hold it already, or it is asked for.
    Already,
    /// Against the rules of applications.
    Refused(Refusal),
    /// The roles cannot be one person's (R12.5).
    Incompatible(Why),
}

/// What came of a decision about a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantDecided {
    /// It counts from the next request on.
    Done,
    /// Not this person's to decide, or there is no such application here.
    NotAllowed,
    /// Three hands, three people; and in time (R12.3).
    Refused(Refusal),
    /// The roles cannot be one person's (R12.5).
    Incompatible(Why),
}

/// How a role stands.
pub type GrantState = State;

/// A role of somebody, in a list.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Ours.
    pub id: GrantId,
    /// Whose.
    pub account_id: AccountId,
    /// 氏名.
    pub name: Private<String>,
    /// 役割.
    pub role: Role,
    /// 事業所番号, or the operator's.
    pub office: OfficeNumber,
    /// 事業所名.
    pub office_name: String,
    /// 氏名 of who asked; `None` for the terminal.
    pub requested_by: Option<Private<String>>,
    /// RFC 3339, UTC; so are the others.
    pub requested_at: String,
    /// When another confirmed it.
    pub confirmed_at: Option<String>,
    /// When it ends, unless it is confirmed anew before.
    pub expires_at: Option<String>,
    /// When it was last confirmed anew.
    pub reviewed_at: Option<String>,
    /// Where it stands.
    pub state: GrantState,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) id: GrantId,
    pub(super) account: AccountId,
    pub(super) office: Option<OfficeId>,
    pub(super) role: Role,
    pub(super) requested_by: String,
    pub(super) confirmed_by: Option<String>,
}

const INSERT: &str = "
    INSERT INTO role_grant (grant_id, account_id, office_id, role, requested_by, requested_at, confirmed_by, confirmed_at,
                            expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING";

/// A list of grants with what a page shows of each; what differs is which.
macro_rules! grants {
    ($which:literal) => {
        concat!(
            "SELECT g.grant_id, g.account_id, g.office_id, g.role, g.requested_by, g.requested_at, g.confirmed_at,
                    g.expires_at, g.reviewed_at, g.withdrawn_at, a.name_sealed, a.person_index, o.office_number,
                    o.name AS office_name, r.name_sealed AS requester_sealed, r.person_index AS requester_person,
                    (SELECT count(*) FROM role_grant k
                      WHERE k.office_id = g.office_id AND k.role = 'office-administrator'
                        AND k.confirmed_at IS NOT NULL AND k.withdrawn_at IS NULL) AS administrators
               FROM role_grant g
               JOIN account a ON a.account_id = g.account_id
               JOIN office o ON o.office_id = g.office_id OR (g.office_id IS NULL AND o.is_operator = 1)
               LEFT JOIN account r ON r.account_id = g.requested_by
              WHERE ",
            $which
        )
    };
}

const ONE: &str = grants!("g.grant_id = $1");

const AWAITING: &str = grants!(
    "coalesce(g.office_id, '') = $1 AND g.confirmed_at IS NULL AND g.withdrawn_at IS NULL AND g.requested_at > $2
     ORDER BY g.requested_at LIMIT $3"
);

/// What the operator decides about at offices: the first administrators, and whatever a lone one asked for.
const AWAITING_AT_OFFICES: &str = grants!(
    "(g.office_id IS NULL
      OR (SELECT count(*) FROM role_grant k
           WHERE k.office_id = g.office_id AND k.role = 'office-administrator'
             AND k.confirmed_at IS NOT NULL AND k.withdrawn_at IS NULL) < 2)
     AND g.confirmed_at IS NULL AND g.withdrawn_at IS NULL AND g.requested_at > $1
     ORDER BY g.requested_at LIMIT $2"
);

const HERE: &str = grants!(
    "(coalesce(g.office_id, '') = $1 OR ($1 = '' AND g.role = 'office-administrator'))
     AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $2 AND g.expires_at < $3
     ORDER BY g.expires_at LIMIT $4"
);

const OWN: &str = grants!("g.account_id = $1 AND g.withdrawn_at IS NULL ORDER BY g.requested_at LIMIT $2");

const OF_LOGIN: &str = "
    SELECT account_id, person_index FROM account WHERE login_index = $1 AND state IN ('invited', 'active')";

const HAS_PASSKEY: &str = "
    SELECT count(*) FROM factor WHERE account_id = $1 AND kind = 'passkey' AND state = 'active'";

/// Three hands were three people when it was read; that it still waits is checked again here.
const CONFIRM: &str = "
    UPDATE role_grant SET confirmed_by = $2, confirmed_at = $3, expires_at = $4
     WHERE grant_id = $1 AND confirmed_at IS NULL AND withdrawn_at IS NULL AND requested_at > $5";

const WITHDRAW: &str = "
    UPDATE role_grant SET withdrawn_at = $2, withdrawn_for = $3 WHERE grant_id = $1 AND withdrawn_at IS NULL
    RETURNING account_id";

const WITHDRAW_ALL: &str = "
    UPDATE role_grant SET withdrawn_at = $3, withdrawn_for = $4
     WHERE account_id = $1 AND coalesce(office_id, '') = coalesce($2, coalesce(office_id, '')) AND withdrawn_at IS NULL";

const REMAINING: &str = "SELECT count(*) FROM role_grant WHERE account_id = $1 AND withdrawn_at IS NULL";

const REVIEW: &str = "
    UPDATE role_grant SET reviewed_at = $3, reviewed_by = $2, expires_at = $4
     WHERE grant_id = $1 AND withdrawn_at IS NULL AND confirmed_at IS NOT NULL AND expires_at > $3";

const LAPSED: &str = "
    UPDATE role_grant SET withdrawn_at = $1, withdrawn_for = 'unconfirmed'
     WHERE confirmed_at IS NULL AND withdrawn_at IS NULL AND requested_at <= $2
    RETURNING grant_id";

const OVERDUE: &str = "
    UPDATE role_grant SET withdrawn_at = $1, withdrawn_for = 'stock-taking'
     WHERE confirmed_at IS NOT NULL AND withdrawn_at IS NULL AND expires_at <= $1
    RETURNING grant_id";

#[derive(FromRow)]
struct Row {
    grant_id: String,
    account_id: String,
    office_id: Option<String>,
    role: String,
    requested_by: String,
    requested_at: String,
    confirmed_at: Option<String>,
    expires_at: Option<String>,
    reviewed_at: Option<String>,
    withdrawn_at: Option<String>,
    name_sealed: Vec<u8>,
    person_index: String,
    office_number: String,
    office_name: String,
    requester_sealed: Option<Vec<u8>>,
    requester_person: Option<String>,
    administrators: i64,
}

const WHERE: Error = Error::Impossible("role_grant");

impl Row {
    fn role(&self) -> Result<Role, Error> {
        Role::from_id(&self.role).ok_or(WHERE)
    }

    fn times(&self) -> Result<Times, Error> {
        let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
        let option = |text: &Option<String>| text.as_deref().map(instant).transpose();
        let confirmed = self.reviewed_at.as_ref().or(self.confirmed_at.as_ref()).cloned();
        let requested_at = instant(&self.requested_at)?;
        Ok(Times {
            // A right that was confirmed anew counts from then on.
            requested_at: option(&self.reviewed_at)?.unwrap_or(requested_at),
            confirmed_at: option(&confirmed)?,
            expires_at: option(&self.expires_at)?.unwrap_or(Timestamp::MAX),
            withdrawn_at: option(&self.withdrawn_at)?,
        })
    }

    /// The person who asked, or the terminal; never the same as another by accident.
    fn requester(&self) -> &str {
        self.requester_person.as_deref().unwrap_or(&self.requested_by)
    }
}

impl Application {
    /// False when this role of this account at this place is there already.
    pub(super) async fn insert(&self, c: &mut Connection, now: Timestamp) -> Result<bool, Error> {
        let at = clock::text(now);
        let confirmed = self.confirmed_by.is_some();
        let inserted = sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(self.account.to_string())
            .bind(self.office.map(|id| id.to_string()))
            .bind(self.role.id())
            .bind(&self.requested_by)
            .bind(&at)
            .bind(&self.confirmed_by)
            .bind(confirmed.then_some(&at))
            .bind(confirmed.then(|| clock::text(now + grant::GRANT_MAX)))
            .execute(c)
            .await?;
        Ok(inserted.rows_affected() == 1)
    }
}

pub(super) async fn withdraw_all(
    c: &mut Connection,
    account: AccountId,
    place: Option<&str>,
    why: &'static str,
    at: &str,
) -> Result<u64, Error> {
    let withdrawn =
        sqlx::query(WITHDRAW_ALL).bind(account.to_string()).bind(place).bind(at).bind(why).execute(c).await?;
    Ok(withdrawn.rows_affected())
}

pub(super) async fn remaining(c: &mut Connection, account: AccountId) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(REMAINING).bind(account.to_string()).fetch_one(c).await?)
}

impl Store {
    /// Applies for a role for somebody who has an account, by the login they told (R12.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_grant(
        &self,
        by: &Person,
        login: &str,
        role: Role,
        office: Option<OfficeNumber>,
    ) -> Result<GrantAsked, Error> {
        let now = self.clock.now();
        if !by.may(Deed::RequestGrants) {
            return Ok(GrantAsked::NotAllowed);
        }
        let Some(place) = self.office_for(by.into(), role, office).await? else { return Ok(GrantAsked::NotAllowed) };
        let subject: Option<(String, String)> =
            sqlx::query_as(OF_LOGIN).bind(self.login_index(login)?).fetch_optional(&self.reads).await?;
        let Some((account, person)) = subject else { return Ok(GrantAsked::NotAllowed) };
        let requester = self.person_index_of(by.account_id).await?;
        if let Err(refusal) = grant::may_request(&requester, &person, now + grant::GRANT_MAX, now) {
            return Ok(GrantAsked::Refused(refusal));
        }
        if let Err(conflict) = may_hold(&self.held(&person).await?, role) {
            return Ok(GrantAsked::Incompatible(conflict.why));
        }
        let application = Application {
            id: GrantId::fresh(),
            account: account.parse().map_err(|_| Error::Impossible("account.account_id"))?,
            office: place.grant_office(),
            role,
            requested_by: by.account_id.to_string(),
            confirmed_by: None,
        };
        let id = application.id;
        let entry = Act::person(Action::GrantRequest, by, now)
            .object(id)
            .office(place.number)
            .code("role", role.id())
            .code("account", &account)
            .done()?;
        let asked = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let inserted = application.insert(c, now).await?;
                    if inserted {
                        record::append(c, &entry).await?;
                    }
                    Ok(inserted)
                })
            })
            .await?;
        Ok(if asked { GrantAsked::Done(id) } else { GrantAsked::Already })
    }

    /// Confirms a role that another applied for, for a third (R12.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_grant(&self, by: &Person, id: GrantId) -> Result<GrantDecided, Error> {
        let now = self.clock.now();
        let Some(row) = self.grant_here(by, Deed::ConfirmGrants, id).await? else {
            return Ok(GrantDecided::NotAllowed);
        };
        let role = row.role()?;
        let confirmer = self.person_index_of(by.account_id).await?;
        let requester = row.requester().to_owned();
        let hands = Hands { requester: &requester, grantee: &row.person_index, confirmer: &confirmer };
        if let Err(refusal) = grant::may_confirm(&hands, &row.times()?, now) {
            return Ok(GrantDecided::Refused(refusal));
        }
        // What is confirmed is counted once more against everything held, itself left out.
        let mut held = self.held(&row.person_index).await?;
        if let Some(itself) = held.iter().position(|held| held.role == role) {
            held.remove(itself);
        }
        if let Err(conflict) = may_hold(&held, role) {
            return Ok(GrantDecided::Incompatible(conflict.why));
        }
        let entry = Act::person(Action::GrantConfirm, by, now)
            .object(id)
            .office(row.office_number.parse().map_err(|_| WHERE)?)
            .code("role", role.id())
            .code("account", &row.account_id)
            .done()?;
        let confirmer = by.account_id.to_string();
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let confirmed = sqlx::query(CONFIRM)
                        .bind(id.to_string())
                        .bind(confirmer)
                        .bind(clock::text(now))
                        .bind(clock::text(now + grant::GRANT_MAX))
                        .bind(clock::text(now - grant::UNCONFIRMED_MAX))
                        .execute(&mut *c)
                        .await?;
                    if confirmed.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(confirmed.rows_affected() == 1)
                })
            })
            .await?;
        Ok(if done { GrantDecided::Done } else { GrantDecided::Refused(Refusal::NotWaiting) })
    }

    /// Withdraws a role, or refuses an application. It ends at once: sessions of the person end with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_grant(&self, by: &Person, id: GrantId) -> Result<GrantDecided, Error> {
        let now = self.clock.now();
        let Some(row) = self.grant_here(by, Deed::RequestGrants, id).await? else {
            return Ok(GrantDecided::NotAllowed);
        };
        let act = Act::person(Action::GrantWithdraw, by, now)
            .object(id)
            .office(row.office_number.parse().map_err(|_| WHERE)?)
            .code("role", row.role()?.id())
            .code("account", &row.account_id);
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let account: Option<String> = sqlx::query_scalar(WITHDRAW)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .bind("withdrawn")
                        .fetch_optional(&mut *c)
                        .await?;
                    let Some(account) = account else { return Ok(false) };
                    let account: AccountId = account.parse().map_err(|_| WHERE)?;
                    let ended = end_all(c, account, None, "grant", now).await?;
                    record::append(c, &act.number("sessions_ended", ended).done()?).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(if done { GrantDecided::Done } else { GrantDecided::NotAllowed })
    }

    /// Applications that wait for a second person here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grants_awaiting(&self, by: &Person) -> Result<Vec<GrantRow>, Error> {
        if !by.may(Deed::ConfirmGrants) {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let since = clock::text(now - grant::UNCONFIRMED_MAX);
        let query = if by.office.is_operator {
            sqlx::query_as(AWAITING_AT_OFFICES).bind(since)
        } else {
            sqlx::query_as(AWAITING).bind(grant_place(by)).bind(since)
        };
        let rows: Vec<Row> = query.bind(LISTED_MAX).fetch_all(&self.reads).await?;
        self.grant_rows(rows, now)
    }

    /// 棚卸: roles here that end soon unless somebody confirms them anew (R12.4).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stock_taking(&self, by: &Person) -> Result<Vec<GrantRow>, Error> {
        self.grants_ending(by, STOCK_TAKING_BEFORE).await
    }

    /// Every role in force here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grants_of_office(&self, by: &Person) -> Result<Vec<GrantRow>, Error> {
        self.grants_ending(by, grant::GRANT_MAX + STOCK_TAKING_BEFORE).await
    }

    async fn grants_ending(&self, by: &Person, within: SignedDuration) -> Result<Vec<GrantRow>, Error> {
        if !by.may(Deed::TakeStock) {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let rows: Vec<Row> = sqlx::query_as(HERE)
            .bind(grant_place(by))
            .bind(clock::text(now))
            .bind(clock::text(now + within))
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        self.grant_rows(rows, now)
    }

    /// One's own roles, wherever.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_grants(&self, person: &Person) -> Result<Vec<GrantRow>, Error> {
        let rows: Vec<Row> =
            sqlx::query_as(OWN).bind(person.account_id.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        self.grant_rows(rows, self.clock.now())
    }

    /// Confirms a role of somebody else anew, for another year at most (R12.4).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn review_grant(&self, by: &Person, id: GrantId) -> Result<GrantDecided, Error> {
        let now = self.clock.now();
        let Some(row) = self.grant_here(by, Deed::TakeStock, id).await? else { return Ok(GrantDecided::NotAllowed) };
        if row.person_index == self.person_index_of(by.account_id).await? {
            return Ok(GrantDecided::Refused(Refusal::OwnRole));
        }
        let entry = Act::person(Action::GrantReview, by, now)
            .object(id)
            .office(row.office_number.parse().map_err(|_| WHERE)?)
            .code("role", row.role()?.id())
            .code("account", &row.account_id)
            .done()?;
        let reviewer = by.account_id.to_string();
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let reviewed = sqlx::query(REVIEW)
                        .bind(id.to_string())
                        .bind(reviewer)
                        .bind(clock::text(now))
                        .bind(clock::text(now + grant::GRANT_MAX))
                        .execute(&mut *c)
                        .await?;
                    if reviewed.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(reviewed.rows_affected() == 1)
                })
            })
            .await?;
        Ok(if done { GrantDecided::Done } else { GrantDecided::NotAllowed })
    }

    /// Whether an account could use a role that needs a passkey (R8.4): for the page that asks for one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_passkey(&self, account: AccountId) -> Result<bool, Error> {
        let passkeys: i64 = sqlx::query_scalar(HAS_PASSKEY).bind(account.to_string()).fetch_one(&self.reads).await?;
        Ok(passkeys > 0)
    }

    /// A grant that this person may decide about: at the same place; for the operator, an office's first administrators too,
    /// and whatever a lone one asked for, who has nobody else to confirm it (R12.5: small offices need outside persons).
    async fn grant_here(&self, by: &Person, deed: Deed, id: GrantId) -> Result<Option<Row>, Error> {
        if !by.may(deed) {
            return Ok(None);
        }
        let row: Option<Row> = sqlx::query_as(ONE).bind(id.to_string()).fetch_optional(&self.reads).await?;
        Ok(row.filter(|row| {
            let lone = row.administrators < 2;
            row.office_id.as_deref().unwrap_or_default() == grant_place(by)
                || (by.office.is_operator && row.office_id.is_some() && lone)
        }))
    }

    pub(super) async fn person_index_of(&self, account: AccountId) -> Result<String, Error> {
        Ok(sqlx::query_scalar("SELECT person_index FROM account WHERE account_id = $1")
            .bind(account.to_string())
            .fetch_one(&self.reads)
            .await?)
    }

    fn grant_rows(&self, rows: Vec<Row>, now: Timestamp) -> Result<Vec<GrantRow>, Error> {
        rows.into_iter()
            .map(|row| {
                let account_id: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
                let requested_by = match (&row.requester_sealed, row.requested_by.parse::<AccountId>()) {
                    (Some(sealed), Ok(requester)) => Some(self.open_text(NAME, requester, sealed)?),
                    _ => None,
                };
                Ok(GrantRow {
                    id: row.grant_id.parse().map_err(|_| WHERE)?,
                    account_id,
                    name: self.open_text(NAME, account_id, &row.name_sealed)?,
                    role: row.role()?,
                    office: row.office_number.parse().map_err(|_| WHERE)?,
                    state: grant::state(&row.times()?, now),
                    office_name: row.office_name,
                    requested_by,
                    requested_at: row.requested_at,
                    confirmed_at: row.confirmed_at,
                    expires_at: row.expires_at,
                    reviewed_at: row.reviewed_at,
                })
            })
            .collect()
    }

    /// Withdraws what nobody confirmed in time and what stock-taking left behind (R12.3, R12.4). How many of each.
    pub(super) async fn lapse_grants(&self, now: Timestamp) -> Result<(u64, u64), Error> {
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let unconfirmed: Vec<String> = sqlx::query_scalar(LAPSED)
                        .bind(&at)
                        .bind(clock::text(now - grant::UNCONFIRMED_MAX))
                        .fetch_all(&mut *c)
                        .await?;
                    let overdue: Vec<String> = sqlx::query_scalar(OVERDUE).bind(&at).fetch_all(&mut *c).await?;
                    for (ids, why) in [(&unconfirmed, "unconfirmed"), (&overdue, "stock-taking")] {
                        for id in ids {
                            let entry = Act::system(Action::GrantLapse, now).object(id).code("why", why).done()?;
                            record::append(c, &entry).await?;
                        }
                    }
                    Ok((unconfirmed.len() as u64, overdue.len() as u64))
                })
            })
            .await
    }
}

/// The same for the terminal: an emergency ends rights, it never gives them.
impl Store {
    /// Withdraws every role of an account, at the terminal. `None` when there is no such account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_grants(&self, by: By<'_>, id: AccountId) -> Result<Option<u64>, Error> {
        let Some(managed) = self.managed(by, id).await? else { return Ok(None) };
        let (now, id) = (self.clock.now(), managed.id);
        let act = by.act(Action::GrantWithdraw, now).object(id);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let withdrawn = withdraw_all(c, id, None, "terminal", &clock::text(now)).await?;
                    let ended = end_all(c, id, None, "grant", now).await?;
                    let entry = act.number("grants_withdrawn", withdrawn).number("sessions_ended", ended).done()?;
                    record::append(c, &entry).await?;
                    Ok(Some(withdrawn))
                })
            })
            .await
    }
}

const ADMIT: &str = "
    INSERT INTO device_office (device_id, office_id, admitted_by, admitted_at)
    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM device d JOIN office o ON o.office_id = d.office_id
                                         WHERE d.device_id = $1 AND d.revoked_at IS NULL AND o.is_operator = 0)
    ON CONFLICT (device_id, office_id) DO UPDATE SET admitted_by = $3, admitted_at = $4, withdrawn_at = NULL";

const DISMISS: &str = "
    UPDATE device_office SET withdrawn_at = $3 WHERE device_id = $1 AND office_id = $2 AND withdrawn_at IS NULL";

/// One desk, several offices of one operator: each office admits the device by itself (R7.4).
impl Store {
    /// Lets this person's office be served from a device of another office. False when there is no such device.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn admit_device(&self, by: &Person, device: DeviceId) -> Result<bool, Error> {
        self.change_admission(by, device, true).await
    }

    /// Takes that back, at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dismiss_device(&self, by: &Person, device: DeviceId) -> Result<bool, Error> {
        self.change_admission(by, device, false).await
    }

    async fn change_admission(&self, by: &Person, device: DeviceId, admit: bool) -> Result<bool, Error> {
        if !by.may(Deed::ManageDevices) || by.office.is_operator {
            return Ok(false);
        }
        let now = self.clock.now();
        let code = if admit { "admitted" } else { "dismissed" };
        let entry = Act::person(Action::DeviceAdmit, by, now).object(device).code("what", code).done()?;
        let (office, person) = (by.office.id.to_string(), by.account_id.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let (device, at) = (device.to_string(), clock::text(now));
                    let changed = if admit {
                        sqlx::query(ADMIT).bind(device).bind(office).bind(person).bind(at).execute(&mut *c).await?
                    } else {
                        sqlx::query(DISMISS).bind(device).bind(office).bind(at).execute(&mut *c).await?
                    };
                    if changed.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(changed.rows_affected() == 1)
                })
            })
            .await
    }
}
