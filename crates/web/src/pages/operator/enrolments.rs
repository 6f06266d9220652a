//! 端末の登録の申請: asked for by one after the office was verified, agreed to by another, who gets the code (R7.2).

use super::{officer, waiting, wording};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::pages::once::Secret;
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::scope::{Scope, Scopes};
use std::sync::Arc;
use std::time::Instant;
use store::{Approval, EnrolmentCode, NewEnrolment, Requested, japanese_time};

/// Where the code is shown.
const CODE_PAGE: &str = "enrolment-code";

/// 端末の登録を申請する.
#[derive(Template)]
#[template(path = "operator/enrolment.html")]
struct Ask {
    frame: Frame,
    faults: Faults,
    fields: [Field; 3],
    scopes: Vec<(&'static str, &'static str, bool)>,
}

impl Ask {
    fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let fields = [
            Field::text("office", "事業所番号").numeric(),
            Field::text("label", "端末の名前").hint("事業所が呼んでいる名前です。例: 受付のパソコン"),
            Field::text("evidence", "事業所をどのように確かめたか")
                .hint("例: 指定通知書の写し、登録済みの代表電話への折り返し"),
        ];
        let ticked = |scope: Scope| form.all("scope").any(|id| id == scope.id());
        Self {
            frame: signed_in.frame("端末の登録を申請する").narrow().faulty(!faults.is_empty()),
            fields: fields.map(|field| {
                let value = form.text(field.id()).to_owned();
                field.value(value).faults(&faults)
            }),
            scopes: [Scope::Send, Scope::Collect, Scope::Read]
                .map(|scope| (scope.id(), scope.label(), ticked(scope)))
                .into(),
            faults,
        }
    }
}

/// 登録コード.
#[derive(Template)]
#[template(path = "operator/enrolment_code.html")]
struct Code {
    frame: Frame,
    shown: Option<Secret>,
    until: String,
    enrolment_url: Arc<str>,
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Ask::new(&signed_in, &Form::default(), Faults::default()))
}

pub(crate) async fn request(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let ticked: Vec<Scope> =
        form.all("scope").filter_map(|id| Scope::ALL.into_iter().find(|scope| scope.id() == id)).collect();
    let faults = match form.text("office").parse() {
        Err(_) => Faults::of("office", wording::NO_NUMBER),
        Ok(office) => {
            let new = NewEnrolment {
                office,
                label: form.text("label").to_owned(),
                evidence: form.text("evidence").to_owned(),
                evidence_digest: None,
                scopes: Scopes::of(&ticked),
            };
            match app.store.request_enrolment(new, &officer(&signed_in)?).await? {
                Requested::Done(_) => return Ok(on_to("/operator/approvals?done=asked")),
                Requested::NoSuchOffice => Faults::of("office", wording::NO_SUCH_OFFICE),
                Requested::Incomplete => Faults::of("label", wording::INCOMPLETE),
                Requested::DeviceTaken => Faults::of("label", wording::DEVICE_TAKEN),
            }
        }
    };
    show_again(&Ask::new(&signed_in, &form, faults))
}

pub(crate) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let fault = match app.store.approve_enrolment(id, &officer(&signed_in)?).await? {
        Approval::Code(EnrolmentCode { code, expires_at }) => {
            let secret = Secret { page: CODE_PAGE, subject: String::new(), lines: vec![code], until: Some(expires_at) };
            app.once.keep(signed_in.token.text(), secret, Instant::now());
            return Ok(on_to("/operator/enrolments/code"));
        }
        Approval::OwnRequest => wording::OWN_REQUEST,
        Approval::NotPending => wording::NOT_PENDING,
    };
    show_again(&waiting(&app, &signed_in, None, Faults::of("waiting-enrolments", fault)).await?)
}

pub(crate) async fn code(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let shown = app.once.take(signed_in.token.text(), CODE_PAGE, Instant::now());
    let until = shown.as_ref().and_then(|secret| secret.until.as_deref()).map(japanese_time).unwrap_or_default();
    show(&Code { frame: signed_in.frame("登録コード").narrow(), shown, until, enrolment_url: app.enrolment_url })
}
