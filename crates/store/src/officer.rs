use crate::Asker;
use crate::people::Person;
use identity::role::Deed;
use ledger::{Actor, Device, Token};
use std::fmt;

/// 運営者の識別名 — who does something for the operator. What needs two people compares two of these, so that the same
/// person is recognised whatever the spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorName {
    actor: Actor,
    device: Option<Device>,
    /// The right for which a signed-in person stands here, which two people have granted (R12.3).
    deed: Option<Deed>,
}

/// Not 1 to 64 letters, digits, `.`, `_` or `-`. A pseudonym is asked for, since the ledger holds no names of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name for an operator: 1 to 64 letters, digits, '.', '_' or '-'")]
pub struct NotAName;

impl OperatorName {
    /// Somebody at the operator's terminal. Upper and lower case are the same person.
    ///
    /// # Errors
    /// When the ledger cannot hold the name.
    pub fn at_terminal(name: &str) -> Result<Self, NotAName> {
        let token: Token = name.to_ascii_lowercase().parse().map_err(|_| NotAName)?;
        Ok(Self { actor: Actor::OperatorCli(Some(token)), device: None, deed: None })
    }

    /// Somebody signed in with an account, at a device that the handshake proved.
    ///
    /// # Errors
    /// When the ledger cannot hold the account's id.
    pub fn signed_in(account_id: &str, asker: &Asker) -> Result<Self, NotAName> {
        let token: Token = account_id.parse().map_err(|_| NotAName)?;
        let device = asker.device_id.to_string().parse().map_err(|_| NotAName)?;
        let device = Device::with_certificate(device, &asker.certificate_serial).map_err(|_| NotAName)?;
        Ok(Self { actor: Actor::Person(token), device: Some(device), deed: None })
    }

    /// Somebody signed in who has this right, here and now; nobody else.
    #[must_use]
    pub fn with_right(person: &Person, deed: Deed) -> Option<Self> {
        let name = Self::signed_in(&person.account_id.to_string(), &person.asker).ok()?;
        person.may(deed).then_some(Self { deed: Some(deed), ..name })
    }

    /// Whether the roles of whoever this is give the right, so that a procedure need not name them.
    pub(crate) fn holds(&self, deed: Deed) -> bool {
        self.deed == Some(deed)
    }

    /// Whether both are one person, as far as names tell. Accounts and names at the terminal are kept apart elsewhere.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.actor == other.actor
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }
}

/// As tables and the ledger spell it.
impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.actor.fmt(f)
    }
}

impl std::str::FromStr for OperatorName {
    type Err = NotAName;

    fn from_str(name: &str) -> Result<Self, NotAName> {
        Self::at_terminal(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_is_recognised_in_another_spelling() {
        let sato = OperatorName::at_terminal("Sato").expect("a name");
        assert!(sato.is(&OperatorName::at_terminal("sato").expect("a name")));
        assert!(!sato.is(&OperatorName::at_terminal("suzuki").expect("a name")));
        assert_eq!(sato.to_string(), "operator-cli:sato");
        for bad in ["", " ", "佐藤", "sato taro", "a\n"] {
            assert!(OperatorName::at_terminal(bad).is_err(), "{bad}");
        }
    }
}
