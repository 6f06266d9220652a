//! Verbs that the store is about to have, in the name of the person who acts.

use crate::app::App;
use identity::role::Deed;
use standard::OfficeNumber;
use store::people::Person;
use store::{DeviceId, Error, NewOffice, OfficeAdded};
use tokio::runtime::Handle;

impl App {
    pub(crate) async fn record_denied(&self, _: &Person, deed: Deed) -> Result<(), Error> {
        tracing::info!(deed = deed.id(), "denied");
        Ok(())
    }

    pub(crate) async fn revoke_own_device(&self, _: &Person, id: DeviceId) -> Result<bool, Error> {
        self.store.revoke_device(id).await
    }

    pub(crate) async fn register_office(&self, _: &Person, new: NewOffice) -> Result<OfficeAdded, Error> {
        let store = std::sync::Arc::clone(&self.store);
        let adding = tokio::task::spawn_blocking(move || Handle::current().block_on(store.add_office(new)));
        adding.await.map_err(|_| Error::Closed)?
    }

    pub(crate) async fn close_office_as(&self, _: &Person, number: OfficeNumber) -> Result<bool, Error> {
        self.store.close_office(number).await
    }
}
