//! What became of a set: the receiver's answer, the receipt, what is overdue (R1.10).

use super::deliver::{done, download};
use super::{SetId, TransmissionView};
use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use exchange::{ImportPlace, NotAnAnswer, Outcome, PLACES_MAX, Reason};
use serde::{Deserialize, Serialize};
use standard::value::Private;
use store::{Answered, Folder, Hand, ImportReport, NOTE_CHARACTERS_MAX};
use utoipa::ToSchema;

/// Two hundred places and a note are far below.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// 取込みの結果: how the import of a set went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRequest {
    /// `imported`, `partly` or `rejected`.
    #[schema(example = "partly")]
    outcome: String,
    /// Where something was not imported, at most 200: codes and positions, never what stands there. None with `imported`.
    #[serde(default)]
    places: Vec<PlaceRequest>,
    /// In words, for the sender; at most 500 characters. It lies sealed, and is in no receipt.
    #[serde(default)]
    note: Option<String>,
}

/// A position, and why it was not imported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceRequest {
    /// Which file, counted from 1 in the order in which the set is described.
    file: u16,
    /// Which record, counted from 1; none: the whole file.
    #[serde(default)]
    record: Option<u32>,
    /// The column's No. in the standard; none: the whole record.
    #[serde(default)]
    column: Option<u16>,
    /// `person-unknown`, `office-unknown`, `service-unknown`, `duplicate`, `target-missing`, `missing`, `value`, `period`,
    /// `unsupported` or `other`.
    #[schema(example = "person-unknown")]
    reason: String,
}

/// A set that has waited longer than it should.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverdueView {
    /// The set; `state` says what is missing: `waiting` to be opened, `collected` to be acknowledged, `acknowledged` to be
    /// answered.
    #[serde(flatten)]
    set: TransmissionView,
    /// Since when it has been in this state, RFC 3339.
    since: String,
    /// For how many whole days.
    days: u32,
}

/// What is overdue, the oldest first; at most 200 sets on each side.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverdueList {
    /// What this office should open, acknowledge or answer.
    received: Vec<OverdueView>,
    /// What others should.
    sent: Vec<OverdueView>,
    /// Days from acceptance to being opened.
    collect_days: u16,
    /// Days from being opened to the acknowledgement.
    acknowledge_days: u16,
    /// Days from the acknowledgement to the answer how the import went.
    import_days: u16,
}

/// The public key of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogKeyView {
    /// As C2SP writes it: name, hash, key. Compare it with what the operator published elsewhere.
    #[schema(example = "fumibako/log-12ab34cd+56ef7890+AV…")]
    key: String,
}

