//! ログ点検 — every finding is judged by somebody whom it is not about, with a note; then the review is closed (R10.8).

use super::names::Names;
use super::{NOTE, Scope};
use crate::people::Person;
use crate::record::{self, Act};
use crate::{Error, FindingId, ReviewId, Store, clock};
use ledger::Action;
use ledger::review::Pattern;
use sqlx::FromRow;
use standard::value::Private;

/// Reviews on the list: five years of months.
const LISTED_MAX: i64 = 60;
/// Findings on one page.
const FINDINGS_SHOWN: i64 = 50;
/// Characters of a note.
const NOTE_CHARACTERS_MAX: usize = 2_000;

/// 判断 — what somebody makes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 問題なし.
    Sound,
    /// 要対応: something has to be done about it.
    Action,
    /// 事故: to be treated as an incident.
    Incident,
}

impl Verdict {
    /// Every verdict, for forms.
    pub const ALL: [Self; 3] = [Self::Sound, Self::Action, Self::Incident];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Action => "action",
            Self::Incident => "incident",
        }
    }

    /// The verdict with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.id() == id)
    }
}

/// A review on the list.
#[derive(Clone, Debug)]
pub struct ReviewRow {
    /// Ours.
    pub id: ReviewId,
    /// `2027-03`.
    pub month: String,
    /// Entries looked at.
    pub entries: u64,
    /// Findings, and how many of them are judged.
    pub findings: u64,
    /// How many of them are judged.
    pub judged: u64,
    /// Findings that did not fit.
    pub unlisted: u64,
    /// RFC 3339, UTC; so are the others.
    pub due_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// 氏名 of who closed it.
    pub closed_by: Option<Private<String>>,
    /// It is past its day and not closed.
    pub overdue: bool,
    /// First instant of the month.
    pub from_at: String,
    /// First instant after it.
    pub until_at: String,
}

/// A finding as it is shown.
#[derive(Clone, Debug)]
pub struct ReviewFinding {
    /// Ours.
    pub id: FindingId,
    /// Its place in the review.
    pub ordinal: u64,
    /// Why.
    pub pattern: Pattern,
    /// Who it is about, as entries spell it.
    pub subject: String,
    /// 氏名, for those who may know.
    pub name: Option<Private<String>>,
    /// 事業所番号.
    pub office_number: Option<String>,
    /// 事業所名.
    pub office_name: Option<String>,
    /// How many entries.
    pub entries: u64,
    /// RFC 3339, UTC; so are the others.
    pub first_at: String,
    /// Of the last entry.
    pub last_at: String,
    /// Places in the log of the first few.
    pub examples: Vec<u64>,
    /// It is about the person who looks at it, who does not judge it.
    pub own: bool,
    /// What somebody made of it.
    pub verdict: Option<Verdict>,
    /// Why.
    pub note: Option<Private<String>>,
    /// 氏名 of who judged it.
    pub judged_by: Option<Private<String>>,
    /// When.
    pub judged_at: Option<String>,
}

/// A review with some of its findings: those that wait first.
#[derive(Clone, Debug)]
pub struct ReviewPage {
    /// The review.
    pub review: ReviewRow,
    /// No more than fifty.
    pub findings: Vec<ReviewFinding>,
    /// There are more after these.
    pub more: bool,
    /// What waits, and is about the person who looks: somebody else has to judge it.
    pub waiting_own: u64,
}

/// What came of judging a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Kept; until the review is closed it can be judged anew.
    Done,
    /// It is about the person who judges.
    Own,
    /// There is no note, or it is too long.
    NoNote,
    /// The review is closed.
    Closed,
    /// No such finding among those this person looks after.
    NotFound,
}

/// What came of closing a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewClosed {
    /// It is closed, for good.
    Done,
    /// So many findings wait.
    Waiting(u64),
    /// It was closed before.
    Already,
    /// No such review among those this person looks after.
    NotFound,
}

macro_rules! reviews {
    ($which:literal) => {
        concat!(
            "SELECT r.review_id, r.month, r.entries, r.unlisted, r.from_at, r.until_at, r.due_at, r.closed_at, r.closed_by,
                    (SELECT count(*) FROM review_finding f WHERE f.review_id = r.review_id) AS findings,
                    (SELECT count(*) FROM review_finding f
                      WHERE f.review_id = r.review_id AND f.verdict IS NOT NULL) AS judged
               FROM review r WHERE coalesce(r.office_id, '') = $1 AND ",
            $which
        )
    };
}

const LIST: &str = reviews!("1 = 1 ORDER BY r.month DESC LIMIT $2");
const ONE: &str = reviews!("r.review_id = $2");

const FINDINGS: &str = "
    SELECT finding_id, ordinal, pattern, subject, account_id, office_number, entries, first_at, last_at, examples,
           verdict, note_sealed, judged_by, judged_at
      FROM review_finding WHERE review_id = $1
     ORDER BY CASE WHEN verdict IS NULL THEN 0 ELSE 1 END, ordinal LIMIT $2 OFFSET $3";

