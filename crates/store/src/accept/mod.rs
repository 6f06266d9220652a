//! 送る: taking a sealed set in.

mod bearer;
mod sealing;

pub(crate) use bearer::{Bearer, By};
pub use sealing::SealedSet;

use crate::bare::BARE;
use crate::batch::{Insert, values};
use crate::board;
use crate::database::{Connection, Together};
use crate::enclosures;
use crate::handover;
use crate::history;
use crate::outgoing;
use crate::record::{self, Act};
use crate::transmission::{TransmissionRow, select_transmission};
use crate::{Answer, Asker, Error, Hand, Office, Store, Transmission, clock};
use exchange::Refusal;
use ledger::Action;
use sealing::{Body, SealedFile};
use sqlx::Row as _;
use std::sync::LazyLock;

/// What came of accepting a set.
#[derive(Clone, Debug)]
pub enum Acceptance {
    /// On disk, with its ledger entry.
    New(Transmission),
    /// This very set was accepted before; nothing was added.
    Already(Transmission),
}

macro_rules! insert {
    ($next_index:literal) => {
        concat!(
            "
    INSERT INTO transmission (transmission_id, accepted_index, sender_office_id, sender_type, receiver_office_id,
                              receiver_type, kind, serial, service_month, digest, commitment_salt, envelope,
                              warnings, size_bytes, accepted_at, enclosures, enclosure_index, handover_id)
    SELECT $1, (",
            $next_index,
            "), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $16, $17, $18
     WHERE (SELECT count(*) FROM office WHERE office_id IN ($2, $4) AND closed_at IS NULL) = $15
        ON CONFLICT DO NOTHING
    RETURNING accepted_index"
        )
    };
}

/// Takes the next ledger index, unless one of the two offices has closed meanwhile or the serial is taken: then no row
/// comes back, and [`explain`] finds out which.
const INSERT: &str = match BARE {
    false => insert!("SELECT coalesce(max(entry_index) + 1, 0) FROM ledger"),
    true => insert!("SELECT coalesce(max(accepted_index) + 1, 0) FROM transmission"),
};

static INSERT_FILES: LazyLock<Insert> = LazyLock::new(|| {
    let head = "INSERT INTO transmission_file (transmission_id, ordinal, name, digest, size_bytes, body, body_key)";
    Insert::new(7, head, "", |first| values(first, 7))
});

/// The set that holds this serial between these two offices, unless withdrawn.
const HOLDER: &str = select_transmission!(
    "WHERE t.sender_office_id = $1 AND t.sender_type = $2 AND t.receiver_office_id = $3 AND t.receiver_type = $4
       AND t.serial = $5 AND t.withdrawn_at IS NULL"
);

impl Store {
    /// Takes a sealed set in: transmission, files and ledger entry in one transaction. It is on disk when this answers.
    ///
    /// Idempotent: the same set again is [`Acceptance::Already`]; the same serial with other content is
    /// [`Refusal::SerialTaken`] (R1.8).
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    pub async fn accept(&self, asker: &Asker, set: SealedSet) -> Result<Answer<Acceptance>, Error> {
        self.accept_by(&asker.into(), set).await
    }

    /// The same by whoever sends it.
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    pub async fn accept_by(&self, hand: &Hand, set: SealedSet) -> Result<Answer<Acceptance>, Error> {
        self.accept_from(hand.into(), set).await
    }

    /// The same by whoever brings it.
    pub(crate) async fn accept_from(&self, bearer: Bearer, mut set: SealedSet) -> Result<Answer<Acceptance>, Error> {
        let keys = self.prepare(&bearer.sender, &mut set).await?;
        let store_keys = std::sync::Arc::clone(&self.keys);
        // One instant for the row and for its entry: a receipt compares them (R1.10).
        let now = self.clock.now();
        let at = clock::text(now);
        let answer = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    // Once more at the last moment: the key store may have gone while the set waited for the writer.
                    if let Err(away) = store_keys.require() {
                        return Ok(Err(away));
                    }
                    write(c, &bearer, &set, now, &at).await.map(Ok)
                })
            })
            .await
            .and_then(|answer| answer);
        let taken = answer.as_ref().map(|answer| matches!(answer, Answer::Done(Acceptance::New(_))));
        self.finish_bodies(&keys, taken).await;
        answer
    }

    /// What lies apart stays if its set was taken, and goes if it was not.
    pub(crate) async fn finish_bodies(&self, keys: &[String], taken: Result<bool, &Error>) {
        for key in keys {
            match taken {
                Ok(true) => self.bodies.settle(key).await,
                // The commit may have reached the disk after all: the next start finds out from the rows.
                Err(Error::NotCommitted | Error::Closed) => {}
                _ => self.bodies.discard(key).await,
            }
        }
    }

    /// Writes down who it is about, as it will lie on disk, and puts what is large in its place.
    pub(crate) async fn prepare(&self, sender: &Office, set: &mut SealedSet) -> Result<Vec<String>, Error> {
        set.rows = self.index_rows(sender, &set.receiver, &set.roster).await?;
        self.put_large_bodies(set).await
    }

    /// Writes the bodies that do not lie in rows; all of them, or none stays.
    async fn put_large_bodies(&self, set: &mut SealedSet) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        for file in &mut set.files {
            let Body::InRow(sealed) = &mut file.body else { continue };
            if sealed.len() <= self.body_in_row_bytes_max {
                continue;
            }
            let key = uuid::Uuid::now_v7().to_string();
            keys.push(key.clone());
            if let Err(error) = self.bodies.put(&key, std::mem::take(sealed)).await {
                for key in &keys {
                    self.bodies.discard(key).await;
                }
                return Err(error);
            }
            file.body = Body::Apart(key);
        }
        Ok(keys)
    }

    /// Records that a set was not carried, and why.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_refusal(&self, asker: &Asker, refusal: Refusal) -> Result<(), Error> {
        self.record_refusal_by(&asker.into(), refusal).await
    }

    /// The same of a set that somebody wanted to send.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_refusal_by(&self, hand: &Hand, refusal: Refusal) -> Result<(), Error> {
        self.record(hand.act(Action::SetRefuse, self.clock.now()).refused(refusal)?).await
    }
}

