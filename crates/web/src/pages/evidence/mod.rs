//! 送受信の記録: an office's administrator has it made for a period (R10.1, R12.1).

mod page;
pub(crate) mod printing;

use crate::api::download;
use crate::app::App;
use crate::evidence::{About, document, file_name};
use crate::guard::SignedIn;
use crate::pages::field::Faults;
use crate::pages::form::Form;
use crate::pages::frame::{show, show_again};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use page::Page;
use standard::OfficeNumber;
use store::{EVIDENCE_SETS_MAX, Evidence, EvidenceAsked, Hand};

/// Years that one document may span; nobody reads more, and what is older has been erased.
const YEARS_MAX: i64 = 6;

pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Page::new(&signed_in, None, Faults::default()))
}

/// Answers with the document itself.
pub(crate) async fn make(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let again = |faults| show_again(&Page::new(&signed_in, Some(&form), faults));
    let asked = match asked(&form) {
        Ok(asked) => asked,
        Err(faults) => return again(faults),
    };
    let rows = match app.store.make_evidence(&Hand::from(&signed_in.person), asked).await? {
        Evidence::Done(rows) => rows,
        Evidence::TooMany => {
            let text = format!(
                "この期間には{EVIDENCE_SETS_MAX}件より多くの送受信があります。期間を短くするか、相手の事業所を一つ選んでください。"
            );
            return again(Faults::of("from", text));
        }
        Evidence::NoSuchPartner => {
            return again(Faults::of("partner", "その事業所番号は、この交換所にありません。番号を確かめてください。"));
        }
    };
    let person = &signed_in.person;
    let about = About {
        office: &person.office,
        from: asked.from,
        until: asked.until,
        partner: asked.partner.map(|number| number.to_string()),
        made_by: person.name.reveal().clone(),
        made_at: app.store.document_time(),
        log_key: app.store.log_key().await?.to_string(),
    };
    let name = file_name(&about);
    let pdf = printing::print(&app, document(&about, &rows)).await?;
    Ok(download("application/pdf", &name, pdf))
}

/// The period in days of Japan, the last one included: from which instant on, and before which.
#[must_use]
pub fn period(from: Date, to: Date) -> Option<(Timestamp, Timestamp)> {
    let japan = TimeZone::fixed(jiff::tz::offset(9));
    let begin = |day: Date| day.to_zoned(japan.clone()).ok().map(|at| at.timestamp());
    let after = to.checked_add(1.day()).ok()?;
    let longest = from.checked_add(YEARS_MAX.years()).ok()?;
    (from <= to && to <= longest).then_some(())?;
    Some((begin(from)?, begin(after)?))
}

fn asked(form: &Form) -> Result<EvidenceAsked, Faults> {
    let mut faults = Faults::default();
    let mut date = |id: &'static str, text: &'static str| {
        let date = form.text(id).parse::<Date>().ok();
        if date.is_none() {
            faults.add(id, text);
        }
        date
    };
    let from = date("from", "はじめの日を入れてください。");
    let to = date("to", "おわりの日を入れてください。");
    let partner = match form.text("partner") {
        "" => None,
        number => match number.parse::<OfficeNumber>() {
            Ok(number) => Some(number),
            Err(_) => {
                faults.add("partner", "事業所番号は、半角の数字と英字10文字で入れてください。");
                None
            }
        },
    };
    let (Some(from), Some(to)) = (from, to) else { return Err(faults) };
    let Some((from, until)) = period(from, to) else {
        faults.add("to", "おわりの日は、はじめの日からあと、6年以内の日にしてください。");
        return Err(faults);
    };
    if faults.is_empty() { Ok(EvidenceAsked { from, until, partner }) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_whole_days_of_japan() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let (from, until) = period(day("2026-11-01"), day("2026-11-30")).expect("a period");
        assert_eq!(from.to_string(), "2026-10-31T15:00:00Z");
        assert_eq!(until.to_string(), "2026-11-30T15:00:00Z");
        assert!(period(day("2026-11-02"), day("2026-11-01")).is_none());
        assert!(period(day("2020-01-01"), day("2026-01-02")).is_none());
        assert!(period(day("9999-12-31"), day("9999-12-31")).is_none());
    }
}
