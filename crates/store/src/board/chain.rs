//! 版の経過: for each matter of a person which set is current, and what became of the others (標準仕様 2.5, R1.8).
//!
//! What counts is [`standard::truth`], asked with the keyed indexes in the place of people and matters; so both offices of a
//! set, each with indexes of its own, come to the same answer whatever the order of arrival.

use super::{Family, kind_of};
use crate::people::Person;
use crate::{Error, OfficeId, PersonId, Store, TransmissionId};
use sqlx::FromRow;
use standard::truth::{Arrival, Key, Receiver, State, Subject, truth};
use standard::{ServiceMonth, UnitKey, UnitKind};
use std::collections::{BTreeMap, BTreeSet};

/// Sets about one person that are read.
const ROWS_MAX: i64 = 2_000;
/// Newer sets that are named on a set's page.
const NEWER_MAX: i64 = 5;

const WHERE: Error = Error::Impossible("person_set");

/// 一つの対象の経過.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Of what kind.
    pub family: Family,
    /// 対象年月, where it has one.
    pub month: Option<ServiceMonth>,
    /// Every set about it, in the order of import.
    pub steps: Vec<ChainStep>,
}

/// 経過の一歩.
#[derive(Clone, Debug)]
pub struct ChainStep {
    /// The set.
    pub id: TransmissionId,
    /// Its kind.
    pub kind: UnitKind,
    /// Serial, sender and receiver.
    pub unit: UnitKey,
    /// RFC 3339.
    pub accepted_at: String,
    /// What became of it, or what it did.
    pub state: ChainState,
}

/// 版の状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainState {
    /// 有効: the one to go by.
    Current,
    /// 差し替え済み.
    Replaced(TransmissionId),
    /// 削除された.
    Deleted(TransmissionId),
    /// 削除: it takes this one away.
    Deletes(TransmissionId),
    /// 削除の相手なし.
    DeletesNothing,
    /// 取下げ: its sender took it back before it was collected.
    TakenBack,
    /// Something of it is missing here, so nothing is said.
    Unknown,
}

/// 一組の版: how a set stands to what came after it.
#[derive(Clone, Debug, Default)]
pub struct SetStanding {
    /// Matters it is about; none where it is not in the index.
    pub subjects: u64,
    /// Of them, those for which nothing counts later.
    pub latest: u64,
    /// The sets that count later, the newest first.
    pub newer: Vec<(TransmissionId, UnitKind, String)>,
}

pub(super) const CHAIN: &str = "
    SELECT s.subject_index, s.family, s.month, s.taken_back, t.transmission_id, t.kind, t.serial, t.sender_type,
           t.receiver_type, t.accepted_at, substr(f.office_number, 1, 10) AS sender,
           substr(r.office_number, 1, 10) AS receiver
      FROM person_set s
      JOIN transmission t ON t.transmission_id = s.transmission_id
      JOIN office f ON f.office_id = t.sender_office_id
      JOIN office r ON r.office_id = t.receiver_office_id
     WHERE s.office_id = $1 AND s.person_index = $2 AND s.month IN ($3, '')
     ORDER BY s.chain_order, t.accepted_index LIMIT $4";

const STANDING: &str = "
    SELECT count(*), count(CASE WHEN latest = 1 THEN 1 END) FROM person_set WHERE transmission_id = $1 AND office_id = $2";
pub(super) const NEWER: &str = "
    SELECT DISTINCT t.transmission_id, t.kind, t.accepted_at, n.chain_order
      FROM person_set s
      JOIN person_set n ON n.office_id = s.office_id AND n.month = s.month AND n.person_index = s.person_index
                       AND n.subject_index = s.subject_index AND n.latest = 1 AND n.chain_order > s.chain_order
      JOIN transmission t ON t.transmission_id = n.transmission_id
     WHERE s.transmission_id = $1 AND s.office_id = $2 AND s.taken_back = 0
     ORDER BY n.chain_order DESC LIMIT $3";

#[derive(FromRow)]
struct Row {
    subject_index: String,
    family: String,
    month: String,
    taken_back: i64,
    transmission_id: String,
    kind: String,
    serial: String,
    sender_type: String,
    receiver_type: String,
    accepted_at: String,
    sender: String,
    receiver: String,
}

impl Row {
    fn unit(&self) -> Result<UnitKey, Error> {
        Ok(UnitKey {
            serial: self.serial.parse().map_err(|_| WHERE)?,
            sender: self.sender.parse().map_err(|_| WHERE)?,
            sender_type: Some(self.sender_type.parse().map_err(|_| WHERE)?),
            receiver: self.receiver.parse().map_err(|_| WHERE)?,
            receiver_type: Some(self.receiver_type.parse().map_err(|_| WHERE)?),
        })
    }
}

