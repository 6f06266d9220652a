//! 下書き: without a script, what somebody brought waits on the server until they have seen what is said about it.

use super::page::{DraftPage, Looked, ResultPage, ResultRow};
use super::{hand, parcel, wording};
use crate::api::DraftId;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{on_to, show, show_again};
use crate::problem::Problem;
use crate::sending::{self, Parcel, ParcelLimits, SetAnswer, Terms, Upload, sources};
use axum::extract::{Request, State};
use axum::response::Response;
use exchange::misdirection::cautions;
use standard::survey::{self, Mending, SetState, SurveyedSet};
use standard::value::Private;
use std::collections::{BTreeMap, BTreeSet};
use store::{Draft, NewHold, OutgoingId, OutgoingKept};

/// Sets for which a mending is worked out; more than anybody looks through.
const MENDINGS_MAX: usize = 20;
/// Bytes of all that goes with the sets of a draft.
const ENCLOSED_BYTES_MAX: usize = 48 << 20;

pub(crate) async fn page(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    asked: Asked,
) -> Result<Response, Problem> {
    let draft = found(&app, &signed_in, id).await?;
    match draft.body {
        Some(body) => {
            let looked = look(&app, &signed_in, unpacked(body)?, &BTreeSet::new()).await?;
            let notice = asked.done(wording::DONE);
            show(&DraftPage::new(&signed_in, id.to_string(), looked, notice, Faults::default()))
        }
        None => {
            let rows = rows(&draft.answers);
            let numbers = rows.iter().filter_map(|row| row.receiver.parse().ok()).collect();
            let offices = app.store.offices(&numbers).await?;
            show(&ResultPage::new(&signed_in, rows, &offices))
        }
    }
}

/// The one confirmation for all partners.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    request: Request,
) -> Result<Response, Problem> {
    let limits = ParcelLimits { bytes: ENCLOSED_BYTES_MAX, files: app.limits.call_files };
    let form = parcel(&app, &signed_in, request, limits).await?;
    let draft = found(&app, &signed_in, id).await?;
    // Sent before, by a double click or from another window: what came of it is shown again.
    let Some(body) = draft.body else { return Ok(on_to(&format!("/send/drafts/{id}"))) };
    let files = unpacked(body)?.files;
    let read: BTreeSet<_> =
        form.field("acknowledged").split(',').filter_map(|number| number.trim().parse().ok()).collect();
    // What has errors, or waits for a second person, is not part of this confirmation.
    let (parcel, survey, _) = sending::look_over(&app, &signed_in.person.asker, Parcel::of(files)).await?;
    let ready: BTreeSet<&String> =
        survey.sets.iter().filter(|set| set.state == SetState::Ready).flat_map(|set| &set.files).collect();
    if ready.is_empty() {
        return Ok(on_to(&format!("/send/drafts/{id}")));
    }
    let (files, rest): (Vec<Upload>, Vec<Upload>) =
        parcel.files.into_iter().partition(|file| ready.contains(&file.name));
    let others: Vec<&SurveyedSet> = survey.sets.iter().filter(|set| set.state != SetState::Ready).collect();
    // They have a place of their own before anything goes, so that nothing is lost. Files of no set stay with them: they may be
    // what is missing.
    let kept = if others.is_empty() {
        None
    } else {
        match app.store.keep_draft(&signed_in.person, &Parcel::of(rest).packed()).await? {
            OutgoingKept::Done(kept) => Some(kept),
            OutgoingKept::TooMuch | OutgoingKept::UnfitReason => {
                return Err(Problem::unreadable_request(wording::TOO_MANY_DRAFTS));
            }
        }
    };
    let parcel = Parcel::of(files).enclosing(form.enclosures);
    let answer =
        sending::send(&app, &hand(&signed_in), parcel, Terms { acknowledged: Some(read.clone()), releases: None })
            .await?;
    let unread = |set: &SetAnswer| set.problem.as_ref().is_some_and(|problem| problem.code == "X20");
    if answer.sets.iter().any(unread) {
        let draft = found(&app, &signed_in, id).await?;
        let body = draft.body.ok_or_else(Problem::not_found)?;
        let looked = look(&app, &signed_in, unpacked(body)?, &read).await?;
        let faults = Faults::of("acknowledged", wording::NOT_READ);
        return show_again(&DraftPage::new(&signed_in, id.to_string(), looked, None, faults));
    }
    let mut answers: Vec<String> = answer.sets.iter().map(line).collect();
    if let Some(kept) = kept {
        answers.extend(others.iter().map(|set| format!("{} {} kept {kept}", set.serial, set.receiver)));
    }
    app.store.end_draft(&signed_in.person, id, "sent", answers.join("\n")).await?;
    Ok(on_to(&format!("/send/drafts/{id}")))
}

