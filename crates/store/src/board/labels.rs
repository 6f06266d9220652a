//! 名札: how an office's index calls its people. Sealed under a key made of the office's own private key: whoever cannot
//! open the office's sets cannot read its labels either, and with the key they are gone. An office that keeps its key
//! itself has no label here that the server could read, and none is written.

use crate::database::Connection;
use crate::{Error, OfficeId, PersonId, Store};
use seal::{Purpose, WorkingKey, wrapped_under};
use sqlx::FromRow;
use standard::value::{InsuredNumber, InsurerNumber, PersonKey, Private};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Characters of a name that are kept.
const NAME_CHARACTERS_MAX: usize = 60;
/// Between the parts of a label; no cell that is text holds it.
const BETWEEN: char = '\u{1f}';
/// Keys of an office that may be alive at the same time: two while one replaces the other.
const KEYS_MAX: i64 = 8;
/// How long keys are remembered: far less than an old one lives on.
const REMEMBERED: Duration = Duration::from_secs(60);
const OFFICES_MAX: usize = 4_096;

const KEYS: &str = "
    SELECT key_version, wrapped_secret FROM office_key
     WHERE office_id = $1 AND destroyed_at IS NULL ORDER BY key_version DESC LIMIT $2";

/// 名札 — who a person of the index is. `Debug` prints nothing of them.
#[derive(Clone, Debug)]
pub struct Label {
    /// 保険者番号・被保険者番号.
    pub person: PersonKey,
    /// 氏名; blank where no set has named them.
    pub name: Private<String>,
    /// フリガナ; blank where no set has one.
    pub kana: Private<String>,
}

impl Label {
    fn to_text(&self) -> String {
        let cut = |text: &Private<String>| -> String {
            let shown = text.reveal().chars().filter(|letter| !letter.is_control());
            shown.take(NAME_CHARACTERS_MAX).collect()
        };
        let PersonKey { insurer, insured } = &self.person;
        [insurer.as_str(), insured.as_str(), &cut(&self.name), &cut(&self.kana)].join(&BETWEEN.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(BETWEEN);
        let mut next = || parts.next();
        let (insurer, insured, name, kana) = (next()?, next()?, next()?, next()?);
        Some(Self {
            person: PersonKey {
                insurer: InsurerNumber::from_bytes(insurer.as_bytes())?,
                insured: InsuredNumber::from_bytes(insured.as_bytes())?,
            },
            name: Private::new(name.to_owned()),
            kana: Private::new(kana.to_owned()),
        })
    }
}

/// Label keys at work, the newest of each office first.
#[derive(Default)]
pub(crate) struct LabelKeys(Mutex<HashMap<OfficeId, (Instant, Arc<OfficeLabels>)>>);

impl std::fmt::Debug for LabelKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LabelKeys(..)")
    }
}

/// The label keys of one office.
pub(crate) struct OfficeLabels {
    office: OfficeId,
    keys: Vec<WorkingKey>,
}

impl OfficeLabels {
    pub(super) fn office(&self) -> OfficeId {
        self.office
    }

    /// Seals something about a person under the newest key; nothing where the server keeps none for this office.
    pub(super) fn seal(&self, column: (&str, &str), row: &str, content: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Some(key) = self.keys.first() else { return Ok(None) };
        let row = format!("{}/{row}", self.office);
        let purpose = Purpose::Field { table: column.0, column: column.1, row: &row };
        key.wrap(&purpose, content, &mut rand::rng()).map(Some).map_err(|_| Error::Impossible("sealing a label"))
    }

    /// Opens it under whichever key it is; nothing where that key is not here.
    pub(super) fn open(&self, column: (&str, &str), row: &str, sealed: &[u8]) -> Result<Option<String>, Error> {
        let id = wrapped_under(sealed).map_err(|_| Error::Damaged)?;
        let Some(key) = self.keys.iter().find(|key| key.id() == id) else { return Ok(None) };
        let row = format!("{}/{row}", self.office);
        let purpose = Purpose::Field { table: column.0, column: column.1, row: &row };
        let content = key.unwrap(&purpose, sealed).map_err(|_| Error::Damaged)?;
        String::from_utf8(content.to_vec()).map(Some).map_err(|_| Error::Damaged)
    }

    pub(super) fn seal_label(&self, person: PersonId, label: &Label) -> Result<Option<Vec<u8>>, Error> {
        self.seal(LABEL, &person.to_string(), label.to_text().as_bytes())
    }

    /// The label; nothing where it is not for the server to read.
    pub(super) fn open_label(&self, person: &str, sealed: Option<&[u8]>) -> Result<Option<Label>, Error> {
        let Some(sealed) = sealed else { return Ok(None) };
        let text = self.open(LABEL, person, sealed)?;
        text.map(|text| Label::from_text(&text).ok_or(Error::Damaged)).transpose()
    }
}

pub(super) const LABEL: (&str, &str) = ("person", "label_sealed");
pub(super) const COMMENT: (&str, &str) = ("month_comment", "text_sealed");
pub(super) const RESULT: (&str, &str) = ("month_comparison", "result_sealed");

#[derive(FromRow)]
struct KeyRow {
    key_version: i64,
    wrapped_secret: Vec<u8>,
}

