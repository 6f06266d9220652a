//! 返送: what the other office gives back is a set like any other, from an office outside to the one that offered.

use super::{RETURNS_MAX, Visit};
use crate::accept::{Acceptance, Bearer, By};
use crate::{Answer, Error, Store};
use exchange::{Letter, Refusal};
use standard::SourceFile;
use std::net::IpAddr;
use std::sync::Arc;

/// What came of giving something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// On disk and recorded.
    Done,
    /// This very set was given back before.
    Already,
    /// It was not taken, and why.
    Refused(Refusal),
    /// The handover ended meanwhile.
    Over,
    /// As many came back already as may.
    TooMany,
}

const RETURNED: &str = "
    SELECT count(*) FROM transmission WHERE handover_id = $1 AND receiver_office_id = $2";

impl Store {
    /// Takes back one set for the office that offered the handover. `files` is what was given to [`exchange::address`].
    ///
    /// # Errors
    /// When the database fails; then nothing was written.
    pub async fn return_to(
        self: &Arc<Self>,
        visit: &Visit,
        letter: &Letter,
        files: &[SourceFile<'_>],
        from: Option<IpAddr>,
    ) -> Result<Returned, Error> {
        let returned: i64 = sqlx::query_scalar(RETURNED)
            .bind(visit.id.to_string())
            .bind(visit.office.id.to_string())
            .fetch_one(&self.reads)
            .await?;
        if returned >= RETURNS_MAX {
            return Ok(Returned::TooMany);
        }
        let sender = self.outside_partner(visit.office.id, visit.partner, &visit.partner_name).await?;
        let sides = (sender.clone(), visit.office.clone());
        let sealed = self.seal_sets(sides, vec![(letter.clone(), 0)], files).await?;
        let Some(sealed) = sealed.into_iter().next() else { return Err(Error::Impossible("sealing")) };
        let bearer = Bearer { sender, by: By::Letter(from), handover: Some(visit.id) };
        Ok(match self.accept_from(bearer, sealed).await? {
            Answer::Done(Acceptance::New(_)) => Returned::Done,
            Answer::Done(Acceptance::Already(_)) => Returned::Already,
            Answer::Refused(refusal) => Returned::Refused(refusal),
            Answer::NotFound => Returned::Over,
        })
    }
}
