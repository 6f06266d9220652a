//! The log and its reviews over the wire: recorded before shown, shown to nobody else, and nothing where it cannot be
//! recorded (R10.1, R10.2, R10.7, R10.8).

use crate::browser::Browser;
use crate::device::Device;
use crate::people::Member;
use crate::vault;
use crate::world::World;
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, Entry};
use sqlx::Connection as _;
use std::sync::Arc;
use store::Clock;

#[derive(Debug)]
struct Ahead(SignedDuration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.0
    }
}

struct Desk {
    device: Device,
    member: Member,
    browser: Browser,
}

impl Desk {
    async fn of(world: &World, device: Device, role: Role) -> Self {
        let member = world.exchange.member(&device, role).await;
        let browser = member.signs_in(&device).await;
        Self { device, member, browser }
    }

    fn account(&self) -> &str {
        &self.member.account
    }
}

async fn pages_of(world: &World, account: &str) -> Vec<String> {
    let entries = vault::ledger(&world.exchange.data()).await;
    let own = entries.iter().map(Entry::to_bytes).map(|line| String::from_utf8(line).unwrap());
    own.filter(|line| line.contains("\"page.view\"") && line.contains(account)).collect()
}

#[tokio::test]
async fn r10_1_every_page_is_recorded_with_person_sign_in_time_device_office_and_object() {
    let world = World::new().await;
    let desk = Desk::of(&world, world.offices().await.sender, Role::OfficeAdministrator).await;
    desk.browser.get("/staff").await.done();
    desk.browser.get(&format!("/staff/{}/name", desk.account())).await.done();
    let seen = pages_of(&world, desk.account()).await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    for (line, page) in seen.iter().zip(["staff", "staff.id.name"]) {
        assert!(line.contains(&format!("\"page\":\"{page}\"")), "{line}");
        for part in ["\"login_at\":", "\"session\":", "\"device\":", "\"certificate\":", "\"source\":\"ip:127.0.0.1\""]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(line.contains(&format!("\"office\":\"{}\"", desk.device.number)), "{line}");
    }
    assert!(seen[1].contains(&format!("\"object\":\"{}\"", desk.account())), "{}", seen[1]);
}

#[tokio::test]
async fn r10_2_a_page_that_cannot_be_recorded_is_not_shown() {
    let world = World::new().await;
    let desk = Desk::of(&world, world.offices().await.sender, Role::OfficeAdministrator).await;
    let shown = desk.browser.get("/staff").await.done().text();
    assert!(shown.contains("職員"));
    let mut database = vault::database(&world.exchange.data()).await;
    let broken = world.exchange.sql(
        "CREATE TRIGGER broken BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION refuse('no')",
    );
    sqlx::query(broken).execute(&mut database).await.unwrap();
    for path in ["/", "/staff", "/account", "/devices", "/log", "/reviews"] {
        let answer = desk.browser.get(path).await;
        assert!(answer.status >= 500, "{path}: {}", answer.status);
        let text = answer.text();
        assert!(!text.contains("架空") && !text.contains(&desk.device.number), "nothing of the page: {text}");
    }
    let mended = world.exchange.sql("DROP TRIGGER broken", "DROP TRIGGER broken ON ledger");
    sqlx::query(mended).execute(&mut database).await.unwrap();
    desk.browser.get("/staff").await.done();

    let held = world.exchange.sql("BEGIN EXCLUSIVE", "BEGIN; SELECT turn FROM sequencer FOR UPDATE");
    sqlx::raw_sql(held).execute(&mut database).await.unwrap();
    let answer = desk.browser.get("/staff").await;
    answer.problem_page(503, "H10");
    assert!(!answer.text().contains("架空"));
    sqlx::query("ROLLBACK").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    desk.browser.get("/staff").await.done();
}

