//! Every door, tried by everybody: `docs/routes.md` is what came of it (R7.6, R8.2, R8.12, R12.1, R12.2).

use crate::answer::Answer;
use crate::browser::{Browser, hidden_fields};
use crate::device::Device;
use crate::people::{SESSION, redeems};
use crate::vault;
use crate::wire::{ask, config};
use crate::world::World;
use http::Method;
use identity::role::Role;
use identity::scope::{Scope, Scopes};
use rustls::crypto::aws_lc_rs::default_provider;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use web::Door;

/// Ids and numbers that are well formed and nobody's.
const NOBODYS: [(&str, &str); 3] =
    [("{id}", "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"), ("{number}", "0999999999"), ("{name}", "UPPLAN.CSV")];

/// These end the session that asks, which is then revived for the next door.
const ENDS: [&str; 2] = ["/sign-out", "/sign-in/second/leave"];

/// Somebody who tries every door.
struct Actor<'w> {
    title: &'static str,
    browser: Browser,
    /// A page on which this one's forms stand.
    forms: Option<&'static str>,
    token: Option<String>,
    world: &'w World,
}

impl<'w> Actor<'w> {
    fn new(world: &'w World, title: &'static str, browser: Browser, forms: Option<&'static str>) -> Self {
        Self { title, browser, forms, token: None, world }
    }

    fn program(world: &'w World, title: &'static str, device: &Device) -> Self {
        Self { title, browser: Browser::on(device), forms: None, token: device.token.clone(), world }
    }

    /// Knocks at a door with everything this one has, and tells in few words what came of it.
    async fn knocks(&self, door: &Door) -> String {
        let path = NOBODYS.iter().fold(door.path.to_owned(), |path, (open, nobodys)| path.replace(open, nobodys));
        let mut request = self.browser.request(door.method.clone(), &path);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if door.method == Method::POST {
            request = request.header("origin", &self.browser.url).header("sec-fetch-site", "same-origin");
            let form = match self.forms {
                Some(page) => form_token(&self.browser.get(page).await.done().text()),
                None => String::new(),
            };
            request = match path.as_str() {
                "/recovery/new" => request.multipart(reqwest::multipart::Form::new().text("form_token", form)),
                "/api/v1/transmissions" => request.multipart(reqwest::multipart::Form::new().text("nothing", "")),
                _ => request.form(&[("form_token", form)]),
            };
        }
        // Not by the browser, which would forget its session where it is ended.
        let answer = Answer::read(request.send().await.unwrap()).await;
        if ENDS.contains(&door.path) {
            let revive = "UPDATE session SET ended_at = NULL, ended_for = NULL WHERE level <> $1";
            vault::execute(&self.world.exchange.data(), revive, "nothing").await;
        }
        outcome(&answer)
    }
}

fn form_token(page: &str) -> String {
    let form = page.split("name=\"form_token\" value=\"").nth(1);
    form.map_or_else(String::new, |rest| rest.split('"').next().unwrap().to_owned())
}

/// `200`, `→ /sign-in`, `403 H16`.
fn outcome(answer: &Answer) -> String {
    match answer.status {
        303 => {
            let to = answer.headers["location"].to_str().unwrap();
            format!("→ {}", to.split('?').next().unwrap())
        }
        status @ (200 | 422) if answer.headers["content-type"] != "application/problem+json" => status.to_string(),
        status => {
            let text = String::from_utf8_lossy(&answer.body);
            let code = match text.split("この画面の番号: ").nth(1) {
                Some(rest) => rest[..3].to_owned(),
                None => answer.json()["code"].as_str().unwrap().to_owned(),
            };
            format!("{status} {code}")
        }
    }
}

/// A device on which a program has these scopes only.
async fn program(world: &World, number: &str, scope: Scope) -> Device {
    let store = world.exchange.operator().await;
    let code = world.exchange.code_with(&store, number, scope.id(), Scopes::of(&[scope])).await;
    store.close().await;
    Device::enrolled(&world.exchange, &world.server, &code).await
}

