//! 一方向の受渡し: an office that is not on the exchange comes in by a letter's address, its number and a code told by telephone,
//! and nowhere else (R2.7, R5.2, R6.2, R8.9, R10.1, R10.2).

use crate::answer::Answer;
use crate::browser::{Browser, in_class};
use crate::device::{Device, unzip};
use crate::samples::{actuals, care_plan, schedule};
use crate::server::Server;
use crate::vault;
use crate::world::{Exchange, World, shared_world};
use http::Method;
use identity::role::Role;
use ledger::{Action, Entry};
use reqwest::multipart::{Form, Part};
use standard::sample::SampleFile;

/// An exchange with such a door, an office on it, and somebody at work there.
struct Desk {
    exchange: Exchange,
    _server: Server,
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
    let desk = Desk { door: format!("https://localhost:{port}"), exchange, _server: server, office, browser, outside };
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
        let ours = entries.iter().filter(|entry| entry.fields().action.id().starts_with("handover."));
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

    assert!(desk.browser.get("/").await.done().text().contains("実績が1件返ってきています"));
    let list = desk.browser.get("/handovers").await.done().text();
    assert!(list.contains("相手が開きました") && list.contains("返送 1件"), "{list}");
    let link = list.split("href=\"/handovers/returned/").nth(1).unwrap().split('"').next().unwrap();
    let archive = desk.browser.get(&format!("/handovers/returned/{link}")).await.done();
    crate::device::assert_same(&unzip(&archive.body), &back);
    assert!(!desk.browser.get("/").await.done().text().contains("返ってきています"), "opened by now");
    // After its time nobody opens it, whether or not it has been taken away by then.
    let over = "UPDATE handover_return SET returned_at = '2026-01-01T00:00:00.000Z' WHERE return_id = $1";
    assert_eq!(vault::execute(&desk.exchange.data(), over, link).await, 1);
    desk.browser.get(&format!("/handovers/returned/{link}")).await.problem_page(404, "H01");

    let recorded = desk.recorded().await;
    for deed in [
        (Action::HandoverOffer, false),
        (Action::HandoverEnter, true),
        (Action::HandoverOpen, true),
        (Action::HandoverReturn, true),
        (Action::HandoverCollect, false),
    ] {
        assert!(recorded.contains(&deed), "{deed:?} in {recorded:?}");
    }
    assert_eq!(recorded.iter().filter(|(action, _)| *action == Action::HandoverReturn).count(), 1);
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
