use crate::world::{World, name};
use fumibako_store::{Certified, Kind};
use ledger::certificate::{CertificateError, CertificateKey, CertificatePublicKey, SignedCertificate};
use serde_json::Value;

async fn certified(world: &World) -> (String, CertificatePublicKey) {
    let id = world.sends().await;
    let erasure = world.erases(Kind::Sets, &[id.to_string()]).await;
    let certified = world.certifies(erasure).await;
    let Certified::Done { certificate } = certified else { panic!("{certified:?}") };
    (certificate, world.store.certificate_public_key().await.expect("key"))
}

#[tokio::test]
async fn r11_4_a_certificate_states_what_was_erased_how_by_whom_and_how_it_was_verified() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let backup = world.backs_up().await;
    let erasure = world.erases(Kind::Sets, &[id.to_string()]).await;
    let own = world.store.certify_erasure(erasure, &name("sato"), &world.places()).await.expect("asked");
    assert_eq!(own, Certified::OwnWork, "who ran it does not verify it");
    let Certified::Done { certificate } = world.certifies(erasure).await else { panic!("not certified") };
    let key = world.store.certificate_public_key().await.expect("key");
    let signed = SignedCertificate::parse(certificate.as_bytes()).expect("a certificate");
    assert_eq!(signed.verify(&key), Ok(()));
    let certificate_of = &signed.certificate;
    assert_eq!(certificate_of.objects, [id.to_string()]);
    assert_eq!(
        (&*certificate_of.kind, &*certificate_of.reason, certificate_of.procedure_version),
        ("sets", "early", 1)
    );
    assert_eq!(certificate_of.method.key_bits, 256);
    assert!(certificate_of.method.tool_version.starts_with(env!("CARGO_PKG_VERSION")));
    let people = &certificate_of.people;
    assert_eq!(
        [&*people.requested_by, people.approved_by.as_deref().expect("agreed"), &people.operator, &people.verifier],
        ["operator-cli:sato", "operator-cli:suzuki", "operator-cli:sato", "operator-cli:auditor"]
    );
    let verification = &certificate_of.verification;
    assert!(verification.traces > 10 && verification.bytes_searched > 100_000 && verification.found == 0);
    assert_eq!(verification.archives_searched, 1);
    let backups = |what: &str| {
        certificate_of.places.iter().filter(|place| place.what == what && place.id == backup.to_string()).count()
    };
    assert_eq!((backups("backup-keys"), backups("backup-boxes")), (1, 1));
    // The log names it, and what is in the log is what is in the file.
    let log = world.ledger().await;
    let index = usize::try_from(signed.log.index()).expect("few");
    assert_eq!(log[index].as_bytes(), signed.log.entry());
    assert!(log[index].contains(&signed.digest));
    assert_eq!(world.store.erasure_certificate(erasure).await.expect("asked").as_deref(), Some(&*certificate));
    assert_eq!(world.certifies(erasure).await, Certified::NotErased, "once");

    assert!(!world.store.submit_certificate(erasure, "", &name("sato")).await.expect("asked"));
    assert!(world.store.submit_certificate(erasure, "依頼した事業所", &name("sato")).await.expect("asked"));
    assert!(!world.store.submit_certificate(erasure, "依頼した事業所", &name("sato")).await.expect("asked"), "once");
}

#[tokio::test]
async fn r11_4_every_changed_byte_of_a_certificate_is_found() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (text, key) = certified(&world).await;
    let holds = |bytes: &[u8]| SignedCertificate::parse(bytes).and_then(|signed| signed.verify(&key));
    assert_eq!(holds(text.as_bytes()), Ok(()));
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        for bit in [0, 5] {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            assert!(holds(&changed).is_err(), "byte {at}");
        }
        assert!(holds(&[&bytes[..at], &bytes[at + 1..]].concat()).is_err(), "without byte {at}");
    }
    assert!(holds(&[bytes, b"\n"].concat()).is_err());
    assert!(holds(&[bytes, bytes].concat()).is_err());
}

