//! 届いたもの・送ったもの・連携先: what people in an office do with what came and went (R1.8–R1.10, R8.14, R10.1, R10.2).

use crate::browser::Browser;
use crate::device::{assert_same, unzip};
use crate::samples::{care_plan, schedule};
use crate::vault;
use crate::world::{Offices, World, shared_world};
use http::Method;
use identity::role::Role;
use ledger::{Action, Actor};
use std::time::Duration;

async fn world() -> &'static World {
    shared_world!()
}

async fn staff(offices: &Offices) -> (Browser, Browser) {
    let exchange = &world().await.exchange;
    let sender = exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    let receiver = exchange.member(&offices.receiver, Role::OfficeStaff).await.signs_in(&offices.receiver).await;
    (sender, receiver)
}

/// The form token of the list.
async fn token(browser: &Browser) -> String {
    let page = browser.get("/").await.done().text();
    page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn r10_2_everything_new_is_downloaded_in_the_order_of_import_and_recorded_before() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let (late, early) =
        (schedule(&offices.sender, &offices.receiver, 20), care_plan(&offices.sender, &offices.receiver, 10));
    // The one with the later serial arrives first.
    let ids = [offices.sender.sends(&late).await.accepted(), offices.sender.sends(&early).await.accepted()];
    let front = receiver.get("/").await.done().text();
    assert!(front.contains("<title>(2) 届いたもの"), "{front}");
    assert_eq!(front.matches("<tr class=\"unread\">").count(), 4, "twice: as new, and among all that came");
    let download = [("form_token", token(&receiver).await), ("which", "all".to_owned()), ("all", ids.join(","))];
    let download: Vec<(&str, &str)> = download.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = receiver.post("/received/download", &download).await.done();
    let files = unzip(&first.body);
    let serials: Vec<&str> =
        files.iter().map(|file| file.name.split('.').next().unwrap().rsplit('_').next().unwrap()).collect();
    assert!(serials.is_sorted(), "{serials:?}");
    assert_same(&files, &[early, late].concat());
    for id in &ids {
        assert_eq!(offices.sender.state(id).await, "collected");
    }
    // A second click finds the same.
    let again = receiver.post("/received/download", &download).await.done();
    assert_same(&unzip(&again.body), &files);
    let entries = vault::ledger(&world().await.exchange.data()).await;
    for id in &ids {
        let deeds: Vec<Action> = entries
            .iter()
            .filter(|entry| entry.fields().object.as_ref().is_some_and(|object| object.as_str() == id))
            .filter(|entry| matches!(entry.fields().actor, Actor::Person(_)))
            .map(|entry| entry.fields().action)
            .collect();
        assert_eq!(deeds, [Action::SetCollect, Action::SetOpen]);
    }
}

#[tokio::test]
async fn what_was_taken_back_meanwhile_does_not_stop_the_others() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let (one, other) =
        (schedule(&offices.sender, &offices.receiver, 1), care_plan(&offices.sender, &offices.receiver, 2));
    let ids = [offices.sender.sends(&one).await.accepted(), offices.sender.sends(&other).await.accepted()];
    offices.sender.withdraws(&ids[0]).await.done();
    let token = token(&receiver).await;
    let fields = [("form_token", token.as_str()), ("set", &ids[0]), ("set", &ids[1])];
    assert_same(&unzip(&receiver.post("/received/download", &fields).await.done().body), &other);
    receiver.post("/received/download", &fields[..2]).await.problem_page(410, "X13");
    let nothing = receiver.post("/received/download", &fields[..1]).await.sent_on();
    assert!(receiver.get(&nothing).await.done().text().contains("選ばれているものがありません"));
}

#[tokio::test]
async fn r1_6_what_others_received_is_neither_downloaded_nor_answered() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    // Its sender reads its copy as a page, but has not received it.
    let token_of_sender = token(&sender).await;
    let fields = [("form_token", token_of_sender.as_str()), ("set", &id), ("outcome", "imported"), ("confirmed", "1")];
    sender.post("/received/download", &fields).await.problem_page(404, "H01");
    sender.post("/received/answer", &fields).await.sent_on();
    assert_eq!(offices.sender.state(&id).await, "waiting");
    let viewer = world().await.exchange.member(&offices.receiver, Role::OfficeViewer).await;
    let viewer = viewer.signs_in(&offices.receiver).await;
    let page = viewer.get("/").await.done().text();
    assert!(page.contains(&id) && !page.contains("取込用にダウンロード</button>"), "no button without the right");
    let name = &schedule(&offices.sender, &offices.receiver, 1)[0].name;
    viewer.get(&format!("/sets/{id}/files/{name}")).await.problem_page(403, "H50");
    assert_eq!(offices.sender.state(&id).await, "waiting");
    let file = receiver.get(&format!("/sets/{id}/files/{name}")).await.done();
    assert_eq!(file.body, schedule(&offices.sender, &offices.receiver, 1)[0].bytes);
    assert_eq!(offices.sender.state(&id).await, "collected");
    viewer.get(&format!("/sets/{id}/files/{name}")).await.done();
}

