//! パスキー — a factor that cannot be phished: bound to our origin, asking its owner for PIN or biometrics (R8.4).
//!
//! What a registration or a sign-in has to remember between two requests lies sealed beside the session, for minutes, and
//! is used once. A passkey stands beside the password: what its authenticator asks its owner we cannot see.

use super::attempts::{self, Reserved};
use super::sessions::HalfWay;
use super::set_up::{FactorSet, Holder, factor_changed, session_is_open, too_many_factors};
use super::sign_in::{SecondAnswer, Spent};
use super::{CHALLENGE, FACTOR_LABEL, Token, presentable};
use crate::database::Connection;
use crate::{AccountId, Error, FactorId, SessionId, Store, clock};
use identity::factor::{self, Assertion, AssertionRefused};
use identity::guess::Bucket;
use jiff::SignedDuration;
use ledger::Action;
use std::fmt;
use std::sync::Arc;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// How long an authenticator has to answer.
const CHALLENGE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// An answer of an authenticator is some kilobytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const SITE_NAME: &str = "文箱";

/// Who we are to an authenticator: a name, and the one address from which it may be asked.
#[derive(Clone)]
pub struct PasskeySite(Arc<Webauthn>);

impl PasskeySite {
    /// `id` is a domain, such as `exchange.example`; `origin` is what browsers show, such as `https://exchange.example:8443`.
    /// `None` when the one does not belong to the other.
    #[must_use]
    pub fn new(id: &str, origin: &str) -> Option<Self> {
        let origin = Url::parse(origin).ok()?;
        let site = WebauthnBuilder::new(id, &origin).ok()?.rp_name(SITE_NAME).build().ok()?;
        Some(Self(Arc::new(site)))
    }
}

impl fmt::Debug for PasskeySite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasskeySite({:?})", self.0.get_allowed_origins())
    }
}

/// What to ask an authenticator.
#[derive(Clone, Debug)]
pub struct PasskeyChallenge {
    /// To be sent back with the answer.
    pub id: String,
    /// For `navigator.credentials`: `{"publicKey": {..}}`.
    pub options_json: String,
}

const INSERT: &str = "
    INSERT INTO passkey_challenge (challenge_id, account_id, session_id, purpose, state_sealed, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// One question at a time: what was asked before in this session no longer counts.
const DROP_EARLIER: &str = "DELETE FROM passkey_challenge WHERE session_id = $1 AND purpose = $2";

/// Used up before the answer is looked at, so that no answer counts twice, whatever it is.
const TAKE: &str = "
    UPDATE passkey_challenge SET used_at = $5
     WHERE challenge_id = $1 AND account_id = $2 AND session_id = $3 AND purpose = $4
       AND used_at IS NULL AND expires_at > $5
    RETURNING state_sealed";

const OWN: &str = "
    SELECT factor_id, secret_sealed, sign_count FROM factor
     WHERE account_id = $1 AND kind = 'passkey' AND state = 'active' ORDER BY created_at";

/// A credential belongs to one account only.
const ADD: &str = "
    INSERT INTO factor (factor_id, account_id, kind, label_sealed, secret_sealed, credential_index, state, sign_count,
                        session_id, created_at)
    VALUES ($1, $2, 'passkey', $3, $4, $5, 'active', $6, $7, $8)
    ON CONFLICT (credential_index) DO NOTHING";

/// The counter only goes forward, on whichever node (R8.4); 0 and 0 is an authenticator that keeps none.
const USE: &str = "
    UPDATE factor SET sign_count = $2, secret_sealed = $3, last_used_at = $4
     WHERE factor_id = $1 AND state = 'active' AND (coalesce(sign_count, 0) < $2 OR ($2 = 0 AND coalesce(sign_count, 0) = 0))";

const STATE: Error = Error::Impossible("passkey_challenge.state_sealed");

#[derive(Clone, Copy)]
enum Asked {
    Register,
    SignIn,
}

impl Asked {
    fn id(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
        }
    }
}

/// A right answer, to be kept as used.
pub(super) struct Used {
    factor: FactorId,
    counter: u32,
    secret_sealed: Vec<u8>,
}

impl Used {
    pub(super) async fn take(&self, c: &mut Connection, at: &str) -> Result<bool, Error> {
        let used = sqlx::query(USE)
            .bind(self.factor.to_string())
            .bind(i64::from(self.counter))
            .bind(&self.secret_sealed)
            .bind(at)
            .execute(c)
            .await?;
        Ok(used.rows_affected() == 1)
    }
}

struct Own {
    factor: FactorId,
    passkey: Passkey,
    counter: u32,
}