const WAITING_OWN: &str = "
    SELECT count(*) FROM review_finding
     WHERE review_id = $1 AND verdict IS NULL AND (account_id = $2 OR subject = $3)";

const FIND: &str = "
    SELECT f.account_id, f.subject, r.closed_at
      FROM review_finding f JOIN review r ON r.review_id = f.review_id
     WHERE f.finding_id = $1 AND f.review_id = $2 AND coalesce(r.office_id, '') = $3";

/// Decided again on what stands now: whose it is, and that the review is open.
const JUDGE: &str = "
    UPDATE review_finding SET verdict = $3, note_sealed = $4, judged_by = $2, judged_at = $5
     WHERE finding_id = $1 AND coalesce(account_id, '') <> $2 AND subject <> $6
       AND EXISTS (SELECT 1 FROM review r WHERE r.review_id = review_finding.review_id AND r.closed_at IS NULL)";

const WAITING: &str = "SELECT count(*) FROM review_finding WHERE review_id = $1 AND verdict IS NULL";

const CLOSE: &str = "
    UPDATE review SET closed_at = $2, closed_by = $3
     WHERE review_id = $1 AND closed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM review_finding f WHERE f.review_id = review.review_id AND f.verdict IS NULL)";

#[derive(FromRow)]
struct Row {
    review_id: String,
    month: String,
    entries: i64,
    unlisted: i64,
    from_at: String,
    until_at: String,
    due_at: String,
    closed_at: Option<String>,
    closed_by: Option<String>,
    findings: i64,
    judged: i64,
}

#[derive(FromRow)]
struct FindingRow {
    finding_id: String,
    ordinal: i64,
    pattern: String,
    subject: String,
    account_id: Option<String>,
    office_number: Option<String>,
    entries: i64,
    first_at: String,
    last_at: String,
    examples: String,
    verdict: Option<String>,
    note_sealed: Option<Vec<u8>>,
    judged_by: Option<String>,
    judged_at: Option<String>,
}

const WHERE: Error = Error::Impossible("review");

fn count(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| WHERE)
}