impl Store {
    /// The label keys of an office.
    pub(crate) async fn labels_of(&self, office: OfficeId) -> Result<Arc<OfficeLabels>, Error> {
        const WHERE: Error = Error::Impossible("label keys");
        self.keys.require()?;
        if let Some((since, labels)) = self.label_keys.0.lock().map_err(|_| WHERE)?.get(&office)
            && since.elapsed() < REMEMBERED
        {
            return Ok(Arc::clone(labels));
        }
        let id = office.to_string();
        let rows: Vec<KeyRow> = sqlx::query_as(KEYS).bind(&id).bind(KEYS_MAX).fetch_all(&self.reads).await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let version = u32::try_from(row.key_version).map_err(|_| WHERE)?;
            let secret = self.keys.unwrap(&Purpose::OfficeKey { office: &id, version }, &row.wrapped_secret)?;
            keys.push(WorkingKey::of_office(&secret).map_err(|_| WHERE)?);
        }
        let labels = Arc::new(OfficeLabels { office, keys });
        let mut known = self.label_keys.0.lock().map_err(|_| WHERE)?;
        if known.len() >= OFFICES_MAX {
            known.clear();
        }
        known.insert(office, (Instant::now(), Arc::clone(&labels)));
        Ok(labels)
    }

    /// Forgets the label keys of an office, whose keys have changed.
    pub(crate) fn forget_labels(&self, office: OfficeId) -> Result<(), Error> {
        self.label_keys.0.lock().map_err(|_| Error::Impossible("label keys"))?.remove(&office);
        Ok(())
    }
}

/// Rows sealed anew in one go.
const RESEALED_AT_ONCE: i64 = 256;
const LABELS: &str = "
    SELECT person_index, label_sealed FROM person
     WHERE office_id = $1 AND person_index > $2 AND label_sealed IS NOT NULL ORDER BY person_index LIMIT $3";
const UPDATE_LABEL: &str = "
    UPDATE person SET label_sealed = $3 WHERE office_id = $1 AND person_index = $2 AND label_sealed = $4";
const COMMENTS: &str = "
    SELECT comment_id, text_sealed FROM month_comment
     WHERE office_id = $1 AND comment_id > $2 ORDER BY comment_id LIMIT $3";
const UPDATE_COMMENT: &str = "
    UPDATE month_comment SET text_sealed = $3 WHERE office_id = $1 AND comment_id = $2 AND text_sealed = $4";
/// Can be found anew, so it is not sealed anew.
const DROP_RESULTS: &str = "DELETE FROM month_comparison WHERE office_id = $1";

/// What of an office's labels is to be written anew under its newest key.
pub(crate) struct Resealed {
    /// Id, new, old.
    changed: Vec<(String, Vec<u8>, Vec<u8>)>,
    damaged: u64,
    pub(crate) last: Option<String>,
    pub(crate) seen: u64,
    comments: bool,
}

impl Resealed {
    pub(crate) fn found(&self) -> i64 {
        self.changed.len() as i64 + self.damaged as i64
    }
}

/// A few labels, or comments, after this one, sealed anew. One that does not open keeps the old key alive.
pub(crate) async fn reseal(store: &Store, office: OfficeId, comments: bool, after: &str) -> Result<Resealed, Error> {
    store.forget_labels(office)?;
    let labels = store.labels_of(office).await?;
    let (sql, column) = if comments { (COMMENTS, COMMENT) } else { (LABELS, LABEL) };
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as(sql).bind(office.to_string()).bind(after).bind(RESEALED_AT_ONCE).fetch_all(&store.reads).await?;
    let last = rows.last().map(|(id, _)| id.clone());
    let mut resealed = Resealed { changed: Vec::new(), damaged: 0, last, seen: rows.len() as u64, comments };
    let newest = labels.keys.first().map(WorkingKey::id);
    for (id, sealed) in rows {
        if wrapped_under(&sealed).ok() == newest {
            continue;
        }
        match labels.open(column, &id, &sealed) {
            Ok(Some(text)) => {
                let anew = labels.seal(column, &id, text.as_bytes())?.ok_or(Error::Impossible("label keys"))?;
                resealed.changed.push((id, anew, sealed));
            }
            Ok(None) | Err(Error::Damaged) => resealed.damaged += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(resealed)
}

impl Resealed {
    pub(crate) async fn write(&self, c: &mut Connection, office: &str) -> Result<(), Error> {
        let sql = if self.comments { UPDATE_COMMENT } else { UPDATE_LABEL };
        for (id, new, old) in &self.changed {
            sqlx::query(sql).bind(office).bind(id).bind(new).bind(old).execute(&mut *c).await?;
        }
        if self.comments && self.last.is_none() {
            sqlx::query(DROP_RESULTS).bind(office).execute(&mut *c).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_comes_back_as_it_was_and_control_characters_do_not_tear_it() {
        let person = PersonKey {
            insurer: InsurerNumber::from_bytes(b"131016").expect("an insurer"),
            insured: InsuredNumber::from_bytes(b"0000000101").expect("a number"),
        };
        let name = Private::new("見本\u{1f}花子\n".to_owned());
        let label = Label { person, name, kana: Private::new("ミホン ハナコ".to_owned()) };
        let read = Label::from_text(&label.to_text()).expect("read back");
        assert_eq!((read.person, read.name.reveal().as_str()), (person, "見本花子"));
        assert_eq!(read.kana.reveal(), "ミホン ハナコ");
        assert!(Label::from_text("131016\u{1f}1").is_none());
    }
}
