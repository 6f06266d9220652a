//! The files that the enrolment page makes, opened by programs that had no part in making them (R7.2, R7.6).

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What an office might be called by somebody who means no good, and what is only long.
const NAMES: [&str; 6] = [
    "文箱 架空すみれ居宅介護支援事業所",
    "",
    "<script>alert(1)</script>\"'&;$(touch x)`",
    "𠮷野家 𩸽 \u{1F469}\u{200D}\u{1F9BD}",
    "\u{202e}\u{7}\u{1b}[2J\r\n",
    "長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前",
];

#[test]
fn other_programs_open_the_files_and_find_the_same_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = output(
        Command::new("node")
            .arg(here.join("tests/key_files.mjs"))
            .arg(here.join("templates/enrol"))
            .arg(folder.path())
            .args(NAMES),
    );
    let made: Value = serde_json::from_slice(&made.stdout).expect("a line of JSON");
    assert_eq!(made["roots"], serde_json::json!([true, false, false]));

    let openssl = |line: &str| output(Command::new("openssl").args(line.split(' ')).current_dir(folder.path()));
    let text = |line: &str| String::from_utf8(openssl(line).stdout).expect("text");
    openssl("req -in request.pem -verify -noout");
    assert_eq!(text("req -in request.pem -noout -subject"), "subject=\n", "it names nobody");
    let public_key = text("req -in request.pem -noout -pubkey");
    let until = text("x509 -in leaf.pem -noout -enddate -dateopt iso_8601");
    let told = made["until"].as_str().expect("a time").replace('T', " ").replace(".000Z", "Z");
    assert_eq!(until, format!("notAfter={told}\n"));

    let passphrase = fs::read_to_string(folder.path().join("passphrase")).expect("a passphrase");
    for (index, name) in NAMES.iter().enumerate() {
        let file = format!("pkcs12 -in {index}.p12 -passin file:passphrase");
        let said = openssl(&format!("{file} -noout -info"));
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        for way in [
            "MAC: sha256, Iteration 100000",
            "MAC length: 32, salt length: 8",
            "PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
            "Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
        ] {
            assert!(said.contains(way), "{way}: {said}");
        }
        // Not text: OpenSSL prints names byte by byte.
        fs::write(folder.path().join("key.pem"), openssl(&format!("{file} -nocerts -nodes")).stdout).expect("written");
        assert_eq!(text("pkey -in key.pem -pubout"), public_key, "the key of the request");

        let bytes = fs::read(folder.path().join(format!("{index}.p12"))).expect("a file");
        let store = KeyStore::from_pkcs12(&bytes, &passphrase, Pkcs12ImportPolicy::Strict).expect("it opens");
        let [(alias, KeyStoreEntry::PrivateKeyChain(chain))] = store.entries().collect::<Vec<_>>()[..] else {
            panic!("one key with its chain");
        };
        let plain = name.chars().map(|letter| if u32::from(letter) > 0xffff { '〓' } else { letter });
        assert_eq!(*alias, plain.collect::<String>());
        let subjects: Vec<_> = chain.certs().iter().map(|certificate| certificate.subject()).collect();
        assert_eq!(subjects, ["CN=1399900018", "CN=架空の発行局"], "no root: Windows would ask to trust it");
    }
    let bytes = fs::read(folder.path().join("0.p12")).expect("a file");
    assert!(KeyStore::from_pkcs12(&bytes, "wrong", Pkcs12ImportPolicy::Strict).is_err());
}

fn output(command: &mut Command) -> Output {
    let output = command.output().expect("`cargo xtask test` installs Node and OpenSSL");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
