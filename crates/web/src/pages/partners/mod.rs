//! 連携先: who is on the exchange, who is not, and what this office keeps about each.

mod page;
pub(crate) mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use page::{Edit, List};
use standard::OfficeNumber;
use standard::value::Private;
use store::{Channel, DirectoryRow, NewPartnerNote, PartnerKept};

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let find = asked.get("find").trim();
    let rows = app.store.directory(&signed_in.person, find).await?;
    let software = app.store.own_software(&signed_in.person).await?;
    show(&List::new(&signed_in, rows, find, &software, asked.done(wording::DONE)))
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Edit::new(&signed_in, None, &Form::default(), Faults::default()))
}

pub(crate) async fn edit(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let row = partner(&app, &signed_in, &number).await?;
    show(&Edit::new(&signed_in, Some(&row), &Form::default(), Faults::default()))
}

pub(crate) async fn keep(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let faults = match read(&form) {
        Err(faults) => faults,
        Ok(new) => match app.store.keep_partner(&signed_in.person, new).await? {
            PartnerKept::Done => return Ok(on_to("/partners?done=kept")),
            PartnerKept::NotAllowed => return Err(Problem::no_right()),
            PartnerKept::Oneself => Faults::of("number", wording::ONESELF),
            PartnerKept::UnfitName => Faults::of("name", wording::UNFIT_NAME),
            PartnerKept::UnfitPlace => Faults::of("place", wording::UNFIT_PLACE),
            PartnerKept::UnfitNote => Faults::of("note", wording::UNFIT_NOTE),
            PartnerKept::TooMany => Faults::of("number", wording::TOO_MANY),
        },
    };
    let known = match form.text("number").parse::<OfficeNumber>() {
        Ok(number) => app.store.partner(&signed_in.person, number).await?,
        Err(_) => None,
    };
    show_again(&Edit::new(&signed_in, known.as_ref(), &form, faults))
}

pub(crate) async fn forget(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(number): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let number = number.parse().map_err(|_| Problem::not_found())?;
    // Forgotten already is as good.
    app.store.forget_partner(&signed_in.person, number).await?;
    Ok(on_to("/partners?done=forgotten"))
}

pub(crate) async fn software(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    if app.store.declare_software(&signed_in.person, form.text("software")).await? {
        return Ok(on_to("/partners?done=software"));
    }
    Ok(on_to("/partners?done=unfit-software"))
}

async fn partner(app: &App, signed_in: &SignedIn, number: &str) -> Result<DirectoryRow, Problem> {
    let number = number.parse().map_err(|_| Problem::not_found())?;
    app.store.partner(&signed_in.person, number).await?.ok_or_else(Problem::not_found)
}

fn read(form: &Form) -> Result<NewPartnerNote, Faults> {
    let mut faults = Faults::default();
    let number = form.text("number").parse();
    if number.is_err() {
        faults.add("number", wording::NO_NUMBER);
    }
    let channel = Channel::from_id(form.text("channel"));
    if channel.is_none() {
        faults.add("channel", wording::NO_CHANNEL);
    }
    let service_type = match form.text("service_type") {
        "" => None,
        typed => match typed.parse() {
            Ok(kind) => Some(kind),
            Err(_) => {
                faults.add("service_type", wording::NO_TYPE);
                None
            }
        },
    };
    match (number, channel) {
        (Ok(number), Some(channel)) if faults.is_empty() => Ok(NewPartnerNote {
            number,
            name: form.text("name").to_owned(),
            service_type,
            place: form.text("place").to_owned(),
            channel,
            note: Private::new(form.text("note").to_owned()),
        }),
        _ => Err(faults),
    }
}
