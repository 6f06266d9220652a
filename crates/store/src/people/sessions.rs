//! セッション — kept at the server, bound to the certificate it began on, ended at once when anything about it changes
//! (R8.14). What a request may do is read anew for every request.

use super::{LISTED_MAX, LOGIN, NAME, Token, noted, set_up, token_index};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{AccountId, Asker, DeviceId, Error, Office, OfficeId, RecoveryId, SessionId, Store, clock};
use identity::password::{Profile, Reason};
use identity::recovery::Purpose;
use identity::role::{self, Deed, Held, Role, Side, Way};
use identity::session::{self, Level, Opening, Times};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use standard::value::Private;
use std::collections::BTreeSet;

/// How exact "last seen" is. A write for every request would cost more than the request.
const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Offices between which one person chooses.
const CHOICES_MAX: i64 = 100;

/// Who holds this token, on this device, now.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Nobody: no such session, or it is over.
    None,
    /// The password was right; the second factor is awaited.
    Half(HalfWay),
    /// Setting one's own secrets, and nothing else (R8.12).
    Enrolling(Enrolling),
    /// Signed in.
    Full(Box<Person>),
}

/// After the password, before the second factor.
#[derive(Clone)]
pub struct HalfWay {
    /// アカウント.
    pub account_id: AccountId,
    /// The session, as the log names it.
    pub session_id: SessionId,
    /// The second factors this person has.
    pub ways: Ways,
    pub(crate) times: Times,
    /// Hash of the token that was shown, and the one that is kept.
    pub(crate) shown: String,
    pub(crate) kept: String,
    pub(crate) asker: Asker,
}

impl std::fmt::Debug for HalfWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HalfWay({}, ..)", self.session_id)
    }
}

/// Second factors that can be offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// An authenticator app.
    pub totp: bool,
    /// A passkey.
    pub passkey: bool,
    /// Unused recovery codes.
    pub recovery_codes: bool,
    /// A temporary pass that has not ended (R8.13).
    pub pass: bool,
}

/// A person who sets up their own secrets.
#[derive(Clone, Debug)]
pub struct Enrolling {
    /// アカウント.
    pub account_id: AccountId,
    /// The session, as the log names it.
    pub session_id: SessionId,
    /// Their name.
    pub name: Private<String>,
    /// What they sign in with.
    pub login: Private<String>,
    /// What the code was for.
    pub purpose: Purpose,
    /// Steps that are done.
    pub steps: set_up::Steps,
    pub(crate) recovery_id: Option<RecoveryId>,
    pub(crate) asker: Asker,
}

/// 職員 — a person who has proven two factors of different kinds, on a device of their office.
#[derive(Clone, Debug)]
pub struct Person {
    /// アカウント.
    pub account_id: AccountId,
    /// The session, as the log names it.
    pub session_id: SessionId,
    /// Since when.
    pub signed_in_at: Timestamp,
    /// Their name.
    pub name: Private<String>,
    /// What they sign in with.
    pub login: Private<String>,
    /// Office or operator.
    pub side: Side,
    /// What they may be at this office, in force now.
    pub roles: BTreeSet<Role>,
    /// What they are anywhere, for what cannot go together (R12.5).
    pub held: Vec<Held>,
    /// The office they act for; [`Person::chosen`] says whether they have chosen it.
    pub office: Office,
    /// False while a person of several offices has yet to say for which they act: then they have no role.
    pub chosen: bool,
    /// Full, or with a temporary pass: then only everyday work (R8.13).
    pub level: Level,
    /// The second factor they proved.
    pub second: SecondKind,
    /// Why they must change their password before anything else (R8.7).
    pub must_change: Option<Reason>,
    /// 端末.
    pub device_id: DeviceId,
    /// The device as the handshake proved it, acting for the chosen office.
    pub asker: Asker,
}

/// The second factor of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondKind {
    /// An authenticator app.
    Totp,
    /// A passkey, which cannot be phished (R8.4).
    Passkey,
    /// A recovery code.
    RecoveryCode,
    /// A temporary pass.
    Pass,
}

impl SecondKind {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
            Self::Pass => "pass",
        }
    }

    fn from_id(id: &str) -> Option<Self> {
        [Self::Totp, Self::Passkey, Self::RecoveryCode, Self::Pass].into_iter().find(|kind| kind.id() == id)
    }
}

