//! The document of the API, and answers where there is no door.

use crate::answer::{Answer, is_japanese};
use crate::world::{World, shared_world};
use http::Method;
use identity::role::Role;
use std::collections::BTreeSet;

async fn world() -> &'static World {
    shared_world!()
}

#[tokio::test]
async fn the_api_describes_itself_in_full() {
    let sender = world().await.offices().await.sender;
    let document = sender.get("/api/v1/openapi.json").await.done().json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut doors = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, door) in methods.as_object().unwrap() {
            assert!(door["responses"]["200"].is_object(), "{method} {path}");
            assert!(door["summary"].is_string() || door["description"].is_string(), "{method} {path}");
            doors.insert(format!("{method} {path}"));
        }
    }
    let expected = [
        "post /api/v1/transmissions",
        "get /api/v1/received",
        "get /api/v1/sent",
        "get /api/v1/transmissions/{id}",
        "get /api/v1/transmissions/{id}/files/{name}",
        "get /api/v1/transmissions/{id}/zip",
        "get /api/v1/transmissions/{id}/enclosures",
        "get /api/v1/transmissions/{id}/enclosures/{number}",
        "get /api/v1/news",
        "post /api/v1/transmissions/{id}/acknowledge",
        "post /api/v1/transmissions/{id}/withdraw",
        "post /api/v1/transmissions/{id}/import",
        "get /api/v1/transmissions/{id}/receipt",
        "get /api/v1/overdue",
        "get /api/v1/log-key",
        "get /api/v1/log/checkpoint",
        "post /api/v1/token",
        "post /api/v1/device/renew",
        "get /api/v1/notices",
    ];
    assert_eq!(doors, expected.into_iter().map(str::to_owned).collect());
    // Every door that is described is there.
    for door in doors {
        let (method, path) = door.split_once(' ').unwrap();
        let path = path.replace("{id}", "x").replace("{name}", "x").replace("{number}", "1");
        let method = method.to_uppercase().parse::<Method>().unwrap();
        let answer = Answer::read(sender.request(method, &path).send().await.unwrap()).await;
        assert!(answer.status == 200 || answer.json()["code"] != "H12", "{door}: {answer:?}");
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"#/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(&format!("/{reference}")).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn a_door_that_is_not_there_says_so() {
    let sender = world().await.offices().await.sender;
    for path in ["/api", "/api/v1/", "/api/v2/received", "/index.php", "/.env", "/api/v1/transmissions/x/y/z", "//"] {
        sender.get(path).await.problem(404, "H12");
    }
}

#[tokio::test]
async fn a_wrong_method_says_so() {
    let sender = world().await.offices().await.sender;
    for (method, path) in [
        (Method::GET, "/api/v1/transmissions"),
        (Method::DELETE, "/api/v1/received"),
        (Method::PUT, "/api/v1/transmissions/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee/acknowledge"),
        (Method::TRACE, "/"),
    ] {
        let answer = Answer::read(sender.request(method, path).send().await.unwrap()).await;
        answer.problem(405, "H13");
    }
}

#[tokio::test]
async fn asking_for_the_head_alone_collects_nothing() {
    let offices = world().await.offices().await;
    let set = crate::samples::schedule(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    let path = format!("/api/v1/transmissions/{id}/zip");
    let answer = Answer::read(offices.receiver.request(Method::HEAD, &path).send().await.unwrap()).await;
    assert!(answer.status == 405 && answer.body.is_empty(), "{answer:?}");
    // Nothing was handed out, so nothing may count as received.
    assert_eq!(offices.receiver.state(&id).await, "waiting");
}

#[tokio::test]
async fn the_first_page_lists_both_folders_and_escapes_what_it_shows() {
    let world = world().await;
    let offices = world.offices().await;
    let set = crate::samples::schedule(&offices.sender, &offices.receiver, 1);
    offices.sender.sends(&set).await.accepted();
    for device in [&offices.sender, &offices.receiver, &offices.stranger] {
        let viewer = world.exchange.member(device, Role::OfficeViewer).await;
        let browser = viewer.signs_in(device).await;
        let front = browser.get("/").await.done();
        assert_eq!(front.headers["content-type"], "text/html; charset=utf-8");
        let sent = browser.get("/sent").await.done().text();
        let front = String::from_utf8(front.body).unwrap();
        for page in [&front, &sent] {
            assert!(page.contains(&device.number) && is_japanese(page));
            // One script, which tells of what arrives; none in the page itself.
            let scripts: Vec<&str> = page.split("<script").skip(1).collect();
            assert!(scripts.iter().all(|script| script.starts_with(" src=\"/news.js\" defer></script>")), "{page}");
        }
        let partner = if device.number == offices.sender.number { &offices.receiver } else { &offices.sender };
        let shown = front.contains(&partner.number) || sent.contains(&partner.number);
        assert_eq!(shown, device.number != offices.stranger.number);
    }
    let style = offices.sender.get("/style.css").await.done();
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}
