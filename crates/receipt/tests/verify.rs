//! A receipt against everything that may have been done to it (R1.10).

use exchange::{Digest, ImportPlace, Outcome, Reason};
use ledger::{
    Action, Actor, Checkpoint, ClockState, Device, Entry, EntryDraft, EntryId, EntryProof, LogKey, Policy, Stamp,
    Tiles, Timestamp, Token, Tree, leaf_hash,
};
use receipt::{
    Carried, FORM, Fault, File, Import, ImportedPlace, Party, Receipt, Step, StepName, Verified, places_digest,
};
use serde_json::Value;

const ID: &str = "0198c000-0000-7000-8000-000000000001";
const SENDER: &str = "0300000001";
const RECEIVER: &str = "0300000002";
const SALT: [u8; 32] = [7; 32];
const BEGAN_MS: i64 = 1_795_000_000_000;

fn name(kind: &str) -> String {
    let month = if kind == "UPPLAN" { "_202612" } else { "" };
    format!("{kind}{month}_{SENDER}_43_{RECEIVER}_11_20261122093000.CSV")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn token(text: &str) -> Token {
    text.parse().expect("token")
}

fn at(step: u8) -> Timestamp {
    Timestamp::from_millisecond(BEGAN_MS + i64::from(step) * 60_000).expect("instant")
}

fn key(seed: u8) -> LogKey {
    LogKey::new("fumibako/test".parse().expect("name"), &[seed; 32])
}

fn policy(seed: u8) -> Policy {
    Policy::new(key(seed).verifying_key()).expect("policy")
}

fn files() -> Vec<File> {
    let file =
        |kind: &str| File { name: name(kind), size_bytes: 10, sha256: Digest::of_file(kind.as_bytes()).to_string() };
    vec![file("UPPLAN"), file("UP1KYO")]
}

fn digest() -> Digest {
    let files = files();
    let named = |file: &File| {
        let kind = file.name.split('_').next().expect("kind").to_owned();
        Digest::of_file(kind.as_bytes())
    };
    Digest::of_digests(files.iter().map(|file| (file.name.as_str(), named(file))))
}

fn draft(step: u8, action: Action, office: &str, counterpart: &str) -> EntryDraft {
    let device = token("device-1");
    EntryDraft {
        device: Some(Device::new(device.clone())),
        office: Some(token(office)),
        counterpart: Some(token(counterpart)),
        object: Some(token(ID)),
        ..EntryDraft::new(
            EntryId([step; 16]),
            at(step),
            ClockState::Unknown,
            Actor::Device(device),
            action,
            ledger::Outcome::Ok,
        )
    }
}

fn accepted() -> Entry {
    let commitment = hex(&seal::commitment(&SALT, digest().as_bytes()));
    let entry = draft(0, Action::SetAccept, SENDER, RECEIVER)
        .detail("kind", token("schedule"))
        .and_then(|entry| entry.detail("files", 2))
        .and_then(|entry| entry.detail("size_bytes", 20))
        .and_then(|entry| entry.detail("commitment", token(&commitment)));
    entry.expect("details").finish().expect("entry")
}

fn places() -> Vec<ImportPlace> {
    vec![ImportPlace { file: 1, record: Some(3), column: Some(8), reason: Reason::PersonUnknown }]
}

fn answered(outcome: Outcome, places: &[ImportPlace]) -> Entry {
    let entry = draft(3, Action::SetAnswer, RECEIVER, SENDER)
        .detail("outcome", token(outcome.id()))
        .and_then(|entry| entry.detail("places", token(&hex(&places_digest(places)))));
    entry.expect("details").finish().expect("entry")
}

fn plain(step: u8, action: Action, office: &str, counterpart: &str) -> Entry {
    draft(step, action, office, counterpart).finish().expect("entry")
}

/// A log in which other entries stand between these, and a receipt of them.
fn receipt_of(seed: u8, entries: &[(StepName, Entry)], state: &str, import: Option<Import>) -> Receipt {
    let (mut tree, mut tiles, mut indexes) = (Tree::new(), Tiles::new(), Vec::new());
    let mut others = (0_u32..).map(|number| leaf_hash(&number.to_be_bytes()));
    for (_, entry) in entries {
        for leaf in others.by_ref().take(300) {
            tree.append_with(leaf, |tile, hashes| tiles.insert(tile, hashes.to_vec()));
        }
        indexes.push(tree.size());
        tree.append_with(entry.leaf_hash(), |tile, hashes| tiles.insert(tile, hashes.to_vec()));
    }
    for (tile, hashes) in tree.partial_tiles() {
        tiles.insert(tile, hashes.to_vec());
    }
    let stamp = Stamp { at: at(60), clock: ClockState::Unknown, source: token("host") };
    let key = key(seed);
    let checkpoint = Checkpoint::new(key.name().clone(), tree.size(), tree.root(), &stamp).expect("checkpoint");
    let signed = key.sign(checkpoint).expect("signed");
    let steps = entries
        .iter()
        .zip(indexes)
        .map(|((step, entry), index)| Step {
            step: *step,
            at: entry.fields().at.to_string(),
            proof: Some(EntryProof::of(&tiles, index, entry.to_bytes(), signed.clone()).expect("proof")),
        })
        .collect();
    Receipt {
        form: FORM.to_owned(),
        transmission: Carried {
            id: ID.to_owned(),
            kind: "schedule".to_owned(),
            serial: "20261122093000".to_owned(),
            service_month: Some("202612".to_owned()),
            sender: Party { office: SENDER.to_owned(), service_type: "43".to_owned() },
            receiver: Party { office: RECEIVER.to_owned(), service_type: "11".to_owned() },
            digest: digest().to_string(),
            size_bytes: 20,
            commitment_salt: Some(hex(&SALT)),
            files: files(),
        },
        state: state.to_owned(),
        import,
        steps,
    }
}

fn whole_life() -> Vec<(StepName, Entry)> {
    vec![
        (StepName::Accepted, accepted()),
        (StepName::Collected, plain(1, Action::SetCollect, RECEIVER, SENDER)),
        (StepName::Acknowledged, plain(2, Action::SetAcknowledge, RECEIVER, SENDER)),
        (StepName::Answered, answered(Outcome::Partly, &places())),
    ]
}

fn partly() -> Option<Import> {
    let places = places().iter().map(ImportedPlace::from).collect();
    Some(Import { outcome: "partly".to_owned(), places })
}

fn whole() -> Receipt {
    receipt_of(1, &whole_life(), "partly", partly())
}

fn verified(receipt: &Receipt) -> Result<Verified, Fault> {
    receipt.verify(&policy(1))
}

#[test]
fn r1_10_a_receipt_is_verified_offline_with_the_public_key_alone() {
    let read = Receipt::parse(&whole().to_json()).expect("receipt");
    assert_eq!(read, whole());
    let verified = verified(&read).expect("verified");
    assert_eq!(verified.steps.len(), 4);
    assert!(verified.unproven.is_empty() && verified.content);
    assert_eq!(verified.state.id(), "partly");
    assert_eq!(verified.steps[1].entry.fields().actor.to_string(), "device:device-1");
}

#[test]
fn r1_10_with_another_logs_key_it_fails() {
    let other = whole().verify(&policy(2)).expect_err("another key");
    assert!(matches!(other, Fault::NotInLog { step: StepName::Accepted, .. }), "{other:?}");
}

#[test]
fn r1_10_another_time_of_download_fails() {
    let mut receipt = whole();
    receipt.steps[1].at = at(40).to_string();
    let fault = verified(&receipt).expect_err("another instant");
    assert_eq!(fault, Fault::Otherwise { step: StepName::Collected, what: "instant" });
}

/// The log says nothing of a month: a receipt that states one has it from the names of its files, or from nowhere.
#[test]
fn r1_10_a_service_month_that_no_file_names_is_not_believed() {
    let file = files().remove(1);
    let digest = Digest::of_digests([(file.name.as_str(), Digest::of_file(b"UP1KYO"))]);
    let commitment = hex(&seal::commitment(&SALT, digest.as_bytes()));
    let entry = draft(0, Action::SetAccept, SENDER, RECEIVER)
        .detail("kind", token("care-plan"))
        .and_then(|entry| entry.detail("files", 1))
        .and_then(|entry| entry.detail("size_bytes", 10))
        .and_then(|entry| entry.detail("commitment", token(&commitment)));
    let entry = entry.expect("details").finish().expect("entry");
    let mut receipt = receipt_of(1, &[(StepName::Accepted, entry)], "waiting", None);
    receipt.transmission = Carried {
        kind: "care-plan".to_owned(),
        service_month: None,
        digest: digest.to_string(),
        size_bytes: 10,
        files: vec![file],
        ..receipt.transmission
    };
    assert!(verified(&receipt).expect("a care plan is of no month").content);
    receipt.transmission.service_month = Some("202612".to_owned());
    assert_eq!(verified(&receipt).expect_err("a month out of nowhere"), Fault::Files);
    let mut silent = whole();
    silent.transmission.service_month = None;
    assert_eq!(verified(&silent).expect_err("a month that is left out"), Fault::Files);
}

#[test]
fn r1_10_a_short_life_is_verified_too() {
    let life = whole_life();
    for (count, state) in [(1, "waiting"), (2, "collected"), (3, "acknowledged")] {
        let receipt = receipt_of(1, &life[..count], state, None);
        assert_eq!(verified(&receipt).expect("verified").state.id(), state);
    }
    let taken_back = [life[0].clone(), (StepName::Withdrawn, plain(1, Action::SetWithdraw, SENDER, RECEIVER))];
    assert!(verified(&receipt_of(1, &taken_back, "withdrawn", None)).is_ok());
}

#[test]
fn a_step_left_out_or_moved_is_found() {
    for left_out in 0..4 {
        let mut receipt = whole();
        receipt.steps.remove(left_out);
        assert!(verified(&receipt).is_err(), "step {left_out}");
    }
    let mut moved = whole();
    moved.steps.swap(1, 2);
    assert!(verified(&moved).is_err());
    let mut twice = whole();
    twice.steps.push(twice.steps[3].clone());
    assert!(verified(&twice).is_err());
    let mut empty = whole();
    empty.steps.clear();
    assert_eq!(verified(&empty).expect_err("nothing proven"), Fault::NoAcceptance);
}

#[test]
fn a_step_without_proof_is_named_and_acceptance_needs_one() {
    let mut receipt = whole();
    receipt.steps[2].proof = None;
    assert_eq!(verified(&receipt).expect("the rest").unproven, [StepName::Acknowledged]);
    receipt.steps[0].proof = None;
    assert_eq!(verified(&receipt).expect_err("no acceptance"), Fault::NoAcceptance);
}

#[test]
fn entries_of_another_set_another_action_or_a_refusal_prove_nothing() {
    let collected = |change: fn(&mut EntryDraft)| {
        let mut entry = draft(1, Action::SetCollect, RECEIVER, SENDER);
        change(&mut entry);
        let entries = [(StepName::Accepted, accepted()), (StepName::Collected, entry.finish().expect("entry"))];
        verified(&receipt_of(1, &entries, "collected", None))
    };
    assert!(collected(|_| ()).is_ok());
    let what = |change| match collected(change) {
        Err(Fault::Otherwise { step: StepName::Collected, what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(|entry| entry.object = Some(token("another"))), "set");
    assert_eq!(what(|entry| entry.action = Action::SetOpen), "action");
    assert_eq!(what(|entry| entry.outcome = ledger::Outcome::Refused(token("X13"))), "action");
    assert_eq!(what(|entry| entry.office = Some(token(SENDER))), "offices");
}

#[test]
fn what_was_erased_is_proven_without_its_content() {
    let mut life = whole_life();
    let erased = EntryDraft { office: None, counterpart: None, ..draft(9, Action::SetExpire, RECEIVER, SENDER) };
    let erased = EntryDraft { actor: Actor::System, device: None, ..erased };
    life.push((StepName::Erased, erased.finish().expect("entry")));
    let mut receipt = receipt_of(1, &life, "partly", partly());
    receipt.transmission.commitment_salt = None;
    assert_eq!(verified(&receipt).expect_err("files without salt"), Fault::Files);
    receipt.transmission.files.clear();
    let verified = verified(&receipt).expect("verified");
    assert!(!verified.content && verified.state.id() == "partly");
}

/// Changes each value of the document in turn, in every way that its kind allows, and each time asks again.
#[test]
fn r1_10_every_changed_value_is_found() {
    let honest: Value = serde_json::from_slice(&whole().to_json()).expect("json");
    let mut paths = Vec::new();
    walk(&honest, &mut String::new(), &mut paths);
    assert!(paths.len() > 30, "{paths:?}");
    let mut tried = 0;
    for path in paths {
        for changed in changes(honest.pointer(&path).expect("value")) {
            let mut document = honest.clone();
            *document.pointer_mut(&path).expect("value") = changed.clone();
            let json = serde_json::to_vec(&document).expect("json");
            let believed = Receipt::parse(&json).is_ok_and(|receipt| verified(&receipt).is_ok());
            assert!(!believed, "{path} became {changed}");
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}

fn walk(value: &Value, path: &mut String, paths: &mut Vec<String>) {
    let step = |part: String, inner: &Value, path: &mut String, paths: &mut Vec<String>| {
        let before = path.len();
        path.push('/');
        path.push_str(&part);
        walk(inner, path, paths);
        path.truncate(before);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| step(name.clone(), inner, path, paths)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, inner)| step(at.to_string(), inner, path, paths)),
        _ => paths.push(path.clone()),
    }
}

fn changes(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let number = number.as_u64().expect("unsigned");
            vec![(number + 1).into(), 0.into(), u64::MAX.into(), Value::Null]
        }
        Value::String(text) => {
            let mut changed = vec![Value::String(String::new()), Value::String(format!("{text}0"))];
            // Every place of a short text, some of a long one.
            let every = (text.len() / 40).max(1);
            for at in (0..text.len()).step_by(every).filter(|at| text.is_char_boundary(*at)) {
                let old = text[at..].chars().next().expect("character");
                let new = if old == '1' { '2' } else { '1' };
                let rest = &text[at + old.len_utf8()..];
                changed.push(Value::String(format!("{}{new}{rest}", &text[..at])));
            }
            changed
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_is_no_receipt_is_said_to_be_none() {
    for bytes in [&b""[..], b"{}", b"[]", b"null", &[0xff; 10], &vec![b'['; 100_000]] {
        assert!(Receipt::parse(bytes).is_err());
    }
    let other_form = String::from_utf8(whole().to_json()).expect("UTF-8").replace("receipt/1", "receipt/2");
    assert!(Receipt::parse(other_form.as_bytes()).is_err());
}
