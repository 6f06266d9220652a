//! 一覧: what came and what went, as people look through it: by partner, kind and stage, a page at a time, the newest first.

use crate::transmission::{TransmissionRow, select_transmission};
use crate::{Asker, Error, Folder, OfficeId, Store, Transmission};
use standard::UnitKind;

/// Partners between which one question chooses.
pub const PARTNERS_SOUGHT_MAX: usize = 8;
/// New sets are counted so far; more is more than anybody counts.
pub const NEW_COUNTED_MAX: u32 = 1_000;

/// How far the sets have come that are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Whatever became of them.
    #[default]
    Any,
    /// まだ開いていないもの.
    New,
    /// Opened, and nobody has said how the import went.
    Unanswered,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Which side.
    pub folder: Folder,
    /// Only with one of these; at most [`PARTNERS_SOUGHT_MAX`]. `None`: with anybody.
    pub partners: Option<Vec<OfficeId>>,
    /// Only of this kind.
    pub kind: Option<UnitKind>,
    /// Only at this stage.
    pub stage: Stage,
    /// Only accepted before this one ([`Transmission::accepted_index`]).
    pub before: Option<i64>,
    /// At most so many.
    pub rows: u32,
}

/// `$1` the office, `$2` the cursor, `$3` the kind or nothing, `$4` rows, `$5` to `$12` partners.
macro_rules! sought {
    ($own:literal, $partner:literal, $stage:literal) => {
        [
            select_transmission!(
                "WHERE ",
                $own,
                " = $1 AND t.accepted_index < $2 AND ($3 = '' OR t.kind = $3) ",
                $stage,
                " ORDER BY t.accepted_index DESC LIMIT $4"
            ),
            select_transmission!(
                "WHERE ",
                $own,
                " = $1 AND t.accepted_index < $2 AND ($3 = '' OR t.kind = $3) ",
                $stage,
                " AND ",
                $partner,
                " IN ($5, $6, $7, $8, $9, $10, $11, $12) ORDER BY t.accepted_index DESC LIMIT $4"
            ),
        ]
    };
}

/// The stages in words that the partial indexes have too.
macro_rules! stages {
    ($own:literal, $partner:literal) => {
        [
            sought!($own, $partner, ""),
            sought!($own, $partner, "AND t.collected_at IS NULL AND t.withdrawn_at IS NULL AND t.erased_at IS NULL"),
            sought!(
                $own,
                $partner,
                "AND t.collected_at IS NOT NULL AND t.acknowledged_at IS NULL AND t.withdrawn_at IS NULL AND t.erased_at IS NULL"
            ),
            sought!(
                $own,
                $partner,
                "AND t.acknowledged_at IS NOT NULL AND t.outcome IS NULL AND t.erased_at IS NULL"
            ),
        ]
    };
}

const RECEIVED: [[&str; 2]; 4] = stages!("t.receiver_office_id", "t.sender_office_id");
const SENT: [[&str; 2]; 4] = stages!("t.sender_office_id", "t.receiver_office_id");

const COUNT_NEW: &str = "
    SELECT count(*) FROM (
        SELECT 1 FROM transmission
         WHERE receiver_office_id = $1 AND collected_at IS NULL AND withdrawn_at IS NULL AND erased_at IS NULL
         LIMIT $2) AS few";

const NEWEST: &str = "SELECT max(accepted_index) FROM transmission WHERE receiver_office_id = $1";

/// 新着: how many sets wait, and the newest of all that ever came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Not opened yet; at most [`NEW_COUNTED_MAX`].
    pub waiting: u32,
    /// [`Transmission::accepted_index`] of the newest; -1 before the first.
    pub newest: i64,
}

impl Store {
    /// What an office looks for in one of its folders, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_through(&self, asker: &Asker, sought: &Sought) -> Result<Vec<Transmission>, Error> {
        let texts = match sought.folder {
            Folder::Received => RECEIVED,
            Folder::Sent => SENT,
        };
        let parts: &[usize] = match sought.stage {
            Stage::Any => &[0],
            Stage::New => &[1],
            // Each with an index of its own.
            Stage::Unanswered => &[2, 3],
        };
        let partners = sought.partners.as_deref();
        if partners.is_some_and(<[OfficeId]>::is_empty) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for part in parts {
            let mut query = sqlx::query_as::<_, TransmissionRow>(texts[*part][usize::from(partners.is_some())])
                .bind(asker.office.id.to_string())
                .bind(sought.before.unwrap_or(i64::MAX))
                .bind(sought.kind.map(UnitKind::id).unwrap_or_default())
                .bind(i64::from(sought.rows));
            if let Some(partners) = partners {
                for at in 0..PARTNERS_SOUGHT_MAX {
                    // What is left of the places asks for the last again.
                    query = query.bind(partners.get(at).or(partners.last()).map(ToString::to_string));
                }
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(Transmission::try_from(row)?);
            }
        }
        found.sort_by_key(|set| std::cmp::Reverse(set.accepted_index));
        found.truncate(sought.rows as usize);
        Ok(found)
    }

    /// How many sets wait for an office. Opens and names nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn news(&self, office: OfficeId) -> Result<News, Error> {
        let waiting: i64 = sqlx::query_scalar(COUNT_NEW)
            .bind(office.to_string())
            .bind(i64::from(NEW_COUNTED_MAX))
            .fetch_one(&self.reads)
            .await?;
        let newest: Option<i64> = sqlx::query_scalar(NEWEST).bind(office.to_string()).fetch_one(&self.reads).await?;
        Ok(News { waiting: u32::try_from(waiting).unwrap_or(NEW_COUNTED_MAX), newest: newest.unwrap_or(-1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::planned;
    use std::sync::Arc;

    #[tokio::test]
    async fn no_list_walks_through_the_history_of_others_and_what_is_new_has_an_index_of_its_own() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let master = crate::MasterKey::from_bytes(&[3; 32].into());
        let store = Store::create(folder.path(), master, Arc::new(crate::HostClock)).await.expect("created");
        for (own, texts) in [("receiver", RECEIVED), ("sender", SENT)] {
            for (stage, [all, of_partners]) in texts.into_iter().enumerate() {
                for sql in [all, of_partners] {
                    let plan = planned(&store.reads, sql).await;
                    assert!(plan.contains("SEARCH t USING INDEX"), "{own} {stage}: {plan}");
                }
                let plan = planned(&store.reads, all).await;
                assert!(!plan.contains("TEMP B-TREE"), "{own} {stage} is sorted anew: {plan}");
            }
        }
        let new = planned(&store.reads, COUNT_NEW).await;
        assert!(new.contains("transmission_new"), "{new}");
        store.close().await;
    }
}
