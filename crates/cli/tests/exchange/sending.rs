//! 送る: what people of an office send through the pages, what goes with a set, and the guard against sending to the wrong office
//! (R1.2, R1.6, R10.1, R10.2, R12.1).

use crate::answer::Answer;
use crate::browser::{Browser, hidden_fields};
use crate::device::{Device, form};
use crate::people::Member;
use crate::samples::{Set, care_plan, file, renumbered, replaced, schedule, serial};
use crate::vault;
use crate::world::{Offices, StoppedClock, World, shared_world};
use http::Method;
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, Actor};
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use standard::sample::SampleFile;
use std::sync::Arc;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";
const MESSAGE: &str = "いつもお世話になっております。\n署名済みの計画書を添えます。";

async fn world() -> &'static World {
    shared_world!()
}

struct Desk {
    offices: Offices,
    members: [Member; 2],
    browsers: [Browser; 2],
}

/// Two people of the sending office, signed in.
async fn desk() -> Desk {
    let exchange = &world().await.exchange;
    let offices = world().await.offices().await;
    let one = exchange.member(&offices.sender, Role::OfficeStaff).await;
    let two = exchange.member(&offices.sender, Role::OfficeStaff).await;
    let browsers = [one.signs_in(&offices.sender).await, two.signs_in(&offices.sender).await];
    Desk { offices, members: [one, two], browsers }
}

impl Desk {
    fn schedule(&self, second: u32) -> Set {
        schedule(&self.offices.sender, &self.offices.receiver, second)
    }

    /// Everything in it is served by another office.
    fn misdirected(&self, second: u32) -> Set {
        let mut set = self.schedule(second);
        for name in ["UPPLAN", "UPSIKYU"] {
            let sheet = file(&mut set, name);
            sheet.bytes = replaced(&sheet.bytes, self.offices.receiver.number.as_bytes(), b"0399999998");
        }
        set
    }
}

async fn token(browser: &Browser) -> String {
    hidden_fields(&browser.get("/send").await.done().text(), "/send")[0].1.clone()
}

async fn posts(browser: &Browser, path: &str, form: Form) -> Answer {
    let request = browser.request(Method::POST, path);
    let request = request.header("origin", &browser.url).header("sec-fetch-site", "same-origin").multipart(form);
    browser.send(request).await
}

/// Brings files through the form, as a browser without scripts does; the page they wait on.
async fn brings(browser: &Browser, set: &Set) -> String {
    let form = form(set).text("form_token", token(browser).await);
    posts(browser, "/send", form).await.sent_on()
}

/// One call of the page's script.
async fn batch(browser: &Browser, set: &Set, acknowledged: &str) -> Answer {
    let form = form(set).text("form_token", token(browser).await).text("acknowledged", acknowledged.to_owned());
    posts(browser, "/send/sets", form).await
}

