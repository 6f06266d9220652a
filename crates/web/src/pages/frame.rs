//! What every page has around it: the exchange, the office, who is signed in, and where one can go.

use crate::form_token::FormToken;
use crate::guard::SignedIn;
use crate::pages::reviews;
use crate::problem::Problem;
use crate::wording::day;
use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use identity::role::Deed;
use jiff::{SignedDuration, Timestamp};
use store::Office;

/// Pages with passkeys run one script of ours; all others run none.
const SCRIPTED: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; \
                        base-uri 'none'; frame-ancestors 'none'";

/// Pages that are told of news run one script of ours, which asks us.
const TOLD: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
                    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// From here on, every page says so: a month, in which there is a quiet hour.
const ENDING: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The head of a page.
pub(crate) struct Frame {
    pub(crate) title: &'static str,
    pub(crate) office: Option<OfficeLine>,
    pub(crate) person: Option<String>,
    /// The day's work; everything, where there is no day's work.
    pub(crate) menu: Vec<MenuItem>,
    /// 管理: the rest, folded up.
    pub(crate) more: Vec<MenuItem>,
    pub(crate) token: String,
    pub(crate) notice: Option<&'static str>,
    /// The last day of the certificate of this device, once it is near.
    pub(crate) ending: Option<String>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) narrow: bool,
    pub(crate) faulty: bool,
    pub(crate) passkeys: bool,
    /// Sets that wait, for the title.
    pub(crate) waiting: u32,
}

/// What somebody must see to, said on every page until it is seen to.
pub(crate) struct Alarm {
    pub(crate) text: String,
    /// Shown in red.
    pub(crate) grave: bool,
    /// Where to see to it, for who can.
    pub(crate) href: Option<&'static str>,
}

/// Which office this is about: on every page, so that nobody works for the wrong one.
pub(crate) struct OfficeLine {
    pub(crate) name: String,
    pub(crate) number: String,
}

/// One entry of the menu.
pub(crate) struct MenuItem {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) here: bool,
}

/// Where one can go, and the right that each needs: the day's work, in its order.
const DAILY: &[(&str, &str, Deed)] = &[
    ("/", "届いたもの", Deed::ListSets),
    ("/sent", "送ったもの", Deed::ListSets),
    ("/partners", "連携先", Deed::ListSets),
    ("/help", "困ったとき", Deed::ChooseOffice),
];

/// 管理: what is done now and then.
const REST: &[(&str, &str, Deed)] = &[
    ("/operator/reviews", "ログ点検", Deed::ReadLedger),
    ("/operator/log", "証跡", Deed::ReadLedger),
    ("/operator/approvals", "承認待ち", Deed::ApproveEnrolment),
    ("/operator/offices", "事業所台帳", Deed::RegisterOffices),
    ("/operator/staff", "運営の職員", Deed::ManageOperators),
    ("/operator/tls12", "TLS 1.2", Deed::RegisterOffices),
    ("/staff", "職員", Deed::ManageStaff),
    ("/grants", "役割", Deed::RequestGrants),
    ("/recovery", "再登録", Deed::RequestRecovery),
    ("/stock-taking", "棚卸", Deed::TakeStock),
    ("/devices", "端末", Deed::ManageDevices),
    ("/software", "ソフトウェア", Deed::ManageSoftware),
    ("/evidence", "送受信の記録", Deed::ExportEvidence),
    ("/reviews", "ログ点検", Deed::ReadOfficeLedger),
    ("/log", "証跡", Deed::ReadOfficeLedger),
    ("/account", "自分のアカウント", Deed::OwnAccount),
];

