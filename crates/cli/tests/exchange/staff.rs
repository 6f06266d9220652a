//! Staff, roles, recovery, devices and programs, as an office's people look after them (R8.1, R8.11–R8.13, R12.2–R12.4).

use crate::browser::{Browser, in_class};
use crate::device::Device;
use crate::people::{Member, SESSION, redeems};
use crate::world::{Offices, World, shared_world};
use http::Method;
use identity::role::Role;
use reqwest::multipart::{Form, Part};

async fn world() -> &'static World {
    shared_world!()
}

/// An office with two administrators, both signed in.
async fn two_administrators() -> (Offices, [Member; 2], [Browser; 2]) {
    let world = world().await;
    let offices = world.offices().await;
    let one = world.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let two = world.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let browsers = [one.signs_in(&offices.sender).await, two.signs_in(&offices.sender).await];
    (offices, [one, two], browsers)
}

/// The id in the first form or link of a page that ends like this, in the row that holds `text`.
fn id_in_row(page: &str, text: &str, base: &str) -> String {
    let row = page.split("<tr>").find(|row| row.contains(text)).unwrap_or_else(|| panic!("no {text} in {page}"));
    row.split(&format!("{base}/")).nth(1).unwrap().split('/').next().unwrap().to_owned()
}

async fn invites(browser: &Browser, login: &str, name: &str, kana: &str) -> String {
    let fields =
        [("name", name), ("kana", kana), ("born_on", "1990-04-01"), ("login", login), ("role", "office-staff")];
    assert_eq!(browser.fill("/staff/new", "/staff/new", &fields).await.sent_on(), "/staff/code");
    let code = in_class(&browser.get("/staff/code").await.done().text(), "secret");
    assert!(!browser.get("/staff/code").await.done().text().contains(&code), "shown once");
    code
}

/// Sets up with this code as far as it is asked; whether that is all.
async fn sets_up(browser: &Browser, login: &str, code: &str) {
    assert_eq!(redeems(browser, login, code).await.sent_on(), "/first");
    let password = "nt 雪解けの水が3本の沢になる";
    let fields = [("new_password", password), ("new_password_again", password)];
    assert_eq!(browser.fill("/first/password", "/first/password", &fields).await.sent_on(), "/first");
}

#[tokio::test]
async fn r12_3_a_role_counts_once_another_has_confirmed_it() {
    let (offices, _, [one, two]) = two_administrators().await;
    let code = invites(&one, "hatsu.mihon", "見本 初", "みほん はつ").await;
    let list = one.get("/staff").await.done().text();
    assert!(list.contains("見本 初") && list.contains("確認待ち: 事業所の職員") && list.contains("設定を待っています"));
    // Whoever asked does not confirm.
    let page = one.get("/grants").await.done().text();
    let id = id_in_row(&page, "見本 初", "/grants");
    let own = one.fill("/grants", &format!("/grants/{id}/confirm"), &[]).await;
    own.faulty("自分が申請したものは、自分では確認できません");
    let confirmed = two.fill("/grants", &format!("/grants/{id}/confirm"), &[]).await;
    assert_eq!(confirmed.sent_on(), "/grants?done=confirmed");
    assert!(!one.get("/staff").await.done().text().contains("確認待ち"));
    sets_up(&Browser::on(&offices.sender), "hatsu.mihon", &code).await;
}

#[tokio::test]
async fn r8_1_a_login_is_never_given_twice_and_a_person_has_one_account() {
    let (_, _, [one, _]) = two_administrators().await;
    invites(&one, "futari.mihon", "見本 二人", "みほん ふたり").await;
    let again = [
        ("name", "見本 別人"),
        ("kana", "みほん べつじん"),
        ("born_on", "1991-04-01"),
        ("login", "futari.mihon"),
        ("role", "office-staff"),
    ];
    one.fill("/staff/new", "/staff/new", &again).await.faulty("一度使ったIDは二度使えません");
    let same = [
        ("name", "見本 二人"),
        ("kana", "みほん　ふたり"),
        ("born_on", "1990-04-01"),
        ("login", "futari.betsu"),
        ("role", "office-staff"),
    ];
    one.fill("/staff/new", "/staff/new", &same).await.faulty("アカウントは、すでにあります");
    one.fill("/staff/new", "/staff/new", &[("role", "auditor")]).await.faulty("役割を選んでください");
}

