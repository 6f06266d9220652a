//! 添付: documents and a message that go with a set. Sealed under the key of the set, so they end with it; their names lie
//! inside the boxes, for people name files after people.

use crate::database::{Connection, Together};
use crate::deliver::find;
use crate::people::Person;
use crate::reading::Reader;
use crate::{Answer, Asker, Error, Reading, Store, Transmission, TransmissionId};
use exchange::{Enclosure, EnclosureKind, may_open};
use rand::CryptoRng;
use seal::{OBJECT_BYTES_MAX, ObjectBinding, ObjectPurpose, Sealer, SetBinding, SetKey};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;
use std::sync::Arc;

/// What the keyed index is of.
const INDEX_FIELD: &str = "transmission.enclosures";

const INSERT: &str = "
    INSERT INTO transmission_enclosure (transmission_id, ordinal, kind, size_bytes, body) VALUES ($1, $2, $3, $4, $5)";
const INDEX: &str = "SELECT enclosure_index FROM transmission WHERE transmission_id = $1";
const BOXES: &str = "
    SELECT ordinal, kind, body FROM transmission_enclosure WHERE transmission_id = $1 ORDER BY ordinal";

/// One of them as it will lie on disk.
#[derive(Debug)]
pub(crate) struct SealedEnclosure {
    kind: EnclosureKind,
    size_bytes: usize,
    body: Vec<u8>,
}

#[derive(FromRow)]
struct BoxRow {
    ordinal: i64,
    kind: String,
    body: Vec<u8>,
}

/// The place of one among those of a set. Its kind is bound to it: a message does not open as a document.
fn place(set: SetBinding<'_>, ordinal: u32, kind: EnclosureKind) -> ObjectBinding<'_> {
    ObjectBinding::new(set, ObjectPurpose::Enclosure, ordinal, kind.id())
}

/// Name and content in one: the length of the name in two bytes, the name, the content.
fn packed(enclosure: &Enclosure) -> Result<Vec<u8>, Error> {
    let name = enclosure.name().as_bytes();
    let length = u16::try_from(name.len()).map_err(|_| Error::Impossible("enclosure name"))?;
    Ok([&length.to_be_bytes()[..], name, enclosure.bytes()].concat())
}

fn unpacked(kind: EnclosureKind, content: &[u8]) -> Option<Enclosure> {
    let (length, rest) = content.split_first_chunk()?;
    let (name, bytes) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some(Enclosure::kept(kind, String::from_utf8(name.to_vec()).ok()?, bytes.to_vec()))
}

pub(crate) fn seal(
    sealer: &mut Sealer,
    key: &SetKey,
    set: SetBinding<'_>,
    enclosed: &[Enclosure],
    rng: &mut impl CryptoRng,
) -> Result<Vec<SealedEnclosure>, Error> {
    let sealed = (0..).zip(enclosed).map(|(ordinal, one)| {
        let place = place(set, ordinal, one.kind());
        let body = sealer.seal_object(key, &place, &packed(one)?, rng).map_err(|_| Error::Impossible("sealing"))?;
        Ok(SealedEnclosure { kind: one.kind(), size_bytes: one.bytes().len(), body })
    });
    sealed.collect()
}

/// Writes what goes with a set, in the transaction that takes it.
pub(crate) fn write<'v>(into: &mut Together<'v>, id: &'v str, sealed: &'v [SealedEnclosure]) -> Result<(), Error> {
    const WHERE: Error = Error::Impossible("enclosure");
    for (ordinal, one) in (0_i64..).zip(sealed) {
        let size_bytes = i64::try_from(one.size_bytes).map_err(|_| WHERE)?;
        into.statement(INSERT).bind(id).bind(ordinal).bind(one.kind.id()).bind(size_bytes);
        into.bind(Some(one.body.as_slice()));
    }
    Ok(())
}

pub(crate) async fn index_of(c: &mut Connection, id: TransmissionId) -> Result<String, Error> {
    Ok(sqlx::query_scalar(INDEX).bind(id.to_string()).fetch_one(c).await?)
}

