//! 運営指導のための記録: the document of a period, with the receipts in it (R1.10, R10.1).

use crate::browser::Browser;
use crate::commands::{done, failed};
use crate::samples::{care_plan_of, schedule};
use crate::vault;
use crate::world::{Exchange, Offices, World};
use identity::role::Role;
use ledger::{Action, Policy};
use receipt::Receipt;
use standard::sample::PersonName;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: (&str, &str) = ("鑑査　密子", "カンサ　ミツコ");

/// `cargo xtask test` has built it; whoever runs this test alone waits once.
pub(crate) fn build_printer() {
    let printer = Path::new(crate::server::BINARY).with_file_name("fumibako-print");
    if printer.exists() {
        return;
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--package", "fumibako-print", "--features", "engine"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .status();
    assert!(built.unwrap().success() && printer.exists(), "fumibako-print; try cargo xtask print");
}

async fn world() -> (World, Offices) {
    build_printer();
    let world = World::new().await;
    let offices = world.offices().await;
    (world, offices)
}

/// A document on disk, as whoever receives it looks at it: with tools that are not ours.
pub(crate) struct Paper(tempfile::TempDir);

impl Paper {
    fn new(pdf: &[u8]) -> Self {
        assert!(pdf.starts_with(b"%PDF-"));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.pdf"), pdf).unwrap();
        Self(folder)
    }

    fn pdf(&self) -> PathBuf {
        self.0.path().join("a.pdf")
    }

    pub(crate) fn text(&self) -> String {
        let output = Command::new("pdftotext").arg("-raw").arg(self.pdf()).arg("-").output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}').collect()
    }

    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let out = self.0.path().join("out");
        fs::create_dir(&out).unwrap();
        let saved = Command::new("pdfdetach").arg("-saveall").arg("-o").arg(&out).arg(self.pdf()).status();
        assert!(saved.unwrap().success());
        let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| Receipt::parse(&fs::read(path).unwrap()).unwrap()).collect()
    }
}

pub(crate) const EVER: [(&str, &str); 2] = [("from", "2024-01-01"), ("to", "2029-12-30")];

pub(crate) async fn makes(browser: &Browser, fields: &[(&str, &str)]) -> Paper {
    let answer = browser.fill("/evidence", "/evidence", fields).await.done();
    assert_eq!(answer.headers["content-type"], "application/pdf");
    Paper::new(&answer.body)
}

#[tokio::test]
async fn r10_1_the_document_says_who_did_what_when_and_proves_it() {
    let (world, offices) = world().await;
    let names = [PersonName { kanji: NAME.0.to_owned(), kana: NAME.1.to_owned() }];
    let id = offices.sender.sends(&care_plan_of(&offices.sender, &offices.receiver, 1, &names)).await.accepted();
    let waiting = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 2)).await.accepted();
    offices.receiver.fetches(&id).await.done();
    let staff = world.exchange.member(&offices.receiver, Role::OfficeAdministrator).await;
    let browser = staff.signs_in(&offices.receiver).await;
    let page = format!("/sets/{id}/receipt");
    browser.fill(&page, &format!("{page}/acknowledge"), &[]).await.sent_on();
    let answer = [
        ("outcome", "partly"),
        ("file0", "1"),
        ("record0", "7"),
        ("column0", "3"),
        ("reason0", "person-unknown"),
        ("note", "鑑査密子さまを登録します"),
    ];
    browser.fill(&page, &format!("{page}/import"), &answer).await.sent_on();

    let paper = makes(&browser, &EVER).await;
    let text = paper.text();
    let described = offices.receiver.describes(&id).await.json();
    for value in [
        "データ送受信の記録",
        &offices.receiver.number,
        &offices.sender.number,
        &format!("架空の事業所{}", offices.sender.number),
        "送ったもの0件、届いたもの2件",
        "一部だけ取込み",
        "未受領",
        "利用者が登録されていない",
        "架空",
        described["digest"].as_str().unwrap(),
        described["serial"].as_str().unwrap(),
        "この書類の確かめ方",
        "fumibakoreceiptverify",
        &staff.account[staff.account.len() - 8..],
    ] {
        let closed: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(text.contains(&closed), "{value} is not in {text}");
    }
    // By name for the own staff; the other office's device is a number.
    let staff_name = format!("{}号", staff.login.strip_prefix("kakuu-").unwrap());
    assert!(text.contains(&staff_name) && text.contains("相手の端末"), "{text}");

    let key = offices.receiver.get("/api/v1/log-key").await.json()["key"].as_str().unwrap().to_owned();
    assert!(text.contains(&key), "{text}");
    let policy = Policy::new(key.parse().unwrap()).unwrap();
    let receipts = paper.receipts();
    let states: Vec<_> = receipts.iter().map(|receipt| receipt.verify(&policy).unwrap().state.id()).collect();
    assert_eq!(states, ["partly", "waiting"]);
    assert_eq!(receipts[1].transmission.id, waiting);

    // No person receiving care, and no note, is in it: neither printed nor attached.
    let attached: String = receipts.iter().map(|receipt| String::from_utf8(receipt.to_json()).unwrap()).collect();
    for canary in ["鑑査", "密子", "カンサ", "ミツコ"] {
        assert!(!text.contains(canary) && !attached.contains(canary), "{canary}");
    }
    let entries = vault::ledger(&world.exchange.data()).await;
    let made: Vec<_> = entries.iter().filter(|entry| entry.fields().action == Action::EvidenceMake).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].fields().actor.to_string(), format!("person:{}", staff.account));
}

