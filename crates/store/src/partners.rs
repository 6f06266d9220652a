//! 連携先: who can be sent to, who cannot yet, and what an office keeps about each.

use crate::people::{Column, Person};
use crate::record::{self, Act};
use crate::{Error, PartnerNoteId, Store, clock};
use identity::role::Deed;
use ledger::Action;
use sqlx::FromRow;
use standard::value::Private;
use standard::{OfficeNumber, ServiceType};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one look into the directory.
pub const DIRECTORY_ROWS_MAX: u32 = 50;
/// Partners an office keeps notes about; far more than anybody works with.
pub const PARTNER_NOTES_MAX: usize = 500;
/// Characters of a note.
pub const PARTNER_NOTE_CHARACTERS_MAX: usize = 300;
/// Characters of a name, a place, a program's name.
const TEXT_CHARACTERS_MAX: usize = 100;
/// Tries to keep a note while colleagues keep and forget theirs about the same partner.
const KEEP_TRIES: usize = 3;
/// Partners with whom sets were exchanged, each way.
const KNOWN_MAX: i64 = 200;
const NOTE: Column = Column("partner_note", "note_sealed");

/// 連絡の手段 — how an office is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// The exchange.
    Exchange,
    /// 一方向の受渡し.
    Letter,
    /// Fax.
    Fax,
    /// By post.
    Post,
    /// Brought.
    Hand,
    /// Something else; the note says what.
    Other,
}

impl Channel {
    /// Every channel, in the order of the form.
    pub const ALL: [Self; 6] = [Self::Exchange, Self::Letter, Self::Fax, Self::Post, Self::Hand, Self::Other];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Letter => "letter",
            Self::Fax => "fax",
            Self::Post => "post",
            Self::Hand => "hand",
            Self::Other => "other",
        }
    }

    /// The channel with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.id() == id)
    }
}

/// What an office keeps about a partner.
#[derive(Clone, Debug)]
pub struct PartnerNote {
    /// Ours.
    pub id: PartnerNoteId,
    /// 連絡の手段.
    pub channel: Channel,
    /// In the office's own words.
    pub note: Option<Private<String>>,
}

/// One office in the directory.
#[derive(Clone, Debug)]
pub struct DirectoryRow {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
    /// サービス種類.
    pub service_types: BTreeSet<ServiceType>,
    /// 所在地; empty where nobody has entered it.
    pub place: String,
    /// The software it says it uses; empty where it says nothing.
    pub software: String,
    /// Since when it has been on the exchange, RFC 3339; `None`: it is not.
    pub since: Option<String>,
    /// It was, and closed.
    pub closed: bool,
    /// What the asking office keeps about it.
    pub note: Option<PartnerNote>,
}

/// A note to be kept.
#[derive(Clone, Debug)]
pub struct NewPartnerNote {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名, for a partner that is not in the register.
    pub name: String,
    /// サービス種類, for the same.
    pub service_type: Option<ServiceType>,
    /// 所在地, for the same.
    pub place: String,
    /// 連絡の手段.
    pub channel: Channel,
    /// In the office's own words.
    pub note: Private<String>,
}

/// What came of keeping it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerKept {
    /// Kept.
    Done,
    /// Not this person's to keep.
    NotAllowed,
    /// It is one's own number.
    Oneself,
    /// No name for a partner that is not in the register, or one that is too long or cannot be shown.
    UnfitName,
    /// A place that is too long or cannot be shown.
    UnfitPlace,
    /// The note is too long, or holds what cannot be shown.
    UnfitNote,
    /// [`PARTNER_NOTES_MAX`] are kept already.
    TooMany,
}

#[derive(FromRow)]
struct Registered {
    office_number: Option<String>,
    name: String,
    service_types: String,
    place: String,
    software: String,
    created_at: String,
    closed_at: Option<String>,
}

#[derive(FromRow)]
struct Noted {
    note_id: String,
    partner_number: String,
    own_name: String,
    service_type: String,
    own_place: String,
    channel: String,
    note_sealed: Option<Vec<u8>>,
    /// What the register knows by now, if it does.
    #[sqlx(flatten)]
    registered: Registered,
}

const FIND: &str = "
    SELECT office_number, name, service_types, place, software, created_at, closed_at
      FROM office
     WHERE is_operator = 0 AND outside_of IS NULL AND office_number <> $1
       AND (office_number LIKE $2 ESCAPE '!' OR lower(name) LIKE lower($3) ESCAPE '!' OR lower(place) LIKE lower($3) ESCAPE '!')
     ORDER BY office_number LIMIT $4";

