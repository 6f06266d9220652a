//! The receipt of a set, with a proof for each of its steps.

use super::Hand;
use crate::database::Connection;
use crate::deliver::{counterpart, files, find};
use crate::{Answer, Error, Store, Transmission, TransmissionId, clock};
use exchange::read_places;
use ledger::Action;
use receipt::{Carried, FORM, File, Import, ImportedPlace, Party, Receipt, Step, StepName};
use sqlx::FromRow;

const STEPS: &str = "
    SELECT step, entry_index FROM transmission_step WHERE transmission_id = $1 ORDER BY entry_index";
const SALT: &str = "SELECT commitment_salt FROM transmission WHERE transmission_id = $1";
const PLACES: &str = "SELECT places FROM import_answer WHERE transmission_id = $1";

#[derive(FromRow)]
struct StepRow {
    step: String,
    entry_index: i64,
}

/// A receipt, and the set it is of.
#[derive(Clone, Debug)]
pub struct GivenReceipt {
    /// The set as it stands.
    pub set: Transmission,
    /// 送達の証明.
    pub receipt: Receipt,
}

impl Store {
    /// Hands a receipt to one of the two offices of a set. That it was handed out is recorded before it is (R10.2).
    ///
    /// # Errors
    /// When the database fails, or an entry was changed in it.
    pub async fn give_receipt(&self, hand: &Hand, id: TransmissionId) -> Result<Answer<GivenReceipt>, Error> {
        self.receipt_for(hand, id, Action::ReceiptGive).await
    }

    /// The same to be looked at.
    ///
    /// # Errors
    /// When the database fails, or an entry was changed in it.
    pub async fn view_receipt(&self, hand: &Hand, id: TransmissionId) -> Result<Answer<GivenReceipt>, Error> {
        self.receipt_for(hand, id, Action::SetView).await
    }

    async fn receipt_for(
        &self,
        hand: &Hand,
        id: TransmissionId,
        action: Action,
    ) -> Result<Answer<GivenReceipt>, Error> {
        let asker = hand.asker();
        let log_size = self.log_size().await?;
        let set = {
            let mut connection = self.reads.acquire().await?;
            find(&mut connection, asker, id).await?
        };
        let Some(set) = set else { return Ok(Answer::NotFound) };
        let act = hand.act(action, self.clock.now()).object(id);
        self.record(counterpart(act, asker, &set).done()?).await?;
        Ok(Answer::Done(self.receipt_of(set, log_size).await?))
    }

    /// The receipt of a set as it stood when it was read, which was not before the log had this size.
    pub(crate) async fn receipt_of(&self, mut set: Transmission, log_size: u64) -> Result<GivenReceipt, Error> {
        let (rows, salt, places) = {
            let mut c = self.reads.acquire().await?;
            set.files = files(&mut c, set.id).await?;
            read(&mut c, &set).await?
        };
        let mut taken = vec![(StepName::Accepted, u64::try_from(set.accepted_index).ok())];
        for row in rows {
            const WHERE: Error = Error::Impossible("transmission_step");
            let step = StepName::from_id(&row.step).ok_or(WHERE)?;
            let index = u64::try_from(row.entry_index).map_err(|_| WHERE)?;
            // Taken since: not yet part of what this receipt says.
            let is_later = index >= log_size && instants(&set).iter().all(|(name, at)| *name != step || at.is_none());
            if !is_later {
                taken.push((step, Some(index)));
            }
        }
        // Steps from before their entries were noted have no proof, and say so by having none.
        for (step, at) in instants(&set) {
            if at.is_some() && !taken.iter().any(|(known, _)| *known == step) {
                taken.push((step, None));
            }
        }
        taken.sort_by_key(|(step, index)| (index.is_none(), *index, *step));
        if taken.iter().any(|(_, index)| index.is_none()) {
            taken.sort_by_key(|(step, _)| *step);
        }
        let indexes: Vec<u64> = taken.iter().filter_map(|(_, index)| *index).collect();
        let mut proofs = self.proofs_of(&indexes).await?.into_iter();
        let steps = taken
            .into_iter()
            .map(|(step, index)| {
                let at = instants(&set).into_iter().find(|(name, _)| *name == step).and_then(|(_, at)| at.cloned());
                Ok(Step {
                    step,
                    at: at.ok_or(Error::Impossible("transmission_step"))?,
                    proof: index.and_then(|_| proofs.next()),
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let receipt = Receipt {
            form: FORM.to_owned(),
            state: set.state().id().to_owned(),
            import: set.outcome.map(|outcome| Import {
                outcome: outcome.id().to_owned(),
                places: places.iter().map(ImportedPlace::from).collect(),
            }),
            steps,
            transmission: carried(&set, salt.as_deref()),
        };
        Ok(GivenReceipt { set, receipt })
    }

    /// RFC 3339 of now, for documents that say when they were made.
    #[must_use]
    pub fn document_time(&self) -> String {
        clock::text(self.clock.now())
    }
}

type Read = (Vec<StepRow>, Option<Vec<u8>>, Vec<exchange::ImportPlace>);

async fn read(c: &mut Connection, set: &Transmission) -> Result<Read, Error> {
    let id = set.id.to_string();
    let rows: Vec<StepRow> = sqlx::query_as(STEPS).bind(&id).fetch_all(&mut *c).await?;
    let salt: Option<Vec<u8>> = sqlx::query_scalar(SALT).bind(&id).fetch_one(&mut *c).await?;
    let places: Option<String> = sqlx::query_scalar(PLACES).bind(&id).fetch_optional(&mut *c).await?;
    let places = read_places(&places.unwrap_or_default()).ok_or(Error::Impossible("import_answer.places"))?;
    Ok((rows, salt, places))
}

/// When each step was taken, by the table; the receipt's reader holds it against the log.
fn instants(set: &Transmission) -> [(StepName, Option<&String>); 6] {
    [
        (StepName::Accepted, Some(&set.accepted_at)),
        (StepName::Collected, set.collected_at.as_ref()),
        (StepName::Acknowledged, set.acknowledged_at.as_ref()),
        (StepName::Answered, set.answered_at.as_ref()),
        (StepName::Withdrawn, set.withdrawn_at.as_ref()),
        (StepName::Erased, set.erased_at.as_ref()),
    ]
}

fn carried(set: &Transmission, salt: Option<&[u8]>) -> Carried {
    // Erasing takes the salt with the set: then nothing of the content can be compared any more.
    let erased = set.erased_at.is_some();
    let salt = salt.filter(|salt| salt.len() == 32 && !erased);
    let file = |file: &crate::StoredFile| File {
        name: file.name.clone(),
        size_bytes: file.size_bytes,
        sha256: file.digest.to_string(),
    };
    Carried {
        id: set.id.to_string(),
        kind: set.kind.id().to_owned(),
        serial: set.serial.to_string(),
        service_month: set.service_month.map(|month| month.to_string()),
        sender: Party { office: set.sender.to_string(), service_type: set.sender_type.to_string() },
        receiver: Party { office: set.receiver.to_string(), service_type: set.receiver_type.to_string() },
        digest: set.digest.to_string(),
        size_bytes: set.size_bytes,
        commitment_salt: salt.map(crate::hex::hex),
        files: if salt.is_some() { set.files.iter().map(file).collect() } else { Vec::new() },
    }
}
