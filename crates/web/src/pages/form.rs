//! Forms, read only when they come from a page of ours.

use crate::app::App;
use crate::form_token::FormToken;
use crate::parts::parts;
use crate::problem::Problem;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header;
use http::request::Parts;
use std::collections::HashMap;

/// Bytes of a form without a file: a password of 128 characters and a reason of some lines are far below.
const FORM_BYTES_MAX: usize = 32 << 10;
/// Fields of a form, those of a list of rights included.
const FIELDS_MAX: usize = 64;
/// Bytes of a form with a piece of evidence.
const UPLOAD_BYTES_MAX: usize = 9 << 20;
/// Field that carries the token.
pub(crate) const TOKEN_FIELD: &str = "form_token";

/// The fields of a form. What is missing is empty: whether that will do is for the handler to say, beside the field.
#[derive(Default)]
pub(crate) struct Form(HashMap<String, Vec<String>>);

/// A form with a file.
pub(crate) struct Upload {
    pub(crate) fields: Form,
    pub(crate) file: Option<Vec<u8>>,
}

impl Form {
    /// A field without the spaces around it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.secret(name).trim()
    }

    /// A field as it came: spaces may belong to a password.
    pub(crate) fn secret(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// Every value of a field: boxes that are ticked.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    /// With one field filled in beforehand.
    pub(crate) fn of(name: &str, value: &str) -> Self {
        let mut form = Self::default();
        form.add(name, value.to_owned());
        form
    }

    fn add(&mut self, name: &str, value: String) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    fn checked(self, token: &FormToken) -> Result<Self, Problem> {
        if token.is(self.text(TOKEN_FIELD)) { Ok(self) } else { Err(Problem::form_of_others()) }
    }
}

/// For pages at the door, whose token belongs to no session.
impl FromRequestParts<App> for FormToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::form_of_others)
    }
}

/// The token that forms of this visit must carry; put there by the guard.
fn token_of(request: &Request) -> Result<FormToken, Problem> {
    request.extensions().get::<FormToken>().cloned().ok_or_else(Problem::form_of_others)
}

impl FromRequest<App> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Problem> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let token = token_of(&request)?;
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(KIND) {
            return Err(Problem::broken_form());
        }
        let body = to_bytes(request.into_body(), FORM_BYTES_MAX).await.map_err(|_| Problem::broken_form())?;
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(&body).take(FIELDS_MAX) {
            form.add(&name, value.into_owned());
        }
        form.checked(&token)
    }
}

impl FromRequest<App> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Problem> {
        let token = token_of(&request)?;
        let mut parts = parts(request).await.map_err(|_| Problem::broken_form())?;
        let (mut fields, mut file, mut total) = (Form::default(), None, 0);
        for _ in 0..FIELDS_MAX {
            let Some(mut part) = parts.next_field().await.map_err(|_| Problem::broken_form())? else { break };
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let mut bytes = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(|_| Problem::broken_form())? {
                total += chunk.len();
                if total > UPLOAD_BYTES_MAX {
                    return Err(Problem::body_too_large(UPLOAD_BYTES_MAX));
                }
                bytes.extend_from_slice(&chunk);
            }
            if is_file {
                // A browser sends a file without bytes when none was chosen.
                file = (!bytes.is_empty()).then_some(bytes);
            } else {
                fields.add(&name, String::from_utf8(bytes).map_err(|_| Problem::broken_form())?);
            }
        }
        Ok(Self { fields: fields.checked(&token)?, file })
    }
}