const FIND_IDS: &str = "
    SELECT office_id FROM office
     WHERE is_operator = 0 AND (outside_of IS NULL OR outside_of = $4)
       AND (office_number LIKE $1 ESCAPE '!' OR lower(name) LIKE lower($2) ESCAPE '!')
     ORDER BY office_number LIMIT $3";

/// One step from partner to partner each, however many sets lie between.
const KNOWN: &str = "
    WITH RECURSIVE
      sent_to (id) AS (
        SELECT min(receiver_office_id) FROM transmission WHERE sender_office_id = $1
         UNION ALL
        SELECT (SELECT min(receiver_office_id) FROM transmission
                 WHERE sender_office_id = $1 AND receiver_office_id > sent_to.id)
          FROM sent_to WHERE sent_to.id IS NOT NULL),
      came_from (id) AS (
        SELECT min(sender_office_id) FROM transmission WHERE receiver_office_id = $1
         UNION ALL
        SELECT (SELECT min(sender_office_id) FROM transmission
                 WHERE receiver_office_id = $1 AND sender_office_id > came_from.id)
          FROM came_from WHERE came_from.id IS NOT NULL)
    SELECT o.office_number, o.name, o.service_types, o.place, o.software, o.created_at, o.closed_at
      FROM office o
     WHERE o.office_id <> $1 AND o.outside_of IS NULL
       AND o.office_id IN (SELECT id FROM sent_to WHERE id IS NOT NULL UNION SELECT id FROM came_from WHERE id IS NOT NULL)
     ORDER BY o.office_number LIMIT $2";

const NOTES: &str = "
    SELECT n.note_id, n.partner_number, n.name AS own_name, n.service_type, n.place AS own_place, n.channel, n.note_sealed,
           o.office_number, coalesce(o.name, '') AS name, coalesce(o.service_types, '') AS service_types,
           coalesce(o.place, '') AS place, coalesce(o.software, '') AS software,
           coalesce(o.created_at, '') AS created_at, o.closed_at
      FROM partner_note n LEFT JOIN office o ON o.office_number = n.partner_number AND o.is_operator = 0
     WHERE n.office_id = $1 ORDER BY n.partner_number LIMIT $2";

