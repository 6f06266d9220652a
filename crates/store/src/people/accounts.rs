//! アカウント — invited by one, confirmed by another, closed at once, and never given to somebody else (R8.1, R12.4).

use super::sessions::{Person, end_all};
use super::{
    KANA, LISTED_MAX, LOGIN, LOGIN_CHARACTERS_MAX, NAME, NAME_CHARACTERS_MAX, grants, normal_login, presentable,
};
use crate::database::Connection;
use crate::enrolment::fresh_code;
use crate::record::{self, Act};
use crate::{AccountId, Error, GrantId, Office, OfficeId, Store, clock};
use identity::grant;
use identity::recovery::{CODE_LIFE, Purpose};
use identity::role::{Deed, Held, Role, Side, Way, Why, may_hold};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use seal::Zeroizing;
use sqlx::FromRow;
use standard::OfficeNumber;
use standard::value::Private;
use std::collections::BTreeSet;
use std::fmt;

/// Staff on one list; the largest offices have some hundreds.
const STAFF_MAX: usize = 5_000;
/// Characters of the number by which the operator's own people sign at the command line.
const HAND_CHARACTERS_MAX: usize = 32;

/// Who acts: a person who is signed in, or one of the operator's people at the command line, by their staff number.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Signed in.
    Person(&'a Person),
    /// At the terminal of the host: who typed it, and who agreed. Two numbers, two people.
    Terminal {
        /// Who typed it.
        by: &'a str,
        /// Who agreed.
        approved_by: &'a str,
    },
}

impl<'a> From<&'a Person> for By<'a> {
    fn from(person: &'a Person) -> Self {
        Self::Person(person)
    }
}

impl By<'_> {
    pub(super) fn act(&self, action: Action, now: Timestamp) -> Act {
        match self {
            Self::Person(person) => Act::person(action, person, now),
            Self::Terminal { by, approved_by } => Act::operator_as(action, by, now).code("approved_by", approved_by),
        }
    }

    /// As registers name who did it.
    pub(super) fn hand(&self) -> String {
        match self {
            Self::Person(person) => person.account_id.to_string(),
            Self::Terminal { by, .. } => terminal_hand(by),
        }
    }

    /// Two numbers that the log can hold, of two people.
    pub(super) fn sound(&self) -> bool {
        let number = |text: &str| text.len() <= HAND_CHARACTERS_MAX && text.parse::<ledger::Token>().is_ok();
        match self {
            Self::Person(_) => true,
            Self::Terminal { by, approved_by } => {
                number(by) && number(approved_by) && !by.eq_ignore_ascii_case(approved_by)
            }
        }
    }
}

/// No account id, so nobody's account is mistaken for it.
pub(super) fn terminal_hand(by: &str) -> String {
    format!("terminal:{}", by.to_ascii_lowercase())
}

/// アカウントの招待.
#[derive(Clone)]
pub struct NewAccount {
    /// What the person will sign in with: 3 to 64 of letters, digits and `. _ - @`.
    pub login: String,
    /// 氏名.
    pub name: String,
    /// かな.
    pub kana: String,
    /// What tells this person from every other and stays with them, such as kana and birth date. Only a keyed index of it
    /// is kept (R8.1).
    pub person_key: String,
    /// The role that is applied for at the same time.
    pub role: Role,
    /// The office, where somebody of the operator invites an office's administrator. `None`: where the inviter is.
    pub office: Option<OfficeNumber>,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewAccount({}, ..)", self.role.id())
    }
}

/// What came of an invitation.
#[derive(Debug)]
pub enum Invited {
    /// Hand the code over by another way than the login.
    Done(Invitation),
    /// The login was given before, perhaps to somebody who has left (R8.1).
    LoginTaken,
    /// This person has an account: apply for a role for that one instead (R8.1).
    SamePerson,
    /// A field is empty, too long, or not what it should be.
    Unfit,
    /// Not this person's to do, or no such office.
    NotAllowed,
    /// The roles cannot be one person's (R12.5).
    Incompatible(Why),
}

