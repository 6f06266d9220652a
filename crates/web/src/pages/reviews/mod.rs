//! ログ点検: what a month's log has that somebody should judge, each finding with a note, by a person it is not about (R10.8).

mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{Alarm, on_to, show, show_again};
use crate::pages::log::base;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::role::Deed;
use page::{List, Review, Typed};
use store::ReviewId;
use store::log::{Judged, ReviewClosed, Verdict};

const LINK: &str = "点検を開く";

/// What this person must see to, on every page until it is seen to.
pub(crate) fn alarms(signed_in: &SignedIn) -> Vec<Alarm> {
    let Some(alarms) = signed_in.alarms else { return Vec::new() };
    let person = &signed_in.person;
    let href = if person.may(Deed::ReadLedger) {
        Some("/operator/reviews")
    } else {
        person.may(Deed::ReadOfficeLedger).then_some("/reviews")
    };
    let mut list = Vec::new();
    if alarms.unseen > 0 {
        let (text, href) = (wording::unseen(alarms.unseen), Some("/operator/alarms"));
        list.push(Alarm { text, grave: true, href, link: "知らせを読む" });
    }
    if alarms.overdue > 0 {
        list.push(Alarm { text: wording::overdue(alarms.overdue, href.is_some()), grave: true, href, link: LINK });
    }
    if let Some(state) = alarms.clock {
        // Off is worse than not known.
        let grave = state.offset_ms().is_some();
        list.push(Alarm { text: wording::clock(state), grave, href: None, link: "" });
    }
    list
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let reviews = app.store.reviews(&signed_in.person).await?;
    show(&List::new(&signed_in, reviews, asked.done(wording::DONE)))
}

/// 臨時の点検, without waiting for the month's end.
pub(crate) async fn open(State(app): State<App>, signed_in: SignedIn, _form: Form) -> Result<Response, Problem> {
    let done = if app.store.open_review_now(&signed_in.person).await? { "opened" } else { "there" };
    Ok(on_to(&format!("{}/reviews?done={done}", base(&signed_in))))
}

pub(crate) async fn review(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let from = asked.get("from").parse().unwrap_or_default();
    let notice = asked.done(wording::DONE);
    show(&reviewed(&app, &signed_in, id, from, None, Faults::default()).await?.notice(notice))
}

async fn reviewed(
    app: &App,
    signed_in: &SignedIn,
    id: ReviewId,
    from: u32,
    typed: Option<Typed>,
    faults: Faults,
) -> Result<Review, Problem> {
    let page = app.store.review(&signed_in.person, id, from).await?.ok_or_else(Problem::not_found)?;
    Ok(Review::new(signed_in, page, from, typed, faults))
}

pub(crate) async fn judge(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id: ReviewId = id.parse().map_err(|_| Problem::not_found())?;
    let finding = form.text("finding").parse().map_err(|_| Problem::not_found())?;
    let fault = match Verdict::from_id(form.text("verdict")) {
        None => wording::NO_VERDICT,
        Some(verdict) => {
            match app.store.judge_finding(&signed_in.person, id, finding, verdict, form.text("note")).await? {
                Judged::Done => return Ok(on_to(&format!("{}/reviews/{id}?done=judged", base(&signed_in)))),
                Judged::Own => wording::OWN,
                Judged::NoNote => wording::NO_NOTE,
                Judged::Closed => wording::CLOSED,
                Judged::NotFound => return Err(Problem::not_found()),
            }
        }
    };
    let from = form.text("from").parse().unwrap_or_default();
    let typed = Typed { finding, verdict: form.text("verdict").to_owned(), note: form.text("note").to_owned(), fault };
    show_again(&reviewed(&app, &signed_in, id, from, Some(typed), Faults::of("judging", fault)).await?)
}

pub(crate) async fn close(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id: ReviewId = id.parse().map_err(|_| Problem::not_found())?;
    let fault = match app.store.close_review(&signed_in.person, id).await? {
        ReviewClosed::Done => return Ok(on_to(&format!("{}/reviews/{id}?done=closed", base(&signed_in)))),
        ReviewClosed::Waiting(findings) => wording::waiting(findings),
        ReviewClosed::Already => wording::CLOSED.to_owned(),
        ReviewClosed::NotFound => return Err(Problem::not_found()),
    };
    show_again(&reviewed(&app, &signed_in, id, 0, None, Faults::of("findings", fault)).await?)
}
