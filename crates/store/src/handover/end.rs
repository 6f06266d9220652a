//! 終わり: withdrawn, after too many tries, or after its time. The key goes, and with it everything that was sealed to it.

use super::{HandoverEnd, RETURN_LIFE};
use crate::database::Connection;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, HandoverId, HandoverReturnId, Store, clock};
use identity::role::Deed;
use ledger::Action;

/// Ended in one run, at most; the next follows in minutes.
const AT_ONCE: i64 = 200;

const END: &str = "
    UPDATE handover
       SET ended_at = $2, ended_for = $3, key_sealed = NULL, envelope = NULL, address_sealed = NULL, code_hash = NULL,
           visit_index = NULL, visit_until = NULL
     WHERE handover_id = $1 AND ended_at IS NULL";
const DROP_FILES: &str = "DELETE FROM handover_file WHERE handover_id = $1";
const OVER: &str = "
    SELECT h.handover_id, o.office_number, h.partner_number
      FROM handover h JOIN office o ON o.office_id = h.office_id
     WHERE h.ended_at IS NULL AND h.expires_at <= $1 LIMIT $2";
const RETURNS_OVER: &str = "
    SELECT r.return_id, o.office_number, r.partner_number
      FROM handover_return r JOIN office o ON o.office_id = r.office_id
     WHERE r.ended_at IS NULL AND r.returned_at <= $1 LIMIT $2";
const END_RETURN: &str = "
    UPDATE handover_return SET ended_at = $2, key_sealed = NULL, envelope = NULL WHERE return_id = $1 AND ended_at IS NULL";
const DROP_RETURN_FILES: &str = "DELETE FROM handover_return_file WHERE return_id = $1";

/// Ends a handover, unless it has ended; writes the entry if it does.
pub(super) async fn write(
    c: &mut Connection,
    id: HandoverId,
    why: HandoverEnd,
    act: Act,
    at: &str,
) -> Result<bool, Error> {
    let ended = sqlx::query(END).bind(id.to_string()).bind(at).bind(why.id()).execute(&mut *c).await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(DROP_FILES).bind(id.to_string()).execute(&mut *c).await?;
    record::append(c, &act.object(id).code("why", why.id()).done()?).await?;
    Ok(true)
}

impl Store {
    /// Takes a handover back: nobody can open it any more. False when it has ended, is another office's, or for who may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_handover(&self, by: &Person, id: HandoverId) -> Result<bool, Error> {
        if !by.may(Deed::WithdrawSets) {
            return Ok(false);
        }
        let Some(handover) = self.handover(by, id).await? else { return Ok(false) };
        let now = self.clock.now();
        let act = Act::person(Action::HandoverEnd, by, now).counterpart(handover.partner);
        self.writer
            .run(move |c| Box::pin(async move { write(c, id, HandoverEnd::Withdrawn, act, &clock::text(now)).await }))
            .await
    }

    /// Ends what has had its time. Nothing depends on it: whoever asks is told no from the very second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_handovers(&self) -> Result<u64, Error> {
        const WHERE: Error = Error::Impossible("handover");
        let now = self.clock.now();
        let at = clock::text(now);
        let over: Vec<(String, String, String)> =
            sqlx::query_as(OVER).bind(&at).bind(AT_ONCE).fetch_all(&self.reads).await?;
        let returns: Vec<(String, String, String)> = sqlx::query_as(RETURNS_OVER)
            .bind(clock::text(now - RETURN_LIFE))
            .bind(AT_ONCE)
            .fetch_all(&self.reads)
            .await?;
        if over.is_empty() && returns.is_empty() {
            return Ok(0);
        }
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mut ended = 0;
                    for (id, office, partner) in over {
                        let act = Act::system(Action::HandoverEnd, now)
                            .office(office.parse().map_err(|_| WHERE)?)
                            .counterpart(partner.parse().map_err(|_| WHERE)?);
                        let id: HandoverId = id.parse().map_err(|_| WHERE)?;
                        ended += u64::from(write(c, id, HandoverEnd::Time, act, &at).await?);
                    }
                    for (id, office, partner) in returns {
                        let id: HandoverReturnId = id.parse().map_err(|_| WHERE)?;
                        let gone = sqlx::query(END_RETURN).bind(id.to_string()).bind(&at).execute(&mut *c).await?;
                        if gone.rows_affected() == 0 {
                            continue;
                        }
                        sqlx::query(DROP_RETURN_FILES).bind(id.to_string()).execute(&mut *c).await?;
                        let act = Act::system(Action::HandoverEnd, now)
                            .office(office.parse().map_err(|_| WHERE)?)
                            .counterpart(partner.parse().map_err(|_| WHERE)?);
                        record::append(c, &act.object(id).code("why", "return").done()?).await?;
                        ended += 1;
                    }
                    Ok(ended)
                })
            })
            .await
    }
}
