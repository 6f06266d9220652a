//! 届いたもの・送ったもの: the first page after signing in. Opens nothing.

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::frame::{Frame, on_to, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use identity::role::Deed;
use store::{Folder, State as SetState, Transmission};

/// Rows of each list on the first page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "received/front.html")]
struct Front {
    frame: Frame,
    received: Vec<Row>,
    sent: Vec<Row>,
}

struct Row {
    kind: &'static str,
    month: String,
    partner: String,
    accepted: String,
    state: &'static str,
    waits: bool,
}

/// The lists; for whoever has no right to them, the first page they may see.
pub(crate) async fn front(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let person = &signed_in.person;
    if !person.may(Deed::ListSets) {
        let elsewhere = match signed_in.home() {
            _ if person.must_change.is_some() => "/account/password",
            _ if !person.chosen => "/sign-in/office",
            home => home.ok_or_else(Problem::no_right)?,
        };
        return Ok(on_to(elsewhere));
    }
    let received = app.store.newest(&person.asker, Folder::Received, ROWS).await?;
    let sent = app.store.newest(&person.asker, Folder::Sent, ROWS).await?;
    show(&Front {
        frame: signed_in.frame("届いたもの・送ったもの"),
        received: received.iter().map(|set| row(set, Folder::Received)).collect(),
        sent: sent.iter().map(|set| row(set, Folder::Sent)).collect(),
    })
}

fn row(set: &Transmission, folder: Folder) -> Row {
    let (number, name) = match folder {
        Folder::Received => (set.sender, &set.sender_name),
        Folder::Sent => (set.receiver, &set.receiver_name),
    };
    Row {
        kind: set.kind.label(),
        month: set
            .service_month
            .map(|month| month.to_string())
            .map_or_else(String::new, |month| format!("{}年{}月分", &month[..4], month[4..].trim_start_matches('0'))),
        partner: format!("{name}（{number}）"),
        accepted: store::japanese_time(&set.accepted_at),
        waits: set.state() == SetState::Waiting,
        state: match (set.state(), folder) {
            (SetState::Waiting, Folder::Received) => "未受領",
            (SetState::Waiting, Folder::Sent) => "相手は未受領",
            (SetState::Collected, _) => "受領済み",
            (SetState::Acknowledged, _) => "受領確認済み",
            (SetState::Withdrawn, _) => "取下げ",
            (SetState::Erased, _) => "消去済み",
        },
    }
}
