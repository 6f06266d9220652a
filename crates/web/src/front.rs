//! The first page: what has arrived and what was sent, without opening anything. A certificate alone does not sign a
//! person in (R7.6), so nothing about people can be reached from here.

use crate::app::App;
use crate::asker::Caller;
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use store::{Folder, State as SetState, Transmission};

/// Rows of each list on the first page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    office_name: String,
    office_number: String,
    received: Vec<Row>,
    sent: Vec<Row>,
}

struct Row {
    kind: &'static str,
    month: String,
    partner: String,
    accepted: String,
    state: &'static str,
}

pub(crate) async fn front(State(app): State<App>, caller: Caller) -> Result<Html<String>, Problem> {
    let received = app.store.newest(&caller.asker, Folder::Received, ROWS).await?;
    let sent = app.store.newest(&caller.asker, Folder::Sent, ROWS).await?;
    let office = &caller.asker.office;
    let page = Front {
        office_name: office.name.clone(),
        office_number: office.register.number.to_string(),
        received: received.iter().map(|set| row(set, Folder::Received)).collect(),
        sent: sent.iter().map(|set| row(set, Folder::Sent)).collect(),
    };
    page.render().map(Html).map_err(|_| store::Error::Impossible("front page").into())
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
        state: match (set.state(), folder) {
            (SetState::Waiting, Folder::Received) => "未受領",
            (SetState::Waiting, Folder::Sent) => "相手は未受領",
            (SetState::Collected, _) => "受領済み",
            (SetState::Acknowledged, _) => "受領確認済み",
            (SetState::Withdrawn, _) => "取下げ",
        },
    }
}
