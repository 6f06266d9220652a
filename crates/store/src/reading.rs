//! 見る: a person opens a set, to read it or to print it, and what else was sent about the same.

use crate::history::{ITEMS_AT_ONCE, ROWS_MAX};
use crate::people::Person;
use crate::record::Act;
use crate::{Answer, Error, OpenedFile, Store, Transmission, TransmissionId};
use ledger::Action;
use sqlx::FromRow;
use standard::{HistoryItem, HistorySet, UnitKey, UnitKind};
use std::collections::BTreeMap;
use std::sync::Arc;

const SENDER: &str = "SELECT sender_office_id FROM transmission WHERE transmission_id = $1";

/// What else this sender sent to this receiver about the same people, plans and months.
const VERSIONS: &str = "
    SELECT i.item_index, t.transmission_id, t.kind, t.serial, t.accepted_at, t.collected_at
      FROM transmission_item i JOIN transmission t ON t.transmission_id = i.transmission_id
     WHERE i.item_index IN ($1, $2, $3, $4, $5, $6, $7, $8) AND t.transmission_id <> $9
       AND t.withdrawn_at IS NULL AND t.erased_at IS NULL
     LIMIT $10";

/// What a person does with a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// On the screen.
    View,
    /// As pages to be printed.
    Print,
    /// As files, for the software of the office.
    Download,
}

/// Who reads, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    person: Box<Person>,
    reading: Reading,
}

impl Reader {
    /// The first opening by the receiver is the collecting of the set.
    pub(crate) fn act(&self, first: bool, now: jiff::Timestamp) -> Act {
        let reading = match self.reading {
            Reading::View => Action::SetView,
            Reading::Print => Action::SetPrint,
            Reading::Download => Action::SetOpen,
        };
        let act = Act::person(if first { Action::SetCollect } else { reading }, &self.person, now);
        // That it was for paper is not lost by its being the first.
        if first { act.code("reading", reading.id()) } else { act }
    }
}

/// 版 — a set about the same as another.
#[derive(Clone, Debug)]
pub struct Version {
    /// Ours.
    pub id: TransmissionId,
    /// Which send unit; it may be a delete.
    pub kind: UnitKind,
    /// Serial, sender and receiver.
    pub key: UnitKey,
    /// RFC 3339.
    pub accepted_at: String,
    /// Whether its receiver has opened it.
    pub collected: bool,
    /// What it has in common with the other.
    pub items: Vec<HistoryItem>,
}

#[derive(FromRow)]
struct Row {
    item_index: String,
    transmission_id: String,
    kind: String,
    serial: String,
    accepted_at: String,
    collected_at: Option<String>,
}

impl Store {
    /// Opens a set for a person of its sender or receiver. For the receiver this collects the set; the caller asks
    /// first whether the person may. The record of it, with the person, is on disk before a byte is handed out (R10.2).
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn read_set(
        self: &Arc<Self>,
        person: &Person,
        id: TransmissionId,
        reading: Reading,
    ) -> Result<Answer<Vec<OpenedFile>>, Error> {
        let reader = Reader { person: Box::new(person.clone()), reading };
        self.open_by(&person.asker, id, None, Some(reader)).await
    }

    /// The other sets between the same offices about the same people, plans and months, by serial. Opens nothing;
    /// where there are more than anybody could look through, nothing is said.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn versions(&self, set: &Transmission, about: &HistorySet) -> Result<Vec<Version>, Error> {
        const WHERE: Error = Error::Impossible("transmission_item");
        let id = set.id.to_string();
        let sender: String = sqlx::query_scalar(SENDER).bind(&id).fetch_one(&self.reads).await?;
        let known: BTreeMap<String, HistoryItem> = self.indexes(&sender, about)?.into_iter().collect();
        let asked: Vec<&String> = known.keys().collect();
        let mut rows: Vec<Row> = Vec::new();
        for asked in asked.chunks(ITEMS_AT_ONCE) {
            let mut query = sqlx::query_as(VERSIONS);
            for at in 0..ITEMS_AT_ONCE {
                // What is left of the places asks for the last again.
                query = query.bind(asked.get(at).or(asked.last()).map(|index| index.as_str()));
            }
            rows.extend(query.bind(&id).bind((ROWS_MAX + 1) as i64).fetch_all(&self.reads).await?);
            if rows.len() > ROWS_MAX {
                return Ok(Vec::new());
            }
        }
        let mut versions: BTreeMap<String, Version> = BTreeMap::new();
        for row in rows {
            let Some(item) = known.get(&row.item_index).copied() else { continue };
            let version = match versions.entry(row.transmission_id) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let version = Version {
                        id: entry.key().parse().map_err(|_| WHERE)?,
                        kind: UnitKind::from_id(&row.kind).ok_or(WHERE)?,
                        key: UnitKey { serial: row.serial.parse().map_err(|_| WHERE)?, ..about.key },
                        accepted_at: row.accepted_at,
                        collected: row.collected_at.is_some(),
                        items: Vec::new(),
                    };
                    entry.insert(version)
                }
            };
            version.items.push(item);
        }
        let mut versions: Vec<Version> = versions.into_values().collect();
        versions.sort_by_key(|version| (version.key, version.id));
        Ok(versions)
    }
}