impl SignedIn {
    /// The frame of a page for this person.
    pub(crate) fn frame(&self, title: &'static str) -> Frame {
        let person = &self.person;
        let here = |href: &str| *self.path == *href || (href != "/" && self.path.starts_with(&format!("{href}/")));
        let allowed = |entries: &[(&'static str, &'static str, Deed)]| -> Vec<MenuItem> {
            let allowed = entries.iter().filter(|(_, _, deed)| person.may(*deed));
            allowed.map(|&(href, label, _)| MenuItem { href, label, here: here(href) }).collect()
        };
        let (mut menu, mut more) = (allowed(DAILY), allowed(REST));
        // Whoever has no sets to work with has the rest as the day's work.
        if !person.may(Deed::ListSets) {
            more.append(&mut menu);
            menu = std::mem::take(&mut more);
        }
        Frame {
            office: person.chosen.then(|| OfficeLine::from(&person.office)),
            person: Some(person.name.reveal().clone()),
            menu,
            more,
            token: self.token.text().to_owned(),
            ending: ending(&person.asker.valid_until, Timestamp::now()).filter(|_| !here("/renew")),
            alarms: reviews::alarms(self),
            narrow: false,
            ..Frame::bare(title)
        }
    }

    /// The first page this person may see.
    pub(crate) fn home(&self) -> Option<&'static str> {
        let first = if self.person.may(Deed::ListSets) { DAILY } else { REST };
        first.iter().find(|(_, _, deed)| self.person.may(*deed)).map(|(href, _, _)| *href)
    }
}

/// The day, once it is so near that somebody has to do something (R7.5).
fn ending(valid_until: &str, now: Timestamp) -> Option<String> {
    let until: Timestamp = valid_until.parse().ok()?;
    (until.duration_since(now) <= ENDING).then(|| day(valid_until))
}

impl From<&Office> for OfficeLine {
    fn from(office: &Office) -> Self {
        Self { name: office.name.clone(), number: office.register.number.to_string() }
    }
}

impl Frame {
    /// A page that knows nothing of whoever reads it.
    pub(crate) fn bare(title: &'static str) -> Self {
        let (office, person, notice) = (None, None, None);
        let (menu, more, alarms, token) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        let (narrow, faulty, passkeys) = (true, false, false);
        Self {
            title,
            office,
            person,
            menu,
            more,
            token,
            notice,
            ending: None,
            alarms,
            narrow,
            faulty,
            passkeys,
            waiting: 0,
        }
    }

    /// A page for whoever is known only by device.
    pub(crate) fn at_door(title: &'static str, office: &Office, token: &FormToken) -> Self {
        Self { office: Some(office.into()), token: token.text().to_owned(), ..Self::bare(title) }
    }

    pub(crate) fn notice(self, notice: Option<&'static str>) -> Self {
        Self { notice, ..self }
    }

    pub(crate) fn narrow(self) -> Self {
        Self { narrow: true, ..self }
    }

    pub(crate) fn faulty(self, faulty: bool) -> Self {
        Self { faulty, ..self }
    }

    pub(crate) fn with_passkeys(self) -> Self {
        Self { passkeys: true, ..self }
    }

    pub(crate) fn waiting(self, waiting: u32) -> Self {
        Self { waiting, ..self }
    }

    /// Whether one is somewhere in the folded part of the menu.
    pub(crate) fn is_in_more(&self) -> bool {
        self.more.iter().any(|item| item.here)
    }
}

/// A page, done.
pub(crate) fn show(page: &impl Template) -> Result<Response, Problem> {
    Ok(Html(page.render().map_err(|_| store::Error::Impossible("page"))?).into_response())
}

/// A form that comes back with what is wrong in it.
pub(crate) fn show_again(page: &impl Template) -> Result<Response, Problem> {
    let mut response = show(page)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Lets the page run our own script, which passkeys need.
pub(crate) fn with_script(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCRIPTED));
    response
}

/// Lets the page be told of what arrives meanwhile.
pub(crate) fn told(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(TOLD));
    response
}

/// After a form that was carried out: on to a page, by a path of ours.
pub(crate) fn on_to(path: &str) -> Response {
    let target = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_5_every_page_says_when_the_certificate_of_this_device_ends_soon() {
        let until = "2027-01-31T00:00:00.000Z";
        let days_before =
            |days: i32| until.parse::<Timestamp>().expect("an instant") - SignedDuration::from_hours(24) * days;
        assert_eq!(ending(until, days_before(31)), None);
        assert_eq!(ending(until, days_before(30)).as_deref(), Some("2027年1月31日"));
        assert_eq!(ending(until, days_before(0)).as_deref(), Some("2027年1月31日"));
    }
}
