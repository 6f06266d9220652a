//! What an erasure takes away, kind by kind: what may go and when, and how it is blanked.

use crate::database::Connection;
use crate::keys::Keys;
use crate::people::evidence_pieces;
use crate::receipts::append_step;
use crate::record::{self, Act};
use crate::retention::{Archives, Holds, Kind, Rule, after, days};
use crate::{CopyPlace, Error, KeyKind, Store, key_copies};
use exchange::Step;
use jiff::Timestamp;
use ledger::Action;
use seal::{Envelope, Purpose};
use sqlx::FromRow;
use standard::OfficeNumber;
use std::sync::Arc;

/// A set that nobody fetched or confirmed waits so many days at least, however short the rule.
const UNFINISHED_DAYS_MIN: i64 = 90;
/// What stands in the place of a sealed text that was erased. It is sealed like any other, so lists need no exception.
const BLANK: &[u8] = "—".as_bytes();
/// In the place of the digest of a set.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Candidates looked at in one query.
const CANDIDATES_AT_ONCE: i64 = 500;

/// Why something is not erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// There is no such thing of this kind.
    Unknown(String),
    /// It was erased before.
    Already(String),
    /// It has not come to its end: still in use, or a case still open.
    NotEnded(String),
    /// It must be kept until this instant (RFC 3339, UTC).
    Minimum {
        /// Which thing.
        object: String,
        /// Until when.
        until: String,
    },
    /// It is being held.
    Held {
        /// Which thing.
        object: String,
        /// By which hold.
        hold: String,
    },
}

/// What decides whether a thing may go.
pub(super) struct Standing {
    /// Since when it is over; nothing while it is not.
    ended: Option<Timestamp>,
    /// Days that its time is longer than the rule's, where it never came to a proper end.
    at_least: i64,
    erased: bool,
    offices: Vec<String>,
}

impl Standing {
    pub(super) fn is_erased(&self) -> bool {
        self.erased
    }
}

/// The rules of one moment.
pub(super) struct Measure {
    pub(super) rule: Rule,
    pub(super) holds: Holds,
    pub(super) archives: Archives,
    pub(super) now: Timestamp,
}

impl Measure {
    /// Whether its ordinary time is over; `Err` where nobody may erase it yet.
    pub(super) fn of(&self, kind: Kind, object: &str, standing: &Standing) -> Result<bool, Blocked> {
        if standing.erased {
            return Err(Blocked::Already(object.to_owned()));
        }
        let offices: Vec<&str> = standing.offices.iter().map(String::as_str).collect();
        if let Some(hold) = self.holds.on(kind, object, &offices) {
            return Err(Blocked::Held { object: object.to_owned(), hold: hold.to_owned() });
        }
        let Some(ended) = standing.ended else { return Err(Blocked::NotEnded(object.to_owned())) };
        let archive = match offices.as_slice() {
            [one] if kind == Kind::Sets => self.archives.days_of([one, one]),
            [one, other] if kind == Kind::Sets => self.archives.days_of([one, other]),
            _ => 0,
        };
        let minimum = after(ended, self.rule.minimum_days.max(archive));
        if minimum > self.now {
            let until = crate::clock::text(minimum);
            return Err(Blocked::Minimum { object: object.to_owned(), until });
        }
        Ok(after(ended, self.rule.keep_days.max(standing.at_least)) <= self.now)
    }
}

#[derive(FromRow)]
struct SetRow {
    sender_office_id: String,
    receiver_office_id: String,
    accepted_at: String,
    acknowledged_at: Option<String>,
    withdrawn_at: Option<String>,
    erased_at: Option<String>,
}

const SET: &str = "
    SELECT sender_office_id, receiver_office_id, accepted_at, acknowledged_at, withdrawn_at, erased_at
      FROM transmission WHERE transmission_id = $1";
const EVIDENCE: &str = "SELECT office_id, ended_at, erased_at FROM recovery WHERE recovery_id = $1";
const LEAVER: &str = "SELECT closed_at, erased_at FROM account WHERE account_id = $1";
const LEAVER_OFFICES: &str =
    "SELECT DISTINCT office_id FROM role_grant WHERE account_id = $1 AND office_id IS NOT NULL LIMIT 1000";
const OFFICE_KEY: &str = "
    SELECT k.office_id, o.closed_at, k.destroyed_at FROM office_key k JOIN office o ON o.office_id = k.office_id
     WHERE k.key_id = $1 AND o.is_operator = 0";

type Times = (Option<String>, Option<String>, Option<String>);

