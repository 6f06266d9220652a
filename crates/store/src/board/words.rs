//! 連絡・了承: what people write beside a person's month, and which differences they have looked at.

use super::labels::COMMENT;
use super::month::BoardLine;
use super::{person_id, short_index};
use crate::people::{NAME, Person};
use crate::record::{self, Act};
use crate::{AccountId, CommentId, Error, PersonId, Store, clock};
use ledger::Action;
use sqlx::FromRow;
use standard::value::{PersonKey, Private};
use standard::{OfficeNumber, ServiceMonth};

/// Characters of a comment.
pub const COMMENT_CHARACTERS_MAX: usize = 500;
/// Comments of two offices on one person and month.
pub const COMMENTS_MAX: usize = 200;
/// Differences of one person and partner that may be accepted.
pub const ACCEPTED_MAX: usize = 1_000;

/// 連絡.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Whether this office wrote it.
    pub ours: bool,
    /// Who, where it was one of this office's own people.
    pub by: Option<Private<String>>,
    /// RFC 3339.
    pub made_at: String,
    /// What was written; nothing where that is not for the server to read.
    pub text: Option<Private<String>>,
}

/// What came of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentMade {
    /// Both offices have it.
    Done,
    /// Nothing, too much, or what cannot be shown.
    Unfit,
    /// There are as many as there may be.
    Full,
    /// The two offices have nothing on this person and month between them.
    NotTheirs,
}

/// 了承した差異.
#[derive(Clone, Debug)]
pub struct AcceptedDifference {
    /// Of which difference.
    pub difference_index: String,
    /// Who accepted it.
    pub by: Option<Private<String>>,
    /// RFC 3339.
    pub accepted_at: String,
}

const HAVE: &str = "
    SELECT count(*) FROM person_set
     WHERE office_id = $1 AND person_index = $2 AND month = $3 AND partner_id = $4 AND taken_back = 0";
const COMMENTS: &str = "
    SELECT c.comment_id, c.from_office_id, c.account_id, c.text_sealed, c.made_at, a.name_sealed
      FROM month_comment c JOIN account a ON a.account_id = c.account_id
     WHERE c.office_id = $1 AND c.person_index = $2 AND c.month = $3 AND c.partner_id = $4
     ORDER BY c.comment_id LIMIT $5";
const COUNT: &str = "
    SELECT count(*) FROM month_comment
     WHERE office_id = $1 AND person_index = $2 AND month = $3 AND partner_id = $4";
