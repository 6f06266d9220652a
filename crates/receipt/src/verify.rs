use crate::{Receipt, StepName, places_digest};
use exchange::{Digest, ImportAnswer, Outcome, State, next};
use ledger::{Action, Detail, Entry, EntryDraft, Policy, SignedCheckpoint, Trust};
use std::collections::BTreeSet;

/// Why a receipt is not to be believed. It quotes nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The entry of this step is not in the log of the key, or the key is another log's.
    #[error("{}: not in the log of this key: {why}", .step.id())]
    NotInLog {
        /// Which step.
        step: StepName,
        /// What the proof lacks.
        why: String,
    },
    /// The entry says otherwise than the receipt.
    #[error("{}: the entry in the log says otherwise about the {what}", .step.id())]
    Otherwise {
        /// Which step.
        step: StepName,
        /// About what.
        what: &'static str,
    },
    /// A step stands there twice, out of order, or may not follow.
    #[error("{}: this step does not follow from those before", .0.id())]
    OutOfOrder(StepName),
    /// Acceptance itself is not proven, so nothing is.
    #[error("the acceptance is not proven")]
    NoAcceptance,
    /// The digests, names and sizes of the files do not give the digest of the set.
    #[error("the files do not fit the set")]
    Files,
    /// The state is not where the steps lead.
    #[error("the state does not follow from the steps")]
    State,
}

/// A step that the log proves.
#[derive(Clone, Debug)]
pub struct ProvenStep {
    /// Which.
    pub step: StepName,
    /// Its place in the log.
    pub index: u64,
    /// What the log says.
    pub entry: Entry,
    /// The checkpoint that the proof leads to.
    pub checkpoint: SignedCheckpoint,
    /// What its signatures are worth.
    pub trust: Trust,
}

/// What a receipt proves.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The steps that the log proves, in its order.
    pub steps: Vec<ProvenStep>,
    /// Steps that the receipt claims without proof.
    pub unproven: Vec<StepName>,
    /// Whether the digests of set and files are those to which the log committed. Not any more once the set has been erased.
    pub content: bool,
    /// Where the set stands.
    pub state: State,
}

impl Receipt {
    /// Holds everything that the receipt says against the entries that the log proves.
    ///
    /// # Errors
    /// The first [`Fault`]: one is enough.
    pub fn verify(&self, policy: &Policy) -> Result<Verified, Fault> {
        let mut verified = Verified { steps: Vec::new(), unproven: Vec::new(), content: false, state: State::Waiting };
        let mut seen = BTreeSet::new();
        for (place, step) in self.steps.iter().enumerate() {
            let name = step.step;
            if !seen.insert(name) || (place == 0) != (name == StepName::Accepted) {
                return Err(Fault::OutOfOrder(name));
            }
            verified.state = self.after(verified.state, name)?;
            let Some(proof) = &step.proof else {
                verified.unproven.push(name);
                continue;
            };
            let not_in_log = |why: String| Fault::NotInLog { step: name, why };
            let trust = proof.verify(policy).map_err(|error| not_in_log(error.to_string()))?;
            let entry = Entry::parse(proof.entry()).map_err(|error| not_in_log(error.to_string()))?;
            if verified.steps.last().is_some_and(|before| before.index >= proof.index()) {
                return Err(Fault::OutOfOrder(name));
            }
            self.compare(name, &step.at, entry.fields())?;
            let (index, checkpoint) = (proof.index(), proof.checkpoint().clone());
            verified.steps.push(ProvenStep { step: name, index, entry, checkpoint, trust });
        }
        let acceptance = verified.steps.first().filter(|step| step.step == StepName::Accepted);
        let acceptance = acceptance.ok_or(Fault::NoAcceptance)?;
        verified.content = self.content(acceptance.entry.fields())?;
        if self.state != verified.state.id() || self.import.is_some() != seen.contains(&StepName::Answered) {
            return Err(Fault::State);
        }
        Ok(verified)
    }

    /// Where the set stands after a step.
    fn after(&self, state: State, step: StepName) -> Result<State, Fault> {
        let taken = match step {
            StepName::Accepted => return Ok(State::Waiting),
            StepName::Collected => exchange::Step::Collect,
            StepName::Acknowledged => exchange::Step::Acknowledge,
            StepName::Withdrawn => exchange::Step::Withdraw,
            StepName::Erased => exchange::Step::Erase,
            StepName::Answered => exchange::Step::Import(self.outcome()?),
        };
        next(state, taken).map_err(|_| Fault::OutOfOrder(step))
    }

    fn outcome(&self) -> Result<Outcome, Fault> {
        self.import.as_ref().and_then(|import| Outcome::from_id(&import.outcome)).ok_or(Fault::State)
    }

