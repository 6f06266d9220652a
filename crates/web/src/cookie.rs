//! Cookies: the session's, and before there is a session the one that forms are bound to. Both cannot be read by a
//! script, are never sent from another site, and belong to this host alone (R5.9).

use http::{HeaderMap, HeaderValue, header};

/// The session (R8.14).
pub(crate) const SESSION: &str = "__Host-fumibako";
/// Binds the forms of whoever has not signed in yet.
pub(crate) const DOOR: &str = "__Host-fumibako-door";
/// Longer than any token of ours.
const VALUE_BYTES_MAX: usize = 512;

/// The value of a cookie of ours, if it came.
pub(crate) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty() && value.len() <= VALUE_BYTES_MAX)
        .map(|(_, value)| value)
}

/// Sets a cookie until the browser is closed; how long it counts is for the store to say.
pub(crate) fn set(name: &str, value: &str) -> Option<HeaderValue> {
    let mut header =
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Takes a cookie away.
pub(crate) fn clear(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_counts() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("x__Host-fumibako=a; fumibako=b"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-fumibako=; __Host-fumibako=c"));
        assert_eq!(read(&headers, SESSION), Some("c"));
        assert_eq!(read(&headers, DOOR), None);
    }

    #[test]
    fn a_cookie_is_for_this_host_alone_and_for_no_script() {
        let header = set(SESSION, "x").expect("plain");
        let text = header.to_str().expect("ASCII");
        for part in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"));
        assert!(set(SESSION, "a\nb").is_none());
    }
}
