//! 今月: the month board, 予実突合, versions, comments, reminders (issue 6; R1.8, R6, R10.1, R10.2, R12.1).

use crate::answer::Answer;
use crate::browser::Browser;
use crate::commands::done;
use crate::samples::{Set, actuals, request, serial};
use crate::vault;
use crate::world::{Offices, World, shared_world};
use identity::role::Role;
use ledger::Action;
use sqlx::Connection as _;
use standard::UnitKind;
use standard::sample::{self, PersonName, Request};

async fn world() -> &'static World {
    shared_world!()
}

const NAME: &str = "架空　つきみ";
const KANA: &str = "カクウ　ツキミ";
const MONTH: &str = "/month?month=202604";

/// 第6・7表 about one named person.
fn plan(offices: &Offices, second: u32) -> Set {
    let name = PersonName { kanji: NAME.to_owned(), kana: KANA.to_owned() };
    let kind = UnitKind::Schedule;
    let request = Request { names: Some(vec![name]), ..request(kind, &offices.sender, &offices.receiver, second) };
    sample::make(kind, &request)
}

fn delete(offices: &Offices, second: u32) -> Set {
    let kind = UnitKind::ScheduleDelete;
    sample::make(kind, &request(kind, &offices.sender, &offices.receiver, second))
}

fn report(offices: &Offices, second: u32) -> Set {
    actuals(&offices.receiver, &offices.sender, second)
}

/// Staff of the care manager's office and of the service office.
async fn staff(offices: &Offices) -> (Browser, Browser) {
    let exchange = &world().await.exchange;
    let sender = exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    let receiver = exchange.member(&offices.receiver, Role::OfficeStaff).await.signs_in(&offices.receiver).await;
    (sender, receiver)
}

async fn board(browser: &Browser) -> String {
    browser.get(MONTH).await.done().text()
}

/// The address of the first person on a board.
fn person(board: &str) -> String {
    let rest = board.split("href=\"/month/people/").nth(1).unwrap_or_else(|| panic!("nobody in {board}"));
    format!("/month/people/{}", rest.split(['"', '#']).next().unwrap())
}

async fn persons_page(browser: &Browser) -> String {
    browser.get(&person(&board(browser).await)).await.done().text()
}

/// What the page says became of each set, in the order of import: serial and state.
fn chain(page: &str) -> Vec<(String, String)> {
    let section = page.split("class=\"chain\"").nth(1).unwrap().split("</section>").next().unwrap();
    let rows = section.split("<tr").filter(|row| row.contains("data-label=\"ファイル連番\""));
    let text = |row: &str, label: &str| {
        let cell = row.split(&format!("data-label=\"{label}\">")).nth(1).unwrap().split("</td>").next().unwrap();
        cell.rsplit("</span>").nth(1).unwrap_or(cell).rsplit('>').next().unwrap().to_owned()
    };
    rows.map(|row| (text(row, "ファイル連番"), text(row, "版"))).collect()
}

async fn recorded(action: Action) -> usize {
    let entries = vault::ledger(&world().await.exchange.data()).await;
    entries.iter().filter(|entry| entry.fields().action == action).count()
}

#[tokio::test]
async fn both_offices_see_who_has_a_plan_and_whose_actuals_are_missing() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    for browser in [&sender, &receiver] {
        assert!(board(browser).await.contains("2026年4月分の予定も実績も、まだありません"));
    }
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let page = board(&sender).await;
    assert!(page.contains(NAME) && page.contains("実績がまだ") && page.contains("送った・相手は未開封"), "{page}");
    assert!(page.contains(&format!("href=\"/sets/{id}\"")) && page.len() < 100_000);
    let head = page.split("</head>").next().unwrap();
    assert!(!head.contains("つきみ"), "no name in a title");
    let page = board(&receiver).await;
    assert!(page.contains(NAME) && page.contains("届いた・未開封"), "{page}");
    // Looking at the board collects nothing.
    assert_eq!(offices.receiver.state(&id).await, "waiting");
    receiver.get(&format!("/sets/{id}")).await.done();
    assert!(board(&sender).await.contains("送った・相手が開封"));
    let reported = offices.receiver.sends(&report(&offices, 2)).await.accepted();
    let page = board(&sender).await;
    assert!(page.contains("届いた・未開封") && !page.contains("class=\"state late\">実績がまだ"), "{page}");
    assert!(page.contains("受け取ると突合できます"), "{page}");
    sender.get(&format!("/sets/{reported}")).await.done();
    assert!(board(&sender).await.contains("未突合"));
}