    /// Whether an entry says what the receipt says about its step.
    fn compare(&self, step: StepName, at: &str, entry: &EntryDraft) -> Result<(), Fault> {
        let otherwise = |what| Err(Fault::Otherwise { step, what });
        let set = &self.transmission;
        let (sender, receiver) = (Some(set.sender.office.as_str()), Some(set.receiver.office.as_str()));
        let (action, office, counterpart) = match step {
            StepName::Accepted => (Action::SetAccept, sender, receiver),
            StepName::Withdrawn => (Action::SetWithdraw, sender, receiver),
            StepName::Collected => (Action::SetCollect, receiver, sender),
            StepName::Acknowledged => (Action::SetAcknowledge, receiver, sender),
            StepName::Answered => (Action::SetAnswer, receiver, sender),
            // Done by the exchange itself, for neither of them.
            StepName::Erased => (Action::SetExpire, None, None),
        };
        if entry.action != action || entry.outcome != ledger::Outcome::Ok {
            return otherwise("action");
        }
        if entry.object.as_ref().map(ledger::Token::as_str) != Some(set.id.as_str()) {
            return otherwise("set");
        }
        let offices =
            (entry.office.as_ref().map(ledger::Token::as_str), entry.counterpart.as_ref().map(ledger::Token::as_str));
        if step != StepName::Erased && offices != (office, counterpart) {
            return otherwise("offices");
        }
        if entry.at.to_string() != at {
            return otherwise("instant");
        }
        match step {
            StepName::Accepted if token(entry, "kind") != Some(set.kind.as_str()) => otherwise("kind"),
            StepName::Accepted if number(entry, "size_bytes") != Some(set.size_bytes) => otherwise("size"),
            // A set that was there before is acknowledged by another entry, which is no acceptance.
            StepName::Accepted if token(entry, "outcome").is_some() => otherwise("action"),
            StepName::Answered => self.compare_answer(entry),
            _ => Ok(()),
        }
    }

    fn compare_answer(&self, entry: &EntryDraft) -> Result<(), Fault> {
        let otherwise = |what| Err(Fault::Otherwise { step: StepName::Answered, what });
        let outcome = self.outcome()?;
        if token(entry, "outcome") != Some(outcome.id()) {
            return otherwise("outcome");
        }
        let stated = self.import.iter().flat_map(|import| &import.places);
        let places: Option<Vec<_>> = stated.map(crate::ImportedPlace::place).collect();
        // The files may be gone, so any number of them may have been.
        let answer = places.and_then(|places| ImportAnswer::new(outcome, places, usize::from(u16::MAX)).ok());
        let Some(answer) = answer else { return otherwise("places") };
        if token(entry, "places") != Some(hex(&places_digest(answer.places())).as_str()) {
            return otherwise("places");
        }
        Ok(())
    }

    /// Whether the digests are those that the log committed to. Nothing can be said of a set whose salt has been erased.
    fn content(&self, acceptance: &EntryDraft) -> Result<bool, Fault> {
        let set = &self.transmission;
        let Some(salt) = &set.commitment_salt else {
            return if set.files.is_empty() { Ok(false) } else { Err(Fault::Files) };
        };
        let digests =
            set.files.iter().map(|file| Some((file.name.as_str(), Digest::from_slice(&unhex(&file.sha256)?)?)));
        let digests: Option<Vec<_>> = digests.collect();
        let whole = Digest::of_digests(digests.ok_or(Fault::Files)?);
        let size_bytes = set.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size_bytes));
        let count = number(acceptance, "files").and_then(|count| usize::try_from(count).ok());
        if whole.to_string() != set.digest || size_bytes != Some(set.size_bytes) || count != Some(set.files.len()) {
            return Err(Fault::Files);
        }
        if !set.files.iter().all(|file| self.names_this_set(&file.name)) || !self.month_is_named() {
            return Err(Fault::Files);
        }
        let otherwise = Fault::Otherwise { step: StepName::Accepted, what: "content" };
        let salt: Option<[u8; 32]> = unhex(salt).and_then(|bytes| bytes.try_into().ok());
        let commitment = salt.map(|salt| hex(&seal::commitment(&salt, whole.as_bytes())));
        if commitment.is_some() && token(acceptance, "commitment") == commitment.as_deref() {
            Ok(true)
        } else {
            Err(otherwise)
        }
    }

    /// A file's name says whose it is, for whom, and of which serial; the digest covers it.
    fn names_this_set(&self, name: &str) -> bool {
        let set = &self.transmission;
        let Ok(name) = standard::name::parse(name) else { return false };
        let typed =
            |stated: Option<standard::ServiceType>, of: &str| stated.is_none_or(|stated| stated.to_string() == of);
        name.sender.to_string() == set.sender.office
            && name.receiver.to_string() == set.receiver.office
            && name.serial.to_string() == set.serial
            && typed(name.sender_type, &set.sender.service_type)
            && typed(name.receiver_type, &set.receiver.service_type)
            && name.month.is_none_or(|named| set.service_month.as_ref() == Some(&named.to_string()))
    }

    /// Whether a month that the receipt states stands in the name of a file: nothing else vouches for it.
    fn month_is_named(&self) -> bool {
        let set = &self.transmission;
        let names_one = |file: &crate::File| standard::name::parse(&file.name).is_ok_and(|name| name.month.is_some());
        set.service_month.is_none() || set.files.iter().any(names_one)
    }
}

fn detail<'a>(entry: &'a EntryDraft, name: &str) -> Option<&'a Detail> {
    entry.details.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
}

fn token<'a>(entry: &'a EntryDraft, name: &str) -> Option<&'a str> {
    match detail(entry, name)? {
        Detail::Token(token) => Some(token.as_str()),
        Detail::Number(_) => None,
    }
}

fn number(entry: &EntryDraft, name: &str) -> Option<u64> {
    match detail(entry, name)? {
        Detail::Number(number) => Some(*number),
        Detail::Token(_) => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower case only: one spelling.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
