//! 届いたもの・送ったもの: what came, the newest first, and what becomes of it: seen, downloaded for the office's software,
//! answered. The lists open nothing.

mod answer;
mod download;
mod list;
pub(crate) mod news;
mod wording;

pub(crate) use answer::answer;
pub(crate) use download::{download, file};

use crate::api::download as attachment;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Field;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, told};
use crate::pages::month::Waiting;
use crate::pages::receipts::Late;
use crate::problem::Problem;
use askama::Template;
use axum::extract;
use axum::response::Response;
use identity::role::Deed;
use list::{Filter, Row};
use store::{Folder, Sought, Stage, TransmissionId};

/// Rows of what is new, and of what is still to be answered, on the first page.
const OPEN_ROWS: u32 = 40;
/// Rows of a list that goes on.
const ROWS: u32 = 40;
/// Sets that one button downloads or answers.
const SETS_MAX: usize = 200;

/// 届いたもの.
#[derive(Template)]
#[template(path = "received/front.html")]
struct Front {
    frame: Frame,
    waiting: Waiting,
    late: Late,
    news: store::News,
    /// Whether this person may collect and answer.
    acting: bool,
    new: Vec<Row>,
    /// Ids of all that one button takes, and how many.
    new_all: String,
    new_count: usize,
    /// Not all of them stand on the page.
    new_more: bool,
    unanswered: Vec<Row>,
    unanswered_more: bool,
    earlier: List,
}

/// 送ったもの, and whatever was looked for.
#[derive(Template)]
#[template(path = "received/sent.html")]
struct Sent {
    frame: Frame,
    late: Late,
    list: List,
}

#[derive(Template)]
#[template(path = "received/found.html")]
struct Found {
    frame: Frame,
    list: List,
}

/// A list with its filter and its way on.
#[derive(Template)]
#[template(path = "received/list.html")]
struct List {
    received: bool,
    base: &'static str,
    fields: Vec<Field>,
    /// Something in particular is looked for.
    narrowed: bool,
    /// What was typed fits so many offices that it narrows nothing.
    too_many: bool,
    rows: Vec<Row>,
    next: Option<String>,
    /// Not the first page.
    further: bool,
}

impl askama::filters::HtmlSafe for List {}

/// The lists; for whoever has no right to them, the first page they may see.
pub(crate) async fn front(
    extract::State(app): extract::State<App>,
    signed_in: SignedIn,
    asked: Asked,
) -> Result<Response, Problem> {
    let person = &signed_in.person;
    if !person.may(Deed::ListSets) {
        let elsewhere = match signed_in.home() {
            _ if person.must_change.is_some() => "/account/password",
            _ if !person.chosen => "/sign-in/office",
            home => home.ok_or_else(Problem::no_right)?,
        };
        return Ok(on_to(elsewhere));
    }
    let filter = Filter::read(&app, person.office.id, Folder::Received, &asked).await?;
    if filter.is_narrowed() || filter.before.is_some() {
        let list = List::of(&app, &signed_in, filter).await?;
        return show(&Found { frame: signed_in.frame("届いたもの"), list });
    }
    let news = app.store.news(person.office.id).await?;
    let at = |stage, rows| Sought { folder: Folder::Received, partners: None, kind: None, stage, before: None, rows };
    let new = app.store.look_through(&person.asker, &at(Stage::New, SETS_MAX as u32)).await?;
    let unanswered = app.store.look_through(&person.asker, &at(Stage::Unanswered, OPEN_ROWS + 1)).await?;
    let page = Front {
        waiting: Waiting::of(&app, &signed_in).await?,
        late: Late::received(&app, &signed_in).await?,
        news,
        acting: person.may(Deed::CollectSets),
        new_all: new.iter().map(|set| set.id.to_string()).collect::<Vec<_>>().join(","),
        new_count: new.len(),
        new_more: new.len() > OPEN_ROWS as usize,
        new: new.iter().take(OPEN_ROWS as usize).map(|set| Row::new(set, Folder::Received)).collect(),
        unanswered_more: unanswered.len() > OPEN_ROWS as usize,
        unanswered: unanswered.iter().take(OPEN_ROWS as usize).map(|set| Row::new(set, Folder::Received)).collect(),
        earlier: List::of(&app, &signed_in, filter).await?,
        frame: signed_in.frame("届いたもの").waiting(news.waiting).notice(asked.done(wording::DONE)),
    };
    Ok(told(show(&page)?))
}

pub(crate) async fn sent(
    extract::State(app): extract::State<App>,
    signed_in: SignedIn,
    asked: Asked,
) -> Result<Response, Problem> {
    let filter = Filter::read(&app, signed_in.person.office.id, Folder::Sent, &asked).await?;
    let late = if filter.is_narrowed() || filter.before.is_some() {
        Late::default()
    } else {
        Late::sent(&app, &signed_in).await?
    };
    let frame = signed_in.frame("送ったもの").notice(asked.done(wording::DONE));
    show(&Sent { frame, late, list: List::of(&app, &signed_in, filter).await? })
}

impl List {
    async fn of(app: &App, signed_in: &SignedIn, filter: Filter) -> Result<Self, Problem> {
        let mut sets = app.store.look_through(&signed_in.person.asker, &filter.sought(ROWS + 1)).await?;
        let more = sets.len() > ROWS as usize;
        sets.truncate(ROWS as usize);
        let next = sets.last().filter(|_| more).map(|last| filter.href(last.accepted_index));
        Ok(Self {
            received: filter.folder == Folder::Received,
            base: filter.base(),
            rows: sets.iter().map(|set| Row::new(set, filter.folder)).collect(),
            next,
            narrowed: filter.is_narrowed(),
            too_many: filter.too_many,
            further: filter.before.is_some(),
            fields: filter.fields(),
        })
    }
}

/// The sets a form names: those that are ticked, or all that the button stands for. In the order of the form, each once.
fn named(form: &Form) -> Vec<TransmissionId> {
    let all = form.text("which") == "all";
    let listed = form.text("all").split(',').filter(|_| all);
    let ticked = form.all("set").filter(|_| !all);
    let mut ids: Vec<TransmissionId> = listed.chain(ticked).filter_map(|id| id.parse().ok()).collect();
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    ids.truncate(SETS_MAX);
    ids
}
