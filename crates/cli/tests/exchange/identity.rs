//! Who is who, and what that lets them do (R1.6, R7.2).

use crate::device::{certificate_request, enrol};
use crate::samples::schedule;
use crate::server::BINARY;
use crate::vault;
use crate::world::{StoppedClock, World, shared_world};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use serde_json::json;
use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;

async fn world() -> &'static World {
    shared_world!()
}

#[tokio::test]
async fn a_revoked_device_is_refused_at_its_next_request() {
    let world = world().await;
    let offices = world.offices().await;
    offices.receiver.get("/api/v1/received").await.done();
    let before = offices.sender.items("sent", 10).await;
    world.exchange.revoke(&offices.sender).await;
    // The connection of before is still open; it does not help.
    offices.sender.get("/api/v1/received").await.problem(403, "H02");
    offices.sender.get("/").await.problem(403, "H02");
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.problem(403, "H02");
    assert!(before.is_empty() && offices.receiver.items("received", 10).await.is_empty());
}

#[tokio::test]
async fn a_certificate_that_left_the_register_is_refused() {
    let world = world().await;
    let stranger = world.offices().await.stranger;
    let tokens = "DELETE FROM software_token WHERE office_id = (SELECT office_id FROM office WHERE office_number = $1)";
    assert_eq!(vault::execute(&world.exchange.data(), tokens, &stranger.number).await, 1);
    let office = "DELETE FROM certificate WHERE device_id = (
        SELECT device_id FROM device d JOIN office o ON o.office_id = d.office_id WHERE o.office_number = $1)";
    assert_eq!(vault::execute(&world.exchange.data(), office, &stranger.number).await, 1);
    stranger.get("/api/v1/received").await.problem(403, "H02");
}

#[tokio::test]
async fn a_closed_office_sends_nothing() {
    let world = world().await;
    let offices = world.offices().await;
    world.exchange.close_office(&offices.sender).await;
    let before = offices.lists().await;
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.refused("X02");
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn nobody_sends_in_the_name_of_another_office() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let forged = schedule(&offices.sender, &offices.receiver, 1);
    // Nothing is said about the content of a set that is not the caller's.
    assert!(offices.stranger.sends(&forged).await.refused("X01").is_empty());
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn a_set_of_others_does_not_exist() {
    let offices = world().await.offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    let before = offices.lists().await;
    let nothing = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    let name = &set[0].name;
    for path in ["", "/zip", &format!("/files/{name}")] {
        let theirs = offices.stranger.get(&format!("/api/v1/transmissions/{id}{path}")).await;
        let nobodys = offices.stranger.get(&format!("/api/v1/transmissions/{nothing}{path}")).await;
        theirs.problem(404, "H01");
        assert_eq!((theirs.status, &theirs.body), (nobodys.status, &nobodys.body), "{path}");
        assert_eq!(theirs.headers["content-length"], nobodys.headers["content-length"]);
    }
    for verb in ["acknowledge", "withdraw"] {
        let theirs = offices.stranger.post(&format!("/api/v1/transmissions/{id}/{verb}")).await;
        let nobodys = offices.stranger.post(&format!("/api/v1/transmissions/{nothing}/{verb}")).await;
        theirs.problem(404, "H01");
        assert_eq!(theirs.body, nobodys.body, "{verb}");
    }
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn the_receiver_cannot_withdraw_nor_the_sender_acknowledge() {
    let offices = world().await.offices().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let before = offices.lists().await;
    offices.receiver.withdraws(&id).await.problem(404, "H01");
    offices.sender.acknowledges(&id).await.problem(404, "H01");
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let sender = world().await.offices().await.sender;
    for id in ["1", "%2e%2e%2fx", "0199AAAA-BBBB-7CCC-8DDD-EEEEEEEEEEEE", "%00", "' OR 1=1 --"] {
        sender.get(&format!("/api/v1/transmissions/{id}/zip")).await.problem(404, "H01");
    }
    // Not UTF-8 at all.
    sender.get("/api/v1/transmissions/%ff/zip").await.problem(404, "H01");
}

// Enrolment (R7.2). The certificate of a refused attempt does not exist, so what can be seen is that no device came.

async fn code_for(world: &World) -> (String, String) {
    let store = world.exchange.operator().await;
    let issued = world.exchange.add_office(&store, &["43"]).await;
    store.close().await;
    issued
}

async fn devices(world: &World, number: &str) -> usize {
    let store = world.exchange.operator().await;
    let devices = store.devices(number.parse().unwrap()).await.unwrap().len();
    store.close().await;
    devices
}

#[tokio::test]
async fn a_code_enrols_one_device_only() {
    let world = world().await;
    let (number, code) = code_for(world).await;
    let (_, request) = certificate_request();
    let attempts = (0..8).map(|_| enrol(&world.exchange, &world.server, &code, &request));
    let answers = {
        let mut attempts: Vec<_> = attempts.map(Box::pin).collect();
        let mut answers = Vec::new();
        // All under way before the first is looked at.
        let running: Vec<_> = attempts.iter_mut().map(|attempt| attempt.as_mut()).collect();
        answers.extend(join_all(running).await);
        answers
    };
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 7));
    for answer in refused {
        answer.problem(403, "H07");
    }
    enrol(&world.exchange, &world.server, &code, &request).await.problem(403, "H07");
    assert_eq!(devices(world, &number).await, 1);
}

