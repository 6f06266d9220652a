//! 一方向の受渡し: an office that is not on the exchange comes in by a letter's address, its number and a code told by telephone,
//! and nowhere else (R2.7, R5.2, R6.2, R8.9, R10.1, R10.2).

use crate::answer::Answer;
use crate::browser::{Browser, in_class};
use crate::device::{Device, unzip};
use crate::samples::{actuals, care_plan, file, replaced, request, schedule};
use crate::server::Server;
use crate::vault;
use crate::world::{Exchange, World, shared_world};
use http::Method;
use identity::role::Role;
use ledger::{Action, Entry};
use reqwest::multipart::{Form, Part};
use standard::UnitKind;
use standard::sample::{self, Request, SampleFile};
use store::{NewOffice, OfficeAdded};

/// An exchange with such a door, an office on it, and somebody at work there.
struct Desk {
    exchange: Exchange,
    server: Server,
    office: Device,
    browser: Browser,
    door: String,
    /// The number of an office that is not on the exchange.
    outside: String,
}

async fn desk() -> Desk {
    let exchange = Exchange::create(|_| {}).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let config = std::fs::read_to_string(exchange.config()).unwrap();
    let config = config.replace("[listen]\n", &format!("[listen]\nhandover = \"127.0.0.1:{port}\"\n"));
    std::fs::write(exchange.config(), config).unwrap();
    let server = exchange.start();
    let office = exchange.offices(&server).await.sender;
    let browser = exchange.member(&office, Role::OfficeAdministrator).await.signs_in(&office).await;
    let outside = exchange.fresh_number();
    let desk = Desk { door: format!("https://localhost:{port}"), exchange, server, office, browser, outside };
    let fields = [("number", desk.outside.as_str()), ("name", "架空まだの事業所"), ("channel", "letter"), ("note", "")];
    assert_eq!(desk.browser.fill("/partners/new", "/partners/new", &fields).await.sent_on(), "/partners?done=kept");
    desk
}

/// Posts files as the form of a page does.
async fn uploads(browser: &Browser, page: &str, action: &str, files: &[SampleFile]) -> Answer {
    let text = browser.get(page).await.done().text();
    let token = text.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = files.iter().fold(Form::new().text("form_token", token), |form, file| {
        form.part("file", Part::bytes(file.bytes.clone()).file_name(file.name.clone()))
    });
    let request = browser.request(Method::POST, action).header("origin", &browser.url);
    browser.send(request.header("sec-fetch-site", "same-origin").multipart(form)).await
}

impl Desk {
    fn new_page(&self) -> String {
        format!("/partners/{}/handover", self.outside)
    }

    /// Offers files; the code, the id and the address.
    async fn offers(&self, files: &[SampleFile]) -> (String, String, String) {
        assert_eq!(
            uploads(&self.browser, &self.new_page(), &self.new_page(), files).await.sent_on(),
            "/handovers/code"
        );
        let page = self.browser.get("/handovers/code").await.done().text();
        let code = in_class(&page, "secret");
        let id = page.split("/handovers/").nth(1).unwrap().split("/letter").next().unwrap().to_owned();
        let letter = self.browser.get(&format!("/handovers/{id}/letter")).await.done().text();
        assert!(!letter.contains(&code) && !letter.contains(&code.replace('-', "")), "the code is not on the letter");
        let address = letter.split(&format!("{}/to/", self.door)).nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert!(!self.browser.get("/handovers/code").await.done().text().contains(&code), "shown once");
        (code, id, format!("/to/{address}"))
    }

    /// Somebody without a certificate at the other door.
    fn guest(&self) -> Browser {
        Browser::without_certificate(self.exchange.authority(), &self.door)
    }

    async fn knocks(&self, guest: &Browser, address: &str, number: &str, code: &str) -> Answer {
        guest.fill(address, address, &[("number", number), ("code", code)]).await
    }

    /// What is in the log, and whether somebody with letter and code did it.
    async fn recorded(&self) -> Vec<(Action, bool)> {
        let entries = vault::ledger(&self.exchange.data()).await;
        let ours = entries
            .iter()
            .filter(|entry| ["handover.", "set."].iter().any(|of| entry.fields().action.id().starts_with(of)));
        let by_letter = |entry: &Entry| String::from_utf8(entry.to_bytes()).unwrap().contains("\"by\":\"letter\"");
        ours.map(|entry| (entry.fields().action, by_letter(entry))).collect()
    }
}

