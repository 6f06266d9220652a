//! 相手の事業所が開く: by the address on the letter, its own number and the code from the telephone. No certificate proves who
//! asks, so tries are few, stays are short, and every step is in the log of the office that offered.

use super::boxes::{self, FileRow};
use super::offer::fresh_visit;
use super::{HANDOVER_TRIES_MAX, HandoverEnd, KEY, VISIT_LIFE, end};
use crate::database::Connection;
use crate::people::{Token, token_index};
use crate::record::{self, Act};
use crate::{AccountId, Error, HandoverId, Office, OpenedFile, Store, clock, receipts};
use exchange::Step;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::net::IpAddr;
use std::sync::Arc;

/// What came of knocking.
#[derive(Debug)]
pub enum Entered {
    /// Come in: the token of the visit.
    Done(Token),
    /// Number or code is wrong, or the address is none, or not any more: all the same to whoever asks.
    Refused,
    /// So many try at the moment that one more cannot.
    Busy,
}

/// Somebody who came in.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Ours.
    pub id: HandoverId,
    /// Who offered.
    pub office: Office,
    /// Who was meant.
    pub partner: OfficeNumber,
    /// 相手の事業所名.
    pub partner_name: String,
    /// When the address ends, RFC 3339.
    pub expires_at: String,
}

impl Visit {
    /// What is done with a set by whoever came in, for the office outside.
    pub(super) fn act(&self, action: Action, from: Option<IpAddr>, now: jiff::Timestamp) -> Act {
        by_letter(action, now)
            .office(self.partner)
            .counterpart(self.office.register.number)
            .source(from)
            .code("handover", &self.id.to_string())
    }
}

#[derive(FromRow)]
struct Door {
    handover_id: String,
    office_number: String,
    partner_number: String,
    code_hash: String,
}

#[derive(FromRow)]
struct Inside {
    handover_id: String,
    office_id: String,
    partner_number: String,
    partner_name: String,
    expires_at: String,
}

/// What opens it, as long as it is there.
#[derive(FromRow)]
struct Kept {
    key_sealed: Option<Vec<u8>>,
    envelope: Option<Vec<u8>>,
}

const DOOR: &str = "
    SELECT h.handover_id, o.office_number, h.partner_number, h.code_hash
      FROM handover h JOIN office o ON o.office_id = h.office_id
     WHERE h.address_index = $1 AND h.ended_at IS NULL AND h.expires_at > $2 AND h.code_hash IS NOT NULL
       AND o.closed_at IS NULL";
/// Before anything is compared: however many try at once, so many are compared and no more.
const TRY: &str = "
    UPDATE handover SET tries = tries + 1
     WHERE handover_id = $1 AND ended_at IS NULL AND expires_at > $2 AND tries < $3 RETURNING tries";
const ENTER: &str = "
    UPDATE handover SET tries = 0, visit_index = $2, visit_until = $3, opened_at = coalesce(opened_at, $4)
     WHERE handover_id = $1 AND ended_at IS NULL AND expires_at > $4";
const INSIDE: &str = "
    SELECT handover_id, office_id, partner_number, partner_name, expires_at
      FROM handover
     WHERE visit_index = $1 AND visit_until > $2 AND ended_at IS NULL AND expires_at > $2";
const LEAVE: &str = "UPDATE handover SET visit_index = NULL, visit_until = NULL WHERE visit_index = $1";
const KEPT: &str = "
    SELECT key_sealed, envelope FROM handover WHERE handover_id = $1 AND ended_at IS NULL AND expires_at > $2";
const FILES: &str = "SELECT ordinal, name, body FROM handover_file WHERE handover_id = $1 ORDER BY ordinal";

const OPEN: &str = "
    SELECT count(*) FROM handover WHERE handover_id = $1 AND ended_at IS NULL AND expires_at > $2";
