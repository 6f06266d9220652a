//! 誤送信の防止: what the exchange knows of the way from one office to others, for what is said before sending.

use crate::{Asker, Error, Office, Store, clock};
use exchange::misdirection::{MONTHS_BACK, PartnerFacts, SILENT_DAYS};
use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};

/// Sets of each month to each receiver: months are those of the instants, in UTC.
const MONTHS: &str = "
    SELECT receiver_office_id, substr(accepted_at, 1, 7) AS month, count(*) AS sets
      FROM transmission WHERE sender_office_id = $1 AND accepted_at >= $2
     GROUP BY receiver_office_id, substr(accepted_at, 1, 7)";

/// One row is enough.
const EVER: &str = "
    SELECT count(*) FROM (SELECT 1 FROM transmission WHERE sender_office_id = $1 AND receiver_office_id = $2 LIMIT 1) f";

const WAITS: &str = "
    SELECT count(*) FROM (
        SELECT 1 FROM transmission
         WHERE receiver_office_id = $1 AND acknowledged_at IS NULL AND withdrawn_at IS NULL AND collected_at IS NULL
           AND erased_at IS NULL AND accepted_at <= $2 LIMIT 1) f";

/// Whoever looks at what arrives opens something of the newest few hundred.
const OPENED: &str = "
    SELECT count(*) FROM (
        SELECT collected_at FROM transmission WHERE receiver_office_id = $1 ORDER BY accepted_index DESC LIMIT 500) n
     WHERE n.collected_at > $2";

#[derive(FromRow)]
struct Month {
    receiver_office_id: String,
    month: String,
    sets: i64,
}

impl Store {
    /// What is known of sending to these offices, by office number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partner_facts(
        &self,
        sender: &Asker,
        receivers: &[Office],
    ) -> Result<BTreeMap<standard::OfficeNumber, PartnerFacts>, Error> {
        let now = self.clock.now();
        let from = sender.office.id.to_string();
        let months = MonthsBack::from(now);
        let rows: Vec<Month> = sqlx::query_as(MONTHS).bind(&from).bind(&months.first).fetch_all(&self.reads).await?;
        let (known, silent_since): (BTreeSet<&str>, String) = (
            rows.iter().map(|row| row.receiver_office_id.as_str()).collect(),
            clock::text(now - SignedDuration::from_hours(24 * SILENT_DAYS)),
        );
        let mut facts = BTreeMap::new();
        for receiver in receivers {
            let to = receiver.id.to_string();
            let of_it = rows.iter().filter(|row| row.receiver_office_id == to);
            let (mut this_month, mut busiest_month) = (0, 0);
            for Month { month, sets, .. } in of_it {
                let sets = u64::try_from(*sets).map_err(|_| Error::Impossible("count"))?;
                if *month == months.this {
                    this_month = sets;
                } else {
                    busiest_month = sets.max(busiest_month);
                }
            }
            let known = known.contains(to.as_str()) || self.any(EVER, &from, &to).await?;
            let silent = self.any(WAITS, &to, &silent_since).await? && !self.any(OPENED, &to, &silent_since).await?;
            facts.insert(receiver.register.number, PartnerFacts { known, this_month, busiest_month, silent });
        }
        Ok(facts)
    }

    async fn any(&self, sql: &'static str, one: &str, other: &str) -> Result<bool, Error> {
        let found: i64 = sqlx::query_scalar(sql).bind(one).bind(other).fetch_one(&self.reads).await?;
        Ok(found > 0)
    }
}

/// The months that are looked at, as instants begin.
struct MonthsBack {
    this: String,
    first: String,
}

impl From<Timestamp> for MonthsBack {
    fn from(now: Timestamp) -> Self {
        let this = clock::text(now).get(..7).unwrap_or_default().to_owned();
        let number = |range: std::ops::Range<usize>| this.get(range).and_then(|text| text.parse::<u32>().ok());
        let (year, month) = (number(0..4).unwrap_or(1970), number(5..7).unwrap_or(1));
        let first = (year * 12 + month - 1).saturating_sub(MONTHS_BACK);
        Self { first: format!("{:04}-{:02}", first / 12, first % 12 + 1), this }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_year_back_goes_over_the_turn_of_the_year() {
        let back = |now: &str| {
            let months = MonthsBack::from(now.parse::<Timestamp>().expect("an instant"));
            format!("{} {}", months.first, months.this)
        };
        assert_eq!(back("2026-11-26T00:00:00Z"), "2026-05 2026-11");
        assert_eq!(back("2026-06-30T23:59:59Z"), "2025-12 2026-06");
        assert_eq!(back("2026-01-01T00:00:00Z"), "2025-07 2026-01");
    }
}
