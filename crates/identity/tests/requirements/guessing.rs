use fumibako_identity::guess::{
    ADDRESS_TRIES, Bucket, Counter, DEVICE_TRIES, Decision, FREE_TRIES, LOCKED_AFTER, WINDOW, after_success, decide,
    forgotten, reserve,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::morning;

/// The counters as a store keeps them: every try is reserved in all its buckets, or in none.
#[derive(Default)]
struct Counters(BTreeMap<(Bucket, String), Counter>);

impl Counters {
    fn tries(&mut self, login: &str, device: &str, address: &str, now: Timestamp) -> Result<(), Decision> {
        let keys = [
            (Bucket::Password, format!("{login}:{device}")),
            (Bucket::Device, device.to_owned()),
            (Bucket::Address, address.to_owned()),
        ];
        let reserved = keys
            .iter()
            .map(|key| reserve(self.0.get(key), key.0.limit(), now).map(|counter| (key.clone(), counter)))
            .collect::<Result<Vec<_>, _>>()?;
        self.0.extend(reserved);
        Ok(())
    }
}

#[test]
fn r8_9_five_tries_are_free_and_then_waits_double() {
    let limit = Bucket::Password.limit();
    let (mut now, mut counter) = (morning(), None);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let next = reserve(counter.as_ref(), limit, now).expect("waited long enough");
        if let Some(until) = next.blocked_until {
            waits.push(until.duration_since(now).as_secs() / 60);
            assert_eq!(decide(Some(&next), limit, until - SignedDuration::from_secs(1)), Decision::WaitUntil(until));
            now = until;
        }
        counter = Some(next);
    }
    assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15, 15]);
}

#[test]
fn r8_9_a_hundred_tries_at_once_cannot_exceed_the_limit() {
    let now = morning();
    let mut counters = Counters::default();
    let tried = (0..100).filter(|_| counters.tries("hanako", "device", "address", now).is_ok()).count();
    assert_eq!(tried, FREE_TRIES as usize);
}

#[test]
fn r8_9_a_device_that_tries_many_logins_is_stopped_itself() {
    let now = morning();
    let mut counters = Counters::default();
    let tried = (0..1000).filter(|nth| counters.tries(&format!("login{nth}"), "hostile", "a", now).is_ok()).count();
    assert_eq!(tried, DEVICE_TRIES as usize);
    // Everyone it aimed at still signs in, from their own device.
    for nth in 0..1000 {
        assert_eq!(counters.tries(&format!("login{nth}"), &format!("own{nth}"), &format!("own{nth}"), now), Ok(()));
    }
}

#[test]
fn r8_9_many_devices_at_one_address_are_stopped_by_the_address() {
    let now = morning();
    let mut counters = Counters::default();
    let tried = (0..1000).filter(|nth| counters.tries("hanako", &format!("device{nth}"), "a", now).is_ok()).count();
    assert_eq!(tried, ADDRESS_TRIES as usize);
    assert_eq!(counters.tries("hanako", "own", "b", now), Ok(()));
}

#[test]
fn r8_9_somebody_else_cannot_lock_a_colleague_out() {
    let mut counters = Counters::default();
    let mut now = morning();
    for _ in 0..200 {
        let _ = counters.tries("hanako", "another device", "another address", now);
        now += WINDOW;
    }
    let locked = counters.0[&(Bucket::Password, "hanako:another device".to_owned())];
    assert_eq!(decide(Some(&locked), Bucket::Password.limit(), now), Decision::Locked);
    assert_eq!(counters.tries("hanako", "own device", "own address", now), Ok(()));
}

#[test]
fn r8_9_a_lock_does_not_wear_off_and_a_ladder_does() {
    let limit = Bucket::Password.limit();
    let now = morning();
    let year = now + SignedDuration::from_hours(366 * 24);
    let ladder = Counter { failures: LOCKED_AFTER - 1, since: now, blocked_until: Some(now) };
    let locked = Counter { failures: LOCKED_AFTER, ..ladder };
    assert!(forgotten(&ladder, limit, year) && !forgotten(&locked, limit, year));
    assert_eq!(reserve(Some(&locked), limit, year), Err(Decision::Locked));
    assert_eq!(reserve(Some(&ladder), limit, year).map(|counter| counter.failures), Ok(1));
    assert_eq!(reserve(Some(&ladder), limit, now).map(|counter| counter.failures), Ok(LOCKED_AFTER));
}

#[test]
fn r8_9_success_clears_the_own_ladder_but_not_the_shared_counters() {
    let counter = Counter { failures: 20, since: morning(), blocked_until: None };
    assert_eq!(after_success(&counter, Bucket::Password.limit()), None);
    assert_eq!(after_success(&counter, Bucket::Device.limit()).map(|counter| counter.failures), Some(19));
    assert_eq!(after_success(&Counter { failures: 1, ..counter }, Bucket::Address.limit()), None);
}

#[test]
fn r8_9_a_window_begins_anew_when_it_is_over() {
    let limit = Bucket::Device.limit();
    let full = Counter { failures: DEVICE_TRIES, since: morning(), blocked_until: None };
    let ends = morning() + WINDOW;
    assert_eq!(decide(Some(&full), limit, ends - SignedDuration::from_secs(1)), Decision::WaitUntil(ends));
    assert_eq!(reserve(Some(&full), limit, ends), Ok(Counter { failures: 1, since: ends, blocked_until: None }));
}

proptest! {
    #[test]
    fn r8_9_whatever_the_rhythm_a_day_allows_no_more_than_the_ladder(steps in prop::collection::vec(0u32..3000, 1..300)) {
        let limit = Bucket::SecondFactor.limit();
        let (mut now, mut counter, mut tried) = (morning(), None, 0u32);
        let end = now + SignedDuration::from_hours(23);
        for step in steps {
            if let Ok(next) = reserve(counter.as_ref(), limit, now) {
                tried += 1;
                counter = Some(next);
            }
            now += SignedDuration::from_secs(i64::from(step));
            if now > end {
                break;
            }
        }
        prop_assert!(tried <= LOCKED_AFTER);
    }
}