#[tokio::test]
async fn r12_4_a_leaver_is_out_at_once() {
    let (offices, _, [one, _]) = two_administrators().await;
    let leaver = world().await.exchange.member(&offices.sender, Role::OfficeStaff).await;
    let browser = leaver.signs_in(&offices.sender).await;
    browser.get("/").await.done();
    let close = format!("/staff/{}/close", leaver.account);
    assert_eq!(one.fill(&close, &close, &[]).await.sent_on(), "/staff?done=closed");
    assert!(browser.get("/").await.sent_on().starts_with("/sign-in"));
    leaver.gives_password(&Browser::on(&offices.sender)).await.faulty("入れませんでした");
}

#[tokio::test]
async fn r12_2_people_of_another_office_do_not_exist() {
    let (offices, _, [one, _]) = two_administrators().await;
    let stranger = world().await.exchange.member(&offices.receiver, Role::OfficeStaff).await;
    let theirs = stranger.signs_in(&offices.receiver).await;
    one.get(&format!("/staff/{}/close", stranger.account)).await.problem_page(404, "H01");
    for verb in ["close", "suspend", "resume"] {
        one.fill("/account", "/account/codes", &[]).await.sent_on();
        let page = one.get("/staff/new").await.done().text();
        let token = crate::browser::hidden_fields(&page, "/staff/new")[0].1.clone();
        one.post(&format!("/staff/{}/{verb}", stranger.account), &[("form_token", &token)]).await.sent_on();
    }
    theirs.get("/").await.done();
    assert!(!one.get("/staff").await.done().text().contains(&stranger.login));
}

/// A case of recovery, with a file.
async fn opens_case(
    browser: &Browser,
    subject: &Member,
    by: &str,
    purpose: &str,
    file: &[u8],
) -> crate::answer::Answer {
    let page = browser.get("/recovery/new").await.done().text();
    let token = crate::browser::hidden_fields(&page, "/recovery/new")[0].1.clone();
    let text = |text: &str| text.to_owned();
    let mut form = Form::new()
        .text("form_token", token)
        .text("account", text(&subject.account))
        .text("purpose", text(purpose))
        .text("hours", text("4"))
        .text("verified_by", text(by))
        .text("method", text("in-person"));
    form = form.part("evidence", Part::bytes(file.to_vec()).file_name("scan.pdf"));
    let request = browser.request(Method::POST, "/recovery/new");
    let request = request.header("origin", &browser.url).header("sec-fetch-site", "same-origin").multipart(form);
    browser.send(request).await
}

const SCAN: &[u8] = b"%PDF-1.7 invented";

#[tokio::test]
async fn r8_11_nobody_gets_new_secrets_without_an_entry_and_evidence() {
    let (offices, [_, verifier], [one, two]) = two_administrators().await;
    let subject = world().await.exchange.member(&offices.sender, Role::OfficeStaff).await;
    let open = subject.signs_in(&offices.sender).await;
    opens_case(&one, &subject, &verifier.account, "password", b"").await.faulty("書類の写し");
    opens_case(&one, &subject, &verifier.account, "password", b"MZ no document").await.faulty("PDF、JPEG、PNG");
    opens_case(&one, &subject, "", "password", SCAN).await.faulty("本人確認をしたか");
    opens_case(&one, &subject, &subject.account, "password", SCAN).await.faulty("本人が行った");
    let opened = opens_case(&one, &subject, &verifier.account, "password", SCAN).await;
    assert_eq!(opened.sent_on(), "/recovery/code");
    let code = in_class(&one.get("/recovery/code").await.done().text(), "secret");
    assert!(open.get("/").await.sent_on().starts_with("/sign-in"), "sessions end with the case");
    opens_case(&one, &subject, &verifier.account, "password", SCAN).await.faulty("すでに一件");
    let register = two.get("/recovery").await.done().text();
    assert!(register.contains("対面で、顔写真のある証明書を確かめた") && register.contains("本人の登録待ち"));
    // Whoever holds the code without the person's login gets nowhere; the person sets the new password alone.
    redeems(&Browser::on(&offices.sender), &verifier.login, &code).await.faulty("コードが違うか");
    let browser = Browser::on(&offices.sender);
    sets_up(&browser, &subject.login, &code).await;
    assert_eq!(browser.get("/first").await.sent_on(), "/first/codes");
    let ended = browser.fill("/first/codes", "/first/done", &[]).await;
    assert_eq!(ended.sent_on(), "/sign-in?done=set-up");
    // The second factor is still the one it was.
    let browser = Browser::on(&offices.sender);
    let fields = [("login", &*subject.login), ("password", "nt 雪解けの水が3本の沢になる")];
    assert!(browser.fill("/sign-in", "/sign-in", &fields).await.sent_on().starts_with("/sign-in/second"));
    subject.gives_recovery_code(&browser).await.sent_on();
    browser.get("/").await.done();
    redeems(&Browser::on(&offices.sender), &subject.login, &code).await.faulty("コードが違うか");
}

