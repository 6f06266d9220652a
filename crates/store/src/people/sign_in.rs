//! サインイン — a password, then something of another kind. Who is unknown gets the same answer after the same work (R8.9).

use super::attempts::{self, Reserved, Try};
use super::hash::Place;
use super::sessions::{HalfWay, NewSession, SecondKind, Ways, end_elsewhere, end_one};
use super::{Token, accounts, set_up};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{AccountId, Asker, DeviceId, Error, FactorId, OfficeId, SessionId, Store, clock};
use identity::factor::{self, Proof, TwoFactors};
use identity::grant;
use identity::guess::Bucket;
use identity::password::{Reason, Typed};
use identity::recovery::{OneTimeCode, Purpose, redeem};
use identity::session::{self, Level, Opening};
use jiff::Timestamp;
use ledger::{Action, Entry};
use sqlx::FromRow;
use standard::OfficeNumber;
use std::sync::Arc;

/// What came of a password.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// Right; show the second factor within five minutes.
    Half(Token),
    /// No. Whether login, password, office or state was wrong is not told.
    Refused,
    /// Too many tries; not before this.
    Wait(Timestamp),
    /// Too many tries in a row at this device; an identity check opens it again.
    Locked,
    /// Too many sign-ins at once; nothing was counted.
    Busy,
}

/// What came of a second factor.
#[derive(Debug)]
pub enum SecondAnswer {
    /// Signed in. The token takes the place of the one before.
    In {
        /// Of the full session.
        token: Token,
        /// Whether this person has yet to choose an office.
        choose: bool,
    },
    /// Two factors were right, but no role here has been confirmed yet.
    AwaitsConfirmation,
    /// No.
    Refused,
    /// Too many tries; not before this.
    Wait(Timestamp),
    /// Too many tries in a row at this device; an identity check opens it again.
    Locked,
}

/// Always one row, of as many values: where nobody has the login, or nobody set a password for it yet, with what stands in
/// for what is not there. So neither the database nor whoever reads the row has less to do (R8.9).
const BY_LOGIN: &str = "
    SELECT coalesce(a.account_id, $2) AS account_id, coalesce(a.state, 'nobody') AS state,
           coalesce(a.password_hash, $3) AS password_hash, coalesce(a.created_at, $4) AS created_at,
           coalesce(a.last_signed_in_at, a.created_at, $4) AS last_signed_in_at,
           coalesce(a.resumed_at, a.created_at, $4) AS resumed_at,
           CASE WHEN a.account_id IS NULL THEN 0 ELSE 1 END AS known,
           CASE WHEN a.password_hash IS NULL THEN 0 ELSE 1 END AS ready
      FROM (SELECT 1 AS one) asked LEFT JOIN account a ON a.login_index = $1";

/// Whether the account has a role, in force or awaited, at an office that this device is for (R7.4).
const BELONGS: &str = "
    SELECT count(*) FROM role_grant g
     WHERE g.account_id = $1 AND g.withdrawn_at IS NULL
       AND (g.expires_at > $3 OR (g.confirmed_at IS NULL AND g.requested_at > $4))
       AND EXISTS (SELECT 1 FROM office o
                    WHERE (o.office_id = g.office_id OR (g.office_id IS NULL AND o.is_operator = 1))
                      AND (o.office_id = (SELECT office_id FROM device WHERE device_id = $2)
                           OR EXISTS (SELECT 1 FROM device_office d
                                       WHERE d.device_id = $2 AND d.office_id = o.office_id
                                         AND d.withdrawn_at IS NULL)))";

/// Where an account belongs: whom to tell that its password was used elsewhere.
const HOME: &str = "
    SELECT DISTINCT o.office_number
      FROM role_grant g JOIN office o ON o.office_id = g.office_id OR (g.office_id IS NULL AND o.is_operator = 1)
     WHERE g.account_id = $1 AND g.withdrawn_at IS NULL ORDER BY o.office_number LIMIT $2";
const HOMES_MAX: i64 = 10;