impl Person {
    /// Whether this person may do this, here and now. Deny by default (R12.1); before a password that must be changed is
    /// changed, nothing but that.
    #[must_use]
    pub fn may(&self, deed: Deed) -> bool {
        let free = self.must_change.is_none() || deed == Deed::OwnAccount;
        free && role::decide(self.level, &self.roles, &self.held, deed).is_ok()
    }
}

/// An office for which a person may act on this device.
#[derive(Clone, Debug)]
pub struct OfficeChoice {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
}

/// One of a person's own sessions.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// As the log names it.
    pub id: SessionId,
    /// 端末.
    pub device_id: DeviceId,
    /// RFC 3339, UTC; so are the others.
    pub started_at: String,
    /// Last used.
    pub seen_at: String,
    /// Ends at the latest.
    pub ends_at: String,
    /// The one that asks.
    pub this: bool,
}

const OPEN: &str = "
    SELECT s.session_id, s.token_index, s.account_id, s.office_id, s.level, s.purpose, s.recovery_id, s.second,
           s.started_at, s.seen_at, s.ends_at, a.login_sealed, a.name_sealed, a.person_index, a.side, a.state,
           a.profile, a.must_change, a.password_set_at, a.password_length
      FROM session s JOIN account a ON a.account_id = s.account_id
     WHERE s.token_index = $1 AND s.device_id = $2 AND s.certificate_digest = $3 AND s.ended_at IS NULL";

/// Whatever this person is anywhere, by any account: what cannot go together is found here too (R12.5).
const GRANTS_IN_FORCE: &str = "
    SELECT g.account_id, g.office_id, g.role
      FROM role_grant g JOIN account a ON a.account_id = g.account_id
     WHERE a.person_index = $1 AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $2";

const SEEN: &str = "UPDATE session SET seen_at = $2 WHERE session_id = $1 AND seen_at < $2 AND ended_at IS NULL";

const INSERT: &str = "
    INSERT INTO session (session_id, token_index, account_id, office_id, device_id, certificate_digest, level, purpose,
                         recovery_id, second, started_at, seen_at, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)";

/// Ends a session that is still what it was read as.
const END_ONE: &str = "
    UPDATE session SET ended_at = $2, ended_for = $3
     WHERE session_id = $1 AND ended_at IS NULL AND ends_at > $2";

const END_OWN: &str = "
    UPDATE session SET ended_at = $3, ended_for = 'signed-out'
     WHERE session_id = $1 AND account_id = $2 AND ended_at IS NULL";

const END_ALL: &str = "
    UPDATE session SET ended_at = $2, ended_for = $3
     WHERE account_id = $1 AND session_id <> $4 AND ended_at IS NULL
    RETURNING session_id, level";

const END_ELSEWHERE: &str = "
    UPDATE session SET ended_at = $2, ended_for = 'elsewhere'
     WHERE account_id = $1 AND device_id <> $3 AND ended_at IS NULL
       AND EXISTS (SELECT 1 FROM role_grant g
                    WHERE g.account_id = session.account_id AND g.role = 'maintenance'
                      AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $2)
    RETURNING session_id, level";

const LIST: &str = "
    SELECT session_id, device_id, started_at, seen_at, ends_at FROM session
     WHERE account_id = $1 AND level IN ('full', 'temporary') AND ended_at IS NULL AND ends_at > $2 AND seen_at > $3
     ORDER BY started_at DESC LIMIT $4";

/// Offices whose rights this person holds and which this device is for: its own, and those that admitted it (R7.4).
const CHOICES: &str = "
    SELECT DISTINCT o.office_id, o.office_number, o.name
      FROM office o JOIN role_grant g ON g.office_id = o.office_id OR (g.office_id IS NULL AND o.is_operator = 1)
     WHERE g.account_id = $1 AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $3
       AND o.closed_at IS NULL
       AND (o.office_id = (SELECT office_id FROM device WHERE device_id = $2)
            OR EXISTS (SELECT 1 FROM device_office d
                        WHERE d.device_id = $2 AND d.office_id = o.office_id AND d.withdrawn_at IS NULL))
     ORDER BY o.office_number LIMIT $4";