/// Confirms a draft, with what stands in its form.
async fn confirms(browser: &Browser, draft: &str, more: &[(&str, &str)]) -> Answer {
    let action = format!("{draft}/confirm");
    let mut form = Form::new();
    for (name, value) in hidden_fields(&browser.get(draft).await.done().text(), &action) {
        form = form.text(name, value);
    }
    for (name, value) in more {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    posts(browser, &action, form).await
}

async fn sent(device: &Device) -> Vec<Value> {
    device.get("/api/v1/sent?limit=100").await.done().json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn without_a_script_files_are_looked_over_confirmed_and_sent_once() {
    let desk = desk().await;
    let [browser, other] = &desk.browsers;
    let set = desk.schedule(1);
    let draft = brings(browser, &set).await;
    let page = browser.get(&draft).await.done().text();
    for shown in
        ["送るもの（1事業所、1件）", &desk.offices.receiver.number, "この事業所に送るのは初めてです", &serial(1)]
    {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert!(sent(&desk.offices.sender).await.is_empty(), "nothing goes before it is confirmed");
    other.get(&draft).await.problem_page(404, "H01");

    // What is to be known of the receiver has to be acknowledged.
    confirms(browser, &draft, &[]).await.faulty("注意を読み");
    assert!(sent(&desk.offices.sender).await.is_empty());
    let ticked = [("acknowledged", &*desk.offices.receiver.number)];
    assert_eq!(confirms(browser, &draft, &ticked).await.sent_on(), draft);
    let result = browser.get(&draft).await.done().text();
    assert!(result.contains("送れたもの 1件") && result.contains("/receipt"), "{result}");

    // The back button, a second click: the same result, and nothing twice.
    let form = Form::new().text("form_token", token(browser).await).text("acknowledged", "");
    assert_eq!(posts(browser, &format!("{draft}/confirm"), form).await.sent_on(), draft);
    let transmissions = sent(&desk.offices.sender).await;
    assert_eq!(transmissions.len(), 1);
    let id = transmissions[0]["id"].as_str().unwrap();
    let fetched = crate::device::unzip(&desk.offices.receiver.fetches(id).await.done().body);
    crate::device::assert_same(&fetched, &set);
}

#[tokio::test]
async fn a_draft_can_be_left_and_is_then_nowhere() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let draft = brings(browser, &desk.schedule(1)).await;
    assert_eq!(browser.fill(&draft, &format!("{draft}/leave"), &[]).await.sent_on(), "/send?done=left");
    assert!(browser.get(&draft).await.done().text().contains("ここで送ったものはありません"));
    assert!(sent(&desk.offices.sender).await.is_empty());
    let form = Form::new().text("form_token", token(browser).await);
    posts(browser, "/send", form).await.faulty("ファイルが選ばれていません");
}

#[tokio::test]
async fn files_with_errors_stay_and_the_others_go() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let mut bad = desk.schedule(2);
    let plan = file(&mut bad, "UPPLAN");
    plan.bytes = replaced(&plan.bytes, b",202604,", b",202613,");
    let both: Set = desk.schedule(1).into_iter().chain(bad).collect();
    let draft = brings(browser, &both).await;
    let page = browser.get(&draft).await.done().text();
    assert!(page.contains("直さないと送れないもの（1件）") && page.contains("<mark>202613</mark>"), "{page}");
    let ticked = [("acknowledged", &*desk.offices.receiver.number)];
    assert_eq!(confirms(browser, &draft, &ticked).await.sent_on(), draft);
    let transmissions = sent(&desk.offices.sender).await;
    assert_eq!(transmissions.len(), 1);
    assert_eq!(transmissions[0]["serial"], serial(1));

    // The result names what stayed and leads there.
    let result = browser.get(&draft).await.done().text();
    assert!(result.contains("送れたもの 1件、送れなかったもの 1件") && result.contains(&serial(2)), "{result}");
    let rest = result.split("href=\"/send/drafts/").nth(1).unwrap().split('"').next().unwrap();
    let rest = format!("/send/drafts/{rest}");
    let page = browser.get(&rest).await.done().text();
    assert!(page.contains("<mark>202613</mark>") && page.contains("送るもの（0事業所、0件）"), "{page}");
    // With nothing to send, nothing is confirmed and nothing forgotten.
    let form = Form::new().text("form_token", token(browser).await);
    assert_eq!(posts(browser, &format!("{rest}/confirm"), form).await.sent_on(), rest);
    assert!(browser.get(&rest).await.done().text().contains("<mark>202613</mark>"));
}

#[tokio::test]
async fn what_was_written_in_another_manner_is_mended_only_when_somebody_accepts_it() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let mut set = desk.schedule(1);
    for sheet in &mut set {
        // UTF-8, as a spreadsheet saves it.
        let (text, _, _) = encoding_rs::SHIFT_JIS.decode(&sheet.bytes);
        sheet.bytes = text.into_owned().into_bytes();
    }
    let draft = brings(browser, &set).await;
    let page = browser.get(&draft).await.done().text();
    assert!(page.contains("直しの提案を見る") && page.contains("送るもの（0事業所、0件）"), "{page}");
    let mended = browser.fill(&draft, &format!("{draft}/mend"), &[("set", "0")]).await.sent_on();
    let (mended, _) = mended.split_once('?').unwrap();
    assert!(browser.get(mended).await.done().text().contains("送るもの（1事業所、1件）"));
    assert!(sent(&desk.offices.sender).await.is_empty(), "accepting is not sending");
    confirms(browser, mended, &[("acknowledged", &*desk.offices.receiver.number)]).await.sent_on();
    let id = sent(&desk.offices.sender).await[0]["id"].as_str().unwrap().to_owned();
    let fetched = crate::device::unzip(&desk.offices.receiver.fetches(&id).await.done().body);
    crate::device::assert_same(&fetched, &desk.schedule(1));
}

