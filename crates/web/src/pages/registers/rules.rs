//! 運用管理規程の版.

use super::{overview, wording};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::form::{Form, Upload};
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::people::{RuleAdded, RuleApproved};

/// 規程の版を登録する.
#[derive(Template)]
#[template(path = "registers/rules.html")]
struct Add {
    frame: Frame,
    faults: Faults,
    title: Field,
    document: Field,
}

impl Add {
    fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let title = Field::text("title", "規程の名前")
            .hint("前の版があるときは、同じ名前にしてください。版の番号は自動で付きます。")
            .value(form.text("title"));
        let document = Field::file("document", "文書のファイル", ".pdf,.docx,.odt,.txt")
            .hint("8MBまで。文書そのものは残さず、あとで同じものと確かめるための指紋（SHA-256）だけを残します。");
        Self {
            frame: signed_in.frame("規程の版を登録する").narrow().faulty(!faults.is_empty()),
            title: title.faults(&faults),
            document: document.faults(&faults),
            faults,
        }
    }
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Add::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn add(State(app): State<App>, signed_in: SignedIn, upload: Upload) -> Result<Response, Problem> {
    let form = &upload.fields;
    let document = upload.file.as_deref().unwrap_or_default();
    let faults = match app.store.add_rule(&signed_in.person, form.text("title"), document).await? {
        RuleAdded::Done(_) => return Ok(on_to("/registers?done=rule")),
        RuleAdded::Unfit => Faults::of("title", wording::UNFIT_RULE),
        RuleAdded::Same => Faults::of("document", wording::SAME_RULE),
        RuleAdded::NotAllowed => return Err(Problem::no_right()),
    };
    show_again(&Add::new(&signed_in, form, faults))
}

pub(crate) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let fault = match app.store.approve_rule(&signed_in.person, id).await? {
        RuleApproved::Done => return Ok(on_to("/registers?done=approved")),
        RuleApproved::OwnRule => wording::OWN_RULE,
        RuleApproved::NotWaiting => wording::NOT_WAITING,
        RuleApproved::NotAllowed => return Err(Problem::no_right()),
    };
    show_again(&overview(&app, &signed_in, None, Faults::of("rules", fault)).await?)
}
