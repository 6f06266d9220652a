//! 渡す: files are sealed, and an address and a code are made for them.

use super::boxes::{self, Sealed};
use super::{ADDRESS, HANDOVER_FILES_MAX, HANDOVER_LIFE, HANDOVERS_OPEN_MAX, KEY};
use crate::accept::{self, Acceptance, Bearer, By, SealedSet};
use crate::database::Connection;
use crate::people::{Person, Token, token_index};
use crate::record::{self, Act};
use crate::{Answer, Error, Hand, HandoverId, Office, OfficeId, Store, TransmissionId, clock};
use exchange::Letter;
use identity::password::Typed;
use identity::role::Deed;
use ledger::Action;
use rand::Rng as _;
use seal::{Sealer, Zeroizing};
use standard::{HistorySet, OfficeNumber, ServiceMonth, SourceFile};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Letters and digits that cannot be taken for one another: whoever has no camera types the address.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 130 bits.
const ADDRESS_LETTERS: usize = 26;
/// Digits of the code.
const CODE_DIGITS: usize = 8;

/// What is to be handed over. The files have been checked and are from this office to the partner.
#[derive(Clone, Debug)]
pub struct NewHandover {
    /// 相手の事業所番号.
    pub partner: OfficeNumber,
    /// 相手の事業所名.
    pub partner_name: String,
    /// Its sets, as [`exchange::address`] found them, each with how many warnings it has.
    pub letters: Vec<(Letter, u64)>,
}

impl NewHandover {
    fn kinds(&self) -> String {
        self.letters.iter().map(|(letter, _)| letter.kind().id()).collect::<Vec<_>>().join(" ")
    }

    /// 対象年月, where all of it has the same.
    fn service_month(&self) -> Option<ServiceMonth> {
        let months: BTreeSet<_> = self.letters.iter().map(|(letter, _)| letter.service_month()).collect();
        if months.len() == 1 { months.into_iter().next().flatten() } else { None }
    }
}

/// What came of offering it.
#[derive(Debug)]
pub enum Offered {
    /// On disk and recorded.
    Done {
        /// Ours.
        id: HandoverId,
        /// Told by telephone; shown once.
        code: Zeroizing<String>,
    },
    /// Not this person's to do.
    NotAllowed,
    /// The partner is on the exchange: it is sent to as usual.
    Registered,
    /// As many are open already as may be, or there are too many files.
    TooMany,
    /// Another set with the serial of one of these went to the partner, with other content (R1.8).
    SerialTaken,
    /// One of these is handed over by a letter that is still good: that one is printed again, or withdrawn first. By two
    /// letters at a time, taking back or erasing would have to end both.
    StillOpen,
    /// So many passwords wait to be hashed that one more cannot.
    Busy,
}

const OPEN: &str = "SELECT count(*) FROM handover WHERE office_id = $1 AND ended_at IS NULL";
const INSERT: &str = "
    INSERT INTO handover (handover_id, office_id, offered_by, partner_number, partner_name, kinds, service_month,
                          address_index, address_sealed, code_hash, key_sealed, envelope, tries, offered_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14)";
const HELD: &str = "
    SELECT digest, (SELECT count(*) FROM handover h WHERE h.handover_id = t.handover_id AND h.ended_at IS NULL)
      FROM transmission t
     WHERE sender_office_id = $1 AND sender_type = $2 AND receiver_office_id = $3 AND receiver_type = $4 AND serial = $5
       AND withdrawn_at IS NULL";