/// Drives futures together, without a crate for it.
async fn join_all<F: Future + Unpin>(mut running: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_wrong_code_enrols_nobody() {
    let world = world().await;
    let (_, request) = certificate_request();
    for code in ["0000-0000-0000-0000", "", "x", "ふみばこ", &"A".repeat(9_000)] {
        enrol(&world.exchange, &world.server, code, &request).await.problem(403, "H07");
    }
}

#[tokio::test]
async fn an_expired_code_enrols_nobody() {
    let world = world().await;
    let old = Timestamp::now() - SignedDuration::from_hours(73);
    let store = world.exchange.operator_at(Arc::new(StoppedClock(old))).await;
    let (number, code) = world.exchange.add_office(&store, &["43"]).await;
    store.close().await;
    let (_, request) = certificate_request();
    enrol(&world.exchange, &world.server, &code, &request).await.problem(403, "H07");
    assert_eq!(devices(world, &number).await, 0);
}

#[tokio::test]
async fn a_code_of_an_office_that_closed_enrols_nobody() {
    let world = world().await;
    let (number, code) = code_for(world).await;
    let store = world.exchange.operator().await;
    assert!(store.close_office(number.parse().unwrap()).await.unwrap());
    store.close().await;
    let (_, request) = certificate_request();
    enrol(&world.exchange, &world.server, &code, &request).await.problem(403, "H07");
    assert_eq!(devices(world, &number).await, 0);
}

fn request_named(name: &str, key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serialize_request(key).unwrap().pem().unwrap()
}

fn openssl(args: &[&str]) -> Output {
    let output = Command::new("openssl").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[tokio::test]
async fn an_unsound_request_is_refused_and_the_code_stays_good() {
    let world = world().await;
    let (number, code) = code_for(world).await;
    let key = KeyPair::generate().unwrap();
    let rsa = |bits: &str| {
        let new = format!("rsa:{bits}");
        let made = openssl(&["req", "-new", "-newkey", &new, "-nodes", "-subj", "/CN=x", "-keyout", "/dev/null"]);
        String::from_utf8(made.stdout).unwrap().replace("/CN=x", "")
    };
    let curve = |name: &str| {
        let option = format!("ec_paramgen_curve:{name}");
        let subject = format!("/CN={number}");
        let made = openssl(&[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            &option,
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            "/dev/null",
        ]);
        String::from_utf8(made.stdout).unwrap()
    };
    let (_, sound) = certificate_request();
    // The last characters of the body are the signature's.
    let mut lines: Vec<String> = sound.lines().map(str::to_owned).collect();
    let last = lines.len() - 3;
    let spoilt = lines[last].replace(|c: char| c.is_ascii_lowercase(), "A");
    assert_ne!(spoilt, lines[last]);
    lines[last] = spoilt;
    let unsound = [
        request_named("0399999999", &key),
        request_named("", &key),
        request_named(&format!("{number} "), &key),
        request_named(&number, &KeyPair::generate_for(&PKCS_ED25519).unwrap()),
        rsa("1024"),
        rsa("2048"),
        curve("P-521"),
        curve("prime192v1"),
        lines.join("\n"),
        String::new(),
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n".to_owned(),
        key.serialize_pem(),
    ];
    for request in &unsound {
        enrol(&world.exchange, &world.server, &code, request).await.problem(400, "H08");
    }
    assert_eq!(devices(world, &number).await, 0);
    let named = request_named(&number, &KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
    enrol(&world.exchange, &world.server, &code, &named).await.done();
    assert_eq!(devices(world, &number).await, 1);
}

#[tokio::test]
async fn a_request_decides_nothing_but_the_key() {
    let world = world().await;
    let (number, code) = code_for(world).await;
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let answer = match params.serialize_request(&key) {
        Ok(request) => enrol(&world.exchange, &world.server, &code, &request.pem().unwrap()).await,
        // rcgen will not write some of these; then without the CA flag.
        Err(_) => {
            params.is_ca = rcgen::IsCa::NoCa;
            let request = params.serialize_request(&key).unwrap().pem().unwrap();
            enrol(&world.exchange, &world.server, &code, &request).await
        }
    };
    if answer.status != 200 {
        // Refusing it is as good.
        answer.problem(400, "H08");
        return;
    }
    let pem = answer.json()["certificate"].as_str().unwrap().to_owned();
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    assert!(!certificate.is_ca());
    assert!(certificate.subject_alternative_name().unwrap().is_none());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
    let name = certificate.subject().iter_common_name().next().unwrap().as_str().unwrap();
    assert_eq!(name, number);
}

#[tokio::test]
async fn what_is_no_enrolment_is_refused() {
    let world = world().await;
    let http = crate::device::builder(world.exchange.authority()).build().unwrap();
    let url = format!("{}/enrol", world.server.enrolment_url);
    let knock =
        async |request: reqwest::RequestBuilder| crate::answer::Answer::read(request.send().await.unwrap()).await;
    knock(http.post(&url).body("not JSON")).await.problem(400, "H06");
    knock(http.post(&url).json(&json!({ "code": "x" }))).await.problem(400, "H06");
    knock(http.post(&url).json(&json!({ "code": 1, "certificate_request": [] }))).await.problem(400, "H06");
    let megabyte = "A".repeat(1 << 20);
    let huge = knock(http.post(&url).json(&json!({ "code": megabyte, "certificate_request": "" }))).await;
    assert!(huge.status == 400 || huge.status == 413, "{huge:?}");
    let code = if huge.status == 413 { "H03" } else { "H06" };
    huge.problem(huge.status, code);
    let (_, request) = certificate_request();
    enrol(&world.exchange, &world.server, "0000-0000-0000-0000", &request).await.problem(403, "H07");
}

// PKCS#12 for browsers.

#[tokio::test]
async fn the_file_for_browsers_holds_the_devices_key_and_certificate() {
    let world = world().await;
    let (number, code) = code_for(world).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("authority.pem"), world.exchange.authority()).unwrap();
    fs::write(path("word"), "とりこみ用の合言葉 1\n").unwrap();
    let enrol = |word: &str, device: &str| {
        Command::new(BINARY)
            .args(["device", "enrol", "--enrolment", &world.server.enrolment_url, "--code", &code])
            .args(["--authority", &path("authority.pem"), "--device", &path(device)])
            .args(["--p12", &path("browser.p12"), "--p12-password-file", &path(word)])
            .output()
            .unwrap()
    };
    fs::write(path("short"), "みじかい\n").unwrap();
    let short = enrol("short", "device");
    assert_eq!(short.status.code(), Some(2));
    assert!(!folder.path().join("device").exists() && !folder.path().join("browser.p12").exists());
    // The code was not used up.
    let output = enrol("word", "device");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains(&number));

    let word = format!("file:{}", path("word"));
    let info = openssl(&["pkcs12", "-info", "-in", &path("browser.p12"), "-passin", &word, "-nodes"]);
    // openssl prints the friendly name in an encoding of its own.
    let inside = String::from_utf8_lossy(&info.stdout).into_owned();
    let part = |label: &str| {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let start = inside.find(&begin).unwrap();
        inside[start..].split_inclusive(&end).next().unwrap().to_owned()
    };
    let der = |pem: &str| x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1.contents;
    let certificate = fs::read_to_string(path("device/certificate.pem")).unwrap();
    assert_eq!(der(&part("CERTIFICATE")), der(&certificate));
    assert_eq!(inside.matches("BEGIN CERTIFICATE").count(), 1, "no root: Windows would ask to trust it");
    let key = fs::read_to_string(path("device/key.pem")).unwrap();
    assert_eq!(
        KeyPair::from_pem(&part("PRIVATE KEY")).unwrap().serialize_der(),
        KeyPair::from_pem(&key).unwrap().serialize_der()
    );
    let wrong = Command::new("openssl")
        .args(["pkcs12", "-info", "-in", &path("browser.p12"), "-passin", "pass:wrong", "-nodes"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    use std::os::unix::fs::PermissionsExt as _;
    for private in ["browser.p12", "device/key.pem"] {
        assert_eq!(fs::metadata(path(private)).unwrap().permissions().mode() & 0o077, 0, "{private}");
    }
    // A device that is enrolled is not enrolled over itself.
    let again = enrol("word", "device");
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read_to_string(path("device/key.pem")).unwrap(), key);
}
