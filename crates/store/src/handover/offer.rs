//! 渡す: files are sealed, and an address and a code are made for them.

use super::boxes::{self, Sealed};
use super::{ADDRESS, HANDOVER_FILES_MAX, HANDOVER_LIFE, HANDOVERS_OPEN_MAX, KEY};
use crate::people::{Person, Token, token_index};
use crate::record::{self, Act};
use crate::{Error, HandoverId, Store, clock};
use identity::password::Typed;
use identity::role::Deed;
use ledger::Action;
use rand::Rng as _;
use seal::Zeroizing;
use standard::{OfficeNumber, ServiceMonth, SourceFile, UnitKind};

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
    /// What is in it.
    pub kinds: Vec<UnitKind>,
    /// 対象年月, where all of it has the same.
    pub service_month: Option<ServiceMonth>,
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
    /// So many passwords wait to be hashed that one more cannot.
    Busy,
}

const OPEN: &str = "SELECT count(*) FROM handover WHERE office_id = $1 AND ended_at IS NULL";
const INSERT: &str = "
    INSERT INTO handover (handover_id, office_id, offered_by, partner_number, partner_name, kinds, service_month,
                          address_index, address_sealed, code_hash, key_sealed, envelope, tries, offered_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14)";
const INSERT_FILE: &str = "
    INSERT INTO handover_file (handover_id, ordinal, name, size_bytes, body) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Seals files for an office that is not on the exchange, and makes the address and the code they are reached by.
    ///
    /// # Errors
    /// When the database fails; then nothing was written.
    pub async fn offer_handover(
        &self,
        by: &Person,
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
        if files.is_empty() || files.len() > HANDOVER_FILES_MAX {
            return Ok(Offered::TooMany);
        }
        let Some(place) = self.hasher().queue() else { return Ok(Offered::Busy) };
        let (id, office) = (HandoverId::fresh(), by.office.id.to_string());
        let address = drawn(LETTERS, ADDRESS_LETTERS);
        let code = drawn(b"0123456789", CODE_DIGITS);
        let hash = self.hasher().hash(&place, &Typed::of(&code).ok_or(WHERE)?).await?;
        drop(place);
        let sealed = boxes::seal(&id.to_string(), &office, files, &mut rand::rng())?;
        let key = self.seal_field(KEY, id, &sealed.key)?;
        let address_sealed = self.seal_field(ADDRESS, id, address.as_bytes())?;
        let index = token_index(&address);
        let now = self.clock.now();
        let (at, until) = (clock::text(now), clock::text(now + HANDOVER_LIFE));
        let entry = Act::person(Action::HandoverOffer, by, now)
            .object(id)
            .counterpart(new.partner)
            .number("files", sealed.files.len() as u64)
            .done()?;
        let offered_by = by.account_id.to_string();
        let written = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let open: i64 = sqlx::query_scalar(OPEN).bind(&office).fetch_one(&mut *c).await?;
                    if open >= HANDOVERS_OPEN_MAX {
                        return Ok(false);
                    }
                    let kinds: Vec<&str> = new.kinds.iter().map(|kind| kind.id()).collect();
                    let Sealed { envelope, files, .. } = sealed;
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(office)
                        .bind(offered_by)
                        .bind(new.partner.to_string())
                        .bind(new.partner_name)
                        .bind(kinds.join(" "))
                        .bind(new.service_month.map(|month| month.to_string()))
                        .bind(index)
                        .bind(address_sealed)
                        .bind(hash)
                        .bind(key)
                        .bind(envelope)
                        .bind(at)
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
                    Ok(true)
                })
            })
            .await?;
        Ok(if written { Offered::Done { id, code: grouped(&code) } } else { Offered::TooMany })
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