/// What went by a handover that has ended, and was opened by it, goes by this one again.
const GOES_AGAIN: &str = "UPDATE transmission SET handover_id = $2 WHERE transmission_id = $1";
const INSERT_FILE: &str = "
    INSERT INTO handover_file (handover_id, ordinal, name, size_bytes, body) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Seals sets for an office that is not on the exchange, and makes the address and the code they are reached by. Each set
    /// is on record like any other that this office sends.
    ///
    /// # Errors
    /// When the database fails; then nothing was written.
    pub async fn offer_handover(
        self: &Arc<Self>,
        by: &Arc<Person>,
        new: NewHandover,
        files: &[SourceFile<'_>],
    ) -> Result<Offered, Error> {
        const WHERE: Error = Error::Impossible("handover code");
        if !by.may(Deed::SendSets) {
            return Ok(Offered::NotAllowed);
        }
        if self.office(new.partner).await?.is_some_and(|office| !office.register.closed) {
            return Ok(Offered::Registered);
        }
        if new.letters.is_empty() || files.len() > HANDOVER_FILES_MAX {
            return Ok(Offered::TooMany);
        }
        let Some(place) = self.hasher().queue() else { return Ok(Offered::Busy) };
        let (id, office) = (HandoverId::fresh(), by.office.id);
        let address = drawn(LETTERS, ADDRESS_LETTERS);
        let code = drawn(b"0123456789", CODE_DIGITS);
        let hash = self.hasher().hash(&place, &Typed::of(&code).ok_or(WHERE)?).await?;
        drop(place);
        let sealed = boxes::seal(&id.to_string(), &office.to_string(), files, &mut rand::rng())?;
        let key = self.seal_field(KEY, id, &sealed.key)?;
        let address_sealed = self.seal_field(ADDRESS, id, address.as_bytes())?;
        let index = token_index(&address);
        let partner = self.outside_partner(office, new.partner, &new.partner_name).await?;
        let mut sets = self.seal_sets((by.office.clone(), partner), new.letters.clone(), files).await?;
        let mut bodies = Vec::with_capacity(sets.len());
        for set in &mut sets {
            match self.prepare(&by.office, set).await {
                Ok(keys) => bodies.push(keys),
                Err(error) => {
                    for keys in &bodies {
                        self.finish_bodies(keys, Ok(false)).await;
                    }
                    return Err(error);
                }
            }
        }
        let now = self.clock.now();
        let entry = Act::person(Action::HandoverOffer, by, now)
            .object(id)
            .counterpart(new.partner)
            .number("files", sealed.files.len() as u64)
            .done()?;
        let bearer = Bearer { sender: by.office.clone(), by: By::Hand(Hand::from(by)), handover: Some(id) };
        let offered_by = by.account_id.to_string();
        let written = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let (at, until) = (clock::text(now), clock::text(now + HANDOVER_LIFE));
                    if let Some(refused) = against(c, office, &sets).await? {
                        return Ok(Err(refused));
                    }
                    let Sealed { envelope, files, .. } = sealed;
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(office.to_string())
                        .bind(offered_by)
                        .bind(new.partner.to_string())
                        .bind(&new.partner_name)
                        .bind(new.kinds())
                        .bind(new.service_month().map(|month| month.to_string()))
                        .bind(index)
                        .bind(address_sealed)
                        .bind(hash)
                        .bind(key)
                        .bind(envelope)
                        .bind(&at)
                        .bind(until)
                        .execute(&mut *c)
                        .await?;
                    for (ordinal, file) in (0_i64..).zip(files) {
                        sqlx::query(INSERT_FILE)
                            .bind(id.to_string())
                            .bind(ordinal)
                            .bind(file.name)
                            .bind(file.size_bytes)
                            .bind(file.body)
                            .execute(&mut *c)
                            .await?;
                    }
                    record::append(c, &entry).await?;
                    let mut taken = Vec::with_capacity(sets.len());
                    for set in &sets {
                        taken.push(goes(c, &bearer, set, id, (now, &at)).await?);
                    }
                    Ok(Ok(taken))
                })
            })
            .await;
        for (at, keys) in bodies.iter().enumerate() {
            let taken = written.as_ref().map(|written| written.as_ref().is_ok_and(|taken| taken[at]));
            self.finish_bodies(keys, taken).await;
        }
        Ok(match written? {
            Ok(_) => Offered::Done { id, code: grouped(&code) },
            Err(refused) => refused,
        })
    }

    /// Seals sets from one office to another, off the async threads.
    pub(super) async fn seal_sets(
        self: &Arc<Self>,
        (sender, receiver): (Office, Office),
        letters: Vec<(Letter, u64)>,
        files: &[SourceFile<'_>],
    ) -> Result<Vec<SealedSet>, Error> {
        let store = Arc::clone(self);
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|file| (file.name.to_owned(), file.bytes.to_vec())).collect();
        let work = move || {
            let files: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
            let mut sealer = Sealer::new();
            let mut sets = Vec::with_capacity(letters.len());
            for (letter, warnings) in &letters {
                let mut set = store.seal_between(&mut sealer, (&sender, &receiver), letter, *warnings, &files, &[])?;
                let members: Vec<SourceFile<'_>> = letter.files().iter().map(|&index| files[index]).collect();
                if let Some(about) = HistorySet::read(&members).first() {
                    store.note_of(&mut set, sender.id, about)?;
                }
                sets.push(set);
            }
            Ok(sets)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Impossible("sealing"))?
    }
}