const STILL: &str = "
    SELECT count(*) FROM account WHERE account_id = $1 AND state = 'active' AND password_hash = $2";

const REHASH: &str = "UPDATE account SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2";

const MUST_CHANGE: &str = "UPDATE account SET must_change = $2 WHERE account_id = $1";

const TOTPS: &str = "
    SELECT factor_id, secret_sealed, last_step FROM factor
     WHERE account_id = $1 AND kind = 'totp' AND state = 'active' ORDER BY created_at";

/// A step is taken once, by whichever node comes first (R8.5).
const TAKE_STEP: &str = "
    UPDATE factor SET last_step = $2, last_used_at = $3
     WHERE factor_id = $1 AND state = 'active' AND coalesce(last_step, -1) < $2";

const FIND_CODE: &str = "
    SELECT account_id, used_at FROM recovery_code WHERE code_index = $1 AND ended_at IS NULL";

const TAKE_CODE: &str = "
    UPDATE recovery_code SET used_at = $2 WHERE code_index = $1 AND used_at IS NULL AND ended_at IS NULL";

const FIND_PASS: &str = "
    SELECT account_id, issued_at, expires_at, used_at FROM one_time_code
     WHERE code_index = $1 AND purpose = 'temporary' AND ended_at IS NULL";

const TAKE_PASS: &str = "
    UPDATE one_time_code SET used_at = $2
     WHERE code_index = $1 AND used_at IS NULL AND ended_at IS NULL AND expires_at > $2";

const SIGNED_IN: &str = "
    UPDATE account SET last_signed_in_at = $2 WHERE account_id = $1 AND state = 'active'";

/// Open sessions of the same person on other devices: shared or stolen secrets show here (R8.1).
const ELSEWHERE: &str = "
    SELECT count(DISTINCT device_id) FROM session
     WHERE account_id = $1 AND device_id <> $2 AND level IN ('full', 'temporary')
       AND ended_at IS NULL AND ends_at > $3 AND seen_at > $4";

const WAYS: &str = "
    SELECT (SELECT count(*) FROM factor WHERE account_id = $1 AND kind = 'totp' AND state = 'active') AS totp,
           (SELECT count(*) FROM factor WHERE account_id = $1 AND kind = 'passkey' AND state = 'active') AS passkey,
           (SELECT count(*) FROM recovery_code
             WHERE account_id = $1 AND used_at IS NULL AND ended_at IS NULL) AS codes,
           (SELECT count(*) FROM one_time_code
             WHERE account_id = $1 AND purpose = 'temporary' AND used_at IS NULL AND ended_at IS NULL
               AND expires_at > $2) AS pass";

#[derive(FromRow)]
struct AccountRow {
    account_id: String,
    state: String,
    password_hash: String,
    created_at: String,
    last_signed_in_at: String,
    resumed_at: String,
    known: i64,
    ready: i64,
}

#[derive(FromRow)]
struct TotpRow {
    factor_id: String,
    secret_sealed: Vec<u8>,
    last_step: Option<i64>,
}

/// What a right second factor uses up.
pub(super) enum Spent {
    Step { factor: FactorId, step: i64 },
    Code { index: String },
    Pass { index: String },
    Passkey(super::passkeys::Used),
}

impl Spent {
    fn kind(&self) -> SecondKind {
        match self {
            Self::Step { .. } => SecondKind::Totp,
            Self::Code { .. } => SecondKind::RecoveryCode,
            Self::Pass { .. } => SecondKind::Pass,
            Self::Passkey(_) => SecondKind::Passkey,
        }
    }

    /// Once: false when somebody else was first.
    async fn take(&self, c: &mut Connection, at: &str) -> Result<bool, Error> {
        let taken = match self {
            Self::Step { factor, step } => {
                sqlx::query(TAKE_STEP).bind(factor.to_string()).bind(step).bind(at).execute(c).await?
            }
            Self::Code { index } => sqlx::query(TAKE_CODE).bind(index).bind(at).execute(c).await?,
            Self::Pass { index } => sqlx::query(TAKE_PASS).bind(index).bind(at).execute(c).await?,
            Self::Passkey(used) => return used.take(c, at).await,
        };
        Ok(taken.rows_affected() == 1)
    }
}

