//! 今月: partners × people of a service month, 予実突合 of one person, and what is done about what is missing or differs.
//!
//! Nobody's name or number stands in an address: people are named by a keyed index of the office's own, and what is looked
//! for comes by form.

mod board;
mod calendar;
mod export;
mod person;
mod query;
mod waiting;
mod wording;

pub(crate) use waiting::Waiting;

use crate::api::download;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use board::BoardPage;
use http::{HeaderValue, header};
use identity::role::Deed;
use person::{Opened, PersonPage};
use query::Query;
use standard::value::Private;
use standard::{OfficeNumber, ServiceMonth};
use std::collections::BTreeMap;
use store::{Answer, BoardLine, BoardPerson, CommentMade, Kept, PersonId, Reading, Reminded, TransmissionId};

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let query = query_of(&app, |name| asked.get(name).to_owned());
    let board = app.store.board(&signed_in.person, &query.asked(Some(query.page))).await?;
    let notice = asked.done(wording::DONE);
    show(&BoardPage::new(&signed_in, &query, board, app.store.now(), notice))
}

/// What is looked for by name or number comes by form and is answered at once; everything else may stand in an address.
pub(crate) async fn seek(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let query = query_of(&app, |name| form.text(name).to_owned());
    if query.search.is_empty() {
        return Ok(on_to(&query.href()));
    }
    app.store.record_board(&signed_in.person, None).await?;
    let board = app.store.board(&signed_in.person, &query.asked(Some(query.page))).await?;
    show(&BoardPage::new(&signed_in, &query, board, app.store.now(), None))
}

/// 突合: of everything in the month, or with one partner, that has not been compared yet.
pub(crate) async fn compare(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let query = query_of(&app, |name| form.text(name).to_owned());
    let compared = app.store.compare_month(&signed_in.person, query.month, query.partner).await?;
    let done = match compared {
        compared if compared.damaged > 0 => "compared-damaged",
        compared if compared.left > 0 => "compared-more",
        compared if compared.done == 0 => "compared-none",
        _ => "compared",
    };
    Ok(on_to(&query.with_done(done)))
}

/// 催促.
pub(crate) async fn remind(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let query = query_of(&app, |name| form.text(name).to_owned());
    let to: OfficeNumber = form.text("to").parse().map_err(|_| Problem::broken_form())?;
    let done = match app.store.remind(&signed_in.person, query.month, to).await? {
        Reminded::Done => "reminded",
        Reminded::Already => "reminded-already",
        Reminded::NothingMissing => "nothing-missing",
    };
    Ok(on_to(&query.with_done(done)))
}

/// Excel: what is asked for, on all pages.
pub(crate) async fn export(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let query = query_of(&app, |name| form.text(name).to_owned());
    let board = app.store.board(&signed_in.person, &query.asked(None)).await?;
    app.store.record_board(&signed_in.person, Some(board.people.len() as u64)).await?;
    let month = query.month;
    let book = tokio::task::spawn_blocking(move || export::workbook(month, &board)).await?;
    let book = book.map_err(|_| store::Error::Impossible("workbook"))?;
    Ok(download(KIND, &format!("month-{month}.xlsx"), book))
}

/// 予実突合 of one person: a calendar for each partner.
pub(crate) async fn person(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let month = asked.get("month").parse().map_err(|_| Problem::not_found())?;
    let (id, of) = find(&app, &signed_in, &id, month).await?;
    let reading = if asked.has("print") { Reading::Print } else { Reading::View };
    let notice = asked.done(wording::DONE);
    let page = made(&app, &signed_in, (id, month), of, reading).await?;
    show(&page.notice(notice))
}

/// 了承: of one difference, or taking that back.
pub(crate) async fn accept(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let (month, partner) = place(&form)?;
    let (id, of) = find(&app, &signed_in, &id, month).await?;
    let line = of.lines.iter().find(|line| line.partner == partner).ok_or_else(Problem::not_found)?;
    // What was looked at must still be what counts: otherwise it is to be looked at again.
    if form.text("sets") != sets_text(line) {
        return Ok(on_to(&format!("{}&done=moved-on", href(id, month))));
    }
    let accept = form.text("deed") != "reopen";
    app.store.accept_difference(&signed_in.person, (id, month), line, form.text("difference"), accept).await?;
    let done = if accept { "accepted" } else { "reopened" };
    Ok(on_to(&format!("{}&done={done}#p{partner}", href(id, month))))
}