#[tokio::test]
async fn r10_7_an_office_finds_its_own_entries_and_exports_them_saying_what_for() {
    let world = World::new().await;
    let offices = world.offices().await;
    let other = Desk::of(&world, offices.receiver, Role::OfficeAdministrator).await;
    let desk = Desk::of(&world, offices.sender, Role::OfficeAdministrator).await;
    let page = desk.browser.get("/log").await.done().text();
    assert!(page.contains("架空") && page.contains("サインイン") && page.contains("画面を開いた"));
    assert!(!page.contains(other.account()) && !page.contains(&other.device.number));

    // By login, which stands in no address.
    let fields = [("who", desk.member.login.as_str()), ("action", "session.start")];
    let found = desk.browser.fill("/log", "/log", &fields).await.sent_on();
    assert!(!found.contains(&desk.member.login) && found.contains(desk.account()), "{found}");
    let page = desk.browser.get(&found).await.done().text();
    assert!(page.contains("サインイン") && !page.contains("<td class=\"deed\" data-label=\"何を\">画面を開いた"));
    // Whatever office is asked for, it is one's own.
    let of_other = desk.browser.get(&format!("/log?office={}", other.device.number)).await.done().text();
    assert!(!of_other.contains(other.account()));
    for (field, bad) in [("from", "きのう"), ("object", "a b"), ("office", "12"), ("action", "set.eat")] {
        assert_eq!(desk.browser.fill("/log", "/log", &[(field, bad)]).await.status, 422, "{field}");
    }

    desk.browser.fill("/log", "/log/export", &[("purpose", ""), ("kind", "csv")]).await.faulty("目的");
    let fields = [("purpose", "四月の運営指導のため"), ("kind", "csv")];
    let answer = desk.browser.fill("/log", "/log/export", &fields).await.done();
    assert!(answer.headers["content-disposition"].to_str().unwrap().ends_with(".csv\""));
    let csv = answer.text();
    assert!(csv.starts_with('\u{feff}') && csv.lines().count() > 5 && csv.contains(desk.account()));
    assert!(!csv.contains("架空") && !csv.contains(other.account()), "pseudonyms only, and one's own");
    let fields = [("purpose", "四月の運営指導のため"), ("kind", "jsonl")];
    let lines = desk.browser.fill("/log", "/log/export", &fields).await.done().text();
    let mut actions = Vec::new();
    for line in lines.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["entry"]["office"], desk.device.number.as_str());
        actions.push(value["entry"]["action"].as_str().unwrap().to_owned());
    }
    assert!(actions.iter().any(|action| action == Action::LedgerExport.id()), "the export before is in this one");
    assert!(actions.iter().any(|action| action == Action::LedgerRead.id()));
}