impl Store {
    /// Whether two sets have the same enclosures, for whoever has the key: a message is short enough to be guessed.
    pub(crate) fn enclosure_index(&self, enclosed: &[Enclosure]) -> Result<String, Error> {
        if enclosed.is_empty() {
            return Ok(String::new());
        }
        let mut hasher = Sha256::new();
        for one in enclosed {
            hasher.update(one.kind().id());
            hasher.update(Sha256::digest(packed(one)?));
        }
        self.keyed_index(INDEX_FIELD, &hasher.finalize())
    }

    /// What goes with a set, for a program of its sender or receiver. For the receiver this collects the set.
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn open_enclosures(
        self: &Arc<Self>,
        asker: &Asker,
        id: TransmissionId,
    ) -> Result<Answer<Vec<Enclosure>>, Error> {
        self.open_enclosures_by(asker, id, None).await
    }

    /// The same for a person, by name.
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn read_enclosures(
        self: &Arc<Self>,
        person: &Person,
        id: TransmissionId,
        reading: Reading,
    ) -> Result<Answer<Vec<Enclosure>>, Error> {
        self.open_enclosures_by(&person.asker, id, Some(Reader::new(person, reading))).await
    }

    async fn open_enclosures_by(
        self: &Arc<Self>,
        asker: &Asker,
        id: TransmissionId,
        reader: Option<Reader>,
    ) -> Result<Answer<Vec<Enclosure>>, Error> {
        let set = {
            let mut connection = self.reads.acquire().await?;
            find(&mut connection, asker, id).await?
        };
        let Some(set) = set else { return Ok(Answer::NotFound) };
        if let Err(refusal) = may_open(set.state(), set.erased_at.is_some()) {
            return Ok(Answer::Refused(refusal));
        }
        let opened = match self.open_enclosure_boxes(asker, &set).await {
            Err(Error::Damaged) => return self.found_damaged(asker, id).await,
            opened => opened?,
        };
        let count = opened.len() as u64;
        // Of the files nothing is known by this: whether the set is sound is found out when they are opened.
        self.record_opening(asker, &set, (count, false), reader, opened).await
    }

    pub(crate) async fn open_enclosure_boxes(
        self: &Arc<Self>,
        asker: &Asker,
        set: &Transmission,
    ) -> Result<Vec<Enclosure>, Error> {
        let id = set.id.to_string();
        let rows: Vec<BoxRow> = sqlx::query_as(BOXES).bind(&id).fetch_all(&self.reads).await?;
        // None is left out: how many there are is written with the set.
        if rows.len() as u64 != set.enclosures {
            return Err(Error::Damaged);
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let envelope = self.envelope(set.id).await?;
        let key = self.set_key(asker, &id, &envelope).await?;
        let work = move || {
            let set = SetBinding {
                transmission: &id,
                sender: &envelope.sender_office_id,
                receiver: &envelope.receiver_office_id,
            };
            let open = |row: BoxRow| {
                let ordinal = u32::try_from(row.ordinal).map_err(|_| Error::Damaged)?;
                let kind = EnclosureKind::from_id(&row.kind).ok_or(Error::Damaged)?;
                let opened = key
                    .open_object(&place(set, ordinal, kind), &row.body, OBJECT_BYTES_MAX)
                    .map_err(|_| Error::Damaged)?;
                unpacked(kind, &opened.content).ok_or(Error::Damaged)
            };
            rows.into_iter().map(open).collect()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Impossible("opening"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_content_come_apart_as_they_went_together() {
        let document = Enclosure::kept(EnclosureKind::Document, "計画書.pdf".into(), b"%PDF-1.7 %%EOF".to_vec());
        let content = packed(&document).expect("packs");
        assert_eq!(unpacked(EnclosureKind::Document, &content), Some(document));
        for cut in [0, 1, 2, 9] {
            assert_eq!(unpacked(EnclosureKind::Document, &content[..cut]), None, "{cut} bytes");
        }
    }
}
