//! What an operator must know about the certificate that the doors show (R7.1): until when, and whether renewing it fails.

use crate::app::App;
use crate::problem::Problem;
use crate::wording::{day, server_certificate_reason};
use jiff::{SignedDuration, Timestamp};
use store::{AcmeTurn, japanese_time};

/// One that people replace by hand; they need some days for it.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) struct ServerCertificate {
    /// The last day, in words.
    pub(super) until: Option<String>,
    /// Whether the exchange renews it itself.
    pub(super) automatic: bool,
    pub(super) failure: Option<Failure>,
    soon: bool,
}

pub(super) struct Failure {
    pub(super) at: String,
    pub(super) times: u32,
    pub(super) why: &'static str,
}

impl ServerCertificate {
    pub(super) async fn look(app: &App) -> Result<Self, Problem> {
        let turn = if app.acme { Some(app.store.acme_turn().await?) } else { None };
        Ok(Self::new(app.identity.valid_until(), turn, Timestamp::now()))
    }

    fn new(until: Option<Timestamp>, turn: Option<AcmeTurn>, now: Timestamp) -> Self {
        let failure = turn.as_ref().filter(|turn| turn.failures > 0).map(|turn| Failure {
            at: turn.failed_at.as_deref().map_or_else(|| "前回".to_owned(), japanese_time),
            times: turn.failures,
            why: server_certificate_reason(turn.reason.as_deref().unwrap_or_default()),
        });
        Self {
            until: until.map(|until| day(&until.to_string())),
            automatic: turn.is_some(),
            soon: turn.is_none() && until.is_some_and(|until| until.duration_since(now) <= SOON),
            failure,
        }
    }

    pub(super) fn needs_care(&self) -> bool {
        self.soon || self.failure.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn r7_1_an_end_that_is_near_needs_care_where_nothing_renews_by_itself() {
        let now = Timestamp::UNIX_EPOCH;
        let by_hand = |days: i32| ServerCertificate::new(Some(now + DAY * days), None, now).needs_care();
        assert!(!by_hand(31) && by_hand(30) && by_hand(-1));
        let going_well = ServerCertificate::new(Some(now + DAY), Some(AcmeTurn::default()), now);
        assert!(!going_well.needs_care() && going_well.automatic);
    }

    #[test]
    fn r7_1_a_renewal_that_fails_needs_care_and_says_why() {
        let turn = AcmeTurn { failures: 2, reason: Some("connection".into()), failed_at: None, ..AcmeTurn::default() };
        let page = ServerCertificate::new(None, Some(turn), Timestamp::UNIX_EPOCH);
        assert!(page.needs_care());
        let failure = page.failure.expect("a failure");
        assert!(failure.times == 2 && failure.why.contains("443番"), "{}", failure.why);
    }
}
