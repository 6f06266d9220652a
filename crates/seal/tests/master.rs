//! The master key, secrets under it, and its file: R6.3, R6.4.

mod support;

use std::collections::HashSet;

use fumibako_seal::{
    Argon2Cost, Error, KeyStoreError, KeyStoreFile, Lock, MasterKey, Purpose, Zeroizing, blind_index, commitment,
};
use support::rng;

fn master(byte: u8) -> MasterKey {
    MasterKey::from_bytes(&Zeroizing::new([byte; 32]))
}

const OFFICE: Purpose<'_> = Purpose::OfficeKey { office: "office-a", version: 1 };

#[test]
fn a_secret_opens_for_its_own_purpose_only_r6_3() {
    let master = master(1);
    let wrapped = master.wrap(&OFFICE, b"secret", &mut rng(1)).unwrap();
    assert_eq!(**master.unwrap(&OFFICE, &wrapped).unwrap(), *b"secret");
    for other in [
        Purpose::OfficeKey { office: "office-b", version: 1 },
        Purpose::OfficeKey { office: "office-a", version: 2 },
        Purpose::CaKey { version: 1 },
        Purpose::AccountSecret { account: "office-a", kind: "totp" },
    ] {
        assert_eq!(master.unwrap(&other, &wrapped).unwrap_err(), Error::Rejected);
    }
}

#[test]
fn fields_of_two_columns_rows_or_tables_cannot_be_swapped_r6_3() {
    let key = master(1).derive(&Purpose::FieldKey { version: 1 }).unwrap();
    let name = Purpose::Field { table: "account", column: "name", row: "a-1" };
    let sealed = key.wrap(&name, "架空 花子".as_bytes(), &mut rng(1)).unwrap();
    for other in [
        Purpose::Field { table: "account", column: "mail", row: "a-1" },
        Purpose::Field { table: "account", column: "name", row: "a-2" },
        Purpose::Field { table: "office", column: "name", row: "a-1" },
        // The same letters, cut elsewhere.
        Purpose::Field { table: "accountn", column: "ame", row: "a-1" },
    ] {
        assert_eq!(key.unwrap(&other, &sealed).unwrap_err(), Error::Rejected);
    }
    assert_eq!(**key.unwrap(&name, &sealed).unwrap(), *"架空 花子".as_bytes());
}

#[test]
fn another_master_key_is_told_from_damage_r6_5() {
    let wrapped = master(1).wrap(&OFFICE, b"secret", &mut rng(1)).unwrap();
    assert_eq!(master(2).unwrap(&OFFICE, &wrapped).unwrap_err(), Error::NotAddressed);
}

#[test]
fn every_flipped_byte_and_every_cut_of_a_wrapped_secret_is_refused_r6_3() {
    let master = master(1);
    let wrapped = master.wrap(&OFFICE, b"secret", &mut rng(1)).unwrap();
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        assert!(master.unwrap(&OFFICE, &altered).is_err(), "byte {at}");
        assert!(master.unwrap(&OFFICE, &wrapped[..at]).is_err(), "cut at {at}");
    }
    assert!(master.unwrap(&OFFICE, &[&wrapped[..], &[0]].concat()).is_err());
}

#[test]
fn no_salt_repeats_over_many_wraps_r6_3() {
    let (master, mut rng) = (master(1), rng(1));
    let mut seen = HashSet::new();
    for _ in 0..20_000 {
        let wrapped = master.wrap(&OFFICE, b"secret", &mut rng).unwrap();
        assert!(seen.insert(wrapped[21..53].to_vec()));
    }
}

#[test]
fn derived_keys_differ_by_purpose_version_and_master() {
    let purposes = [
        Purpose::DatabaseKey { version: 1 },
        Purpose::DatabaseKey { version: 2 },
        Purpose::BlindIndexKey { version: 1 },
        Purpose::FieldKey { version: 1 },
    ];
    let keys: HashSet<[u8; 32]> = [master(1), master(2)]
        .iter()
        .flat_map(|master| purposes.map(|purpose| *master.derive(&purpose).unwrap().reveal()))
        .collect();
    assert_eq!(keys.len(), 8);
    assert!(!keys.contains(&[1; 32]));
}

#[test]
fn blind_indexes_are_equal_for_equal_values_of_one_field_only() {
    let key = master(1).derive(&Purpose::BlindIndexKey { version: 1 }).unwrap();
    let other = master(2).derive(&Purpose::BlindIndexKey { version: 1 }).unwrap();
    let index = blind_index(&key, "insured_number", b"0000000001").unwrap();
    assert_eq!(index, blind_index(&key, "insured_number", b"0000000001").unwrap());
    assert_ne!(index, blind_index(&key, "insured_number", b"0000000002").unwrap());
    assert_ne!(index, blind_index(&key, "insured_numbe", b"r0000000001").unwrap());
    assert_ne!(index, blind_index(&other, "insured_number", b"0000000001").unwrap());
}

#[test]
fn a_commitment_depends_on_salt_and_digest() {
    let one = commitment(&[1; 32], &[2; 32]);
    assert_ne!(one, commitment(&[2; 32], &[1; 32]));
    assert_ne!(one, commitment(&[1; 32], &[3; 32]));
}