#[tokio::test]
async fn r10_2_an_office_outside_reads_what_it_is_given_and_gives_actuals_back() {
    let desk = desk().await;
    let plan = care_plan(&desk.office, &desk.outside, 1);
    let (code, _, address) = desk.offers(&plan).await;
    let guest = desk.guest();
    // As people write: full width, with spaces; and the hyphen of the code.
    let number: String = desk.outside.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    assert_eq!(desk.knocks(&guest, &address, &number, &code).await.sent_on(), "/inside");
    let inside = guest.get("/inside").await.done().text();
    for file in &plan {
        assert!(inside.contains(&file.name), "{}", file.name);
        assert_eq!(guest.get(&format!("/files/{}", file.name)).await.done().body, file.bytes);
    }
    let forms = guest.get("/forms").await.done().text();
    assert!(forms.contains("居宅サービス計画書（１）") && forms.contains("週間サービス計画表"), "{forms}");

    // Only actuals, only to whoever handed something over, only sound ones.
    let back = actuals(&desk.outside, &desk.office, 2);
    let other = desk.exchange.fresh_number();
    uploads(&guest, "/inside", "/return", &schedule(&desk.outside, &desk.office, 3)).await.faulty("ここから返せるのは");
    uploads(&guest, "/inside", "/return", &actuals(&desk.outside, &other, 3))
        .await
        .faulty("送信先が、この手紙の事業所ではない");
    uploads(&guest, "/inside", "/return", &actuals(&other, &desk.office, 3)).await.faulty("送信元");
    assert_eq!(uploads(&guest, "/inside", "/return", &back).await.sent_on(), "/inside?done=returned");
    // A second click gives nothing back twice.
    assert_eq!(uploads(&guest, "/inside", "/return", &back).await.sent_on(), "/inside?done=returned");

    // A set like any other: in the lists, for programs and people, marked as what it is.
    let received = desk.office.items("received", 10).await;
    assert_eq!(received.len(), 1);
    let id = received[0]["id"].as_str().unwrap();
    crate::device::assert_same(&unzip(&desk.office.fetches(id).await.done().body), &back);
    let front = desk.browser.get("/").await.done().text();
    assert!(front.contains("架空まだの事業所") && front.contains("一方向の受渡し"), "{front}");
    let list = desk.browser.get("/handovers").await.done().text();
    assert!(list.contains("相手が開きました") && list.contains("返送 1件"), "{list}");

    let recorded = desk.recorded().await;
    for deed in [
        (Action::HandoverOffer, false),
        (Action::HandoverEnter, true),
        (Action::HandoverOpen, true),
        (Action::SetAccept, true),
        (Action::SetAccept, false),
        (Action::SetCollect, true),
        (Action::SetCollect, false),
    ] {
        assert!(recorded.contains(&deed), "{deed:?} in {recorded:?}");
    }
    let returned = recorded.iter().filter(|deed| **deed == (Action::SetAccept, true));
    assert_eq!(returned.count(), 2, "taken once, and once more it was there already");
}

