//! 今月の全員: who has what with whom, read by one statement, so that everything a board says rests on one state of the
//! database.

use super::Family;
use super::month::BOARD_PEOPLE_MAX;
use crate::hex::unhex;
use crate::{Error, OfficeId, Store, TransmissionId};
use standard::ServiceMonth;
use std::collections::BTreeMap;

/// All of it in one row: handing rows over costs more than what is in them. People are separated by `|`, what is said of one by
/// `;`. The two engines spell hexadecimal differently.
macro_rules! current {
    ($hex:literal) => {
        concat!(
            "SELECT string_agg(x.person_index || ';' || coalesce(",
            $hex,
            ", '') || ';' || x.sets, '|') AS people FROM (
                 SELECT person_index,
                        string_agg(partner_id || ' ' || family || ' ' || sent || ' ' || transmission_id, ',') AS sets
                   FROM person_set
                  WHERE office_id = $1 AND month = $2 AND latest = 1 AND deletes = 0 AND family IN ('plan', 'actual')
                  GROUP BY person_index LIMIT $3) x CROSS JOIN person p
              WHERE p.office_id = $1 AND p.person_index = x.person_index"
        )
    };
}
pub(super) const CURRENT: &str = current!("hex(p.label_sealed)");
const CURRENT_ON_SERVER: &str = current!("encode(p.label_sealed, 'hex')");

const WHERE: Error = Error::Impossible("person_set");

/// 利用者一人の今月.
pub(super) struct Current {
    /// As this office's addresses name them.
    pub(super) id: String,
    pub(super) label_sealed: Option<Vec<u8>>,
    /// By the partner's id.
    pub(super) pairs: BTreeMap<String, Pair>,
}

/// What is current between a person and a partner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    /// In their own order, each once: one set may bring several matters of one person.
    pub(super) plans: Vec<TransmissionId>,
    pub(super) actuals: Vec<TransmissionId>,
    /// This office planned.
    pub(super) by_us: bool,
}

impl Pair {
    pub(super) fn is_missing(&self) -> bool {
        !self.plans.is_empty() && self.actuals.is_empty()
    }
}

impl Store {
    /// Everybody of a month, and whether there are more than are looked through.
    pub(super) async fn current_of(
        &self,
        office: OfficeId,
        month: ServiceMonth,
    ) -> Result<(Vec<Current>, bool), Error> {
        let most = BOARD_PEOPLE_MAX as i64 + 1;
        let sql = if self.is_on_server() { CURRENT_ON_SERVER } else { CURRENT };
        let query = sqlx::query_scalar(sql).bind(office.to_string()).bind(month.to_string()).bind(most);
        let packed: Option<String> = query.fetch_one(&self.reads).await?;
        let mut people = people_of(packed.as_deref()).ok_or(WHERE)?;
        let cut = people.len() > BOARD_PEOPLE_MAX;
        people.truncate(BOARD_PEOPLE_MAX);
        Ok((people, cut))
    }
}

/// Nothing where it is not what [`CURRENT`] packs.
fn people_of(text: Option<&str>) -> Option<Vec<Current>> {
    let person = |text: &str| {
        let [id, label, sets] = text.split(';').collect::<Vec<_>>().try_into().ok()?;
        let label_sealed = if label.is_empty() { None } else { Some(unhex(label)?) };
        Some(Current { id: id.to_owned(), label_sealed, pairs: pairs_of(sets)? })
    };
    text.map_or(Some(Vec::new()), |text| text.split('|').map(person).collect())
}

/// `partner family sent set,…`; nothing where it is not that.
fn pairs_of(text: &str) -> Option<BTreeMap<String, Pair>> {
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for [partner, family, sent, id] in unpacked(Some(text))? {
        let id = id.parse().ok()?;
        let pair = match pairs.get_mut(partner) {
            Some(pair) => pair,
            None => pairs.entry(partner.to_owned()).or_default(),
        };
        let sets = match Family::from_id(family).ok()? {
            Family::Plan => {
                pair.by_us |= sent == "1";
                &mut pair.plans
            }
            Family::Actual => &mut pair.actuals,
            _ => return None,
        };
        if let Err(at) = sets.binary_search(&id) {
            sets.insert(at, id);
        }
    }
    Some(pairs)
}

/// Rows that were handed over as one text, with commas between them and a space between their values; nothing where it is not
/// that.
pub(super) fn unpacked<const VALUES: usize>(text: Option<&str>) -> Option<Vec<[&str; VALUES]>> {
    text.map_or(Some(Vec::new()), |text| {
        text.split(',').map(|row| row.split(' ').collect::<Vec<_>>().try_into().ok()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_of_a_person_are_told_apart_by_partner_and_side_each_once() {
        let mut ids = [TransmissionId::fresh(), TransmissionId::fresh()];
        ids.sort();
        let [first, second] = ids;
        let text = format!("a plan 1 {second},b actual 0 {first},a plan 0 {first},a plan 1 {second}");
        let pairs = pairs_of(&text).expect("read");
        let of_a = Pair { plans: vec![first, second], actuals: Vec::new(), by_us: true };
        let of_b = Pair { plans: Vec::new(), actuals: vec![first], by_us: false };
        assert!(of_a.is_missing() && !of_b.is_missing());
        assert_eq!(pairs.into_iter().collect::<Vec<_>>(), [("a".to_owned(), of_a), ("b".to_owned(), of_b)]);
    }

    #[test]
    fn anything_else_is_refused() {
        let id = TransmissionId::fresh();
        for text in ["", "a plan 1", "a plan 1 x", &format!("a care 1 {id}"), &format!("a plan 1 {id} b")] {
            assert!(pairs_of(text).is_none(), "{text}");
            assert!(people_of(Some(&format!("p;;{text}"))).is_none(), "{text}");
        }
        let sets = format!("a plan 1 {id}");
        for text in [sets.clone(), format!("p;{sets}"), format!("p;0;{sets}"), format!("p;;{sets};")] {
            assert!(people_of(Some(&text)).is_none(), "{text}");
        }
        let people = people_of(Some(&format!("p;;{sets}|q;0aFF;{sets}"))).expect("read");
        let read: Vec<_> = people.iter().map(|person| (person.id.as_str(), person.label_sealed.as_deref())).collect();
        assert_eq!(read, [("p", None), ("q", Some(&[0x0a, 0xff][..]))]);
        assert!(people_of(None).expect("nobody").is_empty());
    }
}
