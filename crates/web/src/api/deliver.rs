use super::{FileNamed, SetId, TransmissionView};
use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use std::io::{Cursor, Write as _};
use store::{Answer, OpenedFile};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// The value, or the problem that says why not. Asking for what is none of one's own is recorded.
pub(super) async fn done<T>(app: &App, caller: &Caller, answer: Answer<T>) -> Result<T, Problem> {
    match answer {
        Answer::Done(value) => Ok(value),
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::NotFound => {
            app.store.record_not_found(&caller.asker).await?;
            Err(Problem::not_found())
        }
    }
}

/// One set with its files' names, sizes and digests. Opens nothing.
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}", tag = "受け取る", params(("id" = String, Path)),
    responses((status = 200, body = TransmissionView), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn describe(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
) -> Result<Json<TransmissionView>, Problem> {
    let set = app.store.describe(&caller.asker, id).await?;
    Ok(Json(done(&app, &caller, set).await?.into()))
}

/// One file, the same bytes that were sent. For the receiver this collects the set (受領).
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}/files/{name}", tag = "受け取る",
    params(("id" = String, Path), ("name" = String, Path)),
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Withdrawn by its sender, or erased after its time.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn file(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
    FileNamed(name): FileNamed,
) -> Result<Response, Problem> {
    let mut files = done(&app, &caller, app.store.open_set(&caller.asker, id, Some(&name)).await?).await?;
    let file = files.pop().ok_or_else(Problem::not_found)?;
    Ok(download("application/octet-stream", &file.name, file.bytes))
}

/// The whole set as one zip file, names and bytes as they were sent. For the receiver this collects the set (受領).
#[utoipa::path(
    get, path = "/api/v1/transmissions/{id}/zip", tag = "受け取る", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Withdrawn by its sender, or erased after its time.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn zip(State(app): State<App>, caller: Caller, SetId(id): SetId) -> Result<Response, Problem> {
    let files = done(&app, &caller, app.store.open_set(&caller.asker, id, None).await?).await?;
    let archive = pack(&files).map_err(|_| store::Error::Impossible("zip"))?;
    Ok(download("application/zip", &format!("{id}.zip"), archive))
}

/// 受領確認: the receiver has the set safe on its own side. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/transmissions/{id}/acknowledge", tag = "受け取る", params(("id" = String, Path)),
    responses(
        (status = 200, body = TransmissionView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Not collected yet.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
) -> Result<Json<TransmissionView>, Problem> {
    Ok(Json(done(&app, &caller, app.store.acknowledge(&caller.asker, id).await?).await?.into()))
}

/// 取下げ: the sender takes a set back that nobody has collected. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/transmissions/{id}/withdraw", tag = "送る", params(("id" = String, Path)),
    responses(
        (status = 200, body = TransmissionView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Already collected.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    SetId(id): SetId,
) -> Result<Json<TransmissionView>, Problem> {
    Ok(Json(done(&app, &caller, app.store.withdraw(&caller.asker, id).await?).await?.into()))
}

/// Stored, not compressed: the sets are small and the connection is the receiver's own.
fn pack(files: &[OpenedFile]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        archive.start_file(file.name.as_str(), options)?;
        archive.write_all(&file.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Names of ours and of the standard are ASCII without quotes, so they need no escaping in the header.
pub(crate) fn download(content_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    (
        [
            (header::CONTENT_TYPE, content_type.to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        ],
        bytes,
    )
        .into_response()
}
