use super::wording;
use crate::app::App;
use crate::guard::SignedIn;
use crate::problem::Problem;
use askama::Template;
use askama::filters::HtmlSafe;
use identity::role::Deed;
use store::{Folder, Overdue};

/// Rows of each side on the first page; the interface for programs lists more.
const ROWS: usize = 10;

/// 期限を過ぎたもの, above a list. Empty when there are none.
#[derive(Default, Template)]
#[template(path = "receipts/overdue.html")]
pub(crate) struct Late {
    ours: Vec<Row>,
    ours_more: usize,
    theirs: Vec<Row>,
    theirs_more: usize,
}

impl HtmlSafe for Late {}

struct Row {
    id: String,
    partner: String,
    kind: &'static str,
    what: &'static str,
    act: &'static str,
    days: u32,
}

impl Late {
    /// What this office lets others wait for.
    pub(crate) async fn received(app: &App, signed_in: &SignedIn) -> Result<Self, Problem> {
        let acting = signed_in.person.may(Deed::CollectSets);
        let ours = app.store.overdue(&signed_in.person.asker, Folder::Received).await?;
        Ok(Self {
            ours_more: ours.len().saturating_sub(ROWS),
            ours: ours.iter().take(ROWS).map(|late| Row::new(late, true, acting)).collect(),
            ..Self::default()
        })
    }

    /// What others let it wait for.
    pub(crate) async fn sent(app: &App, signed_in: &SignedIn) -> Result<Self, Problem> {
        let theirs = app.store.overdue(&signed_in.person.asker, Folder::Sent).await?;
        Ok(Self {
            theirs_more: theirs.len().saturating_sub(ROWS),
            theirs: theirs.iter().take(ROWS).map(|late| Row::new(late, false, false)).collect(),
            ..Self::default()
        })
    }
}

impl Row {
    fn new(late: &Overdue, received: bool, acting: bool) -> Self {
        let set = &late.set;
        let (number, name) = if received { (set.sender, &set.sender_name) } else { (set.receiver, &set.receiver_name) };
        let (what, act) = wording::late(set.state());
        Self {
            id: set.id.to_string(),
            partner: format!("{name}（{number}）"),
            kind: set.kind.label(),
            what,
            act: if acting { act } else { "記録を見る" },
            days: late.days,
        }
    }
}
