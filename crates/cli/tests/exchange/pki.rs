//! Certificates: how they come to be, are renewed, and end (R7.2, R7.3, R7.5).

use crate::device::certificate_request;
use crate::inside::{Card, HERE, Inside};
use crate::vault;
use crate::wire;
use crate::world::{World, officer};
use jiff::SignedDuration;
use ledger::{Action, Detail, Outcome};
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::json;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use store::{Approval, Enrolment, Requested, RevocationReason};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const A: &str = "0300000001";
const B: &str = "0300000002";
const LOOKS: Duration = Duration::from_millis(100);
const NEVER_AGAIN: Duration = Duration::from_secs(3_600);

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[tokio::test]
async fn r7_2_one_cannot_approve_ones_own_request() {
    let inside = Inside::open(NEVER_AGAIN).await;
    inside.office(A).await;
    let request = inside.requests(A, "受付").await;
    for same in ["sato", "SATO"] {
        let approval = inside.store.approve_enrolment(request, &officer(same)).await.unwrap();
        assert!(matches!(approval, Approval::OwnRequest), "{approval:?}");
    }
    assert_eq!(inside.store.pending_enrolments().await.unwrap().len(), 1);
    let approval = inside.store.approve_enrolment(request, &officer("suzuki")).await.unwrap();
    assert!(matches!(approval, Approval::Code(_)), "{approval:?}");
    // Agreed once is agreed: there is no second code.
    let again = inside.store.approve_enrolment(request, &officer("tanaka")).await.unwrap();
    assert!(matches!(again, Approval::NotPending), "{again:?}");
    let entries = vault::ledger(&inside.folder.path().join("data")).await;
    let refused = entries.iter().map(|entry| entry.fields()).filter(|entry| {
        entry.action == Action::DeviceApprove
            && matches!(&entry.outcome, Outcome::Refused(code) if code.as_str() == "own-request")
    });
    assert_eq!(refused.count(), 2);
}

#[tokio::test]
async fn r7_2_a_request_lacks_nothing_and_grows_old() {
    let inside = Inside::open(NEVER_AGAIN).await;
    inside.office(A).await;
    for (label, evidence) in
        [("", "確かめた"), (" ", "確かめた"), ("受付", ""), ("受付", " \n"), ("受\u{7}付", "確かめた")]
    {
        let mut wanted = inside.wanted(A, label);
        wanted.evidence = evidence.to_owned();
        let requested = inside.store.request_enrolment(wanted, &officer("sato")).await.unwrap();
        assert_eq!(requested, Requested::Incomplete, "{label:?} {evidence:?}");
    }
    let requested = inside.store.request_enrolment(inside.wanted(B, "受付"), &officer("sato")).await.unwrap();
    assert_eq!(requested, Requested::NoSuchOffice);
    let request = inside.requests(A, "受付").await;
    inside.clock.advance(hours(31 * 24));
    let approval = inside.store.approve_enrolment(request, &officer("suzuki")).await.unwrap();
    assert!(matches!(approval, Approval::NotPending), "{approval:?}");
}

#[tokio::test]
async fn r7_2_a_second_certificate_for_the_same_device_is_refused() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    // Both were agreed to before either was used.
    let (first, second) = (inside.code(A, "受付").await, inside.code(A, "受付").await);
    let (_, request) = certificate_request();
    assert!(matches!(inside.store.enrol(&first, &request, HERE).await.unwrap(), Enrolment::Done(_)));
    let (key, request) = certificate_request();
    let url = format!("https://localhost:{}/enrol", inside.enrolment);
    let http = crate::device::builder(&inside.authority).build().unwrap();
    let body = json!({ "code": second, "certificate_request": request });
    let knock = async || crate::answer::Answer::read(http.post(&url).json(&body).send().await.unwrap()).await;
    knock().await.problem(409, "H31");
    let requested = inside.store.request_enrolment(inside.wanted(A, "受付"), &officer("sato")).await.unwrap();
    assert_eq!(requested, Requested::DeviceTaken);
    // With the first revoked, the code is still good.
    let device = inside.devices(A).await.remove(0).id;
    assert!(inside.store.revoke_device(device, RevocationReason::Lost, None, None).await.unwrap());
    let answer = knock().await.done().json();
    let certificate = answer["certificate"].as_str().unwrap().to_owned();
    let card = Card { certificate, key: key.serialize_pem(), token: None };
    inside.get(&card, "/api/v1/openapi.json").await.unwrap().done();
}

