//! 一人ずつの行: what the board says of the people of one page, partner by partner.

use super::compare::standings;
use super::month::{BoardAsked, BoardLine, BoardPerson, Found, SetState};
use super::{Family, kind_of};
use crate::batch::{ASKED, Text, asking, filled};
use crate::{Error, OfficeId, Store};
use exchange::{Outcome, State};
use sqlx::FromRow;
use standard::OfficeNumber;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Sets of the people of one page.
const LINES_MAX: i64 = 4_000;

const WHERE: Error = Error::Impossible("person_set");

static LINES: Text = LazyLock::new(|| {
    asking(
        "SELECT s.person_index, s.partner_id, substr(o.office_number, 1, 10) AS partner, o.name AS partner_name, o.outside_of,
                s.family,
                t.transmission_id, t.kind, t.sender_office_id, t.accepted_at, t.collected_at, t.acknowledged_at,
                t.outcome
           FROM person_set s
           JOIN transmission t ON t.transmission_id = s.transmission_id
           JOIN office o ON o.office_id = s.partner_id
          WHERE s.office_id = $1 AND s.month = $2 AND s.latest = 1 AND s.deletes = 0
            AND s.family IN ('plan', 'actual') AND s.person_index IN {}
          ORDER BY o.office_number, t.accepted_index LIMIT $3",
        4,
    )
});
static COMMENTS: Text = LazyLock::new(|| {
    asking(
        "SELECT person_index, partner_id, count(*) AS comments FROM month_comment
          WHERE office_id = $1 AND month = $2 AND person_index IN {} GROUP BY person_index, partner_id",
        3,
    )
});
#[derive(FromRow)]
struct LineRow {
    person_index: String,
    partner_id: String,
    partner: String,
    partner_name: String,
    outside_of: Option<String>,
    family: String,
    transmission_id: String,
    kind: String,
    sender_office_id: String,
    accepted_at: String,
    collected_at: Option<String>,
    acknowledged_at: Option<String>,
    outcome: Option<String>,
}

impl Store {
    /// The partners of each of these people.
    pub(super) async fn lines(
        &self,
        office: OfficeId,
        asked: &BoardAsked,
        shown: Vec<Found>,
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
            let mut query = sqlx::query_as(LINES.as_str()).bind(&id).bind(&month).bind(LINES_MAX);
            for person in filled(&ids) {
                query = query.bind(person);
            }
            let rows: Vec<LineRow> = query.fetch_all(&self.reads).await?;
            let mut query = sqlx::query_as(COMMENTS.as_str()).bind(&id).bind(&month);
            for person in filled(&ids) {
                query = query.bind(person);
            }
            let comments: Vec<(String, String, i64)> = query.fetch_all(&self.reads).await?;
            let comments: BTreeMap<(String, String), u64> = comments
                .into_iter()
                .map(|(person, partner, count)| ((person, partner), u64::try_from(count).unwrap_or_default()))
                .collect();
            let standings = standings(self, &labels, asked.month, &ids).await?;
            let mut lines = self.sorted_lines(&id, asked.partner, rows)?;
            for (person, label) in part {
                let of_person = lines.remove(&person).unwrap_or_default();
                let finished = of_person.into_iter().map(|(partner, mut line)| {
                    let key = (person.clone(), partner);
                    line.comments = comments.get(&key).copied().unwrap_or_default();
                    line.comparison = self.standing_of(&standings, &key, &line)?;
                    Ok(line)
                });
                let lines = finished.collect::<Result<_, Error>>()?;
                people.push(BoardPerson { id: person.parse().map_err(|_| WHERE)?, label, lines });
            }
        }
        Ok(people)
    }

    /// By person, with the partner's id, in the order of the partners' numbers.
    fn sorted_lines(
        &self,
        office: &str,
        partner: Option<OfficeNumber>,
        rows: Vec<LineRow>,
    ) -> Result<BTreeMap<String, Vec<(String, BoardLine)>>, Error> {
        let mut people: BTreeMap<String, Vec<(String, BoardLine)>> = BTreeMap::new();
        for row in rows {
            let number: OfficeNumber = row.partner.parse().map_err(|_| WHERE)?;
            if partner.is_some_and(|partner| partner != number) {
                continue;
            }
            let lines = people.entry(row.person_index.clone()).or_default();
            let at = match lines.iter().position(|(id, _)| *id == row.partner_id) {
                Some(at) => at,
                None => {
                    let line = BoardLine {
                        partner: number,
                        partner_name: row.partner_name.clone(),
                        is_outside: row.outside_of.is_some(),
                        plans: Vec::new(),
                        actuals: Vec::new(),
                        comparison: None,
                        comments: 0,
                    };
                    lines.push((row.partner_id.clone(), line));
                    lines.len() - 1
                }
            };
            let Some((_, line)) = lines.get_mut(at) else { continue };
            let state = row.state(office)?;
            let sets = if Family::from_id(&row.family)? == Family::Plan { &mut line.plans } else { &mut line.actuals };
            // One set may bring several matters of one person: actuals of two kinds of service.
            if sets.iter().all(|set| set.id != state.id) {
                sets.push(state);
            }
        }
        Ok(people)
    }
}

impl LineRow {
    fn state(&self, office: &str) -> Result<SetState, Error> {
        let outcome = self.outcome.as_deref().map(|id| Outcome::from_id(id).ok_or(WHERE)).transpose()?;
        let state = match (outcome, &self.acknowledged_at, &self.collected_at) {
            (Some(outcome), ..) => outcome.state(),
            (None, Some(_), _) => State::Acknowledged,
            (None, None, Some(_)) => State::Collected,
            (None, None, None) => State::Waiting,
        };
        Ok(SetState {
            id: self.transmission_id.parse().map_err(|_| WHERE)?,
            kind: kind_of(&self.kind)?,
            sent: self.sender_office_id == office,
            state,
            accepted_at: self.accepted_at.clone(),
        })
    }
}
