//! What has to be mailed now, claimed by one node; and what became of it.

use super::{ADDRESS, CODE, MAIL_CODE_LIFE, day, next};
use crate::enrolment::{fresh_code, normalise_code};
use crate::record::{self, Act};
use crate::{AccountId, Error, OfficeId, Store, clock};
use identity::role::{Deed, Role, may};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use ledger::Action;
use seal::Zeroizing;
use sqlx::FromRow;
use standard::value::Private;
use std::collections::BTreeSet;

/// Mails of one turn; the rest come with the next.
const DUE_MAX: i64 = 100;
/// A node that has not said by then what became of a mail has stopped: another sends it.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// A mail that did not go is tried again after this,
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// so often on one day,
const TRIES_OF_A_DAY: i64 = 6;
/// and then once a day, until as many in a row have failed.
const GIVEN_UP_AFTER: i64 = 20;

/// Why a mail did not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFailure {
    /// The mail server did not answer, or not now.
    Server,
    /// It refused the address for good.
    Address,
}

impl MailFailure {
    const fn id(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Address => "address",
        }
    }

    pub(super) fn from_id(id: &str) -> Option<Self> {
        [Self::Server, Self::Address].into_iter().find(|failure| failure.id() == id)
    }
}

/// What a mail says.
#[derive(Clone)]
pub enum MailText {
    /// A code, to be given back on the page.
    Code(Zeroizing<String>),
    /// So many sets wait and have not been opened.
    Waiting(u32),
}

/// A mail that this node, and no other, is to send now.
#[derive(Clone)]
pub struct ArrivalMail {
    /// Where to.
    pub address: Private<String>,
    /// What it says.
    pub text: MailText,
    account: AccountId,
    hour: i64,
    failures: i64,
    claimed_until: String,
}

/// Neither address nor code.
impl std::fmt::Debug for ArrivalMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArrivalMail({}, ..)", self.account)
    }
}

/// Of people who can sign in, at offices that are open. Who may still receive there is asked for each.
const DUE: &str = "
    SELECT m.account_id, m.office_id, m.address_sealed, m.hour, m.confirmed_at, m.failures
      FROM arrival_mail m JOIN account a ON a.account_id = m.account_id JOIN office o ON o.office_id = m.office_id
     WHERE m.next_at <= $1 AND m.address_sealed IS NOT NULL AND (m.claimed_until IS NULL OR m.claimed_until <= $1)
       AND a.state = 'active' AND o.closed_at IS NULL
     ORDER BY m.next_at LIMIT $2";
const ROLES: &str = "
    SELECT role FROM role_grant
     WHERE account_id = $1 AND office_id = $2 AND confirmed_at IS NOT NULL AND withdrawn_at IS NULL AND expires_at > $3";
/// If no other node was faster and nothing has changed since it was read.
const TAKE: &str = "
    UPDATE arrival_mail SET claimed_until = $3, code_index = coalesce($4, code_index), code_until = coalesce($5, code_until),
           tries = CASE WHEN $4 IS NULL THEN tries ELSE 0 END
     WHERE account_id = $1 AND next_at <= $2 AND address_sealed = $6 AND (claimed_until IS NULL OR claimed_until <= $2)
       AND (confirmed_at IS NULL) = ($4 IS NOT NULL)";
const NOTHING_NEW: &str = "
    UPDATE arrival_mail SET next_at = $3
     WHERE account_id = $1 AND next_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)";
const SENT: &str = "
    UPDATE arrival_mail SET claimed_until = NULL, next_at = $3, sent_at = $4, failures = 0, failed_at = NULL, failed_for = NULL
     WHERE account_id = $1 AND claimed_until = $2";
/// A code that did not go is no code.
const FAILED: &str = "
    UPDATE arrival_mail SET claimed_until = NULL, next_at = $3, failures = failures + 1, failed_at = $4, failed_for = $5,
           code_index = NULL, code_until = NULL
     WHERE account_id = $1 AND claimed_until = $2";
const LEFT: &str = "
    DELETE FROM arrival_mail
     WHERE address_sealed IS NOT NULL
       AND (account_id IN (SELECT account_id FROM account WHERE state = 'closed')
            OR office_id IN (SELECT office_id FROM office WHERE closed_at IS NOT NULL)
            OR NOT EXISTS (SELECT 1 FROM role_grant g
                            WHERE g.account_id = arrival_mail.account_id AND g.office_id = arrival_mail.office_id
                              AND g.confirmed_at IS NOT NULL AND g.withdrawn_at IS NULL AND g.expires_at > $1))
    RETURNING account_id";
/// Switched off, or an address that nobody proved; asked for before yesterday.
const OLD: &str = "DELETE FROM arrival_mail WHERE confirmed_at IS NULL AND asked_on < $1";

#[derive(FromRow)]
struct Row {
    account_id: String,
    office_id: String,
    address_sealed: Vec<u8>,
    hour: i64,
    confirmed_at: Option<String>,
    failures: i64,
}