pub(crate) async fn write(
    c: &mut Connection,
    bearer: &Bearer,
    set: &SealedSet,
    now: jiff::Timestamp,
    at: &str,
) -> Result<Answer<Acceptance>, Error> {
    let letter = &set.letter;
    let held = match (&bearer.by, set.release) {
        (By::Hand(hand), Some(held)) => Some((hand, held)),
        _ => None,
    };
    if let Some((hand, held)) = held
        && !outgoing::may_release(c, hand, held).await?
    {
        // A second click, or two people at once: the other was first.
        let act = bearer.act(Action::SetRefuse, now).counterpart(letter.receiver()).code("hold", &held.to_string());
        record::append(c, &act.refused(Refusal::NoLongerHeld)?).await?;
        return Ok(Answer::Refused(Refusal::NoLongerHeld));
    }
    if let (By::Letter(_), Some(handover)) = (&bearer.by, bearer.handover)
        && !handover::is_open(c, handover, at).await?
    {
        return Ok(Answer::NotFound);
    }
    let (from, to) = (bearer.sender.id.to_string(), set.receiver.id.to_string());
    let size_bytes: usize = set.files.iter().map(|file| file.size_bytes).sum();
    let inserted: Option<i64> = sqlx::query_scalar(INSERT)
        .bind(set.id.to_string())
        .bind(&from)
        .bind(letter.sender_type().to_string())
        .bind(&to)
        .bind(letter.receiver_type().to_string())
        .bind(letter.kind().id())
        .bind(letter.serial().to_string())
        .bind(letter.service_month().map(|month| month.to_string()))
        .bind(letter.digest().to_string())
        .bind(set.commitment_salt.as_slice())
        .bind(set.envelope.as_slice())
        .bind(count(set.warnings)?)
        .bind(count(size_bytes as u64)?)
        .bind(at)
        .bind(if from == to { 1_i64 } else { 2 })
        .bind(count(set.enclosures.len() as u64)?)
        .bind(&set.enclosure_index)
        .bind(bearer.handover.map(|id| id.to_string()))
        .fetch_optional(&mut *c)
        .await?;
    let act = |action| {
        let act = bearer.act(action, now).counterpart(letter.receiver());
        let act = if let Some(id) = bearer.handover { act.code("handover", &id.to_string()) } else { act };
        if let Some((_, held)) = held { act.code("hold", &held.to_string()) } else { act }
    };
    let Some(accepted_index) = inserted else {
        let explained = explain(c, &from, &to, set, act).await?;
        if let (Answer::Done(Acceptance::Already(sent)), Some((hand, held))) = (&explained, held) {
            outgoing::release(c, hand, held, sent.id, now).await?;
        }
        return Ok(explained);
    };
    let entry = act(Action::SetAccept);
    let entry = if set.enclosures.is_empty() { entry } else { entry.number("enclosures", set.enclosures.len() as u64) };
    let entry = entry
        .object(set.id)
        .code("kind", letter.kind().id())
        .number("files", set.files.len() as u64)
        .number("size_bytes", size_bytes as u64)
        .hex("commitment", &seal::commitment(&set.commitment_salt, letter.digest().as_bytes()))
        .done()?;
    let id = set.id.to_string();
    let mut together = Together::default();
    record::append_with(&mut together, &entry)?;
    let files: Vec<(i64, &SealedFile)> = (0..).zip(&set.files).collect();
    for (text, part) in INSERT_FILES.parts(&files) {
        together.statement(text);
        for (ordinal, file) in part {
            let (body, body_key) = match &file.body {
                Body::InRow(sealed) => (Some(sealed.as_slice()), None),
                Body::Apart(key) => (None, Some(key.as_str())),
            };
            together.bind(&id).bind(*ordinal).bind(&file.name).bind(file.digest.to_string());
            together.bind(count(file.size_bytes as u64)?).bind(body).bind(body_key);
        }
    }
    enclosures::write(&mut together, &id, &set.enclosures)?;
    history::write(&mut together, &id, &set.traces);
    board::write(&mut together, &id, &set.rows);
    // The entry is the only one that answers: with its index.
    let rows = together.run(c).await?;
    let index = rows.first().map(|row| row.try_get::<i64, _>(0)).transpose()?;
    if index != Some(accepted_index) && !BARE {
        return Err(Error::Impossible("transmission.accepted_index"));
    }
    if let Some((hand, held)) = held {
        outgoing::release(c, hand, held, set.id, now).await?;
    }
    Ok(Answer::Done(Acceptance::New(Transmission {
        id: set.id,
        accepted_index,
        kind: letter.kind(),
        serial: letter.serial(),
        sender: letter.sender(),
        sender_name: bearer.sender.name.clone(),
        sender_type: letter.sender_type(),
        receiver: letter.receiver(),
        receiver_name: set.receiver.name.clone(),
        receiver_type: letter.receiver_type(),
        service_month: letter.service_month(),
        digest: letter.digest(),
        size_bytes: size_bytes as u64,
        warnings: set.warnings,
        accepted_at: at.to_owned(),
        collected_at: None,
        acknowledged_at: None,
        withdrawn_at: None,
        outcome: None,
        answered_at: None,
        erased_at: None,
        damaged_at: None,
        enclosures: set.enclosures.len() as u64,
        handover: bearer.handover,
        files: Vec::new(),
    })))
}