#[test]
fn the_key_file_opens_with_its_passphrase_and_with_nothing_else_r6_4() {
    let master = master(1);
    let file =
        KeyStoreFile::seal_with_cost(&master, Lock::Passphrase("ひみつの合言葉"), Argon2Cost::OWASP, &mut rng(1))
            .unwrap();
    let file = KeyStoreFile::parse(&file.to_bytes()).unwrap();
    assert!(file.wants_passphrase());
    assert_eq!(file.master_key_id(), master.id());
    assert_eq!(file.open(Lock::Passphrase("ひみつの合言葉")).unwrap().id(), master.id());
    assert_eq!(file.open(Lock::Passphrase("ひみつの合い言葉")).unwrap_err(), KeyStoreError::WrongKey);
    assert_eq!(file.open(Lock::Passphrase("")).unwrap_err(), KeyStoreError::EmptyPassphrase);
    assert_eq!(file.open(Lock::Credential(&[0; 32])).unwrap_err(), KeyStoreError::OtherLock);
}

#[test]
fn the_key_file_opens_with_its_credential_r6_4() {
    let file = KeyStoreFile::seal(&master(1), Lock::Credential(&[9; 32]), &mut rng(1)).unwrap();
    let file = KeyStoreFile::parse(&file.to_bytes()).unwrap();
    assert!(!file.wants_passphrase());
    assert_eq!(file.open(Lock::Credential(&[9; 32])).unwrap().id(), master(1).id());
    assert_eq!(file.open(Lock::Credential(&[8; 32])).unwrap_err(), KeyStoreError::WrongKey);
    assert_eq!(file.open(Lock::Passphrase("x")).unwrap_err(), KeyStoreError::OtherLock);
}

#[test]
fn a_damaged_key_file_is_not_called_a_wrong_passphrase() {
    let bytes = KeyStoreFile::seal(&master(1), Lock::Credential(&[9; 32]), &mut rng(1)).unwrap().to_bytes();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let expected = if at < 4 { KeyStoreError::NotAKeyStore } else { KeyStoreError::Damaged };
        assert_eq!(KeyStoreFile::parse(&altered).unwrap_err(), expected, "byte {at}");
        if at > 4 {
            assert_eq!(KeyStoreFile::parse(&bytes[..at]).unwrap_err(), KeyStoreError::Damaged);
        }
    }
    assert_eq!(KeyStoreFile::parse(&[&bytes[..], &[0]].concat()).unwrap_err(), KeyStoreError::Damaged);
    assert_eq!(KeyStoreFile::parse(b"").unwrap_err(), KeyStoreError::NotAKeyStore);
}

#[test]
fn a_hostile_key_file_cannot_demand_a_terabyte_or_a_day() {
    let sealed =
        KeyStoreFile::seal_with_cost(&master(1), Lock::Passphrase("x"), Argon2Cost::OWASP, &mut rng(1)).unwrap();
    // memory at 6, passes at 10, lanes at 14; with a checksum that is right.
    for (at, value) in [(6, u32::MAX), (6, 1 << 30), (6, 8), (6, 0), (10, u32::MAX), (10, 0), (14, u32::MAX), (14, 0)] {
        let mut bytes = sealed.to_bytes();
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        assert_eq!(KeyStoreFile::parse(&with_checksum(bytes)).unwrap_err(), KeyStoreError::CostOutOfBounds);
    }
}

#[test]
fn a_key_file_altered_on_purpose_does_not_open_r6_3() {
    let bytes = KeyStoreFile::seal(&master(1), Lock::Credential(&[9; 32]), &mut rng(1)).unwrap().to_bytes();
    for at in 0..bytes.len() - 32 {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let opened =
            KeyStoreFile::parse(&with_checksum(altered)).and_then(|file| file.open(Lock::Credential(&[9; 32])));
        assert!(opened.is_err(), "byte {at}");
    }
}

#[test]
fn a_newer_key_file_is_not_called_damaged() {
    let mut bytes = KeyStoreFile::seal(&master(1), Lock::Credential(&[9; 32]), &mut rng(1)).unwrap().to_bytes();
    bytes[4] = 2;
    assert_eq!(KeyStoreFile::parse(&with_checksum(bytes)).unwrap_err(), KeyStoreError::UnknownVersion(2));
}

#[test]
fn an_empty_passphrase_or_a_cheap_one_locks_nothing() {
    let seal = |lock, cost| KeyStoreFile::seal_with_cost(&master(1), lock, cost, &mut rng(1)).unwrap_err();
    assert_eq!(seal(Lock::Passphrase(""), Argon2Cost::OWASP), KeyStoreError::EmptyPassphrase);
    let cheap = Argon2Cost { memory_kib: 1024, ..Argon2Cost::OWASP };
    assert_eq!(seal(Lock::Passphrase("x"), cheap), KeyStoreError::CostOutOfBounds);
}

#[test]
fn debug_shows_no_key_r6_4() {
    let text = format!(
        "{:?} {:?} {:?}",
        master(0xab),
        master(0xab).derive(&Purpose::DatabaseKey { version: 1 }).unwrap(),
        Lock::Passphrase("canary")
    );
    assert_eq!(text, format!("MasterKey({}, ..) WorkingKey(..) Passphrase(..)", master(0xab).id()));
}

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let end = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}
