//! Forms are accepted only from pages of ours, filled in by whoever was given the page: a token bound to the cookie, and
//! what the browser itself says about where the form came from.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::uri::Authority;
use http::{HeaderMap, Uri, header};
use sha2::Sha256;
use std::fmt::Write as _;

/// What the forms of one session, or of one visit before signing in, carry. It cannot be turned back into the cookie.
#[derive(Clone)]
pub(crate) struct FormToken(String);

impl FormToken {
    pub(crate) fn of(cookie: &str) -> Option<Self> {
        let mac = Self::mac(cookie)?.finalize().into_bytes();
        let mut text = String::with_capacity(mac.len() * 2);
        for byte in mac {
            let _ = write!(text, "{byte:02x}");
        }
        Some(Self(text))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Compares by way of a hash, so that the time taken says nothing about the token.
    pub(crate) fn is(&self, given: &str) -> bool {
        let Some(expected) = Self::mac(&self.0) else { return false };
        Self::mac(given).is_some_and(|given| expected.verify(&given.finalize().into_bytes()).is_ok())
    }

    fn mac(key: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(b"fumibako form 1");
        Some(mac)
    }
}

/// Whether the browser says that the request comes from a page of ours. Every browser says at least one of the two;
/// what says neither is none.
pub(crate) fn from_our_page(headers: &HeaderMap, uri: &Uri) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (site, origin) = (said("sec-fetch-site"), said(header::ORIGIN.as_str()));
    let ours = origin.is_some_and(|origin| is_ours(origin, headers, uri));
    match (site, origin) {
        (Some(site), origin) => site == "same-origin" && (origin.is_none() || ours),
        (None, Some(_)) => ours,
        (None, None) => false,
    }
}

/// The browser alone writes both, so an origin that is the host asked for is a page of this server.
fn is_ours(origin: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(Authority::as_str).or(named);
    origin.strip_prefix("https://").is_some_and(|origin| host.is_some_and(|host| origin.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_token_belongs_to_its_cookie() {
        let (one, other) = (FormToken::of("one").expect("any key"), FormToken::of("other").expect("any key"));
        assert!(one.is(one.text()));
        assert!(!one.is(other.text()) && !one.is("") && !one.is("one"));
    }

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|&(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
            .collect();
        from_our_page(&headers, &Uri::from_static("/sign-in"))
    }

    #[test]
    fn forms_of_other_sites_are_told_apart() {
        let host = ("host", "fumibako.example:8443");
        let origin = ("origin", "https://fumibako.example:8443");
        assert!(ours(&[host, origin]));
        assert!(ours(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(ours(&[host, origin, ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[host]));
        assert!(!ours(&[host, origin, ("sec-fetch-site", "same-site")]));
        assert!(!ours(&[host, origin, ("sec-fetch-site", "cross-site")]));
        for foreign in ["null", "http://fumibako.example:8443", "https://fumibako.example", "https://evil.example", ""]
        {
            assert!(!ours(&[host, ("origin", foreign)]), "{foreign}");
            assert!(!ours(&[host, ("origin", foreign), ("sec-fetch-site", "same-origin")]), "{foreign}");
        }
    }
}
