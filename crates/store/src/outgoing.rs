//! 送信待ち: files that people of an office have brought and not sent. A draft waits for its author, what is held for a second
//! person. Both lie sealed and end by themselves; what ended keeps no content.

use crate::database::Connection;
use crate::people::{Column, NAME, Person, evidence_pieces};
use crate::record::{self, Act};
use crate::{AccountId, Error, Hand, OutgoingId, Store, TransmissionId, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;
use standard::value::Private;
use standard::{OfficeNumber, Serial, UnitKind};

/// Bytes of one draft.
pub const OUTGOING_BYTES_MAX: usize = 32 << 20;
/// Characters of a reason.
pub const REASON_CHARACTERS_MAX: usize = 500;
/// A draft that nobody confirms: until the next evening, whenever it was brought.
const DRAFT_KEPT: SignedDuration = SignedDuration::from_hours(36);
/// A second person is in the office within a week.
const HELD_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What ended is listed for so long; its content is gone at once.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Open ones of a person; more than anybody looks through.
const OPEN_MAX: i64 = 100;
/// Bytes of one sealed piece, as a sealed field holds no more.
const PIECE_BYTES: usize = 48 << 10;

const BODY: Column = Column("outgoing", "body_sealed");
const REASON: Column = Column("outgoing", "reason_sealed");
const CONTENT_FIELD: &str = "outgoing.content";
const WHERE: Error = Error::Impossible("outgoing");

const OPEN_OF: &str = "SELECT count(*) FROM outgoing WHERE office_id = $1 AND account_id = $2 AND ended_at IS NULL";
const INSERT: &str = "
    INSERT INTO outgoing (outgoing_id, office_id, account_id, purpose, receiver_number, kind, serial, content_index,
                          body_sealed, reason_sealed, made_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
const SAME: &str = "
    SELECT outgoing_id FROM outgoing
     WHERE office_id = $1 AND account_id = $2 AND purpose = $3 AND content_index = $4 AND ended_at IS NULL";
const DRAFT: &str = "
    SELECT body_sealed, ended_at, answers FROM outgoing
     WHERE outgoing_id = $1 AND office_id = $2 AND account_id = $3 AND purpose = 'draft'
       AND (ended_at IS NOT NULL OR expires_at > $4)";
const HELD: &str = "
    SELECT o.outgoing_id, o.account_id, a.name_sealed, o.receiver_number, f.name AS receiver_name, o.kind, o.serial,
           o.reason_sealed, o.made_at, o.expires_at
      FROM outgoing o JOIN account a ON a.account_id = o.account_id
      LEFT JOIN office f ON f.office_number = o.receiver_number
     WHERE o.office_id = $1 AND o.purpose = 'held' AND o.ended_at IS NULL AND o.expires_at > $2
     ORDER BY o.made_at LIMIT $3";
const HELD_BODY: &str = "
    SELECT body_sealed FROM outgoing
     WHERE outgoing_id = $1 AND office_id = $2 AND purpose = 'held' AND ended_at IS NULL AND expires_at > $3";
const WAS_HELD: &str = "
    SELECT count(*) FROM outgoing WHERE outgoing_id = $1 AND office_id = $2 AND purpose = 'held'";
const MAY_RELEASE: &str = "
    SELECT count(*) FROM outgoing
     WHERE outgoing_id = $1 AND office_id = $2 AND account_id <> $3 AND purpose = 'held' AND ended_at IS NULL";
const END: &str = "
    UPDATE outgoing SET ended_at = $4, ended_by = $3, result = $5, answers = $6, body_sealed = $7, reason_sealed = NULL
     WHERE outgoing_id = $1 AND office_id = $2 AND ended_at IS NULL";
const EXPIRE: &str = "
    UPDATE outgoing SET ended_at = $1, result = 'expired', body_sealed = $2, reason_sealed = NULL
     WHERE ended_at IS NULL AND expires_at <= $1
    RETURNING outgoing_id";
/// The same of one person, before they bring something: what is over must not stand for the new, nor take its place.
const EXPIRE_OF: &str = "
    UPDATE outgoing SET ended_at = $1, result = 'expired', body_sealed = $2, reason_sealed = NULL
     WHERE office_id = $3 AND account_id = $4 AND ended_at IS NULL AND expires_at <= $1
    RETURNING outgoing_id";
const FORGET: &str = "DELETE FROM outgoing WHERE ended_at <= $1";

/// What is to be held for a second person.
#[derive(Debug)]
pub struct NewHold {
    /// 送信先.
    pub receiver: OfficeNumber,
    /// Which send unit.
    pub kind: UnitKind,
    /// ファイル連番.
    pub serial: Serial,
    /// Why it is to go all the same.
    pub reason: Private<String>,
}

/// What came of keeping something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutgoingKept {
    /// It lies here, now or since before.
    Done(OutgoingId),
    /// More than may wait at a time, or larger than may wait at all.
    TooMuch,
    /// No reason, too long a one, or one that cannot be shown.
    UnfitReason,
}

/// 下書き.
#[derive(Debug)]
pub struct Draft {
    /// What was brought; nothing once it has ended.
    pub body: Option<Private<Vec<u8>>>,
    /// What came of it, a line for each set.
    pub answers: String,
}

/// 確認待ち, in a list.
#[derive(Clone, Debug)]
pub struct HeldRow {
    /// Ours.
    pub id: OutgoingId,
    /// Who asked.
    pub by: AccountId,
    /// Their name.
    pub by_name: Private<String>,
    /// 送信先.
    pub receiver: OfficeNumber,
    /// Its name, where it is registered.
    pub receiver_name: Option<String>,
    /// Which send unit.
    pub kind: UnitKind,
    /// ファイル連番.
    pub serial: Serial,
    /// Why it is to go all the same.
    pub reason: Private<String>,
    /// RFC 3339.
    pub made_at: String,
    /// RFC 3339.
    pub expires_at: String,
}

#[derive(FromRow)]
struct Row {
    outgoing_id: String,
    account_id: String,
    name_sealed: Vec<u8>,
    receiver_number: String,
    receiver_name: Option<String>,
    kind: String,
    serial: String,
    reason_sealed: Option<Vec<u8>>,
    made_at: String,
    expires_at: String,
}

struct New<'n> {
    purpose: &'static str,
    hold: Option<&'n NewHold>,
    body: &'n [u8],
    life: SignedDuration,
    action: Action,
}

