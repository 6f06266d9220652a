//! 端末: which devices hold a certificate of this office, until when, and how one is stopped (R7.3, R7.5).

mod page;
pub(crate) mod renew;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use page::{List, Revoke};
use store::{Device, OperatorName, RevocationReason};

const DONE: &[(&str, &str)] = &[
    ("revoked", "端末を使えなくしました。その端末からは、もうつながりません。"),
    ("admitted", "その端末から、この事業所の仕事もできるようにしました。"),
    ("dismissed", "その端末からは、この事業所の仕事ができないようにしました。"),
];
const NO_REASON: &str = "使えなくする理由を選んでください。";
const NO_SUCH_DEVICE: &str = "その番号の端末は、ほかの事業所の使える端末の中にありません。番号を確かめてください。";

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    show(&List::new(&signed_in, &app, devices, Timestamp::now(), asked.done(DONE), Faults::default()))
}

/// Asks first: it cannot be taken back, and it may be the device at which one sits.
pub(crate) async fn revoking(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let device = own_device(&app, &signed_in, &id).await?;
    show(&Revoke::new(&signed_in, &device, Faults::default()))
}

pub(crate) async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let device = own_device(&app, &signed_in, &id).await?;
    let reason = match form.text("reason") {
        "lost" => RevocationReason::Lost,
        "retired" => RevocationReason::Retired,
        _ => return show_again(&Revoke::new(&signed_in, &device, Faults::of("reason", NO_REASON))),
    };
    let person = &signed_in.person;
    let by = OperatorName::signed_in(&person.account_id.to_string(), &person.asker).map_err(|_| Problem::incident())?;
    // Stopped already is as good.
    app.store.revoke_device(device.id, reason, Some(&by), None).await?;
    Ok(on_to("/devices?done=revoked"))
}

/// One desk, several offices: this one admits a device of another, or takes that back (R7.4).
pub(crate) async fn admit(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let id = form.text("device").to_lowercase().parse();
    let done = match (id, form.text("what")) {
        (Ok(id), "dismiss") => app.store.dismiss_device(&signed_in.person, id).await?.then_some("dismissed"),
        (Ok(id), _) => app.store.admit_device(&signed_in.person, id).await?.then_some("admitted"),
        (Err(_), _) => None,
    };
    if let Some(done) = done {
        return Ok(on_to(&format!("/devices?done={done}")));
    }
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    let faults = Faults::of("device", NO_SUCH_DEVICE);
    show_again(&List::new(&signed_in, &app, devices, Timestamp::now(), None, faults))
}

/// A device of this person's office; no other exists (R12.2).
async fn own_device(app: &App, signed_in: &SignedIn, id: &str) -> Result<Device, Problem> {
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    devices.into_iter().find(|device| device.id.to_string() == id).ok_or_else(Problem::not_found)
}
