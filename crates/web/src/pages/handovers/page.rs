use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::Faults;
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use crate::problem::Problem;
use crate::wording::{day, month};
use askama::Template;
use identity::role::Deed;
use jiff::Timestamp;
use store::{DirectoryRow, Handover, japanese_time};
use zeroize::Zeroizing;

/// 一方向の受渡し.
#[derive(Template)]
#[template(path = "handovers/list.html")]
pub(super) struct List {
    frame: Frame,
    enabled: bool,
    rows: Vec<Row>,
    withdrawing: bool,
}

struct Row {
    id: String,
    partner: String,
    kinds: String,
    offered: String,
    until: String,
    state: &'static str,
    look: &'static str,
    open: bool,
    returned: u32,
}

fn partner(name: &str, number: standard::OfficeNumber) -> String {
    format!("{name}（{number}）")
}

fn row(handover: &Handover, now: Timestamp) -> Row {
    let over = handover.expires_at.parse::<Timestamp>().is_ok_and(|until| until <= now);
    let (state, look) = wording::state(handover, over);
    Row {
        id: handover.id.to_string(),
        partner: partner(&handover.partner_name, handover.partner),
        kinds: handover.kinds.iter().map(|kind| kind.label()).collect::<Vec<_>>().join("、"),
        offered: japanese_time(&handover.offered_at),
        until: day(&handover.expires_at),
        state,
        look,
        open: handover.ended.is_none() && !over,
        returned: handover.returned,
    }
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        handovers: &[Handover],
        enabled: bool,
        now: Timestamp,
        notice: Option<&'static str>,
    ) -> Self {
        Self {
            frame: signed_in.frame("一方向の受渡し").notice(notice),
            enabled,
            rows: handovers.iter().map(|handover| row(handover, now)).collect(),
            withdrawing: signed_in.person.may(Deed::WithdrawSets),
        }
    }
}

/// 渡すものを選ぶ.
#[derive(Template)]
#[template(path = "handovers/new.html")]
pub(super) struct Choose {
    frame: Frame,
    faults: Faults,
    fault: Option<String>,
    enabled: bool,
    number: String,
    partner: String,
}

impl Choose {
    pub(super) fn new(signed_in: &SignedIn, row: &DirectoryRow, enabled: bool, faults: Faults) -> Self {
        Self {
            frame: signed_in.frame("一方向の受渡しを用意する").narrow().faulty(!faults.is_empty()),
            fault: faults.beside("file"),
            faults,
            enabled,
            number: row.number.to_string(),
            partner: partner(&row.name, row.number),
        }
    }
}

/// 電話で伝えるコード.
#[derive(Template)]
#[template(path = "handovers/code.html")]
pub(super) struct Code {
    frame: Frame,
    code: Option<Zeroizing<String>>,
    id: String,
    partner: String,
    until: String,
}

impl Code {
    pub(super) fn new(signed_in: &SignedIn, secret: Option<&Secret>, handover: Option<&Handover>) -> Self {
        Self {
            frame: signed_in.frame("電話で伝えるコード").narrow(),
            code: secret.filter(|_| handover.is_some()).and_then(|secret| secret.lines.first().cloned()),
            id: handover.map(|handover| handover.id.to_string()).unwrap_or_default(),
            partner: handover.map(|found| partner(&found.partner_name, found.partner)).unwrap_or_default(),
            until: handover.map(|handover| day(&handover.expires_at)).unwrap_or_default(),
        }
    }
}

/// お渡しの手紙.
#[derive(Template)]
#[template(path = "handovers/letter.html")]
pub(super) struct Letter {
    frame: Frame,
    partner_name: String,
    office_name: String,
    office_number: String,
    kinds: Vec<&'static str>,
    month: String,
    /// As one types it.
    url: String,
    picture: Zeroizing<String>,
    until: String,
    made: String,
}

impl Letter {
    pub(super) fn new(signed_in: &SignedIn, handover: &Handover, url: &str, address: &str) -> Result<Self, Problem> {
        let url = format!("{url}/to/{address}");
        let picture = identity::totp::qr_svg(&url, "受け取りの窓口のアドレス");
        Ok(Self {
            frame: signed_in.frame("お渡しの手紙"),
            partner_name: handover.partner_name.clone(),
            office_name: signed_in.person.office.name.clone(),
            office_number: signed_in.person.office.register.number.to_string(),
            kinds: handover.kinds.iter().map(|kind| kind.label()).collect(),
            month: handover.service_month.map_or_else(String::new, |at| month(&at.to_string())),
            picture: picture.ok_or_else(Problem::incident)?,
            url,
            until: day(&handover.expires_at),
            made: day(&handover.offered_at),
        })
    }
}
