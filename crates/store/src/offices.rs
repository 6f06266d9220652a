//! 事業所台帳 — the register of offices and their keys.

use crate::handover::partner;
use crate::key_copies::{self, KeyKind};
use crate::keys::in_database;
use crate::record::{self, Act};
use crate::{Error, KEY_VERSION, OfficeId, SYSTEM, Store};
use ledger::Action;
use seal::{OfficePublicKey, OfficeSecretKey, Purpose, Suite};
use sqlx::FromRow;
use standard::{OfficeNumber, ServiceType};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// Characters of an office's name. The longest real ones are below 60.
const NAME_CHARACTERS_MAX: usize = 200;

/// 事業所 as registered.
#[derive(Clone, Debug)]
pub struct Office {
    /// Ours.
    pub id: OfficeId,
    /// 事業所名.
    pub name: String,
    /// Number, service types, closed or not.
    pub register: exchange::Office,
    /// The operator's own: its devices sign in like any office's, but it is in no list and nothing can be sent to it.
    pub is_operator: bool,
    /// Not on the exchange, but known to one office that hands something over to it: it has no devices, is in no list, and no
    /// index of people is kept for it.
    pub(crate) is_outside: bool,
    pub(crate) public_key: Arc<OfficePublicKey>,
}

/// The number of the operator's own row. No office has it: there is no prefecture 99.
const OPERATOR_NUMBER: &str = "9900000000";
const OPERATOR_NAME: &str = "運営者";

/// What the operator enters. Identity proofing happens before (R7.2).
#[derive(Clone, Debug)]
pub struct NewOffice {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
    /// サービス種類コード; at least one.
    pub service_types: BTreeSet<ServiceType>,
}

/// What came of adding an office.
#[derive(Clone, Debug)]
pub enum OfficeAdded {
    /// Registered, with a fresh key.
    Done(Office),
    /// The number is registered already; nothing was changed.
    NumberTaken,
    /// No name, too long a name, or no service type.
    Incomplete,
}

#[derive(FromRow)]
pub(crate) struct OfficeRow {
    office_id: String,
    office_number: String,
    name: String,
    service_types: String,
    key_id: String,
    public_key: Vec<u8>,
    closed_at: Option<String>,
    is_operator: i64,
    outside_of: Option<String>,
}

/// Public keys made ready for use, which costs as much as using them. A key id stands for one key for ever, so what is
/// remembered here is never out of date, on this node or another.
#[derive(Debug, Default)]
pub(crate) struct PublicKeys(Mutex<HashMap<String, Arc<OfficePublicKey>>>);

/// Some eight kilobytes each.
const PUBLIC_KEYS_MAX: usize = 4_096;

impl PublicKeys {
    fn ready(&self, id: &str, bytes: &[u8]) -> Result<Arc<OfficePublicKey>, Error> {
        const WHERE: Error = Error::Impossible("office.public_key");
        if let Some(key) = self.0.lock().map_err(|_| WHERE)?.get(id) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(OfficePublicKey::from_bytes(bytes).map_err(|_| WHERE)?);
        // Under another id it would be another office's key, or one that somebody put there.
        if key.id().to_string() != id {
            return Err(WHERE);
        }
        let mut ready = self.0.lock().map_err(|_| WHERE)?;
        if ready.len() >= PUBLIC_KEYS_MAX {
            ready.clear();
        }
        ready.insert(id.to_owned(), Arc::clone(&key));
        Ok(key)
    }
}

impl OfficeRow {
    pub(crate) fn read(self, keys: &PublicKeys) -> Result<Office, Error> {
        Ok(Office {
            id: self.office_id.parse().map_err(|_| Error::Impossible("office.office_id"))?,
            name: self.name,
            register: exchange::Office {
                number: self.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?,
                service_types: self
                    .service_types
                    .split_ascii_whitespace()
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map_err(|_| Error::Impossible("office.service_types"))?,
                closed: self.closed_at.is_some(),
            },
            is_operator: self.is_operator != 0,
            is_outside: self.outside_of.is_some(),
            public_key: keys.ready(&self.key_id, &self.public_key)?,
        })
    }
}

