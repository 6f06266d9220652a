//! Whatever the bytes, a parser answers; and what it accepts, it writes again as it was.

mod support;

use fumibako_seal::{
    Envelope, KeyStoreFile, Lock, MasterKey, OfficePublicKey, OfficeSecretKey, Purpose, SetKey, Zeroizing,
};
use proptest::prelude::*;
use support::{binding, file, rng};

/// Any bytes, or any bytes behind a header that lets them further in.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let headers: [&[u8]; 8] = [
        b"",
        b"FMBO\x01\x01\x00",
        b"FMBO\x01\x01\x01",
        b"FMBE\x01\x01\x64\x7a\x00\x01\x00\x02\x01",
        b"FMBE\x01\x02\x00\x20\x00\x01\x00\x02\x02",
        b"FMBW\x01",
        b"FMBK\x01\x01",
        b"\x64\x7a\x00\x01\x00\x02",
    ];
    (prop::sample::select(headers.to_vec()), prop::collection::vec(any::<u8>(), 0..1500))
        .prop_map(|(head, rest)| [head, &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_answered(bytes in hostile()) {
        if let Ok(envelope) = Envelope::parse(&bytes) {
            prop_assert_eq!(envelope.to_bytes(), bytes.clone());
        }
        if let Ok(key) = OfficePublicKey::from_bytes(&bytes) {
            prop_assert_eq!(key.to_bytes(), bytes.clone());
        }
        if let Ok(file) = KeyStoreFile::parse(&bytes) {
            prop_assert!(file.open(Lock::Credential(&[0; 32])).is_err());
        }
        let _ = OfficeSecretKey::from_bytes(&bytes);
        let master = MasterKey::from_bytes(&Zeroizing::new([1; 32]));
        let ca = Purpose::CaKey { version: 1 };
        prop_assert!(master.unwrap(&ca, &bytes).is_err());
        let key = SetKey::generate(&mut rng(1));
        prop_assert!(key.open_object(&file(binding("t-1"), 1), &bytes, u64::MAX).is_err());
    }

    #[test]
    fn any_content_survives(content in prop::collection::vec(any::<u8>(), 0..4000), ordinal in any::<u32>()) {
        let mut rng = rng(2);
        let key = SetKey::generate(&mut rng);
        let sealed = key.seal_object(&file(binding("t-1"), ordinal), &content, &mut rng).unwrap();
        let opened = key.open_object(&file(binding("t-1"), ordinal), &sealed, 4000).unwrap();
        prop_assert_eq!(&*opened.content, &content);
    }
}