#[tokio::test]
async fn r7_2_the_register_names_both_people_and_every_certificate_has_its_entry() {
    let inside = Inside::open(NEVER_AGAIN).await;
    inside.office(A).await;
    inside.device(A, "受付").await;
    let records = inside.store.certificate_register().await.unwrap();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record.requested_by.as_deref(), Some("operator-cli:sato"));
    assert_eq!(record.approved_by.as_deref(), Some("operator-cli:suzuki"));
    assert_eq!((record.office_number.to_string().as_str(), record.device_label.as_str()), (A, "受付"));
    assert!(inside.store.unlogged_certificates().await.unwrap().is_empty());
    // R7.7: one that somebody put there behind the ledger's back is noticed.
    let data = inside.folder.path().join("data");
    let slip = "INSERT INTO certificate (certificate_digest, serial, device_id, issued_at, valid_from, valid_until)
        SELECT 'ff', $1, device_id, issued_at, valid_from, valid_until FROM certificate";
    assert_eq!(vault::execute(&data, slip, "00c0ffee").await, 1);
    assert_eq!(inside.store.unlogged_certificates().await.unwrap(), ["00c0ffee"]);
    assert_eq!(inside.store.watch_certificates().await.unwrap(), 1);
    assert_eq!(inside.store.watch_certificates().await.unwrap(), 0, "told once");
    let kinds: Vec<_> = inside.store.alarms_to_mail().await.unwrap().into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, [store::AlarmKind::CertificateUnlogged]);
}

#[tokio::test]
async fn r7_7_a_running_exchange_finds_a_certificate_that_nobody_recorded() {
    let World { exchange, server } = World::new().await;
    let offices = exchange.offices(&server).await;
    assert!(server.stop().await.0.success());
    let slip = "INSERT INTO certificate (certificate_digest, serial, device_id, issued_at, valid_from, valid_until)
        SELECT 'ff', $1, device_id, issued_at, valid_from, valid_until FROM certificate LIMIT 1";
    assert_eq!(vault::execute(&exchange.data(), slip, "00c0ffee").await, 1);
    let server = exchange.start();
    let alarms = "SELECT count(*) FROM operator_alarm WHERE kind = 'certificate-unlogged' AND subject = '00c0ffee'";
    let begun = std::time::Instant::now();
    while vault::number(&exchange.data(), alarms).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody was told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Those that were issued in order work as before.
    offices.sender.meets(&server).get("/api/v1/sent").await.done();
}

#[tokio::test]
async fn r7_3_revoking_ends_an_open_connection_and_shuts_the_handshake() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    let config = Arc::new(wire::config(default_provider(), &inside.authority, Some((&card.certificate, &card.key))));
    let mut open = wire::connect(&config, inside.exchange).await.unwrap();
    open.write_all(b"GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    open.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");

    let device = inside.devices(A).await.remove(0).id;
    assert!(inside.store.revoke_device(device, RevocationReason::Lost, Some(&officer("sato")), None).await.unwrap());
    // The idle connection ends by itself; nothing was asked on it.
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), open.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is still open");
    let (_, took) = inside.until(async || inside.get(&card, "/").await.is_err().then_some(())).await;
    assert!(took < Duration::from_secs(5));
    let failure = inside.get(&card, "/").await.unwrap_err();
    assert!(failure.contains("CertificateRevoked"), "{failure}");

    let confirmed = async || inside.store.certificate_register().await.unwrap().remove(0).effective_at;
    inside.until(confirmed).await;
    let record = inside.store.certificate_register().await.unwrap().remove(0);
    assert!(record.revoked_at.is_some() && record.revocation_requested_at.is_some());
    assert_eq!(record.revocation_reason.as_deref(), Some("lost"));
    let entries = vault::ledger(&inside.folder.path().join("data")).await;
    let effects: Vec<_> = entries
        .iter()
        .map(|entry| entry.fields())
        .filter(|entry| entry.action == Action::DeviceRevokeEffect)
        .flat_map(|entry| entry.details.iter())
        .filter(|(name, _)| name.as_str() == "took_ms")
        .map(|(_, took)| took.clone())
        .collect();
    let [Detail::Number(took)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(*took < 300_000, "{took} ms");
}