/// Its sets that have not been opened before; where a file is named, only the one that it is of.
const UNOPENED: &str = "
    SELECT t.transmission_id FROM transmission t JOIN office r ON r.office_id = t.receiver_office_id
     WHERE t.handover_id = $1 AND r.outside_of IS NOT NULL AND t.collected_at IS NULL AND t.withdrawn_at IS NULL
       AND t.erased_at IS NULL
       AND ($2 = '' OR EXISTS (SELECT 1 FROM transmission_file f
                                WHERE f.transmission_id = t.transmission_id AND f.name = $2))";
const COLLECT: &str = "UPDATE transmission SET collected_at = $2 WHERE transmission_id = $1";

/// Whether a handover may still be used.
pub(crate) async fn is_open(c: &mut Connection, id: HandoverId, at: &str) -> Result<bool, Error> {
    let open: i64 = sqlx::query_scalar(OPEN).bind(id.to_string()).bind(at).fetch_one(c).await?;
    Ok(open == 1)
}

/// Done by whoever had letter and code: no person and no device that could be named, so the exchange says what it saw.
pub(crate) fn by_letter(action: Action, now: jiff::Timestamp) -> Act {
    Act::system(action, now).code("by", "letter")
}

impl Store {
    /// How a handover is opened for nothing but the names in it.
    pub const LISTED: &'static str = "list";

