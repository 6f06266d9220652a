//! 鍵の合意 at work: sets that are sealed to one office within a minute share the key agreement, the largest cost of a send.
//!
//! Given up is that a minute's sets to an office could be opened by whoever reads the memory of this program in that minute,
//! which is where they are readable while they are sealed anyway.

use crate::Error;
use seal::{Agreement, Envelope, KeyId, OfficePublicKey, Party, SetBinding, SetKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long one serves. Those that are not asked for are dropped when keys are refreshed, a few seconds later.
const LIVES: Duration = Duration::from_mins(1);
/// Agreements that are kept at once, two kilobytes each. Beyond it sets get one of their own.
const KEPT_MAX: usize = 4_096;

const WHERE: Error = Error::Impossible("key agreements");

/// Those that serve, by the office's key and its role.
#[derive(Default)]
pub(crate) struct Agreements(Mutex<HashMap<(KeyId, Party), Serving>>);

struct Serving {
    since: Instant,
    agreement: Arc<Agreement>,
}

impl Serving {
    fn is_fresh(&self) -> bool {
        self.since.elapsed() < LIVES
    }
}

impl std::fmt::Debug for Agreements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Agreements(..)")
    }
}

impl Agreements {
    /// The envelope of a set: its key wrapped to both of its offices.
    pub(crate) fn envelope(
        &self,
        key: &SetKey,
        sender: &OfficePublicKey,
        receiver: &OfficePublicKey,
        binding: &SetBinding<'_>,
    ) -> Result<Envelope, Error> {
        let wrap = |office, party| {
            let agreement = self.with(office, party)?;
            agreement.wrap(key, binding, &mut rand::rng()).map_err(|_| WHERE)
        };
        Envelope::new(vec![wrap(sender, Party::Sender)?, wrap(receiver, Party::Receiver)?]).map_err(|_| WHERE)
    }

    fn with(&self, office: &OfficePublicKey, party: Party) -> Result<Arc<Agreement>, Error> {
        let place = (office.id(), party);
        if let Some(serving) = self.0.lock().map_err(|_| WHERE)?.get(&place).filter(|serving| serving.is_fresh()) {
            return Ok(Arc::clone(&serving.agreement));
        }
        // Two at once may both agree; either serves.
        let agreement = Arc::new(Agreement::with(office, party, &mut rand::rng()).map_err(|_| WHERE)?);
        let mut kept = self.0.lock().map_err(|_| WHERE)?;
        if kept.len() < KEPT_MAX || kept.contains_key(&place) {
            kept.insert(place, Serving { since: Instant::now(), agreement: Arc::clone(&agreement) });
        }
        Ok(agreement)
    }

    /// Drops what is too old to serve.
    pub(crate) fn forget_old(&self) -> Result<(), Error> {
        self.0.lock().map_err(|_| WHERE)?.retain(|_, serving| serving.is_fresh());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seal::{OfficeSecretKey, Suite};

    const PLACE: SetBinding<'_> = SetBinding { transmission: "t-1", sender: "a", receiver: "b" };

    fn old(agreements: &Agreements) {
        let long_ago = Instant::now().checked_sub(LIVES).expect("the machine runs for a minute");
        agreements.0.lock().expect("one thread").values_mut().for_each(|serving| serving.since = long_ago);
    }

    #[test]
    fn r6_3_an_agreement_serves_one_office_in_one_role_for_a_minute() {
        let office = OfficeSecretKey::generate(Suite::X25519, &mut rand::rng()).expect("a key");
        let other = OfficeSecretKey::generate(Suite::X25519, &mut rand::rng()).expect("a key");
        let agreements = Agreements::default();
        let with = |office: &OfficeSecretKey, party| agreements.with(office.public(), party).expect("agreed");
        let first = with(&office, Party::Sender);
        assert!(Arc::ptr_eq(&first, &with(&office, Party::Sender)));
        assert!(!Arc::ptr_eq(&first, &with(&office, Party::Receiver)));
        assert!(!Arc::ptr_eq(&first, &with(&other, Party::Sender)));
        old(&agreements);
        assert!(!Arc::ptr_eq(&first, &with(&office, Party::Sender)), "it is too old");
        agreements.forget_old().expect("forgotten");
        assert_eq!(agreements.0.lock().expect("one thread").len(), 1, "nothing old stays in memory");
    }

    #[test]
    fn an_envelope_opens_for_both_offices() {
        let sender = OfficeSecretKey::generate(Suite::XWing, &mut rand::rng()).expect("a key");
        let receiver = OfficeSecretKey::generate(Suite::XWing, &mut rand::rng()).expect("a key");
        let key = SetKey::generate(&mut rand::rng());
        let envelope =
            Agreements::default().envelope(&key, sender.public(), receiver.public(), &PLACE).expect("sealed");
        for office in [&sender, &receiver] {
            envelope.open(office, &PLACE).expect("opened");
        }
    }
}
