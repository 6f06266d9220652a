//! 利用者の索引: noted while a set's content is in memory, written with the set, taken away with it.

use super::labels::{Label, OfficeLabels};
use super::{Family, person_id, short_index};
use crate::batch::{Insert, values};
use crate::database::{Connection, Together};
use crate::{Error, Keys, Office, OfficeId, PersonId, Store, TransmissionId};
use exchange::Letter;
use standard::truth::{Key, Subject, arrivals};
use standard::value::PersonKey;
use standard::{Called, ServiceMonth, SourceFile, UnitKey};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// People of one set that are indexed; a set of more is found by its month and opened, and says so.
const PEOPLE_MAX: usize = 5_000;

/// 名簿 — who a set is about and what it says of each, in memory only.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    people: Vec<Noted>,
    deletes: bool,
    order: String,
    /// `number/type` of the receiver, who has truths of its own.
    receiver: String,
}

#[derive(Clone, Debug)]
struct Noted {
    person: PersonKey,
    called: Called,
    subjects: Vec<Subject>,
}

impl Roster {
    /// Of these files, which are a set's.
    pub(crate) fn of(files: &[SourceFile<'_>]) -> Self {
        let Some(arrival) = arrivals(files).into_iter().next() else { return Self::default() };
        let mut names = standard::roster(files);
        let mut people: BTreeMap<PersonKey, Vec<Subject>> = BTreeMap::new();
        for Key { person, subject } in arrival.keys {
            people.entry(person).or_default().push(subject);
        }
        if people.len() > PEOPLE_MAX {
            return Self::default();
        }
        let noted = |(person, subjects): (PersonKey, Vec<Subject>)| Noted {
            called: names.remove(&person).unwrap_or_default(),
            person,
            subjects,
        };
        Self {
            people: people.into_iter().map(noted).collect(),
            deletes: arrival.kind.is_delete(),
            order: order_of(&arrival.unit),
            receiver: format!("{}/{}", arrival.unit.receiver, text(arrival.unit.receiver_type)),
        }
    }

    #[cfg(test)]
    pub(super) fn about(people: &[PersonKey], subject: Subject, unit: &UnitKey, deletes: bool) -> Self {
        let noted = |person: &PersonKey| Noted { person: *person, called: Called::default(), subjects: vec![subject] };
        let receiver = format!("{}/{}", unit.receiver, text(unit.receiver_type));
        Self { people: people.iter().map(noted).collect(), deletes, order: order_of(unit), receiver }
    }

    /// The same of the files of a call that belong to a letter.
    pub(crate) fn of_letter(letter: &Letter, files: &[SourceFile<'_>]) -> Self {
        let own: Vec<SourceFile<'_>> = letter.files().iter().filter_map(|&at| files.get(at).copied()).collect();
        Self::of(&own)
    }
}

/// The order of [`UnitKey`] as text: what comes later in it counts later.
pub(super) fn order_of(unit: &UnitKey) -> String {
    format!("{}{}{:2}", unit.serial, unit.sender, text(unit.sender_type))
}

fn text(of: Option<standard::ServiceType>) -> String {
    of.map(|kind| kind.to_string()).unwrap_or_default()
}

/// The rows of a set, as they will lie on disk.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    people: Vec<PersonRow>,
    sets: Vec<SetRow>,
    deletes: bool,
    order: String,
}

#[derive(Debug)]
struct PersonRow {
    office: String,
    person: String,
    label: Option<Vec<u8>>,
    named: bool,
}

#[derive(Debug)]
struct SetRow {
    subject: String,
    office: String,
    person: String,
    partner: String,
    family: Family,
    month: Option<ServiceMonth>,
    sent: bool,
}

impl Rows {
    /// Adds the rows of one of the two offices.
    fn add(
        &mut self,
        keys: &Keys,
        roster: &Roster,
        labels: &OfficeLabels,
        partner: OfficeId,
        sent: bool,
    ) -> Result<(), Error> {
        let office = labels.office();
        for noted in &roster.people {
            let id: PersonId = person_id(keys, office, &noted.person)?;
            let Called { name, kana } = noted.called.clone();
            let label = Label { person: noted.person, name, kana };
            self.people.push(PersonRow {
                office: office.to_string(),
                person: id.to_string(),
                label: labels.seal_label(id, &label)?,
                named: noted.called.is_named(),
            });
            for subject in &noted.subjects {
                let (family, month) = Family::of(subject);
                let what = format!("{office}/{}/{id}/{}", roster.receiver, what(subject));
                self.sets.push(SetRow {
                    subject: short_index(keys, "person_set", &what)?,
                    office: office.to_string(),
                    person: id.to_string(),
                    partner: partner.to_string(),
                    family,
                    month,
                    sent,
                });
            }
        }
        Ok(())
    }
}

/// The matter in one spelling; only its keyed index is kept.
fn what(subject: &Subject) -> String {
    let family = Family::of(subject).0.id();
    match subject {
        Subject::CarePlan(date) | Subject::BasicInfo(date) | Subject::PreventionPlan(date) => {
            format!("{family}/{date}")
        }
        Subject::Schedule(month) => format!("{family}/{month}"),
        Subject::Actuals { month, office, service_type } => format!("{family}/{month}/{office}/{service_type}"),
    }
}

impl Store {
    /// The rows of a set for both of its offices.
    pub(crate) async fn index_rows(&self, sender: &Office, receiver: &Office, roster: &Roster) -> Result<Rows, Error> {
        let mut rows = Rows { deletes: roster.deletes, order: roster.order.clone(), ..Rows::default() };
        if roster.people.is_empty() {
            return Ok(rows);
        }
        // Nobody signs in for an office outside, so nobody would look into an index of its own.
        if !sender.is_outside {
            let labels = self.labels_of(sender.id).await?;
            rows.add(&self.keys, roster, &labels, receiver.id, true)?;
        }
        if sender.id != receiver.id && !receiver.is_outside {
            let labels = self.labels_of(receiver.id).await?;
            // What still comes by letter from an office that has joined meanwhile stands beside what it sends now.
            let joined = match sender.is_outside {
                true => self.partner_id(receiver.id, sender.register.number).await?,
                false => None,
            };
            rows.add(&self.keys, roster, &labels, joined.unwrap_or(sender.id), false)?;
        }
        Ok(rows)
    }

