//! 届いた知らせのメール: asked for, proven, sent once a day by one node, and never to who has left.

use crate::browser::Browser;
use crate::mailbox::{Mailbox, words};
use crate::samples::schedule;
use crate::server::Server;
use crate::vault;
use crate::world::{Exchange, Offices};
use identity::role::Role;
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, Outcome};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{ArrivalMail, Clock, MailFailure, MailText, Store};

const PATIENCE: Duration = Duration::from_secs(60);
const PAGE: &str = "/account/mail";
/// As if the day had gone by.
const DUE_NOW: &str = "UPDATE arrival_mail SET next_at = '2026-01-01T00:00:00.000Z' WHERE account_id = $1";

struct Desk {
    exchange: Exchange,
    server: Server,
    mailbox: Mailbox,
    offices: Offices,
}

impl Desk {
    async fn new(exchange: Exchange) -> Self {
        let mailbox = Mailbox::open();
        let config = fs::read_to_string(exchange.config()).unwrap();
        let mail = format!(
            "[log]\nmail = {{ server = \"127.0.0.1\", port = {}, tls = \"none\", from = \"exchange@example.jp\", to = \"audit@example.jp\" }}",
            mailbox.port
        );
        fs::write(exchange.config(), format!("{config}\n{mail}\n")).unwrap();
        let server = exchange.start();
        let offices = exchange.offices(&server).await;
        Self { exchange, server, mailbox, offices }
    }