/// Accepts what was proposed for one set: its files are replaced, and nothing goes yet.
pub(crate) async fn mend(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    form: Form,
) -> Result<Response, Problem> {
    let Some(body) = found(&app, &signed_in, id).await?.body else { return Ok(on_to(&format!("/send/drafts/{id}"))) };
    let (parcel, survey, _) = sending::look_over(&app, &signed_in.person.asker, unpacked(body)?).await?;
    let set = chosen(&form, &survey.sets)?;
    let mending = mending(&parcel, set);
    let mut files: Vec<Upload> = parcel.files.into_iter().filter(|file| !set.files.contains(&file.name)).collect();
    if mending.files.is_empty() {
        return Err(Problem::not_found());
    }
    files.extend(mending.files.into_iter().map(|file| Upload { name: file.name, bytes: file.bytes }));
    let body = Parcel::of(files).packed();
    match app.store.keep_draft(&signed_in.person, &body).await? {
        // Files that are as they were make the same draft, which then stays.
        OutgoingKept::Done(mended) if mended == id => Ok(on_to(&format!("/send/drafts/{id}"))),
        OutgoingKept::Done(mended) => {
            app.store.end_draft(&signed_in.person, id, "withdrawn", String::new()).await?;
            Ok(on_to(&format!("/send/drafts/{mended}?done=mended")))
        }
        OutgoingKept::TooMuch | OutgoingKept::UnfitReason => Err(Problem::unreadable_request(wording::TOO_MANY_DRAFTS)),
    }
}

/// Asks a second person about one set.
pub(crate) async fn hold(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    form: Form,
) -> Result<Response, Problem> {
    let Some(body) = found(&app, &signed_in, id).await?.body else { return Ok(on_to(&format!("/send/drafts/{id}"))) };
    let (parcel, survey, report) = sending::look_over(&app, &signed_in.person.asker, unpacked(body)?).await?;
    let set = chosen(&form, &survey.sets)?;
    let unit = report.units.iter().find(|unit| unit.serial.to_string() == set.serial && set.is_for(unit.receiver));
    let (Some(unit), SetState::Unserved) = (unit, set.state) else { return Err(Problem::not_found()) };
    let kind = unit.kind.ok_or_else(Problem::not_found)?;
    let reason = Private::new(form.text("reason").to_owned());
    let new = NewHold { receiver: unit.receiver, kind, serial: unit.serial, reason };
    let names: Vec<String> = set.files.clone();
    let (held, rest): (Vec<Upload>, Vec<Upload>) =
        parcel.files.into_iter().partition(|file| names.contains(&file.name));
    match app.store.hold(&signed_in.person, &new, &Parcel::of(held).packed()).await? {
        OutgoingKept::Done(_) if rest.is_empty() => {
            app.store.end_draft(&signed_in.person, id, "withdrawn", String::new()).await?;
            Ok(on_to("/send/held?done=held"))
        }
        OutgoingKept::Done(_) => {
            match app.store.keep_draft(&signed_in.person, &Parcel::of(rest).packed()).await? {
                OutgoingKept::Done(rest) => {
                    app.store.end_draft(&signed_in.person, id, "withdrawn", String::new()).await?;
                    Ok(on_to(&format!("/send/drafts/{rest}?done=held")))
                }
                // What is left has no place of its own: the draft stays as it is, so that nothing is lost.
                OutgoingKept::TooMuch | OutgoingKept::UnfitReason => {
                    Err(Problem::unreadable_request(wording::TOO_MANY_DRAFTS))
                }
            }
        }
        OutgoingKept::TooMuch => Err(Problem::unreadable_request(wording::TOO_MANY_DRAFTS)),
        OutgoingKept::UnfitReason => {
            let draft = found(&app, &signed_in, id).await?;
            let body = draft.body.ok_or_else(Problem::not_found)?;
            let looked = look(&app, &signed_in, unpacked(body)?, &BTreeSet::new()).await?;
            let faults = Faults::of("unserved", wording::NO_REASON);
            show_again(&DraftPage::new(&signed_in, id.to_string(), looked, None, faults))
        }
    }
}

