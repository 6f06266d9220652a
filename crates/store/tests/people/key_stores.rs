//! One contract for every key store (R6.4): memory, sealed file, PKCS#11 token.

use fumibako_store::{Error, KeyStore, KeyStoreKind, MasterKey, MasterKeys, SealedFile, Token, TokenPlace, Unlock};
use seal::{Purpose, Zeroizing};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PASSPHRASE: &str = "見本だけの 合言葉 二十六年";

fn passphrase() -> Unlock {
    Unlock::Passphrase(Zeroizing::new(PASSPHRASE.to_owned()))
}

/// A token in software, in the folder that [`with_softhsm`] made.
pub(crate) fn token(label: &str) -> TokenPlace {
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "8765-4321"])
        .output()
        .expect("softhsm2-util, which cargo xtask installs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    TokenPlace {
        module: PathBuf::from("/usr/lib/softhsm/libsofthsm2.so"),
        label: label.to_owned(),
        pin: Zeroizing::new("8765-4321".to_owned()),
    }
}

/// What every key store must do.
fn keeps_the_contract(store: &dyn KeyStore) {
    let (field, office) = (Purpose::FieldKey { version: 1 }, Purpose::OfficeKey { office: "o", version: 1 });
    store.check().expect("present");
    let first = store.master_ids().expect("ids");
    assert_eq!(first.len(), 1);
    let secret = [0x5a; 32];
    let wrapped = store.wrap(&field, &secret).expect("wrapped");
    assert_eq!(seal::wrapped_under(&wrapped), Ok(first[0]));
    assert!(!wrapped.windows(8).any(|window| window == &secret[..8]), "readable");
    assert_ne!(store.wrap(&field, &secret).expect("wrapped"), wrapped, "equal secrets look alike");
    assert_eq!(store.unwrap(&field, &wrapped).expect("unwrapped").as_slice(), secret);
    // Bound to its purpose, and whole (R6.3).
    assert!(matches!(store.unwrap(&office, &wrapped), Err(Error::Damaged)));
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        assert!(matches!(store.unwrap(&field, &altered), Err(Error::Damaged)), "{at}");
        assert!(matches!(store.unwrap(&field, &wrapped[..at]), Err(Error::Damaged)), "{at}");
    }
    store.check().expect("what does not open is no reason to be away");
    // While one key replaces the other, both open; new things go under the new one.
    let second = store.prepare().expect("prepared");
    assert_eq!(store.prepare().expect("again"), second, "a second try makes no third key");
    assert_eq!(store.master_ids().expect("ids"), [second, first[0]]);
    assert_eq!(store.unwrap(&field, &wrapped).expect("under the old one").as_slice(), secret);
    let newer = store.wrap(&field, &secret).expect("wrapped");
    assert_eq!(seal::wrapped_under(&newer), Ok(second));
    assert_eq!(store.finish().expect("finished"), [first[0]]);
    assert!(store.finish().expect("again").is_empty());
    assert_eq!(store.master_ids().expect("ids"), [second]);
    assert_eq!(store.unwrap(&field, &newer).expect("under the new one").as_slice(), secret);
    assert!(matches!(store.unwrap(&field, &wrapped), Err(Error::Damaged)), "the old key is gone");
}

#[test]
fn r6_4_a_key_store_in_memory_keeps_the_contract() {
    let masters = MasterKeys::from(MasterKey::from_bytes(&[1; 32].into()));
    assert_eq!(masters.kind(), KeyStoreKind::Held);
    keeps_the_contract(&*masters);
}

#[test]
fn r6_4_a_sealed_file_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("master.key");
    let file = SealedFile::create(&path, passphrase()).expect("created");
    keeps_the_contract(&file);
    // Nothing is left beside it, and another process finds the new key.
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    let again = SealedFile::open(&path, passphrase()).expect("opened");
    assert_eq!(again.master_ids().expect("ids"), file.master_ids().expect("ids"));
}

