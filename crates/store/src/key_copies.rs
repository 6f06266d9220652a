//! 鍵の写しの台帳 — the register of every copy of every key (R6.5, R11.3). Rows are added and marked as destroyed, never
//! removed; whether a certificate of erasure may be issued is asked of [`living`].

use crate::database::Connection;
use crate::record::{self, Act};
use crate::{Error, KeyCopyId, OperatorName, Store, clock};
use jiff::Timestamp;
use ledger::Action;
use sqlx::FromRow;

/// Rows of a listing at the operator's terminal.
const LISTED_MAX: i64 = 10_000;
/// Characters of a holder, a place or a way of destroying, as an operator enters them.
const TEXT_CHARACTERS_MAX: usize = 200;

/// Defines an enum with an id for each value, which stands in rows and never changes.
macro_rules! ids {
    ($(#[$outer:meta])* $name:ident { $($(#[$meta:meta])* $variant:ident = $id:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$meta])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in rows.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }

            /// The one with this id.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.id() == id)
            }
        }
    };
}

ids! {
    /// What a key is for.
    KeyKind {
        /// マスター鍵.
        Master = "master",
        /// The working key under which office keys and other secrets are wrapped.
        Wrapping = "wrapping",
        /// The working key of sealed fields.
        Field = "field",
        /// The working key of blind indexes.
        BlindIndex = "blind-index",
        /// The working key that is mixed into password hashes.
        Pepper = "pepper",
        /// The key of the database file.
        Database = "database",
        /// 事業所の鍵.
        Office = "office",
        /// The key of one set: its envelope. The id is the transmission's.
        Set = "set",
        /// Keys that were archived together, as with a backup. The id is the archive's.
        Archive = "archive",
    }
}

ids! {
    /// Where a copy lies.
    CopyPlace {
        /// In the database, wrapped.
        Database = "database",
        /// In the data folder beside the database, wrapped.
        DataFolder = "data-folder",
        /// The key-store file.
        KeyStore = "key-store",
        /// A PKCS#11 token, which does not give it away.
        Token = "token",
        /// A backup.
        Backup = "backup",
        /// A share of it, with others able to restore it.
        Share = "share",
        /// Written on paper as a whole.
        Paper = "paper",
    }
}

/// A copy that somebody made.
#[derive(Clone, Debug)]
pub struct NewKeyCopy {
    /// What the key is for.
    pub kind: KeyKind,
    /// The key's id, or that of what it is the key of.
    pub key_id: String,
    /// Where the copy lies.
    pub place: CopyPlace,
    /// Which of such places; empty where there is one only.
    pub place_id: String,
    /// Whose it is, by pseudonym; empty where only the program has it.
    pub holder: String,
}

/// One row of the register.
#[derive(Clone, Debug)]
pub struct KeyCopy {
    /// Ours.
    pub id: KeyCopyId,
    /// What the key is for.
    pub kind: KeyKind,
    /// The key's id.
    pub key_id: String,
    /// Where it lies.
    pub place: CopyPlace,
    /// Which of such places.
    pub place_id: String,
    /// Whose it is.
    pub holder: String,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// By whom.
    pub made_by: String,
    /// When it was destroyed, if it was.
    pub destroyed_at: Option<String>,
    /// How.
    pub destroyed_how: Option<String>,
}

/// What came of marking a copy as destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyDestroyed {
    /// Recorded.
    Done,
    /// No living copy has this id.
    NoSuchCopy,
    /// The program itself destroys what lies in the database, the data folder and the key store, and records it then.
    NotByHand,
    /// How it was destroyed is not said, or at too great length.
    NotSaid,
}

#[derive(FromRow)]
struct Row {
    copy_id: String,
    key_kind: String,
    key_id: String,
    place: String,
    place_id: String,
    holder: String,
    made_at: String,
    made_by: String,
    destroyed_at: Option<String>,
    destroyed_how: Option<String>,
}

impl TryFrom<Row> for KeyCopy {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        const WHERE: Error = Error::Impossible("key_copy");
        Ok(Self {
            id: row.copy_id.parse().map_err(|_| WHERE)?,
            kind: KeyKind::from_id(&row.key_kind).ok_or(WHERE)?,
            key_id: row.key_id,
            place: CopyPlace::from_id(&row.place).ok_or(WHERE)?,
            place_id: row.place_id,
            holder: row.holder,
            made_at: row.made_at,
            made_by: row.made_by,
            destroyed_at: row.destroyed_at,
            destroyed_how: row.destroyed_how,
        })
    }
}

macro_rules! select_copy {
    ($rest:literal) => {
        concat!(
            "SELECT copy_id, key_kind, key_id, place, place_id, holder, made_at, made_by, destroyed_at, destroyed_how
               FROM key_copy ",
            $rest
        )
    };
}

