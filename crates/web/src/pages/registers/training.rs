//! 教育訓練の記録: by another person than who was trained.

use super::wording;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::register::{Trained, TrainingRule};
use store::AccountId;
use store::people::{NewTraining, TrainedRow, TrainingRecorded, TrainingRuleSet};

/// 教育訓練.
#[derive(Template)]
#[template(path = "registers/training.html")]
struct List {
    frame: Frame,
    faults: Faults,
    rows: Vec<Row>,
    enforced: bool,
    operator: bool,
    rule: TrainingRule,
}

struct Row {
    id: String,
    name: String,
    latest: Option<(String, String, String)>,
    until: String,
    state: &'static str,
    look: &'static str,
    /// Until when something has to be done.
    last_day: Option<String>,
    me: bool,
}

/// 教育訓練を記録する.
#[derive(Template)]
#[template(path = "registers/record.html")]
struct Record {
    frame: Frame,
    faults: Faults,
    id: String,
    name: String,
    fields: [Field; 4],
    rule: TrainingRule,
}

impl List {
    async fn look(
        app: &App,
        signed_in: &SignedIn,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Result<Self, Problem> {
        let person = &signed_in.person;
        let (people, enforced) = app.store.trained_people(person).await?;
        let me = person.account_id;
        let rows = people.into_iter().map(|row| {
            let (state, look) = standing(&row);
            Row {
                id: row.account_id.to_string(),
                name: row.name.into_revealed(),
                latest: row.latest.map(|(held_on, subject, evidence)| {
                    (wording::day(held_on), subject.into_revealed(), evidence.into_revealed())
                }),
                until: row.until.map_or_else(|| "—".to_owned(), wording::day),
                state,
                look,
                last_day: match row.standing {
                    Trained::Grace { last_day } => Some(wording::day(last_day)),
                    _ => None,
                },
                me: row.account_id == me,
            }
        });
        Ok(Self {
            frame: signed_in.frame("教育訓練").notice(notice).faulty(!faults.is_empty()),
            rows: rows.collect(),
            enforced,
            operator: person.office.is_operator,
            rule: app.store.training_days(),
            faults,
        })
    }
}

fn standing(row: &TrainedRow) -> (&'static str, &'static str) {
    match row.standing {
        Trained::Valid => ("有効", "good"),
        Trained::Grace { .. } => ("記録が要ります", "care"),
        Trained::Lapsed => ("操作を制限しています", "late"),
        Trained::Unasked if row.latest.is_none() => ("記録がありません", "care"),
        Trained::Unasked => ("記録があります", "good"),
    }
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&List::look(&app, &signed_in, asked.done(wording::DONE), Faults::default()).await?)
}

pub(crate) async fn set_rule(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let enforced = form.text("enforced") == "yes";
    match app.store.set_training_rule(&signed_in.person, enforced).await? {
        TrainingRuleSet::Done => {
            Ok(on_to(&format!("/registers/training?done={}", if enforced { "asked-for" } else { "not-asked-for" })))
        }
        TrainingRuleSet::TooFew => {
            let faults = Faults::of("training-rule", wording::TOO_FEW);
            show_again(&List::look(&app, &signed_in, None, faults).await?)
        }
        TrainingRuleSet::NotAllowed => Err(Problem::not_found()),
    }
}

impl Record {
    fn new(app: &App, signed_in: &SignedIn, row: &TrainedRow, form: &Form, faults: Faults) -> Self {
        let fields = [
            Field::text("subject", "内容").hint("例: 個人情報の安全管理（年次）"),
            Field::date("held_on", "受けた日"),
            Field::date("valid_until", "いつまで有効か").optional(),
            Field::text("evidence", "証拠の場所").hint("例: 受講証の番号、出席表の保管場所"),
        ];
        let fields = fields.map(|field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        });
        Self {
            frame: signed_in.frame("教育訓練を記録する").narrow().faulty(!faults.is_empty()),
            faults,
            id: row.account_id.to_string(),
            name: row.name.reveal().clone(),
            fields,
            rule: app.store.training_days(),
        }
    }
}

/// Somebody at this person's office; nobody else exists (R12.2).
async fn trainee(app: &App, signed_in: &SignedIn, id: &str) -> Result<TrainedRow, Problem> {
    let id: AccountId = id.parse().map_err(|_| Problem::not_found())?;
    let (people, _) = app.store.trained_people(&signed_in.person).await?;
    people.into_iter().find(|row| row.account_id == id).ok_or_else(Problem::not_found)
}

pub(crate) async fn new(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = trainee(&app, &signed_in, &id).await?;
    show(&Record::new(&app, &signed_in, &row, &Form::default(), Faults::default()))
}

pub(crate) async fn record(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let row = trainee(&app, &signed_in, &id).await?;
    let faults = match read(&form, row.account_id) {
        Err(faults) => faults,
        Ok(new) => match app.store.record_training(&*signed_in.person, new).await? {
            TrainingRecorded::Done(_) => return Ok(on_to("/registers/training?done=trained")),
            TrainingRecorded::Own => Faults::of("subject", wording::OWN_TRAINING),
            TrainingRecorded::Unfit => Faults::of("subject", wording::UNFIT_TRAINING),
            TrainingRecorded::BadDates => Faults::of("held_on", wording::BAD_TRAINING_DATES),
            TrainingRecorded::NotHere | TrainingRecorded::NotAllowed => return Err(Problem::not_found()),
        },
    };
    show_again(&Record::new(&app, &signed_in, &row, &form, faults))
}

fn read(form: &Form, account: AccountId) -> Result<NewTraining, Faults> {
    let mut faults = Faults::default();
    let held_on = form.text("held_on").parse();
    if held_on.is_err() {
        faults.add("held_on", wording::NO_DAY);
    }
    let valid_until = match form.text("valid_until") {
        "" => None,
        text => match text.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                faults.add("valid_until", wording::NO_DAY);
                None
            }
        },
    };
    match held_on {
        Ok(held_on) if faults.is_empty() => Ok(NewTraining {
            account,
            subject: form.text("subject").to_owned(),
            held_on,
            valid_until,
            evidence: form.text("evidence").to_owned(),
            office: None,
        }),
        _ => Err(faults),
    }
}