#[tokio::test]
async fn r1_10_many_sets_are_answered_at_once_after_being_asked_again() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let mut ids = Vec::new();
    for second in 1..4 {
        let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, second)).await.accepted();
        offices.receiver.fetches(&id).await.done();
        ids.push(id);
    }
    let unopened = offices.sender.sends(&care_plan(&offices.sender, &offices.receiver, 9)).await.accepted();
    let token = token(&receiver).await;
    let mut fields = vec![("form_token", token.as_str()), ("which", "ticked"), ("outcome", "imported")];
    fields.extend(ids.iter().map(|id| ("set", id.as_str())));
    let asked = receiver.post("/received/answer", &fields).await.done().text();
    assert!(asked.contains("次の3件について") && asked.contains("一度伝えた結果は、変えられません"), "{asked}");
    assert_eq!(offices.sender.state(&ids[0]).await, "collected", "nothing is said before");
    fields.push(("confirmed", "1"));
    assert_eq!(receiver.post("/received/answer", &fields).await.sent_on(), "/?done=answered");
    for id in &ids {
        assert_eq!(offices.sender.state(id).await, "imported");
    }
    // Again changes nothing; another answer, or one to what nobody has opened, is refused and says why.
    assert_eq!(receiver.post("/received/answer", &fields).await.sent_on(), "/?done=answered");
    fields[2] = ("outcome", "rejected");
    fields.push(("set", &unopened));
    let refused = receiver.post("/received/answer", &fields).await;
    refused.faulty("先にファイルを受け取ってください。");
    refused.faulty("結果は取り消せません。");
    assert_eq!(offices.sender.state(&ids[0]).await, "imported");
}

#[tokio::test]
async fn a_person_takes_back_what_nobody_has_opened_and_nothing_else() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    let (page, action) = (format!("/sets/{id}/receipt"), format!("/sets/{id}/receipt/withdraw"));
    assert!(!receiver.get(&page).await.done().text().contains("取り下げる</button>"));
    assert_eq!(sender.fill(&page, &action, &[]).await.sent_on(), format!("{page}?done=withdrawn"));
    assert_eq!(offices.sender.state(&id).await, "withdrawn");
    let opened = offices.sender.sends(&care_plan(&offices.sender, &offices.receiver, 2)).await.accepted();
    offices.receiver.fetches(&opened).await.done();
    let fields = [("form_token", token(&sender).await)];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sender.post(&format!("/sets/{opened}/receipt/withdraw"), &fields).await.problem_page(409, "X12");
}

#[tokio::test]
async fn a_list_is_narrowed_and_goes_on() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    for second in 1..=43 {
        offices.sender.sends(&schedule(&offices.sender, &offices.receiver, second)).await.accepted();
    }
    let plan = offices.sender.sends(&care_plan(&offices.sender, &offices.receiver, 50)).await.accepted();
    let front = receiver.get("/").await.done();
    assert!(front.body.len() < 100_000, "{} bytes", front.body.len());
    let front = front.text();
    assert!(front.contains("44件すべてを取込用にダウンロード"), "one button for all, not for those on the page");
    let number = offices.sender.number.as_str();
    let only = receiver.get(&format!("/?partner={number}&kind=care_plan&stage=new")).await.done().text();
    assert!(only.contains(&plan) && only.matches("class=\"unread\"").count() == 1, "{only}");
    let nobody = receiver.get("/?partner=0999999999").await.done().text();
    assert!(nobody.contains("この条件のものはありません"), "{nobody}");
    let sent = sender.get("/sent").await.done().text();
    assert!(sent.contains(&plan) && sent.contains("相手は未受領"), "{sent}");
    let next = sent.split("href=\"/sent?").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let further = sender.get(&format!("/sent?{next}")).await.done().text();
    assert!(!further.contains(&plan) && further.matches("/receipt\"").count() == 4, "{further}");
}

