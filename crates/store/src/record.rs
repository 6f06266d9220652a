//! Writing to the ledger, inside the transaction of the thing that is recorded.

use crate::bare::BARE;
use crate::database::{Connection, Together};
use crate::hex::hex;
use crate::people::Person;
use crate::{AccountId, Asker, DeviceId, Error, OperatorName, Store};
use exchange::Refusal;
use jiff::Timestamp;
use ledger::{Action, Actor, ClockState, Detail, Device, Entry, EntryDraft, EntryId, Login, Outcome, Source, Token};
use rand::Rng as _;
use standard::OfficeNumber;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

const WHERE: Error = Error::Impossible("ledger entry");

/// An entry being put together. What it needs is asked for by the constructors.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    draft: Result<EntryDraft, ()>,
}

impl Act {
    /// Done by the operator at the command line.
    pub(crate) fn operator(action: Action, now: Timestamp) -> Self {
        Self::new(Actor::OperatorCli(None), action, now)
    }

    /// Done by somebody at work for the operator, who is named.
    pub(crate) fn officer(action: Action, officer: &OperatorName, now: Timestamp) -> Self {
        let mut act = Self::new(officer.actor().clone(), action, now);
        act.edit(|draft| draft.device = officer.device().cloned());
        act
    }

    /// Done by the program itself.
    pub(crate) fn system(action: Action, now: Timestamp) -> Self {
        Self::new(Actor::System, action, now)
    }

    /// Done by a device of an office.
    pub(crate) fn asker(action: Action, asker: &Asker, now: Timestamp) -> Self {
        Self::device(action, asker.device_id, &asker.certificate_serial, now)
            .office(asker.office.register.number)
            .source(asker.address)
    }

    /// Done by a device, whatever its office.
    pub(crate) fn device(action: Action, id: DeviceId, certificate_serial: &[u8], now: Timestamp) -> Self {
        let proven = token(&id.to_string()).and_then(|id| {
            Device::with_certificate(id.clone(), certificate_serial).map(|device| (id, device)).map_err(|_| ())
        });
        match proven {
            Ok((id, device)) => {
                let mut act = Self::new(Actor::Device(id), action, now);
                act.edit(|draft| draft.device = Some(device));
                act
            }
            Err(()) => Self { draft: Err(()) },
        }
    }

    /// Done by a person who is signed in.
    pub(crate) fn person(action: Action, person: &Person, now: Timestamp) -> Self {
        let login = token(&person.session_id.to_string()).and_then(|session| {
            let at = ledger::Timestamp::from_millisecond(person.signed_in_at.as_millisecond()).map_err(|_| ())?;
            Ok(Login { session, at })
        });
        Self::account(action, person.account_id, &person.asker, now)
            .edit_with(login, |draft, login| draft.login = Some(login))
    }

    /// Done by a person who is known, but not signed in: half-way, or setting up.
    pub(crate) fn account(action: Action, account: AccountId, asker: &Asker, now: Timestamp) -> Self {
        Self::asker(action, asker, now)
            .edit_with(token(&account.to_string()), |draft, account| draft.actor = Actor::Person(account))
    }

    /// Tried on a device by somebody who is not known yet.
    pub(crate) fn somebody(action: Action, asker: &Asker, now: Timestamp) -> Self {
        let mut act = Self::asker(action, asker, now);
        act.edit(|draft| draft.actor = Actor::Unknown);
        act
    }

    /// Done by the operator at the command line, by the number of the person who typed it.
    pub(crate) fn operator_as(action: Action, who: &str, now: Timestamp) -> Self {
        Self::operator(action, now).edit_with(token(who), |draft, who| draft.actor = Actor::OperatorCli(Some(who)))
    }

    /// Tried by somebody unproven.
    pub(crate) fn unknown(action: Action, now: Timestamp) -> Self {
        Self::new(Actor::Unknown, action, now)
    }

    fn new(actor: Actor, action: Action, now: Timestamp) -> Self {
        let mut id = [0; 16];
        rand::rng().fill_bytes(&mut id);
        let draft = ledger::Timestamp::from_millisecond(now.as_millisecond()).map_err(|_| ()).map(|at| EntryDraft {
            id: EntryId(id),
            at,
            // The writer knows more, and says it when it writes (R10.3).
            clock: ClockState::Unknown,
            actor,
            device: None,
            office: None,
            login: None,
            source: None,
            action,
            object: None,
            counterpart: None,
            outcome: Outcome::Ok,
            details: BTreeMap::new(),
        });
        Self { draft }
    }