    async fn mail(&self, address: &str, nth: usize) -> String {
        let since = Instant::now();
        loop {
            if let Some(mail) = self.mailbox.to(address).get(nth) {
                return mail.clone();
            }
            assert!(since.elapsed() < PATIENCE, "no mail {nth}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Somebody who has asked for mails to an address and proved that it is theirs.
    async fn told(&self, browser: &Browser, address: &str) {
        let asked = browser.fill(PAGE, PAGE, &[("address", address), ("hour", "8")]).await;
        assert_eq!(asked.sent_on(), "/account/mail?done=asked");
        let code = code_in(&self.mail(address, 0).await);
        let confirmed = browser.fill(PAGE, "/account/mail/confirm", &[("code", &code)]).await;
        assert_eq!(confirmed.sent_on(), "/account/mail?done=on");
    }
}

fn code_in(mail: &str) -> String {
    let said = words(mail);
    let code = said.lines().find(|line| line.split('-').count() == 4).unwrap_or_else(|| panic!("{said}"));
    code.to_owned()
}

async fn due(store: &Store) -> Vec<ArrivalMail> {
    store.mail_due().await.unwrap()
}

#[tokio::test]
async fn a_person_proves_an_address_and_is_told_how_many_wait_and_nothing_else() {
    let desk = Desk::new(Exchange::create(|_| {}).await).await;
    let (sender, receiver, data) = (&desk.offices.sender, &desk.offices.receiver, desk.exchange.data());
    let member = desk.exchange.member(receiver, Role::OfficeStaff).await;
    let browser = member.signs_in(receiver).await;
    let address = "hanako.mihon@example.jp";
    for bad in ["", "hanako", "a@b", "a@example.jp\r\nBcc: b@example.jp", "あ@example.jp"] {
        browser.fill(PAGE, PAGE, &[("address", bad), ("hour", "8")]).await.faulty("メールアドレスとして使えません");
    }
    browser.fill(PAGE, PAGE, &[("address", address), ("hour", "3")]).await.faulty("時刻を一覧から");
    let asked = browser.fill(PAGE, PAGE, &[("address", address), ("hour", "8")]).await;
    assert_eq!(asked.sent_on(), "/account/mail?done=asked");

    let first = desk.mail(address, 0).await;
    let code = code_in(&first);
    // Nothing goes to an address that nobody has proved.
    desk.offices.sender.sends(&schedule(sender, receiver, 1)).await.accepted();
    sender.sends(&schedule(sender, receiver, 2)).await.accepted();
    let confirm = "/account/mail/confirm";
    for wrong in ["0000-0000-0000-0000", "x", ""] {
        browser.fill(PAGE, confirm, &[("code", wrong)]).await.faulty("コードが違います");
    }
    assert_eq!(browser.fill(PAGE, confirm, &[("code", &code.to_lowercase())]).await.sent_on(), "/account/mail?done=on");
    let page = browser.get(PAGE).await.done().text();
    assert!(page.contains("お知らせしています") && page.contains(address), "{page}");

    assert_eq!(vault::execute(&data, DUE_NOW, &member.account).await, 1);
    let second = desk.mail(address, 1).await;
    let said = words(&second);
    assert!(said.contains("2件") && said.contains(&desk.server.exchange_url), "{said}");
    let said = said.replace(&desk.server.exchange_url, "");
    for about in [&*sender.number, &receiver.number, "架空", "202"] {
        assert!(!said.contains(about), "{about}: {said}");
    }
    let subject = |mail: &str| mail.lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned();
    assert_eq!(subject(&first), subject(&second), "the subject tells nothing");
    assert!(second.contains("Auto-Submitted: auto-generated"));

    // What the mail server refuses for good stands on the page, and is not tried again today.
    desk.mailbox.refuse(true);
    vault::execute(&data, DUE_NOW, &member.account).await;
    let since = Instant::now();
    while !browser.get(PAGE).await.done().text().contains("このアドレスを断りました") {
        assert!(since.elapsed() < PATIENCE, "the page says nothing");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(browser.fill(PAGE, "/account/mail/end", &[]).await.sent_on(), "/account/mail?done=off");
    assert!(browser.get(PAGE).await.done().text().contains("申し込む"));
    let kept = "SELECT count(*) FROM arrival_mail WHERE address_sealed IS NOT NULL";
    assert_eq!(vault::number(&data, kept).await, 0, "the address is gone");

    let log = desk.server.log.clone();
    let (status, said) = desk.server.stop().await;
    assert!(status.success());
    let entries = vault::ledger(&data).await;
    let told = |action: Action, ok: bool| {
        let of = |entry: &&ledger::Entry| {
            entry.fields().action == action && matches!(entry.fields().outcome, Outcome::Ok) == ok
        };
        entries.iter().filter(of).count()
    };
    let counts =
        [Action::MailAsk, Action::MailConfirm, Action::MailSend, Action::MailEnd].map(|action| told(action, true));
    assert_eq!(counts, [1, 1, 2, 1]);
    assert_eq!((told(Action::MailConfirm, false), told(Action::MailSend, false)), (3, 1));
    let logged = format!("{said}{}", fs::read_to_string(log).unwrap_or_default());
    let written = entries.iter().map(|entry| format!("{entry:?}")).collect::<String>();
    assert!(!logged.contains("hanako") && !written.contains("hanako"), "the address is in no log");
}

#[tokio::test]
async fn tries_and_addresses_are_bounded_and_a_code_has_its_time() {
    let desk = Desk::new(Exchange::create(|_| {}).await).await;
    let receiver = &desk.offices.receiver;
    let member = desk.exchange.member(receiver, Role::OfficeStaff).await;
    let browser = member.signs_in(receiver).await;
    let ask = async |address: &str| browser.fill(PAGE, PAGE, &[("address", address), ("hour", "8")]).await;
    let end = async || browser.fill(PAGE, "/account/mail/end", &[]).await.sent_on();
    let confirm = async |code: &str| browser.fill(PAGE, "/account/mail/confirm", &[("code", code)]).await;

    ask("a@example.jp").await.sent_on();
    let code = code_in(&desk.mail("a@example.jp", 0).await);
    for _ in 0..4 {
        confirm("0000-0000-0000-0000").await.faulty("コードが違います");
    }
    confirm("0000-0000-0000-0000").await.faulty("このコードは使えません");
    confirm(&code).await.faulty("このコードは使えません");
    end().await;

    ask("b@example.jp").await.sent_on();
    let code = code_in(&desk.mail("b@example.jp", 0).await);
    let over = "UPDATE arrival_mail SET code_until = '2026-01-01T00:00:00.000Z' WHERE account_id = $1";
    vault::execute(&desk.exchange.data(), over, &member.account).await;
    confirm(&code).await.faulty("このコードは使えません");
    end().await;

    for address in ["c@example.jp", "d@example.jp", "e@example.jp"] {
        assert_eq!(ask(address).await.sent_on(), "/account/mail?done=asked");
        end().await;
    }
    ask("f@example.jp").await.faulty("一日に5回まで");
    assert!(desk.mailbox.to("f@example.jp").is_empty());
    desk.server.stop().await;
}

#[tokio::test]
async fn where_no_mail_goes_out_the_page_says_so() {
    let exchange = Exchange::create(|_| {}).await;
    let server = exchange.start();
    let offices = exchange.offices(&server).await;
    let browser = exchange.member(&offices.receiver, Role::OfficeStaff).await.signs_in(&offices.receiver).await;
    let page = browser.get(PAGE).await.done().text();
    assert!(page.contains("メールを送る設定がありません") && !page.contains("name=\"address\""), "{page}");
    server.stop().await;
}

/// A clock that says what it is told.
#[derive(Debug)]
struct Handed(Mutex<Timestamp>);

impl Clock for Handed {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Handed {
    /// So many days after today, at so many minutes past eight in Japan.
    fn set(&self, days: i64, minutes: i64) {
        let japan = TimeZone::fixed(offset(9));
        let eight = Timestamp::now().to_zoned(japan.clone()).date().at(8, 0, 0, 0).to_zoned(japan).unwrap().timestamp();
        *self.0.lock().unwrap() = eight + SignedDuration::from_hours(24 * days) + SignedDuration::from_mins(minutes);
    }
}

/// The whole of many days, by a clock that is handed in; two nodes look at the same time.
async fn days_go_by(exchange: Exchange) {
    let Desk { exchange, server, mailbox, .. } = {
        let desk = Desk::new(exchange).await;
        let (sender, receiver, stranger) = (&desk.offices.sender, &desk.offices.receiver, &desk.offices.stranger);
        let member = desk.exchange.member(receiver, Role::OfficeStaff).await;
        desk.told(&member.signs_in(receiver).await, "member@example.jp").await;
        let other = desk.exchange.member(stranger, Role::OfficeAdministrator).await;
        desk.told(&other.signs_in(stranger).await, "other@example.jp").await;
        for second in 1..=3 {
            sender.sends(&schedule(sender, receiver, second)).await.accepted();
        }
        desk
    };
    assert!(server.stop().await.0.success());
    assert_eq!(mailbox.to("member@example.jp").len(), 1, "the code, and nothing before its hour");
    let data = exchange.data();
    let clock = Arc::new(Handed(Mutex::new(Timestamp::now())));
    let one = exchange.operator_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let two = exchange.operator_at(Arc::clone(&clock) as Arc<dyn Clock>).await;

    // Nothing waits for the other, who gets none.
    clock.set(1, 0);
    let (of_one, of_two) = tokio::join!(due(&one), due(&two));
    let claimed = [of_one, of_two].concat();
    assert_eq!(claimed.len(), 1, "two nodes, one mail");
    assert!(matches!(claimed[0].text, MailText::Waiting(3)) && claimed[0].address.reveal() == "member@example.jp");
    // Its node stops before it has said what became of it: after a while another sends it.
    clock.set(1, 4);
    assert!(due(&two).await.is_empty());
    clock.set(1, 6);
    let again = due(&two).await;
    two.mail_answered(&again[0], Err(MailFailure::Server)).await.unwrap();
    clock.set(1, 15);
    assert!(due(&one).await.is_empty());
    clock.set(1, 17);
    let again = due(&one).await;
    one.mail_answered(&again[0], Ok(())).await.unwrap();
    clock.set(1, 23 * 60);
    assert!(due(&one).await.is_empty(), "one a day");
    clock.set(2, 0);
    let refused = due(&one).await;
    one.mail_answered(&refused[0], Err(MailFailure::Address)).await.unwrap();
    clock.set(2, 60);
    assert!(due(&one).await.is_empty(), "a refused address is not tried again on the day");

    // Whoever cannot sign in is not told.
    clock.set(3, 0);
    let state = async |sql: &'static str| vault::execute(&data, sql, "").await;
    assert!(state("UPDATE account SET state = 'suspended' WHERE state = 'active' AND account_id <> $1").await >= 2);
    assert!(due(&one).await.is_empty());
    assert!(state("UPDATE account SET state = 'active' WHERE state = 'suspended' AND account_id <> $1").await >= 2);
    let sent = due(&one).await;
    one.mail_answered(&sent[0], Ok(())).await.unwrap();

    // A mail server that does not answer is asked six times on a day, then once a day, then no more.
    let mut tried = Vec::new();
    for day in 4..30 {
        let mut times = 0;
        for minutes in (0..180).step_by(10) {
            clock.set(day, minutes);
            for mail in due(&two).await {
                two.mail_answered(&mail, Err(MailFailure::Server)).await.unwrap();
                times += 1;
            }
        }
        tried.push(times);
    }
    assert_eq!((tried[0], tried[1], tried.iter().sum::<i32>(), tried.last()), (6, 1, 20, Some(&0)), "{tried:?}");

    // An address that opens no more keeps nobody from theirs, and is not looked at all the time.
    clock.set(31, 0);
    let changed = "
        UPDATE arrival_mail SET next_at = '2026-01-01T00:00:00.000Z',
               address_sealed = (SELECT login_sealed FROM account a WHERE a.account_id = arrival_mail.account_id)
         WHERE account_id <> $1";
    assert_eq!(state(changed).await, 2);
    assert!(due(&one).await.is_empty());
    let due_still = "SELECT count(*) FROM arrival_mail WHERE next_at < '2026-01-02'";
    assert_eq!(vault::number(&data, due_still).await, 0);

    // Their rights are over: the addresses go.
    clock.set(800, 0);
    one.keep_up().await.unwrap();
    assert_eq!(vault::number(&data, "SELECT count(*) FROM arrival_mail").await, 0);
    one.close().await;
    two.close().await;
    let ended = vault::ledger(&data).await;
    assert_eq!(ended.iter().filter(|entry| entry.fields().action == Action::MailEnd).count(), 2);
}

#[tokio::test]
async fn one_mail_a_day_from_one_node_within_bounds() {
    days_go_by(Exchange::create(|_| {}).await).await;
}

#[tokio::test]
async fn one_mail_a_day_from_one_node_within_bounds_on_postgresql() {
    days_go_by(Exchange::create_on(&test_postgres::database().unwrap()).await).await;
}