impl Store {
    /// Keeps files until their author has seen what is said about them. The same again is the same draft.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn keep_draft(&self, person: &Person, body: &[u8]) -> Result<OutgoingKept, Error> {
        let (purpose, life, action) = ("draft", DRAFT_KEPT, Action::SetCheck);
        self.keep(person, New { purpose, hold: None, body, life, action }).await
    }

    /// Keeps a set until a second person of the office has confirmed it, or until nobody did.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn hold(&self, person: &Person, hold: &NewHold, body: &[u8]) -> Result<OutgoingKept, Error> {
        let reason = hold.reason.reveal();
        let shown = !reason.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\r');
        if reason.trim().is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX || !shown {
            return Ok(OutgoingKept::UnfitReason);
        }
        let (purpose, life, action) = ("held", HELD_KEPT, Action::SetHold);
        self.keep(person, New { purpose, hold: Some(hold), body, life, action }).await
    }

    async fn keep(&self, person: &Person, new: New<'_>) -> Result<OutgoingKept, Error> {
        let New { purpose, hold, body, life, action } = new;
        if body.len() > OUTGOING_BYTES_MAX {
            return Ok(OutgoingKept::TooMuch);
        }
        let (id, now) = (OutgoingId::fresh(), self.clock.now());
        let sealed = self.seal_pieces(id, body)?;
        let reason =
            hold.map(|hold| self.seal_field(REASON, id, hold.reason.reveal().trim().as_bytes())).transpose()?;
        let index = self.keyed_index(CONTENT_FIELD, body)?;
        let act = Act::person(action, person, now).object(id).number("size_bytes", body.len() as u64);
        let act = hold.map_or(act.clone(), |hold| act.counterpart(hold.receiver).code("kind", hold.kind.id()));
        let entry = act.done()?;
        let (office, account) = (person.asker.office.id.to_string(), person.account_id.to_string());
        let about = hold.map(|hold| (hold.receiver.to_string(), hold.kind.id(), hold.serial.to_string()));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let over: Vec<String> = sqlx::query_scalar(EXPIRE_OF)
                        .bind(clock::text(now))
                        .bind(Vec::<u8>::new())
                        .bind(&office)
                        .bind(&account)
                        .fetch_all(&mut *c)
                        .await?;
                    record_expired(c, &over, now).await?;
                    let open: i64 = sqlx::query_scalar(OPEN_OF).bind(&office).bind(&account).fetch_one(&mut *c).await?;
                    let inserted = if open >= OPEN_MAX {
                        0
                    } else {
                        let (receiver, kind, serial) =
                            about.map_or((None, None, None), |(to, kind, serial)| (Some(to), Some(kind), Some(serial)));
                        sqlx::query(INSERT)
                            .bind(id.to_string())
                            .bind(&office)
                            .bind(&account)
                            .bind(purpose)
                            .bind(receiver)
                            .bind(kind)
                            .bind(serial)
                            .bind(&index)
                            .bind(sealed)
                            .bind(reason)
                            .bind(clock::text(now))
                            .bind(clock::text(now + life))
                            .execute(&mut *c)
                            .await?
                            .rows_affected()
                    };
                    if inserted == 1 {
                        record::append(c, &entry).await?;
                        return Ok(OutgoingKept::Done(id));
                    }
                    let same: Option<String> = sqlx::query_scalar(SAME)
                        .bind(&office)
                        .bind(&account)
                        .bind(purpose)
                        .bind(&index)
                        .fetch_optional(&mut *c)
                        .await?;
                    Ok(match same {
                        Some(same) => OutgoingKept::Done(same.parse().map_err(|_| WHERE)?),
                        None => OutgoingKept::TooMuch,
                    })
                })
            })
            .await
    }

    /// A draft of this person, or what came of it; nothing where there is none of theirs.
    ///
    /// # Errors
    /// When the database or the key store fails, or it does not open.
    pub async fn draft(&self, person: &Person, id: OutgoingId) -> Result<Option<Draft>, Error> {
        let row: Option<(Vec<u8>, Option<String>, Option<String>)> = sqlx::query_as(DRAFT)
            .bind(id.to_string())
            .bind(person.asker.office.id.to_string())
            .bind(person.account_id.to_string())
            .bind(self.now_text())
            .fetch_optional(&self.reads)
            .await?;
        let Some((sealed, ended, answers)) = row else { return Ok(None) };
        let body = if ended.is_none() { Some(self.open_pieces(id, &sealed)?) } else { None };
        Ok(Some(Draft { body, answers: answers.unwrap_or_default() }))
    }

    /// A draft has been sent, as far as it could be: what came of each set stays, its content does not. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_draft(
        &self,
        person: &Person,
        id: OutgoingId,
        result: &'static str,
        answers: String,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::person(Action::SetHoldEnd, person, now).object(id).code("result", result).done()?;
        let (office, account) = (person.asker.office.id.to_string(), person.account_id.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let ended = end(c, [&id.to_string(), &office, &account], now, result, Some(answers)).await?;
                    if ended {
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// What waits for a second person of this office, oldest first.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn held_sets(&self, person: &Person) -> Result<Vec<HeldRow>, Error> {
        let rows: Vec<Row> = sqlx::query_as(HELD)
            .bind(person.asker.office.id.to_string())
            .bind(self.now_text())
            .bind(OPEN_MAX)
            .fetch_all(&self.reads)
            .await?;
        let read = |row: Row| {
            let (id, by) = (row.outgoing_id.parse().map_err(|_| WHERE)?, row.account_id.parse().map_err(|_| WHERE)?);
            let reason = row.reason_sealed.ok_or(WHERE)?;
            Ok(HeldRow {
                id,
                by,
                by_name: self.open_text(NAME, by, &row.name_sealed)?,
                receiver: row.receiver_number.parse().map_err(|_| WHERE)?,
                receiver_name: row.receiver_name,
                kind: UnitKind::from_id(&row.kind).ok_or(WHERE)?,
                serial: row.serial.parse().map_err(|_| WHERE)?,
                reason: self.open_text(REASON, id, &reason)?,
                made_at: row.made_at,
                expires_at: row.expires_at,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Whether this ever waited for a second person of this office, as far as is still known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn was_held(&self, person: &Person, id: OutgoingId) -> Result<bool, Error> {
        let rows: i64 = sqlx::query_scalar(WAS_HELD)
            .bind(id.to_string())
            .bind(person.asker.office.id.to_string())
            .fetch_one(&self.reads)
            .await?;
        Ok(rows > 0)
    }

    /// What is held, opened for a person of its office. The record is on disk before it is handed out (R10.2).
    ///
    /// # Errors
    /// When the database or the key store fails, or it does not open.
    pub async fn open_held(&self, person: &Person, id: OutgoingId) -> Result<Option<Private<Vec<u8>>>, Error> {
        let now = self.clock.now();
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(HELD_BODY)
            .bind(id.to_string())
            .bind(person.asker.office.id.to_string())
            .bind(clock::text(now))
            .fetch_optional(&self.reads)
            .await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let body = self.open_pieces(id, &sealed)?;
        self.record(Act::person(Action::SetCheck, person, now).object(id).done()?).await?;
        Ok(Some(body))
    }

    /// Takes back what is held. Anybody of the office may; done before, nothing happens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_held(&self, person: &Person, id: OutgoingId) -> Result<(), Error> {
        self.end_draft(person, id, "withdrawn", String::new()).await
    }

    /// Ends what nobody confirmed in time, and forgets what ended long ago.
    pub(crate) async fn end_outgoing(&self, now: Timestamp) -> Result<u64, Error> {
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let expire = sqlx::query_scalar(EXPIRE).bind(clock::text(now)).bind(Vec::<u8>::new());
                    let over: Vec<String> = expire.fetch_all(&mut *c).await?;
                    record_expired(c, &over, now).await?;
                    sqlx::query(FORGET).bind(clock::text(now - ENDED_KEPT)).execute(&mut *c).await?;
                    Ok(over.len() as u64)
                })
            })
            .await
    }

    /// Piece by piece, each bound to its place: none can be left out, doubled or moved unnoticed.
    fn seal_pieces(&self, id: OutgoingId, body: &[u8]) -> Result<Vec<u8>, Error> {
        let pieces = body.len().div_ceil(PIECE_BYTES);
        let mut sealed = Vec::with_capacity(body.len() + pieces * 128);
        for (at, piece) in body.chunks(PIECE_BYTES).enumerate() {
            let piece = self.seal_field(BODY, format_args!("{id}/{at}/{pieces}"), piece)?;
            sealed.extend_from_slice(&u32::try_from(piece.len()).map_err(|_| WHERE)?.to_be_bytes());
            sealed.extend_from_slice(&piece);
        }
        Ok(sealed)
    }

    fn open_pieces(&self, id: OutgoingId, sealed: &[u8]) -> Result<Private<Vec<u8>>, Error> {
        let pieces = evidence_pieces(sealed)?;
        let mut body = Vec::with_capacity(sealed.len());
        for (at, piece) in pieces.iter().enumerate() {
            body.extend_from_slice(&self.open_field(BODY, format_args!("{id}/{at}/{}", pieces.len()), piece)?);
        }
        Ok(Private::new(body))
    }
}