fn instant(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::Impossible("an instant"))
}

pub(super) async fn standing(c: &mut Connection, kind: Kind, object: &str) -> Result<Option<Standing>, Error> {
    let ended = |text: &Option<String>| text.as_deref().map(instant).transpose();
    Ok(match kind {
        Kind::Sets => {
            let row: Option<SetRow> = sqlx::query_as(SET).bind(object).fetch_optional(&mut *c).await?;
            let Some(row) = row else { return Ok(None) };
            let finished = row.withdrawn_at.as_ref().or(row.acknowledged_at.as_ref());
            Some(Standing {
                ended: Some(instant(finished.unwrap_or(&row.accepted_at))?),
                at_least: if finished.is_some() { 0 } else { UNFINISHED_DAYS_MIN },
                erased: row.erased_at.is_some(),
                offices: vec![row.sender_office_id, row.receiver_office_id],
            })
        }
        Kind::Evidence => {
            let row: Option<Times> = sqlx::query_as(EVIDENCE).bind(object).fetch_optional(&mut *c).await?;
            let Some((office, over, erased)) = row else { return Ok(None) };
            Some(Standing {
                ended: ended(&over)?,
                at_least: 0,
                erased: erased.is_some(),
                offices: Vec::from_iter(office),
            })
        }
        Kind::Leavers => {
            let row: Option<(Option<String>, Option<String>)> =
                sqlx::query_as(LEAVER).bind(object).fetch_optional(&mut *c).await?;
            let Some((closed, erased)) = row else { return Ok(None) };
            let offices = sqlx::query_scalar(LEAVER_OFFICES).bind(object).fetch_all(&mut *c).await?;
            Some(Standing { ended: ended(&closed)?, at_least: 0, erased: erased.is_some(), offices })
        }
        Kind::OfficeKeys => {
            let row: Option<Times> = sqlx::query_as(OFFICE_KEY).bind(object).fetch_optional(&mut *c).await?;
            let Some((office, closed, gone)) = row else { return Ok(None) };
            Some(Standing {
                ended: ended(&closed)?,
                at_least: 0,
                erased: gone.is_some(),
                offices: Vec::from_iter(office),
            })
        }
        _ => None,
    })
}

const SETS_KEPT: &str = "
    SELECT accepted_at, transmission_id FROM transmission
     WHERE erased_at IS NULL AND accepted_at <= $1
       AND (accepted_at > $2 OR (accepted_at = $2 AND transmission_id > $3))
     ORDER BY accepted_at, transmission_id LIMIT $4";
const EVIDENCE_KEPT: &str = "
    SELECT made_at, recovery_id FROM recovery
     WHERE erased_at IS NULL AND ended_at <= $1 AND (made_at > $2 OR (made_at = $2 AND recovery_id > $3))
     ORDER BY made_at, recovery_id LIMIT $4";
const LEAVERS_KEPT: &str = "
    SELECT created_at, account_id FROM account
     WHERE erased_at IS NULL AND state = 'closed' AND closed_at <= $1
       AND (created_at > $2 OR (created_at = $2 AND account_id > $3))
     ORDER BY created_at, account_id LIMIT $4";
const KEYS_KEPT: &str = "
    SELECT k.created_at, k.key_id FROM office_key k JOIN office o ON o.office_id = k.office_id
     WHERE k.destroyed_at IS NULL AND o.is_operator = 0 AND o.closed_at <= $1
       AND (k.created_at > $2 OR (k.created_at = $2 AND k.key_id > $3))
     ORDER BY k.created_at, k.key_id LIMIT $4";

/// Things of a kind whose ordinary time is over, oldest first, at most so many.
pub(super) async fn due(c: &mut Connection, kind: Kind, measure: &Measure, most: usize) -> Result<Vec<String>, Error> {
    let sql = match kind {
        Kind::Sets => SETS_KEPT,
        Kind::Evidence => EVIDENCE_KEPT,
        Kind::Leavers => LEAVERS_KEPT,
        Kind::OfficeKeys => KEYS_KEPT,
        _ => return Ok(Vec::new()),
    };
    let before = measure.now.checked_sub(days(measure.rule.keep_days)).unwrap_or(Timestamp::MIN);
    let before = crate::clock::text(before);
    let (mut at, mut id, mut due) = (String::new(), String::new(), Vec::new());
    loop {
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql).bind(&before).bind(&at).bind(&id).bind(CANDIDATES_AT_ONCE).fetch_all(&mut *c).await?;
        let Some((last_at, last_id)) = rows.last().cloned() else { return Ok(due) };
        for (_, object) in rows {
            let Some(standing) = standing(c, kind, &object).await? else { continue };
            if measure.of(kind, &object, &standing) == Ok(true) {
                due.push(object);
                if due.len() == most {
                    return Ok(due);
                }
            }
        }
        (at, id) = (last_at, last_id);
    }
}

