//! How people come in, what they reach with less than two factors, and how a session ends (R5.9, R7.4, R7.6, R8.2, R8.3,
//! R8.9, R8.12, R8.14).

use crate::answer::Answer;
use crate::browser::Browser;
use crate::device::{Device, certificate_request};
use crate::people::{Member, SESSION, app_shows, redeems};
use crate::vault;
use crate::world::{Offices, World, shared_world};
use http::Method;
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use sqlx::Connection as _;

async fn world() -> &'static World {
    shared_world!()
}

/// Offices of this test, and somebody who works at the first.
async fn somebody() -> (Offices, Member) {
    let world = world().await;
    let offices = world.offices().await;
    let member = world.exchange.member(&offices.sender, Role::OfficeStaff).await;
    (offices, member)
}

/// Pages that only somebody with two factors may see.
const INSIDE: [&str; 3] = ["/", "/account", "/account/password"];

#[tokio::test]
async fn r8_2_two_factors_open_the_first_page() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    assert_eq!(browser.get("/").await.sent_on(), "/sign-in");
    let half = member.gives_password(&browser).await;
    assert_eq!(half.sent_on(), "/sign-in/second?back=/");
    let shown = app_shows(&member.seed, 0);
    let full = browser.fill("/sign-in/second", "/sign-in/second", &[("code", &shown)]).await;
    assert_eq!(full.sent_on(), "/");
    let page = browser.get("/").await.done().text();
    assert!(page.contains(&offices.sender.number), "the office is always visible");
    assert!(page.contains("届いているデータはありません。"));
    assert!(!page.split("</title>").next().unwrap().contains("架空 "), "no name in a title");
}

#[tokio::test]
async fn r7_6_a_certificate_alone_reaches_no_list() {
    let (offices, _) = somebody().await;
    let browser = Browser::on(&offices.sender);
    for path in INSIDE {
        assert!(browser.get(path).await.sent_on().starts_with("/sign-in"), "{path}");
    }
    for path in ["/api/v1/received", "/api/v1/sent"] {
        browser.get(path).await.problem(401, "H17");
    }
}

#[tokio::test]
async fn r8_2_a_password_alone_reaches_only_the_second_step() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    member.gives_password(&browser).await.sent_on();
    for path in INSIDE {
        assert_eq!(browser.get(path).await.sent_on(), "/sign-in/second", "{path}");
    }
    assert_eq!(browser.get("/first/password").await.sent_on(), "/sign-in/second");
    browser.get("/api/v1/received").await.problem(401, "H17");
}

#[tokio::test]
async fn r8_3_a_password_is_not_its_own_second_factor() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    member.gives_password(&browser).await.sent_on();
    for (action, field) in [("/sign-in/second", "code"), ("/sign-in/second/recovery-code", "recovery_code")] {
        let answer = browser.fill("/sign-in/second", action, &[(field, &*member.password)]).await;
        answer.faulty("違うか");
    }
    assert_eq!(browser.get("/").await.sent_on(), "/sign-in/second");
}

#[tokio::test]
async fn r8_5_a_recovery_code_is_used_once() {
    let (offices, member) = somebody().await;
    let code = member.recovery_code();
    for attempt in 0..2 {
        let browser = Browser::on(&offices.sender);
        member.gives_password(&browser).await.sent_on();
        let fields = [("recovery_code", &*code)];
        let answer = browser.fill("/sign-in/second", "/sign-in/second/recovery-code", &fields).await;
        match attempt {
            0 => assert_eq!(answer.sent_on(), "/"),
            _ => answer.faulty("もう使われています"),
        }
    }
}

#[tokio::test]
async fn r8_9_a_wrong_password_and_an_unknown_login_look_the_same() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    let answer = async |login: &str| {
        let fields = [("login", login), ("password", "合っていないもの 12345")];
        let answer = browser.fill("/sign-in", "/sign-in", &fields).await;
        answer.faulty("入れませんでした");
        (answer.text().replace(login, "?"), answer.headers["content-length"].len())
    };
    assert_eq!(answer(&member.login).await, answer("nobody-at-all").await);
}

