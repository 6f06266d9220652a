//! はじめての登録と、自分の設定 — a person sets their own secrets; nobody else can (R8.10–R8.12).

use super::attempts::{self, Reserved};
use super::hash::{Compared, Place};
use super::sessions::{Enrolling, NewSession, Person, SecondKind, end_all, end_one, rotate};
use super::{FACTOR_LABEL, KANA, NAME, Token, presentable};
use crate::database::Connection;
use crate::enrolment::{fresh_code, normalise_code};
use crate::record::{self, Act};
use crate::{AccountId, Asker, Error, FactorId, RecoveryId, SessionId, Store, clock};
use identity::Proof;
use identity::guess::Bucket;
use identity::password::{self, About, Policy, Profile, Typed, Weakness};
use identity::recovery::{OneTimeCode, Purpose, redeem};
use identity::session::Opening;
use identity::totp::{self, Seed};
use jiff::Timestamp;
use ledger::Action;
use rand::Rng as _;
use seal::{Purpose as Sealed, Zeroizing};
use sqlx::FromRow;
use standard::value::Private;
use std::sync::Arc;

/// Passwords that are not taken again: the present one and ten before it (R8.8).
const HISTORY_MAX: i64 = 11;
/// Recovery codes at a time.
const CODES: usize = 10;
/// Second factors of one person.
const FACTORS_MAX: i64 = 10;
/// What an authenticator app shows beside the login.
const ISSUER: &str = "文箱";

/// What came of a one-time code.
#[derive(Debug)]
pub enum Redeemed {
    /// Right: the set-up can be reached, and nothing else, for half an hour.
    SetUp(Token),
    /// No. Whether login, code, office or hour was wrong is not told.
    Refused,
    /// Too many tries; not before this.
    Wait(Timestamp),
    /// Too many tries in a row at this device.
    Locked,
}

/// Who changes their own secrets.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// With a one-time code.
    Enrolling(&'a Enrolling),
    /// Signed in.
    Person(&'a Person),
}

impl<'a> From<&'a Enrolling> for Holder<'a> {
    fn from(enrolling: &'a Enrolling) -> Self {
        Self::Enrolling(enrolling)
    }
}

impl<'a> From<&'a Person> for Holder<'a> {
    fn from(person: &'a Person) -> Self {
        Self::Person(person)
    }
}

impl Holder<'_> {
    pub(super) fn account_id(&self) -> AccountId {
        match self {
            Self::Enrolling(enrolling) => enrolling.account_id,
            Self::Person(person) => person.account_id,
        }
    }

    pub(super) fn session_id(&self) -> SessionId {
        match self {
            Self::Enrolling(enrolling) => enrolling.session_id,
            Self::Person(person) => person.session_id,
        }
    }

    pub(super) fn asker(&self) -> &Asker {
        match self {
            Self::Enrolling(enrolling) => &enrolling.asker,
            Self::Person(person) => &person.asker,
        }
    }

    pub(super) fn login(&self) -> &Private<String> {
        match self {
            Self::Enrolling(enrolling) => &enrolling.login,
            Self::Person(person) => &person.login,
        }
    }

    /// Whether factors are this holder's to set: a code for a password alone leaves the second factor as it is (R8.11),
    /// and a temporary pass changes nothing.
    pub(super) fn sets_factor(&self) -> bool {
        match self {
            Self::Enrolling(enrolling) => enrolling.purpose.sets_factor(),
            Self::Person(person) => person.may(identity::Deed::OwnAccount),
        }
    }

    pub(super) fn act(&self, action: Action, now: Timestamp) -> Act {
        match self {
            Self::Enrolling(enrolling) => {
                Act::account(action, enrolling.account_id, &enrolling.asker, now).object(enrolling.account_id)
            }
            Self::Person(person) => Act::person(action, person, now).object(person.account_id),
        }
    }

    /// A signed-in person goes on under a fresh token after a change; every other session has ended (R8.14).
    pub(super) fn fresh_token(&self) -> Option<Token> {
        matches!(self, Self::Person(_)).then(|| Token::fresh(""))
    }
}

/// What of a set-up is needed, and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// A password is to be set.
    pub needs_password: bool,
    /// It is.
    pub password_set: bool,
    /// A second factor is to be set up.
    pub needs_factor: bool,
    /// There is one.
    pub factor_set: bool,
    /// Recovery codes were made.
    pub codes_made: bool,
}

impl Steps {
    /// Whether the set-up can be ended.
    #[must_use]
    pub const fn complete(self) -> bool {
        (self.password_set || !self.needs_password) && (self.factor_set || !self.needs_factor)
    }
}

/// What came of a new password.
#[derive(Debug)]
pub enum PasswordSet {
    /// It counts from now on; other sessions have ended. A signed-in person goes on with this token.
    Done(Option<Token>),
    /// Too easily guessed, used before, or against the rules of the profile.
    Weak(Vec<Weakness>),
    /// The present password was wrong.
    Wrong,
    /// Too many tries; not before this.
    Wait(Timestamp),
    /// Too many tries in a row at this device.
    Locked,
    /// Too many at once; try again.
    Busy,
    /// The session has ended, or this code is not for a password.
    Over,
}

