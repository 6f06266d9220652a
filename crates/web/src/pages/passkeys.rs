//! Passkeys, where the exchange has a name that browsers bind them to; at a bare address there are none.

use crate::app::App;
use crate::problem::Problem;
use store::people::{FactorSet, HalfWay, Holder, PasskeyChallenge, PasskeySite, SecondAnswer};

/// The site of an exchange at this address.
pub(crate) fn site(exchange_url: &str) -> Option<PasskeySite> {
    let host = exchange_url.strip_prefix("https://")?.split(['/', ':']).next()?;
    PasskeySite::new(host, exchange_url)
}

/// What the browser is asked for a new passkey.
pub(crate) async fn offer(app: &App, holder: Holder<'_>) -> Result<Option<PasskeyChallenge>, Problem> {
    match &app.site {
        Some(site) => Ok(app.store.begin_passkey_registration(holder, site).await?),
        None => Ok(None),
    }
}

/// What the browser made of it.
pub(crate) async fn confirm(
    app: &App,
    holder: Holder<'_>,
    label: &str,
    challenge: &str,
    credential: &str,
) -> Result<FactorSet, Problem> {
    match &app.site {
        Some(site) => Ok(app.store.confirm_passkey(holder, label, challenge, credential, site).await?),
        None => Ok(FactorSet::Refused),
    }
}

/// What the browser is asked at signing in.
pub(crate) async fn ask(app: &App, half: &HalfWay) -> Result<Option<PasskeyChallenge>, Problem> {
    match &app.site {
        Some(site) if half.ways.passkey => Ok(app.store.begin_passkey(half, site).await?),
        _ => Ok(None),
    }
}

/// What it answered.
pub(crate) async fn answer(
    app: &App,
    half: &HalfWay,
    challenge: &str,
    credential: &str,
) -> Result<SecondAnswer, Problem> {
    match &app.site {
        Some(site) => Ok(app.store.finish_passkey(half, challenge, credential, site).await?),
        None => Ok(SecondAnswer::Refused),
    }
}
