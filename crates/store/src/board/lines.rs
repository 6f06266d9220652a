//! 一人ずつの行: what the board says of the people of one page, partner by partner.

use super::compare::{Standings, standings};
use super::current::unpacked;
use super::month::{BoardAsked, BoardLine, BoardPerson, Found, Partners, SetState};
use super::{Family, kind_of};
use crate::batch::{ASKED, Text, asking, filled};
use crate::{Error, OfficeId, Store};
use exchange::{Outcome, State};
use standard::OfficeNumber;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const WHERE: Error = Error::Impossible("person_set");

/// All of them in one row, as [`unpacked`] reads it.
pub(super) static LINES: Text = LazyLock::new(|| {
    asking(
        "SELECT string_agg(s.person_index || ' ' || s.partner_id || ' ' || s.family || ' ' || s.sent || ' ' || t.transmission_id
                           || ' ' || t.kind || ' ' || t.accepted_index || ' ' || t.accepted_at || ' '
                           || coalesce(t.collected_at, '-') || ' ' || coalesce(t.acknowledged_at, '-') || ' '
                           || coalesce(t.outcome, '-'), ',') AS sets
           FROM person_set s JOIN transmission t ON t.transmission_id = s.transmission_id
          WHERE s.office_id = $1 AND s.month = $2 AND s.latest = 1 AND s.deletes = 0
            AND s.family IN ('plan', 'actual') AND s.person_index IN {}",
        3,
    )
});
static COMMENTS: Text = LazyLock::new(|| {
    asking(
        "SELECT person_index, partner_id, count(*) AS comments FROM month_comment
          WHERE office_id = $1 AND month = $2 AND person_index IN {} GROUP BY person_index, partner_id",
        3,
    )
});

impl Store {
    /// The lines of each of these people; who the partners are and what comparisons came to is asked for only where it is not
    /// known.
    pub(super) async fn lines(
        &self,
        office: OfficeId,
        asked: &BoardAsked,
        shown: Vec<Found>,
        mut partners: Partners,
        of_month: Option<Standings>,
    ) -> Result<Vec<BoardPerson>, Error> {
        let (id, month) = (office.to_string(), asked.month.to_string());
        let labels = self.labels_of(office).await?;
        let mut people = Vec::with_capacity(shown.len());
        let mut parts: Vec<Vec<Found>> = Vec::new();
        for found in shown {
            match parts.last_mut() {
                Some(part) if part.len() < ASKED => part.push(found),
                _ => parts.push(vec![found]),
            }
        }
        for part in parts {
            let ids: Vec<String> = part.iter().map(|(person, _)| person.clone()).collect();
            let mut query = sqlx::query_scalar(LINES.as_str()).bind(&id).bind(&month);
            for person in filled(&ids) {
                query = query.bind(person);
            }
            let packed: Option<String> = query.fetch_one(&self.reads).await?;
            let mut sets: BTreeMap<&str, Vec<SetRow>> = BTreeMap::new();
            for [person, set @ ..] in unpacked::<11>(packed.as_deref()).ok_or(WHERE)? {
                sets.entry(person).or_default().push(SetRow::read(set).ok_or(WHERE)?);
            }
            // What came since they were asked for may be with somebody else.
            let is_new = |id: &&str| !partners.contains_key(*id);
            let new: BTreeSet<&str> = sets.values().flatten().map(|set| set.partner.as_str()).filter(is_new).collect();
            if !new.is_empty() {
                let found = self.partner_rows(&new).await?;
                partners.extend(found);
            }
            let mut query = sqlx::query_as(COMMENTS.as_str()).bind(&id).bind(&month);
            for person in filled(&ids) {
                query = query.bind(person);
            }
            let comments: Vec<(String, String, i64)> = query.fetch_all(&self.reads).await?;
            let comments: BTreeMap<(String, String), u64> = comments
                .into_iter()
                .map(|(person, partner, count)| ((person, partner), u64::try_from(count).unwrap_or_default()))
                .collect();
            let of_part;
            let standings = match &of_month {
                Some(of_month) => of_month,
                None => {
                    of_part = standings(self, &labels, asked.month, &ids).await?;
                    &of_part
                }
            };
            for (person, label) in part {
                let of_person = lines_of(sets.remove(person.as_str()).unwrap_or_default(), &partners, asked.partner)?;
                let finished = of_person.into_iter().map(|(partner, mut line)| {
                    let key = (person.clone(), partner);
                    line.comments = comments.get(&key).copied().unwrap_or_default();
                    line.comparison = self.standing_of(standings, &key, &line)?;
                    Ok(line)
                });
                let lines = finished.collect::<Result<_, Error>>()?;
                people.push(BoardPerson { id: person.parse().map_err(|_| WHERE)?, label, lines });
            }
        }
        Ok(people)
    }
}

/// With the partner's id, in the order of the partners' numbers; sets in the order in which they came.
fn lines_of(
    mut sets: Vec<SetRow>,
    partners: &Partners,
    partner: Option<OfficeNumber>,
) -> Result<Vec<(String, BoardLine)>, Error> {
    sets.sort_by_key(|set| set.accepted_index);
    let mut lines: Vec<(String, BoardLine)> = Vec::new();
    for SetRow { partner: id, family, state, .. } in sets {
        let row = partners.get(&id).ok_or(WHERE)?;
        if partner.is_some_and(|partner| partner != row.number) {
            continue;
        }
        let at = match lines.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None => {
                let line = BoardLine {
                    partner: row.number,
                    partner_name: row.name.clone(),
                    is_outside: row.is_outside,
                    plans: Vec::new(),
                    actuals: Vec::new(),
                    comparison: None,
                    comments: 0,
                };
                lines.push((id, line));
                lines.len() - 1
            }
        };
        let Some((_, line)) = lines.get_mut(at) else { continue };
        let sets = if family == Family::Plan { &mut line.plans } else { &mut line.actuals };
        // One set may bring several matters of one person: actuals of two kinds of service.
        if sets.iter().all(|set| set.id != state.id) {
            sets.push(state);
        }
    }
    lines.sort_by(|(one_id, one), (other_id, other)| {
        (one.partner, one.is_outside, one_id).cmp(&(other.partner, other.is_outside, other_id))
    });
    Ok(lines)
}

struct SetRow {
    partner: String,
    family: Family,
    accepted_index: i64,
    state: SetState,
}

impl SetRow {
    fn read(
        [partner, family, sent, id, kind, accepted_index, accepted_at, collected, acknowledged, outcome]: [&str; 10],
    ) -> Option<Self> {
        let state = match (outcome, acknowledged, collected) {
            ("-", "-", "-") => State::Waiting,
            ("-", "-", _) => State::Collected,
            ("-", ..) => State::Acknowledged,
            (outcome, ..) => Outcome::from_id(outcome)?.state(),
        };
        Some(Self {
            partner: partner.to_owned(),
            family: Family::from_id(family).ok()?,
            accepted_index: accepted_index.parse().ok()?,
            state: SetState {
                id: id.parse().ok()?,
                kind: kind_of(kind).ok()?,
                sent: sent == "1",
                state,
                accepted_at: accepted_at.to_owned(),
            },
        })
    }
}
