//! 証跡: who did what, when, to what. An office sees its own, the auditor all; that somebody looked is recorded (R10.7).

mod file;
mod page;
mod query;
pub(crate) mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use page::List;
use query::Query;
use store::log::{EXPORT_ENTRIES_MAX, ExportAnswer};

/// The log has two doors, one for each side.
pub(crate) fn base(signed_in: &SignedIn) -> &'static str {
    if signed_in.person.office.is_operator { "/operator" } else { "" }
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let query = match Query::of(|name| asked.get(name), app.store.now()) {
        Ok(query) => query,
        Err(faults) => return show_again(&List::unread(&signed_in, &|name| asked.get(name).to_owned(), faults)),
    };
    let page = app.store.read_log(&signed_in.person, &query.filter, query.after.as_ref()).await?;
    let page = page.ok_or_else(Problem::no_right)?;
    show(&List::new(&signed_in, &query, page))
}

/// What is looked for comes by form, since a login must not stand in an address; what it stands for may.
pub(crate) async fn seek(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    match sought(&app, &form).await? {
        Ok(query) => Ok(on_to(&format!("{}/log?{}", base(&signed_in), query.encoded()))),
        Err(faults) => show_again(&List::unread(&signed_in, &|name| form.text(name).to_owned(), faults)),
    }
}

pub(crate) async fn export(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let again = |faults| show_again(&List::unread(&signed_in, &|name| form.text(name).to_owned(), faults));
    let query = match sought(&app, &form).await? {
        Ok(query) => query,
        Err(faults) => return again(faults),
    };
    match app.store.export_log(&signed_in.person, &query.filter, form.text("purpose")).await? {
        ExportAnswer::Ready(export) => Ok(file::download(app.store, export, &query, form.text("kind") == "jsonl")),
        ExportAnswer::NoPurpose => again(Faults::of("purpose", wording::NO_PURPOSE)),
        ExportAnswer::TooMany { entries } => again(Faults::of("from", wording::too_many(entries, EXPORT_ENTRIES_MAX))),
        ExportAnswer::NotAllowed => Err(Problem::no_right()),
    }
}

async fn sought(app: &App, form: &Form) -> Result<Result<Query, Faults>, Problem> {
    let who = match form.text("who") {
        typed if typed.len() > query::WHO_BYTES_MAX => return Ok(Err(Faults::of("who", wording::NO_WHO))),
        typed => app.store.log_actor(typed).await?,
    };
    let field = |name: &str| if name == "who" { who.as_str() } else { form.text(name) };
    Ok(Query::of(field, app.store.now()))
}