/// What was taken away, for the search afterwards.
#[derive(Default)]
pub(super) struct Taken {
    /// Pieces of sealed bytes: random ones, so that finding one means finding this.
    pub(super) pieces: Vec<Vec<u8>>,
    /// Files of the body folder.
    pub(super) bodies: Vec<String>,
}

impl Taken {
    /// Pieces of a blob whose first `skip` bytes are alike in others.
    fn note(&mut self, blob: &[u8], skip: usize) {
        let step = if blob.len() > 4096 { 1024 } else { 256 };
        let Some(last) = blob.len().checked_sub(super::search::WINDOW).filter(|last| *last >= skip) else { return };
        for at in (skip..last).step_by(step).chain([last]) {
            self.pieces.push(blob[at..at + super::search::WINDOW].to_vec());
        }
    }

    /// The wrapped keys of an envelope. One that cannot be read any more is destroyed like any other.
    fn note_envelope(&mut self, envelope: &[u8]) {
        for wrapped in Envelope::parse(envelope).iter().flat_map(|envelope| envelope.keys()) {
            for part in wrapped.parts() {
                self.note(part, 0);
            }
        }
    }
}

/// Bytes of a sealed body, of a wrapped secret and of a password hash that others have too.
const BOX_HEADER: usize = 96;
const SECRET_HEADER: usize = 21;

/// With the handover by which it went, where it is sealed a second time; what came back by one lies only here.
const SET_BYTES: &str = "
    SELECT t.envelope, substr(s.office_number, 1, 10), substr(r.office_number, 1, 10),
           CASE WHEN r.outside_of IS NOT NULL THEN t.handover_id END
      FROM transmission t
      JOIN office s ON s.office_id = t.sender_office_id JOIN office r ON r.office_id = t.receiver_office_id
     WHERE t.transmission_id = $1 AND t.erased_at IS NULL";
const LETTER: &str = "SELECT key_sealed, envelope FROM handover WHERE handover_id = $1";
const LETTER_BODIES: &str = "SELECT body FROM handover_file WHERE handover_id = $1";
const SET_BODIES: &str = "SELECT body, body_key FROM transmission_file WHERE transmission_id = $1";
const SET_ENCLOSURES: &str = "SELECT body FROM transmission_enclosure WHERE transmission_id = $1";
const BLANK_SET: &str = "
    UPDATE transmission SET envelope = $2, commitment_salt = $2, digest = $3, erased_at = $4, damaged_at = NULL,
                            enclosures = 0, enclosure_index = ''
     WHERE transmission_id = $1";
const DROP_FILES: &str = "DELETE FROM transmission_file WHERE transmission_id = $1";
const DROP_ENCLOSURES: &str = "DELETE FROM transmission_enclosure WHERE transmission_id = $1";
const DROP_ITEMS: &str = "DELETE FROM transmission_item WHERE transmission_id = $1";
/// What the receiver said in its own words; codes and places stay with the proof.
const NOTE: &str = "SELECT note_sealed FROM import_answer WHERE transmission_id = $1 AND note_sealed IS NOT NULL";
const DROP_NOTE: &str = "UPDATE import_answer SET note_sealed = NULL, note_index = '' WHERE transmission_id = $1";

const EVIDENCE_BYTES: &str = "SELECT evidence_sealed FROM recovery WHERE recovery_id = $1 AND erased_at IS NULL";
const BLANK_EVIDENCE: &str = "UPDATE recovery SET evidence_sealed = $2, erased_at = $3 WHERE recovery_id = $1";

const ACCOUNT_BYTES: &str = "
    SELECT login_sealed, name_sealed, kana_sealed FROM account WHERE account_id = $1 AND erased_at IS NULL";
const FACTOR_BYTES: &str = "SELECT factor_id, label_sealed, secret_sealed FROM factor WHERE account_id = $1";
const BLANK_ACCOUNT: &str = "
    UPDATE account SET login_sealed = $2, name_sealed = $3, kana_sealed = $4, password_hash = NULL,
                       person_index = $5, erased_at = $6
     WHERE account_id = $1";
const BLANK_FACTOR: &str = "
    UPDATE factor SET label_sealed = $2, secret_sealed = $3, state = 'removed', credential_index = NULL
     WHERE factor_id = $1";