#[tokio::test]
async fn r8_13_a_temporary_pass_opens_the_days_work_and_nothing_about_rights() {
    let (offices, [_, verifier], [one, _]) = two_administrators().await;
    let subject = world().await.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let opened = opens_case(&one, &subject, &verifier.account, "temporary", SCAN).await;
    // She gives rights to others: somebody who neither asked nor checked agrees.
    assert_eq!(opened.sent_on(), "/recovery?done=requested");
    let another = world().await.exchange.member(&offices.sender, Role::OfficeAdministrator).await;
    let another = another.signs_in(&offices.sender).await;
    let list = another.get("/recovery").await.done().text();
    let approve = list.split("action=\"").find(|action| action.contains("/approve\"")).unwrap();
    let approve = approve.split('"').next().unwrap();
    assert!(!one.get("/recovery").await.done().text().contains(approve), "not by who asked");
    assert_eq!(another.fill("/recovery", approve, &[]).await.sent_on(), "/recovery/code");
    let code = in_class(&another.get("/recovery/code").await.done().text(), "secret");
    let browser = Browser::on(&offices.sender);
    subject.gives_password(&browser).await.sent_on();
    let entered = browser.fill("/sign-in/second", "/sign-in/second/pass", &[("pass", &code)]).await;
    assert_eq!(entered.sent_on(), "/");
    browser.get("/").await.done();
    for closed in ["/account", "/staff", "/grants", "/software", "/devices"] {
        browser.get(closed).await.problem_page(403, "H16");
    }
    assert_eq!(browser.fill("/", "/sign-out", &[]).await.sent_on(), "/sign-in?done=out");
    assert_eq!(browser.cookie(SESSION), None);
}

/// The same device with another token.
fn with_token(device: &Device, token: &str) -> Device {
    let mut device = device.second_client();
    device.token = Some(token.to_owned());
    device
}

