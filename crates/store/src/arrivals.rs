//! 新着: which offices' lists changed since somebody last looked, asked once for all who wait on this node.

use crate::{Error, OfficeId, SessionId, Store};
use std::collections::BTreeSet;

/// Rows that one look reads. Where there is more, the rest is seen by the next.
const ROWS_MAX: i64 = 5_000;

/// By the index of its entry in the ledger, which every node agrees on.
const ARRIVED: &str = "
    SELECT accepted_index, receiver_office_id FROM transmission
     WHERE accepted_index > $1 ORDER BY accepted_index LIMIT $2";
/// Opened, acknowledged, taken back: what a list shows has changed.
const STEPPED: &str = "
    SELECT s.entry_index, t.receiver_office_id
      FROM transmission_step s JOIN transmission t ON t.transmission_id = s.transmission_id
     WHERE s.entry_index > $1 ORDER BY s.entry_index LIMIT $2";
const NOW: &str = "SELECT max(entry_index) FROM ledger";
/// From a moment before the last look: a clock of another node may be behind.
const ENDED: &str = "SELECT session_id FROM session WHERE ended_at >= $1 ORDER BY ended_at DESC LIMIT $2";

/// Up to where somebody has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    arrived: i64,
    stepped: i64,
}

/// What changed since.
#[derive(Debug, Default)]
pub struct Changed {
    /// Whose list of what came.
    pub offices: BTreeSet<OfficeId>,
    /// Sessions that ended.
    pub ended: BTreeSet<SessionId>,
}

impl Store {
    /// Begins to look: what was before is not news.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_looking(&self) -> Result<Looked, Error> {
        let now: Option<i64> = sqlx::query_scalar(NOW).fetch_one(&self.reads).await?;
        Ok(Looked { arrived: now.unwrap_or(-1), stepped: now.unwrap_or(-1) })
    }

    /// What changed since `looked`. Costs the same however many wait: what changed, and three questions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_for_changes(&self, looked: &mut Looked) -> Result<Changed, Error> {
        const WHERE: Error = Error::Impossible("transmission.receiver_office_id");
        // Two looks lie between; sessions are few, and one that ended is told twice without harm.
        const BACK: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
        let mut changed = Changed::default();
        // Whoever is not told of it because a later question fails is told by the next look.
        let Looked { mut arrived, mut stepped } = *looked;
        for (sql, mark) in [(ARRIVED, &mut arrived), (STEPPED, &mut stepped)] {
            let rows: Vec<(i64, String)> =
                sqlx::query_as(sql).bind(*mark).bind(ROWS_MAX).fetch_all(&self.reads).await?;
            for (index, office) in rows {
                *mark = index;
                changed.offices.insert(office.parse().map_err(|_| WHERE)?);
            }
        }
        let since = crate::clock::text(self.clock.now() - BACK);
        let ended: Vec<String> = sqlx::query_scalar(ENDED).bind(since).bind(ROWS_MAX).fetch_all(&self.reads).await?;
        for session in ended {
            changed.ended.insert(session.parse().map_err(|_| Error::Impossible("session.session_id"))?);
        }
        *looked = Looked { arrived, stepped };
        Ok(changed)
    }
}
