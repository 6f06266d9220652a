use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::staff::role_choices;
use crate::wording::day;
use askama::Template;
use store::people::GrantRow;

/// 役割.
#[derive(Template)]
#[template(path = "grants/list.html")]
pub(super) struct List {
    frame: Frame,
    faults: Faults,
    awaiting: Vec<Row>,
    in_force: Vec<Row>,
    here: String,
}

/// One role of somebody.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) office: String,
    pub(crate) office_name: String,
    pub(crate) requested_by: String,
    pub(crate) requested: String,
    pub(crate) until: String,
    pub(crate) reviewed: String,
    /// One does not decide about oneself.
    pub(crate) mine: bool,
}

pub(crate) fn row(signed_in: &SignedIn, row: GrantRow) -> Row {
    let requested_by = row.requested_by.map_or_else(|| "運営者（端末から）".to_owned(), |name| name.into_revealed());
    Row {
        id: row.id.to_string(),
        name: row.name.into_revealed(),
        role: row.role.label(),
        office: row.office.to_string(),
        office_name: row.office_name,
        requested_by,
        requested: day(&row.requested_at),
        until: row.expires_at.as_deref().map(day).unwrap_or_default(),
        reviewed: row.reviewed_at.as_deref().or(row.confirmed_at.as_deref()).map(day).unwrap_or_default(),
        mine: row.account_id == signed_in.person.account_id,
    }
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        awaiting: Vec<GrantRow>,
        in_force: Vec<GrantRow>,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let rows = |rows: Vec<GrantRow>| rows.into_iter().map(|grant| row(signed_in, grant)).collect();
        Self {
            frame: signed_in.frame("役割").notice(notice).faulty(!faults.is_empty()),
            faults,
            awaiting: rows(awaiting),
            in_force: rows(in_force),
            here: signed_in.person.office.register.number.to_string(),
        }
    }
}

/// 役割を申請する.
#[derive(Template)]
#[template(path = "grants/apply.html")]
pub(super) struct Apply {
    frame: Frame,
    faults: Faults,
    login: Field,
    role: Field,
    office: Option<Field>,
}

impl Apply {
    pub(super) fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let operator = signed_in.person.office.is_operator;
        let office = Field::text("office", "事業所番号").numeric().optional();
        let office = office.hint("事業所の管理者の役割を申請するときだけ書きます。").value(form.text("office"));
        let login = Field::text("login", "役割を受ける方のログインID")
            .hint("本人に確かめてください。ほかの事業所で使っている方も、同じIDです。");
        Self {
            frame: signed_in.frame("役割を申請する").narrow().faulty(!faults.is_empty()),
            login: login.value(form.text("login")).faults(&faults),
            role: Field::select("role", "役割", role_choices(signed_in)).value(form.text("role")).faults(&faults),
            office: operator.then(|| office.faults(&faults)),
            faults,
        }
    }
}
