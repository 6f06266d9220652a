//! 終わり: withdrawn, after too many tries, or after its time. The key goes, and with it everything that was sealed to it; what
//! nobody opened counts as taken back.

use super::{HANDOVER_TRIES_MAX, HandoverEnd};
use crate::database::Connection;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, HandoverId, Store, board, clock, receipts};
use exchange::Step;
use identity::role::Deed;
use ledger::Action;
use standard::OfficeNumber;

/// Ended in one run, at most; the next follows in minutes.
const AT_ONCE: i64 = 200;

const WHERE: Error = Error::Impossible("handover");

const END: &str = "
    UPDATE handover
       SET ended_at = $2, ended_for = $3, key_sealed = NULL, envelope = NULL, address_sealed = NULL, code_hash = NULL,
           visit_index = NULL, visit_until = NULL
     WHERE handover_id = $1 AND ended_at IS NULL";
const DROP_FILES: &str = "DELETE FROM handover_file WHERE handover_id = $1";
const OVER: &str = "
    SELECT h.handover_id, o.office_number, h.partner_number
      FROM handover h JOIN office o ON o.office_id = h.office_id
     WHERE h.ended_at IS NULL AND (h.expires_at <= $1 OR h.tries >= $3) LIMIT $2";
const OF_HANDOVER: &str = "
    SELECT o.office_number, h.partner_number FROM handover h JOIN office o ON o.office_id = h.office_id
     WHERE h.handover_id = $1";

macro_rules! unopened {
    ($rest:literal) => {
        concat!(
            "SELECT t.transmission_id, s.office_number, substr(r.office_number, 1, 10)
               FROM transmission t
               JOIN office s ON s.office_id = t.sender_office_id
               JOIN office r ON r.office_id = t.receiver_office_id
              WHERE r.outside_of IS NOT NULL AND t.collected_at IS NULL AND t.withdrawn_at IS NULL AND t.erased_at IS NULL
                AND ",
            $rest
        )
    };
}
const UNOPENED: &str = unopened!("t.handover_id = $1");
/// Handovers are in no backup: after a restore theirs is gone, and nobody can open these any more.
const LEFT_BEHIND: &str = unopened!(
    "t.handover_id IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM handover h WHERE h.handover_id = t.handover_id AND h.ended_at IS NULL)
   LIMIT $1"
);
const TAKE_BACK: &str = "UPDATE transmission SET withdrawn_at = $2 WHERE transmission_id = $1";

/// A set that nobody opened, its sender and its receiver.
type Unopened = (String, String, String);

/// Ends a handover, unless it has ended; writes the entry if it does. `act` begins an entry of whoever ends it.
pub(super) async fn write(
    c: &mut Connection,
    id: HandoverId,
    why: HandoverEnd,
    partner: OfficeNumber,
    act: &(dyn Fn(Action) -> Act + Send + Sync),
    at: &str,
) -> Result<bool, Error> {
    let ended = sqlx::query(END).bind(id.to_string()).bind(at).bind(why.id()).execute(&mut *c).await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(DROP_FILES).bind(id.to_string()).execute(&mut *c).await?;
    let entry = act(Action::HandoverEnd).counterpart(partner).object(id).code("why", why.id());
    record::append(c, &entry.done()?).await?;
    let unopened: Vec<Unopened> = sqlx::query_as(UNOPENED).bind(id.to_string()).fetch_all(&mut *c).await?;
    take_back(c, &unopened, act, at).await?;
    Ok(true)
}

async fn take_back(
    c: &mut Connection,
    unopened: &[Unopened],
    act: &(dyn Fn(Action) -> Act + Send + Sync),
    at: &str,
) -> Result<(), Error> {
    for (id, sender, receiver) in unopened {
        sqlx::query(TAKE_BACK).bind(id).bind(at).execute(&mut *c).await?;
        let (sender, receiver) = (sender.parse().map_err(|_| WHERE)?, receiver.parse().map_err(|_| WHERE)?);
        let id = id.parse().map_err(|_| WHERE)?;
        let entry = act(Action::SetWithdraw).office(sender).counterpart(receiver).object(id).done()?;
        receipts::append_step(c, id, Step::Withdraw, &entry).await?;
        board::take_back(c, id).await?;
    }
    Ok(())
}

/// Ends the handover by which a set went that is erased: what the letter opened is erased with it.
pub(crate) async fn withdraw_of_set(
    c: &mut Connection,
    handover: &str,
    act: &(dyn Fn(Action) -> Act + Send + Sync),
    at: &str,
) -> Result<(), Error> {
    let of: Option<(String, String)> = sqlx::query_as(OF_HANDOVER).bind(handover).fetch_optional(&mut *c).await?;
    let Some((office, partner)) = of else { return Ok(()) };
    let (office, partner): (OfficeNumber, OfficeNumber) =
        (office.parse().map_err(|_| WHERE)?, partner.parse().map_err(|_| WHERE)?);
    let act = |action| act(action).office(office);
    let id = handover.parse().map_err(|_| WHERE)?;
    write(c, id, HandoverEnd::Withdrawn, partner, &act, at).await.map(|_| ())
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
        let (now, by) = (self.clock.now(), by.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let act = |action| Act::person(action, &by, now);
                    write(c, id, HandoverEnd::Withdrawn, handover.partner, &act, &clock::text(now)).await
                })
            })
            .await
    }

    /// Ends what has had its time. Nothing depends on it: whoever asks is told no from the very second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_handovers(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        let at = clock::text(now);
        let over: Vec<(String, String, String)> =
            sqlx::query_as(OVER).bind(&at).bind(AT_ONCE).bind(HANDOVER_TRIES_MAX).fetch_all(&self.reads).await?;
        let left: Vec<Unopened> = sqlx::query_as(LEFT_BEHIND).bind(AT_ONCE).fetch_all(&self.reads).await?;
        if over.is_empty() && left.is_empty() {
            return Ok(0);
        }
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mut ended = 0;
                    for (id, office, partner) in over {
                        let office: OfficeNumber = office.parse().map_err(|_| WHERE)?;
                        let act = |action| Act::system(action, now).office(office);
                        let (id, partner) = (id.parse().map_err(|_| WHERE)?, partner.parse().map_err(|_| WHERE)?);
                        ended += u64::from(write(c, id, HandoverEnd::Time, partner, &act, &at).await?);
                    }
                    // Looked for again: some may have ended with their handover, a moment ago.
                    if !left.is_empty() {
                        let left: Vec<Unopened> = sqlx::query_as(LEFT_BEHIND).bind(AT_ONCE).fetch_all(&mut *c).await?;
                        take_back(c, &left, &|action| Act::system(action, now), &at).await?;
                        ended += left.len() as u64;
                    }
                    Ok(ended)
                })
            })
            .await
    }
}
