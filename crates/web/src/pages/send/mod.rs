//! 送る: files are brought, looked over, and go out in one confirmation for all partners.
//!
//! With scripts the browser looks over the files itself and sends them in batches ([`batch`]); they stay in the page until
//! the exchange has said what came of each. Without, the server keeps them as a [`draft`]. What has nobody served at the
//! receiver is [`held`] for a second person. All three end in [`crate::sending::send`], which decides.

pub(crate) mod batch;
pub(crate) mod draft;
pub(crate) mod held;
mod page;
mod wording;

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::Faults;
use crate::pages::frame::{on_to, show_again};
use crate::problem::Problem;
use crate::sending::{self, Parcel, ParcelLimits};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, header};
use page::Start;
use store::{Hand, OUTGOING_BYTES_MAX, OutgoingKept};

/// The page looks over files with our own module, in a worker of its own, and asks nobody but us.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                      worker-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) async fn start(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let waiting = app.store.held_sets(&signed_in.person).await?.len();
    let notice = asked.done(wording::DONE);
    let mark = app.store.page_mark(&signed_in.person)?;
    Ok(scripted(crate::pages::frame::show(&Start::new(&signed_in, mark, waiting, notice, Faults::default()))?))
}

/// Files from a form, without a script: they wait as a draft.
pub(crate) async fn bring(State(app): State<App>, signed_in: SignedIn, request: Request) -> Result<Response, Problem> {
    let limits = ParcelLimits { bytes: OUTGOING_BYTES_MAX, files: app.limits.call_files };
    let parcel = parcel(&app, &signed_in, request, limits).await?;
    let fault = if parcel.files.is_empty() {
        wording::NO_FILES
    } else {
        match app.store.keep_draft(&signed_in.person, &parcel.packed()).await? {
            OutgoingKept::Done(id) => return Ok(on_to(&format!("/send/drafts/{id}"))),
            OutgoingKept::TooMuch | OutgoingKept::UnfitReason => wording::TOO_MANY_DRAFTS,
        }
    };
    let waiting = app.store.held_sets(&signed_in.person).await?.len();
    let mark = app.store.page_mark(&signed_in.person)?;
    Ok(scripted(show_again(&Start::new(&signed_in, mark, waiting, None, Faults::of("files", fault)))?))
}

/// What a form brings, if it is one of ours.
async fn parcel(app: &App, signed_in: &SignedIn, request: Request, limits: ParcelLimits) -> Result<Parcel, Problem> {
    let parcel = sending::read(app, request, limits).await?;
    if !signed_in.token.is(parcel.field("form_token")) {
        return Err(Problem::form_of_others());
    }
    Ok(parcel)
}

fn hand(signed_in: &SignedIn) -> Hand {
    Hand::from(&signed_in.person)
}

/// Lets the page run its scripts.
fn scripted(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