const ADMITTED: &str = "
    SELECT count(*) FROM device_office WHERE device_id = $1 AND office_id = $2 AND withdrawn_at IS NULL";

const CHOOSE: &str = "
    UPDATE session SET token_index = $3, office_id = $2 WHERE session_id = $1 AND ended_at IS NULL AND ends_at > $4";

#[derive(FromRow)]
struct OpenRow {
    session_id: String,
    token_index: String,
    account_id: String,
    office_id: Option<String>,
    level: String,
    purpose: Option<String>,
    recovery_id: Option<String>,
    second: Option<String>,
    started_at: String,
    seen_at: String,
    ends_at: String,
    login_sealed: Vec<u8>,
    name_sealed: Vec<u8>,
    person_index: String,
    side: String,
    state: String,
    profile: String,
    must_change: Option<String>,
    password_set_at: Option<String>,
    password_length: Option<i64>,
}

#[derive(FromRow)]
struct GrantRow {
    account_id: String,
    office_id: Option<String>,
    role: String,
}

/// A role in force, and where.
pub(super) struct GrantInForce {
    pub(super) account_id: AccountId,
    /// `None`: at the operator.
    pub(super) office_id: Option<OfficeId>,
    pub(super) role: Role,
}

impl GrantInForce {
    pub(super) fn is_at(&self, office: &Office) -> bool {
        match self.office_id {
            Some(id) => !office.is_operator && id == office.id,
            None => office.is_operator,
        }
    }
}

impl OpenRow {
    /// Why the password must be changed first: found to be known elsewhere, or too old where age still counts (R8.7).
    fn password_reason(&self, now: Timestamp) -> Result<Option<Reason>, Error> {
        const WHERE: Error = Error::Impossible("account.profile");
        if let Some(id) = &self.must_change {
            return Reason::from_id(id).map(Some).ok_or(WHERE);
        }
        let profile = Profile::from_id(&self.profile).ok_or(WHERE)?;
        let (Some(length), Some(set_at)) = (self.password_length, &self.password_set_at) else { return Ok(None) };
        let set_at: Timestamp = set_at.parse().map_err(|_| WHERE)?;
        let age_days = now.duration_since(set_at).as_secs() / (24 * 3600);
        let chars = usize::try_from(length).map_err(|_| WHERE)?;
        Ok(identity::password::must_change(profile, chars, age_days, false))
    }
}

#[derive(FromRow)]
struct ListedRow {
    session_id: String,
    device_id: String,
    started_at: String,
    seen_at: String,
    ends_at: String,
}

/// A session about to be written. An [`Opening`] is the only way to one, and a full one only opens with two factors (R8.3).
pub(super) struct NewSession {
    pub(super) id: SessionId,
    pub(super) office_id: Option<OfficeId>,
    token_index: String,
    opening: Opening,
    device_id: DeviceId,
    certificate_digest: String,
    purpose: Option<(Purpose, Option<RecoveryId>)>,
    second: Option<SecondKind>,
}

impl NewSession {
    pub(super) fn new(token: &Token, opening: Opening, asker: &Asker) -> Self {
        Self {
            id: SessionId::fresh(),
            office_id: None,
            token_index: token.index(),
            opening,
            device_id: asker.device_id,
            certificate_digest: asker.certificate_digest.clone(),
            purpose: None,
            second: None,
        }
    }

    pub(super) fn enrolling(mut self, purpose: Purpose, recovery: Option<RecoveryId>) -> Self {
        self.purpose = Some((purpose, recovery));
        self
    }

    pub(super) fn second(mut self, second: SecondKind) -> Self {
        self.second = Some(second);
        self
    }

    pub(super) async fn insert(&self, c: &mut Connection) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(&self.token_index)
            .bind(self.opening.account())
            .bind(self.office_id.map(|id| id.to_string()))
            .bind(self.device_id.to_string())
            .bind(&self.certificate_digest)
            .bind(self.opening.level().id())
            .bind(self.purpose.map(|(purpose, _)| purpose.id()))
            .bind(self.purpose.and_then(|(_, recovery)| recovery).map(|id| id.to_string()))
            .bind(self.second.map(SecondKind::id))
            .bind(clock::text(self.opening.started_at()))
            .bind(clock::text(self.opening.ends_at()))
            .execute(c)
            .await?;
        Ok(())
    }
}