impl Store {
    /// The reviews this person looks after, the newest first. Empty for who looks after none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reviews(&self, by: &Person) -> Result<Vec<ReviewRow>, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(Vec::new()) };
        let rows: Vec<Row> = sqlx::query_as(LIST)
            .bind(scope.office_id().unwrap_or_default())
            .bind(LISTED_MAX)
            .fetch_all(&self.reads)
            .await?;
        let mut names = Names::default();
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            listed.push(self.review_row(scope, &mut names, row).await?);
        }
        Ok(listed)
    }

    /// A review and its findings from the `from`th on, those that wait first. That it was read stands in the log before it
    /// is handed out (R10.7).
    ///
    /// # Errors
    /// When the database fails, or the reading cannot be recorded.
    pub async fn review(&self, by: &Person, id: ReviewId, from: u32) -> Result<Option<ReviewPage>, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(None) };
        let Some(row) = self.review_of(scope, id).await? else { return Ok(None) };
        let mut found: Vec<FindingRow> = sqlx::query_as(FINDINGS)
            .bind(id.to_string())
            .bind(FINDINGS_SHOWN + 1)
            .bind(i64::from(from))
            .fetch_all(&self.reads)
            .await?;
        let more = found.len() as i64 > FINDINGS_SHOWN;
        found.truncate(FINDINGS_SHOWN as usize);
        let own = by.account_id.to_string();
        let waiting_own: i64 = sqlx::query_scalar(WAITING_OWN)
            .bind(id.to_string())
            .bind(&own)
            .bind(format!("person:{own}"))
            .fetch_one(&self.reads)
            .await?;
        let entry = Act::person(Action::LedgerRead, by, self.clock.now())
            .object(id)
            .number("findings", found.len() as u64)
            .done()?;
        self.record(entry).await?;
        let mut names = Names::default();
        let review = self.review_row(scope, &mut names, row).await?;
        let mut findings = Vec::with_capacity(found.len());
        for row in found {
            findings.push(self.finding(scope, &mut names, &own, row).await?);
        }
        Ok(Some(ReviewPage { review, findings, more, waiting_own: count(waiting_own)? }))
    }

    /// Judges a finding, with a note. Nobody judges what is about them (R12.5).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn judge_finding(
        &self,
        by: &Person,
        review: ReviewId,
        id: FindingId,
        verdict: Verdict,
        note: &str,
    ) -> Result<Judged, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(Judged::NotFound) };
        let found: Option<(Option<String>, String, Option<String>)> = sqlx::query_as(FIND)
            .bind(id.to_string())
            .bind(review.to_string())
            .bind(scope.office_id().unwrap_or_default())
            .fetch_optional(&self.reads)
            .await?;
        let Some((account, subject, closed_at)) = found else { return Ok(Judged::NotFound) };
        if closed_at.is_some() {
            return Ok(Judged::Closed);
        }
        let own = by.account_id.to_string();
        let spelled = format!("person:{own}");
        let now = self.clock.now();
        let act = Act::person(Action::ReviewJudge, by, now).object(id).code("review", &review.to_string());
        if account.as_ref() == Some(&own) || subject == spelled {
            self.record(act.refused_for("own")?).await?;
            return Ok(Judged::Own);
        }
        let note = note.trim();
        if note.is_empty() || note.chars().count() > NOTE_CHARACTERS_MAX {
            return Ok(Judged::NoNote);
        }
        let sealed = self.seal_field(NOTE, id, note.as_bytes())?;
        let entry = act.code("verdict", verdict.id()).done()?;
        let judged = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let judged = sqlx::query(JUDGE)
                        .bind(id.to_string())
                        .bind(own)
                        .bind(verdict.id())
                        .bind(sealed)
                        .bind(clock::text(now))
                        .bind(spelled)
                        .execute(&mut *c)
                        .await?;
                    if judged.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(judged.rows_affected() == 1)
                })
            })
            .await?;
        Ok(if judged { Judged::Done } else { Judged::Closed })
    }

    /// Closes a review of which every finding is judged.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_review(&self, by: &Person, id: ReviewId) -> Result<ReviewClosed, Error> {
        let Some(scope) = Scope::of(by) else { return Ok(ReviewClosed::NotFound) };
        let Some(row) = self.review_of(scope, id).await? else { return Ok(ReviewClosed::NotFound) };
        if row.closed_at.is_some() {
            return Ok(ReviewClosed::Already);
        }
        let now = self.clock.now();
        let account = by.account_id.to_string();
        let act = Act::person(Action::ReviewClose, by, now).object(id).code("month", &row.month);
        let waiting = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let closed = sqlx::query(CLOSE)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .bind(account)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if closed == 1 {
                        record::append(c, &act.done()?).await?;
                        return Ok(None);
                    }
                    let waiting: i64 = sqlx::query_scalar(WAITING).bind(id.to_string()).fetch_one(&mut *c).await?;
                    if waiting > 0 {
                        record::append(c, &act.refused_for("waiting")?).await?;
                    }
                    Ok(Some(waiting))
                })
            })
            .await?;
        Ok(match waiting {
            None => ReviewClosed::Done,
            Some(0) => ReviewClosed::Already,
            Some(waiting) => ReviewClosed::Waiting(count(waiting)?),
        })
    }

    async fn review_of(&self, scope: Scope, id: ReviewId) -> Result<Option<Row>, Error> {
        let place = scope.office_id().unwrap_or_default();
        Ok(sqlx::query_as(ONE).bind(place).bind(id.to_string()).fetch_optional(&self.reads).await?)
    }

    async fn review_row(&self, scope: Scope, names: &mut Names, row: Row) -> Result<ReviewRow, Error> {
        let closed_by = match &row.closed_by {
            Some(account) => names.person(self, scope, account).await?,
            None => None,
        };
        Ok(ReviewRow {
            id: row.review_id.parse().map_err(|_| WHERE)?,
            overdue: row.closed_at.is_none() && row.due_at <= self.now_text(),
            month: row.month,
            entries: count(row.entries)?,
            findings: count(row.findings)?,
            judged: count(row.judged)?,
            unlisted: count(row.unlisted)?,
            due_at: row.due_at,
            closed_at: row.closed_at,
            closed_by,
            from_at: row.from_at,
            until_at: row.until_at,
        })
    }

    async fn finding(
        &self,
        scope: Scope,
        names: &mut Names,
        own: &str,
        row: FindingRow,
    ) -> Result<ReviewFinding, Error> {
        let id: FindingId = row.finding_id.parse().map_err(|_| WHERE)?;
        let note = row.note_sealed.map(|sealed| self.open_text(NOTE, id, &sealed)).transpose()?;
        // "person:… key.rotate": the actor comes first.
        let who = row.subject.split(' ').next().unwrap_or_default();
        let name = names.person(self, scope, who).await?;
        let judged_by = match &row.judged_by {
            Some(account) => names.person(self, scope, account).await?,
            None => None,
        };
        let office_name = match &row.office_number {
            Some(number) => names.office(self, number).await?,
            None => None,
        };
        let verdict = row.verdict.map(|id| Verdict::from_id(&id).ok_or(WHERE)).transpose()?;
        let is_own = row.account_id.as_deref() == Some(own) || row.subject == format!("person:{own}");
        let examples: Result<_, _> = row.examples.split(' ').map(str::parse).collect();
        Ok(ReviewFinding {
            id,
            ordinal: count(row.ordinal)?,
            pattern: Pattern::from_id(&row.pattern).ok_or(WHERE)?,
            own: is_own,
            name,
            subject: row.subject,
            office_number: row.office_number,
            office_name,
            entries: count(row.entries)?,
            first_at: row.first_at,
            last_at: row.last_at,
            examples: examples.map_err(|_| WHERE)?,
            verdict,
            note,
            judged_by,
            judged_at: row.judged_at,
        })
    }
}
