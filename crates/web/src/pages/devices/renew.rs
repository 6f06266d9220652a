//! 証明書の更新 in the browser whose certificate it is (R7.5): the guide of the enrolment page, with no code to be typed.

use crate::app::App;
use crate::enrol::page::{Guide, Renewing};
use crate::enrol::{self, EnrolAnswer};
use crate::guard::SignedIn;
use crate::pages::form::Form;
use crate::problem::Problem;
use crate::wording::day;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use store::Renewal;

pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Problem> {
    let asker = &signed_in.person.asker;
    let renewal = Renewing {
        office: asker.office.name.clone(),
        until: day(&asker.valid_until),
        token: signed_in.token.text().to_owned(),
    };
    let mut response = Guide { renewal: Some(renewal) }.html()?.into_response();
    // The page runs the guide's scripts, and they ask for the certificate.
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(enrol::POLICY));
    Ok(response)
}

pub(crate) async fn renew(
    State(app): State<App>,
    signed_in: SignedIn,
    form: Form,
) -> Result<Json<EnrolAnswer>, Problem> {
    let asker = &signed_in.person.asker;
    match app.store.renew(asker, form.text("certificate_request")).await? {
        Renewal::Done(renewed) => Ok(Json(EnrolAnswer {
            certificate: renewed.certificate_pem,
            authority: renewed.authority_pem,
            office_number: asker.office.register.number.to_string(),
            office_name: asker.office.name.clone(),
            exchange_url: app.exchange_url.to_string(),
            software_token: None,
        })),
        Renewal::RequestRefused => Err(Problem::bad_request_for_certificate()),
        Renewal::Outside => Err(Problem::not_renewable(true)),
        Renewal::TooMany => Err(Problem::not_renewable(false)),
        Renewal::OfAnother => Err(Problem::device_of_another()),
    }
}
