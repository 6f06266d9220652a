//! 重要な知らせ: what must not happen unseen, until everybody whom it concerns has seen it (R6.6).

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show};
use crate::problem::Problem;
use crate::wording::{actor, moment};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::{AlarmKind, OperatorAlarm};

const DONE: &[(&str, &str)] = &[("seen", "確かめたことを記録しました。")];

/// 重要な知らせ.
#[derive(Template)]
#[template(path = "alarms/list.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    what: &'static str,
    then: &'static str,
    at: String,
    reason: Option<String>,
    /// Who declared it and who agreed.
    people: Option<String>,
    /// The serial of the certificate that it is about.
    certificate: Option<String>,
    seen_at: Option<String>,
    seen_by: u64,
}

impl From<OperatorAlarm> for Row {
    fn from(alarm: OperatorAlarm) -> Self {
        let (what, then) = words(alarm.kind);
        let people = alarm.declared_by.zip(alarm.approved_by);
        Self {
            id: alarm.id.to_string(),
            what,
            then,
            at: moment(&alarm.raised_at),
            certificate: (alarm.kind == AlarmKind::CertificateUnlogged).then_some(alarm.subject),
            reason: alarm.reason,
            people: people.map(|(declared, approved)| format!("宣言 {}、承認 {}", actor(&declared), actor(&approved))),
            seen_at: alarm.seen_at.as_deref().map(moment),
            seen_by: alarm.seen_by,
        }
    }
}

/// What happened, and what to do.
fn words(kind: AlarmKind) -> (&'static str, &'static str) {
    match kind {
        AlarmKind::KeyEmergency => (
            "非常時が宣言され、分割鍵からマスター鍵が戻されました。",
            "あなたの知らないことなら、すぐに責任者に知らせてください。知っていることなら、マスター鍵を替え、分割鍵を作り直します。",
        ),
        AlarmKind::KeyDrill => (
            "訓練として、分割鍵からマスター鍵が戻ることが確かめられました。",
            "訓練の予定と合っているか確かめてください。予定がなければ、責任者に知らせてください。",
        ),
        AlarmKind::KeyRecoveryRefused => (
            "非常時の宣言なしに分割鍵が使われようとし、断りました。",
            "分割鍵が集められています。だれが何のために使おうとしたのか、分割鍵を持つ人に確かめてください。",
        ),
        AlarmKind::CertificateUnlogged => (
            "発行の記録がない証明書が、台帳に見つかりました。",
            "だれかが正しい手順の外で台帳に書き込んだおそれがあります。その証明書の端末をすぐに止め、責任者に知らせ、データベースに近づける人を調べてください。",
        ),
    }
}

pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    let alarms = app.store.operator_alarms(&signed_in.person).await?.ok_or_else(Problem::no_right)?;
    let frame = signed_in.frame("重要な知らせ").notice(asked.done(DONE));
    show(&List { frame, rows: alarms.into_iter().map(Row::from).collect() })
}

pub(crate) async fn see(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    if !app.store.see_alarm(&signed_in.person, id).await? {
        return Err(Problem::not_found());
    }
    Ok(on_to("/operator/alarms?done=seen"))
}