    /// Indexes a set that was taken before there was an index, or by a program of before, now that an office opened it.
    pub(crate) async fn index_opened(&self, id: TransmissionId, files: &[SourceFile<'_>]) -> Result<(), Error> {
        if is_there(&self.reads, id).await? {
            return Ok(());
        }
        let sides: Option<(String, String)> =
            sqlx::query_as(SIDES).bind(id.to_string()).fetch_optional(&self.reads).await?;
        let Some((from, to)) = sides else { return Ok(()) };
        let office = |id: String| async move {
            let id = id.parse().map_err(|_| Error::Impossible("transmission"))?;
            self.office_by_id(id).await?.ok_or(Error::Impossible("transmission"))
        };
        let (from, to) = (office(from).await?, office(to).await?);
        let roster = Roster::of(files);
        let rows = self.index_rows(&from, &to, &roster).await?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    // Not for what was taken back or erased meanwhile.
                    let stands: i64 = sqlx::query_scalar(STANDS).bind(id.to_string()).fetch_one(&mut *c).await?;
                    if stands == 0 {
                        return Ok(());
                    }
                    let id = id.to_string();
                    let mut together = Together::default();
                    write(&mut together, &id, &rows);
                    together.run(c).await.map(|_| ())
                })
            })
            .await
    }
}

const SIDES: &str = "SELECT sender_office_id, receiver_office_id FROM transmission WHERE transmission_id = $1";
const STANDS: &str = "
    SELECT count(*) FROM transmission t
     WHERE t.transmission_id = $1 AND t.withdrawn_at IS NULL AND t.erased_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM person_set s WHERE s.transmission_id = t.transmission_id)";

const INDEXED: &str = "SELECT count(*) FROM person_set WHERE transmission_id = $1";

/// Whether a set has rows.
async fn is_there(reads: &crate::database::Pool, id: TransmissionId) -> Result<bool, Error> {
    let rows: i64 = sqlx::query_scalar(INDEXED).bind(id.to_string()).fetch_one(reads).await?;
    Ok(rows > 0)
}

