use crate::form_token::FormToken;
use crate::guard::SettingUp;
use crate::pages::field::{Faults, Field};
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use crate::pages::secrets;
use askama::Template;
use identity::password::Policy;
use store::Office;
use store::people::{PasskeyChallenge, TotpOffer};

/// コードを入力する.
#[derive(Template)]
#[template(path = "first/code.html")]
pub(super) struct Code {
    frame: Frame,
    faults: Faults,
    login: Field,
    code: Field,
}

impl Code {
    pub(super) fn new(office: &Office, token: &FormToken, login: &str, faults: &Faults) -> Self {
        Self {
            frame: Frame::at_door("コードを入力する", office, token).faulty(!faults.is_empty()),
            faults: faults.clone(),
            login: Field::text("login", "ログインID").autocomplete("username").value(login),
            code: Field::text("code", "受け取ったコード")
                .class("long-code")
                .hint("ハイフンと、大文字・小文字の違いは気にしなくてかまいません。"),
        }
    }
}

/// One step of setting up, as the line above the page shows it.
struct Step {
    label: &'static str,
    done: bool,
    here: bool,
}

fn steps(at: &SettingUp, here: &str) -> Vec<Step> {
    let done = at.enrolling.steps;
    let mut steps = Vec::new();
    let mut add = |needed, label, done| {
        if needed {
            steps.push(Step { label, done, here: label == here });
        }
    };
    add(done.needs_password, PASSWORD, done.password_set);
    add(done.needs_factor, FACTOR, done.factor_set);
    add(done.needs_factor, CODES, done.codes_made);
    steps
}

const PASSWORD: &str = "パスワードを決める";
const FACTOR: &str = "二つ目の手段を決める";
const CODES: &str = "予備コードを控える";

fn frame(at: &SettingUp, title: &'static str) -> Frame {
    Frame { person: None, ..Frame::at_door(title, &at.asker.office, &at.token) }
}

#[derive(Template)]
#[template(path = "first/password.html")]
pub(super) struct Password {
    frame: Frame,
    steps: Vec<Step>,
    name: String,
    login: String,
    faults: Faults,
    rules: Vec<String>,
    new: Field,
    again: Field,
}

impl Password {
    pub(super) fn new(at: &SettingUp, policy: Policy, faults: Faults) -> Self {
        let [new, again] = secrets::new_password_fields(&faults);
        Self {
            frame: frame(at, PASSWORD).faulty(!faults.is_empty()),
            rules: secrets::password_rules(policy),
            steps: steps(at, PASSWORD),
            name: at.enrolling.name.reveal().clone(),
            login: at.enrolling.login.reveal().clone(),
            faults,
            new,
            again,
        }
    }
}

#[derive(Template)]
#[template(path = "first/factor.html")]
pub(super) struct Factor {
    frame: Frame,
    steps: Vec<Step>,
    faults: Faults,
    totp: TotpOffer,
    code: Field,
    passkey: Option<PasskeyChallenge>,
}

impl Factor {
    pub(super) fn new(at: &SettingUp, totp: TotpOffer, passkey: Option<PasskeyChallenge>, faults: &Faults) -> Self {
        Self {
            frame: frame(at, FACTOR).faulty(!faults.is_empty()).with_passkeys(),
            steps: steps(at, FACTOR),
            faults: faults.clone(),
            totp,
            code: secrets::totp_field(faults),
            passkey,
        }
    }
}

#[derive(Template)]
#[template(path = "first/codes.html")]
pub(super) struct Codes {
    frame: Frame,
    steps: Vec<Step>,
    shown: Option<Secret>,
    /// A code for the password alone leaves the rest as it is.
    wanted: bool,
    made: bool,
}

impl Codes {
    pub(super) fn new(at: &SettingUp, shown: Option<Secret>, notice: Option<&'static str>) -> Self {
        let done = at.enrolling.steps;
        let (wanted, made) = (done.needs_factor, done.codes_made);
        let title = if wanted { CODES } else { "設定を終える" };
        Self { frame: frame(at, title).notice(notice), steps: steps(at, title), shown, wanted, made }
    }
}