/// An initial secret: good once, for a day, for setting one's own (R8.12).
#[derive(Clone)]
pub struct Invitation {
    /// アカウント.
    pub account_id: AccountId,
    /// Four groups of four.
    pub code: Zeroizing<String>,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({}, .., {})", self.account_id, self.expires_at)
    }
}

/// アカウントの状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// Has not set up their own secrets yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot, until somebody lets them.
    Suspended,
    /// Never again.
    Closed,
}

impl AccountState {
    fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "invited" => Self::Invited,
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            "closed" => Self::Closed,
            _ => return None,
        })
    }
}

/// An account in a list.
#[derive(Clone, Debug)]
pub struct StaffRow {
    /// アカウント.
    pub account_id: AccountId,
    /// 氏名.
    pub name: Private<String>,
    /// かな.
    pub kana: Private<String>,
    /// What they sign in with.
    pub login: Private<String>,
    /// Where it stands.
    pub state: AccountState,
    /// Roles in force here.
    pub roles: BTreeSet<Role>,
    /// Roles applied for here.
    pub awaited: BTreeSet<Role>,
    /// RFC 3339, UTC.
    pub last_signed_in_at: Option<String>,
    /// An open case in the register of identity checks.
    pub recovering: bool,
}

/// What a comparison with the staff list did (R12.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffListed {
    /// Whose rights at this office ended, because they are not on the list.
    pub left: Vec<AccountId>,
    /// People on the list without an account here.
    pub unknown: usize,
}

