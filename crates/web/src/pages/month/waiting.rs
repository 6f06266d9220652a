//! 催促, for the first page: who waits for actuals of this office. Says which month and nobody's name.

use super::board::short_day;
use crate::app::App;
use crate::guard::SignedIn;
use crate::problem::Problem;
use crate::wording::month;
use askama::Template;
use askama::filters::HtmlSafe;
use identity::role::Deed;
use store::Reminder;

/// Empty when nobody waits.
#[derive(Template)]
#[template(path = "month/waiting.html")]
pub(crate) struct Waiting {
    rows: Vec<Row>,
}

impl HtmlSafe for Waiting {}

struct Row {
    from: String,
    month: String,
    day: String,
    href: Option<String>,
}

impl Waiting {
    pub(crate) async fn of(app: &App, signed_in: &SignedIn) -> Result<Self, Problem> {
        let may_read = signed_in.person.may(Deed::ReadSets);
        let reminders = app.store.reminders(&signed_in.person.asker).await?;
        Ok(Self { rows: reminders.into_iter().map(|reminder| Row::new(&reminder, may_read)).collect() })
    }
}

impl Row {
    fn new(reminder: &Reminder, may_read: bool) -> Self {
        let Reminder { from, from_name, month: of, on_day } = reminder;
        Self {
            from: format!("{from_name}（{from}）"),
            month: month(&of.to_string()),
            day: short_day(on_day),
            href: may_read.then(|| format!("/month?month={of}&partner={from}&only=missing")),
        }
    }
}