/// What speaks against offering these sets.
async fn against(c: &mut Connection, office: OfficeId, sets: &[SealedSet]) -> Result<Option<Offered>, Error> {
    let open: i64 = sqlx::query_scalar(OPEN).bind(office.to_string()).fetch_one(&mut *c).await?;
    if open >= HANDOVERS_OPEN_MAX {
        return Ok(Some(Offered::TooMany));
    }
    for set in sets {
        let (letter, receiver) = set.addressed();
        let held: Option<(String, i64)> = sqlx::query_as(HELD)
            .bind(office.to_string())
            .bind(letter.sender_type().to_string())
            .bind(receiver.to_string())
            .bind(letter.receiver_type().to_string())
            .bind(letter.serial().to_string())
            .fetch_optional(&mut *c)
            .await?;
        match held {
            Some((digest, _)) if digest != letter.digest().to_string() => return Ok(Some(Offered::SerialTaken)),
            Some((_, open)) if open > 0 => return Ok(Some(Offered::StillOpen)),
            _ => {}
        }
    }
    Ok(None)
}

/// Takes a set that goes by this handover; whether it is a new one.
async fn goes(
    c: &mut Connection,
    bearer: &Bearer,
    set: &SealedSet,
    handover: HandoverId,
    (now, at): (jiff::Timestamp, &str),
) -> Result<bool, Error> {
    match accept::write(c, bearer, set, now, at).await? {
        Answer::Done(Acceptance::New(_)) => Ok(true),
        Answer::Done(Acceptance::Already(held)) => {
            let id: TransmissionId = held.id;
            sqlx::query(GOES_AGAIN).bind(id.to_string()).bind(handover.to_string()).execute(c).await?;
            Ok(false)
        }
        // Asked for a moment ago, in this very transaction.
        Answer::Refused(_) | Answer::NotFound => Err(Error::Impossible("handover")),
    }
}

fn drawn(letters: &[u8], count: usize) -> Zeroizing<String> {
    let mut rng = rand::rng();
    let drawn = (0..count).map(|_| {
        // 10 divides no power of two: what would favour some digits is drawn again.
        let fair = 256 - 256 % letters.len();
        loop {
            let mut byte = [0];
            rng.fill_bytes(&mut byte);
            let byte = usize::from(byte[0]);
            if byte < fair {
                break char::from(letters[byte % letters.len()]);
            }
        }
    });
    Zeroizing::new(drawn.collect())
}

/// As it is read out over the telephone.
fn grouped(code: &str) -> Zeroizing<String> {
    let (first, second) = code.split_at(code.len() / 2);
    Zeroizing::new(format!("{first}-{second}"))
}

/// A token of whoever came in.
pub(super) fn fresh_visit() -> Token {
    Token::fresh("")
}