/// Gone when the account was closed; here in case nobody has tidied up since.
const MAIL_BYTES: &str = "SELECT address_sealed FROM arrival_mail WHERE account_id = $1 AND address_sealed IS NOT NULL";
const DROP_MAIL: &str = "DELETE FROM arrival_mail WHERE account_id = $1";
const DROP_HASHES: &str = "DELETE FROM password_history WHERE account_id = $1";
const DROP_CODES: &str = "DELETE FROM recovery_code WHERE account_id = $1";

const KEY_BYTES: &str = "SELECT wrapped_secret, office_id FROM office_key WHERE key_id = $1 AND destroyed_at IS NULL";
const BLANK_KEY: &str = "UPDATE office_key SET wrapped_secret = $2, destroyed_at = $3 WHERE key_id = $1";

/// Who a blanking is recorded for.
pub(super) struct Record<'a> {
    pub(super) erasure: &'a str,
    pub(super) by: Option<&'a crate::OperatorName>,
    pub(super) now: Timestamp,
}

impl Record<'_> {
    fn act(&self, action: Action) -> Act {
        match self.by {
            Some(officer) => Act::officer(action, officer, self.now),
            None => Act::system(action, self.now),
        }
    }

    fn who(&self) -> String {
        self.by.map_or_else(|| "system".to_owned(), ToString::to_string)
    }
}

/// Blanks in a job of the writer, which may outlive the call that asked for it: so it holds the keys that it needs.
pub(super) struct Blanker {
    keys: Arc<Keys>,
}

impl Store {
    pub(super) fn blanker(&self) -> Blanker {
        Blanker { keys: Arc::clone(&self.keys) }
    }
}

/// By a letter it is sealed a second time.
async fn note_letter(c: &mut Connection, taken: &mut Taken, handover: &str) -> Result<(), Error> {
    type Kept = Option<Vec<u8>>;
    let letter: Option<(Kept, Kept)> = sqlx::query_as(LETTER).bind(handover).fetch_optional(&mut *c).await?;
    let (key, envelope) = letter.unwrap_or_default();
    taken.note(&key.unwrap_or_default(), SECRET_HEADER);
    taken.note_envelope(&envelope.unwrap_or_default());
    let bodies: Vec<Vec<u8>> = sqlx::query_scalar(LETTER_BODIES).bind(handover).fetch_all(c).await?;
    for body in bodies {
        taken.note(&body, BOX_HEADER);
    }
    Ok(())
}