/// Why a set was not taken: it is here already, its serial is taken, or an office closed.
async fn explain(
    c: &mut Connection,
    from: &str,
    to: &str,
    set: &SealedSet,
    act: impl Fn(Action) -> Act,
) -> Result<Answer<Acceptance>, Error> {
    let letter = &set.letter;
    let holder: Option<TransmissionRow> = sqlx::query_as(HOLDER)
        .bind(from)
        .bind(letter.sender_type().to_string())
        .bind(to)
        .bind(letter.receiver_type().to_string())
        .bind(letter.serial().to_string())
        .fetch_optional(&mut *c)
        .await?;
    let Some(holder) = holder.map(Transmission::try_from).transpose()? else {
        record::append(c, &act(Action::SetRefuse).refused(Refusal::ReceiverClosed)?).await?;
        return Ok(Answer::Refused(Refusal::ReceiverClosed));
    };
    // The same set again; with other enclosures it would have to be another, for these are not added to what has gone.
    let as_before = set.enclosures.is_empty() || enclosures::index_of(c, holder.id).await? == set.enclosure_index;
    if holder.digest == letter.digest() && as_before {
        record::append(c, &act(Action::SetAccept).object(holder.id).code("outcome", "already").done()?).await?;
        return Ok(Answer::Done(Acceptance::Already(holder)));
    }
    record::append(c, &act(Action::SetRefuse).object(holder.id).refused(Refusal::SerialTaken)?).await?;
    Ok(Answer::Refused(Refusal::SerialTaken))
}

fn count(value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::Impossible("count"))
}