/// Ends one session if it is still open; true when it was.
pub(super) async fn end_one(
    c: &mut Connection,
    id: SessionId,
    why: &'static str,
    now: Timestamp,
) -> Result<bool, Error> {
    let ended = sqlx::query(END_ONE).bind(id.to_string()).bind(clock::text(now)).bind(why).execute(c).await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends every session of an account, but for one, on every node (R8.14).
pub(super) async fn end_all(
    c: &mut Connection,
    account: AccountId,
    except: Option<SessionId>,
    why: &'static str,
    now: Timestamp,
) -> Result<u64, Error> {
    let except = except.map(|id| id.to_string()).unwrap_or_default();
    let ended: Vec<(String, String)> = sqlx::query_as(END_ALL)
        .bind(account.to_string())
        .bind(clock::text(now))
        .bind(why)
        .bind(except)
        .fetch_all(&mut *c)
        .await?;
    for (session, level) in &ended {
        record_end(c, session, level, &account.to_string(), why, now).await?;
    }
    Ok(ended.len() as u64)
}

/// Whoever maintains the exchange works at one terminal at a time: a session elsewhere ends when another begins (R2.3).
pub(super) async fn end_elsewhere(
    c: &mut Connection,
    account: AccountId,
    here: DeviceId,
    now: Timestamp,
) -> Result<(), Error> {
    let ended: Vec<(String, String)> = sqlx::query_as(END_ELSEWHERE)
        .bind(account.to_string())
        .bind(clock::text(now))
        .bind(here.to_string())
        .fetch_all(&mut *c)
        .await?;
    for (session, level) in &ended {
        record_end(c, session, level, &account.to_string(), "elsewhere", now).await?;
    }
    Ok(())
}

/// How long somebody was signed in belongs into the log (R10.1); half a sign-in does not.
pub(crate) async fn record_end(
    c: &mut Connection,
    session: &str,
    level: &str,
    account: &str,
    why: &str,
    now: Timestamp,
) -> Result<(), Error> {
    if level == Level::Full.id() || level == Level::Temporary.id() {
        let act = Act::system(Action::SessionEnd, now).object(session).code("why", why).code("account", account);
        record::append(c, &act.done()?).await?;
    }
    Ok(())
}

const ROTATE: &str = "UPDATE session SET token_index = $2 WHERE session_id = $1 AND ended_at IS NULL";

/// The token before is void.
pub(super) async fn rotate(c: &mut Connection, id: SessionId, token_index: &str) -> Result<(), Error> {
    sqlx::query(ROTATE).bind(id.to_string()).bind(token_index).execute(c).await?;
    Ok(())
}

impl Store {
    /// Who holds this token on this device, now. Asked at every request: what was withdrawn a moment ago is gone (R7.3, R8.14).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing(&self, token: &str, asker: &Asker) -> Result<Standing, Error> {
        self.look_at(token, asker, true).await
    }

    /// The same for a request that nobody made: the session's time runs on (R8.14).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing_unseen(&self, token: &str, asker: &Asker) -> Result<Standing, Error> {
        self.look_at(token, asker, false).await
    }

    async fn look_at(&self, token: &str, asker: &Asker, seen: bool) -> Result<Standing, Error> {
        const WHERE: Error = Error::Impossible("session");
        let now = self.clock.now();
        let row: Option<OpenRow> = sqlx::query_as(OPEN)
            .bind(token_index(token))
            .bind(asker.device_id.to_string())
            .bind(&asker.certificate_digest)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(Standing::None) };
        let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
        let times = Times {
            started_at: instant(&row.started_at)?,
            seen_at: instant(&row.seen_at)?,
            ends_at: instant(&row.ends_at)?,
        };
        let level = Level::from_id(&row.level).ok_or(WHERE)?;
        if session::standing(level, &times, now).is_err() {
            return Ok(Standing::None);
        }
        let session_id: SessionId = row.session_id.parse().map_err(|_| WHERE)?;
        let account_id: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
        let active = row.state == "active";
        let standing = match level {
            Level::Password if active => {
                let ways = self.ways(account_id, now).await?;
                Standing::Half(HalfWay {
                    account_id,
                    session_id,
                    ways,
                    times,
                    shown: token_index(token),
                    kept: row.token_index,
                    asker: asker.clone(),
                })
            }
            Level::Enrol if active || row.state == "invited" => {
                let purpose = row.purpose.as_deref().and_then(Purpose::from_id).ok_or(WHERE)?;
                Standing::Enrolling(Enrolling {
                    account_id,
                    session_id,
                    name: self.open_text(NAME, account_id, &row.name_sealed)?,
                    login: self.open_text(LOGIN, account_id, &row.login_sealed)?,
                    steps: self.steps(account_id, session_id, purpose).await?,
                    purpose,
                    recovery_id: row.recovery_id.as_deref().map(str::parse).transpose().map_err(|_| WHERE)?,
                    asker: asker.clone(),
                })
            }
            Level::Full | Level::Temporary if active => match self.person(&row, level, times, asker, now).await? {
                Some(person) => Standing::Full(Box::new(person)),
                None => return Ok(Standing::None),
            },
            _ => return Ok(Standing::None),
        };
        if seen && now >= times.seen_at + SEEN_EVERY {
            let seen = self.writer.run(move |c| {
                Box::pin(async move {
                    sqlx::query(SEEN).bind(session_id.to_string()).bind(clock::text(now)).execute(c).await?;
                    Ok(())
                })
            });
            noted(seen.await)?;
        }
        Ok(standing)
    }

    async fn person(
        &self,
        row: &OpenRow,
        level: Level,
        times: Times,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<Option<Person>, Error> {
        const WHERE: Error = Error::Impossible("session");
        let account_id: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
        let second = row.second.as_deref().and_then(SecondKind::from_id).ok_or(WHERE)?;
        let (office, chosen) = match &row.office_id {
            None => (asker.office.clone(), false),
            Some(id) => {
                let id: OfficeId = id.parse().map_err(|_| WHERE)?;
                match self.place(asker, id).await? {
                    Some(office) => (office, true),
                    None => return Ok(None),
                }
            }
        };
        let grants = self.grants_in_force(&row.person_index, now).await?;
        let mut roles: BTreeSet<Role> = grants
            .iter()
            .filter(|grant| chosen && grant.account_id == account_id && grant.is_at(&office))
            .map(|grant| grant.role)
            .collect();
        if grants.is_empty() || (chosen && roles.is_empty()) {
            return Ok(None);
        }
        if second != SecondKind::Passkey {
            // R8.4: without a factor that cannot be phished there is no such role.
            roles.retain(|role| !role.needs_passkey());
        }
        let held = grants
            .iter()
            .map(|grant| Held {
                role: grant.role,
                by: if grant.account_id == account_id { Way::Grant } else { Way::OtherAccount },
            })
            .collect();
        Ok(Some(Person {
            account_id,
            session_id: row.session_id.parse().map_err(|_| WHERE)?,
            signed_in_at: times.started_at,
            name: self.open_text(NAME, account_id, &row.name_sealed)?,
            login: self.open_text(LOGIN, account_id, &row.login_sealed)?,
            side: Side::from_id(&row.side).ok_or(WHERE)?,
            roles,
            held,
            chosen,
            level,
            second,
            must_change: row.password_reason(now)?,
            device_id: asker.device_id,
            asker: Asker { office: office.clone(), ..asker.clone() },
            office,
        }))
    }

    /// The office of this id, if it is open and this device is for it: its own, or one that admitted it (R7.4).
    async fn place(&self, asker: &Asker, id: OfficeId) -> Result<Option<Office>, Error> {
        let office = if asker.office.id == id {
            Some(asker.office.clone())
        } else {
            let admitted: i64 = sqlx::query_scalar(ADMITTED)
                .bind(asker.device_id.to_string())
                .bind(id.to_string())
                .fetch_one(&self.reads)
                .await?;
            if admitted == 0 { None } else { self.office_by_id(id).await? }
        };
        Ok(office.filter(|office| !office.register.closed))
    }

    /// Whatever a person is anywhere, now.
    pub(super) async fn grants_in_force(&self, person: &str, now: Timestamp) -> Result<Vec<GrantInForce>, Error> {
        const WHERE: Error = Error::Impossible("role_grant");
        let rows: Vec<GrantRow> =
            sqlx::query_as(GRANTS_IN_FORCE).bind(person).bind(clock::text(now)).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(GrantInForce {
                    account_id: row.account_id.parse().map_err(|_| WHERE)?,
                    office_id: row.office_id.as_deref().map(str::parse).transpose().map_err(|_| WHERE)?,
                    role: Role::from_id(&row.role).ok_or(WHERE)?,
                })
            })
            .collect()
    }

    /// The offices for which this person may act on this device.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn office_choices(&self, person: &Person) -> Result<Vec<OfficeChoice>, Error> {
        let choices = self.choices(person.account_id, person.device_id).await?;
        Ok(choices.into_iter().map(|(_, choice)| choice).collect())
    }

    pub(super) async fn choices(
        &self,
        account: AccountId,
        device: DeviceId,
    ) -> Result<Vec<(OfficeId, OfficeChoice)>, Error> {
        const WHERE: Error = Error::Impossible("office");
        let rows: Vec<(String, String, String)> = sqlx::query_as(CHOICES)
            .bind(account.to_string())
            .bind(device.to_string())
            .bind(self.now_text())
            .bind(CHOICES_MAX)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|(id, number, name)| {
                let choice = OfficeChoice { number: number.parse().map_err(|_| WHERE)?, name };
                Ok((id.parse().map_err(|_| WHERE)?, choice))
            })
            .collect()
    }

    /// Acts for another of one's offices from now on. The token is another afterwards; `None` when that office is none of
    /// this person's on this device.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn choose_office(&self, person: &Person, number: OfficeNumber) -> Result<Option<Token>, Error> {
        let choices = self.choices(person.account_id, person.device_id).await?;
        let Some((office, _)) = choices.into_iter().find(|(_, choice)| choice.number == number) else {
            return Ok(None);
        };
        let (now, session) = (self.clock.now(), person.session_id);
        let token = Token::fresh("");
        let index = token.index();
        let entry = Act::person(Action::SessionOffice, person, now).office(number).object(session).done()?;
        let chosen = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let chosen = sqlx::query(CHOOSE)
                        .bind(session.to_string())
                        .bind(office.to_string())
                        .bind(index)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if chosen == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(chosen == 1)
                })
            })
            .await?;
        Ok(chosen.then_some(token))
    }

    /// Ends the session that asks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, person: &Person) -> Result<(), Error> {
        self.end_session(person, person.session_id).await.map(|_| ())
    }

    /// Ends one of one's own sessions, wherever it is. False when there is none of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, person: &Person, id: SessionId) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::person(Action::SessionEnd, person, now).object(id).code("why", "signed-out").done()?;
        self.end_own(person.account_id, id, entry).await
    }

    /// Gives up a sign-in half-way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, half: &HalfWay) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::account(Action::SessionEnd, half.account_id, &half.asker, now)
            .object(half.session_id)
            .code("why", "signed-out")
            .done()?;
        self.end_own(half.account_id, half.session_id, entry).await.map(|_| ())
    }

    async fn end_own(&self, account: AccountId, id: SessionId, entry: ledger::Entry) -> Result<bool, Error> {
        let at = self.now_text();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let ended = sqlx::query(END_OWN)
                        .bind(id.to_string())
                        .bind(account.to_string())
                        .bind(at)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if ended == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(ended == 1)
                })
            })
            .await
    }

    /// One's own sessions that stand, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, person: &Person) -> Result<Vec<SessionRow>, Error> {
        const WHERE: Error = Error::Impossible("session");
        let now = self.clock.now();
        let rows: Vec<ListedRow> = sqlx::query_as(LIST)
            .bind(person.account_id.to_string())
            .bind(clock::text(now))
            .bind(clock::text(now - session::IDLE))
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let id: SessionId = row.session_id.parse().map_err(|_| WHERE)?;
                Ok(SessionRow {
                    id,
                    device_id: row.device_id.parse().map_err(|_| WHERE)?,
                    started_at: row.started_at,
                    seen_at: row.seen_at,
                    ends_at: row.ends_at,
                    this: id == person.session_id,
                })
            })
            .collect()
    }
}