impl Store {
    /// What is due now. Each is this node's to send for five minutes; then say what became of it. Whoever has nothing waiting
    /// gets no mail.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn mail_due(&self) -> Result<Vec<ArrivalMail>, Error> {
        const WHERE: Error = Error::Impossible("arrival_mail");
        let now = self.clock.now();
        let rows: Vec<Row> = sqlx::query_as(DUE).bind(clock::text(now)).bind(DUE_MAX).fetch_all(&self.reads).await?;
        let mut due = Vec::new();
        for row in rows {
            let account: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
            let office: OfficeId = row.office_id.parse().map_err(|_| WHERE)?;
            let text = match (self.receives(&row, now).await?, &row.confirmed_at) {
                (false, _) => None,
                (true, None) => Some(MailText::Code(fresh_code())),
                (true, Some(_)) => match self.news(office).await?.waiting {
                    0 => None,
                    sets => Some(MailText::Waiting(sets)),
                },
            };
            // With nothing to say, or to somebody who may not know any more, the next day is as good.
            let Some(text) = text else {
                self.nothing_to_mail(account, row.hour, now).await?;
                continue;
            };
            let address = match self.open_text(ADDRESS, account, &row.address_sealed) {
                Ok(address) => address,
                // It keeps nobody else from theirs; that it is damaged is recorded where it was opened.
                Err(Error::Damaged) => {
                    self.nothing_to_mail(account, row.hour, now).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mail = ArrivalMail {
                address,
                text,
                account,
                hour: row.hour,
                failures: row.failures,
                claimed_until: clock::text(now + CLAIM),
            };
            if self.take(&mail, row.address_sealed, now).await? {
                due.push(mail);
            }
        }
        Ok(due)
    }

    /// Whether the account may still list what comes to that office.
    async fn receives(&self, row: &Row, now: Timestamp) -> Result<bool, Error> {
        let roles = sqlx::query_scalar(ROLES).bind(&row.account_id).bind(&row.office_id).bind(clock::text(now));
        let roles: Vec<String> = roles.fetch_all(&self.reads).await?;
        let roles: BTreeSet<Role> = roles.iter().filter_map(|role| Role::from_id(role)).collect();
        Ok(may(&roles, Deed::ListSets))
    }

    async fn nothing_to_mail(&self, account: AccountId, hour: i64, now: Timestamp) -> Result<(), Error> {
        let tomorrow = next(hour, now).map(clock::text);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let later =
                        sqlx::query(NOTHING_NEW).bind(account.to_string()).bind(clock::text(now)).bind(tomorrow);
                    later.execute(&mut *c).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn take(&self, mail: &ArrivalMail, sealed: Vec<u8>, now: Timestamp) -> Result<bool, Error> {
        let code = match &mail.text {
            MailText::Code(code) => {
                let code = normalise_code(code).ok_or(Error::Impossible("a code of ours"))?;
                Some((self.keyed_index(CODE, code.as_bytes())?, clock::text(now + MAIL_CODE_LIFE)))
            }
            MailText::Waiting(_) => None,
        };
        let (index, until) = code.unzip();
        let (account, claim) = (mail.account.to_string(), mail.claimed_until.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let taken = sqlx::query(TAKE).bind(account).bind(clock::text(now)).bind(claim);
                    let taken = taken.bind(index).bind(until).bind(sealed).execute(&mut *c).await?;
                    Ok(taken.rows_affected() == 1)
                })
            })
            .await
    }

    /// What became of a mail. One that failed is tried again within bounds; the person sees it on their page.
    ///
    /// # Errors
    /// When the database fails: then it is sent again.
    pub async fn mail_answered(&self, mail: &ArrivalMail, answer: Result<(), MailFailure>) -> Result<(), Error> {
        let now = self.clock.now();
        let (what, waiting) = match mail.text {
            MailText::Code(_) => ("code", None),
            MailText::Waiting(sets) => ("waiting", Some(sets)),
        };
        let act = Act::system(Action::MailSend, now).object(mail.account).code("what", what);
        let act = waiting.map_or(act.clone(), |sets| act.number("sets", u64::from(sets)));
        let tomorrow = waiting.and_then(|_| next(mail.hour, now));
        let (entry, due) = match answer {
            Ok(()) => (act.done()?, tomorrow),
            Err(failure) => {
                let failures = mail.failures + 1;
                let due = match failure {
                    _ if failures >= GIVEN_UP_AFTER => None,
                    MailFailure::Server if failures < TRIES_OF_A_DAY => Some(now + AGAIN),
                    _ => tomorrow,
                };
                (act.failed(failure.id())?, due)
            }
        };
        let (account, claim) = (mail.account.to_string(), mail.claimed_until.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let (at, due) = (clock::text(now), due.map(clock::text));
                    let kept = match answer {
                        Ok(()) => sqlx::query(SENT).bind(account).bind(claim).bind(due).bind(at),
                        Err(why) => sqlx::query(FAILED).bind(account).bind(claim).bind(due).bind(at).bind(why.id()),
                    };
                    // Switched off or asked anew meanwhile: the mail went all the same, and that is recorded.
                    kept.execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    /// Forgets the addresses of those who have left, and what nobody confirmed.
    pub(crate) async fn end_mails(&self, now: Timestamp) -> Result<(), Error> {
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let left: Vec<String> = sqlx::query_scalar(LEFT).bind(clock::text(now)).fetch_all(&mut *c).await?;
                    for account in left {
                        record::append(c, &Act::system(Action::MailEnd, now).object(account).done()?).await?;
                    }
                    let yesterday = day(now).saturating_sub(1.day()).to_string();
                    sqlx::query(OLD).bind(yesterday).execute(&mut *c).await?;
                    Ok(())
                })
            })
            .await
    }
}