/// Where a right password leads.
struct Right<'a> {
    account: AccountId,
    hash: String,
    outdated: bool,
    proof: Proof,
    typed: &'a Typed,
    place: Place,
}

impl Store {
    /// Takes a login and a password (R8.2). Who is unknown is answered as who mistypes, after the same work (R8.9); so is
    /// who belongs to another office, of which both offices' logs are told (R7.4).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self, login: &str, password: &str, asker: &Asker) -> Result<PasswordAnswer, Error> {
        // A place in the queue first: a flood is turned away before it costs a write.
        let Some(place) = self.people.hasher.queue() else { return Ok(PasswordAnswer::Busy) };
        let now = self.clock.now();
        let login_index = self.login_index(login)?;
        let blocked = Act::somebody(Action::SessionStart, asker, now);
        let tried = match self.reserve(Bucket::Password, &login_index, asker, blocked).await? {
            Reserved::Go(tried) => tried,
            Reserved::Wait(until) => return Ok(PasswordAnswer::Wait(until)),
            Reserved::Locked => return Ok(PasswordAnswer::Locked),
        };
        let (nobody, nobodys) = self.people.hasher.nobody();
        let row: AccountRow = sqlx::query_as(BY_LOGIN)
            .bind(&login_index)
            .bind(nobody.to_string())
            .bind(nobodys)
            .bind(clock::text(now))
            .fetch_one(&self.reads)
            .await?;
        let account: AccountId = row.account_id.parse().map_err(|_| Error::Impossible("account.account_id"))?;
        let id = (row.known == 1).then_some(account);
        // An account without a password has nobody's, and whoever compares with nobody's hash proves nothing.
        let owner = if row.ready == 1 { account } else { nobody };
        let typed = Typed::of(password);
        let compared = self.compare(&place, Some((owner, &row.password_hash)), typed.as_ref()).await?;

