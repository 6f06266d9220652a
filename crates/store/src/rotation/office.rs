//! Replacing the key pair of an office: new sets are sealed to the new one at once, the envelopes of old sets are wrapped to
//! it in the background, and then the old private key is destroyed.

use super::step::{Batch, RotationStep, progress};
use super::{NewRotation, RotationStarted, Row, WHERE, finish, open_of};
use crate::board;
use crate::database::Connection;
use crate::key_copies::{self, CopyPlace, KeyKind};
use crate::keys::in_database;
use crate::record::{self, Act};
use crate::{Error, OfficeId, OperatorName, SYSTEM, Store, clock};
use ledger::Action;
use seal::{Agreement, Envelope, KeyId, OfficePublicKey, OfficeSecretKey, Party, Purpose, SetBinding};
use sqlx::FromRow;
use standard::OfficeNumber;

/// Envelopes wrapped anew in one go: each costs a key agreement, and two more serve all of them.
const ENVELOPES_AT_ONCE: i64 = 16;

const NEWEST: &str = "SELECT max(key_version) FROM office_key WHERE office_id = $1";
const INSERT_KEY: &str = "
    INSERT INTO office_key (key_id, office_id, key_version, public_key, wrapped_secret, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
const RETIRE: &str = "
    UPDATE office_key SET retired_at = $3 WHERE office_id = $1 AND key_id <> $2 AND retired_at IS NULL";
const USE: &str = "UPDATE office SET key_id = $2, public_key = $3 WHERE office_id = $1";
const SETS: &str = "
    SELECT (SELECT count(*) FROM transmission WHERE receiver_office_id = $1)
         + (SELECT count(*) FROM transmission WHERE sender_office_id = $1)
         + (SELECT count(*) FROM person WHERE office_id = $1 AND label_sealed IS NOT NULL)
         + (SELECT count(*) FROM month_comment WHERE office_id = $1)";
const RECEIVED: &str = "
    SELECT transmission_id, accepted_index, sender_office_id, receiver_office_id, envelope FROM transmission
     WHERE receiver_office_id = $1 AND accepted_index > $2 ORDER BY accepted_index LIMIT $3";
const SENT: &str = "
    SELECT transmission_id, accepted_index, sender_office_id, receiver_office_id, envelope FROM transmission
     WHERE sender_office_id = $1 AND accepted_index > $2 ORDER BY accepted_index LIMIT $3";
const UPDATE: &str = "UPDATE transmission SET envelope = $2 WHERE transmission_id = $1 AND envelope = $3";
const KEYS: &str = "
    SELECT key_id, key_version, public_key, wrapped_secret FROM office_key
     WHERE office_id = $1 AND destroyed_at IS NULL ORDER BY key_version";
const DESTROY: &str = "
    UPDATE office_key SET wrapped_secret = $3, destroyed_at = $4
     WHERE office_id = $1 AND destroyed_at IS NULL
       AND key_version < (SELECT key_version FROM office_key WHERE key_id = $2)
    RETURNING key_id";

#[derive(FromRow)]
struct Letter {
    transmission_id: String,
    accepted_index: i64,
    sender_office_id: String,
    receiver_office_id: String,
    envelope: Vec<u8>,
}

#[derive(FromRow)]
struct KeyRow {
    key_id: String,
    key_version: i64,
    public_key: Vec<u8>,
    wrapped_secret: Vec<u8>,
}

impl Store {
    /// Replaces the key pair of an office.
    ///
    /// # Errors
    /// When the database or the key store fails; then nothing has changed.
    pub async fn rotate_office_key(&self, number: OfficeNumber, by: &OperatorName) -> Result<RotationStarted, Error> {
        let Some(office) = self.office(number).await? else { return Ok(RotationStarted::NoSuchOffice) };
        let id = office.id.to_string();
        let newest: i64 = sqlx::query_scalar(NEWEST).bind(&id).fetch_one(&self.reads).await?;
        let version = u32::try_from(newest).map_err(|_| WHERE)? + 1;
        let (public, wrapped) = self.fresh_office_key(office.id, version)?;
        let now = self.clock.now();
        let entry = Act::officer(Action::KeyRotateStart, by, now)
            .object(public.id())
            .office(number)
            .code("kind", KeyKind::Office.id())
            .done()?;
        let new = NewRotation {
            kind: KeyKind::Office,
            subject: id,
            from: office.public_key.id().to_string(),
            to: public.id().to_string(),
            by: by.to_string(),
        };
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    if let Some(open) = open_of(c, KeyKind::Office, &new.subject).await? {
                        return Ok(RotationStarted::Already(open.try_into()?));
                    }
                    let at = clock::text(now);
                    sqlx::query(INSERT_KEY)
                        .bind(&new.to)
                        .bind(&new.subject)
                        .bind(i64::from(version))
                        .bind(public.to_bytes())
                        .bind(wrapped)
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    key_copies::made(c, &in_database(KeyKind::Office, &new.to), &new.by, now).await?;
                    sqlx::query(RETIRE).bind(&new.subject).bind(&new.to).bind(&at).execute(&mut *c).await?;
                    sqlx::query(USE).bind(&new.subject).bind(&new.to).bind(public.to_bytes()).execute(&mut *c).await?;
                    let total: i64 = sqlx::query_scalar(SETS).bind(&new.subject).fetch_one(&mut *c).await?;
                    let rotation = new.write(c, u64::try_from(total).map_err(|_| WHERE)?, now).await?;
                    record::append(c, &entry).await?;
                    Ok(RotationStarted::Done(rotation))
                })
            })
            .await
    }

    pub(super) async fn office_step(&self, row: &Row) -> Result<RotationStep, Error> {
        let again = matches!(row.due(self.clock.now())?, super::step::Due::Again);
        if !self.pass_is_due(row).await? {
            return Ok(if again { RotationStep::Worked(0) } else { RotationStep::Waiting });
        }
        let sql = match row.stage {
            0 => RECEIVED,
            1 => SENT,
            2 | 3 => return self.reseal_step(row).await,
            _ => {
                if row.is_late_pass()? && row.found == 0 {
                    self.destroy_office_keys(row).await?;
                } else {
                    self.pass_is_over(row).await?;
                }
                return Ok(RotationStep::Worked(0));
            }
        };
        let after: i64 = if row.after_id.is_empty() { -1 } else { row.after_id.parse().map_err(|_| WHERE)? };
        let letters: Vec<Letter> =
            sqlx::query_as(sql).bind(&row.subject).bind(after).bind(ENVELOPES_AT_ONCE).fetch_all(&self.reads).await?;
        let batch = self.rewrap_envelopes(row, letters).await?;
        let (now, seen, row) = (self.clock.now(), batch.seen, row.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    batch.write(c, UPDATE).await?;
                    for id in &batch.damaged {
                        note_damage(c, id, now).await?;
                    }
                    match &batch.last {
                        Some(last) => progress(c, &row, (row.stage, last), &batch).await,
                        None => progress(c, &row, (row.stage + 1, ""), &batch).await,
                    }
                })
            })
            .await?;
        Ok(RotationStep::Worked(seen))
    }

    /// Labels and comments lie under keys made of the office's own: they follow it.
    async fn reseal_step(&self, row: &Row) -> Result<RotationStep, Error> {
        let office: OfficeId = row.subject.parse().map_err(|_| WHERE)?;
        let resealed = board::reseal(self, office, row.stage == 3, &row.after_id).await?;
        let (seen, row) = (resealed.seen, row.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    resealed.write(c, &row.subject).await?;
                    let batch = Batch::counting(resealed.seen, resealed.found(), resealed.last.clone());
                    match &resealed.last {
                        Some(last) => progress(c, &row, (row.stage, last), &batch).await,
                        None => progress(c, &row, (row.stage + 1, ""), &batch).await,
                    }
                })
            })
            .await?;
        Ok(RotationStep::Worked(seen))
    }

    async fn rewrap_envelopes(&self, row: &Row, letters: Vec<Letter>) -> Result<Batch, Error> {
        let keys: Vec<KeyRow> = sqlx::query_as(KEYS).bind(&row.subject).fetch_all(&self.reads).await?;
        let (office, to) = (row.subject.clone(), row.to_key_id.clone());
        let store_keys = std::sync::Arc::clone(&self.keys);
        let work = move || {
            let start = std::time::Instant::now();
            let mut secrets = Vec::new();
            let mut public = None;
            for key in keys {
                if key.key_id == to {
                    public = Some(OfficePublicKey::from_bytes(&key.public_key).map_err(|_| WHERE)?);
                    continue;
                }
                let version = u32::try_from(key.key_version).map_err(|_| WHERE)?;
                let purpose = Purpose::OfficeKey { office: &office, version };
                let secret = store_keys.unwrap(&purpose, &key.wrapped_secret)?;
                secrets.push(OfficeSecretKey::from_bytes(&secret).map_err(|_| Error::Damaged)?);
            }
            let public = public.ok_or(WHERE)?;
            let last = letters.last().map(|letter| letter.accepted_index.to_string());
            let mut batch = Batch { seen: letters.len() as u64, last, ..Batch::default() };
            let agree =
                |party| Agreement::with(&public, party, &mut rand::rng()).map_err(|_| Error::Impossible("wrap"));
            let fresh = [agree(Party::Sender)?, agree(Party::Receiver)?];
            for letter in letters {
                match readdressed(&letter, &secrets, &fresh) {
                    Ok(None) => {}
                    Ok(Some(new)) => batch.changed.push((letter.transmission_id, new, letter.envelope)),
                    Err(Error::Damaged) => batch.damaged.push(letter.transmission_id),
                    Err(error) => return Err(error),
                }
            }
            store_keys.worked_since(start);
            Ok(batch)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| WHERE)?
    }

    async fn destroy_office_keys(&self, row: &Row) -> Result<(), Error> {
        let (now, row) = (self.clock.now(), row.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let old: Vec<String> = sqlx::query_scalar(DESTROY)
                        .bind(&row.subject)
                        .bind(&row.to_key_id)
                        .bind(Vec::<u8>::new())
                        .bind(clock::text(now))
                        .fetch_all(&mut *c)
                        .await?;
                    let kind = KeyKind::Office;
                    for id in &old {
                        let what = (kind, id.as_str(), CopyPlace::Database, "");
                        key_copies::destroyed(c, what, "rotation", SYSTEM, now).await?;
                        let act = Act::system(Action::KeyDestroy, now).object(id).code("kind", kind.id());
                        record::append(c, &act.done()?).await?;
                    }
                    if finish(c, &row.rotation_id, now).await? {
                        let act = Act::system(Action::KeyRotate, now).object(&row.to_key_id).code("kind", kind.id());
                        record::append(c, &act.done()?).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The id of an office as rotations name it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotation_subject(&self, subject: &str) -> Result<Option<OfficeNumber>, Error> {
        let Ok(id) = subject.parse::<OfficeId>() else { return Ok(None) };
        Ok(self.office_by_id(id).await?.map(|office| office.register.number))
    }
}

/// The envelope with every wrap to an old key of the office replaced by one to the new; nothing where there is none. An
/// empty one was erased.
fn readdressed(
    letter: &Letter,
    secrets: &[OfficeSecretKey],
    agreements: &[Agreement],
) -> Result<Option<Vec<u8>>, Error> {
    if letter.envelope.is_empty() {
        return Ok(None);
    }
    let binding = SetBinding {
        transmission: &letter.transmission_id,
        sender: &letter.sender_office_id,
        receiver: &letter.receiver_office_id,
    };
    let mut envelope = Envelope::parse(&letter.envelope).map_err(|_| Error::Damaged)?;
    let old: Vec<(KeyId, _)> = envelope.keys().iter().map(|wrapped| (wrapped.key_id(), wrapped.clone())).collect();
    let mut changed = false;
    for (id, wrapped) in old {
        let Some(secret) = secrets.iter().find(|secret| secret.id() == id) else { continue };
        let key = wrapped.unwrap_with(secret, &binding).map_err(|_| Error::Damaged)?;
        let agreement = agreements.iter().find(|one| one.party() == wrapped.party()).ok_or(WHERE)?;
        let fresh = agreement.wrap(&key, &binding, &mut rand::rng()).map_err(|_| Error::Impossible("wrap"))?;
        envelope = envelope.with(fresh).map_err(|_| Error::Damaged)?;
        changed = true;
    }
    for secret in secrets.iter().filter(|_| changed) {
        if envelope.keys().iter().any(|wrapped| wrapped.key_id() == secret.id()) {
            envelope = envelope.without(secret.id()).map_err(|_| Error::Damaged)?;
        }
    }
    Ok(changed.then(|| envelope.to_bytes()))
}

async fn note_damage(c: &mut Connection, id: &str, now: jiff::Timestamp) -> Result<(), Error> {
    const MARK: &str = "UPDATE transmission SET damaged_at = $2 WHERE transmission_id = $1 AND damaged_at IS NULL";
    sqlx::query(MARK).bind(id).bind(clock::text(now)).execute(&mut *c).await?;
    record::append(c, &Act::system(Action::BoxDamaged, now).object(id).failed("damaged")?).await.map(|_| ())
}