#[tokio::test]
async fn r10_1_people_are_found_by_form_and_nothing_of_it_stands_in_an_address_or_the_log() {
    let offices = world().await.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let asks = |words: &'static str| {
        let sender = &sender;
        async move { sender.fill(MONTH, "/month", &[("month", "202604"), ("search", words)]).await }
    };
    for words in ["つきみ", "ﾂｷﾐ", "架空つきみ"] {
        assert!(asks(words).await.done().text().contains(NAME), "{words}");
    }
    let nobody = asks("だれでもない").await.done().text();
    assert!(nobody.contains("当てはまる利用者はいません") && !nobody.contains(NAME), "{nobody}");
    // What is no search may stand in an address.
    let on = sender.fill(MONTH, "/month", &[("month", "202604"), ("only", "missing"), ("search", " ")]).await;
    assert_eq!(on.sent_on(), "/month?month=202604&only=missing");
    let page = sender.get("/month?month=202604&only=missing&search=%E3%81%A4").await.done().text();
    assert!(page.contains(NAME), "still shown: a search in an address is passed over");
    let entries = vault::ledger(&world().await.exchange.data()).await;
    let text: String = entries.iter().map(|entry| String::from_utf8(entry.to_bytes()).unwrap()).collect();
    assert!(text.contains("month.search") && !text.contains("つき"));
}

#[tokio::test]
async fn one_press_compares_and_what_it_came_to_stays_until_a_set_is_replaced() {
    let offices = world().await.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let reported = offices.receiver.sends(&report(&offices, 2)).await.accepted();
    let nothing = sender.fill(MONTH, "/month/export", &[]).await.done();
    assert!(nothing.body.starts_with(b"PK"), "a workbook");
    // Not collected yet: the press opens nothing.
    let fields = [("month", "202604")];
    let token = crate::browser::hidden_fields(&board(&sender).await, "/month/export");
    let token = token.iter().find(|(name, _)| name == "form_token").unwrap().1.clone();
    let compare = || async { sender.post("/month/compare", &[fields[0], ("form_token", &token)]).await.sent_on() };
    assert!(compare().await.ends_with("&done=compared-none"));
    assert_eq!(offices.sender.state(&reported).await, "waiting");
    sender.get(&format!("/sets/{reported}")).await.done();
    assert!(compare().await.ends_with("&done=compared"));
    let page = board(&sender).await;
    assert!(page.contains("一致") || page.contains("差異 "), "{page}");
    assert!(!page.contains("未突合"));
    assert!(compare().await.ends_with("&done=compared-none"), "nothing is compared twice");
    offices.sender.sends(&plan(&offices, 3)).await.accepted();
    assert!(board(&sender).await.contains("未突合"), "another plan is another comparison");
}

/// Actuals without the last row.
fn differing(offices: &Offices, second: u32) -> Set {
    let mut set = report(offices, second);
    let bytes = &mut set[0].bytes;
    let end = bytes.len() - 2;
    let last = bytes[..end].windows(2).rposition(|pair| pair == b"\r\n").expect("a month of several rows");
    bytes.truncate(last + 2);
    set
}

#[tokio::test]
async fn differences_are_told_accepted_and_come_back_when_a_side_is_replaced() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let reported = offices.receiver.sends(&differing(&offices, 2)).await.accepted();
    let href = person(&board(&sender).await);
    let page = sender.get(&href).await.done().text();
    assert!(page.contains(NAME) && page.contains("まだ受け取っていません"), "{page}");
    sender.get(&format!("/sets/{reported}")).await.done();
    let page = sender.get(&href).await.done().text();
    assert!(page.contains("実績なし") && page.contains("class=\"sign missing\""), "{page}");
    assert!(board(&sender).await.contains("差異 "), "the board knows what the page found");
    let only = sender.get("/month?month=202604&only=differing").await.done().text();
    assert!(only.contains(NAME));

    let action = format!("{}/accept", href.split('?').next().unwrap());
    let mut left = page.matches("value=\"accept\"").count();
    assert!(left > 0);
    while left > 0 {
        let on = sender.fill(&href, &action, &[("deed", "accept")]).await.sent_on();
        assert!(on.contains("&done=accepted#p"), "{on}");
        let page = sender.get(&href).await.done().text();
        let now = page.matches("value=\"accept\"").count();
        assert_eq!(now, left - 1);
        left = now;
        // The first form of the page must be one that is left.
        if left > 0 && page.find("value=\"reopen\"") < page.find("value=\"accept\"") {
            break;
        }
    }
    let page = sender.get(&href).await.done().text();
    assert!(page.contains("了承済み") && page.contains("架空 "), "who accepted it: {page}");
    assert!(recorded(Action::DifferenceAccept).await > 0);
    // Only for the office that accepted it.
    let theirs = persons_page(&receiver).await;
    assert!(!theirs.contains("了承済み</span>"), "{theirs}");
    // Either side replaced: it is to be looked at again.
    let again = offices.receiver.sends(&differing(&offices, 3)).await.accepted();
    sender.get(&format!("/sets/{again}")).await.done();
    let page = sender.get(&href).await.done().text();
    assert!(page.contains("value=\"accept\"") && !page.contains("了承済み</span>"), "{page}");
}

