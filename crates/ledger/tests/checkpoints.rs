//! Checkpoints, keys, witnesses and proofs: whom a policy believes, and that another implementation reads ours.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod helpers;

use fumibako_ledger::{
    ClockState, ConsistencyProof, EntryProof, EntryProofError, KeyKind, LogKey, Note, NoteError, Policy,
    SignedCheckpoint, Stamp, VerifyingKey, WitnessKey, WitnessRefusal, WitnessRequest, WitnessState,
};
use helpers::files::{cosign, policy_of_the_key_alone};
use helpers::{ORIGIN, entry, log_key, name, signed, stamp, stored, witness_key, witnesses};
use signed_note::{StandardVerifier, Verifier as _, VerifierList};

fn cosigned(by: &[u8]) -> SignedCheckpoint {
    let (tree, _) = stored(300);
    let mut checkpoint = signed(300, tree.root());
    by.iter().for_each(|number| cosign(&mut checkpoint, &witness_key(*number), &log_key()));
    checkpoint
}

fn policy(need: usize) -> Policy {
    policy_of_the_key_alone().with_witnesses(witnesses(3), need).unwrap()
}

#[test]
fn r10_3_a_checkpoint_says_when_and_by_which_clock() {
    let (tree, _) = stored(300);
    let text = signed(300, tree.root()).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["log.example/fumibako", "300"]);
    assert_eq!(lines[3..6], ["time 2026-11-22T00:00:00.123Z", "clock synchronised offset_ms=-3 source=chrony", ""]);
    let read: SignedCheckpoint = text.parse().unwrap();
    assert_eq!(read.checkpoint().stamp(), Some(stamp()));
    assert_eq!(read.to_string(), text);

    for (clock, line) in [
        (ClockState::Unknown, "clock unknown source=none"),
        (ClockState::Synchronised { offset_ms: None }, "clock synchronised source=none"),
        (ClockState::Unsynchronised { offset_ms: Some(6_000) }, "clock unsynchronised offset_ms=6000 source=none"),
    ] {
        let stamp = Stamp { clock, source: "none".parse().unwrap(), ..stamp() };
        let checkpoint = fumibako_ledger::Checkpoint::new(name(ORIGIN), 0, tree.root(), &stamp).unwrap();
        assert_eq!(checkpoint.to_text().lines().last(), Some(line));
        assert_eq!(checkpoint.stamp(), Some(stamp));
    }
}

#[test]
fn r10_3_a_checkpoint_of_another_log_may_say_nothing_of_its_clock() {
    let text = cosigned(&[]).to_string();
    for (from, to) in [("offset_ms=-3", "offset_ms=-03"), ("time ", "at "), ("synchronised", "fine")] {
        let read: SignedCheckpoint = text.replace(from, to).parse().unwrap();
        assert_eq!(read.checkpoint().stamp(), None, "{to}");
    }
}

#[test]
fn r10_5_signed_note_verifies_our_checkpoints() {
    let checkpoint = cosigned(&[0, 1]);
    let key = log_key().verifying_key();
    let verifier = StandardVerifier::new(&key.to_string()).unwrap();
    assert_eq!(verifier.key_id().to_be_bytes(), key.id());
    let note = signed_note::Note::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
    let (known, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((known.len(), unknown.len()), (1, 2), "the log's signature, and those of two witnesses");
    assert_eq!(unknown[0].id().to_be_bytes(), witness_key(0).verifying_key().id());
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ORIGIN, 300, stored(300).0.root()));
}