/// The label of a later month counts, unless it names nobody: most sets then find nothing to write here.
static UPSERT_PEOPLE: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        5,
        "INSERT INTO person (office_id, person_index, label_sealed, named, label_order)",
        "ON CONFLICT (office_id, person_index) DO UPDATE
            SET label_sealed = excluded.label_sealed, named = excluded.named, label_order = excluded.label_order
          WHERE excluded.named > person.named
             OR (excluded.named = person.named AND substr(excluded.label_order, 1, 6) > substr(person.label_order, 1, 6))",
        |first| values(first, 5),
    )
});

/// What came before is not the latest any more. `$2` is where this set stands among them.
pub(super) const OLDER: &str = "
    UPDATE person_set SET latest = 0
     WHERE (office_id, month, person_index, subject_index) IN
           (SELECT n.office_id, n.month, n.person_index, n.subject_index FROM person_set n WHERE n.transmission_id = $1)
       AND latest = 1 AND chain_order < $2";

/// Sets may arrive in any order: one is the latest only if none that counts later is here.
static INSERT_SETS: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        10,
        "INSERT INTO person_set (subject_index, transmission_id, office_id, person_index, partner_id, family, month,
                                 sent, deletes, chain_order, taken_back, latest)",
        "ON CONFLICT DO NOTHING",
        |first| {
            let (subject, office, person, month, order) = (first, first + 2, first + 3, first + 6, first + 9);
            let plain: Vec<String> = (first..first + 10).map(|at| format!("${at}")).collect();
            format!(
                "({}, 0, CASE WHEN EXISTS (SELECT 1 FROM person_set s
                   WHERE s.office_id = ${office} AND s.month = ${month} AND s.person_index = ${person}
                     AND s.subject_index = ${subject} AND s.taken_back = 0 AND s.chain_order > ${order}) THEN 0 ELSE 1 END)",
                plain.join(", ")
            )
        },
    )
});

/// Writes the rows of a set, in the transaction that takes it.
pub(crate) fn write<'v>(into: &mut Together<'v>, transmission: &'v str, rows: &'v Rows) {
    for (text, part) in UPSERT_PEOPLE.parts(&rows.people) {
        into.statement(text);
        for row in part {
            into.bind(&row.office).bind(&row.person).bind(row.label.as_deref());
            into.bind(i64::from(row.named)).bind(&rows.order);
        }
    }
    for (text, part) in INSERT_SETS.parts(&rows.sets) {
        into.statement(text);
        for row in part {
            into.bind(&row.subject).bind(transmission).bind(&row.office).bind(&row.person);
            into.bind(&row.partner).bind(row.family.id());
            into.bind(row.month.map(|month| month.to_string()).unwrap_or_default());
            into.bind(i64::from(row.sent)).bind(i64::from(rows.deletes)).bind(&rows.order);
        }
    }
    if !rows.sets.is_empty() {
        into.statement(OLDER).bind(transmission).bind(&rows.order);
    }
}

const TAKE_BACK: &str = "UPDATE person_set SET taken_back = 1, latest = 0 WHERE transmission_id = $1";
/// What is the last of those that are left.
pub(super) const LATEST_AGAIN: &str = "
    UPDATE person_set SET latest = 1
     WHERE taken_back = 0 AND latest = 0
       AND (office_id, month, person_index, subject_index) IN
           (SELECT b.office_id, b.month, b.person_index, b.subject_index FROM person_set b WHERE b.transmission_id = $1)
       AND chain_order = (SELECT max(m.chain_order) FROM person_set m
                           WHERE m.office_id = person_set.office_id AND m.month = person_set.month
                             AND m.person_index = person_set.person_index
                             AND m.subject_index = person_set.subject_index AND m.taken_back = 0)";

/// 取下げ: as if the set had never come, and what it replaced counts again.
pub(crate) async fn take_back(c: &mut Connection, id: TransmissionId) -> Result<(), Error> {
    let id = id.to_string();
    sqlx::query(TAKE_BACK).bind(&id).execute(&mut *c).await?;
    sqlx::query(LATEST_AGAIN).bind(&id).execute(&mut *c).await?;
    Ok(())
}

const WHO: &str =
    "SELECT DISTINCT office_id, person_index, month, partner_id FROM person_set WHERE transmission_id = $1";
const DROP: &str = "DELETE FROM person_set WHERE transmission_id = $1";
const DROP_RESULT: &str = "
    DELETE FROM month_comparison WHERE office_id = $1 AND person_index = $2 AND month = $3 AND partner_id = $4";