const INSERT_OFFICE: &str = "
    INSERT INTO office (office_id, office_number, name, service_types, key_id, public_key, created_at, is_operator)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (office_number) DO NOTHING
    RETURNING office_id";

const INSERT_KEY: &str = "
    INSERT INTO office_key (key_id, office_id, key_version, public_key, wrapped_secret, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const BY_NUMBER: &str = "
    SELECT office_id, office_number, name, service_types, key_id, public_key, closed_at, is_operator, outside_of
      FROM office WHERE office_number = $1";

const BY_ID: &str = "
    SELECT office_id, substr(office_number, 1, 10) AS office_number, name, service_types, key_id, public_key, closed_at,
           is_operator, outside_of
      FROM office WHERE office_id = $1";

const THE_OPERATOR: &str = "
    SELECT office_id, office_number, name, service_types, key_id, public_key, closed_at, is_operator, outside_of
      FROM office WHERE is_operator = 1";

const ALL: &str = "
    SELECT office_id, office_number, name, service_types, key_id, public_key, closed_at, is_operator, outside_of
      FROM office WHERE is_operator = 0 AND outside_of IS NULL ORDER BY office_number LIMIT $1";

const CLOSE: &str = "
    UPDATE office SET closed_at = $2
     WHERE office_number = $1 AND closed_at IS NULL AND is_operator = 0 RETURNING office_id";

/// Rows of a listing on the operator's terminal.
const LISTED_MAX: i64 = 100_000;

impl Store {
    /// Registers an office and makes its key, which the server keeps wrapped under the master key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_office(&self, new: NewOffice) -> Result<OfficeAdded, Error> {
        self.add_office_as(Act::operator(Action::OfficeAdd, self.clock.now()), new).await
    }

    pub(crate) async fn add_office_as(&self, act: Act, new: NewOffice) -> Result<OfficeAdded, Error> {
        let characters = new.name.trim().chars().count();
        let readable = !new.name.chars().any(char::is_control);
        if !(1..=NAME_CHARACTERS_MAX).contains(&characters) || !readable || new.service_types.is_empty() {
            return Ok(OfficeAdded::Incomplete);
        }
        self.insert_office(act, new, false).await
    }

    /// Makes the row that the operator's own devices belong to, unless it is there.
    pub(crate) async fn ensure_operator(&self) -> Result<(), Error> {
        let present: Option<OfficeRow> = sqlx::query_as(THE_OPERATOR).fetch_optional(&self.reads).await?;
        if present.is_none() {
            let number = OPERATOR_NUMBER.parse().map_err(|_| Error::Impossible("operator's number"))?;
            let new = NewOffice { number, name: OPERATOR_NAME.to_owned(), service_types: BTreeSet::new() };
            self.insert_office(Act::operator(Action::OfficeAdd, self.clock.now()), new, true).await?;
        }
        Ok(())
    }

    /// The operator's own row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn operator(&self) -> Result<Office, Error> {
        let row: OfficeRow = sqlx::query_as(THE_OPERATOR).fetch_one(&self.reads).await?;
        row.read(&self.public_keys)
    }

    async fn insert_office(&self, act: Act, new: NewOffice, is_operator: bool) -> Result<OfficeAdded, Error> {
        let id = OfficeId::fresh();
        let (public, wrapped) = self.fresh_office_key(id, KEY_VERSION)?;
        let (now, at) = (self.clock.now(), self.now_text());
        let office = Office {
            id,
            name: new.name.trim().to_owned(),
            register: exchange::Office { number: new.number, service_types: new.service_types, closed: false },
            is_operator,
            is_outside: false,
            public_key: public,
        };
        let entry = act.object(id).office(new.number).done()?;
        let (added, number) = (office.clone(), office.register.number);
        let inserted = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let types: Vec<_> = office.register.service_types.iter().map(ToString::to_string).collect();
                    let key_id = office.public_key.id().to_string();
                    let inserted = sqlx::query(INSERT_OFFICE)
                        .bind(id.to_string())
                        .bind(office.register.number.to_string())
                        .bind(&office.name)
                        .bind(types.join(" "))
                        .bind(&key_id)
                        .bind(office.public_key.to_bytes())
                        .bind(&at)
                        .bind(i64::from(is_operator))
                        .fetch_optional(&mut *c)
                        .await?
                        .is_some();
                    if inserted {
                        sqlx::query(INSERT_KEY)
                            .bind(&key_id)
                            .bind(id.to_string())
                            .bind(i64::from(KEY_VERSION))
                            .bind(office.public_key.to_bytes())
                            .bind(wrapped)
                            .bind(&at)
                            .execute(&mut *c)
                            .await?;
                        key_copies::made(c, &in_database(KeyKind::Office, &key_id), SYSTEM, now).await?;
                        // The operator's row is part of making the store, which has its entry.
                        if !is_operator {
                            partner::joins(c, number, id).await?;
                            record::append(c, &entry).await?;
                        }
                    }
                    Ok(inserted)
                })
            })
            .await?;
        Ok(if inserted { OfficeAdded::Done(added) } else { OfficeAdded::NumberTaken })
    }

    /// A fresh key and its secret half, wrapped. The generator of randomness stays in here: it must not cross an await.
    pub(crate) fn fresh_office_key(
        &self,
        id: OfficeId,
        version: u32,
    ) -> Result<(Arc<OfficePublicKey>, Vec<u8>), Error> {
        const WHERE: Error = Error::Impossible("office key");
        let mut rng = rand::rng();
        let secret = OfficeSecretKey::generate(Suite::XWing, &mut rng).map_err(|_| WHERE)?;
        let office = id.to_string();
        let purpose = Purpose::OfficeKey { office: &office, version };
        let wrapped = self.keys.wrap(&purpose, &secret.to_bytes())?;
        Ok((Arc::new(secret.public().clone()), wrapped))
    }

    /// The registered offices among these numbers, of which there are no more than a call has files.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offices(&self, numbers: &BTreeSet<OfficeNumber>) -> Result<Vec<Office>, Error> {
        let mut offices = Vec::with_capacity(numbers.len());
        for number in numbers {
            offices.extend(self.office(*number).await?);
        }
        Ok(offices)
    }

    /// One office by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn office(&self, number: OfficeNumber) -> Result<Option<Office>, Error> {
        Ok(self.office_or_operator(number).await?.filter(|office| !office.is_operator))
    }

    /// The same, for what concerns devices rather than sets: the operator has some too.
    pub(crate) async fn office_or_operator(&self, number: OfficeNumber) -> Result<Option<Office>, Error> {
        let row: Option<OfficeRow> =
            sqlx::query_as(BY_NUMBER).bind(number.to_string()).fetch_optional(&self.reads).await?;
        row.map(|row| row.read(&self.public_keys)).transpose()
    }

    pub(crate) async fn office_by_id(&self, id: OfficeId) -> Result<Option<Office>, Error> {
        let row: Option<OfficeRow> = sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(&self.reads).await?;
        row.map(|row| row.read(&self.public_keys)).transpose()
    }

    /// Every registered office, in the order of their numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_offices(&self) -> Result<Vec<Office>, Error> {
        let rows: Vec<OfficeRow> = sqlx::query_as(ALL).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(|row| row.read(&self.public_keys)).collect()
    }

    /// Closes an office: it neither sends nor receives any more. False when no open office has the number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_office(&self, number: OfficeNumber) -> Result<bool, Error> {
        self.close_office_by(Act::operator(Action::OfficeClose, self.clock.now()), number).await
    }

    pub(crate) async fn close_office_by(&self, act: Act, number: OfficeNumber) -> Result<bool, Error> {
        let at = self.now_text();
        let act = act.office(number);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let closed: Option<String> =
                        sqlx::query_scalar(CLOSE).bind(number.to_string()).bind(at).fetch_optional(&mut *c).await?;
                    if closed.is_some() {
                        record::append(c, &act.done()?).await?;
                    }
                    Ok(closed.is_some())
                })
            })
            .await
    }
}
