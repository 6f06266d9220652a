//! 台帳 — who is responsible, by which rules, and who has been trained (R12.6). An office keeps its own, the operator its own;
//! nobody sees another's.

mod responsible;
mod rules;
mod training;

pub use responsible::{NewResponsible, ResponsibleAdded, ResponsibleEntry};
pub use rules::{OperatingRule, RuleAdded, RuleApproved};
pub use training::{NewTraining, TrainedRow, TrainingRecorded, TrainingRuleSet};

use super::accounts::grant_place;
use super::sessions::Person;
use super::{Column, NAME};
use crate::{AccountId, Error, Store};
use identity::register::{Appointment, Gap, TrainingRule, gaps};
use identity::role::Deed;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use standard::value::Private;

const RESPONSIBLE_NAME: Column = Column("responsible", "name_sealed");
const RESPONSIBLE_CONTACT: Column = Column("responsible", "contact_sealed");
const DEPUTY: Column = Column("responsible", "deputy_sealed");
const DEPUTY_CONTACT: Column = Column("responsible", "deputy_contact_sealed");
const SUBJECT: Column = Column("training", "subject_sealed");
const EVIDENCE: Column = Column("training", "evidence_sealed");
/// Characters of what somebody writes into a register.
const TEXT_CHARACTERS_MAX: usize = 200;

/// What the page of the registers shows.
#[derive(Clone, Debug)]
pub struct Registers {
    /// Entries of the list of responsible persons, those in force first.
    pub responsible: Vec<ResponsibleEntry>,
    /// Versions of rules, the newest first.
    pub rules: Vec<OperatingRule>,
    /// What is missing or old.
    pub gaps: Vec<Gap>,
    /// Today, in Japan.
    pub today: Date,
}

const MAKER: &str = "SELECT name_sealed FROM account WHERE account_id = $1";

impl Store {
    /// The registers of this person's office, or of the operator. `None` for who may not see them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn registers(&self, by: &Person) -> Result<Option<Registers>, Error> {
        if !by.may(Deed::ReadRegisters) {
            return Ok(None);
        }
        let today = day_in_japan(self.clock.now());
        let place = grant_place(by);
        let responsible = self.responsible_at(&place, today).await?;
        let rules = self.rules_at(&place).await?;
        let appointments: Vec<Appointment> =
            responsible.iter().filter(|entry| entry.ended_at.is_none()).map(ResponsibleEntry::appointment).collect();
        let approved = rules.iter().filter(|rule| rule.in_force).filter_map(|rule| rule.approved_at.as_deref()).max();
        let approved = approved.map(day_of).transpose()?;
        let side = by.side;
        Ok(Some(Registers { gaps: gaps(side, &appointments, approved, today), responsible, rules, today }))
    }

    /// How long training counts here, for forms.
    #[must_use]
    pub fn training_days(&self) -> TrainingRule {
        self.people.settings.training
    }

    /// Who made an entry, as far as an account stands behind it.
    async fn maker(&self, hand: &str) -> Result<Option<Private<String>>, Error> {
        let Ok(id) = hand.parse::<AccountId>() else { return Ok(None) };
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(MAKER).bind(hand).fetch_optional(&self.reads).await?;
        sealed.map(|sealed| self.open_text(NAME, id, &sealed)).transpose()
    }
}

/// What may stand in a register: some words on one line.
fn words(text: &str) -> Option<&str> {
    let text = text.trim();
    let sound = (1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    sound.then_some(text)
}

pub(super) fn day_in_japan(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(offset(9))).date()
}

/// The day of an instant of ours.
pub(super) fn day_of(instant: &str) -> Result<Date, Error> {
    instant.parse().map(day_in_japan).map_err(|_| Error::Impossible("an instant"))
}

/// A day of ours.
fn day(text: &str) -> Result<Date, Error> {
    text.parse().map_err(|_| Error::Impossible("a day"))
}
