//! 期限を過ぎたもの: what has waited longer than it should, for either side.

use crate::transmission::{TransmissionRow, select_transmission};
use crate::{Asker, Error, Folder, OfficeId, State, Store, Transmission, clock};
use exchange::Deadlines;
use jiff::{SignedDuration, Timestamp};

/// Sets of one list; the oldest come first, so that none is passed over for good.
pub const OVERDUE_MAX: u32 = 200;
/// By how much clocks of nodes may be apart, and a clock have been set back, without anything being passed over.
const APART_HOURS: i64 = 24;

/// Before the first set that was accepted clearly later than this, as a place in the log: what is younger is passed over without
/// looking at it. At a month's end that is nearly everything. Instants need not rise with places, since each node has a clock and
/// takes the time before it waits for its turn: hence "clearly", see [`APART_HOURS`].
macro_rules! old {
    ($whose:literal, $clearly_later:literal) => {
        concat!(
            " AND t.accepted_index < coalesce((SELECT o.accepted_index FROM transmission o WHERE o.",
            $whose,
            " = $1 AND o.accepted_at > ",
            $clearly_later,
            " ORDER BY o.accepted_at LIMIT 1), 9223372036854775807) "
        )
    };
}
/// Neither acknowledged nor taken back: with an index of its own. Whoever opened a letter may answer, and need not. `$5`: clearly
/// later than `$2` and `$3`.
macro_rules! unacknowledged {
    ($whose:literal) => {
        select_transmission!(
            "WHERE t.",
            $whose,
            " = $1 AND t.acknowledged_at IS NULL AND t.withdrawn_at IS NULL AND t.erased_at IS NULL
               AND (t.handover_id IS NULL OR t.collected_at IS NULL OR t.receiver_office_id = $1)
               AND ((t.collected_at IS NULL AND t.accepted_at <= $2) OR t.collected_at <= $3)",
            old!($whose, "$5"),
            "ORDER BY t.accepted_index LIMIT $4"
        )
    };
}
/// Acknowledged, and no answer how the import went: the same. `$4`: clearly later than `$2`.
macro_rules! unanswered {
    ($whose:literal) => {
        select_transmission!(
            "WHERE t.",
            $whose,
            " = $1 AND t.acknowledged_at IS NOT NULL AND t.outcome IS NULL AND t.erased_at IS NULL
               AND (t.handover_id IS NULL OR t.receiver_office_id = $1)
               AND t.acknowledged_at <= $2",
            old!($whose, "$4"),
            "ORDER BY t.accepted_index LIMIT $3"
        )
    };
}
const RECEIVED_UNACKNOWLEDGED: &str = unacknowledged!("receiver_office_id");
const SENT_UNACKNOWLEDGED: &str = unacknowledged!("sender_office_id");
const RECEIVED_UNANSWERED: &str = unanswered!("receiver_office_id");
const SENT_UNANSWERED: &str = unanswered!("sender_office_id");

/// A set that has waited longer than it should.
#[derive(Clone, Debug)]
pub struct Overdue {
    /// The set; its state says what is missing.
    pub set: Transmission,
    /// Since when it has been in this state, RFC 3339.
    pub since: String,
    /// For how many whole days.
    pub days: u32,
}

impl Store {
    /// Asks after other numbers of days than usual.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// After how many days what is overdue is listed.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// What an office waits for, or lets others wait for: the oldest first, at most [`OVERDUE_MAX`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overdue(&self, asker: &Asker, folder: Folder) -> Result<Vec<Overdue>, Error> {
        self.overdue_of(asker.office.id, folder).await
    }

    async fn overdue_of(&self, office: OfficeId, folder: Folder) -> Result<Vec<Overdue>, Error> {
        let now = self.clock.now();
        let (unacknowledged, unanswered) = match folder {
            Folder::Received => (RECEIVED_UNACKNOWLEDGED, RECEIVED_UNANSWERED),
            Folder::Sent => (SENT_UNACKNOWLEDGED, SENT_UNANSWERED),
        };
        let office = office.to_string();
        let deadlines = self.deadlines;
        let (collect, acknowledge) = (deadlines.collect_days, deadlines.acknowledge_days);
        let mut rows: Vec<TransmissionRow> = sqlx::query_as(unacknowledged)
            .bind(&office)
            .bind(before(now, collect))
            .bind(before(now, acknowledge))
            .bind(i64::from(OVERDUE_MAX))
            .bind(clearly_later(now, collect.min(acknowledge)))
            .fetch_all(&self.reads)
            .await?;
        rows.extend(
            sqlx::query_as::<_, TransmissionRow>(unanswered)
                .bind(&office)
                .bind(before(now, deadlines.import_days))
                .bind(i64::from(OVERDUE_MAX))
                .bind(clearly_later(now, deadlines.import_days))
                .fetch_all(&self.reads)
                .await?,
        );
        let sets = rows.into_iter().map(Transmission::try_from).collect::<Result<Vec<_>, _>>()?;
        let mut overdue = sets.into_iter().map(|set| late(set, now)).collect::<Result<Vec<_>, _>>()?;
        overdue
            .sort_by(|one, other| (&one.since, one.set.accepted_index).cmp(&(&other.since, other.set.accepted_index)));
        overdue.truncate(OVERDUE_MAX as usize);
        Ok(overdue)
    }
}