#[test]
fn r10_5_we_verify_what_signed_note_signs() {
    let text = format!("{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    let (secret, public) = signed_note::generate_key(&mut Seeded(7), ORIGIN);
    let signer = signed_note::StandardSigner::new(&secret).unwrap();
    let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let checkpoint: SignedCheckpoint = String::from_utf8(note.to_bytes()).unwrap().parse().unwrap();
    let policy = Policy::new(public.parse().unwrap()).unwrap();
    policy.check(&checkpoint).unwrap();
    assert_eq!(*checkpoint.checkpoint().root(), fumibako_ledger::empty_root());
}

/// What the other implementation takes for chance.
struct Seeded(u8);

impl rand_core_06::RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        self.0.into()
    }
    fn next_u64(&mut self) -> u64 {
        self.0.into()
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Seeded {}

#[test]
fn r10_5_keys_have_one_spelling() {
    let key = log_key().verifying_key();
    assert_eq!((key.kind(), key.name().as_str()), (KeyKind::Log, ORIGIN));
    let text = key.to_string();
    assert_eq!(text.parse::<VerifyingKey>().unwrap(), key);
    assert_eq!(witness_key(0).verifying_key().to_string().parse::<VerifyingKey>().unwrap().kind(), KeyKind::Witness);
    let (head, _) = text.rsplit_once('+').unwrap();
    // All zeros is a point of small order: it would accept signatures that nobody made.
    let weak = format!("{head}+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for wrong in ["", "+", "a+b", "a+00000000+AQ==", &text[1..], &text.replace('+', " "), &weak, &format!("{text}\n")] {
        assert!(wrong.parse::<VerifyingKey>().is_err(), "{wrong}");
    }
    for wrong in ["", "a b", "a+b", "ａ", "a\u{202e}b", "a\u{1b}[1m", &"a".repeat(129)] {
        assert!(wrong.parse::<fumibako_ledger::KeyName>().is_err(), "R10.9: {wrong:?}");
    }
    assert!(!format!("{:?}{:?}", log_key(), witness_key(1)).contains("7, 7"), "a secret key is not printed");
}

#[test]
fn r10_6_a_policy_wants_so_many_of_these_witnesses() {
    let two = cosigned(&[2, 0]);
    assert_eq!(policy(2).check(&two).unwrap().cosigned.len(), 2);
    assert_eq!(policy(3).check(&two).unwrap_err(), NoteError::TooFewWitnesses { need: 3, have: 2 });
    let trust = policy(1).check(&two).unwrap();
    assert_eq!(trust.cosigned[0].at_seconds, 1_795_305_700);
    assert_eq!(trust.unknown, 0);
    // Who is not named by the policy neither helps nor harms.
    let foreign = cosigned(&[7]);
    assert_eq!(policy(0).check(&foreign).unwrap().unknown, 1);
    assert_eq!(policy(1).check(&foreign).unwrap_err(), NoteError::TooFewWitnesses { need: 1, have: 0 });
}

#[test]
fn r10_6_a_policy_that_counts_somebody_twice_is_none() {
    let again = |witnesses: Vec<VerifyingKey>, need| policy_of_the_key_alone().with_witnesses(witnesses, need);
    let same_key = WitnessKey::new(name("witness.example/alias"), &[100; 32]).verifying_key();
    assert!(again(vec![witness_key(0).verifying_key(), same_key], 2).is_err());
    let log_as_witness = WitnessKey::new(name("witness.example/self"), &[7; 32]).verifying_key();
    assert!(again(vec![log_as_witness], 1).is_err());
    assert!(again(witnesses(2), 3).is_err());
    assert!(again(vec![log_key().verifying_key()], 1).is_err());
    assert!(Policy::new(witness_key(0).verifying_key()).is_err());
    let other_log = LogKey::new(name("log.example/other"), &[8; 32]).verifying_key();
    assert!(policy_of_the_key_alone().with_former(vec![other_log]).is_err());
}

#[test]
fn r10_6_a_cosignature_of_something_else_is_not_added() {
    let (old, new) = (cosigned(&[]), signed(301, stored(301).0.root()));
    let mut other = new.clone();
    cosign(&mut other, &witness_key(0), &log_key());
    let line = other.note().signatures()[1].clone();
    let mut checkpoint = old.clone();
    let error = checkpoint.add_cosignature(line.clone(), &witness_key(0).verifying_key()).unwrap_err();
    assert_eq!((error, &checkpoint), (NoteError::BadSignature, &old));
    assert!(checkpoint.add_cosignature(line.clone(), &witness_key(1).verifying_key()).is_err());
    // The same witness again replaces its line.
    let mut checkpoint = new;
    for _ in 0..2 {
        checkpoint.add_cosignature(line.clone(), &witness_key(0).verifying_key()).unwrap();
    }
    assert_eq!(checkpoint.note().signatures().len(), 2);
}

#[test]
fn r10_6_a_witness_follows_a_log_and_refuses_a_fork() {
    let mut state = WitnessState::new();
    let ask = |old: u64, new: u64, root| {
        let proof = ConsistencyProof::between(&stored(new).1, old, new).unwrap();
        let request = WitnessRequest::new(proof, signed(new, root)).unwrap();
        let sent = request.to_string();
        assert_eq!(sent.parse::<WitnessRequest>().unwrap(), request, "what is sent is what is read");
        request
    };
    let (policy, key) = (policy_of_the_key_alone(), witness_key(0));
    let root = |size| stored(size).0.root();
    for (old, new) in [(0, 300), (300, 300), (300, 700)] {
        let request = ask(old, new, root(new));
        let line = state.cosign(&request, &policy, &key, 1_795_305_700 + new).unwrap();
        let mut checkpoint = signed(new, root(new));
        checkpoint.add_cosignature(line, &key.verifying_key()).unwrap();
        assert_eq!(state.last(), (new, &root(new)));
    }
    let before = state.clone();
    let refusal = |request: &WitnessRequest, policy: &Policy| {
        let mut state = before.clone();
        let refusal = state.cosign(request, policy, &key, 1_795_305_800).unwrap_err();
        assert_eq!(state, before, "what it refuses it does not remember");
        refusal
    };
    assert_eq!(refusal(&ask(300, 701, root(701)), &policy), WitnessRefusal::OtherSize { last_size: 700 });
    assert_eq!(refusal(&ask(700, 701, root(702)), &policy), WitnessRefusal::Fork);
    assert_eq!(refusal(&ask(700, 700, root(699)), &policy), WitnessRefusal::Fork);
    let other = Policy::new(LogKey::new(name(ORIGIN), &[9; 32]).verifying_key()).unwrap();
    assert_eq!(refusal(&ask(700, 701, root(701)), &other), WitnessRefusal::Untrusted(NoteError::Unsigned));
}

fn proof(index: u64) -> EntryProof {
    EntryProof::of(&stored(300).1, index, entry(index), cosigned(&[0, 1])).unwrap()
}

#[test]
fn r1_10_a_proof_is_verified_with_nothing_but_public_keys() {
    let text = proof(123).to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
    let read: EntryProof = text.parse().unwrap();
    assert_eq!((read.index(), read.entry()), (123, entry(123).as_slice()));
    assert_eq!(read.verify(&policy(2)).unwrap().cosigned.len(), 2);
    let other = Policy::new(LogKey::new(name(ORIGIN), &[9; 32]).verifying_key()).unwrap();
    assert_eq!(read.verify(&other).unwrap_err(), EntryProofError::Checkpoint(NoteError::Unsigned));
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<EntryProof>(&json).unwrap(), read, "in JSON it is one string");
}

