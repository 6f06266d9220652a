//! 受け取る: lists, opening, acknowledging, withdrawing.

use crate::board;
use crate::database::Connection;
use crate::reading::Reader;
use crate::record::{self, Act};
use crate::transmission::{TransmissionRow, digest, select_transmission};
use crate::{
    Answer, Asker, Error, Folder, Hand, OpenedFile, Page, Store, StoredFile, Transmission, TransmissionId, clock,
    receipts,
};
use exchange::{Digest, Refusal, Step, may_open, next};
use ledger::Action;
use seal::{Envelope, OBJECT_BYTES_MAX, ObjectBinding, ObjectPurpose, OfficeSecretKey, Purpose, SetBinding, SetKey};
use sqlx::FromRow;
use standard::SourceFile;
use std::sync::Arc;

const RECEIVED: &str = select_transmission!(
    "WHERE t.receiver_office_id = $1 AND t.accepted_index > $2 ORDER BY t.accepted_index LIMIT $3"
);
const SENT: &str =
    select_transmission!("WHERE t.sender_office_id = $1 AND t.accepted_index > $2 ORDER BY t.accepted_index LIMIT $3");
/// With an index of their own: what is open stays few, however long the history.
const RECEIVED_OPEN: &str = select_transmission!(
    "WHERE t.receiver_office_id = $1 AND t.accepted_index > $2 AND t.acknowledged_at IS NULL AND t.withdrawn_at IS NULL
       AND t.erased_at IS NULL ORDER BY t.accepted_index LIMIT $3"
);
const SENT_OPEN: &str = select_transmission!(
    "WHERE t.sender_office_id = $1 AND t.accepted_index > $2 AND t.acknowledged_at IS NULL AND t.withdrawn_at IS NULL
       AND t.erased_at IS NULL ORDER BY t.accepted_index LIMIT $3"
);
const RECEIVED_NEWEST: &str =
    select_transmission!("WHERE t.receiver_office_id = $1 ORDER BY t.accepted_index DESC LIMIT $2");
const SENT_NEWEST: &str = select_transmission!("WHERE t.sender_office_id = $1 ORDER BY t.accepted_index DESC LIMIT $2");

/// Only its two offices see a set; to anybody else it does not exist (R1.6).
const ONE: &str =
    select_transmission!("WHERE t.transmission_id = $1 AND (t.sender_office_id = $2 OR t.receiver_office_id = $2)");

const FILES: &str = "
    SELECT name, digest, size_bytes FROM transmission_file WHERE transmission_id = $1 ORDER BY ordinal";

/// Marks a set as collected, the first time its receiver opens it.
const COLLECT: &str = "
    UPDATE transmission SET collected_at = $3
     WHERE transmission_id = $1 AND receiver_office_id = $2 AND collected_at IS NULL AND withdrawn_at IS NULL
       AND erased_at IS NULL";
const ACKNOWLEDGE: &str = "
    UPDATE transmission SET acknowledged_at = $3
     WHERE transmission_id = $1 AND receiver_office_id = $2 AND acknowledged_at IS NULL AND collected_at IS NOT NULL
       AND erased_at IS NULL";
/// Takes a set back. Only its sender may, and only before collection.
const WITHDRAW: &str = "
    UPDATE transmission SET withdrawn_at = $3
     WHERE transmission_id = $1 AND sender_office_id = $2 AND withdrawn_at IS NULL AND collected_at IS NULL
       AND erased_at IS NULL";

const DAMAGED: &str = "
    UPDATE transmission SET damaged_at = $2
     WHERE transmission_id = $1 AND damaged_at IS NULL AND erased_at IS NULL";
/// It opens again, from a copy that somebody put back.
const SOUND: &str = "UPDATE transmission SET damaged_at = NULL WHERE transmission_id = $1";

const ENVELOPE: &str = "
    SELECT sender_office_id, receiver_office_id, envelope FROM transmission WHERE transmission_id = $1";

const BOXES: &str = "
    SELECT ordinal, name, digest, size_bytes, body, body_key
      FROM transmission_file WHERE transmission_id = $1 ORDER BY ordinal";