    /// Lets somebody in who has the address, says the number of the office that was meant, and the code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enter_handover(
        &self,
        address: &str,
        number: &str,
        code: &str,
        from: Option<IpAddr>,
    ) -> Result<Entered, Error> {
        const WHERE: Error = Error::Impossible("handover");
        let now = self.clock.now();
        // 130 random bits cannot be tried out: whoever has no address of ours is told no without more work.
        let door: Option<Door> =
            sqlx::query_as(DOOR).bind(token_index(address)).bind(clock::text(now)).fetch_optional(&self.reads).await?;
        let Some(door) = door else { return Ok(Entered::Refused) };
        let Some(place) = self.hasher().queue() else { return Ok(Entered::Busy) };
        let id: HandoverId = door.handover_id.parse().map_err(|_| WHERE)?;
        let tried: Option<i64> = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let tried = sqlx::query_scalar(TRY)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .bind(HANDOVER_TRIES_MAX)
                        .fetch_optional(c)
                        .await?;
                    Ok(tried)
                })
            })
            .await?;
        let Some(tried) = tried else { return Ok(Entered::Refused) };
        // The work is the same whether the number is right or not.
        let compared = self.hasher().compare(&place, Some((AccountId::fresh(), &door.code_hash)), code).await?;
        drop(place);
        let known = compared.proof.is_some() && number == door.partner_number;
        let office: OfficeNumber = door.office_number.parse().map_err(|_| WHERE)?;
        let partner: OfficeNumber = door.partner_number.parse().map_err(|_| WHERE)?;
        if !known {
            let act =
                Act::unknown(Action::HandoverEnter, now).office(office).counterpart(partner).object(id).source(from);
            let last = tried >= HANDOVER_TRIES_MAX;
            let entry = act.number("tries", u64::try_from(tried).unwrap_or_default()).refused_for("code")?;
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        record::append(c, &entry).await?;
                        if last {
                            let act = |action| Act::system(action, now).office(office);
                            end::write(c, id, HandoverEnd::Tries, partner, &act, &clock::text(now)).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
            return Ok(Entered::Refused);
        }
        let entry = by_letter(Action::HandoverEnter, now).office(office).counterpart(partner).object(id).source(from);
        let (token, entry) = (fresh_visit(), entry.done()?);
        let index = token_index(token.reveal());
        let entered = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let entered = sqlx::query(ENTER)
                        .bind(id.to_string())
                        .bind(index)
                        .bind(clock::text(now + VISIT_LIFE))
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    let entered = entered.rows_affected() == 1;
                    if entered {
                        record::append(c, &entry).await?;
                    }
                    Ok(entered)
                })
            })
            .await?;
        Ok(if entered { Entered::Done(token) } else { Entered::Refused })
    }

    /// Who holds this token now. Asked at every request: what was withdrawn a moment ago is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handover_visit(&self, token: &str) -> Result<Option<Visit>, Error> {
        const WHERE: Error = Error::Impossible("handover");
        let inside: Option<Inside> =
            sqlx::query_as(INSIDE).bind(token_index(token)).bind(self.now_text()).fetch_optional(&self.reads).await?;
        let Some(inside) = inside else { return Ok(None) };
        let office = self.office_by_id(inside.office_id.parse().map_err(|_| WHERE)?).await?.ok_or(WHERE)?;
        if office.register.closed {
            return Ok(None);
        }
        Ok(Some(Visit {
            id: inside.handover_id.parse().map_err(|_| WHERE)?,
            office,
            partner: inside.partner_number.parse().map_err(|_| WHERE)?,
            partner_name: inside.partner_name,
            expires_at: inside.expires_at,
        }))
    }

    /// Ends a visit; the address stays good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave_handover(&self, token: &str) -> Result<(), Error> {
        let index = token_index(token);
        self.writer
            .run(move |c| {
                Box::pin(
                    async move { sqlx::query(LEAVE).bind(index).execute(c).await.map(|_| ()).map_err(Error::from) },
                )
            })
            .await
    }

    /// Opens what was handed over, to be read, printed or downloaded: all of it, or only the file of this name. Except for its
    /// list this collects its sets, or the one that the file is of. Recorded before a byte goes out (R10.2); where no file has
    /// that name nothing is done. Nothing when it ended meanwhile.
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn open_handover(
        self: &Arc<Self>,
        visit: &Visit,
        (how, only): (&'static str, Option<&str>),
        from: Option<IpAddr>,
    ) -> Result<Option<Vec<OpenedFile>>, Error> {
        let (id, office) = (visit.id.to_string(), visit.office.id.to_string());
        let now = self.clock.now();
        let kept: Option<Kept> =
            sqlx::query_as(KEPT).bind(&id).bind(clock::text(now)).fetch_optional(&self.reads).await?;
        let Some(Kept { key_sealed: Some(key), envelope: Some(envelope) }) = kept else { return Ok(None) };
        let rows: Vec<FileRow> = sqlx::query_as(FILES).bind(&id).fetch_all(&self.reads).await?;
        let key = self.open_key(KEY, visit.id, &key)?;
        let mut opened = tokio::task::spawn_blocking(move || boxes::open(&id, &office, &key, &envelope, rows))
            .await
            .map_err(|_| Error::Impossible("opening"))??;
        if let Some(only) = only {
            opened.retain(|file| file.name == only);
            if opened.is_empty() {
                return Ok(Some(opened));
            }
        }
        let only = only.unwrap_or_default().to_owned();
        let entry = by_letter(Action::HandoverOpen, now)
            .office(visit.office.register.number)
            .counterpart(visit.partner)
            .object(visit.id)
            .source(from)
            .code("reading", how)
            .number("files", opened.len() as u64)
            .done()?;
        let (id, visit) = (visit.id.to_string(), visit.clone());
        // Decided again when it is recorded: it may have been withdrawn meanwhile.
        let still = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let kept: Option<Kept> = sqlx::query_as(KEPT).bind(&id).bind(&at).fetch_optional(&mut *c).await?;
                    if kept.is_none_or(|kept| kept.key_sealed.is_none()) {
                        return Ok(false);
                    }
                    record::append(c, &entry).await?;
                    if how == Self::LISTED {
                        return Ok(true);
                    }
                    let unopened: Vec<String> =
                        sqlx::query_scalar(UNOPENED).bind(&id).bind(only).fetch_all(&mut *c).await?;
                    for set in unopened {
                        sqlx::query(COLLECT).bind(&set).bind(&at).execute(&mut *c).await?;
                        let set = set.parse().map_err(|_| Error::Impossible("transmission"))?;
                        let entry = visit.act(Action::SetCollect, from, now).object(set).code("reading", how).done()?;
                        receipts::append_step(c, set, Step::Collect, &entry).await?;
                    }
                    Ok(true)
                })
            })
            .await?;
        Ok(still.then_some(opened))
    }
}