#[test]
fn r1_10_a_former_key_of_the_log_still_proves_what_it_signed() {
    let new_key = LogKey::new(name(ORIGIN), &[9; 32]).verifying_key();
    let policy = Policy::new(new_key).unwrap().with_former(vec![log_key().verifying_key()]).unwrap();
    proof(5).verify(&policy).unwrap();
}

#[test]
fn r1_10_every_byte_of_a_proof_counts() {
    let text = proof(123).to_string();
    let policy = policy(2);
    for at in 0..text.len() {
        for flip in [1, 2, 32, 128] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let Ok(read) = changed.parse::<EntryProof>() else { continue };
            assert!(read.verify(&policy).is_err(), "byte {at} of\n{changed}");
        }
    }
}

#[test]
fn r10_5_notes_are_bounded() {
    let text = cosigned(&[]).to_string();
    let line = text.lines().last().unwrap();
    let many = format!("{text}{}", format!("{line}\n").repeat(63));
    assert!(many.parse::<Note>().is_ok());
    assert!(format!("{many}{line}\n").parse::<Note>().is_err());
    assert!(format!("{}{text}", "x\n".repeat(70_000)).parse::<Note>().is_err());
    let lines = |count| text.replacen("\n\n", &format!("\n{}\n", "x\n".repeat(count)), 1).parse::<SignedCheckpoint>();
    assert!(lines(14).is_ok());
    assert!(lines(15).is_err());
}
