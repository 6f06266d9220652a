//! ソフトウェア: keys with which programs send and collect, each bound to one device (R8.2).

mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::pages::once::Secret;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::scope::{Scope, Scopes};
use page::{Key, List, Make};
use std::time::Instant;
use store::people::SoftwareMade;
use zeroize::Zeroizing;

/// Where a new key is shown.
const KEY_PAGE: &str = "software-key";

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let software = app.store.list_software(&signed_in.person).await?;
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    show(&List::new(&signed_in, software, &devices, asked.done(wording::DONE)))
}

pub(crate) async fn new(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    show(&Make::new(&signed_in, &devices, None, Faults::default()))
}

pub(crate) async fn make(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let ticked: Vec<Scope> =
        form.all("scope").filter_map(|id| Scope::ALL.into_iter().find(|scope| scope.id() == id)).collect();
    let faults = match (Scopes::of(&ticked), form.text("device").parse()) {
        (None, _) => Faults::of("scope", wording::NO_SCOPE),
        (_, Err(_)) => Faults::of("device", wording::NO_DEVICE),
        (Some(scopes), Ok(device)) => {
            match app.store.make_software(&signed_in.person, form.text("label"), scopes, device).await? {
                SoftwareMade::Done { token, expires_at, .. } => {
                    let lines = vec![Zeroizing::new(token.reveal().to_owned())];
                    let subject = form.text("label").to_owned();
                    let secret = Secret { page: KEY_PAGE, subject, lines, until: Some(expires_at) };
                    app.once.keep(signed_in.token.text(), secret, Instant::now());
                    return Ok(on_to("/software/key"));
                }
                SoftwareMade::NotAllowed => Faults::of("device", wording::NO_DEVICE),
                SoftwareMade::Unfit => Faults::of("label", wording::NO_LABEL),
                SoftwareMade::TooMany => Faults::of("device", wording::TOO_MANY),
            }
        }
    };
    let devices = app.store.devices(signed_in.person.office.register.number).await?;
    show_again(&Make::new(&signed_in, &devices, Some(&form), faults))
}

pub(crate) async fn key(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let shown = app.once.take(signed_in.token.text(), KEY_PAGE, Instant::now());
    show(&Key::new(&signed_in, shown))
}

pub(crate) async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    // Stopped already is as good.
    app.store.revoke_software(&*signed_in.person, id).await?;
    Ok(on_to("/software?done=revoked"))
}