impl Store {
    /// What there is about a person: of this month, and what has a date instead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chains(&self, person: &Person, of: PersonId, month: ServiceMonth) -> Result<Vec<Chain>, Error> {
        self.chains_of(person.office.id, of, month).await
    }

    pub(super) async fn chains_of(
        &self,
        office: OfficeId,
        of: PersonId,
        month: ServiceMonth,
    ) -> Result<Vec<Chain>, Error> {
        let rows: Vec<Row> = sqlx::query_as(CHAIN)
            .bind(office.to_string())
            .bind(of.to_string())
            .bind(month.to_string())
            .bind(ROWS_MAX)
            .fetch_all(&self.reads)
            .await?;
        chains(rows, month)
    }

    /// How a set stands to what came after it, for one of its offices.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_standing(&self, person: &Person, id: TransmissionId) -> Result<SetStanding, Error> {
        let (id, office) = (id.to_string(), person.office.id.to_string());
        let (subjects, latest): (i64, i64) =
            sqlx::query_as(STANDING).bind(&id).bind(&office).fetch_one(&self.reads).await?;
        let count = |number: i64| u64::try_from(number).map_err(|_| WHERE);
        let mut standing = SetStanding { subjects: count(subjects)?, latest: count(latest)?, newer: Vec::new() };
        if standing.latest < standing.subjects {
            let rows: Vec<(String, String, String, String)> =
                sqlx::query_as(NEWER).bind(&id).bind(&office).bind(NEWER_MAX).fetch_all(&self.reads).await?;
            for (id, kind, accepted_at, _) in rows {
                standing.newer.push((id.parse().map_err(|_| WHERE)?, kind_of(&kind)?, accepted_at));
            }
        }
        Ok(standing)
    }
}

fn chains(rows: Vec<Row>, month: ServiceMonth) -> Result<Vec<Chain>, Error> {
    let mut ids: BTreeMap<UnitKey, TransmissionId> = BTreeMap::new();
    let mut arrivals: BTreeMap<UnitKey, Arrival<String>> = BTreeMap::new();
    // The keyed index names the matter as well as the person, so the rest of the key is the same for all.
    let key = |row: &Row| Key { person: row.subject_index.clone(), subject: Subject::Schedule(month) };
    for row in rows.iter().filter(|row| row.taken_back == 0) {
        let unit = row.unit()?;
        ids.insert(unit, row.transmission_id.parse().map_err(|_| WHERE)?);
        let kind = kind_of(&row.kind)?;
        let arrival =
            arrivals.entry(unit).or_insert_with(|| Arrival { unit, kind, keys: BTreeSet::new(), rows_without_key: 0 });
        arrival.keys.insert(key(row));
    }
    let truth = truth(arrivals.values());
    let mut chains: BTreeMap<(Family, Option<ServiceMonth>, String), Vec<ChainStep>> = BTreeMap::new();
    for row in rows {
        let unit = row.unit()?;
        let receiver = Receiver { office: unit.receiver, service_type: unit.receiver_type };
        let id: TransmissionId = row.transmission_id.parse().map_err(|_| WHERE)?;
        let other = |unit: UnitKey| ids.get(&unit).copied();
        let steps = truth.histories.get(&(receiver, key(&row)));
        let step = steps.and_then(|steps| steps.iter().find(|step| step.set == unit)).map(|step| step.state);
        let state = match (row.taken_back != 0, step) {
            (true, _) => Some(ChainState::TakenBack),
            (false, Some(State::Current)) => Some(ChainState::Current),
            (false, Some(State::ReplacedBy(by))) => other(by).map(ChainState::Replaced),
            (false, Some(State::WithdrawnBy(by))) => other(by).map(ChainState::Deleted),
            (false, Some(State::Withdraws(of))) => other(of).map(ChainState::Deletes),
            (false, Some(State::WithoutTarget)) => Some(ChainState::DeletesNothing),
            (false, None) => None,
        };
        let of = if row.month.is_empty() { None } else { Some(row.month.parse().map_err(|_| WHERE)?) };
        let family = Family::from_id(&row.family)?;
        chains.entry((family, of, row.subject_index.clone())).or_default().push(ChainStep {
            id,
            kind: kind_of(&row.kind)?,
            unit,
            accepted_at: row.accepted_at,
            state: state.unwrap_or(ChainState::Unknown),
        });
    }
    Ok(chains.into_iter().map(|((family, month, _), steps)| Chain { family, month, steps }).collect())
}
