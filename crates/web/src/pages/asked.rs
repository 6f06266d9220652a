//! What stands behind the question mark of a page's address: where to go back to, and what has just been done. Both
//! are looked up among words of ours; nothing from an address is ever shown.

use crate::app::App;
use crate::routes;
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// Longer than any address of ours.
const QUERY_BYTES_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Whether the word stands there at all, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Where to go back to: a page of ours, the first one unless told otherwise.
    pub(crate) fn back(&self) -> &str {
        back(self.get("back"))
    }

    /// What to say about what has just been done.
    pub(crate) fn done(&self, words: &[(&str, &'static str)]) -> Option<&'static str> {
        let done = self.get("done");
        words.iter().find(|(word, _)| *word == done).map(|(_, notice)| *notice)
    }
}

/// A page of ours, whatever somebody wrote there.
pub(crate) fn back(named: &str) -> &str {
    routes::page_named(named).unwrap_or("/")
}

impl FromRequestParts<App> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        let query = parts.uri.query().filter(|query| query.len() <= QUERY_BYTES_MAX).unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}