const DROP_ACCEPTED: &str = "
    DELETE FROM accepted_difference WHERE office_id = $1 AND person_index = $2 AND month = $3 AND partner_id = $4";
/// Comments go with the last set that the two offices have about the person and month.
const COMMENTS: &str = "
    SELECT c.text_sealed FROM month_comment c
     WHERE c.office_id = $1 AND c.person_index = $2 AND c.month = $3 AND c.partner_id = $4
       AND NOT EXISTS (SELECT 1 FROM person_set s WHERE s.office_id = $1 AND s.person_index = $2 AND s.month = $3
                          AND s.partner_id = $4)";
const DROP_COMMENTS: &str = "
    DELETE FROM month_comment WHERE office_id = $1 AND person_index = $2 AND month = $3 AND partner_id = $4
       AND NOT EXISTS (SELECT 1 FROM person_set s WHERE s.office_id = $1 AND s.person_index = $2 AND s.month = $3
                          AND s.partner_id = $4)";
/// Whether an office has a set about a person. Rows lie by month, so each month is asked, one after the other.
macro_rules! somewhere {
    () => {
        "EXISTS (SELECT 1 FROM person_set s
                  WHERE s.office_id = $1 AND s.person_index = $2 AND s.month IN (
                        WITH RECURSIVE its (month) AS (
                             SELECT min(month) FROM person_set WHERE office_id = $1
                              UNION ALL
                             SELECT (SELECT min(n.month) FROM person_set n WHERE n.office_id = $1 AND n.month > its.month)
                               FROM its WHERE its.month IS NOT NULL)
                        SELECT month FROM its))"
    };
}
/// The label goes with the last set about the person.
const LABEL: &str = concat!(
    "SELECT p.label_sealed FROM person p
      WHERE p.office_id = $1 AND p.person_index = $2 AND p.label_sealed IS NOT NULL AND NOT ",
    somewhere!()
);
pub(super) const DROP_LABEL: &str =
    concat!("DELETE FROM person WHERE office_id = $1 AND person_index = $2 AND NOT ", somewhere!());

/// Takes the rows of an erased set away, with whatever hung on them. Returns what was sealed, for the search afterwards.
pub(crate) async fn forget(c: &mut Connection, transmission: &str) -> Result<Vec<Vec<u8>>, Error> {
    let who: Vec<(String, String, String, String)> = sqlx::query_as(WHO).bind(transmission).fetch_all(&mut *c).await?;
    sqlx::query(DROP).bind(transmission).execute(&mut *c).await?;
    let mut taken = Vec::new();
    for (office, person, month, partner) in &who {
        let all = [office, person, month, partner];
        taken.extend(bound(COMMENTS, all).fetch_all(&mut *c).await?);
        for sql in [DROP_RESULT, DROP_ACCEPTED, DROP_COMMENTS] {
            let query = all.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value));
            query.execute(&mut *c).await?;
        }
        taken.extend(sqlx::query_scalar(LABEL).bind(office).bind(person).fetch_all(&mut *c).await?);
        sqlx::query(DROP_LABEL).bind(office).bind(person).execute(&mut *c).await?;
    }
    Ok(taken)
}

type Blobs<'q> = sqlx::query::QueryScalar<'q, sqlx::Any, Vec<u8>, sqlx::any::AnyArguments>;

fn bound<'q>(sql: &'static str, values: [&'q String; 4]) -> Blobs<'q> {
    values.into_iter().fold(sqlx::query_scalar(sql), |query, value| query.bind(value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_8_the_order_of_import_is_kept_as_text() {
        let unit = |serial: &str, sender: &str, kind: Option<&str>| UnitKey {
            serial: serial.parse().expect("a serial"),
            sender: sender.parse().expect("an office"),
            sender_type: kind.map(|kind| kind.parse().expect("a service type")),
            receiver: "1370000029".parse().expect("an office"),
            receiver_type: None,
        };
        let units = [
            unit("20260401000000", "1370000011", None),
            unit("20260401000000", "1370000011", Some("43")),
            unit("20260401000000", "1370000011", Some("A2")),
            unit("20260401000000", "1370000012", None),
            unit("20260401000001", "1370000011", None),
        ];
        assert!(units.is_sorted());
        assert!(units.iter().map(order_of).is_sorted());
    }
}