/// Whether this hand may let go what is held: it waits, for this office, and another person brought it.
pub(crate) async fn may_release(c: &mut Connection, hand: &Hand, id: OutgoingId) -> Result<bool, Error> {
    let Hand::Person(person) = hand else { return Ok(false) };
    let waits: i64 = sqlx::query_scalar(MAY_RELEASE)
        .bind(id.to_string())
        .bind(person.asker.office.id.to_string())
        .bind(person.account_id.to_string())
        .fetch_one(c)
        .await?;
    Ok(waits == 1)
}

/// It goes, in the transaction of the set: who asked and who confirmed stand in the log, each in an entry of their own.
pub(crate) async fn release(
    c: &mut Connection,
    hand: &Hand,
    id: OutgoingId,
    sent: TransmissionId,
    now: Timestamp,
) -> Result<(), Error> {
    let Hand::Person(person) = hand else { return Err(WHERE) };
    let (office, account) = (person.asker.office.id.to_string(), person.account_id.to_string());
    if !end(c, [&id.to_string(), &office, &account], now, "sent", None).await? {
        return Err(WHERE);
    }
    let act = Act::person(Action::SetRelease, person, now).object(id).code("transmission", &sent.to_string());
    record::append(c, &act.done()?).await?;
    Ok(())
}

async fn record_expired(c: &mut Connection, over: &[String], now: Timestamp) -> Result<(), Error> {
    for id in over {
        let act = Act::system(Action::SetHoldEnd, now).object(id).code("result", "expired");
        record::append(c, &act.done()?).await?;
    }
    Ok(())
}

async fn end(
    c: &mut Connection,
    [id, office, account]: [&str; 3],
    now: Timestamp,
    result: &'static str,
    answers: Option<String>,
) -> Result<bool, Error> {
    let ended = sqlx::query(END)
        .bind(id)
        .bind(office)
        .bind(account)
        .bind(clock::text(now))
        .bind(result)
        .bind(answers)
        .bind(Vec::<u8>::new())
        .execute(c)
        .await?;
    Ok(ended.rows_affected() == 1)
}
