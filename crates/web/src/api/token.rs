use crate::app::App;
use crate::guard::Program;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A program's new token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewToken {
    /// To be kept by the program and shown nowhere.
    pub token: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

/// A new token in place of the one that asks (接続キーの更新).
///
/// The old one goes on until the new one is used, and for a week at most.
#[utoipa::path(
    post, path = "/api/v1/token", tag = "接続キー",
    responses(
        (status = 200, body = NewToken),
        (status = 409, description = "It has been replaced already.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate(State(app): State<App>, program: Program) -> Result<Json<NewToken>, Problem> {
    let rotated = app.store.rotate_software(&program.software, &program.asker).await?;
    let (token, expires_at) = rotated.ok_or_else(Problem::token_replaced)?;
    Ok(Json(NewToken { token: token.reveal().to_owned(), expires_at }))
}
