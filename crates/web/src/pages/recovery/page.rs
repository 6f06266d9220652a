use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::once::Secret;
use askama::Template;
use identity::recovery::{Method, Purpose};
use identity::role::Deed;
use store::japanese_time;
use store::people::{AccountState, RecoveryRow, RecoveryState, StaffRow};

/// 再登録 (本人確認の台帳).
#[derive(Template)]
#[template(path = "recovery/list.html")]
pub(super) struct List {
    frame: Frame,
    faults: Faults,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    purpose: &'static str,
    requested_by: String,
    verified_by: String,
    approved_by: String,
    method: &'static str,
    made: String,
    until: String,
    state: &'static str,
    look: &'static str,
    open: bool,
    approvable: bool,
    evidence: bool,
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        cases: Vec<RecoveryRow>,
        staff: &[StaffRow],
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let me = signed_in.person.account_id.to_string();
        let may_approve = signed_in.person.may(Deed::ApproveRecovery);
        // Registers keep ids; people are found by them while they are on the list.
        let named = |hand: &str| {
            let found = staff.iter().find(|row| row.account_id.to_string() == hand);
            found.map_or_else(|| "一覧にいない方".to_owned(), |row| row.name.reveal().clone())
        };
        let rows = cases.into_iter().map(|case| {
            let (state, look) = wording::state(case.state);
            let waits = case.state == RecoveryState::AwaitsApproval;
            let mine = [&case.requested_by, &case.verified_by].contains(&&me) || case.account_id.to_string() == me;
            Row {
                id: case.id.to_string(),
                name: case.name.into_revealed(),
                purpose: case.purpose.label(),
                requested_by: named(&case.requested_by),
                verified_by: named(&case.verified_by),
                approved_by: case.approved_by.as_deref().map(named).unwrap_or_default(),
                method: case.method.label(),
                made: japanese_time(&case.made_at),
                until: japanese_time(&case.expires_at),
                state,
                look,
                open: waits || case.state == RecoveryState::Open,
                approvable: waits && may_approve && !mine,
                evidence: may_approve,
            }
        });
        Self {
            rows: rows.collect(),
            frame: signed_in.frame("再登録").notice(notice).faulty(!faults.is_empty()),
            faults,
        }
    }
}

/// 再登録を申請する.
#[derive(Template)]
#[template(path = "recovery/new.html")]
pub(super) struct Open {
    frame: Frame,
    faults: Faults,
    account: Field,
    purpose: Field,
    hours: Field,
    verified_by: Field,
    method: Field,
    evidence: Field,
}

impl Open {
    pub(super) fn new(signed_in: &SignedIn, staff: &[StaffRow], form: &Form, faults: Faults) -> Self {
        let me = signed_in.person.account_id;
        let person = |row: &StaffRow| Choice { value: row.account_id.to_string(), label: row.name.reveal().clone() };
        let active = || staff.iter().filter(|row| row.state == AccountState::Active);
        let purposes = Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Invite);
        let purposes =
            purposes.map(|purpose| Choice { value: purpose.id().to_owned(), label: purpose.label().to_owned() });
        let methods =
            Method::ALL.map(|method| Choice { value: method.id().to_owned(), label: method.label().to_owned() });
        let hours =
            [4, 8, 24, 48, 72].map(|hours| Choice { value: hours.to_string(), label: format!("{hours}時間") });
        let filled = |field: Field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        };
        Self {
            frame: signed_in.frame("再登録を申請する").narrow().faulty(!faults.is_empty()),
            account: filled(Field::select(
                "account",
                "登録し直す方（本人）",
                active().filter(|row| row.account_id != me).map(person).collect(),
            )),
            purpose: filled(Field::select("purpose", "登録し直すもの", purposes.collect())),
            hours: filled(
                Field::select("hours", "一時パスの長さ", hours.into())
                    .hint("「一時パス」を選んだときだけ使います。")
                    .optional(),
            ),
            verified_by: filled(
                Field::select("verified_by", "本人確認をした方", active().map(person).collect())
                    .hint("本人ではない方です。申請するあなた自身のときは、もう一人の承認が要ります。"),
            ),
            method: filled(Field::select("method", "どのように確かめたか", methods.into())),
            evidence: Field::file("evidence", "確かめた書類の写し", ".pdf,.jpg,.jpeg,.png")
                .hint("PDF か画像で、8 MB まで。暗号化して保管し、承認する人だけが見られます。")
                .faults(&faults),
            faults,
        }
    }
}

/// 再登録のコード.
#[derive(Template)]
#[template(path = "recovery/code.html")]
pub(super) struct Code {
    frame: Frame,
    shown: Option<Secret>,
    until: String,
}

impl Code {
    pub(super) fn new(signed_in: &SignedIn, shown: Option<Secret>) -> Self {
        let until = shown.as_ref().and_then(|secret| secret.until.as_deref()).map(japanese_time).unwrap_or_default();
        Self { frame: signed_in.frame("再登録のコード").narrow(), shown, until }
    }
}