#[tokio::test]
async fn r10_8_a_review_is_prepared_judged_and_closed_on_its_pages() {
    let world = World::new().await;
    let desk = Desk::of(&world, Device::of_operator(&world).await, Role::Auditor).await;
    // A month later another process prepares what the server then shows.
    let later = world.exchange.operator_at(Arc::new(Ahead(SignedDuration::from_hours(24 * 31)))).await;
    assert!(later.open_reviews().await.unwrap() >= 1);
    later.close().await;

    let list = desk.browser.get("/operator/reviews").await.done().text();
    assert!(list.contains("点検中") && list.contains("未判断"), "{list}");
    let path = list.split("href=\"/operator/reviews/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/operator/reviews/{path}");
    let page = desk.browser.get(&path).await.done().text();
    assert!(page.contains("運営者の端末での作業") && page.contains("運営者の役割が増えた"));
    desk.browser
        .post(&format!("{path}/close"), &[("form_token", &token(&page))])
        .await
        .faulty("まだ判断していない所見");

    let findings: Vec<&str> = page.split("<article").skip(1).collect();
    let (own, others): (Vec<&str>, Vec<&str>) = findings.iter().partition(|finding| !finding.contains("<form"));
    assert_eq!(own.len(), 2, "that they became an auditor, and came in with a code from paper");
    for finding in &others {
        let id = finding.split("name=\"finding\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let judge = format!("{path}/judge");
        let fields = [("form_token", &*token(&page)), ("finding", id), ("verdict", "sound"), ("note", "")];
        desk.browser.post(&judge, &fields).await.faulty("理由");
        let fields = [("form_token", &*token(&page)), ("finding", id), ("verdict", "sound"), ("note", "日誌と合う")];
        assert_eq!(desk.browser.post(&judge, &fields).await.sent_on(), format!("{path}?done=judged"));
    }
    let page = desk.browser.get(&path).await.done().text();
    assert!(page.contains("あなた自身の操作についての所見が 2件") && page.contains("日誌と合う"), "{page}");
    desk.browser
        .post(&format!("{path}/close"), &[("form_token", &token(&page))])
        .await
        .faulty("まだ判断していない所見が 2 件");

    // An office's administrator has no door to it.
    let office = Desk::of(&world, world.offices().await.sender, Role::OfficeAdministrator).await;
    office.browser.get(&path).await.problem_page(403, "H16");
    let id = path.rsplit('/').next().unwrap();
    office.browser.get(&format!("/reviews/{id}")).await.problem_page(404, "H01");

    let second = Desk::of(&world, desk.device.second_client(), Role::Auditor).await;
    let page = second.browser.get(&path).await.done().text();
    for waiting in page.split("<article").skip(1).filter(|finding| finding.contains("未判断")) {
        let id = waiting.split("name=\"finding\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields =
            [("form_token", &*token(&page)), ("finding", id), ("verdict", "action"), ("note", "任命書を確かめた")];
        let judged = second.browser.post(&format!("{path}/judge"), &fields).await;
        assert_eq!(judged.sent_on(), format!("{path}?done=judged"));
    }
    let closed = second.browser.post(&format!("{path}/close"), &[("form_token", &token(&page))]).await;
    assert_eq!(closed.sent_on(), format!("{path}?done=closed"));
    assert!(second.browser.get("/operator/reviews").await.done().text().contains("点検済み"));
}

#[tokio::test]
async fn r10_8_overdue_reviews_and_a_doubtful_clock_stand_on_every_page() {
    let world = World::new().await;
    let desk = Desk::of(&world, Device::of_operator(&world).await, Role::Auditor).await;
    let page = desk.browser.get("/account").await.done().text();
    let doubtful = page.contains("確かめられていません") || page.contains("合っていません");
    assert!(doubtful || !page.contains("class=\"alarm"), "said only when it is so: {page}");
    let long_ago = Ahead(SignedDuration::from_hours(24 * 31));
    let later = world.exchange.operator_at(Arc::new(long_ago)).await;
    later.open_reviews().await.unwrap();
    later.close().await;
    // The days until it is due have passed.
    let mut database = vault::database(&world.exchange.data()).await;
    let unguarded = world
        .exchange
        .sql("DROP TRIGGER review_facts_are_never_changed", "DROP TRIGGER review_facts_are_never_changed ON review");
    sqlx::query(unguarded).execute(&mut database).await.unwrap();
    sqlx::query("UPDATE review SET due_at = '2020-01-01T00:00:00.000Z'").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    for path in ["/account", "/operator/reviews", "/operator/log"] {
        let page = desk.browser.get(path).await.done().text();
        assert!(
            page.contains("class=\"alarm\" role=\"status\">ログ点検") && page.contains("期限を過ぎています"),
            "{path}"
        );
    }
    let operator = Desk::of(&world, desk.device.second_client(), Role::OperatorAdministrator).await;
    operator.member.as_if_by_passkey(&world.exchange).await;
    let page = operator.browser.get("/operator/approvals").await.done().text();
    assert!(page.contains("監査担当に知らせてください"), "{page}");
    let clerk = Desk::of(&world, world.offices().await.sender, Role::OfficeStaff).await;
    assert!(!clerk.browser.get("/").await.done().text().contains("class=\"alarm"));
}

fn token(page: &str) -> String {
    page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}