#[tokio::test]
async fn r7_3_nobody_is_let_in_when_the_revocations_are_stale() {
    let inside = Inside::open(NEVER_AGAIN).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    inside.get(&card, "/api/v1/openapi.json").await.unwrap().done();
    inside.clock.advance(SignedDuration::from_secs(299));
    inside.get(&card, "/api/v1/openapi.json").await.unwrap().done();
    inside.clock.advance(SignedDuration::from_secs(5));
    let failure = inside.get(&card, "/api/v1/openapi.json").await.unwrap_err();
    assert!(failure.contains("alert"), "{failure}");
}

#[tokio::test]
async fn r7_3_the_revocation_list_names_what_was_revoked_and_openssl_accepts_it() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    inside.device(A, "受付").await;
    inside.device(A, "事務所").await;
    let lost = inside.devices(A).await.remove(0);
    assert!(inside.store.revoke_device(lost.id, RevocationReason::Lost, None, None).await.unwrap());
    let records = inside.store.certificate_register().await.unwrap();
    let serial = |revoked: bool| {
        records.iter().find(|record| record.revoked_at.is_some() == revoked).unwrap().serial.to_uppercase()
    };
    let http = crate::device::builder(&inside.authority).build().unwrap();
    let url = format!("https://localhost:{}/crl", inside.enrolment);
    let folder = inside.folder.path();
    fs::write(folder.join("authority.pem"), &inside.authority).unwrap();
    let said = async || {
        let list = http.get(&url).send().await.unwrap();
        assert_eq!(list.headers()["content-type"], "application/pkix-crl");
        fs::write(folder.join("list.crl"), list.bytes().await.unwrap()).unwrap();
        let output = Command::new("openssl")
            .current_dir(folder)
            .args(["crl", "-inform", "DER", "-in", "list.crl", "-CAfile", "authority.pem", "-noout", "-text"])
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("verify OK"), "{said}");
        said.contains(&serial(true)).then_some(said)
    };
    let (said, _) = inside.until(said).await;
    assert!(!said.contains(&serial(false)) && said.contains("Key Compromise"), "{said}");
}

/// Refused by the handshake, or let go in the middle of it by the look at the register that came just then.
fn shut_out(failure: &str) -> bool {
    failure.contains("CertificateRevoked") || failure.contains("close_notify")
}

fn answer_card(answer: &crate::answer::Answer, key: &rcgen::KeyPair) -> Card {
    let certificate = answer.json()["certificate"].as_str().unwrap().to_owned();
    Card { certificate, key: key.serialize_pem(), token: None }
}

#[tokio::test]
async fn r7_5_the_old_certificate_ends_with_the_first_use_of_the_new() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let old = inside.device(A, "受付").await;
    let (key, request) = certificate_request();
    let new = answer_card(&inside.renews(&old, &request).await.done(), &key);
    // Both are good until the new one is used.
    inside.get(&old, "/api/v1/openapi.json").await.unwrap().done();
    inside.get(&old, "/api/v1/openapi.json").await.unwrap().done();
    inside.get(&new, "/api/v1/openapi.json").await.unwrap().done();
    match inside.get(&old, "/api/v1/openapi.json").await {
        Ok(answer) => drop(answer.problem(403, "H02")),
        Err(failure) => assert!(shut_out(&failure), "{failure}"),
    }
    inside.get(&new, "/api/v1/openapi.json").await.unwrap().done();
    assert_eq!(inside.devices(A).await.len(), 1, "still one device");
    let records = inside.store.certificate_register().await.unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].revocation_reason.as_deref(), Some("superseded"));
    assert_eq!(records[1].approved_by, records[0].approved_by);
    assert!(inside.store.unlogged_certificates().await.unwrap().is_empty());
}

#[tokio::test]
async fn r7_5_the_old_certificate_ends_after_the_overlap() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let old = inside.device(A, "受付").await;
    let (key, request) = certificate_request();
    let new = answer_card(&inside.renews(&old, &request).await.done(), &key);
    inside.clock.advance(hours(7 * 24 - 1));
    // The next look makes the node's knowledge fresh again under the moved clock.
    inside.until(async || inside.get(&old, "/api/v1/openapi.json").await.ok()).await.0.done();
    inside.clock.advance(hours(2));
    let refused = async || match inside.get(&old, "/api/v1/openapi.json").await {
        Ok(answer) => {
            answer.problem(403, "H02");
            Some(())
        }
        Err(failure) => failure.contains("CertificateRevoked").then_some(()),
    };
    inside.until(refused).await;
    inside.until(async || inside.get(&new, "/api/v1/openapi.json").await.ok()).await.0.done();
}