/// What an authenticator app is to be given.
#[derive(Clone)]
pub struct TotpOffer {
    /// The factor it becomes once confirmed.
    pub factor_id: FactorId,
    /// For typing in.
    pub secret_base32: Zeroizing<String>,
    /// For a link.
    pub otpauth_uri: Zeroizing<String>,
    /// For scanning.
    pub qr_svg: Zeroizing<String>,
}

impl std::fmt::Debug for TotpOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TotpOffer({}, ..)", self.factor_id)
    }
}

/// What came of setting up a second factor.
#[derive(Debug)]
pub enum FactorSet {
    /// It counts from now on; other sessions have ended. A signed-in person goes on with this token.
    Done(Option<Token>),
    /// The code or the answer of the authenticator was not right.
    Refused,
    /// Too many tries; not before this.
    Wait(Timestamp),
    /// Too many tries in a row at this device.
    Locked,
    /// No empty or overlong label.
    Unfit,
    /// Ten are enough.
    TooMany,
    /// The session has ended, nothing was offered, or this code is not for a factor.
    Over,
}

/// What came of a change to one's own factors.
#[derive(Debug)]
pub enum OwnChange {
    /// Done; other sessions have ended. Go on with this token.
    Done(Option<Token>),
    /// It is the only one: set another up first.
    LastOne,
    /// This person's factors are changed by whoever came in with a passkey.
    ByPasskey,
    /// None of this person's has this id, or the label does not fit.
    NotFound,
}

/// What came of ending a set-up.
#[derive(Debug)]
pub enum SetUpEnded {
    /// The person can sign in now.
    Done,
    /// Something is still to be done.
    Incomplete(Steps),
    /// The session has ended.
    Over,
}

/// A second factor, as its owner sees it.
#[derive(Clone, Debug)]
pub struct FactorRow {
    /// Ours.
    pub id: FactorId,
    /// Passkey, or authenticator app.
    pub passkey: bool,
    /// What its owner calls it.
    pub label: Private<String>,
    /// Suspended because it was lost or broken.
    pub suspended: bool,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// The same.
    pub last_used_at: Option<String>,
}

const FIND_CODE: &str = "
    SELECT a.account_id, c.account_id AS owner, c.purpose, c.recovery_id, c.issued_at, c.expires_at, c.used_at
      FROM account a LEFT JOIN one_time_code c ON c.code_index = $2 AND c.ended_at IS NULL
     WHERE a.login_index = $1 AND a.state IN ('invited', 'active')";

/// Uses a code up: once, in time, and while the case it belongs to is open.
const TAKE_CODE: &str = "
    UPDATE one_time_code SET used_at = $2
     WHERE code_index = $1 AND used_at IS NULL AND ended_at IS NULL AND expires_at > $2
       AND (recovery_id IS NULL OR EXISTS (SELECT 1 FROM recovery r
             WHERE r.recovery_id = one_time_code.recovery_id AND r.ended_at IS NULL))";

const STEPS: &str = "
    SELECT CASE WHEN a.password_set_at >= s.started_at THEN 1 ELSE 0 END,
           (SELECT count(*) FROM factor f
             WHERE f.account_id = a.account_id AND f.state = 'active' AND f.created_at >= s.started_at),
           (SELECT count(*) FROM recovery_code r
             WHERE r.account_id = a.account_id AND r.ended_at IS NULL AND r.made_at >= s.started_at)
      FROM session s JOIN account a ON a.account_id = s.account_id
     WHERE s.session_id = $1 AND s.ended_at IS NULL AND s.ends_at > $2";

const PROFILE: &str = "SELECT login_index, name_sealed, kana_sealed, password_hash FROM account WHERE account_id = $1";

const HOME_NAMES: &str = "
    SELECT DISTINCT o.office_number, o.name FROM role_grant g JOIN office o ON o.office_id = g.office_id
     WHERE g.account_id = $1 AND g.withdrawn_at IS NULL LIMIT $2";
const HOMES_MAX: i64 = 20;

const HISTORY: &str = "
    SELECT hash FROM password_history WHERE account_id = $1 ORDER BY set_at DESC, hash LIMIT $2";

const IS_OWN_CODE: &str = "SELECT count(*) FROM one_time_code WHERE code_index = $1 AND account_id = $2";

const SET_PASSWORD: &str = "
    UPDATE account SET password_hash = $2, password_set_at = $3, password_length = $4, profile = $5, must_change = NULL
     WHERE account_id = $1 AND state IN ('invited', 'active')";

const REMEMBER: &str = "INSERT INTO password_history (account_id, hash, set_at) VALUES ($1, $2, $3)";