        let (Some(_), Some(proof), Some(typed)) = (id, compared.proof, &typed) else {
            return self.refuse_password(asker, id, "password").await;
        };
        // Asked only now: whatever is read for one login and not for another can be measured (R8.9).
        if !self.belongs(id, asker.device_id, now).await? || asker.office.register.closed {
            return self.refuse_elsewhere(asker, account).await;
        }
        if row.state != "active" {
            return self.refuse_password(asker, id, "not-active").await;
        }
        if accounts::unused(&row.created_at, Some(&row.last_signed_in_at), Some(&row.resumed_at), now)? {
            self.suspend_unused(account, now).await?;
            return self.refuse_password(asker, id, "unused").await;
        }
        let right = Right { account, hash: row.password_hash, outdated: compared.outdated, proof, typed, place };
        self.half_way(right, &tried, asker, now).await
    }

    async fn half_way(
        &self,
        right: Right<'_>,
        tried: &Try,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<PasswordAnswer, Error> {
        let token = Token::fresh("");
        let opening = Opening::half_way(&right.proof, now).ok_or(Error::Impossible("proof"))?;
        let session = NewSession::new(&token, opening, asker);
        let better =
            if right.outdated { Some(self.people.hasher.hash(&right.place, right.typed).await?) } else { None };
        // A password that has become known is changed before anything else, whatever its age (R8.7).
        let digest = right.typed.breach_digest();
        let breached = Arc::clone(&self.people.settings.breached);
        let known = tokio::task::spawn_blocking(move || breached.holds(digest)).await.map_err(|_| Error::Closed)?;
        let entry = Act::account(Action::SessionStart, right.account, asker, now)
            .object(session.id)
            .code("step", "password")
            .done()?;
        let (account, hash, tried) = (right.account.to_string(), right.hash, tried.clone());
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let still: i64 = sqlx::query_scalar(STILL).bind(&account).bind(&hash).fetch_one(&mut *c).await?;
                    if still == 0 {
                        return Ok(false);
                    }
                    if let Some(better) = better {
                        sqlx::query(REHASH).bind(&account).bind(&hash).bind(better).execute(&mut *c).await?;
                    }
                    if known {
                        sqlx::query(MUST_CHANGE).bind(&account).bind(Reason::Breached.id()).execute(&mut *c).await?;
                    }
                    attempts::succeeded(c, &tried).await?;
                    session.insert(c).await?;
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(if done { PasswordAnswer::Half(token) } else { PasswordAnswer::Refused })
    }

    pub(super) async fn belongs(
        &self,
        account: Option<AccountId>,
        device: DeviceId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let grants: i64 = sqlx::query_scalar(BELONGS)
            .bind(account.map(|id| id.to_string()))
            .bind(device.to_string())
            .bind(clock::text(now))
            .bind(clock::text(now - grant::UNCONFIRMED_MAX))
            .fetch_one(&self.reads)
            .await?;
        Ok(grants > 0)
    }

    async fn refuse_password(
        &self,
        asker: &Asker,
        account: Option<AccountId>,
        why: &'static str,
    ) -> Result<PasswordAnswer, Error> {
        let act = Act::somebody(Action::SessionStart, asker, self.clock.now());
        // The entry is about as long either way.
        let act = match account {
            Some(account) => act.object(account),
            None => act.code("login", "not-known-to-this-exchange"),
        };
        self.record(act.refused_for(why)?).await?;
        Ok(PasswordAnswer::Refused)
    }

    /// The right password on a device of another office: each office finds it in its own log.
    async fn refuse_elsewhere(&self, asker: &Asker, account: AccountId) -> Result<PasswordAnswer, Error> {
        const WHY: &str = "other-office";
        let now = self.clock.now();
        let here = asker.office.register.number;
        let homes: Vec<String> =
            sqlx::query_scalar(HOME).bind(account.to_string()).bind(HOMES_MAX).fetch_all(&self.reads).await?;
        let act = || Act::somebody(Action::SessionStart, asker, now).object(account);
        let mut entries: Vec<Entry> = Vec::with_capacity(homes.len() + 1);
        for home in homes {
            let home: OfficeNumber = home.parse().map_err(|_| Error::Impossible("office.office_number"))?;
            if home != here {
                entries.push(act().counterpart(home).refused_for(WHY)?);
                entries.push(act().office(home).counterpart(here).refused_for(WHY)?);
            }
        }
        if entries.is_empty() {
            entries.push(act().refused_for(WHY)?);
        }
        self.record_all(entries).await?;
        Ok(PasswordAnswer::Refused)
    }

    /// Takes a code of an authenticator app (R8.5).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_totp(&self, half: &HalfWay, code: &str) -> Result<SecondAnswer, Error> {
        let tried = match self.reserve_second(half).await? {
            Ok(tried) => tried,
            Err(answer) => return Ok(answer),
        };
        let now = self.clock.now();
        let rows: Vec<TotpRow> = sqlx::query_as(TOTPS).bind(half.account_id.to_string()).fetch_all(&self.reads).await?;
        for row in rows {
            let factor: FactorId = row.factor_id.parse().map_err(|_| Error::Impossible("factor.factor_id"))?;
            let seed = self.open_seed(half.account_id, factor, &row.secret_sealed)?;
            let account = half.account_id.to_string();
            if let Some((proof, step)) = set_up::verify_totp(&account, &seed, code, now, row.last_step)? {
                return self.finish(half, proof, Spent::Step { factor, step }, tried).await;
            }
        }
        self.refuse_second(half, "totp").await
    }

    /// Takes one of the recovery codes, which are something a person has: on paper (R8.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_recovery_code(&self, half: &HalfWay, code: &str) -> Result<SecondAnswer, Error> {
        let tried = match self.reserve_second(half).await? {
            Ok(tried) => tried,
            Err(answer) => return Ok(answer),
        };
        let Some(index) = self.one_time_index("recovery_code", code)? else {
            return self.refuse_second(half, "recovery-code").await;
        };
        let row: Option<(String, Option<String>)> =
            sqlx::query_as(FIND_CODE).bind(&index).fetch_optional(&self.reads).await?;
        let account = half.account_id.to_string();
        let proof = row.filter(|(owner, _)| *owner == account).and_then(|(_, used_at)| {
            // Found by its index, so the two are the same; that it is unused is what remains to be proven.
            factor::recovery_code(&account, index.as_bytes(), index.as_bytes(), used_at.is_some())
        });
        match proof {
            Some(proof) => self.finish(half, proof, Spent::Code { index }, tried).await,
            None => self.refuse_second(half, "recovery-code").await,
        }
    }

    /// Takes a code of a temporary pass (R8.13): everyday work only, and not beyond its end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_pass(&self, half: &HalfWay, code: &str) -> Result<SecondAnswer, Error> {
        const WHERE: Error = Error::Impossible("one_time_code");
        let tried = match self.reserve_second(half).await? {
            Ok(tried) => tried,
            Err(answer) => return Ok(answer),
        };
        let now = self.clock.now();
        let Some(index) = self.one_time_index("one_time_code", code)? else {
            return self.refuse_second(half, "pass").await;
        };
        let row: Option<(String, String, String, Option<String>)> =
            sqlx::query_as(FIND_PASS).bind(&index).fetch_optional(&self.reads).await?;
        let Some((owner, issued_at, expires_at, used_at)) = row else {
            return self.refuse_second(half, "pass").await;
        };
        let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
        let ends_at = instant(&expires_at)?;
        let kept = OneTimeCode {
            account: &owner,
            purpose: Purpose::Temporary,
            issued_at: instant(&issued_at)?,
            expires_at: ends_at,
            used_at: used_at.as_deref().map(instant).transpose()?,
        };
        let Ok(pass) = redeem(&kept, &half.account_id.to_string(), now) else {
            return self.refuse_second(half, "pass").await;
        };
        let opening =
            self.password_proof(half, now).and_then(|password| Opening::temporary(password, pass, ends_at, now));
        match opening {
            Some(opening) => self.enter(half, opening, Spent::Pass { index }, tried).await,
            None => self.refuse_second(half, "half-way-over").await,
        }
    }

    /// The password that this half-way session stands for, while it stands: its token was given for a right one only.
    fn password_proof(&self, half: &HalfWay, now: Timestamp) -> Option<Proof> {
        session::standing(Level::Password, &half.times, now).ok()?;
        let (shown, kept) = (half.shown.as_bytes(), half.kept.as_bytes());
        factor::password(&half.account_id.to_string(), shown, kept)
    }

    pub(super) async fn reserve_second(&self, half: &HalfWay) -> Result<Result<Try, SecondAnswer>, Error> {
        let blocked = Act::account(Action::SessionStart, half.account_id, &half.asker, self.clock.now());
        let login_index: String = self.login_index_of(half.account_id).await?;
        Ok(match self.reserve(Bucket::SecondFactor, &login_index, &half.asker, blocked).await? {
            Reserved::Go(tried) => Ok(tried),
            Reserved::Wait(until) => Err(SecondAnswer::Wait(until)),
            Reserved::Locked => Err(SecondAnswer::Locked),
        })
    }

    pub(super) async fn refuse_second(&self, half: &HalfWay, why: &'static str) -> Result<SecondAnswer, Error> {
        let act = Act::account(Action::SessionStart, half.account_id, &half.asker, self.clock.now());
        self.record(act.object(half.session_id).refused_for(why)?).await?;
        Ok(SecondAnswer::Refused)
    }

    /// Two factors of different kinds become a session, or nothing does (R8.3).
    pub(super) async fn finish(
        &self,
        half: &HalfWay,
        second: Proof,
        spent: Spent,
        tried: Try,
    ) -> Result<SecondAnswer, Error> {
        let now = self.clock.now();
        let factors = self.password_proof(half, now).and_then(|password| TwoFactors::of(password, second).ok());
        match factors {
            Some(factors) => self.enter(half, Opening::full(factors, now), spent, tried).await,
            None => self.refuse_second(half, "half-way-over").await,
        }
    }

    async fn enter(&self, half: &HalfWay, opening: Opening, spent: Spent, tried: Try) -> Result<SecondAnswer, Error> {
        let now = opening.started_at();
        let choices = self.choices(half.account_id, half.asker.device_id).await?;
        let kind = spent.kind();
        if choices.is_empty() {
            // Both factors were right, and are used up: nobody is to try them again from here.
            let act = Act::account(Action::SessionStart, half.account_id, &half.asker, now).object(half.session_id);
            let entry = act.refused_for("no-role-yet")?;
            let session = half.session_id;
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        spent.take(c, &clock::text(now)).await?;
                        attempts::succeeded(c, &tried).await?;
                        end_one(c, session, "no-role-yet", now).await?;
                        record::append(c, &entry).await.map(|_| ())
                    })
                })
                .await?;
            return Ok(SecondAnswer::AwaitsConfirmation);
        }
        let only: Option<OfficeId> = match choices.as_slice() {
            [(only, _)] => Some(*only),
            _ => None,
        };
        let token = Token::fresh("");
        let mut session = NewSession::new(&token, opening, &half.asker).second(kind);
        session.office_id = only;
        let act = Act::account(Action::SessionStart, half.account_id, &half.asker, now)
            .object(session.id)
            .code("factor", kind.id());
        let (account, device, half_way) = (half.account_id, half.asker.device_id, half.session_id);
        let entered = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    // The half-way session and the factor are each used once, whoever is first.
                    if !half_is_open(c, half_way, &at).await? || !spent.take(c, &at).await? {
                        return Ok(false);
                    }
                    end_one(c, half_way, "second-factor", now).await?;
                    sqlx::query(SIGNED_IN).bind(account.to_string()).bind(&at).execute(&mut *c).await?;
                    let elsewhere: i64 = sqlx::query_scalar(ELSEWHERE)
                        .bind(account.to_string())
                        .bind(device.to_string())
                        .bind(&at)
                        .bind(clock::text(now - session::IDLE))
                        .fetch_one(&mut *c)
                        .await?;
                    attempts::succeeded(c, &tried).await?;
                    session.insert(c).await?;
                    let elsewhere = u64::try_from(elsewhere).unwrap_or_default();
                    let act = if elsewhere > 0 { act.number("devices_elsewhere", elsewhere) } else { act };
                    record::append(c, &act.done()?).await?;
                    end_elsewhere(c, account, device, now).await?;
                    Ok(true)
                })
            })
            .await?;
        if !entered {
            return self.refuse_second(half, "used").await;
        }
        Ok(SecondAnswer::In { token, choose: only.is_none() })
    }

    pub(super) async fn ways(&self, account: AccountId, now: Timestamp) -> Result<Ways, Error> {
        let (totp, passkey, codes, pass): (i64, i64, i64, i64) =
            sqlx::query_as(WAYS).bind(account.to_string()).bind(clock::text(now)).fetch_one(&self.reads).await?;
        Ok(Ways { totp: totp > 0, passkey: passkey > 0, recovery_codes: codes > 0, pass: pass > 0 })
    }
}

const HALF_IS_OPEN: &str = "
    SELECT count(*) FROM session s JOIN account a ON a.account_id = s.account_id
     WHERE s.session_id = $1 AND s.level = 'password' AND s.ended_at IS NULL AND s.ends_at > $2 AND a.state = 'active'";

async fn half_is_open(c: &mut Connection, id: SessionId, at: &str) -> Result<bool, Error> {
    let open: i64 = sqlx::query_scalar(HALF_IS_OPEN).bind(id.to_string()).bind(at).fetch_one(c).await?;
    Ok(open == 1)
}
