//! 教育訓練: recorded by somebody else; where it is asked for, who has gone without it for too long has only their own account.

use super::{EVIDENCE, SUBJECT, day, day_in_japan, day_of, words};
use crate::people::accounts::{By, grant_place};
use crate::people::{LISTED_MAX, NAME, Person};
use crate::record;
use crate::{AccountId, Error, OfficeId, Store, TrainingId, clock};
use identity::register::Trained;
use identity::role::Deed;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use standard::value::Private;

/// Who records has to be another, so an office that asks for training needs two.
const RECORDERS_MIN: i64 = 2;

/// What is recorded.
#[derive(Clone)]
pub struct NewTraining {
    /// Whose.
    pub account: AccountId,
    /// What was taught.
    pub subject: String,
    /// 受講日.
    pub held_on: Date,
    /// Last day it counts; as long as the rule allows where none is said.
    pub valid_until: Option<Date>,
    /// Where the proof is: number of a certificate, list of those who were there.
    pub evidence: String,
    /// At the terminal: the office it concerns; `None`: the operator. Elsewhere where the person is who records.
    pub office: Option<OfficeNumber>,
}

impl std::fmt::Debug for NewTraining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewTraining({}, ..)", self.account)
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingRecorded {
    /// Counts from the next request on.
    Done(TrainingId),
    /// Nobody records their own.
    Own,
    /// Nobody here has this account.
    NotHere,
    /// What it was about, or the proof, is missing or too long.
    Unfit,
    /// It is yet to be held, or would count longer than the rule allows.
    BadDates,
    /// Not this person's to do.
    NotAllowed,
}

/// What came of asking for training, or no longer asking for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingRuleSet {
    /// As wished.
    Done,
    /// With a single administrator nobody could record theirs.
    TooFew,
    /// Not this person's to decide. For the operator's people it is always asked for.
    NotAllowed,
}

/// Somebody in the list of training.
#[derive(Clone, Debug)]
pub struct TrainedRow {
    /// アカウント.
    pub account_id: AccountId,
    /// 氏名.
    pub name: Private<String>,
    /// Last day of the latest training.
    pub until: Option<Date>,
    /// The latest: when, what, proof.
    pub latest: Option<(Date, Private<String>, Private<String>)>,
    /// Where they stand. [`Trained::Unasked`] where training limits nobody.
    pub standing: Trained,
}

const STANDING: &str = "
    SELECT (SELECT max(t.valid_until) FROM training t
             WHERE t.account_id = $1 AND coalesce(t.office_id, '') = $2) AS until,
           (SELECT r.since FROM training_rule r WHERE r.place = $2 AND r.enforced = 1) AS since";

const ASKED: &str = "SELECT since FROM training_rule WHERE place = $1 AND enforced = 1";