const FORGET: &str = "
    DELETE FROM password_history WHERE account_id = $1 AND hash NOT IN (
        SELECT hash FROM password_history WHERE account_id = $1 ORDER BY set_at DESC, hash LIMIT $2)";

const OFFERED: &str = "
    SELECT factor_id, secret_sealed FROM factor
     WHERE account_id = $1 AND session_id = $2 AND kind = 'totp' AND state = 'offered'";

/// Whatever was offered elsewhere and never confirmed is no longer wanted.
const WITHDRAW_OFFERS: &str = "
    DELETE FROM factor WHERE account_id = $1 AND kind = 'totp' AND state = 'offered' AND session_id <> $2";

const OFFER: &str = "
    INSERT INTO factor (factor_id, account_id, kind, label_sealed, secret_sealed, state, session_id, created_at)
    SELECT $1, $2, 'totp', $3, $4, 'offered', $5, $6
     WHERE NOT EXISTS (SELECT 1 FROM factor WHERE account_id = $2 AND session_id = $5 AND kind = 'totp'
                          AND state = 'offered')";

const CONFIRM: &str = "
    UPDATE factor SET state = 'active', label_sealed = $3, last_step = $4, last_used_at = $5
     WHERE factor_id = $1 AND account_id = $2 AND state = 'offered'";

const FACTORS: &str = "
    SELECT factor_id, kind, label_sealed, state, created_at, last_used_at FROM factor
     WHERE account_id = $1 AND state IN ('active', 'suspended') ORDER BY created_at LIMIT $2";

pub(super) const FACTOR_COUNT: &str =
    "SELECT count(*) FROM factor WHERE account_id = $1 AND state IN ('active', 'suspended')";

const RELABEL: &str = "
    UPDATE factor SET label_sealed = $3 WHERE factor_id = $1 AND account_id = $2 AND state IN ('active', 'suspended')";

/// Never the last one that works.
const REMOVE: &str = "
    UPDATE factor SET state = 'removed'
     WHERE factor_id = $1 AND account_id = $2 AND state IN ('active', 'suspended')
       AND EXISTS (SELECT 1 FROM factor WHERE account_id = $2 AND factor_id <> $1 AND state = 'active')";

const IS_OWN_FACTOR: &str = "
    SELECT count(*) FROM factor WHERE factor_id = $1 AND account_id = $2 AND state IN ('active', 'suspended')";

const END_CODES: &str = "
    UPDATE recovery_code SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL";

const INSERT_CODE: &str = "INSERT INTO recovery_code (code_index, account_id, made_at) VALUES ($1, $2, $3)";

const READY: &str = "
    UPDATE account SET state = 'active', resumed_at = $2
     WHERE account_id = $1 AND state IN ('invited', 'active') AND password_hash IS NOT NULL
       AND EXISTS (SELECT 1 FROM factor WHERE account_id = $1 AND state = 'active')";

/// What was suspended when the new factor was asked for has been replaced by now.
const REMOVE_SUSPENDED: &str = "
    UPDATE factor SET state = 'removed' WHERE account_id = $1 AND state = 'suspended'";

const END_RECOVERY: &str = "
    UPDATE recovery SET ended_at = $2, result = 'done' WHERE recovery_id = $1 AND ended_at IS NULL";

#[derive(FromRow)]
struct CodeRow {
    account_id: String,
    owner: Option<String>,
    purpose: Option<String>,
    recovery_id: Option<String>,
    issued_at: Option<String>,
    expires_at: Option<String>,
    used_at: Option<String>,
}

#[derive(FromRow)]
struct ProfileRow {
    login_index: String,
    name_sealed: Vec<u8>,
    kana_sealed: Vec<u8>,
    password_hash: Option<String>,
}

#[derive(FromRow)]
struct FactorFields {
    factor_id: String,
    kind: String,
    label_sealed: Vec<u8>,
    state: String,
    created_at: String,
    last_used_at: Option<String>,
}