const COMMENT_ON: &str = "
    INSERT INTO month_comment (comment_id, office_id, person_index, month, partner_id, from_office_id, account_id,
                               text_sealed, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const ACCEPTED: &str = "
    SELECT d.difference_index, d.account_id, d.accepted_at, a.name_sealed
      FROM accepted_difference d JOIN account a ON a.account_id = d.account_id
     WHERE d.office_id = $1 AND d.person_index = $2 AND d.month = $3 AND d.partner_id = $4 AND d.basis = $5
     LIMIT $6";
const ACCEPT: &str = "
    INSERT INTO accepted_difference (office_id, person_index, month, partner_id, basis, difference_index, account_id,
                                     accepted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (office_id, month, person_index, partner_id, difference_index) DO UPDATE
       SET basis = excluded.basis, account_id = excluded.account_id, accepted_at = excluded.accepted_at
     WHERE accepted_difference.basis <> excluded.basis";
const TAKE_BACK: &str = "
    DELETE FROM accepted_difference
     WHERE office_id = $1 AND month = $2 AND person_index = $3 AND partner_id = $4 AND difference_index = $5";
#[derive(FromRow)]
struct CommentRow {
    comment_id: String,
    from_office_id: String,
    account_id: String,
    text_sealed: Vec<u8>,
    made_at: String,
    name_sealed: Vec<u8>,
}

impl Store {
    /// What the two offices have written about a person and month, the oldest first.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn comments(
        &self,
        person: &Person,
        of: PersonId,
        month: ServiceMonth,
        partner: OfficeNumber,
    ) -> Result<Vec<Comment>, Error> {
        let Some(partner) = self.partner_id(person.office.id, partner).await? else { return Ok(Vec::new()) };
        let labels = self.labels_of(person.office.id).await?;
        let office = person.office.id.to_string();
        let rows: Vec<CommentRow> = sqlx::query_as(COMMENTS)
            .bind(&office)
            .bind(of.to_string())
            .bind(month.to_string())
            .bind(partner.to_string())
            .bind(COMMENTS_MAX as i64)
            .fetch_all(&self.reads)
            .await?;
        let comment = |row: CommentRow| {
            let ours = row.from_office_id == office;
            Ok(Comment {
                ours,
                by: if ours { Some(self.account_name(&row.account_id, &row.name_sealed)?) } else { None },
                made_at: row.made_at,
                text: labels.open(COMMENT, &row.comment_id, &row.text_sealed)?.map(Private::new),
            })
        };
        rows.into_iter().map(comment).collect()
    }

    fn account_name(&self, account: &str, sealed: &[u8]) -> Result<Private<String>, Error> {
        let account: AccountId = account.parse().map_err(|_| Error::Impossible("account.account_id"))?;
        self.open_text(NAME, account, sealed)
    }

    /// Writes a comment for both offices, each under its own key, and records that somebody wrote.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn comment(
        &self,
        person: &Person,
        (of, key): (PersonId, PersonKey),
        month: ServiceMonth,
        partner: OfficeNumber,
        text: &Private<String>,
    ) -> Result<CommentMade, Error> {
        let shown = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
        let text = text.reveal().trim();
        if text.is_empty() || text.chars().count() > COMMENT_CHARACTERS_MAX || !text.chars().all(shown) {
            return Ok(CommentMade::Unfit);
        }
        let (ours, month) = (person.office.id, month.to_string());
        // Nobody of an office outside would read it.
        let Some(theirs) = self.office(partner).await?.map(|office| office.id) else {
            return Ok(CommentMade::NotTheirs);
        };
        // The label must be the person's: it says how the partner's rows name them.
        if person_id(&self.keys, ours, &key)? != of {
            return Ok(CommentMade::NotTheirs);
        }
        let id = CommentId::fresh();
        let mut rows = Vec::new();
        for (office, other) in [(ours, theirs), (theirs, ours)] {
            let labels = self.labels_of(office).await?;
            let sealed = labels.seal(COMMENT, &id.to_string(), text.as_bytes())?;
            let sealed = sealed.ok_or(Error::Impossible("label keys"))?;
            rows.push((
                office.to_string(),
                person_id(&self.keys, office, &key)?.to_string(),
                other.to_string(),
                sealed,
            ));
        }
        let (now, account) = (self.clock.now(), person.account_id.to_string());
        let at = clock::text(now);
        let entry = Act::person(Action::CommentMake, person, now).object(id).counterpart(partner).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    for (office, person, other, _) in &rows {
                        let of_them = [office, person, &month, other];
                        let count =
                            |sql| of_them.into_iter().fold(sqlx::query_scalar(sql), |query, value| query.bind(value));
                        let have: i64 = count(HAVE).fetch_one(&mut *c).await?;
                        if have == 0 {
                            return Ok(CommentMade::NotTheirs);
                        }
                        let written: i64 = count(COUNT).fetch_one(&mut *c).await?;
                        if written >= COMMENTS_MAX as i64 {
                            return Ok(CommentMade::Full);
                        }
                    }
                    let from = ours.to_string();
                    for (office, person, other, sealed) in rows {
                        let query = sqlx::query(COMMENT_ON).bind(id.to_string()).bind(office).bind(person);
                        let query = query.bind(&month).bind(other).bind(&from).bind(&account);
                        query.bind(sealed).bind(&at).execute(&mut *c).await?;
                    }
                    record::append(c, &entry).await?;
                    Ok(CommentMade::Done)
                })
            })
            .await
    }

    /// Which differences of these very sets somebody of this office has accepted.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn accepted_differences(
        &self,
        person: &Person,
        of: PersonId,
        month: ServiceMonth,
        line: &BoardLine,
    ) -> Result<Vec<AcceptedDifference>, Error> {
        let Some(partner) = self.partner_id(person.office.id, line.partner).await? else { return Ok(Vec::new()) };
        let rows: Vec<(String, String, String, Vec<u8>)> = sqlx::query_as(ACCEPTED)
            .bind(person.office.id.to_string())
            .bind(of.to_string())
            .bind(month.to_string())
            .bind(partner.to_string())
            .bind(self.basis_of(line)?)
            .bind(ACCEPTED_MAX as i64)
            .fetch_all(&self.reads)
            .await?;
        let accepted = |(difference_index, account, accepted_at, name): (String, String, String, Vec<u8>)| {
            let by = Some(self.account_name(&account, &name)?);
            Ok(AcceptedDifference { difference_index, by, accepted_at })
        };
        rows.into_iter().map(accepted).collect()
    }

    /// What rows and forms call a difference of a person.
    ///
    /// # Errors
    /// When the key of the indexes is out of reach.
    pub fn difference_index(&self, of: PersonId, month: ServiceMonth, key: &str) -> Result<String, Error> {
        short_index(&self.keys, "accepted_difference", &format!("{of}/{month}/{key}"))
    }

    /// Accepts a difference of these very sets, or takes that back; recorded with who did it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept_difference(
        &self,
        person: &Person,
        (of, month): (PersonId, ServiceMonth),
        line: &BoardLine,
        difference_index: &str,
        accept: bool,
    ) -> Result<(), Error> {
        let Some(partner) = self.partner_id(person.office.id, line.partner).await? else { return Ok(()) };
        let sound = difference_index.len() == 2 * super::INDEX_BYTES
            && difference_index.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !sound {
            return Ok(());
        }
        let now = self.clock.now();
        let basis = self.basis_of(line)?;
        let code = if accept { "accepted" } else { "reopened" };
        let entry = Act::person(Action::DifferenceAccept, person, now).object(of).counterpart(line.partner);
        let entry = entry.code("difference", difference_index).code("outcome", code).done()?;
        let (office, of, month, partner) =
            (person.office.id.to_string(), of.to_string(), month.to_string(), partner.to_string());
        let (index, account) = (difference_index.to_owned(), person.account_id.to_string());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let changed = if accept {
                        let query = sqlx::query(ACCEPT).bind(&office).bind(&of).bind(&month).bind(&partner);
                        query.bind(&basis).bind(&index).bind(&account).bind(clock::text(now)).execute(&mut *c).await?
                    } else {
                        let query = sqlx::query(TAKE_BACK).bind(&office).bind(&month).bind(&of);
                        query.bind(&partner).bind(&index).execute(&mut *c).await?
                    };
                    if changed.rows_affected() > 0 {
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