#[tokio::test]
async fn a_decision_about_sets_that_have_been_replaced_meanwhile_is_not_taken() {
    let offices = world().await.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let reported = offices.receiver.sends(&differing(&offices, 2)).await.accepted();
    sender.get(&format!("/sets/{reported}")).await.done();
    let href = person(&board(&sender).await);
    let action = format!("{}/accept", href.split('?').next().unwrap());
    let page = sender.get(&href).await.done().text();
    let hidden = crate::browser::hidden_fields(&page, &action);
    offices.sender.sends(&plan(&offices, 3)).await.accepted();
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("deed", "accept"));
    assert!(sender.post(&action, &fields).await.sent_on().ends_with("&done=moved-on"));
}

#[tokio::test]
async fn r1_8_both_sides_go_by_the_same_version_whatever_the_order_of_arrival() {
    let current = |chain: &[(String, String)]| {
        let current: Vec<_> = chain.iter().filter(|(_, state)| state == "現在の版").collect();
        current.iter().map(|(serial, _)| serial.clone()).collect::<Vec<_>>()
    };
    // Plans of serials 1, 2 and 4 and a delete of serial 3, in these orders of arrival.
    for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3], [3, 1, 4, 2]] {
        let offices = world().await.offices().await;
        let (sender, receiver) = staff(&offices).await;
        for second in order {
            let set = if second == 3 { delete(&offices, second) } else { plan(&offices, second) };
            offices.sender.sends(&set).await.accepted();
        }
        let (ours, theirs) = (chain(&persons_page(&sender).await), chain(&persons_page(&receiver).await));
        assert_eq!(ours, theirs);
        let told = |second: u32, state: &str| (serial(second), state.to_owned());
        let expected = [told(1, "差し替え済み"), told(2, "削除された"), told(3, "前のものを削除"), told(4, "現在の版")];
        assert_eq!(ours, expected, "{order:?}");
        assert_eq!(current(&ours), [serial(4)]);
    }
}

#[tokio::test]
async fn r1_8_a_set_says_whether_it_is_current_and_a_withdrawal_brings_the_one_before_back() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let first = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let second = offices.sender.sends(&plan(&offices, 2)).await.accepted();
    let page = sender.get(&format!("/sets/{first}")).await.done().text();
    assert!(
        page.contains("この後に新しい版があります") && page.contains(&format!("href=\"/sets/{second}\"")),
        "{page}"
    );
    assert!(sender.get(&format!("/sets/{second}")).await.done().text().contains("現在の版です"));
    offices.sender.withdraws(&second).await.done();
    let page = sender.get(&format!("/sets/{first}")).await.done().text();
    assert!(page.contains("現在の版です") && !page.contains(&second), "{page}");
    for browser in [&sender, &receiver] {
        let told = chain(&persons_page(browser).await);
        assert_eq!(told, [(serial(1), "現在の版".to_owned()), (serial(2), "取下げ".to_owned())]);
    }
    // Deleted: nothing is current, and the board says so by not showing it.
    offices.sender.sends(&delete(&offices, 3)).await.accepted();
    assert!(!board(&sender).await.contains(NAME));
    assert!(sender.get(&format!("/sets/{first}")).await.done().text().contains("この後に新しい版があります"));
}