impl Store {
    /// Takes a one-time code, with the login it was made for, on a device of the office (R8.12). Right or wrong, it never
    /// reaches anything but the set-up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redeem(&self, login: &str, code: &str, asker: &Asker) -> Result<Redeemed, Error> {
        let now = self.clock.now();
        let login_index = self.login_index(login)?;
        let blocked = Act::somebody(Action::AccountRedeem, asker, now);
        let tried = match self.reserve(Bucket::OneTimeCode, &login_index, asker, blocked).await? {
            Reserved::Go(tried) => tried,
            Reserved::Wait(until) => return Ok(Redeemed::Wait(until)),
            Reserved::Locked => return Ok(Redeemed::Locked),
        };
        // A text that cannot be a code is looked up all the same, and found nowhere.
        let index = self.one_time_index("one_time_code", code)?.unwrap_or_default();
        let row: Option<CodeRow> =
            sqlx::query_as(FIND_CODE).bind(&login_index).bind(&index).fetch_optional(&self.reads).await?;
        let account: Option<AccountId> = row
            .as_ref()
            .map(|row| row.account_id.parse().map_err(|_| Error::Impossible("account.account_id")))
            .transpose()?;
        let belongs = self.belongs(account, asker.device_id, now).await?;
        let opened = match &row {
            Some(row) if belongs && !asker.office.register.closed => open_code(row, now)?,
            _ => None,
        };
        let (Some(account), Some((opening, purpose, recovery))) = (account, opened) else {
            return self.refuse_code(asker, account).await;
        };
        let token = Token::fresh("");
        let session = NewSession::new(&token, opening, asker).enrolling(purpose, recovery);
        let entry = Act::account(Action::AccountRedeem, account, asker, now)
            .object(account)
            .code("purpose", purpose.id())
            .done()?;
        let redeemed = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let taken = sqlx::query(TAKE_CODE).bind(index).bind(clock::text(now)).execute(&mut *c).await?;
                    if taken.rows_affected() == 0 {
                        return Ok(false);
                    }
                    attempts::succeeded(c, &tried).await?;
                    // Only one set-up at a time, and nobody signed in meanwhile with what is being replaced.
                    end_all(c, account, None, "set-up", now).await?;
                    session.insert(c).await?;
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await?;
        if redeemed { Ok(Redeemed::SetUp(token)) } else { self.refuse_code(asker, Some(account)).await }
    }

    async fn refuse_code(&self, asker: &Asker, account: Option<AccountId>) -> Result<Redeemed, Error> {
        let mut act = Act::somebody(Action::AccountRedeem, asker, self.clock.now());
        if let Some(account) = account {
            act = act.object(account);
        }
        self.record(act.refused_for("code")?).await?;
        Ok(Redeemed::Refused)
    }

    /// The index of a code as somebody typed it; `None` when it cannot be one.
    pub(super) fn one_time_index(&self, table: &'static str, typed: &str) -> Result<Option<String>, Error> {
        normalise_code(typed).map(|code| self.keyed_index(table, code.as_bytes())).transpose()
    }

    pub(super) async fn login_index_of(&self, account: AccountId) -> Result<String, Error> {
        Ok(sqlx::query_scalar("SELECT login_index FROM account WHERE account_id = $1")
            .bind(account.to_string())
            .fetch_one(&self.reads)
            .await?)
    }

    pub(super) async fn steps(&self, _: AccountId, session: SessionId, purpose: Purpose) -> Result<Steps, Error> {
        let row: Option<(i64, i64, i64)> =
            sqlx::query_as(STEPS).bind(session.to_string()).bind(self.now_text()).fetch_optional(&self.reads).await?;
        Ok(steps_of(row, purpose))
    }

    /// Sets the first or next password with a one-time code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(&self, enrolling: &Enrolling, new: &str) -> Result<PasswordSet, Error> {
        if !enrolling.purpose.sets_password() {
            return Ok(PasswordSet::Over);
        }
        self.take_password(enrolling.into(), None, new).await
    }

    /// Changes one's own password. The present one is asked for: whoever finds a screen unlocked does not know it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_password(&self, person: &Person, old: &str, new: &str) -> Result<PasswordSet, Error> {
        if person.level != identity::Level::Full {
            return Ok(PasswordSet::Over);
        }
        self.take_password(person.into(), Some(old), new).await
    }

    async fn take_password(&self, holder: Holder<'_>, old: Option<&str>, new: &str) -> Result<PasswordSet, Error> {
        let Some(place) = self.people.hasher.queue() else { return Ok(PasswordSet::Busy) };
        let (now, account) = (self.clock.now(), holder.account_id());
        let row: ProfileRow = sqlx::query_as(PROFILE).bind(account.to_string()).fetch_one(&self.reads).await?;
        if let Some(old) = old {
            let blocked = holder.act(Action::PasswordSet, now);
            let tried = match self.reserve(Bucket::Password, &row.login_index, holder.asker(), blocked).await? {
                Reserved::Go(tried) => tried,
                Reserved::Wait(until) => return Ok(PasswordSet::Wait(until)),
                Reserved::Locked => return Ok(PasswordSet::Locked),
            };
            let stored = row.password_hash.as_deref().map(|hash| (account, hash));
            let compared = self.compare(&place, stored, Typed::of(old).as_ref()).await?;
            if compared.proof.is_none() {
                self.record(holder.act(Action::PasswordSet, now).refused_for("password")?).await?;
                return Ok(PasswordSet::Wrong);
            }
            // Right: looking for a new one that the rules take costs no tries.
            self.give_back(tried).await?;
        }
        let policy = self.people.settings.policy;
        let profile = policy.profile();
        let accepted = match self.judge(holder, &row, policy, new).await? {
            Ok(accepted) => accepted,
            Err(weaknesses) => return Ok(PasswordSet::Weak(weaknesses)),
        };
        if self.is_own_code(account, new).await? {
            return Ok(PasswordSet::Weak(vec![Weakness::SameAsCode]));
        }
        if self.used_before(account, &place, accepted.typed()).await? {
            return Ok(PasswordSet::Weak(vec![Weakness::UsedBefore]));
        }
        let hash = self.people.hasher.hash(&place, accepted.typed()).await?;
        // Kept only where the age of a short password forces a change (R8.7).
        let length =
            (profile == Profile::CareDbSingle).then(|| i64::try_from(accepted.typed().chars()).unwrap_or(i64::MAX));
        let token = holder.fresh_token();
        let rotated = token.as_ref().map(Token::index);
        let act = holder.act(Action::PasswordSet, now).code("profile", profile.id());
        let session = holder.session_id();
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    if !session_is_open(c, session, &at).await? {
                        return Ok(false);
                    }
                    sqlx::query(SET_PASSWORD)
                        .bind(account.to_string())
                        .bind(&hash)
                        .bind(&at)
                        .bind(length)
                        .bind(profile.id())
                        .execute(&mut *c)
                        .await?;
                    sqlx::query(REMEMBER).bind(account.to_string()).bind(&hash).bind(&at).execute(&mut *c).await?;
                    sqlx::query(FORGET).bind(account.to_string()).bind(HISTORY_MAX).execute(&mut *c).await?;
                    let ended = end_all(c, account, Some(session), "password", now).await?;
                    if let Some(index) = rotated {
                        rotate(c, session, &index).await?;
                    }
                    record::append(c, &act.number("sessions_ended", ended).done()?).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(if done { PasswordSet::Done(token) } else { PasswordSet::Over })
    }

    /// Whether the rules take this password for this person (R8.6, R8.8).
    async fn judge(
        &self,
        holder: Holder<'_>,
        row: &ProfileRow,
        policy: Policy,
        new: &str,
    ) -> Result<Result<password::Accepted, Vec<Weakness>>, Error> {
        let account = holder.account_id();
        let name = self.open_text(NAME, account, &row.name_sealed)?;
        let kana = self.open_text(KANA, account, &row.kana_sealed)?;
        let login = holder.login().clone();
        let homes: Vec<(String, String)> =
            sqlx::query_as(HOME_NAMES).bind(account.to_string()).bind(HOMES_MAX).fetch_all(&self.reads).await?;
        let breached = Arc::clone(&self.people.settings.breached);
        let new = Zeroizing::new(new.to_owned());
        // Looking for words in every place takes milliseconds, and a list of known passwords lies in a file.
        let judged = tokio::task::spawn_blocking(move || {
            let (numbers, names): (Vec<&str>, Vec<&str>) =
                homes.iter().map(|(number, name)| (number.as_str(), name.as_str())).unzip();
            let about = About {
                login: login.reveal(),
                names: &[name.reveal(), kana.reveal()],
                office_numbers: &numbers,
                office_names: &names,
                code: None,
            };
            // Earlier passwords are compared afterwards: each comparison waits for its turn.
            password::judge(&new, &about, policy, &*breached, &|_| false)
        });
        judged.await.map_err(|_| Error::Closed)
    }

    async fn used_before(&self, account: AccountId, place: &Place, typed: &Typed) -> Result<bool, Error> {
        let history: Vec<String> =
            sqlx::query_scalar(HISTORY).bind(account.to_string()).bind(HISTORY_MAX).fetch_all(&self.reads).await?;
        for hash in history {
            if self.people.hasher.compare(place, Some((account, &hash)), typed.reveal()).await?.proof.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Compares what was typed. What is too long to be a password costs the same, and is nobody's (R8.9).
    pub(super) async fn compare(
        &self,
        place: &Place,
        stored: Option<(AccountId, &str)>,
        typed: Option<&Typed>,
    ) -> Result<Compared, Error> {
        self.people.hasher.compare(place, stored.filter(|_| typed.is_some()), typed.map_or("", Typed::reveal)).await
    }

    /// The code that was handed over is known to whoever handed it over (R8.12).
    async fn is_own_code(&self, account: AccountId, new: &str) -> Result<bool, Error> {
        let Some(index) = self.one_time_index("one_time_code", new)? else { return Ok(false) };
        let codes: i64 =
            sqlx::query_scalar(IS_OWN_CODE).bind(index).bind(account.to_string()).fetch_one(&self.reads).await?;
        Ok(codes > 0)
    }

    /// Whether this holder may add factors, take them away or make recovery codes. Who has a passkey for a role that needs one
    /// does so with it: what can be phished must not open the way to what cannot (R8.4).
    pub(super) async fn changes_factors(&self, holder: Holder<'_>) -> Result<bool, Error> {
        let Holder::Person(person) = holder else { return Ok(holder.sets_factor()) };
        if !holder.sets_factor() || person.second == SecondKind::Passkey {
            return Ok(holder.sets_factor());
        }
        let held = self.held(&self.person_index_of(person.account_id).await?).await?;
        Ok(!held.iter().any(|held| held.role.needs_passkey()) || !self.has_passkey(person.account_id).await?)
    }

    /// Offers a seed for an authenticator app: the same one until it is confirmed. `None` when this holder may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_totp(&self, holder: Holder<'_>) -> Result<Option<TotpOffer>, Error> {
        if !self.changes_factors(holder).await? {
            return Ok(None);
        }
        let (account, session) = (holder.account_id(), holder.session_id());
        let factor = FactorId::fresh();
        let mut seed = Zeroizing::new([0; totp::SEED_BYTES]);
        rand::rng().fill_bytes(seed.as_mut());
        let sealed = self.seal_secret(account, factor, seed.as_ref())?;
        let label = self.seal_field(FACTOR_LABEL, factor, b"")?;
        let at = self.now_text();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(WITHDRAW_OFFERS)
                        .bind(account.to_string())
                        .bind(session.to_string())
                        .execute(&mut *c)
                        .await?;
                    sqlx::query(OFFER)
                        .bind(factor.to_string())
                        .bind(account.to_string())
                        .bind(label)
                        .bind(sealed)
                        .bind(session.to_string())
                        .bind(at)
                        .execute(&mut *c)
                        .await?;
                    Ok(())
                })
            })
            .await?;
        let Some((factor_id, seed)) = self.offered(holder).await? else { return Ok(None) };
        let login = holder.login().reveal();
        Ok(Some(TotpOffer {
            factor_id,
            secret_base32: seed.to_text(),
            otpauth_uri: seed.to_uri(ISSUER, login),
            qr_svg: seed.to_svg(ISSUER, login).ok_or(Error::Impossible("TOTP offer"))?,
        }))
    }

    async fn offered(&self, holder: Holder<'_>) -> Result<Option<(FactorId, Seed)>, Error> {
        let row: Option<(String, Vec<u8>)> = sqlx::query_as(OFFERED)
            .bind(holder.account_id().to_string())
            .bind(holder.session_id().to_string())
            .fetch_optional(&self.reads)
            .await?;
        row.map(|(id, sealed)| {
            let id: FactorId = id.parse().map_err(|_| Error::Impossible("factor.factor_id"))?;
            Ok((id, self.open_seed(holder.account_id(), id, &sealed)?))
        })
        .transpose()
    }

    /// Confirms the offered seed with a code of the app: from now on it is a second factor. That step is used up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_totp(&self, holder: Holder<'_>, label: &str, code: &str) -> Result<FactorSet, Error> {
        let Some(label) = presentable(label) else { return Ok(FactorSet::Unfit) };
        let now = self.clock.now();
        if !self.changes_factors(holder).await? {
            return Ok(FactorSet::Over);
        }
        let Some((factor, seed)) = self.offered(holder).await? else { return Ok(FactorSet::Over) };
        let login_index = self.login_index_of(holder.account_id()).await?;
        let blocked = holder.act(Action::FactorAdd, now);
        let tried = match self.reserve(Bucket::SecondFactor, &login_index, holder.asker(), blocked).await? {
            Reserved::Go(tried) => tried,
            Reserved::Wait(until) => return Ok(FactorSet::Wait(until)),
            Reserved::Locked => return Ok(FactorSet::Locked),
        };
        let account = holder.account_id();
        let Some((_, step)) = verify_totp(&account.to_string(), &seed, code, now, None)? else {
            self.record(holder.act(Action::FactorAdd, now).refused_for("totp")?).await?;
            return Ok(FactorSet::Refused);
        };
        let label = self.seal_field(FACTOR_LABEL, factor, label.as_bytes())?;
        let act = holder.act(Action::FactorAdd, now).object(factor).code("kind", "totp");
        let token = holder.fresh_token();
        let rotated = token.as_ref().map(Token::index);
        let session = holder.session_id();
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    if !session_is_open(c, session, &at).await? {
                        return Ok(FactorSet::Over);
                    }
                    if too_many_factors(c, account).await? {
                        return Ok(FactorSet::TooMany);
                    }
                    let confirmed = sqlx::query(CONFIRM)
                        .bind(factor.to_string())
                        .bind(account.to_string())
                        .bind(label)
                        .bind(step)
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    if confirmed.rows_affected() == 0 {
                        return Ok(FactorSet::Over);
                    }
                    attempts::succeeded(c, &tried).await?;
                    factor_changed(c, account, session, rotated, act, now).await?;
                    Ok(FactorSet::Done(None))
                })
            })
            .await?;
        Ok(match done {
            FactorSet::Done(_) => FactorSet::Done(token),
            refused => refused,
        })
    }

    /// One's own second factors.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factors(&self, person: &Person) -> Result<Vec<FactorRow>, Error> {
        let rows: Vec<FactorFields> = sqlx::query_as(FACTORS)
            .bind(person.account_id.to_string())
            .bind(FACTORS_MAX)
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let id: FactorId = row.factor_id.parse().map_err(|_| Error::Impossible("factor.factor_id"))?;
                Ok(FactorRow {
                    id,
                    passkey: row.kind == "passkey",
                    label: self.open_text(FACTOR_LABEL, id, &row.label_sealed)?,
                    suspended: row.state == "suspended",
                    created_at: row.created_at,
                    last_used_at: row.last_used_at,
                })
            })
            .collect()
    }

    /// Calls one of one's own factors something else.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_factor(&self, person: &Person, id: FactorId, label: &str) -> Result<OwnChange, Error> {
        let Some(label) = presentable(label) else { return Ok(OwnChange::NotFound) };
        let sealed = self.seal_field(FACTOR_LABEL, id, label.as_bytes())?;
        let account = person.account_id;
        let entry =
            Act::person(Action::AccountChange, person, self.clock.now()).object(id).code("what", "label").done()?;
        let renamed = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let renamed = sqlx::query(RELABEL)
                        .bind(id.to_string())
                        .bind(account.to_string())
                        .bind(sealed)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if renamed == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(renamed == 1)
                })
            })
            .await?;
        Ok(if renamed { OwnChange::Done(None) } else { OwnChange::NotFound })
    }

    /// Removes one of one's own factors, never the last that works.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_factor(&self, person: &Person, id: FactorId) -> Result<OwnChange, Error> {
        if !person.may(identity::Deed::OwnAccount) {
            return Ok(OwnChange::NotFound);
        }
        if !self.changes_factors(person.into()).await? {
            return Ok(OwnChange::ByPasskey);
        }
        let (now, account, session) = (self.clock.now(), person.account_id, person.session_id);
        let act = Act::person(Action::FactorRemove, person, now).object(id);
        let token = Token::fresh("");
        let rotated = Some(token.index());
        let removed = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let own: i64 = sqlx::query_scalar(IS_OWN_FACTOR)
                        .bind(id.to_string())
                        .bind(account.to_string())
                        .fetch_one(&mut *c)
                        .await?;
                    if own == 0 {
                        return Ok(None);
                    }
                    let removed =
                        sqlx::query(REMOVE).bind(id.to_string()).bind(account.to_string()).execute(&mut *c).await?;
                    if removed.rows_affected() == 0 {
                        return Ok(Some(false));
                    }
                    factor_changed(c, account, session, rotated, act, now).await?;
                    Ok(Some(true))
                })
            })
            .await?;
        Ok(match removed {
            Some(true) => OwnChange::Done(Some(token)),
            Some(false) => OwnChange::LastOne,
            None => OwnChange::NotFound,
        })
    }

    /// Makes ten recovery codes, shown once; those before are void. `None` when this holder may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_recovery_codes(&self, holder: Holder<'_>) -> Result<Option<Vec<Zeroizing<String>>>, Error> {
        if !self.changes_factors(holder).await? {
            return Ok(None);
        }
        let (now, account, session) = (self.clock.now(), holder.account_id(), holder.session_id());
        let codes: Vec<Zeroizing<String>> = (0..CODES).map(|_| fresh_code()).collect();
        let mut indexes = Vec::with_capacity(CODES);
        for code in &codes {
            indexes.push(self.one_time_index("recovery_code", code)?.ok_or(Error::Impossible("recovery code"))?);
        }
        let entry = holder.act(Action::FactorCodes, now).number("codes", CODES as u64).done()?;
        let made = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    if !session_is_open(c, session, &at).await? {
                        return Ok(false);
                    }
                    sqlx::query(END_CODES).bind(account.to_string()).bind(&at).execute(&mut *c).await?;
                    // A factor has changed (R8.14).
                    end_all(c, account, Some(session), "factor", now).await?;
                    for index in indexes {
                        sqlx::query(INSERT_CODE)
                            .bind(index)
                            .bind(account.to_string())
                            .bind(&at)
                            .execute(&mut *c)
                            .await?;
                    }
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(made.then_some(codes))
    }

    /// Ends a set-up. It is no sign-in: that takes both factors, as always (R8.2).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(&self, enrolling: &Enrolling) -> Result<SetUpEnded, Error> {
        let now = self.clock.now();
        let (account, session, purpose) = (enrolling.account_id, enrolling.session_id, enrolling.purpose);
        let recovery = enrolling.recovery_id;
        let act = Holder::Enrolling(enrolling).act(Action::AccountReady, now).code("purpose", purpose.id());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let row: Option<(i64, i64, i64)> =
                        sqlx::query_as(STEPS).bind(session.to_string()).bind(&at).fetch_optional(&mut *c).await?;
                    if row.is_none() {
                        return Ok(SetUpEnded::Over);
                    }
                    let steps = steps_of(row, purpose);
                    if !steps.complete() {
                        return Ok(SetUpEnded::Incomplete(steps));
                    }
                    let ready = sqlx::query(READY).bind(account.to_string()).bind(&at).execute(&mut *c).await?;
                    if ready.rows_affected() == 0 {
                        return Ok(SetUpEnded::Incomplete(steps));
                    }
                    if purpose.sets_factor() {
                        sqlx::query(REMOVE_SUSPENDED).bind(account.to_string()).execute(&mut *c).await?;
                    }
                    end_one(c, session, "complete", now).await?;
                    if let Some(recovery) = recovery {
                        sqlx::query(END_RECOVERY).bind(recovery.to_string()).bind(&at).execute(&mut *c).await?;
                    }
                    attempts::unlock(c, account).await?;
                    record::append(c, &act.done()?).await?;
                    Ok(SetUpEnded::Done)
                })
            })
            .await
    }

    pub(super) fn seal_secret(&self, account: AccountId, factor: FactorId, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let (account, kind) = (account.to_string(), factor.to_string());
        let purpose = Sealed::AccountSecret { account: &account, kind: &kind };
        self.keys.wrap(&purpose, secret)
    }

    pub(super) fn open_secret(
        &self,
        account: AccountId,
        factor: FactorId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (account, kind) = (account.to_string(), factor.to_string());
        let purpose = Sealed::AccountSecret { account: &account, kind: &kind };
        self.keys.unwrap(&purpose, sealed)
    }

    pub(super) fn open_seed(&self, account: AccountId, factor: FactorId, sealed: &[u8]) -> Result<Seed, Error> {
        Seed::from_bytes(&self.open_secret(account, factor, sealed)?).ok_or(Error::Damaged)
    }
}

