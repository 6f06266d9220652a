//! 運営指導のための記録: what an office sent and received in a period, when, by whom, with the receipts.

use super::{GivenReceipt, Hand};
use crate::people::NAME;
use crate::record::Act;
use crate::transmission::{TransmissionRow, select_transmission};
use crate::{AccountId, Error, Office, OperatorName, Store, Transmission, clock};
use jiff::Timestamp;
use ledger::{Action, Actor, Detail, EntryDraft};
use receipt::StepName;
use standard::OfficeNumber;
use standard::value::Private;
use std::collections::BTreeMap;

/// Sets of one document. A larger one would be neither read nor printed.
pub const EVIDENCE_SETS_MAX: usize = 500;

macro_rules! in_period {
    ($whose:literal, $others:literal) => {
        select_transmission!(
            "WHERE ",
            $whose,
            " = $1 AND t.accepted_at >= $2 AND t.accepted_at < $3 AND ($4 = '' OR ",
            $others,
            " = $4) ORDER BY t.accepted_at, t.accepted_index LIMIT $5"
        )
    };
}
const RECEIVED: &str = in_period!("t.receiver_office_id", "substr(s.office_number, 1, 10)");
const SENT: &str = in_period!("t.sender_office_id", "substr(r.office_number, 1, 10)");

/// An office is told the names of its own people, past ones included, and of nobody else.
const NAME_AT: &str = "
    SELECT a.name_sealed FROM account a
     WHERE a.account_id = $1
       AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.account_id AND g.office_id = $2)";
const DEVICE_AT: &str = "SELECT label FROM device WHERE device_id = $1 AND office_id = $2";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceAsked {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub until: Timestamp,
    /// Only with this office.
    pub partner: Option<OfficeNumber>,
}

/// What came of it.
#[derive(Debug)]
pub enum Evidence {
    /// What was sent and received, in the order of time.
    Done(Vec<EvidenceRow>),
    /// More than [`EVIDENCE_SETS_MAX`].
    TooMany,
    /// No office has this number.
    NoSuchPartner,
}

/// One set as it stands in the record.
#[derive(Debug)]
pub struct EvidenceRow {
    /// Whether the office sent it.
    pub sent: bool,
    /// The set and its receipt.
    pub given: GivenReceipt,
    /// Who took each step, as far as this office may know.
    pub doers: BTreeMap<StepName, Doer>,
}

/// Who took a step.
#[derive(Clone, Debug)]
pub struct Doer {
    /// As the log spells it: a pseudonym.
    pub actor: String,
    /// The person's name or the device's label, where it is of this office.
    pub name: Option<Private<String>>,
    /// 一方向の受渡し: somebody who had letter and code; more is not known of them.
    pub by_letter: bool,
}

impl Store {
    /// The record for the office of a person there. That it was made is recorded before it is handed out.
    ///
    /// # Errors
    /// When the database fails, or an entry was changed in it.
    pub async fn make_evidence(&self, hand: &Hand, asked: EvidenceAsked) -> Result<Evidence, Error> {
        let act = hand.act(Action::EvidenceMake, self.clock.now());
        let office = hand.asker().office.clone();
        self.evidence_of(&office, asked, act).await
    }

    /// The same for an office by the operator at the command line, who is named.
    ///
    /// # Errors
    /// When the database fails, or an entry was changed in it.
    pub async fn make_evidence_for(
        &self,
        office: &Office,
        asked: EvidenceAsked,
        officer: &OperatorName,
    ) -> Result<Evidence, Error> {
        let act = Act::officer(Action::EvidenceMake, officer, self.clock.now()).office(office.register.number);
        self.evidence_of(office, asked, act).await
    }