#[tokio::test]
async fn r7_4_a_colleague_of_another_office_is_refused_on_this_device() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.receiver);
    member.gives_password(&browser).await.faulty("入れませんでした");
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn r8_12_an_initial_code_opens_nothing_but_the_set_up() {
    let world = world().await;
    let device = world.offices().await.sender;
    let (login, _, code) = world.exchange.invited(&device.number, Role::OfficeStaff).await;
    let browser = Browser::on(&device);
    // It is no password.
    let fields = [("login", &*login), ("password", &*code)];
    browser.fill("/sign-in", "/sign-in", &fields).await.faulty("入れませんでした");
    assert_eq!(redeems(&browser, &login, &code).await.sent_on(), "/first");
    for path in INSIDE {
        assert_eq!(browser.get(path).await.sent_on(), "/first", "{path}");
    }
    assert_eq!(browser.get("/sign-in/second").await.sent_on(), "/first");
    browser.get("/api/v1/received").await.problem(401, "H17");
    // Set to itself, it is refused; used again, too.
    let fields = [("new_password", &*code), ("new_password_again", &*code)];
    assert_eq!(browser.fill("/first/password", "/first/password", &fields).await.status, 422);
    redeems(&Browser::on(&device), &login, &code).await.faulty("コードが違うか");
    // Nothing is finished before everything is done.
    assert_eq!(browser.fill("/first/codes", "/first/codes", &[]).await.sent_on(), "/first/codes");
    assert_eq!(browser.fill("/first/codes", "/first/done", &[]).await.sent_on(), "/first");
}

#[tokio::test]
async fn r8_6_weak_passwords_are_told_what_is_weak() {
    let world = world().await;
    let device = world.offices().await.sender;
    let (login, _, code) = world.exchange.invited(&device.number, Role::OfficeStaff).await;
    let browser = Browser::on(&device);
    redeems(&browser, &login, &code).await.sent_on();
    for (weak, said) in [("みじかい1", "15"), ("Kaigo2026Shien!", "")] {
        let fields = [("new_password", weak), ("new_password_again", weak)];
        let answer = browser.fill("/first/password", "/first/password", &fields).await;
        answer.faulty(said);
        assert!(!answer.text().contains(weak), "a password never comes back");
        assert!(answer.text().contains("href=\"#new_password\""), "the list leads to the field");
    }
    let fields = [("new_password", "wk 長い合言葉を二つ 4711"), ("new_password_again", "別の合言葉です 4712")];
    browser.fill("/first/password", "/first/password", &fields).await.faulty("同じではありません");
}

#[tokio::test]
async fn r8_14_a_session_is_bound_to_its_certificate() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    browser.get("/").await.done();
    let world = world().await;
    let store = world.exchange.operator().await;
    let code = world.exchange.code(&store, &offices.sender.number).await;
    store.close().await;
    let second = crate::device::Device::enrolled(&world.exchange, &world.server, &code).await;
    for elsewhere in [&offices.receiver, &second] {
        let stolen = browser.moved_to(elsewhere);
        assert!(stolen.get("/").await.sent_on().starts_with("/sign-in"));
    }
    browser.get("/").await.done();
}