#[tokio::test]
async fn a_partner_is_reminded_once_a_day_and_only_of_what_is_missing() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let to = offices.receiver.number.clone();
    let reminds = || async { sender.fill(MONTH, "/month/remind", &[("to", to.as_str())]).await.sent_on() };
    assert!(!receiver.get("/").await.done().text().contains("お待ちしています"));
    assert!(reminds().await.ends_with("&done=reminded"));
    let front = receiver.get("/").await.done().text();
    assert!(front.contains("2026年4月分の実績をお待ちしています") && !front.contains("つきみ"), "{front}");
    assert!(board(&sender).await.contains("きょう伝えました"));
    // Two tabs: the second press adds nothing.
    let token = crate::browser::hidden_fields(&board(&sender).await, "/month/export");
    let token = token.iter().find(|(name, _)| name == "form_token").unwrap().1.clone();
    let fields = [("month", "202604"), ("to", to.as_str()), ("form_token", &*token)];
    let before = recorded(Action::ReminderSend).await;
    assert!(sender.post("/month/remind", &fields).await.sent_on().ends_with("&done=reminded-already"));
    // Other tests remind too, but nobody of these two offices.
    let entries = vault::ledger(&world().await.exchange.data()).await;
    let ours = entries.iter().filter(|entry| {
        entry.fields().action == Action::ReminderSend
            && entry.fields().office.as_ref().is_some_and(|office| office.to_string() == offices.sender.number)
    });
    assert_eq!((ours.count(), before > 0), (1, true));
    // The service office is not the one that waits.
    let theirs = board(&receiver).await;
    assert!(!theirs.contains("実績を催促する"), "{theirs}");
    offices.receiver.sends(&report(&offices, 2)).await.accepted();
    assert!(!receiver.get("/").await.done().text().contains("お待ちしています"));
    assert!(sender.post("/month/remind", &fields).await.sent_on().ends_with("&done=nothing-missing"));
}

#[tokio::test]
async fn r6_comments_are_seen_by_both_offices_and_lie_sealed_under_the_key_of_each() {
    let offices = world().await.offices().await;
    let (sender, receiver) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let href = person(&board(&sender).await);
    let action = format!("{}/comment", href.split('?').next().unwrap());
    let writes = |text: String| {
        let (sender, href, action) = (&sender, &href, &action);
        async move { sender.fill(href, action, &[("text", &text)]).await }
    };
    const TEXT: &str = "三日の訪問は、ご家族の都合で中止でした。";
    writes(TEXT.to_owned()).await.sent_on();
    writes("　".to_owned()).await.faulty("1文字以上500文字まで");
    let long = "長".repeat(501);
    let again = writes(long.clone()).await;
    again.faulty("500文字");
    assert!(again.text().contains(&long), "nothing that was written is lost");
    for browser in [&sender, &receiver] {
        let page = persons_page(browser).await;
        assert!(page.contains(TEXT), "{page}");
        assert!(board(browser).await.contains("1件"));
    }
    let theirs = persons_page(&receiver).await;
    assert!(!theirs.contains("この事業所）"), "the partner is told the office and not the person");
    let mut database = vault::database(&world().await.exchange.data()).await;
    let sql = "SELECT c.text_sealed FROM month_comment c JOIN office o ON o.office_id = c.from_office_id
                WHERE o.office_number = $1";
    let sealed: Vec<Vec<u8>> =
        sqlx::query_scalar(sql).bind(&offices.sender.number).fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(sealed.len(), 2, "one for each office");
    assert_ne!(sealed[0][5..21], sealed[1][5..21], "under a key of its own");
    assert!(sealed.iter().all(|one| !one.windows(6).any(|bytes| bytes == &TEXT.as_bytes()[..6])));
}

#[tokio::test]
async fn r12_1_a_viewer_looks_and_acts_on_nothing_and_a_stranger_finds_nobody() {
    let world = world().await;
    let offices = world.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let href = person(&board(&sender).await);
    let viewer = world.exchange.member(&offices.sender, Role::OfficeViewer).await.signs_in(&offices.sender).await;
    let page = board(&viewer).await;
    assert!(page.contains(NAME) && !page.contains("実績を催促する"));
    let page = viewer.get(&href).await.done().text();
    assert!(page.contains(NAME) && !page.contains("連絡を書く"));
    for door in ["/month/compare", "/month/remind"] {
        viewer.post(door, &[]).await.problem_page(403, "H16");
    }
    let stranger = world.exchange.member(&offices.stranger, Role::OfficeStaff).await.signs_in(&offices.stranger).await;
    stranger.get(&href).await.problem_page(404, "H01");
    assert!(!board(&stranger).await.contains(NAME));
    // Equal people of two offices do not look alike.
    let (_, receiver) = staff(&offices).await;
    assert_ne!(person(&board(&receiver).await), href);
    receiver.get(&href).await.problem_page(404, "H01");
    for wrong in ["/month/people/1?month=202604", "/month/people/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee?month=x"] {
        sender.get(wrong).await.problem_page(404, "H01");
    }
}