#[tokio::test]
async fn r7_5_renewal_with_a_re_used_key_is_refused() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    inside.office(B).await;
    let code = inside.code(A, "受付").await;
    let (key, request) = certificate_request();
    let Enrolment::Done(device) = inside.store.enrol(&code, &request, HERE).await.unwrap() else { panic!() };
    let token = device.software_token.map(|token| token.reveal().to_owned());
    let card = Card { certificate: device.certificate_pem, key: key.serialize_pem(), token };
    inside.renews(&card, &request).await.problem(400, "H08");
    // Nor by anybody else, who would have to have stolen it.
    let other = inside.device(B, "受付").await;
    inside.renews(&other, &request).await.problem(400, "H08");
    let code = inside.code(B, "事務所").await;
    assert!(matches!(inside.store.enrol(&code, &request, HERE).await.unwrap(), Enrolment::RequestRefused));
    // Nothing of this ended the certificate.
    inside.get(&card, "/api/v1/openapi.json").await.unwrap().done();
    assert_eq!(inside.store.certificate_register().await.unwrap().len(), 2);
}

#[tokio::test]
async fn r7_5_an_answer_that_got_lost_is_asked_for_again() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let old = inside.device(A, "受付").await;
    let (lost_key, request) = certificate_request();
    let lost = answer_card(&inside.renews(&old, &request).await.done(), &lost_key);
    let (key, request) = certificate_request();
    let new = answer_card(&inside.renews(&old, &request).await.done(), &key);
    inside.get(&new, "/api/v1/openapi.json").await.unwrap().done();
    match inside.get(&lost, "/api/v1/openapi.json").await {
        Ok(answer) => drop(answer.problem(403, "H02")),
        Err(failure) => assert!(shut_out(&failure), "{failure}"),
    }
}

#[tokio::test]
async fn r7_5_offices_are_told_once_at_each_stage() {
    let inside = Inside::open(NEVER_AGAIN).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    let asker = {
        let digest = exchange::Digest::of_file(
            &x509_parser::pem::parse_x509_pem(card.certificate.as_bytes()).unwrap().1.contents,
        );
        inside.store.asker(&digest.to_string(), HERE).await.unwrap().unwrap()
    };
    let stages = async || {
        // Twice: told once all the same.
        inside.store.keep_certificates().await.unwrap();
        inside.store.keep_certificates().await.unwrap();
        let mut stages: Vec<_> =
            inside.store.notices(&asker).await.unwrap().into_iter().map(|notice| notice.stage).collect();
        stages.reverse();
        stages
    };
    // 90 days at first; so many days are left after each step.
    let mut left = 90;
    for (days, told) in
        [(61, &[][..]), (60, &["60"]), (30, &["60", "30"]), (7, &["60", "30", "7"]), (0, &["60", "30", "7", "0"])]
    {
        inside.clock.advance(hours((left - days) * 24));
        left = days;
        assert_eq!(stages().await, told, "{days} days left");
        let due = inside.store.due().await.unwrap();
        assert_eq!(due.first().map(|due| due.stage_days.to_string()).as_deref(), told.last().copied());
    }
    // Over: the register refuses it whatever TLS says.
    let digest =
        exchange::Digest::of_file(&x509_parser::pem::parse_x509_pem(card.certificate.as_bytes()).unwrap().1.contents);
    assert!(inside.store.asker(&digest.to_string(), HERE).await.unwrap().is_none());
}

#[tokio::test]
async fn r7_5_a_notice_says_what_to_do() {
    let inside = Inside::open(LOOKS).await;
    inside.office(A).await;
    let card = inside.device(A, "受付").await;
    inside.clock.advance(hours(31 * 24));
    let told = async || {
        inside.get(&card, "/api/v1/notices").await.ok()?;
        inside.notices(&card).await.into_iter().next()
    };
    let (notice, _) = inside.until(told).await;
    assert_eq!(
        (&notice["kind"], &notice["stage"], &notice["device"]),
        (&json!("expiry"), &json!("60"), &json!("受付"))
    );
    assert!(notice["fix"].as_str().unwrap().contains("fumibako renew"));
}
