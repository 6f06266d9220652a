//! 返送: what the other office gives back, and how the office that offered gets it.

use super::boxes::{self, FileRow, Sealed};
use super::visit::by_letter;
use super::{LISTED_MAX, RETURN_KEY, RETURN_LIFE, RETURNS_MAX, Visit};
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, HandoverReturnId, OpenedFile, Store, clock};
use exchange::Letter;
use identity::role::Deed;
use ledger::Action;
use sqlx::FromRow;
use standard::{OfficeNumber, Serial, ServiceMonth, SourceFile, UnitKind};
use std::net::IpAddr;
use std::sync::Arc;

/// A set that came back.
#[derive(Clone, Debug)]
pub struct HandoverReturn {
    /// Ours.
    pub id: HandoverReturnId,
    /// Who gave it back.
    pub partner: OfficeNumber,
    /// 相手の事業所名.
    pub partner_name: String,
    /// Which send unit.
    pub kind: UnitKind,
    /// ファイル連番.
    pub serial: Serial,
    /// 対象年月.
    pub service_month: Option<ServiceMonth>,
    /// RFC 3339.
    pub returned_at: String,
    /// When somebody here first opened it.
    pub collected_at: Option<String>,
    /// When its time was over.
    pub ended_at: Option<String>,
}

/// What came of giving something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// On disk and recorded.
    Done,
    /// This very set was given back before.
    Already,
    /// The handover ended meanwhile.
    Over,
    /// As many came back already as may.
    TooMany,
}

#[derive(FromRow)]
struct Row {
    return_id: String,
    partner_number: String,
    partner_name: String,
    kind: String,
    serial: String,
    service_month: Option<String>,
    returned_at: String,
    collected_at: Option<String>,
    ended_at: Option<String>,
}

/// What opens it, as long as it is there.
#[derive(FromRow)]
struct Kept {
    key_sealed: Option<Vec<u8>>,
    envelope: Option<Vec<u8>>,
    partner_number: String,
}

const OPEN: &str = "
    SELECT (SELECT count(*) FROM handover_return r WHERE r.handover_id = h.handover_id)
      FROM handover h WHERE h.handover_id = $1 AND h.ended_at IS NULL AND h.expires_at > $2";