#[tokio::test]
async fn r10_7_a_workbook_is_recorded_with_who_made_it() {
    let offices = world().await.offices().await;
    let (sender, _) = staff(&offices).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let before = recorded(Action::MonthExport).await;
    let book: Answer = sender.fill(MONTH, "/month/export", &[]).await.done();
    assert_eq!(book.headers["content-type"], "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    assert_eq!(book.headers["content-disposition"], "attachment; filename=\"month-202604.xlsx\"");
    assert!(recorded(Action::MonthExport).await > before);
}

#[tokio::test]
async fn a_set_of_before_there_was_an_index_is_in_it_once_somebody_opens_it() {
    let world = world().await;
    let offices = world.offices().await;
    let (sender, receiver) = staff(&offices).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let data = world.exchange.data();
    vault::execute(&data, "DELETE FROM person_set WHERE transmission_id = $1", &id).await;
    assert!(!board(&receiver).await.contains(NAME));
    let page = receiver.get(&format!("/sets/{id}")).await.done().text();
    assert!(page.contains("現在の版です"), "{page}");
    for browser in [&sender, &receiver] {
        assert!(board(browser).await.contains(NAME));
    }
}

#[tokio::test]
async fn r6_5_labels_follow_the_key_of_the_office() {
    let world = World::new().await;
    let offices = world.offices().await;
    let World { server, exchange } = world;
    let sender = exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let href = person(&board(&sender).await);
    let action = format!("{}/comment", href.split('?').next().unwrap());
    sender.fill(&href, &action, &[("text", "鍵を替える前の連絡")]).await.sent_on();
    let sealed = || async {
        let mut database = vault::database(&exchange.data()).await;
        let sql =
            "SELECT p.label_sealed FROM person p JOIN office o ON o.office_id = p.office_id WHERE o.office_number = $1";
        let sealed: Vec<u8> =
            sqlx::query_scalar(sql).bind(&offices.sender.number).fetch_one(&mut database).await.unwrap();
        database.close().await.unwrap();
        sealed[5..21].to_vec()
    };
    let before = sealed().await;
    let store = exchange.operator().await;
    let by = crate::world::officer("sato");
    store.rotate_office_key(offices.sender.number.parse().unwrap(), &by).await.unwrap();
    while let store::RotationStep::Worked(_) = store.rotation_step().await.unwrap() {}
    store.close().await;
    assert_ne!(sealed().await, before, "sealed anew under the new key");
    // The server learns of the new key within a minute; a fresh one at once.
    drop((sender, server));
    let server = exchange.start();
    let device = offices.sender.meets(&server);
    let sender = exchange.member(&device, Role::OfficeStaff).await.signs_in(&device).await;
    assert!(board(&sender).await.contains(NAME));
    assert!(sender.get(&href).await.done().text().contains("鍵を替える前の連絡"));
}

#[tokio::test]
async fn r11_2_what_the_index_says_of_a_person_goes_with_the_last_set_about_them() {
    let World { server, exchange } = World::new().await;
    let offices = exchange.offices(&server).await;
    let sender = exchange.member(&offices.sender, Role::OfficeStaff).await.signs_in(&offices.sender).await;
    let id = offices.sender.sends(&plan(&offices, 1)).await.accepted();
    let href = person(&board(&sender).await);
    let action = format!("{}/comment", href.split('?').next().unwrap());
    sender.fill(&href, &action, &[("text", "消える連絡")]).await.sent_on();
    offices.receiver.fetches(&id).await.done();
    offices.receiver.acknowledges(&id).await.done();
    let rows = || async {
        let mut database = vault::database(&exchange.data()).await;
        let sql = "SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM person_set) + (SELECT count(*) FROM month_comment)";
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap();
        database.close().await.unwrap();
        rows
    };
    assert_eq!(rows().await, 6);
    let place = exchange.folder();
    let two = ["--by", "kato", "--approved-by", "ito"];
    let rule = ["retention", "set", "sets", "--keep-days", "0", "--staff", "sato,suzuki"];
    done(place, &[&rule[..], &two].concat());
    let said = done(place, &["expire"]);
    assert!(said.contains("消去しました: 1件"), "{said}");
    assert_eq!(rows().await, 0);
    assert!(!board(&sender).await.contains(NAME));
}
