//! What time brings about by itself. Every rule is also held to at the moment of use, so none depends on this having run.

use super::LISTED_MAX;
use super::accounts;
use super::sessions::record_end;
use crate::record::{self, Act};
use crate::{AccountId, Error, Store, clock};
use identity::grant;
use identity::guess::FORGOTTEN_AFTER;
use identity::session::{ABSOLUTE, IDLE};
use jiff::SignedDuration;
use ledger::Action;

/// How long an ended session is kept, to answer who was signed in; after that the log alone tells.
const ENDED_SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was tidied up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Applications that nobody confirmed in time (R12.3).
    pub unconfirmed: u64,
    /// Roles that stock-taking left behind: an alarm, not only a figure (R12.4).
    pub overdue: u64,
    /// Accounts that nobody used for 90 days (R12.4).
    pub unused: u64,
    /// Cases in the register of identity checks whose time was over.
    pub recoveries: u64,
    /// Sessions whose time was over.
    pub sessions: u64,
    /// Reviews of the log that were opened (R10.8).
    pub reviews: u64,
    /// Drafts and held sets that nobody confirmed in time.
    pub outgoing: u64,
}

const UNUSED: &str = "
    SELECT account_id FROM account
     WHERE state = 'active' AND created_at <= $1 AND coalesce(last_signed_in_at, '') <= $1
       AND coalesce(resumed_at, '') <= $1
     LIMIT $2";

const OVER: &str = "
    UPDATE session SET ended_at = $1, ended_for = CASE WHEN ends_at <= $1 THEN 'time' ELSE 'idle' END
     WHERE ended_at IS NULL AND (ends_at <= $1 OR seen_at <= $2 OR started_at <= $3)
    RETURNING session_id, account_id, level";

const OLD_SESSIONS: &str = "
    DELETE FROM session WHERE ended_at <= $1
       AND NOT EXISTS (SELECT 1 FROM passkey_challenge p WHERE p.session_id = session.session_id)";

const OLD_CHALLENGES: &str = "DELETE FROM passkey_challenge WHERE expires_at <= $1";

/// An offer that outlived its session by far.
const OLD_OFFERS: &str = "DELETE FROM factor WHERE state = 'offered' AND created_at <= $1";

const OLD_ATTEMPTS: &str = "
    DELETE FROM attempt WHERE since <= $1 AND (blocked_until IS NULL OR blocked_until <= $1) AND failures < $2";

const EXPIRED_RECOVERIES: &str = "
    UPDATE recovery SET ended_at = $1, result = 'expired' WHERE ended_at IS NULL AND expires_at <= $1
    RETURNING recovery_id";

impl Store {
    /// Ends whatever has had its time. Meant to be called every few minutes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_up(&self) -> Result<Upkeep, Error> {
        let now = self.clock.now();
        self.thin_checkpoints().await?;
        let outgoing = self.end_outgoing(now).await?;
        let (unconfirmed, overdue) = self.lapse_grants(now).await?;
        let mut unused = 0;
        let candidates: Vec<String> = sqlx::query_scalar(UNUSED)
            .bind(accounts::ago(now, grant::UNUSED_MAX))
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        for id in candidates {
            let id: AccountId = id.parse().map_err(|_| Error::Impossible("account.account_id"))?;
            unused += u64::from(self.suspend_unused(id, now).await?);
        }
        let (sessions, recoveries) = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let over: Vec<(String, String, String)> = sqlx::query_as(OVER)
                        .bind(&at)
                        .bind(accounts::ago(now, IDLE))
                        .bind(accounts::ago(now, ABSOLUTE))
                        .fetch_all(&mut *c)
                        .await?;
                    for (session, account, level) in &over {
                        record_end(c, session, level, account, "time", now).await?;
                    }
                    let expired: Vec<String> =
                        sqlx::query_scalar(EXPIRED_RECOVERIES).bind(&at).fetch_all(&mut *c).await?;
                    for id in &expired {
                        let act = Act::system(Action::RecoveryClose, now).object(id).code("result", "expired");
                        record::append(c, &act.done()?).await?;
                    }
                    sqlx::query(OLD_CHALLENGES).bind(&at).execute(&mut *c).await?;
                    sqlx::query(OLD_OFFERS).bind(accounts::ago(now, ABSOLUTE)).execute(&mut *c).await?;
                    sqlx::query(OLD_SESSIONS).bind(accounts::ago(now, ENDED_SESSIONS_KEPT)).execute(&mut *c).await?;
                    sqlx::query(OLD_ATTEMPTS)
                        .bind(accounts::ago(now, FORGOTTEN_AFTER))
                        .bind(i64::from(identity::guess::LOCKED_AFTER))
                        .execute(&mut *c)
                        .await?;
                    Ok((over.len() as u64, expired.len() as u64))
                })
            })
            .await?;
        if overdue > 0 {
            tracing::warn!(overdue, "rights lapsed because stock-taking was overdue");
        }
        self.end_handovers().await?;
        self.end_mails(now).await?;
        let reviews = self.open_reviews().await?;
        Ok(Upkeep { unconfirmed, overdue, unused, recoveries, sessions, reviews, outgoing })
    }
}
