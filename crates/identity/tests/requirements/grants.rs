use fumibako_identity::grant::{
    GRANT_MAX, Hands, Refusal, State, Times, UNCONFIRMED_MAX, UNUSED_MAX, may_confirm, may_request, state, unused,
};
use jiff::{SignedDuration, Timestamp};

use crate::morning;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn waiting() -> Times {
    Times { requested_at: morning(), confirmed_at: None, expires_at: morning() + GRANT_MAX, withdrawn_at: None }
}

#[test]
fn r12_3_three_hands_are_three_people() {
    let confirm = |requester: &'static str, grantee: &'static str, confirmer: &'static str| {
        let hands = Hands { requester: &requester, grantee: &grantee, confirmer: &confirmer };
        may_confirm(&hands, &waiting(), morning())
    };
    assert_eq!(confirm("taro", "hanako", "jiro"), Ok(()));
    assert_eq!(confirm("hanako", "hanako", "jiro"), Err(Refusal::SelfGrant));
    assert_eq!(confirm("taro", "hanako", "taro"), Err(Refusal::OwnApplication));
    assert_eq!(confirm("taro", "hanako", "hanako"), Err(Refusal::OwnRole));
    assert_eq!(may_request(&"taro", &"taro", morning() + GRANT_MAX, morning()), Err(Refusal::SelfGrant));
}

#[test]
fn r12_3_what_nobody_confirms_lapses_after_fourteen_days() {
    let end = morning() + UNCONFIRMED_MAX;
    assert_eq!(state(&waiting(), end - SECOND), State::Waiting);
    assert_eq!(state(&waiting(), end), State::Lapsed);
    let hands = Hands { requester: &1, grantee: &2, confirmer: &3 };
    assert_eq!(may_confirm(&hands, &waiting(), end), Err(Refusal::NotWaiting));
    let late = Times { confirmed_at: Some(end), ..waiting() };
    assert_eq!(state(&late, end), State::Lapsed, "confirmed too late, whatever the row says");
}

#[test]
fn r12_3_every_grant_ends() {
    let confirmed = Times { confirmed_at: Some(morning()), ..waiting() };
    assert_eq!(state(&confirmed, morning() + GRANT_MAX - SECOND), State::InForce);
    assert_eq!(state(&confirmed, morning() + GRANT_MAX), State::Expired);
    let forever = Times { expires_at: Timestamp::MAX, ..confirmed };
    assert_eq!(state(&forever, morning() + GRANT_MAX), State::Expired);
    let withdrawn = Times { withdrawn_at: Some(morning() + SECOND), ..confirmed };
    assert_eq!(state(&withdrawn, morning()), State::InForce);
    assert_eq!(state(&withdrawn, morning() + SECOND), State::Withdrawn);
    for expires_at in [morning(), morning() - SECOND, morning() + GRANT_MAX + SECOND] {
        assert_eq!(may_request(&1, &2, expires_at, morning()), Err(Refusal::EndOutOfRange));
    }
    assert_eq!(may_request(&1, &2, morning() + SECOND, morning()), Ok(()));
}

#[test]
fn r12_4_an_account_unused_for_ninety_days_is_suspended() {
    assert!(!unused(morning(), morning() + UNUSED_MAX - SECOND));
    assert!(unused(morning(), morning() + UNUSED_MAX));
}

#[test]
fn every_refusal_has_a_way_out() {
    for refusal in Refusal::ALL {
        assert!(refusal.what().ends_with('。') && refusal.fix().ends_with('。'), "{refusal:?}");
    }
}
