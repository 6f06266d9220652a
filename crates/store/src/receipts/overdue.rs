//! 期限を過ぎたもの: what has waited longer than it should, for either side.

use crate::transmission::{TransmissionRow, select_transmission};
use crate::{Asker, Error, Folder, State, Store, Transmission, clock};
use exchange::Deadlines;
use jiff::{SignedDuration, Timestamp};

/// Sets of one list; the oldest come first, so that none is passed over for good.
pub const OVERDUE_MAX: u32 = 200;

/// Accepted at such a time or before, as a place in the log: what is younger is passed over without looking at it. At a month's
/// end that is nearly everything.
macro_rules! old {
    ($whose:literal, $when:literal) => {
        concat!(
            " AND t.accepted_index <= (SELECT o.accepted_index FROM transmission o WHERE o.",
            $whose,
            " = $1 AND o.accepted_at <= ",
            $when,
            " ORDER BY o.accepted_at DESC LIMIT 1) "
        )
    };
}
/// Neither acknowledged nor taken back: with an index of its own. Whoever opened a letter may answer, and need not. `$5`: the
/// later of `$2` and `$3`.
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
/// Acknowledged, and no answer how the import went: the same.
macro_rules! unanswered {
    ($whose:literal) => {
        select_transmission!(
            "WHERE t.",
            $whose,
            " = $1 AND t.acknowledged_at IS NOT NULL AND t.outcome IS NULL AND t.erased_at IS NULL
               AND (t.handover_id IS NULL OR t.receiver_office_id = $1)
               AND t.acknowledged_at <= $2",
            old!($whose, "$2"),
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
        let now = self.clock.now();
        let (unacknowledged, unanswered) = match folder {
            Folder::Received => (RECEIVED_UNACKNOWLEDGED, RECEIVED_UNANSWERED),
            Folder::Sent => (SENT_UNACKNOWLEDGED, SENT_UNANSWERED),
        };
        let office = asker.office.id.to_string();
        let deadlines = self.deadlines;
        let (collect, acknowledge) = (deadlines.collect_days, deadlines.acknowledge_days);
        let mut rows: Vec<TransmissionRow> = sqlx::query_as(unacknowledged)
            .bind(&office)
            .bind(before(now, collect))
            .bind(before(now, acknowledge))
            .bind(i64::from(OVERDUE_MAX))
            .bind(before(now, collect.min(acknowledge)))
            .fetch_all(&self.reads)
            .await?;
        rows.extend(
            sqlx::query_as::<_, TransmissionRow>(unanswered)
                .bind(&office)
                .bind(before(now, deadlines.import_days))
                .bind(i64::from(OVERDUE_MAX))
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