/// What went and came by a letter stands on the board, is compared, and is proven as anything else (R1.10).
#[tokio::test]
async fn r1_10_what_goes_and_comes_by_letter_is_a_set_like_any_other() {
    const MONTH: &str = "/month?month=202604";
    let desk = desk().await;
    let plan = schedule(&desk.office, &desk.outside, 1);
    let (code, handover, address) = desk.offers(&plan).await;
    let sent = desk.office.items("sent", 10).await;
    let sent = sent[0]["id"].as_str().unwrap();
    assert_eq!(desk.office.state(sent).await, "waiting");
    let board = desk.browser.get(MONTH).await.done().text();
    assert!(board.contains("架空まだの事業所") && board.contains("一方向の受渡し"), "{board}");
    assert!(board.contains("実績がまだ") && !board.contains("実績を催促する"), "nobody there reads a reminder");
    for partner in ["まだの", desk.outside.as_str()] {
        let found = desk.browser.get(&format!("/sent?partner={partner}")).await.done().text();
        assert!(found.contains(&format!("/sets/{sent}")), "{partner}: {found}");
    }
    // It is taken back with its letter or not at all.
    desk.office.withdraws(sent).await.problem(409, "X22");
    assert!(!desk.browser.get(&format!("/sets/{sent}/receipt")).await.done().text().contains("/receipt/withdraw\""));

    let guest = desk.guest();
    desk.knocks(&guest, &address, &desk.outside, &code).await.sent_on();
    guest.get("/inside").await.done();
    assert_eq!(desk.office.state(sent).await, "waiting", "names alone are not the set");
    guest.fill("/inside", "/answer", &[("outcome", "imported")]).await.faulty("まだ何も開いていません");
    guest.get("/forms").await.done();
    assert_eq!(desk.office.state(sent).await, "collected");
    guest.fill("/inside", "/answer", &[("outcome", "")]).await.faulty("結果を選んでください");
    for _ in 0..2 {
        let answered = guest.fill("/inside", "/answer", &[("outcome", "imported")]).await;
        assert_eq!(answered.sent_on(), "/inside?done=answered");
    }
    assert_eq!(desk.office.state(sent).await, "imported");

    uploads(&guest, "/inside", "/return", &actuals(&desk.outside, &desk.office, 2)).await.sent_on();
    // Another content under the same serial is refused, and what was there stays.
    let other = sample::make(
        UnitKind::Actual,
        &Request { people: 3, ..request(UnitKind::Actual, &desk.outside, &desk.office, 2) },
    );
    uploads(&guest, "/inside", "/return", &other).await.faulty("同じファイル連番で、内容の違うデータ");
    let received = desk.office.items("received", 10).await;
    let received = received[0]["id"].as_str().unwrap();
    desk.office.fetches(received).await.done();
    desk.office.acknowledges(received).await.done();
    let compared = desk.browser.fill(MONTH, "/month/compare", &[("month", "202604")]).await.sent_on();
    assert!(compared.contains("compared"), "{compared}");
    let board = desk.browser.get(MONTH).await.done().text();
    assert!(board.contains("差異なし") || board.contains("差異 "), "{board}");
    let person = board.split("href=\"/month/people/").nth(1).unwrap().split(['"', '#']).next().unwrap();
    let page = desk.browser.get(&format!("/month/people/{person}")).await.done().text();
    assert!(page.contains("連絡は電話でしてください") && !page.contains("/comment\""), "{page}");

    let policy = desk.office.policy().await;
    for (id, steps) in [(sent, 4), (received, 3)] {
        let receipt = desk.office.receipt(id).await;
        assert!(receipt.verify(&policy).is_ok(), "{:?}", receipt.verify(&policy));
        assert_eq!(receipt.steps.len(), steps);
    }
    // When the letter ends, what was opened stays as it is.
    desk.browser.fill("/handovers", &format!("/handovers/{handover}/withdraw"), &[]).await.sent_on();
    assert_eq!(desk.office.state(sent).await, "imported");
}

#[tokio::test]
async fn r10_1_the_record_of_a_period_says_what_went_by_letter() {
    crate::evidence::build_printer();
    let desk = desk().await;
    let (code, _, address) = desk.offers(&schedule(&desk.office, &desk.outside, 1)).await;
    let guest = desk.guest();
    desk.knocks(&guest, &address, &desk.outside, &code).await.sent_on();
    guest.get("/forms").await.done();
    let [from, to] = crate::evidence::EVER;
    let paper = crate::evidence::makes(&desk.browser, &[from, to, ("partner", desk.outside.as_str())]).await;
    let text = paper.text();
    assert!(text.contains("送ったもの1件、届いたもの0件") && text.contains("手紙と電話のコードで来た人"), "{text}");
    let receipts = paper.receipts();
    assert!(receipts.len() == 1 && receipts[0].verify(&desk.office.policy().await).is_ok());
}

#[tokio::test]
async fn what_nobody_opened_is_taken_back_with_its_letter_and_may_go_again() {
    let desk = desk().await;
    let plan = schedule(&desk.office, &desk.outside, 1);
    let (_, handover, _) = desk.offers(&plan).await;
    let sent = desk.office.items("sent", 10).await;
    let first = sent[0]["id"].as_str().unwrap();
    // By two letters at a time it could be read after one of them was withdrawn.
    let page = desk.new_page();
    let again = uploads(&desk.browser, &page, &page, &plan).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("手紙が、まだ有効です"), "{}", again.text());
    desk.browser.fill("/handovers", &format!("/handovers/{handover}/withdraw"), &[]).await.sent_on();
    assert_eq!(desk.office.state(first).await, "withdrawn");
    assert!(desk.office.receipt(first).await.verify(&desk.office.policy().await).is_ok());
    assert!(!desk.browser.get("/month?month=202604").await.done().text().contains("実績がまだ</span>"));

    // Again, and then the letter is lost as by a restore: handovers are in no backup.
    let (_, handover, _) = desk.offers(&plan).await;
    let sent = desk.office.items("sent", 10).await;
    let second = sent[1]["id"].as_str().unwrap();
    assert_eq!(desk.office.state(second).await, "waiting");
    for sql in ["DELETE FROM handover_file WHERE handover_id = $1", "DELETE FROM handover WHERE handover_id = $1"] {
        vault::execute(&desk.exchange.data(), sql, &handover).await;
    }
    let store = desk.exchange.operator().await;
    assert_eq!(store.end_handovers().await.unwrap(), 1);
    assert_eq!(store.end_handovers().await.unwrap(), 0);
    store.close().await;
    assert_eq!(desk.office.state(second).await, "withdrawn");
}

