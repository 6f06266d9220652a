//! 様式: any set as the paper forms that people know, on the screen and on paper.
//!
//! [`book`] makes structs of the bytes of a set, each file here and its template of the same name make one form of them,
//! and [`changes`] says what to mark. What follows in this file opens sets, which is recorded before a byte goes out.

mod basic_info;
mod book;
mod cell;
mod changes;
mod costs;
mod entry;
mod page;
mod prevention_plan;
mod schedule;
mod sheet1;
mod sheet2;
mod sheet3;
mod shown;
mod supplement;
#[cfg(test)]
mod tests;
mod unprinted;
mod withdrawal;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::frame::show;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use book::Book;
use changes::Changes;
use http::{HeaderValue, header};
use identity::role::Deed;
use page::{Around, SetPage, View};
use standard::{HistorySet, SourceFile};
use std::collections::BTreeMap;
use store::{Answer, OpenedFile, Reading, Transmission, TransmissionId, Version};

/// Earlier sets that are opened to compare with.
const EARLIER_MAX: usize = 12;

pub(crate) async fn show_set(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let view =
        View { changes: asked.has("changes"), print: asked.has("print"), page: asked.get("page").parse().unwrap_or(1) };
    let set = find(&app, &signed_in, &id).await?;
    let reading = if view.print { Reading::Print } else { Reading::View };
    let files = open(&app, &signed_in, set.id, reading).await?;
    let about = HistorySet::read(&sources(&files)).into_iter().next();
    let versions = match &about {
        Some(about) => app.store.versions(&set, about).await?,
        None => Vec::new(),
    };
    let mut remarks = Vec::new();
    let mut earlier = Vec::new();
    if view.changes {
        let wanted = replaced(&set, &versions, about.as_ref());
        remarks.extend((wanted.len() > EARLIER_MAX).then_some(wording::TOO_MANY_VERSIONS));
        for version in wanted.into_iter().take(EARLIER_MAX) {
            if is_closed_to(&signed_in, &set, version.collected) {
                remarks.push(wording::NOT_COLLECTED_BEFORE);
                continue;
            }
            match app.store.read_set(&signed_in.person, version.id, reading).await {
                Ok(Answer::Done(files)) => earlier.push(files),
                // It was taken back, or is no more: then it is nothing to compare with.
                Ok(_) => {}
                Err(store::Error::Damaged) => remarks.push(wording::DAMAGED_BEFORE),
                Err(error) => return Err(error.into()),
            }
        }
        remarks.dedup();
    }
    let received = is_received(&signed_in, &set);
    let work = move || {
        let now = sources(&files);
        let before: Vec<Vec<SourceFile<'_>>> = earlier.iter().map(|files| sources(files)).collect();
        let changes = view.changes.then(|| Changes::between(&before, &now));
        let book = Book::read(&now, changes.as_ref(), &format!("/sets/{}/pictures", set.id));
        let around = Around { set: &set, versions: &versions, view, received, remarks };
        show(&SetPage::new(&signed_in, around, book, changes.as_ref()))
    };
    tokio::task::spawn_blocking(work).await?
}

/// A picture of the set, as the set's page shows it.
pub(crate) async fn picture(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, branch)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let set = find(&app, &signed_in, &id).await?;
    let files = open(&app, &signed_in, set.id, Reading::View).await?;
    picture_of(files, &branch)
}

/// The set, if this person may open it now.
async fn find(app: &App, signed_in: &SignedIn, id: &str) -> Result<Transmission, Problem> {
    let id: TransmissionId = id.parse().map_err(|_| Problem::not_found())?;
    let set = done(app, signed_in, app.store.describe(&signed_in.person.asker, id).await?).await?;
    if is_closed_to(signed_in, &set, set.collected_at.is_some()) {
        return Err(Problem::not_collected());
    }
    Ok(set)
}

async fn open(
    app: &App,
    signed_in: &SignedIn,
    id: TransmissionId,
    reading: Reading,
) -> Result<Vec<OpenedFile>, Problem> {
    done(app, signed_in, app.store.read_set(&signed_in.person, id, reading).await?).await
}

/// The value, or the problem that says why not. Asking for what is none of one's own is recorded.
async fn done<T>(app: &App, signed_in: &SignedIn, answer: Answer<T>) -> Result<T, Problem> {
    match answer {
        Answer::Done(value) => Ok(value),
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::NotFound => {
            app.store.record_not_found(&signed_in.person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

fn is_received(signed_in: &SignedIn, set: &Transmission) -> bool {
    set.receiver == signed_in.person.office.register.number
}

/// The first opening by the receiver is the collecting, which not everybody may who may read.
fn is_closed_to(signed_in: &SignedIn, set: &Transmission, collected: bool) -> bool {
    is_received(signed_in, set) && !collected && !signed_in.person.may(Deed::CollectSets)
}

/// The sets that this one may have replaced, the newest first: for each thing it is about, the last one before it.
fn replaced<'v>(set: &Transmission, versions: &'v [Version], about: Option<&HistorySet>) -> Vec<&'v Version> {
    let (earlier, _) = page::split(set, versions);
    let items = about.map(|about| about.items.as_slice()).unwrap_or_default();
    let last = |item| earlier.iter().rev().find(|version| version.items.contains(item));
    let wanted: BTreeMap<_, _> = items.iter().filter_map(last).map(|version| (version.key, *version)).collect();
    wanted.into_values().rev().collect()
}

/// The forms of files that are no set of an office's folder, all on one page, to be read and printed.
pub(crate) fn sheets_of(files: &[OpenedFile], pictures_at: &str) -> Result<String, Problem> {
    let book = Book::read(&sources(files), None, pictures_at);
    let sheets = page::Sheets { people: book.people, printed: true };
    Ok(askama::Template::render(&sheets).map_err(|_| store::Error::Impossible("page"))?)
}

/// The picture of this branch among files, if it is one.
pub(crate) fn picture_of(files: Vec<OpenedFile>, branch: &str) -> Result<Response, Problem> {
    let picture = files.into_iter().find(|file| page::is_picture(&file.name, branch));
    let picture = picture.filter(|file| page::is_jpeg(&file.bytes)).ok_or_else(Problem::not_found)?;
    let kind = HeaderValue::from_static("image/jpeg");
    Ok(([(header::CONTENT_TYPE, kind)], picture.bytes).into_response())
}

fn sources(files: &[OpenedFile]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}
