//! Stands before every door of the route table: who knocks, and is that enough? (R8.2, R12.1)
//!
//! What was found out is handed to the handler as one of the types below. They can only be made here, so a handler that
//! takes a [`SignedIn`] cannot be reached with less.

use crate::app::App;
use crate::cookie;
use crate::form_token::{FormToken, from_our_page};
use crate::listener::Peer;
use crate::pages::frame::on_to;
use crate::problem::Problem;
use crate::routes;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, header};
use identity::role::Deed;
use identity::scope::Scope;
use std::fmt;
use std::sync::Arc;
use store::Asker;
use store::log::Alarms;
use store::people::{Enrolling, HalfWay, Person, Software, Standing};

/// Where pages wait for a number. It is asked for by the page, not by somebody, shows nothing about anybody, and is therefore
/// not recorded.
const NEWS: &str = "/news";

/// What a door asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A finished handshake.
    Nothing,
    /// A device in the register.
    Device,
    /// The password, and nothing more yet.
    HalfWay,
    /// A one-time code for setting up one's own secrets (R8.12).
    Enrolling,
    /// Two factors; no right beyond that.
    SignedIn,
    /// Two factors and the right to this.
    Person(Deed),
    /// A program's token, bound to the device, whatever its scopes.
    Program,
    /// A program's token with the scope for this.
    Software(Deed),
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("certificate"),
            Self::Device => f.write_str("device"),
            Self::HalfWay => f.write_str("password"),
            Self::Enrolling => f.write_str("one-time code"),
            Self::SignedIn => f.write_str("two factors"),
            Self::Person(deed) => write!(f, "two factors, {}", deed.id()),
            Self::Program => f.write_str("token"),
            Self::Software(deed) => write!(f, "token, {}", deed.scope().map_or("none", Scope::id)),
        }
    }
}

/// The office and device that the handshake proved, looked up anew for every request so that a revoked device stops at
/// once.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) asker: Asker,
}

/// Whoever has given the password and owes the second factor.
#[derive(Clone)]
pub(crate) struct AtSecond {
    pub(crate) half: HalfWay,
    pub(crate) asker: Asker,
    pub(crate) token: FormToken,
}

/// Whoever sets up their own secrets.
#[derive(Clone)]
pub(crate) struct SettingUp {
    pub(crate) enrolling: Enrolling,
    pub(crate) asker: Asker,
    pub(crate) token: FormToken,
}

/// A person with two factors, on a device of the office they act for.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) person: Arc<Person>,
    pub(crate) token: FormToken,
    pub(crate) path: Arc<str>,
    /// What this person must be told wherever they are.
    pub(crate) alarms: Option<Alarms>,
}

/// A program on its device.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) software: Software,
    pub(crate) asker: Asker,
}

macro_rules! found_by_the_guard {
    ($($found:ty),*) => {$(
        impl FromRequestParts<App> for $found {
            type Rejection = Problem;

            /// A door whose line in the table asks for less than its handler takes answers nobody.
            async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
                parts.extensions.get::<Self>().cloned().ok_or_else(Problem::incident)
            }
        }
    )*};
}
found_by_the_guard!(Caller, AtSecond, SettingUp, SignedIn, Program);

/// Lets in who may come in.
pub(crate) async fn admit(State((app, needs)): State<(App, Needs)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match check(&app, needs, &mut parts).await {
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Ok(Some(elsewhere)) => elsewhere,
        Err(problem) => problem.into_response(),
    }
}

/// Nothing when the way is free; an answer when the person must first go elsewhere.
async fn check(app: &App, needs: Needs, parts: &mut Parts) -> Result<Option<Response>, Problem> {
    if needs == Needs::Nothing {
        return Ok(None);
    }
    let caller = caller(app, &parts.extensions).await?;
    parts.extensions.insert(caller.clone());
    if let Needs::Program | Needs::Software(_) = needs {
        let software = software(app, &caller, &parts.headers).await?;
        if let Needs::Software(deed) = needs
            && !software.scopes.may(deed)
        {
            return Err(Problem::no_scope());
        }
        parts.extensions.insert(Program { software, asker: caller.asker });
        return Ok(None);
    }
    if parts.method != Method::GET && !from_our_page(&parts.headers, &parts.uri) {
        return Err(Problem::form_of_others());
    }
    if needs == Needs::Device {
        if let Some(token) = cookie::read(&parts.headers, cookie::DOOR).and_then(FormToken::of) {
            parts.extensions.insert(token);
        }
        return Ok(None);
    }
    let shown = cookie::read(&parts.headers, cookie::SESSION);
    let standing = match shown {
        // A page that waits for news is not somebody at work: it keeps no session alive (R8.14).
        Some(shown) if parts.uri.path() == NEWS => app.store.standing_unseen(shown, &caller.asker).await?,
        Some(shown) => app.store.standing(shown, &caller.asker).await?,
        None => Standing::None,
    };
    let Some(token) = shown.and_then(FormToken::of) else { return Ok(Some(to_sign_in(parts, false))) };
    parts.extensions.insert(token.clone());
    let asker = caller.asker;
    match (needs, standing) {
        (_, Standing::None) => return Ok(Some(to_sign_in(parts, true))),
        (Needs::HalfWay, Standing::Half(half)) => {
            parts.extensions.insert(AtSecond { half, asker, token });
        }
        (Needs::Enrolling, Standing::Enrolling(enrolling)) => {
            parts.extensions.insert(SettingUp { enrolling, asker, token });
        }
        (Needs::SignedIn, Standing::Full(person)) => admit_person(app, parts, person, token).await?,
        (Needs::Person(deed), Standing::Full(person)) => {
            if !person.may(deed) {
                return refuse(app, &person, deed).await.map(Some);
            }
            admit_person(app, parts, person, token).await?;
        }
        (_, Standing::Half(_)) => return Ok(Some(on_to("/sign-in/second"))),
        (_, Standing::Enrolling(_)) => return Ok(Some(on_to("/first"))),
        (_, Standing::Full(_)) => return Ok(Some(on_to("/"))),
    }
    Ok(None)
}