/// The board of somebody who had handed something over goes on when the partner joins.
#[tokio::test]
async fn r1_8_a_partner_who_joins_takes_its_place_on_the_board() {
    const MONTH: &str = "/month?month=202604";
    let desk = desk().await;
    let (code, _, address) = desk.offers(&schedule(&desk.office, &desk.outside, 1)).await;
    let guest = desk.guest();
    desk.knocks(&guest, &address, &desk.outside, &code).await.sent_on();
    let store = desk.exchange.operator().await;
    let new = NewOffice {
        number: desk.outside.parse().unwrap(),
        name: "架空もう参加した事業所".to_owned(),
        service_types: std::iter::once("11".parse().unwrap()).collect(),
    };
    assert!(matches!(store.add_office(new).await.unwrap(), OfficeAdded::Done(_)));
    let code = desk.exchange.code(&store, &desk.outside).await;
    store.close().await;
    let joined = Device::enrolled(&desk.exchange, &desk.server, &code).await;
    assert!(joined.items("received", 10).await.is_empty(), "what went by letter is not theirs to open");
    // The letter in hand still serves; what comes by it stands with what the partner sends itself.
    let by_letter = uploads(&guest, "/inside", "/return", &actuals(&desk.outside, &desk.office, 2)).await;
    assert_eq!(by_letter.sent_on(), "/inside?done=returned");
    let board = desk.browser.get(MONTH).await.done().text();
    assert!(board.contains("架空もう参加した事業所") && !board.contains("架空まだの事業所"), "{board}");
    assert!(!board.contains("実績がまだ</span>"), "one line of the two: {board}");
    joined.sends(&actuals(&desk.outside, &desk.office, 4)).await.accepted();
    let board = desk.browser.get(MONTH).await.done().text();
    assert!(board.contains("架空もう参加した事業所") && !board.contains("架空まだの事業所"), "{board}");
    assert!(!board.contains("実績がまだ</span>"), "one line of the two: {board}");
    let page = desk.new_page();
    uploads(&desk.browser, "/partners", &page, &schedule(&desk.office, &desk.outside, 3))
        .await
        .problem_page(404, "H01");
}

#[tokio::test]
async fn r8_9_five_wrong_tries_close_the_door_for_good_and_nothing_tells_which_was_wrong() {
    let desk = desk().await;
    let (code, _, address) = desk.offers(&care_plan(&desk.office, &desk.outside, 1)).await;
    let guest = desk.guest();
    let wrong = desk.exchange.fresh_number();
    let said = |answer: &Answer| {
        answer.text().split("class=\"fault\"").nth(1).unwrap().split("</p>").next().unwrap().to_owned()
    };
    let unknown = desk.knocks(&guest, "/to/00000000000000000000000000", &desk.outside, &code).await;
    let mut answers = vec![said(&unknown)];
    for (number, code) in [(&desk.outside, "0000-0000"), (&wrong, code.as_str()), (&desk.outside, ""), (&wrong, "1")] {
        let answer = desk.knocks(&guest, &address, number, code).await;
        assert_eq!(answer.status, 422);
        answers.push(said(&answer));
    }
    // Four were wrong; the right one opens, and then the count begins anew.
    assert_eq!(desk.knocks(&guest, &address, &desk.outside, &code).await.sent_on(), "/inside");
    for _ in 0..5 {
        answers.push(said(&desk.knocks(&guest, &address, &desk.outside, "1111-1111").await));
    }
    answers.push(said(&desk.knocks(&guest, &address, &desk.outside, &code).await));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    guest.get("/inside").await.problem_page(410, "H57");
    assert!(desk.browser.get("/handovers").await.done().text().contains("誤りが続いたため閉じました"));
    assert!(desk.recorded().await.contains(&(Action::HandoverEnd, false)));
}

