//! Sets, envelopes and objects: R6.2 (own key per object) and R6.3 (bound to its place).

mod support;

use std::collections::HashSet;

use fumibako_seal::{
    Envelope, Error, ObjectBinding, ObjectPurpose, OfficePublicKey, OfficeSecretKey, Party, Sealer, SetBinding, SetKey,
    Suite, sealed_bytes_max,
};
use support::{World, binding, content, file, rng};

const LIMIT: u64 = 1 << 20;

#[test]
fn both_offices_open_the_set_and_get_the_same_bytes() {
    for suite in Suite::ALL {
        let mut world = World::new(suite);
        let body = content(6000);
        let sealed = world.seal(&file(binding("t-1"), 1), &body);
        let envelope = Envelope::parse(&world.envelope.to_bytes()).unwrap();
        for office in [&world.sender, &world.receiver] {
            let key = envelope.open(office, &binding("t-1")).unwrap();
            let opened = key.open_object(&file(binding("t-1"), 1), &sealed, LIMIT).unwrap();
            assert_eq!(*opened.content, body);
        }
    }
}

#[test]
fn contents_of_every_kind_survive() {
    let mut world = World::new(Suite::X25519);
    let noise: Vec<u8> = (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for body in [vec![], vec![0], b"\r\n".to_vec(), content(1), content(200_000), vec![0; 100_000], noise] {
        let sealed = world.seal(&file(binding("t-1"), 1), &body);
        assert!(sealed.len() as u64 <= sealed_bytes_max(body.len() as u64));
        let opened = world.key.open_object(&file(binding("t-1"), 1), &sealed, LIMIT).unwrap();
        assert_eq!(*opened.content, body);
    }
}

#[test]
fn a_new_office_may_write_to_an_old_one() {
    let mut rng = rng(2);
    let old = OfficeSecretKey::generate(Suite::X25519, &mut rng).unwrap();
    let new = OfficeSecretKey::generate(Suite::XWing, &mut rng).unwrap();
    let key = SetKey::generate(&mut rng);
    let envelope = Envelope::seal(&key, new.public(), old.public(), &binding("t-1"), &mut rng).unwrap();
    let envelope = Envelope::parse(&envelope.to_bytes()).unwrap();
    envelope.open(&old, &binding("t-1")).unwrap();
    envelope.open(&new, &binding("t-1")).unwrap();
}

#[test]
fn two_equal_plaintexts_give_unequal_ciphertexts_r6_2() {
    let mut world = World::new(Suite::X25519);
    let one = world.seal(&file(binding("t-1"), 1), b"the same");
    let two = world.seal(&file(binding("t-1"), 1), b"the same");
    assert_ne!(one, two);
    // Neither do they share a block, nor the tag of the digest.
    let windows: HashSet<&[u8]> = one[7..].windows(8).filter(|window| window.iter().any(|byte| *byte != 0)).collect();
    let shared = two[7..].windows(8).filter(|window| windows.contains(window)).count();
    assert!(shared <= 2, "only the lengths may be alike"); // original and ciphertext length stand in both
}

#[test]
fn another_office_cannot_open_a_set_r6_2() {
    for suite in Suite::ALL {
        let world = World::new(suite);
        let refused = world.envelope.open(&world.stranger, &binding("t-1")).unwrap_err();
        assert_eq!(refused, Error::NotAddressed);
        // Nor if it writes its own key id over the receiver's.
        let mut forged = world.envelope.to_bytes();
        let from = world.receiver.id();
        let at = forged.windows(16).rposition(|window| window == from.as_bytes()).unwrap();
        forged[at..at + 16].copy_from_slice(world.stranger.id().as_bytes());
        if let Ok(envelope) = Envelope::parse(&forged) {
            assert_eq!(envelope.open(&world.stranger, &binding("t-1")).unwrap_err(), Error::Rejected);
        }
    }
}

#[test]
fn an_envelope_opens_in_its_own_place_only_r6_3() {
    for suite in Suite::ALL {
        let world = World::new(suite);
        let elsewhere = [
            SetBinding { transmission: "t-2", ..binding("t-1") },
            SetBinding { sender: "office-c", ..binding("t-1") },
            SetBinding { receiver: "office-c", ..binding("t-1") },
            SetBinding { transmission: "t-1", sender: "office-b", receiver: "office-a" },
            // The same letters, cut elsewhere: lengths are bound too.
            SetBinding { transmission: "t-1o", sender: "ffice-a", receiver: "office-b" },
        ];
        for place in elsewhere {
            assert_eq!(world.envelope.open(&world.receiver, &place).unwrap_err(), Error::Rejected);
        }
    }
}

#[test]
fn the_senders_copy_does_not_pass_for_the_receivers_r6_3() {
    let mut world = World::new(Suite::X25519);
    let wrapped = world.key.wrap_to(world.receiver.public(), Party::Sender, &binding("t-1"), &mut world.rng).unwrap();
    let mut bytes = Envelope::new(vec![wrapped]).unwrap().to_bytes();
    bytes[12] = 2; // after magic, version, count and suite: the party
    let forged = Envelope::parse(&bytes).unwrap();
    assert_eq!(forged.open(&world.receiver, &binding("t-1")).unwrap_err(), Error::Rejected);
}

#[test]
fn two_objects_of_one_set_cannot_be_swapped_r6_3() {
    let mut world = World::new(Suite::X25519);
    let one = world.seal(&file(binding("t-1"), 1), b"first");
    let two = world.seal(&file(binding("t-1"), 2), b"second");
    let open = |ordinal, sealed: &[u8]| world.key.open_object(&file(binding("t-1"), ordinal), sealed, LIMIT);
    assert_eq!(open(1, &two).unwrap_err(), Error::Rejected);
    assert_eq!(open(2, &one).unwrap_err(), Error::Rejected);
    open(1, &one).unwrap();
}

#[test]
fn an_object_cannot_change_its_name_or_its_purpose_r6_3() {
    let mut world = World::new(Suite::X25519);
    let sealed = world.seal(&file(binding("t-1"), 1), b"body");
    let renamed = ObjectBinding::new(binding("t-1"), ObjectPurpose::File, 1, "file-2.csv");
    let repurposed = ObjectBinding::new(binding("t-1"), ObjectPurpose::Summary, 1, support::FILE_NAME);
    for place in [renamed, repurposed] {
        assert_eq!(world.key.open_object(&place, &sealed, LIMIT).unwrap_err(), Error::Rejected);
    }
}

#[test]
fn objects_of_two_sets_and_of_two_offices_cannot_be_swapped_r6_3() {
    let mut world = World::new(Suite::X25519);
    let sealed = world.seal(&file(binding("t-1"), 1), b"body");
    // Another set has another key; but even under the same key the place is bound.
    let other_key = SetKey::generate(&mut world.rng);
    assert_eq!(other_key.open_object(&file(binding("t-1"), 1), &sealed, LIMIT).unwrap_err(), Error::Rejected);
    for place in [
        binding("t-2"),
        SetBinding { receiver: "office-c", ..binding("t-1") },
        SetBinding { sender: "office-c", ..binding("t-1") },
    ] {
        assert_eq!(world.key.open_object(&file(place, 1), &sealed, LIMIT).unwrap_err(), Error::Rejected);
    }
}

#[test]
fn an_old_version_cannot_be_replayed_as_a_new_one_r6_3() {
    // A corrected set is a new transmission with a new key; the old object opens under neither.
    let mut world = World::new(Suite::X25519);
    let old = world.seal(&file(binding("t-1"), 1), b"old");
    let new_key = SetKey::generate(&mut world.rng);
    assert_eq!(new_key.open_object(&file(binding("t-2"), 1), &old, LIMIT).unwrap_err(), Error::Rejected);
    // And the old envelope does not open as the new one.
    assert_eq!(world.envelope.open(&world.receiver, &binding("t-2")).unwrap_err(), Error::Rejected);
}

#[test]
fn an_object_cut_short_or_prolonged_anywhere_is_refused_r6_3() {
    let mut world = World::new(Suite::X25519);
    let sealed = world.seal(&file(binding("t-1"), 1), &content(300));
    for length in 0..sealed.len() {
        assert!(world.key.open_object(&file(binding("t-1"), 1), &sealed[..length], LIMIT).is_err());
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert_eq!(
        world.key.open_object(&file(binding("t-1"), 1), &longer, LIMIT).unwrap_err(),
        Error::Malformed("trailing bytes")
    );
}

#[test]
fn every_flipped_byte_of_an_object_is_refused_r6_3() {
    let mut world = World::new(Suite::X25519);
    for body in [content(700), b"stored as it is".to_vec()] {
        let sealed = world.seal(&file(binding("t-1"), 1), &body);
        for at in 0..sealed.len() {
            for bit in [0x01, 0x80] {
                let mut altered = sealed.clone();
                altered[at] ^= bit;
                assert!(world.key.open_object(&file(binding("t-1"), 1), &altered, LIMIT).is_err(), "byte {at}");
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_a_wrapped_key_is_refused_r6_3() {
    for (suite, step) in [(Suite::X25519, 1), (Suite::XWing, 13)] {
        let mut world = World::new(suite);
        let wrapped =
            world.key.wrap_to(world.receiver.public(), Party::Receiver, &binding("t-1"), &mut world.rng).unwrap();
        let bytes = Envelope::new(vec![wrapped]).unwrap().to_bytes();
        // The header and the tag at every byte, the long encapsulated key at every so many.
        let places = (0..30).chain((30..bytes.len() - 48).step_by(step)).chain(bytes.len() - 48..bytes.len());
        for at in places {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let opened = Envelope::parse(&altered).and_then(|envelope| envelope.open(&world.receiver, &binding("t-1")));
            assert!(opened.is_err(), "byte {at} of {suite:?}");
        }
    }
}

#[test]
fn an_object_larger_than_the_callers_limit_is_not_opened() {
    let mut world = World::new(Suite::X25519);
    let sealed = world.seal(&file(binding("t-1"), 1), &vec![b'a'; 10_001]);
    let place = file(binding("t-1"), 1);
    assert_eq!(world.key.open_object(&place, &sealed, 10_000).unwrap_err(), Error::TooLarge { limit: 10_000 });
    world.key.open_object(&place, &sealed, 10_001).unwrap();
}

#[test]
#[cfg(feature = "zstd")]
fn files_are_compressed_each_by_itself() {
    // If they shared a window, the second of two equal files would be small.
    let mut world = World::new(Suite::X25519);
    let body = content(6000);
    let one = world.seal(&file(binding("t-1"), 1), &body);
    let two = world.seal(&file(binding("t-1"), 2), &body);
    assert!(one.len() < body.len());
    assert_eq!(one.len(), two.len());
}

#[test]
fn a_sealer_used_again_carries_nothing_over() {
    let mut world = World::new(Suite::X25519);
    let mut sealer = Sealer::new();
    let (first, body) = (content(9000), content(6000));
    sealer.seal_object(&world.key, &file(binding("t-1"), 1), &first, &mut world.rng).unwrap();
    let again = sealer.seal_object(&world.key, &file(binding("t-1"), 2), &body, &mut world.rng).unwrap();
    let fresh = world.seal(&file(binding("t-1"), 2), &body);
    assert_eq!(again.len(), fresh.len());
    let opened = world.key.open_object(&file(binding("t-1"), 2), &again, LIMIT).unwrap();
    assert_eq!(*opened.content, body);
}

#[test]
fn no_salt_and_no_encapsulated_key_repeats_over_many_seals_r6_3() {
    let mut world = World::new(Suite::X25519);
    let mut salts = HashSet::new();
    for _ in 0..20_000 {
        let sealed = world.seal(&file(binding("t-1"), 1), b"x");
        assert!(salts.insert(sealed[7..39].to_vec()));
    }
    let mut wraps = HashSet::new();
    for _ in 0..200 {
        let wrapped =
            world.key.wrap_to(world.receiver.public(), Party::Receiver, &binding("t-1"), &mut world.rng).unwrap();
        let bytes = Envelope::new(vec![wrapped]).unwrap().to_bytes();
        assert!(wraps.insert(bytes[29..61].to_vec()));
    }
}

#[test]
fn an_office_key_is_rotated_without_touching_the_objects_r6_5() {
    let mut world = World::new(Suite::X25519);
    let sealed = world.seal(&file(binding("t-1"), 1), b"body");
    let next = OfficeSecretKey::generate(Suite::XWing, &mut world.rng).unwrap();
    let place = binding("t-1");
    let key = world.envelope.open(&world.receiver, &place).unwrap();
    let wrapped = key.wrap_to(next.public(), Party::Receiver, &place, &mut world.rng).unwrap();
    let rotated = world.envelope.clone().with(wrapped).unwrap().without(world.receiver.id()).unwrap();
    assert_eq!(rotated.open(&world.receiver, &place).unwrap_err(), Error::NotAddressed);
    let key = rotated.open(&next, &place).unwrap();
    assert_eq!(*key.open_object(&file(place, 1), &sealed, LIMIT).unwrap().content, b"body");
}

#[test]
fn an_envelope_has_one_spelling() {
    let world = World::new(Suite::X25519);
    let bytes = world.envelope.to_bytes();
    let (head, keys) = bytes.split_at(6);
    let (one, two) = keys.split_at(keys.len() / 2);
    assert!(Envelope::parse(&[head, two, one].concat()).is_err(), "another order");
    assert!(Envelope::parse(&[head, one, one].concat()).is_err(), "one key twice");
    assert!(Envelope::parse(&[&bytes[..], &[0]].concat()).is_err(), "trailing byte");
    assert!(Envelope::parse(b"FMBE\x01\x00").is_err(), "no key at all");
    assert_eq!(Envelope::parse(b"FMBE\x03\x01").unwrap_err(), Error::UnknownVersion(3));
    assert_eq!(Envelope::new(vec![world.envelope.keys()[0].clone(); 2]).unwrap_err(), {
        Error::Malformed("order of wrapped keys")
    });
}

#[test]
fn an_unknown_suite_is_refused_r6_5() {
    let world = World::new(Suite::X25519);
    let mut bytes = world.envelope.to_bytes();
    bytes[11] = 3; // AEAD 3: ChaCha20-Poly1305, not in the inventory
    assert_eq!(Envelope::parse(&bytes).unwrap_err(), Error::UnknownSuite);
}

#[test]
fn office_keys_survive_storage_and_keep_their_id() {
    for suite in Suite::ALL {
        let secret = OfficeSecretKey::generate(suite, &mut rng(3)).unwrap();
        let again = OfficeSecretKey::from_bytes(&secret.to_bytes()).unwrap();
        let public = OfficePublicKey::from_bytes(&secret.public().to_bytes()).unwrap();
        assert_eq!((again.id(), public.id()), (secret.id(), secret.id()));
        assert_eq!(again.to_bytes(), secret.to_bytes());
        assert_eq!(public, *secret.public());
        assert!(OfficeSecretKey::from_bytes(&secret.to_bytes()[1..]).is_err());
        assert!(OfficePublicKey::from_bytes(&[&public.to_bytes()[..], &[0]].concat()).is_err());
    }
}

#[test]
fn a_public_key_of_small_order_is_refused() {
    let mut bytes = Suite::X25519.to_bytes().to_vec();
    bytes.extend([0; 32]);
    let public = OfficePublicKey::from_bytes(&bytes).unwrap();
    let key = SetKey::generate(&mut rng(4));
    let wrapped = key.wrap_to(&public, Party::Receiver, &binding("t-1"), &mut rng(5));
    assert_eq!(wrapped.unwrap_err(), Error::UnusableKey);
}

#[test]
fn debug_shows_no_secret_r6_4() {
    let mut world = World::new(Suite::XWing);
    let sealed = world.seal(&file(binding("t-1"), 1), b"canary");
    let opened = world.key.open_object(&file(binding("t-1"), 1), &sealed, LIMIT).unwrap();
    let secret = support::hex(&world.receiver.to_bytes()[6..]);
    let text = format!("{:?} {:?} {:?} {:?}", world.receiver, world.key, world.envelope, opened);
    assert!(!text.contains("canary") && !text.contains("99, 97, 110") && !text.contains(&secret[..16]));
    assert!(text.contains(&format!("OfficeSecretKey(XWing, {}, ..) SetKey(..)", world.receiver.id())));
}
