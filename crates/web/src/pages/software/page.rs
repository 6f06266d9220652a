use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use crate::wording::{day, time_or_dash};
use askama::Template;
use identity::scope::Scope;
use jiff::Timestamp;
use store::Device;
use store::people::SoftwareRow;

/// ソフトウェア.
#[derive(Template)]
#[template(path = "software/list.html")]
pub(super) struct List {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    label: String,
    scopes: String,
    device: String,
    made: String,
    until: String,
    used: String,
    state: &'static str,
    look: &'static str,
    usable: bool,
}

impl Row {
    fn new(row: SoftwareRow, devices: &[Device], now: Timestamp) -> Self {
        let over = row.expires_at.parse::<Timestamp>().is_ok_and(|until| until <= now);
        let (state, look) = match (row.revoked_at.is_some(), over, row.replaced) {
            (true, ..) => ("止めたキー", "gone"),
            (_, true, _) => ("期限切れ", "gone"),
            (_, _, true) => ("新しいキーに移行中", "care"),
            _ => ("利用中", "good"),
        };
        let device = devices.iter().find(|device| device.id == row.device_id).map(|device| device.label.clone());
        Self {
            id: row.id.to_string(),
            label: row.label.into_revealed(),
            scopes: row.scopes.iter().map(Scope::label).collect::<Vec<_>>().join("・"),
            device: device.unwrap_or_else(|| "—".to_owned()),
            made: day(&row.made_at),
            until: day(&row.expires_at),
            used: time_or_dash(row.last_used_at.as_deref()),
            state,
            look,
            usable: look != "gone",
        }
    }
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        software: Vec<SoftwareRow>,
        devices: &[Device],
        notice: Option<&'static str>,
    ) -> Self {
        let now = Timestamp::now();
        let rows = software.into_iter().map(|row| Row::new(row, devices, now)).collect();
        Self { frame: signed_in.frame("ソフトウェア").notice(notice), rows }
    }
}

/// 接続キーを作る.
#[derive(Template)]
#[template(path = "software/new.html")]
pub(super) struct Make {
    frame: Frame,
    faults: Faults,
    label: Field,
    scopes: Vec<ScopeBox>,
    scope_fault: Option<String>,
    device: Field,
}

struct ScopeBox {
    id: &'static str,
    label: &'static str,
    ticked: bool,
}

impl Make {
    pub(super) fn new(signed_in: &SignedIn, devices: &[Device], form: Option<&Form>, faults: Faults) -> Self {
        let written = |field: &str| form.map_or("", |form| form.text(field)).to_owned();
        let ticked = |scope: Scope| form.is_none_or(|form| form.all("scope").any(|id| id == scope.id()));
        let here = signed_in.person.device_id;
        let usable = devices.iter().filter(|device| device.revoked_at.is_none());
        let choices = usable.map(|device| Choice {
            value: device.id.to_string(),
            label: format!(
                "{}（{}に登録{}）",
                device.label,
                day(&device.enrolled_at),
                if device.id == here { "、いま使っている端末" } else { "" }
            ),
        });
        let label = Field::text("label", "名前")
            .hint("どのソフトウェアのキーかが分かるように付けます。例: ケアソフト（事務所）");
        let device = Field::select("device", "使う端末", choices.collect());
        Self {
            frame: signed_in.frame("接続キーを作る").narrow().faulty(!faults.is_empty()),
            label: label.value(written("label")).faults(&faults),
            scopes: [Scope::Send, Scope::Collect, Scope::Read]
                .map(|scope| ScopeBox { id: scope.id(), label: scope.label(), ticked: ticked(scope) })
                .into(),
            scope_fault: faults.beside("scope"),
            device: device.hint("ほかの端末では使えません。").value(written("device")).faults(&faults),
            faults,
        }
    }
}

/// 接続キー.
#[derive(Template)]
#[template(path = "software/key.html")]
pub(super) struct Key {
    frame: Frame,
    shown: Option<Secret>,
    until: String,
}

impl Key {
    pub(super) fn new(signed_in: &SignedIn, shown: Option<Secret>) -> Self {
        let until = shown.as_ref().and_then(|secret| secret.until.as_deref()).map(day).unwrap_or_default();
        Self { frame: signed_in.frame("接続キー").narrow(), shown, until }
    }
}
