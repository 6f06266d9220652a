//! 届いた知らせのメール — one mail a day that something waits, and how much: to whoever asked for it and proved by a code that the
//! address is theirs. Nothing of what waits is in it.

mod due;
mod own;

pub use due::{ArrivalMail, MailFailure, MailText};
pub use own::{MailAsked, MailConfirmed};

use crate::people::Column;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use standard::value::Private;

/// How long a mailed code counts.
pub const MAIL_CODE_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// Wrong codes before it counts no more.
pub const MAIL_CODE_TRIES_MAX: i64 = 5;
/// Addresses that one person may enter on a day: each is mailed to, and may be a stranger's.
pub const MAIL_ASKED_MAX: i64 = 5;
/// Bytes of an address (RFC 5321).
const ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;
const ADDRESS: Column = Column("arrival_mail", "address_sealed");
const CODE: &str = "arrival_mail";

/// How it stands with somebody's mail.
#[derive(Clone, Debug)]
pub struct OwnMail {
    /// Where to.
    pub address: Private<String>,
    /// Whose arrivals are counted.
    pub office_name: String,
    /// At which hour, in Japan.
    pub hour: u8,
    /// The code was given back.
    pub confirmed: bool,
    /// A code was mailed and counts until then, RFC 3339.
    pub code_until: Option<String>,
    /// The last mail that a mail server took, RFC 3339.
    pub sent_at: Option<String>,
    /// Since then mails have failed: when last, RFC 3339, why, and how often.
    pub failed: Option<(String, MailFailure, u32)>,
    /// None will be tried any more.
    pub given_up: bool,
}

fn japan() -> TimeZone {
    TimeZone::fixed(offset(9))
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(japan()).date()
}

/// When it is that hour in Japan the next time.
fn next(hour: i64, now: Timestamp) -> Option<Timestamp> {
    let hour = Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
    let today = day(now).to_datetime(hour);
    let at = |when: DateTime| when.to_zoned(japan()).ok().map(|zoned| zoned.timestamp());
    at(today).filter(|at| *at > now).or_else(|| at(today.checked_add(1.day()).ok()?))
}

/// What a mail server can be asked to send to. Whether anybody reads it there, the code shows.
fn is_an_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= ADDRESS_BYTES_MAX
        && (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && local.bytes().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && host.contains('.')
        && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_due_at_the_hour_in_japan() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        assert_eq!(next(8, at("2026-04-01T22:59:59Z")), Some(at("2026-04-01T23:00:00Z")));
        assert_eq!(next(8, at("2026-04-01T23:00:00Z")), Some(at("2026-04-02T23:00:00Z")));
        assert_eq!(next(0, at("2026-12-31T14:00:00Z")), Some(at("2026-12-31T15:00:00Z")));
        assert_eq!(next(24, at("2026-12-31T14:00:00Z")), None);
    }

    #[test]
    fn only_what_can_be_mailed_to_is_an_address() {
        for good in ["a@example.jp", "hanako.mihon+care@mail.example.co.jp"] {
            assert!(is_an_address(good), "{good}");
        }
        let long = format!("{}@example.jp", "a".repeat(65));
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@example.jp",
            "a@localhost",
            "a b@example.jp",
            "a@example..jp",
            "a@-x.jp",
            ".a@example.jp",
            "a..b@example.jp",
            "a@example.jp\r\nBcc: b@example.jp",
            "a,b@example.jp",
            "<a@example.jp>",
            "あ@example.jp",
            &long,
        ] {
            assert!(!is_an_address(bad), "{bad:?}");
        }
    }
}
