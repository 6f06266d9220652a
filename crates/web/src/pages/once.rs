//! Secrets that are shown once: kept in memory between the form that made them and the page that shows them, so that
//! going back or reloading neither shows them again nor makes another.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What is not fetched by then is forgotten. The secret itself stays good; its owner makes another.
const KEPT: Duration = Duration::from_secs(120);
/// One a session; more than any exchange has open at once.
const SESSIONS_MAX: usize = 10_000;

/// The secrets that wait to be shown, by session.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<HashMap<String, (Instant, Secret)>>);

/// What is shown.
#[derive(Clone)]
pub(crate) struct Secret {
    /// Which page it is for; another does not show it.
    pub(crate) page: &'static str,
    /// For whom or what, as the page says it.
    pub(crate) subject: String,
    pub(crate) lines: Vec<Zeroizing<String>>,
    /// RFC 3339, where the secret ends by itself.
    pub(crate) until: Option<String>,
}

/// Where recovery codes are shown.
pub(crate) const CODES_PAGE: &str = "codes";

impl Secret {
    /// 予備コード.
    pub(crate) fn codes(lines: Vec<Zeroizing<String>>) -> Self {
        Self { page: CODES_PAGE, subject: String::new(), lines, until: None }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({}, ..)", self.page)
    }
}

impl Once {
    /// Keeps a secret for the next page of this session; an older one of the session is forgotten.
    pub(crate) fn keep(&self, session: &str, secret: Secret, now: Instant) {
        let Ok(mut kept) = self.0.lock() else { return };
        kept.retain(|_, (since, _)| now.duration_since(*since) < KEPT);
        if kept.len() < SESSIONS_MAX {
            kept.insert(session.to_owned(), (now, secret));
        }
    }

    /// Hands it out, once.
    pub(crate) fn take(&self, session: &str, page: &str, now: Instant) -> Option<Secret> {
        let mut kept = self.0.lock().ok()?;
        if kept.get(session).is_none_or(|(_, secret)| secret.page != page) {
            return None;
        }
        kept.remove(session).filter(|(since, _)| now.duration_since(*since) < KEPT).map(|(_, secret)| secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_once_to_its_session_on_its_page() {
        let (once, now) = (Once::default(), Instant::now());
        let secret = |line: &str| Secret {
            page: "/a",
            subject: String::new(),
            lines: vec![Zeroizing::new(line.to_owned())],
            until: None,
        };
        once.keep("mine", secret("1"), now);
        assert!(once.take("yours", "/a", now).is_none() && once.take("mine", "/b", now).is_none());
        assert_eq!(once.take("mine", "/a", now).expect("kept").lines[0].as_str(), "1");
        assert!(once.take("mine", "/a", now).is_none(), "once");
        once.keep("mine", secret("2"), now);
        assert!(once.take("mine", "/a", now + KEPT).is_none(), "forgotten");
    }
}
