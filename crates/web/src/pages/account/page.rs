use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use crate::pages::secrets;
use crate::wording::{day, time_or_dash};
use askama::Template;
use identity::password::Policy;
use identity::role::Deed;
use store::japanese_time;
use store::people::{FactorRow, GrantRow, GrantState, PasskeyChallenge, SecondKind, SessionRow, TotpOffer};

/// 自分のアカウント.
#[derive(Template)]
#[template(path = "account/page.html")]
pub(super) struct Account {
    frame: Frame,
    faults: Faults,
    name: String,
    login: String,
    grants: Vec<GrantLine>,
    passkey_missing: bool,
    deeds: Vec<&'static str>,
    several: bool,
    receives: bool,
    factors: Vec<FactorLine>,
    certificate_until: String,
    sessions: Vec<SessionLine>,
}

/// What belongs to the person.
pub(super) struct Own {
    pub(super) factors: Vec<FactorRow>,
    pub(super) sessions: Vec<SessionRow>,
    pub(super) grants: Vec<GrantRow>,
    pub(super) several: bool,
}

struct GrantLine {
    role: &'static str,
    office: String,
    state: &'static str,
    look: &'static str,
    until: String,
}

struct FactorLine {
    id: String,
    kind: &'static str,
    label: String,
    suspended: bool,
    created: String,
    used: String,
}

struct SessionLine {
    id: String,
    started: String,
    seen: String,
    device: String,
    this: bool,
}

impl Account {
    pub(super) fn new(signed_in: &SignedIn, own: Own, notice: Option<&'static str>, faults: Faults) -> Self {
        let person = &signed_in.person;
        let here = person.device_id;
        let Own { factors, sessions, grants, several } = own;
        let in_force = |row: &GrantRow| row.state == GrantState::InForce;
        // A code that can be read out over the telephone must not open these roles (R8.4).
        let needs_passkey = |row: &GrantRow| in_force(row) && row.role.needs_passkey();
        let passkey_missing = person.second != SecondKind::Passkey && grants.iter().any(needs_passkey);
        Self {
            frame: signed_in.frame("自分のアカウント").notice(notice).faulty(!faults.is_empty()),
            faults,
            name: person.name.reveal().clone(),
            login: person.login.reveal().clone(),
            passkey_missing,
            grants: grants.into_iter().map(GrantLine::from).collect(),
            deeds: Deed::ALL.into_iter().filter(|deed| person.may(*deed)).map(Deed::label).collect(),
            several,
            receives: person.may(Deed::ListSets),
            factors: factors.into_iter().map(FactorLine::from).collect(),
            certificate_until: day(&person.asker.valid_until),
            sessions: sessions
                .into_iter()
                .map(|row| SessionLine {
                    id: row.id.to_string(),
                    started: japanese_time(&row.started_at),
                    seen: japanese_time(&row.seen_at),
                    device: if row.device_id == here { "この端末" } else { "別の端末" }.to_owned(),
                    this: row.this,
                })
                .collect(),
        }
    }
}

impl From<GrantRow> for GrantLine {
    fn from(row: GrantRow) -> Self {
        let look = match row.state {
            GrantState::InForce => "good",
            GrantState::Waiting => "care",
            _ => "gone",
        };
        Self {
            role: row.role.label(),
            office: format!("{}（{}）", row.office_name, row.office),
            state: row.state.label(),
            look,
            until: row.expires_at.as_deref().map(day).unwrap_or_default(),
        }
    }
}

impl From<FactorRow> for FactorLine {
    fn from(row: FactorRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: if row.passkey { "パスキー" } else { "認証アプリ" },
            label: row.label.into_revealed(),
            suspended: row.suspended,
            created: japanese_time(&row.created_at),
            used: time_or_dash(row.last_used_at.as_deref()),
        }
    }
}

/// パスワードを変える.
#[derive(Template)]
#[template(path = "account/password.html")]
pub(super) struct Password {
    frame: Frame,
    why: Option<&'static str>,
    login: String,
    faults: Faults,
    rules: Vec<String>,
    old: Field,
    new: Field,
    again: Field,
}

impl Password {
    pub(super) fn new(signed_in: &SignedIn, policy: Policy, faults: Faults) -> Self {
        let [new, again] = secrets::new_password_fields(&faults);
        Self {
            frame: signed_in.frame("パスワードを変える").narrow().faulty(!faults.is_empty()),
            why: signed_in.person.must_change.map(|reason| reason.what()),
            login: signed_in.person.login.reveal().clone(),
            rules: secrets::password_rules(policy),
            old: Field::password(secrets::OLD, "いまのパスワード", "current-password").faults(&faults),
            faults,
            new,
            again,
        }
    }
}

/// 認証アプリを追加する.
#[derive(Template)]
#[template(path = "account/totp.html")]
pub(super) struct Totp {
    frame: Frame,
    faults: Faults,
    totp: TotpOffer,
    code: Field,
    label: Field,
}

impl Totp {
    pub(super) fn new(signed_in: &SignedIn, totp: TotpOffer, label: &str, faults: Faults) -> Self {
        Self {
            frame: signed_in.frame("認証アプリを追加する").narrow().faulty(!faults.is_empty()),
            totp,
            code: secrets::totp_field(&faults),
            label: secrets::label_field(label, &faults),
            faults,
        }
    }
}

/// パスキーを追加する.
#[derive(Template)]
#[template(path = "account/passkey.html")]
pub(super) struct Passkey {
    frame: Frame,
    faults: Faults,
    passkey: PasskeyChallenge,
    label: Field,
}

impl Passkey {
    pub(super) fn new(signed_in: &SignedIn, passkey: PasskeyChallenge, label: &str, faults: Faults) -> Self {
        Self {
            frame: signed_in.frame("パスキーを追加する").narrow().faulty(!faults.is_empty()).with_passkeys(),
            passkey,
            label: secrets::label_field(label, &faults),
            faults,
        }
    }
}

/// 予備コード.
#[derive(Template)]
#[template(path = "account/codes.html")]
pub(super) struct Codes {
    frame: Frame,
    shown: Option<Secret>,
}

impl Codes {
    pub(super) fn new(signed_in: &SignedIn, shown: Option<Secret>) -> Self {
        Self { frame: signed_in.frame("予備コード").narrow(), shown }
    }
}
