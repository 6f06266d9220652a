//! お知らせ: what an office should know about its devices before it stops working (R7.5, R5.3).

use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// An お知らせ.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeView {
    /// `expiry`, `weak-key`, `tls12-end`; for programs.
    pub kind: String,
    /// Days that were left, or the day of the end.
    pub stage: String,
    /// What the office calls the device, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// RFC 3339, UTC.
    pub raised_at: String,
    /// For the person at the desk.
    pub what: String,
    /// What to do.
    pub fix: &'static str,
}

/// What this office is told, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeList {
    /// At most fifty.
    pub items: Vec<NoticeView>,
}

/// What the exchange wants this office to know (お知らせ).
#[utoipa::path(get, path = "/api/v1/notices", tag = "端末", responses((status = 200, body = NoticeList)))]
pub(crate) async fn notices(State(app): State<App>, caller: Caller) -> Result<Json<NoticeList>, Problem> {
    let notices = app.store.notices(&caller.asker).await?;
    Ok(Json(NoticeList { items: notices.into_iter().map(view).collect() }))
}

fn view(notice: store::Notice) -> NoticeView {
    let device = notice.device_label.as_deref().unwrap_or("端末");
    let (what, fix) = match (notice.kind.as_str(), notice.stage.as_str()) {
        ("expiry", "0") => {
            (format!("{device} の証明書の期限が切れました。"), "交換所の運営者に連絡して、端末を登録し直してください。")
        }
        ("expiry", days) => (
            format!("{device} の証明書の期限まで、あと{days}日以内です。"),
            "その端末で fumibako renew を実行してください。",
        ),
        ("weak-key", _) => (
            format!("{device} の証明書の鍵が、推奨より短いものです。"),
            "次の更新のとき、RSA 3072 ビット以上か P-256 の鍵で発行してもらってください。",
        ),
        (_, day) => (
            format!("TLS 1.2 で接続できる期間が {day} で終わりました。"),
            "TLS 1.3 に対応したソフトで接続してください。",
        ),
    };
    NoticeView {
        kind: notice.kind,
        stage: notice.stage,
        device: notice.device_label,
        raised_at: notice.raised_at,
        what,
        fix,
    }
}
