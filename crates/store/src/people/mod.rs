//! 職員とソフト — who is asking: people and programs (R8, R12).
//!
//! A person proves two factors of different kinds on a device of their office; a program proves a token on the device it
//! was given to. Names, logins and evidence lie sealed; what is looked up is found by a keyed index. What this folder
//! writes to the ledger says nothing about a person but the id of the account.

mod accounts;
mod attempts;
mod grants;
mod hash;
mod passkeys;
mod recovery;
mod register;
mod registers;
mod sessions;
mod set_up;
mod sign_in;
mod software;
mod upkeep;

pub use accounts::{AccountState, By, Invitation, Invited, NewAccount, StaffListed, StaffRow};
pub use attempts::subscriber;
pub(crate) use attempts::{Reserved, succeeded};
pub use grants::{GrantAsked, GrantDecided, GrantRow, GrantState};
pub use hash::HashCost;
pub(crate) use hash::pepper_mark;
pub use passkeys::{PasskeyChallenge, PasskeySite};
pub(crate) use recovery::evidence_pieces;
pub use recovery::{NewRecovery, RecoveryIssued, RecoveryOpened, RecoveryRow, RecoveryState};
pub use registers::{
    NewResponsible, NewTraining, OperatingRule, Registers, ResponsibleAdded, ResponsibleEntry, RuleAdded, RuleApproved,
    TrainedRow, TrainingRecorded, TrainingRuleSet,
};
pub(crate) use sessions::record_end;
pub use sessions::{Enrolling, HalfWay, OfficeChoice, Person, SecondKind, SessionRow, Standing, Ways};
pub use set_up::{FactorRow, FactorSet, Holder, OwnChange, PasswordSet, Redeemed, SetUpEnded, Steps, TotpOffer};
pub use sign_in::{PasswordAnswer, SecondAnswer};
pub use software::{Software, SoftwareMade, SoftwareRow};
pub use upkeep::Upkeep;

use crate::hex::hex;
use crate::keys::Keys;
use crate::{Error, KeyKind, Store};
use hash::Hasher;
use identity::breached::{Breached, NoList};
use identity::password::{Policy, Profile};
use identity::register::TrainingRule;
use rand::Rng as _;
use seal::{Purpose, Zeroizing};
use sha2::{Digest as _, Sha256};
use standard::value::Private;
use std::fmt;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization as _;

/// Bytes of a token: too many to guess, so a plain hash is a good index of it.
const TOKEN_BYTES: usize = 32;
/// Characters of a login.
const LOGIN_CHARACTERS_MAX: usize = 64;
/// Characters of a name, or of a label that a person gives to a thing of their own.
const NAME_CHARACTERS_MAX: usize = 100;
/// Rows of a page's list.
const LISTED_MAX: i64 = 1_000;

/// How people are treated. The defaults are those of a real exchange.
#[derive(Clone)]
pub struct PeopleSettings {
    /// What a password hash costs.
    pub cost: HashCost,
    /// Known passwords, where the operator keeps a list of them (R8.8).
    pub breached: Arc<dyn Breached + Send + Sync>,
    /// Whose rules a new password is judged by (R8.6). One that is set already stays until it is changed.
    pub policy: Policy,
    /// How long training counts, and how long one goes on without (R12.6).
    pub training: TrainingRule,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        let policy = Policy::of(Profile::default());
        Self { cost: HashCost::OWASP, breached: Arc::new(NoList), policy, training: TrainingRule::default() }
    }
}

impl fmt::Debug for PeopleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeopleSettings").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// What the store keeps in memory for people.
#[derive(Debug)]
pub(crate) struct People {
    hasher: Hasher,
    settings: PeopleSettings,
}

impl People {
    pub(crate) fn new(keys: Arc<Keys>, settings: PeopleSettings) -> Result<Self, Error> {
        Ok(Self { hasher: Hasher::new(settings.cost, keys)?, settings })
    }
}