/// One column of the table.
async fn column(actor: &Actor<'_>, doors: &[Door]) -> Vec<String> {
    let mut column = Vec::with_capacity(doors.len());
    for door in doors {
        column.push(actor.knocks(door).await);
    }
    column
}

#[tokio::test]
async fn r8_2_r12_1_every_door_answers_everybody_as_the_table_says() {
    let world = World::new().await;
    let doors = web::doors();
    let offices = world.offices().await;
    let device = &offices.sender;
    let operator = Device::of_operator(&world).await;

    // Nobody: no handshake, so no door. One request stands for all, since nothing is read before.
    let nobody = Arc::new(config(default_provider(), world.exchange.authority(), None));
    let (answer, failure) = ask(&nobody, world.server.port(), b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(answer.is_empty() && failure.contains("CertificateRequired"), "{failure}");

    let mut actors = vec![
        Actor::new(&world, "revoked certificate", Browser::on(&offices.stranger), None),
        Actor::new(&world, "certificate", Browser::on(device), None),
    ];
    let staff = world.exchange.member(device, Role::OfficeStaff).await;
    let half = Browser::on(device);
    staff.gives_password(&half).await.sent_on();
    actors.push(Actor::new(&world, "password", half, Some("/sign-in/second")));
    let (login, _, code) = world.exchange.invited(&device.number, Role::OfficeStaff).await;
    let enrolling = Browser::on(device);
    redeems(&enrolling, &login, &code).await.sent_on();
    actors.push(Actor::new(&world, "one-time code", enrolling, Some("/first/password")));

    for role in Role::ALL {
        let at = if role.side() == identity::Side::Operator { &operator } else { device };
        let member = world.exchange.member(at, role).await;
        let browser = member.signs_in(at).await;
        member.as_if_by_passkey(&world.exchange).await;
        actors.push(Actor::new(&world, role.id(), browser, Some("/account")));
    }
    let elsewhere = staff.signs_in(device).await.moved_to(&offices.receiver);
    actors.push(Actor::new(&world, "another office", elsewhere, None));
    world.exchange.revoke(&offices.stranger).await;

    let mut people = Vec::new();
    for actor in &actors {
        people.push((actor.title, column(actor, &doors).await));
    }

    let programs: Vec<Door> = doors.iter().filter(|door| door.path.starts_with("/api/")).cloned().collect();
    let send = program(&world, &device.number, Scope::Send).await;
    let collect = program(&world, &device.number, Scope::Collect).await;
    let read = program(&world, &device.number, Scope::Read).await;
    let mut borrowed = Actor::program(&world, "another device's token", &offices.receiver);
    borrowed.token.clone_from(&device.token);
    let mut made_up = Actor::program(&world, "no such token", device);
    made_up.token = Some("fumibako_0000".to_owned());
    let mut columns = Vec::new();
    for actor in [
        Actor::program(&world, "send", &send),
        Actor::program(&world, "collect", &collect),
        Actor::program(&world, "read", &read),
        borrowed,
        made_up,
    ] {
        columns.push((actor.title, column(&actor, &programs).await));
    }
    // A program's token opens no page.
    let pages: Vec<Door> = doors.iter().filter(|door| !door.path.starts_with("/api/")).cloned().collect();
    let opened = column(&Actor::program(&world, "pages", device), &pages).await;
    let alone = people.iter().find(|(title, _)| *title == "certificate").unwrap();
    let alone: BTreeMap<_, _> =
        doors.iter().zip(&alone.1).map(|(door, cell)| ((door.method.to_string(), door.path), cell)).collect();
    for (door, cell) in pages.iter().zip(&opened) {
        assert_eq!(alone[&(door.method.to_string(), door.path)], cell, "{} {}", door.method, door.path);
    }

    deny_by_default(&doors, &people);
    every_page_is_recorded(&world, &doors).await;
    compare(&document(&doors, &people, &programs, &columns));
}

/// Asked for by pages that wait, not by somebody, and told is a number: the one door of a person that leaves no entry.
const NOT_RECORDED: &str = "/news";

/// A page that nobody's knocking left an entry of is one that is shown without record (R10.1).
async fn every_page_is_recorded(world: &World, doors: &[Door]) {
    let entries = vault::ledger(&world.exchange.data()).await;
    let recorded: String = entries.iter().map(|entry| String::from_utf8(entry.to_bytes()).unwrap() + "\n").collect();
    let of_people = |door: &&Door| door.method == Method::GET && door.needs.starts_with("two factors");
    for door in doors.iter().filter(of_people).filter(|door| door.path != NOT_RECORDED) {
        let name = match door.path {
            "/" => "front".to_owned(),
            path => path.trim_start_matches('/').replace('/', ".").replace(['{', '}'], ""),
        };
        assert!(recorded.contains(&format!("\"page\":\"{name}\"")), "{} left no entry", door.path);
    }
}

/// What must hold whatever the snapshot says.
fn deny_by_default(doors: &[Door], people: &[(&str, Vec<String>)]) {
    for (title, column) in people {
        for (door, cell) in doors.iter().zip(column) {
            let place = format!("{title}: {} {}: {cell}", door.method, door.path);
            let open = !cell.starts_with("→ /sign-in") && !cell.starts_with("→ /first") && !cell.starts_with('4');
            let needs_person = door.needs.starts_with("two factors");
            let less = ["revoked certificate", "certificate", "password", "one-time code", "another office"];
            if needs_person && less.contains(title) {
                assert!(!open && cell != "422", "{place}");
            }
            if door.needs.starts_with("token") {
                assert!(cell == "401 H17" || cell == "403 H02", "{place}");
            }
        }
    }
}

fn document(
    doors: &[Door],
    people: &[(&str, Vec<String>)],
    programs: &[Door],
    columns: &[(&str, Vec<String>)],
) -> String {
    let mut text = String::from(
        "# Doors\n\n\
         Every door of the exchange's listener, and what it answers to whom. Made by the test `routes` by knocking at each;\n\
         `FUMIBAKO_BLESS=1` writes it anew. Without a certificate of this exchange there is no connection and so no door.\n\n\
         `→` sends the browser on (303). 422 is a form that came back because it was empty, 404 that what the path names is\n\
         nobody's: both mean that the door itself was open. H02: device unknown. H14: no form of ours. H16: no right.\n\
         H17: no token. H18: a token without this scope.\n",
    );
    table(&mut text, "People", doors, people);
    table(&mut text, "Programs, by the scope of their token", programs, columns);
    text
}

fn table(text: &mut String, title: &str, doors: &[Door], columns: &[(&str, Vec<String>)]) {
    let titles: Vec<_> = columns.iter().map(|(title, _)| *title).collect();
    writeln!(text, "\n## {title}\n\n| door | needs | {} |", titles.join(" | ")).unwrap();
    writeln!(text, "|---|---|{}", "---|".repeat(columns.len())).unwrap();
    for (row, door) in doors.iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|(_, column)| column[row].as_str()).collect();
        writeln!(text, "| {} {} | {} | {} |", door.method, door.path, door.needs, cells.join(" | ")).unwrap();
    }
}

fn compare(made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.md");
    if std::env::var_os("FUMIBAKO_BLESS").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs: Vec<_> = made.lines().filter(|line| !kept.contains(line)).collect();
    assert!(
        kept == made,
        "docs/routes.md differs; look at it, then run with FUMIBAKO_BLESS=1:\n{}",
        differs.join("\n")
    );
}

#[tokio::test]
async fn r5_9_a_cookie_of_a_session_is_never_weaker_than_it_should_be() {
    let world = World::new().await;
    let device = world.offices().await.sender;
    let member = world.exchange.member(&device, Role::OfficeStaff).await;
    // `Browser` looks at the flags of every cookie that is set; here, that one was.
    let browser = member.signs_in(&device).await;
    let value = browser.cookie(SESSION).unwrap();
    assert!(value.len() >= 64, "random enough");
    let page = browser.get("/account").await.done();
    assert!(!page.text().contains(&value), "the cookie itself is on no page");
    assert!(!hidden_fields(&page.text(), "/sign-out").iter().any(|(_, field)| *field == value));
}
