//! 責任者・規程・教育訓練の台帳 (R12.6): who is responsible, by which rules, who has been trained, and what is missing in it. An
//! office and the operator keep their own by the same pages.

mod page;
pub(crate) mod responsible;
pub(crate) mod rules;
pub(crate) mod training;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::frame::{Alarm, show};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use identity::register::Trained;
use identity::role::Deed;
use page::Overview;

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&overview(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

async fn overview(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    faults: Faults,
) -> Result<Overview, Problem> {
    let registers = app.store.registers(&signed_in.person).await?.ok_or_else(Problem::no_right)?;
    Ok(Overview::new(signed_in, registers, notice, faults))
}

/// What somebody whose training is missing is told wherever they are.
pub(crate) fn alarm(signed_in: &SignedIn) -> Option<Alarm> {
    let person = &signed_in.person;
    let href = person.may(Deed::RecordTraining).then_some("/registers/training");
    match person.trained {
        Trained::Lapsed => Some(Alarm { text: wording::LAPSED.to_owned(), grave: true, href, link: wording::LINK }),
        Trained::Grace { last_day } => {
            Some(Alarm { text: wording::grace(last_day), grave: false, href, link: wording::LINK })
        }
        Trained::Unasked | Trained::Valid => None,
    }
}