/// 取込みの結果: the receiver says how the import went, after acknowledging. It is final; the same answer again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/transmissions/{id}/import", tag = "受け取る", params(("id" = String, Path)), request_body = ImportRequest,
    responses(
        (status = 200, body = TransmissionView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Not acknowledged yet, or answered otherwise.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The answer contradicts itself or the set.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn answer(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
    request: Request,
) -> Result<Json<TransmissionView>, Problem> {
    let body = to_bytes(request.into_body(), REQUEST_BYTES_MAX).await.unwrap_or_default();
    // The cause would quote the content.
    let request: Option<ImportRequest> = serde_json::from_slice(&body).ok();
    let report = request.and_then(ImportRequest::report).ok_or_else(|| {
        Problem::unreadable_request(
            "JSON で outcome（imported・partly・rejected）と、あれば places（file・record・column・reason）と note を送ってください。",
        )
    })?;
    let answered = app.store.answer_import(&Hand::from(&caller.asker), id, report).await?;
    match answered {
        Answered::Done(set) => Ok(Json((*set).into())),
        Answered::Refused(refusal) => Err(refusal.into()),
        Answered::NotFound => {
            app.store.record_not_found(&caller.asker).await?;
            Err(Problem::not_found())
        }
        Answered::Unfit(unfit) => {
            let (what, fix) = report_fault(unfit);
            Err(Problem::unfit_report(what, fix))
        }
        Answered::UnfitNote => Err(Problem::unfit_report(
            "note が長すぎるか、表示できない文字が入っています。何も記録していません。",
            &format!("{NOTE_CHARACTERS_MAX}文字までにして、改行のほかの制御文字を除いてください。"),
        )),
    }
}

impl ImportRequest {
    fn report(self) -> Option<ImportReport> {
        let place = |place: PlaceRequest| {
            let PlaceRequest { file, record, column, reason } = place;
            Some(ImportPlace { file, record, column, reason: Reason::from_id(&reason)? })
        };
        // One more than may be is enough to say that there are too many.
        let places = self.places.into_iter().take(PLACES_MAX + 1).map(place).collect::<Option<_>>()?;
        Some(ImportReport { outcome: Outcome::from_id(&self.outcome)?, places, note: self.note.map(Private::new) })
    }
}

/// What is wrong with an answer, and what to do.
pub(crate) fn report_fault(unfit: NotAnAnswer) -> (&'static str, &'static str) {
    match unfit {
        NotAnAnswer::Contradiction => (
            "「取り込めた」のに、取り込めなかった箇所が書かれています。何も記録していません。",
            "箇所を消すか、「一部だけ取り込めた」を選んでください。",
        ),
        NotAnAnswer::TooMany => (
            "取り込めなかった箇所が多すぎます。何も記録していません。",
            "200か所までにしてください。ファイル全体なら、レコードと項目を書かずに一つにまとめられます。",
        ),
        NotAnAnswer::File => (
            "このデータにない番号のファイルが書かれています。何も記録していません。",
            "ファイルの番号は、データの説明に並ぶ順に1から数えます。",
        ),
        NotAnAnswer::Position => (
            "レコードか項目の番号が正しくありません。何も記録していません。",
            "レコードは1から数え、項目は標準仕様の No. で書きます。項目だけを書くことはできません。",
        ),
    }
}

/// 送達の証明: what became of a set, with the proof of each step. Both offices get the same.
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}/receipt", tag = "証明", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "application/json", description = "Verify it with `fumibako receipt verify`."),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receipt(State(app): State<App>, caller: Caller, SetId(id): SetId) -> Result<Response, Problem> {
    let given = app.store.give_receipt(&Hand::from(&caller.asker), id).await?;
    let given = done(&app, &caller, given).await?;
    Ok(download("application/json", &format!("receipt-{id}.json"), given.receipt.to_json()))
}

/// What has waited longer than it should, on either side (期限を過ぎたもの).
#[utoipa::path(get, path = "/api/v1/overdue", tag = "証明", responses((status = 200, body = OverdueList)))]
pub(crate) async fn overdue(State(app): State<App>, caller: Caller) -> Result<Json<OverdueList>, Problem> {
    let view =
        |overdue: store::Overdue| OverdueView { since: overdue.since, days: overdue.days, set: overdue.set.into() };
    let received = app.store.overdue(&caller.asker, Folder::Received).await?.into_iter().map(view).collect();
    let sent = app.store.overdue(&caller.asker, Folder::Sent).await?.into_iter().map(view).collect();
    let deadlines = app.store.deadlines();
    Ok(Json(OverdueList {
        received,
        sent,
        collect_days: deadlines.collect_days,
        acknowledge_days: deadlines.acknowledge_days,
        import_days: deadlines.import_days,
    }))
}

/// The public key with which receipts and the log are verified.
#[utoipa::path(get, path = "/api/v1/log-key", tag = "証明", responses((status = 200, body = LogKeyView)))]
pub(crate) async fn log_key(State(app): State<App>, _caller: Caller) -> Result<Json<LogKeyView>, Problem> {
    Ok(Json(LogKeyView { key: app.store.log_key().await?.to_string() }))
}

/// The newest state of the log, signed: how many records, which root, when (C2SP tlog-checkpoint). It says nothing about
/// anybody. Whoever keeps it can tell later whether the log was changed.
#[utoipa::path(
    get, path = "/api/v1/log/checkpoint", tag = "証明", security(()),
    responses(
        (status = 200, description = "A signed note.", body = String, content_type = "text/plain"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn checkpoint(State(app): State<App>) -> Result<String, Problem> {
    // Signed every second while serving; only before the first of them is there none.
    let newest = match app.store.newest_checkpoint().await? {
        Some(newest) => newest,
        None => app.store.sign_checkpoint().await?,
    };
    Ok(newest.to_string())
}