const OFFICE_KEYS: &str = "
    SELECT key_version, wrapped_secret FROM office_key WHERE office_id = $1 AND key_id = $2";

#[derive(FromRow)]
struct FileRow {
    name: String,
    digest: String,
    size_bytes: i64,
}

#[derive(FromRow)]
pub(crate) struct EnvelopeRow {
    pub(crate) sender_office_id: String,
    pub(crate) receiver_office_id: String,
    envelope: Vec<u8>,
}

#[derive(FromRow)]
struct BoxRow {
    ordinal: i64,
    name: String,
    digest: String,
    size_bytes: i64,
    body: Option<Vec<u8>>,
    body_key: Option<String>,
}

impl Store {
    /// A page of an office's sets, oldest first. A cursor never skips a set that is accepted later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, asker: &Asker, folder: Folder, page: Page) -> Result<Vec<Transmission>, Error> {
        let sql = match (folder, page.open_only) {
            (Folder::Received, false) => RECEIVED,
            (Folder::Received, true) => RECEIVED_OPEN,
            (Folder::Sent, false) => SENT,
            (Folder::Sent, true) => SENT_OPEN,
        };
        let rows: Vec<TransmissionRow> = sqlx::query_as(sql)
            .bind(asker.office.id.to_string())
            .bind(page.after.unwrap_or(-1))
            .bind(i64::from(page.rows))
            .fetch_all(&self.reads)
            .await?;
        rows.into_iter().map(Transmission::try_from).collect()
    }

    /// The newest sets of an office, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest(&self, asker: &Asker, folder: Folder, rows: u32) -> Result<Vec<Transmission>, Error> {
        let sql = match folder {
            Folder::Received => RECEIVED_NEWEST,
            Folder::Sent => SENT_NEWEST,
        };
        let rows: Vec<TransmissionRow> =
            sqlx::query_as(sql).bind(asker.office.id.to_string()).bind(i64::from(rows)).fetch_all(&self.reads).await?;
        rows.into_iter().map(Transmission::try_from).collect()
    }

    /// One set with its files, without opening it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn describe(&self, asker: &Asker, id: TransmissionId) -> Result<Answer<Transmission>, Error> {
        let mut connection = self.reads.acquire().await?;
        let Some(mut set) = find(&mut connection, asker, id).await? else { return Ok(Answer::NotFound) };
        set.files = files(&mut connection, id).await?;
        Ok(Answer::Done(set))
    }

    /// Opens a set, or one file of it, for its sender or receiver. For the receiver this collects the set.
    ///
    /// The record is on disk before a byte is handed out (R10.2), and a box that does not open is recorded as damaged
    /// and hands out nothing (R6.3, R1.9).
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn open_set(
        self: &Arc<Self>,
        asker: &Asker,
        id: TransmissionId,
        only: Option<&str>,
    ) -> Result<Answer<Vec<OpenedFile>>, Error> {
        self.open_by(asker, id, only, None).await
    }

    /// The same for a program or, where one is named, for a person.
    pub(crate) async fn open_by(
        self: &Arc<Self>,
        asker: &Asker,
        id: TransmissionId,
        only: Option<&str>,
        reader: Option<Reader>,
    ) -> Result<Answer<Vec<OpenedFile>>, Error> {
        let set = {
            let mut connection = self.reads.acquire().await?;
            find(&mut connection, asker, id).await?
        };
        let Some(set) = set else { return Ok(Answer::NotFound) };
        if let Err(refusal) = may_open(set.state(), set.erased_at.is_some()) {
            return Ok(Answer::Refused(refusal));
        }
        // Opened and compared as a whole, even for one file of it: a set is delivered whole or not at all (R1.2).
        let mut opened = match self.open_boxes(asker, &set).await {
            Err(Error::Damaged) => return self.found_damaged(asker, id).await,
            opened => opened?,
        };
        if let Some(only) = only {
            opened.retain(|file| file.name == only);
            if opened.is_empty() {
                return Ok(Answer::NotFound);
            }
        }
        let count = opened.len() as u64;
        // The mark does not say which box it is about. It goes only when all of them have opened just now: the files, and
        // what was put beside them.
        let sound = set.damaged_at.is_some() && self.open_enclosure_boxes(asker, &set).await.is_ok();
        let answer = self.record_opening(asker, &set, (count, sound), reader, opened).await?;
        // Of before there was an index; a part of a set is not enough to tell who it is about.
        if let Answer::Done(opened) = &answer
            && only.is_none()
        {
            let files: Vec<SourceFile<'_>> =
                opened.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
            self.index_opened(id, &files).await?;
        }
        Ok(answer)
    }

    /// What was opened, once the record of it is on disk. For the receiver this collects the set. `sound`: a set that is
    /// marked as damaged has been found whole.
    pub(crate) async fn record_opening<T>(
        &self,
        asker: &Asker,
        set: &Transmission,
        (count, sound): (u64, bool),
        reader: Option<Reader>,
        opened: T,
    ) -> Result<Answer<T>, Error> {
        let id = set.id;
        let receiving = set.receiver == asker.office.register.number;
        let recorded = self
            .change(asker, id, move |c, asker, _, now, at| {
                Box::pin(async move {
                    let first = receiving
                        && sqlx::query(COLLECT)
                            .bind(id.to_string())
                            .bind(asker.office.id.to_string())
                            .bind(at)
                            .execute(&mut *c)
                            .await?
                            .rows_affected()
                            == 1;
                    // Decided again on what stands now: it may have been withdrawn meanwhile.
                    let Some(set) = find(c, asker, id).await? else { return Ok(Answer::NotFound) };
                    if let Err(refusal) = may_open(set.state(), set.erased_at.is_some()) {
                        return Ok(Answer::Refused(refusal));
                    }
                    if sound {
                        sqlx::query(SOUND).bind(id.to_string()).execute(&mut *c).await?;
                    }
                    let act = match &reader {
                        Some(reader) => reader.act(first, now),
                        None => Act::asker(if first { Action::SetCollect } else { Action::SetOpen }, asker, now),
                    };
                    let entry = counterpart(act.object(id).number("files", count), asker, &set).done()?;
                    if first {
                        receipts::append_step(c, id, Step::Collect, &entry).await?;
                    } else {
                        record::append(c, &entry).await?;
                    }
                    Ok(Answer::Done(set))
                })
            })
            .await?;
        Ok(match recorded {
            Answer::Done(_) => Answer::Done(opened),
            Answer::Refused(refusal) => Answer::Refused(refusal),
            Answer::NotFound => Answer::NotFound,
        })
    }

    /// Every file of a set, exactly as it was sent, or [`Error::Damaged`].
    async fn open_boxes(self: &Arc<Self>, asker: &Asker, set: &Transmission) -> Result<Vec<OpenedFile>, Error> {
        let (id, whole) = (set.id.to_string(), set.digest);
        let row = self.envelope(set.id).await?;
        let boxes: Vec<BoxRow> = sqlx::query_as(BOXES).bind(&id).fetch_all(&self.reads).await?;
        let mut sealed = Vec::with_capacity(boxes.len());
        for mut row in boxes {
            let body = match (row.body.take(), row.body_key.take()) {
                (Some(body), None) => body,
                (None, Some(key)) => self.bodies.get(&key).await?,
                _ => return Err(Error::Damaged),
            };
            sealed.push((row, body));
        }
        let key = self.set_key(asker, &id, &row).await?;
        let EnvelopeRow { sender_office_id: sender, receiver_office_id: receiver, .. } = row;
        let work = move || {
            let binding = SetBinding { transmission: &id, sender: &sender, receiver: &receiver };
            let opened = sealed
                .into_iter()
                .map(|(row, body)| open_box(&key, binding, row, &body))
                .collect::<Result<Vec<_>, _>>()?;
            // Each file is what was sent; so is the set only if none is missing (R1.2).
            let files = opened.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes });
            if Digest::of_set(files) == whole { Ok(opened) } else { Err(Error::Damaged) }
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Impossible("opening"))?
    }

    pub(crate) async fn envelope(&self, id: TransmissionId) -> Result<EnvelopeRow, Error> {
        Ok(sqlx::query_as(ENVELOPE).bind(id.to_string()).fetch_one(&self.reads).await?)
    }

    /// The key of a set, taken out of its envelope with the asker's office key.
    pub(crate) async fn set_key(self: &Arc<Self>, asker: &Asker, id: &str, row: &EnvelopeRow) -> Result<SetKey, Error> {
        let envelope = Envelope::parse(&row.envelope).map_err(|_| Error::Damaged)?;
        let office = asker.office.id.to_string();
        let (version, wrapped_secret) = self.kept_key(&office, &envelope).await?;
        let store = Arc::clone(self);
        let (id, sender, receiver) = (id.to_owned(), row.sender_office_id.clone(), row.receiver_office_id.clone());
        let work = move || {
            let purpose = Purpose::OfficeKey { office: &office, version };
            let secret = store.keys.unwrap(&purpose, &wrapped_secret)?;
            let secret = OfficeSecretKey::from_bytes(&secret).map_err(|_| Error::Damaged)?;
            let binding = SetBinding { transmission: &id, sender: &sender, receiver: &receiver };
            envelope.open(&secret, &binding).map_err(|_| Error::Damaged)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Impossible("opening"))?
    }

    /// Version and wrapped secret of the office's key that this envelope is addressed to.
    async fn kept_key(&self, office: &str, envelope: &Envelope) -> Result<(u32, Vec<u8>), Error> {
        for wrapped in envelope.keys() {
            let row: Option<(i64, Vec<u8>)> = sqlx::query_as(OFFICE_KEYS)
                .bind(office)
                .bind(wrapped.key_id().to_string())
                .fetch_optional(&self.reads)
                .await?;
            if let Some((version, secret)) = row {
                return Ok((u32::try_from(version).map_err(|_| Error::Damaged)?, secret));
            }
        }
        Err(Error::Damaged)
    }

    /// What does not open is recorded as damaged, unless it was erased between the look at the set and that into its boxes:
    /// then nobody damaged anything.
    pub(crate) async fn found_damaged<T>(&self, asker: &Asker, id: TransmissionId) -> Result<Answer<T>, Error> {
        let set = find(&mut *self.reads.acquire().await?, asker, id).await?;
        if let Some(Err(refusal)) = set.map(|set| may_open(set.state(), set.erased_at.is_some())) {
            return Ok(Answer::Refused(refusal));
        }
        self.record_damage(asker, id).await?;
        Err(Error::Damaged)
    }

    async fn record_damage(&self, asker: &Asker, id: TransmissionId) -> Result<(), Error> {
        let (now, at) = (self.clock.now(), self.now_text());
        let entry = Act::asker(Action::BoxDamaged, asker, now).object(id).failed("damaged")?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(DAMAGED).bind(id.to_string()).bind(at).execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    /// 受領確認. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge(&self, asker: &Asker, id: TransmissionId) -> Result<Answer<Transmission>, Error> {
        self.acknowledge_by(&asker.into(), id).await
    }

    /// The same by whoever does it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge_by(&self, hand: &Hand, id: TransmissionId) -> Result<Answer<Transmission>, Error> {
        let acting = hand.clone();
        self.change(hand.asker(), id, move |c, asker, set, now, at| {
            Box::pin(async move {
                if set.receiver != asker.office.register.number {
                    return Ok(Answer::NotFound);
                }
                let act = counterpart(acting.act(Action::SetAcknowledge, now).object(id), asker, &set);
                step(c, asker, &set, act, Step::Acknowledge, ACKNOWLEDGE, at).await
            })
        })
        .await
    }

    /// 取下げ. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw(&self, asker: &Asker, id: TransmissionId) -> Result<Answer<Transmission>, Error> {
        self.withdraw_by(&asker.into(), id).await
    }

    /// The same by whoever does it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_by(&self, hand: &Hand, id: TransmissionId) -> Result<Answer<Transmission>, Error> {
        let acting = hand.clone();
        self.change(hand.asker(), id, move |c, asker, set, now, at| {
            Box::pin(async move {
                if set.sender != asker.office.register.number {
                    return Ok(Answer::NotFound);
                }
                let act = counterpart(acting.act(Action::SetWithdraw, now).object(id), asker, &set);
                // Its letter opens all that went by it: it is taken back with it, or not at all.
                if set.handover.is_some() {
                    record::append(c, &act.refused(Refusal::ByLetter)?).await?;
                    return Ok(Answer::Refused(Refusal::ByLetter));
                }
                step(c, asker, &set, act, Step::Withdraw, WITHDRAW, at).await
            })
        })
        .await
    }

    /// Runs a change of one set in the writer, on what stands there at that moment.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        asker: &Asker,
        id: TransmissionId,
        change: impl for<'c> FnOnce(
            &'c mut Connection,
            &'c Asker,
            Transmission,
            jiff::Timestamp,
            &'c str,
        ) -> crate::writer::Work<'c, Answer<T>>
        + Send
        + 'static,
    ) -> Result<Answer<T>, Error> {
        let (asker, now) = (asker.clone(), self.clock.now());
        let at = clock::text(now);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    match find(c, &asker, id).await? {
                        Some(set) => change(c, &asker, set, now, &at).await,
                        None => Ok(Answer::NotFound),
                    }
                })
            })
            .await
    }
}

