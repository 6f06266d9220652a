//! Boxes of every format version ever stored: they must open for as long as anyone keeps them. The keys are invented.
//!
//! A new version adds files. A file here is never rewritten: with `FUMIBAKO_BLESS` set, only what is not there is written.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::PathBuf;

use fumibako_seal::{
    Agreement, Argon2Cost, Envelope, Error, KeyStoreFile, Lock, MasterKey, OfficeSecretKey, Party, Purpose, SetBinding,
    SetKey, Suite, Zeroizing, blind_index, commitment,
};
use support::{binding, content, file, hex, rng, unhex};

const OFFICE: Purpose<'_> = Purpose::OfficeKey { office: "office-a", version: 1 };

fn master() -> MasterKey {
    MasterKey::from_bytes(&Zeroizing::new([0x22; 32]))
}

fn office(suite: Suite, byte: u8) -> OfficeSecretKey {
    OfficeSecretKey::from_bytes(&[&suite.to_bytes()[..], &[byte; 32]].concat()).unwrap()
}

fn place() -> SetBinding<'static> {
    binding("01993f00-0000-7000-8000-000000000001")
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(name: &str) -> Vec<u8> {
    unhex(&std::fs::read_to_string(path(name)).unwrap())
}

#[test]
fn stored_sets_still_open() {
    let shared = [(Suite::XWing, "envelope-2-xwing.hex"), (Suite::X25519, "envelope-2-x25519.hex")];
    for (suite, envelope) in shared {
        let envelope = Envelope::parse(&read(envelope)).unwrap();
        for byte in [0x0a, 0x0b] {
            envelope.open(&office(suite, byte), &place()).unwrap();
        }
    }
    for (suite, envelope) in [(Suite::XWing, "envelope-1-xwing.hex"), (Suite::X25519, "envelope-1-x25519.hex")] {
        let envelope = Envelope::parse(&read(envelope)).unwrap();
        for byte in [0x0a, 0x0b] {
            let key = envelope.open(&office(suite, byte), &place()).unwrap();
            if suite == Suite::X25519 {
                continue; // the objects below belong to the first
            }
            let stored = key.open_object(&file(place(), 1), &read("object-1-stored.hex"), 1 << 20).unwrap();
            assert_eq!(*stored.content, b"stored as it is");
            let opened = key.open_object(&file(place(), 2), &read("object-1-zstd.hex"), 1 << 20);
            if cfg!(feature = "zstd") {
                assert_eq!(*opened.unwrap().content, content(1000));
            } else {
                assert_eq!(opened.unwrap_err(), Error::CompressionUnavailable);
            }
        }
    }
}

#[test]
fn stored_secrets_still_open() {
    assert_eq!(**master().unwrap(&OFFICE, &read("secret-1.hex")).unwrap(), *b"a wrapped secret");
}

#[test]
fn stored_key_files_still_open() {
    let file = KeyStoreFile::parse(&read("keystore-1-passphrase.hex")).unwrap();
    assert_eq!(file.open(Lock::Passphrase("合言葉 of a golden file")).unwrap().id(), master().id());
    let file = KeyStoreFile::parse(&read("keystore-1-credential.hex")).unwrap();
    assert_eq!(file.open(Lock::Credential(&[0x33; 32])).unwrap().id(), master().id());
}

#[test]
fn ids_derived_keys_indexes_and_commitments_never_change() {
    let database = master().derive(&Purpose::DatabaseKey { version: 1 }).unwrap();
    let index = master().derive(&Purpose::BlindIndexKey { version: 1 }).unwrap();
    let answers = [
        hex(office(Suite::XWing, 0x0a).id().as_bytes()),
        hex(office(Suite::X25519, 0x0a).id().as_bytes()),
        hex(master().id().as_bytes()),
        hex(database.reveal()),
        hex(&blind_index(&index, "insured_number", b"0000000001").unwrap()),
        hex(&commitment(&[0x44; 32], &[0x55; 32])),
    ]
    .join("\n");
    let stored = std::fs::read_to_string(path("answers-1.txt")).unwrap();
    assert_eq!(answers.trim(), stored.trim());
}

#[test]
fn the_same_chance_writes_the_same_bytes() {
    let same = |name: &str, text: String| {
        if std::env::var_os("FUMIBAKO_BLESS").is_some() && !path(name).exists() {
            std::fs::write(path(name), format!("{text}\n")).unwrap();
        }
        // Another release of zstd may compress otherwise; what it wrote before must open, and that is tested above.
        if name != "object-1-zstd.hex" {
            assert_eq!(std::fs::read_to_string(path(name)).unwrap().trim(), text, "{name}");
        }
    };
    let mut rng = rng(2026);
    let key = SetKey::generate(&mut rng);
    for (suite, name) in [(Suite::XWing, "envelope-1-xwing.hex"), (Suite::X25519, "envelope-1-x25519.hex")] {
        let (sender, receiver) = (office(suite, 0x0a), office(suite, 0x0b));
        let envelope = Envelope::seal(&key, sender.public(), receiver.public(), &place(), &mut rng).unwrap();
        same(name, hex(&envelope.to_bytes()));
    }
    let mut seal = |ordinal, body: &[u8]| hex(&key.seal_object(&file(place(), ordinal), body, &mut rng).unwrap());
    same("object-1-stored.hex", seal(1, b"stored as it is"));
    same("object-1-zstd.hex", seal(2, &content(1000)));
    same("secret-1.hex", hex(&master().wrap(&OFFICE, b"a wrapped secret", &mut rng).unwrap()));
    let lock = Lock::Passphrase("合言葉 of a golden file");
    let file = KeyStoreFile::seal_with_cost(&master(), lock, Argon2Cost::DEFAULT, &mut rng).unwrap();
    same("keystore-1-passphrase.hex", hex(&file.to_bytes()));
    let file = KeyStoreFile::seal(&master(), Lock::Credential(&[0x33; 32]), &mut rng).unwrap();
    same("keystore-1-credential.hex", hex(&file.to_bytes()));
    for (suite, name) in [(Suite::XWing, "envelope-2-xwing.hex"), (Suite::X25519, "envelope-2-x25519.hex")] {
        let wraps = [(0x0a, Party::Sender), (0x0b, Party::Receiver)].map(|(byte, party)| {
            let agreement = Agreement::with(office(suite, byte).public(), party, &mut rng).unwrap();
            agreement.wrap(&key, &place(), &mut rng).unwrap()
        });
        same(name, hex(&Envelope::new(wraps.to_vec()).unwrap().to_bytes()));
    }
}