#[tokio::test]
async fn news_come_without_asking_and_end_with_the_session() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let wait = || receiver.request(Method::GET, "/news").header("accept", "text/event-stream").send();
    let mut stream = wait().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert!(next(&mut stream).await.contains("data: 0 -1"));
    offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    // The number of those that wait changes; what came is not said.
    while !next(&mut stream).await.contains("data: 1 ") {}
    let token = token(&receiver).await;
    receiver.post("/sign-out", &[("form_token", &token)]).await.sent_on();
    let ends = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), ends).await.expect("the stream ends with the session");
    assert_eq!(wait().await.unwrap().status(), 303, "and does not begin again");
}

async fn next(stream: &mut reqwest::Response) -> String {
    let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.expect("in time");
    String::from_utf8(chunk.unwrap().expect("more").to_vec()).unwrap()
}

#[tokio::test]
async fn a_program_waits_for_news_too() {
    let offices = world().await.offices().await;
    let now = offices.receiver.get("/api/v1/news").await.done().json();
    assert_eq!((now["waiting"].as_u64(), now["newest"].as_i64()), (Some(0), Some(-1)));
    let waits = offices.receiver.get("/api/v1/news?after=-1");
    let (told, id) = tokio::join!(waits, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted()
    });
    let told = told.done().json();
    assert_eq!(told["waiting"], 1);
    assert!(!told.to_string().contains(&id), "a number, not what came");
    offices.receiver.get("/api/v1/news?after=x").await.problem(400, "H06");
}

#[tokio::test]
async fn partners_are_found_and_what_is_kept_about_them_is_the_offices_own() {
    const NOTE: &str = "金曜の夕方にファクス。架空の覚え書き";
    let offices = world().await.offices().await;
    let exchange = &world().await.exchange;
    let (sender, receiver) = staff(&offices).await;
    let number = offices.receiver.number.as_str();
    let store = exchange.operator().await;
    let place = format!("架空市{number}町");
    assert!(store.set_office_place(number.parse().unwrap(), &place).await.unwrap());
    store.close().await;
    for find in [number, place.as_str()] {
        let find: String = find.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let page = sender.get(&format!("/partners?find={find}")).await.done().text();
        assert!(page.contains(number) && page.contains("参加中") && page.contains(&place), "{page}");
    }
    let form = |token: String, number: String, name: &str| {
        [
            ("form_token", token),
            ("number", number),
            ("name", name.to_owned()),
            ("channel", "fax".to_owned()),
            ("note", NOTE.to_owned()),
        ]
    };
    async fn keep(browser: &Browser, fields: [(&'static str, String); 5]) -> crate::answer::Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/partners/new", &fields).await
    }
    // One on the exchange, one that is not.
    let outside = exchange.fresh_number();
    for (number, name) in [(number.to_owned(), ""), (outside.clone(), "架空まだの事業所")] {
        let kept = keep(&sender, form(token(&sender).await, number, name)).await;
        assert_eq!(kept.sent_on(), "/partners?done=kept");
    }
    let page = sender.get("/partners").await.done().text();
    assert!(page.contains("架空まだの事業所") && page.contains("参加していません"), "{page}");
    assert_eq!(page.matches(NOTE).count(), 2);
    let other = receiver.get("/partners").await.done().text();
    assert!(!other.contains(NOTE) && !other.contains("架空まだの事業所"), "another office's notes");
    // What cannot be kept comes back as it was typed.
    let nameless = keep(&sender, form(token(&sender).await, exchange.fresh_number(), "")).await;
    nameless.faulty("事業所名を、100文字までで書いてください。");
    assert!(nameless.text().contains(NOTE));
    keep(&sender, form(token(&sender).await, "12".to_owned(), "")).await.faulty("10桁の番号で書いてください");
    let own = offices.sender.number.clone();
    keep(&sender, form(token(&sender).await, own, "架空")).await.faulty("自分の事業所の番号です");
    let gone = [("form_token", token(&sender).await)];
    let gone: Vec<(&str, &str)> = gone.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sender.post(&format!("/partners/{outside}/forget"), &gone).await.sent_on();
    assert!(!sender.get("/partners").await.done().text().contains("架空まだの事業所"));
}

#[tokio::test]
async fn the_first_day_ticks_itself_off() {
    let offices = world().await.offices().await;
    let (_, receiver) = staff(&offices).await;
    let done = |page: &str| page.matches("<span class=\"state good\">済み</span>").count();
    let before = receiver.get("/help/first-day").await.done().text();
    let id = offices.sender.sends(&schedule(&offices.sender, &offices.receiver, 1)).await.accepted();
    receiver.get(&format!("/sets/{id}")).await.done();
    let after = receiver.get("/help/first-day").await.done().text();
    // A partner is known, and a set has been opened.
    assert_eq!(done(&after), done(&before) + 2, "{after}");
}
