use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use crate::sending::{ParcelLimits, SendAnswer, Terms, read, send as send_parcel};
use axum::Json;
use axum::extract::{Request, State};
use store::Hand;
use utoipa::ToSchema;

/// What a multipart call carries: any number of parts with a file name each.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct SendForm {
    /// The files of one or many sets, under the names the care software gave them.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
    /// 添付: a PDF that goes with one of the sets, up to 4 of 4 MB each. The part's name is `attachment.`, the set's
    /// ファイル連番, `.` and the receiver's 事業所番号: `attachment.20261122093000.1370000011`.
    #[schema(value_type = Option<Vec<String>>, format = Binary, rename = "attachment.SERIAL.RECEIVER")]
    attachment: Vec<Vec<u8>>,
    /// メッセージ: words that go with one of the sets, up to 1,000 characters. The part has no file name; its own is
    /// `message.20261122093000.1370000011`.
    #[schema(rename = "message.SERIAL.RECEIVER")]
    message: Option<String>,
}

/// Sends one or many sets (データを送る).
///
/// The files are grouped into sets by their names; each set is checked, addressed, sealed and kept on its own and has
/// its own answer. Sending is idempotent: the same set again returns the same transmission. A set about somebody without a
/// service at its receiver is refused as `X18`: it goes only when two people of the office have said so on the page 送る.
/// What goes with a set lies sealed like its files; `enclosures` of the transmission says how many there are.
#[utoipa::path(
    post, path = "/api/v1/transmissions", tag = "送る",
    request_body(content = SendForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Every set has its answer; some may be refused.", body = SendAnswer),
        (status = 400, description = "The upload broke off or is malformed; nothing was kept.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than one call may be; nothing was kept.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Nothing can be kept right now; try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<SendAnswer>, Problem> {
    let limits = ParcelLimits { bytes: app.limits.call_bytes, files: app.limits.call_files };
    let parcel = read(&app, request, limits).await?;
    if parcel.files.is_empty() {
        return Err(Problem::unreadable_request("ファイルが一つも入っていません。送るファイルを選んでください。"));
    }
    Ok(Json(send_parcel(&app, &Hand::from(&caller.asker), parcel, Terms::default()).await?))
}