    fn edit(&mut self, change: impl FnOnce(&mut EntryDraft)) {
        if let Ok(draft) = &mut self.draft {
            change(draft);
        }
    }

    fn edit_with<T>(mut self, value: Result<T, ()>, change: impl FnOnce(&mut EntryDraft, T)) -> Self {
        match value {
            Ok(value) => self.edit(|draft| change(draft, value)),
            Err(()) => self.draft = Err(()),
        }
        self
    }

    pub(crate) fn object(self, id: impl Display) -> Self {
        self.edit_with(token(&id.to_string()), |draft, id| draft.object = Some(id))
    }

    pub(crate) fn office(self, number: OfficeNumber) -> Self {
        self.edit_with(token(&number.to_string()), |draft, number| draft.office = Some(number))
    }

    pub(crate) fn counterpart(self, number: OfficeNumber) -> Self {
        self.edit_with(token(&number.to_string()), |draft, number| draft.counterpart = Some(number))
    }

    pub(crate) fn source(mut self, address: Option<IpAddr>) -> Self {
        self.edit(|draft| draft.source = address.map(Source::Address));
        self
    }

    pub(crate) fn number(self, name: &'static str, value: u64) -> Self {
        self.detail(name, Ok(Detail::Number(value)))
    }

    pub(crate) fn hex(self, name: &'static str, bytes: &[u8]) -> Self {
        self.detail(name, Token::hex(bytes).map(Detail::Token).map_err(|_| ()))
    }

    pub(crate) fn code(self, name: &'static str, code: &str) -> Self {
        self.detail(name, token(code).map(Detail::Token))
    }

    fn detail(self, name: &'static str, value: Result<Detail, ()>) -> Self {
        let named = value.and_then(|value| name.parse().map(|name| (name, value)).map_err(|_| ()));
        self.edit_with(named, |draft, (name, value)| {
            draft.details.insert(name, value);
        })
    }

    pub(crate) fn done(self) -> Result<Entry, Error> {
        self.entry(Outcome::Ok)
    }

    pub(crate) fn refused(self, refusal: Refusal) -> Result<Entry, Error> {
        self.refused_for(refusal.code())
    }

    pub(crate) fn refused_for(self, code: &str) -> Result<Entry, Error> {
        let code = token(code).map_err(|()| WHERE)?;
        self.entry(Outcome::Refused(code))
    }

    pub(crate) fn failed(self, code: &str) -> Result<Entry, Error> {
        let code = token(code).map_err(|()| WHERE)?;
        self.entry(Outcome::Failed(code))
    }

    fn entry(mut self, outcome: Outcome) -> Result<Entry, Error> {
        self.edit(|draft| draft.outcome = outcome);
        self.draft.map_err(|()| WHERE)?.finish().map_err(|_| WHERE)
    }
}

fn token(text: &str) -> Result<Token, ()> {
    text.parse().map_err(|_| ())
}

impl Store {
    /// Writes an entry that stands by itself.
    pub(crate) async fn record(&self, entry: Entry) -> Result<(), Error> {
        self.record_all(vec![entry]).await
    }

    /// Writes entries that belong together and stand by themselves.
    pub(crate) async fn record_all(&self, entries: Vec<Entry>) -> Result<(), Error> {
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for entry in &entries {
                        append(c, entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

const APPEND: &str = "
    INSERT INTO ledger (entry_index, entry, leaf_hash)
    SELECT coalesce(max(entry_index) + 1, 0), $1, $2 FROM ledger
    RETURNING entry_index";

/// What an entry is written as: its text and the hash of its leaf.
fn written(entry: &Entry) -> Result<(String, String), Error> {
    let bytes = entry.clone().with_clock(crate::writer::clock_state()).to_bytes();
    let leaf = hex(&ledger::leaf_hash(&bytes));
    Ok((String::from_utf8(bytes).map_err(|_| WHERE)?, leaf))
}

/// Appends an entry together with what else is written, and answers with a row of its index.
pub(crate) fn append_with(into: &mut Together<'_>, entry: &Entry) -> Result<(), Error> {
    if !BARE {
        let (text, leaf) = written(entry)?;
        into.statement(APPEND).bind(text).bind(leaf);
    }
    Ok(())
}

/// Appends an entry and returns its index. The writer is alone in its transaction, so indexes have no gap.
pub(crate) async fn append(connection: &mut Connection, entry: &Entry) -> Result<i64, Error> {
    if BARE {
        return Ok(-1);
    }
    let (text, leaf) = written(entry)?;
    Ok(sqlx::query_scalar(APPEND).bind(text).bind(leaf).fetch_one(connection).await?)
}