impl Blanker {
    /// Destroys the keys of one thing and what they opened, in the caller's transaction. Done before: nothing happens.
    pub(super) async fn blank(
        &self,
        c: &mut Connection,
        kind: Kind,
        object: &str,
        record: &Record<'_>,
    ) -> Result<Taken, Error> {
        let at = crate::clock::text(record.now);
        let nothing: Vec<u8> = Vec::new();
        let mut taken = Taken::default();
        match kind {
            Kind::Sets => {
                let row: Option<(Vec<u8>, String, String, Option<String>)> =
                    sqlx::query_as(SET_BYTES).bind(object).fetch_optional(&mut *c).await?;
                let Some((envelope, sender, receiver, handover)) = row else { return Ok(taken) };
                taken.note_envelope(&envelope);
                let files: Vec<(Option<Vec<u8>>, Option<String>)> =
                    sqlx::query_as(SET_BODIES).bind(object).fetch_all(&mut *c).await?;
                for (body, key) in files {
                    taken.note(&body.unwrap_or_default(), BOX_HEADER);
                    taken.bodies.extend(key);
                }
                let enclosed: Vec<Vec<u8>> = sqlx::query_scalar(SET_ENCLOSURES).bind(object).fetch_all(&mut *c).await?;
                for body in enclosed {
                    taken.note(&body, BOX_HEADER);
                }
                sqlx::query(BLANK_SET).bind(object).bind(nothing).bind(NO_DIGEST).bind(&at).execute(&mut *c).await?;
                sqlx::query(DROP_FILES).bind(object).execute(&mut *c).await?;
                sqlx::query(DROP_ENCLOSURES).bind(object).execute(&mut *c).await?;
                sqlx::query(DROP_ITEMS).bind(object).execute(&mut *c).await?;
                for sealed in crate::board::forget(c, object).await? {
                    taken.note(&sealed, SECRET_HEADER);
                }
                let note: Option<Vec<u8>> = sqlx::query_scalar(NOTE).bind(object).fetch_optional(&mut *c).await?;
                taken.note(&note.unwrap_or_default(), SECRET_HEADER);
                sqlx::query(DROP_NOTE).bind(object).execute(&mut *c).await?;
                if let Some(handover) = handover {
                    note_letter(c, &mut taken, &handover).await?;
                    crate::handover::withdraw_of_set(c, &handover, &|action| record.act(action), &at).await?;
                }
                let copy = (KeyKind::Set, object, CopyPlace::Database, "");
                key_copies::destroyed(c, copy, "erasure", &record.who(), record.now).await?;
                let number =
                    |text: &str| text.parse::<OfficeNumber>().map_err(|_| Error::Impossible("office.office_number"));
                let act = record.act(Action::SetExpire).object(object).office(number(&sender)?);
                let act = act.counterpart(number(&receiver)?).code("erasure", record.erasure);
                let id = object.parse().map_err(|_| Error::Impossible("transmission_id"))?;
                append_step(c, id, Step::Erase, &act.done()?).await?;
            }
            Kind::Evidence => {
                let row: Option<Vec<u8>> =
                    sqlx::query_scalar(EVIDENCE_BYTES).bind(object).fetch_optional(&mut *c).await?;
                let Some(evidence) = row else { return Ok(taken) };
                // One that cannot be read any more is erased like any other.
                for piece in evidence_pieces(&evidence).unwrap_or_default() {
                    taken.note(piece, SECRET_HEADER);
                }
                // No piece at all: it opens to nothing.
                sqlx::query(BLANK_EVIDENCE).bind(object).bind(nothing).bind(&at).execute(&mut *c).await?;
            }
            Kind::Leavers => {
                let row: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> =
                    sqlx::query_as(ACCOUNT_BYTES).bind(object).fetch_optional(&mut *c).await?;
                let Some((login, name, kana)) = row else { return Ok(taken) };
                for sealed in [&login, &name, &kana] {
                    taken.note(sealed, SECRET_HEADER);
                }
                sqlx::query(BLANK_ACCOUNT)
                    .bind(object)
                    .bind(self.blank_field("account", "login_sealed", object)?)
                    .bind(self.blank_field("account", "name_sealed", object)?)
                    .bind(self.blank_field("account", "kana_sealed", object)?)
                    // No index of a person: nobody can be compared with it.
                    .bind(format!("erased:{object}"))
                    .bind(&at)
                    .execute(&mut *c)
                    .await?;
                let factors: Vec<(String, Vec<u8>, Vec<u8>)> =
                    sqlx::query_as(FACTOR_BYTES).bind(object).fetch_all(&mut *c).await?;
                for (id, label, secret) in factors {
                    taken.note(&label, SECRET_HEADER);
                    taken.note(&secret, SECRET_HEADER);
                    let label = self.blank_field("factor", "label_sealed", &id)?;
                    sqlx::query(BLANK_FACTOR).bind(&id).bind(label).bind(&nothing).execute(&mut *c).await?;
                }
                let address: Option<Vec<u8>> =
                    sqlx::query_scalar(MAIL_BYTES).bind(object).fetch_optional(&mut *c).await?;
                if let Some(address) = address {
                    taken.note(&address, SECRET_HEADER);
                }
                sqlx::query(DROP_MAIL).bind(object).execute(&mut *c).await?;
                sqlx::query(DROP_HASHES).bind(object).execute(&mut *c).await?;
                sqlx::query(DROP_CODES).bind(object).execute(&mut *c).await?;
            }
            Kind::OfficeKeys => {
                let row: Option<(Vec<u8>, String)> =
                    sqlx::query_as(KEY_BYTES).bind(object).fetch_optional(&mut *c).await?;
                let Some((wrapped, _)) = row else { return Ok(taken) };
                taken.note(&wrapped, SECRET_HEADER);
                sqlx::query(BLANK_KEY).bind(object).bind(nothing).bind(&at).execute(&mut *c).await?;
                let copy = (KeyKind::Office, object, CopyPlace::Database, "");
                key_copies::destroyed(c, copy, "erasure", &record.who(), record.now).await?;
                let act = record.act(Action::KeyDestroy).object(object).code("erasure", record.erasure);
                record::append(c, &act.done()?).await?;
            }
            _ => return Err(Error::Impossible("a kind that is not erased")),
        }
        Ok(taken)
    }

    fn blank_field(&self, table: &str, column: &str, row: &str) -> Result<Vec<u8>, Error> {
        let purpose = Purpose::Field { table, column, row };
        self.keys.wrap_as(KeyKind::Field, &purpose, BLANK)
    }
}