const COUNT: &str = "SELECT count(*) FROM partner_note WHERE office_id = $1 AND partner_number <> $2";
const KEPT_ID: &str = "SELECT note_id FROM partner_note WHERE office_id = $1 AND partner_number = $2";
const KEEP: &str = "
    INSERT INTO partner_note (note_id, office_id, partner_number, name, service_type, place, channel, note_sealed, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (office_id, partner_number) DO UPDATE
       SET name = excluded.name, service_type = excluded.service_type, place = excluded.place,
           channel = excluded.channel, note_sealed = excluded.note_sealed, changed_at = excluded.changed_at
     WHERE partner_note.note_id = excluded.note_id";
const FORGET: &str = "DELETE FROM partner_note WHERE office_id = $1 AND partner_number = $2 RETURNING note_id";

const SET_PLACE: &str = "UPDATE office SET place = $2 WHERE office_number = $1 AND is_operator = 0 RETURNING office_id";
const SET_SOFTWARE: &str = "UPDATE office SET software = $2 WHERE office_id = $1";
const SOFTWARE: &str = "SELECT software FROM office WHERE office_id = $1";

impl Store {
    /// The directory, as an office looks into it: without a text the partners it knows, with one whoever fits it by number,
    /// name or place. What it keeps itself comes along, entries of its own included.
    ///
    /// # Errors
    /// When the database fails, or a note does not open.
    pub async fn directory(&self, person: &Person, text: &str) -> Result<Vec<DirectoryRow>, Error> {
        let own = person.office.register.number;
        let text = sought(text);
        let registered: Vec<Registered> = if text.is_empty() {
            sqlx::query_as(KNOWN).bind(person.office.id.to_string()).bind(KNOWN_MAX).fetch_all(&self.reads).await?
        } else {
            sqlx::query_as(FIND)
                .bind(own.to_string())
                .bind(format!("{text}%"))
                .bind(format!("%{text}%"))
                .bind(i64::from(DIRECTORY_ROWS_MAX))
                .fetch_all(&self.reads)
                .await?
        };
        let mut rows: BTreeMap<OfficeNumber, DirectoryRow> = BTreeMap::new();
        for row in registered {
            let row = row.read()?;
            rows.insert(row.number, row);
        }
        let notes: Vec<Noted> = sqlx::query_as(NOTES)
            .bind(person.office.id.to_string())
            .bind(PARTNER_NOTES_MAX as i64)
            .fetch_all(&self.reads)
            .await?;
        for noted in notes {
            let number: OfficeNumber =
                noted.partner_number.parse().map_err(|_| Error::Impossible("partner_note.partner_number"))?;
            let note = self.read_note(&noted)?;
            if let Some(row) = rows.get_mut(&number) {
                row.note = Some(note);
                continue;
            }
            let row = if noted.registered.office_number.is_some() {
                // With a text the register has said already who fits.
                if text.is_empty() { Some(DirectoryRow { note: Some(note), ..noted.registered.read()? }) } else { None }
            } else {
                let fits = noted.partner_number.starts_with(text.as_str())
                    || [&noted.own_name, &noted.own_place].iter().any(|field| field.contains(text.as_str()));
                fits.then(|| DirectoryRow {
                    number,
                    name: noted.own_name,
                    service_types: noted.service_type.parse().ok().into_iter().collect(),
                    place: noted.own_place,
                    software: String::new(),
                    since: None,
                    closed: false,
                    note: Some(note),
                })
            };
            rows.extend(row.map(|row| (number, row)));
        }
        Ok(rows.into_values().collect())
    }

    /// One partner, if it is in the register or among what this office keeps.
    ///
    /// # Errors
    /// When the database fails, or the note does not open.
    pub async fn partner(&self, person: &Person, number: OfficeNumber) -> Result<Option<DirectoryRow>, Error> {
        let rows = self.directory(person, &number.to_string()).await?;
        Ok(rows.into_iter().find(|row| row.number == number))
    }

    /// Offices whose number begins with the text or whose name contains it, partners of this office outside included: what a list
    /// is narrowed to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offices_like(
        &self,
        of: crate::OfficeId,
        text: &str,
        rows: usize,
    ) -> Result<Vec<crate::OfficeId>, Error> {
        let text = sought(text);
        let ids: Vec<String> = sqlx::query_scalar(FIND_IDS)
            .bind(format!("{text}%"))
            .bind(format!("%{text}%"))
            .bind(rows as i64)
            .bind(of.to_string())
            .fetch_all(&self.reads)
            .await?;
        ids.iter().map(|id| id.parse().map_err(|_| Error::Impossible("office.office_id"))).collect()
    }

    fn read_note(&self, row: &Noted) -> Result<PartnerNote, Error> {
        const WHERE: Error = Error::Impossible("partner_note");
        let id: PartnerNoteId = row.note_id.parse().map_err(|_| WHERE)?;
        let note = row.note_sealed.as_ref().map(|sealed| self.open_text(NOTE, id, sealed)).transpose()?;
        Ok(PartnerNote { id, channel: Channel::from_id(&row.channel).ok_or(WHERE)?, note })
    }

    /// Keeps what an office notes about a partner, in place of what it noted before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_partner(&self, by: &Person, new: NewPartnerNote) -> Result<PartnerKept, Error> {
        if !by.may(Deed::SendSets) {
            return Ok(PartnerKept::NotAllowed);
        }
        if new.number == by.office.register.number {
            return Ok(PartnerKept::Oneself);
        }
        let registered = self.office(new.number).await?.is_some();
        let (name, place) = (new.name.trim(), new.place.trim());
        if (!registered && name.is_empty()) || !shown(name, TEXT_CHARACTERS_MAX) {
            return Ok(PartnerKept::UnfitName);
        }
        if !shown(place, TEXT_CHARACTERS_MAX) {
            return Ok(PartnerKept::UnfitPlace);
        }
        let note = new.note.reveal().trim();
        let lines = note.replace(['\n', '\r', '\t'], " ");
        if !shown(&lines, PARTNER_NOTE_CHARACTERS_MAX) {
            return Ok(PartnerKept::UnfitNote);
        }
        // What the register knows is not kept a second time.
        let (name, kind, place) = if registered {
            (String::new(), String::new(), String::new())
        } else {
            (name.to_owned(), new.service_type.map(|kind| kind.to_string()).unwrap_or_default(), place.to_owned())
        };
        let (number, channel) = (new.number, new.channel);
        for _ in 0..KEEP_TRIES {
            let office = by.office.id.to_string();
            let kept: Option<String> =
                sqlx::query_scalar(KEPT_ID).bind(&office).bind(number.to_string()).fetch_optional(&self.reads).await?;
            let id: PartnerNoteId = match kept {
                Some(id) => id.parse().map_err(|_| Error::Impossible("partner_note.note_id"))?,
                None => PartnerNoteId::fresh(),
            };
            let sealed = if note.is_empty() { None } else { Some(self.seal_field(NOTE, id, note.as_bytes())?) };
            let now = self.clock.now();
            let entry = Act::person(Action::PartnerKeep, by, now).object(id).counterpart(number);
            let entry = entry.code("channel", channel.id()).done()?;
            let at = clock::text(now);
            let (name, kind, place) = (name.clone(), kind.clone(), place.clone());
            let done = self
                .writer
                .run(move |c| {
                    Box::pin(async move {
                        let others: i64 =
                            sqlx::query_scalar(COUNT).bind(&office).bind(number.to_string()).fetch_one(&mut *c).await?;
                        if usize::try_from(others).unwrap_or(usize::MAX) >= PARTNER_NOTES_MAX {
                            return Ok(Some(PartnerKept::TooMany));
                        }
                        let kept = sqlx::query(KEEP)
                            .bind(id.to_string())
                            .bind(office)
                            .bind(number.to_string())
                            .bind(name)
                            .bind(kind)
                            .bind(place)
                            .bind(channel.id())
                            .bind(sealed)
                            .bind(at)
                            .execute(&mut *c)
                            .await?;
                        // A colleague has kept the first note about it a moment ago: ours is bound to another id. No error in
                        // here, which would undo what others write in the same commit.
                        if kept.rows_affected() == 0 {
                            return Ok(None);
                        }
                        record::append(c, &entry).await?;
                        Ok(Some(PartnerKept::Done))
                    })
                })
                .await?;
            if let Some(done) = done {
                return Ok(done);
            }
        }
        Err(Error::Busy)
    }

    /// Forgets what an office noted about a partner. False where there was nothing, or for who may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_partner(&self, by: &Person, number: OfficeNumber) -> Result<bool, Error> {
        if !by.may(Deed::SendSets) {
            return Ok(false);
        }
        let act = Act::person(Action::PartnerForget, by, self.clock.now()).counterpart(number);
        let office = by.office.id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let gone: Option<String> = sqlx::query_scalar(FORGET)
                        .bind(office)
                        .bind(number.to_string())
                        .fetch_optional(&mut *c)
                        .await?;
                    if let Some(id) = &gone {
                        record::append(c, &act.object(id).done()?).await?;
                    }
                    Ok(gone.is_some())
                })
            })
            .await
    }

    /// Enters where an office is. False when no office has the number, or the text cannot be shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_office_place(&self, number: OfficeNumber, place: &str) -> Result<bool, Error> {
        let place = place.trim().to_owned();
        if !shown(&place, TEXT_CHARACTERS_MAX) {
            return Ok(false);
        }
        let act = Act::operator(Action::OfficeChange, self.clock.now()).office(number).code("what", "place");
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let changed: Option<String> = sqlx::query_scalar(SET_PLACE)
                        .bind(number.to_string())
                        .bind(place)
                        .fetch_optional(&mut *c)
                        .await?;
                    if let Some(id) = &changed {
                        record::append(c, &act.object(id).done()?).await?;
                    }
                    Ok(changed.is_some())
                })
            })
            .await
    }

    /// Which software this office says it uses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_software(&self, person: &Person) -> Result<String, Error> {
        Ok(sqlx::query_scalar(SOFTWARE).bind(person.office.id.to_string()).fetch_one(&self.reads).await?)
    }

    /// Says which software one's own office uses; partners see it. False for who may not, or a text that cannot be shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn declare_software(&self, by: &Person, software: &str) -> Result<bool, Error> {
        let software = software.trim().to_owned();
        if !by.may(Deed::ManageSoftware) || !shown(&software, TEXT_CHARACTERS_MAX) {
            return Ok(false);
        }
        let id = by.office.id;
        let entry =
            Act::person(Action::OfficeChange, by, self.clock.now()).object(id).code("what", "software").done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(SET_SOFTWARE).bind(id.to_string()).bind(software).execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(true)
    }
}

impl Registered {
    fn read(self) -> Result<DirectoryRow, Error> {
        const WHERE: Error = Error::Impossible("office");
        Ok(DirectoryRow {
            number: self.office_number.as_deref().unwrap_or_default().parse().map_err(|_| WHERE)?,
            name: self.name,
            service_types: self
                .service_types
                .split_ascii_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|_| WHERE)?,
            place: self.place,
            software: self.software,
            since: Some(self.created_at),
            closed: self.closed_at.is_some(),
            note: None,
        })
    }
}

fn shown(text: &str, characters_max: usize) -> bool {
    text.chars().count() <= characters_max && !text.chars().any(char::is_control)
}

/// As a pattern takes it; digits in full width are typed too.
fn sought(text: &str) -> String {
    let mut sought = String::with_capacity(text.len() + 8);
    for character in text.trim().chars().take(TEXT_CHARACTERS_MAX) {
        match character {
            '%' | '_' | '!' => {
                sought.push('!');
                sought.push(character);
            }
            '０'..='９' => sought.extend(char::from_u32(u32::from(character) - u32::from('０') + u32::from('0'))),
            other => sought.push(other),
        }
    }
    sought
}