/// 連絡: both offices see it beside the person's month.
pub(crate) async fn comment(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let (month, partner) = place(&form)?;
    let (id, of) = find(&app, &signed_in, &id, month).await?;
    let Some(label) = &of.label else { return Err(Problem::not_found()) };
    let text = Private::new(form.text("text").to_owned());
    let made_of = app.store.comment(&signed_in.person, (id, label.person), month, partner, &text).await?;
    let fault = match made_of {
        CommentMade::Done => return Ok(on_to(&format!("{}&done=commented#p{partner}", href(id, month)))),
        CommentMade::NotTheirs => return Err(Problem::not_found()),
        CommentMade::Unfit => wording::UNFIT_COMMENT,
        CommentMade::Full => wording::TOO_MANY_COMMENTS,
    };
    let page = made(&app, &signed_in, (id, month), of, Reading::View).await?;
    show_again(&page.faulty(partner, text.reveal(), fault))
}

fn query_of(app: &App, field: impl Fn(&str) -> String) -> Query {
    let month = field("month").parse().unwrap_or_else(|_| query::month_at_work(app.store.now()));
    Query::of(month, field)
}

/// The person, if this office has anything of the month about them.
async fn find(
    app: &App,
    signed_in: &SignedIn,
    id: &str,
    month: ServiceMonth,
) -> Result<(PersonId, BoardPerson), Problem> {
    let found = match id.parse::<PersonId>() {
        Ok(id) => app.store.board_person(&signed_in.person, month, id).await?.map(|person| (id, person)),
        Err(_) => None,
    };
    match found {
        Some(found) => Ok(found),
        None => {
            app.store.record_not_found(&signed_in.person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

/// Which month and partner a form is about.
fn place(form: &Form) -> Result<(ServiceMonth, OfficeNumber), Problem> {
    let (month, partner) = (form.text("month").parse(), form.text("partner").parse());
    Ok((month.map_err(|_| Problem::broken_form())?, partner.map_err(|_| Problem::broken_form())?))
}

fn href(id: PersonId, month: ServiceMonth) -> String {
    format!("/month/people/{id}?month={month}")
}

/// The sets of a line, as forms carry them: ids of ours.
fn sets_text(line: &BoardLine) -> String {
    let (plans, actuals) = line.sets();
    let list = |ids: &[TransmissionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    format!("{}/{}", list(&plans), list(&actuals))
}

/// Opens what may be opened, compares, and keeps what it came to.
async fn made(
    app: &App,
    signed_in: &SignedIn,
    (id, month): (PersonId, ServiceMonth),
    of: BoardPerson,
    reading: Reading,
) -> Result<PersonPage, Problem> {
    let person = &signed_in.person;
    let chains = app.store.chains(person, id, month).await?;
    let mut around = BTreeMap::new();
    for line in &of.lines {
        let comments = app.store.comments(person, id, month, line.partner).await?;
        let accepted = app.store.accepted_differences(person, id, month, line).await?;
        around.insert(line.partner, (comments, accepted));
    }
    let wanted: Vec<TransmissionId> = of
        .lines
        .iter()
        .flat_map(|line| line.plans.iter().chain(&line.actuals))
        .filter(|set| set.is_open_to_us())
        .map(|set| set.id)
        .collect();
    // All at once, so that their records share one commit.
    let opening = wanted.into_iter().map(|id| async move { (id, app.store.read_set(person, id, reading).await) });
    let mut opened = Opened::new();
    for (id, answer) in futures_util::future::join_all(opening).await {
        match answer {
            Ok(Answer::Done(files)) => drop(opened.insert(id, files)),
            Ok(_) | Err(store::Error::Damaged) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (signed, store) = (signed_in.clone(), std::sync::Arc::clone(&app.store));
    let work = move || PersonPage::new(&signed, &store, (id, month), of, &chains, around, &opened, reading);
    let (page, kept): (PersonPage, Vec<Kept>) = tokio::task::spawn_blocking(work).await??;
    if person.may(Deed::ReconcileSets) {
        let kept = kept.into_iter().map(|kept| (id, kept)).collect();
        app.store.keep_comparisons(person, month, kept).await?;
    }
    Ok(page)
}

pub(crate) async fn style() -> impl axum::response::IntoResponse {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], include_str!("../../../templates/month.css")).into_response()
}
