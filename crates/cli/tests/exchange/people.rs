//! People with accounts, who set themselves up and sign in through the pages.

use crate::answer::Answer;
use crate::browser::{Browser, in_class};
use crate::device::Device;
use crate::vault;
use crate::world::Exchange;
use identity::role::{Role, Side};
use jiff::Timestamp;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use store::people::{By, Invited, NewAccount};
use totp_rs::{Algorithm, Builder, Secret};

/// The cookie of a session.
pub(crate) const SESSION: &str = "__Host-fumibako";
const PASSWORD: &str = "qz 青い鳥が7羽、朝の川辺で鳴いていた";
const TERMINAL: By<'static> = By::Terminal { by: "op-1", approved_by: "op-2" };

/// An invented person.
pub(crate) struct Member {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) account: String,
    /// The seed of the authenticator app, base32.
    pub(crate) seed: String,
    recovery_codes: Mutex<Vec<String>>,
}

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Six digits as the app shows them, `steps` of 30 seconds from now.
pub(crate) fn app_shows(seed: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(seed.replace(' ', "")).unwrap();
    let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30).with_secret(secret);
    let time = u64::try_from(Timestamp::now().as_second() + 30 * steps).unwrap();
    app.build_noncompliant().generate(time).to_string()
}

/// The number of the step before is still taken for as long as this step lasts: whoever shows it lets the turn go by first.
async fn away_from_the_turn() {
    const STEP_MS: u64 = 30_000;
    const NEEDED_MS: u64 = 3_000;
    let left = STEP_MS - u64::try_from(Timestamp::now().as_millisecond()).unwrap() % STEP_MS;
    if left < NEEDED_MS {
        tokio::time::sleep(std::time::Duration::from_millis(left)).await;
    }
}

impl Exchange {
    /// An account with an initial code, as the operator makes it at the terminal.
    pub(crate) async fn invited(&self, number: &str, role: Role) -> (String, String, String) {
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let login = format!("kakuu-{serial}");
        let new = NewAccount {
            login: login.clone(),
            name: format!("架空 {serial}号"),
            kana: format!("かくう {serial}ごう"),
            person_key: format!("かくう{serial}ごう 1980-01-01"),
            role,
            office: (role.side() == Side::Office).then(|| number.parse().unwrap()),
        };
        let store = self.operator().await;
        let invited = store.invite(TERMINAL, new).await.unwrap();
        store.close().await;
        let Invited::Done(invitation) = invited else { panic!("{invited:?}") };
        (login, invitation.account_id.to_string(), invitation.code.to_string())
    }

    /// Somebody at this device's office who is set up with an app and recovery codes.
    pub(crate) async fn member(&self, device: &Device, role: Role) -> Member {
        let (login, account, code) = self.invited(&device.number, role).await;
        let browser = Browser::on(device);
        assert_eq!(redeems(&browser, &login, &code).await.sent_on(), "/first");
        assert_eq!(browser.get("/first").await.sent_on(), "/first/password");
        let fields = [("new_password", PASSWORD), ("new_password_again", PASSWORD)];
        assert_eq!(browser.fill("/first/password", "/first/password", &fields).await.sent_on(), "/first");
        assert_eq!(browser.get("/first").await.sent_on(), "/first/factor");
        let seed = in_class(&browser.get("/first/factor").await.done().text(), "secret");
        away_from_the_turn().await;
        let shown = app_shows(&seed, -1);
        let set = browser.fill("/first/factor", "/first/factor/totp", &[("code", &shown)]).await;
        assert_eq!(set.sent_on(), "/first");
        assert_eq!(browser.fill("/first/codes", "/first/codes", &[]).await.sent_on(), "/first/codes");
        let page = browser.get("/first/codes").await.done().text();
        let recovery_codes = codes(&page);
        assert_eq!(recovery_codes.len(), 10, "{page}");
        assert!(codes(&browser.get("/first/codes").await.done().text()).is_empty(), "shown once");
        let ended = browser.fill("/first/codes", "/first/done", &[]).await;
        assert_eq!(ended.sent_on(), "/sign-in?done=set-up");
        assert_eq!(browser.cookie(SESSION), None);
        let recovery_codes = Mutex::new(recovery_codes);
        Member { login, password: PASSWORD.to_owned(), account, seed, recovery_codes }
    }
}

pub(crate) async fn redeems(browser: &Browser, login: &str, code: &str) -> Answer {
    browser.fill("/first/code", "/first/code", &[("login", login), ("code", code)]).await
}

/// The recovery codes on a page.
fn codes(page: &str) -> Vec<String> {
    let Some(list) = page.split("<ol class=\"codes\">").nth(1) else { return Vec::new() };
    let list = list.split("</ol>").next().unwrap();
    list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect()
}

impl Member {
    pub(crate) async fn gives_password(&self, browser: &Browser) -> Answer {
        let fields = [("login", &*self.login), ("password", &*self.password)];
        browser.fill("/sign-in", "/sign-in", &fields).await
    }

    /// One never used before; an app's number would be the same for half a minute.
    pub(crate) fn recovery_code(&self) -> String {
        self.recovery_codes.lock().unwrap().pop().unwrap()
    }

    pub(crate) async fn gives_recovery_code(&self, browser: &Browser) -> Answer {
        let code = self.recovery_code();
        browser.fill("/sign-in/second", "/sign-in/second/recovery-code", &[("recovery_code", &code)]).await
    }

    /// The operator's people sign in with a passkey, which these tests have none of; what the session was opened with is
    /// written beside it instead. Passkeys themselves are tried in a real browser (R8.4).
    pub(crate) async fn as_if_by_passkey(&self, exchange: &Exchange) {
        let sql = "UPDATE session SET second = 'passkey' WHERE account_id = $1";
        assert!(vault::execute(&exchange.data(), sql, &self.account).await > 0);
    }

    /// Signs in with both factors.
    pub(crate) async fn signs_in(&self, device: &Device) -> Browser {
        let browser = Browser::on(device);
        assert!(self.gives_password(&browser).await.sent_on().starts_with("/sign-in/second"));
        assert_eq!(self.gives_recovery_code(&browser).await.sent_on(), "/");
        browser
    }
}
