//! 責任者・関係者一覧.

use super::wording;
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::register::Duty;
use store::people::{NewResponsible, ResponsibleAdded};

/// 責任者を登録する.
#[derive(Template)]
#[template(path = "registers/responsible.html")]
struct Add {
    frame: Frame,
    faults: Faults,
    fields: [Field; 7],
}

impl Add {
    fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let duties = Duty::ALL.map(|duty| Choice { value: duty.id().to_owned(), label: duty.label().to_owned() });
        let fields = [
            Field::select("duty", "責務", duties.into()),
            Field::text("name", "氏名または事業者名").hint("例: 架空 花子"),
            Field::text("contact", "連絡先").hint("急ぎのときにつながる電話番号など"),
            Field::text("deputy", "代わりの人の氏名").optional().hint("いないと、台帳のはじめに不備として出ます。"),
            Field::text("deputy_contact", "代わりの人の連絡先").optional(),
            Field::date("from", "始まりの日"),
            Field::date("until", "終わりの日").optional(),
        ];
        let fields = fields.map(|field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        });
        Self { frame: signed_in.frame("責任者を登録する").narrow().faulty(!faults.is_empty()), fields, faults }
    }
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Add::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn add(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let faults = match read(&form) {
        Err(faults) => faults,
        Ok(new) => match app.store.add_responsible(&signed_in.person, new).await? {
            ResponsibleAdded::Done(_) => return Ok(on_to("/registers?done=added")),
            ResponsibleAdded::Unfit => Faults::of("name", wording::UNFIT_PERSON),
            ResponsibleAdded::BadDates => Faults::of("until", wording::END_BEFORE),
            ResponsibleAdded::NotAllowed => return Err(Problem::no_right()),
        },
    };
    show_again(&Add::new(&signed_in, &form, faults))
}

fn read(form: &Form) -> Result<NewResponsible, Faults> {
    let mut faults = Faults::default();
    let duty = Duty::from_id(form.text("duty"));
    if duty.is_none() {
        faults.add("duty", wording::NO_DUTY);
    }
    let from = form.text("from").parse();
    if from.is_err() {
        faults.add("from", wording::NO_DAY);
    }
    let until = match form.text("until") {
        "" => None,
        text => match text.parse() {
            Ok(until) => Some(until),
            Err(_) => {
                faults.add("until", wording::NO_DAY);
                None
            }
        },
    };
    let text = |name: &str| form.text(name).to_owned();
    match (duty, from) {
        (Some(duty), Ok(from)) if faults.is_empty() => Ok(NewResponsible {
            duty,
            name: text("name"),
            contact: text("contact"),
            deputy: text("deputy"),
            deputy_contact: text("deputy_contact"),
            from,
            until,
        }),
        _ => Err(faults),
    }
}

pub(crate) async fn end(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    // Ended already is as good.
    app.store.end_responsible(&signed_in.person, id).await?;
    Ok(on_to("/registers?done=ended"))
}