#[tokio::test]
async fn a_batch_again_is_told_so_and_nothing_goes_twice() {
    let desk = desk().await;
    let [browser, other] = &desk.browsers;
    let set: Set = desk.schedule(1).into_iter().chain(desk.schedule(2)).collect();
    let to = desk.offices.receiver.number.clone();
    let outcomes = |answer: &Answer| -> Vec<String> {
        answer.sets().iter().map(|set| set["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(batch(browser, &set, "").await.sets()[0]["problem"]["code"], "X20", "unread");
    assert_eq!(outcomes(&batch(browser, &set, &to).await), ["accepted", "accepted"]);
    // Two tabs, two people: all the same.
    assert_eq!(outcomes(&batch(browser, &set, &to).await), ["already", "already"]);
    assert_eq!(outcomes(&batch(other, &set, &to).await), ["already", "already"]);
    assert_eq!(sent(&desk.offices.sender).await.len(), 2);
    let accepted = vault::ledger(&world().await.exchange.data()).await;
    let by_person = accepted.iter().any(|entry| {
        let fields = entry.fields();
        fields.action == Action::SetAccept
            && matches!(&fields.actor, Actor::Person(id) if id.as_str() == desk.members[0].account)
            && fields.login.is_some()
    });
    assert!(by_person, "who sent it stands in the log");
}

#[tokio::test]
async fn r12_1_a_batch_comes_from_a_page_of_ours_by_somebody_who_may_send() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let set = desk.schedule(1);
    let without_token = posts(browser, "/send/sets", form(&set)).await;
    assert_eq!(without_token.status, 403, "{without_token:?}");
    let request = browser.request(Method::POST, "/send/sets").header("sec-fetch-site", "cross-site");
    assert_eq!(browser.send(request.multipart(form(&set))).await.status, 403);
    let viewer = world().await.exchange.member(&desk.offices.sender, Role::OfficeViewer).await;
    let viewer = viewer.signs_in(&desk.offices.sender).await;
    viewer.get("/send").await.problem_page(403, "H16");
    assert!(sent(&desk.offices.sender).await.is_empty());
}

#[tokio::test]
async fn an_expired_session_in_the_middle_loses_nothing() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let (set, to) = (desk.schedule(1), desk.offices.receiver.number.clone());
    let old = token(browser).await;
    let ended = "UPDATE session SET ended_at = '2026-01-01T00:00:00.000Z', ended_for = 'time' WHERE account_id = $1";
    vault::execute(&world().await.exchange.data(), ended, &desk.members[0].account).await;
    let call = |token: String| form(&set).text("form_token", token).text("acknowledged", to.clone());
    assert!(posts(browser, "/send/sets", call(old.clone())).await.sent_on().starts_with("/sign-in?back=/send"));
    let again = desk.members[0].signs_in(&desk.offices.sender).await;
    assert_eq!(posts(&again, "/send/sets", call(old)).await.status, 403, "a token of the session before");
    posts(&again, "/send/sets", call(token(&again).await)).await.accepted();
    assert_eq!(sent(&desk.offices.sender).await.len(), 1);
}

/// Whose page it is, as its script reads it.
async fn mark(browser: &Browser) -> String {
    let page = browser.get("/send").await.done().text();
    page.split("data-mark=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_knows_the_person_it_was_made_for_from_whoever_signs_in_next() {
    let desk = desk().await;
    let [browser, other] = &desk.browsers;
    let own = mark(browser).await;
    let again = desk.members[0].signs_in(&desk.offices.sender).await;
    assert_eq!(mark(&again).await, own, "in every session");
    assert_ne!(mark(other).await, own);
    assert!(own.len() == 64 && !own.contains(&desk.members[0].account), "{own}");
}

#[tokio::test]
async fn somebody_without_a_service_at_the_receiver_goes_only_when_two_people_say_so() {
    let desk = desk().await;
    let [asks, agrees] = &desk.browsers;
    let set = desk.misdirected(1);
    // A program is told the way out.
    assert!(desk.offices.sender.sends(&set).await.refused("X18").contains(&"V83".to_owned()));

    let draft = brings(asks, &set).await;
    let page = asks.get(&draft).await.done().text();
    assert!(page.contains("誤送信かもしれないので止めているもの（1件）"), "{page}");
    let hold = format!("{draft}/hold");
    asks.fill(&draft, &hold, &[("set", "0"), ("reason", " ")]).await.faulty("送る理由を");
    let reason = "架空の事業所が合併したため。旧番号のまま予定しています。";
    let held = asks.fill(&draft, &hold, &[("set", "0"), ("reason", reason)]).await.sent_on();
    assert_eq!(held, "/send/held?done=held");
    assert!(sent(&desk.offices.sender).await.is_empty());

    let list = agrees.get("/send/held").await.done().text();
    let id = list.split("/send/held/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/send/held/{id}");
    assert!(agrees.get("/send").await.done().text().contains("もう一人の職員の確認を待っているデータが1件"));
    let shown = agrees.get(&path).await.done().text();
    assert!(shown.contains(reason) && shown.contains(&desk.offices.receiver.number), "{shown}");
    // Whoever asked is not the second person, however the form is sent.
    assert!(!asks.get(&path).await.done().text().contains(&format!("{path}/confirm")));
    let form_token = token(asks).await;
    asks.post(&format!("{path}/confirm"), &[("form_token", &form_token)]).await.problem_page(422, "X21");
    // Nor is anybody of another office.
    let stranger = world().await.exchange.member(&desk.offices.receiver, Role::OfficeStaff).await;
    let stranger = stranger.signs_in(&desk.offices.receiver).await;
    stranger.get(&path).await.problem_page(404, "H01");
    assert!(sent(&desk.offices.sender).await.is_empty());

    // The second person is told of the receiver, too, and says so: nothing was ever sent there.
    assert!(shown.contains("に送ってよいことを確かめました"), "{shown}");
    let confirm = format!("{path}/confirm");
    agrees.fill(&path, &confirm, &[]).await.problem_page(422, "X20");
    assert!(sent(&desk.offices.sender).await.is_empty());
    let read = [("acknowledged", desk.offices.receiver.number.as_str())];
    let went = agrees.fill(&path, &confirm, &read).await.sent_on();
    let transmission = went.strip_prefix("/sets/").unwrap().strip_suffix("/receipt").unwrap().to_owned();
    let fetched = crate::device::unzip(&desk.offices.receiver.fetches(&transmission).await.done().body);
    crate::device::assert_same(&fetched, &set);
    // A second click, and the page once more: it has gone, and nothing is wrong.
    let form_token = token(agrees).await;
    let again = agrees.post(&confirm, &[("form_token", &form_token), read[0]]).await;
    assert_eq!(again.sent_on(), "/send/held?done=gone");
    assert_eq!(agrees.get(&path).await.sent_on(), "/send/held?done=gone");
    assert_eq!(sent(&desk.offices.sender).await.len(), 1);

    let entries = vault::ledger(&world().await.exchange.data()).await;
    let who = |action: Action, object: &str| {
        let entry = entries.iter().map(|entry| entry.fields()).find(|fields| {
            fields.action == action && fields.object.as_ref().is_some_and(|found| found.as_str() == object)
        });
        match &entry.unwrap_or_else(|| panic!("no {} of {object}", action.id())).actor {
            Actor::Person(id) => id.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(who(Action::SetHold, &id), desk.members[0].account);
    assert_eq!(who(Action::SetRelease, &id), desk.members[1].account);
    assert_eq!(who(Action::SetAccept, &transmission), desk.members[1].account);
}

#[tokio::test]
async fn a_set_is_not_held_while_what_was_brought_with_it_has_no_place() {
    let desk = desk().await;
    let asks = &desk.browsers[0];
    let both: Vec<SampleFile> = desk.misdirected(1).into_iter().chain(desk.schedule(2)).collect();
    let draft = brings(asks, &both).await;
    let number = draft.rsplit('/').next().unwrap();
    // One more than these is as many as somebody may have open.
    let others = "
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 98)
        INSERT INTO outgoing (outgoing_id, office_id, account_id, purpose, content_index, body_sealed, made_at, expires_at)
        SELECT 'other-' || i, office_id, account_id, purpose, 'other-' || i, body_sealed, made_at, expires_at
          FROM outgoing, n WHERE outgoing_id = $1";
    assert_eq!(vault::execute(&world().await.exchange.data(), others, number).await, 98);
    let page = asks.get(&draft).await.done().text();
    assert!(page.contains("（1件）"), "{page}");
    let hold = format!("{draft}/hold");
    let fields = [("set", "0"), ("reason", "架空の事業所が合併したため。")];
    asks.fill(&draft, &hold, &fields).await.problem_page(400, "H06");
    assert_eq!(asks.get(&draft).await.done().text(), page, "nothing of it is lost");
    let fewer = "DELETE FROM outgoing WHERE outgoing_id LIKE 'other-%' AND account_id =
                 (SELECT account_id FROM outgoing WHERE outgoing_id = $1)";
    assert_eq!(vault::execute(&world().await.exchange.data(), fewer, number).await, 98);
    let rest = asks.fill(&draft, &hold, &fields).await.sent_on();
    let rest = rest.strip_suffix("?done=held").unwrap();
    let ticked = [("acknowledged", &*desk.offices.receiver.number)];
    assert_eq!(confirms(asks, rest, &ticked).await.sent_on(), rest);
}

#[tokio::test]
async fn a_plan_whose_services_are_all_elsewhere_is_stopped_too() {
    let desk = desk().await;
    let (sender, receiver) = (&desk.offices.sender, &desk.offices.receiver);
    let mut set = care_plan(sender, receiver, 1);
    let sheet = file(&mut set, "UP2KYO");
    sheet.bytes = replaced(&sheet.bytes, receiver.number.as_bytes(), b"0399999998");
    sender.sends(&set).await.refused("X18");
    let draft = brings(&desk.browsers[0], &set).await;
    let page = desk.browsers[0].get(&draft).await.done().text();
    assert!(page.contains("第2表に入っています") && page.contains("<mark>0399999998</mark>"), "{page}");
}

#[tokio::test]
async fn what_is_held_can_be_taken_back_and_ends_by_itself() {
    let desk = desk().await;
    let [asks, agrees] = &desk.browsers;
    let hold = async |second: u32| {
        let form = form(&desk.misdirected(second)).text("form_token", token(asks).await).text("reason", "架空の理由");
        posts(asks, "/send/hold", form).await.done().json()["id"].as_str().unwrap().to_owned()
    };
    let id = hold(1).await;
    assert_eq!(hold(1).await, id, "the same twice is one");
    let path = format!("/send/held/{id}");
    let back = agrees.fill(&path, &format!("{path}/withdraw"), &[]).await.sent_on();
    assert_eq!(back, "/send/held?done=withdrawn");
    assert_eq!(asks.get(&path).await.sent_on(), "/send/held?done=gone");

    let id = hold(2).await;
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 8);
    let store = world().await.exchange.operator_at(Arc::new(StoppedClock(later))).await;
    assert!(store.keep_up().await.unwrap().outgoing >= 1);
    store.close().await;
    // So has the session.
    let back = desk.members[0].signs_in(&desk.offices.sender).await;
    assert_eq!(back.get(&format!("/send/held/{id}")).await.sent_on(), "/send/held?done=gone");
    assert!(sent(&desk.offices.sender).await.is_empty());
    let left = "UPDATE outgoing SET kind = kind WHERE outgoing_id = $1 AND length(body_sealed) > 0";
    assert_eq!(vault::execute(&world().await.exchange.data(), left, &id).await, 0, "no content is left");
}

/// A call with one set and what goes with it.
fn with_enclosures(set: &Set, serial: &str, receiver: &str, documents: &[(&str, &[u8])], message: &str) -> Form {
    let target = format!("{serial}.{receiver}");
    let mut call = form(set).text(format!("message.{target}"), message.to_owned());
    for (name, bytes) in documents {
        let part = Part::bytes(bytes.to_vec()).file_name((*name).to_owned());
        call = call.part(format!("attachment.{target}"), part);
    }
    call
}

async fn sends_with(device: &Device, call: Form) -> Answer {
    Answer::read(device.request(Method::POST, "/api/v1/transmissions").multipart(call).send().await.unwrap()).await
}

/// What is enclosed opens by itself and says nothing of the files; and of what is not there nobody has taken anything.
#[tokio::test]
async fn a_set_found_damaged_stays_so_until_all_of_it_opens() {
    const DAMAGED: &str = "SELECT count(*) FROM transmission WHERE transmission_id = $1 AND damaged_at IS NOT NULL";
    let desk = desk().await;
    let (sender, receiver) = (&desk.offices.sender, &desk.offices.receiver);
    let set = desk.schedule(1);
    let enclosed = with_enclosures(&set, &serial(1), &receiver.number, &[("計画書.pdf", PDF)], MESSAGE);
    let id = sends_with(sender, enclosed).await.accepted();
    let data = world().await.exchange.data();
    let is_damaged = async || {
        let mut database = vault::database(&data).await;
        let rows: i64 = sqlx::query_scalar(DAMAGED).bind(&id).fetch_one(&mut database).await.unwrap();
        rows == 1
    };
    let reader = world().await.exchange.member(receiver, Role::OfficeStaff).await.signs_in(receiver).await;
    reader.get(&format!("/sets/{id}/files/nothing.csv")).await.problem_page(404, "H01");
    assert_eq!(receiver.state(&id).await, "waiting", "a wrong name collects nothing");
    let swap = "UPDATE transmission_file SET ordinal = CASE ordinal WHEN 0 THEN 900 ELSE 0 END
                 WHERE transmission_id = $1 AND ordinal IN (0, 900)";
    assert_eq!(vault::execute(&data, swap, &id).await, 1);
    receiver.fetches(&id).await.problem(500, "H09");
    assert!(is_damaged().await);
    receiver.get(&format!("/api/v1/transmissions/{id}/enclosures")).await.done();
    assert!(is_damaged().await, "the files are as they were");
    // Somebody puts it right, and all of it opens.
    assert_eq!(vault::execute(&data, swap, &id).await, 1);
    receiver.fetches(&id).await.done();
    assert!(!is_damaged().await);
}

#[tokio::test]
async fn documents_and_a_message_go_with_a_set_whose_files_stay_as_they_are() {
    let desk = desk().await;
    let (sender, receiver) = (&desk.offices.sender, &desk.offices.receiver);
    let set = desk.schedule(1);
    let name = "計画書（署名済み）.pdf";
    let call = || with_enclosures(&set, &serial(1), &receiver.number, &[(name, PDF)], MESSAGE);
    let id = sends_with(sender, call()).await.accepted();
    assert_eq!(sender.describes(&id).await.done().json()["enclosures"], 2);
    // Import takes the same bytes as ever.
    crate::device::assert_same(&crate::device::unzip(&receiver.fetches(&id).await.done().body), &set);

    let path = format!("/api/v1/transmissions/{id}/enclosures");
    let listed = receiver.get(&path).await.done().json();
    let found = |kind: &str| listed.as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap().clone();
    assert_eq!((&found("message")["text"], &found("document")["name"]), (&MESSAGE.into(), &name.into()));
    let document = receiver.get(&format!("{path}/{}", found("document")["number"])).await.done();
    assert_eq!((&*document.body, &document.headers["content-type"]), (PDF, &"application/pdf".parse().unwrap()));
    receiver.get(&format!("{path}/3")).await.problem(404, "H01");
    desk.offices.stranger.get(&path).await.problem(404, "H01");

    // On the page of the set, for both.
    let reader = world().await.exchange.member(receiver, Role::OfficeStaff).await.signs_in(receiver).await;
    let page = reader.get(&format!("/sets/{id}")).await.done().text();
    assert!(page.contains(name) && page.contains("署名済みの計画書を添えます。"), "{page}");
    let link = page.split("href=\"").find(|href| href.starts_with(&format!("/sets/{id}/enclosures/"))).unwrap();
    assert_eq!(reader.get(link.split('"').next().unwrap()).await.done().body, PDF);

    // Again is the same; with another document it would be another set.
    assert_eq!(sends_with(sender, call()).await.already(), id);
    assert_eq!(sender.sends(&set).await.already(), id);
    let other = with_enclosures(&set, &serial(1), &receiver.number, &[("別の書類.pdf", PDF)], MESSAGE);
    sends_with(sender, other).await.refused("X10");
}

#[tokio::test]
async fn what_is_no_pdf_or_too_much_does_not_go_and_neither_does_its_set() {
    let desk = desk().await;
    let (sender, to) = (&desk.offices.sender, &desk.offices.receiver.number);
    let (first, second) = (serial(1), serial(2));
    let set = desk.schedule(1);
    let too_many = [("1.pdf", PDF), ("2.pdf", PDF), ("3.pdf", PDF), ("4.pdf", PDF), ("5.pdf", PDF)];
    let a_program: &[u8] = b"MZ\x90\x00 no document";
    for documents in [&[("a.pdf", a_program)][..], &[("a.exe", PDF)], &[("a.pdf", &PDF[..20])], &too_many] {
        sends_with(sender, with_enclosures(&set, &first, to, documents, "")).await.refused("X19");
    }
    let long = "長".repeat(1_001);
    sends_with(sender, with_enclosures(&set, &first, to, &[], &long)).await.refused("X19");
    // For a set that is not in the call: it would be lost.
    sends_with(sender, with_enclosures(&set, &second, to, &[("a.pdf", PDF)], "")).await.problem(400, "H06");
    assert!(sent(sender).await.is_empty());
}

#[tokio::test]
async fn partners_are_named_with_what_to_know_of_them() {
    let desk = desk().await;
    let [browser, _] = &desk.browsers;
    let ask = async |sets: u32| {
        let partners = format!("{}:{sets},0399999999:1", desk.offices.receiver.number);
        let form_token = token(browser).await;
        browser.post("/send/partners", &[("form_token", &form_token), ("partners", &partners)]).await.done().json()
    };
    let told = ask(1).await;
    let said = told[0]["cautions"][0].as_str().unwrap();
    assert!(said.contains("初めて") && told[0]["name"].as_str().unwrap().contains("架空"), "{told}");
    assert!(told[1]["name"].is_null(), "an office that is not here has no name");
    desk.offices.sender.sends(&desk.schedule(1)).await.accepted();
    assert_eq!(ask(1).await[0]["cautions"], Value::Array(Vec::new()), "known now");
    let said = ask(40).await[0]["cautions"][0].as_str().unwrap().to_owned();
    assert!(said.contains("今月この事業所に送る分が41件"), "{said}");
    // Nothing has been opened for two weeks.
    let aged = "UPDATE transmission SET accepted_at = '2026-01-05T00:00:00.000Z' WHERE receiver_office_id = \
                (SELECT office_id FROM office WHERE office_number = $1)";
    assert_eq!(vault::execute(&world().await.exchange.data(), aged, &desk.offices.receiver.number).await, 1);
    let said = ask(1).await[0]["cautions"].to_string();
    assert!(said.contains("14日以上開いていません"), "{said}");
    let again = renumbered(&desk.schedule(1), 9);
    let id = desk.offices.sender.sends(&again).await.accepted();
    desk.offices.receiver.fetches(&id).await.done();
    assert_eq!(ask(1).await[0]["cautions"], Value::Array(Vec::new()), "it looks again");
}