#[test]
fn r6_4_a_credential_opens_the_file_as_a_passphrase_does() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("master.key");
    let credential = || Unlock::Credential(Zeroizing::new([7; 32]));
    keeps_the_contract(&SealedFile::create(&path, credential()).expect("created"));
    SealedFile::open(&path, credential()).expect("opened");
    let other = Unlock::Credential(Zeroizing::new([8; 32]));
    assert!(matches!(SealedFile::open(&path, other), Err(Error::KeyStore(_))));
    assert!(matches!(SealedFile::open(&path, passphrase()), Err(Error::KeyStore(_))));
    assert!(SealedFile::create(&path, credential()).is_err(), "never overwritten");
}

#[test]
fn r6_5_a_process_learns_of_a_key_that_another_replaced() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("master.key");
    let serving = SealedFile::create(&path, passphrase()).expect("created");
    let command = SealedFile::open(&path, passphrase()).expect("opened");
    let new = command.prepare().expect("prepared");
    assert_eq!(serving.master_ids().expect("ids")[0], new);
    command.finish().expect("finished");
    let wrapped = command.wrap(&Purpose::FieldKey { version: 2 }, &[3; 32]).expect("wrapped");
    assert_eq!(serving.unwrap(&Purpose::FieldKey { version: 2 }, &wrapped).expect("unwrapped").as_slice(), [3; 32]);
}

#[test]
fn r6_8_without_its_file_nothing_opens() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("master.key");
    drop(SealedFile::create(&path, passphrase()).expect("created"));
    fs::remove_file(&path).expect("removed");
    assert!(matches!(SealedFile::open(&path, passphrase()), Err(Error::File { .. })));
    assert!(!Path::new(&path).exists(), "none is made instead");
}

#[test]
fn r6_4_a_token_keeps_the_contract_and_gives_no_key_away() {
    with_softhsm(|| {
        let place = token("contract");
        assert!(matches!(Token::open(token("empty")), Err(Error::KeyStoreAway(_))), "no master key in it");
        let store = Token::create(place).expect("created");
        assert_eq!(store.kind(), KeyStoreKind::Token);
        keeps_the_contract(&store);
        assert!(store.derive(&Purpose::FieldKey { version: 1 }).expect("asked").is_none());
        assert!(store.split(3, 2).expect("asked").is_none());
    });
}

#[test]
fn r6_4_a_token_with_another_pin_or_label_does_not_open_and_is_never_overwritten() {
    with_softhsm(|| {
        let place = token("pins");
        let again = |label: &str, pin: &str| TokenPlace {
            module: place.module.clone(),
            label: label.to_owned(),
            pin: Zeroizing::new(pin.to_owned()),
        };
        drop(Token::create(again("pins", "8765-4321")).expect("created"));
        assert!(matches!(Token::create(again("pins", "8765-4321")), Err(Error::KeyStoreTaken)));
        assert!(matches!(Token::open(again("other", "8765-4321")), Err(Error::KeyStoreAway(_))));
        let missing = TokenPlace { module: PathBuf::from("/nowhere.so"), ..again("pins", "8765-4321") };
        assert!(matches!(Token::open(missing), Err(Error::KeyStoreAway(_))));
        let debug = format!("{:?} {:?}", again("pins", "8765-4321"), Token::open(again("pins", "8765-4321")));
        assert!(!debug.contains("8765"), "{debug}");
    });
}

/// Runs a test again in a process of its own that was started with SoftHSM's settings: they come through the environment,
/// which a process cannot safely change for itself.
pub(crate) fn with_softhsm(test: impl FnOnce()) {
    const MARK: &str = "FUMIBAKO_TEST_IN_SOFTHSM";
    if std::env::var_os(MARK).is_some() {
        return test();
    }
    let name = std::thread::current().name().expect("tests have names").to_owned();
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::create_dir_all(folder.path().join("tokens")).expect("folder");
    let settings = folder.path().join("softhsm2.conf");
    let text =
        format!("directories.tokendir = {}\nobjectstore.backend = file\n", folder.path().join("tokens").display());
    fs::write(&settings, text).expect("written");
    let again = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &name, "--nocapture"])
        .env(MARK, "1")
        .env("SOFTHSM2_CONF", &settings)
        .output()
        .expect("run");
    let said = format!("{}{}", String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&again.stderr));
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}