/// A right code of an app, with the step it uses up.
pub(super) fn verify_totp(
    account: &str,
    seed: &Seed,
    code: &str,
    now: Timestamp,
    last_step: Option<i64>,
) -> Result<Option<(Proof, i64)>, Error> {
    const WHERE: Error = Error::Impossible("factor.last_step");
    let last = last_step.map(u64::try_from).transpose().map_err(|_| WHERE)?;
    let Ok(step) = totp::verify(seed, code, now, last) else { return Ok(None) };
    let number = i64::try_from(step.number()).map_err(|_| WHERE)?;
    Ok(Some((step.proof(account), number)))
}

fn open_code(row: &CodeRow, now: Timestamp) -> Result<Option<(Opening, Purpose, Option<RecoveryId>)>, Error> {
    const WHERE: Error = Error::Impossible("one_time_code");
    let (Some(owner), Some(purpose), Some(issued_at), Some(expires_at)) =
        (&row.owner, &row.purpose, &row.issued_at, &row.expires_at)
    else {
        return Ok(None);
    };
    let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
    let purpose = Purpose::from_id(purpose).ok_or(WHERE)?;
    if purpose == Purpose::Temporary {
        // A pass stands beside a password and sets nothing up.
        return Ok(None);
    }
    let code = OneTimeCode {
        account: owner,
        purpose,
        issued_at: instant(issued_at)?,
        expires_at: instant(expires_at)?,
        used_at: row.used_at.as_deref().map(instant).transpose()?,
    };
    let recovery = row.recovery_id.as_deref().map(str::parse).transpose().map_err(|_| WHERE)?;
    let opening = redeem(&code, &row.account_id, now).ok().and_then(|code| Opening::enrol(code, now));
    Ok(opening.map(|opening| (opening, purpose, recovery)))
}