fn before(now: Timestamp, days: u16) -> String {
    clock::text(now - SignedDuration::from_hours(24 * i64::from(days)))
}

fn clearly_later(now: Timestamp, days: u16) -> String {
    clock::text(now - SignedDuration::from_hours(24 * i64::from(days) - APART_HOURS))
}

fn late(set: Transmission, now: Timestamp) -> Result<Overdue, Error> {
    const WHERE: Error = Error::Impossible("transmission");
    let since = match set.state() {
        State::Waiting => Some(&set.accepted_at),
        State::Collected => set.collected_at.as_ref(),
        _ => set.acknowledged_at.as_ref(),
    };
    let since = since.ok_or(WHERE)?.clone();
    let began: Timestamp = since.parse().map_err(|_| WHERE)?;
    let days = u32::try_from(now.duration_since(began).as_hours() / 24).unwrap_or(0);
    Ok(Overdue { set, since, days })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::planned;
    use crate::{HostClock, MasterKey, NewOffice, OfficeAdded, TransmissionId};
    use std::sync::Arc;

    const SET: &str = "
        INSERT INTO transmission (transmission_id, accepted_index, sender_office_id, sender_type, receiver_office_id,
                                  receiver_type, kind, serial, service_month, digest, commitment_salt, envelope, warnings,
                                  size_bytes, accepted_at, collected_at)
        VALUES ($1, $2, $3, '43', $4, '11', 'schedule', $5, '202604', $6, $7, $7, 0, 0, $8, $9)";

    async fn office(store: &Store, number: &str, kind: &str) -> OfficeId {
        let new = NewOffice {
            number: number.parse().expect("a number"),
            name: "架空の事業所".to_owned(),
            service_types: [kind.parse().expect("a service type")].into(),
        };
        match store.add_office(new).await.expect("added") {
            OfficeAdded::Done(office) => office.id,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn no_set_is_passed_over_whatever_clocks_said_and_none_is_looked_at_before_its_time() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let master = MasterKey::from_bytes(&[3; 32].into());
        let store = Store::create(folder.path(), master, Arc::new(HostClock)).await.expect("created");
        let (ours, theirs) = (office(&store, "1370000011", "43").await, office(&store, "1370000022", "11").await);
        let now = store.clock.now();
        let ago = |hours: i64, more_ms: i64| {
            clock::text(now - SignedDuration::from_hours(hours) + SignedDuration::from_millis(more_ms))
        };
        let days = store.deadlines();
        let late = 24 * i64::from(days.collect_days.max(days.acknowledge_days)) + 48;
        // The second took the time before the first and its turn after it; the two after it are of one instant; a clock was set
        // back by some hours before the fifth and sixth, which was opened then. The last is young.
        let sets = [
            (ago(late, 2), None),
            (ago(late, 1), None),
            (ago(late, 3), None),
            (ago(late, 3), None),
            (ago(late + 20, 0), None),
            (ago(late + 20, 0), Some(ago(late + 19, 0))),
            (ago(1, 0), None),
        ];
        for (index, (at, collected)) in (100_000_i64..).zip(sets) {
            let (ours, theirs) = (ours.to_string(), theirs.to_string());
            let work = store.writer.run(move |c| {
                Box::pin(async move {
                    let query =
                        sqlx::query(SET).bind(TransmissionId::fresh().to_string()).bind(index).bind(ours).bind(theirs);
                    let query = query
                        .bind(format!("20260401{:06}", index - 100_000))
                        .bind("0".repeat(64))
                        .bind(Vec::<u8>::new());
                    query.bind(at).bind(collected).execute(c).await?;
                    Ok(())
                })
            });
            work.await.expect("written");
        }
        for (of, folder) in [(ours, Folder::Sent), (theirs, Folder::Received)] {
            let overdue = store.overdue_of(of, folder).await.expect("read");
            let mut found: Vec<i64> = overdue.iter().map(|overdue| overdue.set.accepted_index - 100_000).collect();
            found.sort_unstable();
            assert_eq!(found, [0, 1, 2, 3, 4, 5], "{folder:?}");
        }
        for sql in [RECEIVED_UNACKNOWLEDGED, SENT_UNACKNOWLEDGED, RECEIVED_UNANSWERED, SENT_UNANSWERED] {
            let plan = planned(&store.reads, sql).await;
            assert!(plan.contains("office_id=? AND accepted_index<?)"), "{sql}\n{plan}");
            assert!(plan.contains("office_id=? AND accepted_at>?)"), "{sql}\n{plan}");
        }
        store.close().await;
    }
}