#[tokio::test]
async fn r8_2_a_key_for_a_program_is_shown_once_and_ends_when_it_is_stopped() {
    let (offices, _, [one, _]) = two_administrators().await;
    let page = one.get("/software/new").await.done().text();
    let device = page.split("<option value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let none = [("label", "見本のソフト"), ("device", &*device)];
    one.fill("/software/new", "/software/new", &none).await.faulty("できることを");
    let fields = [("label", "見本のソフト"), ("device", &*device), ("scope", "read")];
    assert_eq!(one.fill("/software/new", "/software/new", &fields).await.sent_on(), "/software/key");
    let token = in_class(&one.get("/software/key").await.done().text(), "secret");
    assert!(!one.get("/software/key").await.done().text().contains(&token), "shown once");
    let program = with_token(&offices.sender, &token);
    program.get("/api/v1/received").await.done();
    program.post("/api/v1/transmissions/x/withdraw").await.problem(403, "H18");
    with_token(&offices.receiver, &token).get("/api/v1/received").await.problem(401, "H17");
    // A program takes a new one by itself; the old one goes with the first use of it.
    let renewed = program.post("/api/v1/token").await.done().json()["token"].as_str().unwrap().to_owned();
    program.post("/api/v1/token").await.problem(409, "H19");
    with_token(&offices.sender, &renewed).get("/api/v1/received").await.done();
    program.get("/api/v1/received").await.problem(401, "H17");
    let list = one.get("/software").await.done().text();
    let row = list.split("<tr>").find(|row| row.contains("見本のソフト") && row.contains("/revoke")).unwrap();
    let id = row.split("/software/").nth(1).unwrap().split('/').next().unwrap();
    assert_eq!(one.fill("/software", &format!("/software/{id}/revoke"), &[]).await.sent_on(), "/software?done=revoked");
    with_token(&offices.sender, &renewed).get("/api/v1/received").await.problem(401, "H17");
}

#[tokio::test]
async fn r7_3_a_device_that_an_administrator_stops_is_out_at_once() {
    let (offices, _, [one, _]) = two_administrators().await;
    let world = world().await;
    let store = world.exchange.operator().await;
    let code = world.exchange.code(&store, &offices.sender.number).await;
    store.close().await;
    let second = Device::enrolled(&world.exchange, &world.server, &code).await;
    let page = one.get("/devices").await.done().text();
    let rows = page.split("<tr>").map(|row| row.split("</tr>").next().unwrap());
    let mut others = rows.filter(|row| row.contains("/revoke") && !row.contains("いま使っている端末"));
    let row = others.next().unwrap();
    let id = row.split("/devices/").nth(1).unwrap().split('/').next().unwrap();
    let revoke = format!("/devices/{id}/revoke");
    one.fill(&revoke, &revoke, &[]).await.faulty("理由を選んで");
    let reason = [("reason", "retired")];
    assert_eq!(one.fill(&revoke, &revoke, &reason).await.sent_on(), "/devices?done=revoked");
    second.get("/api/v1/received").await.problem(403, "H02");
    offices.sender.get("/api/v1/received").await.done();
    // One of another office does not exist.
    let theirs = world.exchange.operator().await;
    let devices = theirs.devices(offices.receiver.number.parse().unwrap()).await.unwrap();
    theirs.close().await;
    one.get(&format!("/devices/{}/revoke", devices[0].id)).await.problem_page(404, "H01");
}

/// Two of the operator's administrators, signed in.
async fn two_operators() -> (Device, [Browser; 2]) {
    let world = world().await;
    let device = Device::of_operator(world).await;
    let mut browsers = Vec::new();
    for _ in 0..2 {
        let member = world.exchange.member(&device, Role::OperatorAdministrator).await;
        let browser = member.signs_in(&device).await;
        // Without a passkey the role counts for nothing (R8.4).
        browser.get("/operator/offices").await.problem_page(403, "H16");
        assert!(browser.get("/account").await.done().text().contains("パスキーを追加し"));
        member.as_if_by_passkey(&world.exchange).await;
        browsers.push(browser);
    }
    let browsers = browsers.try_into().unwrap_or_else(|_| unreachable!("two"));
    (device, browsers)
}

#[tokio::test]
async fn r7_2_a_device_of_an_office_takes_two_of_the_operators_people() {
    let (_, [one, two]) = two_operators().await;
    let world = world().await;
    let number = world.exchange.fresh_number();
    let office = [("number", &*number), ("name", "架空の新しい事業所"), ("service_types", "43 46")];
    one.fill("/operator/offices/new", "/operator/offices/new", &[("number", "12")]).await.faulty("10桁");
    let added = one.fill("/operator/offices/new", "/operator/offices/new", &office).await;
    assert_eq!(added.sent_on(), "/operator/offices?done=added");
    one.fill("/operator/offices/new", "/operator/offices/new", &office).await.faulty("もう登録されています");
    assert!(two.get(&format!("/operator/offices?find={number}")).await.done().text().contains("架空の新しい事業所"));

    let label = format!("受付 {number}");
    let ask = [("office", &*number), ("label", &*label), ("evidence", "代表電話への折り返し")];
    let asked = one.fill("/operator/enrolments/new", "/operator/enrolments/new", &ask).await;
    assert_eq!(asked.sent_on(), "/operator/approvals?done=asked");
    let page = two.get("/operator/approvals").await.done().text();
    let id = id_in_row(&page, &label, "/operator/enrolments");
    assert!(one.get("/operator/approvals").await.done().text().contains("あなたの申請です"));
    let approve = format!("/operator/enrolments/{id}/approve");
    let token = crate::browser::hidden_fields(&one.get("/account").await.done().text(), "/account/codes")[0].1.clone();
    one.post(&approve, &[("form_token", &token)]).await.faulty("自分では承認できません");
    assert_eq!(two.fill("/operator/approvals", &approve, &[]).await.sent_on(), "/operator/enrolments/code");
    let code = in_class(&two.get("/operator/enrolments/code").await.done().text(), "secret");
    assert!(!two.get("/operator/enrolments/code").await.done().text().contains(&code), "shown once");
    let device = Device::enrolled(&world.exchange, &world.server, &code).await;
    assert_eq!((&device.number, device.token.is_none()), (&number, true));
    // A certificate for a browser opens no door for programs.
    device.get("/api/v1/received").await.problem(401, "H17");
}
