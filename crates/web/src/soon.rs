//! Verbs that the store is about to have. Until then nobody has a passkey.

use crate::app::App;
use identity::role::Deed;
use store::people::{FactorSet, HalfWay, Holder, Person, SecondAnswer};
use store::{DeviceId, Error};

#[derive(Debug)]
pub(crate) struct PasskeySite;

pub(crate) struct PasskeyChallenge {
    pub(crate) id: String,
    pub(crate) options_json: String,
}

impl App {
    pub(crate) async fn begin_passkey(&self, _: &HalfWay, _: &PasskeySite) -> Result<Option<PasskeyChallenge>, Error> {
        Ok(None)
    }

    pub(crate) async fn finish_passkey(
        &self,
        _: &HalfWay,
        _: &str,
        _: &str,
        _: &PasskeySite,
    ) -> Result<SecondAnswer, Error> {
        Ok(SecondAnswer::Refused)
    }

    pub(crate) async fn begin_passkey_registration(
        &self,
        _: Holder<'_>,
        _: &PasskeySite,
    ) -> Result<Option<PasskeyChallenge>, Error> {
        Ok(None)
    }

    pub(crate) async fn confirm_passkey(
        &self,
        _: Holder<'_>,
        _: &str,
        _: &str,
        _: &str,
        _: &PasskeySite,
    ) -> Result<FactorSet, Error> {
        Ok(FactorSet::Over)
    }

    pub(crate) async fn revoke_own_device(&self, _: &Person, id: DeviceId) -> Result<bool, Error> {
        self.store.revoke_device(id).await
    }

    pub(crate) async fn record_denied(&self, _: &Person, deed: Deed) -> Result<(), Error> {
        tracing::info!(deed = deed.id(), "denied");
        Ok(())
    }
}
