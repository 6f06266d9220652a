use crate::form_token::FormToken;
use crate::guard::{AtSecond, SignedIn};
use crate::pages::field::{Faults, Field};
use crate::pages::frame::Frame;
use askama::Template;
use store::Office;
use store::people::{OfficeChoice, PasskeyChallenge, Ways};

/// サインイン.
#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
pub(super) struct SignIn {
    frame: Frame,
    faults: Faults,
    login: Field,
    password: Field,
    back: String,
}

impl SignIn {
    pub(super) fn new(office: &Office, token: &FormToken, back: &str, notice: Option<&'static str>) -> Self {
        Self {
            frame: Frame::at_door("サインイン", office, token).notice(notice),
            faults: Faults::default(),
            login: Field::text("login", "ログインID").autocomplete("username"),
            password: Field::password("password", "パスワード", "current-password"),
            back: back.to_owned(),
        }
    }

    /// With the login kept, so that only the password is typed again.
    pub(super) fn again(self, login: &str, fault: &str) -> Self {
        Self {
            frame: self.frame.faulty(true),
            faults: Faults::of("login", fault),
            login: self.login.value(login),
            ..self
        }
    }
}

/// 二つ目の確認.
#[derive(Template)]
#[template(path = "sign_in/second.html")]
pub(super) struct Second {
    pub(super) frame: Frame,
    faults: Faults,
    ways: Ways,
    code: Field,
    recovery_code: Field,
    pass: Field,
    passkey: Option<PasskeyChallenge>,
    back: String,
    /// The form in which something was wrong stays open.
    open: &'static str,
}

impl Second {
    pub(super) fn new(at: &AtSecond, back: &str, passkey: Option<PasskeyChallenge>, faults: &Faults) -> Self {
        let frame = Frame::at_door("二つ目の確認", &at.asker.office, &at.token).faulty(!faults.is_empty());
        Self {
            frame: if passkey.is_some() { frame.with_passkeys() } else { frame },
            ways: at.half.ways,
            code: Field::one_time_code("code", "認証アプリの6桁の数字").faults(faults),
            recovery_code: Field::text("recovery_code", "予備コード").class("long-code").faults(faults),
            pass: Field::text("pass", "一時パス").class("long-code").faults(faults),
            passkey,
            back: back.to_owned(),
            open: faults.first_id(),
            faults: faults.clone(),
        }
    }
}

/// 事業所を選ぶ.
#[derive(Template)]
#[template(path = "sign_in/offices.html")]
pub(super) struct Offices {
    frame: Frame,
    faults: Faults,
    choices: Vec<OfficeChoice>,
    here: String,
    back: String,
}

impl Offices {
    pub(super) fn new(signed_in: &SignedIn, choices: Vec<OfficeChoice>, back: &str, faults: &Faults) -> Self {
        let person = &signed_in.person;
        let here = if person.chosen { person.office.register.number.to_string() } else { String::new() };
        Self {
            frame: signed_in.frame("事業所を選ぶ").narrow().faulty(!faults.is_empty()),
            faults: faults.clone(),
            choices,
            here,
            back: back.to_owned(),
        }
    }
}

/// 役割の確認を待っています.
#[derive(Template)]
#[template(path = "sign_in/awaiting.html")]
pub(super) struct Awaiting {
    frame: Frame,
}

impl Awaiting {
    pub(super) fn new(at: &AtSecond) -> Self {
        Self { frame: Frame::at_door("役割の確認を待っています", &at.asker.office, &at.token) }
    }
}
