//! 届いたもの・送ったもの: the first page after signing in. Opens nothing.

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::frame::{Frame, on_to, show};
use crate::pages::month::Waiting;
use crate::pages::receipts::Late;
use crate::pages::receipts::wording::{look, state};
use crate::problem::Problem;
use crate::wording::month;
use askama::Template;
use axum::extract;
use axum::response::Response;
use identity::role::Deed;
use store::{Folder, State, Transmission};

/// Rows of each list on the first page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "received/front.html")]
struct Front {
    frame: Frame,
    waiting: Waiting,
    late: Late,
    received: Vec<Row>,
    sent: Vec<Row>,
}

struct Row {
    id: String,
    /// Where the set is read; none where there is nothing more to read.
    href: Option<String>,
    kind: &'static str,
    month: String,
    partner: String,
    accepted: String,
    state: &'static str,
    look: &'static str,
}

/// The lists; for whoever has no right to them, the first page they may see.
pub(crate) async fn front(extract::State(app): extract::State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
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
        waiting: Waiting::of(&app, &signed_in).await?,
        late: Late::of(&app, &signed_in).await?,
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
        href: (set.withdrawn_at.is_none() && set.erased_at.is_none()).then(|| format!("/sets/{}", set.id)),
        kind: set.kind.label(),
        id: set.id.to_string(),
        month: set.service_month.map_or_else(String::new, |at| month(&at.to_string())),
        partner: format!("{name}（{number}）"),
        accepted: store::japanese_time(&set.accepted_at),
        look: if set.damaged_at.is_some() { "care" } else { look(set.state()) },
        state: match (set.state(), folder) {
            (_, Folder::Received) if set.damaged_at.is_some() => "壊れています。送信元に再送を頼んでください",
            (_, Folder::Sent) if set.damaged_at.is_some() => "壊れました。書き出し直して送ってください",
            (State::Waiting, Folder::Sent) => "相手は未受領",
            (at, _) => state(at),
        },
    }
}