#[tokio::test]
async fn the_document_is_of_the_period_and_the_partner_that_were_asked_for() {
    let (world, offices) = world().await;
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let old = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 2)).await.accepted();
    offices.sender.sends(&schedule(&offices.sender, &offices.stranger, 3)).await.accepted();
    let long_ago = "UPDATE transmission SET accepted_at = '2025-03-31T15:00:00.000Z' WHERE transmission_id = $1";
    assert_eq!(vault::execute(&world.exchange.data(), long_ago, &old).await, 1);
    let member = world.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let browser = member.signs_in(&offices.sender).await;
    let count = async |fields: &[(&str, &str)]| makes(&browser, fields).await.receipts().len();
    assert_eq!(count(&EVER).await, 3);
    assert_eq!(count(&[EVER[0], EVER[1], ("partner", &offices.stranger.number)]).await, 1);
    // Midnight in Japan is the first instant of a day.
    assert_eq!(count(&[("from", "2025-04-01"), ("to", "2025-04-01")]).await, 1);
    assert_eq!(count(&[("from", "2025-03-01"), ("to", "2025-03-31")]).await, 0);

    let says = async |fields: &[(&str, &str)], said: &str| {
        browser.fill("/evidence", "/evidence", fields).await.faulty(said);
    };
    says(&[], "はじめの日を入れてください。").await;
    says(&[("from", "2026-02-30"), ("to", "x")], "おわりの日を入れてください。").await;
    says(&[("from", "2026-02-02"), ("to", "2026-02-01")], "はじめの日からあと").await;
    says(&[("from", "2001-01-01"), ("to", "2026-02-01")], "6年以内").await;
    says(&[EVER[0], EVER[1], ("partner", "12")], "事業所番号は、半角").await;
    says(&[EVER[0], EVER[1], ("partner", "1399999999")], "この交換所にありません").await;
}

#[tokio::test]
async fn only_an_administrator_of_the_office_makes_it() {
    let (world, offices) = world().await;
    for role in [Role::OfficeStaff, Role::OfficeViewer] {
        let member = world.exchange.member(&offices.sender, role).await;
        let browser = member.signs_in(&offices.sender).await;
        browser.get("/evidence").await.problem_page(403, "H16");
        browser.post("/evidence", &EVER).await.problem_page(403, "H16");
    }
}

#[tokio::test]
async fn more_than_a_document_holds_is_said_and_not_cut() {
    let (world, offices) = world().await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    // Rows like the first one, far beyond the ledger's indexes.
    let many = "
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO transmission (transmission_id, accepted_index, sender_office_id, sender_type, receiver_office_id,
            receiver_type, kind, serial, digest, commitment_salt, envelope, warnings, size_bytes, accepted_at)
        SELECT t.transmission_id || '-' || n.i, 1000000 + n.i, t.sender_office_id, t.sender_type, t.receiver_office_id,
            t.receiver_type, t.kind, t.serial || n.i, t.digest, t.commitment_salt, t.envelope, 0, 1, t.accepted_at
          FROM transmission t, n WHERE t.transmission_id = $1";
    assert_eq!(vault::execute(&world.exchange.data(), many, &id).await, 500);
    let member = world.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let browser = member.signs_in(&offices.sender).await;
    browser.fill("/evidence", "/evidence", &EVER).await.faulty("500件より多くの送受信があります");
}

#[tokio::test]
async fn without_the_printing_program_the_page_says_so() {
    let exchange = Exchange::create(|_| {}).await;
    let mut config = fs::read_to_string(exchange.config()).unwrap();
    config.push_str("[print]\nprogram = \"nowhere/fumibako-print\"\n");
    fs::write(exchange.config(), config).unwrap();
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let member = exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let browser = member.signs_in(&offices.sender).await;
    let answer = browser.fill("/evidence", "/evidence", &EVER).await;
    answer.problem_page(503, "H41");
    assert!(answer.text().contains("fumibako-print"), "{}", answer.text());
}

#[tokio::test]
async fn the_operator_makes_it_at_the_command_line() {
    let (world, offices) = world().await;
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let folder = world.exchange.folder();
    let config = world.exchange.config();
    let config = config.to_str().unwrap();
    let arguments = |number: &'static str, out: &'static str| {
        [
            "evidence",
            "make",
            "--config",
            config,
            "--from",
            "2024-01-01",
            "--to",
            "2029-12-30",
            "--by",
            "sato",
            "--out",
            out,
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([number.to_owned()])
        .collect::<Vec<_>>()
    };
    let number: &'static str = Box::leak(offices.receiver.number.clone().into_boxed_str());
    let said = done(folder, &arguments(number, "e.pdf"));
    assert!(said.contains("書類を作りました: e.pdf（1件、証明つき）"), "{said}");
    let paper = Paper::new(&fs::read(folder.join("e.pdf")).unwrap());
    assert!(paper.text().contains("届いたもの1件") && paper.text().contains("交換所の運営者sato"));
    let key = done(folder, &["evidence", "key", "--config", config]);
    let policy = Policy::new(key.trim().parse().unwrap()).unwrap();
    assert!(paper.receipts()[0].verify(&policy).is_ok());
    assert!(failed(folder, &arguments(number, "e.pdf")).contains("e.pdf に書けません"), "nothing is overwritten");
    assert!(failed(folder, &arguments("1399999999", "f.pdf")).contains("登録されていません"));
    assert!(!folder.join("f.pdf").exists());
}