/// Sends nothing, and forgets it.
pub(crate) async fn leave(
    State(app): State<App>,
    signed_in: SignedIn,
    DraftId(id): DraftId,
    _form: Form,
) -> Result<Response, Problem> {
    found(&app, &signed_in, id).await?;
    app.store.end_draft(&signed_in.person, id, "withdrawn", String::new()).await?;
    Ok(on_to("/send?done=left"))
}

async fn found(app: &App, signed_in: &SignedIn, id: OutgoingId) -> Result<Draft, Problem> {
    match app.store.draft(&signed_in.person, id).await? {
        Some(draft) => Ok(draft),
        None => {
            app.store.record_not_found(&signed_in.person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

fn unpacked(body: Private<Vec<u8>>) -> Result<Parcel, Problem> {
    Ok(Parcel::unpacked(body.reveal()).ok_or(store::Error::Damaged)?)
}

fn chosen<'s>(form: &Form, sets: &'s [SurveyedSet]) -> Result<&'s SurveyedSet, Problem> {
    let number: Option<usize> = form.text("set").parse().ok();
    number.and_then(|number| sets.get(number)).ok_or_else(Problem::not_found)
}

fn mending(parcel: &Parcel, set: &SurveyedSet) -> Mending {
    let of_set = sources(&parcel.files).into_iter().filter(|file| set.files.iter().any(|name| name == file.name));
    survey::mend(&of_set.collect::<Vec<_>>())
}

async fn look(
    app: &App,
    signed_in: &SignedIn,
    parcel: Parcel,
    read: &BTreeSet<standard::OfficeNumber>,
) -> Result<Looked, Problem> {
    let asker = &signed_in.person.asker;
    let (parcel, survey, report) = sending::look_over(app, asker, parcel).await?;
    let numbers: BTreeSet<_> = report.units.iter().map(|unit| unit.receiver).collect();
    let receivers = app.store.offices(&numbers).await?;
    let facts = app.store.partner_facts(asker, &receivers).await?;
    let said = facts.iter().map(|(number, facts)| {
        let sets = survey.sets.iter().filter(|set| set.is_for(*number) && set.state == SetState::Ready).count();
        (number.to_string(), cautions(facts, sets as u64))
    });
    let cautions: BTreeMap<_, _> = said.collect();
    let work = move || {
        let mut left = MENDINGS_MAX;
        let mended = survey.sets.into_iter().map(|set| {
            let wanted = set.state == SetState::Faulty && left > 0;
            left -= usize::from(wanted);
            let mending = wanted.then(|| mending(&parcel, &set));
            (set, mending)
        });
        (mended.collect(), survey.strays)
    };
    let (sets, strays) = tokio::task::spawn_blocking(work).await?;
    let acknowledged = read.iter().map(ToString::to_string).collect();
    Ok(Looked { sets, strays, receivers, cautions, acknowledged })
}

/// What came of a set, to be kept: no word about anybody.
fn line(set: &SetAnswer) -> String {
    let what = match (&set.transmission, &set.problem) {
        (Some(sent), _) => sent.id.clone(),
        (None, Some(problem)) => problem.code.to_owned(),
        (None, None) => String::new(),
    };
    [&*set.serial, &*set.receiver, set.outcome, &*what].join(" ")
}

fn rows(answers: &str) -> Vec<ResultRow> {
    let row = |line: &str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (serial, receiver, outcome, what) = (word(), word(), word(), word());
        let (name, says) = (String::new(), wording::outcome(&outcome, &what));
        let (good, id, rest) = match &*outcome {
            "refused" => (false, None, None),
            "kept" => (false, None, Some(what)),
            _ => (true, Some(what), None),
        };
        ResultRow { serial, receiver, name, says, good, id, rest }
    };
    answers.lines().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_set_is_read_back_as_it_was_kept() {
        let kept = "20260401090002 0300000006 kept 0200";
        let read =
            rows(&format!("20260401090000 0300000005 accepted 0199\n20260401090001 0300000006 refused X05\n{kept}"));
        assert_eq!((read[0].id.as_deref(), read[0].good, read[1].id.as_deref()), (Some("0199"), true, None));
        assert!(read[1].says.contains("登録されていません"));
        assert_eq!((read[2].good, &read[2].id, read[2].rest.as_deref()), (false, &None, Some("0200")));
        assert!(rows("").is_empty());
    }
}
