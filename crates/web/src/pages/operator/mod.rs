//! 運営者の画面: the register of offices, and what waits for a second person (R7.2, R12.3).

pub(crate) mod enrolments;
mod page;
mod server_certificate;
pub(crate) mod tls12;
pub(crate) mod tls_scan;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use page::{Add, Approvals, Close, Counts, Offices};
use server_certificate::ServerCertificate;
use standard::ServiceType;
use std::collections::BTreeSet;
use store::people::{RecoveryRow, RecoveryState};
use store::{NewOffice, Office, OfficeAdded, OperatorName};

pub(crate) async fn offices(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let find = asked.get("find").trim();
    let offices = app.store.find_offices(&signed_in.person, find, page::ROWS_MAX + 1).await?;
    show(&Offices::new(&signed_in, offices, find, asked.done(wording::DONE)))
}

pub(crate) async fn new_office(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Add::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn add_office(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let faults = match read(&form) {
        Err(faults) => faults,
        Ok(new) => match app.store.register_office(&signed_in.person, new).await? {
            Some(OfficeAdded::Done(_)) => return Ok(on_to("/operator/offices?done=added")),
            Some(OfficeAdded::NumberTaken) => Faults::of("number", wording::TAKEN),
            Some(OfficeAdded::Incomplete) => Faults::of("name", wording::NO_NAME),
            None => return Err(Problem::no_right()),
        },
    };
    show_again(&Add::new(&signed_in, &form, faults))
}

fn read(form: &Form) -> Result<NewOffice, Faults> {
    let mut faults = Faults::default();
    let number = form.text("number").parse();
    if number.is_err() {
        faults.add("number", wording::NO_NUMBER);
    }
    if form.text("name").is_empty() {
        faults.add("name", wording::NO_NAME);
    }
    let named =
        form.text("service_types").split(|character: char| character.is_whitespace() || "、,，".contains(character));
    let types: Result<BTreeSet<ServiceType>, _> = named.filter(|word| !word.is_empty()).map(str::parse).collect();
    let types = types.ok().filter(|types| !types.is_empty());
    if types.is_none() {
        faults.add("service_types", wording::NO_TYPES);
    }
    match (number, types) {
        (Ok(number), Some(service_types)) if faults.is_empty() => {
            Ok(NewOffice { number, name: form.text("name").to_owned(), service_types })
        }
        _ => Err(faults),
    }
}

/// Asks first: closing cannot be taken back.
pub(crate) async fn closing_office(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    show(&Close::new(&signed_in, &office(&app, &number).await?))
}

pub(crate) async fn close_office(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let office = office(&app, &number).await?;
    // Closed already is as good.
    app.store.close_office_as(&signed_in.person, office.register.number).await?;
    Ok(on_to("/operator/offices?done=closed"))
}

async fn office(app: &App, number: &str) -> Result<Office, Problem> {
    let number = number.parse().map_err(|_| Problem::not_found())?;
    app.store.office(number).await?.ok_or_else(Problem::not_found)
}

pub(crate) async fn approvals(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&waiting(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

/// Everything that waits for a second person.
async fn waiting(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<Approvals, Problem> {
    let person = &signed_in.person;
    let enrolments = app.store.pending_enrolments().await?;
    let staff = app.store.list_staff(person).await?;
    let grants = app.store.grants_awaiting(person).await?.len();
    let waits = |row: &RecoveryRow| row.state == RecoveryState::AwaitsApproval;
    let recoveries = app.store.recoveries(person).await?.iter().filter(|row| waits(row)).count();
    let counts = Counts { grants, recoveries };
    let server = ServerCertificate::look(app).await?;
    Ok(Approvals::new(signed_in, enrolments, &staff, counts, server, notice, faults))
}

/// The person who acts, as registers of the operator name them.
fn officer(signed_in: &SignedIn) -> Result<OperatorName, Problem> {
    let person = &signed_in.person;
    OperatorName::signed_in(&person.account_id.to_string(), &person.asker).map_err(|_| Problem::incident())
}
