use fumibako_identity::factor::{TwoFactors, password, recovery_code};
use fumibako_identity::recovery::{OneTimeCode, Purpose, redeem};
use fumibako_identity::session::{ABSOLUTE, Ended, HALF_WAY, IDLE, Level, Opening, Times, standing};
use jiff::{SignedDuration, Timestamp};

use crate::morning;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn times(started_at: Timestamp, seen_at: Timestamp) -> Times {
    Times { started_at, seen_at, ends_at: Timestamp::MAX }
}

#[test]
fn r8_14_a_session_ends_at_its_limit_to_the_second() {
    let start = morning();
    let hour = SignedDuration::from_hours(1);
    for (level, seen_after, limit, why) in [
        (Level::Full, SignedDuration::ZERO, IDLE, Ended::Idle),
        (Level::Full, hour, hour + IDLE, Ended::Idle),
        (Level::Full, ABSOLUTE - SECOND, ABSOLUTE, Ended::Absolute),
        (Level::Temporary, SignedDuration::ZERO, IDLE, Ended::Idle),
        (Level::Temporary, ABSOLUTE - SECOND, ABSOLUTE, Ended::Absolute),
        (Level::Password, SignedDuration::ZERO, HALF_WAY, Ended::Absolute),
        (Level::Password, SignedDuration::from_mins(4), HALF_WAY, Ended::Absolute),
        (Level::Enrol, SignedDuration::ZERO, IDLE, Ended::Idle),
        (Level::Enrol, SignedDuration::from_mins(29), SignedDuration::from_mins(30), Ended::Absolute),
    ] {
        let times = times(start, start + seen_after);
        assert_eq!(standing(level, &times, start + limit - SECOND), Ok(start + limit), "{level:?}");
        assert_eq!(standing(level, &times, start + limit), Err(why), "{level:?}");
        assert_eq!(standing(level, &times, start + limit + SECOND), Err(why), "{level:?}");
    }
}

#[test]
fn r8_13_a_temporary_pass_ends_when_it_says() {
    let (start, ends_at) = (morning(), morning() + SignedDuration::from_mins(10));
    let times = Times { started_at: start, seen_at: start, ends_at };
    assert_eq!(standing(Level::Temporary, &times, ends_at - SECOND), Ok(ends_at));
    assert_eq!(standing(Level::Temporary, &times, ends_at), Err(Ended::Absolute));
}

#[test]
fn r8_14_setting_the_clock_back_ends_sessions() {
    let start = morning();
    let times = times(start, start + SignedDuration::from_mins(5));
    assert!(standing(Level::Full, &times, start + SignedDuration::from_mins(4)).is_ok(), "a correction");
    assert_eq!(standing(Level::Full, &times, start + SignedDuration::from_mins(3)), Err(Ended::Clock));
    assert_eq!(standing(Level::Full, &times, Timestamp::MIN), Err(Ended::Clock));
    assert!(standing(Level::Full, &times, Timestamp::MAX).is_err());
}

#[test]
fn r8_2_only_two_factors_open_a_full_session() {
    let now = morning();
    let hash = [1; 32];
    let knows = || password("a", &hash, &hash).expect("right");
    let has = || recovery_code("a", &hash, &hash, false).expect("right");
    assert_eq!(Opening::half_way(&knows(), now).map(|opening| opening.level()), Some(Level::Password));
    assert!(Opening::half_way(&has(), now).is_none());
    let two = TwoFactors::of(knows(), has()).expect("two kinds");
    let full = Opening::full(two, now);
    assert_eq!((full.level(), full.account(), full.ends_at()), (Level::Full, "a", now + ABSOLUTE));
}

#[test]
fn r8_12_a_one_time_code_opens_the_set_up_and_nothing_else() {
    let now = morning();
    let hash = [1; 32];
    let code = |purpose| OneTimeCode { account: "a", purpose, issued_at: now, expires_at: now + SECOND, used_at: None };
    let redeemed = |purpose| redeem(&code(purpose), "a", now).expect("in time");
    assert_eq!(Opening::enrol(redeemed(Purpose::Invite), now).map(|opening| opening.level()), Some(Level::Enrol));
    assert!(Opening::enrol(redeemed(Purpose::Temporary), now).is_none());
    let knows = |account| password(account, &hash, &hash).expect("right");
    let ends_at = now + SignedDuration::from_hours(48);
    let pass = Opening::temporary(knows("a"), redeemed(Purpose::Temporary), ends_at, now).expect("a pass");
    assert_eq!((pass.level(), pass.ends_at()), (Level::Temporary, now + ABSOLUTE));
    assert!(Opening::temporary(knows("b"), redeemed(Purpose::Temporary), ends_at, now).is_none());
    assert!(Opening::temporary(knows("a"), redeemed(Purpose::Invite), ends_at, now).is_none());
}

#[test]
fn levels_have_ids() {
    for level in Level::ALL {
        assert_eq!(Level::from_id(level.id()), Some(level));
    }
    assert_eq!(Level::from_id("Full"), None);
}