/// One step in a set's life: refused, done now, or done before.
async fn step(
    c: &mut Connection,
    asker: &Asker,
    set: &Transmission,
    act: Act,
    taken: Step,
    sql: &'static str,
    at: &str,
) -> Result<Answer<Transmission>, Error> {
    if let Err(refusal) = next(set.state(), taken) {
        record::append(c, &act.refused(refusal)?).await?;
        return Ok(Answer::Refused(refusal));
    }
    let changed = sqlx::query(sql)
        .bind(set.id.to_string())
        .bind(asker.office.id.to_string())
        .bind(at)
        .execute(&mut *c)
        .await?
        .rows_affected();
    if changed == 1 {
        receipts::append_step(c, set.id, taken, &act.done()?).await?;
        if taken == Step::Withdraw {
            board::take_back(c, set.id).await?;
        }
    }
    Ok(find(c, asker, set.id).await?.map_or(Answer::NotFound, Answer::Done))
}

pub(crate) fn counterpart(act: Act, asker: &Asker, set: &Transmission) -> Act {
    act.counterpart(if set.sender == asker.office.register.number { set.receiver } else { set.sender })
}

pub(crate) async fn find(c: &mut Connection, asker: &Asker, id: TransmissionId) -> Result<Option<Transmission>, Error> {
    let row: Option<TransmissionRow> =
        sqlx::query_as(ONE).bind(id.to_string()).bind(asker.office.id.to_string()).fetch_optional(c).await?;
    row.map(Transmission::try_from).transpose()
}