const INSERT: &str = "
    INSERT INTO key_copy (copy_id, key_kind, key_id, place, place_id, holder, made_at, made_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
const LIVING: &str =
    select_copy!("WHERE key_kind = $1 AND key_id = $2 AND destroyed_at IS NULL ORDER BY made_at, copy_id");
const ALL: &str = select_copy!("ORDER BY made_at DESC, copy_id DESC LIMIT $1");
const ONE: &str = select_copy!("WHERE copy_id = $1 AND destroyed_at IS NULL");
const DESTROY: &str = "
    UPDATE key_copy SET destroyed_at = $5, destroyed_by = $6, destroyed_how = $7
     WHERE key_kind = $1 AND key_id = $2 AND place = $3 AND place_id = $4 AND destroyed_at IS NULL";

/// Notes a copy, in the transaction that makes it. Noting the same living copy twice changes nothing.
pub(crate) async fn made(c: &mut Connection, new: &NewKeyCopy, by: &str, now: Timestamp) -> Result<bool, Error> {
    let id = KeyCopyId::fresh();
    let inserted = sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(new.kind.id())
        .bind(&new.key_id)
        .bind(new.place.id())
        .bind(&new.place_id)
        .bind(&new.holder)
        .bind(clock::text(now))
        .bind(by)
        .execute(&mut *c)
        .await?
        .rows_affected();
    Ok(inserted == 1)
}

/// Enters the office keys of an exchange from before there was a register.
pub(crate) async fn offices_of_before(c: &mut Connection, by: &str, now: Timestamp) -> Result<(), Error> {
    let keys: Vec<String> = sqlx::query_scalar("SELECT key_id FROM office_key").fetch_all(&mut *c).await?;
    for key_id in keys {
        made(c, &crate::keys::in_database(KeyKind::Office, &key_id), by, now).await?;
    }
    Ok(())
}

/// Notes that a copy is gone, in the transaction that destroys it. False where no such copy lived.
pub(crate) async fn destroyed(
    c: &mut Connection,
    (kind, key_id, place, place_id): (KeyKind, &str, CopyPlace, &str),
    how: &str,
    by: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let changed = sqlx::query(DESTROY)
        .bind(kind.id())
        .bind(key_id)
        .bind(place.id())
        .bind(place_id)
        .bind(clock::text(now))
        .bind(by)
        .bind(how)
        .execute(&mut *c)
        .await?
        .rows_affected();
    Ok(changed == 1)
}

/// The copies of a key that still live.
pub(crate) async fn living(c: &mut Connection, kind: KeyKind, key_id: &str) -> Result<Vec<KeyCopy>, Error> {
    let rows: Vec<Row> = sqlx::query_as(LIVING).bind(kind.id()).bind(key_id).fetch_all(c).await?;
    rows.into_iter().map(KeyCopy::try_from).collect()
}

/// The keys of a kind, but this one, that have a living copy at a place that there is one of.
pub(crate) async fn others_at(
    c: &mut Connection,
    kind: KeyKind,
    place: CopyPlace,
    but: &str,
) -> Result<Vec<String>, Error> {
    const OTHERS: &str = "
        SELECT key_id FROM key_copy
         WHERE key_kind = $1 AND place = $2 AND place_id = '' AND key_id <> $3 AND destroyed_at IS NULL ORDER BY key_id";
    Ok(sqlx::query_scalar(OTHERS).bind(kind.id()).bind(place.id()).bind(but).fetch_all(c).await?)
}

impl Store {
    /// The copies of a key that still live: while there is one, nothing under the key counts as erased (R11.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn living_key_copies(&self, kind: KeyKind, key_id: &str) -> Result<Vec<KeyCopy>, Error> {
        let mut connection = self.reads.acquire().await?;
        living(&mut connection, kind, key_id).await
    }

    /// The newest rows of the register, living or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_copies(&self) -> Result<Vec<KeyCopy>, Error> {
        let rows: Vec<Row> = sqlx::query_as(ALL).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(KeyCopy::try_from).collect()
    }

    /// Enters a copy that somebody made by hand: on paper, in a backup of the key-store file.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_copy_made(&self, new: NewKeyCopy, by: &OperatorName) -> Result<bool, Error> {
        let sound = |text: &str| text.chars().count() <= TEXT_CHARACTERS_MAX && !text.chars().any(char::is_control);
        if new.key_id.is_empty() || ![&new.key_id, &new.place_id, &new.holder].iter().all(|text| sound(text)) {
            return Ok(false);
        }
        let now = self.clock.now();
        let act = Act::officer(Action::KeyCopyMake, by, now).object(&new.key_id);
        let entry = act.code("kind", new.kind.id()).code("place", new.place.id()).done()?;
        let by = by.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let fresh = made(c, &new, &by, now).await?;
                    if fresh {
                        record::append(c, &entry).await?;
                    }
                    Ok(fresh)
                })
            })
            .await
    }

    /// Records that somebody destroyed a copy that is out of the program's reach.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_copy_destroyed(
        &self,
        id: KeyCopyId,
        how: &str,
        by: &OperatorName,
    ) -> Result<CopyDestroyed, Error> {
        let how = how.trim().to_owned();
        if how.is_empty() || how.chars().count() > TEXT_CHARACTERS_MAX || how.chars().any(char::is_control) {
            return Ok(CopyDestroyed::NotSaid);
        }
        let (now, by) = (self.clock.now(), by.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let row: Option<Row> = sqlx::query_as(ONE).bind(id.to_string()).fetch_optional(&mut *c).await?;
                    let Some(copy) = row.map(KeyCopy::try_from).transpose()? else {
                        return Ok(CopyDestroyed::NoSuchCopy);
                    };
                    let out_of_reach = matches!(copy.place, CopyPlace::Backup | CopyPlace::Share | CopyPlace::Paper);
                    // The key-store file that is in use has no place id; a copy of it that somebody made has one.
                    if !out_of_reach && copy.place_id.is_empty() {
                        return Ok(CopyDestroyed::NotByHand);
                    }
                    let what = (copy.kind, &*copy.key_id, copy.place, &*copy.place_id);
                    destroyed(c, what, &how, &by.to_string(), now).await?;
                    let act = Act::officer(Action::KeyCopyDestroy, &by, now).object(&copy.key_id);
                    let act = act.code("kind", copy.kind.id()).code("place", copy.place.id());
                    record::append(c, &act.done()?).await?;
                    Ok(CopyDestroyed::Done)
                })
            })
            .await
    }
}
