use super::server_certificate::ServerCertificate;
use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use askama::Template;
use store::people::StaffRow;
use store::{Office, PendingEnrolment, japanese_time};

/// Rows of one page; a search narrows it.
pub(super) const ROWS_MAX: u32 = 100;

/// 事業所台帳.
#[derive(Template)]
#[template(path = "operator/offices.html")]
pub(super) struct Offices {
    frame: Frame,
    find: String,
    rows: Vec<Row>,
    more: bool,
}

struct Row {
    number: String,
    name: String,
    types: String,
    closed: bool,
}

impl From<&Office> for Row {
    fn from(office: &Office) -> Self {
        let types: Vec<_> = office.register.service_types.iter().map(ToString::to_string).collect();
        Self {
            number: office.register.number.to_string(),
            name: office.name.clone(),
            types: types.join(" "),
            closed: office.register.closed,
        }
    }
}

impl Offices {
    pub(super) fn new(signed_in: &SignedIn, offices: Vec<Office>, find: &str, notice: Option<&'static str>) -> Self {
        let rows_max = ROWS_MAX as usize;
        Self {
            frame: signed_in.frame("事業所台帳").notice(notice),
            find: find.to_owned(),
            rows: offices.iter().take(rows_max).map(Row::from).collect(),
            more: offices.len() > rows_max,
        }
    }
}

/// 事業所を登録する.
#[derive(Template)]
#[template(path = "operator/add.html")]
pub(super) struct Add {
    frame: Frame,
    faults: Faults,
    fields: [Field; 3],
}

impl Add {
    pub(super) fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let fields = [
            Field::text("number", "事業所番号").numeric().hint("指定通知書にある10桁の番号です。"),
            Field::text("name", "事業所名").hint("指定通知書のとおりに書きます。"),
            Field::text("service_types", "サービス種類コード")
                .hint("2桁ずつ空白で区切ります。例: 居宅介護支援と介護予防支援なら 43 46"),
        ];
        let fields = fields.map(|field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        });
        Self { frame: signed_in.frame("事業所を登録する").narrow().faulty(!faults.is_empty()), fields, faults }
    }
}

/// 事業所を閉じる.
#[derive(Template)]
#[template(path = "operator/close.html")]
pub(super) struct Close {
    frame: Frame,
    row: Row,
}

impl Close {
    pub(super) fn new(signed_in: &SignedIn, office: &Office) -> Self {
        Self { frame: signed_in.frame("事業所を閉じる").narrow(), row: office.into() }
    }
}

/// 承認待ち.
#[derive(Template)]
#[template(path = "operator/approvals.html")]
pub(super) struct Approvals {
    frame: Frame,
    faults: Faults,
    enrolments: Vec<Enrolment>,
    counts: Counts,
    server: ServerCertificate,
}

/// What waits on pages of its own.
pub(super) struct Counts {
    pub(super) grants: usize,
    pub(super) recoveries: usize,
}

struct Enrolment {
    id: String,
    office: String,
    number: String,
    label: String,
    evidence: String,
    requested_by: String,
    requested: String,
    mine: bool,
}

impl Approvals {
    pub(super) fn new(
        signed_in: &SignedIn,
        enrolments: Vec<PendingEnrolment>,
        staff: &[StaffRow],
        counts: Counts,
        server: ServerCertificate,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let me = signed_in.person.account_id.to_string();
        // Registers keep ids; people are found by them while they are on the list.
        let asker = |hand: &str| {
            let found = staff.iter().find(|row| hand.ends_with(&row.account_id.to_string()));
            found.map_or_else(|| "運営者（端末から）".to_owned(), |row| row.name.reveal().clone())
        };
        let enrolments = enrolments.into_iter().map(|row| Enrolment {
            id: row.id.to_string(),
            office: row.office_name,
            number: row.office_number.to_string(),
            label: row.label,
            evidence: row.evidence,
            requested_by: asker(&row.requested_by),
            requested: japanese_time(&row.requested_at),
            mine: row.requested_by.ends_with(&me),
        });
        Self {
            enrolments: enrolments.collect(),
            frame: signed_in.frame("承認待ち").notice(notice).faulty(!faults.is_empty()),
            faults,
            counts,
            server,
        }
    }
}