pub(crate) async fn files(c: &mut Connection, id: TransmissionId) -> Result<Vec<StoredFile>, Error> {
    const WHERE: Error = Error::Impossible("transmission_file");
    let rows: Vec<FileRow> = sqlx::query_as(FILES).bind(id.to_string()).fetch_all(c).await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoredFile {
                name: row.name,
                size_bytes: u64::try_from(row.size_bytes).map_err(|_| WHERE)?,
                digest: digest(&row.digest).ok_or(WHERE)?,
            })
        })
        .collect()
}

fn open_box(key: &SetKey, set: SetBinding<'_>, row: BoxRow, sealed: &[u8]) -> Result<OpenedFile, Error> {
    let ordinal = u32::try_from(row.ordinal).map_err(|_| Error::Damaged)?;
    let place = ObjectBinding::new(set, ObjectPurpose::File, ordinal, &row.name);
    let mut opened = key.open_object(&place, sealed, OBJECT_BYTES_MAX).map_err(|_| Error::Damaged)?;
    let as_recorded = digest(&row.digest).is_some_and(|digest| *digest.as_bytes() == opened.digest)
        && usize::try_from(row.size_bytes).is_ok_and(|size| size == opened.content.len());
    if !as_recorded {
        return Err(Error::Damaged);
    }
    Ok(OpenedFile { name: row.name, bytes: std::mem::take(&mut *opened.content) })
}