/// Proof of a session or of a program, as its holder keeps it. We keep only its hash.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    pub(crate) fn fresh(prefix: &str) -> Self {
        let mut random = Zeroizing::new([0; TOKEN_BYTES]);
        rand::rng().fill_bytes(random.as_mut());
        let digits = Zeroizing::new(hex(random.as_ref()));
        Self(Zeroizing::new(format!("{prefix}{}", digits.as_str())))
    }

    /// The text, for the one who is to hold it. Easy to search for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn index(&self) -> String {
        token_index(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A token is random, so its hash needs no key.
pub(crate) fn token_index(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// A column whose fields are sealed.
#[derive(Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) &'static str);

const LOGIN: Column = Column("account", "login_sealed");
pub(crate) const NAME: Column = Column("account", "name_sealed");
const KANA: Column = Column("account", "kana_sealed");
const FACTOR_LABEL: Column = Column("factor", "label_sealed");
const CHALLENGE: Column = Column("passkey_challenge", "state_sealed");
const EVIDENCE: Column = Column("recovery", "evidence_sealed");
const SOFTWARE_LABEL: Column = Column("software_token", "label_sealed");

impl Store {
    /// Treats people otherwise than a real exchange does, or with a list of known passwords.
    ///
    /// # Errors
    /// When the cost is none that Argon2 takes.
    pub fn with_people(mut self, settings: PeopleSettings) -> Result<Self, Error> {
        self.people = People::new(Arc::clone(&self.keys), settings)?;
        Ok(self)
    }

    /// Whose rules a new password is judged by, for pages that tell them beforehand.
    #[must_use]
    pub fn password_policy(&self) -> Policy {
        self.people.settings.policy
    }

    /// Password hashings since the store was opened: a figure for the operator, and for tests that no login is told
    /// from another by the work it causes.
    #[must_use]
    pub fn password_hashings(&self) -> u64 {
        self.people.hasher.count()
    }

    /// Hashes and compares what somebody has to know.
    pub(crate) fn hasher(&self) -> &Hasher {
        &self.people.hasher
    }

    /// A sealed field that is a key.
    pub(crate) fn open_key(
        &self,
        column: Column,
        row: impl fmt::Display,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open_field(column, row, sealed)
    }

    pub(crate) fn seal_field(&self, column: Column, row: impl fmt::Display, content: &[u8]) -> Result<Vec<u8>, Error> {
        let row = row.to_string();
        let purpose = Purpose::Field { table: column.0, column: column.1, row: &row };
        self.keys.wrap_as(KeyKind::Field, &purpose, content)
    }

    pub(crate) fn open_field(
        &self,
        column: Column,
        row: impl fmt::Display,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let row = row.to_string();
        let purpose = Purpose::Field { table: column.0, column: column.1, row: &row };
        self.keys.unwrap_as(KeyKind::Field, &purpose, sealed)
    }

    pub(crate) fn open_text(
        &self,
        column: Column,
        row: impl fmt::Display,
        sealed: &[u8],
    ) -> Result<Private<String>, Error> {
        let bytes = self.open_field(column, row, sealed)?;
        String::from_utf8(bytes.to_vec()).map(Private::new).map_err(|_| Error::Damaged)
    }

    /// What is stored of a text that is looked up again: without the key nobody can tell what it stands for.
    pub(crate) fn keyed_index(&self, field: &str, value: &[u8]) -> Result<String, Error> {
        Ok(hex(&self.keys.blind_index(field, value)?))
    }

    /// What a page carries of the person and office it was made for, so that its script can tell them from whoever signs
    /// in next on the same device. The same in every session; without the key it says nothing.
    ///
    /// # Errors
    /// When the key of the indexes is out of reach.
    pub fn page_mark(&self, person: &Person) -> Result<String, Error> {
        let value = format!("{}/{}", person.asker.office.id, person.account_id);
        self.keyed_index("page.person", value.as_bytes())
    }

    pub(crate) fn login_index(&self, login: &str) -> Result<String, Error> {
        self.keyed_index("account.login", normal_login(login).as_bytes())
    }
}

/// What is only noted (last seen, last used) may fail without taking the request with it: with a full disk, what has arrived can
/// still be read. A session then ends earlier, never later.
fn noted(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error @ (Error::DiskFull | Error::Busy | Error::NotCommitted)) => {
            tracing::warn!(%error, "could not note a last use");
            Ok(())
        }
        other => other,
    }
}

/// One spelling of a login: people type it in full width, in capitals and with spaces around it.
fn normal_login(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(typed.trim().nfkc().take(LOGIN_CHARACTERS_MAX + 1).collect::<String>().to_lowercase())
}

/// One spelling of what tells a person from others: without the spaces between family and given name.
fn normal_person(typed: &str) -> Zeroizing<String> {
    let spelt = typed.nfkc().filter(|character| !character.is_whitespace()).take(NAME_CHARACTERS_MAX + 1);
    Zeroizing::new(spelt.collect::<String>().to_lowercase())
}

/// A name or label that may be stored and shown.
fn presentable(text: &str) -> Option<&str> {
    let text = text.trim();
    let sound = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_cannot_be_written_is_no_failure_and_a_broken_database_is() {
        for bearable in [Error::DiskFull, Error::Busy, Error::NotCommitted] {
            assert!(noted(Err(bearable)).is_ok());
        }
        for failure in [Error::WrongKey, Error::Closed, Error::Impossible("x")] {
            assert!(noted(Err(failure)).is_err());
        }
    }

    #[test]
    fn logins_and_people_have_one_spelling() {
        assert_eq!(*normal_login(" Ｈａｎａｋｏ "), "hanako");
        assert_eq!(*normal_person("みほん　はなこ 1980"), *normal_person("みほんはなこ1980"));
        assert!(presentable(" ").is_none() && presentable("a\u{7}").is_none());
    }
}