#[tokio::test]
async fn r11_what_was_withdrawn_is_gone_at_once_with_its_key() {
    let desk = desk().await;
    let (code, id, address) = desk.offers(&care_plan(&desk.office, &desk.outside, 1)).await;
    let guest = desk.guest();
    assert_eq!(desk.knocks(&guest, &address, &desk.outside, &code).await.sent_on(), "/inside");
    let withdrawn = desk.browser.fill("/handovers", &format!("/handovers/{id}/withdraw"), &[]).await;
    assert_eq!(withdrawn.sent_on(), "/handovers?done=withdrawn");
    for path in ["/inside", "/forms"] {
        guest.get(path).await.problem_page(410, "H57");
    }
    assert_eq!(desk.knocks(&desk.guest(), &address, &desk.outside, &code).await.status, 422);
    desk.browser.get(&format!("/handovers/{id}/letter")).await.problem_page(410, "H57");
    let left = "SELECT count(*) FROM handover h LEFT JOIN handover_file f ON f.handover_id = h.handover_id
                 WHERE f.body IS NOT NULL OR h.key_sealed IS NOT NULL OR h.envelope IS NOT NULL OR h.code_hash IS NOT NULL";
    assert_eq!(vault::number(&desk.exchange.data(), left).await, 0);
}

#[tokio::test]
async fn r5_2_from_the_door_without_a_certificate_nothing_else_can_be_reached() {
    let desk = desk().await;
    let guest = desk.guest();
    guest.get("/").await.done();
    for path in ["/sign-in", "/sent", "/partners", "/account", "/sets/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee", "/enrol"] {
        guest.get(path).await.problem_page(404, "H12");
    }
    guest.get("/api/v1/received").await.problem(404, "H12");
    for path in ["/inside", "/forms", "/files/UPPLAN.CSV", "/pictures/0001"] {
        guest.get(path).await.problem_page(410, "H57");
    }
    guest.post("/return", &[]).await.problem_page(410, "H57");
    // The cookie of a session of the exchange opens nothing here.
    guest.set_cookie("__Host-fumibako-visit", &desk.browser.cookie("__Host-fumibako").unwrap());
    guest.get("/inside").await.problem_page(410, "H57");
}

#[tokio::test]
async fn only_sound_sets_for_this_partner_are_handed_over() {
    let desk = desk().await;
    let page = desk.new_page();
    // Everything in it is served by another office: by letter it goes no more than otherwise, and that is recorded.
    let mut misdirected = care_plan(&desk.office, &desk.outside, 1);
    let sheet = file(&mut misdirected, "UP2KYO");
    sheet.bytes = replaced(&sheet.bytes, desk.outside.as_bytes(), b"0399999998");
    uploads(&desk.browser, &page, &page, &misdirected).await.faulty("誤送信かもしれません");
    assert!(desk.recorded().await.contains(&(Action::SetRefuse, false)), "{:?}", desk.recorded().await);
    let other = desk.exchange.fresh_number();
    let mut broken = care_plan(&desk.office, &desk.outside, 1);
    broken.pop();
    uploads(&desk.browser, &page, &page, &care_plan(&desk.office, &other, 1))
        .await
        .faulty("送信先が、この連携先ではない");
    uploads(&desk.browser, &page, &page, &care_plan(&other, &desk.outside, 1)).await.faulty("送信元事業所");
    uploads(&desk.browser, &page, &page, &broken).await.faulty("渡すファイル");
    uploads(&desk.browser, &page, &page, &[]).await.faulty("渡すファイルを選んでください");
    assert!(desk.browser.get("/handovers").await.done().text().contains("渡したものはありません"));
    // Whoever is on the exchange is sent to as usual.
    let own = format!("/partners/{}/handover", desk.office.number);
    desk.browser.get(&own).await.problem_page(404, "H01");
}

async fn world() -> &'static World {
    shared_world!()
}

#[tokio::test]
async fn without_the_operators_word_there_is_no_such_door() {
    let world = world().await;
    let offices = world.offices().await;
    let browser = world.exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    let outside = world.exchange.fresh_number();
    let fields = [("number", outside.as_str()), ("name", "架空まだの事業所"), ("channel", "letter"), ("note", "")];
    browser.fill("/partners/new", "/partners/new", &fields).await.sent_on();
    let page = format!("/partners/{outside}/handover");
    let text = browser.get(&page).await.done().text();
    assert!(text.contains("窓口を開いていません") && !text.contains("type=\"file\""), "{text}");
    let files = care_plan(&offices.sender, &outside, 1);
    uploads(&browser, "/account", &page, &files).await.problem_page(404, "H56");
}