    async fn evidence_of(&self, office: &Office, asked: EvidenceAsked, act: Act) -> Result<Evidence, Error> {
        if let Some(partner) = asked.partner
            && self.partner_id(office.id, partner).await?.is_none()
        {
            return Ok(Evidence::NoSuchPartner);
        }
        let log_size = self.log_size().await?;
        let mut found: Vec<(bool, TransmissionRow)> = Vec::new();
        for (sent, sql) in [(true, SENT), (false, RECEIVED)] {
            let rows: Vec<TransmissionRow> = sqlx::query_as(sql)
                .bind(office.id.to_string())
                .bind(clock::text(asked.from))
                .bind(clock::text(asked.until))
                .bind(asked.partner.map_or_else(String::new, |partner| partner.to_string()))
                .bind(EVIDENCE_SETS_MAX as i64 + 1)
                .fetch_all(&self.reads)
                .await?;
            found.extend(rows.into_iter().map(|row| (sent, row)));
        }
        if found.len() > EVIDENCE_SETS_MAX {
            return Ok(Evidence::TooMany);
        }
        let sets = found.into_iter().map(|(sent, row)| Ok((sent, Transmission::try_from(row)?)));
        let mut sets = sets.collect::<Result<Vec<_>, Error>>()?;
        sets.sort_by(|(_, one), (_, other)| {
            (&one.accepted_at, one.accepted_index).cmp(&(&other.accepted_at, other.accepted_index))
        });
        let second = |at: Timestamp| u64::try_from(at.as_second()).unwrap_or(0);
        let mut act = act
            .number("sets", sets.len() as u64)
            .number("from_s", second(asked.from))
            .number("until_s", second(asked.until));
        if let Some(partner) = asked.partner {
            act = act.counterpart(partner);
        }
        self.record(act.done()?).await?;
        let mut names = Names::default();
        let mut rows = Vec::with_capacity(sets.len());
        for (sent, set) in sets {
            let given = self.receipt_of(set, log_size).await?;
            let mut doers = BTreeMap::new();
            for step in &given.receipt.steps {
                let entry = step.proof.as_ref().and_then(|proof| ledger::Entry::parse(proof.entry()).ok());
                if let Some(entry) = entry {
                    let fields = entry.fields();
                    let doer = names.doer(self, office, &fields.actor).await?;
                    doers.insert(step.step, Doer { by_letter: is_by_letter(fields), ..doer });
                }
            }
            rows.push(EvidenceRow { sent, given, doers });
        }
        Ok(Evidence::Done(rows))
    }
}

fn is_by_letter(entry: &EntryDraft) -> bool {
    let by = entry.details.iter().find(|(name, _)| name.as_str() == "by");
    matches!(by, Some((_, Detail::Token(by))) if by.as_str() == "letter")
}

/// Names looked up for one document.
#[derive(Default)]
struct Names(BTreeMap<String, Option<Private<String>>>);

impl Names {
    async fn doer(&mut self, store: &Store, office: &Office, actor: &Actor) -> Result<Doer, Error> {
        let spelt = actor.to_string();
        if let Some(name) = self.0.get(&spelt) {
            return Ok(Doer { actor: spelt, name: name.clone(), by_letter: false });
        }
        let name = match actor {
            Actor::Person(id) => {
                let sealed: Option<Vec<u8>> = sqlx::query_scalar(NAME_AT)
                    .bind(id.as_str())
                    .bind(office.id.to_string())
                    .fetch_optional(&store.reads)
                    .await?;
                match (sealed, id.as_str().parse::<AccountId>()) {
                    (Some(sealed), Ok(account)) => Some(store.open_text(NAME, account, &sealed)?),
                    _ => None,
                }
            }
            Actor::Device(id) => {
                let label: Option<String> = sqlx::query_scalar(DEVICE_AT)
                    .bind(id.as_str())
                    .bind(office.id.to_string())
                    .fetch_optional(&store.reads)
                    .await?;
                label.map(Private::new)
            }
            _ => None,
        };
        self.0.insert(spelt.clone(), name.clone());
        Ok(Doer { actor: spelt, name, by_letter: false })
    }
}
