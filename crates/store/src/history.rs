//! これまでに送ったもの: what a sender's earlier sets to the same receiver were about, without opening them.
//!
//! The fingerprints of [`standard::HistorySet`] could be tried out by whoever has them, so none lies on disk: the index
//! does, which takes the key of the exchange. It covers both offices as well, so that equal people of different offices
//! do not look alike, and an office learns of nothing but what it sent itself.

use crate::accept::SealedSet;
use crate::batch::{Insert, values};
use crate::database::Together;
use crate::devices::Asker;
use crate::hex::{hex, unhex};
use crate::{Error, OfficeId, Store};
use sqlx::FromRow;
use standard::{HistoryItem, HistorySet, UnitKey, UnitKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Items of one set that are kept and looked for; far more than two offices have people in common.
const ITEMS_MAX: usize = 20_000;
/// Earlier rows that are read for one question. Where there are more nothing is said.
pub(crate) const ROWS_MAX: usize = 2_000;
/// Bytes of an index that are kept.
const INDEX_BYTES: usize = 16;
/// Items asked for at once.
pub(crate) const ITEMS_AT_ONCE: usize = 8;

const FIND: &str = "
    SELECT i.item_index, i.place, t.transmission_id, t.kind, t.serial
      FROM transmission_item i JOIN transmission t ON t.transmission_id = i.transmission_id
     WHERE i.item_index IN ($1, $2, $3, $4, $5, $6, $7, $8) AND t.withdrawn_at IS NULL
     LIMIT $9";

static INSERT: LazyLock<Insert> = LazyLock::new(|| {
    let head = "INSERT INTO transmission_item (item_index, transmission_id, place)";
    Insert::new(3, head, "ON CONFLICT DO NOTHING", |first| values(first, 3))
});

/// What a set is about, as it will lie on disk: index and place.
pub(crate) type Trace = (String, String);

#[derive(FromRow)]
struct Row {
    item_index: String,
    place: String,
    transmission_id: String,
    kind: String,
    serial: String,
}

impl Store {
    /// What this sender's earlier sets had in common with these, set by set: the history to check them with.
    ///
    /// What is found with it are warnings, so it need not be read again when a set is taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(&self, sender: &Asker, sets: &[HistorySet]) -> Result<Vec<HistorySet>, Error> {
        let mut found: BTreeMap<String, HistorySet> = BTreeMap::new();
        for set in sets {
            let indexes = self.indexes(&sender.office.id.to_string(), set)?;
            let known: BTreeMap<&str, u64> = indexes.iter().map(|(index, item)| (&**index, item.print)).collect();
            let asked: Vec<&str> = known.keys().copied().collect();
            let mut rows = Vec::new();
            for asked in asked.chunks(ITEMS_AT_ONCE) {
                let mut query = sqlx::query_as::<_, Row>(FIND);
                // What is left of the places asks for the last again.
                let last = asked.last().copied().unwrap_or_default();
                for at in 0..ITEMS_AT_ONCE {
                    query = query.bind(asked.get(at).copied().unwrap_or(last));
                }
                rows.extend(query.bind((ROWS_MAX + 1) as i64).fetch_all(&self.reads).await?);
                if rows.len() > ROWS_MAX {
                    break;
                }
            }
            if rows.len() > ROWS_MAX {
                continue;
            }
            for row in rows {
                let Some(print) = known.get(&*row.item_index).copied() else { continue };
                let earlier = match found.entry(row.transmission_id) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        let kind = UnitKind::from_id(&row.kind).ok_or(Error::Impossible("transmission.kind"))?;
                        let serial = row.serial.parse().map_err(|_| Error::Impossible("transmission.serial"))?;
                        let key = UnitKey { serial, ..set.key };
                        entry.insert(HistorySet { key, kind, items: Vec::new() })
                    }
                };
                earlier.items.push(HistoryItem { print, place: place_of(&row.place)? });
            }
        }
        let mut sets: Vec<HistorySet> = found.into_values().collect();
        for set in &mut sets {
            set.items.sort_unstable();
            set.items.dedup();
        }
        sets.sort_by_key(|set| set.key);
        Ok(sets)
    }

    /// Notes what a sealed set is about, to be written with it.
    ///
    /// # Errors
    /// When the key of the indexes cannot be derived.
    pub fn note(&self, sealed: &mut SealedSet, sender: &Asker, about: &HistorySet) -> Result<(), Error> {
        self.note_of(sealed, sender.office.id, about)
    }

    /// The same of a set that this office sends.
    pub(crate) fn note_of(&self, sealed: &mut SealedSet, sender: OfficeId, about: &HistorySet) -> Result<(), Error> {
        let indexes = self.indexes(&sender.to_string(), about)?.into_iter();
        sealed.traces = indexes.map(|(index, item)| (index, hex(&item.place))).collect();
        Ok(())
    }

    /// The index of each item of a set that this office (by our id) sent.
    pub(crate) fn indexes(&self, sender: &str, set: &HistorySet) -> Result<Vec<(String, HistoryItem)>, Error> {
        if set.items.len() > ITEMS_MAX {
            return Ok(Vec::new());
        }
        let kind = |of: Option<standard::ServiceType>| of.map(|kind| kind.to_string()).unwrap_or_default();
        let UnitKey { sender_type, receiver, receiver_type, .. } = set.key;
        let between = format!("{sender}/{}/{receiver}/{}/", kind(sender_type), kind(receiver_type));
        let index = |item: &HistoryItem| {
            let value = [between.as_bytes(), &item.print.to_be_bytes()].concat();
            let index = self.keys.blind_index("transmission_item", &value)?;
            Ok((hex(index.get(..INDEX_BYTES).unwrap_or_default()), *item))
        };
        set.items.iter().map(index).collect()
    }
}

/// Writes what a set is about, in the transaction that takes it.
pub(crate) fn write<'v>(into: &mut Together<'v>, transmission: &'v str, traces: &'v [Trace]) {
    for (text, part) in INSERT.parts(traces) {
        into.statement(text);
        for (index, place) in part {
            into.bind(index).bind(transmission).bind(place);
        }
    }
}

fn place_of(text: &str) -> Result<[u8; 4], Error> {
    unhex(text).and_then(|place| place.try_into().ok()).ok_or(Error::Impossible("transmission_item.place"))
}
