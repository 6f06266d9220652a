//! 送達の記録: what became of one set, for both of its offices (R1.10).

mod overdue;
mod page;
pub(crate) mod wording;

pub(crate) use overdue::Late;

use crate::api::{SetId, download, report_fault};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use exchange::{ImportPlace, Outcome, Reason};
use page::{PLACE_ROWS, Page};
use standard::value::Private;
use store::{Answer, Answered, GivenReceipt, Hand, ImportReport, TransmissionId};

pub(crate) async fn page(
    State(app): State<App>,
    signed_in: SignedIn,
    SetId(id): SetId,
    asked: Asked,
) -> Result<Response, Problem> {
    let given = found(&app, &signed_in, app.store.view_receipt(&Hand::from(&signed_in.person), id).await?).await?;
    let import = app.store.import_given(&given.set).await?;
    show(&Page::new(&signed_in, &given, import, None, Faults::default(), asked.done(wording::DONE)))
}

pub(crate) async fn file(State(app): State<App>, signed_in: SignedIn, SetId(id): SetId) -> Result<Response, Problem> {
    let given = found(&app, &signed_in, app.store.give_receipt(&Hand::from(&signed_in.person), id).await?).await?;
    Ok(download("application/json", &format!("receipt-{id}.json"), given.receipt.to_json()))
}

pub(crate) async fn acknowledge(
    State(app): State<App>,
    signed_in: SignedIn,
    SetId(id): SetId,
    _form: Form,
) -> Result<Response, Problem> {
    found(&app, &signed_in, app.store.acknowledge_by(&Hand::from(&signed_in.person), id).await?).await?;
    Ok(on_to(&format!("/sets/{id}/receipt?done=acknowledged")))
}

/// 取下げ, as long as nobody has opened it.
pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    SetId(id): SetId,
    _form: Form,
) -> Result<Response, Problem> {
    found(&app, &signed_in, app.store.withdraw_by(&Hand::from(&signed_in.person), id).await?).await?;
    Ok(on_to(&format!("/sets/{id}/receipt?done=withdrawn")))
}

pub(crate) async fn answer(
    State(app): State<App>,
    signed_in: SignedIn,
    SetId(id): SetId,
    form: Form,
) -> Result<Response, Problem> {
    let faults = match report(&form) {
        Err(faults) => faults,
        Ok(report) => match app.store.answer_import(&Hand::from(&signed_in.person), id, report).await? {
            Answered::Done(_) => return Ok(on_to(&format!("/sets/{id}/receipt?done=answered"))),
            Answered::Refused(refusal) => return Err(refusal.into()),
            Answered::NotFound => return Err(not_found(&app, &signed_in).await?),
            Answered::Unfit(unfit) => {
                let (what, fix) = report_fault(unfit);
                Faults::of("places", format!("{what}{fix}"))
            }
            Answered::UnfitNote => Faults::of("note", wording::UNFIT_NOTE),
        },
    };
    again(&app, &signed_in, id, &form, faults).await
}

async fn again(
    app: &App,
    signed_in: &SignedIn,
    id: TransmissionId,
    form: &Form,
    faults: Faults,
) -> Result<Response, Problem> {
    let given = found(app, signed_in, app.store.view_receipt(&Hand::from(&signed_in.person), id).await?).await?;
    let import = app.store.import_given(&given.set).await?;
    show_again(&Page::new(signed_in, &given, import, Some(form), faults, None))
}

/// What the form says, or what is wrong with it.
fn report(form: &Form) -> Result<ImportReport, Faults> {
    let outcome = Outcome::from_id(form.text("outcome")).ok_or_else(|| Faults::of("outcome", wording::NO_OUTCOME))?;
    let mut places = Vec::new();
    for row in 0..PLACE_ROWS {
        let written = |field: &str| form.text(&format!("{field}{row}"));
        let all = [written("file"), written("record"), written("column"), written("reason")];
        if all.iter().all(|text| text.is_empty()) {
            continue;
        }
        places.push(place(all).ok_or_else(|| Faults::of("places", wording::NO_NUMBER))?);
    }
    let note = form.text("note");
    Ok(ImportReport { outcome, places, note: (!note.is_empty()).then(|| Private::new(note.to_owned())) })
}

fn place([file, record, column, reason]: [&str; 4]) -> Option<ImportPlace> {
    fn number<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }
    Some(ImportPlace {
        file: file.parse().ok()?,
        record: number(record)?,
        column: number(column)?,
        reason: Reason::from_id(reason)?,
    })
}

async fn found<T>(app: &App, signed_in: &SignedIn, answer: Answer<T>) -> Result<T, Problem> {
    match answer {
        Answer::Done(value) => Ok(value),
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::NotFound => Err(not_found(app, signed_in).await?),
    }
}

/// Asking for what is none of one's own is recorded.
async fn not_found(app: &App, signed_in: &SignedIn) -> Result<Problem, Problem> {
    app.store.record_not_found(&signed_in.person.asker).await?;
    Ok(Problem::not_found())
}

/// Which side of a set the office is on.
fn is_receiver(signed_in: &SignedIn, given: &GivenReceipt) -> bool {
    given.set.receiver == signed_in.person.office.register.number
}