fn steps_of(row: Option<(i64, i64, i64)>, purpose: Purpose) -> Steps {
    let (password, factor, codes) = row.unwrap_or_default();
    Steps {
        needs_password: purpose.sets_password(),
        password_set: password != 0,
        needs_factor: purpose.sets_factor(),
        factor_set: factor != 0,
        codes_made: codes != 0,
    }
}

const SESSION_IS_OPEN: &str = "
    SELECT count(*) FROM session WHERE session_id = $1 AND ended_at IS NULL AND ends_at > $2";

pub(super) async fn session_is_open(c: &mut Connection, id: SessionId, at: &str) -> Result<bool, Error> {
    let open: i64 = sqlx::query_scalar(SESSION_IS_OPEN).bind(id.to_string()).bind(at).fetch_one(c).await?;
    Ok(open == 1)
}

pub(super) async fn too_many_factors(c: &mut Connection, account: AccountId) -> Result<bool, Error> {
    let factors: i64 = sqlx::query_scalar(FACTOR_COUNT).bind(account.to_string()).fetch_one(c).await?;
    Ok(factors >= FACTORS_MAX)
}

/// Every other session ends, this one goes on under another token, and the log is told (R8.14).
pub(super) async fn factor_changed(
    c: &mut Connection,
    account: AccountId,
    session: SessionId,
    rotated: Option<String>,
    act: Act,
    now: Timestamp,
) -> Result<(), Error> {
    let ended = end_all(c, account, Some(session), "factor", now).await?;
    if let Some(index) = rotated {
        rotate(c, session, &index).await?;
    }
    record::append(c, &act.number("sessions_ended", ended).done()?).await.map(|_| ())
}
