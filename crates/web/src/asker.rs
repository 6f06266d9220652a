use crate::app::App;
use crate::listener::Peer;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use store::Asker;

/// Who calls: the office and device that the handshake proved, looked up anew for every request so that a revoked
/// device stops at once.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) asker: Asker,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().ok_or_else(Problem::unknown_device)?;
        let digest = peer.certificate_digest.as_deref().ok_or_else(Problem::unknown_device)?;
        match app.store.asker(digest, peer.address).await? {
            // The handshake looked at the exception too; it may have ended since (R5.3).
            Some(asker) if peer.tls12 && !app.store.may_use_tls12(&asker).await? => {
                app.store.record_tls12_refused(&asker).await?;
                Err(Problem::tls12())
            }
            Some(asker) => Ok(Self { asker }),
            None => {
                app.store.record_stranger(peer.address).await?;
                Err(Problem::unknown_device())
            }
        }
    }
}