impl Store {
    /// Asks for a new passkey. `None` when this holder may set up none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_passkey_registration(
        &self,
        holder: Holder<'_>,
        site: &PasskeySite,
    ) -> Result<Option<PasskeyChallenge>, Error> {
        if !self.changes_factors(holder).await? {
            return Ok(None);
        }
        let account = holder.account_id();
        let own = self.passkeys(account).await?;
        let exclude = own.iter().map(|own| own.passkey.cred_id().clone()).collect();
        let user = Uuid::parse_str(&account.to_string()).map_err(|_| STATE)?;
        let login = holder.login().reveal();
        let (options, state) =
            site.0.start_passkey_registration(user, login, login, Some(exclude)).map_err(|_| STATE)?;
        let options_json = serde_json::to_string(&options).map_err(|_| STATE)?;
        let state = serde_json::to_vec(&state).map_err(|_| STATE)?;
        let id = self.keep_challenge(account, holder.session_id(), Asked::Register, &state).await?;
        Ok(Some(PasskeyChallenge { id, options_json }))
    }

    /// Takes the answer of an authenticator: from now on it is a second factor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_passkey(
        &self,
        holder: Holder<'_>,
        label: &str,
        challenge_id: &str,
        credential_json: &str,
        site: &PasskeySite,
    ) -> Result<FactorSet, Error> {
        let Some(label) = presentable(label) else { return Ok(FactorSet::Unfit) };
        if !self.changes_factors(holder).await? {
            return Ok(FactorSet::Over);
        }
        let now = self.clock.now();
        let (account, session) = (holder.account_id(), holder.session_id());
        let login_index = self.login_index_of(account).await?;
        let blocked = holder.act(Action::FactorAdd, now);
        let tried = match self.reserve(Bucket::SecondFactor, &login_index, holder.asker(), blocked).await? {
            Reserved::Go(tried) => tried,
            Reserved::Wait(until) => return Ok(FactorSet::Wait(until)),
            Reserved::Locked => return Ok(FactorSet::Locked),
        };
        let state = self.take_challenge(challenge_id, account, session, Asked::Register).await?;
        let answer: Option<RegisterPublicKeyCredential> = read_answer(credential_json);
        let passkey = match (state, answer) {
            (Some(state), Some(answer)) => {
                let state: PasskeyRegistration = serde_json::from_slice(&state).map_err(|_| STATE)?;
                let finished = site.0.finish_passkey_registration(&answer, &state);
                finished.inspect_err(|error| tracing::info!(%error, "a new passkey was not taken")).ok()
            }
            _ => None,
        };
        let Some(passkey) = passkey else {
            self.record(holder.act(Action::FactorAdd, now).refused_for("passkey")?).await?;
            return Ok(FactorSet::Refused);
        };
        let factor = FactorId::fresh();
        let stored = serde_json::to_vec(&passkey).map_err(|_| STATE)?;
        let counter = counter_of(&stored)?;
        let sealed = self.seal_secret(account, factor, &stored)?;
        let label = self.seal_field(FACTOR_LABEL, factor, label.as_bytes())?;
        let credential = self.keyed_index("factor.credential", passkey.cred_id())?;
        let act = holder.act(Action::FactorAdd, now).object(factor).code("kind", "passkey");
        let token = holder.fresh_token();
        let rotated = token.as_ref().map(Token::index);
        let added = self
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
                    let added = sqlx::query(ADD)
                        .bind(factor.to_string())
                        .bind(account.to_string())
                        .bind(label)
                        .bind(sealed)
                        .bind(credential)
                        .bind(i64::from(counter))
                        .bind(session.to_string())
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    if added.rows_affected() == 0 {
                        return Ok(FactorSet::Refused);
                    }
                    attempts::succeeded(c, &tried).await?;
                    factor_changed(c, account, session, rotated, act, now).await?;
                    Ok(FactorSet::Done(None))
                })
            })
            .await?;
        Ok(match added {
            FactorSet::Done(_) => FactorSet::Done(token),
            refused => refused,
        })
    }

    /// Asks for one of this person's passkeys. `None` when they have none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_passkey(&self, half: &HalfWay, site: &PasskeySite) -> Result<Option<PasskeyChallenge>, Error> {
        let own: Vec<Passkey> = self.passkeys(half.account_id).await?.into_iter().map(|own| own.passkey).collect();
        if own.is_empty() {
            return Ok(None);
        }
        let (options, state) = site.0.start_passkey_authentication(&own).map_err(|_| STATE)?;
        let options_json = serde_json::to_string(&options).map_err(|_| STATE)?;
        let state = serde_json::to_vec(&state).map_err(|_| STATE)?;
        let id = self.keep_challenge(half.account_id, half.session_id, Asked::SignIn, &state).await?;
        Ok(Some(PasskeyChallenge { id, options_json }))
    }

    /// Takes the answer of a passkey: for our origin, for this question, with its owner verified, its counter forward (R8.4).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_passkey(
        &self,
        half: &HalfWay,
        challenge_id: &str,
        credential_json: &str,
        site: &PasskeySite,
    ) -> Result<SecondAnswer, Error> {
        let tried = match self.reserve_second(half).await? {
            Ok(tried) => tried,
            Err(answer) => return Ok(answer),
        };
        let state = self.take_challenge(challenge_id, half.account_id, half.session_id, Asked::SignIn).await?;
        let (Some(state), Some(answer)) = (state, read_answer::<PublicKeyCredential>(credential_json)) else {
            return self.refuse_second(half, "passkey").await;
        };
        let state: PasskeyAuthentication = serde_json::from_slice(&state).map_err(|_| STATE)?;
        let Ok(result) = site.0.finish_passkey_authentication(&answer, &state) else {
            return self.refuse_second(half, "passkey").await;
        };
        // As it is now, not as it was when it was asked: another node may have seen a later counter.
        let own = self.passkeys(half.account_id).await?;
        let Some(mut own) = own.into_iter().find(|own| own.passkey.cred_id() == result.cred_id()) else {
            return self.refuse_second(half, "passkey").await;
        };
        let assertion = Assertion {
            genuine: true,
            user_verified: result.user_verified(),
            counter: result.counter(),
            counter_kept: own.counter,
        };
        let proof = match factor::passkey(&half.account_id.to_string(), &assertion) {
            Ok(proof) => proof,
            Err(AssertionRefused::CounterBack) => return self.refuse_second(half, "passkey-counter").await,
            Err(_) => return self.refuse_second(half, "passkey").await,
        };
        own.passkey.update_credential(&result);
        let stored = serde_json::to_vec(&own.passkey).map_err(|_| STATE)?;
        let secret_sealed = self.seal_secret(half.account_id, own.factor, &stored)?;
        let used = Used { factor: own.factor, counter: result.counter(), secret_sealed };
        self.finish(half, proof, Spent::Passkey(used), tried).await
    }

    async fn passkeys(&self, account: AccountId) -> Result<Vec<Own>, Error> {
        const WHERE: Error = Error::Impossible("factor");
        let rows: Vec<(String, Vec<u8>, Option<i64>)> =
            sqlx::query_as(OWN).bind(account.to_string()).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|(id, sealed, counter)| {
                let factor: FactorId = id.parse().map_err(|_| WHERE)?;
                let stored = self.open_secret(account, factor, &sealed)?;
                let passkey = serde_json::from_slice(&stored).map_err(|_| WHERE)?;
                let counter = u32::try_from(counter.unwrap_or_default()).map_err(|_| WHERE)?;
                Ok(Own { factor, passkey, counter })
            })
            .collect()
    }

    async fn keep_challenge(
        &self,
        account: AccountId,
        session: SessionId,
        asked: Asked,
        state: &[u8],
    ) -> Result<String, Error> {
        let id = Uuid::now_v7().to_string();
        let sealed = self.seal_field(CHALLENGE, &id, state)?;
        let (row, until) = (id.clone(), clock::text(self.clock.now() + CHALLENGE_LIFE));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(DROP_EARLIER).bind(session.to_string()).bind(asked.id()).execute(&mut *c).await?;
                    sqlx::query(INSERT)
                        .bind(row)
                        .bind(account.to_string())
                        .bind(session.to_string())
                        .bind(asked.id())
                        .bind(sealed)
                        .bind(until)
                        .execute(&mut *c)
                        .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(id)
    }

    async fn take_challenge(
        &self,
        id: &str,
        account: AccountId,
        session: SessionId,
        asked: Asked,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (row, at) = (id.to_owned(), self.now_text());
        let sealed: Option<Vec<u8>> = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let query = sqlx::query_scalar(TAKE).bind(row).bind(account.to_string()).bind(session.to_string());
                    Ok(query.bind(asked.id()).bind(at).fetch_optional(&mut *c).await?)
                })
            })
            .await?;
        sealed.map(|sealed| Ok(self.open_field(CHALLENGE, id, &sealed)?.to_vec())).transpose()
    }
}

fn read_answer<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    if json.len() > ANSWER_BYTES_MAX {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// The counter at registration, which the library keeps to itself.
fn counter_of(stored: &[u8]) -> Result<u32, Error> {
    let value: serde_json::Value = serde_json::from_slice(stored).map_err(|_| STATE)?;
    value
        .pointer("/cred/counter")
        .and_then(serde_json::Value::as_u64)
        .and_then(|at| u32::try_from(at).ok())
        .ok_or(STATE)
}
