//! 一方向の受渡し: sets for an office that is not on the exchange, behind a one-time address on a letter and a code that is told
//! by telephone. What the letter opens is sealed to a key of its own, which is destroyed when the handover ends; beside it every
//! set, there and back, is a transmission like any other between the office and its partner outside ([`partner`]).

mod answer;
mod boxes;
mod end;
mod offer;
pub(crate) mod partner;
mod returns;
mod visit;

pub use answer::AnsweredByLetter;
pub use offer::{NewHandover, Offered};
pub use returns::Returned;
pub use visit::{Entered, Visit};

pub(crate) use end::withdraw_of_set;
pub(crate) use visit::{by_letter, is_open};

use crate::people::{Column, Person};
use crate::{Error, HandoverId, Store};
use jiff::SignedDuration;
use sqlx::FromRow;
use standard::{OfficeNumber, ServiceMonth, UnitKind};

/// How long the address is good.
pub const HANDOVER_LIFE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long somebody who came in may stay.
pub const VISIT_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// Wrong numbers or codes before the address is closed for good.
pub const HANDOVER_TRIES_MAX: i64 = 5;
/// Handovers of one office that are open at the same time.
const HANDOVERS_OPEN_MAX: i64 = 200;
/// Files of one handover, and of one return.
pub const HANDOVER_FILES_MAX: usize = 60;
/// Sets that one handover takes back.
const RETURNS_MAX: i64 = 50;
/// Rows of a list.
const LISTED_MAX: i64 = 200;

const ADDRESS: Column = Column("handover", "address_sealed");
const KEY: Column = Column("handover", "key_sealed");

/// A handover, as its office sees it.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Ours.
    pub id: HandoverId,
    /// 相手の事業所番号.
    pub partner: OfficeNumber,
    /// 相手の事業所名.
    pub partner_name: String,
    /// What is in it.
    pub kinds: Vec<UnitKind>,
    /// 対象年月, where all of it has the same.
    pub service_month: Option<ServiceMonth>,
    /// RFC 3339; so are the others.
    pub offered_at: String,
    /// When the address ends by itself.
    pub expires_at: String,
    /// When the other office first came in.
    pub opened_at: Option<String>,
    /// When it ended, and why.
    pub ended: Option<(String, HandoverEnd)>,
    /// Sets that came back.
    pub returned: u32,
}

/// Why a handover ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoverEnd {
    /// Its office took it back.
    Withdrawn,
    /// Somebody tried too often.
    Tries,
    /// Its time was over.
    Time,
}

impl HandoverEnd {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Tries => "tries",
            Self::Time => "time",
        }
    }

    fn from_id(id: &str) -> Option<Self> {
        [Self::Withdrawn, Self::Tries, Self::Time].into_iter().find(|end| end.id() == id)
    }
}

#[derive(FromRow)]
struct Row {
    handover_id: String,
    partner_number: String,
    partner_name: String,
    kinds: String,
    service_month: Option<String>,
    offered_at: String,
    expires_at: String,
    opened_at: Option<String>,
    ended_at: Option<String>,
    ended_for: Option<String>,
    returned: i64,
}

macro_rules! select_handover {
    ($rest:literal) => {
        concat!(
            "SELECT h.handover_id, h.partner_number, h.partner_name, h.kinds, h.service_month, h.offered_at, h.expires_at,
                    h.opened_at, h.ended_at, h.ended_for,
                    (SELECT count(*) FROM transmission t
                      WHERE t.handover_id = h.handover_id AND t.receiver_office_id = h.office_id) AS returned
               FROM handover h ",
            $rest
        )
    };
}

const LIST: &str = select_handover!("WHERE h.office_id = $1 ORDER BY h.offered_at DESC LIMIT $2");
const ONE: &str = select_handover!("WHERE h.office_id = $1 AND h.handover_id = $2");
const ADDRESS_OF: &str = "SELECT address_sealed FROM handover WHERE handover_id = $1 AND ended_at IS NULL";

impl Row {
    fn read(self) -> Result<Handover, Error> {
        const WHERE: Error = Error::Impossible("handover");
        let ended = match (self.ended_at, self.ended_for.as_deref()) {
            (Some(at), Some(why)) => Some((at, HandoverEnd::from_id(why).ok_or(WHERE)?)),
            _ => None,
        };
        Ok(Handover {
            id: self.handover_id.parse().map_err(|_| WHERE)?,
            partner: self.partner_number.parse().map_err(|_| WHERE)?,
            partner_name: self.partner_name,
            kinds: kinds(&self.kinds).ok_or(WHERE)?,
            service_month: self.service_month.map(|month| month.parse()).transpose().map_err(|_| WHERE)?,
            offered_at: self.offered_at,
            expires_at: self.expires_at,
            opened_at: self.opened_at,
            ended,
            returned: u32::try_from(self.returned).map_err(|_| WHERE)?,
        })
    }
}

fn kinds(text: &str) -> Option<Vec<UnitKind>> {
    text.split_ascii_whitespace().map(UnitKind::from_id).collect()
}

impl Store {
    /// The newest handovers of an office.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handovers(&self, person: &Person) -> Result<Vec<Handover>, Error> {
        let rows: Vec<Row> =
            sqlx::query_as(LIST).bind(person.office.id.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handover(&self, person: &Person, id: HandoverId) -> Result<Option<Handover>, Error> {
        let row: Option<Row> = sqlx::query_as(ONE)
            .bind(person.office.id.to_string())
            .bind(id.to_string())
            .fetch_optional(&self.reads)
            .await?;
        row.map(Row::read).transpose()
    }

    /// Its address, to print the letter once more; nothing once it has ended. The caller has found it for its office.
    ///
    /// # Errors
    /// When the database fails, or it does not open.
    pub async fn handover_address(&self, handover: &Handover) -> Result<Option<String>, Error> {
        let sealed: Option<Option<Vec<u8>>> =
            sqlx::query_scalar(ADDRESS_OF).bind(handover.id.to_string()).fetch_optional(&self.reads).await?;
        let opened = sealed.flatten().map(|sealed| self.open_text(ADDRESS, handover.id, &sealed)).transpose()?;
        Ok(opened.map(|address| address.reveal().clone()))
    }
}