const INSERT: &str = "
    INSERT INTO training (training_id, account_id, office_id, subject_sealed, evidence_sealed, held_on, valid_until,
                          made_by, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const HERE: &str = "
    SELECT count(*) FROM account a
     WHERE a.account_id = $1 AND a.state <> 'closed'
       AND EXISTS (SELECT 1 FROM role_grant g
                    WHERE g.account_id = a.account_id AND coalesce(g.office_id, '') = $2 AND g.withdrawn_at IS NULL)";

const LIST: &str = "
    SELECT a.account_id, a.name_sealed, a.created_at, t.training_id, t.subject_sealed, t.evidence_sealed, t.held_on,
           t.valid_until
      FROM account a
      LEFT JOIN training t ON t.training_id =
           (SELECT l.training_id FROM training l WHERE l.account_id = a.account_id AND coalesce(l.office_id, '') = $1
             ORDER BY l.valid_until DESC, l.made_at DESC, l.training_id DESC LIMIT 1)
     WHERE a.state <> 'closed'
       AND EXISTS (SELECT 1 FROM role_grant g
                    WHERE g.account_id = a.account_id AND coalesce(g.office_id, '') = $1 AND g.withdrawn_at IS NULL)
     ORDER BY a.created_at LIMIT $2";

const RECORDERS: &str = "
    SELECT count(DISTINCT g.account_id) FROM role_grant g JOIN account a ON a.account_id = g.account_id
     WHERE coalesce(g.office_id, '') = $1 AND g.role = 'office-administrator' AND g.confirmed_at IS NOT NULL
       AND g.withdrawn_at IS NULL AND g.expires_at > $2 AND a.state = 'active'";

/// Asked for already: since then, and not anew.
const SET_RULE: &str = "
    INSERT INTO training_rule (place, enforced, since, set_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT (place) DO UPDATE SET enforced = excluded.enforced, set_by = excluded.set_by,
      since = CASE WHEN training_rule.enforced = 1 THEN training_rule.since ELSE excluded.since END";

const OPERATORS_RULE: &str = "
    INSERT INTO training_rule (place, enforced, since, set_by) VALUES ('', 1, $1, 'system') ON CONFLICT (place) DO NOTHING";

#[derive(FromRow)]
struct StandingRow {
    until: Option<String>,
    since: Option<String>,
}

#[derive(FromRow)]
struct Row {
    account_id: String,
    name_sealed: Vec<u8>,
    created_at: String,
    training_id: Option<String>,
    subject_sealed: Option<Vec<u8>>,
    evidence_sealed: Option<Vec<u8>>,
    held_on: Option<String>,
    valid_until: Option<String>,
}

impl Store {
    /// Of the operator's people training is asked from the moment on that the exchange knows of it: nobody is shut out by
    /// the new version of a program.
    pub(crate) async fn ensure_training_rule(&self) -> Result<(), Error> {
        let there: Option<String> = sqlx::query_scalar(ASKED).bind("").fetch_optional(&self.reads).await?;
        if there.is_some() {
            return Ok(());
        }
        let at = self.now_text();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(OPERATORS_RULE).bind(at).execute(c).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Where somebody stands at a place, at this moment.
    pub(in crate::people) async fn trained(
        &self,
        account: AccountId,
        place: &str,
        invited_at: &str,
        now: Timestamp,
    ) -> Result<Trained, Error> {
        let row: StandingRow =
            sqlx::query_as(STANDING).bind(account.to_string()).bind(place).fetch_one(&self.reads).await?;
        self.trained_between(row.until.as_deref(), row.since.as_deref(), invited_at, now)
    }

    fn trained_between(
        &self,
        until: Option<&str>,
        since: Option<&str>,
        invited_at: &str,
        now: Timestamp,
    ) -> Result<Trained, Error> {
        let Some(since) = since else { return Ok(Trained::Unasked) };
        // Instants of ours sort as text.
        let since = day_of(since.max(invited_at))?;
        let until = until.map(day).transpose()?;
        Ok(self.people.settings.training.standing(until, since, day_in_japan(now)))
    }

    /// Everybody at this person's office, with their latest training; and whether it is asked for here. Empty for who may
    /// not see it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trained_people(&self, by: &Person) -> Result<(Vec<TrainedRow>, bool), Error> {
        if !by.may(Deed::RecordTraining) {
            return Ok((Vec::new(), false));
        }
        const WHERE: Error = Error::Impossible("training");
        let (place, now) = (grant_place(by), self.clock.now());
        let since: Option<String> = sqlx::query_scalar(ASKED).bind(&place).fetch_optional(&self.reads).await?;
        let rows: Vec<Row> = sqlx::query_as(LIST).bind(&place).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let account: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
            let latest = match (&row.training_id, &row.subject_sealed, &row.evidence_sealed, &row.held_on) {
                (Some(id), Some(subject), Some(evidence), Some(held_on)) => {
                    let (subject, evidence) =
                        (self.open_text(SUBJECT, id, subject)?, self.open_text(EVIDENCE, id, evidence)?);
                    Some((day(held_on)?, subject, evidence))
                }
                _ => None,
            };
            people.push(TrainedRow {
                account_id: account,
                name: self.open_text(NAME, account, &row.name_sealed)?,
                until: row.valid_until.as_deref().map(day).transpose()?,
                latest,
                standing: self.trained_between(row.valid_until.as_deref(), since.as_deref(), &row.created_at, now)?,
            });
        }
        Ok((people, since.is_some()))
    }

    /// Records somebody's training, by another person: signed in, or two at the terminal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_training(&self, by: impl Into<By<'_>>, new: NewTraining) -> Result<TrainingRecorded, Error> {
        let by = by.into();
        if !by.sound() {
            return Ok(TrainingRecorded::NotAllowed);
        }
        let office: Option<OfficeId> = match (by, new.office) {
            (By::Person(person), _) if !person.may(Deed::RecordTraining) => return Ok(TrainingRecorded::NotAllowed),
            (By::Person(person), _) if person.account_id == new.account => return Ok(TrainingRecorded::Own),
            (By::Person(person), _) => (!person.office.is_operator).then_some(person.office.id),
            (By::Terminal { .. }, None) => None,
            (By::Terminal { .. }, Some(number)) => match self.office(number).await? {
                Some(office) if !office.is_operator => Some(office.id),
                _ => return Ok(TrainingRecorded::NotHere),
            },
        };
        let place = office.map(|id| id.to_string()).unwrap_or_default();
        let here: i64 =
            sqlx::query_scalar(HERE).bind(new.account.to_string()).bind(&place).fetch_one(&self.reads).await?;
        if here == 0 {
            return Ok(TrainingRecorded::NotHere);
        }
        let (Some(subject), Some(evidence)) = (words(&new.subject), words(&new.evidence)) else {
            return Ok(TrainingRecorded::Unfit);
        };
        let now = self.clock.now();
        let longest = self.people.settings.training.valid_until(new.held_on);
        let until = new.valid_until.unwrap_or(longest);
        if new.held_on > day_in_japan(now) || until < new.held_on || until > longest {
            return Ok(TrainingRecorded::BadDates);
        }
        let id = TrainingId::fresh();
        let subject = self.seal_field(SUBJECT, id, subject.as_bytes())?;
        let evidence = self.seal_field(EVIDENCE, id, evidence.as_bytes())?;
        let entry = by
            .act(Action::RegisterTraining, now)
            .object(id)
            .code("account", &new.account.to_string())
            .code("held_on", &new.held_on.to_string())
            .code("valid_until", &until.to_string())
            .done()?;
        let hand = by.hand();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(new.account.to_string())
                        .bind(office.map(|id| id.to_string()))
                        .bind(subject)
                        .bind(evidence)
                        .bind(new.held_on.to_string())
                        .bind(until.to_string())
                        .bind(hand)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(TrainingRecorded::Done(id))
                })
            })
            .await
    }

    /// Decides for an office whether training limits what its people may do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_training_rule(&self, by: &Person, enforced: bool) -> Result<TrainingRuleSet, Error> {
        if !by.may(Deed::RecordTraining) || by.office.is_operator {
            return Ok(TrainingRuleSet::NotAllowed);
        }
        let (place, now) = (grant_place(by), self.clock.now());
        if enforced {
            let recorders: i64 =
                sqlx::query_scalar(RECORDERS).bind(&place).bind(clock::text(now)).fetch_one(&self.reads).await?;
            if recorders < RECORDERS_MIN {
                return Ok(TrainingRuleSet::TooFew);
            }
        }
        let entry = By::Person(by)
            .act(Action::RegisterTrainingRule, now)
            .code("what", if enforced { "asked-for" } else { "not-asked-for" })
            .done()?;
        let hand = by.account_id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(SET_RULE)
                        .bind(place)
                        .bind(i64::from(enforced))
                        .bind(clock::text(now))
                        .bind(hand)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(TrainingRuleSet::Done)
                })
            })
            .await
    }
}