#[tokio::test]
async fn r11_4_each_field_that_is_changed_and_another_ones_proof_is_refused() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (one, key) = certified(&world).await;
    let (other, _) = certified(&world).await;
    let parsed = |text: &str| SignedCertificate::parse(text.as_bytes()).expect("a certificate");
    let (one, other) = (parsed(&one), parsed(&other));
    // Every value at every depth, spelt as a certificate is.
    let value = serde_json::to_value(&one).expect("JSON");
    let mut places = Vec::new();
    walk(&value, String::new(), &mut places);
    assert!(places.len() > 30, "{places:?}");
    for place in places {
        let mut changed = value.clone();
        let field = changed.pointer_mut(&place).expect("there");
        *field = match field {
            Value::String(text) => Value::String(format!("{text}0")),
            Value::Number(number) => Value::from(number.as_u64().expect("whole") + 1),
            Value::Null => Value::String("somebody".to_owned()),
            other => panic!("{other}"),
        };
        let Ok(changed) = serde_json::from_value::<SignedCertificate>(changed) else { continue };
        let parsed = SignedCertificate::parse(&changed.to_bytes()).expect("well spelt");
        assert!(parsed.verify(&key).is_err(), "{place}");
    }
    let own_key = CertificateKey::from_bytes(&[7; 32]);
    let log_key = one.log_key.parse().expect("the log's key");
    let again = |certificate: &SignedCertificate, log: &SignedCertificate| {
        SignedCertificate::sign(certificate.certificate.clone(), log.log.clone(), &log_key, &own_key)
    };
    assert_eq!(again(&one, &one).verify(&key), Err(CertificateError::OtherKey));
    // Whoever has the key still needs the log.
    assert_eq!(again(&one, &one).verify(&own_key.public()), Ok(()));
    assert_eq!(again(&one, &other).verify(&own_key.public()), Err(CertificateError::Entry));
    let mut more = one.clone();
    more.certificate.objects.push("another".to_owned());
    assert_eq!(again(&more, &one).verify(&own_key.public()), Err(CertificateError::Entry));
    let mut found = one.clone();
    found.certificate.verification.found = 1;
    assert!(again(&found, &one).verify(&own_key.public()).is_err());
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(value, format!("{at}/{name}"), places)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, format!("{at}/{index}"), places));
        }
        _ => places.push(at),
    }
}

#[tokio::test]
async fn r11_4_no_certificate_while_the_disk_holds_a_piece_and_tidying_takes_it_away() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let id = world.sends().await;
    world.finishes(id).await;
    // Somebody deletes and does not overwrite: the bytes of an old copy of the box stay in free pages of the file.
    let make = "CREATE TABLE leftover AS SELECT body, envelope FROM transmission t JOIN transmission_file f
                 ON f.transmission_id = t.transmission_id";
    world.execute_unsafely(&["PRAGMA secure_delete = OFF", make, "DROP TABLE leftover"]).await;
    world.days_later(30);
    // The program by itself does not tidy: that would keep sends waiting.
    let expired = world.store.expire(&world.places(), true).await.expect("expired");
    assert_eq!((expired.objects, expired.certified, expired.waiting), (1, 0, 1));
    let erasure = world.store.erasures().await.expect("listed")[0].id;
    assert!(world.store.erasure_certificate(erasure).await.expect("asked").is_none());
    let certified = world.certifies(erasure).await;
    assert!(matches!(certified, Certified::Done { .. }), "{certified:?}");
}

#[tokio::test]
async fn r11_4_a_piece_in_the_write_ahead_log_or_a_living_row_is_found() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    world
        .execute("CREATE TABLE kept AS SELECT envelope FROM transmission", &[])
        .await
        .expect("somebody keeps a copy of the key");
    let erasure = world.erases(Kind::Sets, &[id.to_string()]).await;
    let certified = world.certifies(erasure).await;
    assert!(matches!(certified, Certified::NotGone(found) if found > 0), "{certified:?}");
    assert!(world.store.erasure_certificate(erasure).await.expect("asked").is_none());
    world.execute("DROP TABLE kept", &[]).await.expect("dropped");
    assert!(matches!(world.certifies(erasure).await, Certified::Done { .. }));
}
