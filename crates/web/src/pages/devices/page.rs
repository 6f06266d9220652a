use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::frame::Frame;
use crate::wording::day;
use askama::Template;
use jiff::Timestamp;
use std::sync::Arc;
use store::Device;

/// Days before the end at which a certificate is marked: so many, and more clearly (R7.5).
const SOON_DAYS: i64 = 30;
const VERY_SOON_DAYS: i64 = 7;

/// 端末.
#[derive(Template)]
#[template(path = "devices/list.html")]
pub(super) struct List {
    frame: Frame,
    faults: Faults,
    ending: usize,
    rows: Vec<Row>,
    /// The number of the device at which one sits, to tell another office.
    number: String,
    device: Field,
    enrolment_url: Arc<str>,
}

struct Row {
    id: String,
    label: String,
    enrolled: String,
    until: String,
    state: String,
    look: &'static str,
    usable: bool,
    this: bool,
}

impl Row {
    fn new(device: &Device, now: Timestamp, this: bool) -> Self {
        let left = device.valid_until.parse::<Timestamp>().map_or(0, |until| until.duration_since(now).as_hours() / 24);
        let (state, look) = match (&device.revoked_at, left) {
            (Some(_), _) => ("停止した端末".to_owned(), "gone"),
            (None, ..=0) => ("期限切れ".to_owned(), "gone"),
            (None, ..=VERY_SOON_DAYS) => (format!("まもなく期限（あと{left}日）"), "care"),
            (None, ..=SOON_DAYS) => (format!("期限が近い（あと{left}日）"), "care"),
            (None, _) => ("利用中".to_owned(), "good"),
        };
        Self {
            id: device.id.to_string(),
            label: device.label.clone(),
            enrolled: day(&device.enrolled_at),
            until: day(&device.valid_until),
            state,
            look,
            usable: look != "gone",
            this,
        }
    }
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        app: &App,
        devices: Vec<Device>,
        now: Timestamp,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let here = signed_in.person.device_id;
        let rows: Vec<_> = devices.iter().map(|device| Row::new(device, now, device.id == here)).collect();
        let ending = rows.iter().filter(|row| row.look == "care").count();
        let number = signed_in.person.device_id.to_string();
        let device =
            Field::text("device", "端末の番号").hint("その端末の「端末」の画面に出ている番号です。").faults(&faults);
        Self {
            frame: signed_in.frame("端末").notice(notice).faulty(!faults.is_empty()),
            faults,
            ending,
            rows,
            number,
            device,
            enrolment_url: Arc::clone(&app.enrolment_url),
        }
    }
}

/// 端末を使えなくする.
#[derive(Template)]
#[template(path = "devices/revoke.html")]
pub(super) struct Revoke {
    frame: Frame,
    faults: Faults,
    reason: Field,
    id: String,
    label: String,
    enrolled: String,
    this: bool,
}

impl Revoke {
    pub(super) fn new(signed_in: &SignedIn, device: &Device, faults: Faults) -> Self {
        let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let reasons = vec![choice("lost", "なくした、盗まれた"), choice("retired", "もう使わない")];
        Self {
            frame: signed_in.frame("端末を使えなくする").narrow().faulty(!faults.is_empty()),
            reason: Field::select("reason", "理由", reasons).faults(&faults),
            faults,
            id: device.id.to_string(),
            label: device.label.clone(),
            enrolled: day(&device.enrolled_at),
            this: device.id == signed_in.person.device_id,
        }
    }
}