/// A page is recorded before its handler runs: what cannot be recorded is not shown (R10.1, R10.2). What a form does is
/// recorded by the verb that does it.
async fn admit_person(app: &App, parts: &mut Parts, person: Box<Person>, token: FormToken) -> Result<(), Problem> {
    let path: Arc<str> = parts.uri.path().into();
    if parts.method == Method::GET && *path != *NEWS {
        let pattern = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        app.store.record_page(&person, &page_name(pattern), object_of(pattern, &path)).await?;
    }
    let alarms = app.store.alarms(&person).await?;
    parts.extensions.insert(SignedIn { person: Arc::from(person), token, path, alarms });
    Ok(())
}

/// A page as the log names it: `/staff/{id}/name` is `staff.id.name`.
pub(crate) fn page_name(pattern: &str) -> String {
    let name: Vec<&str> = pattern.split('/').filter(|segment| !segment.is_empty()).collect();
    if name.is_empty() { "front".to_owned() } else { name.join(".").replace(['{', '}'], "") }
}

/// What stands in the path where the pattern has braces, if it has the form of an id or number of ours: nothing else that
/// somebody types gets into the log (R10.9).
fn object_of<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    const ID_BYTES: usize = 36;
    const NUMBER_BYTES: usize = 10;
    let open = pattern.split('/').zip(path.split('/')).find(|(segment, _)| segment.starts_with('{'));
    let (_, found) = open?;
    let id = found.len() == ID_BYTES && found.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let number = found.len() == NUMBER_BYTES && found.bytes().all(|byte| byte.is_ascii_digit());
    (id || number).then_some(found)
}

/// What stands between the person and the right may be something they can do themselves.
async fn refuse(app: &App, person: &Person, deed: Deed) -> Result<Response, Problem> {
    if person.must_change.is_some() {
        return Ok(on_to("/account/password"));
    }
    if !person.chosen {
        return Ok(on_to("/sign-in/office"));
    }
    app.store.record_denied(person, deed).await?;
    Err(Problem::no_right())
}

/// To signing in, and afterwards back to where the person was: to the page, when it was a form.
fn to_sign_in(parts: &Parts, over: bool) -> Response {
    let back = routes::page_at(parts.uri.path()).unwrap_or("/");
    let said = if over { "&over=1" } else { "" };
    let mut response =
        if back == "/" && !over { on_to("/sign-in") } else { on_to(&format!("/sign-in?back={back}{said}")) };
    if let Some(cleared) = over.then(|| cookie::clear(cookie::SESSION)).flatten() {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    response
}

async fn caller(app: &App, found: &Extensions) -> Result<Caller, Problem> {
    let peer = found.get::<Peer>().ok_or_else(Problem::unknown_device)?;
    let digest = peer.certificate_digest.as_deref().ok_or_else(Problem::unknown_device)?;
    match app.store.asker(digest, peer.address).await? {
        // The handshake looked at the exception too; it may have ended since (R5.3).
        Some(asker) if peer.tls12 && !app.store.may_use_tls12(&asker).await? => {
            app.store.record_tls12_refused(&asker).await?;
            Err(Problem::tls12())
        }
        Some(asker) => Ok(Caller { asker }),
        None => {
            app.store.record_stranger(peer.address).await?;
            Err(Problem::unknown_device())
        }
    }
}

/// The same answer for no token, an unknown one, one of another device and one that has ended.
async fn software(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<Software, Problem> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let found: Option<Software> = match shown {
        Some(token) => app.store.software(token, &caller.asker).await?,
        None => None,
    };
    found.ok_or_else(Problem::no_software_token)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_9_only_ids_of_ours_get_from_a_path_into_the_log() {
        let id = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
        assert_eq!(object_of("/staff/{id}/name", &format!("/staff/{id}/name")), Some(id));
        assert_eq!(
            object_of("/operator/offices/{number}/close", "/operator/offices/1370000011/close"),
            Some("1370000011")
        );
        for typed in ["sato", "%0d%0a", "0199aaaa", "13700000111", "見本"] {
            assert_eq!(object_of("/staff/{id}/name", &format!("/staff/{typed}/name")), None, "{typed}");
        }
        assert_eq!((page_name("/"), page_name("/staff/{id}/name")), ("front".to_owned(), "staff.id.name".to_owned()));
    }
}