const INSERT: &str = "
    INSERT INTO handover_return (return_id, handover_id, office_id, partner_number, partner_name, kind, serial,
                                 service_month, digest, key_sealed, envelope, returned_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (office_id, partner_number, digest) DO NOTHING";
const INSERT_FILE: &str = "
    INSERT INTO handover_return_file (return_id, ordinal, name, size_bytes, body) VALUES ($1, $2, $3, $4, $5)";
const LIST: &str = "
    SELECT return_id, partner_number, partner_name, kind, serial, service_month, returned_at, collected_at, ended_at
      FROM handover_return WHERE office_id = $1 ORDER BY returned_at DESC LIMIT $2";
const KEPT: &str = "
    SELECT key_sealed, envelope, partner_number FROM handover_return
     WHERE return_id = $1 AND office_id = $2 AND ended_at IS NULL AND returned_at > $3";
const FILES: &str = "SELECT ordinal, name, body FROM handover_return_file WHERE return_id = $1 ORDER BY ordinal";
const COLLECT: &str = "
    UPDATE handover_return SET collected_at = coalesce(collected_at, $2)
     WHERE return_id = $1 AND ended_at IS NULL AND returned_at > $3";
const WAITING: &str = "
    SELECT count(*) FROM handover_return 
     WHERE office_id = $1 AND collected_at IS NULL AND ended_at IS NULL AND returned_at > $2";

impl Store {
    /// Takes back one set for the office that offered the handover. `files` is what was given to [`exchange::address`].
    ///
    /// # Errors
    /// When the database fails; then nothing was written.
    pub async fn return_to(
        &self,
        visit: &Visit,
        letter: &Letter,
        files: &[SourceFile<'_>],
        from: Option<IpAddr>,
    ) -> Result<Returned, Error> {
        let id = HandoverReturnId::fresh();
        let office = visit.office.id.to_string();
        let members: Vec<SourceFile<'_>> = letter.files().iter().map(|&index| files[index]).collect();
        let sealed = boxes::seal(&id.to_string(), &office, &members, &mut rand::rng())?;
        let key = self.seal_field(RETURN_KEY, id, &sealed.key)?;
        let now = self.clock.now();
        let entry = by_letter(Action::HandoverReturn, now)
            .office(visit.office.register.number)
            .counterpart(visit.partner)
            .object(id)
            .source(from)
            .code("kind", letter.kind().id())
            .number("files", sealed.files.len() as u64)
            .done()?;
        let (visit, letter) = (visit.clone(), letter.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let returned: Option<i64> =
                        sqlx::query_scalar(OPEN).bind(visit.id.to_string()).bind(&at).fetch_optional(&mut *c).await?;
                    match returned {
                        None => return Ok(Returned::Over),
                        Some(returned) if returned >= RETURNS_MAX => return Ok(Returned::TooMany),
                        Some(_) => {}
                    }
                    let Sealed { envelope, files, .. } = sealed;
                    let inserted = sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(visit.id.to_string())
                        .bind(office)
                        .bind(visit.partner.to_string())
                        .bind(visit.partner_name)
                        .bind(letter.kind().id())
                        .bind(letter.serial().to_string())
                        .bind(letter.service_month().map(|month| month.to_string()))
                        .bind(letter.digest().to_string())
                        .bind(key)
                        .bind(envelope)
                        .bind(at)
                        .execute(&mut *c)
                        .await?;
                    if inserted.rows_affected() == 0 {
                        return Ok(Returned::Already);
                    }
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
                    Ok(Returned::Done)
                })
            })
            .await
    }

    /// What came back to an office, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handover_returns(&self, person: &Person) -> Result<Vec<HandoverReturn>, Error> {
        let rows: Vec<Row> =
            sqlx::query_as(LIST).bind(person.office.id.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// How many of them nobody has opened.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handover_returns_waiting(&self, person: &Person) -> Result<u32, Error> {
        let since = clock::text(self.clock.now() - RETURN_LIFE);
        let waiting: i64 =
            sqlx::query_scalar(WAITING).bind(person.office.id.to_string()).bind(since).fetch_one(&self.reads).await?;
        Ok(u32::try_from(waiting).unwrap_or(u32::MAX))
    }

    /// Opens one that came back; recorded before a byte goes out (R10.2). Nothing where there is none of this office, where its
    /// time is over, or for who may not collect.
    ///
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn open_return(
        self: &Arc<Self>,
        person: &Person,
        id: HandoverReturnId,
    ) -> Result<Option<Vec<OpenedFile>>, Error> {
        const WHERE: Error = Error::Impossible("handover_return");
        if !person.may(Deed::CollectSets) {
            return Ok(None);
        }
        let office = person.office.id.to_string();
        let now = self.clock.now();
        let since = clock::text(now - RETURN_LIFE);
        let kept: Option<Kept> =
            sqlx::query_as(KEPT).bind(id.to_string()).bind(&office).bind(&since).fetch_optional(&self.reads).await?;
        let Some(Kept { key_sealed: Some(key), envelope: Some(envelope), partner_number: partner }) = kept else {
            return Ok(None);
        };
        let rows: Vec<FileRow> = sqlx::query_as(FILES).bind(id.to_string()).fetch_all(&self.reads).await?;
        let key = self.open_key(RETURN_KEY, id, &key)?;
        let opened = tokio::task::spawn_blocking(move || boxes::open(&id.to_string(), &office, &key, &envelope, rows))
            .await
            .map_err(|_| Error::Impossible("opening"))??;
        let entry = Act::person(Action::HandoverCollect, person, now)
            .object(id)
            .counterpart(partner.parse().map_err(|_| WHERE)?)
            .number("files", opened.len() as u64)
            .done()?;
        let is_there = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let collected = sqlx::query(COLLECT).bind(id.to_string()).bind(clock::text(now)).bind(since);
                    // It may have been taken away while it was being opened.
                    if collected.execute(&mut *c).await?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    record::append(c, &entry).await.map(|_| true)
                })
            })
            .await?;
        Ok(is_there.then_some(opened))
    }
}

impl Row {
    fn read(self) -> Result<HandoverReturn, Error> {
        const WHERE: Error = Error::Impossible("handover_return");
        Ok(HandoverReturn {
            id: self.return_id.parse().map_err(|_| WHERE)?,
            partner: self.partner_number.parse().map_err(|_| WHERE)?,
            partner_name: self.partner_name,
            kind: UnitKind::from_id(&self.kind).ok_or(WHERE)?,
            serial: self.serial.parse().map_err(|_| WHERE)?,
            service_month: self.service_month.map(|month| month.parse()).transpose().map_err(|_| WHERE)?,
            returned_at: self.returned_at,
            collected_at: self.collected_at,
            ended_at: self.ended_at,
        })
    }
}