#[tokio::test]
async fn r8_14_a_session_ends_at_sign_out() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let kept = browser.moved_to(&offices.sender);
    assert_eq!(browser.fill("/", "/sign-out", &[]).await.sent_on(), "/sign-in?done=out");
    assert_eq!(browser.cookie(SESSION), None);
    for path in INSIDE {
        assert!(kept.get(path).await.sent_on().starts_with("/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn r8_14_an_idle_session_is_over_and_one_comes_back_to_the_page() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let page = browser.get("/account/password").await.done().text();
    let long_ago = format!("{:.3}", Timestamp::now() - SignedDuration::from_mins(16));
    let mut database = vault::database(&world().await.exchange.data()).await;
    sqlx::query("UPDATE session SET seen_at = $1 WHERE account_id = $2")
        .bind(&long_ago)
        .bind(&member.account)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    // In the middle of a form: to sign-in, and afterwards back to the page of the form.
    let fields = crate::browser::hidden_fields(&page, "/account/password");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let away = browser.post("/account/password", &fields).await.sent_on();
    assert_eq!(away, "/sign-in?back=/account/password&over=1");
    assert!(browser.get(&away).await.done().text().contains("一度サインアウトしました"));
    let back = [("login", &*member.login), ("password", &*member.password)];
    let second = browser.fill(&away, "/sign-in", &back).await.sent_on();
    assert_eq!(second, "/sign-in/second?back=/account/password");
    let code = member.recovery_code();
    let fields = [("recovery_code", &*code)];
    let landed = browser.fill(&second, "/sign-in/second/recovery-code", &fields).await.sent_on();
    assert_eq!(landed, "/account/password");
}

#[tokio::test]
async fn signing_in_again_leaves_the_old_session_no_use() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    member.gives_password(&browser).await.sent_on();
    let half = browser.moved_to(&offices.sender);
    member.gives_recovery_code(&browser).await.sent_on();
    // The half-way token does not become a full one when its owner goes on.
    assert!(half.get("/").await.sent_on().starts_with("/sign-in"));
}

/// A form of ours, as it stands on its page, and what a request says about where it comes from.
async fn change_of_password(browser: &Browser, told: &[(&'static str, &str)], token: Option<&str>) -> Answer {
    let page = browser.get("/account/password").await.done().text();
    let mut fields = crate::browser::hidden_fields(&page, "/account/password");
    match token {
        Some(token) => fields.iter_mut().filter(|(name, _)| name == "form_token").for_each(|f| f.1 = token.to_owned()),
        None => fields.retain(|(name, _)| name != "form_token"),
    }
    let request = told.iter().fold(browser.request(Method::POST, "/account/password"), |request, (name, value)| {
        request.header(*name, *value)
    });
    browser.send(request.form(&fields)).await
}

#[tokio::test]
async fn forms_of_others_are_refused() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let page = browser.get("/account/password").await.done().text();
    let token = crate::browser::hidden_fields(&page, "/account/password")[0].1.clone();
    let ours = [("origin", &*browser.url), ("sec-fetch-site", "same-origin")];
    assert_eq!(change_of_password(&browser, &ours, Some(&token)).await.status, 422, "the form itself is read");
    change_of_password(&browser, &ours, None).await.problem_page(403, "H14");
    change_of_password(&browser, &ours, Some("")).await.problem_page(403, "H14");
    change_of_password(&browser, &ours, Some(&"0".repeat(64))).await.problem_page(403, "H14");
    let other = member.signs_in(&offices.sender).await;
    let page = other.get("/account/password").await.done().text();
    let of_other = crate::browser::hidden_fields(&page, "/account/password")[0].1.clone();
    change_of_password(&browser, &ours, Some(&of_other)).await.problem_page(403, "H14");
    for told in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &*browser.url), ("sec-fetch-site", "cross-site")],
        &[("origin", &*browser.url), ("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ] {
        change_of_password(&browser, told, Some(&token)).await.problem_page(403, "H14");
    }
}

#[tokio::test]
async fn signing_in_is_a_form_of_ours_too() {
    let (offices, member) = somebody().await;
    let browser = Browser::on(&offices.sender);
    let fields = [("login", &*member.login), ("password", &*member.password)];
    browser.post("/sign-in", &fields).await.problem_page(403, "H14");
    browser.get("/sign-in").await.done();
    browser.post("/sign-in", &fields).await.problem_page(403, "H14");
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let post = || {
        let request = browser.request(Method::POST, "/account/password");
        request.header("origin", &browser.url).header("sec-fetch-site", "same-origin")
    };
    let form = "application/x-www-form-urlencoded";
    browser.send(post().body("form_token=x")).await.problem_page(400, "H15");
    browser.send(post().header("content-type", "application/json").body("{}")).await.problem_page(400, "H15");
    browser.send(post().header("content-type", form).body("a".repeat(40 << 10))).await.problem_page(400, "H15");
    browser.send(post().header("content-type", form).body(vec![0xff; 100])).await.problem_page(403, "H14");
}

#[tokio::test]
async fn nobody_is_sent_out_of_the_exchange() {
    let (offices, member) = somebody().await;
    for back in ["//evil.example", "https://evil.example/", "/\\evil.example", "/sign-out", "javascript:alert(1)", "/x"]
    {
        let browser = Browser::on(&offices.sender);
        let address = format!("/sign-in?back={}", back.replace(':', "%3a").replace('\\', "%5c"));
        let fields = [("login", &*member.login), ("password", &*member.password), ("back", back)];
        let half = browser.fill(&address, "/sign-in", &fields).await.sent_on();
        assert_eq!(half, "/sign-in/second?back=/", "{back}");
    }
    let browser = Browser::on(&offices.sender);
    member.gives_password(&browser).await.sent_on();
    let code = member.recovery_code();
    let fields = [("recovery_code", &*code), ("back", "https://evil.example/")];
    let full = browser.fill("/sign-in/second", "/sign-in/second/recovery-code", &fields).await;
    assert_eq!(full.sent_on(), "/");
}

#[tokio::test]
async fn r12_1_another_method_does_not_get_around_a_right() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    for (name, value) in [("x-http-method-override", "DELETE"), ("x-method-override", "POST"), ("x-http-method", "PUT")]
    {
        let request = browser.request(Method::GET, "/sign-out").header(name, value);
        browser.send(request).await.problem_page(405, "H13");
    }
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = browser.send(browser.request(method.clone(), "/account")).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    browser.get("/").await.done();
    // Another spelling of a path is another path.
    for path in ["//account", "/account/", "/Account", "/%61ccount/../staff", "/account;/staff", "/staff/."] {
        let answer = browser.get(path).await;
        assert!(
            [403, 404].contains(&answer.status) || answer.status == 200 && path.contains(".."),
            "{path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn sending_a_form_twice_does_no_harm() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let twin = browser.moved_to(&offices.sender);
    let page = browser.get("/account").await.done().text();
    let fields = crate::browser::hidden_fields(&page, "/account/codes");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let (one, two) = tokio::join!(browser.post("/account/codes", &fields), twin.post("/account/codes", &fields));
    assert_eq!((one.sent_on(), two.sent_on()), ("/account/codes".to_owned(), "/account/codes".to_owned()));
    let shown = browser.get("/account/codes").await.done().text();
    assert_eq!(shown.matches("<ol class=\"codes\">").count(), 1);
    let again = twin.get("/account/codes").await.done().text();
    assert!(!again.contains("<ol class=\"codes\">"), "shown once");
}

#[tokio::test]
async fn r8_10_a_password_is_changed_only_with_the_present_one() {
    let (offices, member) = somebody().await;
    let browser = member.signs_in(&offices.sender).await;
    let elsewhere = member.signs_in(&offices.sender).await;
    let new = "vx 秋の夜長に虫の声が12種類も";
    let wrong = [("password", "ちがう"), ("new_password", new), ("new_password_again", new)];
    browser.fill("/account/password", "/account/password", &wrong).await.faulty("いまのパスワードが違います");
    let right = [("password", &*member.password), ("new_password", new), ("new_password_again", new)];
    let changed = browser.fill("/account/password", "/account/password", &right).await;
    assert_eq!(changed.sent_on(), "/account?done=password");
    assert!(browser.get("/account?done=password").await.done().text().contains("パスワードを変えました"));
    // Other sessions ended; the old token of this one too.
    assert!(elsewhere.get("/").await.sent_on().starts_with("/sign-in"));
}

#[tokio::test]
async fn r7_5_somebody_who_is_signed_in_renews_the_certificate_of_the_browser() {
    let (offices, member) = somebody().await;
    let world = world().await;
    let device = &offices.sender;
    let browser = member.signs_in(device).await;
    let page = browser.get("/renew").await.done().text();
    let token = page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (key, request) = certificate_request();
    // Somebody else's page cannot make this browser ask, and nonsense is no request.
    assert_eq!(browser.post("/renew", &[("certificate_request", &request)]).await.status, 403);
    assert_eq!(browser.post("/renew", &[("form_token", &token), ("certificate_request", "x")]).await.status, 400);
    let asked = [("form_token", token.as_str()), ("certificate_request", request.as_str())];
    let answer: web::EnrolAnswer = serde_json::from_slice(&browser.post("/renew", &asked).await.done().body).unwrap();
    assert_eq!(answer.office_number, device.number);
    // The present one stays until the next is used.
    assert!(browser.get("/account").await.done().text().contains("証明書を更新する"));
    let certificate = answer.certificate;
    let renewed = Device::of(device.number.clone(), certificate, key.serialize_pem(), &device.authority, &world.server);
    assert!(Browser::on(&renewed).get("/").await.sent_on().starts_with("/sign-in"));
    assert_eq!(browser.get("/account").await.status, 403);
    // A session does not move to another certificate, not even to the next of the same device.
    assert!(browser.moved_to(&renewed).get("/account").await.sent_on().starts_with("/sign-in"));
    // The key is certified once.
    let again = member.signs_in(&renewed).await;
    let page = again.get("/renew").await.done().text();
    let token = page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap();
    let asked = [("form_token", token), ("certificate_request", request.as_str())];
    assert_eq!(again.post("/renew", &asked).await.status, 400);
}
