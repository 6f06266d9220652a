use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use crate::wording::time_or_dash;
use askama::Template;
use identity::role::{Role, Side};
use std::collections::BTreeSet;
use store::japanese_time;
use store::people::{AccountState, StaffRow};

/// Roles that can be given here. The operator invites an office's first administrator too.
pub(super) fn roles(signed_in: &SignedIn) -> Vec<Role> {
    let operator = signed_in.person.office.is_operator;
    let fits = |role: &Role| match role.side() {
        Side::Operator => operator,
        Side::Office => !operator || *role == Role::OfficeAdministrator,
    };
    Role::ALL.into_iter().filter(fits).collect()
}

/// The same, to choose from.
pub(crate) fn role_choices(signed_in: &SignedIn) -> Vec<Choice> {
    let choice = |role: Role| Choice { value: role.id().to_owned(), label: role.label().to_owned() };
    roles(signed_in).into_iter().map(choice).collect()
}

/// 職員.
#[derive(Template)]
#[template(path = "staff/list.html")]
pub(super) struct List {
    frame: Frame,
    base: &'static str,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    kana: String,
    login: String,
    state: &'static str,
    look: &'static str,
    roles: String,
    awaited: String,
    seen: String,
    recovering: bool,
    me: bool,
    invited: bool,
    active: bool,
    suspended: bool,
    closed: bool,
}

fn labels(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(|role| role.label()).collect::<Vec<_>>().join("、")
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        base: &'static str,
        staff: Vec<StaffRow>,
        notice: Option<&'static str>,
    ) -> Self {
        let me = signed_in.person.account_id;
        let title = if signed_in.person.office.is_operator { "運営の職員" } else { "職員" };
        let rows = staff.into_iter().map(|row| {
            let (state, look) = wording::state(row.state);
            Row {
                id: row.account_id.to_string(),
                name: row.name.into_revealed(),
                kana: row.kana.into_revealed(),
                login: row.login.into_revealed(),
                state,
                look,
                roles: labels(&row.roles),
                awaited: labels(&row.awaited),
                seen: time_or_dash(row.last_signed_in_at.as_deref()),
                recovering: row.recovering,
                me: row.account_id == me,
                invited: row.state == AccountState::Invited,
                active: row.state == AccountState::Active,
                suspended: row.state == AccountState::Suspended,
                closed: row.state == AccountState::Closed,
            }
        });
        Self { frame: signed_in.frame(title).notice(notice), base, rows: rows.collect() }
    }
}

/// 職員を招待する.
#[derive(Template)]
#[template(path = "staff/invite.html")]
pub(super) struct Invite {
    frame: Frame,
    base: &'static str,
    faults: Faults,
    fields: Vec<Field>,
}

impl Invite {
    pub(super) fn new(signed_in: &SignedIn, base: &'static str, form: &Form, faults: Faults) -> Self {
        let mut fields = vec![
            Field::text("name", "氏名").hint("例: 架空 花子"),
            Field::text("kana", "かな").hint("例: かくう はなこ"),
            Field::date("born_on", "生年月日")
                .hint("同じ方が二つのアカウントをもたないように照らし合わせます。そのままの形では残しません。"),
            Field::text("login", "ログインID")
                .hint("3文字以上の英字と数字。あとから変えられず、やめた方のIDは二度使えません。"),
            Field::select("role", "役割", role_choices(signed_in))
                .hint("役割は、あなたとは別の管理者が「役割」の画面で確認すると有効になります。"),
        ];
        if signed_in.person.office.is_operator {
            let office = Field::text("office", "事業所番号").numeric().optional();
            fields.push(office.hint("事業所の管理者を招待するときだけ書きます。"));
        }
        let filled = fields.into_iter().map(|field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        });
        Self {
            frame: signed_in.frame("職員を招待する").narrow().faulty(!faults.is_empty()),
            base,
            fields: filled.collect(),
            faults,
        }
    }
}

/// 招待のコード.
#[derive(Template)]
#[template(path = "staff/code.html")]
pub(super) struct Code {
    frame: Frame,
    base: &'static str,
    shown: Option<Secret>,
    until: String,
}

impl Code {
    pub(super) fn new(signed_in: &SignedIn, base: &'static str, shown: Option<Secret>) -> Self {
        let until = shown.as_ref().and_then(|secret| secret.until.as_deref()).map(japanese_time).unwrap_or_default();
        Self { frame: signed_in.frame("招待のコード").narrow(), base, shown, until }
    }
}

/// 利用を終える.
#[derive(Template)]
#[template(path = "staff/close.html")]
pub(super) struct Close {
    frame: Frame,
    base: &'static str,
    id: String,
    name: String,
    roles: String,
}

impl Close {
    pub(super) fn new(signed_in: &SignedIn, base: &'static str, row: StaffRow) -> Self {
        let roles = labels(&row.roles);
        let (id, name) = (row.account_id.to_string(), row.name.into_revealed());
        Self { frame: signed_in.frame("利用を終える").narrow(), base, id, name, roles }
    }
}

/// 氏名を直す.
#[derive(Template)]
#[template(path = "staff/rename.html")]
pub(super) struct Rename {
    frame: Frame,
    base: &'static str,
    id: String,
    faults: Faults,
    name: Field,
    kana: Field,
}

impl Rename {
    pub(super) fn new(
        signed_in: &SignedIn,
        base: &'static str,
        id: &str,
        [name, kana]: [String; 2],
        faults: Faults,
    ) -> Self {
        Self {
            frame: signed_in.frame("氏名を直す").narrow().faulty(!faults.is_empty()),
            base,
            id: id.to_owned(),
            name: Field::text("name", "氏名").value(name).faults(&faults),
            kana: Field::text("kana", "かな").value(kana).faults(&faults),
            faults,
        }
    }
}