const INSERT: &str = "
    INSERT INTO account (account_id, login_index, login_sealed, name_sealed, kana_sealed, person_index, side, profile,
                         state, created_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'invited', $9
     WHERE NOT EXISTS (SELECT 1 FROM account WHERE person_index = $6 AND state <> 'closed')
    ON CONFLICT (login_index) DO NOTHING";

const LOGIN_TAKEN: &str = "SELECT count(*) FROM account WHERE login_index = $1";

pub(super) const INSERT_CODE: &str = "
    INSERT INTO one_time_code (code_index, account_id, purpose, recovery_id, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// An account of this office: one with a right here, in force, awaited or of before; whether one is in force, and where the
/// account is at home: at the office that first gave it a right which is still in force. An application made elsewhere
/// since, which anybody may make who knows the login, moves it nowhere; nor does a right given before the account is set up.
const OF_OFFICE: &str = "
    SELECT a.account_id, a.state,
           (SELECT count(*) FROM role_grant g
             WHERE g.account_id = a.account_id AND coalesce(g.office_id, '') = $2 AND g.confirmed_at IS NOT NULL
               AND g.withdrawn_at IS NULL AND g.expires_at > $3) AS rights,
           (SELECT coalesce(g.office_id, '') FROM role_grant g JOIN account h ON h.account_id = g.account_id
             WHERE g.account_id = a.account_id
             ORDER BY CASE WHEN h.state = 'invited' THEN 0
                           WHEN g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $3 THEN 0
                           WHEN g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL THEN 1
                           WHEN g.confirmed_at IS NOT NULL THEN 2
                           ELSE 3 END, g.requested_at, g.grant_id LIMIT 1) AS home
      FROM account a
     WHERE a.account_id = $1
       AND EXISTS (SELECT 1 FROM role_grant g
                    WHERE g.account_id = a.account_id AND coalesce(g.office_id, '') = $2)";

const LIST: &str = "
    SELECT a.account_id, a.login_sealed, a.name_sealed, a.kana_sealed, a.state, a.last_signed_in_at,
           (SELECT count(*) FROM recovery r WHERE r.account_id = a.account_id AND r.ended_at IS NULL) AS recovering
      FROM account a
     WHERE EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.account_id AND coalesce(g.office_id, '') = $1)
     ORDER BY a.created_at LIMIT $2";

const GRANTS: &str = "
    SELECT account_id, role, CASE WHEN confirmed_at IS NULL THEN 0 ELSE 1 END AS confirmed FROM role_grant
     WHERE coalesce(office_id, '') = $1 AND withdrawn_at IS NULL
       AND (expires_at > $2 OR (confirmed_at IS NULL AND requested_at > $3)) LIMIT $4";

const ALL: &str = "
    SELECT a.account_id, a.login_sealed, a.name_sealed, a.kana_sealed, a.state, a.last_signed_in_at,
           (SELECT count(*) FROM recovery r WHERE r.account_id = a.account_id AND r.ended_at IS NULL) AS recovering
      FROM account a WHERE a.side = $1 ORDER BY a.created_at LIMIT $2";

const SET_STATE: &str = "UPDATE account SET state = $2 WHERE account_id = $1 AND state = $3";

const RESUME: &str = "
    UPDATE account SET state = CASE WHEN password_hash IS NULL THEN 'invited' ELSE 'active' END, resumed_at = $2
     WHERE account_id = $1 AND state = 'suspended'";

const CLOSE: &str = "UPDATE account SET state = 'closed', closed_at = $2 WHERE account_id = $1 AND state <> 'closed'";

const END_UNUSED_TOKENS: &str = "
    UPDATE software_token SET revoked_at = $2 WHERE made_by = $1 AND last_used_at IS NULL AND revoked_at IS NULL";

const RENAME: &str = "
    UPDATE account SET name_sealed = $2, kana_sealed = $3 WHERE account_id = $1 AND state <> 'closed'";

pub(super) const END_CODES: &str = "
    UPDATE one_time_code SET ended_at = $2 WHERE account_id = $1 AND used_at IS NULL AND ended_at IS NULL";

const STAFF: &str = "
    SELECT DISTINCT a.account_id, a.person_index FROM account a JOIN role_grant g ON g.account_id = a.account_id
     WHERE coalesce(g.office_id, '') = $1 AND g.withdrawn_at IS NULL AND a.state <> 'closed' LIMIT $2";

#[derive(FromRow)]
struct ListRow {
    account_id: String,
    login_sealed: Vec<u8>,
    name_sealed: Vec<u8>,
    kana_sealed: Vec<u8>,
    state: String,
    last_signed_in_at: Option<String>,
    recovering: i64,
}

/// An account that somebody may manage.
pub(super) struct Managed {
    pub(super) id: AccountId,
    pub(super) state: AccountState,
    /// Whoever manages it does so for the office where it is at home: only there it is changed as a whole (R12.2).
    pub(super) at_home: bool,
    /// It has a right at the office of whoever manages it.
    pub(super) works_here: bool,
}

impl Managed {
    /// Not only somebody for whom an application was made here.
    fn is_ours(&self) -> bool {
        self.at_home || self.works_here
    }
}

impl Store {
    /// Invites somebody: an account, an application for a role, and a one-time code. Another person has to confirm the role
    /// before it counts (R12.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invite(&self, by: impl Into<By<'_>>, new: NewAccount) -> Result<Invited, Error> {
        let by = by.into();
        if !by.sound() {
            return Ok(Invited::NotAllowed);
        }
        let Some(office) = self.office_for(by, new.role, new.office).await? else { return Ok(Invited::NotAllowed) };
        let login = normal_login(&new.login);
        let person = super::normal_person(&new.person_key);
        let (Some(name), Some(kana)) = (presentable(&new.name), presentable(&new.kana)) else {
            return Ok(Invited::Unfit);
        };
        if !login_is_sound(&login) || !(1..=NAME_CHARACTERS_MAX).contains(&person.chars().count()) {
            return Ok(Invited::Unfit);
        }
        let person_index = self.keyed_index("account.person", person.as_bytes())?;
        let held = self.held(&person_index).await?;
        if let Err(conflict) = may_hold(&held, new.role) {
            return Ok(Invited::Incompatible(conflict.why));
        }
        let now = self.clock.now();
        let id = AccountId::fresh();
        let login_index = self.login_index(&login)?;
        let login_sealed = self.seal_field(LOGIN, id, login.as_bytes())?;
        let name_sealed = self.seal_field(NAME, id, name.as_bytes())?;
        let kana_sealed = self.seal_field(KANA, id, kana.as_bytes())?;
        let code = fresh_code();
        let code_index = self.one_time_index("one_time_code", &code)?.ok_or(Error::Impossible("one-time code"))?;
        let expires_at = clock::text(now + CODE_LIFE);
        let application = grants::Application {
            id: GrantId::fresh(),
            account: id,
            office: office.grant_office(),
            role: new.role,
            requested_by: by.hand(),
            // At the terminal both are there at once; elsewhere another signs in and confirms.
            confirmed_by: match by {
                By::Person(_) => None,
                By::Terminal { approved_by, .. } => Some(terminal_hand(approved_by)),
            },
        };
        let act = |action| by.act(action, now).object(id).office(office.number).code("role", new.role.id());
        let added = act(Action::AccountAdd).done()?;
        let asked = by
            .act(if application.confirmed_by.is_some() { Action::GrantConfirm } else { Action::GrantRequest }, now)
            .object(application.id)
            .office(office.number)
            .code("role", new.role.id())
            .code("account", &id.to_string())
            .done()?;
        let (side, until) = (new.role.side().id(), expires_at.clone());
        let profile = self.people.settings.policy.profile();
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let inserted = sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(&login_index)
                        .bind(login_sealed)
                        .bind(name_sealed)
                        .bind(kana_sealed)
                        .bind(person_index)
                        .bind(side)
                        .bind(profile.id())
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    if inserted.rows_affected() == 0 {
                        let taken: i64 = sqlx::query_scalar(LOGIN_TAKEN).bind(login_index).fetch_one(&mut *c).await?;
                        return Ok(Err(if taken > 0 { Invited::LoginTaken } else { Invited::SamePerson }));
                    }
                    application.insert(c, now).await?;
                    insert_code(c, &code_index, id, Purpose::Invite, &at, &until).await?;
                    record::append(c, &added).await?;
                    record::append(c, &asked).await?;
                    Ok(Ok(()))
                })
            })
            .await?;
        Ok(match done {
            Ok(()) => Invited::Done(Invitation { account_id: id, code, expires_at }),
            Err(refused) => refused,
        })
    }

    /// Issues a fresh code to somebody who has not set up yet; those before are void. `None` when there is nobody to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invite_again(&self, by: impl Into<By<'_>>, id: AccountId) -> Result<Option<Invitation>, Error> {
        let by = by.into();
        let own = |managed: &Managed| managed.at_home && managed.state == AccountState::Invited;
        let Some(managed) = self.managed(by, id).await?.filter(own) else {
            return Ok(None);
        };
        let (now, id) = (self.clock.now(), managed.id);
        let code = fresh_code();
        let index = self.one_time_index("one_time_code", &code)?.ok_or(Error::Impossible("one-time code"))?;
        let expires_at = clock::text(now + CODE_LIFE);
        let entry = by.act(Action::AccountCode, now).object(id).code("purpose", Purpose::Invite.id()).done()?;
        let until = expires_at.clone();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    sqlx::query(END_CODES).bind(id.to_string()).bind(&at).execute(&mut *c).await?;
                    end_all(c, id, None, "invited-again", now).await?;
                    insert_code(c, &index, id, Purpose::Invite, &at, &until).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(Some(Invitation { account_id: id, code, expires_at }))
    }

    /// Everybody with a right at this person's office, now or before. Empty for who may not see it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_staff(&self, by: &Person) -> Result<Vec<StaffRow>, Error> {
        if !manages(by) {
            return Ok(Vec::new());
        }
        let place = grant_place(by);
        let rows: Vec<ListRow> = sqlx::query_as(LIST).bind(&place).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        self.staff_rows(rows, &place).await
    }

    /// Every account of one side, for the operator's terminal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_accounts(&self, side: Side) -> Result<Vec<StaffRow>, Error> {
        let rows: Vec<ListRow> = sqlx::query_as(ALL).bind(side.id()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        self.staff_rows(rows, "").await
    }

    async fn staff_rows(&self, rows: Vec<ListRow>, place: &str) -> Result<Vec<StaffRow>, Error> {
        const WHERE: Error = Error::Impossible("account");
        let now = self.clock.now();
        let grants: Vec<(String, String, i64)> = sqlx::query_as(GRANTS)
            .bind(place)
            .bind(clock::text(now))
            .bind(clock::text(now - grant::UNCONFIRMED_MAX))
            .bind(LISTED_MAX * 4)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let id: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
                let (mut roles, mut awaited) = (BTreeSet::new(), BTreeSet::new());
                for (_, role, confirmed) in grants.iter().filter(|(account, ..)| *account == row.account_id) {
                    let role = Role::from_id(role).ok_or(WHERE)?;
                    if *confirmed == 1 {
                        roles.insert(role)
                    } else {
                        awaited.insert(role)
                    };
                }
                Ok(StaffRow {
                    account_id: id,
                    name: self.open_text(NAME, id, &row.name_sealed)?,
                    kana: self.open_text(KANA, id, &row.kana_sealed)?,
                    login: self.open_text(LOGIN, id, &row.login_sealed)?,
                    state: AccountState::from_id(&row.state).ok_or(WHERE)?,
                    roles,
                    awaited,
                    last_signed_in_at: row.last_signed_in_at,
                    recovering: row.recovering > 0,
                })
            })
            .collect()
    }

    /// Suspends an account and ends its sessions. False when there is none to suspend.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suspend_account(&self, by: impl Into<By<'_>>, id: AccountId) -> Result<bool, Error> {
        let by = by.into();
        let own = |managed: &Managed| managed.at_home && managed.state == AccountState::Active;
        let Some(managed) = self.managed(by, id).await?.filter(own) else {
            return Ok(false);
        };
        let (now, id) = (self.clock.now(), managed.id);
        let act = by.act(Action::AccountSuspend, now).object(id);
        self.writer.run(move |c| Box::pin(async move { suspend(c, id, "suspended", act, now).await })).await
    }

    pub(super) async fn suspend_unused(&self, id: AccountId, now: Timestamp) -> Result<bool, Error> {
        let act = Act::system(Action::AccountSuspend, now).object(id).code("why", "unused");
        self.writer.run(move |c| Box::pin(async move { suspend(c, id, "unused", act, now).await })).await
    }

    /// Opens a suspended account again, with the secrets it had. False when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume_account(&self, by: impl Into<By<'_>>, id: AccountId) -> Result<bool, Error> {
        let by = by.into();
        let Some(managed) = self.managed(by, id).await?.filter(|managed| managed.at_home) else { return Ok(false) };
        let (now, id) = (self.clock.now(), managed.id);
        let entry = by.act(Action::AccountResume, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let resumed =
                        sqlx::query(RESUME).bind(id.to_string()).bind(clock::text(now)).execute(&mut *c).await?;
                    if resumed.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(resumed.rows_affected() == 1)
                })
            })
            .await
    }

    /// Ends somebody's work: at an office, every right there and every session at once (R12.4); the account itself is closed
    /// when no right anywhere remains. False when there is nobody to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_account(&self, by: impl Into<By<'_>>, id: AccountId) -> Result<bool, Error> {
        let by = by.into();
        let own = |managed: &Managed| managed.is_ours() && managed.state != AccountState::Closed;
        let Some(managed) = self.managed(by, id).await?.filter(own) else {
            return Ok(false);
        };
        let (now, id) = (self.clock.now(), managed.id);
        let place = match by {
            By::Person(person) => Some(grant_place(person)),
            By::Terminal { .. } => None,
        };
        let act = by.act(Action::AccountClose, now).object(id);
        self.writer.run(move |c| Box::pin(async move { leave_office(c, id, place.as_deref(), act, now).await })).await
    }

    /// Corrects a name. False when there is nobody to, or the name does not fit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_account(
        &self,
        by: impl Into<By<'_>>,
        id: AccountId,
        name: &str,
        kana: &str,
    ) -> Result<bool, Error> {
        let by = by.into();
        let (Some(name), Some(kana)) = (presentable(name), presentable(kana)) else { return Ok(false) };
        let Some(managed) = self.managed(by, id).await?.filter(|managed| managed.at_home) else { return Ok(false) };
        let id = managed.id;
        let name = self.seal_field(NAME, id, name.as_bytes())?;
        let kana = self.seal_field(KANA, id, kana.as_bytes())?;
        let entry = by.act(Action::AccountChange, self.clock.now()).object(id).code("what", "name").done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let renamed =
                        sqlx::query(RENAME).bind(id.to_string()).bind(name).bind(kana).execute(&mut *c).await?;
                    if renamed.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(renamed.rows_affected() == 1)
                })
            })
            .await
    }

    /// Ends every session of an account. `None` when there is no such account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(&self, by: impl Into<By<'_>>, id: AccountId) -> Result<Option<u64>, Error> {
        let by = by.into();
        let Some(managed) = self.managed(by, id).await?.filter(Managed::is_ours) else { return Ok(None) };
        let (now, id) = (self.clock.now(), managed.id);
        let act = by.act(Action::SessionEnd, now).object(id).code("why", "ended-by-another");
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let ended = end_all(c, id, None, "ended-by-another", now).await?;
                    record::append(c, &act.number("sessions_ended", ended).done()?).await?;
                    Ok(Some(ended))
                })
            })
            .await
    }

    /// What [`Self::compare_staff`] would do: for the person to look at first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn staff_differences(&self, by: &Person, list: &[Vec<String>]) -> Result<Option<StaffListed>, Error> {
        if !by.may(Deed::TakeStock) || list.len() > STAFF_MAX || list.is_empty() {
            return Ok(None);
        }
        let accounts: Vec<(String, String)> =
            sqlx::query_as(STAFF).bind(grant_place(by)).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let known: BTreeSet<&String> = accounts.iter().map(|(_, person)| person).collect();
        let (mut listed, mut unknown) = (BTreeSet::new(), 0);
        for spellings in list {
            let mut found = false;
            for key in spellings {
                let person = self.keyed_index("account.person", super::normal_person(key).as_bytes())?;
                found |= known.contains(&person);
                listed.insert(person);
            }
            unknown += usize::from(!found);
        }
        let mut left: Vec<AccountId> = Vec::new();
        for (account, person) in &accounts {
            let account = account.parse().map_err(|_| Error::Impossible("account.account_id"))?;
            if !listed.contains(person) && account != by.account_id {
                left.push(account);
            }
        }
        Ok(Some(StaffListed { left, unknown }))
    }

    /// Compares the accounts of this person's office with its staff list: for each person the keys, as at the invitation, in
    /// every spelling they may have been given in. Who is not on it loses every right here at once (R12.4). The one who asks
    /// is never taken off by their own list. `None` for who may not, or an overlong list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn compare_staff(&self, by: &Person, list: &[Vec<String>]) -> Result<Option<StaffListed>, Error> {
        let Some(StaffListed { left, unknown }) = self.staff_differences(by, list).await? else { return Ok(None) };
        let (place, now) = (grant_place(by), self.clock.now());
        let compared = Act::person(Action::StaffCompare, by, now)
            .number("listed", list.len() as u64)
            .number("left", left.len() as u64)
            .number("unknown", unknown as u64)
            .done()?;
        let acts: Vec<(AccountId, Act)> = left
            .iter()
            .map(|id| (*id, Act::person(Action::AccountClose, by, now).object(id).code("why", "not-listed")))
            .collect();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    record::append(c, &compared).await?;
                    for (id, act) in acts {
                        leave_office(c, id, Some(&place), act, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(Some(StaffListed { left, unknown }))
    }

    /// An account that this person may manage: one with a right, now or before, at the same office.
    pub(super) async fn managed(&self, by: By<'_>, id: AccountId) -> Result<Option<Managed>, Error> {
        const WHERE: Error = Error::Impossible("account");
        const ANY: &str = "SELECT account_id, state, 1 AS rights, '' AS home FROM account WHERE account_id = $1";
        if !by.sound() {
            return Ok(None);
        }
        let place = match by {
            By::Person(person) => grant_place(person),
            By::Terminal { .. } => String::new(),
        };
        let row: Option<(String, String, i64, String)> = match by {
            By::Person(person) if manages(person) => {
                let query = sqlx::query_as(OF_OFFICE).bind(id.to_string()).bind(&place).bind(self.now_text());
                query.fetch_optional(&self.reads).await?
            }
            By::Person(_) => None,
            By::Terminal { .. } => sqlx::query_as(ANY).bind(id.to_string()).fetch_optional(&self.reads).await?,
        };
        row.map(|(id, state, rights, home)| {
            Ok(Managed {
                id: id.parse().map_err(|_| WHERE)?,
                state: AccountState::from_id(&state).ok_or(WHERE)?,
                at_home: home == place,
                works_here: rights > 0,
            })
        })
        .transpose()
    }

    /// Where a role is applied for: at the operator, at one's own office, or, by the operator, at an office to come.
    pub(super) async fn office_for(
        &self,
        by: By<'_>,
        role: Role,
        office: Option<OfficeNumber>,
    ) -> Result<Option<Place>, Error> {
        let place = match (role.side(), by, office) {
            (Side::Operator, By::Person(person), None) if person.may(Deed::ManageOperators) => self.operator().await?,
            (Side::Operator, By::Terminal { .. }, None) => self.operator().await?,
            (Side::Office, By::Person(person), None) if person.may(Deed::ManageStaff) => person.office.clone(),
            (Side::Office, By::Person(person), Some(number))
                if person.may(Deed::ManageStaff) && person.office.register.number == number =>
            {
                person.office.clone()
            }
            // The operator makes an office's first administrator, and nobody else there (R2.7).
            (Side::Office, By::Person(person), Some(number))
                if person.may(Deed::RegisterOffices) && role == Role::OfficeAdministrator =>
            {
                match self.office(number).await? {
                    Some(office) if !self.is_administered(office.id).await? => office,
                    _ => return Ok(None),
                }
            }
            (Side::Office, By::Terminal { .. }, Some(number)) => match self.office(number).await? {
                Some(office) => office,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok((!place.register.closed).then_some(Place {
            id: place.id,
            number: place.register.number,
            is_operator: place.is_operator,
        }))
    }

    /// Whether an office has an administrator: from then on it makes its own (R2.7, R12.2).
    async fn is_administered(&self, office: OfficeId) -> Result<bool, Error> {
        const ADMINISTRATORS: &str = "
            SELECT count(*) FROM role_grant g JOIN account a ON a.account_id = g.account_id
             WHERE g.office_id = $1 AND g.role = $2 AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL
               AND g.expires_at > $3 AND a.state IN ('active', 'suspended')";
        let administrators: i64 = sqlx::query_scalar(ADMINISTRATORS)
            .bind(office.to_string())
            .bind(Role::OfficeAdministrator.id())
            .bind(self.now_text())
            .fetch_one(&self.reads)
            .await?;
        Ok(administrators > 0)
    }

    /// Everything a person holds, by any account, in force or awaited (R12.5).
    pub(super) async fn held(&self, person_index: &str) -> Result<Vec<Held>, Error> {
        const HELD: &str = "
            SELECT g.role FROM role_grant g JOIN account a ON a.account_id = g.account_id
             WHERE a.person_index = $1 AND g.withdrawn_at IS NULL
               AND (g.expires_at > $2 OR (g.confirmed_at IS NULL AND g.requested_at > $3))";
        let now = self.clock.now();
        let roles: Vec<String> = sqlx::query_scalar(HELD)
            .bind(person_index)
            .bind(clock::text(now))
            .bind(clock::text(now - grant::UNCONFIRMED_MAX))
            .fetch_all(&self.reads)
            .await?;
        roles
            .iter()
            .map(|role| {
                let role = Role::from_id(role).ok_or(Error::Impossible("role_grant.role"))?;
                Ok(Held { role, by: Way::Grant })
            })
            .collect()
    }
}

/// Where a role is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    id: OfficeId,
    pub(super) number: OfficeNumber,
    is_operator: bool,
}

impl Place {
    /// As `role_grant.office_id` has it.
    pub(super) fn grant_office(self) -> Option<OfficeId> {
        (!self.is_operator).then_some(self.id)
    }
}

/// What `coalesce(office_id, '')` is where this person acts.
pub(super) fn grant_place(person: &Person) -> String {
    grant_place_of(&person.office)
}

/// The same of an office.
pub(super) fn grant_place_of(office: &Office) -> String {
    if office.is_operator { String::new() } else { office.id.to_string() }
}

fn manages(person: &Person) -> bool {
    person.may(if person.office.is_operator { Deed::ManageOperators } else { Deed::ManageStaff })
}

fn login_is_sound(login: &str) -> bool {
    (3..=LOGIN_CHARACTERS_MAX).contains(&login.len())
        && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@'))
}

/// Whether nobody has signed in for so long that the account is suspended (R12.4).
pub(super) fn unused(
    created_at: &str,
    last_signed_in_at: Option<&str>,
    resumed_at: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    // Instants of ours sort as text.
    let latest = [Some(created_at), last_signed_in_at, resumed_at].into_iter().flatten().max().unwrap_or(created_at);
    let latest: Timestamp = latest.parse().map_err(|_| Error::Impossible("account.last_signed_in_at"))?;
    Ok(grant::unused(latest, now))
}

pub(super) async fn insert_code(
    c: &mut Connection,
    index: &str,
    account: AccountId,
    purpose: Purpose,
    at: &str,
    until: &str,
) -> Result<(), Error> {
    sqlx::query(INSERT_CODE)
        .bind(index)
        .bind(account.to_string())
        .bind(purpose.id())
        .bind(None::<String>)
        .bind(at)
        .bind(until)
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn suspend(
    c: &mut Connection,
    id: AccountId,
    why: &'static str,
    act: Act,
    now: Timestamp,
) -> Result<bool, Error> {
    let suspended =
        sqlx::query(SET_STATE).bind(id.to_string()).bind("suspended").bind("active").execute(&mut *c).await?;
    if suspended.rows_affected() == 0 {
        return Ok(false);
    }
    let ended = end_all(c, id, None, why, now).await?;
    record::append(c, &act.number("sessions_ended", ended).done()?).await?;
    Ok(true)
}

/// Ends rights at one place, or everywhere; and with the last right the account.
async fn leave_office(
    c: &mut Connection,
    id: AccountId,
    place: Option<&str>,
    act: Act,
    now: Timestamp,
) -> Result<bool, Error> {
    let at = clock::text(now);
    let withdrawn = grants::withdraw_all(c, id, place, "left", &at).await?;
    let ended = end_all(c, id, None, "left", now).await?;
    // Whoever made a token has seen it; one that no program has taken into use yet goes with its maker. One in use is bound
    // to its device, and the office's software must not stop because somebody left.
    let tokens = sqlx::query(END_UNUSED_TOKENS).bind(id.to_string()).bind(&at).execute(&mut *c).await?.rows_affected();
    let remaining = grants::remaining(c, id).await?;
    let closed = if remaining == 0 {
        sqlx::query(END_CODES).bind(id.to_string()).bind(&at).execute(&mut *c).await?;
        sqlx::query(CLOSE).bind(id.to_string()).bind(&at).execute(&mut *c).await?.rows_affected()
    } else {
        0
    };
    if withdrawn + closed == 0 {
        return Ok(false);
    }
    let entry = act
        .number("grants_withdrawn", withdrawn)
        .number("sessions_ended", ended)
        .number("tokens_revoked", tokens)
        .number("closed", closed)
        .done()?;
    record::append(c, &entry).await?;
    Ok(true)
}

/// For the age of what is read here and there.
pub(super) fn ago(now: Timestamp, life: SignedDuration) -> String {
    clock::text(now - life)
}
