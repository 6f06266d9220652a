//! Sets whose keys are wrapped under one key agreement stay apart all the same (R6.2, R6.3).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::HashSet;

use fumibako_seal::{Agreement, Envelope, Error, OfficeSecretKey, Party, SetBinding, SetKey, Suite};
use support::{World, binding, file};

const PLACES: [&str; 3] = ["t-1", "t-2", "t-3"];

/// One agreement, one set for each place: the bytes that lie on disk.
fn sealed(world: &mut World, party: Party) -> Vec<Vec<u8>> {
    let agreement = Agreement::with(world.receiver.public(), party, &mut world.rng).unwrap();
    PLACES
        .iter()
        .map(|place| {
            let wrapped = agreement.wrap(&world.key, &binding(place), &mut world.rng).unwrap();
            Envelope::new(vec![wrapped]).unwrap().to_bytes()
        })
        .collect()
}

#[test]
fn both_offices_open_what_was_sealed_under_agreements() {
    for suite in Suite::ALL {
        let mut world = World::new(suite);
        let sender = Agreement::with(world.sender.public(), Party::Sender, &mut world.rng).unwrap();
        let receiver = Agreement::with(world.receiver.public(), Party::Receiver, &mut world.rng).unwrap();
        for place in PLACES.map(binding) {
            let key = SetKey::generate(&mut world.rng);
            let body = key.seal_object(&file(place, 1), b"body", &mut world.rng).unwrap();
            let wraps = [&sender, &receiver].map(|one| one.wrap(&key, &place, &mut world.rng).unwrap());
            let envelope = Envelope::parse(&Envelope::new(wraps.to_vec()).unwrap().to_bytes()).unwrap();
            for office in [&world.sender, &world.receiver] {
                let key = envelope.open(office, &place).unwrap();
                assert_eq!(*key.open_object(&file(place, 1), &body, 100).unwrap().content, b"body");
            }
            assert_eq!(envelope.open(&world.stranger, &place).unwrap_err(), Error::NotAddressed);
        }
    }
}

#[test]
fn a_wrap_opens_in_its_own_place_alone_r6_3() {
    let mut world = World::new(Suite::X25519);
    for (own, bytes) in PLACES.iter().zip(sealed(&mut world, Party::Receiver)) {
        let envelope = Envelope::parse(&bytes).unwrap();
        for place in PLACES {
            let opened = envelope.open(&world.receiver, &binding(place));
            assert_eq!(opened.is_ok(), place == *own, "{own} in the place of {place}");
        }
        let SetBinding { transmission, sender, receiver } = binding(own);
        let turned = SetBinding { transmission, sender: receiver, receiver: sender };
        assert_eq!(envelope.open(&world.receiver, &turned).unwrap_err(), Error::Rejected);
    }
}

#[test]
fn the_senders_agreement_does_not_pass_for_the_receivers_r6_3() {
    let mut world = World::new(Suite::X25519);
    let mut bytes = sealed(&mut world, Party::Sender).swap_remove(0);
    bytes[12] = 2; // after magic, version, count and suite: the party
    let forged = Envelope::parse(&bytes).unwrap();
    assert_eq!(forged.open(&world.receiver, &binding("t-1")).unwrap_err(), Error::Rejected);
}

#[test]
fn every_flipped_byte_of_a_shared_wrap_is_refused_r6_3() {
    for (suite, step) in [(Suite::X25519, 1), (Suite::XWing, 13)] {
        let mut world = World::new(suite);
        let bytes = sealed(&mut world, Party::Receiver).swap_remove(0);
        // The header, the salt and the tag at every byte, the long encapsulated key at every so many.
        let tail = bytes.len() - 80;
        for at in (0..31).chain((31..tail).step_by(step)).chain(tail..bytes.len()) {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let opened = Envelope::parse(&altered).and_then(|envelope| envelope.open(&world.receiver, &binding("t-1")));
            assert!(opened.is_err(), "byte {at} of {suite:?}");
        }
        for cut in 0..bytes.len() {
            assert!(Envelope::parse(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}

#[test]
fn under_one_agreement_no_salt_and_no_wrap_repeats_r6_3() {
    let mut world = World::new(Suite::X25519);
    let agreement = Agreement::with(world.receiver.public(), Party::Receiver, &mut world.rng).unwrap();
    let (mut salts, mut wraps, mut agreed) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..2_000 {
        // The same key for the same place: the worst that a caller could do.
        let wrapped = agreement.wrap(&world.key, &binding("t-1"), &mut world.rng).unwrap();
        let [salt, ciphertext] = wrapped.parts();
        assert!(salts.insert(salt.to_vec()) && wraps.insert(ciphertext.to_vec()));
        let bytes = Envelope::new(vec![wrapped]).unwrap().to_bytes();
        agreed.insert(bytes[30..62].to_vec());
    }
    assert_eq!(agreed.len(), 1, "one agreement serves all of them");
}

#[test]
fn what_one_set_made_anew_lies_in_no_other_r11_2() {
    let mut world = World::new(Suite::XWing);
    let all = sealed(&mut world, Party::Receiver);
    let first = Envelope::parse(&all[0]).unwrap();
    for part in first.keys()[0].parts() {
        let found = |bytes: &Vec<u8>| bytes.windows(part.len()).any(|window| window == part);
        assert_eq!(all.iter().map(found).collect::<Vec<_>>(), [true, false, false]);
    }
}

#[test]
fn an_envelope_with_shared_keys_has_one_spelling_too() {
    let mut world = World::new(Suite::X25519);
    let shared = sealed(&mut world, Party::Receiver).swap_remove(0);
    assert_eq!(shared[4], 2);
    // A key of its own is written as version 1, and version 2 without a shared key is refused.
    let alone = world.key.wrap_to(world.receiver.public(), Party::Receiver, &binding("t-1"), &mut world.rng).unwrap();
    let alone = Envelope::new(vec![alone]).unwrap().to_bytes();
    assert_eq!(alone[4], 1);
    let mut other = alone[..29].to_vec();
    other[4] = 2;
    other.push(1);
    other.extend_from_slice(&alone[29..]);
    assert_eq!(Envelope::parse(&other).unwrap_err(), Error::Malformed("kind of wrap"));
    let mut unknown = shared.clone();
    unknown[29] = 3;
    assert_eq!(Envelope::parse(&unknown).unwrap_err(), Error::Malformed("kind of wrap"));
    let mut newer = shared;
    newer[4] = 3;
    assert_eq!(Envelope::parse(&newer).unwrap_err(), Error::UnknownVersion(3));
}

#[test]
fn a_key_of_its_own_and_a_shared_one_stand_in_one_envelope_r6_5() {
    let mut world = World::new(Suite::X25519);
    let next = OfficeSecretKey::generate(Suite::XWing, &mut world.rng).unwrap();
    let agreement = Agreement::with(next.public(), Party::Receiver, &mut world.rng).unwrap();
    let wrapped = agreement.wrap(&world.key, &binding("t-1"), &mut world.rng).unwrap();
    let mixed = world.envelope.clone().with(wrapped).unwrap();
    let read = Envelope::parse(&mixed.to_bytes()).unwrap();
    assert_eq!(read, mixed);
    for office in [&world.sender, &world.receiver, &next] {
        read.open(office, &binding("t-1")).unwrap();
    }
    let rotated = read.without(world.receiver.id()).unwrap();
    assert_eq!(rotated.open(&world.receiver, &binding("t-1")).unwrap_err(), Error::NotAddressed);
}
